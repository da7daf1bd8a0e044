#include "client/stream.h"
#include "client/error.h"
#include <stdlib.h>
#include <string.h>

#define READ_SIZE_MARK 0xBABEu /* ByteCount that says: see MaximumByteCount (MS-OXCROPS 2.2.9.2.1) */
#define READ_SIZE_MAX 0x3E000u /* what one (chained) answer can bring */

static void add_read(struct rop_batch *batch, uint8_t stream, uint32_t *ret_asked)
{
    static const struct rop_read_stream_request read = {.byte_count = READ_SIZE_MARK, .maximum_byte_count = READ_SIZE_MAX};
    *ret_asked = rop_batch_add(batch, ROP_ID_READ_STREAM, stream, 0, &read);
}

/* Appends what an answer to RopReadStream brought, over all chained units. */
static enum mapihttp_status take_data(struct mapihttp_session *session, const struct rop_batch *batch, uint32_t asked,
                                      struct buffer *buffer, size_t *ret_size, struct mapihttp_error *error)
{
    size_t before = buffer->size;
    for (uint32_t unit = 0; unit < batch->answer_count; unit++) {
        const struct rop_response *response = rop_batch_response_in(batch, unit, asked);
        const struct rop_read_stream_success *success = response && !response->return_value ? response->body : NULL;
        if (response && response->return_value)
            return session_fail(session, response->return_value, "read a stream", error);
        if (success && !buffer_append(buffer, success->data.data, success->data.size))
            return session_no_memory(error);
    }
    *ret_size = buffer->size - before;
    return MAPIHTTP_OK;
}

enum mapihttp_status client_stream_read(struct mapihttp_session *session, uint32_t object, uint32_t tag, void **ret_data,
                                 size_t *ret_size, struct mapihttp_error *ret_error)
{
    struct rop_batch batch = {.chain = true};
    struct rop_open_stream_request open = {.property_tag = tag, .open_mode_flags = OPEN_MODE_READ_ONLY};
    struct buffer buffer = {.size_max = STREAM_SIZE_MAX};
    uint8_t stream = rop_batch_output(&batch);
    uint32_t asked, opened = rop_batch_add(&batch, ROP_ID_OPEN_STREAM, rop_batch_use(&batch, object), stream, &open);
    add_read(&batch, stream, &asked);
    enum mapihttp_status status = session_execute_expect(session, &batch, opened, "open a stream", ret_error);
    const struct rop_open_stream_success *success = status ? NULL : rop_batch_success(&batch, opened);
    size_t whole = success ? success->stream_size : 0, got = 0;
    uint32_t handle = rop_batch_handle(&batch, stream);
    if (!status)
        status = take_data(session, &batch, asked, &buffer, &got, ret_error);
    rop_batch_clear(&batch);
    while (!status && got && buffer.size < whole) {
        struct rop_batch next = {.chain = true};
        add_read(&next, rop_batch_use(&next, handle), &asked);
        status = session_execute_expect(session, &next, asked, "read a stream", ret_error);
        if (!status)
            status = take_data(session, &next, asked, &buffer, &got, ret_error);
        rop_batch_clear(&next);
    }
    if (!status && buffer.size < whole)
        status = error_set(ret_error, MAPIHTTP_PROTOCOL, 0, "a stream of %zu bytes ended after %zu", whole, buffer.size);
    if (session->context.connected && handle != ROP_HANDLE_NONE)
        session_release(session, &handle, 1);
    if (status) {
        buffer_free(&buffer);
        return status;
    }
    *ret_data = buffer.data;
    *ret_size = buffer.size;
    return MAPIHTTP_OK;
}

enum mapihttp_status client_stream_write(struct mapihttp_session *session, uint32_t object, uint32_t tag, struct bytes value,
                                  struct mapihttp_error *ret_error)
{
    static const struct rop_commit_stream_request commit;
    struct rop_open_stream_request open = {.property_tag = tag, .open_mode_flags = OPEN_MODE_CREATE};
    uint32_t handle = ROP_HANDLE_NONE;
    enum mapihttp_status status = MAPIHTTP_OK;
    size_t at = 0;
    do {
        size_t part = value.size - at < STREAM_CHUNK_SIZE ? value.size - at : STREAM_CHUNK_SIZE;
        bool last = at + part == value.size;
        struct rop_batch batch = {0};
        struct rop_write_stream_request write = {.data = bytes_of(value.data + at, part)};
        uint8_t stream;
        uint32_t first;
        if (at) {
            stream = rop_batch_use(&batch, handle);
            first = rop_batch_add(&batch, ROP_ID_WRITE_STREAM, stream, 0, &write);
        } else {
            uint8_t input = rop_batch_use(&batch, object);
            stream = rop_batch_output(&batch);
            first = rop_batch_add(&batch, ROP_ID_OPEN_STREAM, input, stream, &open);
            rop_batch_add(&batch, ROP_ID_WRITE_STREAM, stream, 0, &write);
        }
        if (last) {
            rop_batch_add(&batch, ROP_ID_COMMIT_STREAM, stream, 0, &commit);
            rop_batch_release(&batch, stream);
        }
        status = session_execute(session, &batch, ret_error);
        for (uint32_t i = first; !status && i < batch.request_count; i++)
            if (batch.requests[i].rop_id != ROP_ID_RELEASE)
                status = rop_batch_expect(session, &batch, i, "write a stream", ret_error);
        handle = rop_batch_handle(&batch, stream);
        rop_batch_clear(&batch);
        at += part;
    } while (!status && at < value.size);
    return status;
}
