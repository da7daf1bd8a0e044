#include "wire/engine.h"
#include <stdio.h>
#include <string.h>

const char *wire_status_name(enum wire_status status)
{
    static const char *const names[] = { "OK", "TRUNCATED", "BAD_VALUE", "TOO_MANY", "TOO_DEEP", "NOT_USED_UP", "NO_COLUMNS",
        "NO_MEMORY", "TOO_LARGE" };
    return status < sizeof names / sizeof *names ? names[status] : "UNKNOWN";
}

void wire_error_format(const struct wire_error *error, char text[WIRE_ERROR_TEXT_SIZE])
{
    snprintf(text, WIRE_ERROR_TEXT_SIZE, "%s at %zu%s%s", wire_status_name(error->status), error->offset,
        error->path[0] ? " in " : "", error->path);
}

bool wire_fail(struct wire_error *error, enum wire_status status, size_t offset)
{
    *error = (struct wire_error){ .status = status, .offset = offset };
    return false;
}

bool decode_fail(struct decoder *decoder, enum wire_status status)
{
    return wire_fail(decoder->error, status, (size_t)(decoder->at - decoder->start));
}

bool encode_fail(struct encoder *encoder, enum wire_status status)
{
    return wire_fail(encoder->error, status, encoder->buffer->size - encoder->start);
}

static void path_prepend(struct wire_error *error, const char *text)
{
    size_t size = strlen(text), old = strlen(error->path);
    if (size + old >= sizeof error->path)
        return; /* the innermost part, which is there already, says most */
    memmove(error->path + size, error->path, old + 1);
    memcpy(error->path, text, size);
}

void wire_path_name(struct wire_error *error, const char *name)
{
    if (error->path[0] && error->path[0] != '[')
        path_prepend(error, ".");
    path_prepend(error, name);
}

void wire_path_index(struct wire_error *error, size_t index)
{
    char text[32];
    if (error->path[0] && error->path[0] != '[')
        path_prepend(error, ".");
    snprintf(text, sizeof text, "[%zu]", index);
    path_prepend(error, text);
}

uint64_t member_load(const void *object, uint16_t offset, uint8_t width)
{
    const uint8_t *place = (const uint8_t *)object + offset;
    switch (width) {
    case 1:
        return *place;
    case 2:
        return load_u16(place);
    case 4:
        return load_u32(place);
    default:
        return load_u64(place);
    }
}

void member_store(void *object, uint16_t offset, uint8_t width, uint64_t value)
{
    memcpy((uint8_t *)object + offset, &value, width); /* little-endian: the low bytes come first */
}

static bool term_holds(const struct wire_term *term, const void *object, const struct wire_context *context)
{
    uint64_t value = 0;
    switch (term->source) {
    case WIRE_SOURCE_MEMBER:
        value = member_load(object, term->offset, term->width);
        break;
    case WIRE_SOURCE_WIDE:
        value = context->wide;
        break;
    case WIRE_SOURCE_ADDRESS_BOOK:
        value = context->address_book;
        break;
    case WIRE_SOURCE_PUBLIC_LOGON:
        value = context->public_logon;
        break;
    case WIRE_SOURCE_RETURN_VALUE:
        value = context->return_value;
        break;
    }
    if (term->mask)
        value &= term->mask;
    switch (term->operator) {
    case WIRE_EQUAL:
        return value == term->value;
    case WIRE_NOT_EQUAL:
        return value != term->value;
    case WIRE_LESS:
        return value < term->value;
    case WIRE_LESS_OR_EQUAL:
        return value <= term->value;
    case WIRE_GREATER:
        return value > term->value;
    default:
        return value >= term->value;
    }
}

bool condition_holds(const struct wire_condition *condition, const void *object, const struct wire_context *context)
{
    for (uint8_t i = 0; i < condition->count; i++)
        if (term_holds(&condition->terms[i], object, context) == condition->any_of)
            return condition->any_of;
    return !condition->any_of;
}

void context_enter(struct wire_context *context, const struct wire_structure *structure)
{
    context->wide |= structure->wide;
    context->wide_values |= structure->wide_values;
    context->blob |= structure->blob;
    context->address_book |= structure->address_book;
}

bool columns_resolve(const struct wire_field *field, const void *object, const struct wire_context *context,
    struct wire_columns *storage, const struct wire_columns **ret_columns)
{
    const struct wire_columns_source *source = field->columns;
    *ret_columns = context->columns;
    if (!source)
        return true;
    if (source->constant.count) {
        *ret_columns = &source->constant;
    } else if (source->from_member) {
        memcpy(&storage->tags, (const uint8_t *)object + source->offset, sizeof storage->tags);
        storage->count = (uint32_t)member_load(object, source->count_offset, source->count_width);
        *ret_columns = storage;
    }
    if (!source->first_width || !*ret_columns)
        return true;
    uint32_t first = (uint32_t)member_load(object, source->first_offset, source->first_width);
    if (first > (*ret_columns)->count)
        return false;
    *storage = (struct wire_columns){ first, (*ret_columns)->tags };
    *ret_columns = storage;
    return true;
}

size_t element_size(const struct wire_field *field)
{
    switch (field->kind) {
    case WIRE_INTEGER:
        return field->width;
    case WIRE_COUNT:
        return sizeof(uint32_t);
    case WIRE_GUID:
        return sizeof(struct guid);
    case WIRE_TAGGED:
    case WIRE_TYPED:
    case WIRE_FILTER_VALUE:
        return sizeof(struct property_value);
    case WIRE_ROW:
        return sizeof(struct property_row);
    case WIRE_RECORD:
        return field->record->size;
    default:
        return sizeof(struct bytes);
    }
}

size_t element_least(const struct wire_field *field)
{
    switch (field->kind) {
    case WIRE_INTEGER:
        return field->width;
    case WIRE_COUNT:
    case WIRE_TYPED:
    case WIRE_STRING:
        return 2;
    case WIRE_GUID:
        return sizeof(struct guid);
    case WIRE_STRING8:
    case WIRE_TEXT:
    case WIRE_ROW:
        return 1;
    case WIRE_TAGGED:
    case WIRE_FILTER_VALUE:
        return 4;
    case WIRE_RECORD:
        return field->record->least;
    default:
        return 0;
    }
}
