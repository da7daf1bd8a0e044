/* Long because one notation is read, put into structures and compared here: the three must agree. */
#include "value.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "protocol/error_code.h"
#include "protocol/property.h"
#include "protocol/property_tags.h"
#include "wire/property_row.h"

/* ---- Variables ---- */

const struct variable *variable_find(const struct variables *variables, const char *name)
{
    for (uint32_t i = 0; i < variables->count; i++) {
        if (!strcmp(variables->rows[i].name, name))
            return &variables->rows[i];
    }
    return NULL;
}

struct variable *variable_set(struct variables *variables, const char *name, uint64_t number, struct bytes bytes)
{
    struct variable *row = (struct variable *)variable_find(variables, name);
    if (!row) {
        if (variables->count == VARIABLES_MAX)
            abort();
        row = &variables->rows[variables->count++];
        snprintf(row->name, sizeof row->name, "%s", name);
    }
    row->number = number;
    row->bytes = bytes;
    return row;
}

/* ---- Reading ---- */

static bool complain(struct reader *reader, const char *format, ...)
{
    if (!*reader->error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(reader->error, sizeof reader->error, format, arguments);
        va_end(arguments);
    }
    return false;
}

static void skip_blanks(struct reader *reader)
{
    while (*reader->at == ' ')
        reader->at++;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || strchr("_-$.:/@#*", c);
}

const char *read_word(struct reader *reader)
{
    skip_blanks(reader);
    const char *begin = reader->at;
    while (*reader->at && is_word(*reader->at))
        reader->at++;
    return arena_string_of(reader->arena, bytes_of(begin, (size_t)(reader->at - begin)));
}

/* PidTagSubject, PidTagSubject:001E, $id:0003, 0x0037001F; 0 for none of these. */
static uint32_t tag_of(struct reader *reader, const char *word)
{
    char name[96];
    snprintf(name, sizeof name, "%s", word);
    char *type = strchr(name, ':');
    if (type)
        *type++ = '\0';
    uint32_t tag = 0;
    if (*name == '$') {
        const struct variable *variable = variable_find(reader->variables, name + 1);
        if (variable)
            tag = PROPERTY_TAG(variable->number, 0);
    } else if (!strncmp(name, "0x", 2)) {
        tag = (uint32_t)strtoul(name, NULL, 16);
    } else {
        tag = property_tag_of_name(name);
    }
    if (tag && type)
        tag = PROPERTY_TAG(PROPERTY_ID(tag), strtoul(type, NULL, 16));
    return tag;
}

static bool read_quoted(struct reader *reader, struct bytes *ret_text)
{
    struct buffer text = {0};
    for (reader->at++; *reader->at != '"'; reader->at++) {
        if (!*reader->at)
            return complain(reader, "a text without its end");
        if (*reader->at == '\\' && reader->at[1] == 'x') {
            buffer_append_u8(&text, (uint8_t)strtoul(arena_string_of(reader->arena, bytes_of(reader->at + 2, 2)), NULL, 16));
            reader->at += 3;
        } else {
            buffer_append_u8(&text, (uint8_t)*reader->at);
        }
    }
    reader->at++;
    *ret_text = arena_bytes(reader->arena, buffer_bytes(&text));
    if (!text.size)
        *ret_text = bytes_of(reader->at, 0);
    buffer_free(&text);
    return true;
}

/* "text" times 300 makes it longer. */
static void read_times(struct reader *reader, struct bytes *text)
{
    const char *before = reader->at;
    const char *word = read_word(reader);
    if (strcmp(word, "times")) {
        reader->at = before;
        return;
    }
    unsigned long count = strtoul(read_word(reader), NULL, 10);
    struct buffer longer = {0};
    for (unsigned long i = 0; i < count; i++)
        buffer_append(&longer, text->data, text->size);
    *text = arena_bytes(reader->arena, buffer_bytes(&longer));
    buffer_free(&longer);
}

static bool read_hex(struct reader *reader, struct bytes *ret_bytes)
{
    struct buffer bytes = {0};
    for (reader->at++; *reader->at && *reader->at != '\'';) {
        if (*reader->at == ' ') {
            reader->at++;
            continue;
        }
        buffer_append_u8(&bytes, (uint8_t)strtoul(arena_string_of(reader->arena, bytes_of(reader->at, 2)), NULL, 16));
        reader->at += 2;
    }
    if (!*reader->at)
        return complain(reader, "bytes without their end");
    reader->at++;
    *ret_bytes = arena_bytes(reader->arena, buffer_bytes(&bytes));
    if (!bytes.size)
        *ret_bytes = bytes_of(reader->at, 0);
    buffer_free(&bytes);
    return true;
}

