/* Token buckets by key: what is let through, when it is again, and that the table stays bounded. */
#include "server/rate_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_minute(void **state)
{
    struct rate_limit *limit = rate_limit_new(10);
    uint32_t wait_s = 0;
    for (int i = 0; i < 6; i++)
        assert_true(rate_limit_take(limit, "a", 6, 1000, &wait_s));
    assert_false(rate_limit_take(limit, "a", 6, 1000, &wait_s));
    assert_in_range(wait_s, 10, 11);
    assert_true(rate_limit_take(limit, "b", 6, 1000, &wait_s));
    assert_false(rate_limit_take(limit, "a", 6, 10999, &wait_s));
    assert_in_range(wait_s, 1, 2);
    assert_true(rate_limit_take(limit, "a", 6, 11000, &wait_s));
    assert_false(rate_limit_take(limit, "a", 6, 11001, &wait_s));
    for (int i = 0; i < 6; i++) /* a long pause gives no more than a minute's worth */
        assert_true(rate_limit_take(limit, "a", 6, 10000000, &wait_s));
    assert_false(rate_limit_take(limit, "a", 6, 10000000, &wait_s));
    assert_false(rate_limit_take(limit, "a", 6, 9000000, &wait_s)); /* a clock that goes back gives nothing */
    rate_limit_free(limit);
}

static void test_no_limit(void **state)
{
    struct rate_limit *limit = rate_limit_new(10);
    uint32_t wait_s;
    for (int i = 0; i < 1000; i++)
        assert_true(rate_limit_take(limit, "a", 0, 0, &wait_s));
    assert_int_equal(rate_limit_entry_count(limit), 0);
    rate_limit_free(limit);
}

static void test_bounded(void **state)
{
    struct rate_limit *limit = rate_limit_new(100);
    uint32_t wait_s;
    char key[32];
    for (int i = 0; i < 100000; i++) {
        snprintf(key, sizeof key, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        assert_true(rate_limit_take(limit, key, 1, 0, &wait_s));
        if (i % 50 == 0)
            (void)rate_limit_take(limit, "busy", 1, 0, &wait_s);
    }
    assert_int_equal(rate_limit_entry_count(limit), 100);
    assert_false(rate_limit_take(limit, "busy", 1, 0, &wait_s)); /* who keeps asking is not forgotten */
    assert_false(rate_limit_take(limit, key, 1, 0, &wait_s));
    rate_limit_free(limit);
}

static void test_long_keys(void **state)
{
    struct rate_limit *limit = rate_limit_new(10);
    char key[200];
    uint32_t wait_s;
    memset(key, 'x', sizeof key - 1);
    key[sizeof key - 1] = 0;
    assert_true(rate_limit_take(limit, key, 1, 0, &wait_s));
    assert_false(rate_limit_take(limit, key, 1, 0, &wait_s));
    rate_limit_free(limit);
}

static void test_addresses(void **state)
{
    char a[RATE_LIMIT_KEY_SIZE_MAX], b[RATE_LIMIT_KEY_SIZE_MAX];
    rate_limit_address_key("192.0.2.7", a);
    assert_string_equal(a, "192.0.2.7");
    rate_limit_address_key("2001:db8:1:2:3:4:5:6", a);
    rate_limit_address_key("2001:db8:1:2::9", b);
    assert_string_equal(a, b);
    rate_limit_address_key("2001:db8:1:3::9", b);
    assert_string_not_equal(a, b);
    rate_limit_address_key("::ffff:192.0.2.7", b);
    assert_string_equal(b, "192.0.2.7");
    rate_limit_address_key("", b);
    assert_string_equal(b, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minute), cmocka_unit_test(test_no_limit), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_long_keys), cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
