/* Reading views: pages of rows from a position, and the key of one message. */
#include <string.h>

#include "store/sqlite/views.h"

/* The first column of a view is ascending, so that every key begins with 0 or 1. */
static const uint8_t behind_all_keys[] = {0xFF};

struct view_bound view_bound_of(const struct store_position *position, bool after)
{
    struct view_bound bound = {position->key, (int64_t)position->message_id};
    switch (position->place) {
    case STORE_PLACE_FIRST: return VIEW_BOUND_FIRST;
    case STORE_PLACE_LAST: return (struct view_bound){{behind_all_keys, sizeof(behind_all_keys)}, INT64_MAX};
    case STORE_PLACE_BEFORE: bound.message_id -= after; break;
    case STORE_PLACE_AFTER: bound.message_id += !after; break;
    }
    return bound;
}

static enum store_status read_keys(struct arena *arena, struct sqlite_mailbox *mailbox, sqlite3_stmt *prepared,
    uint32_t rows_max, const struct store_message **ret_rows, uint32_t *ret_count)
{
    uint32_t count = 0, capacity = rows_max < 256 ? rows_max : 256;
    struct store_message *rows = arena_array(arena, struct store_message, capacity);
    enum store_status status = rows ? STORE_OK : STORE_NO_MEMORY;
    bool row = true;
    while (status == STORE_OK) {
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        if (count == capacity) {
            struct store_message *more = arena_array(arena, struct store_message, capacity *= 4);
            if (more)
                memcpy(more, rows, count * sizeof(*rows));
            rows = more;
        }
        if (!rows || !column_bytes(arena, prepared, 1, &rows[count].key))
            status = STORE_NO_MEMORY;
        else
            rows[count++].message_id = (uint64_t)sqlite3_column_int64(prepared, 0);
    }
    if (status != STORE_OK) {
        sqlite3_reset(prepared);
        return status;
    }
    *ret_rows = rows;
    *ret_count = count;
    return STORE_OK;
}

enum store_status sqlite_view_page(struct store_mailbox *base, struct arena *arena, const struct store_page_request *request,
    const struct store_message **ret_rows, uint32_t *ret_count, bool *ret_end)
{
    static const enum statement_id how[2][2] = {{STATEMENT_VIEW_PAGE, STATEMENT_VIEW_PAGE_BACKWARD},
        {STATEMENT_VIEW_KEYS, STATEMENT_VIEW_KEYS_BACKWARD}};
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    enum store_status status;
    struct view_bound bound = view_bound_of(&request->from, !request->backward);
    bool end;
    sqlite3_stmt *prepared = statement_bound(mailbox, how[request->ids_only][request->backward], &status, "ibii",
        request->view_id, bound.key, bound.message_id, (int64_t)request->rows_max);
    if (!prepared)
        return status;
    if (request->ids_only) {
        status = read_keys(arena, mailbox, prepared, request->rows_max, ret_rows, ret_count);
        end = status == STORE_OK && *ret_count < request->rows_max;
    } else {
        status = message_rows(arena, mailbox, prepared,
            (struct message_row_limits){.has_key = true, .size_max = request->size_max}, ret_rows, ret_count, &end);
        end = end && status == STORE_OK && *ret_count < request->rows_max;
    }
    if (status == STORE_OK)
        *ret_end = end;
    return status;
}

enum store_status sqlite_view_find(struct store_mailbox *base, struct arena *arena, uint64_t view_id, uint64_t message_id,
    struct bytes *ret_key)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct view_state state;
    struct store_message message;
    bool row = false;
    arena_reset(&mailbox->scratch);
    enum store_status status = view_load(mailbox, view_id, &state);
    if (status == STORE_OK)
        status = message_load(mailbox, &mailbox->scratch, message_id, &message);
    buffer_clear(&mailbox->key);
    if (status == STORE_OK)
        status = view_make_key(mailbox, &state.view, &message, &mailbox->key);
    if (status != STORE_OK)
        return status;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_ROW_FIND, &status, "ibi", view_id,
        buffer_bytes(&mailbox->key), message_id);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    sqlite3_reset(prepared);
    struct bytes key = arena_bytes(arena, buffer_bytes(&mailbox->key));
    if (!key.data)
        return STORE_NO_MEMORY;
    *ret_key = key;
    return STORE_OK;
}
