#include "mailbox/restriction.h"

#include "base/limits.h"
#include "mailbox/computed.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

/* ---- Copies ---- */

struct copier {
    struct arena *arena;
    uint32_t codepage;
    uint32_t count;
};

static uint32_t copy_node(struct copier *copier, const struct restriction *from, uint32_t depth, struct restriction *to);

static uint32_t copy_child(
    struct copier *copier, const struct restriction *from, uint32_t depth, const struct restriction **ret_to)
{
    if (from == NULL)
        return EC_INVALID_PARAMETER;
    struct restriction *to = arena_new(copier->arena, struct restriction);
    uint32_t error = to == NULL ? EC_OUT_OF_MEMORY : copy_node(copier, from, depth + 1, to);
    *ret_to = to;
    return error;
}

/* Strings become UTF-16; the type of the tag follows, so that the row's own type is compared with. */
static uint32_t copy_value(struct copier *copier, struct property_value *value, uint32_t *tag)
{
    struct property_value normalized, copy;
    if (!value_type_is_storable(PROPERTY_TYPE(value->tag)))
        return EC_INVALID_PARAMETER;
    if (!value_normalize(copier->arena, copier->codepage, value, &normalized) ||
        !value_copy(copier->arena, &normalized, &copy))
        return EC_OUT_OF_MEMORY;
    *value = copy;
    if (PROPERTY_TYPE(*tag) == PTYP_STRING8)
        *tag = PROPERTY_TAG(PROPERTY_ID(*tag), PTYP_STRING);
    return EC_SUCCESS;
}

static uint32_t copy_node(struct copier *copier, const struct restriction *from, uint32_t depth, struct restriction *to)
{
    if (depth > RESTRICTION_DEPTH_MAX || ++copier->count > RESTRICTIONS_MAX)
        return EC_TOO_COMPLEX;
    *to = *from;
    switch (from->type) {
    case RESTRICTION_TYPE_AND:
    case RESTRICTION_TYPE_OR: {
        struct restriction *children = arena_array(copier->arena, struct restriction, (size_t)from->count + 1);
        if (children == NULL)
            return EC_OUT_OF_MEMORY;
        uint32_t error = EC_SUCCESS;
        for (uint32_t i = 0; error == EC_SUCCESS && i < from->count; i++)
            error = copy_node(copier, &from->restrictions[i], depth + 1, &children[i]);
        to->restrictions = children;
        return error;
    }
    case RESTRICTION_TYPE_NOT: return copy_child(copier, from->negated, depth, &to->negated);
    case RESTRICTION_TYPE_CONTENT: return copy_value(copier, &to->content.value, &to->content.property_tag);
    case RESTRICTION_TYPE_PROPERTY: return copy_value(copier, &to->property.value, &to->property.property_tag);
    case RESTRICTION_TYPE_COMPARE_PROPERTIES:
    case RESTRICTION_TYPE_BITMASK:
    case RESTRICTION_TYPE_SIZE:
    case RESTRICTION_TYPE_EXIST: return EC_SUCCESS;
    case RESTRICTION_TYPE_SUB_OBJECT:
        return copy_child(copier, from->sub_object.restriction, depth, &to->sub_object.restriction);
    case RESTRICTION_TYPE_COMMENT:
        to->comment.tagged_values = NULL; /* what a client notes for itself is of no use here */
        to->comment.tagged_values_count = 0;
        return from->comment.restriction_present
                   ? copy_child(copier, from->comment.restriction, depth, &to->comment.restriction)
                   : EC_SUCCESS;
    case RESTRICTION_TYPE_COUNT: return copy_child(copier, from->counted.restriction, depth, &to->counted.restriction);
    default: return EC_INVALID_PARAMETER;
    }
}

uint32_t restriction_copy(
    struct arena *arena, uint32_t codepage, const struct restriction *restriction, const struct restriction **ret_copy)
{
    struct copier copier = {.arena = arena, .codepage = codepage};
    struct restriction *copy = arena_new(arena, struct restriction);
    uint32_t error = copy == NULL ? EC_OUT_OF_MEMORY : copy_node(&copier, restriction, 0, copy);
    if (error == EC_SUCCESS)
        *ret_copy = copy;
    return error;
}

/* ---- Matching ---- */

static bool relation_holds(uint8_t operator, int order)
{
    switch (operator) {
    case RELATIONAL_OPERATOR_LESS: return order < 0;
    case RELATIONAL_OPERATOR_LESS_OR_EQUAL: return order <= 0;
    case RELATIONAL_OPERATOR_GREATER: return order > 0;
    case RELATIONAL_OPERATOR_GREATER_OR_EQUAL: return order >= 0;
    case RELATIONAL_OPERATOR_EQUAL: return order == 0;
    case RELATIONAL_OPERATOR_NOT_EQUAL: return order != 0;
    default: return false; /* member-of-DL: groups are not known here */
    }
}

