/* Recipients of an open message (MS-OXCMSG 3.2.5.4 to .6). */
#include "mailbox/message.h"

#include "rop/handlers.h"
#include "rop/recipient_row.h"

uint32_t rop_remove_all_recipients(struct rop_call *call)
{
    return message_remove_all_recipients(call->logon, call->input->message);
}

#define ROWS_AND_COLUMNS_MAX 0x7FEFu /* MS-OXCMSG R742, R748 */

uint32_t rop_modify_recipients(struct rop_call *call)
{
    const struct rop_modify_recipients_request *request = call->request;
    if (request->column_count >= ROWS_AND_COLUMNS_MAX || request->row_count >= ROWS_AND_COLUMNS_MAX)
        return EC_INVALID_PARAMETER;
    struct message *message = call->input->message;
    struct recipient *recipients = arena_array(call->arena, struct recipient, request->row_count + 1u);
    bool *removed = arena_array(call->arena, bool, request->row_count + 1u);
    if (!recipients || !removed)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < request->row_count; i++) {
        const struct modify_recipient_row *row = &request->recipient_rows[i];
        if (!row->recipient_row) {
            removed[i] = true;
            recipients[i].row_id = row->row_id;
        } else if (row->recipient_row->recipient_column_count > request->column_count) {
            return EC_INVALID_PARAMETER;
        } else if (!rop_recipient_of_row(call->arena, message_codepage(message), row->row_id, row->recipient_type,
                       row->recipient_row, request->recipient_columns, &recipients[i])) {
            return EC_OUT_OF_MEMORY;
        }
    }
    uint32_t error = message_modify_recipients(call->logon, message, recipients, removed, request->row_count);
    if (!error && !recipient_columns_remember(call->input, request->recipient_columns, request->column_count))
        error = EC_OUT_OF_MEMORY;
    return error;
}

#define READ_ROWS_MAX 254u /* R763 */

uint32_t rop_read_recipients(struct rop_call *call)
{
    const struct rop_read_recipients_request *request = call->request;
    struct message *message = call->input->message;
    struct recipient *recipients;
    uint32_t count;
    const uint32_t *columns = call->input->recipient_columns;
    uint32_t column_count = call->input->recipient_column_count;
    uint32_t error = message_recipients(call->arena, call->logon, message, &recipients, &count);
    if (error)
        return error;
    uint32_t first = 0;
    while (request->row_id != 0 && first < count && recipients[first].row_id != request->row_id)
        first++;
    if (first >= count)
        return EC_NOT_FOUND; /* R403, R1055 */
    struct rop_read_recipients_success *answer = rop_call_answer(call, struct rop_read_recipients_success);
    struct read_recipient_row *rows = arena_array(call->arena, struct read_recipient_row, READ_ROWS_MAX);
    struct wire_columns *wire_columns = arena_new(call->arena, struct wire_columns);
    if (!answer || !rows || !wire_columns)
        return EC_OUT_OF_MEMORY;
    *wire_columns = (struct wire_columns){column_count, columns};
    const struct wire_context context = {.columns = wire_columns};
    struct buffer measured = {0};
    size_t size = 1;
    for (uint32_t i = first; i < count && answer->row_count < READ_ROWS_MAX; i++) {
        struct read_recipient_row *row = &rows[answer->row_count];
        row->row_id = recipients[i].row_id;
        row->recipient_type = recipients[i].type;
        row->code_page_id = (uint16_t)message_codepage(message);
        buffer_clear(&measured);
        if (!rop_recipient_row_of(call->arena, &recipients[i], columns, column_count, &row->recipient_row) ||
            !wire_encode(&read_recipient_row_structure, row, &context, &measured, NULL)) {
            buffer_free(&measured);
            return EC_OUT_OF_MEMORY;
        }
        size += measured.size;
        if (size > call->room)
            break;
        answer->row_count++;
    }
    buffer_free(&measured);
    answer->recipient_rows = rows;
    call->columns = wire_columns;
    if (!answer->row_count) {
        call->too_small = true;
        return EC_BUFFER_TOO_SMALL; /* R1056 */
    }
    return 0;
}
