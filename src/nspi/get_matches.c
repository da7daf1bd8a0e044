#include <string.h>

#include "nspi/permission.h"
#include "nspi/table.h"
#include "protocol/property_tags.h"

/* GetMatches: the entries of a container that a restriction is true for, or those that a property of one entry names (members
 * of a group, groups of a member, reports of a manager ...). Either way the client gets their Minimal Entry IDs, an explicit
 * table, which it then reads with QueryRows. */

#define EXPLICIT_TABLE_MAX 100000u /* what the body's lists may hold */

/* The entry that a reference attribute names. */
static bool give_reference(struct nspi_call *call, uint32_t index, enum directory_attribute attribute, uint32_t *ret_found)
{
    const struct directory_value *value = directory_entry_value(address_book_entry(call->book, index), attribute);
    struct guid id;
    if (!value || value->items[0].size != sizeof id)
        return false;
    memcpy(&id, value->items[0].data, sizeof id);
    *ret_found = address_book_find_id(call->book, id);
    return *ret_found != ADDRESS_BOOK_NONE;
}

/* Groups whose owner the entry is. */
static uint32_t *give_owned(struct nspi_call *call, uint32_t index, uint32_t *ret_count)
{
    uint32_t total = address_book_count(call->book), count = 0, owner;
    uint32_t *indexes = arena_array(call->arena, uint32_t, total + 1);
    for (uint32_t i = 0; indexes && i < total; i++)
        if (give_reference(call, i, DIRECTORY_ATTRIBUTE_MANAGED_BY, &owner) && owner == index)
            indexes[count++] = i;
    *ret_count = count;
    return indexes;
}

static uint32_t *copy_list(struct nspi_call *call, struct address_book_list list, uint32_t *ret_count)
{
    *ret_count = list.count;
    return arena_copy(call->arena, list.indexes, list.count * sizeof *list.indexes);
}

static uint32_t *copy_reference(struct nspi_call *call, uint32_t index, enum directory_attribute attribute, uint32_t *ret_count)
{
    uint32_t *found = arena_array(call->arena, uint32_t, 1);
    *ret_count = found && give_reference(call, index, attribute, found) ? 1 : 0;
    return found;
}

/* The entries that a property of an entry names; NotSupported for properties that name none. */
static uint32_t linked_entries(struct nspi_call *call, uint32_t index, uint16_t property_id, uint32_t *ret_count,
                               uint32_t **ret_indexes)
{
    uint32_t *indexes;
    switch (property_id) {
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_MEMBER):
        indexes = copy_list(call, address_book_members(call->book, index), ret_count);
        break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_IS_MEMBER_OF_DISTRIBUTION_LIST):
        indexes = copy_list(call, address_book_groups_of(call->book, index), ret_count);
        break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_REPORTS):
        indexes = copy_list(call, address_book_reports(call->book, index), ret_count);
        break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_MANAGER):
        indexes = copy_reference(call, index, DIRECTORY_ATTRIBUTE_MANAGER, ret_count);
        break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_OWNER):
        indexes = copy_reference(call, index, DIRECTORY_ATTRIBUTE_MANAGED_BY, ret_count);
        break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_OWNER_BACK_LINK): indexes = give_owned(call, index, ret_count); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES): indexes = nspi_delegates(call, index, ret_count); break;
    case 0: /* no property is named: the entry itself, as Exchange has it */
        indexes = arena_copy(call->arena, &index, sizeof index);
        *ret_count = 1;
        break;
    default: return EC_NOT_SUPPORTED;
    }
    *ret_indexes = indexes;
    return indexes ? EC_SUCCESS : EC_NOT_ENOUGH_MEMORY;
}

/* Whether this user may change that property of that entry by ModLinkAtt. */
static bool may_change(struct nspi_call *call, uint32_t index, uint16_t property_id)
{
    const struct directory_entry *entry = address_book_entry(call->book, index);
    if (property_id == PROPERTY_ID(PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES))
        return nspi_may_change_delegates(call, entry);
    return property_id == PROPERTY_ID(PID_TAG_ADDRESS_BOOK_MEMBER) && entry->kind == DIRECTORY_GROUP &&
           nspi_may_change_members(call, entry);
}

/* MS-OXNSPI 3.1.4.1.10, constraints 9 to 14: CurrentRec is the entry; ContainerID is the property's tag unless the request
 * names one by itself. Entries hidden from address lists are left out, as they are from every table. */
