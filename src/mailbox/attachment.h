/* Attachments of an open message and the messages embedded in them (MS-OXCMSG 2.2.2, 3.2.5.12..17). Session data, freed
 * with attachment_close; its message stays alive as long as it. Changes reach the message with attachment_save and the
 * store with message_save. On the mailbox's strand. */
#pragma once
#include "mailbox/mailbox.h"

struct attachment;
struct message;

#define ATTACHMENTS_MAX 4096u

/* EC_NOT_FOUND without that number. open_mode as for messages (soft-deleted bit ignored). */
uint32_t attachment_open(
    struct logon *logon, struct message *message, uint32_t number, uint8_t open_mode, struct attachment **ret_attachment);
/* With the initial properties of 3.2.5.13; visible to others of the message after attachment_save. ret_number is
 * PidTagAttachNumber. EC_MAX_ATTACHMENT_EXCEEDED over ATTACHMENTS_MAX, EC_ACCESS_DENIED on a read-only message. */
uint32_t attachment_create(
    struct logon *logon, struct message *message, struct attachment **ret_attachment, uint32_t *ret_number);
/* At once in the session's message, in the store with message_save. EC_NOT_FOUND, EC_ACCESS_DENIED. */
uint32_t attachment_delete(struct logon *logon, struct message *message, uint32_t number);
/* flags: enum message_save_flags; EC_NOT_SUPPORTED for combinations that are none (R466). */
uint32_t attachment_save(struct logon *logon, struct attachment *attachment, uint8_t flags);
void attachment_close(struct logon *logon, struct attachment *attachment); /* as message_close */

uint32_t attachment_number(const struct attachment *attachment);
struct message *attachment_message(const struct attachment *attachment); /* borrowed */
bool attachment_is_writable(const struct attachment *attachment);
/* All numbers, ascending (RopGetValidAttachments). */
uint32_t message_attachment_numbers(
    struct arena *arena, struct logon *logon, struct message *message, uint32_t **ret_numbers, uint32_t *ret_count);

enum embedded_open_mode {
    EMBEDDED_OPEN_READ_ONLY = 0x00,
    EMBEDDED_OPEN_READ_WRITE = 0x01,
    EMBEDDED_OPEN_CREATE = 0x02, /* with read-write: makes one where there is none */
};
/* EC_NOT_FOUND without one unless created; EC_NOT_SUPPORTED where the attachment is no embedded message; EC_TOO_COMPLEX
 * deeper than EMBEDDED_DEPTH_MAX. ret_created where it was made. */
uint32_t attachment_open_embedded(struct logon *logon, struct attachment *attachment, uint8_t open_mode, uint32_t codepage,
    struct message **ret_message, bool *ret_created);
