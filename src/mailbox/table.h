/* Tables (MS-OXCTABL): hierarchy, contents and attachment tables as a session has them open. A struct table is the
 * session's plain data: columns, sort order, a copy of the restriction, the position as a key, bookmarks; freed with
 * table_close. Nothing is read before a row is asked for. On the mailbox's strand. */
#pragma once
#include "mailbox/mailbox.h"
#include "mailbox/notification.h"

struct table;
struct message;
struct restriction; /* protocol/, generated */

enum table_kind { TABLE_HIERARCHY, TABLE_CONTENTS, TABLE_ATTACHMENTS };
enum table_open_flags {
    TABLE_ASSOCIATED = 0x02,
    TABLE_DEPTH = 0x04, /* hierarchy tables only */
    TABLE_DEFERRED_ERRORS = 0x08,
    TABLE_NO_NOTIFICATIONS = 0x10,
    TABLE_SOFT_DELETES = 0x20,
    TABLE_UNICODE = 0x40,
    TABLE_CONVERSATION_MEMBERS = 0x80, /* contents; EC_NOT_SUPPORTED. Hierarchy: SuppressesNotifications */
};

/* 'flags' are the TableFlags of the request; invalid bits: EC_NOT_SUPPORTED for hierarchy tables (MS-OXCFOLD R314),
 * EC_INVALID_PARAMETER for contents tables (R330). Row counts are exact. */
uint32_t table_open_hierarchy(
    struct logon *logon, uint64_t folder_id, uint8_t flags, struct table **ret_table, uint32_t *ret_row_count);
uint32_t table_open_contents(
    struct logon *logon, uint64_t folder_id, uint8_t flags, struct table **ret_table, uint32_t *ret_row_count);
/* Shows the session's state of the message, unsaved attachment saves included; keeps the message alive. */
uint32_t table_open_attachments(struct logon *logon, struct message *message, uint8_t flags, struct table **ret_table);
void table_close(struct logon *logon, struct table *table); /* as message_close; ends its notifications */
enum table_kind table_kind(const struct table *table);
uint64_t table_folder_id(const struct table *table);

/* EC_INVALID_PARAMETER for a type that is none (R435); the old columns are gone then (R429). */
uint32_t table_set_columns(struct table *table, const uint32_t *tags, uint32_t count);
const uint32_t *table_columns(const struct table *table, uint32_t *ret_count); /* NULL while none are set */

struct table_sort_order {
    uint32_t tag;
    uint8_t order; /* 0 ascending, 1 descending, 4 maximum category */
};
/* Contents tables only: EC_NOT_SUPPORTED otherwise (R450), and for categories (category_count > 0), which are not built
 * yet. Bookmarks are gone and the position is the beginning (R439). At most SORT_ORDERS_MAX. */
uint32_t table_sort(struct logon *logon, struct table *table, const struct table_sort_order *orders, uint32_t count,
    uint32_t category_count, uint32_t expanded_count);
/* NULL removes the restriction. Copied. Bookmarks are gone and the position is the beginning (R453). EC_TOO_COMPLEX for one
 * beyond RESTRICTIONS_MAX or RESTRICTION_DEPTH_MAX. EC_NOT_SUPPORTED on attachment tables (R461). */
uint32_t table_restrict(struct logon *logon, struct table *table, const struct restriction *restriction);
/* Columns, sort order, restriction, bookmarks and position as after opening. Contents tables only (R566). */
uint32_t table_reset(struct table *table);

/* Gets one row: a value for each column, in order; the type is PTYP_ERROR_CODE where there is none. Values are valid
 * until the call returns. Returns false where the row could not be taken (no room): it is not passed then. */
typedef bool (*table_row_function)(void *context, const struct property_value *values, uint32_t count);

enum table_origin { TABLE_BEGINNING = 0x00, TABLE_CURRENT = 0x01, TABLE_END = 0x02, TABLE_CUSTOM = 0x03 };
/* Calls take_row for at most 'row_count' rows, from the position on. Backward: the row next to the position first, that is
 * against the table's order (the answer shows them in table order, R469: the caller turns them round). The position moves
 * over the rows taken unless no_advance (R470). EC_NULL_OBJECT without columns (R476), EC_BUFFER_TOO_SMALL where the first
 * row was refused (R466). ret_origin: TABLE_CURRENT, or where no rows are left TABLE_END / TABLE_BEGINNING (R725, R784).
 * The arena is used for the rows and may be reset by the caller afterwards. */
uint32_t table_query_rows(struct arena *arena, struct logon *logon, struct table *table, bool forward, bool no_advance,
    uint32_t row_count, table_row_function take_row, void *context, uint32_t *ret_taken, uint8_t *ret_origin);
/* EC_NULL_OBJECT without columns; numerator is the position, 0-based. */
uint32_t table_position(struct logon *logon, struct table *table, uint32_t *ret_numerator, uint32_t *ret_denominator);
/* Moves by rows; ret_moved the rows really passed (signed), ret_less whether the end stopped it. */
uint32_t table_seek(
    struct logon *logon, struct table *table, uint8_t origin, int32_t rows, int32_t *ret_moved, bool *ret_less);
uint32_t table_seek_fraction(struct logon *logon, struct table *table, uint32_t numerator, uint32_t denominator);
/* Bookmarks are short byte strings that name a row; valid after changes of the folder. EC_INVALID_BOOKMARK after
 * sort, restrict, reset, free, or for bytes never given. At most TABLE_BOOKMARKS_MAX. */
#define TABLE_BOOKMARKS_MAX 1024u
uint32_t table_create_bookmark(struct arena *arena, struct logon *logon, struct table *table, struct bytes *ret_bookmark);
uint32_t table_seek_bookmark(struct logon *logon, struct table *table, struct bytes bookmark, int32_t rows,
    int32_t *ret_moved, bool *ret_less, bool *ret_no_longer_visible);
uint32_t table_free_bookmark(struct table *table, struct bytes bookmark);
/* Finds the first row from 'origin' (TABLE_CUSTOM: the bookmark) that matches; the position is then at it, and take_row got
 * it (ret_taken false where it had no room: the answer goes without, R534). EC_NOT_FOUND otherwise; EC_NULL_OBJECT without
 * columns. */
uint32_t table_find_row(struct arena *arena, struct logon *logon, struct table *table, bool forward,
    const struct restriction *restriction, uint8_t origin, struct bytes bookmark, table_row_function take_row, void *context,
    bool *ret_taken, bool *ret_no_longer_visible);
/* Every property any row can have (RopQueryColumnsAll). */
uint32_t table_columns_all(
    struct arena *arena, struct logon *logon, struct table *table, uint32_t **ret_tags, uint32_t *ret_count);
/* Table notifications: from now on changes of its rows go to the sink under the target's handle. Does nothing for a table
 * opened with NO_NOTIFICATIONS and for attachment tables. table_close ends it. */
uint32_t table_subscribe(struct logon *logon, struct table *table, const struct notification_target *target);
