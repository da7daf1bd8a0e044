#include "client/error.h"
#include "base/limits.h"
#include "client/property.h"
#include "client/session.h"
#include "protocol/property_tags.h"
#include <mapihttp/table.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_PER_REQUEST 1000u

struct mapihttp_table {
    struct mapihttp_session *session;
    struct arena arena;           /* the query */
    uint64_t folder_id;
    bool associated;
    uint32_t *columns;            /* the message id first */
    uint32_t column_count;
    struct sort_order *sorts;
    uint32_t sort_count;
    const struct restriction *restriction;
    uint32_t row_count;
    /* at the server */
    uint64_t generation;          /* of the context that has the handles */
    uint32_t folder, table;
    uint32_t position;            /* rows read so far */
    /* one page of rows */
    struct arena page;
    struct mapihttp_row *rows;
    uint32_t page_count, next;
    bool finished;
};

static bool make_condition(struct arena *arena, const struct mapihttp_condition *condition, struct restriction *ret)
{
    struct property_value value = {.tag = condition->value.tag};
    bool by_value = condition->relation <= MAPIHTTP_STARTS_WITH;
    if (by_value && !property_from_public(arena, &condition->value, &value))
        return false;
    switch (condition->relation) {
    case MAPIHTTP_EXISTS:
        *ret = (struct restriction){.type = RESTRICTION_TYPE_EXIST, .exist = {.property_tag = value.tag}};
        return true;
    case MAPIHTTP_BITS_SET:
    case MAPIHTTP_BITS_CLEAR:
        *ret = (struct restriction){.type = RESTRICTION_TYPE_BITMASK,
                                    .bitmask = {.bitmap_operator = condition->relation == MAPIHTTP_BITS_SET ? BITMAP_OPERATOR_NOT_EQUAL_TO_ZERO : BITMAP_OPERATOR_EQUAL_TO_ZERO,
                                                .property_tag = value.tag, .mask = (uint32_t)condition->value.integer32}};
        return true;
    case MAPIHTTP_CONTAINS:
    case MAPIHTTP_STARTS_WITH:
        *ret = (struct restriction){.type = RESTRICTION_TYPE_CONTENT,
                                    .content = {.fuzzy_level_low = condition->relation == MAPIHTTP_CONTAINS ? FUZZY_LEVEL_LOW_SUBSTRING : FUZZY_LEVEL_LOW_PREFIX,
                                                .fuzzy_level_high = FUZZY_LEVEL_HIGH_IGNORE_CASE, .property_tag = value.tag, .value = value}};
        return true;
    default: /* the relations of the header stand in the order of MS-OXCDATA 2.12.5.1 */
        *ret = (struct restriction){.type = RESTRICTION_TYPE_PROPERTY,
                                    .property = {.relational_operator = (uint8_t)condition->relation, .property_tag = value.tag, .value = value}};
        return true;
    }
}

static bool make_restriction(struct mapihttp_table *table, const struct mapihttp_query *query)
{
    if (!query->condition_count)
        return true;
    struct restriction *all = arena_array(&table->arena, struct restriction, query->condition_count + 1);
    if (!all)
        return false;
    for (size_t i = 0; i < query->condition_count; i++)
        if (!make_condition(&table->arena, &query->conditions[i], &all[i + 1]))
            return false;
    all[0] = (struct restriction){.type = RESTRICTION_TYPE_AND, .count = (uint32_t)query->condition_count, .restrictions = all + 1};
    table->restriction = query->condition_count == 1 ? &all[1] : &all[0];
    return true;
}

static bool make_query(struct mapihttp_table *table, const struct mapihttp_query *query)
{
    table->associated = query->associated;
    table->column_count = (uint32_t)query->column_count + 1;
    table->columns = arena_array(&table->arena, uint32_t, table->column_count);
    table->sorts = arena_array(&table->arena, struct sort_order, query->sort_count + 1);
    if (!table->columns || !table->sorts)
        return false;
    table->columns[0] = PID_TAG_MID;
    for (size_t i = 0; i < query->column_count; i++)
        table->columns[i + 1] = query->columns[i];
    for (size_t i = 0; i < query->sort_count; i++)
        table->sorts[i] = (struct sort_order){.property_tag = query->sorts[i].tag,
                                              .order = query->sorts[i].descending ? SORT_ORDER_KIND_DESCENDING : SORT_ORDER_KIND_ASCENDING};
    table->sort_count = (uint32_t)query->sort_count;
    return make_restriction(table, query);
}

