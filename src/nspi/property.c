#include "nspi/property.h"

#include <string.h>

#include "base/text.h"
#include "nspi/property_source.h"
#include "protocol/property_tags.h"

#define AS_STRING8(tag) PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING8)

const uint32_t nspi_default_columns[NSPI_DEFAULT_COLUMN_COUNT] = {
    PID_TAG_ADDRESS_BOOK_CONTAINER_ID, PID_TAG_OBJECT_TYPE, PID_TAG_DISPLAY_TYPE, AS_STRING8(PID_TAG_DISPLAY_NAME),
    AS_STRING8(PID_TAG_PRIMARY_TELEPHONE_NUMBER), AS_STRING8(PID_TAG_DEPARTMENT_NAME), AS_STRING8(PID_TAG_OFFICE_LOCATION)};

struct nspi_view nspi_view_of(const struct stat *stat, uint32_t flags)
{
    return (struct nspi_view){.code_page = stat->code_page, .ephemeral_ids = flags & NSPI_EPHEMERAL_IDS,
                              .skip_objects = flags & NSPI_SKIP_OBJECTS};
}

uint32_t nspi_tag_as_string8(uint32_t tag)
{
    uint16_t type = PROPERTY_TYPE(tag);
    if (type == PTYP_STRING)
        type = PTYP_STRING8;
    else if (type == PTYP_MULTIPLE_STRING)
        type = PTYP_MULTIPLE_STRING8;
    return PROPERTY_TAG(PROPERTY_ID(tag), type);
}

uint32_t nspi_tag_as_string(uint32_t tag)
{
    uint16_t type = PROPERTY_TYPE(tag);
    if (type == PTYP_STRING8)
        type = PTYP_STRING;
    else if (type == PTYP_MULTIPLE_STRING8)
        type = PTYP_MULTIPLE_STRING;
    return PROPERTY_TAG(PROPERTY_ID(tag), type);
}

const uint32_t *nspi_known_tags(struct arena *arena, uint32_t *ret_count)
{
    uint32_t *tags = arena_array(arena, uint32_t, nspi_computed_tag_count + DIRECTORY_ATTRIBUTE_COUNT);
    uint32_t count = nspi_computed_tag_count;
    if (!tags)
        return NULL;
    memcpy(tags, nspi_computed_tags, nspi_computed_tag_count * sizeof *tags);
    for (unsigned attribute = 0; attribute < DIRECTORY_ATTRIBUTE_COUNT; attribute++) {
        const struct directory_attribute_definition *definition = &directory_attributes[attribute];
        bool computed = definition->kind == DIRECTORY_VALUE_REFERENCE;
        for (uint32_t i = 0; i < nspi_computed_tag_count; i++)
            computed |= PROPERTY_ID(nspi_computed_tags[i]) == PROPERTY_ID(definition->property_tag);
        if (definition->property_tag && !computed)
            tags[count++] = definition->property_tag;
    }
    *ret_count = count;
    return tags;
}

/* --- attributes --- */

/* Large attributes are not in the book: the entry is read anew, whole, and kept for the next one that is asked for. */
static const struct directory_value *read_large(struct nspi_call *call, const struct directory_entry *entry,
                                                enum directory_attribute attribute)
{
    char id_text[GUID_TEXT_SIZE];
    if (!call->whole || !guid_equal(call->whole->id, entry->id)) {
        struct directory_entry *whole = arena_new(call->arena, struct directory_entry);
        guid_format(entry->id, id_text);
        if (!whole || directory_find_entry(call->directory, call->arena, DIRECTORY_KEY_ID, id_text, whole) != DIRECTORY_OK)
            return NULL;
        call->whole = whole;
    }
    return directory_entry_value(call->whole, attribute);
}

static uint32_t number_of(struct bytes text)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        number = number * 10 + (text.data[i] - '0');
    return number;
}

