/* What the files of the mailbox layer share about an open mailbox. Internal to the mailbox layer. */
#pragma once
#include "mailbox/error.h"
#include "mailbox/mailbox.h"
#include "protocol/id.h"
#include "store/store.h"

/* One change, kept until the commit; see notification.c for what becomes of it. */
enum change_kind {
    CHANGE_FOLDER_CREATED,
    CHANGE_FOLDER_MODIFIED,
    CHANGE_FOLDER_DELETED,
    CHANGE_FOLDER_MOVED,
    CHANGE_FOLDER_COPIED,
    CHANGE_MESSAGE_CREATED,
    CHANGE_MESSAGE_MODIFIED,
    CHANGE_MESSAGE_DELETED,
    CHANGE_MESSAGE_MOVED,
    CHANGE_MESSAGE_COPIED,
    CHANGE_MESSAGE_NEW_MAIL,
};
struct change {
    enum change_kind kind;
    bool associated;
    uint64_t folder_id; /* of the message; or the folder itself */
    uint64_t parent_id; /* folders: the parent */
    uint64_t message_id;
    uint64_t old_folder_id; /* moved, copied: where it was, or what was copied */
    uint64_t old_parent_id;
    uint64_t old_message_id;
};

/* Session state that follows the transaction: put back where it is rolled back, forgotten once it is committed. */
struct mailbox_undo {
    struct mailbox *mailbox;
    struct mailbox_undo *next;                  /* older */
    void (*restore)(struct mailbox_undo *undo); /* each frees it */
    void (*forget)(struct mailbox_undo *undo);
    bool in_savepoint;
};

/* Counters by which listings know that a folder has changed; folders share them, which at worst makes a listing anew. */
#define MAILBOX_GENERATIONS 256u

struct mailbox {
    struct store_mailbox *store;
    struct guid guid;
    struct guid replica_guid;
    struct guid logon_replica_guid;
    struct subscriptions *subscriptions;
    struct change *changes;
    uint32_t change_count, change_capacity;
    uint32_t savepoint_change_count;
    bool changes_lost;         /* without memory for a change: tables are told to reload */
    struct mailbox_undo *undo; /* of this transaction, the newest first */
    uint32_t epoch;            /* random at first, another after each roll back */
    uint32_t generations[MAILBOX_GENERATIONS];
    char *owner_name; /* UTF-8, NULL when not told */
    char *owner_dn;
    uint32_t locale_id;
};

/* An id as a property value has it (PidTagFolderId, PidTagMid ...). */
static inline int64_t wire_id(uint64_t id)
{
    return (int64_t)id_to_wire(id);
}

uint32_t mailbox_error(enum store_status status);
/* 'count' consecutive ids (replica of the mailbox). */
uint32_t mailbox_new_ids(struct mailbox *mailbox, uint64_t count, uint64_t *ret_first_id);
/* Brackets a writing function: its own transaction where none is open. end commits (or rolls back on error) and returns
 * the final result. */
struct write_scope {
    bool own;
};
uint32_t write_scope_begin(struct mailbox *mailbox, struct write_scope *ret_scope);
uint32_t write_scope_end(struct mailbox *mailbox, struct write_scope scope, uint32_t error);
void mailbox_changed(struct mailbox *mailbox, const struct change *change);
void mailbox_add_undo(struct mailbox *mailbox, struct mailbox_undo *undo);
/* Another number after every change of the folder's messages; folder_id 0: of any folder or message. */
uint64_t mailbox_generation(const struct mailbox *mailbox, uint64_t folder_id);
/* notification.c: tells the subscribers and forgets the changes. */
void mailbox_deliver_changes(struct mailbox *mailbox);
/* provision.c */
uint32_t mailbox_provision(struct mailbox *mailbox, const struct mailbox_owner *owner);
bool mailbox_is_special_folder(uint64_t folder_id);
/* One folder's row; EC_NOT_FOUND. */
uint32_t mailbox_folder(struct mailbox *mailbox, struct arena *arena, uint64_t folder_id, struct store_folder *ret_folder);
uint32_t mailbox_message(
    struct mailbox *mailbox, struct arena *arena, uint64_t message_id, struct store_message *ret_message);
