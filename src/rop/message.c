/* Opening, making and saving messages and embedded messages (MS-OXCMSG 3.2.5.1 to .3, .7, .16). */
#include "mailbox/message.h"

#include "base/text.h"
#include "mailbox/attachment.h"
#include "protocol/id.h"
#include "rop/handlers.h"
#include "rop/recipient_row.h"

/* The part that the answers of three ROPs have in common. */
struct opening {
    struct message_summary summary;
    uint32_t column_count;
    uint32_t *columns;
    uint32_t row_count;
    struct open_recipient_row *rows;
};

#define OPEN_ROWS_MAX 254u /* RowCount is one byte, below 0xFF (MS-OXCMSG R763) */

static size_t typed_string_size(struct bytes text)
{
    return 1 + (text.size ? text.size + 2 : 0);
}

static struct typed_string typed_string_of(struct bytes text)
{
    if (!text.size)
        return (struct typed_string){.type = TYPED_STRING_TYPE_EMPTY};
    return (struct typed_string){.type = TYPED_STRING_TYPE_UNICODE, .text = text};
}

/* As many recipients as find room behind 'size_before' bytes of the answer (MS-OXCMSG R328). */
static uint32_t add_rows(struct rop_call *call, struct message *message, size_t size_before, struct opening *opening)
{
    struct recipient *recipients;
    uint32_t count;
    uint32_t error = message_recipients(call->arena, call->logon, message, &recipients, &count);
    if (error)
        return error;
    opening->summary.recipient_count = count;
    opening->rows = arena_array(call->arena, struct open_recipient_row, count < OPEN_ROWS_MAX ? count + 1 : OPEN_ROWS_MAX);
    if (!opening->rows)
        return EC_OUT_OF_MEMORY;
    const struct wire_columns columns = {opening->column_count, opening->columns};
    const struct wire_context context = {.columns = &columns};
    struct buffer measured = {0};
    size_t size = size_before;
    for (uint32_t i = 0; i < count && i < OPEN_ROWS_MAX; i++) {
        struct open_recipient_row *row = &opening->rows[i];
        row->recipient_type = recipients[i].type;
        row->code_page_id = (uint16_t)message_codepage(message);
        if (!rop_recipient_row_of(call->arena, &recipients[i], opening->columns, opening->column_count, &row->recipient_row) ||
            !wire_encode(&open_recipient_row_structure, row, &context, &measured, NULL)) {
            buffer_free(&measured);
            return EC_OUT_OF_MEMORY;
        }
        size += measured.size;
        if (size > call->room)
            break;
        opening->row_count++;
        buffer_clear(&measured);
    }
    buffer_free(&measured);
    return 0;
}

/* 'fixed_size' is what the answer takes beside subjects, columns and rows. */
static uint32_t describe(struct rop_call *call, struct rop_object *object, size_t fixed_size, struct opening *ret_opening)
{
    struct message *message = object->message;
    struct opening opening = {0};
    uint32_t error = message_summary(call->arena, call->logon, message, &opening.summary);
    if (error)
        return error;
    size_t size = fixed_size + typed_string_size(opening.summary.subject_prefix) +
        typed_string_size(opening.summary.normalized_subject);
    if (opening.summary.recipient_count) {
        error = message_recipient_columns(call->arena, call->logon, message, &opening.columns, &opening.column_count);
        if (error)
            return error;
        recipient_row_columns(opening.columns, &opening.column_count);
        error = add_rows(call, message, size + opening.column_count * sizeof(uint32_t), &opening);
        if (error)
            return error;
    }
    if (!recipient_columns_remember(object, opening.columns, opening.column_count))
        return EC_OUT_OF_MEMORY;
    *ret_opening = opening;
    return 0;
}

