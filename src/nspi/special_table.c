/* GetSpecialTable: the hierarchy of containers, and the table of address creation templates (MS-OXNSPI 3.1.4.1.3, MS-OXOABK
 * 3.1.4.1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "nspi/container.h"
#include "nspi/property.h"
#include "nspi/template.h"
#include "protocol/entry_ids.h"
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

/* --- address creation templates (MS-OXOABKT 2.2.1) --- */

#define CREATION_TEMPLATE_DN "/cn=Configuration/cn=addressing/cn=address-templates/cn="

const char *nspi_creation_template_dn(struct nspi_call *call, uint32_t lcid)
{
    return arena_format(call->arena, "/o=%s" CREATION_TEMPLATE_DN "%x/cn=SMTP", address_book_organization(call->book)->name,
                        (unsigned)lcid);
}

bool nspi_creation_template_find_dn(struct nspi_call *call, const char *dn, uint32_t *ret_lcid)
{
    const char *found = strcasestr(dn, CREATION_TEMPLATE_DN);
    uint32_t lcid = found ? (uint32_t)strtoul(found + strlen(CREATION_TEMPLATE_DN), NULL, 16) : 0;
    const char *own = found ? nspi_creation_template_dn(call, lcid) : NULL;
    if (!own || !text_equal_ignoring_case(own, dn) || !nspi_locale_allowed(lcid))
        return false;
    *ret_lcid = lcid;
    return true;
}

static uint32_t give_creation_templates(struct nspi_call *call, const struct nspi_get_special_table_request *request,
                                        struct nspi_get_special_table_success *answer)
{
    uint32_t lcid = request->state.template_locale;
    struct nspi_view view = nspi_view_of(&request->state, 0);
    bool unicode = request->flags & NSPI_UNICODE_STRINGS;
    uint32_t type_tag = unicode ? PID_TAG_ADDRESS_TYPE : nspi_tag_as_string8(PID_TAG_ADDRESS_TYPE);
    uint32_t name_tag = unicode ? PID_TAG_DISPLAY_NAME : nspi_tag_as_string8(PID_TAG_DISPLAY_NAME);
    if (!nspi_locale_allowed(lcid) || (!unicode && !nspi_code_page_allowed(request->state.code_page)))
        return EC_SUCCESS; /* a table without rows (R757, R758) */
    struct address_book_property_values *row = arena_new(call->arena, struct address_book_property_values);
    struct property_value *values = arena_array(call->arena, struct property_value, 7);
    const char *dn = nspi_creation_template_dn(call, lcid);
    struct bytes entry_id = dn ? entry_id_of_address_book(call->arena, TEMPLATE_INTERNET_ADDRESS, dn) : BYTES_NONE;
    struct bytes instance = arena_bytes(call->arena, bytes_of(&lcid, sizeof lcid));
    if (!row || !values || !entry_id.data || !instance.data)
        return EC_NOT_ENOUGH_MEMORY;
    values[2] = (struct property_value){.tag = PID_TAG_DISPLAY_TYPE, .integer32 = ADDRESS_BOOK_TYPE_LOCAL_MAIL_USER};
    values[3] = (struct property_value){.tag = PID_TAG_ENTRY_ID, .bytes = entry_id};
    values[4] = (struct property_value){.tag = PID_TAG_DEPTH, .integer32 = 0};
    values[5] = (struct property_value){.tag = PID_TAG_SELECTABLE, .boolean = true};
    values[6] = (struct property_value){.tag = PID_TAG_INSTANCE_KEY, .bytes = instance};
    *row = (struct address_book_property_values){7, values};
    answer->row_count = 1;
    answer->rows = row;
    return nspi_text_value(call, &view, type_tag, "SMTP", &values[0]) &&
                   nspi_text_value(call, &view, name_tag, template_internet_address_name(lcid), &values[1])
               ? EC_SUCCESS : EC_NOT_ENOUGH_MEMORY;
}

uint32_t nspi_get_special_table(struct nspi_call *call, const struct nspi_get_special_table_request *request,
                                struct nspi_get_special_table_success *ret_answer)
{
    bool templates = request->flags & NSPI_ADDRESS_CREATION_TEMPLATES;
    if (!request->has_state)
        return EC_INVALID_PARAMETER;
    if (!templates && !(request->flags & NSPI_UNICODE_STRINGS) && !nspi_code_page_allowed(request->state.code_page))
        return EC_INVALID_CODEPAGE;
    uint32_t error = templates ? give_creation_templates(call, request, ret_answer) : give_hierarchy(call, request, ret_answer);
    if (error != EC_SUCCESS)
        return error;
    ret_answer->code_page = request->state.code_page;
    ret_answer->has_rows = true;
    return EC_SUCCESS;
}