static const struct restriction *read_restriction(struct reader *reader);

/* The value in a restriction has the type of its own tag, single where the property is multiple. */
static bool read_property_value(struct reader *reader, uint32_t tag, struct property_value *ret_value);

static bool number_of_word(struct reader *reader, const char *word, const char *const *words, uint32_t *ret_number)
{
    for (uint32_t i = 0; words[i]; i++) {
        if (!strcmp(words[i], word)) {
            *ret_number = i;
            return true;
        }
    }
    return complain(reader, "'%s' is none of the words that stand there", word);
}

static const char *const relations[] = {"<", "<=", ">", ">=", "==", "!=", "lt", "le", "gt", "ge", "eq", "ne", NULL};

static bool read_relation(struct reader *reader, uint8_t *ret_relation)
{
    uint32_t number = 0;
    if (!number_of_word(reader, read_word(reader), relations, &number))
        return false;
    *ret_relation = (uint8_t)(number % 6);
    return true;
}

static bool read_parts(struct reader *reader, struct restriction *restriction)
{
    struct restriction *parts = arena_array(reader->arena, struct restriction, 16);
    skip_blanks(reader);
    while (*reader->at == '(' && restriction->count < 16) {
        const struct restriction *part = read_restriction(reader);
        if (!part)
            return false;
        parts[restriction->count++] = *part;
        skip_blanks(reader);
    }
    restriction->restrictions = parts;
    return true;
}

static bool read_content(struct reader *reader, struct restriction *restriction)
{
    static const char *const levels[] = {"full", "substring", "prefix", NULL};
    uint32_t level = 0;
    restriction->content.property_tag = tag_of(reader, read_word(reader));
    if (!number_of_word(reader, read_word(reader), levels, &level))
        return false;
    restriction->content.fuzzy_level_low = (uint16_t)level;
    restriction->content.fuzzy_level_high = 1; /* ignoring case */
    return read_property_value(reader, restriction->content.property_tag, &restriction->content.value);
}

static bool read_restriction_body(struct reader *reader, struct restriction *restriction)
{
    static const char *const types[] = {"and", "or", "not", "content", "property", "compare", "bitmask", "size", "exist",
        "sub", "comment", "count", NULL};
    uint32_t type = 0;
    if (!number_of_word(reader, read_word(reader), types, &type))
        return false;
    restriction->type = (uint8_t)type;
    switch (type) {
    case RESTRICTION_TYPE_AND:
    case RESTRICTION_TYPE_OR:
        return read_parts(reader, restriction);
    case RESTRICTION_TYPE_NOT:
        restriction->negated = read_restriction(reader);
        return restriction->negated;
    case RESTRICTION_TYPE_CONTENT:
        return read_content(reader, restriction);
    case RESTRICTION_TYPE_PROPERTY:
        restriction->property.property_tag = tag_of(reader, read_word(reader));
        return read_relation(reader, &restriction->property.relational_operator) &&
            read_property_value(reader, restriction->property.property_tag, &restriction->property.value);
    case RESTRICTION_TYPE_BITMASK:
        restriction->bitmask.property_tag = tag_of(reader, read_word(reader));
        restriction->bitmask.bitmap_operator = !strcmp(read_word(reader), "set");
        restriction->bitmask.mask = (uint32_t)strtoul(read_word(reader), NULL, 0);
        return true;
    case RESTRICTION_TYPE_SIZE:
        restriction->size.property_tag = tag_of(reader, read_word(reader));
        if (!read_relation(reader, &restriction->size.relational_operator))
            return false;
        restriction->size.size = (uint32_t)strtoul(read_word(reader), NULL, 0);
        return true;
    case RESTRICTION_TYPE_EXIST:
        restriction->exist.property_tag = tag_of(reader, read_word(reader));
        return true;
    case RESTRICTION_TYPE_SUB_OBJECT:
        restriction->sub_object.subobject = tag_of(reader, read_word(reader));
        restriction->sub_object.restriction = read_restriction(reader);
        return restriction->sub_object.restriction;
    default:
        return complain(reader, "this kind of restriction has no notation");
    }
}

