/* Recipients between the mailbox's form (all of it properties) and the wire's (RecipientRow, MS-OXCDATA 2.8.3, with some
 * properties as fields of their own). Results live in the arena. */
#pragma once
#include "mailbox/message.h"
#include "rop/call.h"

/* The columns of a recipient table without those that RecipientRow has fields for. */
void recipient_row_columns(uint32_t *tags, uint32_t *count);
/* False without memory. */
bool rop_recipient_row_of(struct arena *arena, const struct recipient *recipient, const uint32_t *columns, uint32_t column_count,
    struct recipient_row *ret_row);
/* 'codepage' is that of the row's 8-bit strings. False without memory. */
bool rop_recipient_of_row(struct arena *arena, uint32_t codepage, uint32_t row_id, uint8_t type,
    const struct recipient_row *row, const uint32_t *columns, struct recipient *ret_recipient);
/* Remembers the columns with the message; RopReadRecipients answers over them. False without memory. */
bool recipient_columns_remember(struct rop_object *message, const uint32_t *columns, uint32_t count);
