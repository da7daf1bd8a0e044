#include "mailbox/property_source.h"

#include "mailbox/model.h"
#include "mailbox/value.h"
#include "store/packed_properties.h"

static void found_in_bag(const struct bag_entry *entry, struct found_property *ret_found)
{
    struct found_property found = {.kind = FOUND_NOTHING};
    if (entry->value != NULL && entry->value->staged) {
        found.kind = FOUND_APART;
        found.value.tag = entry->value->value.tag;
        found.staged = entry->value;
        found.size = bag_value_size(entry->value);
    } else if (entry->value != NULL) {
        found.kind = FOUND_VALUE;
        found.value = entry->value->value;
    }
    *ret_found = found;
}

static void found_packed(const struct packed_entry *entry, struct found_property *ret_found)
{
    *ret_found = (struct found_property){.kind = entry->apart ? FOUND_APART : FOUND_VALUE,
        .value = entry->value,
        .value_id = entry->value_id,
        .size = entry->size};
}

void source_find(struct arena *arena, const struct property_source *source, uint16_t id, struct found_property *ret_found)
{
    const struct bag_entry *entry = source->bag != NULL ? bag_find(source->bag, id) : NULL;
    struct packed_entry packed;
    if (entry != NULL)
        found_in_bag(entry, ret_found);
    else if (source->packed.size > 0 && packed_properties_find(arena, source->packed, id, &packed))
        found_packed(&packed, ret_found);
    else
        *ret_found = (struct found_property){.kind = FOUND_NOTHING};
}

uint32_t source_list(
    struct arena *arena, const struct property_source *source, struct found_property **ret_found, uint32_t *ret_count)
{
    uint32_t packed_count = 0, bag_count = source->bag != NULL ? source->bag->count : 0;
    if (source->packed.size > 0 && !packed_properties_count(source->packed, &packed_count))
        return EC_CORRUPT_DATA;
    struct found_property *list = arena_array(arena, struct found_property, (size_t)packed_count + bag_count + 1);
    if (list == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t count = 0, in_packed = 0, in_bag = 0;
    struct packed_entry entry = {0};
    bool have_packed = false;
    for (;;) { /* merge of two ascending lists; the bag wins */
        if (!have_packed && in_packed < packed_count) {
            if (!packed_properties_at(arena, source->packed, in_packed++, &entry))
                return EC_CORRUPT_DATA;
            have_packed = true;
        }
        const struct bag_entry *unsaved = in_bag < bag_count ? &source->bag->entries[in_bag] : NULL;
        if (!have_packed && unsaved == NULL)
            break;
        if (unsaved == NULL || (have_packed && PROPERTY_ID(entry.value.tag) < unsaved->id)) {
            found_packed(&entry, &list[count++]);
            have_packed = false;
            continue;
        }
        if (have_packed && PROPERTY_ID(entry.value.tag) == unsaved->id)
            have_packed = false;
        found_in_bag(unsaved, &list[count]);
        count += list[count].kind != FOUND_NOTHING;
        in_bag++;
    }
    *ret_found = list;
    *ret_count = count;
    return EC_SUCCESS;
}

uint32_t source_load(struct arena *arena, struct mailbox *mailbox, const struct property_source *source,
    const struct found_property *found, size_t size_max, struct property_value *ret_value)
{
    if (found->kind == FOUND_NOTHING)
        return EC_NOT_FOUND;
    if (found->kind == FOUND_VALUE) {
        *ret_value = found->value;
        return EC_SUCCESS;
    }
    if (found->size > size_max)
        return EC_TOO_BIG;
    if (found->staged == NULL)
        return mailbox_error(
            store_property_get(mailbox->store, arena, source->packed, PROPERTY_ID(found->value.tag), size_max, ret_value));
    uint8_t *data = arena_allocate(arena, found->size > 0 ? (size_t)found->size : 1);
    size_t got = 0;
    if (data == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = bag_value_read(mailbox, found->staged, 0, (size_t)found->size, data, &got);
    if (error == EC_SUCCESS)
        *ret_value = (struct property_value){.tag = found->value.tag, .bytes = bytes_of(data, got)};
    return error;
}
