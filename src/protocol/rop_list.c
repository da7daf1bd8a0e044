/* Payloads and requests; responses of a server. What a client reads stands in rop_response_list.c. */
#include "protocol/rop_list.h"
#include "base/limits.h"
#include <stdio.h>
#include <string.h>


static bool list_fail(struct wire_error *error, enum wire_status status, size_t offset, const char *path)
{
    if (error) {
        *error = (struct wire_error){ .status = status, .offset = offset };
        snprintf(error->path, sizeof error->path, "%s", path);
    }
    return false;
}

/* Puts an error of a part where the whole has it. */
static void error_inside(struct wire_error *error, size_t offset, const char *list, uint32_t index)
{
    if (!error)
        return;
    struct wire_error outer = { .status = error->status, .offset = error->offset + offset };
    snprintf(outer.path, sizeof outer.path, "%s[%u].%.*s", list, index, WIRE_PATH_SIZE - 32, error->path);
    *error = outer;
}

bool rop_payload_split(struct arena *arena, struct bytes payload, uint32_t handle_room, struct bytes *ret_rops,
    uint32_t **ret_handles, uint32_t *ret_handle_count)
{
    if (payload.size < 2)
        return false;
    size_t size = load_u16(payload.data);
    if (size < 2 || size > payload.size || (payload.size - size) % 4)
        return false;
    uint32_t count = (uint32_t)((payload.size - size) / 4), room = count > handle_room ? count : handle_room;
    uint32_t *handles = arena_array(arena, uint32_t, room);
    if (!handles)
        return false;
    memset(handles, 0xFF, room * sizeof *handles); /* ROP_HANDLE_NONE */
    if (count)
        memcpy(handles, payload.data + size, count * sizeof *handles);
    *ret_rops = bytes_of(payload.data + 2, size - 2);
    *ret_handles = handles;
    *ret_handle_count = count;
    return true;
}

static bool logon_is_public(const struct rop_logon_kinds *kinds, uint8_t logon_id)
{
    return kinds && kinds->public_bits[logon_id / 8] >> logon_id % 8 & 1;
}

static void logon_note(struct rop_logon_kinds *kinds, uint8_t logon_id, bool is_public)
{
    uint8_t bit = (uint8_t)(1u << logon_id % 8);
    if (is_public)
        kinds->public_bits[logon_id / 8] |= bit;
    else
        kinds->public_bits[logon_id / 8] &= (uint8_t)~bit;
}

static size_t request_header_size(uint8_t handles)
{
    return handles == ROP_HANDLES_IN || handles == ROP_HANDLES_OUT ? 3 : 4;
}

static void request_header_read(uint8_t handles, const uint8_t *header, struct rop_request *request)
{
    request->rop_id = header[0];
    request->logon_id = header[1];
    switch (handles) {
    case ROP_HANDLES_OUT:
        request->output_handle_index = header[2];
        break;
    case ROP_HANDLES_RESPONSE_IN:
        request->output_handle_index = header[2];
        request->handle_index = header[3];
        break;
    default:
        request->handle_index = header[2];
        if (request_header_size(handles) == 4)
            request->output_handle_index = header[3];
    }
}

bool rop_request_decode(struct arena *arena, struct bytes *rops, struct rop_logon_kinds *kinds, struct rop_request *ret_request,
    struct wire_error *ret_error)
{
    struct rop_request request = { 0 };
    if (rops->size == 0)
        return list_fail(ret_error, WIRE_TRUNCATED, 0, "rop_id");
    const struct rop_definition *definition = rop_definitions[rops->data[0]];
    if (!definition || !definition->request || definition->reserved)
        return list_fail(ret_error, WIRE_BAD_VALUE, 0, "rop_id");
    size_t header = request_header_size(definition->handles), size;
    if (rops->size < header)
        return list_fail(ret_error, WIRE_TRUNCATED, rops->size, definition->name);
    request_header_read(definition->handles, rops->data, &request);
    void *body = arena_allocate(arena, definition->request->size);
    if (!body)
        return list_fail(ret_error, WIRE_NO_MEMORY, 0, definition->name);
    struct wire_context context = { .public_logon = logon_is_public(kinds, request.logon_id) };
    struct bytes rest = bytes_of(rops->data + header, rops->size - header);
    if (!wire_decode_prefix(arena, definition->request, rest, &context, body, &size, NULL, ret_error)) {
        if (ret_error)
            ret_error->offset += header;
        return false;
    }
    if (request.rop_id == ROP_ID_LOGON && kinds) {
        const struct rop_logon_request *logon = body;
        logon_note(kinds, request.logon_id, !(logon->logon_flags & LOGON_FLAGS_PRIVATE));
    }
    request.body = body;
    request.bytes = bytes_of(rops->data, header + size);
    *rops = bytes_of(rest.data + size, rest.size - size);
    *ret_request = request;
    return true;
}

bool rop_requests_decode(struct arena *arena, struct bytes payload, struct rop_logon_kinds *kinds,
    struct rop_request_list *ret_list, struct wire_error *ret_error)
{
    struct rop_request_list list = { 0 };
    struct rop_logon_kinds local = { 0 };
    struct bytes rops;
    uint32_t room = 0;
    if (!rop_payload_split(arena, payload, 0, &rops, &list.handles, &list.handle_count))
        return list_fail(ret_error, WIRE_BAD_VALUE, 0, "rop_size");
    if (kinds)
        local = *kinds;
    while (rops.size) {
        if (list.count == room) {
            room = room ? room * 2 : 8;
            struct rop_request *larger = arena_array(arena, struct rop_request, room);
            if (!larger)
                return list_fail(ret_error, WIRE_NO_MEMORY, 0, "requests");
            if (list.count)
                memcpy(larger, list.requests, list.count * sizeof *larger);
            list.requests = larger;
        }
        if (!rop_request_decode(arena, &rops, &local, &list.requests[list.count], ret_error)) {
            error_inside(ret_error, (size_t)(rops.data - payload.data), "requests", list.count);
            return false;
        }
        list.count++;
    }
    if (kinds)
        *kinds = local;
    *ret_list = list;
    return true;
}

