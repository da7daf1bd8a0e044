#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/filetime.h"
#include "operation/operation_value.h"

#define CHOICES "None|Basic|Ntlm|OAuth"

static json_t *read(struct arena *arena, const struct operation_parameter *parameter, const char *json, const char **error)
{
    json_t *given = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(given);
    json_t *value = operation_value_read(arena, parameter, given, error);
    json_decref(given);
    return value;
}

/* 'given' and 'wanted' are JSON. */
static void accepted(const struct operation_parameter *parameter, const char *given, const char *wanted)
{
    struct arena arena = {0};
    const char *error = "";
    json_t *value = read(&arena, parameter, given, &error);
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    if (!text || strcmp(text, wanted) != 0)
        fail_msg("%s gives %s (%s), not %s", given, text ? text : "nothing", error, wanted);
    free(text);
    json_decref(value);
    arena_free(&arena);
}

static void refused(const struct operation_parameter *parameter, const char *given, const char *why)
{
    struct arena arena = {0};
    const char *error = "";
    json_t *value = read(&arena, parameter, given, &error);
    if (value || !strstr(error, why))
        fail_msg("%s: %s '%s'", given, value ? "accepted" : "refused with", error);
    arena_free(&arena);
}

static void booleans(void **state)
{
    const struct operation_parameter parameter = {.name = "P", .kind = OPERATION_BOOLEAN}, nullable = {.name = "P", .kind = OPERATION_BOOLEAN,
                                                                                                      .flags = OPERATION_NULLABLE};
    static const char *const yes[] = {"\"$true\"", "\"$TRUE\"", "\"True\"", "\"on\"", "\"YES\"", "\"1\"", "1", "true"};
    static const char *const no[] = {"\"$false\"", "\"off\"", "\"no\"", "\"0\"", "0", "false"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        accepted(&parameter, yes[i], "true");
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        accepted(&parameter, no[i], "false");
    refused(&parameter, "\"maybe\"", "'maybe' is neither $true");
    refused(&parameter, "\"\"", "neither");
    refused(&parameter, "2", "neither");
    refused(&parameter, "[true]", "one value");
    refused(&parameter, "{}", "one value");
    refused(&parameter, "null", "$null");
    refused(&parameter, "\"$null\"", "$null");
    accepted(&nullable, "null", "null");
    accepted(&nullable, "\"$NULL\"", "null");
    accepted(&nullable, "\"inherit\"", "null");
    accepted(&nullable, "\"none\"", "null");
    refused(&parameter, "\"inherit\"", "neither");
    (void)state;
}

static void numbers(void **state)
{
    const struct operation_parameter bounded = {.name = "P", .kind = OPERATION_NUMBER, .minimum = 1, .maximum = 250000};
    const struct operation_parameter open = {.name = "P", .kind = OPERATION_NUMBER, .minimum = 1};
    accepted(&bounded, "\"250000\"", "250000");
    accepted(&bounded, "1", "1");
    refused(&bounded, "0", "not between 1 and 250000");
    refused(&bounded, "\"250001\"", "not between");
    refused(&bounded, "-1", "not between");
    refused(&bounded, "\"Unlimited\"", "not a whole number");
    refused(&bounded, "\"1.5\"", "not a whole number");
    refused(&bounded, "1.5", "one value");
    refused(&bounded, "\" 5\"", "not a whole number");
    refused(&bounded, "\"5x\"", "not a whole number");
    refused(&bounded, "\"\"", "not a whole number");
    refused(&bounded, "\"99999999999999999999\"", "not a whole number");
    accepted(&open, "\"unlimited\"", "\"Unlimited\"");
    accepted(&open, "\"5000000000\"", "5000000000");
    refused(&open, "0", "less than 1");
    (void)state;
}

static void texts(void **state)
{
    const struct operation_parameter parameter = {.name = "P", .kind = OPERATION_TEXT}, nullable = {.name = "P", .kind = OPERATION_TEXT,
                                                                                                   .flags = OPERATION_NULLABLE};
    char *long_text = malloc(OPERATION_TEXT_SIZE_MAX + 4);
    accepted(&parameter, "\"Ada Lovelace\"", "\"Ada Lovelace\"");
    accepted(&parameter, "\"\"", "\"\"");
    accepted(&parameter, "42", "\"42\"");
    accepted(&nullable, "\"none\"", "\"none\""); /* a text may be called so */
    accepted(&nullable, "\"$null\"", "null");
    refused(&parameter, "\"a\\nb\"", "control character (0x0a)");
    refused(&parameter, "\"a\\u007fb\"", "control character");
    refused(&parameter, "[\"a\"]", "one value");
    memset(long_text, 'a', OPERATION_TEXT_SIZE_MAX + 3);
    long_text[0] = long_text[OPERATION_TEXT_SIZE_MAX + 2] = '"';
    long_text[OPERATION_TEXT_SIZE_MAX + 3] = 0;
    refused(&parameter, long_text, "too long");
    free(long_text);
    (void)state;
}

static void choices(void **state)
{
    const struct operation_parameter one = {.name = "P", .kind = OPERATION_CHOICE, .choices = CHOICES};
    const struct operation_parameter several = {.name = "P", .kind = OPERATION_CHOICES, .choices = CHOICES, .flags = OPERATION_NULLABLE};
    accepted(&one, "\"basic\"", "\"Basic\"");
    refused(&one, "\"Bas\"", "none of None, Basic, Ntlm, OAuth");
    refused(&one, "\"Basic|Ntlm\"", "none of");
    refused(&one, "\"\"", "none of");
    accepted(&several, "\"basic, OAUTH\"", "[\"Basic\",\"OAuth\"]");
    accepted(&several, "[\"ntlm\"]", "[\"Ntlm\"]");
    accepted(&several, "\"none\"", "[\"None\"]"); /* it is one of them */
    accepted(&several, "\"inherit\"", "null");
    refused(&several, "\"Basic,Digest\"", "'Digest' is none of");
    refused(&several, "[\"Basic\",[\"Ntlm\"]]", "one value");
    (void)state;
}

static void lists(void **state)
{
    const struct operation_parameter parameter = {.name = "P", .kind = OPERATION_TEXTS};
    accepted(&parameter, "\"a,b , c\"", "[\"a\",\"b\",\"c\"]");
    accepted(&parameter, "\"'a,b',\\\"c\\\"\"", "[\"a,b\",\"c\"]");
    accepted(&parameter, "\"one\"", "[\"one\"]");
    accepted(&parameter, "\"\"", "[]");
    accepted(&parameter, "\"a,,b\"", "[\"a\",\"\",\"b\"]");
    accepted(&parameter, "[]", "[]");
    accepted(&parameter, "7", "[\"7\"]");
    refused(&parameter, "[null]", "one value");
    refused(&parameter, "[\"a\\tb\"]", "control");
    refused(&parameter, "{\"Add\":[\"a\"]}", "not Add and Remove");
    refused(&parameter, "\"@{Add='a'}\"", "not Add and Remove");
    (void)state;
}

static void changes_of_lists(void **state)
{
    const struct operation_parameter parameter = {.name = "P", .kind = OPERATION_CHOICES, .choices = CHOICES, .flags = OPERATION_CHANGEABLE};
    accepted(&parameter, "\"@{Add='Basic'}\"", "{\"Add\":[\"Basic\"]}");
    accepted(&parameter, "\"@{add = \\\"basic\\\",'ntlm' ; REMOVE=OAuth}\"", "{\"Add\":[\"Basic\",\"Ntlm\"],\"Remove\":[\"OAuth\"]}");
    accepted(&parameter, "{\"remove\":\"ntlm\"}", "{\"Remove\":[\"Ntlm\"]}");
    refused(&parameter, "\"@{Add='Basic'\"", "without its }");
    refused(&parameter, "\"@{Basic}\"", "wanted");
    refused(&parameter, "\"@{}\"", "neither Add nor Remove");
    refused(&parameter, "\"@{Replace='Basic'}\"", "'Replace' is neither");
    refused(&parameter, "\"@{Add='Digest'}\"", "'Digest' is none of");
    refused(&parameter, "{}", "neither Add nor Remove");
    (void)state;
}

static void urls(void **state)
{
    const struct operation_parameter parameter = {.name = "P", .kind = OPERATION_URL};
    accepted(&parameter, "\"https://mail.example.org/mapi\"", "\"https://mail.example.org/mapi\"");
    accepted(&parameter, "\"HTTP://[2001:db8::1]:8080\"", "\"HTTP://[2001:db8::1]:8080\"");
    refused(&parameter, "\"mail.example.org/mapi\"", "not an absolute URL");
    refused(&parameter, "\"ftp://mail.example.org\"", "not an absolute URL");
    refused(&parameter, "\"https://\"", "not a URL");
    refused(&parameter, "\"https:///mapi\"", "not a URL");
    refused(&parameter, "\"https://:443/mapi\"", "not a URL");
    refused(&parameter, "\"https://user@host/\"", "not a URL");
    refused(&parameter, "\"https://host/a b\"", "not a URL");
    refused(&parameter, "\"https://host/<script>\"", "not a URL");
    (void)state;
}

static void times(void **state)
{
    const struct operation_parameter parameter = {.name = "P", .kind = OPERATION_TIME};
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    accepted(&parameter, "\"2026-08-01T20:29:56Z\"", "\"2026-08-01T20:29:56Z\"");
    accepted(&parameter, "\"2026-08-01T20:29:56.123Z\"", "\"2026-08-01T20:29:56.1230000Z\"");
    accepted(&parameter, "\"2026-08-01T20:29:56+02:00\"", "\"2026-08-01T18:29:56Z\"");
    accepted(&parameter, "\"2026-08-01T20:29:56-0530\"", "\"2026-08-02T01:59:56Z\"");
    accepted(&parameter, "\"2026-08-01 20:30\"", "\"2026-08-01T18:30:00Z\""); /* this machine's zone, in summer */
    accepted(&parameter, "\"2026-01-31\"", "\"2026-01-30T23:00:00Z\"");
    accepted(&parameter, "\"8/1/2026\"", "\"2026-07-31T22:00:00Z\"");
    accepted(&parameter, "\"08/01/2026 8:30 PM\"", "\"2026-08-01T18:30:00Z\"");
    accepted(&parameter, "\"8/1/2026 12:05 am\"", "\"2026-07-31T22:05:00Z\"");
    accepted(&parameter, "\"2024-02-29\"", "\"2024-02-28T23:00:00Z\"");
    static const char *const wrong[] = {"\"2026-02-29\"", "\"2100-02-29\"", "\"2026-13-01\"", "\"2026-8-1\"", "\"13/1/2026\"", "\"8/1/26\"", "\"90\"",
                                        "\"\"", "\"soon\"", "\"2026-08-01T\"", "\"2026-08-01T25:00\"", "\"2026-08-01x\"", "\"2026-08-01 13:00 PM\"",
                                        "\"2026-08-01T20:00+99:00\"", "\"2026-08-01T20:00:00Zz\"", "7"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(&parameter, wrong[i], "is not a time");
    (void)state;
}

static void times_ago(void **state)
{
    uint64_t now = filetime_now(), time;
    assert_true(operation_time_read("7d", &time));
    assert_in_range((now - time) / FILETIME_PER_SECOND + 60, 7 * 86400 + 59, 7 * 86400 + 65);
    assert_true(operation_time_read("2 hours", &time));
    assert_in_range((now - time) / FILETIME_PER_SECOND + 60, 7200 + 59, 7200 + 65);
    assert_true(operation_time_read("Now", &time));
    assert_true(time >= now);
    assert_true(operation_time_read("today", &time) && time <= now && now - time <= 90000 * FILETIME_PER_SECOND);
    uint64_t yesterday;
    assert_true(operation_time_read("yesterday", &yesterday));
    assert_in_range((time - yesterday) / FILETIME_PER_SECOND, 23 * 3600, 25 * 3600);
    (void)state;
}

static void durations(void **state)
{
    const struct operation_parameter parameter = {.name = "P", .kind = OPERATION_DURATION, .minimum = 60, .maximum = 200u * 86400u};
    accepted(&parameter, "\"90.00:00:00\"", "7776000");
    accepted(&parameter, "\"90\"", "7776000"); /* days, as in .NET */
    accepted(&parameter, "\"90d\"", "7776000");
    accepted(&parameter, "\"90 days\"", "7776000");
    accepted(&parameter, "\"1.12:30\"", "131400");
    accepted(&parameter, "\"12:30:15\"", "45015");
    accepted(&parameter, "\"36h\"", "129600");
    accepted(&parameter, "3600", "3600"); /* JSON: seconds */
    refused(&parameter, "\"59s\"", "not between 60 and");
    refused(&parameter, "\"201d\"", "not between");
    refused(&parameter, "-5", "not between");
    static const char *const wrong[] = {"\"\"", "\"d\"", "\"90x\"", "\"1.25:00\"", "\"1.\"", "\"12:60\"", "\"12:\"", "\"-5d\"", "\"99999999d\"", "\"40000\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(&parameter, wrong[i], "is not a duration");
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(booleans), cmocka_unit_test(numbers), cmocka_unit_test(texts), cmocka_unit_test(choices), cmocka_unit_test(lists),
        cmocka_unit_test(changes_of_lists), cmocka_unit_test(urls), cmocka_unit_test(times), cmocka_unit_test(times_ago), cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