static const struct restriction *read_restriction(struct reader *reader)
{
    struct restriction *restriction = arena_new(reader->arena, struct restriction);
    skip_blanks(reader);
    if (*reader->at != '(') {
        complain(reader, "a restriction begins with (");
        return NULL;
    }
    reader->at++;
    if (!read_restriction_body(reader, restriction))
        return NULL;
    skip_blanks(reader);
    if (*reader->at != ')') {
        complain(reader, "a restriction ends with )");
        return NULL;
    }
    reader->at++;
    return restriction;
}

/* Up to 'end', or the end of the text for '\0'. */
static bool read_fields_until(struct reader *reader, char end, struct value *ret_value)
{
    struct value value = {.kind = VALUE_FIELDS, .fields = arena_array(reader->arena, struct value_field, 64)};
    for (skip_blanks(reader); *reader->at && *reader->at != end; skip_blanks(reader)) {
        if (value.count == 64)
            return complain(reader, "more than 64 fields");
        struct value_field *field = &value.fields[value.count++];
        field->name = read_word(reader);
        bool capture = reader->at[0] == '=' && reader->at[1] == '>';
        bool contains = reader->at[0] == '~';
        if (!*field->name || (*reader->at != '=' && !contains))
            return complain(reader, "a field is 'name=value', here stands '%.20s'", reader->at);
        reader->at += capture ? 2 : 1;
        if (strchr("P$0", *field->name))
            field->tag = tag_of(reader, field->name);
        if (capture) {
            field->value = (struct value){.kind = VALUE_CAPTURE, .name = read_word(reader)};
            if (*field->value.name == '$')
                field->value.name++;
        } else if (!read_value(reader, &field->value)) {
            return false;
        }
        field->value.contains = contains;
    }
    if (end && *reader->at++ != end)
        return complain(reader, "'%c' is missing", end);
    *ret_value = value;
    return true;
}

bool read_fields(struct reader *reader, struct value *ret_value)
{
    return read_fields_until(reader, '\0', ret_value);
}

static bool read_list(struct reader *reader, struct value *ret_value)
{
    struct value value = {.kind = VALUE_LIST, .items = arena_array(reader->arena, struct value, 600)};
    reader->at++;
    for (skip_blanks(reader); *reader->at && *reader->at != ']'; skip_blanks(reader)) {
        if (value.count == 600)
            return complain(reader, "more than 600 items");
        if (!read_value(reader, &value.items[value.count++]))
            return false;
    }
    if (*reader->at++ != ']')
        return complain(reader, "']' is missing");
    *ret_value = value;
    return true;
}

static uint32_t error_of_name(const char *name)
{
    for (uint32_t i = 0; i < error_code_values.count; i++) {
        if (!strcmp(error_code_values.rows[i].name, name))
            return error_code_values.rows[i].value;
    }
    return (uint32_t)strtoul(name, NULL, 0);
}

static bool read_bare_word(struct reader *reader, struct value *ret_value)
{
    const char *word = read_word(reader);
    struct value value = {.kind = VALUE_NUMBER};
    char *end;
    if (!*word)
        return complain(reader, "a value is missing before '%.20s'", reader->at);
    if (!strcmp(word, "_")) {
        value.kind = VALUE_ANY;
    } else if (*word == '$' && !strchr(word, ':')) {
        const struct variable *variable = variable_find(reader->variables, word + 1);
        if (!variable)
            return complain(reader, "nothing is called %s", word);
        value.number = variable->number;
        value.bytes = variable->bytes;
        value.kind = variable->bytes.data ? VALUE_BYTES : VALUE_NUMBER;
    } else if (isdigit((unsigned char)*word) || *word == '-') {
        value.number = *word == '-' ? (uint64_t)strtoll(word, &end, 0) : strtoull(word, &end, 0);
        if (*end)
            return complain(reader, "'%s' is no number", word);
    } else {
        value.number = tag_of(reader, word);
        if (!value.number)
            return complain(reader, "'%s' is no property", word);
    }
    *ret_value = value;
    return true;
}

