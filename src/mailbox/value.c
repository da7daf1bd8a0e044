#include "mailbox/value.h"

#include <string.h>

#include "base/text.h"

bool value_type_is_string(uint16_t type)
{
    return type == PTYP_STRING || type == PTYP_STRING8;
}

bool value_type_is_multiple(uint16_t type)
{
    return (type & PTYP_MULTIPLE_FLAG) != 0;
}

bool value_type_is_storable(uint16_t type)
{
    switch (type) {
    case PTYP_INTEGER16:
    case PTYP_INTEGER32:
    case PTYP_FLOATING32:
    case PTYP_FLOATING64:
    case PTYP_CURRENCY:
    case PTYP_FLOATING_TIME:
    case PTYP_BOOLEAN:
    case PTYP_OBJECT:
    case PTYP_INTEGER64:
    case PTYP_STRING8:
    case PTYP_STRING:
    case PTYP_TIME:
    case PTYP_GUID:
    case PTYP_SERVER_ID:
    case PTYP_BINARY:
    case PTYP_MULTIPLE_INTEGER16:
    case PTYP_MULTIPLE_INTEGER32:
    case PTYP_MULTIPLE_FLOATING32:
    case PTYP_MULTIPLE_FLOATING64:
    case PTYP_MULTIPLE_CURRENCY:
    case PTYP_MULTIPLE_FLOATING_TIME:
    case PTYP_MULTIPLE_INTEGER64:
    case PTYP_MULTIPLE_STRING8:
    case PTYP_MULTIPLE_STRING:
    case PTYP_MULTIPLE_TIME:
    case PTYP_MULTIPLE_GUID:
    case PTYP_MULTIPLE_BINARY: return true;
    default: return false;
    }
}

bool value_type_is_column(uint16_t type)
{
    if ((type & PTYP_INSTANCE_FLAG) != 0)
        return value_type_is_multiple(type) && value_type_is_storable((uint16_t)(type & ~PTYP_INSTANCE_FLAG));
    return value_type_is_storable(type) || type == PTYP_RESTRICTION || type == PTYP_RULE_ACTION;
}

/* Bytes of one element of a multiple value of fixed size; 0 for those of struct bytes. */
static size_t element_size(uint16_t type)
{
    switch (type) {
    case PTYP_MULTIPLE_INTEGER16: return 2;
    case PTYP_MULTIPLE_INTEGER32:
    case PTYP_MULTIPLE_FLOATING32: return 4;
    case PTYP_MULTIPLE_GUID: return 16;
    case PTYP_MULTIPLE_STRING:
    case PTYP_MULTIPLE_STRING8:
    case PTYP_MULTIPLE_BINARY: return 0;
    default: return 8;
    }
}

static bool is_bytes_type(uint16_t type)
{
    return type == PTYP_STRING || type == PTYP_STRING8 || type == PTYP_BINARY || type == PTYP_OBJECT ||
           type == PTYP_SERVER_ID;
}

size_t value_memory_size(const struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    if (is_bytes_type(type))
        return value->bytes.size;
    if (!value_type_is_multiple(type))
        return 0;
    if (element_size(type) != 0)
        return element_size(type) * value->multiple.count;
    size_t size = sizeof(struct bytes) * value->multiple.count;
    for (uint32_t i = 0; i < value->multiple.count; i++)
        size += value->multiple.bytes[i].size;
    return size;
}

struct property_value value_copy_into(const struct property_value *value, void *memory)
{
    struct property_value copy = *value;
    uint16_t type = PROPERTY_TYPE(value->tag);
    uint8_t *at = memory;
    if (is_bytes_type(type)) {
        if (value->bytes.size > 0)
            memcpy(at, value->bytes.data, value->bytes.size);
        copy.bytes = bytes_of(at, value->bytes.size);
    } else if (value_type_is_multiple(type) && element_size(type) != 0) {
        if (value->multiple.count > 0)
            memcpy(at, value->multiple.integer64, element_size(type) * value->multiple.count);
        copy.multiple.integer64 = memory;
    } else if (value_type_is_multiple(type)) {
        struct bytes *elements = memory;
        at += sizeof *elements * value->multiple.count;
        for (uint32_t i = 0; i < value->multiple.count; i++) {
            struct bytes element = value->multiple.bytes[i];
            if (element.size > 0)
                memcpy(at, element.data, element.size);
            elements[i] = bytes_of(at, element.size);
            at += element.size;
        }
        copy.multiple.bytes = elements;
    }
    return copy;
}

