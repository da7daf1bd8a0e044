/* The client's transport against a scripted server. MS-OXCMAPIHTTP 2.2.2, 2.2.3, 3.1.5.6, 3.1.7. */
#include "client/transport.h"
#include "client/cookie_jar.h"
#include "client/fake_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct fixture {
    struct fake_server server;
    struct transport_settings settings;
    struct transport *transport;
    char url[64];
    atomic_bool cancelled;
    bool keeps_answers; /* the test frees them */
};

static void open_fixture(struct fixture *fixture)
{
    struct mapihttp_options options = {.address = "anna@example.test", .password = "secret",
                                       .authentication = MAPIHTTP_AUTHENTICATION_BASIC,
                                       .connect_timeout_ms = 2000, .response_timeout_ms = 3000};
    assert_true(transport_settings_copy(&options, &fixture->settings));
    fake_start(&fixture->server);
    fixture->transport = transport_new(&fixture->settings, &fixture->cancelled);
    assert_non_null(fixture->transport);
    snprintf(fixture->url, sizeof fixture->url, "http://127.0.0.1:%u/mapi/emsmdb/", fixture->server.port);
}

static void close_fixture(struct fixture *fixture)
{
    transport_free(fixture->transport);
    fake_stop(&fixture->server);
    for (uint32_t i = 0; i < fixture->server.step_count; i++) {
        bool shared = false;
        for (uint32_t j = 0; j < i; j++)
            shared |= fixture->server.steps[j].answer.data == fixture->server.steps[i].answer.data;
        if (!shared && !fixture->keeps_answers)
            free((void *)fixture->server.steps[i].answer.data);
    }
    transport_settings_clear(&fixture->settings);
}

static const char *const headers[] = {"X-RequestType: Execute", "Content-Type: application/mapi-http", NULL};

static enum transport_outcome send_body(struct fixture *fixture, const char *body, struct transport_response *response)
{
    struct transport_request request = {.method = "POST", .url = fixture->url, .headers = headers,
                                        .body = bytes_of_string(body), .response_stream = true};
    *response = (struct transport_response){0};
    return client_transport_send(fixture->transport, &request, response);
}

/* R38, R55: a whole exchange; the headers of the answer are read, the connection is kept for the next. */
static void test_exchange(void **state)
{
    struct fixture fixture = {0};
    struct bytes answer = fake_answer(0, "X-PendingPeriod: 15000\r\nX-ExpirationInfo: 900000\r\nSet-Cookie: MapiContext=a; Path=/mapi/emsmdb; secure\r\n"
                                         "X-ServerApplication: Exchange/15.02.0529.000\r\nX-RequestId: {A}:1\r\n", "answer", 6);
    fake_add(&fixture.server, (struct fake_step){.answer = answer});
    fake_add(&fixture.server, (struct fake_step){.answer = answer});
    open_fixture(&fixture);
    struct transport_response response;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(send_body(&fixture, "question", &response), TRANSPORT_ANSWERED);
        assert_int_equal(response.http_status, 200);
        assert_true(response.has_response_code);
        assert_int_equal(response.response_code, 0);
        assert_int_equal(response.pending_period_ms, 15000);
        assert_int_equal(response.expiration_ms, 900000);
        assert_int_equal(response.set_cookie_count, 1);
        assert_string_equal(response.server_application, "Exchange/15.02.0529.000");
        assert_string_equal(response.request_id, "{A}:1");
        assert_true(response.stream.processing);
        assert_true(response.stream.has_elapsed_ms);
        assert_int_equal(response.stream.elapsed_ms, 5);
        assert_true(bytes_equal(buffer_bytes(&response.stream.body), BYTES_LITERAL("answer")));
        transport_response_clear(&response);
    }
    assert_int_equal(atomic_load(&fixture.server.connections), 1);
    assert_non_null(strstr(fixture.server.requests[0], "Authorization: Basic "));
    assert_non_null(strstr(fixture.server.requests[0], "question"));
    assert_int_equal(transport_figures(fixture.transport)->request_count, 2);
    assert_int_equal(transport_figures(fixture.transport)->connection_count, 1);
    close_fixture(&fixture);
}

