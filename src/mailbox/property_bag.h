/* Unsaved properties of one object, as plain data of a session: values set, ids deleted, and large values that stand staged
 * in the store. Values are shared by copies of a bag and copied when written. On the mailbox's strand. Internal to the
 * mailbox layer. */
#pragma once
#include "mailbox/mailbox.h"

/* Bytes held in memory by one open message and all below it. */
struct memory_account {
    size_t size;
    size_t size_max;
};

/* Values up to this size stay in memory while the account has room; larger ones are staged in the store, written in runs of
 * this size so that an upload does not pay a commit for each 32 KB. */
#define BAG_MEMORY_VALUE_SIZE_MAX (1u << 20)
/* Once an account holds this much, anything over PROPERTY_INLINE_SIZE_MAX is staged. */
#define BAG_MEMORY_EASY_SIZE_MAX (8u << 20)

/* One value, shared. Either 'value' holds it (in 'memory' behind it), or value_id names it in the store and 'tail' are the
 * bytes not written there yet. */
struct bag_value {
    uint32_t references;
    struct memory_account *account;
    size_t memory_size; /* counted in the account */
    struct property_value value;
    bool staged;
    bool owned;   /* the value belongs to something saved: to be kept, never written or thrown away */
    bool adopted; /* owned since a save whose transaction is not committed yet */
    uint64_t value_id;
    uint64_t stored_size; /* bytes in the store */
    struct buffer tail;   /* follows the stored bytes */
    void *memory;
};
struct bag_entry {
    uint16_t id;
    struct bag_value *value; /* NULL: deleted */
};
struct property_bag {
    struct memory_account *account;
    uint32_t count, capacity;
    struct bag_entry *entries; /* ascending by id */
};

const struct bag_entry *bag_find(const struct property_bag *bag, uint16_t id);
/* EC_MESSAGE_TOO_BIG at the account's cap, EC_OUT_OF_MEMORY. The value is copied. Type errors are the caller's matter. */
uint32_t bag_set(struct mailbox *mailbox, struct property_bag *bag, const struct property_value *value);
/* Takes over a reference to the value. */
uint32_t bag_put(struct mailbox *mailbox, struct property_bag *bag, uint16_t id, struct bag_value *value);
uint32_t bag_delete(struct mailbox *mailbox, struct property_bag *bag, uint16_t id); /* marks it deleted */
void bag_remove(struct mailbox *mailbox, struct property_bag *bag, uint16_t id);     /* as if never touched */
uint32_t bag_copy(const struct property_bag *bag, struct property_bag *ret_bag);     /* shares the values */
void bag_free(struct mailbox *mailbox, struct property_bag *bag);

/* A value of string, binary or object type as bytes that streams read and write. */
struct bag_value *bag_value_new(struct memory_account *account, uint32_t tag);
struct bag_value *bag_value_reference(struct bag_value *value);
void bag_value_release(struct mailbox *mailbox, struct bag_value *value); /* mailbox NULL: staged bytes are left behind */
uint64_t bag_value_size(const struct bag_value *value);
uint32_t bag_value_read(
    struct mailbox *mailbox, const struct bag_value *value, uint64_t offset, size_t size, uint8_t *data, size_t *ret_size);
/* The value must not be shared or owned: bag_value_make_own first. Zeros fill a gap. */
uint32_t bag_value_write(struct mailbox *mailbox, struct bag_value *value, uint64_t offset, struct bytes data);
uint32_t bag_value_resize(struct mailbox *mailbox, struct bag_value *value, uint64_t size);
/* The same content in a value that is nobody else's: '*value' is replaced if need be. */
uint32_t bag_value_make_own(struct mailbox *mailbox, struct bag_value **value);
/* Writes the tail of a staged value to the store. */
uint32_t bag_value_flush(struct mailbox *mailbox, struct bag_value *value);
/* Whether what is staged is still all there: an Execute that could not be committed takes back what it staged. */
uint32_t bag_value_check(struct mailbox *mailbox, const struct bag_value *value);
/* A value kept apart by something saved, to be shared by a bag (reading only, until made own). */
struct bag_value *bag_value_of_stored(struct memory_account *account, uint32_t tag, uint64_t value_id, uint64_t size);
