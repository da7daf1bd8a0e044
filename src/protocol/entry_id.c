#include "protocol/entry_id.h"
#include "protocol/id.h"
#include "wire/wire.h"
#include <string.h>

static const struct guid provider_store = { { 0x38, 0xA1, 0xBB, 0x10, 0x05, 0xE5, 0x10, 0x1A, 0xA1, 0xBB, 0x08, 0x00, 0x2B, 0x2A, 0x56, 0xC2 } };
static const struct guid provider_mailbox = { { 0x1B, 0x55, 0xFA, 0x20, 0xAA, 0x66, 0x11, 0xCD, 0x9B, 0xC8, 0x00, 0xAA, 0x00, 0x2F, 0xC4, 0x5A } };
static const struct guid provider_address_book = { { 0xDC, 0xA7, 0x40, 0xC8, 0xC0, 0x42, 0x10, 0x1A, 0xB4, 0xB9, 0x08, 0x00, 0x2B, 0x2F, 0xE1, 0x82 } };
static const struct guid provider_one_off = { { 0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19, 0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02 } };
static const struct guid provider_contacts = { { 0xFE, 0x42, 0xAA, 0x0A, 0x18, 0xC7, 0x1A, 0x10, 0xE8, 0x85, 0x0B, 0x65, 0x1C, 0x24, 0x00, 0x00 } };

#define ID_TYPE_EPHEMERAL 0x87
#define HEADER_SIZE 20 /* flags and provider */
#define CONTACT_TYPE_AT 24
#define ADDRESS_BOOK_VERSION 1
#define ONE_OFF_UNICODE_FLAGS 0x9001 /* Unicode, do not look up, no rich text: as usual (data sheet) */
#define STORE_TYPE_MAILBOX 0x0C

enum entry_id_kind entry_id_kind_of(struct bytes entry_id)
{
    struct guid provider;
    if (entry_id.size < HEADER_SIZE + 2)
        return ENTRY_ID_UNKNOWN;
    memcpy(provider.data, entry_id.data + 4, sizeof provider.data);
    if (entry_id.data[0] == ID_TYPE_EPHEMERAL)
        return entry_id.size == 32 ? ENTRY_ID_EPHEMERAL : ENTRY_ID_UNKNOWN;
    if (guid_equal(provider, provider_address_book))
        return ENTRY_ID_ADDRESS_BOOK;
    if (guid_equal(provider, provider_one_off))
        return ENTRY_ID_ONE_OFF;
    if (guid_equal(provider, provider_store))
        return ENTRY_ID_STORE;
    if (guid_equal(provider, provider_contacts)) {
        uint32_t type = entry_id.size < CONTACT_TYPE_AT + 4 ? 0 : load_u32(entry_id.data + CONTACT_TYPE_AT);
        return type == CONTACT_ENTRY_ID_TYPE_USER || type == CONTACT_ENTRY_ID_TYPE_DISTRIBUTION_LIST ? ENTRY_ID_CONTACT : ENTRY_ID_UNKNOWN;
    }
    /* Folders and messages carry their mailbox's GUID as provider, so only type and size tell. */
    uint16_t type = load_u16(entry_id.data + HEADER_SIZE);
    bool is_message = type == ENTRY_ID_OBJECT_TYPE_PRIVATE_MESSAGE || type == ENTRY_ID_OBJECT_TYPE_PUBLIC_MESSAGE
        || type == ENTRY_ID_OBJECT_TYPE_MAPPED_PUBLIC_MESSAGE;
    bool is_folder = type == ENTRY_ID_OBJECT_TYPE_PRIVATE_FOLDER || type == ENTRY_ID_OBJECT_TYPE_PUBLIC_FOLDER
        || type == ENTRY_ID_OBJECT_TYPE_MAPPED_PUBLIC_FOLDER || type == ENTRY_ID_OBJECT_TYPE_PUBLIC_NEWSGROUP_FOLDER;
    if (is_folder && entry_id.size == ENTRY_ID_FOLDER_SIZE)
        return ENTRY_ID_FOLDER;
    return is_message && entry_id.size == ENTRY_ID_MESSAGE_SIZE ? ENTRY_ID_MESSAGE : ENTRY_ID_UNKNOWN;
}

const struct wire_structure *entry_id_structure(enum entry_id_kind kind)
{
    static const struct wire_structure *const structures[] = {
        [ENTRY_ID_UNKNOWN] = NULL,
        [ENTRY_ID_FOLDER] = &folder_entry_id_structure,
        [ENTRY_ID_MESSAGE] = &message_entry_id_structure,
        [ENTRY_ID_STORE] = &store_entry_id_structure,
        [ENTRY_ID_ADDRESS_BOOK] = &address_book_entry_id_structure,
        [ENTRY_ID_EPHEMERAL] = &ephemeral_entry_id_structure,
        [ENTRY_ID_ONE_OFF] = &one_off_entry_id_structure,
        [ENTRY_ID_CONTACT] = &contact_entry_id_structure,
    };
    return structures[kind];
}

static struct bytes encoded(struct arena *arena, const struct wire_structure *structure, const void *object)
{
    struct buffer buffer = { 0 };
    struct bytes result = BYTES_NONE;
    if (wire_encode(structure, object, NULL, &buffer, NULL))
        result = arena_bytes(arena, buffer_bytes(&buffer));
    buffer_free(&buffer);
    return result;
}

struct bytes entry_id_of_folder(struct arena *arena, struct guid mailbox, uint16_t object_type, struct guid replica, uint64_t counter)
{
    struct folder_entry_id id = { .provider_uid = mailbox, .folder_type = object_type, .database_guid = replica };
    id_counter_store(counter, id.global_counter);
    return encoded(arena, &folder_entry_id_structure, &id);
}

