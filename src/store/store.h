/* The store contract: what a mailbox needs kept, without a word of SQL. Backends: sqlite/ (a file per mailbox), failing/
 * (wraps another, for error paths); PostgreSQL can follow with the mailbox as leading key, because every call is
 * set-oriented: one call is at most one statement per page, never a call per row.
 *
 * Ownership: results are allocated in the caller's arena and live as long as that; nothing points into the store. What the
 * caller passes in is copied or written before the call returns. Outputs stand last and are untouched on failure.
 * Threads: struct store may be used from any thread. A struct store_mailbox is used by one task at a time (its strand).
 * Errors: every call answers with a store status. Inside a transaction a failed call has changed nothing that the caller
 * may keep: go back to the savepoint or roll back. Calls that write outside store_begin/store_commit make their own
 * transaction. Ids are replica id << 48 | global counter (protocol/id.h). Times are FILETIME. Strings are UTF-16LE bytes. */
#pragma once
#include "base/arena.h"
#include "wire/property_value.h"

enum store_status {
    STORE_OK = 0,
    STORE_NOT_FOUND,      /* mailbox, folder, message, attachment, value, meta name ... is not there */
    STORE_EXISTS,         /* the same id, name or mailbox is there already */
    STORE_INVALID,        /* the call makes no sense: cycle of folders, savepoint unknown, limit in limits.h exceeded */
    STORE_TOO_LARGE,      /* a named cap: named properties, value size, counter space */
    STORE_BUSY,           /* another process holds the mailbox; worth trying again */
    STORE_DISK_FULL,
    STORE_IO_ERROR,
    STORE_CORRUPT,
    STORE_NO_MEMORY,
    STORE_VERSION,        /* written by a newer program */
    STORE_READ_ONLY,
};
const char *store_status_name(enum store_status status);

struct store;         /* all mailboxes of one place */
struct store_mailbox; /* one open mailbox */

/* ---- Mailboxes ---- */

struct store_mailbox_info {
    struct guid mailbox_guid;
    struct guid replica_guid;        /* REPLID 1: what ids made here carry */
    struct guid logon_replica_guid;  /* REPLID 5: what RopLogon answers */
    struct bytes owner;              /* the directory's id of the owner, UTF-8, for people who look into the file */
    uint64_t creation_time;
};
#define STORE_REPLICA_ID_OWN 1u
#define STORE_REPLICA_ID_LOGON 5u
#define STORE_REPLICA_ID_MAX 32768u       /* MS-OXCSTOR R1123 */
#define STORE_COUNTER_FIRST 0x101u     /* the first global counter given out by a new mailbox */
#define STORE_COUNTER_MAX 0xFFFFFFFFFFFFull

void store_close(struct store *store); /* every mailbox must have been released */
/* EXISTS when there is one. The new mailbox is empty: no folders. */
enum store_status store_mailbox_create(struct store *store, const struct store_mailbox_info *info,
    struct store_mailbox **ret_mailbox);
/* Each open counts; a mailbox that nobody holds stays open until the cache of open mailboxes needs its place. */
enum store_status store_mailbox_open(struct store *store, struct guid mailbox_guid, struct store_mailbox **ret_mailbox);
/* Rolls back what was not committed. */
void store_mailbox_release(struct store_mailbox *mailbox);
/* INVALID while someone holds it. */
enum store_status store_mailbox_delete(struct store *store, struct guid mailbox_guid);
enum store_status store_mailbox_get_info(struct store_mailbox *mailbox, struct arena *arena,
    struct store_mailbox_info *ret_info);
/* Verifies the file and the model in it (counts, references, views). *ret_report: one finding a line, "" when sound. */
enum store_status store_mailbox_check(struct store_mailbox *mailbox, struct arena *arena, const char **ret_report);

/* ---- Transactions: one for what one Execute writes, a savepoint for each ROP ---- */

enum store_status store_begin(struct store_mailbox *mailbox);
/* After OK the changes survive a power cut. After a failure they are rolled back. */
enum store_status store_commit(struct store_mailbox *mailbox);
void store_rollback(struct store_mailbox *mailbox); /* nothing when there is no transaction */
bool store_in_transaction(struct store_mailbox *mailbox);
/* Names are identifiers (letters, digits, '_', at most 31); a name may be used again inside itself. */
enum store_status store_savepoint(struct store_mailbox *mailbox, const char *name);
enum store_status store_savepoint_release(struct store_mailbox *mailbox, const char *name);
enum store_status store_savepoint_rollback(struct store_mailbox *mailbox, const char *name); /* and releases it */

