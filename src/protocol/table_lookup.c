#include "protocol/error_code.h"
#include "protocol/named_properties.h"
#include "protocol/property_tags.h"
#include "protocol/table_rows.h"
#include <string.h>

const char *error_code_name(uint32_t value)
{
    uint32_t low = 0, high = error_code_values.count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (error_code_values.rows[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == error_code_values.count || error_code_values.rows[low].value != value)
        return NULL;
    return error_code_values.rows[low].name;
}

const char *property_tag_name(uint32_t tag)
{
    uint32_t low = 0, high = property_tag_row_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (property_tag_rows[middle].tag < tag)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < property_tag_row_count && property_tag_rows[low].tag == tag)
        return property_tag_rows[low].name;
    /* Another type of the same id stands just before or behind: PtypString8 for PtypString, PtypErrorCode in answers. */
    if (low < property_tag_row_count && PROPERTY_ID(property_tag_rows[low].tag) == PROPERTY_ID(tag))
        return property_tag_rows[low].name;
    if (low > 0 && PROPERTY_ID(property_tag_rows[low - 1].tag) == PROPERTY_ID(tag))
        return property_tag_rows[low - 1].name;
    return NULL;
}

static int has_other_name(const char *names, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += size)
        if ((at == names || at[-1] == '|') && (at[size] == '\0' || at[size] == '|'))
            return 1;
    return 0;
}

uint32_t property_tag_of_name(const char *name)
{
    for (uint32_t i = 0; i < property_tag_row_count; i++)
        if (!strcmp(property_tag_rows[i].name, name))
            return property_tag_rows[i].tag;
    for (uint32_t i = 0; i < property_tag_row_count; i++)
        if (*name && has_other_name(property_tag_rows[i].other_names, name))
            return property_tag_rows[i].tag;
    return 0;
}

static int names_equal(const char *ascii, struct bytes utf16)
{
    size_t size = strlen(ascii);
    if (utf16.size != size * 2)
        return 0;
    for (size_t i = 0; i < size; i++)
        if (load_u16(utf16.data + 2 * i) != (uint8_t)ascii[i])
            return 0;
    return 1;
}

const struct named_property_definition *named_property_find(const struct property_name *name)
{
    for (uint32_t i = 0; i < NAMED_PROPERTY_COUNT; i++) {
        const struct named_property_definition *row = &named_properties[i];
        if (!guid_equal(row->guid, name->guid))
            continue;
        if (name->kind == 0 ? !row->string && row->lid == name->lid : name->kind == 1 && row->string && names_equal(row->string, name->name))
            return row;
    }
    return NULL;
}
