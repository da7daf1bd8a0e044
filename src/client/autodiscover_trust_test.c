/* Which hosts may have credentials. */
#include "client/autodiscover_trust.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

struct asked {
    unsigned count;
    bool answer;
    char host[256];
};

static bool consent(void *data, const char *host, const char *url, const char *found_at)
{
    struct asked *asked = data;
    asked->count++;
    snprintf(asked->host, sizeof asked->host, "%s", host);
    assert_non_null(strstr(url, "://"));
    assert_string_equal(found_at, "origin");
    return asked->answer;
}

static void expect(struct autodiscover_trust *trust, const char *url, enum autodiscover_origin origin, bool admitted, const char *why)
{
    const char *reason = "";
    if (autodiscover_trust_admits(trust, url, "origin", origin, &reason) != admitted)
        fail_msg("%s: %s", url, reason);
    if (!admitted && !strstr(reason, why))
        fail_msg("%s: %s", url, reason);
}

static void test_without_consent(void **state)
{
    struct arena arena = {0};
    static const char *const allowed[] = {"Mail.Hosting.Example", NULL};
    struct mapihttp_options options = {.allowed_redirects = allowed};
    struct autodiscover_trust trust = {.options = &options, .arena = &arena};
    autodiscover_trust_domain(&trust, "example.org");
    expect(&trust, "https://example.org/autodiscover/autodiscover.xml", ORIGIN_UNVERIFIED, true, "");
    expect(&trust, "https://AUTODISCOVER.Example.ORG:8443/a", ORIGIN_UNVERIFIED, true, "");
    expect(&trust, "https://example.org./a", ORIGIN_UNVERIFIED, true, "");
    expect(&trust, "https://mail.hosting.example/a", ORIGIN_UNVERIFIED, true, "");
    expect(&trust, "https://hosting.example/a", ORIGIN_UNVERIFIED, false, "does not lead to hosting.example");
    expect(&trust, "https://mail.example.org/a", ORIGIN_UNVERIFIED, false, "does not lead to mail.example.org");
    expect(&trust, "https://mail.example.org/a", ORIGIN_VERIFIED, true, "");
    expect(&trust, "https://badexample.org/a", ORIGIN_VERIFIED, false, "does not lead");
    expect(&trust, "https://example.org.evil.example/a", ORIGIN_VERIFIED, false, "does not lead");
    expect(&trust, "http://example.org/a", ORIGIN_VERIFIED, false, "not https");
    expect(&trust, "http://127.0.0.1/a", ORIGIN_VERIFIED, false, "not https");
    expect(&trust, "ftp://example.org/a", ORIGIN_VERIFIED, false, "not https");
    expect(&trust, "https://example.org@evil.example/a", ORIGIN_VERIFIED, false, "user name");
    expect(&trust, "https://user:password@example.org/a", ORIGIN_VERIFIED, false, "user name");
    expect(&trust, "//example.org/a", ORIGIN_VERIFIED, false, "not");
    expect(&trust, "/relative", ORIGIN_VERIFIED, false, "not");
    expect(&trust, "", ORIGIN_VERIFIED, false, "not");
    expect(&trust, "https://127.0.0.1/a", ORIGIN_VERIFIED, false, "does not lead");
    arena_free(&arena);
}

static void test_consent(void **state)
{
    struct arena arena = {0};
    struct asked asked = {0};
    struct mapihttp_options options = {.consent = consent, .consent_data = &asked};
    struct autodiscover_trust trust = {.options = &options, .arena = &arena};
    autodiscover_trust_domain(&trust, "example.org");
    expect(&trust, "https://mail.example.org/a", ORIGIN_VERIFIED, true, "");
    assert_int_equal(asked.count, 0);
    expect(&trust, "https://evil.example/a", ORIGIN_VERIFIED, false, "does not lead");
    assert_int_equal(asked.count, 1);
    assert_string_equal(asked.host, "evil.example");
    asked.answer = true;
    expect(&trust, "https://hosting.example/a", ORIGIN_UNVERIFIED, true, "");
    expect(&trust, "https://hosting.example/b", ORIGIN_UNVERIFIED, true, ""); /* asked once */
    assert_int_equal(asked.count, 2);
    expect(&trust, "http://hosting.example/b", ORIGIN_UNVERIFIED, false, "not https"); /* no consent helps */
    assert_int_equal(asked.count, 2);
    autodiscover_trust_domain(&trust, "other.example");
    expect(&trust, "https://hosting.example/c", ORIGIN_UNVERIFIED, true, "");
    assert_int_equal(asked.count, 2);
    arena_free(&arena);
}

static void test_domains(void **state)
{
    assert_true(autodiscover_host_in_domain("example.org", "example.org"));
    assert_true(autodiscover_host_in_domain("a.b.EXAMPLE.org.", "example.ORG"));
    assert_false(autodiscover_host_in_domain("badexample.org", "example.org"));
    assert_false(autodiscover_host_in_domain("example.org", "mail.example.org"));
    assert_false(autodiscover_host_in_domain("example.org", ""));
    assert_false(autodiscover_host_in_domain("", "example.org"));
    assert_false(autodiscover_host_in_domain(".", "."));
}

static void test_many_hosts(void **state)
{
    struct arena arena = {0};
    struct mapihttp_options options = {0};
    struct autodiscover_trust trust = {.options = &options, .arena = &arena};
    for (int i = 0; i < 100; i++) {
        char host[32];
        snprintf(host, sizeof host, "host%d.example", i);
        autodiscover_trust_host(&trust, host);
    }
    assert_int_equal(trust.host_count, TRUSTED_HOSTS_MAX);
    expect(&trust, "https://host99.example/", ORIGIN_VERIFIED, false, "does not lead");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_consent), cmocka_unit_test(test_consent), cmocka_unit_test(test_domains),
        cmocka_unit_test(test_many_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
