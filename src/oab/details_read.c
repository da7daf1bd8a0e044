#include "oab/details.h"

#include <string.h>

#define OAB_HDR_SIZE 12u
#define TYPE_INTEGER32 0x0003u
#define TYPE_BOOLEAN 0x000Bu
#define TYPE_OBJECT 0x000Du
#define TYPE_STRING8 0x001Eu
#define TYPE_STRING 0x001Fu
#define TYPE_BINARY 0x0102u
#define TYPE_MULTIPLE 0x1000u

/* What is left of a record or of the file. */
struct reader {
    const uint8_t *next, *end;
};

static size_t left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->next);
}

static bool read_u32(struct reader *reader, uint32_t *ret_value)
{
    if (left(reader) < 4)
        return false;
    *ret_value = load_u32(reader->next);
    reader->next += 4;
    return true;
}

/* A structure that begins with its size, this included. */
static bool read_sized(struct reader *reader, struct reader *ret_inner)
{
    if (left(reader) < 4)
        return false;
    uint32_t size = load_u32(reader->next);
    if (size < 4 || size > left(reader))
        return false;
    *ret_inner = (struct reader){reader->next + 4, reader->next + size};
    reader->next += size;
    return true;
}

/* --- values --- */

static bool read_number(struct reader *reader, uint32_t *ret_number)
{
    if (left(reader) < 1)
        return false;
    uint8_t first = *reader->next++;
    uint32_t number = first;
    if (first >= 0x80) {
        unsigned count = first & 0x7F;
        if (count == 0 || count > 4 || left(reader) < count)
            return false;
        number = 0;
        memcpy(&number, reader->next, count);
        reader->next += count;
    }
    *ret_number = number;
    return true;
}

static bool read_item(struct reader *reader, uint32_t type, struct bytes *ret_item)
{
    if (type == TYPE_BINARY) {
        uint32_t size;
        if (!read_number(reader, &size) || size > left(reader))
            return false;
        *ret_item = bytes_of(reader->next, size);
        reader->next += size;
        return true;
    }
    const uint8_t *end = left(reader) ? memchr(reader->next, 0, left(reader)) : NULL;
    if (!end)
        return false;
    *ret_item = bytes_of(reader->next, (size_t)(end - reader->next));
    reader->next = end + 1;
    return true;
}

static bool read_numbers(struct arena *arena, struct reader *reader, struct oab_value *value)
{
    uint32_t *numbers = arena_array(arena, uint32_t, value->count);
    if (!numbers)
        return false;
    for (uint32_t i = 0; i < value->count; i++)
        if (!read_number(reader, &numbers[i]))
            return false;
    value->numbers = numbers;
    return true;
}

static bool read_value(struct arena *arena, struct reader *reader, uint32_t type, struct oab_value *value)
{
    value->present = true;
    value->count = 1;
    if (type & TYPE_MULTIPLE) { /* each takes a byte at least */
        type &= ~TYPE_MULTIPLE;
        if (!read_number(reader, &value->count) || value->count == 0 || value->count > left(reader))
            return false;
        if (type == TYPE_INTEGER32)
            return read_numbers(arena, reader, value);
    }
    if (type == TYPE_INTEGER32)
        return read_number(reader, &value->number);
    if (type == TYPE_BOOLEAN) {
        if (left(reader) < 1 || *reader->next > 1)
            return false;
        value->number = *reader->next++;
        return true;
    }
    struct bytes *items = arena_array(arena, struct bytes, value->count);
    if (!items)
        return false;
    for (uint32_t i = 0; i < value->count; i++)
        if (!read_item(reader, type, &items[i]))
            return false;
    value->items = items;
    return true;
}

static bool read_record(struct arena *arena, struct reader *reader, const struct oab_property *properties, uint32_t count,
                        const struct oab_value **ret_values)
{
    size_t presence_size = (count + 7) / 8;
    struct oab_value *values = arena_array(arena, struct oab_value, count);
    if (!values || left(reader) < presence_size)
        return false;
    const uint8_t *presence = reader->next;
    reader->next += presence_size;
    if (count % 8 && (presence[presence_size - 1] & (0xFFu >> count % 8)))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if ((presence[i / 8] & (0x80u >> i % 8)) && !read_value(arena, reader, properties[i].tag & 0xFFFF, &values[i]))
            return false;
    *ret_values = values;
    return left(reader) == 0;
}

/* --- the file --- */

static bool type_known(uint32_t type)
{
    switch (type) {
    case TYPE_INTEGER32:
    case TYPE_BOOLEAN:
    case TYPE_OBJECT: /* written as text: a DN (2.9.6.3) */
    case TYPE_STRING8:
    case TYPE_STRING:
    case TYPE_BINARY:
    case TYPE_MULTIPLE | TYPE_INTEGER32:
    case TYPE_MULTIPLE | TYPE_STRING8:
    case TYPE_MULTIPLE | TYPE_STRING:
    case TYPE_MULTIPLE | TYPE_BINARY:
        return true;
    default:
        return false;
    }
}

static bool read_table(struct arena *arena, struct reader *reader, const struct oab_property **ret_properties,
                       uint32_t *ret_count)
{
    uint32_t count;
    if (!read_u32(reader, &count) || count > OAB_PROPERTY_COUNT_MAX || count > left(reader) / 8)
        return false;
    struct oab_property *properties = arena_array(arena, struct oab_property, count + 1);
    if (!properties)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!read_u32(reader, &properties[i].tag) || !read_u32(reader, &properties[i].flags)
            || !type_known(properties[i].tag & 0xFFFF))
            return false;
    *ret_properties = properties;
    *ret_count = count;
    return true;
}

