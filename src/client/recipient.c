#include "client/recipient.h"
#include "base/limits.h"
#include "base/text.h"
#include "client/property.h"
#include "protocol/property_tags.h"
#include <string.h>

#define CODE_PAGE 1252u

/* --- from the wire --- */

static bool add_text(struct message *message, struct message_properties *properties, uint32_t tag, struct bytes text, bool unicode)
{
    struct arena *arena = message_arena(message);
    struct bytes utf16 = unicode ? arena_bytes(arena, text) : text_utf16_of_codepage(arena, CODE_PAGE, text);
    return message_set_in(message, properties, (struct property_value){.tag = tag, .bytes = utf16});
}

static bool add_address(struct message *message, struct message_properties *properties, const struct recipient_row *row, bool unicode)
{
    static const char *const types[] = {"", "EX", "MS", "SMTP", "FAX", "MSPO", "MAPIPDL", "MAPIPDL"};
    unsigned type = row->recipient_flags & 0x0007;
    bool good = true;
    if (type)
        good = message_set_text(message, properties, PID_TAG_ADDRESS_TYPE, types[type]);
    else if (row->recipient_flags & RECIPIENT_FLAGS_NONSTANDARD_TYPE)
        good = add_text(message, properties, PID_TAG_ADDRESS_TYPE, row->address_type, false);
    if (type == RECIPIENT_ROW_TYPE_X500_DN)
        good = good && add_text(message, properties, PID_TAG_EMAIL_ADDRESS, row->x500_dn, false);
    if (type >= RECIPIENT_ROW_TYPE_PERSONAL_DISTRIBUTION_LIST1)
        good = good && message_set_binary(message, properties, PID_TAG_ENTRY_ID, row->entry_id);
    if (row->recipient_flags & RECIPIENT_FLAGS_EMAIL_ADDRESS)
        good = good && add_text(message, properties, PID_TAG_EMAIL_ADDRESS, row->email_address, unicode);
    return good;
}

static bool deep_copy(struct arena *arena, struct property_value *value)
{
    struct mapihttp_property public;
    /* By the public form and back: every pointer is the arena's own afterwards. */
    if (PROPERTY_TYPE(value->tag) == PTYP_STRING || PROPERTY_TYPE(value->tag) == PTYP_BINARY || PROPERTY_TYPE(value->tag) == PTYP_STRING8) {
        value->bytes = arena_bytes(arena, value->bytes);
        return true;
    }
    return property_to_public(arena, value, &public) && property_from_public(arena, &public, value);
}

bool recipient_of_row(struct message *message, uint8_t type, const struct recipient_row *row)
{
    struct message_recipient *recipient = message_add_recipient(message, type & 0x0F);
    bool unicode = row->recipient_flags & RECIPIENT_FLAGS_UNICODE;
    if (!recipient)
        return false;
    struct message_properties *properties = &recipient->properties;
    bool good = add_address(message, properties, row, unicode);
    if (row->recipient_flags & RECIPIENT_FLAGS_DISPLAY_NAME)
        good = good && add_text(message, properties, PID_TAG_DISPLAY_NAME, row->display_name, unicode);
    if (row->recipient_flags & RECIPIENT_FLAGS_SIMPLE_DISPLAY_NAME)
        good = good && add_text(message, properties, PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE, row->simple_display_name, unicode);
    if (row->recipient_flags & RECIPIENT_FLAGS_TRANSMITTABLE_DISPLAY_NAME)
        good = good && add_text(message, properties, PID_TAG_TRANSMITTABLE_DISPLAY_NAME, row->transmittable_display_name, unicode);
    for (uint32_t i = 0; good && i < row->recipient_properties.count; i++) {
        struct property_value value = row->recipient_properties.values[i];
        uint16_t kind = PROPERTY_TYPE(value.tag);
        if (kind == PTYP_UNSPECIFIED || kind == PTYP_ERROR_CODE || kind == PTYP_NULL || PROPERTY_ID(value.tag) >= PROPERTY_ID_NAMED_MIN)
            continue;
        good = deep_copy(message_arena(message), &value) && message_set_in(message, properties, value);
    }
    return good;
}

/* --- to the wire --- */