/* R1205: a failure before the request is sent. */
static void test_not_sent_without_server(void **state)
{
    struct fixture fixture = {0};
    open_fixture(&fixture);
    fake_stop(&fixture.server);
    struct transport_response response;
    assert_int_equal(send_body(&fixture, "question", &response), TRANSPORT_NOT_SENT);
    assert_int_equal(response.failure_status, MAPIHTTP_NETWORK);
    assert_non_null(strstr(response.failure, "127.0.0.1"));
    transport_response_clear(&response);
    transport_free(fixture.transport);
    transport_settings_clear(&fixture.settings);
}

/* R1205: while the request is sent: larger than the buffers of a socket, cut after a few bytes. */
static void test_not_sent_large(void **state)
{
    struct fixture fixture = {0};
    fake_add(&fixture.server, (struct fake_step){.request_cut = 200});
    open_fixture(&fixture);
    size_t size = 64 << 20;
    char *body = calloc(1, size + 1);
    memset(body, 'x', size);
    struct transport_response response;
    assert_int_equal(send_body(&fixture, body, &response), TRANSPORT_NOT_SENT);
    free(body);
    transport_response_clear(&response);
    close_fixture(&fixture);
}

/* R1207: a failure while the answer is read, at each of its bytes. */
static void test_answer_lost_at_every_byte(void **state)
{
    struct fixture fixture = {0};
    struct bytes answer = fake_answer(0, "Set-Cookie: MapiSequence=2\r\n", "answer", 6);
    for (long cut = -1; cut < (long)answer.size; cut += cut < 0 ? 2 : 5) {
        fixture = (struct fixture){0};
        fake_add(&fixture.server, (struct fake_step){.answer = answer, .answer_cut = cut});
        open_fixture(&fixture);
        struct transport_response response;
        assert_int_equal(send_body(&fixture, "question", &response), TRANSPORT_ANSWER_LOST);
        assert_int_equal(response.failure_status, MAPIHTTP_NETWORK);
        transport_response_clear(&response);
        fixture.keeps_answers = true;
        close_fixture(&fixture);
    }
    free((void *)answer.data);
}

/* A kept connection that dies under a request must not make libcurl repeat it by itself: whether the server carried the
 * first one out is not known (R1207). */
static void test_kept_connection_is_not_repeated(void **state)
{
    struct fixture fixture = {0};
    struct bytes answer = fake_answer(0, "", "answer", 6);
    fake_add(&fixture.server, (struct fake_step){.answer = answer});
    fake_add(&fixture.server, (struct fake_step){.answer = answer, .answer_cut = -1});
    fake_add(&fixture.server, (struct fake_step){.answer = answer});
    open_fixture(&fixture);
    struct transport_response response;
    assert_int_equal(send_body(&fixture, "first", &response), TRANSPORT_ANSWERED);
    transport_response_clear(&response);
    assert_int_equal(send_body(&fixture, "second", &response), TRANSPORT_ANSWER_LOST);
    transport_response_clear(&response);
    assert_int_equal(atomic_load(&fixture.server.step), 2);
    assert_int_equal(send_body(&fixture, "third", &response), TRANSPORT_ANSWERED);
    transport_response_clear(&response);
    close_fixture(&fixture);
}

/* R2: automatic authentication asks first without credentials and takes what is offered. */
static void test_automatic_authentication(void **state)
{
    struct fixture fixture = {0};
    static const char challenge[] = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    struct buffer refused = {0};
    buffer_append_string(&refused, challenge);
    fake_add(&fixture.server, (struct fake_step){.answer = buffer_bytes(&refused)});
    fake_add(&fixture.server, (struct fake_step){.answer = fake_answer(0, "", "answer", 6)});
    open_fixture(&fixture);
    fixture.settings.authentication = MAPIHTTP_AUTHENTICATION_AUTOMATIC;
    struct transport_response response;
    assert_int_equal(send_body(&fixture, "question", &response), TRANSPORT_ANSWERED);
    assert_int_equal(response.http_status, 200);
    assert_null(strstr(fixture.server.requests[0], "Authorization"));
    assert_non_null(strstr(fixture.server.requests[1], "Authorization: Basic "));
    assert_string_equal(transport_figures(fixture.transport)->authentication, "Basic");
    transport_response_clear(&response);
    close_fixture(&fixture);
}

