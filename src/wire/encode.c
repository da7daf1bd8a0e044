/* Objects to bytes. */
#include "wire/engine.h"
#include <string.h>

uint8_t *encode_place(struct encoder *encoder, size_t size)
{
    struct buffer *buffer = encoder->buffer;
    if (!buffer->size_max && !buffer->failed && buffer->capacity - buffer->size >= size) {
        uint8_t *place = buffer->data + buffer->size;
        buffer->size += size;
        return place;
    }
    uint8_t *place = buffer_extend(buffer, size);
    if (!place)
        encode_fail(encoder, buffer->size_max && buffer->size + size > buffer->size_max ? WIRE_TOO_LARGE : WIRE_NO_MEMORY);
    return place;
}

bool encode_string8(struct encoder *encoder, struct bytes string)
{
    const uint8_t *end = string.size ? memchr(string.data, 0, string.size) : NULL;
    size_t size = end ? (size_t)(end - string.data) : string.size;
    uint8_t *place = encode_place(encoder, size + 1);
    if (!place)
        return false;
    if (size)
        memcpy(place, string.data, size);
    place[size] = 0;
    return true;
}

static size_t string_size(struct bytes string)
{
    size_t at = 0;
    for (; string.size - at >= 8; at += 8) {
        uint64_t units = load_u64(string.data + at);
        if ((units - 0x0001000100010001u) & ~units & 0x8000800080008000u)
            break;
    }
    while (string.size - at >= 2 && load_u16(string.data + at))
        at += 2;
    return at;
}

bool encode_string(struct encoder *encoder, struct bytes string)
{
    size_t size = string_size(string);
    uint8_t *place = encode_place(encoder, size + 2);
    if (!place)
        return false;
    if (size)
        memcpy(place, string.data, size);
    store_u16(place + size, 0);
    return true;
}

static bool encode_size(struct encoder *encoder, uint8_t width, uint64_t value)
{
    if (width == 0 || width == 0xFF)
        width = encoder->context.wide ? 4 : 2;
    if (value >> (8 * width))
        return encode_fail(encoder, WIRE_TOO_LARGE);
    uint8_t *place = encode_place(encoder, width);
    if (!place)
        return false;
    memcpy(place, &value, width);
    return true;
}

bool encode_count(struct encoder *encoder, uint32_t count)
{
    return encode_size(encoder, 0, count);
}

static bool encode_raw(struct encoder *encoder, const void *data, size_t size)
{
    uint8_t *place = encode_place(encoder, size);
    if (!place)
        return false;
    if (size)
        memcpy(place, data, size);
    return true;
}

static bool encode_over_columns(struct encoder *encoder, const struct wire_field *field, const void *object, const void *target)
{
    struct wire_columns storage;
    const struct wire_columns *outside = encoder->context.columns, *columns;
    if (!columns_resolve(field, object, &encoder->context, &storage, &columns))
        return encode_fail(encoder, WIRE_BAD_VALUE);
    bool done;
    encoder->context.columns = columns;
    if (field->kind == WIRE_ROW) {
        done = row_encode(encoder, target);
    } else if (field->pointer) {
        const void *record;
        memcpy(&record, target, sizeof record);
        if (!record)
            done = encode_fail(encoder, WIRE_BAD_VALUE);
        else
            done = encode_record(encoder, field->record, record);
    } else {
        done = encode_record(encoder, field->record, target);
    }
    encoder->context.columns = outside;
    return done;
}

static bool encode_element(struct encoder *encoder, const struct wire_field *field, const void *object, const void *target)
{
    const struct bytes *bytes = target;
    switch (field->kind) {
    case WIRE_INTEGER: {
        if (field->high) {
            uint64_t value = member_load(target, 0, field->width);
            if (value < field->low || value > field->high)
                return encode_fail(encoder, WIRE_BAD_VALUE);
        }
        return encode_raw(encoder, target, field->width);
    }
    case WIRE_COUNT:
        return encode_count(encoder, load_u32(target));
    case WIRE_GUID:
        return encode_raw(encoder, target, sizeof(struct guid));
    case WIRE_STRING8:
        return encode_string8(encoder, *bytes);
    case WIRE_STRING:
        return encode_string(encoder, *bytes);
    case WIRE_TEXT:
        return condition_holds(field->condition, object, &encoder->context) ? encode_string(encoder, *bytes)
                                                                            : encode_string8(encoder, *bytes);
    case WIRE_BYTES:
        return (!field->width || encode_size(encoder, field->width, bytes->size)) && encode_raw(encoder, bytes->data, bytes->size);
    case WIRE_FIXED_BYTES:
        return encode_raw(encoder, target, field->maximum);
    case WIRE_TAGGED:
        return tagged_encode(encoder, target);
    case WIRE_TYPED:
        return typed_encode(encoder, target);
    case WIRE_FILTER_VALUE:
        return filter_value_encode(encoder, target);
    default:
        return encode_over_columns(encoder, field, object, target);
    }
}

