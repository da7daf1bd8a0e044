/* GetSpecialTable: the hierarchy of containers, and the table of address creation templates (MS-OXNSPI 3.1.4.1.3, MS-OXOABK
 * 3.1.4.1). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "nspi/container.h"
#include "nspi/property.h"
#include "protocol/entry_id.h"
#include "protocol/property_tags.h"

#define CONTAINER_RECIPIENTS 1u
#define CONTAINER_UNMODIFIABLE 8u
#define GLOBAL_LIST_DN "/"
#define CONTAINER_DN_PREFIX "/guid="

const char *nspi_container_dn(struct nspi_call *call, uint32_t position)
{
    char text[GUID_TEXT_SIZE], digits[33];
    size_t size = 0;
    if (position == 0)
        return GLOBAL_LIST_DN;
    guid_format(address_book_container(call->book, position)->id, text);
    for (const char *at = text; *at; at++)
        if (*at != '-')
            digits[size++] = *at >= 'a' ? (char)(*at - 'a' + 'A') : *at;
    digits[size] = '\0';
    return arena_format(call->arena, CONTAINER_DN_PREFIX "%s", digits);
}

uint32_t nspi_container_find_dn(struct nspi_call *call, const char *dn)
{
    uint32_t count = address_book_container_count(call->book);
    if (*dn != '/' || (dn[1] && !text_has_prefix_ignoring_case(dn, CONTAINER_DN_PREFIX)))
        return ADDRESS_BOOK_NONE;
    for (uint32_t position = 0; position < count; position++) {
        const char *own = nspi_container_dn(call, position);
        if (own && text_equal_ignoring_case(own, dn))
            return position;
    }
    return ADDRESS_BOOK_NONE;
}

/* Changes with the containers and their names, not with the entries: clients keep the table as long as it is the same. */
static uint32_t hierarchy_version(struct nspi_call *call)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    uint32_t count = address_book_container_count(call->book);
    for (uint32_t position = 0; position < count; position++) {
        const struct address_book_container *container = address_book_container(call->book, position);
        for (size_t i = 0; i < sizeof container->id.data; i++)
            hash = (hash ^ container->id.data[i]) * 16777619u;
        for (const char *at = container->name; *at; at++)
            hash = (hash ^ (uint8_t)*at) * 16777619u;
        hash = (hash ^ container->number) * 16777619u;
    }
    return hash ? hash : 1;
}

static bool fill_row(struct nspi_call *call, const struct nspi_view *view, bool unicode, uint32_t position,
                     struct address_book_property_values *ret_row)
{
    const struct address_book_container *container = address_book_container(call->book, position);
    const char *dn = nspi_container_dn(call, position);
    uint32_t name_tag = unicode ? PID_TAG_DISPLAY_NAME : nspi_tag_as_string8(PID_TAG_DISPLAY_NAME);
    struct property_value *values = arena_array(call->arena, struct property_value, 6);
    struct bytes entry_id = dn ? entry_id_of_address_book(call->arena, ADDRESS_BOOK_TYPE_CONTAINER, dn) : BYTES_NONE;
    if (!values || !entry_id.data)
        return false;
    values[0] = (struct property_value){.tag = PID_TAG_ENTRY_ID, .bytes = entry_id};
    values[1] = (struct property_value){.tag = PID_TAG_CONTAINER_FLAGS,
                                        .integer32 = CONTAINER_RECIPIENTS | CONTAINER_UNMODIFIABLE};
    values[2] = (struct property_value){.tag = PID_TAG_DEPTH, .integer32 = 0};
    values[3] = (struct property_value){.tag = PID_TAG_ADDRESS_BOOK_CONTAINER_ID, .integer32 = (int32_t)container->number};
    values[5] = (struct property_value){.tag = PID_TAG_ADDRESS_BOOK_IS_MASTER, .boolean = false};
    *ret_row = (struct address_book_property_values){6, values};
    return nspi_text_value(call, view, name_tag, container->name, &values[4]);
}

static uint32_t give_hierarchy(struct nspi_call *call, const struct nspi_get_special_table_request *request,
                               struct nspi_get_special_table_success *answer)
{
    struct nspi_view view = nspi_view_of(&request->state, 0);
    uint32_t count = address_book_container_count(call->book), version = hierarchy_version(call);
    bool unicode = request->flags & NSPI_UNICODE_STRINGS;
    if (request->has_version && request->version == version)
        count = 0; /* the client has it (R748) */
    struct address_book_property_values *rows =
        arena_array(call->arena, struct address_book_property_values, count ? count : 1);
    for (uint32_t position = 0; rows && position < count; position++)
        if (!fill_row(call, &view, unicode, position, &rows[position]))
            return EC_NOT_ENOUGH_MEMORY;
    if (!rows)
        return EC_NOT_ENOUGH_MEMORY;
    answer->has_version = true;
    answer->version = version;
    answer->row_count = count;
    answer->rows = rows;
    return EC_SUCCESS;
}

uint32_t nspi_get_special_table(struct nspi_call *call, const struct nspi_get_special_table_request *request,
                                struct nspi_get_special_table_success *ret_answer)
{
    bool templates = request->flags & NSPI_ADDRESS_CREATION_TEMPLATES;
    if (!request->has_state)
        return EC_INVALID_PARAMETER;
    if (!templates && !(request->flags & NSPI_UNICODE_STRINGS) && !nspi_code_page_allowed(request->state.code_page))
        return EC_INVALID_CODEPAGE;
    /* No language has address creation templates (docs/address-book-requests.md): a table without rows (R757). */
    uint32_t error = templates ? EC_SUCCESS : give_hierarchy(call, request, ret_answer);
    if (error != EC_SUCCESS)
        return error;
    ret_answer->code_page = request->state.code_page;
    ret_answer->has_rows = true;
    return EC_SUCCESS;
}
