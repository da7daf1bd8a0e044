/* For tests of the http layer: a server on two loops with a handler for each kind of behaviour, and a client that speaks
 * bytes. Include it once per test program. */
#pragma once
#include "http/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENT_TIMEOUT_MS 10000

struct test_server {
    struct loop *loops[2];
    struct http_router *router;
    struct http_server *http;
    struct http_ticket_keys *ticket_keys;
    struct http_tls *tls;
    uint16_t port, tls_port;
    /* What the handlers saw. */
    atomic_uint broken, ended_sent, ended_broken, drained, requests, forgotten;
    pthread_mutex_t lock;
    struct http_delivery *last_delivery; /* of /echo and /large; lock */
    struct http_exchange *parked;        /* of /park; lock */
    struct loop_task unpark_task;
    char binding[65]; /* of the last request over TLS */
};

static void test_broken(struct http_exchange *exchange, void *argument)
{
    struct test_server *server = argument;
    atomic_fetch_add(&server->broken, 1);
}

static void test_ended(struct http_exchange *exchange, enum http_ending ending, void *argument)
{
    struct test_server *server = argument;
    atomic_fetch_add(ending == HTTP_ENDING_SENT ? &server->ended_sent : &server->ended_broken, 1);
}

static void test_drained(struct http_exchange *exchange, void *argument)
{
    struct test_server *server = argument;
    atomic_fetch_add(&server->drained, 1);
}

static void test_watch(struct test_server *server, struct http_exchange *exchange)
{
    http_exchange_set_callbacks(exchange, &(struct http_exchange_callbacks){test_broken, test_ended, test_drained, server});
    struct http_delivery *delivery = http_exchange_delivery(exchange);
    pthread_mutex_lock(&server->lock);
    http_delivery_release(server->last_delivery);
    server->last_delivery = delivery;
    pthread_mutex_unlock(&server->lock);
}

/* GET or POST /echo: method, path, query and body come back. */
static void test_echo(struct http_exchange *exchange, void *argument)
{
    struct test_server *server = argument;
    const struct http_request *request = http_exchange_request(exchange);
    struct buffer body = {0};
    atomic_fetch_add(&server->requests, 1);
    test_watch(server, exchange);
    struct bytes binding = http_exchange_channel_binding(exchange);
    for (size_t i = 0; i < binding.size && i < 32; i++)
        snprintf(server->binding + 2 * i, 3, "%02x", binding.data[i]);
    buffer_append_format(&body, "%s %s?%s ", request->method_name, request->path, request->query);
    if (request->oversized)
        buffer_append_string(&body, "oversized");
    buffer_append(&body, request->body.data, request->body.size);
    http_answer_header(exchange, "Content-Type", "text/plain");
    http_answer_take(exchange, &body);
}

/* /quick: no callbacks, answered at once, so that pipelined answers are gathered. */
static void test_quick(struct http_exchange *exchange, void *argument)
{
    struct test_server *server = argument;
    atomic_fetch_add(&server->requests, 1);
    http_answer_whole(exchange, bytes_of_string(http_exchange_request(exchange)->query));
}

static void *test_slow_thread(void *argument)
{
    struct http_exchange *exchange = argument;
    usleep(20000);
    struct buffer body = {0};
    buffer_append_format(&body, "slow %s", http_exchange_request(exchange)->query);
    http_answer_take(exchange, &body);
    return NULL;
}

/* /chunks: chunks from another thread, with signs of life in between. */
static void *test_chunks_thread(void *argument)
{
    struct http_exchange *exchange = argument;
    bool useful = http_answer_write(exchange, BYTES_LITERAL("PROCESSING\r\n"));
    http_answer_repeat(exchange, "PENDING\r\n", 20);
    usleep(110000);
    for (int i = 0; i < 3 && useful; i++)
        useful = http_answer_write(exchange, BYTES_LITERAL("part;"));
    useful = http_answer_write(exchange, BYTES_LITERAL("DONE\r\n"));
    http_answer_finish(exchange);
    return useful ? NULL : argument;
}

#define LARGE_CHUNK_SIZE 65536u
#define LARGE_CHUNK_COUNT 200u

/* /large: 13 MB in chunks, as fast as the client takes them. */
static void *test_large_thread(void *argument)
{
    struct http_exchange *exchange = argument;
    static const uint8_t chunk[LARGE_CHUNK_SIZE];
    bool useful = true;
    for (unsigned i = 0; i < LARGE_CHUNK_COUNT && useful; i++) {
        useful = http_answer_write(exchange, bytes_of(chunk, sizeof chunk));
        while (useful && http_answer_must_wait(exchange)) {
            usleep(1000);
            useful = http_answer_write(exchange, BYTES_NONE);
        }
    }
    http_answer_finish(exchange);
    return NULL;
}

