/* Answers that are files: read piece by piece, as large as was promised, and the descriptor closed in the end. */
#include "http/test_server.h"

#include <dirent.h>

#define HOST "Host: x\r\n"
#define FILE_SIZE (FILE_LINE_SIZE * FILE_LINE_COUNT)

static struct test_server server;
static unsigned descriptors_before;

static unsigned count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static int setup(void **state)
{
    test_server_start(&server, &HTTP_SERVER_LIMITS_DEFAULT, NULL);
    descriptors_before = count_descriptors();
    return 0;
}

static int teardown(void **state)
{
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    WAIT_UNTIL(count_descriptors() == descriptors_before);
    test_server_stop(&server);
    return 0;
}

static char *ask(const char *query)
{
    char request[256];
    int fd = client_connect(server.port);
    snprintf(request, sizeof request, "GET /file?%s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", query);
    client_send(fd, request);
    char *answer = client_read_until(fd, NULL);
    close(fd);
    return answer;
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void sends_the_whole_file(void **state)
{
    char *answer = ask("0,2000000");
    assert_contains(answer, "HTTP/1.1 200 OK\r\n");
    assert_contains(answer, "Content-Length: 2000000\r\n");
    const char *body = body_of(answer);
    assert_int_equal(strlen(body), FILE_SIZE);
    for (unsigned i = 0; i < FILE_LINE_COUNT; i++)
        assert_int_equal(strtoul(body + i * FILE_LINE_SIZE, NULL, 10), i);
    free(answer);
    WAIT_UNTIL(atomic_load(&server.ended_sent) == 1);
}

static void sends_parts(void **state)
{
    char *answer = ask("799996,12");
    assert_contains(answer, "Content-Length: 12\r\n");
    assert_string_equal(body_of(answer), "999\n0100000\n");
    free(answer);
    answer = ask("1999992,8,1");
    assert_string_equal(body_of(answer), "0249999\n");
    free(answer);
    answer = ask("5,0");
    assert_contains(answer, "Content-Length: 0\r\n");
    assert_string_equal(body_of(answer), "");
    free(answer);
}

static void sends_no_body_for_head_and_goes_on(void **state)
{
    int fd = client_connect(server.port);
    client_send(fd, "HEAD /file?0,2000000 HTTP/1.1\r\n" HOST "\r\nGET /file?8,8 HTTP/1.1\r\n" HOST "\r\n"
        "GET /quick?last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    char *answer = client_read_until(fd, NULL);
    assert_contains(answer, "Content-Length: 2000000\r\n");
    assert_null(strstr(answer, "0000000\n"));
    assert_contains(answer, "\r\n\r\n0000001\nHTTP/1.1 200 OK");
    assert_contains(answer, "last");
    free(answer);
    close(fd);
}

/* What was promised and is not there: the client must see a cut, not an answer that looks whole. */
static void cuts_what_has_become_shorter(void **state)
{
    char *answer = ask("1999992,100");
    assert_contains(answer, "Content-Length: 100\r\n");
    assert_true(strlen(body_of(answer)) < 100);
    free(answer);
    WAIT_UNTIL(atomic_load(&server.ended_broken) == 1);
}

static void survives_clients_that_go_away(void **state)
{
    for (unsigned i = 0; i < 20; i++) {
        int fd = client_connect(server.port);
        client_send(fd, i % 2 ? "GET /file?0,2000000 HTTP/1.1\r\n" HOST "\r\n" : "GET /file?0,2000000,1 HTTP/1.1\r\n" HOST "\r\n");
        char part[100];
        if (i % 3)
            assert_true(recv(fd, part, sizeof part, 0) > 0);
        client_reset(fd);
    }
    WAIT_UNTIL(atomic_load(&server.ended_broken) + atomic_load(&server.ended_sent) == atomic_load(&server.requests));
    char *answer = ask("0,8");
    assert_string_equal(body_of(answer), "0000000\n");
    free(answer);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(sends_the_whole_file),
        WITH_SERVER(sends_parts),
        WITH_SERVER(sends_no_body_for_head_and_goes_on),
        WITH_SERVER(cuts_what_has_become_shorter),
        WITH_SERVER(survives_clients_that_go_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
