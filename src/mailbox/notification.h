/* Change events and who wants them (MS-OXCNOTIF). The registry is one per mailbox and outlives its being open; it is touched
 * on the mailbox's strand only. A subscription is plain data and ends with subscriptions_remove... ; the server removes a
 * session's subscriptions, on the strand, when it ends. */
#pragma once
#include "mailbox/mailbox.h"

struct table;

enum notification_type {
    NOTIFICATION_NEW_MAIL = 0x0002,
    NOTIFICATION_CREATED = 0x0004,
    NOTIFICATION_DELETED = 0x0008,
    NOTIFICATION_MODIFIED = 0x0010,
    NOTIFICATION_MOVED = 0x0020,
    NOTIFICATION_COPIED = 0x0040,
    NOTIFICATION_SEARCH_COMPLETE = 0x0080,
    NOTIFICATION_TABLE_MODIFIED = 0x0100,
};
/* Bits of NotificationFlags beside the type (MS-OXCDATA / MS-OXCNOTIF 2.2.1.4.1.2). */
enum notification_bits {
    NOTIFICATION_HAS_TOTAL = 0x1000,
    NOTIFICATION_HAS_UNREAD = 0x2000,
    NOTIFICATION_OF_SEARCH_FOLDER = 0x4000,
    NOTIFICATION_OF_MESSAGE = 0x8000,
};
enum table_event {
    TABLE_EVENT_CHANGED = 1,
    TABLE_EVENT_ROW_ADDED = 3,
    TABLE_EVENT_ROW_DELETED = 4,
    TABLE_EVENT_ROW_MODIFIED = 5,
    TABLE_EVENT_RESTRICTION_CHANGED = 7,
};

/* One event, complete enough to be put into RopNotify without asking the mailbox again. Fields hold where the flags say so. */
struct notification {
    uint16_t flags; /* type | bits */
    uint64_t folder_id;
    uint64_t message_id;
    uint64_t parent_folder_id;
    uint64_t old_folder_id;
    uint64_t old_message_id;
    uint64_t old_parent_folder_id;
    uint32_t total_count;
    uint32_t unread_count;
    uint32_t message_flags;     /* new mail */
    struct bytes message_class; /* new mail; UTF-16LE */
    /* NOTIFICATION_TABLE_MODIFIED */
    uint16_t table_event;
    uint32_t row_instance;
    uint64_t insert_after_folder_id; /* 0 0 0: first row */
    uint64_t insert_after_message_id;
    uint32_t insert_after_instance;
    struct property_list row; /* the columns of the table; empty for deletions */
};

/* Where notifications go: the session's own queue. 'deliver' is called on the mailbox's strand after the commit that
 * caused it; it copies what it keeps (notification_copy), wakes a waiting NotificationWait, and must not call back into the
 * mailbox. 'handle' and 'logon_id' come back as given, for RopNotify. */
struct notification_sink {
    void (*deliver)(struct notification_sink *sink, uint32_t handle, uint8_t logon_id, const struct notification *event);
};
struct notification_target {
    struct notification_sink *sink;
    uint32_t handle;
    uint8_t logon_id;
};

/* A copy in one block, freed with free(); NULL without memory. */
struct notification *notification_copy(const struct notification *event);

struct subscriptions *subscriptions_new(void);
void subscriptions_free(struct subscriptions *subscriptions);
bool subscriptions_is_empty(const struct subscriptions *subscriptions);

/* RopRegisterNotification. types: NOTIFICATION_... of one or more; whole_store, else events of the folder (message_id 0) or
 * of the message. EC_OUT_OF_RESOURCES over SUBSCRIPTIONS_MAX per mailbox. ret_id names it for removal. */
#define SUBSCRIPTIONS_MAX 65536u
uint32_t subscriptions_add(struct subscriptions *subscriptions, const struct notification_target *target, uint16_t types,
    bool whole_store, uint64_t folder_id, uint64_t message_id, uint64_t *ret_id);
void subscriptions_remove(struct subscriptions *subscriptions, uint64_t id);
/* The mailbox layer's own: a table's rows. table_subscribe and table_close are what sessions call. */
uint32_t subscriptions_add_table(
    struct subscriptions *subscriptions, const struct notification_target *target, struct table *table);
void subscriptions_remove_table(struct subscriptions *subscriptions, const struct table *table);
/* All of a sink, table subscriptions included (a session ended). */
void subscriptions_remove_sink(struct subscriptions *subscriptions, const struct notification_sink *sink);
