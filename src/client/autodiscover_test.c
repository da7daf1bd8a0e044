/* Autodiscover: the procedure against a scripted server, the answers as MS-OXDSCLI 2.2.4 has them, service records. */
#include "client/autodiscover_response.h"
#include "client/dns_lookup.h"
#include "client/fake_server.h"
#include <mapihttp/autodiscover.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define OUTER "<?xml version=\"1.0\" encoding=\"utf-8\"?><Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">"
#define INNER "<Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">"
#define END "</Response></Autodiscover>"

static const char settings[] = OUTER INNER
    "<User><DisplayName>Anna \xc3\x84rger</DisplayName><LegacyDN>/o=Example/cn=anna</LegacyDN>"
    "<AutoDiscoverSMTPAddress>anna@example.test</AutoDiscoverSMTPAddress><Unknown/></User>"
    "<Account><AccountType>email</AccountType><Action>settings</Action><Protocol><Type>EXHTTP</Type></Protocol>"
    "<Protocol Type=\"mapiHttp\" Version=\"1\"><MailStore><InternalUrl>https://inside/mapi/emsmdb/?MailboxId=a@b</InternalUrl>"
    "<ExternalUrl>https://outside/mapi/emsmdb/?MailboxId=a@b</ExternalUrl></MailStore>"
    "<AddressBook><InternalUrl> https://inside/mapi/nspi/?MailboxId=a@b\n</InternalUrl></AddressBook></Protocol></Account>" END;

static bool read_text(struct arena *arena, const char *text, struct autodiscover_answer *answer)
{
    const char *failure = NULL;
    bool good = autodiscover_answer_read(arena, bytes_of_string(text), answer, &failure);
    if (!good)
        assert_non_null(failure);
    return good;
}

static void test_settings(void **state)
{
    struct arena arena = {0};
    struct autodiscover_answer answer;
    assert_true(read_text(&arena, settings, &answer));
    assert_int_equal(answer.kind, AUTODISCOVER_SETTINGS);
    assert_true(answer.mapi_http);
    assert_string_equal(answer.blocks, "EXHTTP mapiHttp");
    assert_string_equal(answer.display_name, "Anna \xc3\x84rger");
    assert_string_equal(answer.legacy_dn, "/o=Example/cn=anna");
    assert_string_equal(answer.mailbox_url, "https://outside/mapi/emsmdb/?MailboxId=a@b");
    assert_string_equal(answer.address_book_url, "https://inside/mapi/nspi/?MailboxId=a@b");
    arena_free(&arena);
}

static void test_redirects_and_errors(void **state)
{
    struct arena arena = {0};
    struct autodiscover_answer answer;
    assert_true(read_text(&arena, OUTER INNER "<Account><Action>redirectAddr</Action><RedirectAddr>b@c.test</RedirectAddr></Account>" END, &answer));
    assert_int_equal(answer.kind, AUTODISCOVER_REDIRECT_ADDRESS);
    assert_string_equal(answer.redirect, "b@c.test");
    assert_true(read_text(&arena, OUTER INNER "<Account><Action>redirectUrl</Action><RedirectUrl>https://x/a.xml</RedirectUrl></Account>" END, &answer));
    assert_int_equal(answer.kind, AUTODISCOVER_REDIRECT_URL);
    assert_true(read_text(&arena, OUTER "<Response><Error Time=\"10:00:00.1\" Id=\"1\"><ErrorCode>500</ErrorCode><Message>unknown</Message><DebugData/></Error>" END, &answer));
    assert_int_equal(answer.kind, AUTODISCOVER_ERROR);
    assert_int_equal(answer.error_code, 500);
    assert_string_equal(answer.error_message, "unknown");
    arena_free(&arena);
}

