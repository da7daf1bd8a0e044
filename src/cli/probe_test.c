/* Probes: their names, a run against a scripted server, what is told of it. */
#include "base/filetime.h"
#include "cli/probe_report.h"
#include "client/fake_server.h"
#include <mapihttp/mapihttp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* --- names --- */

static void finds(const char *text, enum probe_kind wanted)
{
    enum probe_kind kind = (enum probe_kind)99;
    if (!probe_find(text, &kind) || kind != wanted)
        fail_msg("'%s' is not the probe %d", text, wanted);
}

static void test_names(void **state)
{
    enum probe_kind kind;
    finds("OutlookMapiHttp.Protocol\\OutlookMapiHttpSelfTestProbe", PROBE_SELF_TEST);
    finds("OutlookMapiHttpSelfTestProbe", PROBE_SELF_TEST);
    finds("outlookmapihttpdeeptestprobe", PROBE_DEEP_TEST);
    finds("OutlookMapiHttpDeepTestProbe\\Mailbox Database 1234512345", PROBE_DEEP_TEST);
    finds("OutlookMapiHttpCtpProbe", PROBE_DEEP_TEST);
    finds("OutlookMapiHttp\\OutlookMapiHttpCtpProbe", PROBE_DEEP_TEST);
    finds("Outlook.Protocol\\OutlookRpcSelfTestProbe", PROBE_RPC_SELF_TEST);
    finds("OutlookRpcDeepTestProbe", PROBE_RPC_DEEP_TEST);
    finds("OutlookMapiHttp.ProtocolOutlookMapiHttpSelfTestProbe", PROBE_SELF_TEST); /* a shell ate the backslash */
    finds("OutlookMapiHttp.Protocol/OutlookMapiHttpDeepTestProbe", PROBE_DEEP_TEST);
    finds("self", PROBE_SELF_TEST);
    finds("DEEP", PROBE_DEEP_TEST);
    finds("rpc-self", PROBE_RPC_SELF_TEST);
    finds("rpc-deep", PROBE_RPC_DEEP_TEST);
    for (const char *const *bad = (const char *const[]){"", "Outlook", "OutlookMapiHttpSelfTestProbes", "OutlookMapiHttp.Protocol\\", "selftest",
                                                        "OutlookMapiHttp.Protocol\\self", NULL}; *bad; bad++)
        if (probe_find(*bad, &kind))
            fail_msg("'%s' is a probe", *bad);
    for (unsigned i = PROBE_SELF_TEST; i <= PROBE_RPC_DEEP_TEST; i++)
        finds(probe_identity((enum probe_kind)i), (enum probe_kind)i);
}

/* --- runs --- */

static struct bytes answer(const char *status, const char *headers, const char *content)
{
    char *text = NULL;
    int size = asprintf(&text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(content), content);
    assert_true(size > 0);
    return bytes_of(text, (size_t)size);
}

/* What the last run asked. */
static char *asked[4];

static void keep_requests(const struct fake_server *server)
{
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        free(asked[i]);
        asked[i] = server && server->requests[i] ? strdup(server->requests[i]) : NULL;
    }
}

static struct probe_report *run(struct fake_server *server, enum probe_kind kind, const char *address, uint32_t time_limit_ms)
{
    struct probe_report *report = calloc(1, sizeof *report);
    struct mapihttp_options options;
    char url[80];
    unsetenv("MapiHttpDisabled");
    mapihttp_options_initialize(&options);
    fake_start(server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/mapi/emsmdb/", server->port);
    options.url = url;
    options.address = address;
    options.password = "secret";
    options.authentication = MAPIHTTP_AUTHENTICATION_BASIC;
    probe_run(kind, &options, address != NULL, time_limit_ms, report);
    keep_requests(server);
    fake_stop(server);
    for (uint32_t i = 0; i < server->step_count; i++)
        free((void *)server->steps[i].answer.data);
    return report;
}

static const struct probe_step *step_of(const struct probe_report *report, const char *name)
{
    for (unsigned i = 0; i < report->step_count; i++)
        if (!strcmp(report->steps[i].name, name))
            return &report->steps[i];
    fail_msg("no step %s", name);
    return NULL;
}

static void add_healthy(struct fake_server *server)
{
    fake_add(server, (struct fake_step){.answer = answer("200 OK", "", "200 OK<br/>mail.example.org")});
}

#define ASKS "WWW-Authenticate: NTLM\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"

/* Steps in their order, times that add up, a self test without credentials that skips the log-on. */
static void test_self_test(void **state)
{
    struct fake_server server = {0};
    add_healthy(&server);
    server.steps[0].pause_ms = 300;
    fake_add(&server, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, "")});
    struct probe_report *report = run(&server, PROBE_SELF_TEST, NULL, 5000);
    static const char *const names[] = {"DNS", "TCP", "TLS", "HTTP", "Endpoint", "Authentication"};
    double sum = 0;
    assert_int_equal(report->step_count, 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_string_equal(report->steps[i].name, names[i]);
        assert_int_equal(report->steps[i].result, i == 5 ? PROBE_SKIPPED : PROBE_SUCCEEDED);
        assert_true(report->steps[i].end >= report->steps[i].start);
        if (i && i < 5)
            assert_true(report->steps[i].start >= report->steps[i - 1].end);
        sum += report->steps[i].latency_ms;
    }
    assert_int_equal(report->result, PROBE_SUCCEEDED);
    assert_int_equal(report->failed_step, -1);
    assert_true(report->latency_ms == sum);
    assert_true(step_of(report, "HTTP")->latency_ms >= 300); /* and nowhere else */
    assert_true(step_of(report, "TCP")->latency_ms < 300);
    assert_true(step_of(report, "Endpoint")->latency_ms < 300);
    assert_non_null(strstr(step_of(report, "Endpoint")->detail, "NTLM Basic"));
    assert_non_null(strstr(step_of(report, "HTTP")->detail, "200 OK mail.example.org"));
    assert_int_equal(atomic_load(&server.connections), 1);
    assert_null(strstr(asked[1], "Authorization:"));
    free(report);
}

