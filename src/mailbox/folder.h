/* Folders (MS-OXCFOLD). A session's folder handle is nothing but the folder's id. On the mailbox's strand. */
#pragma once
#include "mailbox/mailbox.h"
#include "protocol/rop_value.h"

#define FOLDER_TYPE_ROOT 0u /* beside the protocol's enum folder_type: PidTagFolderType of the root */

struct folder_opened {
    uint64_t folder_id;
    bool has_rules;
    bool existed; /* RopCreateFolder: IsExistingFolder */
};

/* EC_NOT_FOUND where there is none, or it is soft-deleted and 'soft_deleted' (OpenSoftDeleted) is not set (R471). */
uint32_t folder_open(struct logon *logon, uint64_t folder_id, bool soft_deleted, struct folder_opened *ret_folder);
/* Names are UTF-16LE (convert PtypString8 with the logon's code page before). EC_INVALID_PARAMETER for a type that is
 * neither generic nor search or an empty name, EC_COLLIDING_NAMES (0x80040604) for a taken one unless open_existing
 * (R481, R482), EC_NOT_FOUND under a soft-deleted parent. */
uint32_t folder_create(struct logon *logon, uint64_t parent_id, uint8_t type, struct bytes name, struct bytes comment,
    bool open_existing, struct folder_opened *ret_folder);

enum folder_delete_flags { FOLDER_DELETE_MESSAGES = 0x01, FOLDER_DELETE_FOLDERS = 0x04, FOLDER_DELETE_HARD = 0x10 };
/* Unknown bits: EC_INVALID_PARAMETER (R1234). Messages or subfolders without their flag: nothing is deleted and
 * ret_partial is true (R371, R1079). Special folders: EC_ACCESS_DENIED. The folder must be a child of parent_id. */
uint32_t folder_delete(struct logon *logon, uint64_t parent_id, uint64_t folder_id, uint8_t flags, bool *ret_partial);
/* EC_FOLDER_CYCLE under itself, EC_COLLIDING_NAMES, EC_NOT_FOUND, EC_ACCESS_DENIED for special folders. 'name' may be
 * empty: it stays. */
uint32_t folder_move(struct logon *logon, uint64_t source_parent_id, uint64_t folder_id, uint64_t destination_parent_id,
    struct bytes name, bool *ret_partial);
uint32_t folder_copy(struct logon *logon, uint64_t source_parent_id, uint64_t folder_id, uint64_t destination_parent_id,
    bool recursive, struct bytes name, bool *ret_partial);
/* RopEmptyFolder, and with 'hard' RopHardDeleteMessagesAndSubfolders. EC_NOT_SUPPORTED for the root and search folders
 * (R1248, R1249). */
uint32_t folder_empty(struct logon *logon, uint64_t folder_id, bool associated, bool hard, bool *ret_partial);

/* Messages of a folder, many at once. What does not exist or cannot be handled sets ret_partial (R586, R1147). */
uint32_t folder_delete_messages(
    struct logon *logon, uint64_t folder_id, const uint64_t *message_ids, uint32_t count, bool hard, bool *ret_partial);
/* Within the logon's mailbox. EC_SEARCH_FOLDER (0x460) where the destination is a search folder (R1246). The new ids are
 * written to ret_message_ids where it is not NULL ('count' of them, 0 for those that failed). */
uint32_t folder_move_copy_messages(struct logon *logon, uint64_t source_id, uint64_t destination_id,
    const uint64_t *message_ids, uint32_t count, bool copy, uint64_t *ret_message_ids, bool *ret_partial);

enum read_flag_bits {
    READ_FLAG_DEFAULT = 0x00,
    READ_FLAG_SUPPRESS_RECEIPT = 0x01,
    READ_FLAG_CLEAR_READ = 0x04,
    READ_FLAG_GENERATE_RECEIPT_ONLY = 0x10,
    READ_FLAG_CLEAR_NOTIFY_READ = 0x20,
    READ_FLAG_CLEAR_NOTIFY_UNREAD = 0x40,
};
/* RopSetReadFlags; count 0 means every message of the folder (MS-OXCMSG 2.2.3.10). EC_INVALID_PARAMETER for flags that do
 * not go together. Read receipts are not sent yet. */
uint32_t folder_set_read_flags(
    struct logon *logon, uint64_t folder_id, uint8_t flags, const uint64_t *message_ids, uint32_t count, bool *ret_partial);
/* RopSetMessageReadFlag (private): whether the flag changed. */
uint32_t folder_set_message_read_flag(struct logon *logon, uint64_t message_id, uint8_t flags, bool *ret_changed);
/* PidTagMessageStatus, without opening the message (MS-OXCMSG 3.2.5.8, .9). ret_status is the old one for set. */
uint32_t folder_set_message_status(
    struct logon *logon, uint64_t folder_id, uint64_t message_id, uint32_t status, uint32_t mask, uint32_t *ret_status);
uint32_t folder_message_status(struct logon *logon, uint64_t folder_id, uint64_t message_id, uint32_t *ret_status);
