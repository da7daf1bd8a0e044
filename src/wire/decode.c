/* Bytes to objects. */
#include "wire/engine.h"
#include <string.h>

void *decode_allocate(struct decoder *decoder, size_t count, size_t size)
{
    if (size && count > decoder->memory / size) {
        decode_fail(decoder, WIRE_NO_MEMORY);
        return NULL;
    }
    void *place = arena_allocate(decoder->arena, count * size);
    if (!place) {
        decode_fail(decoder, WIRE_NO_MEMORY);
        return NULL;
    }
    decoder->memory -= count * size;
    return place;
}

bool decode_string8(struct decoder *decoder, struct bytes *ret_string)
{
    const uint8_t *end = memchr(decoder->at, 0, decode_left(decoder));
    if (!end)
        return decode_fail(decoder, WIRE_TRUNCATED);
    *ret_string = bytes_of(decoder->at, (size_t)(end - decoder->at));
    decoder->at = end + 1;
    return true;
}

bool decode_string(struct decoder *decoder, struct bytes *ret_string)
{
    const uint8_t *at = decoder->at;
    for (; decoder->end - at >= 8; at += 8) { /* four units at a time while none of them is zero */
        uint64_t units = load_u64(at);
        if ((units - 0x0001000100010001u) & ~units & 0x8000800080008000u)
            break;
    }
    for (; decoder->end - at >= 2; at += 2) {
        if (load_u16(at))
            continue;
        *ret_string = bytes_of(decoder->at, (size_t)(at - decoder->at));
        decoder->at = at + 2;
        return true;
    }
    return decode_fail(decoder, WIRE_TRUNCATED);
}

bool decode_count(struct decoder *decoder, uint32_t *ret_count)
{
    size_t width = decoder->context.wide ? 4 : 2;
    if (!decode_need(decoder, width))
        return false;
    *ret_count = decoder->context.wide ? load_u32(decoder->at) : load_u16(decoder->at);
    decoder->at += width;
    return true;
}

static bool decode_size(struct decoder *decoder, uint8_t width, uint32_t *ret_size)
{
    if (width == 0 || width == 0xFF)
        return decode_count(decoder, ret_size);
    if (!decode_need(decoder, width))
        return false;
    *ret_size = (uint32_t)member_load(decoder->at, 0, width);
    decoder->at += width;
    return true;
}

static bool decode_bytes(struct decoder *decoder, const struct wire_field *field, struct bytes *ret_bytes)
{
    size_t size = decode_left(decoder);
    if (field->width) {
        uint32_t announced;
        if (!decode_size(decoder, field->width, &announced))
            return false;
        if (!decode_need(decoder, announced))
            return false;
        size = announced;
    }
    *ret_bytes = bytes_of(decoder->at, size);
    decoder->at += size;
    return true;
}

static bool decode_integer(struct decoder *decoder, const struct wire_field *field, void *target)
{
    if (!decode_need(decoder, field->width))
        return false;
    switch (field->width) {
    case 1:
        *(uint8_t *)target = *decoder->at;
        break;
    case 2:
        memcpy(target, decoder->at, 2);
        break;
    case 4:
        memcpy(target, decoder->at, 4);
        break;
    default:
        memcpy(target, decoder->at, 8);
    }
    if (field->high) {
        uint64_t value = member_load(decoder->at, 0, field->width);
        if (value < field->low || value > field->high)
            return decode_fail(decoder, WIRE_BAD_VALUE);
    }
    decoder->at += field->width;
    return true;
}

bool decode_pointed(struct decoder *decoder, const struct wire_structure *structure, const void **ret_object)
{
    if (decoder->depth >= RESTRICTION_DEPTH_MAX)
        return decode_fail(decoder, WIRE_TOO_DEEP);
    void *object = decode_allocate(decoder, 1, structure->size);
    if (!object)
        return false;
    decoder->depth++;
    bool done = decode_record(decoder, structure, object);
    decoder->depth--;
    if (done)
        *ret_object = object;
    return done;
}

/* A record or a row, which may stand over other columns than what surrounds it. */
static bool decode_over_columns(struct decoder *decoder, const struct wire_field *field, const void *object, void *target)
{
    struct wire_columns storage;
    const struct wire_columns *outside = decoder->context.columns, *columns;
    if (!columns_resolve(field, object, &decoder->context, &storage, &columns))
        return decode_fail(decoder, WIRE_BAD_VALUE);
    decoder->context.columns = columns;
    bool done = field->kind == WIRE_ROW ? row_decode(decoder, target)
        : field->pointer                ? decode_pointed(decoder, field->record, target)
                                        : decode_record(decoder, field->record, target);
    decoder->context.columns = outside;
    return done;
}

