/* The inner response stream: MS-OXCMAPIHTTP 2.2.2.2, 2.2.7, 3.1.5.6, and what Exchange really sent. */
#include "client/response_stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static bool feed_string(struct response_stream *stream, const char *text)
{
    return response_stream_feed(stream, text, strlen(text));
}

/* R1187, R1189: pieces mean nothing; the tags, headers and body come out the same at every cut. */
static void test_every_cut(void **state)
{
    static const char text[] = "PROCESSING\r\nPENDING\r\npending\r\nDONE\r\nX-ElapsedTime: 17\r\nX-ResponseCode: 0\r\n"
                               "X-StartTime: Sat, 01 Aug 2026 20:29:56 GMT\r\n\r\n\r\nbody\r\n";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct response_stream stream = {0};
        assert_true(response_stream_feed(&stream, text, cut));
        assert_true(response_stream_feed(&stream, text + cut, sizeof text - 1 - cut));
        assert_int_equal(stream.phase, RESPONSE_STREAM_BODY);
        assert_true(stream.processing);
        assert_int_equal(stream.pending_count, 2);
        assert_int_equal(stream.elapsed_ms, 17);
        assert_true(stream.has_response_code);
        assert_string_equal(stream.start_time, "Sat, 01 Aug 2026 20:29:56 GMT");
        assert_true(bytes_equal(buffer_bytes(&stream.body), BYTES_LITERAL("\r\nbody\r\n")));
        response_stream_clear(&stream);
    }
}

/* Late failure: the additional X-ResponseCode counts. */
static void test_late_code(void **state)
{
    struct response_stream stream = {0};
    assert_true(feed_string(&stream, "PROCESSING\r\nDONE\r\nX-ResponseCode: 10\r\n\r\n"));
    assert_true(stream.has_response_code);
    assert_int_equal(stream.response_code, 10);
    assert_true(response_stream_complete(&stream));
    response_stream_clear(&stream);
}

/* R1249: a PING may be answered without meta-tags; anything begun must be finished. */
static void test_complete(void **state)
{
    struct response_stream stream = {0};
    assert_true(response_stream_complete(&stream));
    assert_true(feed_string(&stream, "PROC"));
    assert_false(response_stream_complete(&stream));
    assert_true(feed_string(&stream, "ESSING\r\n"));
    assert_false(response_stream_complete(&stream));
    assert_true(feed_string(&stream, "DONE\r\n"));
    assert_false(response_stream_complete(&stream));
    assert_true(feed_string(&stream, "\r\n"));
    assert_true(response_stream_complete(&stream));
    response_stream_clear(&stream);
}

static void test_refused(void **state)
{
    static const char *const broken[] = {
        "WORKING\r\n", "PROCESSING\nDONE\n", "\r\n", "DONE\r\nno colon\r\n", "DONE\r\n: 5\r\n",
        "DONE\r\nX-ResponseCode: -1\r\n", "DONE\r\nX-ResponseCode: 99999999999\r\n", "DONE\r\nX-ResponseCode: 1x\r\n",
        "<html>\r\n",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct response_stream stream = {0};
        assert_false(feed_string(&stream, broken[i]));
        assert_int_equal(stream.phase, RESPONSE_STREAM_FAILED);
        assert_non_null(stream.failure);
        assert_false(feed_string(&stream, "DONE\r\n\r\n"));
        assert_false(response_stream_complete(&stream));
        response_stream_clear(&stream);
    }
    struct response_stream stream = {0};
    char endless[512];
    memset(endless, 'P', sizeof endless);
    bool good = true;
    for (int i = 0; i < 32 && good; i++)
        good = response_stream_feed(&stream, endless, sizeof endless);
    assert_false(good);
    assert_true(stream.line.size <= RESPONSE_STREAM_LINE_SIZE_MAX);
    response_stream_clear(&stream);
    assert_false(response_stream_feed(&stream, "DO\0NE\r\n", 7));
    response_stream_clear(&stream);
}

/* The answers of a real Exchange server. */
static void test_exchange_bytes(void **state)
{
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    static const char *const names[] = {"contents/01-connect", "contents/02-execute", "contents/03-execute",
                                        "hierarchy/01-connect", "hierarchy/02-execute", "hierarchy/03-execute"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/../shared/data/exchange-se/exchange-se/%s.response.bin", root ? root : ".", names[i]);
        FILE *file = fopen(path, "rb");
        if (!file) {
            print_message("skipped: %s is not here\n", path);
            skip();
        }
        char content[65536];
        size_t size = fread(content, 1, sizeof content, file);
        fclose(file);
        struct response_stream stream = {0};
        assert_true(response_stream_feed(&stream, content, size));
        assert_true(response_stream_complete(&stream));
        assert_true(stream.processing);
        assert_true(stream.has_elapsed_ms);
        assert_true(stream.body.size > 8);
        assert_int_equal(load_u32(stream.body.data), 0); /* StatusCode */
        response_stream_clear(&stream);
    }
}

static void test_number(void **state)
{
    uint64_t number = 7;
    assert_true(response_stream_parse_number(" 900000 ", UINT32_MAX, &number));
    assert_int_equal(number, 900000);
    assert_true(response_stream_parse_number("4294967295", UINT32_MAX, &number));
    assert_int_equal(number, UINT32_MAX);
    assert_false(response_stream_parse_number("4294967296", UINT32_MAX, &number));
    assert_false(response_stream_parse_number("", UINT32_MAX, &number));
    assert_false(response_stream_parse_number("+1", UINT32_MAX, &number));
    assert_int_equal(number, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut), cmocka_unit_test(test_late_code),      cmocka_unit_test(test_complete),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_exchange_bytes), cmocka_unit_test(test_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
