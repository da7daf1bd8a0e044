/* ModProps (MS-OXNSPI 3.1.4.1.14): everything is checked before the first value changes, and all change at once. */
#include <string.h>

#include "base/text.h"
#include "nspi/permission.h"
#include "nspi/property.h"

struct changes {
    struct nspi_call *call;
    const struct nspi_view *view;
    const struct directory_entry *entry;
    uint32_t count;
    struct directory_value *values; /* one for each attribute that changes; count 0 removes */
};

/* The place for an attribute: the one it has already, or a new one. */
static struct directory_value *place_of(struct changes *changes, enum directory_attribute attribute)
{
    for (uint32_t i = 0; i < changes->count; i++)
        if (changes->values[i].attribute == attribute)
            return &changes->values[i];
    struct directory_value *place = &changes->values[changes->count++];
    *place = (struct directory_value){.attribute = attribute};
    return place;
}

/* NULL where the tag is no attribute that the caller may set here. */
static struct directory_value *allowed_place(struct changes *changes, uint32_t tag)
{
    enum directory_attribute attribute = directory_attribute_of_tag(tag);
    if (attribute == DIRECTORY_ATTRIBUTE_COUNT || !nspi_may_set(changes->call, changes->entry, attribute))
        return NULL;
    return place_of(changes, attribute);
}

static bool read_text(struct changes *changes, uint16_t type, struct bytes text, struct bytes *ret_text)
{
    struct property_value value = {.tag = type & ~PTYP_MULTIPLE_FLAG, .bytes = text};
    const char *utf8 = nspi_value_text(changes->call, changes->view, &value);
    if (utf8)
        *ret_text = bytes_of_string(utf8);
    return utf8;
}

static bool read_list(struct changes *changes, const struct property_value *value, bool text, struct directory_value *place)
{
    uint32_t count = value->multiple.bytes ? value->multiple.count : 0;
    struct bytes *items = arena_array(changes->call->arena, struct bytes, count ? count : 1);
    for (uint32_t i = 0; items && i < count; i++) {
        items[i] = value->multiple.bytes[i];
        if (text && !read_text(changes, PROPERTY_TYPE(value->tag), items[i], &items[i]))
            return false;
    }
    place->count = items ? count : 0;
    place->items = items;
    return items;
}

static bool read_single(struct changes *changes, const struct property_value *value, bool text, struct directory_value *place)
{
    struct bytes *item = arena_new(changes->call->arena, struct bytes);
    if (!item)
        return false;
    *item = value->bytes;
    if (text && item->data && !read_text(changes, PROPERTY_TYPE(value->tag), *item, item))
        return false;
    place->count = item->size > 0; /* an absent or empty value: nothing in its place */
    place->items = item;
    return true;
}

/* A value into the directory's form. False for a type that the attribute does not have. */
static bool read_value(struct changes *changes, const struct property_value *value, struct directory_value *place)
{
    const struct directory_attribute_definition *definition = &directory_attributes[place->attribute];
    bool text = definition->kind == DIRECTORY_VALUE_TEXT;
    switch (PROPERTY_TYPE(value->tag)) {
    case PTYP_STRING:
    case PTYP_STRING8:
        return text && !definition->multiple && read_single(changes, value, true, place);
    case PTYP_BINARY:
        return definition->kind == DIRECTORY_VALUE_BINARY && !definition->multiple && read_single(changes, value, false, place);
    case PTYP_MULTIPLE_STRING:
    case PTYP_MULTIPLE_STRING8:
        return text && definition->multiple && read_list(changes, value, true, place);
    case PTYP_MULTIPLE_BINARY:
        return definition->kind == DIRECTORY_VALUE_BINARY && definition->multiple && read_list(changes, value, false, place);
    case PTYP_INTEGER32: {
        const char *digits = arena_format(changes->call->arena, "%u", (unsigned)value->integer32);
        struct property_value number = {.tag = PTYP_BINARY, .bytes = digits ? bytes_of_string(digits) : BYTES_NONE};
        return definition->kind == DIRECTORY_VALUE_NUMBER && digits && read_single(changes, &number, false, place);
    }
    default:
        return false;
    }
}

static uint32_t collect(struct changes *changes, const struct nspi_mod_props_request *request)
{
    for (uint32_t i = 0; i < request->property_tag_count; i++) {
        struct directory_value *place = allowed_place(changes, request->property_tags[i]);
        if (!place)
            return EC_ACCESS_DENIED;
        place->count = 0;
    }
    for (uint32_t i = 0; request->has_property_values && i < request->property_values.property_value_count; i++) {
        const struct property_value *value = &request->property_values.property_values[i];
        struct directory_value *place = allowed_place(changes, value->tag);
        if (!place || !read_value(changes, value, place))
            return EC_ACCESS_DENIED; /* R1303 */
    }
    return EC_SUCCESS;
}

uint32_t nspi_mod_props(struct nspi_call *call, const struct nspi_mod_props_request *request,
                        struct nspi_mod_props_success *ret_answer)
{
    if (!request->has_state || !request->has_property_tags)
        return EC_INVALID_PARAMETER;
    if (!nspi_code_page_allowed(request->state.code_page))
        return EC_INVALID_CODEPAGE;
    uint32_t index = address_book_find_number(call->book, request->state.current_rec);
    if (index == ADDRESS_BOOK_NONE)
        return EC_INVALID_PARAMETER;
    const struct directory_entry *entry = address_book_entry(call->book, index);
    if (entry->kind == DIRECTORY_DYNAMIC_GROUP)
        return EC_INVALID_OBJECT;
    struct nspi_view view = nspi_view_of(&request->state, 0);
    struct changes changes = {.call = call, .view = &view, .entry = entry,
                              .values = arena_array(call->arena, struct directory_value, DIRECTORY_ATTRIBUTE_COUNT)};
    if (!changes.values)
        return EC_NOT_ENOUGH_MEMORY;
    uint32_t error = collect(&changes, request);
    if (error != EC_SUCCESS || !changes.count)
        return error;
    return directory_set_values(call->directory, entry->id, changes.count, changes.values) == DIRECTORY_OK ? EC_SUCCESS
                                                                                                           : EC_ACCESS_DENIED;
}
