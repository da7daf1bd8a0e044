#include "base/text.h"
#include "nspi/table.h"

/* What became of a name (MS-OXNSPI 2.2.1.9). */
#define MID_UNRESOLVED 0x00000000u
#define MID_AMBIGUOUS 0x00000001u
#define MID_RESOLVED 0x00000002u

#define NAMES_MAX 2000u /* in one request: some seconds of a processor at worst */

static uint32_t resolve(struct nspi_call *call, uint32_t container, uint32_t lcid, struct bytes utf16, uint32_t *ret_index)
{
    uint32_t found[2];
    const char *name = utf16.size ? text_utf8_of_utf16(call->arena, utf16) : NULL;
    uint32_t count = name ? address_book_resolve(call->book, container, lcid, name, 2, found) : 0;
    if (count == 1)
        *ret_index = found[0];
    return count == 0 ? MID_UNRESOLVED : count == 1 ? MID_RESOLVED : MID_AMBIGUOUS;
}

uint32_t nspi_resolve_names(struct nspi_call *call, const struct nspi_resolve_names_request *request,
                            struct nspi_resolve_names_success *ret_answer)
{
    struct nspi_rows rows;
    if (!request->has_state)
        return EC_INVALID_PARAMETER;
    const struct stat *stat = &request->state;
    uint32_t container = address_book_find_container(call->book, stat->container_id), resolved = 0;
    if (container == ADDRESS_BOOK_NONE)
        return EC_INVALID_BOOKMARK;
    uint32_t error = nspi_check_code_page(stat), count = request->has_names ? request->name_count : 0;
    if (count > NAMES_MAX)
        return EC_TABLE_TOO_BIG;
    if (error == EC_SUCCESS)
        error = nspi_rows_columns(request->has_property_tags, request->property_tag_count, request->property_tags, &rows);
    if (error != EC_SUCCESS)
        return error;
    uint32_t *outcomes = arena_array(call->arena, uint32_t, count + 1), *indexes = arena_array(call->arena, uint32_t, count + 1);
    if (!outcomes || !indexes)
        return EC_NOT_ENOUGH_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        outcomes[i] = resolve(call, container, stat->sort_locale, request->names[i], &indexes[resolved]);
        resolved += outcomes[i] == MID_RESOLVED;
    }
    error = nspi_rows_make(call, stat, 0, resolved, indexes, &rows); /* permanent ids: they go into saved recipients */
    if (error == EC_SUCCESS && rows.row_count < resolved)
        error = EC_TABLE_TOO_BIG; /* rows left out would be taken for others */
    if (error != EC_SUCCESS)
        return error;
    ret_answer->code_page = stat->code_page;
    ret_answer->has_minimal_ids = true;
    ret_answer->minimal_id_count = count;
    ret_answer->minimal_ids = outcomes;
    ret_answer->has_rows_and_columns = true;
    ret_answer->column_count = rows.column_count;
    ret_answer->columns = rows.columns;
    ret_answer->row_count = rows.row_count;
    ret_answer->rows = rows.rows;
    return EC_SUCCESS;
}