static void test_log_on(void **state)
{
    struct fake_server server = {0};
    add_healthy(&server);
    fake_add(&server, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, "")});
    fake_add(&server, (struct fake_step){.answer = answer("200 OK", "", "hello")});
    struct probe_report *report = run(&server, PROBE_SELF_TEST, "anna@example.org", 5000);
    assert_int_equal(report->result, PROBE_SUCCEEDED);
    assert_string_equal(step_of(report, "Authentication")->detail, "anna@example.org by Basic");
    assert_string_equal(report->authentication, "Basic");
    assert_non_null(strstr(asked[2], "Authorization: Basic "));
    free(report);
}

/* Each way to fail: where it is seen, and that something is said about it. */
static void fails_at(struct probe_report *report, const char *step, const char *error, const char *detail, const char *advice)
{
    assert_int_equal(report->result, PROBE_FAILED);
    assert_true(report->failed_step >= 0);
    const struct probe_step *failed = &report->steps[report->failed_step];
    assert_string_equal(failed->name, step);
    assert_string_equal(failed->error, error);
    if (!strstr(failed->detail, detail))
        fail_msg("'%s' does not say '%s'", failed->detail, detail);
    if (!strstr(failed->advice, advice))
        fail_msg("'%s' does not say '%s'", failed->advice, advice);
    for (unsigned i = (unsigned)report->failed_step + 1; i < report->step_count; i++)
        assert_int_equal(report->steps[i].result, PROBE_SKIPPED);
    free(report);
}

static void test_wrong_password(void **state)
{
    struct fake_server server = {0};
    add_healthy(&server);
    fake_add(&server, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, "")});
    fake_add(&server, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, "")});
    fails_at(run(&server, PROBE_DEEP_TEST, "anna@example.org", 5000), "Authentication", "AUTHENTICATION 401", "does not accept anna@example.org by Basic",
             "Is the password right");
}

static void test_unhealthy(void **state)
{
    struct fake_server server = {0};
    fake_add(&server, (struct fake_step){.answer = answer("503 Service Unavailable", "", "<b>no disk</b>")});
    fails_at(run(&server, PROBE_SELF_TEST, NULL, 5000), "HTTP", "HTTP 503", "no disk", "/mapi/healthcheck.htm");
}

/* A server without a health page (Gromox) is no failure; one without the endpoint is. */
static void test_no_endpoint(void **state)
{
    struct fake_server server = {0};
    fake_add(&server, (struct fake_step){.answer = answer("404 Not Found", "", "")});
    fake_add(&server, (struct fake_step){.answer = answer("404 Not Found", "", "")});
    fails_at(run(&server, PROBE_SELF_TEST, NULL, 5000), "Endpoint", "HTTP 404", "HTTP status 404 without credentials", "proxy in front");
}

/* An endpoint that lets anybody in is none. */
static void test_open_endpoint(void **state)
{
    struct fake_server server = {0};
    add_healthy(&server);
    fake_add(&server, (struct fake_step){.answer = answer("200 OK", "", "a shop")});
    fails_at(run(&server, PROBE_SELF_TEST, NULL, 5000), "Endpoint", "HTTP 200", "where a MAPI/HTTP endpoint answers 401", "what stands between");
}

static void test_cut(void **state)
{
    struct fake_server server = {0};
    fake_add(&server, (struct fake_step){.answer_cut = -1});
    fails_at(run(&server, PROBE_SELF_TEST, NULL, 5000), "HTTP", "NETWORK 52", "Empty reply", "balancer");
}

static void test_time_limit(void **state)
{
    struct fake_server server = {0};
    fake_add(&server, (struct fake_step){.answer = answer("200 OK", "", ""), .pause_ms = 700});
    uint64_t start = monotonic_ms();
    fails_at(run(&server, PROBE_SELF_TEST, NULL, 300), "HTTP", "NETWORK 28", "time limit", "did not answer in time");
    assert_true(monotonic_ms() - start >= 300);
}

