/* Plain questions and what exchanges took, against a scripted server; the time limit; MapiHttpDisabled. */
#include "base/filetime.h"
#include "client/fake_server.h"
#include <mapihttp/mapihttp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct bytes answer(const char *status, const char *headers, const char *content)
{
    char *text = NULL;
    int size = asprintf(&text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(content), content);
    assert_true(size > 0);
    return bytes_of(text, (size_t)size);
}

static void finish(struct fake_server *server)
{
    fake_stop(server);
    for (uint32_t i = 0; i < server->step_count; i++)
        free((void *)server->steps[i].answer.data);
}

static struct mapihttp_options options_for(const struct fake_server *server, char url[80])
{
    struct mapihttp_options options;
    mapihttp_options_initialize(&options);
    snprintf(url, 80, "http://127.0.0.1:%u/mapi/emsmdb/", server->port);
    options.address = "anna@example.org";
    options.password = "secret";
    options.attempts_max = 1;
    return options;
}

#define ASKS "WWW-Authenticate: Basic realm=\"x\"\r\n"

/* One connection for all; each part of the time where it belongs; the round that only asks for the methods told apart. */
static void test_inquiry(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_inquiry *inquiry;
    struct mapihttp_answer one, two, three;
    struct mapihttp_error error;
    char url[80];
    fake_add(&server, (struct fake_step){.answer = answer("200 OK", "X-ServerApplication: Exchange/15.2\r\n", "fine\r\n\x01\xC3\xBC"), .pause_ms = 200});
    fake_add(&server, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, ""), .pause_ms = 300});
    fake_add(&server, (struct fake_step){.answer = answer("302 Found", "Location: https://elsewhere.example/\r\n", ""), .pause_ms = 20});
    fake_add(&server, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, "")});
    fake_start(&server);
    struct mapihttp_options options = options_for(&server, url);
    assert_int_equal(mapihttp_inquiry_open(&options, &inquiry, &error), MAPIHTTP_OK);
    assert_int_equal(mapihttp_inquiry_get(inquiry, url, false, &one, &error), MAPIHTTP_OK);
    assert_int_equal(one.http_status, 200);
    assert_string_equal(one.content, "fine  ???");
    assert_string_equal(one.server_application, "Exchange/15.2");
    assert_string_equal(one.remote_address, "127.0.0.1");
    assert_int_equal(one.remote_port, server.port);
    assert_string_equal(one.authentication, "Anonymous");
    assert_true(one.timing.connected_anew);
    assert_true(one.timing.name_ms > 0 && one.timing.tcp_ms > 0);
    assert_true(one.timing.tls_ms == 0 && one.timing.challenge_ms == 0);
    assert_true(one.timing.exchange_ms >= 200 && one.timing.name_ms + one.timing.tcp_ms < 200);
    assert_true(one.timing.total_ms >= one.timing.exchange_ms);
    assert_int_equal(mapihttp_inquiry_get(inquiry, url, true, &two, &error), MAPIHTTP_OK);
    assert_int_equal(two.http_status, 302); /* not followed */
    assert_string_equal(two.location, "https://elsewhere.example/");
    assert_string_equal(two.authentication, "Basic");
    assert_false(two.timing.connected_anew);
    assert_true(two.timing.name_ms == 0 && two.timing.tcp_ms == 0);
    assert_true(two.timing.challenge_ms >= 300 && two.timing.exchange_ms >= 20 && two.timing.exchange_ms < 300);
    assert_int_equal(mapihttp_inquiry_get(inquiry, url, false, &three, &error), MAPIHTTP_OK);
    assert_int_equal(three.http_status, 401);
    assert_string_equal(three.offered, "Basic");
    assert_int_equal(atomic_load(&server.connections), 1);
    mapihttp_inquiry_close(inquiry);
    finish(&server);
}

/* Filled as far as things went. */
static void test_no_server(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_inquiry *inquiry;
    struct mapihttp_answer got;
    struct mapihttp_error error;
    char url[80];
    fake_start(&server);
    struct mapihttp_options options = options_for(&server, url);
    finish(&server);
    assert_int_equal(mapihttp_inquiry_open(&options, &inquiry, &error), MAPIHTTP_OK);
    assert_int_equal(mapihttp_inquiry_get(inquiry, url, false, &got, &error), MAPIHTTP_NETWORK);
    assert_int_equal(error.code, 7);
    assert_int_equal(got.http_status, 0);
    assert_true(got.timing.name_ms > 0 && got.timing.tcp_ms == 0);
    mapihttp_inquiry_close(inquiry);
}

struct told {
    unsigned count;
    struct mapihttp_exchange last;
    char type[32], failure[100];
};

static void take_exchange(void *data, const struct mapihttp_exchange *exchange)
{
    struct told *told = data;
    told->count++;
    told->last = *exchange;
    snprintf(told->type, sizeof told->type, "%s", exchange->request_type);
    snprintf(told->failure, sizeof told->failure, "%s", exchange->failure);
}

