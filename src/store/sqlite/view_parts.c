/* Positions in views: how many rows stand before one, and the row so many further.
 *
 * Small views are counted row by row. A large one, when first asked, is divided into parts of about PART_ROWS rows, each
 * kept with its number of rows; from then on a position costs the sum of the parts before it and the rows of its own part
 * (about 0.1 ms in a million rows instead of 40). A part holds the rows above its bound, up to the next part's bound. */
#include <string.h>

#include "store/sqlite/views.h"

#define PART_ROWS 1024u
#define COUNTED_FROM 8192u /* rows */

struct part {
    struct view_bound bound; /* the key in the arena */
    uint64_t row_count;
};

static enum store_status read_part(struct arena *arena, sqlite3_stmt *prepared, struct part *ret_part)
{
    struct part part = {.bound.message_id = sqlite3_column_int64(prepared, 1),
        .row_count = (uint64_t)sqlite3_column_int64(prepared, 2)};
    if (!column_bytes(arena, prepared, 0, &part.bound.key))
        return STORE_NO_MEMORY;
    *ret_part = part;
    return STORE_OK;
}

/* The part that the row (or the rows just below a bound) belongs to: the last with a lower bound. */
static enum store_status find_part(struct arena *arena, struct sqlite_mailbox *mailbox, uint64_t view_id,
    struct view_bound bound, struct part *ret_part)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_PART_OF, &status, "ibi", view_id, bound.key,
        bound.message_id);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    status = read_part(arena, prepared, ret_part);
    sqlite3_reset(prepared);
    return status;
}

static enum store_status put_part(struct sqlite_mailbox *mailbox, uint64_t view_id, struct view_bound bound, uint64_t rows)
{
    return statement_execute(mailbox, STATEMENT_VIEW_PART_SET, "ibii", view_id, bound.key, bound.message_id, rows);
}

/* The row 'rows' (from 1 on) above or below a bound; *ret_found false when there are fewer. */
static enum store_status skip(struct arena *arena, struct sqlite_mailbox *mailbox, uint64_t view_id, bool forward,
    struct view_bound bound, uint64_t rows, struct view_bound *ret_row, bool *ret_found)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, forward ? STATEMENT_VIEW_SKIP : STATEMENT_VIEW_SKIP_BACKWARD, &status,
        "ibii", view_id, bound.key, bound.message_id, rows - 1);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK)
        return status;
    if (row) {
        ret_row->message_id = sqlite3_column_int64(prepared, 0);
        if (!column_bytes(arena, prepared, 1, &ret_row->key))
            status = STORE_NO_MEMORY;
        sqlite3_reset(prepared);
    }
    *ret_found = row;
    return status;
}

enum store_status view_parts_change(struct sqlite_mailbox *mailbox, uint64_t view_id, struct bytes key, uint64_t message_id,
    int64_t difference)
{
    struct arena arena = {0};
    struct part part;
    struct view_bound split, row = {key, (int64_t)message_id};
    bool found = false;
    enum store_status status = find_part(&arena, mailbox, view_id, row, &part);
    if (status == STORE_NOT_FOUND)
        status = STORE_CORRUPT; /* the first part begins before all rows */
    if (status == STORE_OK) {
        part.row_count += (uint64_t)difference;
        if (part.row_count > 2 * PART_ROWS)
            status = skip(&arena, mailbox, view_id, true, part.bound, PART_ROWS, &split, &found);
    }
    if (status == STORE_OK && found)
        status = put_part(mailbox, view_id, split, part.row_count - PART_ROWS);
    if (status == STORE_OK)
        status = put_part(mailbox, view_id, part.bound, found ? PART_ROWS : part.row_count);
    arena_free(&arena);
    return status;
}

/* Divides a view. */
static enum store_status divide(struct sqlite_mailbox *mailbox, uint64_t view_id)
{
    struct arena arena = {0};
    struct view_bound bound = VIEW_BOUND_FIRST, next;
    bool found = true;
    enum store_status status = STORE_OK;
    while (status == STORE_OK && found) {
        uint64_t rest = 0;
        status = skip(&arena, mailbox, view_id, true, bound, PART_ROWS, &next, &found);
        if (status == STORE_OK && !found)
            status = statement_number(mailbox, STATEMENT_VIEW_COUNT_AFTER, &rest, "ibi", view_id, bound.key,
                bound.message_id);
        if (status == STORE_OK)
            status = put_part(mailbox, view_id, bound, found ? PART_ROWS : rest);
        bound = next;
    }
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_VIEW_COUNTED, "i", view_id);
    views_forget(mailbox);
    arena_free(&arena);
    return status;
}

/* Whether the view has parts; a large one gets them now. */
static enum store_status is_counted(struct sqlite_mailbox *mailbox, uint64_t view_id, bool *ret_counted)
{
    struct view_state state;
    uint64_t count = 0;
    bool own;
    enum store_status status = view_load(mailbox, view_id, &state);
    if (status == STORE_NOT_FOUND || (status == STORE_OK && (state.view.counted || !state.complete))) {
        *ret_counted = status == STORE_OK && state.view.counted;
        return STORE_OK;
    }
    if (status == STORE_OK)
        status = view_count_messages(mailbox, state.folder_id, state.kind, &count);
    if (status == STORE_OK && count >= COUNTED_FROM && (status = write_enter(mailbox, &own)) == STORE_OK)
        status = write_leave(mailbox, own, divide(mailbox, view_id));
    if (status == STORE_OK)
        *ret_counted = count >= COUNTED_FROM;
    return status;
}

