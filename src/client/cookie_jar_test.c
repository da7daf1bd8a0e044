/* Cookies of a session context: MS-OXCMAPIHTTP R1148, R1149, R1222. */
#include "client/cookie_jar.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_header(const struct cookie_jar *jar, const char *expected)
{
    struct buffer buffer = {0};
    assert_true(cookie_jar_append_header(jar, &buffer));
    assert_string_equal(buffer_string(&buffer), expected);
    buffer_free(&buffer);
}

static void test_kept_and_replaced(void **state)
{
    struct cookie_jar jar = {0};
    assert_header(&jar, "");
    assert_true(cookie_jar_take(&jar, "MapiContext=MAPIAAAAANKZ; path=/mapi/emsmdb; secure; HttpOnly"));
    assert_true(cookie_jar_take(&jar, "MapiSequence=1-abc+/=; path=/mapi/emsmdb"));
    assert_header(&jar, "MapiContext=MAPIAAAAANKZ; MapiSequence=1-abc+/=");
    assert_true(cookie_jar_take(&jar, "MapiSequence=2"));
    assert_header(&jar, "MapiContext=MAPIAAAAANKZ; MapiSequence=2");
    assert_string_equal(cookie_jar_find(&jar, "MapiSequence"), "2");
    assert_null(cookie_jar_find(&jar, "mapisequence"));
    cookie_jar_clear(&jar);
    assert_header(&jar, "");
}

static void test_expired(void **state)
{
    struct cookie_jar jar = {0};
    assert_true(cookie_jar_take(&jar, "a=1; Expires=Wed, 01 Jan 2200 00:00:00 GMT"));
    assert_true(cookie_jar_take(&jar, "b=2; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:01 GMT"));
    assert_header(&jar, "a=1; b=2");
    assert_true(cookie_jar_take(&jar, "a=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT"));
    assert_header(&jar, "b=2");
    assert_true(cookie_jar_take(&jar, "b=; Max-Age=0"));
    assert_header(&jar, "");
    cookie_jar_clear(&jar);
}

static void test_refused(void **state)
{
    struct cookie_jar jar = {0};
    assert_false(cookie_jar_take(&jar, ""));
    assert_false(cookie_jar_take(&jar, "novalue"));
    assert_false(cookie_jar_take(&jar, "=1"));
    assert_false(cookie_jar_take(&jar, "a b=1"));
    assert_false(cookie_jar_take(&jar, "a=1\r\nX: y"));
    char large[COOKIE_SIZE_MAX + 16];
    memset(large, 'x', sizeof large - 1);
    large[1] = '=';
    large[sizeof large - 1] = 0;
    assert_false(cookie_jar_take(&jar, large));
    char name[32];
    for (unsigned i = 0; i < COOKIE_COUNT_MAX; i++) {
        snprintf(name, sizeof name, "n%u=v", i);
        assert_true(cookie_jar_take(&jar, name));
    }
    assert_false(cookie_jar_take(&jar, "one=more"));
    assert_int_equal(jar.count, COOKIE_COUNT_MAX);
    cookie_jar_clear(&jar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_and_replaced),
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