/* /patient: 13 MB too, but a producer that believes 'drained' and asks nothing else; 'forgotten' counts how often it was never told. */
struct test_patient {
    struct http_exchange *exchange;
    struct test_server *server;
};

static void *test_patient_thread(void *argument)
{
    struct test_patient patient = *(struct test_patient *)argument;
    static const uint8_t chunk[LARGE_CHUNK_SIZE];
    bool useful = true;
    free(argument);
    for (unsigned i = 0; i < LARGE_CHUNK_COUNT && useful; i++) {
        unsigned drained = atomic_load(&patient.server->drained);
        useful = http_answer_write(patient.exchange, bytes_of(chunk, sizeof chunk));
        if (!useful || !http_answer_must_wait(patient.exchange))
            continue;
        unsigned tries = 0;
        while (atomic_load(&patient.server->drained) == drained && tries++ < 2000)
            usleep(1000);
        if (tries > 2000)
            atomic_fetch_add(&patient.server->forgotten, 1);
    }
    http_answer_finish(patient.exchange);
    return NULL;
}

static void test_patient(struct http_exchange *exchange, void *argument)
{
    struct test_patient *patient = malloc(sizeof *patient);
    pthread_t thread;
    *patient = (struct test_patient){exchange, argument};
    test_watch(argument, exchange);
    assert_int_equal(pthread_create(&thread, NULL, test_patient_thread, patient), 0);
    pthread_detach(thread);
}

/* /abort: a chunk, then nothing. */
static void *test_abort_thread(void *argument)
{
    struct http_exchange *exchange = argument;
    if (http_answer_write(exchange, BYTES_LITERAL("half")))
        http_answer_abort(exchange);
    else
        http_answer_finish(exchange);
    return NULL;
}

static void test_pass_on(struct http_exchange *exchange, void *argument)
{
    struct test_server *server = argument;
    const char *path = http_exchange_request(exchange)->path;
    pthread_t thread;
    atomic_fetch_add(&server->requests, 1);
    test_watch(server, exchange);
    void *(*run)(void *) = strcmp(path, "/slow") == 0 ? test_slow_thread
        : strcmp(path, "/chunks") == 0                ? test_chunks_thread
        : strcmp(path, "/abort") == 0                 ? test_abort_thread
                                                      : test_large_thread;
    assert_int_equal(pthread_create(&thread, NULL, run, exchange), 0);
    pthread_detach(thread);
}

#define FILE_LINE_SIZE 8u
#define FILE_LINE_COUNT 250000u

/* /file?offset,size: a part of a file of 2 MB, of numbered lines; parts behind its end are promised too. From a thread of its
 * own with a third number. */
static void *test_file_thread(void *argument)
{
    struct http_exchange *exchange = argument;
    unsigned long offset = 0, size = 0;
    sscanf(http_exchange_request(exchange)->query, "%lu,%lu", &offset, &size);
    FILE *file = tmpfile();
    for (unsigned i = 0; i < FILE_LINE_COUNT; i++)
        fprintf(file, "%07u\n", i);
    fflush(file);
    int fd = dup(fileno(file));
    fclose(file);
    http_answer_file(exchange, fd, offset, size);
    return NULL;
}

static void test_file(struct http_exchange *exchange, void *argument)
{
    struct test_server *server = argument;
    pthread_t thread;
    unsigned long offset, size;
    int on_thread;
    atomic_fetch_add(&server->requests, 1);
    http_exchange_set_callbacks(exchange, &(struct http_exchange_callbacks){test_broken, test_ended, NULL, server});
    if (sscanf(http_exchange_request(exchange)->query, "%lu,%lu,%d", &offset, &size, &on_thread) < 3) {
        test_file_thread(exchange);
    } else {
        assert_int_equal(pthread_create(&thread, NULL, test_file_thread, exchange), 0);
        pthread_detach(thread);
    }
}

/* /park: held until the connection breaks or test_unpark. */
static void test_park_broken(struct http_exchange *exchange, void *argument)
{
    struct test_server *server = argument;
    atomic_fetch_add(&server->broken, 1);
    pthread_mutex_lock(&server->lock);
    server->parked = NULL;
    pthread_mutex_unlock(&server->lock);
    http_answer_finish(exchange);
}

