#include "rop/recipient_row.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mailbox/entry_id.h"

#define TAG_TRANSMITTABLE_DISPLAY_NAME 0x3A20001Fu
#define TAG_SIMPLE_DISPLAY_NAME 0x39FF001Fu

/* Properties that are fields of RecipientRow or of the rows around it. */
static const uint32_t field_tags[] = {
    PID_TAG_ROWID, PID_TAG_RECIPIENT_TYPE, PID_TAG_DISPLAY_NAME, PID_TAG_ADDRESS_TYPE, PID_TAG_EMAIL_ADDRESS,
    TAG_TRANSMITTABLE_DISPLAY_NAME, TAG_SIMPLE_DISPLAY_NAME, PID_TAG_SEND_RICH_INFO, PID_TAG_RESPONSIBILITY,
};
#define FIELD_TAG_COUNT (sizeof field_tags / sizeof *field_tags)

static bool is_field(uint32_t tag)
{
    for (size_t i = 0; i < FIELD_TAG_COUNT; i++) {
        if (PROPERTY_ID(field_tags[i]) == PROPERTY_ID(tag))
            return true;
    }
    return false;
}

void recipient_row_columns(uint32_t *tags, uint32_t *count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *count; i++) {
        if (!is_field(tags[i]))
            tags[kept++] = tags[i];
    }
    *count = kept;
}

bool recipient_columns_remember(struct rop_object *message, const uint32_t *columns, uint32_t count)
{
    uint32_t *copy = malloc((count + 1u) * sizeof *copy);
    if (!copy)
        return false;
    if (count)
        memcpy(copy, columns, count * sizeof *copy);
    free(message->recipient_columns);
    message->recipient_columns = copy;
    message->recipient_column_count = count;
    return true;
}

static const struct property_value *find(const struct property_list *properties, uint32_t tag)
{
    for (uint32_t i = 0; i < properties->count; i++) {
        if (PROPERTY_ID(properties->values[i].tag) == PROPERTY_ID(tag))
            return &properties->values[i];
    }
    return NULL;
}

static struct bytes text_of(const struct property_list *properties, uint32_t tag)
{
    const struct property_value *value = find(properties, tag);
    return value && PROPERTY_TYPE(value->tag) == PTYP_STRING ? value->bytes : BYTES_NONE;
}

static bool is_true(const struct property_list *properties, uint32_t tag, bool otherwise)
{
    const struct property_value *value = find(properties, tag);
    return value && PROPERTY_TYPE(value->tag) == PTYP_BOOLEAN ? value->boolean : otherwise;
}

/* Address types by the number that RecipientRow has for them; the others are spelt out. */
static const struct {
    uint8_t number;
    const char *name;
} address_types[] = {
    {RECIPIENT_ROW_TYPE_X500_DN, "EX"},
    {RECIPIENT_ROW_TYPE_MS_MAIL, "MS"},
    {RECIPIENT_ROW_TYPE_SMTP, "SMTP"},
    {RECIPIENT_ROW_TYPE_FAX, "FAX"},
    {RECIPIENT_ROW_TYPE_PROFESSIONAL_OFFICE_SYSTEM, "PROFS"},
    {RECIPIENT_ROW_TYPE_PERSONAL_DISTRIBUTION_LIST1, "MAPIPDL"},
    {RECIPIENT_ROW_TYPE_PERSONAL_DISTRIBUTION_LIST2, "MAPIPDL"},
};
#define ADDRESS_TYPE_COUNT (sizeof address_types / sizeof *address_types)

static uint8_t number_of_address_type(const char *name)
{
    for (size_t i = 0; i < ADDRESS_TYPE_COUNT; i++) {
        if (text_equal_ignoring_case(address_types[i].name, name))
            return address_types[i].number;
    }
    return RECIPIENT_ROW_TYPE_NONE;
}

static void set_names(const struct property_list *properties, struct recipient_row *row)
{
    row->display_name = text_of(properties, PID_TAG_DISPLAY_NAME);
    if (row->display_name.data)
        row->recipient_flags |= RECIPIENT_FLAGS_DISPLAY_NAME;
    row->simple_display_name = text_of(properties, TAG_SIMPLE_DISPLAY_NAME);
    if (row->simple_display_name.data)
        row->recipient_flags |= RECIPIENT_FLAGS_SIMPLE_DISPLAY_NAME;
    struct bytes transmittable = text_of(properties, TAG_TRANSMITTABLE_DISPLAY_NAME);
    if (!transmittable.data)
        return;
    if (bytes_equal(transmittable, row->display_name)) {
        row->recipient_flags |= RECIPIENT_FLAGS_TRANSMITTABLE_SAME_AS_DISPLAY;
    } else {
        row->recipient_flags |= RECIPIENT_FLAGS_TRANSMITTABLE_DISPLAY_NAME;
        row->transmittable_display_name = transmittable;
    }
}

