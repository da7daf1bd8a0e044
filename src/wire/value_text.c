#include "wire/value_text.h"
#include "base/filetime.h"
#include "base/text.h"
#include <inttypes.h>

static void append_escaped(struct buffer *text, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] < 0x20 || data[i] == 0x7F || data[i] == '"' || data[i] == '\\')
            buffer_append_format(text, "\\x%02X", data[i]);
        else
            buffer_append_u8(text, data[i]);
    }
}

static void append_cut(struct buffer *text, size_t size)
{
    if (size > VALUE_TEXT_STRING_MAX)
        buffer_append_format(text, " ... (%zu bytes)", size);
}

void value_text_append_string(struct buffer *text, struct bytes utf16)
{
    size_t size = utf16.size;
    struct buffer utf8 = { 0 };
    if (utf16.size > VALUE_TEXT_STRING_MAX)
        utf16.size = VALUE_TEXT_STRING_MAX;
    text_append_utf8_of_utf16(&utf8, utf16);
    buffer_append_u8(text, '"');
    append_escaped(text, utf8.data, utf8.size);
    buffer_append_u8(text, '"');
    append_cut(text, size);
    buffer_free(&utf8);
}

void value_text_append_string8(struct buffer *text, struct bytes string)
{
    size_t shown = string.size < VALUE_TEXT_STRING_MAX ? string.size : VALUE_TEXT_STRING_MAX;
    buffer_append_u8(text, '"');
    for (size_t i = 0; i < shown; i++) {
        if (string.data[i] >= 0x80) /* which character, only a code page can say */
            buffer_append_format(text, "\\x%02X", string.data[i]);
        else
            append_escaped(text, string.data + i, 1);
    }
    buffer_append_u8(text, '"');
    append_cut(text, string.size);
}

void value_text_append_bytes(struct buffer *text, struct bytes bytes, size_t shown_max)
{
    if (bytes.size == 0)
        buffer_append_string(text, "(no bytes)");
    for (size_t i = 0; i < bytes.size && i < shown_max; i++)
        buffer_append_format(text, "%02x", bytes.data[i]);
    if (bytes.size > shown_max)
        buffer_append_format(text, " ... (%zu bytes)", bytes.size);
}

static void append_time(struct buffer *text, uint64_t time)
{
    char shown[FILETIME_TEXT_SIZE];
    filetime_format(time, shown);
    buffer_append_string(text, shown);
}

static void append_guid(struct buffer *text, struct guid guid)
{
    char shown[GUID_TEXT_SIZE];
    guid_format(guid, shown);
    buffer_append_string(text, shown);
}

static void append_element(struct buffer *text, const struct property_value *value, uint32_t i)
{
    switch (PROPERTY_TYPE(value->tag)) {
    case PTYP_MULTIPLE_INTEGER16:
        buffer_append_format(text, "%d", value->multiple.integer16[i]);
        break;
    case PTYP_MULTIPLE_INTEGER32:
        buffer_append_format(text, "%" PRId32, value->multiple.integer32[i]);
        break;
    case PTYP_MULTIPLE_FLOATING32:
        buffer_append_format(text, "%g", (double)value->multiple.floating32[i]);
        break;
    case PTYP_MULTIPLE_FLOATING64:
    case PTYP_MULTIPLE_FLOATING_TIME:
        buffer_append_format(text, "%g", value->multiple.floating64[i]);
        break;
    case PTYP_MULTIPLE_CURRENCY:
    case PTYP_MULTIPLE_INTEGER64:
        buffer_append_format(text, "%" PRId64, value->multiple.integer64[i]);
        break;
    case PTYP_MULTIPLE_TIME:
        append_time(text, value->multiple.time[i]);
        break;
    case PTYP_MULTIPLE_GUID:
        append_guid(text, value->multiple.guid[i]);
        break;
    case PTYP_MULTIPLE_STRING8:
        value_text_append_string8(text, value->multiple.bytes[i]);
        break;
    case PTYP_MULTIPLE_STRING:
        value_text_append_string(text, value->multiple.bytes[i]);
        break;
    default:
        value_text_append_bytes(text, value->multiple.bytes[i], VALUE_TEXT_BYTES_MAX);
    }
}

static void append_number(struct buffer *text, int64_t number, uint64_t hexadecimal)
{
    buffer_append_format(text, number < 10 && number > -10 ? "%" PRId64 : "%" PRId64 " (0x%" PRIX64 ")", number, hexadecimal);
}

void value_text_append(struct buffer *text, const struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    if (type & PTYP_INSTANCE_FLAG) /* one value of a list */
        type &= (uint16_t)~(PTYP_INSTANCE_FLAG | PTYP_MULTIPLE_FLAG);
    if (type & PTYP_MULTIPLE_FLAG) {
        buffer_append_u8(text, '[');
        for (uint32_t i = 0; i < value->multiple.count; i++) {
            buffer_append_string(text, i ? ", " : "");
            append_element(text, value, i);
        }
        buffer_append_u8(text, ']');
        return;
    }
    switch (type) {
    case PTYP_NULL:
        buffer_append_string(text, "null");
        break;
    case PTYP_INTEGER16:
        append_number(text, value->integer16, (uint16_t)value->integer16);
        break;
    case PTYP_INTEGER32:
        append_number(text, value->integer32, (uint32_t)value->integer32);
        break;
    case PTYP_FLOATING32:
        buffer_append_format(text, "%g", (double)value->floating32);
        break;
    case PTYP_FLOATING64:
    case PTYP_FLOATING_TIME:
        buffer_append_format(text, "%g", value->floating64);
        break;
    case PTYP_CURRENCY:
    case PTYP_INTEGER64:
        append_number(text, value->integer64, (uint64_t)value->integer64);
        break;
    case PTYP_ERROR_CODE:
        buffer_append_format(text, "error 0x%08" PRIX32, value->error_code);
        break;
    case PTYP_BOOLEAN:
        buffer_append_string(text, value->boolean ? "true" : "false");
        break;
    case PTYP_TIME:
        append_time(text, value->time);
        break;
    case PTYP_GUID:
        append_guid(text, value->guid);
        break;
    case PTYP_STRING8:
        value_text_append_string8(text, value->bytes);
        break;
    case PTYP_STRING:
        value_text_append_string(text, value->bytes);
        break;
    case PTYP_RESTRICTION:
    case PTYP_RULE_ACTION:
        break;
    default:
        value_text_append_bytes(text, value->bytes, VALUE_TEXT_BYTES_MAX);
    }
}
