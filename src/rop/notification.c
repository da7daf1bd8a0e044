/* Subscribing to changes (MS-OXCNOTIF 3.1.4.3, 3.1.5.1). */
#include "mailbox/notification.h"

#include "mailbox/table.h"
#include "rop/handlers.h"
#include "rop/table_notification.h"

static struct notification_target target_of(struct rop_call *call, uint32_t handle)
{
    return (struct notification_target){
        .sink = &call->session->notifications.sink,
        .handle = handle,
        .logon_id = call->logon_id,
    };
}

uint32_t rop_start_table_notifications(struct rop_call *call)
{
    struct notification_target target = target_of(call, call->input->handle);
    return table_subscribe(call->logon, call->input->table, &target);
}

uint32_t rop_register_notification(struct rop_call *call)
{
    const struct rop_register_notification_request *request = call->request;
    struct rop_object *subscription;
    uint32_t error = rop_call_open(call, ROP_OBJECT_SUBSCRIPTION, &subscription);
    if (error)
        return error;
    struct notification_target target = target_of(call, subscription->handle);
    return subscriptions_add(open_mailbox_subscriptions(call->rop_logon->mailbox), &target, request->notification_types,
        request->want_whole_store, id_of_wire(request->folder_id), id_of_wire(request->message_id),
        &subscription->subscription_id);
}
