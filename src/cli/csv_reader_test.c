#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/csv_reader.h"

static bool take(void *user, json_t *object)
{
    json_array_append_new(user, object);
    return true;
}

static void check(struct bytes text, char delimiter, size_t name_count, const char *const *names, const char *expected)
{
    struct arena arena = {0};
    const char *error = NULL;
    json_t *rows = json_array();
    const struct csv_reader_options options = {.delimiter = delimiter, .name_count = name_count, .names = names, .row = take, .user = rows};
    bool read = csv_reader_read(&arena, text, &options, &error);
    char *result = read ? json_dumps(rows, JSON_COMPACT) : NULL;
    if (expected[0] == '!' ? read || !strstr(error, expected + 1) : !read || strcmp(result, expected) != 0)
        fail_msg("%s instead of %s", read ? result : error, expected);
    free(result);
    json_decref(rows);
    arena_free(&arena);
}
#define TEXT(expected, text) check(BYTES_LITERAL(text), ',', 0, NULL, expected)

static void test_rows(void **state)
{
    TEXT("[{\"a\":\"1\",\"b\":\"2\"}]", "a,b\r\n1,2\r\n");
    TEXT("[{\"a\":\"1\",\"b\":\"2\"}]", "a,b\n1,2");
    TEXT("[{\"a\":\"x,y\",\"b\":\"say \\\"hi\\\"\"}]", "\"a\",\"b\"\n\"x,y\",\"say \"\"hi\"\"\"\n");
    TEXT("[{\"a\":\"l1\\nl2\"}]", "a\n\"l1\nl2\"\n");
    TEXT("[{\"a\":\"1\",\"b\":\"\"}]", "a,b\n1\n");
    TEXT("[{\"a\":\"=1\"},{\"a\":\"'x\"}]", "a\n'=1\n'x\n");
    TEXT("[{\"a\":\"1\"}]", "#TYPE Selected.System\r\n\"a\"\r\n\"1\"\r\n");
    TEXT("[{\"a\":\"1\"}]", "\xEF\xBB\xBF" "a\n1\n");
    TEXT("[{\"a\":\"1\"}]", "\xFF\xFE" "a\0\n\0" "1\0\n\0");
    TEXT("[]", "a,b\n");
    TEXT("[]", "");
    check(BYTES_LITERAL("a;b\n1,5;2\n"), ';', 0, NULL, "[{\"a\":\"1,5\",\"b\":\"2\"}]");
    check(BYTES_LITERAL("1,2\n"), ',', 2, (const char *const[]){"x", "y"}, "[{\"x\":\"1\",\"y\":\"2\"}]");
}

static void test_refusals(void **state)
{
    TEXT("!line 3: more values than columns (2)", "a,b\n1,2\n1,2,3\n");
    TEXT("!line 1: column 2 has no name", "a,,b\n");
    TEXT("!does not end", "a\n\"open\n");
    TEXT("!line 2", "a\nx\"y\n");
    TEXT("!line 2: a value is not UTF-8", "a\n\xFFx\n");
    TEXT("!line 2: a value is not UTF-8", "a\nx\0y\n");
    struct buffer wide = {0};
    for (unsigned i = 0; i <= CSV_COLUMNS_MAX; i++)
        buffer_append_string(&wide, "a,");
    check(buffer_bytes(&wide), ',', 0, NULL, "!more than 1024 columns");
    buffer_free(&wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