static void test_malformed(void **state)
{
    static const char *const broken[] = {
        "", "<", "<html/>", OUTER, OUTER INNER END, "<Autodiscover/>",
        OUTER INNER "<Account><Action>redirectUrl</Action></Account>" END,
        "<!DOCTYPE a [<!ENTITY b \"c\">]>" INNER "<Account/></Response>",
        "<!DOCTYPE Autodiscover [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><Autodiscover><Response><User><DisplayName>&b;</DisplayName></User>"
        "<Account/></Response></Autodiscover>",
    };
    struct arena arena = {0};
    struct autodiscover_answer answer;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_false(read_text(&arena, broken[i], &answer));
    arena_free(&arena);
}

static void test_request_is_quoted(void **state)
{
    struct arena arena = {0};
    const char *request = autodiscover_request_write(&arena, "a&b<c>@example.test");
    assert_non_null(strstr(request, "<EMailAddress>a&amp;b&lt;c&gt;@example.test</EMailAddress>"));
    arena_free(&arena);
}

static struct bytes http(const char *status, const char *headers, const char *body)
{
    struct buffer buffer = {0};
    buffer_append_format(&buffer, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(body), body);
    return buffer_bytes(&buffer);
}

static enum mapihttp_status discover(struct fake_server *server, struct mapihttp_autodiscover **found, struct mapihttp_error *error)
{
    char name[64];
    fake_start(server);
    snprintf(name, sizeof name, "http://127.0.0.1:%u", server->port);
    struct mapihttp_options options = {.address = "anna@example.test", .password = "p", .server = name,
                                       .connect_timeout_ms = 1000, .response_timeout_ms = 1000};
    enum mapihttp_status status = mapihttp_autodiscover(&options, found, error);
    fake_stop(server);
    for (uint32_t i = 0; i < server->step_count; i++)
        free((void *)server->steps[i].answer.data);
    return status;
}

static void test_procedure(void **state)
{
    struct fake_server server = {0};
    fake_add(&server, (struct fake_step){.answer = http("401 Unauthorized", "WWW-Authenticate: Basic realm=\"a\"\r\n", "")});
    fake_add(&server, (struct fake_step){.answer = http("200 OK", "", settings), .answer_cut = 100});
    fake_add(&server, (struct fake_step){.answer = http("302 Found", "Location: http://127.0.0.1:1/\r\n", "")});
    struct mapihttp_autodiscover *found = NULL;
    struct mapihttp_error error = {0};
    assert_int_equal(discover(&server, &found, &error), MAPIHTTP_TLS); /* to this machine only where its user says so */
    assert_non_null(strstr(error.text, "http://127.0.0.1:1/: not followed, as it is not https"));

    struct fake_server good = {0};
    fake_add(&good, (struct fake_step){.answer = http("401 Unauthorized", "WWW-Authenticate: Basic realm=\"a\"\r\n", "")});
    fake_add(&good, (struct fake_step){.answer = http("200 OK", "", settings), .answer_cut = 100});
    fake_add(&good, (struct fake_step){.answer = http("200 OK", "", settings)});
    assert_int_equal(discover(&good, &found, &error), MAPIHTTP_OK);
    const struct mapihttp_endpoints *endpoints = mapihttp_autodiscover_endpoints(found);
    assert_string_equal(endpoints->user_dn, "/o=Example/cn=anna");
    assert_string_equal(endpoints->smtp_address, "anna@example.test");
    assert_int_equal(endpoints->step_count, 1);
    mapihttp_autodiscover_free(found);
}

static void test_redirect_limit(void **state)
{
    struct fake_server server = {0};
    for (int i = 0; i < 12; i++) {
        char body[600];
        snprintf(body, sizeof body, OUTER INNER
                 "<Account><Action>redirectAddr</Action><RedirectAddr>b%d@example.test</RedirectAddr></Account>" END, i);
        fake_add(&server, (struct fake_step){.answer = http("200 OK", "", body)});
    }
    struct mapihttp_autodiscover *found = NULL;
    struct mapihttp_error error = {0};
    assert_int_equal(discover(&server, &found, &error), MAPIHTTP_AUTODISCOVER);
    assert_non_null(strstr(error.text, "too many redirects"));
    assert_int_equal(atomic_load(&server.step), 11);
}

