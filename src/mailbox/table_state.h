/* What a session keeps of an open table, and how rows are reached. Internal to the mailbox layer.
 *
 * A contents table without a restriction reads the store's view of its order page by page: its first page costs the same
 * however large the folder is. With a restriction the ids of the matching rows are listed once, in the view's order, and
 * again when the folder has changed. Hierarchy and attachment tables are lists too. A position is a place in the order that
 * stays where it is when rows come and go: in a view a key, in a list an index that is found again after a new listing. */
#pragma once
#include "mailbox/restriction.h"
#include "mailbox/table.h"

#define TABLE_SORT_COLUMNS_MAX 16u

struct table_position {
    enum store_place place; /* in a list: FIRST, LAST, or BEFORE the row at 'index' */
    uint64_t id;            /* of the row it stands by: message, folder, attachment number */
    uint64_t index;         /* list */
    struct bytes key;       /* view order; owned */
};

struct table_bookmark {
    uint32_t number;
    struct table_position position; /* before its row */
};

struct table_list {
    bool valid;
    uint64_t generation; /* of the folder's content when it was made */
    uint64_t *ids;
    uint32_t count, capacity;
};

struct table {
    enum table_kind kind;
    uint64_t folder_id;
    uint8_t flags;
    uint32_t codepage;
    struct message *message; /* attachment tables; a reference */
    struct column_plan *plan;
    bool sort_failed, restriction_failed;
    uint32_t sort_count;
    struct store_sort_column sort[TABLE_SORT_COLUMNS_MAX];
    struct arena restriction_arena;
    const struct restriction *restriction;
    struct table_position position;
    struct table_list list;
    struct table_bookmark *bookmarks;
    uint32_t bookmark_count, bookmark_capacity, next_bookmark;
    bool viewed;                         /* rows were asked for: notifications go out from then on */
    struct subscriptions *subscriptions; /* where it is registered, NULL: nowhere */
};

/* Opens what a call needs of the store; to be called first by everything that reads rows. */
struct table_access {
    struct arena *arena;
    struct mailbox *mailbox;
    struct table *table;
    bool is_list;
    struct store_view view;
    const struct attachment_listed *attachments; /* attachment tables */
    uint32_t count;                              /* rows */
};
uint32_t table_access_open(struct arena *arena, struct logon *logon, struct table *table, struct table_access *ret_access);
/* The view below a contents table as if it had no restriction, without making its list anew. */
uint32_t table_access_open_view(
    struct arena *arena, struct mailbox *mailbox, struct table *table, struct table_access *ret_access);

/* A row as a page gives it. */
struct table_row {
    uint64_t id;
    struct bytes key;
    struct row row;
};
/* Up to 'max' rows from the position, nearest first; fewer only at the end. Rows point into the arena. */
uint32_t table_fetch(struct table_access *access, const struct table_position *from, bool backward, uint32_t max,
    bool ids_only, struct table_row **ret_rows, uint32_t *ret_count);
uint32_t table_rank(struct table_access *access, const struct table_position *position, uint64_t *ret_rank);
/* 'rows' further; *ret_position owns its key. */
uint32_t table_move(struct table_access *access, const struct table_position *from, int64_t rows,
    struct table_position *ret_position, int64_t *ret_moved);
/* Before or behind a row; owns its key. */
uint32_t table_position_by(const struct table_access *access, const struct table_row *row, bool behind, uint64_t index,
    struct table_position *ret_position);
/* Whether the row of a bookmark is still there; its place now, or the place where it was. */
uint32_t table_find_bookmark(
    struct table_access *access, const struct table_bookmark *bookmark, struct table_position *ret_position, bool *ret_gone);
void table_position_free(struct table_position *position);
void table_set_position(struct table *table, struct table_position position); /* takes it over */
enum row_kind table_row_kind(const struct table *table);
enum store_message_kind table_message_kind(const struct table *table);
