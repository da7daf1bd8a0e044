/* From a caller's content to packed properties, large values set apart, and back to what must be thrown away. */
#include "store/content.h"

#include <string.h>

#include "store/packed_properties.h"
#include "store/sqlite/internal.h"

/* The list of values kept apart that is being made. */
struct apart_list {
    struct store_value *values;
    uint32_t count, capacity;
};

/* Two of one property would leave one of them without an owner: INVALID. */
static enum store_status add_apart(struct sqlite_mailbox *mailbox, struct apart_list *list, struct store_value value)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (PROPERTY_ID(list->values[i].tag) == PROPERTY_ID(value.tag))
            return STORE_INVALID;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 8;
        struct store_value *values = arena_array(&mailbox->scratch, struct store_value, capacity);
        if (!values)
            return STORE_NO_MEMORY;
        if (list->count)
            memcpy(values, list->values, list->count * sizeof(*values));
        list->values = values;
        list->capacity = capacity;
    }
    list->values[list->count++] = value;
    return STORE_OK;
}

/* Writes a value's bytes as a large value; strings and binaries straight from where they are. */
static enum store_status set_apart(struct sqlite_mailbox *mailbox, struct apart_list *list,
    const struct property_value *value)
{
    struct buffer encoded = {0};
    struct bytes data = value->bytes;
    struct store_value apart = {.tag = value->tag};
    if (PROPERTY_TYPE(value->tag) & PTYP_MULTIPLE_FLAG) {
        if (!packed_value_write(&encoded, value)) {
            buffer_free(&encoded);
            return STORE_NO_MEMORY;
        }
        data = buffer_bytes(&encoded);
    }
    enum store_status status = value_insert(mailbox, data, &apart.value_id);
    apart.size = data.size;
    buffer_free(&encoded);
    return status == STORE_OK ? add_apart(mailbox, list, apart) : status;
}

static bool is_listed(const struct store_value *values, uint32_t count, uint64_t value_id)
{
    for (uint32_t i = 0; i < count; i++)
        if (values[i].value_id == value_id)
            return true;
    return false;
}

/* The values that the caller names: kept ones of the old content, or staged ones, which now belong to the object. */
static enum store_status take_named(struct sqlite_mailbox *mailbox, const struct store_content *content,
    const struct store_value *old, uint32_t old_count, struct apart_list *list)
{
    enum store_status status = STORE_OK;
    for (uint32_t i = 0; status == STORE_OK && i < content->value_count; i++) {
        struct store_value value = content->values[i];
        status = value_size(mailbox, value.value_id, &value.size);
        if (status == STORE_OK && is_listed(list->values, list->count, value.value_id))
            status = STORE_INVALID;
        if (status == STORE_OK && !is_listed(old, old_count, value.value_id))
            status = value_take_staged(mailbox, value.value_id);
        if (status == STORE_OK)
            status = add_apart(mailbox, list, value);
    }
    return status;
}

/* The value that stands for the recipients; *ret_has false when there are none. */
static enum store_status pack_recipients(struct sqlite_mailbox *mailbox, const struct store_content *content,
    struct bytes old_packed, struct apart_list *list, struct property_value *ret_value, bool *ret_has)
{
    *ret_has = false;
    if (content->keep_recipients) {
        struct packed_entry entry;
        if (!packed_properties_find(&mailbox->scratch, old_packed, PROPERTY_ID(PACKED_RECIPIENTS_TAG), &entry))
            return STORE_OK;
        if (entry.apart)
            return add_apart(mailbox, list, (struct store_value){PACKED_RECIPIENTS_TAG, entry.value_id, entry.size});
        *ret_value = entry.value;
        *ret_has = true;
        return STORE_OK;
    }
    if (!content->recipient_count)
        return STORE_OK;
    struct buffer encoded = {0};
    if (!content_write_recipients(&encoded, content->recipients, content->recipient_count)) {
        buffer_free(&encoded);
        return STORE_INVALID;
    }
    ret_value->tag = PACKED_RECIPIENTS_TAG;
    ret_value->bytes = arena_bytes(&mailbox->scratch, buffer_bytes(&encoded));
    buffer_free(&encoded);
    *ret_has = true;
    return ret_value->bytes.data ? STORE_OK : STORE_NO_MEMORY;
}

/* Throws away the old values that the new content does not name any more. */
static enum store_status drop_unlisted(struct sqlite_mailbox *mailbox, const struct store_value *old, uint32_t old_count,
    const struct apart_list *list)
{
    enum store_status status = STORE_OK;
    for (uint32_t i = 0; status == STORE_OK && i < old_count; i++)
        if (!is_listed(list->values, list->count, old[i].value_id))
            status = value_remove(mailbox, old[i].value_id);
    return status;
}

