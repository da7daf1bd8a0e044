/* What a table shows: columns, order, restriction (MS-OXCTABL 3.2.5.2 to .4, .6, .7, .13, .16). Nothing is done
 * asynchronously, so TableStatus is always TBLSTAT_COMPLETE (MS-OXCTABL R812). */
#include "mailbox/table.h"
#include "rop/handlers.h"
#include "rop/table_notification.h"

uint32_t rop_set_columns(struct rop_call *call)
{
    const struct rop_set_columns_request *request = call->request;
    uint32_t error = table_set_columns(call->input->table, request->property_tags, request->property_tag_count);
    if (error)
        return error;
    return rop_call_answer(call, struct rop_set_columns_success) ? 0 : EC_OUT_OF_MEMORY;
}

uint32_t rop_sort_table(struct rop_call *call)
{
    const struct rop_sort_table_request *request = call->request;
    if (request->category_count > request->sort_order_count || request->expanded_count > request->category_count)
        return EC_INVALID_PARAMETER;
    struct table_sort_order *orders = arena_array(call->arena, struct table_sort_order, request->sort_order_count);
    if (!orders && request->sort_order_count)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < request->sort_order_count; i++)
        orders[i] = (struct table_sort_order){request->sort_orders[i].property_tag, request->sort_orders[i].order};
    uint32_t error = table_sort(call->logon, call->input->table, orders, request->sort_order_count, request->category_count,
        request->expanded_count);
    if (error)
        return error;
    return rop_call_answer(call, struct rop_sort_table_success) ? 0 : EC_OUT_OF_MEMORY;
}

uint32_t rop_restrict(struct rop_call *call)
{
    const struct rop_restrict_request *request = call->request;
    uint32_t error = table_restrict(call->logon, call->input->table, request->restriction_data);
    if (error)
        return error;
    return rop_call_answer(call, struct rop_restrict_success) ? 0 : EC_OUT_OF_MEMORY;
}

uint32_t rop_reset_table(struct rop_call *call)
{
    return table_reset(call->input->table);
}

uint32_t rop_get_status(struct rop_call *call)
{
    return rop_call_answer(call, struct rop_get_status_success) ? 0 : EC_OUT_OF_MEMORY;
}

uint32_t rop_abort(struct rop_call *call)
{
    (void)call;
    return EC_ABORT_FAILED; /* there is never anything to abort (MS-OXCTABL R485) */
}

uint32_t rop_query_columns_all(struct rop_call *call)
{
    struct rop_query_columns_all_success *answer = rop_call_answer(call, struct rop_query_columns_all_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t *tags, count;
    uint32_t error = table_columns_all(call->arena, call->logon, call->input->table, &tags, &count);
    if (error)
        return error;
    answer->property_tag_count = (uint16_t)(count < COLUMNS_MAX ? count : COLUMNS_MAX);
    answer->property_tags = tags;
    return rop_start_table_notifications(call);
}
