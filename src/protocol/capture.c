#include "protocol/capture.h"
#include "base/text.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define OFFSET_DIGITS 8

static int digit_of(uint8_t c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? (c | 0x20) - 'a' + 10 : -1;
}

static size_t digits_at(struct bytes line, size_t at)
{
    size_t count = 0;
    while (at + count < line.size && digit_of(line.data[at + count]) >= 0)
        count++;
    return count;
}

/* Without the offset in front and the characters behind. */
static struct bytes dump_columns(struct bytes line)
{
    size_t begin = 0, end = line.size;
    while (begin < end && isspace(line.data[begin]))
        begin++;
    size_t digits = digits_at(line, begin), behind = begin + digits;
    bool colon = digits >= 4 && behind < end && line.data[behind] == ':';
    bool spaced = digits == OFFSET_DIGITS && behind + 2 < end && line.data[behind] == ' ' && line.data[behind + 1] == ' ';
    if (!colon && !spaced)
        return line;
    begin = behind + (colon ? 1 : 2);
    while (begin < end && line.data[begin] == ' ')
        begin++;
    for (size_t at = begin; at + 1 < end; at++) {
        bool gap = line.data[at] == ' ' && line.data[at + 1] == ' ';
        if (line.data[at + 1] == '|' || (gap && colon)) {
            end = at;
            break;
        }
    }
    return bytes_of(line.data + begin, end - begin);
}

static bool append_digits(struct bytes columns, uint8_t *data, size_t *size)
{
    for (size_t at = 0; at < columns.size;) {
        if (isspace(columns.data[at])) {
            at++;
            continue;
        }
        if (at + 1 == columns.size || digit_of(columns.data[at]) < 0 || digit_of(columns.data[at + 1]) < 0)
            return false;
        data[(*size)++] = (uint8_t)(digit_of(columns.data[at]) << 4 | digit_of(columns.data[at + 1]));
        at += 2;
    }
    return true;
}

struct bytes capture_of_hex(struct arena *arena, struct bytes text)
{
    uint8_t *data = arena_allocate(arena, text.size / 2 + 1);
    size_t size = 0;
    for (size_t at = 0; data && at < text.size;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t length = end ? (size_t)(end - text.data) - at : text.size - at;
        if (!append_digits(dump_columns(bytes_of(text.data + at, length)), data, &size))
            return BYTES_NONE;
        at += length + 1;
    }
    return data && size ? bytes_of(data, size) : BYTES_NONE;
}

static bool begins_with(struct bytes bytes, const char *text)
{
    size_t size = strlen(text);
    return bytes.size >= size && !strncasecmp((const char *)bytes.data, text, size);
}

/* The value of a header line, trimmed; NONE where there is none of that name. */
static struct bytes header(struct bytes head, const char *name)
{
    size_t size = strlen(name);
    for (size_t at = 0; at < head.size;) {
        const uint8_t *end = memmem(head.data + at, head.size - at, "\r\n", 2);
        size_t length = end ? (size_t)(end - head.data) - at : head.size - at;
        struct bytes line = bytes_of(head.data + at, length);
        if (begins_with(line, name) && length > size && line.data[size] == ':') {
            struct bytes value = bytes_of(line.data + size + 1, length - size - 1);
            while (value.size && value.data[0] == ' ')
                value = bytes_of(value.data + 1, value.size - 1);
            return value;
        }
        at += length + 2;
    }
    return BYTES_NONE;
}

static bool join_chunks(struct arena *arena, struct bytes input, struct bytes *ret_body)
{
    uint8_t *data = arena_allocate(arena, input.size);
    size_t size = 0, at = 0;
    while (data) {
        size_t digits = digits_at(input, at), length = 0;
        const uint8_t *end = memmem(input.data + at, input.size - at, "\r\n", 2);
        if (!digits || digits > 7 || !end)
            return false;
        for (size_t i = 0; i < digits; i++)
            length = length << 4 | (size_t)digit_of(input.data[at + i]);
        at = (size_t)(end - input.data) + 2;
        if (length == 0)
            break;
        if (length > input.size - at || input.size - at - length < 2)
            return false;
        memcpy(data + size, input.data + at, length);
        size += length;
        at += length + 2;
    }
    *ret_body = bytes_of(data, size);
    return data != NULL;
}

static bool http_read(struct arena *arena, struct bytes input, struct capture *capture)
{
    const uint8_t *end = memmem(input.data, input.size, "\r\n\r\n", 4);
    if (!end)
        return true;
    size_t size = (size_t)(end - input.data) + 4;
    capture->head = bytes_of(input.data, size - 2);
    capture->body = bytes_of(input.data + size, input.size - size);
    capture->body_offset = size;
    struct bytes type = header(capture->head, "X-RequestType");
    snprintf(capture->request_type, sizeof capture->request_type, "%.*s", (int)type.size, (const char *)type.data);
    if (!begins_with(header(capture->head, "Transfer-Encoding"), "chunked"))
        return true;
    capture->joined = true;
    capture->body_offset = 0;
    return join_chunks(arena, capture->body, &capture->body);
}

static void stream_read(struct capture *capture)
{
    if (!begins_with(capture->body, "PROCESSING\r\n") && !begins_with(capture->body, "PENDING\r\n") && !begins_with(capture->body, "DONE\r\n"))
        return;
    const uint8_t *end = memmem(capture->body.data, capture->body.size, "\r\n\r\n", 4);
    if (!end)
        return;
    size_t size = (size_t)(end - capture->body.data) + 4;
    capture->direction = CAPTURE_RESPONSE;
    capture->meta = bytes_of(capture->body.data, size - 2);
    capture->body = bytes_of(capture->body.data + size, capture->body.size - size);
    capture->body_offset += size;
}

bool capture_read(struct arena *arena, struct bytes input, struct capture *ret_capture)
{
    struct capture capture = { .body = input };
    if (begins_with(input, "POST "))
        capture.direction = CAPTURE_REQUEST;
    else if (begins_with(input, "HTTP/1."))
        capture.direction = CAPTURE_RESPONSE;
    if (capture.direction != CAPTURE_UNKNOWN && !http_read(arena, input, &capture))
        return false;
    stream_read(&capture);
    *ret_capture = capture;
    return true;
}