static bool encode_list(struct encoder *encoder, const struct wire_field *field, const uint8_t *object)
{
    const uint8_t *elements = object + field->offset;
    size_t count = field->maximum, size = element_size(field);
    if (field->list != WIRE_LIST_FIXED) {
        memcpy(&elements, object + field->offset, sizeof elements);
        count = member_load(object, field->count_offset, field->count_width);
        if (count > field->maximum)
            return encode_fail(encoder, WIRE_TOO_MANY);
    }
    if (!elements && count)
        return encode_fail(encoder, WIRE_BAD_VALUE);
    if (field->kind == WIRE_INTEGER && !field->high)
        return encode_raw(encoder, elements, count * size);
    for (size_t i = 0; i < count; i++) {
        if (!encode_element(encoder, field, object, elements + i * size)) {
            wire_path_index(encoder->error, i);
            return false;
        }
    }
    return true;
}

static bool encode_fields(struct encoder *encoder, const struct wire_field *fields, size_t count, const uint8_t *object);

static bool encode_sized(struct encoder *encoder, const struct wire_field *field, const uint8_t *object)
{
    const void *member = NULL;
    if (field->optional)
        memcpy(&member, object + field->offset, sizeof member);
    if (field->optional && !member)
        return encode_size(encoder, field->width, 0);
    size_t begin = encoder->buffer->size;
    uint8_t width = field->width ? field->width : encoder->context.wide ? 4 : 2;
    if (!encode_place(encoder, width) || !encode_fields(encoder, field + 1, field->block, object))
        return false;
    uint64_t size = encoder->buffer->size - begin - (field->inclusive ? 0 : width);
    if (size >> (8 * width))
        return encode_fail(encoder, WIRE_TOO_LARGE);
    memcpy(encoder->buffer->data + begin, &size, width);
    return true;
}

static bool encode_fields(struct encoder *encoder, const struct wire_field *fields, size_t count, const uint8_t *object)
{
    for (size_t i = 0; i < count; i++) {
        const struct wire_field *field = &fields[i];
        bool done;
        if (field->kind == WIRE_IF) {
            if (!condition_holds(field->condition, object, &encoder->context))
                i += field->block;
            continue;
        }
        if (field->kind == WIRE_SIZED) {
            i += field->block;
            if (!encode_sized(encoder, field, object))
                return false;
            continue;
        }
        if (field->list == WIRE_LIST_NONE)
            done = encode_element(encoder, field, object, object + field->offset);
        else
            done = encode_list(encoder, field, object);
        if (!done) {
            wire_path_name(encoder->error, field->name);
            return false;
        }
    }
    return true;
}

bool encode_record(struct encoder *encoder, const struct wire_structure *structure, const void *object)
{
    struct wire_context outside = encoder->context;
    if (encoder->depth > 2 * RESTRICTION_DEPTH_MAX)
        return encode_fail(encoder, WIRE_TOO_DEEP);
    encoder->depth++;
    context_enter(&encoder->context, structure);
    bool done = encode_fields(encoder, structure->fields, structure->field_count, object);
    outside.columns = encoder->context.columns;
    encoder->context = outside;
    encoder->depth--;
    return done;
}

bool wire_encode(const struct wire_structure *structure, const void *object, const struct wire_context *context,
    struct buffer *buffer, struct wire_error *ret_error)
{
    struct wire_error error;
    bool failed_before = buffer->failed;
    struct encoder encoder = { .buffer = buffer, .start = buffer->size, .vocabulary = structure->vocabulary, .error = &error };
    if (context)
        encoder.context = *context;
    if (encode_record(&encoder, structure, object))
        return true;
    wire_path_name(&error, structure->name);
    buffer->size = encoder.start;
    buffer->failed = failed_before;
    if (ret_error)
        *ret_error = error;
    return false;
}
