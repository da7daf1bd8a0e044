#include "nspi/table.h"

#include "base/text.h"
#include "protocol/error_code.h"

bool nspi_sort_of(uint32_t sort_type, enum address_book_sort *ret_sort)
{
    switch (sort_type) {
    case NSPI_SORT_DISPLAY_NAME:
    case NSPI_SORT_DISPLAY_NAME_READ_ONLY:
    case NSPI_SORT_DISPLAY_NAME_WRITABLE: *ret_sort = ADDRESS_BOOK_DISPLAY_NAME; return true;
    case NSPI_SORT_PHONETIC_DISPLAY_NAME: *ret_sort = ADDRESS_BOOK_PHONETIC_DISPLAY_NAME; return true;
    default: return false;
    }
}

uint32_t nspi_table_open(struct nspi_call *call, const struct stat *stat, struct nspi_table *ret_table)
{
    struct nspi_table table = {.container = address_book_find_container(call->book, stat->container_id), .lcid = stat->sort_locale};
    if (table.container == ADDRESS_BOOK_NONE)
        return EC_INVALID_BOOKMARK;
    if (!nspi_sort_of(stat->sort_type, &table.sort))
        return EC_GENERAL_FAILURE;
    table.list = address_book_order(call->book, table.container, table.sort, table.lcid);
    *ret_table = table;
    return EC_SUCCESS;
}

/* The server's total times the client's fraction, rounded down (MS-OXNSPI 3.1.4.5.2). A fraction of nothing is the start. */
static uint32_t fractional_row(uint32_t total, const struct stat *stat)
{
    if (!stat->total_recs)
        return 0;
    uint64_t row = (uint64_t)total * stat->num_pos / stat->total_recs;
    return row < total ? (uint32_t)row : total;
}

uint32_t nspi_table_locate(struct nspi_call *call, const struct nspi_table *table, const struct stat *stat, bool fractional,
                           uint32_t *ret_initial, uint32_t *ret_final)
{
    uint32_t total = table->list.count, initial;
    if (stat->current_rec == NSPI_BEGINNING_OF_TABLE) {
        initial = 0;
    } else if (stat->current_rec == NSPI_END_OF_TABLE) {
        initial = total;
    } else if (stat->current_rec == NSPI_CURRENT) {
        if (!fractional)
            return EC_NOT_FOUND;
        initial = fractional_row(total, stat);
    } else {
        uint32_t index = address_book_find_number(call->book, stat->current_rec);
        initial = index == ADDRESS_BOOK_NONE
                      ? ADDRESS_BOOK_NONE
                      : address_book_position(call->book, table->container, table->sort, table->lcid, index);
        if (initial == ADDRESS_BOOK_NONE)
            return EC_NOT_FOUND;
    }
    int64_t final = (int64_t)initial + stat->delta;
    *ret_initial = initial;
    *ret_final = final < 0 ? 0 : final > total ? total : (uint32_t)final;
    return EC_SUCCESS;
}

void nspi_table_report(const struct nspi_call *call, const struct nspi_table *table, uint32_t row, struct stat *stat)
{
    stat->current_rec = row < table->list.count ? address_book_entry(call->book, table->list.indexes[row])->number
                                                : NSPI_END_OF_TABLE;
    stat->num_pos = row;
    stat->total_recs = table->list.count;
    stat->delta = 0;
}

uint32_t nspi_check_code_page(const struct stat *stat)
{
    bool known = stat->code_page == NSPI_CP_WINUNICODE || nspi_code_page_allowed(stat->code_page);
    return known ? EC_SUCCESS : EC_INVALID_CODEPAGE;
}

uint32_t nspi_rows_columns(bool has_columns, uint32_t column_count, const uint32_t *columns, struct nspi_rows *ret_rows)
{
    if (has_columns && column_count > NSPI_COLUMNS_MAX)
        return EC_TABLE_TOO_BIG;
    *ret_rows = (struct nspi_rows){.column_count = has_columns ? column_count : NSPI_DEFAULT_COLUMN_COUNT,
                                   .columns = has_columns ? columns : nspi_default_columns};
    return EC_SUCCESS;
}

uint32_t nspi_rows_make(struct nspi_call *call, const struct stat *stat, uint32_t flags, uint32_t count,
                        const uint32_t *indexes, struct nspi_rows *rows)
{
    struct nspi_view view = nspi_view_of(stat, flags);
    uint32_t count_max = NSPI_VALUES_MAX / (rows->column_count ? rows->column_count : 1);
    if (count_max > NSPI_ROWS_MAX)
        count_max = NSPI_ROWS_MAX;
    if (count > count_max)
        count = count_max;
    struct property_row *made = arena_array(call->arena, struct property_row, count ? count : 1);
    if (!made)
        return EC_NOT_ENOUGH_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        if (!nspi_property_row(call, &view, indexes[i], rows->column_count, rows->columns, &made[i], NULL))
            return EC_NOT_ENOUGH_MEMORY;
    rows->row_count = count;
    rows->rows = made;
    return EC_SUCCESS;
}

uint32_t *nspi_indexes_of(struct nspi_call *call, uint32_t count, const uint32_t *minimal_ids)
{
    uint32_t *indexes = arena_array(call->arena, uint32_t, count ? count : 1);
    for (uint32_t i = 0; indexes && i < count; i++)
        indexes[i] = address_book_find_number(call->book, minimal_ids[i]);
    return indexes;
}

uint32_t *nspi_minimal_ids_of(struct nspi_call *call, uint32_t count, const uint32_t *indexes)
{
    uint32_t *minimal_ids = arena_array(call->arena, uint32_t, count ? count : 1);
    for (uint32_t i = 0; minimal_ids && i < count; i++)
        minimal_ids[i] = address_book_entry(call->book, indexes[i])->number;
    return minimal_ids;
}