static bool set_address(struct arena *arena, const struct property_list *properties, struct recipient_row *row)
{
    struct bytes type_text = text_of(properties, PID_TAG_ADDRESS_TYPE);
    struct bytes address = text_of(properties, PID_TAG_EMAIL_ADDRESS);
    char *type_name = text_utf8_of_utf16(arena, type_text);
    if (!type_name)
        return false;
    uint8_t type = type_text.size ? number_of_address_type(type_name) : RECIPIENT_ROW_TYPE_NONE;
    if (type >= RECIPIENT_ROW_TYPE_PERSONAL_DISTRIBUTION_LIST1) {
        const struct property_value *entry_id = find(properties, PID_TAG_ENTRY_ID);
        const struct property_value *search_key = find(properties, PID_TAG_SEARCH_KEY);
        row->entry_id = entry_id ? entry_id->bytes : BYTES_NONE;
        row->search_key = search_key ? search_key->bytes : BYTES_NONE;
    } else if (type == RECIPIENT_ROW_TYPE_X500_DN) {
        const struct property_value *display_type = find(properties, PID_TAG_DISPLAY_TYPE);
        char *dn = text_utf8_of_utf16(arena, address);
        if (!dn)
            return false;
        row->display_type = display_type ? (uint8_t)display_type->integer32 : 0;
        row->x500_dn = bytes_of_string(dn);
    } else if (type == RECIPIENT_ROW_TYPE_NONE && type_text.size) {
        row->recipient_flags |= RECIPIENT_FLAGS_NONSTANDARD_TYPE;
        row->address_type = bytes_of_string(type_name);
    }
    row->recipient_flags |= type;
    if (type != RECIPIENT_ROW_TYPE_X500_DN && address.data) {
        row->recipient_flags |= RECIPIENT_FLAGS_EMAIL_ADDRESS;
        row->email_address = address;
    }
    return true;
}

bool rop_recipient_row_of(struct arena *arena, const struct recipient *recipient, const uint32_t *columns, uint32_t column_count,
    struct recipient_row *ret_row)
{
    const struct property_list *properties = &recipient->properties;
    struct recipient_row row = {.recipient_flags = RECIPIENT_FLAGS_UNICODE};
    if (!is_true(properties, PID_TAG_SEND_RICH_INFO, true))
        row.recipient_flags |= RECIPIENT_FLAGS_NO_RICH_TEXT;
    if (is_true(properties, PID_TAG_RESPONSIBILITY, false))
        row.recipient_flags |= RECIPIENT_FLAGS_DIFFERENT_TRANSPORT;
    set_names(properties, &row);
    struct property_value *values = arena_array(arena, struct property_value, column_count + 1);
    if (!values || !set_address(arena, properties, &row))
        return false;
    for (uint32_t i = 0; i < column_count; i++) {
        const struct property_value *value = find(properties, columns[i]);
        if (value && PROPERTY_TYPE(value->tag) == PROPERTY_TYPE(columns[i]))
            values[i] = *value;
        else
            values[i] = (struct property_value){
                .tag = PROPERTY_TAG(PROPERTY_ID(columns[i]), PTYP_ERROR_CODE),
                .error_code = EC_NOT_FOUND,
            };
    }
    row.recipient_column_count = (uint16_t)column_count;
    row.recipient_properties = (struct property_row){.count = column_count, .values = values};
    *ret_row = row;
    return true;
}

/* A list that grows up to a known size. */
struct properties {
    struct property_value *values;
    uint32_t count;
};

static void add_text(struct arena *arena, struct properties *properties, uint32_t tag, const struct recipient_row *row,
    uint32_t codepage, struct bytes text)
{
    if (!(row->recipient_flags & RECIPIENT_FLAGS_UNICODE))
        text = text_utf16_of_codepage(arena, codepage, text);
    properties->values[properties->count++] = (struct property_value){.tag = tag, .bytes = text};
}

