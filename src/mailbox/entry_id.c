#include "mailbox/entry_id.h"

#include <string.h>

#include "mailbox/model.h"

#define PRIVATE_FOLDER 0x0001u
#define PRIVATE_MESSAGE 0x0007u

static const uint8_t address_book_provider[16] = {
    0xDC, 0xA7, 0x40, 0xC8, 0xC0, 0x42, 0x10, 0x1A, 0xB4, 0xB9, 0x08, 0x00, 0x2B, 0x2F, 0xE1, 0x82};

struct bytes mailbox_folder_entry_id(struct arena *arena, const struct mailbox *mailbox, uint64_t folder_id)
{
    uint8_t *id = arena_allocate(arena, FOLDER_ENTRY_ID_SIZE);
    if (id == NULL)
        return BYTES_NONE;
    memcpy(id + 4, mailbox->guid.data, 16);
    store_u16(id + 20, PRIVATE_FOLDER);
    memcpy(id + 22, mailbox->replica_guid.data, 16);
    id_counter_store(id_counter(folder_id), id + 38);
    return bytes_of(id, FOLDER_ENTRY_ID_SIZE);
}

struct bytes mailbox_message_entry_id(struct arena *arena, const struct mailbox *mailbox, uint64_t folder_id, uint64_t message_id)
{
    uint8_t *id = arena_allocate(arena, MESSAGE_ENTRY_ID_SIZE);
    if (id == NULL)
        return BYTES_NONE;
    memcpy(id + 4, mailbox->guid.data, 16);
    store_u16(id + 20, PRIVATE_MESSAGE);
    memcpy(id + 22, mailbox->replica_guid.data, 16);
    id_counter_store(id_counter(folder_id), id + 38);
    memcpy(id + 46, mailbox->replica_guid.data, 16);
    id_counter_store(id_counter(message_id), id + 62);
    return bytes_of(id, MESSAGE_ENTRY_ID_SIZE);
}

struct bytes entry_id_of_address(struct arena *arena, const char *address_book_dn, uint32_t type)
{
    size_t dn_size = strlen(address_book_dn) + 1;
    uint8_t *id = arena_allocate(arena, 28 + dn_size);
    if (id == NULL)
        return BYTES_NONE;
    memcpy(id + 4, address_book_provider, 16);
    store_u32(id + 20, 1);
    store_u32(id + 24, type);
    memcpy(id + 28, address_book_dn, dn_size);
    return bytes_of(id, 28 + dn_size);
}

struct bytes source_key_of(struct arena *arena, struct guid replica_guid, uint64_t id)
{
    uint8_t *key = arena_allocate(arena, SOURCE_KEY_SIZE);
    if (key == NULL)
        return BYTES_NONE;
    memcpy(key, replica_guid.data, 16);
    id_counter_store(id_counter(id), key + 16);
    return bytes_of(key, SOURCE_KEY_SIZE);
}

static bool is_own(const struct mailbox *mailbox, struct bytes entry_id, size_t size, uint16_t type)
{
    return entry_id.size == size && load_u16(entry_id.data + 20) == type &&
           memcmp(entry_id.data + 4, mailbox->guid.data, 16) == 0 &&
           memcmp(entry_id.data + 22, mailbox->replica_guid.data, 16) == 0;
}

uint32_t entry_id_to_folder(const struct mailbox *mailbox, struct bytes entry_id, uint64_t *ret_folder_id)
{
    if (!is_own(mailbox, entry_id, FOLDER_ENTRY_ID_SIZE, PRIVATE_FOLDER))
        return EC_INVALID_ENTRY_ID;
    *ret_folder_id = MAILBOX_ID(id_counter_load(entry_id.data + 38));
    return EC_SUCCESS;
}

uint32_t entry_id_to_message(
    const struct mailbox *mailbox, struct bytes entry_id, uint64_t *ret_folder_id, uint64_t *ret_message_id)
{
    if (!is_own(mailbox, entry_id, MESSAGE_ENTRY_ID_SIZE, PRIVATE_MESSAGE) ||
        memcmp(entry_id.data + 46, mailbox->replica_guid.data, 16) != 0)
        return EC_INVALID_ENTRY_ID;
    *ret_folder_id = MAILBOX_ID(id_counter_load(entry_id.data + 38));
    *ret_message_id = MAILBOX_ID(id_counter_load(entry_id.data + 62));
    return EC_SUCCESS;
}

struct bytes predecessors_with(
    struct arena *arena, struct bytes predecessors, struct guid replica_guid, uint64_t change_number)
{
    uint8_t *list = arena_allocate(arena, predecessors.size + 1 + SOURCE_KEY_SIZE);
    if (list == NULL)
        return BYTES_NONE;
    uint8_t own[1 + SOURCE_KEY_SIZE] = {SOURCE_KEY_SIZE};
    source_key_make(replica_guid, id_counter(change_number), own + 1);
    size_t at = 0, size = 0;
    bool added = false;
    while (at < predecessors.size) {
        size_t entry = (size_t)predecessors.data[at] + 1;
        if (entry < 17 || entry > predecessors.size - at)
            break; /* damaged: what could be read is kept */
        int order = memcmp(predecessors.data + at + 1, replica_guid.data, sizeof replica_guid.data);
        if (order >= 0 && !added) {
            memcpy(list + size, own, sizeof own);
            size += sizeof own;
            added = true;
        }
        if (order != 0) {
            memcpy(list + size, predecessors.data + at, entry);
            size += entry;
        }
        at += entry;
    }
    if (!added) {
        memcpy(list + size, own, sizeof own);
        size += sizeof own;
    }
    return bytes_of(list, size);
}