struct rop_response rop_response_to(const struct rop_request *request, uint32_t return_value)
{
    const struct rop_definition *definition = rop_definitions[request->rop_id];
    bool output = definition && (definition->handles == ROP_HANDLES_IN_OUT || definition->handles == ROP_HANDLES_OUT
                                    || definition->handles == ROP_HANDLES_RESPONSE_IN);
    return (struct rop_response){ .rop_id = request->rop_id, .return_value = return_value,
        .handle_index = output ? request->output_handle_index : request->handle_index };
}

/* Objects that handlers leave out because nothing but zeros is in them. */
static const uint8_t zeroed[1024];

bool rop_response_encode(const struct rop_response *response, struct buffer *rops, struct wire_error *ret_error)
{
    const struct rop_definition *definition = rop_definitions[response->rop_id];
    size_t before = rops->size;
    if (!definition || !definition->success)
        return list_fail(ret_error, WIRE_BAD_VALUE, 0, "rop_id");
    bool framed = definition->handles != ROP_HANDLES_NONE;
    const struct wire_structure *structure = framed ? rop_response_structure(definition, response->return_value) : definition->success;
    bool done = buffer_append_u8(rops, definition->response_id);
    if (framed)
        done = done && buffer_append_u8(rops, response->handle_index) && buffer_append_u32(rops, response->return_value);
    const void *body = response->body ? response->body : zeroed;
    if (done && structure) {
        struct wire_context context = { .columns = response->columns, .public_logon = response->public_logon,
            .return_value = response->return_value };
        if (!response->body && structure->size > sizeof zeroed)
            done = list_fail(ret_error, WIRE_BAD_VALUE, 0, definition->name);
        else
            done = wire_encode(structure, body, &context, rops, ret_error);
    } else if (!done) {
        list_fail(ret_error, WIRE_TOO_LARGE, 0, definition->name);
        rops->failed = false;
    }
    if (!done)
        rops->size = before;
    return done;
}

bool rop_payload_build(struct bytes rops, const uint32_t *handles, uint32_t handle_count, struct buffer *payload)
{
    size_t total = 2 + rops.size + (size_t)handle_count * sizeof *handles;
    if (total > UINT16_MAX)
        return false;
    uint8_t *place = buffer_extend(payload, total);
    if (!place)
        return false;
    store_u16(place, (uint16_t)(2 + rops.size));
    if (rops.size)
        memcpy(place + 2, rops.data, rops.size);
    if (handle_count)
        memcpy(place + 2 + rops.size, handles, handle_count * sizeof *handles);
    return true;
}

bool rop_responses_encode(const struct rop_response_list *list, struct buffer *payload, struct wire_error *ret_error)
{
    struct buffer rops = { 0 };
    bool done = true;
    for (uint32_t i = 0; i < list->count && done; i++) {
        done = rop_response_encode(&list->responses[i], &rops, ret_error);
        if (!done)
            error_inside(ret_error, 2 + rops.size, "responses", i);
    }
    if (done && !rop_payload_build(buffer_bytes(&rops), list->handles, list->handle_count, payload))
        done = list_fail(ret_error, WIRE_TOO_LARGE, 0, "rop_size");
    buffer_free(&rops);
    return done;
}

bool rop_request_encode(const struct rop_request *request, const struct rop_logon_kinds *kinds, struct buffer *rops,
    struct wire_error *ret_error)
{
    const struct rop_definition *definition = rop_definitions[request->rop_id];
    size_t before = rops->size;
    if (!definition || !definition->request)
        return list_fail(ret_error, WIRE_BAD_VALUE, 0, "rop_id");
    uint8_t header[4] = { request->rop_id, request->logon_id, request->handle_index, request->output_handle_index };
    if (definition->handles == ROP_HANDLES_OUT)
        header[2] = request->output_handle_index;
    if (definition->handles == ROP_HANDLES_RESPONSE_IN) {
        header[2] = request->output_handle_index;
        header[3] = request->handle_index;
    }
    struct wire_context context = { .public_logon = logon_is_public(kinds, request->logon_id) };
    if (!buffer_append(rops, header, request_header_size(definition->handles)))
        return list_fail(ret_error, WIRE_NO_MEMORY, 0, definition->name);
    if (wire_encode(definition->request, request->body ? request->body : zeroed, &context, rops, ret_error))
        return true;
    rops->size = before;
    return false;
}

bool rop_requests_encode(const struct rop_request_list *list, const struct rop_logon_kinds *kinds, struct buffer *payload,
    struct wire_error *ret_error)
{
    struct buffer rops = { 0 };
    struct rop_logon_kinds local = { 0 };
    bool done = true;
    if (kinds)
        local = *kinds;
    for (uint32_t i = 0; i < list->count && done; i++) {
        const struct rop_request *request = &list->requests[i];
        if (request->rop_id == ROP_ID_LOGON && request->body)
            logon_note(&local, request->logon_id, !(((const struct rop_logon_request *)request->body)->logon_flags & LOGON_FLAGS_PRIVATE));
        done = rop_request_encode(request, &local, &rops, ret_error);
        if (!done)
            error_inside(ret_error, 2 + rops.size, "requests", i);
    }
    if (done && !rop_payload_build(buffer_bytes(&rops), list->handles, list->handle_count, payload))
        done = list_fail(ret_error, WIRE_TOO_LARGE, 0, "rop_size");
    buffer_free(&rops);
    return done;
}
