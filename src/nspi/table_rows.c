#include "nspi/table.h"
#include "protocol/property_tags.h"

/* Requests that give rows of tables: QueryRows, SeekEntries, ResolveNames. */

#define SEEK_ROWS 50u /* rows that SeekEntries gives from where it found the name; the client asks QueryRows for more */

/* Rows of an explicit table, from its beginning; a client's position stays as it was. */
static uint32_t query_explicit(struct nspi_call *call, const struct nspi_query_rows_request *request, struct nspi_rows *rows,
                               struct stat *stat)
{
    uint32_t count = request->explicit_table_count < request->row_count ? request->explicit_table_count : request->row_count;
    const uint32_t *indexes = nspi_indexes_of(call, count, request->explicit_table);
    if (!indexes)
        return EC_NOT_ENOUGH_MEMORY;
    stat->delta = 0;
    return nspi_rows_make(call, stat, request->flags & NSPI_EPHEMERAL_IDS, count, indexes, rows);
}

static uint32_t query_container(struct nspi_call *call, const struct nspi_query_rows_request *request, struct nspi_rows *rows,
                                struct stat *stat)
{
    struct nspi_table table;
    uint32_t initial, row;
    uint32_t error = nspi_table_open(call, stat, &table);
    if (error == EC_SUCCESS)
        error = nspi_table_locate(call, &table, stat, false, &initial, &row);
    if (error != EC_SUCCESS)
        return error;
    uint32_t rest = table.list.count - row;
    error = nspi_rows_make(call, stat, request->flags & NSPI_EPHEMERAL_IDS,
                           rest < request->row_count ? rest : request->row_count, table.list.indexes + row, rows);
    if (error == EC_SUCCESS)
        nspi_table_report(call, &table, row + rows->row_count, stat);
    return error;
}

uint32_t nspi_query_rows(struct nspi_call *call, const struct nspi_query_rows_request *request,
                         struct nspi_query_rows_success *ret_answer)
{
    struct nspi_rows rows;
    if (!request->has_state || !request->row_count)
        return EC_INVALID_PARAMETER;
    struct stat stat = request->state;
    uint32_t error = nspi_check_code_page(&stat);
    if (error == EC_SUCCESS)
        error = nspi_rows_columns(request->has_columns, request->column_count, request->columns, &rows);
    if (error == EC_SUCCESS)
        error = request->explicit_table_count ? query_explicit(call, request, &rows, &stat)
                                              : query_container(call, request, &rows, &stat);
    if (error != EC_SUCCESS)
        return error;
    ret_answer->has_state = true;
    ret_answer->state = stat;
    ret_answer->has_columns_and_rows = true;
    ret_answer->column_count = rows.column_count;
    ret_answer->columns = rows.columns;
    ret_answer->row_count = rows.row_count;
    ret_answer->rows = rows.rows;
    return EC_SUCCESS;
}

/* The table in which a name is sought: a container, or the entries of an explicit table that still exist, each with its place
 * there. */
struct sought_table {
    struct nspi_table table;
    const uint32_t *places; /* NULL: a container's, where they are 0, 1, 2 ... */
    uint32_t total;
};

static uint32_t open_sought(struct nspi_call *call, const struct nspi_seek_entries_request *request,
                            struct sought_table *ret_sought)
{
    struct sought_table sought;
    uint32_t error = nspi_table_open(call, &request->state, &sought.table);
    if (error != EC_SUCCESS)
        return error;
    sought.places = NULL;
    sought.total = sought.table.list.count;
    if (request->has_explicit_table) {
        uint32_t *indexes = nspi_indexes_of(call, request->minimal_id_count, request->minimal_ids), count = 0;
        uint32_t *places = arena_array(call->arena, uint32_t, request->minimal_id_count + 1);
        if (!indexes || !places)
            return EC_NOT_ENOUGH_MEMORY;
        for (uint32_t i = 0; i < request->minimal_id_count; i++) {
            if (indexes[i] == ADDRESS_BOOK_NONE)
                continue;
            places[count] = i;
            indexes[count++] = indexes[i];
        }
        sought.places = places;
        sought.table.list = (struct address_book_list){count, indexes};
        sought.total = request->minimal_id_count;
    }
    *ret_sought = sought;
    return EC_SUCCESS;
}

/* What QueryRows would give from there (MS-OXNSPI R1695, R1755): a page of the container from the position that the STAT now
 * names, or all that is left of the explicit table. */
static uint32_t give_sought_rows(struct nspi_call *call, const struct nspi_seek_entries_request *request,
                                 const struct sought_table *sought, const struct stat *stat, struct nspi_rows *rows)
{
    uint32_t initial, row, count;
    const uint32_t *indexes;
    if (sought->places) {
        count = sought->total - stat->num_pos;
        indexes = nspi_indexes_of(call, count, request->minimal_ids + stat->num_pos);
        if (!indexes)
            return EC_NOT_ENOUGH_MEMORY;
    } else {
        uint32_t error = nspi_table_locate(call, &sought->table, stat, false, &initial, &row);
        if (error != EC_SUCCESS)
            return error;
        count = sought->total - row < SEEK_ROWS ? sought->total - row : SEEK_ROWS;
        indexes = sought->table.list.indexes + row;
    }
    return nspi_rows_make(call, stat, NSPI_EPHEMERAL_IDS, count, indexes, rows);
}

/* The name that is sought, in UTF-8; NULL for a target that is no display name. */
static const char *target_name(struct nspi_call *call, const struct nspi_seek_entries_request *request)
{
    struct nspi_view view = nspi_view_of(&request->state, 0);
    if (!request->has_target || PROPERTY_ID(request->target.tag) != PROPERTY_ID(PID_TAG_DISPLAY_NAME))
        return NULL;
    return nspi_value_text(call, &view, &request->target);
}

uint32_t nspi_seek_entries(struct nspi_call *call, const struct nspi_seek_entries_request *request,
                           struct nspi_seek_entries_success *ret_answer)
{
    struct sought_table sought;
    struct nspi_rows rows = {0};
    if (!request->has_state)
        return EC_INVALID_PARAMETER;
    struct stat stat = request->state;
    if (address_book_find_container(call->book, stat.container_id) == ADDRESS_BOOK_NONE)
        return EC_INVALID_BOOKMARK;
    const char *name = target_name(call, request);
    if (stat.sort_type != NSPI_SORT_DISPLAY_NAME || !name)
        return EC_GENERAL_FAILURE;
    uint32_t error = nspi_check_code_page(&stat);
    if (error == EC_SUCCESS)
        error = nspi_rows_columns(request->has_columns, request->column_count, request->columns, &rows);
    if (error == EC_SUCCESS)
        error = open_sought(call, request, &sought);
    if (error != EC_SUCCESS)
        return error;
    const struct nspi_table *table = &sought.table;
    uint32_t row = address_book_seek_in(call->book, table->list, table->sort, table->lcid, name);
    if (row >= table->list.count)
        return EC_NOT_FOUND;
    stat.current_rec = address_book_entry(call->book, table->list.indexes[row])->number;
    stat.num_pos = sought.places ? sought.places[row] : row;
    stat.total_recs = sought.total;
    if (request->has_columns && (error = give_sought_rows(call, request, &sought, &stat, &rows)) != EC_SUCCESS)
        return error;
    ret_answer->has_state = true;
    ret_answer->state = stat;
    ret_answer->has_columns_and_rows = request->has_columns;
    ret_answer->column_count = rows.column_count;
    ret_answer->columns = rows.columns;
    ret_answer->row_count = rows.row_count;
    ret_answer->rows = rows.rows;
    return EC_SUCCESS;
}