/* ---- Meta values: small named things of the mailbox (logon properties, replay record, ...) ---- */

enum store_status store_meta_get(struct store_mailbox *mailbox, struct arena *arena, const char *name,
    struct bytes *ret_value);
enum store_status store_meta_set(struct store_mailbox *mailbox, const char *name, struct bytes value); /* data NULL: away */

/* ---- Ids ---- */

/* 'count' consecutive global counters, for folder ids, message ids, change numbers, attachment ids. Never given twice once
 * something with a higher counter was committed. TOO_LARGE when the 48 bits are used up. */
enum store_status store_allocate_counters(struct store_mailbox *mailbox, uint64_t count, uint64_t *ret_first);

struct store_replica {
    uint16_t replica_id;
    struct guid guid;
};
enum store_status store_replica_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_replica **ret_replicas, uint32_t *ret_count);
/* The id of a foreign replica GUID; a new one gets the next free id. STORE_TOO_LARGE: there is none left. */
enum store_status store_replica_add(struct store_mailbox *mailbox, struct guid guid, uint16_t *ret_replica_id);

/* What synchronisation knows an object by (MS-OXCFXICS 2.2.1.2). Empty members mean the ones that follow from the own
 * replica GUID and the object's id and change number; only what came from elsewhere is kept in full. */
struct store_origin {
    struct bytes source_key;
    struct bytes change_key;
    struct bytes predecessor_change_list;
};

/* ---- Large values: kept apart, read and written by range ---- */

#define STORE_VALUE_SIZE_MAX (2ull << 30)

/* A value that a message, attachment or folder has apart from its packed properties. value_id names it; 'staged' ones
 * belong to nobody yet. A value that belongs to something saved is never written again: copy, write the copy, save. */
struct store_value {
    uint32_t tag;
    uint64_t value_id;
    uint64_t size; /* on output; ignored on input */
};
enum store_status store_value_create(struct store_mailbox *mailbox, uint64_t *ret_value_id);            /* staged, empty */
enum store_status store_value_copy(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_value_id); /* staged */
enum store_status store_value_size(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_size);
/* Fills 'data' with up to 'size' bytes from 'offset'; fewer at the end of the value. */
enum store_status store_value_read(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset, size_t size,
    uint8_t *data, size_t *ret_size);
/* Staged values only (INVALID otherwise). Writing behind the end fills the gap with zeros. */
enum store_status store_value_write(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset, struct bytes data);
enum store_status store_value_resize(struct store_mailbox *mailbox, uint64_t value_id, uint64_t size);
/* Throws staged values away; ids that are not staged are passed over. */
enum store_status store_value_discard(struct store_mailbox *mailbox, const uint64_t *value_ids, uint32_t count);
/* Throws away staged values made before 'created_before': what crashed sessions left behind. */
enum store_status store_value_sweep(struct store_mailbox *mailbox, uint64_t created_before, uint64_t *ret_swept);

/* What a message, embedded message, attachment or folder holds. Input: 'properties' may hold values of any size, the store
 * itself sets large ones apart; 'values' names staged values (which the object then owns) and kept ones of the same object,
 * by tag. Large values of the old content that are in neither list go away. No property twice (INVALID where it would
 * leave a large value without an owner). */
struct store_content {
    struct property_list properties;
    const struct store_value *values;
    uint32_t value_count;
    const struct property_list *recipients; /* messages only: PidTagRowid and the rest of each */
    uint32_t recipient_count;
    bool keep_recipients; /* on update: leave them as they are */
};

/* ---- Folders ---- */

enum store_folder_type { STORE_FOLDER_ROOT = 0, STORE_FOLDER_GENERIC = 1, STORE_FOLDER_SEARCH = 2 }; /* PidTagFolderType */