static void read_attribute(struct nspi_call *call, const struct directory_entry *entry, uint32_t tag, struct source *source)
{
    enum directory_attribute attribute = directory_attribute_of_tag(tag);
    if (attribute == DIRECTORY_ATTRIBUTE_COUNT)
        return;
    const struct directory_attribute_definition *definition = &directory_attributes[attribute];
    const struct directory_value *value =
        definition->large ? read_large(call, entry, attribute) : directory_entry_value(entry, attribute);
    if (!value || definition->kind == DIRECTORY_VALUE_REFERENCE)
        return;
    source->count = value->count;
    source->items = value->items;
    if (definition->kind == DIRECTORY_VALUE_NUMBER || definition->kind == DIRECTORY_VALUE_BOOLEAN)
        source->number = number_of(value->items[0]);
    source->kind = definition->kind == DIRECTORY_VALUE_NUMBER    ? SOURCE_NUMBER
                   : definition->kind == DIRECTORY_VALUE_BOOLEAN ? SOURCE_BOOLEAN
                   : definition->kind == DIRECTORY_VALUE_TEXT    ? (definition->multiple ? SOURCE_TEXTS : SOURCE_TEXT)
                                                                 : (definition->multiple ? SOURCE_BINARIES : SOURCE_BINARY);
}

static struct source source_of(struct nspi_call *call, const struct nspi_view *view, uint32_t index, uint32_t tag)
{
    struct source source = {0};
    if (!nspi_computed_property(call, view, index, PROPERTY_ID(tag), &source))
        read_attribute(call, address_book_entry(call->book, index), tag, &source);
    return source;
}

static const struct bytes *items_of(const struct source *source)
{
    return source->items ? source->items : &source->item;
}

/* --- into types --- */

static bool is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

/* Windows' code pages and UTF-8 have ASCII as it is. */
static bool keeps_ascii(uint32_t code_page)
{
    return code_page == 65001 || (code_page >= 1250 && code_page <= 1258);
}

static struct bytes convert_text(struct nspi_call *call, const struct nspi_view *view, bool eight_bit, struct bytes text)
{
    static const uint8_t empty[1];
    struct bytes result;
    if (eight_bit && keeps_ascii(view->code_page) && is_ascii(text))
        result = text;
    else
        result = text_utf16_of_utf8(call->arena, text);
    if (eight_bit && result.data && result.data != text.data)
        result = text_codepage_of_utf16(call->arena, view->code_page, result);
    return text.size ? result : bytes_of(empty, 0);
}

static bool give_texts(struct nspi_call *call, const struct nspi_view *view, const struct source *source, bool eight_bit,
                       struct property_value *ret_value)
{
    struct bytes *texts = arena_array(call->arena, struct bytes, source->count ? source->count : 1);
    for (uint32_t i = 0; texts && i < source->count; i++) {
        texts[i] = convert_text(call, view, eight_bit, items_of(source)[i]);
        if (!texts[i].data)
            return false;
    }
    ret_value->multiple.count = source->count;
    ret_value->multiple.bytes = texts;
    return texts;
}

static uint16_t native_type(enum source_kind kind)
{
    static const uint16_t types[] = {
        [SOURCE_NONE] = PTYP_ERROR_CODE, [SOURCE_TEXT] = PTYP_STRING, [SOURCE_TEXTS] = PTYP_MULTIPLE_STRING,
        [SOURCE_NUMBER] = PTYP_INTEGER32, [SOURCE_BOOLEAN] = PTYP_BOOLEAN, [SOURCE_BINARY] = PTYP_BINARY,
        [SOURCE_BINARIES] = PTYP_MULTIPLE_BINARY, [SOURCE_TIME] = PTYP_TIME, [SOURCE_OBJECT] = PTYP_OBJECT,
    };
    return types[kind];
}

static bool has_texts(const struct source *source)
{
    return source->kind == SOURCE_TEXT || source->kind == SOURCE_TEXTS || source->kind == SOURCE_OBJECT;
}