static enum mapihttp_status take_rows(struct mapihttp_table *table, struct rop_batch *batch, uint32_t asked, struct mapihttp_error *error);

/* Opens the table and reads the first page, both in one request. */
static enum mapihttp_status open_table(struct mapihttp_table *table, struct mapihttp_error *error)
{
    struct mapihttp_session *session = table->session;
    struct rop_batch batch = {.chain = true};
    struct rop_query_rows_request query = {.forward_read = 1, .row_count = ROWS_PER_REQUEST};
    struct rop_open_folder_request open = {.folder_id = table->folder_id};
    struct rop_get_contents_table_request contents = {.table_flags = TABLE_FLAGS_NO_NOTIFICATIONS | (table->associated ? TABLE_FLAGS_ASSOCIATED : 0)};
    struct rop_set_columns_request columns = {.property_tag_count = (uint16_t)table->column_count, .property_tags = table->columns};
    struct rop_sort_table_request sort = {.sort_order_count = (uint16_t)table->sort_count, .sort_orders = table->sorts};
    struct rop_restrict_request restrict_to = {.restriction_data = table->restriction};
    struct rop_seek_row_request seek = {.origin = BOOKMARK_BEGINNING, .row_count = (int32_t)table->position};
    struct rop_query_position_request where = {0};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), folder = rop_batch_output(&batch), handle = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_FOLDER, logon, folder, &open);
    uint32_t first = rop_batch_add(&batch, ROP_ID_GET_CONTENTS_TABLE, folder, handle, &contents);
    rop_batch_add(&batch, ROP_ID_SET_COLUMNS, handle, 0, &columns);
    if (table->sort_count)
        rop_batch_add(&batch, ROP_ID_SORT_TABLE, handle, 0, &sort);
    if (table->restriction)
        rop_batch_add(&batch, ROP_ID_RESTRICT, handle, 0, &restrict_to);
    uint32_t positioned = rop_batch_add(&batch, ROP_ID_QUERY_POSITION, handle, 0, &where);
    if (table->position)
        rop_batch_add(&batch, ROP_ID_SEEK_ROW, handle, 0, &seek);
    uint32_t asked = rop_batch_add(&batch, ROP_ID_QUERY_ROWS, handle, 0, &query); /* the last one: it may be chained */
    enum mapihttp_status status = session_execute_expect(session, &batch, opened, "open folder", error);
    for (uint32_t i = first; !status && i < batch.request_count; i++)
        status = rop_batch_expect(session, &batch, i, "contents table", error);
    if (!status) {
        const struct rop_query_position_success *position = rop_batch_success(&batch, positioned);
        if (position && !table->position)
            table->row_count = position->denominator;
        table->folder = rop_batch_handle(&batch, folder);
        table->table = rop_batch_handle(&batch, handle);
        table->generation = session->context.generation;
        status = take_rows(table, &batch, asked, error);
    }
    rop_batch_clear(&batch);
    return status;
}

static bool take_row(struct mapihttp_table *table, const struct property_row *from, struct mapihttp_row *row)
{
    struct mapihttp_property *properties = arena_array(&table->page, struct mapihttp_property, table->column_count);
    if (!properties || !from->count)
        return false;
    row->message_id = (uint64_t)from->values[0].integer64;
    row->property_count = table->column_count - 1;
    row->properties = properties;
    for (uint32_t i = 1; i < table->column_count; i++) {
        struct property_value value = i < from->count ? from->values[i] : (struct property_value){.tag = PTYP_UNSPECIFIED};
        if (PROPERTY_TYPE(value.tag) == PTYP_UNSPECIFIED) { /* there is none */
            value.tag = PROPERTY_TAG(PROPERTY_ID(table->columns[i]), PTYP_ERROR_CODE);
            value.error_code = 0x8004010F;
        }
        if (!property_to_public(&table->page, &value, &properties[i - 1]))
            return false;
    }
    return true;
}