static bool decode_element(struct decoder *decoder, const struct wire_field *field, const void *object, void *target, long index)
{
    const uint8_t *begin = decoder->at;
    bool done = false, compound = false;
    switch (field->kind) {
    case WIRE_INTEGER:
        done = decode_integer(decoder, field, target);
        break;
    case WIRE_COUNT:
        done = decode_count(decoder, target);
        break;
    case WIRE_GUID:
        done = decode_need(decoder, sizeof(struct guid));
        if (done) {
            memcpy(target, decoder->at, sizeof(struct guid));
            decoder->at += sizeof(struct guid);
        }
        break;
    case WIRE_STRING8:
        done = decode_string8(decoder, target);
        break;
    case WIRE_STRING:
        done = decode_string(decoder, target);
        break;
    case WIRE_TEXT:
        done = condition_holds(field->condition, object, &decoder->context) ? decode_string(decoder, target)
                                                                            : decode_string8(decoder, target);
        break;
    case WIRE_BYTES:
        done = decode_bytes(decoder, field, target);
        break;
    case WIRE_FIXED_BYTES:
        done = decode_need(decoder, field->maximum);
        if (done) {
            memcpy(target, decoder->at, field->maximum);
            decoder->at += field->maximum;
        }
        break;
    default:
        compound = true;
    }
    if (!compound) {
        if (done && decoder->printer)
            print_field(decoder, begin, field, index, target);
        return done;
    }
    if (decoder->printer)
        print_open(decoder, begin, field, index);
    switch (field->kind) {
    case WIRE_TAGGED:
        done = tagged_decode(decoder, target);
        break;
    case WIRE_TYPED:
        done = typed_decode(decoder, target);
        break;
    case WIRE_FILTER_VALUE:
        done = filter_value_decode(decoder, target);
        break;
    default:
        done = decode_over_columns(decoder, field, object, target);
    }
    if (decoder->printer)
        print_close(decoder);
    return done;
}

/* Four-byte elements in one piece: property tags, mostly. */
static bool decode_plain_list(const struct decoder *decoder, const struct wire_field *field)
{
    return field->kind == WIRE_INTEGER && !field->high && !decoder->printer;
}

static bool decode_elements(struct decoder *decoder, const struct wire_field *field, const void *object, uint8_t *elements, size_t count)
{
    size_t size = element_size(field);
    if (decode_plain_list(decoder, field)) {
        if (!decode_need(decoder, count * size))
            return false;
        memcpy(elements, decoder->at, count * size);
        decoder->at += count * size;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!decode_element(decoder, field, object, elements + i * size, (long)i)) {
            wire_path_index(decoder->error, i);
            return false;
        }
    }
    return true;
}

static bool decode_counted(struct decoder *decoder, const struct wire_field *field, uint8_t *object)
{
    size_t count = member_load(object, field->count_offset, field->count_width);
    if (count > field->maximum)
        return decode_fail(decoder, WIRE_TOO_MANY);
    if (count * element_least(field) > decode_left(decoder))
        return decode_fail(decoder, WIRE_TRUNCATED);
    uint8_t *elements = decode_allocate(decoder, count, element_size(field));
    if (!elements)
        return false;
    memcpy(object + field->offset, &elements, sizeof elements);
    return decode_elements(decoder, field, object, elements, count);
}

static bool decode_rest(struct decoder *decoder, const struct wire_field *field, uint8_t *object)
{
    size_t size = element_size(field), room = 8, count = 0;
    uint8_t *elements = decode_allocate(decoder, room, size);
    for (; elements && decoder->at < decoder->end; count++) {
        if (count == field->maximum)
            return decode_fail(decoder, WIRE_TOO_MANY);
        if (count == room) {
            uint8_t *larger = decode_allocate(decoder, room * 2, size);
            if (larger)
                memcpy(larger, elements, room * size);
            elements = larger;
            room *= 2;
            if (!elements)
                break;
        }
        const uint8_t *begin = decoder->at;
        if (!decode_element(decoder, field, object, elements + count * size, (long)count)) {
            wire_path_index(decoder->error, count);
            return false;
        }
        if (decoder->at == begin)
            return decode_fail(decoder, WIRE_BAD_VALUE); /* an element of no bytes would go on for ever */
    }
    if (!elements)
        return false;
    memcpy(object + field->offset, &elements, sizeof elements);
    member_store(object, field->count_offset, field->count_width, count);
    return true;
}

/* Lists of records count as a level: a restriction is a list within a list. */
static bool decode_list(struct decoder *decoder, const struct wire_field *field, uint8_t *object)
{
    if (field->list == WIRE_LIST_FIXED)
        return decode_elements(decoder, field, object, object + field->offset, field->maximum);
    if (decoder->depth >= RESTRICTION_DEPTH_MAX)
        return decode_fail(decoder, WIRE_TOO_DEEP);
    decoder->depth++;
    bool done = field->list == WIRE_LIST_COUNTED ? decode_counted(decoder, field, object) : decode_rest(decoder, field, object);
    decoder->depth--;
    return done;
}

static bool decode_fields(struct decoder *decoder, const struct wire_field *fields, size_t count, uint8_t *object);