/* Kept up to date by every call that changes messages. */
struct store_folder_counts {
    uint32_t content;             /* normal messages */
    uint32_t unread;              /* of them */
    uint32_t associated;
    uint32_t deleted_content;     /* soft-deleted ones still there */
    uint32_t deleted_associated;
    uint32_t deleted_total;       /* PidTagDeletedCountTotal: deletions ever */
    uint64_t size;                /* bytes of normal messages */
    uint64_t associated_size;
    uint64_t deleted_size;
    uint64_t local_commit_time_max;
    uint64_t hierarchy_change_number; /* change number of the last change to folders below this one */
    uint32_t child_folders;           /* not soft-deleted */
};
struct store_folder {
    uint64_t folder_id;
    uint64_t parent_id; /* 0 for the root */
    enum store_folder_type type;
    uint64_t change_number;
    uint64_t creation_time;
    uint64_t last_modification_time;
    uint64_t deleted_time; /* 0: not soft-deleted */
    uint32_t depth;        /* in listings: 1 for a direct child (PidTagDepth is one less) */
    struct store_origin origin;
    struct store_folder_counts counts;
    struct bytes properties; /* packed (store/packed_properties.h) */
};
struct store_folder_write {
    uint64_t folder_id;
    uint64_t parent_id;
    enum store_folder_type type;
    uint64_t change_number;
    uint64_t time; /* becomes creation and last modification time */
    struct store_origin origin;
    struct store_content content; /* PidTagDisplayName among them; unique among siblings whatever its case */
};
enum store_status store_folder_create(struct store_mailbox *mailbox, const struct store_folder_write *folder);
/* Replaces the content; moves and renames when parent or name differ. INVALID: below itself, or the type changed. */
enum store_status store_folder_update(struct store_mailbox *mailbox, const struct store_folder_write *folder);
/* The rows in the order asked for; a folder that is not there has folder_id 0. */
enum store_status store_folder_get(struct store_mailbox *mailbox, struct arena *arena, const uint64_t *folder_ids,
    uint32_t count, struct store_folder *ret_folders);
enum store_list_flags {
    STORE_LIST_DEEP = 1,    /* all below, parents before children; without: direct children */
    STORE_LIST_DELETED = 2, /* the soft-deleted ones instead of the others */
};
/* Siblings by name (sort_key.h's order). */
enum store_status store_folder_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t parent_id, uint32_t flags,
    const struct store_folder **ret_folders, uint32_t *ret_count);
/* The direct child of that name, whatever its case: *ret_folder_id. */
enum store_status store_folder_find(struct store_mailbox *mailbox, uint64_t parent_id, struct bytes name,
    uint64_t *ret_folder_id);
enum store_deletion { STORE_DELETE_SOFT, STORE_DELETE_HARD };
/* The folder, all folders below and their messages. Soft: they stay readable with deleted_time set. */
enum store_status store_folder_delete(struct store_mailbox *mailbox, uint64_t folder_id, enum store_deletion deletion,
    uint64_t change_number, uint64_t time);

/* ---- Messages ---- */

/* Which of a folder's contents a message is among. */
enum store_message_kind {
    STORE_MESSAGE_NORMAL = 0,
    STORE_MESSAGE_ASSOCIATED = 1,
    STORE_MESSAGE_DELETED = 2, /* soft-deleted normal one */
    STORE_MESSAGE_DELETED_ASSOCIATED = 3,
};
struct store_message {
    uint64_t message_id; /* 0: not there (in batch answers) */
    uint64_t folder_id;
    enum store_message_kind kind;
    bool read;
    uint32_t flags;  /* PidTagMessageFlags without the read bit: the caller's, kept as given (0x10 has attachments) */
    uint32_t status; /* PidTagMessageStatus */
    uint64_t size;  /* of all: properties, recipients, attachments */
    uint64_t change_number;
    uint64_t read_change_number; /* of the last change of the read state alone; 0 none */
    uint64_t commit_time;        /* PidTagLocalCommitTime */
    uint64_t deleted_time;
    uint32_t attachment_count;   /* of the message itself */
    struct store_origin origin;
    struct bytes properties; /* packed; entries of large values say tag, size and value_id */
    struct bytes key;        /* in pages of a view: the sort key of this row */
};
/* An attachment is written with the message it belongs to. attachment_id is the caller's (store_allocate_counters). */
enum store_attachment_action { STORE_ATTACHMENT_CREATE, STORE_ATTACHMENT_UPDATE, STORE_ATTACHMENT_DELETE };
struct store_attachment_write {
    enum store_attachment_action action;
    uint64_t attachment_id;
    uint64_t parent_id; /* the attachment whose embedded message holds this one; 0: the message itself */
    uint32_t number;    /* PidTagAttachNumber */
    struct store_content content;
    /* NULL: none (on update: as it was). An embedded message's own attachments are further writes with parent_id. */
    const struct store_content *embedded;
};
struct store_message_write {
    uint64_t message_id;
    uint64_t folder_id;
    enum store_message_kind kind; /* on update: must be as it was */
    bool read;                    /* on update: unused, see store_message_set_read */
    uint32_t flags;
    uint64_t change_number;
    uint64_t commit_time;
    struct store_origin origin;
    struct store_content content;
    const struct store_attachment_write *attachments; /* parents before children */
    uint32_t attachment_count;
};
enum store_status store_message_create(struct store_mailbox *mailbox, const struct store_message_write *message);
enum store_status store_message_update(struct store_mailbox *mailbox, const struct store_message_write *message);
/* The rows in the order asked for; one that is not there has message_id 0. */
enum store_status store_message_get(struct store_mailbox *mailbox, struct arena *arena, const uint64_t *message_ids,
    uint32_t count, struct store_message *ret_messages);