bool value_copy(struct arena *arena, const struct property_value *value, struct property_value *ret_value)
{
    size_t size = value_memory_size(value);
    void *memory = arena_allocate(arena, size > 0 ? size : 1);
    if (memory == NULL)
        return false;
    *ret_value = value_copy_into(value, memory);
    return true;
}

typedef struct bytes (*text_conversion)(struct arena *arena, uint32_t codepage, struct bytes text);

static bool convert_strings(struct arena *arena, uint32_t codepage, text_conversion convert, uint16_t type,
    const struct property_value *value, struct property_value *ret_value)
{
    struct property_value converted = *value;
    converted.tag = PROPERTY_TAG(PROPERTY_ID(value->tag), type);
    if (!value_type_is_multiple(type)) {
        converted.bytes = convert(arena, codepage, value->bytes);
        if (converted.bytes.data == NULL && value->bytes.size > 0)
            return false;
    } else {
        struct bytes *elements = arena_array(arena, struct bytes, value->multiple.count);
        if (elements == NULL && value->multiple.count > 0)
            return false;
        for (uint32_t i = 0; i < value->multiple.count; i++) {
            elements[i] = convert(arena, codepage, value->multiple.bytes[i]);
            if (elements[i].data == NULL && value->multiple.bytes[i].size > 0)
                return false;
        }
        converted.multiple.bytes = elements;
    }
    *ret_value = converted;
    return true;
}

bool value_normalize(
    struct arena *arena, uint32_t codepage, const struct property_value *value, struct property_value *ret_value)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    if (type == PTYP_STRING8)
        return convert_strings(arena, codepage, text_utf16_of_codepage, PTYP_STRING, value, ret_value);
    if (type == PTYP_MULTIPLE_STRING8)
        return convert_strings(arena, codepage, text_utf16_of_codepage, PTYP_MULTIPLE_STRING, value, ret_value);
    *ret_value = *value;
    return true;
}

bool value_convert(struct arena *arena, uint32_t codepage, bool unicode, uint32_t tag, const struct property_value *value,
    struct property_value *ret_value)
{
    uint16_t have = PROPERTY_TYPE(value->tag);
    uint16_t want = PROPERTY_TYPE(tag);
    if (want == PTYP_UNSPECIFIED) {
        want = have;
        if (!unicode && have == PTYP_STRING)
            want = PTYP_STRING8;
        if (!unicode && have == PTYP_MULTIPLE_STRING)
            want = PTYP_MULTIPLE_STRING8;
    }
    if (want == have) {
        *ret_value = *value;
        ret_value->tag = PROPERTY_TAG(PROPERTY_ID(tag), want);
        return true;
    }
    if ((want == PTYP_STRING8 && have == PTYP_STRING) || (want == PTYP_MULTIPLE_STRING8 && have == PTYP_MULTIPLE_STRING))
        return convert_strings(arena, codepage, text_codepage_of_utf16, want, value, ret_value);
    if ((want == PTYP_STRING && have == PTYP_STRING8) || (want == PTYP_MULTIPLE_STRING && have == PTYP_MULTIPLE_STRING8))
        return convert_strings(arena, codepage, text_utf16_of_codepage, want, value, ret_value);
    struct property_value converted = {.tag = PROPERTY_TAG(PROPERTY_ID(tag), want)};
    if (want == PTYP_INTEGER64 && have == PTYP_INTEGER32)
        converted.integer64 = value->integer32;
    else if (want == PTYP_INTEGER64 && have == PTYP_INTEGER16)
        converted.integer64 = value->integer16;
    else if (want == PTYP_INTEGER32 && have == PTYP_INTEGER16)
        converted.integer32 = value->integer16;
    else if (want == PTYP_INTEGER32 && have == PTYP_INTEGER64 && value->integer64 >= INT32_MIN &&
             value->integer64 <= INT32_MAX)
        converted.integer32 = (int32_t)value->integer64;
    else if ((want == PTYP_BINARY && have == PTYP_OBJECT) || (want == PTYP_SERVER_ID && have == PTYP_BINARY) ||
             (want == PTYP_BINARY && have == PTYP_SERVER_ID))
        converted.bytes = value->bytes;
    else
        return false;
    *ret_value = converted;
    return true;
}