bool read_value(struct reader *reader, struct value *ret_value)
{
    skip_blanks(reader);
    struct value value = {0};
    switch (*reader->at) {
    case '"':
        value.kind = VALUE_TEXT;
        if (!read_quoted(reader, &value.bytes))
            return false;
        read_times(reader, &value.bytes);
        break;
    case '[':
        return read_list(reader, ret_value);
    case '{':
        reader->at++;
        return read_fields_until(reader, '}', ret_value);
    case '(':
        value.kind = VALUE_RESTRICTION;
        value.restriction = read_restriction(reader);
        if (!value.restriction)
            return false;
        break;
    case '!':
        reader->at++;
        value.kind = VALUE_ERROR;
        value.number = error_of_name(read_word(reader));
        break;
    default:
        if (reader->at[0] == 'u' && reader->at[1] == '"') {
            reader->at++;
            value.kind = VALUE_TEXT;
            value.utf16 = true;
            if (!read_quoted(reader, &value.bytes))
                return false;
            read_times(reader, &value.bytes);
        } else if (reader->at[0] == 'h' && reader->at[1] == '\'') {
            reader->at++;
            value.kind = VALUE_BYTES;
            if (!read_hex(reader, &value.bytes))
                return false;
            read_times(reader, &value.bytes);
        } else {
            return read_bare_word(reader, ret_value);
        }
    }
    *ret_value = value;
    return true;
}

/* ---- Property values ---- */

/* Texts are written as they are read by people; the type says how they stand in memory. */
static struct bytes bytes_of_value(struct arena *arena, const struct value *value, bool utf16)
{
    return value->kind == VALUE_TEXT && utf16 ? text_utf16_of_utf8(arena, value->bytes) : value->bytes;
}

static bool is_utf16(uint32_t tag)
{
    return (PROPERTY_TYPE(tag) & ~PTYP_MULTIPLE_FLAG) == PTYP_STRING;
}

static void set_multiple(struct arena *arena, uint32_t tag, const struct value *value, struct property_value *property)
{
    property->multiple.count = value->count;
    struct property_value *single = arena_array(arena, struct property_value, value->count + 1);
    uint16_t type = PROPERTY_TYPE(tag) & ~PTYP_MULTIPLE_FLAG;
    if (type == PTYP_STRING || type == PTYP_STRING8 || type == PTYP_BINARY) {
        struct bytes *bytes = arena_array(arena, struct bytes, value->count + 1);
        for (uint32_t i = 0; i < value->count; i++)
            bytes[i] = bytes_of_value(arena, &value->items[i], type == PTYP_STRING);
        property->multiple.bytes = bytes;
    } else {
        size_t width = type == PTYP_INTEGER16 ? 2 : type == PTYP_INTEGER32 || type == PTYP_FLOATING32 ? 4 : 8;
        uint8_t *numbers = arena_allocate(arena, value->count * width + 1);
        for (uint32_t i = 0; i < value->count; i++)
            memcpy(numbers + i * width, &value->items[i].number, width);
        property->multiple.integer16 = (const int16_t *)numbers;
    }
    (void)single;
}

static struct property_value property_of(struct arena *arena, uint32_t tag, const struct value *value)
{
    struct property_value property = {.tag = tag};
    uint16_t type = PROPERTY_TYPE(tag);
    if (value->kind == VALUE_LIST)
        set_multiple(arena, tag, value, &property);
    else if (type == PTYP_GUID)
        memcpy(property.guid.data, value->bytes.data, value->bytes.size < 16 ? value->bytes.size : 16);
    else if (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES)
        property.bytes = bytes_of_value(arena, value, is_utf16(tag));
    else if (type == PTYP_BOOLEAN)
        property.boolean = (uint8_t)value->number;
    else
        property.integer64 = (int64_t)value->number;
    return property;
}

static bool read_property_value(struct reader *reader, uint32_t tag, struct property_value *ret_value)
{
    struct value value;
    if (!tag)
        return complain(reader, "no property of that name");
    if (!read_value(reader, &value))
        return false;
    *ret_value = property_of(reader->arena, tag, &value);
    return true;
}

/* ---- Into structures ---- */

static bool fail_with(char *error, size_t error_size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return false;
}

static const struct wire_field *field_of(const struct wire_structure *structure, const char *name)
{
    for (uint16_t i = 0; i < structure->field_count; i++) {
        const struct wire_field *field = &structure->fields[i];
        if (field->kind != WIRE_IF && field->kind != WIRE_SIZED && !strcmp(field->name, name))
            return field;
    }
    return NULL;
}

