/* Opening tables (MS-OXCFOLD 3.2.5.13, .14; MS-OXCMSG 3.2.5.17). Notifications start with the first ROP that reads the
 * table, not here (MS-OXCNOTIF 3.1.4.3). */
#include "mailbox/table.h"
#include "rop/handlers.h"

/* A table outlives the call only as an output object. */
static uint32_t give_table(struct rop_call *call, enum rop_object_kind kind, struct table *table)
{
    struct rop_object *object;
    uint32_t error = rop_call_open(call, kind, &object);
    if (error) {
        table_close(call->logon, table);
        return error;
    }
    object->table = table;
    return 0;
}

uint32_t rop_get_hierarchy_table(struct rop_call *call)
{
    const struct rop_get_hierarchy_table_request *request = call->request;
    struct rop_get_hierarchy_table_success *answer = rop_call_answer(call, struct rop_get_hierarchy_table_success);
    struct table *table;
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t error = table_open_hierarchy(call->logon, call->input->folder_id, request->table_flags, &table,
        &answer->row_count);
    return error ? error : give_table(call, ROP_OBJECT_HIERARCHY_TABLE, table);
}

uint32_t rop_get_contents_table(struct rop_call *call)
{
    const struct rop_get_contents_table_request *request = call->request;
    struct rop_get_contents_table_success *answer = rop_call_answer(call, struct rop_get_contents_table_success);
    struct table *table;
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t error = table_open_contents(call->logon, call->input->folder_id, request->table_flags, &table,
        &answer->row_count);
    return error ? error : give_table(call, ROP_OBJECT_CONTENTS_TABLE, table);
}

uint32_t rop_get_attachment_table(struct rop_call *call)
{
    const struct rop_get_attachment_table_request *request = call->request;
    struct table *table;
    uint32_t error = table_open_attachments(call->logon, call->input->message, request->table_flags, &table);
    return error ? error : give_table(call, ROP_OBJECT_ATTACHMENT_TABLE, table);
}
