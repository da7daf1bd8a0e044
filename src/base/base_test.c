/* Tests of the base layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/filetime.h"
#include "base/guid.h"
#include "base/log.h"
#include "base/text.h"

static void arena_stops_at_its_cap(void **state)
{
    struct arena arena = {.size_max = 10000};
    assert_non_null(arena_allocate(&arena, 100));
    assert_null(arena_allocate(&arena, 20000));
    assert_null(arena_allocate_array(&arena, SIZE_MAX / 2, 16));
    assert_non_null(arena_allocate(&arena, 3000));
    arena_reset(&arena);
    uint8_t *fresh = arena_allocate(&arena, 64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(fresh[i], 0);
    arena_free(&arena);
}

static void buffer_remembers_a_failed_append(void **state)
{
    struct buffer buffer = {.size_max = 8};
    assert_true(buffer_append_u32(&buffer, 0x01020304));
    assert_false(buffer_append(&buffer, "12345", 5));
    assert_false(buffer_append_u8(&buffer, 1));
    assert_int_equal(buffer.size, 4);
    buffer_clear(&buffer);
    assert_true(buffer_append_format(&buffer, "%s", "abc"));
    assert_string_equal(buffer_string(&buffer), "abc");
    buffer_free(&buffer);
}

static void guid_text_is_in_the_order_of_the_groups(void **state)
{
    struct guid guid;
    char text[GUID_TEXT_SIZE];
    assert_true(guid_parse("{00062003-0000-0000-C000-000000000046}", &guid));
    assert_memory_equal(guid.data, "\x03\x20\x06\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46", 16);
    guid_format(guid, text);
    assert_string_equal(text, "00062003-0000-0000-c000-000000000046");
    assert_false(guid_parse("00062003-0000-0000-C000-00000000004", &guid));
    assert_false(guid_parse("00062003-0000-0000-C000-0000000000466", &guid));
    assert_false(guid_parse("", &guid));
}

static void text_survives_the_way_to_utf16_and_back(void **state)
{
    struct arena arena = {0};
    const char *sample = "Grüße 日本 \xF0\x9F\x98\x80";
    struct bytes utf16 = text_utf16_of_utf8(&arena, bytes_of_string(sample));
    assert_string_equal(text_utf8_of_utf16(&arena, utf16), sample);
    struct bytes broken = text_utf16_of_utf8(&arena, bytes_of("a\xFF\xC0\xAF\xE2\x82z", 7));
    assert_string_equal(text_utf8_of_utf16(&arena, broken), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
    struct bytes latin = text_codepage_of_utf16(&arena, 1252, text_utf16_of_utf8(&arena, bytes_of_string("é日")));
    assert_int_equal(latin.size, 2);
    assert_memory_equal(latin.data, "\xE9?", 2);
    struct bytes back = text_utf16_of_codepage(&arena, 932, BYTES_LITERAL("\x93\xFA"));
    assert_string_equal(text_utf8_of_utf16(&arena, back), "日");
    assert_false(text_codepage_known(4711));
    assert_true(text_codepage_known(1252));
    arena_free(&arena);
}

static void filetime_of_known_moments(void **state)
{
    char text[FILETIME_TEXT_SIZE];
    assert_int_equal(filetime_to_unix(filetime_of_unix(1234567890)), 1234567890);
    filetime_format(FILETIME_UNIX_EPOCH, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    char date[HTTP_DATE_TEXT_SIZE];
    http_date_format(784111777, date);
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void log_line_cannot_be_forged(void **state)
{
    int ends[2], kept = dup(STDERR_FILENO);
    char line[4096];
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_warning("user '%s' failed", "eve\n2026-01-01 info user 'root' logged on");
    log_debug("not at this level");
    dup2(kept, STDERR_FILENO);
    close(ends[1]);
    ssize_t size = read(ends[0], line, sizeof line - 1);
    assert_true(size > 0);
    line[size] = 0;
    assert_non_null(strstr(line, "warning user 'eve?2026-01-01 info user 'root' logged on' failed\n"));
    assert_null(strstr(line, "not at this level"));
    assert_ptr_equal(strchr(line, '\n'), line + size - 1);
    close(ends[0]);
    close(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_stops_at_its_cap),
        cmocka_unit_test(buffer_remembers_a_failed_append),
        cmocka_unit_test(guid_text_is_in_the_order_of_the_groups),
        cmocka_unit_test(text_survives_the_way_to_utf16_and_back),
        cmocka_unit_test(filetime_of_known_moments),
        cmocka_unit_test(log_line_cannot_be_forged),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