static uint32_t match_links(struct nspi_call *call, const struct nspi_get_matches_request *request, uint32_t *ret_count,
                            uint32_t **ret_indexes)
{
    const struct stat *stat = &request->state;
    uint16_t property_id = request->has_property_name ? (uint16_t)request->property_name_id : PROPERTY_ID(stat->container_id);
    uint32_t index = address_book_find_number(call->book, stat->current_rec), count, kept = 0, *indexes;
    if (index == ADDRESS_BOOK_NONE)
        return EC_GENERAL_FAILURE;
    if (stat->sort_type == NSPI_SORT_DISPLAY_NAME_WRITABLE && !may_change(call, index, property_id))
        return EC_NOT_SUPPORTED;
    uint32_t error = linked_entries(call, index, property_id, &count, &indexes);
    if (error != EC_SUCCESS)
        return error;
    for (uint32_t i = 0; i < count; i++)
        if (!address_book_entry(call->book, indexes[i])->hidden)
            indexes[kept++] = indexes[i];
    if (!address_book_sort_indexes(call->book, ADDRESS_BOOK_DISPLAY_NAME, stat->sort_locale, kept, indexes))
        return EC_NOT_ENOUGH_MEMORY;
    *ret_count = kept;
    *ret_indexes = indexes;
    return EC_SUCCESS;
}

/* A successful answer has put CurrentRec into ContainerID (R1146); clients that go on with that STAT mean the table they had. */
static struct stat table_stat(struct nspi_call *call, const struct stat *given)
{
    struct stat stat = *given;
    if (stat.container_id == stat.current_rec && address_book_find_number(call->book, stat.container_id) != ADDRESS_BOOK_NONE)
        stat.container_id = 0;
    return stat;
}

static uint32_t match_filter(struct nspi_call *call, const struct nspi_get_matches_request *request, uint32_t *ret_count,
                             uint32_t **ret_indexes)
{
    struct nspi_view view = nspi_view_of(&request->state, 0);
    struct nspi_table table;
    uint32_t count_max = request->row_count < EXPLICIT_TABLE_MAX ? request->row_count : EXPLICIT_TABLE_MAX;
    if (request->state.sort_type != NSPI_SORT_DISPLAY_NAME && request->state.sort_type != NSPI_SORT_PHONETIC_DISPLAY_NAME)
        return EC_GENERAL_FAILURE;
    struct stat stat = table_stat(call, &request->state);
    uint32_t error = nspi_table_open(call, &stat, &table);
    return error == EC_SUCCESS ? nspi_table_match(call, &view, &table, request->filter, count_max, ret_count, ret_indexes)
                               : error;
}

static uint32_t check(struct nspi_call *call, const struct nspi_get_matches_request *request)
{
    enum address_book_sort sort;
    if (!request->has_state)
        return EC_INVALID_PARAMETER;
    const struct stat given = table_stat(call, &request->state), *stat = &given;
    bool container = stat->sort_type == NSPI_SORT_DISPLAY_NAME || stat->sort_type == NSPI_SORT_PHONETIC_DISPLAY_NAME;
    if (container && address_book_find_container(call->book, stat->container_id) == ADDRESS_BOOK_NONE)
        return EC_INVALID_BOOKMARK;
    if (request->has_minimal_ids) /* a restriction of a restriction: reserved, and refused by name (constraint 6) */
        return EC_TOO_COMPLEX;
    if (!nspi_sort_of(stat->sort_type, &sort))
        return EC_GENERAL_FAILURE;
    return nspi_check_code_page(stat);
}

uint32_t nspi_get_matches(struct nspi_call *call, const struct nspi_get_matches_request *request,
                          struct nspi_get_matches_success *ret_answer)
{
    struct nspi_rows rows = {0};
    uint32_t count, *indexes;
    uint32_t error = check(call, request);
    if (error == EC_SUCCESS)
        error = nspi_rows_columns(request->has_columns, request->column_count, request->columns, &rows);
    if (error == EC_SUCCESS)
        error = request->has_filter ? match_filter(call, request, &count, &indexes)
                                    : match_links(call, request, &count, &indexes);
    if (error == EC_SUCCESS && (count > request->row_count || count > EXPLICIT_TABLE_MAX))
        error = EC_TABLE_TOO_BIG;
    if (error == EC_SUCCESS && request->has_columns)
        error = nspi_rows_make(call, &request->state, NSPI_EPHEMERAL_IDS, count, indexes, &rows);
    if (error != EC_SUCCESS)
        return error;
    const uint32_t *minimal_ids = nspi_minimal_ids_of(call, count, indexes);
    if (!minimal_ids)
        return EC_NOT_ENOUGH_MEMORY;
    ret_answer->has_state = true;
    ret_answer->state = request->state;
    ret_answer->state.container_id = request->state.current_rec;
    ret_answer->has_minimal_ids = true;
    ret_answer->minimal_id_count = count;
    ret_answer->minimal_ids = minimal_ids;
    ret_answer->has_columns_and_rows = request->has_columns;
    ret_answer->column_count = rows.column_count;
    ret_answer->columns = rows.columns;
    ret_answer->row_count = rows.row_count;
    ret_answer->rows = rows.rows;
    return EC_SUCCESS;
}
