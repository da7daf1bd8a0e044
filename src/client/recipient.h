/* Recipients between the wire's rows (MS-OXCDATA 2.8.3) and mail/message.h. */
#pragma once
#include "mail/message.h"
#include "protocol/structures.h"

/* Adds a recipient made of a row; 'columns' are those of its recipient_properties. False without memory. */
bool recipient_of_row(struct message *message, uint8_t type, const struct recipient_row *row);

/* The columns that the recipients of a message need beside what a row says by itself (MS-OXCMSG R746). */
struct recipient_columns {
    uint32_t count;
    uint32_t *tags;
};
bool recipient_columns_of(struct arena *arena, const struct message *message, struct recipient_columns *ret_columns);
/* The row of a recipient; named ids are given by 'named_ids'. False without memory. */
bool recipient_row_of(struct arena *arena, const struct message_recipient *recipient, const struct recipient_columns *columns,
                      const uint16_t *named_ids, struct recipient_row *ret_row);
/* What a row takes on the wire, about. */
size_t recipient_row_size(const struct recipient_row *row);
