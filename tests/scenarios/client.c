#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/text.h"

static bool is_kept(const struct client_request *request, const char *name)
{
    return !request->without || strcmp(request->without, name) != 0;
}

static void append_line(struct buffer *bytes, const struct client_request *request, const char *name, const char *value)
{
    if (value && is_kept(request, name))
        buffer_append_format(bytes, "%s: %s\r\n", name, value);
}

bool client_request_build(const struct client_request *request, struct buffer *bytes)
{
    char text[80];
    buffer_append_format(bytes, "%s %s HTTP/1.1\r\n", request->method, request->path);
    append_line(bytes, request, "Host", "localhost");
    append_line(bytes, request, "Authorization", request->authorization);
    append_line(bytes, request, "Content-Type", "application/mapi-http");
    append_line(bytes, request, "X-RequestType", request->type);
    snprintf(text, sizeof text, "{E2EA6C1C-E61B-49E9-9CFB-38184F907552}:%u", request->request_number);
    append_line(bytes, request, "X-RequestId", text);
    append_line(bytes, request, "X-ClientInfo", "{2EF33C39-49C8-421C-B876-CDF7F2AC3AA0}:123");
    append_line(bytes, request, "X-ClientApplication", "Outlook/15.0.4779.1002");
    append_line(bytes, request, "Cookie", request->cookie);
    for (unsigned i = 0; i < request->line_count; i++)
        buffer_append_format(bytes, "%s\r\n", request->lines[i]);
    if (request->chunked) {
        buffer_append_string(bytes, "Transfer-Encoding: chunked\r\n\r\n");
        if (request->body.size) {
            buffer_append_format(bytes, "%zx\r\n", request->body.size);
            buffer_append(bytes, request->body.data, request->body.size);
            buffer_append_string(bytes, "\r\n");
        }
        return buffer_append_string(bytes, "0\r\n\r\n");
    }
    snprintf(text, sizeof text, "%zu", request->body.size);
    append_line(bytes, request, "Content-Length", text);
    buffer_append_string(bytes, "\r\n");
    return buffer_append(bytes, request->body.data, request->body.size);
}

int client_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle < 0 || connect(handle, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("connect");
        exit(1);
    }
    return handle;
}

