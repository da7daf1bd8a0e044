/* Versions of clients, the releases and products they belong to, rules that shut them out. */
#include "record/client_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct client_version version_of(const char *text)
{
    struct client_version version;
    assert_true(client_version_parse(text, &version, NULL));
    return version;
}

static void test_versions(void **state)
{
    const char *rest;
    struct client_version version;
    assert_true(client_version_parse("15.0.4569.1506; Pro", &version, &rest));
    assert_int_equal(version.count, 4);
    assert_int_equal(version.parts[3], 1506);
    assert_string_equal(rest, "; Pro");
    assert_true(client_version_parse("1.2.3.4.5", &version, &rest));
    assert_string_equal(rest, ".5");
    static const char *const none[] = {"", ".1", "x", "15.", "15..1", "15.0.", "1234567.0", "15.9999999", "-1", " 1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (client_version_parse(none[i], &version, NULL))
            fail_msg("'%s' is taken for a version", none[i]);
}

static void test_comparison(void **state)
{
    struct client_version a = version_of("15.0.4569"), b = version_of("15.0.4569.1506"), c = version_of("15.0.4570"), d = version_of("14.9");
    assert_int_equal(client_version_compare(&a, &b), 0);
    assert_true(client_version_compare(&a, &c) < 0);
    assert_true(client_version_compare(&c, &b) > 0);
    assert_true(client_version_compare(&a, &d) > 0);
}

static void test_releases(void **state)
{
    struct client_version old = version_of("11.0.5510"), mine = version_of("16.0.17928.20114");
    assert_null(client_release_of(&old));
    assert_true(client_release_of(&mine)->speaks_mapi_http);
}

static void test_blocked_versions(void **state)
{
    struct client_version version = version_of("15.0.4569.1506");
    assert_false(client_version_blocked(NULL, &version));
    assert_false(client_version_blocked("15.0.4569", &version));
    assert_true(client_version_blocked("15.0.4570", &version));
    assert_true(client_version_blocked("14.0-15.0.4569.1506", &version));
    assert_false(client_version_blocked("14.0-15.0.4569.1505", &version));
    assert_true(client_version_blocked("1.0-2.0; 15.0-", &version));
    assert_false(client_version_blocked("15.0-16.0x", &version));
    assert_false(client_version_blocked("--", &version));
    assert_false(client_version_blocked("15.0 x", &version)); /* neither a version nor a range */
}

static void test_rules(void **state)
{
    static const char *const good[] = {"", "15.0.4569", "15.0.4569.1506", "-14.0.7146", "16.0-", "15.0.0-15.0.4568",
                                       "-14.0.7146;15.0.0-15.0.4568", " 14.0-15.0 ; 16.0- "};
    static const struct { const char *rules, *part; } bad[] = {
        {"x", "x"}, {"-", "-"}, {"15.0-14.0", "15.0-14.0"}, {"14.0-15.0;16.0x", "16.0x"}, {"14.0-15.0;16.0", "14.0-15.0;16.0"},
        {"15.0;", "15.0;"}, {"14.0--15.0", "14.0--15.0"}, {"15.0,16.0", "15.0,16.0"}, {"15.0.1234567", "15.0.1234567"}};
    char long_rules[CLIENT_VERSION_RULES_SIZE_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!client_version_rules_valid(good[i], NULL))
            fail_msg("'%s' is good", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *part = NULL;
        if (client_version_rules_valid(bad[i].rules, &part) || strcmp(part, bad[i].part) != 0)
            fail_msg("'%s' is bad at '%s', not '%s'", bad[i].rules, bad[i].part, part ? part : "(good)");
    }
    memset(long_rules, ';', sizeof long_rules);
    long_rules[sizeof long_rules - 1] = '\0';
    assert_false(client_version_rules_valid(long_rules, NULL));
}

static void test_text(void **state)
{
    char text[CLIENT_VERSION_TEXT_SIZE];
    struct client_version version = version_of("15.0.4569.1506");
    client_version_format(&version, text);
    assert_string_equal(text, "15.0.4569.1506");
    version = version_of("999999.999999.999999.999999");
    client_version_format(&version, text);
    assert_string_equal(text, "999999.999999.999999.999999");
    client_version_format(&(struct client_version){0}, text);
    assert_string_equal(text, "");
}

static void test_identities(void **state)
{
    static const struct {
        const char *application, *user_agent, *software, *version;
        enum client_class class;
    } rows[] = {
        {"Outlook/15.0.4569.1506", "Microsoft Office/15.0", "Outlook", "15.0.4569.1506", CLIENT_OUTLOOK_2013},
        {"Outlook/16.0.4266.1001", NULL, "Outlook", "16.0.4266.1001", CLIENT_OUTLOOK_2016},
        {"Outlook/16.0.5413.1000", NULL, "Outlook", "16.0.5413.1000", CLIENT_OUTLOOK_2016},
        {"Outlook/16.0.10417.20012", NULL, "Outlook", "16.0.10417.20012", CLIENT_OUTLOOK_2019},
        {"Outlook/16.0.10730.20102", NULL, "Outlook", "16.0.10730.20102", CLIENT_OUTLOOK_M365},
        {"Outlook/16.0.14332.20763", NULL, "Outlook", "16.0.14332.20763", CLIENT_OUTLOOK_M365},
        {"Outlook/16.0.17928.20114", NULL, "Outlook", "16.0.17928.20114", CLIENT_OUTLOOK_M365},
        {"", "Microsoft Office/12.0 (Windows NT 6.1; Microsoft Office Outlook 12.0.6739; Pro)", "Outlook", "12.0.6739", CLIENT_OUTLOOK_2007},
        {NULL, "Microsoft Office/14.0 (Windows NT 6.1; Microsoft Outlook 14.0.7015; Pro)", "Outlook", "14.0.7015", CLIENT_OUTLOOK_2010},
        {NULL, "Microsoft Office/14.0", "Outlook", "14.0", CLIENT_OUTLOOK_2010},
        {NULL, "Microsoft Office/16.0 (Windows NT 10.0)", "Outlook", "16.0", CLIENT_UNDETERMINED},
        {NULL, "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Word 16.0.4266; Pro)", "Microsoft", "", CLIENT_OTHER},
        {"Outlook", NULL, "Outlook", "", CLIENT_UNDETERMINED},
        {"Outlook/17.1.2", NULL, "Outlook", "17.1.2", CLIENT_UNDETERMINED},
        {"Outlook/11.0.5510", NULL, "Outlook", "11.0.5510", CLIENT_UNDETERMINED},
        {NULL, "MacOutlook/16.78.0.23100802 (Intel Mac OS X)", "MacOutlook", "", CLIENT_OTHER},
        {NULL, "Outlook-iOS/723.4027091.prod.iphone", "Outlook-iOS", "", CLIENT_OTHER},
        {"mapihttp/0.1.0", "curl/7.88.1", "mapihttp", "0.1.0", CLIENT_OTHER},
        {NULL, NULL, "", "", CLIENT_OTHER},
        {NULL, "\x01\xff<a>/1.2", "<a>", "1.2", CLIENT_OTHER},
        {"0123456789012345678901234567890123456789012345678901234567890123456789/1", NULL,
         "01234567890123456789012345678901234567890123456", "1", CLIENT_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client_identity identity;
        char version[CLIENT_VERSION_TEXT_SIZE];
        client_identify(rows[i].application, rows[i].user_agent, &identity);
        client_version_format(&identity.version, version);
        if (strcmp(identity.software, rows[i].software) != 0 || strcmp(version, rows[i].version) != 0 || identity.class != rows[i].class)
            fail_msg("row %zu: '%s' '%s' %s", i, identity.software, version, client_class_names[identity.class]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions), cmocka_unit_test(test_comparison), cmocka_unit_test(test_releases),
        cmocka_unit_test(test_blocked_versions), cmocka_unit_test(test_rules), cmocka_unit_test(test_text), cmocka_unit_test(test_identities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
