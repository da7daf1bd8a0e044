#include "mail/mail_address.h"

#include <string.h>

#include "base/text.h"

#define ONE_OFF_HEADER_SIZE 24u
#define ONE_OFF_UNICODE 0x8000u
#define ONE_OFF_FLAGS 0x9001u /* Unicode, not to be looked up, no rich text */
#define FLAT_LIST_HEADER_SIZE 8u

static const uint8_t one_off_provider[16] = {0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19, 0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F,
    0x54, 0x02};

static struct bytes arena_buffer(struct arena *arena, struct buffer *buffer)
{
    struct bytes copy = buffer->failed ? BYTES_NONE : arena_bytes(arena, buffer_bytes(buffer));
    buffer_free(buffer);
    return copy;
}

struct bytes one_off_entry_id(struct arena *arena, const struct mail_address *address)
{
    struct buffer out = {0};
    buffer_append_u32(&out, 0);
    buffer_append(&out, one_off_provider, sizeof one_off_provider);
    buffer_append_u16(&out, 0);
    buffer_append_u16(&out, ONE_OFF_FLAGS);
    const char *const texts[] = {address->name, address->type, address->address};
    for (size_t i = 0; i < 3; i++) {
        text_append_utf16_of_utf8(&out, bytes_of_string(texts[i]));
        buffer_append_u16(&out, 0);
    }
    return arena_buffer(arena, &out);
}

/* One string up to its terminator; false when there is none. */
static bool one_off_string(struct arena *arena, struct bytes entry_id, bool unicode, size_t *position, const char **ret_text)
{
    size_t unit = unicode ? 2 : 1, start = *position, end = start;
    for (;; end += unit) {
        if (end + unit > entry_id.size)
            return false;
        if (entry_id.data[end] == 0 && (!unicode || entry_id.data[end + 1] == 0))
            break;
    }
    struct bytes text = {entry_id.data + start, end - start};
    if (!unicode)
        text = text_utf16_of_codepage(arena, 1252, text);
    *ret_text = text_utf8_of_utf16(arena, text);
    *position = end + unit;
    return *ret_text != NULL;
}

bool one_off_entry_id_parse(struct arena *arena, struct bytes entry_id, struct mail_address *ret_address)
{
    if (entry_id.size < ONE_OFF_HEADER_SIZE || memcmp(entry_id.data + 4, one_off_provider, sizeof one_off_provider) != 0)
        return false;
    bool unicode = load_u16(entry_id.data + 22) & ONE_OFF_UNICODE;
    size_t position = ONE_OFF_HEADER_SIZE;
    struct mail_address address;
    if (!one_off_string(arena, entry_id, unicode, &position, &address.name)
        || !one_off_string(arena, entry_id, unicode, &position, &address.type)
        || !one_off_string(arena, entry_id, unicode, &position, &address.address))
        return false;
    *ret_address = address;
    return true;
}

struct bytes address_search_key(struct arena *arena, const struct mail_address *address)
{
    char *key = arena_format(arena, "%s:%s", address->type, address->address);
    if (!key)
        return BYTES_NONE;
    for (char *at = key; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return bytes_of(key, strlen(key) + 1);
}

struct bytes flat_entry_list(struct arena *arena, const struct bytes *entry_ids, uint32_t count)
{
    struct buffer entries = {0};
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_u32(&entries, (uint32_t)entry_ids[i].size);
        buffer_append(&entries, entry_ids[i].data, entry_ids[i].size);
        while (entries.size % 4 && !entries.failed)
            buffer_append_u8(&entries, 0);
    }
    struct buffer out = {0};
    buffer_append_u32(&out, count);
    buffer_append_u32(&out, (uint32_t)entries.size);
    buffer_append(&out, entries.data, entries.size);
    out.failed |= entries.failed;
    buffer_free(&entries);
    return arena_buffer(arena, &out);
}

bool flat_entry_list_parse(struct arena *arena, struct bytes list, const struct bytes **ret_entry_ids, uint32_t *ret_count)
{
    if (list.size < FLAT_LIST_HEADER_SIZE)
        return false;
    uint32_t count = load_u32(list.data);
    size_t left = list.size - FLAT_LIST_HEADER_SIZE;
    if (count > ENTRY_IDS_MAX || count > left / 4 || load_u32(list.data + 4) > left)
        return false;
    struct bytes *entry_ids = arena_array(arena, struct bytes, count);
    if (!entry_ids)
        return false;
    size_t position = FLAT_LIST_HEADER_SIZE;
    for (uint32_t i = 0; i < count; i++) {
        if (list.size - position < 4)
            return false;
        size_t size = load_u32(list.data + position);
        position += 4;
        if (size > list.size - position)
            return false;
        entry_ids[i] = bytes_of(list.data + position, size);
        position += size;
        size_t padding = (4 - position % 4) % 4;
        if (padding > list.size - position) /* some writers do not pad the last one */
            padding = list.size - position;
        position += padding;
    }
    *ret_entry_ids = entry_ids;
    *ret_count = count;
    return true;
}
