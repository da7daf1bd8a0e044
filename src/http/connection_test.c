/* Connections from outside: what a client sees over a socket. */
#include "http/test_server.h"

#include <malloc.h>
#include <sys/socket.h>

#define HOST "Host: a.example\r\n"

static struct test_server server;

static int setup(void **state)
{
    struct http_server_limits limits = HTTP_SERVER_LIMITS_DEFAULT;
    return test_server_start(&server, &limits, NULL) ? 0 : -1;
}

static int setup_impatient(void **state)
{
    struct http_server_limits limits = {1000, 400, 400, 500, 700, 1 << 20};
    return test_server_start(&server, &limits, NULL) ? 0 : -1;
}

static int teardown(void **state)
{
    test_server_stop(&server);
    return 0;
}

/* Sends on a new connection that the server closes after its answers; returns all of them. */
static char *talk(const char *request)
{
    int fd = client_connect(server.port);
    client_send(fd, request);
    char *answer = client_read_until(fd, NULL);
    close(fd);
    return answer;
}

static void expect(const char *request, const char *first, const char *second)
{
    char *answer = talk(request);
    assert_contains(answer, first);
    if (second)
        assert_contains(answer, second);
    free(answer);
}

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void answers_whole(void **state)
{
    expect("GET /echo/x%20y?q=1 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "HTTP/1.1 200 OK\r\nDate: ", "\r\n\r\nGET /echo/x y?q=1 ");
    expect("POST /ECHO HTTP/1.1\r\n" HOST "Content-Length: 5\r\nConnection: close\r\n\r\nhello", "Content-Length: 17\r\n", "POST /ECHO? hello");
    expect("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n",
        "Connection: close\r\n", "POST /echo? abcde");
    expect("GET /nowhere HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", NULL);
    expect("POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "Connection: close");
}

static void answers_http_1_0(void **state)
{
    expect("GET /echo HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Connection: close\r\n");
    expect("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /echo?2 HTTP/1.0\r\n\r\n", "Connection: keep-alive\r\n", "?2");
    char *answer = talk("GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_null(strstr(answer, "Transfer-Encoding"));
    assert_contains(answer, "Connection: close\r\n");
    assert_contains(answer, "\r\n\r\nPROCESSING\r\nPENDING\r\n");
    assert_contains(answer, "part;part;part;DONE\r\n");
    free(answer);
}

static void answers_head_without_body(void **state)
{
    char *answer = talk("HEAD /echo?abc HTTP/1.1\r\n" HOST "\r\nHEAD /chunks HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_contains(answer, "Content-Length: 15\r\n");
    assert_contains(answer, "Transfer-Encoding: chunked\r\n");
    assert_null(strstr(answer, "HEAD /echo"));
    assert_null(strstr(answer, "PROCESSING"));
    assert_string_equal(answer + strlen(answer) - 4, "\r\n\r\n");
    free(answer);
}

/* Chunks arrive one by one, with signs of life between, from another thread. */
static void answers_in_chunks(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "POST /chunks HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab");
    char *first = client_read_until(fd, "PROCESSING");
    assert_contains(first, "Transfer-Encoding: chunked\r\n");
    assert_null(strstr(first, "DONE"));
    assert_contains(first, "\r\n\r\nc\r\nPROCESSING\r\n\r\n");
    char *rest = client_read_until(fd, "\r\n0\r\n\r\n");
    assert_in_range(count_of(rest, "9\r\nPENDING\r\n\r\n"), 1, 6);
    assert_contains(rest, "5\r\npart;\r\n5\r\npart;\r\n5\r\npart;\r\n6\r\nDONE\r\n\r\n0\r\n\r\n");
    /* and the connection is of further use */
    client_send(fd, "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    char *last = client_read_until(fd, NULL);
    assert_contains(last, "GET /echo?");
    free(first);
    free(rest);
    free(last);
    close(fd);
}

static void cuts_an_aborted_answer(void **state)
{
    char *answer = talk("GET /abort HTTP/1.1\r\n" HOST "\r\n");
    assert_null(strstr(answer, "\r\n0\r\n"));
    WAIT_UNTIL(atomic_load(&server.ended_broken) == 1);
    free(answer);
}

/* RFC 9112 9.3.2: answers in the order of the requests, whatever takes long. */
static void answers_pipelined_requests_in_order(void **state)
{
    char *answer = talk("GET /quick?1; HTTP/1.1\r\n" HOST "\r\nPOST /slow?2 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                        "GET /quick?3; HTTP/1.1\r\n" HOST "\r\nGET /chunks HTTP/1.1\r\n" HOST "\r\n"
                        "GET /echo?5 HTTP/1.1\r\n" HOST "\r\nGET /quick?6; HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
                        "GET /quick?never HTTP/1.1\r\n" HOST "\r\n");
    const char *place = answer;
    static const char *const order[] = {"\r\n\r\n1;", "\r\n\r\nslow 2", "\r\n\r\n3;", "DONE\r\n", "/echo?5 ", "\r\n\r\n6;"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        place = strstr(place, order[i]);
        if (!place)
            fail_msg("'%s' is missing or too early: %s", order[i], answer);
    }
    assert_null(strstr(answer, "never"));
    free(answer);
}

static void answers_a_thousand_pipelined_requests(void **state)
{
    struct buffer requests = {0};
    for (int i = 0; i < 999; i++)
        buffer_append_format(&requests, "GET /quick?n%d; HTTP/1.1\r\n" HOST "\r\n", i);
    buffer_append_string(&requests, "GET /quick?last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    char *answer = talk(buffer_string(&requests));
    assert_int_equal(count_of(answer, "HTTP/1.1 200 OK\r\n"), 1000);
    assert_contains(answer, "n998;");
    assert_contains(answer, "\r\n\r\nlast");
    buffer_free(&requests);
    free(answer);
}

/* A client that pipelines behind a parked request is not read without end. */
static void keeps_little_of_what_is_pipelined(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /park HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(fd, "PROCESSING"));
    size_t sent = 0;
    static const char filler[4096] = "GET /quick";
    for (;;) {
        ssize_t size = send(fd, filler, sizeof filler, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0) {
            struct pollfd poll_fd = {fd, POLLOUT, 0};
            if (poll(&poll_fd, 1, 200) == 0)
                break; /* the socket is full and stays so */
            continue;
        }
        sent += (size_t)size;
        assert_true(sent < 64u << 20);
    }
    client_reset(fd);
}

static void continues_on_expectation(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
    char *interim = client_read_until(fd, "\r\n\r\n");
    assert_string_equal(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(fd, "body");
    char *answer = client_read_until(fd, NULL);
    assert_contains(answer, "POST /echo? body");
    free(interim);
    free(answer);
    close(fd);
    /* a body that is too large is refused before it is sent */
    expect("POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 413 ", "Connection: close");
    expect("POST /echo HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 417 ", "Connection: close");
}

static void refuses_with_the_right_status(void **state)
{
    expect("GET / HTTP/1.1\n\n", "HTTP/1.1 400 ", "Connection: close");
    expect("GET / HTTP/2.0\r\n" HOST "\r\n", "HTTP/1.1 505 ", NULL);
    expect("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "no Host");
    expect("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL);
    expect("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 ", NULL);
    expect("POST /small HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n", "HTTP/1.1 413 ", NULL);
    expect("POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n50\r\n", "HTTP/1.1 408 ", NULL);
    expect("POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n65\r\n", "HTTP/1.1 413 ", NULL);
    /* a good request before a bad one is answered */
    expect("GET /quick?good HTTP/1.1\r\n" HOST "\r\nBAD\r\n\r\n", "\r\n\r\ngood", "HTTP/1.1 400 ");
}

static void hands_oversized_requests_to_who_takes_them(void **state)
{
    char *answer = talk("POST /small-taken HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n");
    assert_contains(answer, "HTTP/1.1 200 OK");
    assert_contains(answer, "oversized");
    assert_contains(answer, "Connection: close");
    free(answer);
    expect("POST /small-taken HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\nFFFF\r\n",
        "HTTP/1.1 200 OK", "oversized");
    expect("POST /small-taken HTTP/1.1\r\n" HOST "Content-Length: 3\r\nConnection: close\r\n\r\nabc", "HTTP/1.1 200 OK", "? abc");
}

/* An answer to a body that nobody reads arrives all the same: no reset overtakes it (RFC 9112 9.6). */
static void lingers_after_a_refusal(void **state)
{
    int fd = client_connect(server.port);
    struct buffer request = {0};
    buffer_append_string(&request, "POST /small HTTP/1.1\r\n" HOST "Content-Length: 400000\r\n\r\n");
    memset(buffer_extend(&request, 400000), 'x', 400000);
    size_t sent = 0;
    while (sent < request.size) {
        ssize_t size = send(fd, request.data + sent, request.size - sent, MSG_NOSIGNAL);
        assert_true(size > 0);
        sent += (size_t)size;
    }
    char *answer = client_read_until(fd, NULL);
    assert_contains(answer, "HTTP/1.1 413 ");
    assert_null(strstr(answer, "<reset>"));
    buffer_free(&request);
    free(answer);
    close(fd);
}

static void answers_at_every_split(void **state)
{
    static const char request[] = "POST /echo?s HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                                  "GET /quick?second HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
    for (size_t i = 1; i < sizeof request - 1; i++) {
        int fd = client_connect(server.port);
        assert_int_equal(send(fd, request, i, MSG_NOSIGNAL), (ssize_t)i);
        usleep(300);
        client_send(fd, request + i);
        char *answer = client_read_until(fd, NULL);
        assert_contains(answer, "POST /echo?s abc");
        assert_contains(answer, "\r\n\r\nsecond");
        free(answer);
        close(fd);
    }
}

static void survives_a_cut_at_every_byte(void **state)
{
    static const char request[] = "POST /slow HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET /chunks HTTP/1.1\r\n" HOST "\r\n";
    for (size_t i = 0; i < sizeof request; i++) {
        int fd = client_connect(server.port);
        assert_int_equal(send(fd, request, i, MSG_NOSIGNAL), (ssize_t)i);
        if (i % 2)
            close(fd);
        else
            client_reset(fd);
    }
    expect("GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "HTTP/1.1 200 OK", NULL);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
}

/* A held exchange outlives its connection; its holder hears of the end and finishes. */
static void tells_of_a_broken_connection(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /park HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(fd, "PROCESSING"));
    assert_int_equal(atomic_load(&server.broken), 0);
    close(fd);
    WAIT_UNTIL(atomic_load(&server.broken) == 1);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    fd = client_connect(server.port);
    client_send(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
    WAIT_UNTIL(atomic_load(&server.requests) == 2);
    client_reset(fd);
    WAIT_UNTIL(atomic_load(&server.broken) == 2);
    WAIT_UNTIL(atomic_load(&server.ended_broken) == 1);
}

/* A client that closes only its sending side still gets its answer. */
static void answers_after_a_half_close(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /slow?half HTTP/1.1\r\n" HOST "\r\n");
    shutdown(fd, SHUT_WR);
    char *answer = client_read_until(fd, NULL);
    assert_contains(answer, "slow half");
    free(answer);
    close(fd);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(atomic_load(&server.ended_sent), 1);
}

/* A producer waits for a client that does not read, and goes on when it does. */
static void holds_back_for_a_slow_reader(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /large HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    struct mallinfo2 before = mallinfo2();
    usleep(150000);
    struct mallinfo2 after = mallinfo2();
    assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + (2u << 20));
    size_t total = 0;
    char part[65536];
    for (ssize_t size; (size = recv(fd, part, sizeof part, 0)) > 0;)
        total += (size_t)size;
    assert_true(total > (size_t)LARGE_CHUNK_SIZE * LARGE_CHUNK_COUNT);
    WAIT_UNTIL(atomic_load(&server.ended_sent) == 1);
    assert_true(atomic_load(&server.drained) > 0);
    close(fd);
}

/* It is told so too where the socket took everything before anybody looked. */
static void tells_a_producer_to_go_on_when_the_reader_is_fast(void **state)
{
    for (int i = 0; i < 3; i++) {
        int fd = client_connect(server.port);
        client_send(fd, "GET /patient HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        size_t total = 0;
        char part[65536];
        for (ssize_t size; (size = recv(fd, part, sizeof part, 0)) > 0;)
            total += (size_t)size;
        assert_true(total > (size_t)LARGE_CHUNK_SIZE * LARGE_CHUNK_COUNT);
        close(fd);
    }
    assert_int_equal(atomic_load(&server.forgotten), 0);
}

/* --- time-outs --- */

static void times_out_slow_heads(void **state)
{
    int fd = client_connect(server.port);
    uint64_t start_ms = loop_clock_ms();
    client_send(fd, "GET /echo HTTP/1.1\r\n");
    for (int i = 0; i < 4; i++) { /* octet by octet does not help */
        usleep(30000);
        send(fd, "A", 1, MSG_NOSIGNAL);
    }
    char *answer = client_read_until(fd, NULL);
    assert_contains(answer, "HTTP/1.1 408 ");
    assert_in_range(loop_clock_ms() - start_ms, 300, 8000);
    free(answer);
    close(fd);
}

static void times_out_slow_bodies(void **state)
{
    expect("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc", "HTTP/1.1 408 ", NULL);
    expect("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "HTTP/1.1 408 ", NULL);
}

static void closes_idle_connections_silently(void **state)
{
    uint64_t start_ms = loop_clock_ms();
    char *answer = talk("");
    assert_string_equal(answer, "");
    assert_in_range(loop_clock_ms() - start_ms, 300, 8000);
    free(answer);
    start_ms = loop_clock_ms();
    answer = talk("GET /quick?x HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(count_of(answer, "HTTP/1.1"), 1);
    assert_in_range(loop_clock_ms() - start_ms, 400, 8000);
    free(answer);
}

static void cuts_clients_that_never_read(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /large HTTP/1.1\r\n" HOST "\r\n");
    WAIT_UNTIL(atomic_load(&server.ended_broken) == 1);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    close(fd);
}

static void does_not_time_out_parked_requests(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /park HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(fd, "PROCESSING"));
    usleep(900000);
    assert_int_equal(atomic_load(&server.broken), 0);
    assert_int_equal(http_server_connection_count(server.http), 1);
    close(fd);
}

/* --- hostile --- */

static void allocates_nothing_for_announcements(void **state)
{
    enum { COUNT = 100 };
    int fds[COUNT];
    struct mallinfo2 before = mallinfo2();
    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server.port);
        client_send(fds[i], i % 2 ? "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 8388608\r\n\r\nx"
                                  : "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n800000\r\nx");
    }
    usleep(100000);
    struct mallinfo2 after = mallinfo2();
    assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + COUNT * (BUFSIZ + 32768u));
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
}

/* Mutations of good requests, many a connection: every one is answered with a complete answer or refused with 4xx or 5xx,
 * and a bystander is served throughout. */
static void survives_malformed_requests(void **state)
{
    static const char *const seeds[] = {
        "POST /quick?x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
        "POST /quick HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\n",
        "GET http://b/quick?y HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n",
    };
    uint64_t random = 88172645463325252u;
    int bystander = client_connect(server.port);
    for (int round = 0; round < 20000; round++) {
        char request[256];
        const char *seed = seeds[round % 3];
        size_t size = strlen(seed);
        memcpy(request, seed, size);
        for (int change = 0; change <= round % 4; change++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            request[random % size] = (char)(random >> 32);
        }
        int fd = client_connect(server.port);
        assert_int_equal(send(fd, request, size, MSG_NOSIGNAL), (ssize_t)size);
        shutdown(fd, SHUT_WR);
        char *answer = client_read_until(fd, NULL);
        if (*answer && strncmp(answer, "HTTP/1.1 ", 9) != 0)
            fail_msg("round %d: %s", round, answer);
        free(answer);
        close(fd);
        if (round % 1000 == 0) {
            client_send(bystander, "GET /quick?bystander HTTP/1.1\r\n" HOST "\r\n");
            answer = client_read_until(bystander, "bystander");
            assert_contains(answer, "HTTP/1.1 200 OK");
            free(answer);
        }
    }
    close(bystander);
}

/* --- the server's end --- */

static void drains(void **state)
{
    int idle = client_connect(server.port), busy = client_connect(server.port), parked = client_connect(server.port);
    client_send(idle, "GET /quick?1 HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(idle, "\r\n\r\n1"));
    client_send(parked, "GET /park HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(parked, "PROCESSING"));
    client_send(busy, "GET /slow?busy HTTP/1.1\r\n" HOST "\r\n");
    WAIT_UNTIL(atomic_load(&server.requests) == 3);
    http_server_drain(server.http);
    char *answer = client_read_until(idle, NULL);
    assert_string_equal(answer, "");
    free(answer);
    answer = client_read_until(busy, NULL);
    assert_contains(answer, "slow busy");
    assert_contains(answer, "Connection: close");
    free(answer);
    close(idle);
    close(busy);
    WAIT_UNTIL(http_server_connection_count(server.http) == 1);
    http_server_close_all(server.http);
    WAIT_UNTIL(atomic_load(&server.broken) == 1);
    close(parked);
}

/* Before that: further requests are answered, one a connection, while one runs. */
static void takes_last_requests(void **state)
{
    int parked = client_connect(server.port), idle = client_connect(server.port);
    client_send(parked, "GET /park HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(parked, "PROCESSING"));
    client_send(idle, "GET /quick?1 HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(idle, "\r\n\r\n1"));
    WAIT_UNTIL(http_server_running_count(server.http) == 1);
    http_server_take_last_requests(server.http);
    client_send(idle, "GET /quick?old HTTP/1.1\r\n" HOST "\r\n");
    char *answer = client_read_until(idle, NULL);
    assert_contains(answer, "Connection: close");
    assert_contains(answer, "\r\n\r\nold");
    free(answer);
    answer = talk("GET /quick?new HTTP/1.1\r\n" HOST "\r\n");
    assert_contains(answer, "\r\n\r\nnew");
    free(answer);
    assert_int_equal(http_server_running_count(server.http), 1);
    close(parked);
    WAIT_UNTIL(http_server_running_count(server.http) == 0);
    close(idle);
}

static void refuses_connections_over_the_cap(void **state)
{
    struct http_server_limits limits = HTTP_SERVER_LIMITS_DEFAULT;
    limits.connections_max = 3;
    http_server_set_limits(server.http, &limits);
    int fds[4];
    for (int i = 0; i < 3; i++) {
        fds[i] = client_connect(server.port);
        client_send(fds[i], "GET /quick?1 HTTP/1.1\r\n" HOST "\r\n");
        free(client_read_until(fds[i], "\r\n\r\n1"));
    }
    fds[3] = client_connect(server.port);
    char *answer = client_read_until(fds[3], NULL);
    assert_string_equal(answer, "");
    assert_int_equal(http_server_counts(server.http).connections_refused, 1);
    free(answer);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void serves_an_adopted_socket(void **state)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(http_server_adopt(server.http, 1, pair[0], NULL));
    client_send(pair[1], "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    char *answer = client_read_until(pair[1], NULL);
    assert_contains(answer, "GET /echo?");
    free(answer);
    close(pair[1]);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITH_IMPATIENT_SERVER(test) cmocka_unit_test_setup_teardown(test, setup_impatient, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(answers_whole),
        WITH_SERVER(answers_http_1_0),
        WITH_SERVER(answers_head_without_body),
        WITH_SERVER(answers_in_chunks),
        WITH_SERVER(cuts_an_aborted_answer),
        WITH_SERVER(answers_pipelined_requests_in_order),
        WITH_SERVER(answers_a_thousand_pipelined_requests),
        WITH_SERVER(keeps_little_of_what_is_pipelined),
        WITH_SERVER(continues_on_expectation),
        WITH_IMPATIENT_SERVER(refuses_with_the_right_status),
        WITH_SERVER(hands_oversized_requests_to_who_takes_them),
        WITH_SERVER(lingers_after_a_refusal),
        WITH_SERVER(answers_at_every_split),
        WITH_SERVER(survives_a_cut_at_every_byte),
        WITH_SERVER(tells_of_a_broken_connection),
        WITH_SERVER(answers_after_a_half_close),
        WITH_SERVER(holds_back_for_a_slow_reader),
        WITH_SERVER(tells_a_producer_to_go_on_when_the_reader_is_fast),
        WITH_IMPATIENT_SERVER(times_out_slow_heads),
        WITH_IMPATIENT_SERVER(times_out_slow_bodies),
        WITH_IMPATIENT_SERVER(closes_idle_connections_silently),
        WITH_IMPATIENT_SERVER(cuts_clients_that_never_read),
        WITH_IMPATIENT_SERVER(does_not_time_out_parked_requests),
        WITH_SERVER(allocates_nothing_for_announcements),
        WITH_SERVER(survives_malformed_requests),
        WITH_SERVER(drains),
        WITH_SERVER(takes_last_requests),
        WITH_SERVER(refuses_connections_over_the_cap),
        WITH_SERVER(serves_an_adopted_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