/* Said by the row itself, or computed by the server. */
static bool implied(uint32_t tag)
{
    static const uint32_t tags[] = {PID_TAG_ADDRESS_TYPE, PID_TAG_EMAIL_ADDRESS, PID_TAG_DISPLAY_NAME, PID_TAG_RECIPIENT_TYPE,
                                    PID_TAG_ROWID, PID_TAG_ENTRY_ID, PID_TAG_INSTANCE_KEY, PID_TAG_SEARCH_KEY,
                                    PID_TAG_SEND_RICH_INFO, PID_TAG_TRANSMITTABLE_DISPLAY_NAME, PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (PROPERTY_ID(tags[i]) == PROPERTY_ID(tag))
            return true;
    return false;
}

static bool known(const struct recipient_columns *columns, uint32_t tag)
{
    for (uint32_t i = 0; i < columns->count; i++)
        if (columns->tags[i] == tag)
            return true;
    return false;
}

bool recipient_columns_of(struct arena *arena, const struct message *message, struct recipient_columns *ret_columns)
{
    struct recipient_columns columns = {.tags = arena_array(arena, uint32_t, 256)};
    if (!columns.tags)
        return false;
    for (uint32_t i = 0; i < message->recipient_count; i++) {
        const struct message_properties *properties = &message->recipients[i].properties;
        for (uint32_t j = 0; j < properties->count && columns.count < 256; j++)
            if (!implied(properties->values[j].tag) && !known(&columns, properties->values[j].tag))
                columns.tags[columns.count++] = properties->values[j].tag;
    }
    *ret_columns = columns;
    return true;
}

static struct bytes text_of(struct arena *arena, const struct message_properties *properties, uint32_t tag)
{
    const struct property_value *value = message_find(properties, tag);
    if (value)
        return value->bytes;
    value = message_find(properties, PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING8));
    return value ? text_utf16_of_codepage(arena, CODE_PAGE, value->bytes) : BYTES_NONE;
}

static bool set_address(struct arena *arena, const struct message_properties *properties, struct recipient_row *row)
{
    struct bytes type = text_of(arena, properties, PID_TAG_ADDRESS_TYPE), address = text_of(arena, properties, PID_TAG_EMAIL_ADDRESS);
    const char *name = text_utf8_of_utf16(arena, type);
    if (!name)
        return false;
    if (!strcasecmp(name, "EX") && address.size) {
        row->recipient_flags |= RECIPIENT_ROW_TYPE_X500_DN;
        row->x500_dn = text_codepage_of_utf16(arena, CODE_PAGE, address);
        return true;
    }
    if (!strcasecmp(name, "SMTP")) {
        row->recipient_flags |= RECIPIENT_ROW_TYPE_SMTP;
    } else if (*name) {
        row->recipient_flags |= RECIPIENT_FLAGS_NONSTANDARD_TYPE;
        row->address_type = text_codepage_of_utf16(arena, CODE_PAGE, type);
    }
    if (address.size) {
        row->recipient_flags |= RECIPIENT_FLAGS_EMAIL_ADDRESS;
        row->email_address = address;
    }
    return true;
}

static bool set_columns(struct arena *arena, const struct message_properties *properties, const struct recipient_columns *columns,
                        const uint16_t *named_ids, struct recipient_row *row)
{
    struct property_value *values = arena_array(arena, struct property_value, columns->count + 1);
    if (!values)
        return false;
    for (uint32_t i = 0; i < columns->count; i++) {
        const struct property_value *value = message_find(properties, columns->tags[i]);
        uint16_t id = PROPERTY_ID(columns->tags[i]);
        if (id >= PROPERTY_ID_NAMED_MIN)
            id = named_ids[id - PROPERTY_ID_NAMED_MIN];
        if (value)
            values[i] = *value;
        values[i].tag = PROPERTY_TAG(id, value ? PROPERTY_TYPE(value->tag) : PTYP_UNSPECIFIED);
    }
    row->recipient_column_count = (uint16_t)columns->count;
    row->recipient_properties = (struct property_row){.count = columns->count, .values = values};
    return true;
}

bool recipient_row_of(struct arena *arena, const struct message_recipient *recipient, const struct recipient_columns *columns,
                      const uint16_t *named_ids, struct recipient_row *ret_row)
{
    struct recipient_row row = {.recipient_flags = RECIPIENT_FLAGS_UNICODE};
    struct bytes name = text_of(arena, &recipient->properties, PID_TAG_DISPLAY_NAME);
    struct bytes transmittable = text_of(arena, &recipient->properties, PID_TAG_TRANSMITTABLE_DISPLAY_NAME);
    if (!set_address(arena, &recipient->properties, &row) ||
        !set_columns(arena, &recipient->properties, columns, named_ids, &row))
        return false;
    if (name.size) {
        row.recipient_flags |= RECIPIENT_FLAGS_DISPLAY_NAME;
        row.display_name = name;
    }
    if (transmittable.size && !bytes_equal(transmittable, name)) {
        row.recipient_flags |= RECIPIENT_FLAGS_TRANSMITTABLE_DISPLAY_NAME;
        row.transmittable_display_name = transmittable;
    } else if (name.size) {
        row.recipient_flags |= RECIPIENT_FLAGS_TRANSMITTABLE_SAME_AS_DISPLAY;
    }
    *ret_row = row;
    return true;
}

size_t recipient_row_size(const struct recipient_row *row)
{
    size_t size = 32 + row->email_address.size + row->display_name.size + row->transmittable_display_name.size + row->x500_dn.size;
    for (uint32_t i = 0; i < row->recipient_properties.count; i++)
        size += property_wire_size(&row->recipient_properties.values[i]);
    return size;
}