/* Rows outlive the batch: copied by property_to_public for strings; binaries still point into the batch's arena, so that
 * goes to the page. */
static enum mapihttp_status take_rows(struct mapihttp_table *table, struct rop_batch *batch, uint32_t asked, struct mapihttp_error *error)
{
    uint32_t count = 0;
    bool at_end = false;
    for (uint32_t unit = 0; unit < batch->answer_count; unit++) {
        const struct rop_response *response = rop_batch_response_in(batch, unit, asked);
        const struct rop_query_rows_success *success = response && !response->return_value ? response->body : NULL;
        count += success ? success->row_count : 0;
        at_end = success && success->origin == BOOKMARK_END;
    }
    arena_free(&table->page);
    table->page = batch->arena;
    batch->arena = (struct arena){0};
    table->page_count = 0;
    table->next = 0;
    table->rows = arena_array(&table->page, struct mapihttp_row, count ? count : 1);
    if (!table->rows)
        return session_no_memory(error);
    for (uint32_t unit = 0; unit < batch->answer_count; unit++) {
        const struct rop_response *response = rop_batch_response_in(batch, unit, asked);
        const struct rop_query_rows_success *success = response && !response->return_value ? response->body : NULL;
        for (uint32_t i = 0; success && i < success->row_count; i++)
            if (!take_row(table, &success->row_data[i], &table->rows[table->page_count++]))
                return session_no_memory(error);
    }
    table->position += count;
    table->finished = !count || at_end;
    return MAPIHTTP_OK;
}

static enum mapihttp_status read_page(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct mapihttp_table *table = data;
    if (table->generation != session->context.generation) /* the first time, or the context is another one */
        return open_table(table, error);
    struct rop_batch batch = {.chain = true};
    struct rop_query_rows_request query = {.forward_read = 1, .row_count = ROWS_PER_REQUEST};
    uint32_t asked = rop_batch_add(&batch, ROP_ID_QUERY_ROWS, rop_batch_use(&batch, table->table), 0, &query);
    enum mapihttp_status status = session_execute_expect(session, &batch, asked, "rows", error);
    if (!status)
        status = take_rows(table, &batch, asked, error);
    rop_batch_clear(&batch);
    return status;
}

enum mapihttp_status mapihttp_table_open(struct mapihttp_session *session, uint64_t folder_id, const struct mapihttp_query *query,
                                         struct mapihttp_table **ret_table, struct mapihttp_error *ret_error)
{
    struct mapihttp_table *table = calloc(1, sizeof *table);
    if (!table)
        return session_no_memory(ret_error);
    table->session = session;
    table->folder_id = folder_id;
    table->folder = table->table = ROP_HANDLE_NONE;
    enum mapihttp_status status = MAPIHTTP_OK;
    if (query->column_count > COLUMNS_MAX / 2 || query->sort_count > SORT_ORDERS_MAX || query->condition_count > RESTRICTIONS_MAX / 2)
        status = error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "too many columns, sorts or conditions");
    else if (!make_query(table, query))
        status = error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "a condition that cannot be sent");
    if (!status) /* at once, so that a missing folder is told here */
        status = session_run(session, read_page, table, ret_error);
    if (status)
        mapihttp_table_close(table);
    else
        *ret_table = table;
    return status;
}

uint32_t mapihttp_table_row_count(const struct mapihttp_table *table)
{
    return table->row_count;
}

enum mapihttp_status mapihttp_table_next(struct mapihttp_table *table, const struct mapihttp_row **ret_row, struct mapihttp_error *ret_error)
{
    if (table->next == table->page_count && !table->finished) {
        enum mapihttp_status status = session_run(table->session, read_page, table, ret_error);
        if (status)
            return status;
    }
    *ret_row = table->next < table->page_count ? &table->rows[table->next++] : NULL;
    return MAPIHTTP_OK;
}

void mapihttp_table_close(struct mapihttp_table *table)
{
    if (!table)
        return;
    session_enter(table->session);
    uint32_t handles[2] = {table->table, table->folder};
    if (table->generation == table->session->context.generation && table->session->context.connected)
        session_release(table->session, handles, 2);
    session_leave(table->session);
    arena_free(&table->page);
    arena_free(&table->arena);
    free(table);
}