static void test_circle(void **state)
{
    struct fake_server server = {0};
    for (int i = 0; i < 3; i++)
        fake_add(&server, (struct fake_step){.answer = http("200 OK", "", OUTER INNER
            "<Account><Action>redirectAddr</Action><RedirectAddr>b@example.test</RedirectAddr></Account>" END)});
    struct mapihttp_autodiscover *found = NULL;
    struct mapihttp_error error = {0};
    assert_int_equal(discover(&server, &found, &error), MAPIHTTP_AUTODISCOVER);
    assert_non_null(strstr(error.text, "goes in circles"));
    assert_int_equal(atomic_load(&server.step), 2);
}

static void test_json_answers(void **state)
{
    struct arena arena = {0};
    static const char *const none[] = {
        "", "{", "[]", "null", "{\"Protocol\":\"AutodiscoverV1\"}", "{\"Protocol\":\"AutodiscoverV1\",\"Url\":\"\"}",
        "{\"Protocol\":\"AutodiscoverV1\",\"Url\":1}", "{\"Protocol\":\"EWS\",\"Url\":\"https://a/\"}", "{\"Url\":\"https://a/\"}",
        "{\"ErrorCode\":\"UserNotFound\",\"ErrorMessage\":\"\"}",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(autodiscover_json_url(&arena, bytes_of_string(none[i])));
    const char *url = autodiscover_json_url(&arena, bytes_of_string("{\"protocol\":\"Autodiscoverv1\",\"url\":\"https:\\/\\/a\\/b\",\"x\":[1]}"));
    assert_string_equal(url, "https://a/b");
    arena_free(&arena);
}

static void test_refused(void **state)
{
    struct fake_server server = {0};
    fake_add(&server, (struct fake_step){.answer = http("401 Unauthorized", "WWW-Authenticate: Basic realm=\"a\"\r\n", "")});
    fake_add(&server, (struct fake_step){.answer = http("401 Unauthorized", "WWW-Authenticate: Basic realm=\"a\"\r\n", "")});
    struct mapihttp_autodiscover *found = NULL;
    struct mapihttp_error error = {0};
    assert_int_equal(discover(&server, &found, &error), MAPIHTTP_AUTHENTICATION);
    assert_int_equal(error.code, 401);
    struct mapihttp_options options = {.address = "no address"};
    assert_int_equal(mapihttp_autodiscover(&options, &found, &error), MAPIHTTP_INVALID_ARGUMENT);
}

/* RFC 2782: the lowest priority wins; '.' means that there is none. */
static void test_service_record(void **state)
{
    static const unsigned char answer[] = {
        0, 1, 0x81, 0x80, 0, 0, 0, 2, 0, 0, 0, 0,
        1, 'a', 0, 0, 33, 0, 1, 0, 0, 0, 60, 0, 11, 0, 20, 0, 0, 1, 0xBB, 3, 'o', 'n', 'e', 0,
        1, 'a', 0, 0, 33, 0, 1, 0, 0, 0, 60, 0, 11, 0, 10, 0, 0, 0x20, 0xFB, 3, 't', 'w', 'o', 0,
    };
    struct dns_answer records;
    assert_true(dns_answer_read(answer, sizeof answer, DNS_SRV, &records));
    assert_int_equal(records.count, 2);
    assert_string_equal(records.records[0].text, "two");
    assert_int_equal(records.records[0].port, 8443);
    assert_int_equal(records.records[0].priority, 10);
    for (int size = 0; size < (int)sizeof answer; size++)
        assert_false(dns_answer_read(answer, size, DNS_SRV, &records));
    assert_true(dns_answer_read(answer, sizeof answer, DNS_A, &records));
    assert_int_equal(records.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),  cmocka_unit_test(test_redirects_and_errors), cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_request_is_quoted), cmocka_unit_test(test_procedure),    cmocka_unit_test(test_redirect_limit),
        cmocka_unit_test(test_circle), cmocka_unit_test(test_json_answers), cmocka_unit_test(test_refused),   cmocka_unit_test(test_service_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
