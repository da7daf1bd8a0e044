/* Properties of one object: GetProps, GetPropList, QueryColumns (MS-OXNSPI 3.1.4.1.5 to 3.1.4.1.7). */
#include "nspi/table.h"

#define QUERY_UNICODE_TYPES 0x80000000u /* NspiUnicodeProptypes (2.2.1.13) */

/* The tags that have values on the entry, with native types. */
static uint32_t list_tags(struct nspi_call *call, uint32_t minimal_id, bool skip_objects, uint32_t *ret_count,
                          uint32_t **ret_tags)
{
    struct nspi_view view = {.code_page = 65001, .skip_objects = skip_objects};
    uint32_t index = address_book_find_number(call->book, minimal_id);
    uint32_t known_count, count = 0;
    if (index == ADDRESS_BOOK_NONE)
        return EC_NOT_FOUND;
    const uint32_t *known = nspi_known_tags(call->arena, &known_count);
    uint32_t *tags = known ? arena_array(call->arena, uint32_t, known_count) : NULL;
    if (!tags)
        return EC_NOT_ENOUGH_MEMORY;
    for (uint32_t i = 0; i < known_count; i++) {
        struct property_value value;
        if (nspi_property_value(call, &view, index, known[i], &value))
            tags[count++] = known[i];
        else if (value.error_code == EC_NOT_ENOUGH_MEMORY)
            return EC_NOT_ENOUGH_MEMORY;
    }
    *ret_count = count;
    *ret_tags = tags;
    return EC_SUCCESS;
}

/* All columns, the same for QueryColumns and for GetPropList of nobody (R801, R828): links as the names that they lead to, since
 * no list that leaves objects out may have fewer. */
static uint32_t *column_tags(struct nspi_call *call, uint32_t *ret_count)
{
    uint32_t count;
    const uint32_t *known = nspi_known_tags(call->arena, &count);
    uint32_t *tags = known ? arena_array(call->arena, uint32_t, count) : NULL;
    for (uint32_t i = 0; tags && i < count; i++) {
        bool object = PROPERTY_TYPE(known[i]) == PTYP_OBJECT;
        tags[i] = object ? PROPERTY_TAG(PROPERTY_ID(known[i]), PTYP_MULTIPLE_STRING) : nspi_tag_as_string(known[i]);
    }
    *ret_count = count;
    return tags;
}

static void make_string8(uint32_t count, uint32_t *tags)
{
    for (uint32_t i = 0; i < count; i++)
        tags[i] = nspi_tag_as_string8(tags[i]);
}

uint32_t nspi_get_prop_list(struct nspi_call *call, const struct nspi_get_prop_list_request *request,
                            struct nspi_get_prop_list_success *ret_answer)
{
    uint32_t count, *tags = NULL, error = EC_SUCCESS;
    if (request->minimal_id == 0)
        tags = column_tags(call, &count);
    else
        error = list_tags(call, request->minimal_id, request->flags & NSPI_SKIP_OBJECTS, &count, &tags);
    if (error != EC_SUCCESS || !tags)
        return error != EC_SUCCESS ? error : EC_NOT_ENOUGH_MEMORY;
    make_string8(count, tags); /* always (R852) */
    ret_answer->has_property_tags = true;
    ret_answer->property_tag_count = count;
    ret_answer->property_tags = tags;
    return EC_SUCCESS;
}

/* R1693: what GetPropList would say. */
static uint32_t choose_tags(struct nspi_call *call, const struct nspi_get_props_request *request, uint32_t *ret_count,
                            const uint32_t **ret_tags)
{
    uint32_t *tags;
    if (request->has_property_tags) {
        *ret_count = request->property_tag_count;
        *ret_tags = request->property_tags;
        return request->property_tag_count > NSPI_COLUMNS_MAX ? EC_TABLE_TOO_BIG : EC_SUCCESS;
    }
    uint32_t error = list_tags(call, request->state.current_rec, request->flags & NSPI_SKIP_OBJECTS, ret_count, &tags);
    if (error == EC_SUCCESS) {
        make_string8(*ret_count, tags);
        *ret_tags = tags;
    }
    return error;
}

uint32_t nspi_get_props(struct nspi_call *call, const struct nspi_get_props_request *request,
                        struct nspi_get_props_success *ret_answer)
{
    const uint32_t *tags;
    uint32_t count;
    if (!request->has_state)
        return EC_INVALID_PARAMETER;
    const struct stat *stat = &request->state;
    struct nspi_view view = nspi_view_of(stat, request->flags & NSPI_EPHEMERAL_IDS);
    if (address_book_find_container(call->book, stat->container_id) == ADDRESS_BOOK_NONE)
        return EC_INVALID_BOOKMARK;
    uint32_t error = nspi_check_code_page(stat);
    if (error == EC_SUCCESS)
        error = choose_tags(call, request, &count, &tags);
    if (error != EC_SUCCESS)
        return error;
    struct property_row row;
    bool all;
    if (!nspi_property_row(call, &view, address_book_find_number(call->book, stat->current_rec), count, tags, &row, &all))
        return EC_NOT_ENOUGH_MEMORY;
    ret_answer->code_page = stat->code_page;
    ret_answer->has_property_values = true;
    ret_answer->property_values = (struct address_book_property_values){row.count, row.values};
    return all ? EC_SUCCESS : EC_ERRORS_RETURNED;
}

uint32_t nspi_query_columns(struct nspi_call *call, const struct nspi_query_columns_request *request,
                            struct nspi_query_columns_success *ret_answer)
{
    uint32_t count, *tags = column_tags(call, &count);
    if (!tags)
        return EC_NOT_ENOUGH_MEMORY;
    if (!(request->mapi_flags & QUERY_UNICODE_TYPES))
        make_string8(count, tags);
    ret_answer->has_columns = true;
    ret_answer->column_count = count;
    ret_answer->columns = tags;
    return EC_SUCCESS;
}