static void test_rpc(void **state)
{
    struct fake_server off = {0}, on = {0}, deep = {0};
    add_healthy(&off);
    fake_add(&off, (struct fake_step){.answer = answer("404 Not Found", "", "")});
    fails_at(run(&off, PROBE_RPC_SELF_TEST, NULL, 5000), "RpcProxy", "HTTP 404", "RPC over HTTP is off at this server", "old-clients");
    assert_non_null(strstr(asked[1], "GET /rpc/rpcproxy.dll "));
    add_healthy(&on);
    fake_add(&on, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, "")});
    struct probe_report *report = run(&on, PROBE_RPC_SELF_TEST, NULL, 5000);
    assert_int_equal(report->result, PROBE_SUCCEEDED);
    free(report);
    add_healthy(&deep);
    fake_add(&deep, (struct fake_step){.answer = answer("401 Unauthorized", ASKS, "")});
    report = run(&deep, PROBE_RPC_DEEP_TEST, NULL, 5000);
    assert_true(report->untestable); /* that is no failure of the server */
    fails_at(report, "RpcProxy", "DISABLED 401", "does not speak it", "self test");
}

static void test_no_server(void **state)
{
    struct fake_server server = {0};
    struct probe_report report;
    struct mapihttp_options options;
    char url[80];
    mapihttp_options_initialize(&options);
    fake_start(&server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/mapi/emsmdb/", server.port);
    fake_stop(&server);
    options.url = url;
    probe_run(PROBE_SELF_TEST, &options, false, 5000, &report);
    struct probe_report *copy = malloc(sizeof report);
    *copy = report;
    fails_at(copy, "TCP", "NETWORK 7", "connect", "Nothing listens there");
    const char *const nowhere[] = {"*=", NULL};
    options.resolve = nowhere;
    options.url = "https://mail.example.org/mapi/emsmdb/";
    copy = malloc(sizeof report);
    probe_run(PROBE_SELF_TEST, &options, false, 5000, copy);
    fails_at(copy, "DNS", "NETWORK 0", "does not exist", "spelled right");
    options.url = "no URL";
    copy = malloc(sizeof report);
    probe_run(PROBE_SELF_TEST, &options, false, 5000, copy);
    fails_at(copy, "Endpoint", "INVALID_ARGUMENT 0", "is not a URL", "addresses that were given");
}

static void test_disabled(void **state)
{
    struct mapihttp_options options;
    struct probe_report *report = malloc(sizeof *report);
    mapihttp_options_initialize(&options);
    options.mapi_http_disabled = true;
    options.server = "localhost";
    probe_run(PROBE_SELF_TEST, &options, false, 5000, report);
    assert_true(report->untestable);
    fails_at(report, "Client", "DISABLED 0", "MapiHttpDisabled", "Set MapiHttpDisabled to 0");
}

/* --- advice --- */

/* No failure is left without a word. */
static void test_advice(void **state)
{
    static const char *const steps[] = {"Client", "Autodiscover", "DNS", "TCP", "TLS", "HTTP", "Endpoint", "RpcProxy", "Authentication", "Connect", "Logon"};
    static const uint32_t codes[] = {0, 6, 7, 10, 11, 13, 16, 18, 28, 35, 60, 401, 403, 404, 429, 500, 502, 503, 600, 0x80040111, 0x3EB};
    struct mapihttp_error error = {.text = "SSL certificate problem: certificate has expired"};
    char text[500];
    for (error.status = MAPIHTTP_NETWORK; error.status <= MAPIHTTP_PROTOCOL; error.status++)
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
            for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
                error.code = codes[i];
                probe_advise(steps[s], &error, NULL, "", text, sizeof text);
                assert_true(strlen(text) > 10);
                assert_true(strlen(text) < sizeof text - 1); /* not cut */
            }
    error = (struct mapihttp_error){.status = MAPIHTTP_TLS, .text = "SSL: no alternative certificate subject name matches target host name"};
    probe_advise("TLS", &error, NULL, "", text, sizeof text);
    assert_non_null(strstr(text, "must name the host"));
    error = (struct mapihttp_error){.status = MAPIHTTP_TRANSPORT, .code = 16};
    probe_advise("Connect", &error, NULL, "", text, sizeof text);
    assert_non_null(strstr(text, "Get-CasMailbox"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),          cmocka_unit_test(test_self_test), cmocka_unit_test(test_log_on),
        cmocka_unit_test(test_wrong_password), cmocka_unit_test(test_unhealthy), cmocka_unit_test(test_no_endpoint),
        cmocka_unit_test(test_open_endpoint),  cmocka_unit_test(test_cut),       cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_rpc),            cmocka_unit_test(test_no_server), cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_advice),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    keep_requests(NULL);
    return failures;
}
