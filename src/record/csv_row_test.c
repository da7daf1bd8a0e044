/* Rows of CSV logs: cells that need quoting, control characters, formulas, times, and rows that are too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/filetime.h"
#include "record/csv_row.h"

static void check(struct csv_row *row, const char *expected)
{
    row->data[row->size] = '\0';
    assert_string_equal(row->data, expected);
}

static void texts(void **state)
{
    static const struct {
        const char *text, *cell;
    } rows[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"a,b", "\"a,b\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"two\r\nlines\t\x7f", "\"two  lines  \""},
        {"=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""},
        {"+1", "\"'+1\""},
        {"-1", "\"'-1\""},
        {"@x", "\"'@x\""},
        {"''=x", "\"'''=x\""},
        {"'quoted'", "\"'quoted'\""},
        {"Zo\xC3\xAB", "Zo\xC3\xAB"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct csv_row row;
        char expected[128] = "1,";
        csv_row_begin(&row);
        csv_row_number(&row, 1);
        csv_row_text(&row, rows[i].text);
        csv_row_number(&row, 2);
        csv_row_end(&row);
        strcat(strcat(expected, rows[i].cell), ",2\n");
        check(&row, expected);
    }
}

/* At every place of texts of every length up to three vectors. */
static void special_anywhere(void **state)
{
    static const char special[] = {'"', ',', '\x01', '\x1F', '\x7F', '\n'};
    for (size_t size = 1; size <= 48; size++) {
        for (size_t place = 0; place < size; place++) {
            for (size_t i = 0; i < sizeof special; i++) {
                struct csv_row row;
                char text[64];
                memset(text, (int)(0x80 + i), size); /* bytes of UTF-8 are none */
                text[size] = '\0';
                csv_row_begin(&row);
                csv_row_text(&row, text);
                assert_int_equal(row.size, size);
                text[place] = special[i];
                csv_row_begin(&row);
                csv_row_text(&row, text);
                assert_int_equal(row.data[0], '"');
            }
        }
    }
}

static void numbers(void **state)
{
    struct csv_row row;
    csv_row_begin(&row);
    csv_row_number(&row, 0);
    csv_row_number(&row, UINT64_MAX);
    csv_row_code(&row, 0);
    csv_row_code(&row, 0x8004010F);
    csv_row_milliseconds(&row, 12345);
    csv_row_milliseconds(&row, 7);
    csv_row_span(&row, 3723000001u);
    csv_row_list(&row);
    csv_row_list_word(&row, true, "Logon");
    csv_row_list_word(&row, false, "OpenFolder");
    csv_row_word(&row, "");
    csv_row_text(&row, "OpenFolder");
    csv_row_list_code(&row, 0x8004010F);
    csv_row_end(&row);
    check(&row, "0,18446744073709551615,0,0x8004010F,12.345,0.007,01:02:03.0000010,Logon;OpenFolder,,OpenFolder=0x8004010F\n");
}

/* Against the C library: around the ends of years, centuries and Februaries, and anywhere. */
static void check_time(time_t seconds)
{
    struct csv_row row;
    struct tm parts;
    char expected[64];
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.123Z", gmtime_r(&seconds, &parts));
    csv_row_begin(&row);
    csv_row_time(&row, filetime_of_unix(seconds) + 1239999);
    check(&row, expected);
}

static void times(void **state)
{
    for (int year = 1970; year < 2500; year++) {
        struct tm new_year = {.tm_year = year - 1900, .tm_mday = 1}, march = {.tm_year = year - 1900, .tm_mon = 2, .tm_mday = 1};
        check_time(timegm(&new_year));
        check_time(timegm(&new_year) - 1);
        check_time(timegm(&march));
        check_time(timegm(&march) - 1);
    }
    srand(7);
    for (int i = 0; i < 100000; i++)
        check_time((time_t)rand() * 4);
}

static void too_long(void **state)
{
    struct csv_row row;
    char text[CSV_ROW_SIZE_MAX * 2];
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    csv_row_begin(&row);
    for (unsigned i = 0; i < 2000; i++) {
        csv_row_text(&row, text);
        csv_row_number(&row, UINT64_MAX);
        csv_row_time(&row, 0);
        csv_row_word(&row, "word");
    }
    csv_row_end(&row);
    assert_true(row.size <= CSV_ROW_SIZE_MAX);
    assert_int_equal(row.data[row.size - 1], '\n');

    /* A cell is cut between characters: 511 bytes and one of two bytes. */
    memset(text, 'a', CSV_ROW_TEXT_MAX - 1);
    strcpy(text + CSV_ROW_TEXT_MAX - 1, "\xC3\xAB tail");
    csv_row_begin(&row);
    csv_row_text(&row, text);
    assert_int_equal(row.size, CSV_ROW_TEXT_MAX - 1);
    assert_int_equal(row.data[row.size - 1], 'a');
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(special_anywhere), cmocka_unit_test(numbers), cmocka_unit_test(times),
                                       cmocka_unit_test(too_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
