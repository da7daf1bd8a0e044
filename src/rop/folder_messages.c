/* ROPs on messages of a folder without opening them (MS-OXCFOLD 3.2.5.6, .11, .12; MS-OXCMSG 3.2.5.8 to .11). */
#include "mailbox/folder.h"
#include "mailbox/message.h"
#include "rop/handlers.h"

static uint32_t delete_messages(struct rop_call *call, const uint64_t *wire_ids, uint32_t count, bool hard)
{
    struct rop_delete_messages_success *answer = rop_call_answer(call, struct rop_delete_messages_success);
    const uint64_t *message_ids = rop_call_ids(call, wire_ids, count);
    if (!answer || !message_ids)
        return EC_OUT_OF_MEMORY;
    bool partial = false;
    uint32_t error = folder_delete_messages(call->logon, call->input->folder_id, message_ids, count, hard, &partial);
    answer->partial_completion = partial;
    return error;
}

uint32_t rop_delete_messages(struct rop_call *call)
{
    const struct rop_delete_messages_request *request = call->request;
    return delete_messages(call, request->message_ids, request->message_id_count, false);
}

uint32_t rop_hard_delete_messages(struct rop_call *call)
{
    const struct rop_hard_delete_messages_request *request = call->request;
    return delete_messages(call, request->message_ids, request->message_id_count, true);
}

uint32_t rop_move_copy_messages(struct rop_call *call)
{
    const struct rop_move_copy_messages_request *request = call->request;
    struct rop_move_copy_messages_success *answer = rop_call_answer(call, struct rop_move_copy_messages_success);
    const uint64_t *message_ids = rop_call_ids(call, request->message_ids, request->message_id_count);
    if (!answer || !message_ids)
        return EC_OUT_OF_MEMORY;
    bool partial = false;
    uint32_t error = folder_move_copy_messages(call->logon, call->input->folder_id, call->destination->folder_id,
        message_ids, request->message_id_count, request->want_copy, NULL, &partial);
    answer->partial_completion = partial;
    return error;
}

uint32_t rop_set_read_flags(struct rop_call *call)
{
    const struct rop_set_read_flags_request *request = call->request;
    struct rop_set_read_flags_success *answer = rop_call_answer(call, struct rop_set_read_flags_success);
    const uint64_t *message_ids = rop_call_ids(call, request->message_ids, request->message_id_count);
    if (!answer || !message_ids)
        return EC_OUT_OF_MEMORY;
    bool partial = false;
    /* Done before the answer whatever WantAsynchronous says: RopProgress is never needed (MS-OXCMSG R426, R1512). */
    uint32_t error = folder_set_read_flags(call->logon, call->input->folder_id, request->read_flags, message_ids,
        request->message_id_count, &partial);
    answer->partial_completion = partial;
    return error;
}

uint32_t rop_set_message_status(struct rop_call *call)
{
    const struct rop_set_message_status_request *request = call->request;
    struct rop_set_message_status_success *answer = rop_call_answer(call, struct rop_set_message_status_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    return folder_set_message_status(call->logon, call->input->folder_id, id_of_wire(request->message_id),
        request->message_status_flags, request->message_status_mask, &answer->message_status_flags);
}

uint32_t rop_get_message_status(struct rop_call *call)
{
    const struct rop_get_message_status_request *request = call->request;
    struct rop_get_message_status_success *answer = rop_call_answer(call, struct rop_get_message_status_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    return folder_message_status(call->logon, call->input->folder_id, id_of_wire(request->message_id),
        &answer->message_status_flags);
}

uint32_t rop_set_message_read_flag(struct rop_call *call)
{
    const struct rop_set_message_read_flag_request *request = call->request;
    struct rop_set_message_read_flag_success *answer = rop_call_answer(call, struct rop_set_message_read_flag_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    bool changed;
    /* ReadStatusChanged is for public folders; it stays zero here (MS-OXCMSG R1841). */
    return folder_set_message_read_flag(call->logon, message_id(call->input->message), request->read_flags, &changed);
}