static void add_address(struct arena *arena, struct properties *properties, const struct recipient_row *row,
    uint32_t codepage)
{
    uint8_t type = row->recipient_flags & 0x0007;
    struct bytes name = row->address_type;
    for (size_t i = 0; i < ADDRESS_TYPE_COUNT; i++) {
        if (address_types[i].number == type)
            name = bytes_of_string(address_types[i].name);
    }
    struct property_value *values = properties->values;
    if (name.size)
        values[properties->count++] =
            (struct property_value){.tag = PID_TAG_ADDRESS_TYPE, .bytes = text_utf16_of_utf8(arena, name)};
    if (type == RECIPIENT_ROW_TYPE_X500_DN) {
        char *dn = arena_string_of(arena, row->x500_dn);
        values[properties->count++] =
            (struct property_value){.tag = PID_TAG_EMAIL_ADDRESS, .bytes = text_utf16_of_utf8(arena, row->x500_dn)};
        values[properties->count++] =
            (struct property_value){.tag = PID_TAG_DISPLAY_TYPE, .integer32 = row->display_type};
        if (dn)
            values[properties->count++] = (struct property_value){
                .tag = PID_TAG_ENTRY_ID, .bytes = entry_id_of_address(arena, dn, row->display_type)};
    } else if (type >= RECIPIENT_ROW_TYPE_PERSONAL_DISTRIBUTION_LIST1) {
        values[properties->count++] = (struct property_value){.tag = PID_TAG_ENTRY_ID, .bytes = row->entry_id};
        values[properties->count++] = (struct property_value){.tag = PID_TAG_SEARCH_KEY, .bytes = row->search_key};
    }
    if (row->recipient_flags & RECIPIENT_FLAGS_EMAIL_ADDRESS)
        add_text(arena, properties, PID_TAG_EMAIL_ADDRESS, row, codepage, row->email_address);
}

/* The columns win over what the fields say, but for those that are fields themselves. */
static void add_columns(struct properties *properties, const struct recipient_row *row, const uint32_t *columns)
{
    for (uint32_t i = 0; i < row->recipient_properties.count; i++) {
        struct property_value value = row->recipient_properties.values[i];
        uint16_t type = PROPERTY_TYPE(value.tag);
        if (type == PTYP_ERROR_CODE || type == PTYP_UNSPECIFIED || type == PTYP_NULL || is_field(columns[i]))
            continue;
        uint32_t at = 0;
        while (at < properties->count && PROPERTY_ID(properties->values[at].tag) != PROPERTY_ID(columns[i]))
            at++;
        value.tag = PROPERTY_TAG(PROPERTY_ID(columns[i]), type);
        properties->values[at] = value;
        if (at == properties->count)
            properties->count++;
    }
}

bool rop_recipient_of_row(struct arena *arena, uint32_t codepage, uint32_t row_id, uint8_t type,
    const struct recipient_row *row, const uint32_t *columns, struct recipient *ret_recipient)
{
    const uint16_t flags = row->recipient_flags;
    struct properties properties = {
        .values = arena_array(arena, struct property_value, row->recipient_properties.count + 16u),
    };
    if (!properties.values)
        return false;
    if (flags & RECIPIENT_FLAGS_DISPLAY_NAME)
        add_text(arena, &properties, PID_TAG_DISPLAY_NAME, row, codepage, row->display_name);
    if (flags & RECIPIENT_FLAGS_SIMPLE_DISPLAY_NAME)
        add_text(arena, &properties, TAG_SIMPLE_DISPLAY_NAME, row, codepage, row->simple_display_name);
    if (flags & RECIPIENT_FLAGS_TRANSMITTABLE_DISPLAY_NAME)
        add_text(arena, &properties, TAG_TRANSMITTABLE_DISPLAY_NAME, row, codepage, row->transmittable_display_name);
    else if ((flags & RECIPIENT_FLAGS_TRANSMITTABLE_SAME_AS_DISPLAY) && (flags & RECIPIENT_FLAGS_DISPLAY_NAME))
        add_text(arena, &properties, TAG_TRANSMITTABLE_DISPLAY_NAME, row, codepage, row->display_name);
    add_address(arena, &properties, row, codepage);
    properties.values[properties.count++] =
        (struct property_value){.tag = PID_TAG_SEND_RICH_INFO, .boolean = !(flags & RECIPIENT_FLAGS_NO_RICH_TEXT)};
    properties.values[properties.count++] =
        (struct property_value){.tag = PID_TAG_RESPONSIBILITY, .boolean = !!(flags & RECIPIENT_FLAGS_DIFFERENT_TRANSPORT)};
    add_columns(&properties, row, columns);
    *ret_recipient = (struct recipient){
        .row_id = row_id,
        .type = type,
        .properties = {properties.count, properties.values},
    };
    return true;
}
