/* For tests only: an HTTP server on a loopback port that plays a script. Each step takes one request (or a part of it) and
 * gives one answer (or a part of it). What was asked is recorded. One thread serves one connection after the other. */
#pragma once
#include "base/bytes.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAKE_STEPS_MAX 64u

struct fake_step {
    struct bytes answer;      /* whole HTTP answer as bytes */
    long request_cut;         /* >0: close after so many bytes of the request; 0: take it whole */
    long answer_cut;          /* >0: close after so many bytes of the answer; -1: close without one byte; 0: give it whole */
    bool close_after;         /* close after the whole answer */
    uint32_t pause_ms;        /* before the answer */
    size_t piece_size;        /* not 0: the answer goes out in pieces, with a pause after each */
    uint32_t piece_pause_ms;
};

struct fake_server {
    int listener;
    uint16_t port;
    pthread_t thread;
    struct fake_step steps[FAKE_STEPS_MAX];
    uint32_t step_count;
    atomic_uint step;          /* the next one to play */
    atomic_uint connections;
    char *requests[FAKE_STEPS_MAX]; /* as text, header and body with NULs kept in sizes */
    size_t request_sizes[FAKE_STEPS_MAX];
};

static inline size_t fake_request_size(const char *data, size_t size)
{
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t length = 0;
    for (const char *line = data; line < end; line = (const char *)memchr(line, '\n', (size_t)(end + 4 - line)) + 1)
        if (!strncasecmp(line, "Content-Length:", 15))
            length = strtoul(line + 15, NULL, 10);
    size_t whole = (size_t)(end + 4 - data) + length;
    return size >= whole ? whole : 0;
}

/* False when the connection is to be closed. */
static inline bool fake_play(struct fake_server *server, int connection)
{
    static const size_t room = 1 << 20;
    unsigned index = atomic_load(&server->step);
    if (index >= server->step_count)
        return false;
    const struct fake_step *step = &server->steps[index];
    char *data = calloc(1, room + 1);
    size_t size = 0;
    while (!fake_request_size(data, size)) {
        size_t want = step->request_cut ? (size_t)step->request_cut - size : room - size;
        if (!want)
            break;
        ssize_t got = recv(connection, data + size, want, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    if (!size) { /* the client closed a kept connection: no step is used up */
        free(data);
        return false;
    }
    server->requests[index] = data;
    server->request_sizes[index] = size;
    atomic_store(&server->step, index + 1);
    if (step->request_cut || step->answer_cut < 0)
        return false;
    if (step->pause_ms)
        usleep(step->pause_ms * 1000);
    size_t give = step->answer_cut ? (size_t)step->answer_cut : step->answer.size;
    for (size_t at = 0; at < give;) {
        size_t piece = step->piece_size && step->piece_size < give - at ? step->piece_size : give - at;
        ssize_t sent = send(connection, step->answer.data + at, piece, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += (size_t)sent;
        usleep(step->piece_pause_ms * 1000);
    }
    return !step->answer_cut && !step->close_after;
}

static inline void *fake_serve(void *data)
{
    struct fake_server *server = data;
    for (;;) {
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0)
            return NULL;
        atomic_fetch_add(&server->connections, 1);
        while (fake_play(server, connection))
            ;
        shutdown(connection, SHUT_WR);
        close(connection);
    }
}

static inline void fake_start(struct fake_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, size) || listen(server->listener, 8) ||
        getsockname(server->listener, (struct sockaddr *)&address, &size))
        abort();
    server->port = ntohs(address.sin_port);
    if (pthread_create(&server->thread, NULL, fake_serve, server))
        abort();
}

static inline void fake_stop(struct fake_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    close(server->listener);
    pthread_join(server->thread, NULL);
    for (uint32_t i = 0; i < FAKE_STEPS_MAX; i++)
        free(server->requests[i]);
}

static inline void fake_add(struct fake_server *server, struct fake_step step)
{
    if (server->step_count == FAKE_STEPS_MAX)
        abort();
    server->steps[server->step_count++] = step;
}

/* An HTTP answer around an inner response stream's body; 'headers' are whole lines with CR LF. The caller frees *.data. */
static inline struct bytes fake_answer(uint32_t response_code, const char *headers, const void *body, size_t size)
{
    static const char before[] = "PROCESSING\r\nDONE\r\nX-ElapsedTime: 5\r\nX-StartTime: Sat, 01 Aug 2026 20:29:56 GMT\r\n\r\n";
    struct buffer answer = {0};
    size_t content = response_code ? size : sizeof before - 1 + size;
    buffer_append_format(&answer, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\nX-ResponseCode: %u\r\n%s\r\n",
                         response_code ? "text/html" : "application/mapi-http", content, response_code, headers);
    if (!response_code)
        buffer_append_string(&answer, before);
    buffer_append(&answer, body, size);
    return buffer_bytes(&answer);
}
