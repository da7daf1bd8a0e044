/* Random objects: the laws' and the fuzzers' supply. */
#include "wire/engine.h"
#include <string.h>

#define RANDOM_COUNT_MAX 4u
#define RANDOM_DEPTH_MAX 5u

uint64_t random_next(struct generator *generator) /* splitmix64 */
{
    uint64_t z = generator->random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void *random_allocate(struct generator *generator, size_t count, size_t size)
{
    void *place = arena_allocate(generator->arena, count * size + 1);
    if (!place)
        generator->failed = true;
    return place;
}

struct bytes random_bytes_of(struct generator *generator, uint32_t size_max)
{
    uint32_t size = random_below(generator, size_max + 1);
    uint8_t *data = random_allocate(generator, size, 1);
    if (!data)
        return BYTES_NONE;
    for (uint32_t i = 0; i < size; i++)
        data[i] = (uint8_t)random_next(generator);
    return bytes_of(data, size);
}

/* No NUL inside: a string ends there. */
struct bytes random_text(struct generator *generator, bool utf16)
{
    uint32_t units = random_below(generator, 12), width = utf16 ? 2 : 1;
    uint8_t *data = random_allocate(generator, units, width);
    if (!data)
        return BYTES_NONE;
    for (uint32_t i = 0; i < units * width; i++)
        data[i] = (uint8_t)(1 + random_below(generator, 255));
    return bytes_of(data, units * width);
}

/* A later row takes its number of elements, or of columns, from this member: it must stay small. */
static bool counts_something(const struct wire_structure *structure, const struct wire_field *member)
{
    for (uint16_t i = 0; i < structure->field_count; i++) {
        const struct wire_field *field = &structure->fields[i];
        if (field->list == WIRE_LIST_COUNTED && field->count_offset == member->offset)
            return true;
    }
    return false;
}

static bool chooses_columns(const struct wire_structure *structure, const struct wire_field *member)
{
    for (uint16_t i = 0; i < structure->field_count; i++) {
        const struct wire_field *field = &structure->fields[i];
        if (field->columns && field->columns->first_width && field->columns->first_offset == member->offset)
            return true;
    }
    return false;
}

static uint64_t random_number(struct generator *generator, const struct wire_structure *structure, const struct wire_field *field)
{
    uint64_t number = random_next(generator);
    if (counts_something(structure, field))
        return generator->depth >= RANDOM_DEPTH_MAX ? 0 : number % RANDOM_COUNT_MAX;
    if (chooses_columns(structure, field))
        return generator->context.columns ? number % (generator->context.columns->count + 1) : 0;
    if (generator->depth >= RANDOM_DEPTH_MAX)
        return field->low;
    if (field->high)
        return field->low + number % (field->high - field->low + 1);
    if (field->form == WIRE_FORM_BOOLEAN)
        return number % 2;
    if (field->values && !field->values->flags && number % 8)
        return field->values->rows[(number >> 8) % field->values->count].value;
    return number;
}

static void random_over_columns(struct generator *generator, const struct wire_field *field, void *object, void *target)
{
    struct wire_columns storage;
    const struct wire_columns *outside = generator->context.columns, *columns = NULL;
    if (columns_resolve(field, object, &generator->context, &storage, &columns))
        generator->context.columns = columns;
    if (field->kind == WIRE_ROW) {
        row_random(generator, target);
    } else if (field->pointer) {
        void *record = random_allocate(generator, 1, field->record->size);
        if (record)
            random_record(generator, field->record, record);
        memcpy(target, &record, sizeof record);
    } else {
        random_record(generator, field->record, target);
    }
    generator->context.columns = outside;
}

static void random_element(struct generator *generator, const struct wire_structure *structure, const struct wire_field *field,
    void *object, void *target)
{
    struct property_value value = { 0 };
    struct bytes bytes;
    uint64_t number;
    switch (field->kind) {
    case WIRE_INTEGER:
        number = random_number(generator, structure, field);
        memcpy(target, &number, field->width);
        break;
    case WIRE_COUNT:
        number = random_number(generator, structure, field) % 65536;
        memcpy(target, &number, sizeof(uint32_t));
        break;
    case WIRE_GUID:
    case WIRE_FIXED_BYTES:
        for (size_t i = 0; i < (field->kind == WIRE_GUID ? sizeof(struct guid) : field->maximum); i++)
            ((uint8_t *)target)[i] = (uint8_t)random_next(generator);
        break;
    case WIRE_TAGGED:
    case WIRE_FILTER_VALUE:
        value.tag = PROPERTY_TAG((uint16_t)random_next(generator), random_type(generator));
        value_random(generator, PROPERTY_TYPE(value.tag), &value);
        memcpy(target, &value, sizeof value);
        break;
    case WIRE_TYPED:
        value.tag = random_type(generator);
        value_random(generator, PROPERTY_TYPE(value.tag), &value);
        memcpy(target, &value, sizeof value);
        break;
    case WIRE_ROW:
    case WIRE_RECORD:
        random_over_columns(generator, field, object, target);
        break;
    default:
        if (field->kind == WIRE_BYTES)
            bytes = random_bytes_of(generator, 32);
        else
            bytes = random_text(generator, field->kind == WIRE_STRING
                || (field->kind == WIRE_TEXT && condition_holds(field->condition, object, &generator->context)));
        memcpy(target, &bytes, sizeof bytes);
    }
}

static void random_list(struct generator *generator, const struct wire_structure *structure, const struct wire_field *field, uint8_t *object)
{
    size_t count = field->maximum, size = element_size(field);
    uint8_t *elements = object + field->offset;
    if (field->list != WIRE_LIST_FIXED) {
        if (field->list == WIRE_LIST_REST)
            member_store(object, field->count_offset, field->count_width, random_below(generator, RANDOM_COUNT_MAX));
        count = member_load(object, field->count_offset, field->count_width);
        elements = random_allocate(generator, count, size);
        if (!elements)
            return;
        memcpy(object + field->offset, &elements, sizeof elements);
    }
    generator->depth++;
    for (size_t i = 0; i < count; i++) {
        random_element(generator, structure, field, object, elements + i * size);
        /* columns must be of types that exist */
        if (field->kind == WIRE_INTEGER && field->form == WIRE_FORM_TAG)
            store_u16(elements + i * size, random_below(generator, 8) ? random_type(generator) : (uint16_t)PTYP_UNSPECIFIED);
    }
    generator->depth--;
}

void random_record(struct generator *generator, const struct wire_structure *structure, void *target)
{
    uint8_t *object = target;
    struct wire_context outside = generator->context;
    context_enter(&generator->context, structure);
    generator->depth++;
    for (uint16_t i = 0; i < structure->field_count && !generator->failed; i++) {
        const struct wire_field *field = &structure->fields[i];
        if (field->kind == WIRE_IF) {
            if (!condition_holds(field->condition, object, &generator->context))
                i += field->block;
        } else if (field->kind == WIRE_SIZED) {
            if (field->optional && (generator->depth >= RANDOM_DEPTH_MAX || !random_below(generator, 3)))
                i += field->block;
        } else if (field->list == WIRE_LIST_NONE) {
            random_element(generator, structure, field, object, object + field->offset);
        } else {
            random_list(generator, structure, field, object);
        }
    }
    generator->depth--;
    outside.columns = generator->context.columns;
    generator->context = outside;
}

void *wire_random_object(struct arena *arena, const struct wire_structure *structure, const struct wire_context *context,
    struct wire_random *random)
{
    struct generator generator = { .arena = arena, .random = random, .vocabulary = structure->vocabulary };
    if (context)
        generator.context = *context;
    void *object = random_allocate(&generator, 1, structure->size);
    if (object)
        random_record(&generator, structure, object);
    return generator.failed ? NULL : object;
}