/* The value in the row's type; false where they cannot be compared. */
static bool comparable(struct row *row, const struct property_value *stored, const struct property_value *wanted,
    struct property_value *ret_wanted)
{
    return value_convert(row->arena, row->codepage, true, PROPERTY_TAG(PROPERTY_ID(wanted->tag), PROPERTY_TYPE(stored->tag)),
        wanted, ret_wanted);
}

static bool single_matches(
    struct row *row, uint8_t operator, const struct property_value * stored, const struct property_value *wanted)
{
    struct property_value converted;
    int order = 0;
    return comparable(row, stored, wanted, &converted) && value_compare(stored, &converted, &order) &&
           relation_holds(operator, order);
}

static bool whole_multiple_equal(struct row *row, const struct property_value *stored, const struct property_value *wanted)
{
    if (stored->multiple.count != wanted->multiple.count)
        return false;
    for (uint32_t i = 0; i < stored->multiple.count; i++) {
        struct property_value a = value_element(stored, i), b = value_element(wanted, i);
        if (!single_matches(row, RELATIONAL_OPERATOR_EQUAL, &a, &b))
            return false;
    }
    return true;
}

static bool property_matches(struct row *row, const struct restriction *restriction)
{
    uint8_t operator= restriction->property.relational_operator;
    const struct property_value *wanted = &restriction->property.value;
    struct property_value stored;
    if (!row_find(row, restriction->property.property_tag, PROPERTY_INLINE_SIZE_MAX, &stored))
        return operator== RELATIONAL_OPERATOR_NOT_EQUAL;
    if (!value_type_is_multiple(PROPERTY_TYPE(stored.tag)))
        return single_matches(row, operator, & stored, wanted);
    if (value_type_is_multiple(PROPERTY_TYPE(wanted->tag))) {
        bool equal = whole_multiple_equal(row, &stored, wanted);
        return operator== RELATIONAL_OPERATOR_EQUAL ? equal : operator== RELATIONAL_OPERATOR_NOT_EQUAL && !equal;
    }
    if (operator== RELATIONAL_OPERATOR_NOT_EQUAL) { /* no element is equal */
        for (uint32_t i = 0; i < stored.multiple.count; i++) {
            struct property_value element = value_element(&stored, i);
            if (single_matches(row, RELATIONAL_OPERATOR_EQUAL, &element, wanted))
                return false;
        }
        return true;
    }
    for (uint32_t i = 0; i < stored.multiple.count; i++) {
        struct property_value element = value_element(&stored, i);
        if (single_matches(row, operator, & element, wanted))
            return true;
    }
    return false;
}

static bool content_matches(struct row *row, const struct restriction *restriction)
{
    struct property_value stored;
    const struct property_value *wanted = &restriction->content.value;
    uint16_t low = restriction->content.fuzzy_level_low, high = restriction->content.fuzzy_level_high;
    if (!row_find(row, restriction->content.property_tag, RESTRICTION_TEXT_SIZE_MAX, &stored))
        return false;
    for (uint32_t i = 0; i < value_count(&stored); i++) {
        struct property_value element = value_element(&stored, i);
        uint16_t type = PROPERTY_TYPE(element.tag);
        if (type == PTYP_STRING && PROPERTY_TYPE(wanted->tag) == PTYP_STRING) {
            if (text_matches(element.bytes, wanted->bytes, low, high))
                return true;
        } else if (type == PTYP_BINARY &&
                   (PROPERTY_TYPE(wanted->tag) == PTYP_BINARY || PROPERTY_TYPE(wanted->tag) == PTYP_STRING)) {
            if (bytes_match(element.bytes, wanted->bytes, low))
                return true;
        } else if (single_matches(row, RELATIONAL_OPERATOR_EQUAL, &element, wanted)) {
            return true;
        }
    }
    return false;
}

static bool bitmask_matches(struct row *row, const struct restriction *restriction)
{
    struct property_value stored;
    if (!row_find(row, restriction->bitmask.property_tag, PROPERTY_INLINE_SIZE_MAX, &stored) ||
        PROPERTY_TYPE(stored.tag) != PTYP_INTEGER32)
        return false;
    bool zero = ((uint32_t)stored.integer32 & restriction->bitmask.mask) == 0;
    return zero == (restriction->bitmask.bitmap_operator == BITMAP_OPERATOR_EQUAL_TO_ZERO);
}

