#include "mailbox/folder_write.h"

#include "base/filetime.h"
#include "mailbox/computed.h"
#include "mailbox/entry_id.h"
#include "mailbox/property_source.h"
#include "mailbox/tags.h"

struct bytes folder_name(struct arena *arena, const struct store_folder *folder)
{
    struct property_source source = {.packed = folder->properties};
    struct found_property found;
    source_find(arena, &source, PROPERTY_ID(PID_TAG_DISPLAY_NAME), &found);
    return found.kind == FOUND_VALUE && found.value.tag == PID_TAG_DISPLAY_NAME ? found.value.bytes : bytes_of("", 0);
}

static uint32_t build_content(
    struct arena *arena, struct mailbox *mailbox, const struct property_source *source, struct store_content *ret_content)
{
    struct found_property *found;
    uint32_t count = 0;
    uint32_t error = source_list(arena, source, &found, &count);
    if (error != EC_SUCCESS)
        return error;
    struct property_value *properties = arena_array(arena, struct property_value, (size_t)count + 1);
    struct store_value *values = arena_array(arena, struct store_value, (size_t)count + 1);
    if (properties == NULL || values == NULL)
        return EC_OUT_OF_MEMORY;
    struct store_content content = {.values = values};
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        if (folder_is_computed(PROPERTY_ID(found[i].value.tag)))
            continue;
        if (found[i].kind == FOUND_VALUE) {
            properties[content.properties.count++] = found[i].value;
            continue;
        }
        if (found[i].staged != NULL)
            error = bag_value_flush(mailbox, found[i].staged);
        values[content.value_count++] = (struct store_value){
            .tag = found[i].value.tag, .value_id = found[i].staged != NULL ? found[i].staged->value_id : found[i].value_id};
    }
    content.properties.values = properties;
    *ret_content = content;
    return error;
}

static void values_now_owned(const struct property_bag *bag)
{
    for (uint32_t i = 0; bag != NULL && i < bag->count; i++)
        if (bag->entries[i].value != NULL && bag->entries[i].value->staged)
            bag->entries[i].value->owned = true;
}

uint32_t folder_write(
    struct arena *arena, struct mailbox *mailbox, const struct store_folder *folder, const struct folder_change *change)
{
    struct store_folder_write write = {
        .folder_id = folder->folder_id,
        .parent_id = change->parent_id != 0 ? change->parent_id : folder->parent_id,
        .type = folder->type,
        .time = filetime_now(),
        .origin = {.source_key = folder->origin.source_key},
    };
    struct property_source source = {.bag = change->bag, .packed = folder->properties};
    uint32_t error = mailbox_new_ids(mailbox, 1, &write.change_number);
    if (error == EC_SUCCESS && folder->origin.predecessor_change_list.size > 0)
        write.origin.predecessor_change_list =
            predecessors_with(arena, folder->origin.predecessor_change_list, mailbox->replica_guid, write.change_number);
    if (error == EC_SUCCESS)
        error = build_content(arena, mailbox, &source, &write.content);
    if (error != EC_SUCCESS)
        return error;
    enum store_status status = store_folder_update(mailbox->store, &write);
    if (status == STORE_OK)
        values_now_owned(change->bag);
    return status == STORE_INVALID ? EC_FOLDER_CYCLE : mailbox_error(status);
}

uint32_t folder_write_new(struct arena *arena, struct mailbox *mailbox, uint64_t parent_id, enum store_folder_type type,
    const struct property_bag *bag, uint64_t *ret_folder_id)
{
    uint64_t first = 0;
    struct property_source source = {.bag = bag};
    uint32_t error = mailbox_new_ids(mailbox, 2, &first);
    struct store_folder_write write = {
        .folder_id = first,
        .parent_id = parent_id,
        .type = type,
        .change_number = first + 1,
        .time = filetime_now(),
    };
    if (error == EC_SUCCESS)
        error = build_content(arena, mailbox, &source, &write.content);
    if (error == EC_SUCCESS)
        error = mailbox_error(store_folder_create(mailbox->store, &write));
    if (error != EC_SUCCESS)
        return error;
    values_now_owned(bag);
    *ret_folder_id = first;
    return EC_SUCCESS;
}
