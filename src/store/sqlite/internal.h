/* What the files of this backend share; nobody else includes it. */
#pragma once
#include <sqlite3.h>

#include "store/backend.h"
#include "store/sort_key.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/statements.h"

#define SAVEPOINT_DEPTH_MAX 16u
#define SAVEPOINT_NAME_SIZE 32u
/* Numbers that a crash, or closing the mailbox, may skip. */
#define COUNTERS_AHEAD 1024u
/* The write-ahead log goes into the file when it has this many pages. */
#define WAL_PAGES_MAX 2000u

/* Values of a message up to this size lie in its row, larger ones apart: a contents table reads rows only, and a row
 * should stay within a page. Other objects are read one by one: PROPERTY_INLINE_SIZE_MAX. */
#define MESSAGE_INLINE_SIZE_MAX 1024u

struct sqlite_store;
struct sqlite_mailbox {
    struct store_mailbox base;
    struct sqlite_store *store;
    struct guid guid;
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared at first use */
    struct collator *collator;
    bool transaction;
    uint32_t savepoint_count;
    char savepoints[SAVEPOINT_DEPTH_MAX][SAVEPOINT_NAME_SIZE];
    /* What is given next. The file has bounds that they stay below, so that it is written once in COUNTERS_AHEAD. */
    uint64_t next_counter, counter_bound;
    uint64_t next_value_id, value_id_bound;
    struct arena scratch; /* of the running call */
    struct buffer packed; /* of the running call, kept for their memory */
    struct buffer key;
    struct view_cache *views; /* views.c: those of the folder changed last */
    /* In the registry, under its lock: */
    struct sqlite_mailbox *newer, *older;
    uint32_t holder_count;
    bool opening;
};

static inline struct sqlite_mailbox *sqlite_of(struct store_mailbox *mailbox) { return (struct sqlite_mailbox *)mailbox; }

/* registry.c */
extern const struct store_operations sqlite_operations;
const struct store_sqlite_configuration *sqlite_configuration(const struct sqlite_store *store);

/* schema.c */
#define SCHEMA_VERSION 2
enum store_status schema_create(struct sqlite_mailbox *mailbox, const struct store_mailbox_info *info);
/* Brings an older file up to the version wanted, one step after the other, all in one transaction; step i makes version
 * i + 2 of version i + 1. VERSION for a file of a newer program, NOT_FOUND for one whose creation never ended. */
extern const char *const schema_migrations[SCHEMA_VERSION];
enum store_status schema_migrate(struct sqlite_mailbox *mailbox, const char *const *migrations, int version_wanted);

/* database.c */
enum store_status status_of_sqlite(int code);
enum store_status database_open(struct sqlite_mailbox *mailbox, const char *path, const struct store_mailbox_info *create);
void database_close(struct sqlite_mailbox *mailbox);
/* The statement, ready to be bound; NULL: *ret_status says why. */
sqlite3_stmt *statement(struct sqlite_mailbox *mailbox, enum statement_id id, enum store_status *ret_status);
/* The same with its parameters bound by the letters of 'types': i 64-bit number, b struct bytes, z struct bytes that is
 * NULL when empty, s string. What is bound must stay until the statement has been reset. */
sqlite3_stmt *statement_bound(struct sqlite_mailbox *mailbox, enum statement_id id, enum store_status *ret_status,
    const char *types, ...);
/* The next row; without one, or with an error, the statement is reset. Who stops before must call sqlite3_reset. */
enum store_status statement_row(struct sqlite_mailbox *mailbox, sqlite3_stmt *prepared, bool *ret_row);
enum store_status statement_run(struct sqlite_mailbox *mailbox, sqlite3_stmt *prepared);
/* The number in the one row of a statement; 0 when it gives none. */
enum store_status statement_number(struct sqlite_mailbox *mailbox, enum statement_id id, uint64_t *ret_number,
    const char *types, ...);
