#include "client/rop_batch.h"
#include "base/limits.h"

uint8_t rop_batch_use(struct rop_batch *batch, uint32_t handle)
{
    if (batch->handle_count == ROP_BATCH_HANDLES_MAX) {
        batch->overfull = true;
        return 0;
    }
    batch->handles[batch->handle_count] = handle;
    return (uint8_t)batch->handle_count++;
}

uint8_t rop_batch_output(struct rop_batch *batch)
{
    return rop_batch_use(batch, ROP_HANDLE_NONE);
}

uint32_t rop_batch_add(struct rop_batch *batch, uint8_t rop_id, uint8_t handle_index, uint8_t output_handle_index,
                       const void *body)
{
    if (batch->request_count == ROP_BATCH_REQUESTS_MAX) {
        batch->overfull = true;
        return 0;
    }
    batch->requests[batch->request_count] = (struct rop_request){.rop_id = rop_id, .handle_index = handle_index,
                                                                 .output_handle_index = output_handle_index, .body = body};
    return batch->request_count++;
}

void rop_batch_release(struct rop_batch *batch, uint8_t handle_index)
{
    static const struct rop_release_request nothing;
    rop_batch_add(batch, ROP_ID_RELEASE, handle_index, 0, &nothing);
}

/* What goes out: the releases that were put off, then the requests; their handles stand behind the batch's own, so that the
 * indexes stay. */
static bool request_list(struct rop_batch *batch, struct rop_request_list *ret_list)
{
    static const struct rop_release_request nothing;
    uint32_t leading = batch->leading_count;
    struct rop_request_list list = {.count = leading + batch->request_count, .handle_count = leading + batch->handle_count};
    list.requests = arena_array(&batch->arena, struct rop_request, list.count + 1);
    list.handles = arena_array(&batch->arena, uint32_t, list.handle_count + 1);
    if (!list.requests || !list.handles)
        return false;
    for (uint32_t i = 0; i < leading; i++) {
        list.requests[i] = (struct rop_request){.rop_id = ROP_ID_RELEASE, .handle_index = (uint8_t)(batch->handle_count + i), .body = &nothing};
        list.handles[batch->handle_count + i] = batch->leading[i];
    }
    for (uint32_t i = 0; i < batch->request_count; i++)
        list.requests[leading + i] = batch->requests[i];
    for (uint32_t i = 0; i < batch->handle_count; i++)
        list.handles[i] = batch->handles[i];
    *ret_list = list;
    return true;
}

bool rop_batch_encode(struct rop_batch *batch, struct buffer *payload)
{
    struct rop_request_list list;
    return !batch->overfull && request_list(batch, &list) && rop_requests_encode(&list, NULL, payload, NULL) &&
           payload->size <= ROP_PAYLOAD_SIZE_MAX;
}

bool rop_batch_decode(struct rop_batch *batch, uint32_t payload_count, const struct bytes *payloads,
                      struct rop_columns *columns, struct wire_error *ret_error)
{
    struct rop_request_list list;
    struct rop_response_list *answers = arena_array(&batch->arena, struct rop_response_list, payload_count);
    if (!answers || !request_list(batch, &list)) {
        *ret_error = (struct wire_error){.status = WIRE_NO_MEMORY};
        return false;
    }
    for (uint32_t i = 0; i < payload_count; i++) {
        if (!rop_responses_decode(&batch->arena, payloads[i], &list, columns, &answers[i], ret_error))
            return false;
        for (uint32_t j = 0; i == 0 && j < answers[i].handle_count && j < batch->handle_count; j++)
            batch->handles[j] = answers[i].handles[j];
        for (uint32_t j = 0; j < answers[i].count; j++)
            if (answers[i].responses[j].request >= (int32_t)batch->leading_count)
                answers[i].responses[j].request -= (int32_t)batch->leading_count;
    }
    batch->answers = answers;
    batch->answer_count = payload_count;
    return true;
}

const struct rop_response *rop_batch_response_in(const struct rop_batch *batch, uint32_t unit, uint32_t request)
{
    if (unit >= batch->answer_count)
        return NULL;
    const struct rop_response_list *list = &batch->answers[unit];
    for (uint32_t i = 0; i < list->count; i++)
        if (list->responses[i].request == (int32_t)request)
            return &list->responses[i];
    return NULL;
}

const struct rop_response *rop_batch_response(const struct rop_batch *batch, uint32_t request)
{
    return rop_batch_response_in(batch, 0, request);
}

uint32_t rop_batch_handle(const struct rop_batch *batch, uint8_t index)
{
    return index < batch->handle_count ? batch->handles[index] : ROP_HANDLE_NONE;
}

const void *rop_batch_success(const struct rop_batch *batch, uint32_t request)
{
    const struct rop_response *response = rop_batch_response(batch, request);
    /* Warnings (0x0004....) have the form of a success. */
    return response && (!response->return_value || response->return_value >> 16 == 0x0004) ? response->body : NULL;
}

void rop_batch_clear(struct rop_batch *batch)
{
    arena_free(&batch->arena);
    *batch = (struct rop_batch){0};
}
