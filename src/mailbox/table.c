#include "mailbox/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mailbox/handles.h"
#include "mailbox/table_state.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

#define PAGE_ROWS 64u
#define BOOKMARK_SIZE 4u

/* ---- Opening ---- */

static struct table *table_new(const struct logon *logon, enum table_kind kind, uint64_t folder_id, uint8_t flags)
{
    struct table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    table->kind = kind;
    table->folder_id = folder_id;
    table->flags = flags;
    table->codepage = logon->codepage != 0 ? logon->codepage : 1252;
    table->position.place = STORE_PLACE_FIRST;
    table->next_bookmark = 1;
    return table;
}

static uint32_t open_on_folder(struct logon *logon, enum table_kind kind, uint64_t folder_id, uint8_t flags,
    struct table **ret_table, uint32_t *ret_row_count)
{
    struct arena arena = {0};
    struct store_folder folder;
    uint32_t error = mailbox_folder(logon->mailbox, &arena, folder_id, &folder);
    struct table *table = error == EC_SUCCESS ? table_new(logon, kind, folder_id, flags) : NULL;
    if (error == EC_SUCCESS && table == NULL)
        error = EC_OUT_OF_MEMORY;
    bool counted = error == EC_SUCCESS && (flags & TABLE_SOFT_DELETES) == 0;
    if (counted && kind == TABLE_CONTENTS)
        *ret_row_count = (flags & TABLE_ASSOCIATED) != 0 ? folder.counts.associated : folder.counts.content;
    else if (counted && (flags & TABLE_DEPTH) == 0)
        *ret_row_count = folder.counts.child_folders;
    else if (error == EC_SUCCESS) {
        struct table_access access;
        error = table_access_open(&arena, logon, table, &access);
        table->viewed = false;
        if (error == EC_SUCCESS)
            *ret_row_count = access.count;
    }
    arena_free(&arena);
    if (error != EC_SUCCESS) {
        table_close(logon, table);
        return error == EC_NOT_FOUND ? EC_OBJECT_DELETED : error;
    }
    *ret_table = table;
    return EC_SUCCESS;
}

uint32_t table_open_hierarchy(
    struct logon *logon, uint64_t folder_id, uint8_t flags, struct table **ret_table, uint32_t *ret_row_count)
{
    const uint8_t valid = TABLE_DEPTH | TABLE_DEFERRED_ERRORS | TABLE_NO_NOTIFICATIONS | TABLE_SOFT_DELETES | TABLE_UNICODE |
                          TABLE_CONVERSATION_MEMBERS;
    if ((flags & ~valid) != 0)
        return EC_NOT_SUPPORTED; /* MS-OXCFOLD R314 */
    return open_on_folder(logon, TABLE_HIERARCHY, folder_id, flags, ret_table, ret_row_count);
}

uint32_t table_open_contents(
    struct logon *logon, uint64_t folder_id, uint8_t flags, struct table **ret_table, uint32_t *ret_row_count)
{
    const uint8_t valid = TABLE_ASSOCIATED | TABLE_DEFERRED_ERRORS | TABLE_NO_NOTIFICATIONS | TABLE_SOFT_DELETES |
                          TABLE_UNICODE | TABLE_CONVERSATION_MEMBERS;
    if ((flags & ~valid) != 0)
        return EC_INVALID_PARAMETER; /* R330 */
    if ((flags & TABLE_CONVERSATION_MEMBERS) != 0)
        return EC_NOT_SUPPORTED;
    return open_on_folder(logon, TABLE_CONTENTS, folder_id, flags, ret_table, ret_row_count);
}

uint32_t table_open_attachments(struct logon *logon, struct message *message, uint8_t flags, struct table **ret_table)
{
    struct table *table = table_new(logon, TABLE_ATTACHMENTS, 0, flags);
    if (table == NULL)
        return EC_OUT_OF_MEMORY;
    table->message = message;
    table->codepage = message_codepage(message);
    message_reference(message);
    *ret_table = table;
    return EC_SUCCESS;
}

