/* Lines for people: offset, name, value. Called by the decoder as it goes, so that what was read before a failure is there. */
#include "wire/engine.h"
#include "base/filetime.h"
#include "base/guid.h"
#include "base/text.h"
#include "wire/value_text.h"
#include <inttypes.h>

#define BYTES_SHOWN_MAX 64u

static void line_begin(struct decoder *decoder, const uint8_t *begin)
{
    struct printer *printer = decoder->printer;
    buffer_append_format(printer->text, "%06zx  %*s", printer->base + (size_t)(begin - decoder->start), (int)(2 * printer->indent), "");
}

static void name_append(struct printer *printer, const char *name, long index)
{
    buffer_append_string(printer->text, name);
    if (index >= 0)
        buffer_append_format(printer->text, "[%ld]", index);
}

/* Ids from 0x8000 are the address book's own in its bodies, and named properties, which each mailbox numbers by itself,
 * everywhere else. */
static const char *tag_name(const struct decoder *decoder, uint32_t tag)
{
    bool unnamed = PROPERTY_ID(tag) == 0 || (PROPERTY_ID(tag) >= PROPERTY_ID_NAMED_MIN && !decoder->context.address_book);
    return unnamed ? NULL : decoder->vocabulary->property_tag_name(tag);
}

void print_open(struct decoder *decoder, const uint8_t *begin, const struct wire_field *field, long index)
{
    struct printer *printer = decoder->printer;
    if (field->kind != WIRE_RECORD && field->kind != WIRE_ROW) { /* print_value writes the line */
        printer->label = field->name;
        printer->label_index = index;
    } else {
        line_begin(decoder, begin);
        name_append(printer, field->name, index);
        if (field->kind == WIRE_RECORD)
            buffer_append_format(printer->text, ": %s (%s)\n", field->record->name, field->record->section);
        else
            buffer_append_string(printer->text, ": row\n");
    }
    printer->indent++;
}

void print_close(struct decoder *decoder)
{
    decoder->printer->indent--;
    decoder->printer->label = NULL;
}

void print_size(struct decoder *decoder, const uint8_t *begin, const char *name, size_t size)
{
    line_begin(decoder, begin);
    buffer_append_format(decoder->printer->text, "size%s%s  %zu\n", name ? " of " : "", name ? name : "", size);
}

void print_value(struct decoder *decoder, const uint8_t *begin, const struct property_value *value, const char *state)
{
    struct printer *printer = decoder->printer;
    if (printer->label) { /* stands where its field stands */
        printer->indent--;
        line_begin(decoder, begin);
        printer->indent++;
        name_append(printer, printer->label, printer->label_index);
        buffer_append_string(printer->text, "  ");
        printer->label = NULL;
    } else {
        line_begin(decoder, begin);
    }
    const char *name = tag_name(decoder, value->tag);
    buffer_append_format(printer->text, "0x%08" PRIX32 "%s%s  ", value->tag, name ? " " : "", name ? name : "");
    if (state)
        buffer_append_string(printer->text, state);
    else
        value_text_append(printer->text, value);
    buffer_append_u8(printer->text, '\n');
}

static void append_flags(struct buffer *text, const struct wire_values *values, uint64_t number)
{
    const char *separator = " (";
    for (uint32_t i = 0; i < values->count; i++) {
        uint32_t value = values->rows[i].value;
        if (values->flags ? (number & value) != value || !value : number != value)
            continue;
        buffer_append_format(text, "%s%s", separator, values->rows[i].name);
        separator = " | ";
        if (!values->flags)
            break;
    }
    if (separator[1] == '|')
        buffer_append_u8(text, ')');
}

static void append_integer(struct decoder *decoder, const struct wire_field *field, const void *target)
{
    struct buffer *text = decoder->printer->text;
    uint64_t number = member_load(target, 0, field->kind == WIRE_COUNT ? 4 : field->width);
    switch (field->form) {
    case WIRE_FORM_SIGNED: {
        int shift = 64 - 8 * field->width;
        buffer_append_format(text, "%" PRId64, (int64_t)(number << shift) >> shift);
        return;
    }
    case WIRE_FORM_BOOLEAN:
        buffer_append_format(text, number ? "true" : "false");
        if (number > 1)
            buffer_append_format(text, " (0x%" PRIX64 ")", number);
        return;
    case WIRE_FORM_ID:
        buffer_append_format(text, "%" PRIu64 "-%012" PRIx64, number & 0xFFFF, (uint64_t)(__builtin_bswap64(number) & 0xFFFFFFFFFFFFull));
        return;
    case WIRE_FORM_TAG: {
        const char *name = tag_name(decoder, (uint32_t)number);
        buffer_append_format(text, "0x%08" PRIX64 "%s%s", number, name ? " " : "", name ? name : "");
        return;
    }
    case WIRE_FORM_TIME: {
        char time[FILETIME_TEXT_SIZE];
        filetime_format(number, time);
        buffer_append_string(text, time);
        return;
    }
    default:
        if (field->values) {
            buffer_append_format(text, "0x%0*" PRIX64, 2 * field->width, number);
            append_flags(text, field->values, number);
        } else {
            buffer_append_format(text, number > 9 ? "%" PRIu64 " (0x%" PRIX64 ")" : "%" PRIu64, number, number);
        }
    }
}

void print_field(struct decoder *decoder, const uint8_t *begin, const struct wire_field *field, long index, const void *target)
{
    struct printer *printer = decoder->printer;
    struct bytes bytes = { 0 };
    line_begin(decoder, begin);
    name_append(printer, field->name, index);
    buffer_append_string(printer->text, "  ");
    switch (field->kind) {
    case WIRE_INTEGER:
    case WIRE_COUNT:
        append_integer(decoder, field, target);
        break;
    case WIRE_GUID: {
        char text[GUID_TEXT_SIZE];
        guid_format(*(const struct guid *)target, text);
        buffer_append_string(printer->text, text);
        break;
    }
    case WIRE_FIXED_BYTES:
        value_text_append_bytes(printer->text, bytes_of(target, field->maximum), BYTES_SHOWN_MAX);
        break;
    case WIRE_STRING8:
        value_text_append_string8(printer->text, *(const struct bytes *)target);
        break;
    case WIRE_STRING:
        value_text_append_string(printer->text, *(const struct bytes *)target);
        break;
    case WIRE_TEXT:
        bytes = *(const struct bytes *)target;
        /* the terminator's width says which it was */
        if (decoder->at - begin == (ptrdiff_t)bytes.size + 2)
            value_text_append_string(printer->text, bytes);
        else
            value_text_append_string8(printer->text, bytes);
        break;
    default:
        value_text_append_bytes(printer->text, *(const struct bytes *)target, BYTES_SHOWN_MAX);
    }
    buffer_append_u8(printer->text, '\n');
}