enum store_status statement_execute(struct sqlite_mailbox *mailbox, enum statement_id id, const char *types, ...);
/* A copy of a column's bytes; BYTES_NONE for NULL; false without memory. */
bool column_bytes(struct arena *arena, sqlite3_stmt *prepared, int column, struct bytes *ret_bytes);

/* transaction.c. A call that writes stands between these two: in the caller's transaction, or in one of its own. Entering
 * empties the scratch arena. */
enum store_status write_enter(struct sqlite_mailbox *mailbox, bool *ret_own);
enum store_status write_leave(struct sqlite_mailbox *mailbox, bool own, enum store_status status);

/* values.c */
enum store_status value_insert(struct sqlite_mailbox *mailbox, struct bytes data, uint64_t *ret_value_id); /* not staged */
enum store_status value_duplicate(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t *ret_value_id);
enum store_status value_remove(struct sqlite_mailbox *mailbox, uint64_t value_id);
enum store_status value_size(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t *ret_size);
enum store_status value_is_staged(struct sqlite_mailbox *mailbox, uint64_t value_id, bool *ret_staged);
/* From now on it belongs to an object. INVALID when it is not staged. */
enum store_status value_take_staged(struct sqlite_mailbox *mailbox, uint64_t value_id);

/* packing.c */
/* Appends the packed form of 'content' to 'packed', large values set apart, and throws away those of 'old_packed' (empty:
 * none) that are not kept. *ret_size: bytes of all. */
enum store_status content_pack(struct sqlite_mailbox *mailbox, const struct store_content *content, struct bytes old_packed,
    size_t inline_size_max, struct buffer *packed, uint64_t *ret_size);
/* What content_pack gave as size. */
enum store_status content_size(struct sqlite_mailbox *mailbox, struct bytes packed, uint64_t *ret_size);
enum store_status content_drop(struct sqlite_mailbox *mailbox, struct bytes packed);
/* A copy in the scratch arena with copies of its large values. */
enum store_status content_copy(struct sqlite_mailbox *mailbox, struct bytes packed, struct bytes *ret_packed);

/* The three keys of an origin as one value: each a size u32 and its bytes; empty where all are. False without memory. */
bool origin_pack(struct arena *arena, const struct store_origin *origin, struct bytes *ret_packed);
bool origin_unpack(struct bytes packed, struct store_origin *ret_origin);

/* folders.c */
enum store_status folder_load(struct sqlite_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    struct store_folder *ret_folder);
struct count_change {
    int64_t content, unread, associated, deleted_content, deleted_associated, deleted_total;
    int64_t size, associated_size, deleted_size;
    int64_t commit_time;
};
/* Adds (sign 1) or takes away (-1) what one message counts. */
void count_message(struct count_change *change, const struct store_message *message, int64_t sign);
enum store_status folder_count(struct sqlite_mailbox *mailbox, uint64_t folder_id, const struct count_change *change);

/* messages.c */
enum store_status message_load(struct sqlite_mailbox *mailbox, struct arena *arena, uint64_t message_id,
    struct store_message *ret_message);
enum store_status message_of_row(struct arena *arena, sqlite3_stmt *prepared, struct store_message *ret_message);
struct message_row_limits {
    bool has_key;      /* the key of the view is the column behind MESSAGE_COLUMNS */
    uint32_t rows_max; /* 0: no limit */
    size_t size_max;   /* 0: no limit */
};
/* All rows of a statement over MESSAGE_COLUMNS. *ret_end: the statement has no more. */
enum store_status message_rows(struct arena *arena, struct sqlite_mailbox *mailbox, sqlite3_stmt *prepared,
    struct message_row_limits limits, const struct store_message **ret_rows, uint32_t *ret_count, bool *ret_end);
/* Everything in a folder but views and counts; empties the scratch arena. */
enum store_status messages_remove_all(struct sqlite_mailbox *mailbox, uint64_t folder_id);

