/* Streams over properties (MS-OXCPRPT 3.2.5.11 to .19). */
#include "mailbox/stream.h"

#include "rop/handlers.h"
#include "rop/object_properties.h"

uint32_t rop_open_stream(struct rop_call *call)
{
    const struct rop_open_stream_request *request = call->request;
    struct rop_open_stream_success *answer = rop_call_answer(call, struct rop_open_stream_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    if (call->input->kind == ROP_OBJECT_LOGON)
        return EC_NOT_SUPPORTED; /* R548 */
    if (request->open_mode_flags > STREAM_BEST_ACCESS)
        return EC_INVALID_PARAMETER;
    struct stream *stream;
    uint32_t error = stream_open(call->logon, rop_object_properties(call->input), request->property_tag,
        request->open_mode_flags, &stream, &answer->stream_size);
    if (error)
        return error;
    struct rop_object *object;
    error = rop_call_open(call, ROP_OBJECT_STREAM, &object);
    if (error) {
        stream_close(call->logon, stream);
        return error;
    }
    object->stream = stream;
    return 0;
}

#define BYTE_COUNT_IN_MAXIMUM 0xBABEu
#define DATA_SIZE_BYTES 2u

uint32_t rop_read_stream(struct rop_call *call)
{
    const struct rop_read_stream_request *request = call->request;
    struct rop_read_stream_success *answer = rop_call_answer(call, struct rop_read_stream_success);
    struct rop_read_stream_request *rest = arena_new(call->arena, struct rop_read_stream_request);
    if (!answer || !rest)
        return EC_OUT_OF_MEMORY;
    uint32_t wanted =
        request->byte_count == BYTE_COUNT_IN_MAXIMUM ? request->maximum_byte_count : request->byte_count;
    if (wanted > 0x80000000u)
        return EC_RPC_FORMAT; /* MS-OXCROPS R321501 */
    size_t room = call->room > DATA_SIZE_BYTES ? call->room - DATA_SIZE_BYTES : 0;
    uint32_t size = wanted < room ? wanted : (uint32_t)room;
    if (size < wanted && !call->room_is_largest && request->byte_count != BYTE_COUNT_IN_MAXIMUM) {
        call->too_small = true;
        return EC_BUFFER_TOO_SMALL;
    }
    uint32_t error = stream_read(call->arena, call->logon, call->input->stream, size, &answer->data);
    if (error)
        return error;
    call->more = answer->data.size == size && size < wanted;
    *rest = (struct rop_read_stream_request){
        .byte_count = BYTE_COUNT_IN_MAXIMUM,
        .maximum_byte_count = wanted - (uint32_t)answer->data.size,
    };
    call->request = rest;
    return 0;
}

uint32_t rop_write_stream(struct rop_call *call)
{
    const struct rop_write_stream_request *request = call->request;
    struct rop_write_stream_success *answer = rop_call_answer(call, struct rop_write_stream_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    uint32_t written = 0;
    uint32_t error = stream_write(call->logon, call->input->stream, request->data, &written);
    answer->written_size = (uint16_t)written;
    return error;
}

uint32_t rop_write_stream_extended(struct rop_call *call)
{
    const struct rop_write_stream_extended_request *request = call->request;
    struct rop_write_stream_extended_success *answer = rop_call_answer(call, struct rop_write_stream_extended_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    return stream_write(call->logon, call->input->stream, request->data, &answer->written_size);
}

uint32_t rop_commit_stream(struct rop_call *call)
{
    return stream_commit(call->logon, call->input->stream);
}

uint32_t rop_get_stream_size(struct rop_call *call)
{
    struct rop_get_stream_size_success *answer = rop_call_answer(call, struct rop_get_stream_size_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    return stream_size(call->logon, call->input->stream, &answer->stream_size);
}

uint32_t rop_set_stream_size(struct rop_call *call)
{
    const struct rop_set_stream_size_request *request = call->request;
    return stream_set_size(call->logon, call->input->stream, request->stream_size);
}

uint32_t rop_seek_stream(struct rop_call *call)
{
    const struct rop_seek_stream_request *request = call->request;
    struct rop_seek_stream_success *answer = rop_call_answer(call, struct rop_seek_stream_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    return stream_seek(call->logon, call->input->stream, request->origin, request->offset, &answer->new_position);
}

uint32_t rop_copy_to_stream(struct rop_call *call)
{
    const struct rop_copy_to_stream_request *request = call->request;
    struct rop_copy_to_stream_success *answer = rop_call_answer(call, struct rop_copy_to_stream_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    return stream_copy_to(call->logon, call->input->stream, call->destination->stream, request->byte_count,
        &answer->read_byte_count, &answer->written_byte_count);
}