/* EC_NOT_FOUND where the property cannot have that type. */
static uint32_t give_value(struct nspi_call *call, const struct nspi_view *view, const struct source *source, uint16_t type,
                           struct property_value *ret_value)
{
    bool eight_bit = type == PTYP_STRING8 || type == PTYP_MULTIPLE_STRING8;
    if (eight_bit && view->code_page == NSPI_CP_WINUNICODE) /* no code page for 8-bit text: there is no such value */
        return EC_NOT_FOUND;
    switch (type) {
    case PTYP_STRING:
    case PTYP_STRING8:
        if (!has_texts(source) || !source->count)
            return EC_NOT_FOUND;
        ret_value->bytes = convert_text(call, view, eight_bit, items_of(source)[0]);
        return ret_value->bytes.data ? EC_SUCCESS : EC_NOT_ENOUGH_MEMORY;
    case PTYP_MULTIPLE_STRING:
    case PTYP_MULTIPLE_STRING8:
        if ((source->kind != SOURCE_TEXTS && source->kind != SOURCE_OBJECT) || !source->count)
            return EC_NOT_FOUND;
        return give_texts(call, view, source, eight_bit, ret_value) ? EC_SUCCESS : EC_NOT_ENOUGH_MEMORY;
    default:
        break;
    }
    if (type != native_type(source->kind))
        return EC_NOT_FOUND;
    switch (source->kind) {
    case SOURCE_NUMBER: ret_value->integer32 = (int32_t)source->number; break;
    case SOURCE_BOOLEAN: ret_value->boolean = source->number != 0; break;
    case SOURCE_TIME: ret_value->time = source->time; break;
    case SOURCE_BINARY: ret_value->bytes = items_of(source)[0]; break;
    case SOURCE_BINARIES:
        ret_value->multiple.count = source->count;
        ret_value->multiple.bytes = items_of(source);
        break;
    default: break; /* an object has no bytes */
    }
    return EC_SUCCESS;
}

static bool fail(uint32_t tag, uint32_t error, struct property_value *ret_value)
{
    *ret_value = (struct property_value){.tag = PROPERTY_TAG(PROPERTY_ID(tag), PTYP_ERROR_CODE), .error_code = error};
    return false;
}

bool nspi_property_value(struct nspi_call *call, const struct nspi_view *view, uint32_t index, uint32_t tag,
                         struct property_value *ret_value)
{
    if (index == ADDRESS_BOOK_NONE)
        return fail(tag, EC_NOT_FOUND, ret_value);
    struct source source = source_of(call, view, index, tag);
    uint16_t type = PROPERTY_TYPE(tag) == PTYP_UNSPECIFIED ? native_type(source.kind) : PROPERTY_TYPE(tag);
    if (source.failed)
        return fail(tag, EC_NOT_ENOUGH_MEMORY, ret_value);
    if (source.kind == SOURCE_NONE || (source.kind == SOURCE_OBJECT && type == PTYP_OBJECT && view->skip_objects))
        return fail(tag, EC_NOT_FOUND, ret_value);
    struct property_value value = {.tag = PROPERTY_TAG(PROPERTY_ID(tag), type)};
    uint32_t error = give_value(call, view, &source, type, &value);
    if (error != EC_SUCCESS)
        return fail(tag, error, ret_value);
    *ret_value = value;
    return true;
}

bool nspi_property_row(struct nspi_call *call, const struct nspi_view *view, uint32_t index, uint32_t column_count,
                       const uint32_t *columns, struct property_row *ret_row, bool *ret_all)
{
    struct property_value *values = arena_array(call->arena, struct property_value, column_count ? column_count : 1);
    bool all = true;
    if (!values)
        return false;
    for (uint32_t i = 0; i < column_count; i++) {
        if (nspi_property_value(call, view, index, columns[i], &values[i]))
            continue;
        all = false;
        if (values[i].error_code == EC_NOT_ENOUGH_MEMORY)
            return false;
    }
    *ret_row = (struct property_row){.count = column_count, .values = values};
    if (ret_all)
        *ret_all = all;
    return true;
}

/* --- text for others --- */

bool nspi_text_value(struct nspi_call *call, const struct nspi_view *view, uint32_t tag, const char *text,
                     struct property_value *ret_value)
{
    if (PROPERTY_TYPE(tag) != PTYP_STRING && PROPERTY_TYPE(tag) != PTYP_STRING8)
        return false;
    struct bytes bytes = convert_text(call, view, PROPERTY_TYPE(tag) == PTYP_STRING8, bytes_of_string(text));
    if (bytes.data)
        *ret_value = (struct property_value){.tag = tag, .bytes = bytes};
    return bytes.data;
}

const char *nspi_value_text(struct nspi_call *call, const struct nspi_view *view, const struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    if ((type != PTYP_STRING && type != PTYP_STRING8) || !value->bytes.data)
        return NULL;
    struct bytes text = type == PTYP_STRING ? value->bytes
                                            : text_utf16_of_codepage(call->arena, view->code_page, value->bytes);
    return text.data ? text_utf8_of_utf16(call->arena, text) : NULL;
}