/* attachments.c */
struct attachment_change {
    int64_t size;
    int64_t count; /* of the message itself */
};
enum store_status attachments_write(struct sqlite_mailbox *mailbox, uint64_t message_id,
    const struct store_attachment_write *writes, uint32_t count, struct attachment_change *ret_change);
enum store_status attachments_remove_all(struct sqlite_mailbox *mailbox, uint64_t message_id);
enum store_status attachments_move(struct sqlite_mailbox *mailbox, uint64_t message_id, uint64_t new_message_id);
enum store_status attachments_copy(struct sqlite_mailbox *mailbox, uint64_t message_id, uint64_t new_message_id);

/* views.c */
/* Called wherever something was rolled back. */
void views_forget(struct sqlite_mailbox *mailbox);
enum store_status views_add(struct sqlite_mailbox *mailbox, const struct store_message *message);
enum store_status views_remove(struct sqlite_mailbox *mailbox, const struct store_message *message);
/* Both rows are of one folder and kind; same_properties: only members beside the packed properties differ. */
enum store_status views_change(struct sqlite_mailbox *mailbox, const struct store_message *old,
    const struct store_message *new, bool same_properties);

/* The operations, where they stand. */
enum store_status sqlite_mailbox_get_info(struct store_mailbox *mailbox, struct arena *arena,
    struct store_mailbox_info *ret_info);
enum store_status sqlite_mailbox_check(struct store_mailbox *mailbox, struct arena *arena, const char **ret_report);
enum store_status sqlite_begin(struct store_mailbox *mailbox);
enum store_status sqlite_commit(struct store_mailbox *mailbox);
void sqlite_rollback(struct store_mailbox *mailbox);
bool sqlite_in_transaction(struct store_mailbox *mailbox);
enum store_status sqlite_savepoint(struct store_mailbox *mailbox, const char *name);
enum store_status sqlite_savepoint_release(struct store_mailbox *mailbox, const char *name);
enum store_status sqlite_savepoint_rollback(struct store_mailbox *mailbox, const char *name);
enum store_status sqlite_meta_get(struct store_mailbox *mailbox, struct arena *arena, const char *name,
    struct bytes *ret_value);
enum store_status sqlite_meta_set(struct store_mailbox *mailbox, const char *name, struct bytes value);
enum store_status sqlite_allocate_counters(struct store_mailbox *mailbox, uint64_t count, uint64_t *ret_first);
enum store_status sqlite_replica_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_replica **ret_replicas, uint32_t *ret_count);
enum store_status sqlite_replica_add(struct store_mailbox *mailbox, struct guid guid, uint16_t *ret_replica_id);
enum store_status sqlite_value_create(struct store_mailbox *mailbox, uint64_t *ret_value_id);
enum store_status sqlite_value_copy(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_value_id);
enum store_status sqlite_value_size(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_size);
enum store_status sqlite_value_read(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset, size_t size,
    uint8_t *data, size_t *ret_size);
enum store_status sqlite_value_write(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset, struct bytes data);
enum store_status sqlite_value_resize(struct store_mailbox *mailbox, uint64_t value_id, uint64_t size);
enum store_status sqlite_value_discard(struct store_mailbox *mailbox, const uint64_t *value_ids, uint32_t count);
enum store_status sqlite_value_sweep(struct store_mailbox *mailbox, uint64_t created_before, uint64_t *ret_swept);
enum store_status sqlite_folder_create(struct store_mailbox *mailbox, const struct store_folder_write *folder);
enum store_status sqlite_folder_update(struct store_mailbox *mailbox, const struct store_folder_write *folder);
enum store_status sqlite_folder_get(struct store_mailbox *mailbox, struct arena *arena, const uint64_t *folder_ids,
    uint32_t count, struct store_folder *ret_folders);
enum store_status sqlite_folder_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t parent_id,
    uint32_t flags, const struct store_folder **ret_folders, uint32_t *ret_count);
enum store_status sqlite_folder_find(struct store_mailbox *mailbox, uint64_t parent_id, struct bytes name,
    uint64_t *ret_folder_id);