struct store_attachment {
    uint64_t attachment_id;
    uint64_t parent_id;
    uint32_t number;
    uint64_t size;
    bool has_embedded;
    struct bytes properties; /* packed */
};
/* The attachments of a message (parent_id 0) or of the embedded message in attachment parent_id, by number. */
enum store_status store_attachment_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t message_id,
    uint64_t parent_id, const struct store_attachment **ret_attachments, uint32_t *ret_count);
/* The embedded message's packed properties. NOT_FOUND: no such attachment or nothing embedded in it. */
enum store_status store_attachment_get_embedded(struct store_mailbox *mailbox, struct arena *arena, uint64_t attachment_id,
    struct bytes *ret_properties);
/* The recipients that the packed properties of a message or embedded message have. */
enum store_status store_recipient_list(struct store_mailbox *mailbox, struct arena *arena, struct bytes properties,
    const struct property_list **ret_recipients, uint32_t *ret_count);
/* Any property of packed properties in full, wherever it is kept. NOT_FOUND: no property of that id; TOO_LARGE: larger
 * than size_max (read it by range). The value's tag is the stored one. */
enum store_status store_property_get(struct store_mailbox *mailbox, struct arena *arena, struct bytes properties,
    uint16_t property_id, size_t size_max, struct property_value *ret_value);

/* Changes the read state and message flags of those of 'message_ids' that differ. Each changed one gets the next of the
 * change numbers from first_change_number on as its read_change_number (allocate 'count'). ret_changed: count flags. */
enum store_status store_message_set_read(struct store_mailbox *mailbox, const uint64_t *message_ids, uint32_t count,
    bool read, uint64_t first_change_number, uint32_t flags_set, uint32_t flags_clear, bool *ret_changed);
/* PidTagMessageStatus alone: no change number, no new modification time. */
enum store_status store_message_set_status(struct store_mailbox *mailbox, uint64_t message_id, uint32_t message_status);
/* Of 'message_ids' those in that folder; others are passed over. ret_deleted: count flags. A hard delete of soft-deleted
 * ones is allowed; a soft delete of those does nothing. Every deletion is logged (store_deletion_list). */
enum store_status store_message_delete(struct store_mailbox *mailbox, uint64_t folder_id, const uint64_t *message_ids,
    uint32_t count, enum store_deletion deletion, uint64_t change_number, uint64_t time, bool *ret_deleted);

struct store_transfer {
    uint64_t message_id;
    uint64_t new_message_id;
    uint64_t change_number;
    bool done; /* output: false when the message was not in the source folder */
};
/* The message is the same one with a new id in the target; a deletion is logged in the source. Soft-deleted ones become
 * normal again. */
enum store_status store_message_move(struct store_mailbox *mailbox, uint64_t source_folder_id, uint64_t target_folder_id,
    uint64_t time, struct store_transfer *transfers, uint32_t count);
enum store_status store_message_copy(struct store_mailbox *mailbox, uint64_t source_folder_id, uint64_t target_folder_id,
    uint64_t time, struct store_transfer *transfers, uint32_t count);

/* ---- Contents tables ---- */

/* A view is a folder's contents of one kind in one order, kept as an index. The order without columns (STORE_VIEW_DEFAULT)
 * and the one by PidTagMessageDeliveryTime are there from the folder's first message on; any other is built at its first
 * use, then kept up to date by every change, and given up when too many others were used since. Ties are in message id
 * order. Texts are ordered by sort_key.h. view_id is good until the end of the transaction or task; ask again in the next. */
