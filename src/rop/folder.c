/* Opening, making, removing, moving and copying folders (MS-OXCFOLD 2.2.1, 3.2.5). */
#include "mailbox/folder.h"

#include "rop/handlers.h"

/* The folder that a ROP on a folder or a logon acts on: a logon stands for its root. */
static uint64_t folder_of(const struct rop_object *object)
{
    return object->kind == ROP_OBJECT_LOGON ? special_folder_id(SPECIAL_FOLDER_ROOT) : object->folder_id;
}

#define OPEN_SOFT_DELETED 0x04u

uint32_t rop_open_folder(struct rop_call *call)
{
    const struct rop_open_folder_request *request = call->request;
    struct folder_opened opened;
    uint32_t error = folder_open(call->logon, id_of_wire(request->folder_id), request->open_mode_flags & OPEN_SOFT_DELETED, &opened);
    if (error)
        return error;
    struct rop_open_folder_success *answer = rop_call_answer(call, struct rop_open_folder_success);
    struct rop_object *folder;
    error = rop_call_open(call, ROP_OBJECT_FOLDER, &folder);
    if (error)
        return error;
    folder->folder_id = opened.folder_id;
    if (!answer)
        return EC_OUT_OF_MEMORY;
    answer->has_rules = opened.has_rules;
    return 0;
}

uint32_t rop_create_folder(struct rop_call *call)
{
    const struct rop_create_folder_request *request = call->request;
    struct bytes name = rop_call_text(call, request->use_unicode_strings, request->display_name);
    struct bytes comment = rop_call_text(call, request->use_unicode_strings, request->comment);
    struct folder_opened opened;
    uint32_t error = folder_create(call->logon, folder_of(call->input), request->folder_type, name, comment,
        request->open_existing, &opened);
    if (error)
        return error;
    struct rop_create_folder_success *answer = rop_call_answer(call, struct rop_create_folder_success);
    struct rop_object *folder;
    error = rop_call_open(call, ROP_OBJECT_FOLDER, &folder);
    if (error)
        return error;
    folder->folder_id = opened.folder_id;
    if (!answer)
        return EC_OUT_OF_MEMORY;
    answer->folder_id = id_to_wire(opened.folder_id);
    /* IsExistingFolder is for public stores; in a private mailbox it is always zero (MS-OXCFOLD R1197). */
    return 0;
}

uint32_t rop_delete_folder(struct rop_call *call)
{
    const struct rop_delete_folder_request *request = call->request;
    struct rop_delete_folder_success *answer = rop_call_answer(call, struct rop_delete_folder_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint64_t folder_id = id_of_wire(request->folder_id);
    if (folder_id == special_folder_id(SPECIAL_FOLDER_ROOT))
        return EC_NOT_SUPPORTED; /* MS-OXCFOLD R2509 */
    /* Bits that mean nothing are passed over, as Exchange 2010 and later do (MS-OXCFOLD R123402). */
    const uint8_t known = FOLDER_DELETE_MESSAGES | FOLDER_DELETE_FOLDERS | FOLDER_DELETE_HARD;
    bool partial = false;
    uint32_t error = folder_delete(call->logon, folder_of(call->input), folder_id, request->delete_folder_flags & known,
        &partial);
    answer->partial_completion = partial;
    return error;
}

static uint32_t empty(struct rop_call *call, bool associated, bool hard)
{
    struct rop_empty_folder_success *answer = rop_call_answer(call, struct rop_empty_folder_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    bool partial = false;
    uint32_t error = folder_empty(call->logon, call->input->folder_id, associated, hard, &partial);
    answer->partial_completion = partial;
    return error;
}

uint32_t rop_empty_folder(struct rop_call *call)
{
    const struct rop_empty_folder_request *request = call->request;
    return empty(call, request->want_delete_associated, false);
}

uint32_t rop_hard_delete_messages_and_subfolders(struct rop_call *call)
{
    const struct rop_hard_delete_messages_and_subfolders_request *request = call->request;
    return empty(call, request->want_delete_associated, true);
}

uint32_t rop_move_folder(struct rop_call *call)
{
    const struct rop_move_folder_request *request = call->request;
    struct rop_move_folder_success *answer = rop_call_answer(call, struct rop_move_folder_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    struct bytes name = rop_call_text(call, request->use_unicode, request->new_folder_name);
    bool partial = false;
    uint32_t error = folder_move(call->logon, call->input->folder_id, id_of_wire(request->folder_id),
        call->destination->folder_id, name, &partial);
    answer->partial_completion = partial;
    return error;
}

uint32_t rop_copy_folder(struct rop_call *call)
{
    const struct rop_copy_folder_request *request = call->request;
    struct rop_copy_folder_success *answer = rop_call_answer(call, struct rop_copy_folder_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    struct bytes name = rop_call_text(call, request->use_unicode, request->new_folder_name);
    bool partial = false;
    uint32_t error = folder_copy(call->logon, call->input->folder_id, id_of_wire(request->folder_id),
        call->destination->folder_id, request->want_recursive, name, &partial);
    answer->partial_completion = partial;
    return error;
}