/* A password never goes over plain http to another machine. */
static void test_no_password_over_http(void **state)
{
    struct fixture fixture = {0};
    open_fixture(&fixture);
    struct transport_request request = {.method = "POST", .url = "http://mail.example.test/mapi/emsmdb/", .headers = headers};
    struct transport_response response = {0};
    assert_int_equal(client_transport_send(fixture.transport, &request, &response), TRANSPORT_REFUSED);
    assert_int_equal(response.failure_status, MAPIHTTP_TLS);
    transport_response_clear(&response);
    close_fixture(&fixture);
}

/* R1179: no PENDING within a reasonable time. */
static void test_silence(void **state)
{
    struct fixture fixture = {0};
    fake_add(&fixture.server, (struct fake_step){.answer = fake_answer(0, "", "answer", 6), .pause_ms = 700});
    open_fixture(&fixture);
    fixture.settings.response_timeout_ms = 200;
    struct transport_response response;
    assert_int_equal(send_body(&fixture, "question", &response), TRANSPORT_ANSWER_LOST);
    assert_non_null(strstr(response.failure, "no sign of life"));
    transport_response_clear(&response);
    close_fixture(&fixture);
}

/* R1174 to R1189: a chunked answer that takes longer than the silence that is borne, with signs of life in between; the
 * borders of chunks and pieces mean nothing. */
static void test_chunked(void **state)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/mapi-http\r\nTransfer-Encoding: chunked\r\nX-ResponseCode: 0\r\n\r\n"
        "5\r\nPROCE\r\n7\r\nSSING\r\n\r\n9\r\nPENDING\r\n\r\nd\r\nPENDING\r\nDONE\r\n"
        "28\r\n\r\nX-ElapsedTime: 7\r\nX-ResponseCode: 0\r\n\r\r\n5\r\n\nansw\r\n2\r\ner\r\n0\r\n\r\n";
    struct fixture fixture = {0};
    struct buffer copy = {0};
    buffer_append(&copy, answer, sizeof answer - 1);
    fake_add(&fixture.server, (struct fake_step){.answer = buffer_bytes(&copy), .piece_size = 16, .piece_pause_ms = 40});
    open_fixture(&fixture);
    fixture.settings.response_timeout_ms = 300;
    struct transport_response response;
    assert_int_equal(send_body(&fixture, "question", &response), TRANSPORT_ANSWERED);
    assert_int_equal(response.stream.pending_count, 2);
    assert_int_equal(response.stream.elapsed_ms, 7);
    assert_true(response.elapsed_ms > 300);
    assert_true(bytes_equal(buffer_bytes(&response.stream.body), BYTES_LITERAL("answer")));
    transport_response_clear(&response);
    close_fixture(&fixture);
}

static void *cancel_soon(void *data)
{
    struct fixture *fixture = data;
    usleep(100000);
    fixture->cancelled = true;
    transport_wake(fixture->transport);
    return NULL;
}

static void test_cancel(void **state)
{
    struct fixture fixture = {0};
    fake_add(&fixture.server, (struct fake_step){.answer = fake_answer(0, "", "answer", 6), .pause_ms = 500});
    open_fixture(&fixture);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &fixture), 0);
    struct transport_response response;
    assert_int_equal(send_body(&fixture, "question", &response), TRANSPORT_CANCELLED);
    pthread_join(thread, NULL);
    transport_response_clear(&response);
    close_fixture(&fixture);
}

/* A broken inner stream is an error of the server, not of the network. */
static void test_malformed_stream(void **state)
{
    struct fixture fixture = {0};
    struct buffer answer = {0};
    buffer_append_string(&answer, "HTTP/1.1 200 OK\r\nContent-Type: application/mapi-http\r\nContent-Length: 9\r\nX-ResponseCode: 0\r\n\r\nNONSENSE\n");
    fake_add(&fixture.server, (struct fake_step){.answer = buffer_bytes(&answer)});
    open_fixture(&fixture);
    struct transport_response response;
    assert_int_equal(send_body(&fixture, "question", &response), TRANSPORT_REFUSED);
    assert_int_equal(response.failure_status, MAPIHTTP_PROTOCOL);
    transport_response_clear(&response);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_not_sent_without_server),
        cmocka_unit_test(test_not_sent_large),
        cmocka_unit_test(test_answer_lost_at_every_byte),
        cmocka_unit_test(test_kept_connection_is_not_repeated),
        cmocka_unit_test(test_automatic_authentication),
        cmocka_unit_test(test_no_password_over_http),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_malformed_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