static size_t size_in_memory(const struct wire_field *field)
{
    switch (field->kind) {
    case WIRE_INTEGER:
        return field->width;
    case WIRE_COUNT:
        return sizeof(uint32_t);
    case WIRE_GUID:
        return sizeof(struct guid);
    case WIRE_FIXED_BYTES:
        return field->maximum;
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

static bool set_one(struct arena *arena, const struct wire_field *field, const struct value *value, void *to, char *error,
    size_t error_size)
{
    switch (field->kind) {
    case WIRE_INTEGER:
    case WIRE_COUNT:
        memcpy(to, &value->number, size_in_memory(field));
        return true;
    case WIRE_GUID:
    case WIRE_FIXED_BYTES: {
        size_t size = size_in_memory(field);
        memcpy(to, value->bytes.data, value->bytes.size < size ? value->bytes.size : size);
        return true;
    }
    case WIRE_RECORD:
        if (value->kind == VALUE_RESTRICTION) {
            memcpy(to, value->restriction, sizeof *value->restriction);
            return true;
        }
        return fill(arena, field->record, value, to, error, error_size);
    case WIRE_ROW: {
        struct property_row *row = to;
        struct property_value *values = arena_array(arena, struct property_value, value->count + 1);
        for (uint32_t i = 0; i < value->count; i++)
            values[i] = property_of(arena, value->fields[i].tag, &value->fields[i].value);
        row->count = value->count;
        row->values = values;
        return true;
    }
    case WIRE_TAGGED:
        return fail_with(error, error_size, "%s takes a list of properties", field->name);
    default: {
        struct bytes bytes = bytes_of_value(arena, value, value->utf16 || field->kind == WIRE_STRING);
        memcpy(to, &bytes, sizeof bytes);
        return true;
    }
    }
}

static bool set_list(struct arena *arena, const struct wire_field *field, const struct value *value, uint8_t *object,
    char *error, size_t error_size)
{
    size_t size = size_in_memory(field);
    uint8_t *items = field->list == WIRE_LIST_FIXED ? object + field->offset
                                                    : arena_allocate(arena, size * (value->count + 1));
    for (uint32_t i = 0; i < value->count; i++) {
        if (field->kind == WIRE_TAGGED) {
            struct property_value property = property_of(arena, value->fields[i].tag, &value->fields[i].value);
            memcpy(items + i * size, &property, size);
        } else if (!set_one(arena, field, &value->items[i], items + i * size, error, error_size)) {
            return false;
        }
    }
    if (field->list != WIRE_LIST_FIXED) {
        memcpy(object + field->offset, &items, sizeof items);
        uint64_t count = value->count;
        memcpy(object + field->count_offset, &count, field->count_width);
    }
    return true;
}

bool fill(struct arena *arena, const struct wire_structure *structure, const struct value *fields, void *object, char *error,
    size_t error_size)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct value_field *given = &fields->fields[i];
        const struct wire_field *field = field_of(structure, given->name);
        if (!field)
            return fail_with(error, error_size, "%s has no field %s", structure->name, given->name);
        uint8_t *to = (uint8_t *)object + field->offset;
        if (field->list != WIRE_LIST_NONE) {
            if (!set_list(arena, field, &given->value, object, error, error_size))
                return false;
        } else if (field->pointer) {
            void *record = arena_allocate(arena, size_in_memory(field));
            if (!set_one(arena, field, &given->value, record, error, error_size))
                return false;
            memcpy(to, &record, sizeof record);
        } else if (!set_one(arena, field, &given->value, to, error, error_size)) {
            return false;
        }
    }
    return true;
}

/* ---- Comparing ---- */

struct comparison {
    struct arena *arena;
    struct variables *variables;
    char *error;
    size_t error_size;
};

static bool differs(struct comparison *comparison, const char *name, const char *format, ...)
{
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return fail_with(comparison->error, comparison->error_size, "%s %s", name, what);
}

static const char *hex_of(struct arena *arena, struct bytes bytes)
{
    struct buffer text = {0};
    for (size_t i = 0; i < bytes.size && i < 48; i++)
        buffer_append_format(&text, "%02x", bytes.data[i]);
    const char *copy = arena_string(arena, buffer_string(&text));
    buffer_free(&text);
    return copy;
}

