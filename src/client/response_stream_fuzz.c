/* The response stream, fed whole, byte by byte and in two pieces: all must agree. */
#include "client/response_stream.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct response_stream *stream, const uint8_t *data, size_t size, size_t step)
{
    for (size_t at = 0; at < size; at += step)
        if (!response_stream_feed(stream, data + at, size - at < step ? size - at : step))
            return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct response_stream whole = {0}, bytewise = {0};
    feed(&whole, data, size, size ? size : 1);
    feed(&bytewise, data, size, 1);
    if (whole.phase != bytewise.phase || whole.response_code != bytewise.response_code ||
        whole.pending_count != bytewise.pending_count || whole.elapsed_ms != bytewise.elapsed_ms ||
        strcmp(whole.start_time, bytewise.start_time) || response_stream_complete(&whole) != response_stream_complete(&bytewise))
        abort();
    if (whole.phase == RESPONSE_STREAM_BODY && !bytes_equal(buffer_bytes(&whole.body), buffer_bytes(&bytewise.body)))
        abort();
    response_stream_clear(&whole);
    response_stream_clear(&bytewise);
    return 0;
}