/* The three answers have these members under the same names. */
#define SET_OPENING(answer, opening)                                                        \
    do {                                                                                    \
        (answer)->has_named_properties = (opening).summary.has_named_properties;            \
        (answer)->subject_prefix = typed_string_of((opening).summary.subject_prefix);       \
        (answer)->normalized_subject = typed_string_of((opening).summary.normalized_subject); \
        (answer)->recipient_count = (uint16_t)(opening).summary.recipient_count;            \
        (answer)->column_count = (uint16_t)(opening).column_count;                          \
        (answer)->recipient_columns = (opening).columns;                                    \
        (answer)->row_count = (uint8_t)(opening).row_count;                                 \
        (answer)->recipient_rows = (opening).rows;                                          \
    } while (0)
#define OPENING_FIXED_SIZE 6u /* HasNamedProperties, RecipientCount, ColumnCount, RowCount */

static uint32_t give_message(struct rop_call *call, struct message *message)
{
    struct rop_object *object;
    uint32_t error = rop_call_open(call, ROP_OBJECT_MESSAGE, &object);
    if (error) {
        message_close(call->logon, message);
        return error;
    }
    object->message = message;
    return 0;
}

uint32_t rop_open_message(struct rop_call *call)
{
    const struct rop_open_message_request *request = call->request;
    struct message *message;
    uint32_t error = message_open(call->logon, id_of_wire(request->folder_id), id_of_wire(request->message_id),
        request->open_mode_flags, request->code_page_id, &message);
    if (!error)
        error = give_message(call, message);
    if (error)
        return error;
    struct opening opening;
    struct rop_open_message_success *answer = rop_call_answer(call, struct rop_open_message_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    error = describe(call, call->output, OPENING_FIXED_SIZE, &opening);
    if (!error)
        SET_OPENING(answer, opening);
    return error;
}

uint32_t rop_reload_cached_information(struct rop_call *call)
{
    struct opening opening;
    struct rop_reload_cached_information_success *answer =
        rop_call_answer(call, struct rop_reload_cached_information_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t error = describe(call, call->input, OPENING_FIXED_SIZE, &opening);
    if (!error)
        SET_OPENING(answer, opening);
    return error;
}

uint32_t rop_open_embedded_message(struct rop_call *call)
{
    const struct rop_open_embedded_message_request *request = call->request;
    if (request->code_page_id != MESSAGE_CODEPAGE_OF_LOGON && !text_codepage_known(request->code_page_id))
        return EC_UNKNOWN_CODE_PAGE; /* MS-OXCMSG R1068 */
    struct message *message;
    bool created;
    uint32_t error = attachment_open_embedded(call->logon, call->input->attachment, request->open_mode_flags,
        request->code_page_id, &message, &created);
    if (!error)
        error = give_message(call, message);
    if (error)
        return error;
    struct opening opening;
    struct rop_open_embedded_message_success *answer = rop_call_answer(call, struct rop_open_embedded_message_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    error = describe(call, call->output, OPENING_FIXED_SIZE + 9, &opening);
    if (error)
        return error;
    SET_OPENING(answer, opening);
    answer->message_id = id_to_wire(message_id(message));
    return 0;
}

uint32_t rop_create_message(struct rop_call *call)
{
    const struct rop_create_message_request *request = call->request;
    struct message *message;
    uint32_t error = message_create(call->logon, id_of_wire(request->folder_id), request->associated_flag,
        request->code_page_id, &message);
    if (!error)
        error = give_message(call, message);
    if (error)
        return error;
    /* HasMessageId stays zero: the id is given at the save. */
    return rop_call_answer(call, struct rop_create_message_success) ? 0 : EC_OUT_OF_MEMORY;
}

uint32_t rop_save_changes_message(struct rop_call *call)
{
    const struct rop_save_changes_message_request *request = call->request;
    struct rop_save_changes_message_success *answer = rop_call_answer(call, struct rop_save_changes_message_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint64_t saved_id = 0;
    uint32_t error = message_save(call->logon, call->input->message, request->save_flags, &saved_id);
    answer->input_handle_index = call->input_handle_index;
    answer->message_id = id_to_wire(saved_id);
    return error;
}
