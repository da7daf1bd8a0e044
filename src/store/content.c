#include "store/content.h"

#include "base/limits.h"
#include "store/packed_properties.h"

const char *store_status_name(enum store_status status)
{
    switch (status) {
    case STORE_OK: return "ok";
    case STORE_NOT_FOUND: return "not found";
    case STORE_EXISTS: return "exists already";
    case STORE_INVALID: return "invalid call";
    case STORE_TOO_LARGE: return "too large";
    case STORE_BUSY: return "in use by another process";
    case STORE_DISK_FULL: return "disk full";
    case STORE_IO_ERROR: return "input/output error";
    case STORE_CORRUPT: return "damaged file";
    case STORE_NO_MEMORY: return "out of memory";
    case STORE_VERSION: return "written by a newer version";
    case STORE_READ_ONLY: return "read-only";
    }
    return "unknown status";
}

bool content_write_recipients(struct buffer *packed, const struct property_list *recipients, uint32_t count)
{
    buffer_append_u32(packed, count);
    for (uint32_t i = 0; i < count && !packed->failed; i++) {
        size_t size_at = packed->size;
        buffer_append_u32(packed, 0);
        if (!packed_properties_write(packed, &recipients[i], NULL, 0))
            return false;
        store_u32(packed->data + size_at, (uint32_t)(packed->size - size_at - 4));
    }
    return !packed->failed;
}

bool content_read_recipients(struct arena *arena, struct bytes packed, const struct property_list **ret_recipients,
    uint32_t *ret_count)
{
    if (packed.size < 4 || load_u32(packed.data) > (packed.size - 4) / 4)
        return false;
    uint32_t count = load_u32(packed.data);
    size_t at = 4;
    struct property_list *recipients = arena_array(arena, struct property_list, count);
    if (!recipients && count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (packed.size - at < 4 || load_u32(packed.data + at) > packed.size - at - 4)
            return false;
        struct bytes one = {packed.data + at + 4, load_u32(packed.data + at)};
        if (!packed_properties_list(arena, one, &recipients[i], NULL, NULL))
            return false;
        at += 4 + one.size;
    }
    *ret_recipients = recipients;
    *ret_count = count;
    return at == packed.size;
}

/* The bytes of a value that is kept apart. */
static enum store_status read_apart(struct store_mailbox *mailbox, struct arena *arena, const struct packed_entry *entry,
    size_t size_max, struct bytes *ret_data)
{
    if (entry->size > size_max)
        return STORE_TOO_LARGE;
    size_t size;
    uint8_t *data = arena_reserve(arena, (size_t)entry->size);
    if (!data)
        return STORE_NO_MEMORY;
    enum store_status status = store_value_read(mailbox, entry->value_id, 0, (size_t)entry->size, data, &size);
    if (status == STORE_OK && size != entry->size)
        status = STORE_CORRUPT;
    if (status == STORE_OK)
        *ret_data = (struct bytes){data, size};
    return status;
}

enum store_status store_property_get(struct store_mailbox *mailbox, struct arena *arena, struct bytes properties,
    uint16_t property_id, size_t size_max, struct property_value *ret_value)
{
    struct packed_entry entry;
    if (!packed_properties_find(arena, properties, property_id, &entry))
        return STORE_NOT_FOUND;
    if (!entry.apart) {
        if (property_value_size(&entry.value) > size_max)
            return STORE_TOO_LARGE;
        *ret_value = entry.value;
        return STORE_OK;
    }
    struct bytes data;
    enum store_status status = read_apart(mailbox, arena, &entry, size_max, &data);
    if (status != STORE_OK)
        return status;
    return packed_value_read(arena, entry.value.tag, data, ret_value) ? STORE_OK : STORE_CORRUPT;
}

enum store_status store_recipient_list(struct store_mailbox *mailbox, struct arena *arena, struct bytes properties,
    const struct property_list **ret_recipients, uint32_t *ret_count)
{
    struct packed_entry entry;
    if (!packed_properties_find(arena, properties, PROPERTY_ID(PACKED_RECIPIENTS_TAG), &entry)) {
        *ret_recipients = NULL;
        *ret_count = 0;
        return STORE_OK;
    }
    struct bytes data = entry.value.bytes;
    if (entry.apart) {
        enum store_status status = read_apart(mailbox, arena, &entry, ARENA_SIZE_MAX, &data);
        if (status != STORE_OK)
            return status;
    }
    return content_read_recipients(arena, data, ret_recipients, ret_count) ? STORE_OK : STORE_CORRUPT;
}
