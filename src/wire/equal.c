/* Whether two objects say the same. */
#include "wire/engine.h"
#include <string.h>

static bool equal_element(const struct equality *equality, const struct wire_field *field, const void *a, const void *b)
{
    switch (field->kind) {
    case WIRE_INTEGER:
        return !memcmp(a, b, field->width);
    case WIRE_COUNT:
        return load_u32(a) == load_u32(b);
    case WIRE_GUID:
        return !memcmp(a, b, sizeof(struct guid));
    case WIRE_FIXED_BYTES:
        return !memcmp(a, b, field->maximum);
    case WIRE_TAGGED:
    case WIRE_TYPED:
    case WIRE_FILTER_VALUE:
        return value_equal(equality, a, b);
    case WIRE_ROW:
        return row_equal(equality, a, b);
    case WIRE_RECORD:
        if (field->pointer) {
            const void *record_a, *record_b;
            memcpy(&record_a, a, sizeof record_a);
            memcpy(&record_b, b, sizeof record_b);
            return record_a && record_b ? equal_record(equality, field->record, record_a, record_b) : record_a == record_b;
        }
        return equal_record(equality, field->record, a, b);
    default: {
        struct bytes bytes_a, bytes_b;
        memcpy(&bytes_a, a, sizeof bytes_a);
        memcpy(&bytes_b, b, sizeof bytes_b);
        return bytes_equal(bytes_a, bytes_b);
    }
    }
}

static bool equal_list(const struct equality *equality, const struct wire_field *field, const uint8_t *a, const uint8_t *b)
{
    size_t count = field->maximum, size = element_size(field);
    const uint8_t *elements_a = a + field->offset, *elements_b = b + field->offset;
    if (field->list != WIRE_LIST_FIXED) {
        count = member_load(a, field->count_offset, field->count_width);
        if (count != member_load(b, field->count_offset, field->count_width))
            return false;
        memcpy(&elements_a, a + field->offset, sizeof elements_a);
        memcpy(&elements_b, b + field->offset, sizeof elements_b);
    }
    for (size_t i = 0; i < count; i++)
        if (!equal_element(equality, field, elements_a + i * size, elements_b + i * size))
            return false;
    return true;
}

bool equal_record(const struct equality *equality, const struct wire_structure *structure, const void *object_a, const void *object_b)
{
    const uint8_t *a = object_a, *b = object_b;
    struct equality inside = *equality;
    context_enter(&inside.context, structure);
    for (uint16_t i = 0; i < structure->field_count; i++) {
        const struct wire_field *field = &structure->fields[i];
        if (field->kind == WIRE_IF) {
            /* The fields that a condition looks at come earlier and were equal. */
            if (!condition_holds(field->condition, a, &inside.context))
                i += field->block;
            continue;
        }
        if (field->kind == WIRE_SIZED) {
            const void *member_a = a, *member_b = b;
            if (field->optional) {
                memcpy(&member_a, a + field->offset, sizeof member_a);
                memcpy(&member_b, b + field->offset, sizeof member_b);
            }
            if (!member_a != !member_b)
                return false;
            if (!member_a)
                i += field->block;
            continue;
        }
        bool same = field->list == WIRE_LIST_NONE ? equal_element(&inside, field, a + field->offset, b + field->offset)
                                                  : equal_list(&inside, field, a, b);
        if (!same)
            return false;
    }
    return true;
}

bool wire_equal(const struct wire_structure *structure, const void *a, const void *b, const struct wire_context *context)
{
    struct equality equality = { .vocabulary = structure->vocabulary };
    if (context)
        equality.context = *context;
    return equal_record(&equality, structure, a, b);
}
