/* What a client reads: responses beside the requests they answer, rows over the columns that a table had by then. */
#include "protocol/rop_list.h"
#include <stdio.h>
#include <string.h>

struct reading {
    struct arena *arena;
    const struct rop_request_list *requests; /* may be NULL */
    struct rop_columns *columns;
    const uint32_t *handles;                 /* of the response */
    uint32_t handle_count;
    uint32_t next;                           /* the first request that has no answer yet */
};

static bool reading_fail(struct wire_error *error, enum wire_status status, size_t offset, const char *path)
{
    if (error) {
        *error = (struct wire_error){ .status = status, .offset = offset };
        snprintf(error->path, sizeof error->path, "%s", path);
    }
    return false;
}

/* The answer's handle table knows what the request's could not: the handles that this Execute gave out. */
static uint32_t handle_at(const struct reading *reading, uint8_t index)
{
    if (index < reading->handle_count && reading->handles[index] != ROP_HANDLE_NONE)
        return reading->handles[index];
    if (reading->requests && index < reading->requests->handle_count)
        return reading->requests->handles[index];
    return ROP_HANDLE_NONE;
}

static uint32_t request_handle_before(const struct reading *reading, uint8_t index)
{
    return index < reading->requests->handle_count ? reading->requests->handles[index] : ROP_HANDLE_NONE;
}

static bool answers(const struct rop_request *request, uint8_t rop_id, uint8_t handle_index)
{
    const struct rop_definition *definition = rop_definitions[request->rop_id];
    if (!definition || !definition->success)
        return false;
    bool same = definition->response_id == rop_id || request->rop_id == rop_id || rop_id == ROP_ID_PROGRESS;
    return same && rop_response_to(request, 0).handle_index == handle_index;
}

/* Responses stand in the order of their requests; RopRelease has none. */
static int32_t request_of(struct reading *reading, uint8_t rop_id, uint8_t handle_index)
{
    if (!reading->requests)
        return -1;
    for (uint32_t i = reading->next; i < reading->requests->count; i++) {
        const struct rop_request *request = &reading->requests->requests[i];
        if (request->rop_id == ROP_ID_RELEASE && reading->columns)
            rop_columns_forget(reading->columns, request_handle_before(reading, request->handle_index));
        if (!answers(request, rop_id, handle_index))
            continue;
        reading->next = i + 1;
        return (int32_t)i;
    }
    return -1;
}

/* The columns of the rows in a response, copied to the arena; NULL where it has none or nobody knows. */
static const struct wire_columns *columns_for(const struct reading *reading, const struct rop_request *request)
{
    const struct wire_columns *known = NULL;
    struct wire_columns asked;
    if (request->rop_id == ROP_ID_GET_PROPERTIES_SPECIFIC) {
        const struct rop_get_properties_specific_request *body = request->body;
        asked = (struct wire_columns){ body->property_tag_count, body->property_tags };
        known = &asked;
    } else if (reading->columns) {
        known = rop_columns_of(reading->columns, handle_at(reading, request->handle_index));
    }
    if (!known)
        return NULL;
    struct wire_columns *copy = arena_new(reading->arena, struct wire_columns);
    uint32_t *tags = copy ? arena_array(reading->arena, uint32_t, known->count) : NULL;
    if (!tags)
        return NULL;
    if (known->count)
        memcpy(tags, known->tags, known->count * sizeof *tags);
    *copy = (struct wire_columns){ known->count, tags };
    return copy;
}

static void note_recipients(struct rop_columns *columns, uint32_t handle, uint16_t count, const uint32_t *tags)
{
    struct wire_columns recipients = { count, tags };
    (void)!rop_columns_set(columns, handle, &recipients); /* without memory the rows stay unreadable, which is said then */
}

/* What later responses must know. */
static void note_success(const struct reading *reading, const struct rop_request *request, const struct rop_response *response)
{
    struct rop_columns *columns = reading->columns;
    uint32_t handle = handle_at(reading, request->handle_index), output = handle_at(reading, response->handle_index);
    uint8_t slots = rop_definitions[request->rop_id]->handles;
    if (slots == ROP_HANDLES_IN_OUT || slots == ROP_HANDLES_OUT)
        rop_columns_forget(columns, output);
    switch (request->rop_id) {
    case ROP_ID_SET_COLUMNS: {
        const struct rop_set_columns_request *body = request->body;
        note_recipients(columns, handle, body->property_tag_count, body->property_tags);
        break;
    }
    case ROP_ID_RESET_TABLE:
        rop_columns_forget(columns, handle);
        break;
    case ROP_ID_MODIFY_RECIPIENTS: {
        const struct rop_modify_recipients_request *body = request->body;
        note_recipients(columns, handle, body->column_count, body->recipient_columns);
        break;
    }
    case ROP_ID_OPEN_MESSAGE: {
        const struct rop_open_message_success *body = response->body;
        note_recipients(columns, output, body->column_count, body->recipient_columns);
        break;
    }
    case ROP_ID_OPEN_EMBEDDED_MESSAGE: {
        const struct rop_open_embedded_message_success *body = response->body;
        note_recipients(columns, output, body->column_count, body->recipient_columns);
        break;
    }
    case ROP_ID_RELOAD_CACHED_INFORMATION: {
        const struct rop_reload_cached_information_success *body = response->body;
        note_recipients(columns, handle, body->column_count, body->recipient_columns);
        break;
    }
    default:
        break;
    }
}