static bool size_matches(struct row *row, const struct restriction *restriction)
{
    struct property_value stored;
    if (!row_find(row, restriction->size.property_tag, RESTRICTION_TEXT_SIZE_MAX, &stored))
        return false;
    uint16_t type = PROPERTY_TYPE(stored.tag);
    static const struct {
        uint16_t type;
        uint8_t size;
    } fixed[] = {{PTYP_INTEGER16, 2}, {PTYP_INTEGER32, 4}, {PTYP_FLOATING32, 4}, {PTYP_BOOLEAN, 1}, {PTYP_GUID, 16}};
    size_t size = value_answer_size(&stored);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (type == fixed[i].type)
            size = fixed[i].size;
    int order = size < restriction->size.size ? -1 : size > restriction->size.size;
    return relation_holds(restriction->size.relational_operator, order);
}

static bool comparison_matches(struct row *row, const struct restriction *restriction)
{
    struct property_value a, b;
    return row_find(row, restriction->compare_properties.property_tag1, PROPERTY_INLINE_SIZE_MAX, &a) &&
           row_find(row, restriction->compare_properties.property_tag2, PROPERTY_INLINE_SIZE_MAX, &b) &&
           single_matches(row, restriction->compare_properties.relational_operator, &a, &b);
}

static bool attachments_match(struct row *row, const struct restriction *inner, uint32_t *counted)
{
    const struct store_attachment *stored;
    uint32_t count = 0;
    if (row->message->attachment_count == 0 ||
        store_attachment_list(row->mailbox->store, row->arena, row->message->message_id, 0, &stored, &count) != STORE_OK)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct attachment_listed listed = {.number = stored[i].number, .stored = &stored[i]};
        struct row attachment = {.kind = ROW_ATTACHMENT,
            .arena = row->arena,
            .mailbox = row->mailbox,
            .codepage = row->codepage,
            .attachment = {.listed = &listed, .packed = stored[i].properties}};
        if (restriction_matches(&attachment, inner, counted))
            return true;
    }
    return false;
}

static bool sub_object_matches(struct row *row, const struct restriction *restriction, uint32_t *counted)
{
    const struct restriction *inner = restriction->sub_object.restriction;
    const struct property_list *recipients;
    uint32_t count = 0;
    if (row->kind != ROW_MESSAGE)
        return false;
    if (restriction->sub_object.subobject == PID_TAG_MESSAGE_ATTACHMENTS)
        return attachments_match(row, inner, counted);
    if (restriction->sub_object.subobject != PID_TAG_MESSAGE_RECIPIENTS ||
        store_recipient_list(row->mailbox->store, row->arena, row->message->properties, &recipients, &count) != STORE_OK)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct row recipient = {.kind = ROW_LIST,
            .arena = row->arena,
            .mailbox = row->mailbox,
            .codepage = row->codepage,
            .list = &recipients[i]};
        if (restriction_matches(&recipient, inner, counted))
            return true;
    }
    return false;
}

bool restriction_matches(struct row *row, const struct restriction *restriction, uint32_t *counted)
{
    if (restriction == NULL)
        return true;
    struct property_value ignored;
    switch (restriction->type) {
    case RESTRICTION_TYPE_AND:
        for (uint32_t i = 0; i < restriction->count; i++)
            if (!restriction_matches(row, &restriction->restrictions[i], counted))
                return false;
        return true;
    case RESTRICTION_TYPE_OR:
        for (uint32_t i = 0; i < restriction->count; i++)
            if (restriction_matches(row, &restriction->restrictions[i], counted))
                return true;
        return false;
    case RESTRICTION_TYPE_NOT: return !restriction_matches(row, restriction->negated, counted);
    case RESTRICTION_TYPE_CONTENT: return content_matches(row, restriction);
    case RESTRICTION_TYPE_PROPERTY: return property_matches(row, restriction);
    case RESTRICTION_TYPE_COMPARE_PROPERTIES: return comparison_matches(row, restriction);
    case RESTRICTION_TYPE_BITMASK: return bitmask_matches(row, restriction);
    case RESTRICTION_TYPE_SIZE: return size_matches(row, restriction);
    case RESTRICTION_TYPE_EXIST: return row_find(row, restriction->exist.property_tag, 1, &ignored);
    case RESTRICTION_TYPE_SUB_OBJECT: return sub_object_matches(row, restriction, counted);
    case RESTRICTION_TYPE_COMMENT:
        return !restriction->comment.restriction_present ||
               restriction_matches(row, restriction->comment.restriction, counted);
    case RESTRICTION_TYPE_COUNT:
        if (*counted >= restriction->counted.limit || !restriction_matches(row, restriction->counted.restriction, counted))
            return false;
        ++*counted;
        return true;
    default: return false;
    }
}