void client_send(int handle, struct bytes bytes)
{
    while (bytes.size) {
        ssize_t sent = send(handle, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the answer will tell */
        bytes = bytes_of(bytes.data + sent, bytes.size - (size_t)sent);
    }
}

/* A reader over one connection. It never reads further than the answer goes: another may follow. */
struct reader {
    int handle;
    uint64_t deadline_ms;
    struct buffer bytes;
    size_t position;
    bool ended;
};

static bool fill(struct reader *reader, size_t wanted)
{
    uint8_t chunk[65536];
    uint64_t now_ms = monotonic_ms();
    struct pollfd poll_handle = {.fd = reader->handle, .events = POLLIN};
    if (reader->ended || now_ms >= reader->deadline_ms || poll(&poll_handle, 1, (int)(reader->deadline_ms - now_ms)) <= 0)
        return false;
    ssize_t size = recv(reader->handle, chunk, wanted < sizeof chunk ? wanted : sizeof chunk, 0);
    if (size <= 0) {
        reader->ended = true;
        return false;
    }
    return buffer_append(&reader->bytes, chunk, (size_t)size);
}

static bool need(struct reader *reader, size_t size)
{
    while (reader->bytes.size - reader->position < size)
        if (!fill(reader, size - (reader->bytes.size - reader->position)))
            return false;
    return true;
}

/* The bytes up to and with 'end'; NULL where they do not come. */
static char *read_to(struct reader *reader, struct arena *arena, const char *end)
{
    size_t end_size = strlen(end);
    for (size_t at = reader->position;; at++) {
        while (reader->bytes.size < at + end_size)
            if (!fill(reader, 1))
                return NULL;
        if (memcmp(reader->bytes.data + at, end, end_size) == 0) {
            char *text = arena_string_of(arena, bytes_of(reader->bytes.data + reader->position, at + end_size - reader->position));
            reader->position = at + end_size;
            return text;
        }
    }
}

const char *client_header(struct arena *arena, const char *head, const char *name, unsigned index)
{
    size_t name_size = strlen(name);
    for (const char *line = head; line && *line; line = strstr(line, "\r\n") ? strstr(line, "\r\n") + 2 : NULL) {
        if (strncasecmp(line, name, name_size) != 0 || line[name_size] != ':' || index-- > 0)
            continue;
        const char *value = line + name_size + 1 + strspn(line + name_size + 1, " ");
        const char *end = strstr(value, "\r\n");
        return arena_string_of(arena, bytes_of(value, end ? (size_t)(end - value) : strlen(value)));
    }
    return NULL;
}

static bool read_chunks(struct reader *reader, struct arena *arena, struct client_answer *answer, struct buffer *stream)
{
    for (;;) {
        char *line = read_to(reader, arena, "\r\n");
        if (!line)
            return false;
        size_t size = strtoul(line, NULL, 16);
        if (size == 0)
            return read_to(reader, arena, "\r\n") != NULL;
        if (!need(reader, size + 2))
            return false;
        answer->chunk_count++;
        buffer_append(stream, reader->bytes.data + reader->position, size);
        reader->position += size + 2;
    }
}

static bool skip_tag(struct bytes *stream, const char *tag)
{
    size_t size = strlen(tag);
    if (stream->size < size || memcmp(stream->data, tag, size) != 0)
        return false;
    *stream = bytes_of(stream->data + size, stream->size - size);
    return true;
}

/* PROCESSING, PENDING, DONE, additional headers, empty line, body (2.2.7). */
static void take_apart(struct arena *arena, struct client_answer *answer)
{
    struct bytes rest = answer->stream;
    const char *code = client_header(arena, answer->head, "X-ResponseCode", 0);
    const char *type = client_header(arena, answer->head, "Content-Type", 0);
    answer->code = code ? atoi(code) : -1;
    answer->late_code = -1;
    answer->additional = arena_string(arena, "");
    answer->body = rest;
    if (!type || strcmp(type, "application/mapi-http") != 0 || !skip_tag(&rest, "PROCESSING\r\n"))
        return;
    while (skip_tag(&rest, "PENDING\r\n"))
        answer->pending_count++;
    answer->done = skip_tag(&rest, "DONE\r\n");
    const uint8_t *end = answer->done ? memmem(rest.data, rest.size, "\r\n\r\n", 4) : NULL;
    if (!end)
        return;
    answer->additional = arena_string_of(arena, bytes_of(rest.data, (size_t)(end - rest.data) + 2));
    answer->body = bytes_of(end + 4, rest.size - (size_t)(end - rest.data) - 4);
    const char *late = client_header(arena, answer->additional, "X-ResponseCode", 0);
    answer->late_code = late ? atoi(late) : -1;
}

void client_receive(int handle, struct arena *arena, uint64_t timeout_ms, struct client_answer *ret_answer)
{
    uint64_t begun_ms = monotonic_ms();
    struct reader reader = {.handle = handle, .deadline_ms = begun_ms + timeout_ms};
    struct client_answer answer = {.code = -1, .late_code = -1};
    struct buffer stream = {0};
    answer.head = read_to(&reader, arena, "\r\n\r\n");
    answer.first_ms = monotonic_ms() - begun_ms;
    bool whole = answer.head != NULL;
    if (whole) {
        const char *encoding = client_header(arena, answer.head, "Transfer-Encoding", 0);
        const char *length = client_header(arena, answer.head, "Content-Length", 0);
        size_t size = length ? strtoul(length, NULL, 10) : 0;
        if (encoding)
            whole = read_chunks(&reader, arena, &answer, &stream);
        else if ((whole = need(&reader, size)))
            buffer_append(&stream, reader.bytes.data + reader.position, size);
    }
    if (whole) {
        answer.status = atoi(answer.head + 9);
        answer.stream = arena_bytes(arena, buffer_bytes(&stream));
        take_apart(arena, &answer);
    }
    answer.elapsed_ms = monotonic_ms() - begun_ms;
    buffer_free(&stream);
    buffer_free(&reader.bytes);
    *ret_answer = answer;
}
