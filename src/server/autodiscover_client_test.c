/* What headers say about a client: versions, capabilities, blocked versions. */
#include "server/autodiscover_client.h"

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

static void test_headers(void **state)
{
    struct autodiscover_client client = autodiscover_client_read("1", "Negotiate, ExHttpInfo",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.4266; Pro)", "Outlook/15.0.4569.1506");
    assert_int_equal(client.mapi_version, 1);
    assert_true(client.takes_negotiate && client.takes_exhttp && client.has_version);
    assert_int_equal(client.version.parts[0], 16);
    client = autodiscover_client_read(NULL, NULL, "Microsoft Office/16.0", "Outlook/15.0.4569.1506");
    assert_int_equal(client.version.parts[2], 4569);
    client = autodiscover_client_read(NULL, "", "OutlookX 16.0.1 outlook", NULL);
    assert_false(client.has_version || client.takes_negotiate || client.takes_exhttp);
    assert_int_equal(client.version.count, 0);
    client = autodiscover_client_read(NULL, ",,exhttpinfo,", "Outlook Outlook 15.0.1", NULL);
    assert_true(client.takes_exhttp && client.has_version);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions), cmocka_unit_test(test_comparison), cmocka_unit_test(test_headers),
        cmocka_unit_test(test_releases), cmocka_unit_test(test_blocked_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
