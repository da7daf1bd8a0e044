/* Whether an answer arrived: the facts that the session layer's resend rule stands on. */
#include "http/test_server.h"

#define HOST "Host: a.example\r\n"

static struct test_server server;

static int setup(void **state)
{
    struct http_server_limits limits = HTTP_SERVER_LIMITS_DEFAULT;
    return test_server_start(&server, &limits, NULL) ? 0 : -1;
}

static int teardown(void **state)
{
    test_server_stop(&server);
    return 0;
}

static enum http_delivery_state last_state(void)
{
    pthread_mutex_lock(&server.lock);
    enum http_delivery_state state = http_delivery_state(server.last_delivery);
    pthread_mutex_unlock(&server.lock);
    return state;
}

static int ask_and_read(void)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(fd, "GET /echo?"));
    return fd;
}

static void nothing_is_confirmed_without_a_record(void **state)
{
    assert_int_equal(http_delivery_state(NULL), HTTP_DELIVERY_LOST);
    http_delivery_release(NULL);
}

static void confirms_while_the_connection_is_open(void **state)
{
    int fd = ask_and_read();
    WAIT_UNTIL(last_state() == HTTP_DELIVERY_CONFIRMED);
    close(fd);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(last_state(), HTTP_DELIVERY_CONFIRMED);
}

static void confirms_by_the_next_request(void **state)
{
    int fd = ask_and_read();
    pthread_mutex_lock(&server.lock);
    struct http_delivery *first = server.last_delivery;
    server.last_delivery = NULL;
    pthread_mutex_unlock(&server.lock);
    client_send(fd, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(fd, "GET /echo?"));
    client_reset(fd); /* too late to matter for the first */
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(http_delivery_state(first), HTTP_DELIVERY_CONFIRMED);
    assert_int_equal(last_state(), HTTP_DELIVERY_LOST);
    http_delivery_release(first);
}

/* A peer that resets has not read, even where its kernel had acknowledged. */
static void loses_by_reset(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    WAIT_UNTIL(atomic_load(&server.ended_sent) == 1);
    usleep(2000);
    close(fd); /* with the answer unread: the kernel sends a reset */
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(last_state(), HTTP_DELIVERY_LOST);
}

static void loses_what_was_never_sent(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
    WAIT_UNTIL(atomic_load(&server.requests) == 1);
    assert_int_equal(last_state(), HTTP_DELIVERY_UNACKNOWLEDGED);
    client_reset(fd);
    WAIT_UNTIL(atomic_load(&server.ended_broken) == 1);
    assert_int_equal(last_state(), HTTP_DELIVERY_LOST);
}

/* A client that has gone silent: nothing is acknowledged, nothing is broken yet. */
static void leaves_open_what_is_not_acknowledged(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /large HTTP/1.1\r\n" HOST "\r\n");
    usleep(100000);
    assert_int_equal(last_state(), HTTP_DELIVERY_UNACKNOWLEDGED);
    size_t total = 0;
    char part[65536];
    while (total < (size_t)LARGE_CHUNK_SIZE * LARGE_CHUNK_COUNT) {
        ssize_t size = recv(fd, part, sizeof part, 0);
        assert_true(size > 0);
        total += (size_t)size;
    }
    WAIT_UNTIL(last_state() == HTTP_DELIVERY_CONFIRMED);
    close(fd);
}

static void confirms_when_the_server_closes(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    free(client_read_until(fd, NULL));
    close(fd);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(last_state(), HTTP_DELIVERY_CONFIRMED);
}

static void confirms_after_a_half_close(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
    shutdown(fd, SHUT_WR);
    free(client_read_until(fd, NULL));
    close(fd);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(last_state(), HTTP_DELIVERY_CONFIRMED);
}

/* The second of two requests sent together says nothing about the answer to the first. */
static void pipelining_confirms_nothing(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "GET /echo HTTP/1.1\r\n" HOST "\r\nGET /park HTTP/1.1\r\n" HOST "\r\n");
    WAIT_UNTIL(atomic_load(&server.requests) == 2);
    close(fd);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(last_state(), HTTP_DELIVERY_LOST);
}

static void note(void *argument, enum http_delivery_state state)
{
    atomic_store((atomic_int *)argument, (int)state + 100);
}

static void tells_when_it_is_settled(void **state)
{
    atomic_int settled = 0;
    int fd = client_connect(server.port);
    client_send(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
    WAIT_UNTIL(atomic_load(&server.requests) == 1);
    pthread_mutex_lock(&server.lock);
    http_delivery_watch(server.last_delivery, note, &settled);
    pthread_mutex_unlock(&server.lock);
    free(client_read_until(fd, "slow"));
    usleep(10000);
    assert_int_equal(atomic_load(&settled), 0);
    client_send(fd, "GET /quick?x HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(fd, "\r\n\r\nx"));
    assert_int_equal(atomic_load(&settled), HTTP_DELIVERY_CONFIRMED + 100);
    close(fd);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(nothing_is_confirmed_without_a_record),
        WITH_SERVER(confirms_while_the_connection_is_open),
        WITH_SERVER(confirms_by_the_next_request),
        WITH_SERVER(loses_by_reset),
        WITH_SERVER(loses_what_was_never_sent),
        WITH_SERVER(leaves_open_what_is_not_acknowledged),
        WITH_SERVER(confirms_when_the_server_closes),
        WITH_SERVER(confirms_after_a_half_close),
        WITH_SERVER(pipelining_confirms_nothing),
        WITH_SERVER(tells_when_it_is_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