/* A session tells of its exchanges, with what the server says it took. */
static void test_exchanges(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_session *session;
    struct mapihttp_error error;
    struct told told = {0};
    char url[80];
    fake_add(&server, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, "")});
    fake_add(&server, (struct fake_step){.answer = fake_answer(16, "", "", 0)});
    fake_start(&server);
    struct mapihttp_options options = options_for(&server, url);
    options.url = url;
    options.user_dn = "/o=x";
    options.exchange = take_exchange;
    options.exchange_data = &told;
    assert_int_equal(mapihttp_session_open(&options, &session, &error), MAPIHTTP_TRANSPORT);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.type, "Connect");
    assert_int_equal(told.last.http_status, 200);
    assert_true(told.last.has_response_code);
    assert_int_equal(told.last.response_code, 16);
    assert_int_equal(told.last.server_ms, -1);
    assert_true(told.last.timing.challenge_ms > 0 && told.last.timing.tcp_ms > 0);
    assert_string_equal(told.failure, "");
    finish(&server);
    server = (struct fake_server){0};
    fake_add(&server, (struct fake_step){.answer_cut = -1});
    fake_start(&server);
    options = options_for(&server, url);
    options.url = url;
    options.user_dn = "/o=x";
    options.exchange = take_exchange;
    options.exchange_data = &told;
    assert_int_equal(mapihttp_session_open(&options, &session, &error), MAPIHTTP_NETWORK);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.last.http_status, 0);
    assert_true(*told.failure);
    finish(&server);
}

/* It holds for everything, however often the server gives signs of life. */
static void test_time_limit(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_session *session;
    struct mapihttp_autodiscover *found;
    struct mapihttp_error error;
    char url[80];
    struct bytes slow = answer("200 OK", "Content-Type: application/mapi-http\r\nX-ResponseCode: 0\r\n", "PROCESSING\r\nPENDING\r\nPENDING\r\nPENDING\r\nPENDING\r\nPENDING\r\nPENDING\r\nPENDING\r\nPENDING\r\n");
    fake_add(&server, (struct fake_step){.answer = slow, .piece_size = 4, .piece_pause_ms = 60});
    fake_start(&server);
    struct mapihttp_options options = options_for(&server, url);
    options.url = url;
    options.user_dn = "/o=x";
    options.authentication = MAPIHTTP_AUTHENTICATION_BASIC;
    options.time_limit_ms = 300;
    uint64_t start = monotonic_ms();
    assert_int_equal(mapihttp_session_open(&options, &session, &error), MAPIHTTP_NETWORK);
    assert_int_equal(error.code, 28);
    assert_non_null(strstr(error.text, "time limit"));
    assert_in_range(monotonic_ms() - start, 250, 2000); /* all of it would take three seconds */
    finish(&server);
    server = (struct fake_server){0};
    fake_add(&server, (struct fake_step){.answer = answer("200 OK", "", ""), .pause_ms = 2500});
    fake_start(&server);
    options = options_for(&server, url);
    options.server = url;
    options.time_limit_ms = 200;
    start = monotonic_ms();
    assert_int_equal(mapihttp_autodiscover(&options, &found, &error), MAPIHTTP_NETWORK);
    assert_int_equal(error.code, 28);
    assert_in_range(monotonic_ms() - start, 150, 2000);
    finish(&server);
}

static bool disabled_by(const char *value)
{
    struct mapihttp_options options;
    if (value)
        setenv("MapiHttpDisabled", value, 1);
    else
        unsetenv("MapiHttpDisabled");
    mapihttp_options_initialize(&options);
    unsetenv("MapiHttpDisabled");
    return options.mapi_http_disabled;
}

/* The registry value of Outlook: honoured by every way to a mailbox, and Autodiscover is not told that the client could. */
static void test_disabled(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_session *session;
    struct mapihttp_address_book *book;
    struct mapihttp_autodiscover *found;
    struct mapihttp_error error;
    char url[80];
    assert_false(disabled_by(NULL));
    assert_false(disabled_by(""));
    assert_false(disabled_by("0"));
    assert_true(disabled_by("1"));
    assert_true(disabled_by("true"));
    fake_add(&server, (struct fake_step){.answer = answer("404 Not Found", "", "")});
    fake_add(&server, (struct fake_step){.answer = answer("404 Not Found", "", "")});
    fake_start(&server);
    struct mapihttp_options options = options_for(&server, url);
    options.mapi_http_disabled = true;
    options.url = url;
    assert_int_equal(mapihttp_session_open(&options, &session, &error), MAPIHTTP_DISABLED);
    assert_non_null(strstr(error.text, "MapiHttpDisabled"));
    assert_int_equal(mapihttp_address_book_open(&options, &book, &error), MAPIHTTP_DISABLED);
    assert_int_equal(atomic_load(&server.step), 0); /* nobody was asked */
    assert_string_equal(mapihttp_status_name(MAPIHTTP_DISABLED), "DISABLED");
    url[strlen(url) - strlen("/mapi/emsmdb/")] = 0;
    options.server = url;
    assert_int_equal(mapihttp_autodiscover(&options, &found, &error), MAPIHTTP_HTTP);
    assert_non_null(server.requests[0]);
    assert_null(strcasestr(server.requests[0], "X-MapiHttpCapability"));
    options.mapi_http_disabled = false;
    assert_int_equal(mapihttp_autodiscover(&options, &found, &error), MAPIHTTP_HTTP);
    assert_non_null(strcasestr(server.requests[1], "X-MapiHttpCapability: 1"));
    finish(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inquiry), cmocka_unit_test(test_no_server), cmocka_unit_test(test_exchanges), cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_disabled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
