/* Entry ids: which kind some bytes are, and the ones that a mailbox makes (MS-OXCDATA 2.2.4, 2.2.5). Their fields are declared
 * in entry_ids.wire. Results are in the arena; data NULL means no memory. Any thread. */
#pragma once
#include "base/arena.h"
#include "base/guid.h"
#include "protocol/entry_ids.h"
#include "wire/structure.h"

enum entry_id_kind {
    ENTRY_ID_UNKNOWN,
    ENTRY_ID_FOLDER,       /* struct folder_entry_id */
    ENTRY_ID_MESSAGE,      /* struct message_entry_id */
    ENTRY_ID_STORE,        /* struct store_entry_id */
    ENTRY_ID_ADDRESS_BOOK, /* struct address_book_entry_id */
    ENTRY_ID_EPHEMERAL,    /* struct ephemeral_entry_id */
    ENTRY_ID_ONE_OFF,      /* struct one_off_entry_id */
    ENTRY_ID_CONTACT,      /* struct contact_entry_id, also personal distribution lists */
};

/* Looks at provider, type and size only: decoding may still fail. */
enum entry_id_kind entry_id_kind_of(struct bytes entry_id);
/* NULL for ENTRY_ID_UNKNOWN. */
const struct wire_structure *entry_id_structure(enum entry_id_kind kind);

#define ENTRY_ID_FOLDER_SIZE 46
#define ENTRY_ID_MESSAGE_SIZE 70

/* mailbox is the MailboxGuid of RopLogon; object_type is ENTRY_ID_OBJECT_TYPE_... */
struct bytes entry_id_of_folder(struct arena *arena, struct guid mailbox, uint16_t object_type, struct guid replica, uint64_t counter);
struct bytes entry_id_of_message(struct arena *arena, struct guid mailbox, uint16_t object_type, struct guid folder_replica,
    uint64_t folder_counter, struct guid message_replica, uint64_t message_counter);
/* type is ADDRESS_BOOK_TYPE_... */
struct bytes entry_id_of_address_book(struct arena *arena, uint32_t type, const char *x500_dn);
/* 'server' is the GUID that Bind gave (MS-OXNSPI 2.2.9.2). */
struct bytes entry_id_of_ephemeral(struct arena *arena, struct guid server, uint32_t type, uint32_t minimal_id);
/* Texts are UTF-16LE without terminator. */
struct bytes entry_id_of_one_off(struct arena *arena, struct bytes display_name, struct bytes address_type, struct bytes email_address);
/* The mailbox store as PidTagStoreEntryId has it, without trailers. */
struct bytes entry_id_of_store(struct arena *arena, const char *server_name, const char *mailbox_dn);

/* false (results untouched) for anything else. A NULL result is not wanted. */
bool entry_id_read_folder(struct bytes entry_id, struct guid *ret_provider, struct guid *ret_replica, uint64_t *ret_counter);
bool entry_id_read_message(struct bytes entry_id, struct guid *ret_provider, struct guid *ret_folder_replica, uint64_t *ret_folder_counter,
    struct guid *ret_message_replica, uint64_t *ret_message_counter);

/* A FlatEntryList (MS-OXCDATA 2.3.3): counts and borrows the entries. False for a malformed one. */
bool flat_entry_list_read(struct arena *arena, struct bytes list, uint32_t *ret_count, struct bytes **ret_entries);
struct bytes flat_entry_list_of(struct arena *arena, uint32_t count, const struct bytes *entries);
