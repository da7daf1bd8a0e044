/* What the client does when a connection breaks: MS-OXCMAPIHTTP 3.1.5.7, 3.1.7, and docs/resend.md, each against a scripted
 * server. */
#include "client/context.h"
#include "client/fake_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define COOKIES(context, sequence) "Set-Cookie: MapiContext=" context "; path=/mapi/emsmdb\r\nSet-Cookie: MapiSequence=" sequence "\r\n"
#define RESEND "X-MapiHttp-Resend: supported\r\n"

struct fixture {
    struct fake_server server;
    struct transport_settings settings;
    struct context context;
    atomic_bool cancelled;
};

static void add(struct fixture *fixture, uint32_t code, const char *headers, struct fake_step step)
{
    step.answer = fake_answer(code, headers, "body", 4);
    fake_add(&fixture->server, step);
}

static void open_fixture(struct fixture *fixture)
{
    char url[64];
    struct mapihttp_options options = {.address = "anna@example.test", .password = "secret",
                                       .authentication = MAPIHTTP_AUTHENTICATION_BASIC,
                                       .connect_timeout_ms = 2000, .response_timeout_ms = 3000};
    struct context_limits limits = {.attempts_max = 4, .retry_pause_ms = 5, .resend = true};
    assert_true(transport_settings_copy(&options, &fixture->settings));
    fake_start(&fixture->server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/mapi/emsmdb/", fixture->server.port);
    assert_true(context_initialize(&fixture->context, &fixture->settings, &limits, &fixture->cancelled, url));
}

static void close_fixture(struct fixture *fixture)
{
    assert_int_equal(atomic_load(&fixture->server.step), fixture->server.step_count); /* nothing was asked too little or too often */
    context_clear(&fixture->context);
    fake_stop(&fixture->server);
    for (uint32_t i = 0; i < fixture->server.step_count; i++)
        free((void *)fixture->server.steps[i].answer.data);
    transport_settings_clear(&fixture->settings);
}

static void assert_connects(struct fixture *fixture)
{
    struct buffer body = {0};
    struct mapihttp_error error = {0};
    assert_int_equal(context_connect(&fixture->context, "Connect", BYTES_LITERAL("connect"), &body, &error), CONTEXT_DONE);
    context_accept(&fixture->context, true);
    assert_true(bytes_equal(buffer_bytes(&body), BYTES_LITERAL("body")));
    buffer_free(&body);
}

static enum context_verdict execute(struct fixture *fixture, struct mapihttp_error *error)
{
    struct buffer body = {0};
    enum context_verdict verdict = context_call(&fixture->context, "Execute", BYTES_LITERAL("execute"), &body, error);
    if (verdict == CONTEXT_DONE)
        assert_true(bytes_equal(buffer_bytes(&body), BYTES_LITERAL("body")));
    buffer_free(&body);
    return verdict;
}

static const char *header(const struct fixture *fixture, unsigned request, const char *name, char value[256])
{
    const char *at = fixture->server.requests[request] ? strcasestr(fixture->server.requests[request], name) : NULL;
    value[0] = 0;
    if (at)
        snprintf(value, 256, "%.*s", (int)strcspn(at + strlen(name), "\r\n"), at + strlen(name));
    return value;
}

/* R2039, R1330, R2041 to R2045, R161, R1149: headers and cookies of a session. */
static void test_headers(void **state)
{
    struct fixture fixture = {0};
    struct mapihttp_error error = {0};
    char first[256], second[256], value[256];
    add(&fixture, 0, COOKIES("one", "1") "X-ExpirationInfo: 900000\r\n", (struct fake_step){0});
    add(&fixture, 0, COOKIES("one", "2"), (struct fake_step){0});
    add(&fixture, 0, COOKIES("one", "3"), (struct fake_step){0});
    open_fixture(&fixture);
    assert_connects(&fixture);
    assert_int_equal(execute(&fixture, &error), CONTEXT_DONE);
    assert_int_equal(execute(&fixture, &error), CONTEXT_DONE);
    assert_int_equal(fixture.context.expiration_ms, 900000);
    header(&fixture, 1, "X-RequestId: ", first);
    header(&fixture, 2, "X-RequestId: ", second);
    assert_memory_equal(first, second, 39);
    assert_true(atoi(strrchr(second, ':') + 1) > atoi(strrchr(first, ':') + 1));
    header(&fixture, 0, "X-ClientInfo: ", first);
    header(&fixture, 2, "X-ClientInfo: ", second);
    assert_string_equal(first, second);
    assert_int_equal(first[0], '{');
    assert_string_equal(header(&fixture, 0, "Cookie: ", value), "");
    assert_string_equal(header(&fixture, 1, "Cookie: ", value), "MapiContext=one; MapiSequence=1");
    assert_string_equal(header(&fixture, 2, "Cookie: ", value), "MapiContext=one; MapiSequence=2");
    assert_memory_equal(header(&fixture, 2, "X-ClientApplication: ", value), "Outlook/15.", 11);
    assert_string_equal(header(&fixture, 2, "X-RequestType: ", value), "Execute");
    assert_string_equal(header(&fixture, 2, "Content-Type: ", value), "application/mapi-http");
    close_fixture(&fixture);
}

/* With the extension: an answer cut anywhere is asked for again with the same cookies, id and body, and the mark. */
static void test_resend(void **state)
{
    struct fixture fixture = {0};
    struct mapihttp_error error = {0};
    char first[256], second[256];
    add(&fixture, 0, COOKIES("one", "1") RESEND, (struct fake_step){0});
    add(&fixture, 0, COOKIES("one", "2"), (struct fake_step){.answer_cut = 250});
    add(&fixture, 15, "", (struct fake_step){.close_after = true}); /* the first one still runs */
    add(&fixture, 0, COOKIES("one", "2"), (struct fake_step){0});
    add(&fixture, 0, COOKIES("one", "3"), (struct fake_step){0});
    open_fixture(&fixture);
    assert_connects(&fixture);
    assert_true(fixture.context.resend_supported);
    assert_int_equal(execute(&fixture, &error), CONTEXT_DONE);
    assert_int_equal(fixture.context.figures.resend_count, 1);
    assert_int_equal(fixture.context.figures.context_count, 1);
    assert_string_equal(header(&fixture, 1, "X-MapiHttp-Resend: ", first), "");
    assert_string_equal(header(&fixture, 2, "X-MapiHttp-Resend: ", first), "1");
    assert_string_equal(header(&fixture, 3, "X-MapiHttp-Resend: ", first), "1");
    assert_string_equal(header(&fixture, 1, "Cookie: ", first), header(&fixture, 3, "Cookie: ", second));
    assert_string_equal(header(&fixture, 1, "X-RequestId: ", first), header(&fixture, 3, "X-RequestId: ", second));
    assert_int_equal(execute(&fixture, &error), CONTEXT_DONE);
    assert_string_equal(header(&fixture, 4, "Cookie: ", first), "MapiContext=one; MapiSequence=2");
    close_fixture(&fixture);
}

/* The answer is not kept any more (it was too large): 15 for good sends the client the specification's way. */
static void test_resend_in_vain(void **state)
{
    struct fixture fixture = {0};
    struct mapihttp_error error = {0};
    add(&fixture, 0, COOKIES("one", "1") RESEND, (struct fake_step){0});
    add(&fixture, 0, COOKIES("one", "2"), (struct fake_step){.answer_cut = 250});
    for (int i = 0; i < 3; i++)
        add(&fixture, 15, COOKIES("one", "2"), (struct fake_step){0});
    open_fixture(&fixture);
    assert_connects(&fixture);
    assert_int_equal(execute(&fixture, &error), CONTEXT_LOST);
    assert_int_equal(error.code, 15);
    assert_false(fixture.context.connected);
    close_fixture(&fixture);
}

/* R1207, R1192: without it the context is lost, and Connect goes out with the old cookies. */
static void test_reconnect(void **state)
{
    struct fixture fixture = {0};
    struct mapihttp_error error = {0};
    char value[256];
    add(&fixture, 0, COOKIES("one", "1"), (struct fake_step){0});
    add(&fixture, 0, COOKIES("one", "2"), (struct fake_step){.answer_cut = 250});
    add(&fixture, 0, COOKIES("two", "1"), (struct fake_step){0});
    add(&fixture, 0, COOKIES("two", "2"), (struct fake_step){0});
    open_fixture(&fixture);
    assert_connects(&fixture);
    assert_int_equal(execute(&fixture, &error), CONTEXT_LOST);
    assert_int_equal(error.status, MAPIHTTP_NETWORK);
    assert_false(fixture.context.connected);
    assert_connects(&fixture);
    assert_int_equal(execute(&fixture, &error), CONTEXT_DONE);
    assert_string_equal(header(&fixture, 2, "Cookie: ", value), "MapiContext=one; MapiSequence=1");
    assert_string_equal(header(&fixture, 3, "Cookie: ", value), "MapiContext=two; MapiSequence=1");
    assert_int_equal(fixture.context.figures.reconnect_count, 1);
    assert_int_equal(fixture.context.figures.context_count, 2);
    close_fixture(&fixture);
}

/* R1199, R1200, R1253: continue first; 10 means Connect. A Connect that the old cookies spoil goes without them. */
static void test_context_not_found(void **state)
{
    struct fixture fixture = {0};
    struct mapihttp_error error = {0};
    char value[256];
    add(&fixture, 0, COOKIES("one", "1"), (struct fake_step){0});
    add(&fixture, 10, "", (struct fake_step){0});
    add(&fixture, 10, "", (struct fake_step){0});
    add(&fixture, 0, COOKIES("two", "1"), (struct fake_step){0});
    open_fixture(&fixture);
    assert_connects(&fixture);
    assert_int_equal(execute(&fixture, &error), CONTEXT_LOST);
    assert_int_equal(error.status, MAPIHTTP_TRANSPORT);
    assert_int_equal(error.code, 10);
    assert_non_null(strstr(error.text, "Context Not Found"));
    assert_non_null(strstr(error.text, "127.0.0.1"));
    assert_connects(&fixture);
    assert_string_equal(header(&fixture, 2, "Cookie: ", value), "MapiContext=one; MapiSequence=1");
    assert_string_equal(header(&fixture, 3, "Cookie: ", value), "");
    close_fixture(&fixture);
}

/* 18 is waited out; other codes are told at once, with the diagnostics of the body. */
static void test_response_codes(void **state)
{
    struct fixture fixture = {0};
    struct mapihttp_error error = {0};
    add(&fixture, 0, COOKIES("one", "1"), (struct fake_step){0});
    add(&fixture, 18, "", (struct fake_step){0});
    add(&fixture, 0, COOKIES("one", "2"), (struct fake_step){0});
    add(&fixture, 12, "", (struct fake_step){0});
    for (int i = 0; i < 4; i++)
        add(&fixture, 18, "", (struct fake_step){0});
    open_fixture(&fixture);
    assert_connects(&fixture);
    assert_int_equal(execute(&fixture, &error), CONTEXT_DONE);
    assert_int_equal(execute(&fixture, &error), CONTEXT_FAILED);
    assert_int_equal(error.code, 12);
    assert_non_null(strstr(error.text, "Invalid Request Body: body"));
    assert_int_equal(execute(&fixture, &error), CONTEXT_FAILED);
    assert_int_equal(error.code, 18);
    close_fixture(&fixture);
}

/* Retries are bounded, and the error says what the last one met. */
static void test_bounded(void **state)
{
    struct fixture fixture = {0};
    struct mapihttp_error error = {0};
    struct buffer body = {0};
    for (int i = 0; i < 4; i++)
        add(&fixture, 0, COOKIES("one", "1"), (struct fake_step){.answer_cut = -1});
    open_fixture(&fixture);
    assert_int_equal(context_connect(&fixture.context, "Connect", BYTES_LITERAL("x"), &body, &error), CONTEXT_FAILED);
    assert_int_equal(error.status, MAPIHTTP_NETWORK);
    assert_non_null(strstr(error.text, "Connect"));
    close_fixture(&fixture);
}

/* R1193: a Connect whose answer broke off behind its cookies left a context; the next one brings them. */
static void test_connect_cut(void **state)
{
    struct fixture fixture = {0};
    char value[256];
    add(&fixture, 0, COOKIES("one", "1"), (struct fake_step){.answer_cut = 60});
    add(&fixture, 0, COOKIES("two", "1"), (struct fake_step){.answer_cut = 200});
    add(&fixture, 0, COOKIES("three", "1"), (struct fake_step){0});
    open_fixture(&fixture);
    assert_connects(&fixture);
    assert_string_equal(header(&fixture, 1, "Cookie: ", value), "");
    assert_string_equal(header(&fixture, 2, "Cookie: ", value), "MapiContext=two; MapiSequence=1");
    assert_string_equal(cookie_jar_find(&fixture.context.jar, "MapiContext"), "three");
    assert_int_equal(fixture.context.jar.count, 2);
    close_fixture(&fixture);
}

static struct bytes plain(const char *text)
{
    struct buffer buffer = {0};
    buffer_append_string(&buffer, text);
    return buffer_bytes(&buffer);
}

static void test_not_this_protocol(void **state)
{
    static const struct {
        const char *answer;
        enum mapihttp_status status;
        uint32_t code;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", MAPIHTTP_PROTOCOL, 0},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", MAPIHTTP_HTTP, 404},
        {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", MAPIHTTP_AUTHENTICATION, 401},
        {"HTTP/1.1 200 OK\r\nX-ResponseCode: 0\r\nX-RequestId: {0}:99\r\nContent-Length: 0\r\n\r\n", MAPIHTTP_PROTOCOL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture = {0};
        struct mapihttp_error error = {0};
        struct buffer body = {0};
        fake_add(&fixture.server, (struct fake_step){.answer = plain(cases[i].answer)});
        open_fixture(&fixture);
        assert_int_equal(context_connect(&fixture.context, "Connect", BYTES_LITERAL("x"), &body, &error), CONTEXT_FAILED);
        assert_int_equal(error.status, cases[i].status);
        assert_int_equal(error.code, cases[i].code);
        close_fixture(&fixture);
    }
}

/* R1170: NotificationWait goes beside other requests and leaves the sequence alone; cut, it is simply made again. */
static void test_wait(void **state)
{
    struct fixture fixture = {0};
    struct mapihttp_error error = {0};
    struct buffer body = {0};
    char value[256];
    add(&fixture, 0, COOKIES("one", "1"), (struct fake_step){.close_after = true});
    add(&fixture, 0, COOKIES("one", "7"), (struct fake_step){.answer_cut = 250});
    add(&fixture, 0, COOKIES("one", "7"), (struct fake_step){.close_after = true});
    add(&fixture, 0, COOKIES("one", "2"), (struct fake_step){0});
    open_fixture(&fixture);
    assert_connects(&fixture);
    assert_int_equal(context_wait(&fixture.context, BYTES_LITERAL("wait"), 0, &body, &error), CONTEXT_DONE);
    buffer_free(&body);
    assert_int_equal(execute(&fixture, &error), CONTEXT_DONE);
    assert_string_equal(header(&fixture, 3, "Cookie: ", value), "MapiContext=one; MapiSequence=1");
    close_fixture(&fixture);
}

static void test_cancelled_pause(void **state)
{
    struct fixture fixture = {0};
    open_fixture(&fixture);
    fixture.context.limits.retry_pause_ms = 60000;
    fixture.cancelled = true;
    assert_false(context_pause(&fixture.context, 3));
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),         cmocka_unit_test(test_resend),         cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_resend_in_vain),
        cmocka_unit_test(test_context_not_found), cmocka_unit_test(test_response_codes), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_connect_cut),
        cmocka_unit_test(test_not_this_protocol), cmocka_unit_test(test_wait),          cmocka_unit_test(test_cancelled_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
