#include "server/byte_range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TAG "\"1-2-3\""
#define MODIFIED 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define EARLIER "Sun, 06 Nov 1994 08:49:36 GMT"
#define LATER "Sun, 06 Nov 1994 08:49:38 GMT"
#define SIZE 1000u

static struct byte_range_answer decide(struct byte_range_request request)
{
    return byte_range_decide(&request, TAG, MODIFIED, SIZE);
}

static void expect_range(const char *range, unsigned status, uint64_t offset, uint64_t size)
{
    struct byte_range_answer answer = decide((struct byte_range_request){.range = range});
    if (answer.status != status || answer.offset != offset || answer.size != size)
        fail_msg("%s: %u, %llu bytes at %llu", range, answer.status, (unsigned long long)answer.size,
                 (unsigned long long)answer.offset);
}

static void test_ranges(void **state)
{
    expect_range(NULL, 200, 0, SIZE);
    expect_range("bytes=0-0", 206, 0, 1);
    expect_range("bytes=0-999", 206, 0, SIZE);
    expect_range("bytes=10-19", 206, 10, 10);
    expect_range("Bytes= 10-19 ", 206, 10, 10);
    expect_range("bytes=990-5000", 206, 990, 10);
    expect_range("bytes=990-", 206, 990, 10);
    expect_range("bytes=-10", 206, 990, 10);
    expect_range("bytes=-5000", 206, 0, SIZE);
    expect_range("bytes=-0", 416, 0, 0);
    expect_range("bytes=1000-", 416, 0, 0);
    expect_range("bytes=1000-1001", 416, 0, 0);
    expect_range("bytes=18446744073709551615-", 200, 0, SIZE); /* a number too large is none */
    expect_range("bytes=99999999999999999999999-", 200, 0, SIZE);
    /* what is no range, or several, is answered with the whole */
    expect_range("bytes=20-10", 200, 0, SIZE);
    expect_range("bytes=0-1,5-6", 200, 0, SIZE);
    expect_range("bytes=", 200, 0, SIZE);
    expect_range("bytes=-", 200, 0, SIZE);
    expect_range("bytes=a-b", 200, 0, SIZE);
    expect_range("bytes=1", 200, 0, SIZE);
    expect_range("lines=1-2", 200, 0, SIZE);
    expect_range("", 200, 0, SIZE);
    struct byte_range_answer head = decide((struct byte_range_request){.head = true, .range = "bytes=0-0"});
    assert_int_equal(head.status, 200);
    struct byte_range_answer empty = byte_range_decide(&(struct byte_range_request){.range = "bytes=0-"}, TAG, MODIFIED, 0);
    assert_int_equal(empty.status, 416);
}

static void test_range_of_what_the_client_has(void **state)
{
    assert_int_equal(decide((struct byte_range_request){.range = "bytes=1-", .if_range = TAG}).status, 206);
    assert_int_equal(decide((struct byte_range_request){.range = "bytes=1-", .if_range = "\"other\""}).status, 200);
    assert_int_equal(decide((struct byte_range_request){.range = "bytes=1-", .if_range = "W/" TAG}).status, 200);
    assert_int_equal(decide((struct byte_range_request){.range = "bytes=1-", .if_range = DATE}).status, 206);
    assert_int_equal(decide((struct byte_range_request){.range = "bytes=1-", .if_range = LATER}).status, 200);
    assert_int_equal(decide((struct byte_range_request){.range = "bytes=5000-", .if_range = "\"other\""}).status, 200);
}

static void test_conditions(void **state)
{
    assert_int_equal(decide((struct byte_range_request){.if_none_match = TAG}).status, 304);
    assert_int_equal(decide((struct byte_range_request){.if_none_match = "W/" TAG}).status, 304);
    assert_int_equal(decide((struct byte_range_request){.if_none_match = "\"a, b\" , " TAG ",\"c\""}).status, 304);
    assert_int_equal(decide((struct byte_range_request){.if_none_match = "*"}).status, 304);
    assert_int_equal(decide((struct byte_range_request){.if_none_match = "\"a\", \"b\""}).status, 200);
    assert_int_equal(decide((struct byte_range_request){.if_modified_since = DATE}).status, 304);
    assert_int_equal(decide((struct byte_range_request){.if_modified_since = LATER}).status, 304);
    assert_int_equal(decide((struct byte_range_request){.if_modified_since = EARLIER}).status, 200);
    assert_int_equal(decide((struct byte_range_request){.if_modified_since = "yesterday"}).status, 200);
    /* a tag weighs more than a date */
    assert_int_equal(decide((struct byte_range_request){.if_none_match = "\"a\"", .if_modified_since = DATE}).status, 200);
    assert_int_equal(decide((struct byte_range_request){.if_match = TAG, .range = "bytes=1-"}).status, 206);
    assert_int_equal(decide((struct byte_range_request){.if_match = "W/" TAG}).status, 412);
    assert_int_equal(decide((struct byte_range_request){.if_match = "\"a\""}).status, 412);
    assert_int_equal(decide((struct byte_range_request){.if_unmodified_since = EARLIER}).status, 412);
    assert_int_equal(decide((struct byte_range_request){.if_unmodified_since = DATE, .range = "bytes=1-"}).status, 206);
    assert_int_equal(decide((struct byte_range_request){.if_unmodified_since = "never"}).status, 200);
}

static void test_dates(void **state)
{
    time_t seconds = 0;
    assert_true(http_date_read(DATE, &seconds));
    assert_int_equal(seconds, MODIFIED);
    assert_false(http_date_read("", &seconds));
    assert_false(http_date_read("Mon, 06 Nov 1994 08:49:37 GMT", &seconds)); /* it was a Sunday */
    assert_false(http_date_read("Sun, 06 Nov 1994 08:49:37 CET", &seconds));
    assert_false(http_date_read("Sun, 06 Nov 1994 25:49:37 GMT", &seconds));
    assert_false(http_date_read("Sun, 06 Foo 1994 08:49:37 GMT", &seconds));
    assert_false(http_date_read("Sunday, 06-Nov-94 08:49:37 GMT", &seconds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_range_of_what_the_client_has),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