enum store_status content_pack(struct sqlite_mailbox *mailbox, const struct store_content *content, struct bytes old_packed,
    size_t inline_size_max, struct buffer *packed, uint64_t *ret_size)
{
    struct arena *scratch = &mailbox->scratch;
    struct apart_list list = {0};
    const struct store_value *old = NULL;
    uint32_t old_count = 0, inline_count = 0;
    if (old_packed.size && !packed_properties_list(scratch, old_packed, NULL, &old, &old_count))
        return STORE_CORRUPT;
    struct property_value *values = arena_array(scratch, struct property_value, (size_t)content->properties.count + 1);
    if (!values)
        return STORE_NO_MEMORY;
    enum store_status status = take_named(mailbox, content, old, old_count, &list);
    struct property_value recipients;
    bool has_recipients = false;
    if (status == STORE_OK)
        status = pack_recipients(mailbox, content, old_packed, &list, &recipients, &has_recipients);
    for (uint32_t i = 0; status == STORE_OK && i < content->properties.count + has_recipients; i++) {
        const struct property_value *value = i < content->properties.count ? &content->properties.values[i] : &recipients;
        if (property_value_size(value) > inline_size_max)
            status = set_apart(mailbox, &list, value);
        else
            values[inline_count++] = *value;
    }
    if (status == STORE_OK)
        status = drop_unlisted(mailbox, old, old_count, &list);
    if (status != STORE_OK)
        return status;
    size_t before = packed->size;
    struct property_list inline_list = {inline_count, values};
    if (!packed_properties_write(packed, &inline_list, list.values, list.count))
        return packed->failed ? STORE_NO_MEMORY : STORE_INVALID;
    uint64_t size = packed->size - before;
    for (uint32_t i = 0; i < list.count; i++)
        size += list.values[i].size;
    *ret_size = size;
    return STORE_OK;
}

enum store_status content_drop(struct sqlite_mailbox *mailbox, struct bytes packed)
{
    const struct store_value *values;
    uint32_t count;
    if (!packed_properties_list(&mailbox->scratch, packed, NULL, &values, &count))
        return STORE_CORRUPT;
    return drop_unlisted(mailbox, values, count, &(struct apart_list){0});
}

enum store_status content_copy(struct sqlite_mailbox *mailbox, struct bytes packed, struct bytes *ret_packed)
{
    const struct store_value *values;
    uint32_t count;
    struct bytes copy = arena_bytes(&mailbox->scratch, packed);
    if (!copy.data)
        return STORE_NO_MEMORY;
    if (!packed_properties_list(&mailbox->scratch, packed, NULL, &values, &count))
        return STORE_CORRUPT;
    enum store_status status = STORE_OK;
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        uint64_t value_id;
        status = value_duplicate(mailbox, values[i].value_id, &value_id);
        if (status == STORE_OK)
            packed_properties_set_value_id((uint8_t *)copy.data, copy.size, PROPERTY_ID(values[i].tag), value_id);
    }
    if (status == STORE_OK)
        *ret_packed = copy;
    return status;
}

enum store_status content_size(struct sqlite_mailbox *mailbox, struct bytes packed, uint64_t *ret_size)
{
    const struct store_value *values;
    uint32_t count;
    uint64_t size = packed.size;
    if (!packed_properties_list(&mailbox->scratch, packed, NULL, &values, &count))
        return STORE_CORRUPT;
    for (uint32_t i = 0; i < count; i++)
        size += values[i].size;
    *ret_size = size;
    return STORE_OK;
}

bool origin_pack(struct arena *arena, const struct store_origin *origin, struct bytes *ret_packed)
{
    const struct bytes parts[] = {origin->source_key, origin->change_key, origin->predecessor_change_list};
    size_t size = 12 + parts[0].size + parts[1].size + parts[2].size;
    *ret_packed = BYTES_NONE;
    if (size == 12)
        return true;
    uint8_t *packed = arena_allocate(arena, size), *at = packed;
    for (int i = 0; packed && i < 3; i++) {
        store_u32(at, (uint32_t)parts[i].size);
        if (parts[i].size)
            memcpy(at + 4, parts[i].data, parts[i].size);
        at += 4 + parts[i].size;
    }
    *ret_packed = (struct bytes){packed, packed ? size : 0};
    return packed != NULL;
}

bool origin_unpack(struct bytes packed, struct store_origin *ret_origin)
{
    struct bytes parts[3] = {{0}};
    size_t at = 0;
    for (int i = 0; packed.size && i < 3; i++) {
        if (packed.size - at < 4 || packed.size - at - 4 < load_u32(packed.data + at))
            return false;
        parts[i] = (struct bytes){packed.data + at + 4, load_u32(packed.data + at)};
        at += 4 + parts[i].size;
    }
    *ret_origin = (struct store_origin){parts[0], parts[1], parts[2]};
    return at == packed.size;
}
