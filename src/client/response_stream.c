#include "client/response_stream.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

static bool fail(struct response_stream *stream, const char *failure)
{
    stream->phase = RESPONSE_STREAM_FAILED;
    stream->failure = failure;
    return false;
}

bool response_stream_parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    while (*text == ' ' || *text == '\t')
        text++;
    if (*text < '0' || *text > '9')
        return false;
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (number > (max - (uint64_t)(*text - '0')) / 10)
            return false;
        number = number * 10 + (uint64_t)(*text - '0');
    }
    while (*text == ' ' || *text == '\t')
        text++;
    if (*text)
        return false;
    *ret_number = number;
    return true;
}

static bool read_meta_tag(struct response_stream *stream, const char *line)
{
    /* MS-OXCMAPIHTTP R1130 and following; any case, as Microsoft's own client compares them. */
    if (text_equal_ignoring_case(line, "PROCESSING")) {
        stream->processing = true;
        return true;
    }
    if (text_equal_ignoring_case(line, "PENDING")) {
        if (++stream->pending_count > RESPONSE_STREAM_PENDING_COUNT_MAX)
            return fail(stream, "no end of PENDING");
        return true;
    }
    if (text_equal_ignoring_case(line, "DONE")) {
        stream->phase = RESPONSE_STREAM_HEADERS;
        return true;
    }
    return fail(stream, "a line that is none of PROCESSING, PENDING and DONE");
}

static bool read_header(struct response_stream *stream, char *line)
{
    if (!*line) {
        stream->phase = RESPONSE_STREAM_BODY;
        return true;
    }
    if (++stream->header_count > RESPONSE_STREAM_HEADER_COUNT_MAX)
        return fail(stream, "too many additional headers");
    char *colon = strchr(line, ':');
    if (!colon || colon == line)
        return fail(stream, "an additional header without a colon");
    *colon = 0;
    const char *value = colon + 1;
    while (*value == ' ' || *value == '\t')
        value++;
    uint64_t number;
    if (text_equal_ignoring_case(line, "X-ResponseCode")) {
        if (!response_stream_parse_number(value, UINT32_MAX, &number))
            return fail(stream, "an additional X-ResponseCode that is no number");
        stream->has_response_code = true;
        stream->response_code = (uint32_t)number;
    } else if (text_equal_ignoring_case(line, "X-ElapsedTime")) {
        stream->has_elapsed_ms = response_stream_parse_number(value, UINT64_MAX / 2, &stream->elapsed_ms);
    } else if (text_equal_ignoring_case(line, "X-StartTime")) {
        snprintf(stream->start_time, sizeof stream->start_time, "%s", value);
    }
    return true;
}

static bool read_line(struct response_stream *stream)
{
    const char *text = buffer_string(&stream->line);
    if (!text)
        return fail(stream, "no memory");
    if (strlen(text) != stream->line.size)
        return fail(stream, "a NUL before the body");
    bool good = stream->phase == RESPONSE_STREAM_META_TAGS ? read_meta_tag(stream, text)
                                                            : read_header(stream, (char *)stream->line.data);
    buffer_clear(&stream->line);
    return good;
}

bool response_stream_feed(struct response_stream *stream, const void *data, size_t size)
{
    const char *from = data, *end = from + size;
    while (from < end && (stream->phase == RESPONSE_STREAM_META_TAGS || stream->phase == RESPONSE_STREAM_HEADERS)) {
        const char *feed = memchr(from, '\n', (size_t)(end - from));
        size_t part = feed ? (size_t)(feed - from) : (size_t)(end - from);
        if (stream->line.size + part > RESPONSE_STREAM_LINE_SIZE_MAX)
            return fail(stream, "a line without end");
        if (!buffer_append(&stream->line, from, part))
            return fail(stream, "no memory");
        from += part;
        if (!feed)
            break;
        from++;
        if (!stream->line.size || stream->line.data[stream->line.size - 1] != '\r')
            return fail(stream, "a line that does not end in CR LF");
        stream->line.size--;
        if (!read_line(stream))
            return false;
    }
    if (stream->phase == RESPONSE_STREAM_BODY && from < end) {
        if ((size_t)(end - from) > RESPONSE_STREAM_BODY_SIZE_MAX - stream->body.size)
            return fail(stream, "a body that is too large");
        if (!buffer_append(&stream->body, from, (size_t)(end - from)))
            return fail(stream, "no memory");
    }
    return stream->phase != RESPONSE_STREAM_FAILED;
}

bool response_stream_complete(const struct response_stream *stream)
{
    return stream->phase == RESPONSE_STREAM_BODY ||
           (stream->phase == RESPONSE_STREAM_META_TAGS && !stream->processing && !stream->pending_count && !stream->line.size);
}

void response_stream_clear(struct response_stream *stream)
{
    buffer_free(&stream->line);
    buffer_free(&stream->body);
    *stream = (struct response_stream){0};
}