static void forget_bookmarks(struct table *table)
{
    for (uint32_t i = 0; i < table->bookmark_count; i++)
        table_position_free(&table->bookmarks[i].position);
    table->bookmark_count = 0;
}

static void forget_list(struct table *table)
{
    free(table->list.ids);
    table->list = (struct table_list){0};
}

void table_close(struct logon *logon, struct table *table)
{
    if (table == NULL)
        return;
    if (table->subscriptions != NULL)
        subscriptions_remove_table(table->subscriptions, table);
    forget_bookmarks(table);
    forget_list(table);
    table_position_free(&table->position);
    arena_free(&table->restriction_arena);
    message_close(logon, table->message);
    free(table->bookmarks);
    free(table->plan);
    free(table);
}

enum table_kind table_kind(const struct table *table)
{
    return table->kind;
}

uint64_t table_folder_id(const struct table *table)
{
    return table->folder_id;
}

/* ---- Columns, order, restriction ---- */

uint32_t table_set_columns(struct table *table, const uint32_t *tags, uint32_t count)
{
    free(table->plan);
    table->plan = NULL; /* R429 */
    if (count == 0 || count > COLUMNS_MAX)
        return EC_INVALID_PARAMETER;
    for (uint32_t i = 0; i < count; i++) {
        if (!value_type_is_column(PROPERTY_TYPE(tags[i])))
            return EC_INVALID_PARAMETER; /* R435 */
        if ((PROPERTY_TYPE(tags[i]) & PTYP_INSTANCE_FLAG) != 0)
            return EC_NOT_SUPPORTED; /* one row per value: not built yet */
    }
    table->plan = column_plan_new(table_row_kind(table), tags, count);
    return table->plan != NULL ? EC_SUCCESS : EC_OUT_OF_MEMORY;
}

const uint32_t *table_columns(const struct table *table, uint32_t *ret_count)
{
    *ret_count = table->plan != NULL ? table->plan->count : 0;
    return table->plan != NULL ? table->plan->tags : NULL;
}

static void to_beginning(struct table *table)
{
    forget_bookmarks(table);
    forget_list(table);
    table_set_position(table, (struct table_position){.place = STORE_PLACE_FIRST});
}

uint32_t table_sort(struct logon *logon, struct table *table, const struct table_sort_order *orders, uint32_t count,
    uint32_t category_count, uint32_t expanded_count)
{
    (void)logon;
    if (table->kind != TABLE_CONTENTS)
        return EC_NOT_SUPPORTED; /* R450 */
    if (category_count > count || expanded_count > category_count)
        return EC_INVALID_PARAMETER;
    if (category_count > 0)
        return EC_NOT_SUPPORTED; /* categories: not built yet */
    if (count > TABLE_SORT_COLUMNS_MAX)
        return EC_TOO_COMPLEX;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t type = PROPERTY_TYPE(orders[i].tag);
        if (!value_type_is_column(type) || orders[i].order > 1)
            return EC_INVALID_PARAMETER;
        if (value_type_is_multiple(type))
            return EC_NOT_SUPPORTED;
    }
    table->sort_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t tag = orders[i].tag;
        if (PROPERTY_TYPE(tag) == PTYP_STRING8)
            tag = PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING);
        table->sort[i] = (struct store_sort_column){.tag = tag, .descending = orders[i].order == 1};
    }
    to_beginning(table);
    return EC_SUCCESS;
}

uint32_t table_restrict(struct logon *logon, struct table *table, const struct restriction *restriction)
{
    (void)logon;
    if (table->kind == TABLE_ATTACHMENTS)
        return EC_NOT_SUPPORTED; /* R461 */
    struct arena arena = {0};
    const struct restriction *copy = NULL;
    uint32_t error = restriction != NULL ? restriction_copy(&arena, table->codepage, restriction, &copy) : EC_SUCCESS;
    if (error != EC_SUCCESS) {
        arena_free(&arena);
        return error; /* the old one stays (R457) */
    }
    arena_free(&table->restriction_arena);
    table->restriction_arena = arena;
    table->restriction = copy;
    to_beginning(table);
    return EC_SUCCESS;
}