static bool compare_bytes(struct comparison *comparison, const char *name, const struct value *value, bool utf16,
    struct bytes actual)
{
    if (value->kind == VALUE_CAPTURE) {
        struct bytes copy = {malloc(actual.size + 1), actual.size}; /* outlives the request; the scenario's */
        memcpy((uint8_t *)copy.data, actual.data ? actual.data : (const uint8_t *)"", actual.size);
        variable_set(comparison->variables, value->name, actual.size, copy);
        return true;
    }
    if (value->kind == VALUE_ANY)
        return true;
    if (value->kind != VALUE_TEXT && value->kind != VALUE_BYTES)
        return differs(comparison, name, "is %zu bytes: %s", actual.size, hex_of(comparison->arena, actual));
    struct bytes expected = bytes_of_value(comparison->arena, value, utf16 || value->utf16);
    if (bytes_equal(expected, actual))
        return true;
    return differs(comparison, name, "is %s (%zu bytes), not %s", hex_of(comparison->arena, actual), actual.size,
        hex_of(comparison->arena, expected));
}

static bool compare_number(struct comparison *comparison, const char *name, const struct value *value, uint64_t actual,
    size_t width)
{
    if (value->kind == VALUE_CAPTURE) {
        variable_set(comparison->variables, value->name, actual, BYTES_NONE);
        return true;
    }
    uint64_t mask = width < 8 ? (1ull << width * 8) - 1 : UINT64_MAX;
    if (value->kind == VALUE_ANY || (value->kind == VALUE_NUMBER && ((value->number ^ actual) & mask) == 0))
        return true;
    return differs(comparison, name, "is 0x%llx, not 0x%llx", (unsigned long long)actual,
        (unsigned long long)(value->number & mask));
}

static size_t width_of(uint16_t type)
{
    switch (type) {
    case PTYP_BOOLEAN:
        return 1;
    case PTYP_INTEGER16:
        return 2;
    case PTYP_INTEGER32:
    case PTYP_ERROR_CODE:
    case PTYP_FLOATING32:
        return 4;
    default:
        return 8;
    }
}

static bool compare_multiple(struct comparison *comparison, const char *name, const struct value *value,
    const struct property_value *actual)
{
    uint16_t type = PROPERTY_TYPE(actual->tag) & ~PTYP_MULTIPLE_FLAG;
    if (value->kind != VALUE_LIST)
        return value->kind == VALUE_ANY || differs(comparison, name, "has %u values", actual->multiple.count);
    if (value->count != actual->multiple.count)
        return differs(comparison, name, "has %u values, not %u", actual->multiple.count, value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        bool equal;
        if (type == PTYP_STRING || type == PTYP_STRING8 || type == PTYP_BINARY) {
            equal = compare_bytes(comparison, name, &value->items[i], type == PTYP_STRING, actual->multiple.bytes[i]);
        } else {
            uint64_t number = 0;
            memcpy(&number, (const uint8_t *)actual->multiple.integer16 + i * width_of(type), width_of(type));
            equal = compare_number(comparison, name, &value->items[i], number, width_of(type));
        }
        if (!equal)
            return false;
    }
    return true;
}

static bool compare_property(struct comparison *comparison, const char *name, const struct value *value,
    const struct property_value *actual)
{
    uint16_t type = PROPERTY_TYPE(actual->tag);
    if (value->kind == VALUE_ERROR) {
        if (type != PTYP_ERROR_CODE)
            return differs(comparison, name, "has a value of type %04x, not an error", type);
        return actual->error_code == value->number ||
            differs(comparison, name, "is error 0x%x, not 0x%x", actual->error_code, (uint32_t)value->number);
    }
    if (value->kind == VALUE_ANY)
        return true;
    if (type == PTYP_ERROR_CODE)
        return differs(comparison, name, "is error 0x%08x", actual->error_code);
    if (type & PTYP_MULTIPLE_FLAG)
        return compare_multiple(comparison, name, value, actual);
    switch (type) {
    case PTYP_GUID:
        return compare_bytes(comparison, name, value, false, bytes_of(actual->guid.data, 16));
    case PTYP_STRING:
    case PTYP_STRING8:
    case PTYP_BINARY:
    case PTYP_SERVER_ID:
        return compare_bytes(comparison, name, value, type == PTYP_STRING, actual->bytes);
    case PTYP_BOOLEAN:
        return compare_number(comparison, name, value, actual->boolean, 1);
    default:
        return compare_number(comparison, name, value, (uint64_t)actual->integer64, width_of(type));
    }
}

