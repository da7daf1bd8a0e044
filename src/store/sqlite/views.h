/* What the files about views share: views.c (which there are, kept up to date), view_pages.c (reading), view_parts.c
 * (positions in large views). */
#pragma once
#include "store/sqlite/internal.h"

struct view {
    uint64_t view_id;
    bool counted; /* has parts */
    uint32_t column_count;
    struct store_sort_column columns[STORE_SORT_COLUMNS_MAX];
};
/* What is known of a view by its id. */
struct view_state {
    struct view view;
    uint64_t folder_id;
    enum store_message_kind kind;
    bool complete;
    uint64_t built_change_number, built_message_id;
};
enum store_status view_load(struct sqlite_mailbox *mailbox, uint64_t view_id, struct view_state *ret_state);
/* How many messages of that kind the folder has. Empties the scratch arena. */
enum store_status view_count_messages(struct sqlite_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    uint64_t *ret_count);
/* Appends the message's key to 'key'. */
enum store_status view_make_key(struct sqlite_mailbox *mailbox, const struct view *view,
    const struct store_message *message, struct buffer *key);

/* A bound between rows: those above it follow, those below it come before. */
struct view_bound {
    struct bytes key;
    int64_t message_id;
};
#define VIEW_BOUND_FIRST ((struct view_bound){BYTES_NONE, INT64_MIN})
/* 'after': the rows above the bound are those behind the position; otherwise the rows below it are those before. */
struct view_bound view_bound_of(const struct store_position *position, bool after);

/* A row came (difference 1) or went (-1) in a view that has parts. */
enum store_status view_parts_change(struct sqlite_mailbox *mailbox, uint64_t view_id, struct bytes key, uint64_t message_id,
    int64_t difference);