uint32_t table_reset(struct table *table)
{
    if (table->kind != TABLE_CONTENTS)
        return EC_NOT_SUPPORTED; /* R566 */
    free(table->plan);
    table->plan = NULL;
    table->sort_count = 0;
    arena_free(&table->restriction_arena);
    table->restriction_arena = (struct arena){0};
    table->restriction = NULL;
    table->viewed = false;
    to_beginning(table);
    return EC_SUCCESS;
}

/* ---- Rows ---- */

/* Hands rows out until 'row_count', the end, or a refusal. */
struct reading_rows {
    struct table_access access;
    table_row_function take_row;
    void *context;
    struct property_value *values;
};

static uint32_t read_rows(struct reading_rows *reading, bool forward, uint32_t row_count, struct table_position *position,
    uint32_t *ret_taken, bool *ret_refused)
{
    struct table_access *access = &reading->access;
    uint32_t taken = 0, error = EC_SUCCESS;
    bool refused = false;
    while (error == EC_SUCCESS && taken < row_count && !refused) {
        struct table_row *rows;
        uint32_t count = 0, wanted = row_count - taken < PAGE_ROWS ? row_count - taken : PAGE_ROWS, used = 0;
        uint64_t rank = 0;
        error = table_fetch(access, position, !forward, wanted, false, &rows, &count);
        if (error == EC_SUCCESS && access->is_list)
            error = table_rank(access, position, &rank);
        if (error != EC_SUCCESS || count == 0)
            break;
        for (; used < count && !refused; used += !refused) {
            if (!row_values(&rows[used].row, access->table->plan, reading->values))
                return EC_OUT_OF_MEMORY;
            refused = !reading->take_row(reading->context, reading->values, access->table->plan->count);
        }
        taken += used;
        if (used > 0) {
            struct table_position next;
            uint64_t index = forward ? rank + used - 1 : rank - used;
            error = table_position_by(access, &rows[used - 1], forward, index, &next);
            if (error == EC_SUCCESS) {
                table_position_free(position);
                *position = next;
            }
        }
        if (count < wanted && access->is_list)
            break;
    }
    if (error == EC_SUCCESS) {
        *ret_taken = taken;
        *ret_refused = refused;
    }
    return error;
}

static uint32_t copy_position(const struct table_position *position, struct table_position *ret_position)
{
    struct table_position copy = *position;
    uint8_t *key = malloc(position->key.size > 0 ? position->key.size : 1);
    if (key == NULL)
        return EC_OUT_OF_MEMORY;
    if (position->key.size > 0)
        memcpy(key, position->key.data, position->key.size);
    copy.key = bytes_of(key, position->key.size);
    *ret_position = copy;
    return EC_SUCCESS;
}