static bool compare_row(struct comparison *comparison, const char *name, const struct value *value,
    const struct property_row *actual)
{
    if (value->kind == VALUE_ANY)
        return true;
    if (value->kind != VALUE_LIST || value->count != actual->count)
        return differs(comparison, name, "is a row of %u values", actual->count);
    for (uint32_t i = 0; i < value->count; i++) {
        char column[64];
        snprintf(column, sizeof column, "%s, column %u", name, i);
        if (!compare_property(comparison, column, &value->items[i], &actual->values[i]))
            return false;
    }
    return true;
}

/* Properties by tag, in any order; with ~ there may be others. */
static bool compare_properties(struct comparison *comparison, const char *name, const struct value *value,
    const struct property_value *actual, uint32_t count)
{
    if (!value->contains && value->count != count)
        return differs(comparison, name, "has %u properties, not %u", count, value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        uint32_t at = 0;
        while (at < count && PROPERTY_ID(actual[at].tag) != PROPERTY_ID(value->fields[i].tag))
            at++;
        if (at == count)
            return differs(comparison, name, "lacks %s", value->fields[i].name);
        if (!compare_property(comparison, value->fields[i].name, &value->fields[i].value, &actual[at]))
            return false;
    }
    return true;
}

static bool compare_one(struct comparison *comparison, const struct wire_field *field, const struct value *value,
    const uint8_t *actual)
{
    switch (field->kind) {
    case WIRE_INTEGER:
    case WIRE_COUNT: {
        uint64_t number = 0;
        memcpy(&number, actual, size_in_memory(field));
        return compare_number(comparison, field->name, value, number, size_in_memory(field));
    }
    case WIRE_GUID:
    case WIRE_FIXED_BYTES:
        return compare_bytes(comparison, field->name, value, false, bytes_of(actual, size_in_memory(field)));
    case WIRE_ROW:
        return compare_row(comparison, field->name, value, (const struct property_row *)actual);
    case WIRE_RECORD:
        if (value->kind == VALUE_ANY)
            return true;
        return compare(comparison->arena, comparison->variables, field->record, value, actual, comparison->error,
            comparison->error_size);
    default: {
        struct bytes bytes;
        memcpy(&bytes, actual, sizeof bytes);
        return compare_bytes(comparison, field->name, value, field->kind == WIRE_STRING, bytes);
    }
    }
}

static bool compare_list(struct comparison *comparison, const struct wire_field *field, const struct value *value,
    const uint8_t *object)
{
    uint64_t count = 0;
    const uint8_t *items;
    if (field->list == WIRE_LIST_FIXED) {
        count = field->maximum;
        items = object + field->offset;
    } else {
        memcpy(&count, object + field->count_offset, field->count_width);
        memcpy(&items, object + field->offset, sizeof items);
    }
    if (value->kind == VALUE_ANY)
        return true;
    if (field->kind == WIRE_TAGGED)
        return compare_properties(comparison, field->name, value, (const struct property_value *)items, (uint32_t)count);
    if (value->kind != VALUE_LIST || (!value->contains && value->count != count))
        return differs(comparison, field->name, "has %u items, not %u", (uint32_t)count, value->count);
    size_t size = size_in_memory(field);
    for (uint32_t i = 0; i < value->count; i++) {
        bool found = false;
        /* With ~ each item may stand anywhere. */
        for (uint64_t k = value->contains ? 0 : i; !found && k < (value->contains ? count : i + 1ull); k++)
            found = compare_one(comparison, field, &value->items[i], items + k * size);
        if (!found)
            return value->contains ? differs(comparison, field->name, "lacks item %u", i) : false;
    }
    return true;
}

bool compare(struct arena *arena, struct variables *variables, const struct wire_structure *structure,
    const struct value *fields, const void *object, char *error, size_t error_size)
{
    struct comparison comparison = {arena, variables, error, error_size};
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct value_field *expected = &fields->fields[i];
        const struct wire_field *field = field_of(structure, expected->name);
        if (!field)
            return fail_with(error, error_size, "%s has no field %s", structure->name, expected->name);
        const uint8_t *actual = (const uint8_t *)object + field->offset;
        bool equal;
        if (field->list != WIRE_LIST_NONE && expected->value.kind != VALUE_CAPTURE) {
            equal = compare_list(&comparison, field, &expected->value, object);
        } else if (field->pointer) {
            memcpy(&actual, actual, sizeof actual);
            equal = actual ? compare_one(&comparison, field, &expected->value, actual)
                           : differs(&comparison, field->name, "is absent");
        } else {
            equal = compare_one(&comparison, field, &expected->value, actual);
        }
        if (!equal)
            return false;
    }
    return true;
}
