#include <stdlib.h>

#include "nspi/table.h"

/* Requests that are about positions alone: UpdateStat, CompareMIds, ResortRestriction. */

uint32_t nspi_update_stat(struct nspi_call *call, const struct nspi_update_stat_request *request,
                          struct nspi_update_stat_success *ret_answer)
{
    struct nspi_table table;
    uint32_t initial, final;
    if (!request->has_state)
        return EC_INVALID_PARAMETER;
    uint32_t error = nspi_table_open(call, &request->state, &table);
    if (error == EC_SUCCESS)
        error = nspi_table_locate(call, &table, &request->state, true, &initial, &final);
    if (error != EC_SUCCESS)
        return error;
    ret_answer->has_state = true;
    ret_answer->state = request->state;
    nspi_table_report(call, &table, final, &ret_answer->state);
    ret_answer->has_delta = request->delta_requested != 0;
    if (ret_answer->has_delta)
        ret_answer->delta = (int32_t)((int64_t)final - initial);
    return EC_SUCCESS;
}

static uint32_t position_of(struct nspi_call *call, const struct nspi_table *table, uint32_t minimal_id)
{
    uint32_t index = address_book_find_number(call->book, minimal_id);
    return index == ADDRESS_BOOK_NONE ? ADDRESS_BOOK_NONE
                                      : address_book_position(call->book, table->container, table->sort, table->lcid, index);
}

uint32_t nspi_compare_mids(struct nspi_call *call, const struct nspi_compare_mids_request *request,
                           struct nspi_compare_mids_success *ret_answer)
{
    struct nspi_table table;
    if (!request->has_state)
        return EC_INVALID_PARAMETER;
    uint32_t error = nspi_table_open(call, &request->state, &table);
    if (error != EC_SUCCESS)
        return error;
    uint32_t one = position_of(call, &table, request->minimal_id1), other = position_of(call, &table, request->minimal_id2);
    if (one == ADDRESS_BOOK_NONE || other == ADDRESS_BOOK_NONE)
        return EC_GENERAL_FAILURE;
    ret_answer->result = one < other ? -1 : one > other;
    return EC_SUCCESS;
}

/* Where CurrentRec stands in the sorted table; the beginning where it does not. */
static void report_sorted(uint32_t count, const uint32_t *minimal_ids, struct stat *stat)
{
    uint32_t position = 0;
    while (position < count && minimal_ids[position] != stat->current_rec)
        position++;
    if (position == count) {
        position = 0;
        stat->current_rec = NSPI_BEGINNING_OF_TABLE;
    }
    stat->num_pos = position;
    stat->total_recs = count;
}

uint32_t nspi_resort_restriction(struct nspi_call *call, const struct nspi_resort_restriction_request *request,
                                 struct nspi_resort_restriction_success *ret_answer)
{
    if (!request->has_state || !request->has_minimal_ids)
        return EC_INVALID_PARAMETER;
    enum address_book_sort sort;
    if ((request->state.sort_type != NSPI_SORT_DISPLAY_NAME && request->state.sort_type != NSPI_SORT_PHONETIC_DISPLAY_NAME) ||
        !nspi_sort_of(request->state.sort_type, &sort))
        return EC_GENERAL_FAILURE;
    uint32_t *indexes = nspi_indexes_of(call, request->minimal_id_count, request->minimal_ids), count = 0;
    if (!indexes)
        return EC_NOT_ENOUGH_MEMORY;
    for (uint32_t i = 0; i < request->minimal_id_count; i++)
        if (indexes[i] != ADDRESS_BOOK_NONE)
            indexes[count++] = indexes[i];
    if (!address_book_sort_indexes(call->book, sort, request->state.sort_locale, count, indexes))
        return EC_NOT_ENOUGH_MEMORY;
    const uint32_t *minimal_ids = nspi_minimal_ids_of(call, count, indexes);
    if (!minimal_ids)
        return EC_NOT_ENOUGH_MEMORY;
    ret_answer->has_state = true;
    ret_answer->state = request->state;
    report_sorted(count, minimal_ids, &ret_answer->state);
    ret_answer->has_minimal_ids = true;
    ret_answer->minimal_id_count = count;
    ret_answer->minimal_ids = minimal_ids;
    return EC_SUCCESS;
}