static bool decode_sized(struct decoder *decoder, const struct wire_field *field, uint8_t *object)
{
    const uint8_t *begin = decoder->at, *outer_end = decoder->end;
    uint32_t size;
    if (!decode_size(decoder, field->width, &size))
        return false;
    if (decoder->printer)
        print_size(decoder, begin, field->name, size);
    if (field->inclusive) {
        if (size < (uint32_t)(decoder->at - begin))
            return decode_fail(decoder, WIRE_BAD_VALUE);
        size -= (uint32_t)(decoder->at - begin);
    }
    if (!decode_need(decoder, size))
        return false;
    if (field->optional && size == 0)
        return true;
    decoder->end = decoder->at + size;
    decoder->sized++;
    bool done = decode_fields(decoder, field + 1, field->block, object);
    if (done && decoder->at != decoder->end)
        done = decode_fail(decoder, WIRE_NOT_USED_UP);
    decoder->end = outer_end;
    decoder->sized--;
    return done;
}

static bool decode_fields(struct decoder *decoder, const struct wire_field *fields, size_t count, uint8_t *object)
{
    for (size_t i = 0; i < count; i++) {
        const struct wire_field *field = &fields[i];
        bool done;
        if (field->kind == WIRE_IF) {
            if (!condition_holds(field->condition, object, &decoder->context))
                i += field->block;
            continue;
        }
        if (field->kind == WIRE_SIZED) {
            i += field->block;
            if (decode_sized(decoder, field, object))
                continue;
            /* the block's rows have named themselves; only a failure of the size itself has no name yet */
            if (field->name && !decoder->error->path[0])
                wire_path_name(decoder->error, field->name);
            return false;
        }
        if (field->list == WIRE_LIST_NONE)
            done = decode_element(decoder, field, object, object + field->offset, -1);
        else
            done = decode_list(decoder, field, object);
        if (!done) {
            wire_path_name(decoder->error, field->name);
            return false;
        }
    }
    return true;
}

bool decode_record(struct decoder *decoder, const struct wire_structure *structure, void *object)
{
    struct wire_context outside = decoder->context;
    context_enter(&decoder->context, structure);
    bool done = decode_fields(decoder, structure->fields, structure->field_count, object);
    outside.columns = decoder->context.columns;
    decoder->context = outside;
    return done;
}

static struct decoder decoder_for(struct arena *arena, const struct wire_structure *structure, struct bytes bytes,
    const struct wire_context *context, struct wire_error *error)
{
    static const uint8_t nothing[1]; /* no bytes may have no address */
    const uint8_t *start = bytes.data ? bytes.data : nothing;
    return (struct decoder){
        .start = start, .at = start, .end = start + bytes.size, .arena = arena,
        .memory = DECODE_MEMORY_BASE + DECODE_MEMORY_PER_BYTE * bytes.size, .context = context ? *context : (struct wire_context){ 0 },
        .vocabulary = structure->vocabulary, .canonical = true, .error = error,
    };
}

/* The object is made in the arena and copied at the end, so that a failure leaves the caller's as it was. */
static bool decode_object(struct decoder *decoder, const struct wire_structure *structure, bool whole, void *ret_object,
    struct wire_error *ret_error)
{
    void *object = arena_allocate(decoder->arena, structure->size);
    bool done = object ? decode_record(decoder, structure, object) : decode_fail(decoder, WIRE_NO_MEMORY);
    if (done && whole && decoder->at != decoder->end)
        done = decode_fail(decoder, WIRE_NOT_USED_UP);
    if (done) {
        memcpy(ret_object, object, structure->size);
        return true;
    }
    wire_path_name(decoder->error, structure->name);
    if (ret_error)
        *ret_error = *decoder->error;
    return false;
}

bool wire_decode_prefix(struct arena *arena, const struct wire_structure *structure, struct bytes bytes,
    const struct wire_context *context, void *ret_object, size_t *ret_size, bool *ret_canonical, struct wire_error *ret_error)
{
    struct wire_error error;
    struct decoder decoder = decoder_for(arena, structure, bytes, context, &error);
    if (!decode_object(&decoder, structure, false, ret_object, ret_error))
        return false;
    *ret_size = (size_t)(decoder.at - decoder.start);
    if (ret_canonical)
        *ret_canonical = decoder.canonical;
    return true;
}

bool wire_decode(struct arena *arena, const struct wire_structure *structure, struct bytes bytes,
    const struct wire_context *context, void *ret_object, struct wire_error *ret_error)
{
    struct wire_error error;
    struct decoder decoder = decoder_for(arena, structure, bytes, context, &error);
    return decode_object(&decoder, structure, true, ret_object, ret_error);
}

bool wire_print(struct arena *arena, const struct wire_structure *structure, struct bytes bytes,
    const struct wire_context *context, size_t base_offset, unsigned indent, struct buffer *text, struct wire_error *ret_error)
{
    struct wire_error error;
    struct printer printer = { .text = text, .base = base_offset, .indent = indent };
    struct decoder decoder = decoder_for(arena, structure, bytes, context, &error);
    decoder.printer = &printer;
    void *object = arena_allocate(arena, structure->size);
    bool done = object ? decode_record(&decoder, structure, object) : decode_fail(&decoder, WIRE_NO_MEMORY);
    if (done && decoder.at != decoder.end)
        done = decode_fail(&decoder, WIRE_NOT_USED_UP);
    if (done)
        return true;
    wire_path_name(&error, structure->name);
    if (ret_error)
        *ret_error = error;
    return false;
}