uint32_t table_query_rows(struct arena *arena, struct logon *logon, struct table *table, bool forward, bool no_advance,
    uint32_t row_count, table_row_function take_row, void *context, uint32_t *ret_taken, uint8_t *ret_origin)
{
    if (table->plan == NULL)
        return EC_NULL_OBJECT; /* R476 */
    struct reading_rows reading = {
        .take_row = take_row, .context = context, .values = arena_array(arena, struct property_value, table->plan->count)};
    struct table_position position;
    uint32_t taken = 0;
    bool refused = false;
    if (reading.values == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = table_access_open(arena, logon, table, &reading.access);
    if (error == EC_SUCCESS)
        error = copy_position(&table->position, &position);
    if (error != EC_SUCCESS)
        return error;
    error = read_rows(&reading, forward, row_count, &position, &taken, &refused);
    if (error == EC_SUCCESS && refused && taken == 0)
        error = EC_BUFFER_TOO_SMALL; /* R466 */
    uint8_t origin = TABLE_CURRENT;
    if (error == EC_SUCCESS) { /* R725, R784 */
        struct table_row *rows;
        uint32_t more = 0;
        error = table_fetch(&reading.access, &position, !forward, 1, true, &rows, &more);
        if (more == 0)
            origin = forward ? TABLE_END : TABLE_BEGINNING;
    }
    if (error == EC_SUCCESS && !no_advance)
        table_set_position(table, position);
    else
        table_position_free(&position);
    if (error != EC_SUCCESS)
        return error;
    *ret_taken = taken;
    *ret_origin = origin;
    return EC_SUCCESS;
}

uint32_t table_position(struct logon *logon, struct table *table, uint32_t *ret_numerator, uint32_t *ret_denominator)
{
    struct arena arena = {0};
    struct table_access access;
    uint64_t rank = 0;
    uint32_t error = table_access_open(&arena, logon, table, &access);
    if (error == EC_SUCCESS)
        error = table_rank(&access, &table->position, &rank);
    arena_free(&arena);
    if (error != EC_SUCCESS)
        return error;
    *ret_numerator = (uint32_t)rank;
    *ret_denominator = access.count;
    return EC_SUCCESS;
}

/* ---- Seeking ---- */

static uint32_t seek_from(
    struct table_access *access, const struct table_position *from, int32_t rows, int32_t *ret_moved, bool *ret_less)
{
    struct table_position reached;
    int64_t moved = 0;
    uint32_t error = table_move(access, from, rows, &reached, &moved);
    if (error != EC_SUCCESS)
        return error;
    table_set_position(access->table, reached);
    *ret_moved = (int32_t)moved;
    *ret_less = moved != rows;
    return EC_SUCCESS;
}

static bool origin_position(struct table *table, uint8_t origin, struct table_position *ret_position)
{
    if (origin > TABLE_END)
        return false;
    static const enum store_place places[] = {
        [TABLE_BEGINNING] = STORE_PLACE_FIRST, [TABLE_CURRENT] = STORE_PLACE_FIRST, [TABLE_END] = STORE_PLACE_LAST};
    *ret_position = origin == TABLE_CURRENT ? table->position : (struct table_position){.place = places[origin]};
    return true;
}

uint32_t table_seek(
    struct logon *logon, struct table *table, uint8_t origin, int32_t rows, int32_t *ret_moved, bool *ret_less)
{
    struct arena arena = {0};
    struct table_access access;
    struct table_position from;
    if (origin > TABLE_END)
        return EC_INVALID_PARAMETER;
    uint32_t error = table_access_open(&arena, logon, table, &access);
    if (error == EC_SUCCESS && origin_position(table, origin, &from)) /* after opening: a new listing moves positions */
        error = seek_from(&access, &from, rows, ret_moved, ret_less);
    arena_free(&arena);
    return error;
}

uint32_t table_seek_fraction(struct logon *logon, struct table *table, uint32_t numerator, uint32_t denominator)
{
    if (denominator == 0)
        return EC_INVALID_PARAMETER;
    struct arena arena = {0};
    struct table_access access;
    uint32_t error = table_access_open(&arena, logon, table, &access);
    if (error == EC_SUCCESS) {
        struct table_position first = {.place = STORE_PLACE_FIRST}, reached = {.place = STORE_PLACE_LAST};
        int64_t moved = 0;
        if (numerator < denominator) /* R515 */
            error =
                table_move(&access, &first, (int64_t)((uint64_t)access.count * numerator / denominator), &reached, &moved);
        if (error == EC_SUCCESS)
            table_set_position(table, reached);
    }
    arena_free(&arena);
    return error;
}

/* ---- Bookmarks ---- */

uint32_t table_create_bookmark(struct arena *arena, struct logon *logon, struct table *table, struct bytes *ret_bookmark)
{
    struct table_access access;
    struct table_row *rows;
    struct table_position position = {.place = STORE_PLACE_LAST};
    uint32_t count = 0;
    uint64_t rank = 0;
    if (table->bookmark_count >= TABLE_BOOKMARKS_MAX)
        return EC_OUT_OF_RESOURCES;
    if (table->kind == TABLE_ATTACHMENTS)
        return EC_NOT_SUPPORTED; /* R529 */
    uint8_t *bytes = arena_allocate(arena, BOOKMARK_SIZE);
    uint32_t error = bytes == NULL ? EC_OUT_OF_MEMORY : table_access_open(arena, logon, table, &access);
    if (error == EC_SUCCESS)
        error = table_fetch(&access, &table->position, false, 1, true, &rows, &count);
    if (error == EC_SUCCESS && access.is_list)
        error = table_rank(&access, &table->position, &rank);
    if (error == EC_SUCCESS && count > 0)
        error = table_position_by(&access, &rows[0], false, rank, &position);
    if (error != EC_SUCCESS)
        return error;
    if (position.place == STORE_PLACE_FIRST && count > 0) { /* the row, not the beginning, is what it names */
        position.place = STORE_PLACE_BEFORE;
        position.id = rows[0].id;
    }
    if (table->bookmark_count == table->bookmark_capacity) {
        uint32_t capacity = table->bookmark_capacity == 0 ? 8 : table->bookmark_capacity * 2;
        struct table_bookmark *bookmarks = realloc(table->bookmarks, capacity * sizeof *bookmarks);
        if (bookmarks == NULL) {
            table_position_free(&position);
            return EC_OUT_OF_MEMORY;
        }
        table->bookmarks = bookmarks;
        table->bookmark_capacity = capacity;
    }
    table->bookmarks[table->bookmark_count++] =
        (struct table_bookmark){.number = table->next_bookmark, .position = position};
    store_u32(bytes, table->next_bookmark++);
    *ret_bookmark = bytes_of(bytes, BOOKMARK_SIZE);
    return EC_SUCCESS;
}

static struct table_bookmark *find_bookmark(struct table *table, struct bytes bookmark)
{
    for (uint32_t i = 0; bookmark.size == BOOKMARK_SIZE && i < table->bookmark_count; i++)
        if (table->bookmarks[i].number == load_u32(bookmark.data))
            return &table->bookmarks[i];
    return NULL;
}

uint32_t table_seek_bookmark(struct logon *logon, struct table *table, struct bytes bookmark, int32_t rows,
    int32_t *ret_moved, bool *ret_less, bool *ret_no_longer_visible)
{
    struct table_bookmark *found = find_bookmark(table, bookmark);
    if (found == NULL)
        return EC_INVALID_BOOKMARK; /* R505 */
    struct arena arena = {0};
    struct table_access access;
    struct table_position from = {0};
    bool gone = false;
    uint32_t error = table_access_open(&arena, logon, table, &access);
    if (error == EC_SUCCESS)
        error = table_find_bookmark(&access, found, &from, &gone);
    if (error == EC_SUCCESS)
        error = seek_from(&access, &from, rows, ret_moved, ret_less);
    table_position_free(&from);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_no_longer_visible = gone;
    return error;
}

uint32_t table_free_bookmark(struct table *table, struct bytes bookmark)
{
    struct table_bookmark *found = find_bookmark(table, bookmark);
    if (found == NULL)
        return EC_INVALID_BOOKMARK;
    table_position_free(&found->position);
    *found = table->bookmarks[--table->bookmark_count];
    return EC_SUCCESS;
}

/* ---- Finding ---- */

/* Looks through the rows from the position; *position is then before the found row. */
static uint32_t find_from(struct reading_rows *reading, bool forward, const struct restriction *restriction,
    struct table_position *position, bool *ret_taken)
{
    struct table_access *access = &reading->access;
    struct arena page_arena = {0};
    struct arena *outer = access->arena;
    uint32_t counted = 0, error = EC_SUCCESS;
    bool found = false;
    while (error == EC_SUCCESS && !found) {
        struct table_row *rows;
        uint32_t count = 0, at = 0;
        uint64_t rank = 0;
        arena_reset(&page_arena);
        access->arena = access->is_list && access->table->kind == TABLE_ATTACHMENTS ? outer : &page_arena;
        error = table_fetch(access, position, !forward, PAGE_ROWS, false, &rows, &count);
        if (error == EC_SUCCESS && access->is_list)
            error = table_rank(access, position, &rank);
        if (error == EC_SUCCESS && count == 0)
            error = EC_NOT_FOUND; /* R536 */
        while (error == EC_SUCCESS && at < count && !(found = restriction_matches(&rows[at].row, restriction, &counted)))
            at++;
        if (error != EC_SUCCESS)
            break;
        if (found) {
            if (!row_values(&rows[at].row, access->table->plan, reading->values))
                error = EC_OUT_OF_MEMORY;
            else
                *ret_taken = reading->take_row(reading->context, reading->values, access->table->plan->count);
        }
        struct table_position next;
        const struct table_row *row = &rows[found ? at : count - 1];
        uint64_t passed = found ? at : count - 1;
        if (error == EC_SUCCESS)
            error = table_position_by(access, row, !found && forward, forward ? rank + passed : rank - passed - 1, &next);
        if (error == EC_SUCCESS) {
            table_position_free(position);
            *position = next;
        }
    }
    access->arena = outer;
    arena_free(&page_arena);
    return error;
}

uint32_t table_find_row(struct arena *arena, struct logon *logon, struct table *table, bool forward,
    const struct restriction *restriction, uint8_t origin, struct bytes bookmark, table_row_function take_row, void *context,
    bool *ret_taken, bool *ret_no_longer_visible)
{
    if (table->plan == NULL)
        return EC_NULL_OBJECT;
    if (table->kind == TABLE_ATTACHMENTS)
        return EC_NOT_SUPPORTED; /* R544 */
    struct table_bookmark *named = origin == TABLE_CUSTOM ? find_bookmark(table, bookmark) : NULL;
    if (origin == TABLE_CUSTOM && named == NULL)
        return EC_INVALID_BOOKMARK;
    if (origin > TABLE_CUSTOM)
        return EC_INVALID_PARAMETER;
    struct reading_rows reading = {
        .take_row = take_row, .context = context, .values = arena_array(arena, struct property_value, table->plan->count)};
    const struct restriction *copy = NULL;
    struct table_position position = {0};
    bool gone = false, taken = false;
    uint32_t error = reading.values == NULL ? EC_OUT_OF_MEMORY : EC_SUCCESS;
    if (error == EC_SUCCESS && restriction != NULL)
        error = restriction_copy(arena, table->codepage, restriction, &copy);
    if (error == EC_SUCCESS)
        error = table_access_open(arena, logon, table, &reading.access);
    if (error == EC_SUCCESS && named != NULL) {
        error = table_find_bookmark(&reading.access, named, &position, &gone);
    } else if (error == EC_SUCCESS) {
        struct table_position from;
        if (origin_position(table, origin, &from))
            error = copy_position(&from, &position);
    }
    if (error == EC_SUCCESS)
        error = find_from(&reading, forward, copy, &position, &taken);
    if (error != EC_SUCCESS) {
        table_position_free(&position);
        return error;
    }
    table_set_position(table, position);
    *ret_taken = taken;
    *ret_no_longer_visible = gone;
    return EC_SUCCESS;
}

/* ---- Notifications ---- */

uint32_t table_subscribe(struct logon *logon, struct table *table, const struct notification_target *target)
{
    struct subscriptions *subscriptions = logon->mailbox->subscriptions;
    if (subscriptions == NULL || table->kind == TABLE_ATTACHMENTS || (table->flags & TABLE_NO_NOTIFICATIONS) != 0 ||
        table->subscriptions != NULL)
        return EC_SUCCESS;
    uint32_t error = subscriptions_add_table(subscriptions, target, table);
    if (error == EC_SUCCESS)
        table->subscriptions = subscriptions;
    return error;
}