size_t value_answer_size(const struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    if (is_bytes_type(type))
        return value->bytes.size;
    if (!value_type_is_multiple(type))
        return 8;
    if (element_size(type) != 0)
        return element_size(type) * value->multiple.count;
    size_t size = 0;
    for (uint32_t i = 0; i < value->multiple.count; i++)
        size += value->multiple.bytes[i].size + 2;
    return size;
}

void value_truncate(struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    if (is_bytes_type(type) && value->bytes.size > VALUE_ROW_SIZE_MAX)
        value->bytes.size = VALUE_ROW_SIZE_MAX;
    if (type == PTYP_STRING && value->bytes.size >= 2 && value->bytes.size == VALUE_ROW_SIZE_MAX) {
        uint16_t last = load_u16(value->bytes.data + value->bytes.size - 2);
        if (last >= 0xD800 && last < 0xDC00) /* half of a pair */
            value->bytes.size -= 2;
    }
}

uint32_t value_count(const struct property_value *value)
{
    return value_type_is_multiple(PROPERTY_TYPE(value->tag)) ? value->multiple.count : 1;
}

struct property_value value_element(const struct property_value *value, uint32_t index)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    if (!value_type_is_multiple(type))
        return *value;
    struct property_value element = {
        .tag = PROPERTY_TAG(PROPERTY_ID(value->tag), type & ~(PTYP_MULTIPLE_FLAG | PTYP_INSTANCE_FLAG))};
    switch (type & ~PTYP_INSTANCE_FLAG) {
    case PTYP_MULTIPLE_INTEGER16: element.integer16 = value->multiple.integer16[index]; break;
    case PTYP_MULTIPLE_INTEGER32: element.integer32 = value->multiple.integer32[index]; break;
    case PTYP_MULTIPLE_FLOATING32: element.floating32 = value->multiple.floating32[index]; break;
    case PTYP_MULTIPLE_FLOATING64:
    case PTYP_MULTIPLE_FLOATING_TIME: element.floating64 = value->multiple.floating64[index]; break;
    case PTYP_MULTIPLE_GUID: element.guid = value->multiple.guid[index]; break;
    case PTYP_MULTIPLE_STRING:
    case PTYP_MULTIPLE_STRING8:
    case PTYP_MULTIPLE_BINARY: element.bytes = value->multiple.bytes[index]; break;
    default: element.integer64 = value->multiple.integer64[index]; break;
    }
    return element;
}

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b) ? 1 : 0)

bool value_compare(const struct property_value *a, const struct property_value *b, int *ret_order)
{
    uint16_t type = PROPERTY_TYPE(a->tag);
    if (type != PROPERTY_TYPE(b->tag))
        return false;
    switch (type) {
    case PTYP_INTEGER16: *ret_order = ORDER(a->integer16, b->integer16); return true;
    case PTYP_INTEGER32:
    case PTYP_ERROR_CODE: *ret_order = ORDER(a->integer32, b->integer32); return true;
    case PTYP_FLOATING32: *ret_order = ORDER(a->floating32, b->floating32); return true;
    case PTYP_FLOATING64:
    case PTYP_FLOATING_TIME: *ret_order = ORDER(a->floating64, b->floating64); return true;
    case PTYP_CURRENCY:
    case PTYP_INTEGER64: *ret_order = ORDER(a->integer64, b->integer64); return true;
    case PTYP_TIME: *ret_order = ORDER(a->time, b->time); return true;
    case PTYP_BOOLEAN: *ret_order = (a->boolean != 0) - (b->boolean != 0); return true;
    case PTYP_GUID: *ret_order = memcmp(a->guid.data, b->guid.data, sizeof a->guid.data); return true;
    case PTYP_STRING: *ret_order = text_compare_folded(a->bytes, b->bytes); return true;
    case PTYP_STRING8:
    case PTYP_BINARY:
    case PTYP_SERVER_ID:
    case PTYP_OBJECT: *ret_order = bytes_compare(a->bytes, b->bytes); return true;
    default: return false;
    }
}