static bool body_decode(const struct reading *reading, const struct wire_structure *structure, struct bytes rest,
    struct rop_response *response, size_t *ret_size, struct wire_error *ret_error)
{
    struct wire_context context = { .columns = response->columns, .return_value = response->return_value };
    *ret_size = 0;
    if (!structure)
        return true;
    void *body = arena_allocate(reading->arena, structure->size);
    if (!body)
        return reading_fail(ret_error, WIRE_NO_MEMORY, 0, structure->name);
    if (!wire_decode_prefix(reading->arena, structure, rest, &context, body, ret_size, NULL, ret_error))
        return false;
    response->body = body;
    return true;
}

static bool notification_decode(const struct reading *reading, const struct rop_definition *definition, struct bytes *rops,
    struct rop_response *response, struct wire_error *ret_error)
{
    size_t size;
    struct bytes rest = bytes_of(rops->data + 1, rops->size - 1);
    if (definition->id == ROP_ID_NOTIFY && reading->columns && rest.size >= 4) {
        struct rop_request table = { .rop_id = ROP_ID_NOTIFY };
        struct reading by_handle = *reading;
        uint32_t handle = load_u32(rest.data);
        by_handle.handles = &handle;
        by_handle.handle_count = 1;
        response->columns = columns_for(&by_handle, &table);
    }
    if (!body_decode(reading, definition->success, rest, response, &size, ret_error)) {
        if (ret_error)
            ret_error->offset += 1;
        return false;
    }
    response->bytes = bytes_of(rops->data, 1 + size);
    *rops = bytes_of(rest.data + size, rest.size - size);
    return true;
}

static bool response_decode(struct reading *reading, struct bytes *rops, struct rop_response *ret_response, struct wire_error *ret_error)
{
    enum { FRAME_SIZE = 6 };
    struct rop_response response = { .rop_id = rops->data[0], .request = -1 };
    const struct rop_definition *definition = rop_definitions[response.rop_id];
    if (!definition || !definition->success)
        return reading_fail(ret_error, WIRE_BAD_VALUE, 0, "rop_id");
    if (definition->handles == ROP_HANDLES_NONE) {
        if (!notification_decode(reading, definition, rops, &response, ret_error))
            return false;
        *ret_response = response;
        return true;
    }
    if (rops->size < FRAME_SIZE)
        return reading_fail(ret_error, WIRE_TRUNCATED, rops->size, definition->name);
    response.handle_index = rops->data[1];
    response.return_value = load_u32(rops->data + 2);
    response.request = request_of(reading, response.rop_id, response.handle_index);
    const struct rop_request *request = response.request < 0 ? NULL : &reading->requests->requests[response.request];
    if (request) {
        response.columns = columns_for(reading, request);
        if (response.rop_id != ROP_ID_PROGRESS)
            response.rop_id = request->rop_id; /* RopGetMessageStatus answers under another id */
    }
    size_t size;
    struct bytes rest = bytes_of(rops->data + FRAME_SIZE, rops->size - FRAME_SIZE);
    if (!body_decode(reading, rop_response_structure(definition, response.return_value), rest, &response, &size, ret_error)) {
        if (ret_error)
            ret_error->offset += FRAME_SIZE;
        return false;
    }
    response.bytes = bytes_of(rops->data, FRAME_SIZE + size);
    *rops = bytes_of(rest.data + size, rest.size - size);
    bool succeeded = response.return_value == 0 || (response.return_value & 0xFFFF0000) == 0x00040000;
    if (request && succeeded && response.rop_id != ROP_ID_PROGRESS)
        note_success(reading, request, &response);
    *ret_response = response;
    return true;
}

bool rop_responses_read(struct arena *arena, struct bytes payload, const struct rop_request_list *requests,
    struct rop_columns *columns, struct rop_response_list *list_out, struct wire_error *ret_error)
{
    struct rop_response_list list = { 0 };
    struct bytes rops;
    uint32_t room = 0;
    *list_out = list;
    if (!rop_payload_split(arena, payload, 0, &rops, &list.handles, &list.handle_count))
        return reading_fail(ret_error, WIRE_BAD_VALUE, 0, "rop_size");
    struct rop_columns local = { 0 }; /* columns set and used within this one answer are known in any case */
    struct reading reading = { .arena = arena, .requests = requests, .columns = columns ? columns : &local,
        .handles = list.handles, .handle_count = list.handle_count };
    bool done = true;
    while (rops.size && done) {
        if (list.count == room) {
            room = room ? room * 2 : 8;
            struct rop_response *larger = arena_array(arena, struct rop_response, room);
            if (!larger) {
                done = reading_fail(ret_error, WIRE_NO_MEMORY, 0, "responses");
                break;
            }
            if (list.count)
                memcpy(larger, list.responses, list.count * sizeof *larger);
            list.responses = larger;
        }
        done = response_decode(&reading, &rops, &list.responses[list.count], ret_error);
        if (done) {
            list.count++;
        } else if (ret_error) {
            struct wire_error inner = *ret_error;
            ret_error->offset = inner.offset + (size_t)(rops.data - payload.data);
            snprintf(ret_error->path, sizeof ret_error->path, "responses[%u].%.*s", list.count, WIRE_PATH_SIZE - 32, inner.path);
        }
    }
    rop_columns_free(&local);
    *list_out = list;
    return done;
}

bool rop_responses_decode(struct arena *arena, struct bytes payload, const struct rop_request_list *requests,
    struct rop_columns *columns, struct rop_response_list *ret_list, struct wire_error *ret_error)
{
    struct rop_response_list list;
    if (!rop_responses_read(arena, payload, requests, columns, &list, ret_error))
        return false;
    *ret_list = list;
    return true;
}
