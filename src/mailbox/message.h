/* Messages as a session has them open (MS-OXCMSG): what is stored, and over it the changes not yet saved. A struct
 * message is the session's plain data, freed with message_close; attachments, embedded messages and streams opened from it
 * keep it alive, so handles may be released in any order. Nothing reaches the store before message_save.
 * On the mailbox's strand. */
#pragma once
#include "mailbox/mailbox.h"

struct message;
struct attachment;

enum message_open_mode {
    MESSAGE_OPEN_READ_ONLY = 0x00,
    MESSAGE_OPEN_READ_WRITE = 0x01,
    MESSAGE_OPEN_BEST_ACCESS = 0x03,
    MESSAGE_OPEN_SOFT_DELETED = 0x04, /* may be added to each */
};
#define MESSAGE_CODEPAGE_OF_LOGON 0x0FFFu

/* EC_NOT_FOUND where the folder has no such message or it is soft-deleted (R333, R335, R1477). folder_id 0 finds it by its
 * id alone. EC_UNKNOWN_CODE_PAGE for a code page that cannot be converted. */
uint32_t message_open(struct logon *logon, uint64_t folder_id, uint64_t message_id, uint8_t open_mode, uint32_t codepage,
    struct message **ret_message);
/* A new message with the initial properties of 3.2.5.2; it exists only in the session until saved. EC_NOT_FOUND without
 * the folder, EC_SEARCH_FOLDER in a search folder. */
uint32_t message_create(
    struct logon *logon, uint64_t folder_id, bool associated, uint32_t codepage, struct message **ret_message);
/* Gives back what was staged in the store and the memory, once attachments and streams opened from it are closed too. The
 * logon's mailbox may be NULL (the session ended without it): staged values are then left to the store's sweep.
 * message NULL is allowed. */
void message_close(struct logon *logon, struct message *message);

enum message_save_flags {
    MESSAGE_SAVE_KEEP_OPEN_READ_ONLY = 0x01,
    MESSAGE_SAVE_KEEP_OPEN_READ_WRITE = 0x02,
    MESSAGE_SAVE_FORCE = 0x04, /* other bits (0x08 among them) are ignored */
};
/* Commits to the store, or for an embedded message to its attachment (3.2.5.3, 3.2.5.16). EC_OBJECT_CHANGED where another
 * handle saved since and force is not set (R705), EC_OBJECT_DELETED where it is gone, EC_GENERAL_FAILURE on a read-only handle
 * (R1699). ret_message_id is the id of the committed message (0 for an embedded one). */
uint32_t message_save(struct logon *logon, struct message *message, uint8_t flags, uint64_t *ret_message_id);

uint64_t message_id(const struct message *message);        /* 0 while never saved or embedded */
uint64_t message_folder_id(const struct message *message); /* 0 when embedded */
uint32_t message_codepage(const struct message *message);
bool message_is_embedded(const struct message *message);
bool message_is_writable(const struct message *message);
/* Bytes of unsaved state held in memory; each message's is capped at MESSAGE_SIZE_DEFAULT_MAX (then EC_MESSAGE_TOO_BIG or
 * the property's own error). */
size_t message_unsaved_size(const struct message *message);

/* What the answers of RopOpenMessage, RopOpenEmbeddedMessage and RopReloadCachedInformation begin with. */
struct message_summary {
    bool has_named_properties;
    struct bytes subject_prefix;     /* UTF-16LE */
    struct bytes normalized_subject; /* UTF-16LE */
    uint32_t recipient_count;
};
uint32_t message_summary(
    struct arena *arena, struct logon *logon, struct message *message, struct message_summary *ret_summary);

/* A recipient: its row id, type (1 to, 2 cc, 3 bcc; 0x10 and 0x80 flags) and all else as properties. What RecipientRow
 * has as fields is kept as properties too: PidTagDisplayName, PidTagAddressType, PidTagEmailAddress,
 * PidTagTransmittableDisplayName, PidTagSimpleDisplayName (0x39FF), PidTagEntryId, PidTagSearchKey, PidTagDisplayType,
 * PidTagSendRichInfo, PidTagResponsibility, PidTagSmtpAddress ... */
struct recipient {
    uint32_t row_id;
    uint8_t type;
    struct property_list properties; /* strings as PTYP_STRING */
};
/* All recipients in the order of their row ids (R328), borrowed from the arena or the unsaved state. */
uint32_t message_recipients(struct arena *arena, struct logon *logon, struct message *message,
    struct recipient **ret_recipients, uint32_t *ret_count);
/* The columns RopOpenMessage answers: every tag that any recipient has beyond the fields of RecipientRow itself. */
uint32_t message_recipient_columns(
    struct arena *arena, struct logon *logon, struct message *message, uint32_t **ret_tags, uint32_t *ret_count);
/* RopModifyRecipients: each row replaces the one of its row id or is added; one with type 0 and no properties and
 * 'removed' set in the parallel array is removed (R389..R391). PTYP_STRING8 values are converted by the message's code
 * page. All or nothing. EC_TOO_MANY_RECIPS (0x505) over RECIPIENTS_MAX. */
#define RECIPIENTS_MAX 32768u
uint32_t message_modify_recipients(
    struct logon *logon, struct message *message, const struct recipient *recipients, const bool *removed, uint32_t count);
uint32_t message_remove_all_recipients(struct logon *logon, struct message *message);