struct bytes entry_id_of_message(struct arena *arena, struct guid mailbox, uint16_t object_type, struct guid folder_replica,
    uint64_t folder_counter, struct guid message_replica, uint64_t message_counter)
{
    struct message_entry_id id = { .provider_uid = mailbox, .message_type = object_type, .folder_database_guid = folder_replica,
        .message_database_guid = message_replica };
    id_counter_store(folder_counter, id.folder_global_counter);
    id_counter_store(message_counter, id.message_global_counter);
    return encoded(arena, &message_entry_id_structure, &id);
}

struct bytes entry_id_of_address_book(struct arena *arena, uint32_t type, const char *x500_dn)
{
    struct address_book_entry_id id = { .provider_uid = provider_address_book, .version = ADDRESS_BOOK_VERSION, .type = type,
        .x500_dn = bytes_of_string(x500_dn) };
    return encoded(arena, &address_book_entry_id_structure, &id);
}

struct bytes entry_id_of_ephemeral(struct arena *arena, struct guid server, uint32_t type, uint32_t minimal_id)
{
    struct ephemeral_entry_id id = { .id_type = ID_TYPE_EPHEMERAL, .provider_uid = server, .version = ADDRESS_BOOK_VERSION,
        .display_type = type, .mid = minimal_id };
    return encoded(arena, &ephemeral_entry_id_structure, &id);
}

struct bytes entry_id_of_one_off(struct arena *arena, struct bytes display_name, struct bytes address_type, struct bytes email_address)
{
    struct one_off_entry_id id = { .provider_uid = provider_one_off, .one_off_flags = ONE_OFF_UNICODE_FLAGS,
        .display_name = display_name, .address_type = address_type, .email_address = email_address };
    return encoded(arena, &one_off_entry_id_structure, &id);
}

struct bytes entry_id_of_store(struct arena *arena, const char *server_name, const char *mailbox_dn)
{
    struct store_entry_id id = { .provider_uid = provider_store, .dll_file_name = "emsmdb.dll", .wrapped_provider_uid = provider_mailbox,
        .wrapped_type = STORE_TYPE_MAILBOX, .server_shortname = bytes_of_string(server_name), .mailbox_dn = bytes_of_string(mailbox_dn) };
    return encoded(arena, &store_entry_id_structure, &id);
}

static struct guid guid_at(const uint8_t *at)
{
    struct guid guid;
    memcpy(guid.data, at, sizeof guid.data);
    return guid;
}

bool entry_id_read_folder(struct bytes entry_id, struct guid *ret_provider, struct guid *ret_replica, uint64_t *ret_counter)
{
    if (entry_id_kind_of(entry_id) != ENTRY_ID_FOLDER)
        return false;
    if (ret_provider)
        *ret_provider = guid_at(entry_id.data + 4);
    if (ret_replica)
        *ret_replica = guid_at(entry_id.data + 22);
    if (ret_counter)
        *ret_counter = id_counter_load(entry_id.data + 38);
    return true;
}

bool entry_id_read_message(struct bytes entry_id, struct guid *ret_provider, struct guid *ret_folder_replica, uint64_t *ret_folder_counter,
    struct guid *ret_message_replica, uint64_t *ret_message_counter)
{
    if (entry_id_kind_of(entry_id) != ENTRY_ID_MESSAGE)
        return false;
    if (ret_provider)
        *ret_provider = guid_at(entry_id.data + 4);
    if (ret_folder_replica)
        *ret_folder_replica = guid_at(entry_id.data + 22);
    if (ret_folder_counter)
        *ret_folder_counter = id_counter_load(entry_id.data + 38);
    if (ret_message_replica)
        *ret_message_replica = guid_at(entry_id.data + 46);
    if (ret_message_counter)
        *ret_message_counter = id_counter_load(entry_id.data + 62);
    return true;
}

bool flat_entry_list_read(struct arena *arena, struct bytes list, uint32_t *ret_count, struct bytes **ret_entries)
{
    struct flat_entry_list head;
    if (!wire_decode(arena, &flat_entry_list_structure, list, NULL, &head, NULL) || head.count > head.entries.size / 4)
        return false;
    struct bytes *entries = arena_array(arena, struct bytes, head.count);
    size_t at = 0;
    for (uint32_t i = 0; i < head.count; i++) {
        at = (at + 3) & ~(size_t)3;
        if (!entries || head.entries.size < at + 4 || load_u32(head.entries.data + at) > head.entries.size - at - 4)
            return false;
        entries[i] = bytes_of(head.entries.data + at + 4, load_u32(head.entries.data + at));
        at += 4 + entries[i].size;
    }
    *ret_count = head.count;
    *ret_entries = entries;
    return entries != NULL;
}

/* The last entry is padded too, as real lists have it. */
struct bytes flat_entry_list_of(struct arena *arena, uint32_t count, const struct bytes *entries)
{
    static const uint8_t padding[4];
    struct buffer body = { 0 };
    struct bytes result = BYTES_NONE;
    bool done = true;
    for (uint32_t i = 0; i < count && done; i++)
        done = entries[i].size <= UINT32_MAX && buffer_append_u32(&body, (uint32_t)entries[i].size)
            && buffer_append(&body, entries[i].data, entries[i].size) && buffer_append(&body, padding, -body.size & 3);
    struct flat_entry_list list = { count, buffer_bytes(&body) };
    if (done)
        result = encoded(arena, &flat_entry_list_structure, &list);
    buffer_free(&body);
    return result;
}
