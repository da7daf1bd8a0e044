#include <stdlib.h>
#include <string.h>

#include "rop/execution.h"

/* The structure behind ReturnValue where the handler left none: zeroes, and the index that a null destination repeats. */
static const void *empty_body(struct execution *execution, const struct rop_request *request, uint32_t return_value)
{
    const struct wire_structure *structure =
        rop_response_structure(rop_definitions[request->rop_id], return_value);
    if (!structure)
        return NULL;
    uint8_t *body = arena_allocate(execution->frame->arena, structure->size);
    if (body && return_value == EC_NULL_DESTINATION_OBJECT && structure->size >= sizeof(uint32_t))
        store_u32(body, request->output_handle_index); /* DestHandleIndex stands first in all of them */
    return body;
}

bool answer_append(struct execution *execution, const struct rop_request *request, struct rop_call *call, uint32_t error,
    size_t start, size_t room)
{
    struct buffer *rops = &execution->rops;
    struct rop_response response = rop_response_to(request, error);
    if (call->written && !is_failure(error)) {
        uint8_t *header = rops->data + start;
        header[0] = response.rop_id;
        header[1] = response.handle_index;
        store_u32(header + 2, error);
    } else {
        rops->size = start;
        response.body = call->answer ? call->answer : empty_body(execution, request, error);
        response.columns = call->columns;
        if (!rop_response_encode(&response, rops, NULL))
            return false;
    }
    return rops->size - start <= RESPONSE_HEADER_SIZE + room;
}

void answer_too_small(struct execution *execution, uint32_t from)
{
    const struct rop_request *requests = execution->requests.requests;
    struct buffer *rops = &execution->rops;
    size_t start = rops->size;
    buffer_append_u8(rops, ROP_ID_BUFFER_TOO_SMALL);
    buffer_append_u16(rops, ROP_PAYLOAD_SIZE_MAX + EXTENDED_UNIT_HEADER_SIZE);
    for (uint32_t i = from; i < execution->requests.count; i++)
        buffer_append(rops, requests[i].bytes.data, requests[i].bytes.size);
    if (rops->failed || rops->size > execution->rops_max) {
        /* Not even the requests fit back: nothing can be said but that the room is too small. */
        rops->size = start;
        execution->failed = true;
        execution->frame->status_code = EC_BUFFER_TOO_SMALL;
    }
}

static struct notification_data notification_data_of(const struct notification *event)
{
    return (struct notification_data){
        .notification_flags = event->flags,
        .table_event_type = event->table_event,
        .table_row_folder_id = id_to_wire(event->folder_id),
        .table_row_message_id = id_to_wire(event->message_id),
        .table_row_instance = event->row_instance,
        .insert_after_table_row_folder_id = id_to_wire(event->insert_after_folder_id),
        .insert_after_table_row_id = id_to_wire(event->insert_after_message_id),
        .insert_after_table_row_instance = event->insert_after_instance,
        .table_row_data = {.count = event->row.count, .values = event->row.values},
        .folder_id = id_to_wire(event->folder_id),
        .message_id = id_to_wire(event->message_id),
        .parent_folder_id = id_to_wire(event->parent_folder_id),
        .old_folder_id = id_to_wire(event->old_folder_id),
        .old_message_id = id_to_wire(event->old_message_id),
        .old_parent_folder_id = id_to_wire(event->old_parent_folder_id),
        .tag_count = 0, /* MS-OXCNOTIF R199 */
        .total_message_count = event->total_count,
        .unread_message_count = event->unread_count,
        .message_flags = event->message_flags,
        .unicode_flag = 1,
        .message_class = event->message_class,
    };
}

/* A row's columns are the tags of its values, with the type of the column where the value is an error. */
static bool append_notification(struct execution *execution, const struct queued_notification *item)
{
    const struct notification *event = item->event;
    uint32_t *tags = arena_array(execution->frame->arena, uint32_t, event->row.count + 1u);
    if (!tags)
        return false;
    for (uint32_t i = 0; i < event->row.count; i++)
        tags[i] = event->row.values[i].tag;
    const struct wire_columns columns = {event->row.count, tags};
    const struct rop_notify_success notify = {
        .notification_handle = item->handle,
        .logon_id = item->logon_id,
        .notification_data = notification_data_of(event),
    };
    const struct rop_response response = {
        .rop_id = ROP_ID_NOTIFY,
        .body = &notify,
        .columns = &columns,
    };
    return rop_response_encode(&response, &execution->rops, NULL);
}

static void append_pending(struct execution *execution)
{
    buffer_append_u8(&execution->rops, ROP_ID_PENDING);
    buffer_append_u16(&execution->rops, execution->session->parameters.session_index);
}

void answer_notifications(struct execution *execution)
{
    struct notification_queue *queue = &execution->session->notifications;
    size_t size_max = execution->rops_max;
    if (execution->packed_size) /* what packed payloads left over */
        size_max = execution->rops.size + PENDING_SIZE < size_max ? execution->rops.size + PENDING_SIZE : size_max;
    struct queued_notification item;
    bool first = true;
    while (notification_queue_take(queue, &item)) {
        size_t start = execution->rops.size;
        bool encoded = append_notification(execution, &item);
        if (encoded && execution->rops.size + PENDING_SIZE <= size_max) {
            free(item.event);
            first = false;
            continue;
        }
        execution->rops.size = start;
        bool hopeless = !encoded || (first && start == 0 && !execution->packed_size &&
                                        size_max + EXTENDED_UNIT_HEADER_SIZE >= ROP_PAYLOAD_SIZE_MAX);
        if (hopeless) { /* it would stand in the way of all others for ever */
            free(item.event);
            continue;
        }
        notification_queue_put_back(queue, &item);
        if (execution->rops.size + PENDING_SIZE <= execution->rops_max)
            append_pending(execution);
        break;
    }
}

void answer_finish(struct execution *execution)
{
    struct rop_execution *frame = execution->frame;
    struct buffer payload = {0};
    struct bytes copy = BYTES_NONE;
    if (!execution->rops.failed &&
        rop_payload_build(buffer_bytes(&execution->rops), execution->requests.handles, execution->requests.handle_count,
            &payload))
        copy = arena_bytes(frame->arena, buffer_bytes(&payload));
    buffer_free(&payload);
    if (!copy.data) {
        frame->error_code = EC_OUT_OF_MEMORY;
        return;
    }
    frame->ret_payloads[0] = copy;
    for (uint32_t i = 0; i < execution->packed_count; i++)
        frame->ret_payloads[1 + i] = execution->packed[i];
    frame->ret_payload_count = 1 + execution->packed_count;
}
