/* Identifiers as properties have them: entry ids, source keys, change keys, predecessor change lists (MS-OXCDATA 2.2.1, 4;
 * MS-OXCFXICS 2.2.2). All results are allocated in the arena; NULL data means no memory. Any thread. */
#pragma once
#include "mailbox/mailbox.h"
#include "protocol/id.h"

#define FOLDER_ENTRY_ID_SIZE 46u
#define MESSAGE_ENTRY_ID_SIZE 70u

struct bytes mailbox_folder_entry_id(struct arena *arena, const struct mailbox *mailbox, uint64_t folder_id);
struct bytes mailbox_message_entry_id(
    struct arena *arena, const struct mailbox *mailbox, uint64_t folder_id, uint64_t message_id);
struct bytes entry_id_of_address(struct arena *arena, const char *address_book_dn, uint32_t type);
/* GID of own objects: replica GUID and counter (22 bytes). */
struct bytes source_key_of(struct arena *arena, struct guid replica_guid, uint64_t id);
/* A predecessor change list with one change of ours added (MS-OXCFXICS 2.2.2.3): sorted by GUID, one entry for each. */
struct bytes predecessors_with(
    struct arena *arena, struct bytes predecessors, struct guid replica_guid, uint64_t change_number);
/* EC_INVALID_ENTRY_ID for anything but a 46-byte folder or 70-byte message entry id of this mailbox. */
uint32_t entry_id_to_folder(const struct mailbox *mailbox, struct bytes entry_id, uint64_t *ret_folder_id);
uint32_t entry_id_to_message(
    const struct mailbox *mailbox, struct bytes entry_id, uint64_t *ret_folder_id, uint64_t *ret_message_id);