/* Rows below the bound. */
static enum store_status count_below(struct sqlite_mailbox *mailbox, uint64_t view_id, struct view_bound bound,
    bool counted, uint64_t *ret_count)
{
    struct arena arena = {0};
    struct part part = {.bound = VIEW_BOUND_FIRST};
    uint64_t before = 0, inside = 0;
    enum store_status status = STORE_OK;
    if (counted) {
        status = find_part(&arena, mailbox, view_id, bound, &part);
        if (status == STORE_NOT_FOUND) /* the bound is the beginning */
            status = STORE_OK;
        else if (status == STORE_OK)
            status = statement_number(mailbox, STATEMENT_VIEW_PARTS_SUM, &before, "ibi", view_id, part.bound.key,
                part.bound.message_id);
    }
    if (status == STORE_OK)
        status = statement_number(mailbox, STATEMENT_VIEW_COUNT_BETWEEN, &inside, "ibibi", view_id, part.bound.key,
            part.bound.message_id, bound.key, bound.message_id);
    if (status == STORE_OK)
        *ret_count = before + inside;
    arena_free(&arena);
    return status;
}

enum store_status sqlite_view_rank(struct store_mailbox *base, uint64_t view_id, const struct store_position *position,
    uint64_t *ret_rows_before)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool counted;
    if (position->place == STORE_PLACE_FIRST) {
        *ret_rows_before = 0;
        return STORE_OK;
    }
    enum store_status status = is_counted(mailbox, view_id, &counted);
    if (status == STORE_OK)
        status = count_below(mailbox, view_id, view_bound_of(position, false), counted, ret_rows_before);
    return status;
}

/* The row with 'number' (from 1 on) of a view that has parts; *ret_rows: how many there are when that is not one. */
static enum store_status row_of_number(struct arena *arena, struct sqlite_mailbox *mailbox, uint64_t view_id,
    uint64_t number, struct view_bound *ret_row, bool *ret_found, uint64_t *ret_rows)
{
    struct part part = {{{0}}};
    uint64_t before = 0;
    enum store_status status;
    bool row = true, found = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_PARTS, &status, "i", view_id);
    while (prepared && status == STORE_OK && row && !found) {
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        uint64_t rows = (uint64_t)sqlite3_column_int64(prepared, 2);
        found = before + rows >= number;
        if (!found)
            before += rows;
        else
            status = read_part(arena, prepared, &part);
    }
    if (row && prepared)
        sqlite3_reset(prepared);
    if (status == STORE_OK && found)
        status = skip(arena, mailbox, view_id, true, part.bound, number - before, ret_row, &found);
    *ret_found = found;
    *ret_rows = before;
    return status;
}

/* As move_by_rows, over the parts. */
static enum store_status move_by_parts(struct arena *arena, struct sqlite_mailbox *mailbox, uint64_t view_id,
    const struct store_position *from, bool forward, uint64_t wanted, struct view_bound *ret_row, bool *ret_found,
    uint64_t *ret_moved)
{
    uint64_t rank, rows = 0;
    bool found = false;
    enum store_status status = count_below(mailbox, view_id, view_bound_of(from, false), true, &rank);
    if (status != STORE_OK)
        return status;
    if (forward)
        status = row_of_number(arena, mailbox, view_id, rank + wanted, ret_row, &found, &rows);
    else if (wanted <= rank) /* before that row, rank - wanted others stand */
        status = row_of_number(arena, mailbox, view_id, rank - wanted + 1, ret_row, &found, &rows);
    *ret_moved = found ? wanted : forward ? rows - rank : rank;
    *ret_found = found;
    return status;
}

static enum store_status move_by_rows(struct arena *arena, struct sqlite_mailbox *mailbox, uint64_t view_id,
    const struct store_position *from, bool forward, uint64_t wanted, struct view_bound *ret_row, bool *ret_found,
    uint64_t *ret_moved)
{
    struct view_bound bound = view_bound_of(from, forward);
    *ret_moved = wanted;
    enum store_status status = skip(arena, mailbox, view_id, forward, bound, wanted, ret_row, ret_found);
    if (status != STORE_OK || *ret_found)
        return status;
    return statement_number(mailbox, forward ? STATEMENT_VIEW_COUNT_AFTER : STATEMENT_VIEW_COUNT_BEFORE, ret_moved, "ibi",
        view_id, bound.key, bound.message_id);
}

enum store_status sqlite_view_move(struct store_mailbox *base, struct arena *arena, uint64_t view_id,
    const struct store_position *from, int64_t rows, struct store_position *ret_position, uint64_t *ret_moved)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool forward = rows > 0, found = false, counted = false;
    uint64_t wanted = rows < 0 ? 0 - (uint64_t)rows : (uint64_t)rows, moved = 0;
    struct view_bound row = VIEW_BOUND_FIRST;
    struct store_position position = *from;
    enum store_status status = wanted > PART_ROWS ? is_counted(mailbox, view_id, &counted) : STORE_OK;
    if (status == STORE_OK && wanted)
        status = (counted ? move_by_parts : move_by_rows)(arena, mailbox, view_id, from, forward, wanted, &row, &found, &moved);
    if (status != STORE_OK)
        return status;
    if (found)
        position = (struct store_position){forward ? STORE_PLACE_AFTER : STORE_PLACE_BEFORE, row.key, (uint64_t)row.message_id};
    else if (wanted)
        position = (struct store_position){.place = forward ? STORE_PLACE_LAST : STORE_PLACE_FIRST};
    *ret_position = position;
    *ret_moved = moved;
    return STORE_OK;
}
