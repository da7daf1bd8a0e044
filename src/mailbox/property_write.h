/* Writing properties into an object, for those who set, copy or stream them. On the mailbox's strand. Internal to the
 * mailbox layer. */
#pragma once
#include "mailbox/reading.h"

/* Changes to one object: taken one by one, then kept together. For messages and attachments the changes go into the
 * handle's own content at once; for folders and the store they are collected and written by writing_end. */
struct writing {
    struct arena *arena;
    struct logon *logon;
    struct object object;
    uint32_t codepage;
    struct property_bag *bag;    /* where values go */
    struct property_bag own_bag; /* folders, store */
    struct memory_account own_account;
    struct reading before; /* folders, store */
};

/* EC_ACCESS_DENIED on a read-only handle, EC_OBJECT_DELETED. */
uint32_t writing_begin(struct arena *arena, struct logon *logon, struct object object, struct writing *ret_writing);
/* Each returns the property's own error. */
uint32_t writing_set(struct writing *writing, const struct property_value *value);
uint32_t writing_put(struct writing *writing, uint16_t id, struct bag_value *value); /* takes the reference over */
uint32_t writing_delete(struct writing *writing, uint32_t tag);
uint32_t writing_end(struct writing *writing);
void writing_cancel(struct writing *writing);
/* Whether a client may set it: EC_SUCCESS, or the error; *ret_ignore where it is passed over in silence. */
uint32_t property_check_writable(const struct object *object, uint32_t tag, bool *ret_ignore);