static const char *header_text(struct arena *arena, const struct oab_details *details, uint32_t tag)
{
    for (uint32_t i = 0; i < details->header_property_count; i++)
        if (details->header_properties[i].tag == tag && details->header[i].present)
            return arena_string_of(arena, details->header[i].items[0]);
    return "";
}

static bool fill_header(struct arena *arena, struct oab_details *details)
{
    details->name = header_text(arena, details, OAB_TAG_NAME);
    details->dn = header_text(arena, details, OAB_TAG_DN);
    details->container = header_text(arena, details, OAB_TAG_CONTAINER_GUID);
    for (uint32_t i = 0; i < details->header_property_count; i++)
        if (details->header_properties[i].tag == OAB_TAG_SEQUENCE && details->header[i].present)
            details->sequence = details->header[i].number;
    return details->name && details->dn && details->container;
}

enum oab_status oab_details_open(struct arena *arena, struct bytes file, struct oab_details *ret_details)
{
    struct reader reader = {file.data, file.data + file.size}, tables, record;
    struct oab_details details = {.file = file};
    if (!read_u32(&reader, &details.version) || !read_u32(&reader, &details.serial)
        || !read_u32(&reader, &details.record_count) || details.version != OAB_DETAILS_VERSION)
        return OAB_MALFORMED;
    if (!read_sized(&reader, &tables) || !read_table(arena, &tables, &details.header_properties, &details.header_property_count)
        || !read_table(arena, &tables, &details.properties, &details.property_count) || left(&tables))
        return OAB_MALFORMED;
    details.header_start = (size_t)(reader.next - file.data);
    if (!read_sized(&reader, &record)
        || !read_record(arena, &record, details.header_properties, details.header_property_count, &details.header))
        return OAB_MALFORMED;
    details.header_end = (size_t)(reader.next - file.data);
    if (!fill_header(arena, &details))
        return OAB_FAILED;
    *ret_details = details;
    return OAB_OK;
}

enum oab_status oab_details_skip(const struct oab_details *details, size_t *offset, struct bytes *ret_record)
{
    struct reader reader = {details->file.data + *offset, details->file.data + details->file.size}, inner;
    if (!read_sized(&reader, &inner) || left(&inner) > OAB_RECORD_SIZE_MAX)
        return OAB_MALFORMED;
    *ret_record = bytes_of(inner.next - 4, left(&inner) + 4);
    *offset += ret_record->size;
    return OAB_OK;
}

enum oab_status oab_details_read(struct arena *arena, const struct oab_details *details, size_t *offset,
                                 const struct oab_value **ret_values)
{
    struct bytes bytes;
    size_t next = *offset;
    enum oab_status status = oab_details_skip(details, &next, &bytes);
    if (status != OAB_OK)
        return status;
    struct reader reader = {bytes.data + 4, bytes.data + bytes.size};
    if (!read_record(arena, &reader, details->properties, details->property_count, ret_values))
        return OAB_MALFORMED;
    *offset = next;
    return OAB_OK;
}

uint32_t oab_details_find(const struct oab_details *details, uint32_t tag)
{
    for (uint32_t i = 0; i < details->property_count; i++)
        if (details->properties[i].tag >> 16 == tag >> 16)
            return i;
    return details->property_count;
}

static const char *entry_problem(const struct oab_details *details, const struct oab_value *values)
{
    for (uint32_t i = 0; i < details->property_count; i++)
        if ((details->properties[i].flags & OAB_PROPERTY_INDEX) && !values[i].present)
            return "an entry lacks a property that every entry must have";
    return NULL;
}

enum oab_status oab_details_verify(struct bytes file, const char **ret_problem)
{
    struct arena arena = {0}, record_arena = {0};
    struct oab_details details;
    *ret_problem = NULL;
    enum oab_status status = oab_details_open(&arena, file, &details);
    if (status != OAB_OK)
        *ret_problem = "its header is not one of version 4";
    else if (oab_crc(OAB_CRC_START, bytes_of(file.data + OAB_HDR_SIZE, file.size - OAB_HDR_SIZE)) != details.serial)
        *ret_problem = "its serial is not the CRC of its content";
    else if (details.property_count < 2 || details.properties[0].tag >> 16 != 0x3003 || details.properties[1].tag >> 16 != 0x39FE)
        *ret_problem = "its first properties are not the DN and the SMTP address";
    size_t offset = status == OAB_OK ? details.header_end : 0;
    for (uint32_t i = 0; !*ret_problem && i < details.record_count; i++) {
        const struct oab_value *values;
        if (oab_details_read(&record_arena, &details, &offset, &values) != OAB_OK)
            *ret_problem = "an entry is not well formed";
        else
            *ret_problem = entry_problem(&details, values);
        arena_reset(&record_arena);
    }
    if (!*ret_problem && offset != file.size)
        *ret_problem = "something stands behind its last entry";
    arena_free(&arena);
    arena_free(&record_arena);
    return *ret_problem ? (status == OAB_FAILED ? OAB_FAILED : OAB_MALFORMED) : OAB_OK;
}
