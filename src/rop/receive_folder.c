/* Receive folders (MS-OXCSTOR 3.2.5.2 to .4). */
#include "base/text.h"
#include "rop/handlers.h"

uint32_t rop_get_receive_folder(struct rop_call *call)
{
    const struct rop_get_receive_folder_request *request = call->request;
    struct rop_get_receive_folder_success *answer = rop_call_answer(call, struct rop_get_receive_folder_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    struct receive_folder folder;
    uint32_t error = receive_folder_get(call->arena, call->logon, request->message_class, &folder);
    if (error)
        return error;
    answer->folder_id = id_to_wire(folder.folder_id);
    answer->explicit_message_class = bytes_of_string(folder.message_class);
    return 0;
}

uint32_t rop_set_receive_folder(struct rop_call *call)
{
    const struct rop_set_receive_folder_request *request = call->request;
    return receive_folder_set(call->logon, request->message_class, id_of_wire(request->folder_id));
}

#define TABLE_COLUMNS 3u

uint32_t rop_get_receive_folder_table(struct rop_call *call)
{
    struct rop_get_receive_folder_table_success *answer =
        rop_call_answer(call, struct rop_get_receive_folder_table_success);
    struct receive_folder *folders;
    uint32_t count;
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t error = receive_folder_list(call->arena, call->logon, &folders, &count);
    if (error)
        return error;
    if (!count)
        return EC_NO_RECEIVE_FOLDER; /* R59787 */
    struct property_row *rows = arena_array(call->arena, struct property_row, count);
    struct property_value *values = arena_array(call->arena, struct property_value, count * TABLE_COLUMNS);
    if (!rows || !values)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        struct property_value *row = values + (size_t)i * TABLE_COLUMNS;
        row[0] = (struct property_value){
            .tag = PID_TAG_FOLDER_ID, .integer64 = (int64_t)id_to_wire(folders[i].folder_id)};
        row[1] = (struct property_value){
            .tag = PROPERTY_TAG(PROPERTY_ID(PID_TAG_MESSAGE_CLASS), PTYP_STRING8),
            .bytes = bytes_of_string(folders[i].message_class),
        };
        row[2] = (struct property_value){
            .tag = PID_TAG_LAST_MODIFICATION_TIME, .time = folders[i].last_modification_time};
        rows[i] = (struct property_row){.count = TABLE_COLUMNS, .values = row};
    }
    answer->row_count = count;
    answer->rows = rows;
    return 0;
}