static void test_park(struct http_exchange *exchange, void *argument)
{
    struct test_server *server = argument;
    atomic_fetch_add(&server->requests, 1);
    http_exchange_set_callbacks(exchange, &(struct http_exchange_callbacks){test_park_broken, test_ended, NULL, server});
    http_exchange_forget_request(exchange);
    if (http_answer_write(exchange, BYTES_LITERAL("PROCESSING\r\n")))
        http_answer_repeat(exchange, "PENDING\r\n", 15000);
    pthread_mutex_lock(&server->lock);
    server->parked = exchange;
    pthread_mutex_unlock(&server->lock);
}

static void *test_server_start(struct test_server *server, const struct http_server_limits *limits, struct http_tls *tls)
{
    *server = (struct test_server){.tls = tls};
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&server->lock, NULL);
    server->router = http_router_new();
    const struct http_route routes[] = {
        {.path = "/echo", .below = true, .handler = test_echo, .argument = server},
        {.path = "/small", .handler = test_echo, .argument = server, .body_size_max = 100},
        {.path = "/small-taken", .handler = test_echo, .argument = server, .body_size_max = 100, .takes_oversized = true},
        {.path = "/quick", .handler = test_quick, .argument = server},
        {.path = "/slow", .handler = test_pass_on, .argument = server},
        {.path = "/chunks", .handler = test_pass_on, .argument = server},
        {.path = "/large", .handler = test_pass_on, .argument = server},
        {.path = "/patient", .handler = test_patient, .argument = server},
        {.path = "/abort", .handler = test_pass_on, .argument = server},
        {.path = "/file", .handler = test_file, .argument = server},
        {.path = "/park", .handler = test_park, .argument = server},
    };
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        assert_true(http_router_add(server->router, &routes[i]));
    for (unsigned i = 0; i < 2; i++)
        assert_non_null(server->loops[i] = loop_new());
    server->http = http_server_new(server->loops, 2, server->router, limits);
    assert_non_null(server->http);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(http_server_listen(server->http, (struct sockaddr *)&address, sizeof address, NULL, &server->port));
    if (tls)
        assert_true(http_server_listen(server->http, (struct sockaddr *)&address, sizeof address, tls, &server->tls_port));
    for (unsigned i = 0; i < 2; i++)
        assert_true(loop_start(server->loops[i], i));
    http_server_accept(server->http);
    return server;
}

/* Polls until the value is reached, ten seconds at most. */
#define WAIT_UNTIL(condition)                                \
    do {                                                     \
        for (int tries_ = 0; !(condition) && tries_ < 10000; tries_++) \
            usleep(1000);                                    \
        assert_true(condition);                              \
    } while (0)

static void test_server_stop(struct test_server *server)
{
    http_server_close_all(server->http);
    WAIT_UNTIL(http_server_connection_count(server->http) == 0);
    usleep(5000); /* handlers in threads of their own finish */
    for (unsigned i = 0; i < 2; i++) {
        loop_stop(server->loops[i]);
        loop_wait(server->loops[i]);
    }
    http_delivery_release(server->last_delivery);
    http_server_free(server->http);
    for (unsigned i = 0; i < 2; i++)
        loop_free(server->loops[i]);
    http_router_free(server->router);
    pthread_mutex_destroy(&server->lock);
}

/* --- client --- */

static int client_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    assert_true(fd >= 0);
    struct timeval timeout = {CLIENT_TIMEOUT_MS / 1000, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void client_send(int fd, const char *text)
{
    size_t size = strlen(text);
    assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* Reads until the end of the stream, or until the text is there (NULL: the end). Returns a string to be freed. */
static __attribute__((unused)) char *client_read_until(int fd, const char *text)
{
    struct buffer received = {0};
    char part[65536];
    for (;;) {
        if (text && received.size && strstr(buffer_string(&received), text))
            break;
        ssize_t size = recv(fd, part, sizeof part, 0);
        if (size < 0 && errno == ECONNRESET)
            buffer_append_string(&received, "<reset>");
        else if (size < 0)
            fail_msg("no answer in time; so far: %s", received.size ? buffer_string(&received) : "nothing");
        if (size <= 0)
            break;
        buffer_append(&received, part, (size_t)size);
    }
    if (!received.size)
        buffer_append_u8(&received, 0);
    (void)buffer_string(&received);
    return (char *)received.data;
}

static __attribute__((unused)) void client_reset(int fd)
{
    struct linger linger = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
}

#define assert_contains(text, part)                              \
    do {                                                         \
        if (!strstr(text, part))                                 \
            fail_msg("'%s' is not in '%s'", part, text);         \
    } while (0)
