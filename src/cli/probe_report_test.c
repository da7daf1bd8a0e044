/* What is told of a probe: rows, the object of Test-OutlookConnectivity, Nagios, Prometheus. */
#include "base/filetime.h"
#include "cli/probe_report.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define START (FILETIME_UNIX_EPOCH + 1795338773ull * FILETIME_PER_SECOND + 1230000) /* 2026-11-22T09:12:53.123Z */

static struct probe_report good_report(void)
{
    struct probe_report report = {.kind = PROBE_DEEP_TEST, .start = START, .end = START + 2500000, .latency_ms = 250, .step_count = 3,
                                  .failed_step = -1, .mailbox = "ada@example.org", .server = "mail.example.org:443",
                                  .endpoint = "https://mail.example.org/mapi/emsmdb/", .authentication = "NTLM", .inbox_count = 12,
                                  .certificate_end = START + 100ull * 86400 * FILETIME_PER_SECOND};
    report.steps[0] = (struct probe_step){.name = "DNS", .start = START, .end = START + 500000, .latency_ms = 50, .detail = "192.0.2.1"};
    report.steps[1] = (struct probe_step){.name = "TCP", .start = START + 500000, .end = START + 1500000, .latency_ms = 100};
    report.steps[2] = (struct probe_step){.name = "Logon", .deep = true, .start = START + 1500000, .end = START + 2500000, .latency_ms = 100};
    return report;
}

static struct probe_report bad_report(void)
{
    struct probe_report report = good_report();
    report.result = PROBE_FAILED;
    report.failed_step = 1;
    report.latency_ms = 150;
    report.inbox_count = -1;
    report.steps[1].result = PROBE_FAILED;
    strcpy(report.steps[1].error, "NETWORK 7");
    strcpy(report.steps[1].detail, "refused | \"by\" a\\b");
    strcpy(report.steps[1].advice, "Start it.");
    report.steps[2] = (struct probe_step){.name = "Logon", .deep = true, .result = PROBE_SKIPPED};
    return report;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(null)";
}

static void test_rows(void **state)
{
    struct probe_report report = bad_report();
    json_t *rows = probe_rows(&report);
    assert_int_equal(json_array_size(rows), 3);
    assert_string_equal(text_of(json_array_get(rows, 0), "MonitorIdentity"), "OutlookMapiHttp.Protocol\\OutlookMapiHttpSelfTestProbe\\DNS");
    assert_string_equal(text_of(json_array_get(rows, 2), "MonitorIdentity"), "OutlookMapiHttp.Protocol\\OutlookMapiHttpDeepTestProbe\\Logon");
    assert_string_equal(text_of(json_array_get(rows, 0), "StartTime"), "2026-11-22T09:12:53.123Z");
    assert_string_equal(text_of(json_array_get(rows, 0), "EndTime"), "2026-11-22T09:12:53.173Z");
    assert_string_equal(text_of(json_array_get(rows, 0), "Exception"), "");
    assert_string_equal(text_of(json_array_get(rows, 1), "Exception"), "refused | \"by\" a\\b");
    assert_string_equal(text_of(json_array_get(rows, 1), "Result"), "Failed");
    assert_string_equal(text_of(json_array_get(rows, 2), "Result"), "Skipped");
    assert_string_equal(text_of(json_array_get(rows, 2), "StartTime"), "");
    assert_true(json_is_null(json_object_get(json_array_get(rows, 2), "Latency")));
    json_decref(rows);
}

/* Exchange's six come first, under its names. */
static void test_object(void **state)
{
    static const char *const names[] = {"MonitorIdentity", "StartTime", "EndTime", "Result", "Error", "Exception"};
    struct probe_report report = bad_report();
    json_t *object = probe_object(&report, true), *value;
    const char *key;
    unsigned i = 0;
    json_object_foreach(object, key, value)
        if (i < 6)
            assert_string_equal(key, names[i++]);
    assert_string_equal(text_of(object, "MonitorIdentity"), "OutlookMapiHttp.Protocol\\OutlookMapiHttpDeepTestProbe");
    assert_string_equal(text_of(object, "Result"), "Failed");
    assert_string_equal(text_of(object, "Error"), "NETWORK 7");
    assert_string_equal(text_of(object, "FailedStep"), "TCP");
    assert_string_equal(text_of(object, "Advice"), "Start it.");
    assert_string_equal(json_string_value(json_array_get(json_object_get(object, "Steps"), 0)), "DNS: Succeeded in 50.0 ms: 192.0.2.1");
    assert_string_equal(json_string_value(json_array_get(json_object_get(object, "Steps"), 2)), "Logon: Skipped");
    json_decref(object);
    report = good_report();
    object = probe_object(&report, false);
    assert_string_equal(text_of(object, "Error"), "");
    assert_true(json_is_object(json_array_get(json_object_get(object, "Steps"), 0)));
    assert_int_equal(json_integer_value(json_object_get(object, "InboxCount")), 12);
    json_decref(object);
}

