/* Where a table stands (MS-OXCTABL 3.2.5.8 to .12, .15). */
#include "mailbox/table.h"
#include "rop/handlers.h"
#include "rop/table_notification.h"

uint32_t rop_query_position(struct rop_call *call)
{
    struct rop_query_position_success *answer = rop_call_answer(call, struct rop_query_position_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t error = table_position(call->logon, call->input->table, &answer->numerator, &answer->denominator);
    return error ? error : rop_start_table_notifications(call);
}

uint32_t rop_seek_row(struct rop_call *call)
{
    const struct rop_seek_row_request *request = call->request;
    struct rop_seek_row_success *answer = rop_call_answer(call, struct rop_seek_row_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    if (request->origin > TABLE_END)
        return EC_INVALID_PARAMETER;
    bool less = false;
    uint32_t error = table_seek(call->logon, call->input->table, request->origin, request->row_count, &answer->rows_sought,
        &less);
    answer->has_sought_less = less;
    return error ? error : rop_start_table_notifications(call);
}

uint32_t rop_seek_row_bookmark(struct rop_call *call)
{
    const struct rop_seek_row_bookmark_request *request = call->request;
    struct rop_seek_row_bookmark_success *answer = rop_call_answer(call, struct rop_seek_row_bookmark_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t column_count;
    if (!table_columns(call->input->table, &column_count))
        return EC_NULL_OBJECT; /* MS-OXCTABL R8266 */
    bool less = false, gone = false;
    uint32_t error = table_seek_bookmark(call->logon, call->input->table, request->bookmark, request->row_count,
        &answer->rows_sought, &less, &gone);
    answer->has_sought_less = less;
    answer->row_no_longer_visible = gone;
    return error ? error : rop_start_table_notifications(call);
}

uint32_t rop_seek_row_fractional(struct rop_call *call)
{
    const struct rop_seek_row_fractional_request *request = call->request;
    /* At or over the denominator is the end, also where that is nothing (R515). */
    bool end = request->numerator >= request->denominator && request->numerator;
    uint32_t error = table_seek_fraction(call->logon, call->input->table, end ? 1 : request->numerator,
        end || !request->denominator ? 1 : request->denominator);
    return error ? error : rop_start_table_notifications(call);
}

uint32_t rop_create_bookmark(struct rop_call *call)
{
    struct rop_create_bookmark_success *answer = rop_call_answer(call, struct rop_create_bookmark_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    return table_create_bookmark(call->arena, call->logon, call->input->table, &answer->bookmark);
}

uint32_t rop_free_bookmark(struct rop_call *call)
{
    const struct rop_free_bookmark_request *request = call->request;
    uint32_t column_count;
    if (!table_columns(call->input->table, &column_count))
        return EC_NULL_OBJECT; /* MS-OXCTABL R8264 */
    return table_free_bookmark(call->input->table, request->bookmark);
}