#define STORE_SORT_COLUMNS_MAX 16u /* INVALID beyond */
struct store_sort_column {
    uint32_t tag; /* single-valued; computed ones that messages have too: size, flags, read, has attachments, ids */
    bool descending;
};
struct store_view {
    uint64_t view_id;
    bool reversed;  /* the asked order is the view read backwards: pages with 'backward' exchanged */
    bool complete;  /* false: call store_view_build until it is */
    uint64_t count; /* rows */
};
enum store_status store_view_open(struct store_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    const struct store_sort_column *columns, uint32_t column_count, struct store_view *ret_view);
/* Adds up to rows_max rows to a view being built, so that a task can yield between. Writes. */
enum store_status store_view_build(struct store_mailbox *mailbox, uint64_t view_id, uint64_t rows_max, bool *ret_complete);

/* A place in a view: just before or just after the row (key, message_id), whether that row still exists or not. */
enum store_place { STORE_PLACE_FIRST, STORE_PLACE_LAST, STORE_PLACE_BEFORE, STORE_PLACE_AFTER };
struct store_position {
    enum store_place place; /* FIRST: before all rows; LAST: after all rows */
    struct bytes key;
    uint64_t message_id;
};
struct store_page_request {
    uint64_t view_id;
    struct store_position from;
    bool backward;      /* rows that come before 'from', nearest first; without: rows behind it */
    bool ids_only;      /* message_id and key alone, without reading the message */
    uint32_t rows_max;
    size_t size_max;    /* stop after the row that reaches so many bytes of properties; 0: no limit */
};
/* The next rows from a position. Fewer than rows_max: the end was reached (unless size_max stopped it: ret_end). */
enum store_status store_view_page(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_page_request *request, const struct store_message **ret_rows, uint32_t *ret_count, bool *ret_end);
/* How many rows stand before the position. */
enum store_status store_view_rank(struct store_mailbox *mailbox, uint64_t view_id, const struct store_position *position,
    uint64_t *ret_rows_before);
/* The position 'rows' rows further (or back), and how many rows were really passed. */
enum store_status store_view_move(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
    const struct store_position *from, int64_t rows, struct store_position *ret_position, uint64_t *ret_moved);
/* The key and so the place of one message in a view. NOT_FOUND when it is not in it. */
enum store_status store_view_find(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id, uint64_t message_id,
    struct bytes *ret_key);

/* ---- Named properties ---- */

/* The ids (0x8000 and up) of names; 0 where there is none and 'create' is not set. TOO_LARGE: all ids are given away
 * (those before it in the list may have been created: roll back to undo). */
enum store_status store_named_property_ids(struct store_mailbox *mailbox, const struct property_name *names, uint32_t count,
    bool create, uint16_t *ret_ids);
/* kind 0xFF where the id has no name. */
enum store_status store_named_property_names(struct store_mailbox *mailbox, struct arena *arena, const uint16_t *ids,
    uint32_t count, struct property_name *ret_names);
/* All, by id; only those of property set *guid when guid is not NULL. */
enum store_status store_named_property_list(struct store_mailbox *mailbox, struct arena *arena, const struct guid *guid,
    const uint16_t **ret_ids, const struct property_name **ret_names, uint32_t *ret_count);

/* ---- Receive folders ---- */

struct store_receive_folder {
    const char *message_class; /* ASCII as given when set */
    uint64_t folder_id;
    uint64_t last_modification_time;
};
enum store_status store_receive_folder_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_receive_folder **ret_rows, uint32_t *ret_count);
/* Replaces the row of that class, whatever its case; folder_id 0 removes it (OK when there was none). */
enum store_status store_receive_folder_set(struct store_mailbox *mailbox, const char *message_class, uint64_t folder_id,
    uint64_t time);

/* ---- For synchronisation ---- */

struct store_deleted_object {
    uint64_t object_id; /* message or folder */
    uint64_t change_number;
    uint64_t time;
    bool is_folder;
};
/* What left the folder (or, for folders, its parent) with a change number above 'after', in their order. */
enum store_status store_deletion_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    uint64_t after_change_number, uint32_t rows_max, const struct store_deleted_object **ret_rows, uint32_t *ret_count);
/* Messages of the folder and kind whose change number (or, with 'read_state', read change number) is above 'after', in the
 * order of that number. */
enum store_status store_change_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    enum store_message_kind kind, bool read_state, uint64_t after_change_number, uint32_t rows_max,
    const struct store_message **ret_rows, uint32_t *ret_count);