enum store_status sqlite_folder_delete(struct store_mailbox *mailbox, uint64_t folder_id, enum store_deletion deletion,
    uint64_t change_number, uint64_t time);
enum store_status sqlite_message_create(struct store_mailbox *mailbox, const struct store_message_write *message);
enum store_status sqlite_message_update(struct store_mailbox *mailbox, const struct store_message_write *message);
enum store_status sqlite_message_get(struct store_mailbox *mailbox, struct arena *arena, const uint64_t *message_ids,
    uint32_t count, struct store_message *ret_messages);
enum store_status sqlite_attachment_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t message_id,
    uint64_t parent_id, const struct store_attachment **ret_attachments, uint32_t *ret_count);
enum store_status sqlite_attachment_get_embedded(struct store_mailbox *mailbox, struct arena *arena,
    uint64_t attachment_id, struct bytes *ret_properties);
enum store_status sqlite_message_set_read(struct store_mailbox *mailbox, const uint64_t *message_ids, uint32_t count,
    bool read, uint64_t first_change_number, uint32_t flags_set, uint32_t flags_clear, bool *ret_changed);
enum store_status sqlite_message_set_status(struct store_mailbox *mailbox, uint64_t message_id, uint32_t message_status);
enum store_status sqlite_message_delete(struct store_mailbox *mailbox, uint64_t folder_id, const uint64_t *message_ids,
    uint32_t count, enum store_deletion deletion, uint64_t change_number, uint64_t time, bool *ret_deleted);
enum store_status sqlite_message_move(struct store_mailbox *mailbox, uint64_t source_folder_id,
    uint64_t target_folder_id, uint64_t time, struct store_transfer *transfers, uint32_t count);
enum store_status sqlite_message_copy(struct store_mailbox *mailbox, uint64_t source_folder_id,
    uint64_t target_folder_id, uint64_t time, struct store_transfer *transfers, uint32_t count);
enum store_status sqlite_view_open(struct store_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    const struct store_sort_column *columns, uint32_t column_count, struct store_view *ret_view);
enum store_status sqlite_view_build(struct store_mailbox *mailbox, uint64_t view_id, uint64_t rows_max, bool *ret_complete);
enum store_status sqlite_view_page(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_page_request *request, const struct store_message **ret_rows, uint32_t *ret_count, bool *ret_end);
enum store_status sqlite_view_rank(struct store_mailbox *mailbox, uint64_t view_id,
    const struct store_position *position, uint64_t *ret_rows_before);
enum store_status sqlite_view_move(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
    const struct store_position *from, int64_t rows, struct store_position *ret_position, uint64_t *ret_moved);
enum store_status sqlite_view_find(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
    uint64_t message_id, struct bytes *ret_key);
enum store_status sqlite_named_property_ids(struct store_mailbox *mailbox, const struct property_name *names,
    uint32_t count, bool create, uint16_t *ret_ids);
enum store_status sqlite_named_property_names(struct store_mailbox *mailbox, struct arena *arena, const uint16_t *ids,
    uint32_t count, struct property_name *ret_names);
enum store_status sqlite_named_property_list(struct store_mailbox *mailbox, struct arena *arena, const struct guid *guid,
    const uint16_t **ret_ids, const struct property_name **ret_names, uint32_t *ret_count);
enum store_status sqlite_receive_folder_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_receive_folder **ret_rows, uint32_t *ret_count);
enum store_status sqlite_receive_folder_set(struct store_mailbox *mailbox, const char *message_class, uint64_t folder_id,
    uint64_t time);
enum store_status sqlite_deletion_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    uint64_t after_change_number, uint32_t rows_max, const struct store_deleted_object **ret_rows, uint32_t *ret_count);
enum store_status sqlite_change_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    enum store_message_kind kind, bool read_state, uint64_t after_change_number, uint32_t rows_max,
    const struct store_message **ret_rows, uint32_t *ret_count);
