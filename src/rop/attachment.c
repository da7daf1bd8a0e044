/* Attachments of an open message (MS-OXCMSG 3.2.5.12 to .15). */
#include "mailbox/attachment.h"

#include "rop/handlers.h"

static uint32_t give_attachment(struct rop_call *call, struct attachment *attachment)
{
    struct rop_object *object;
    uint32_t error = rop_call_open(call, ROP_OBJECT_ATTACHMENT, &object);
    if (error) {
        attachment_close(call->logon, attachment);
        return error;
    }
    object->attachment = attachment;
    return 0;
}

uint32_t rop_open_attachment(struct rop_call *call)
{
    const struct rop_open_attachment_request *request = call->request;
    struct attachment *attachment;
    uint32_t error = attachment_open(call->logon, call->input->message, request->attachment_id,
        request->open_attachment_flags, &attachment);
    return error ? error : give_attachment(call, attachment);
}

uint32_t rop_create_attachment(struct rop_call *call)
{
    struct rop_create_attachment_success *answer = rop_call_answer(call, struct rop_create_attachment_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    struct attachment *attachment;
    uint32_t error = attachment_create(call->logon, call->input->message, &attachment, &answer->attachment_id);
    return error ? error : give_attachment(call, attachment);
}

uint32_t rop_delete_attachment(struct rop_call *call)
{
    const struct rop_delete_attachment_request *request = call->request;
    return attachment_delete(call->logon, call->input->message, request->attachment_id);
}

uint32_t rop_save_changes_attachment(struct rop_call *call)
{
    const struct rop_save_changes_attachment_request *request = call->request;
    /* One way of keeping it open, or none; the bits above say nothing (R466). */
    uint8_t ways = request->save_flags & 0x07;
    if (ways & (ways - 1))
        return EC_NOT_SUPPORTED;
    return attachment_save(call->logon, call->input->attachment, request->save_flags);
}