/* A state, and a line that begins and ends so. */
static void nagios(const struct probe_report *report, struct probe_thresholds thresholds, enum nagios_state state, const char *start, const char *part)
{
    struct buffer output = {0};
    enum nagios_state got = probe_nagios(report, &thresholds, &output);
    const char *text = buffer_string(&output);
    if (got != state || strncmp(text, start, strlen(start)) || !strstr(text, part))
        fail_msg("state %d: %s", got, text);
    const char *bar = strchr(text, '|');
    assert_non_null(bar);
    assert_null(strchr(bar + 1, '|'));        /* one bar */
    assert_true(strchr(text, '\n') > bar);    /* on the first line */
    buffer_free(&output);
}

static void test_nagios(void **state)
{
    struct probe_report good = good_report(), bad = bad_report(), old = good_report(), rpc = bad_report();
    nagios(&good, (struct probe_thresholds){0}, NAGIOS_OK, "MAPIHTTP OK: ada@example.org at mail.example.org:443: Inbox of 12 messages, 250.0 ms |",
           "| total=0.250000s;;;0; DNS=0.050000s;;;0; TCP=0.100000s;;;0; Logon=0.100000s;;;0; inbox=12;;;0; certificate_days=100;0:;;;\n");
    nagios(&good, (struct probe_thresholds){.warning_ms = 250}, NAGIOS_WARNING, "MAPIHTTP WARNING: ", "total=0.250000s;0.250000;;0;");
    nagios(&good, (struct probe_thresholds){.warning_ms = 251, .critical_ms = 500}, NAGIOS_OK, "MAPIHTTP OK: ", ";0.251000;0.500000;0;");
    nagios(&good, (struct probe_thresholds){.warning_ms = 1, .critical_ms = 250}, NAGIOS_CRITICAL, "MAPIHTTP CRITICAL: ", "total");
    nagios(&bad, (struct probe_thresholds){0}, NAGIOS_CRITICAL,
           "MAPIHTTP CRITICAL: ada@example.org at mail.example.org:443: TCP failed: refused / \"by\" a\\b |", "\nStart it.\n");
    old.certificate_end = old.end + 29ull * 86400 * FILETIME_PER_SECOND + 1;
    nagios(&old, (struct probe_thresholds){.certificate_days = 30}, NAGIOS_WARNING, "MAPIHTTP WARNING: ", "the certificate ends in 29 days");
    nagios(&old, (struct probe_thresholds){.certificate_days = 29}, NAGIOS_OK, "MAPIHTTP OK: ", "certificate_days=29;29:;;;");
    rpc.untestable = true;
    nagios(&rpc, (struct probe_thresholds){0}, NAGIOS_UNKNOWN, "MAPIHTTP UNKNOWN: ", "TCP failed");
}

static void test_prometheus(void **state)
{
    struct probe_report reports[] = {good_report(), bad_report()};
    struct buffer output = {0};
    strcpy(reports[1].mailbox, "a\"b\\c");
    probe_prometheus(reports, 2, &output);
    const char *text = buffer_string(&output);
    assert_non_null(text);
#define LABELS "{probe=\"OutlookMapiHttpDeepTestProbe\",server=\"mail.example.org:443\",mailbox=\"ada@example.org\""
    assert_non_null(strstr(text, "mapihttp_probe_success" LABELS "} 1\n"));
    assert_non_null(strstr(text, ",mailbox=\"a\\\"b\\\\c\"} 0\n"));
    assert_non_null(strstr(text, "mapihttp_probe_duration_seconds" LABELS "} 0.25\n"));
    assert_non_null(strstr(text, "mapihttp_probe_step_duration_seconds" LABELS ",step=\"TCP\"} 0.1\n"));
    assert_non_null(strstr(text, "mapihttp_probe_last_run_timestamp_seconds" LABELS "} 1795338773\n"));
    assert_non_null(strstr(text, "mapihttp_probe_inbox_messages" LABELS "} 12\n"));
    /* Each metric has its head once, and its samples together behind it; skipped steps are absent. */
    unsigned heads = 0, skipped = 0;
    for (const char *at = text; (at = strstr(at, "# TYPE ")); at++)
        heads++;
    for (const char *at = text; (at = strstr(at, "c\",step=\"Logon\"")); at++)
        skipped++;
    assert_int_equal(heads, 7);
    assert_int_equal(skipped, 0);
    buffer_free(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_object), cmocka_unit_test(test_nagios), cmocka_unit_test(test_prometheus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
