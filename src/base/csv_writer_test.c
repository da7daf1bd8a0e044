#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/csv_writer.h"

static void assert_line(const struct csv_style *style, const char *const *cells, const char *expected)
{
    struct buffer line = {0};
    for (size_t i = 0; cells[i]; i++)
        csv_writer_text(&line, style, i == 0, cells[i]);
    csv_writer_end_line(&line, style);
    assert_string_equal(buffer_string(&line), expected);
    buffer_free(&line);
}

static void quotes_where_it_must(void **state)
{
    const char *const cells[] = {"a", "", "b,c", "say \"x\"", "two\nlines", " blank", "=1+1", "-", NULL};
    assert_line(&CSV_STYLE_PLAIN, cells, "a,,\"b,c\",\"say \"\"x\"\"\",\"two\nlines\",\" blank\",=1+1,-\n");
    assert_line(&(struct csv_style){';', true, false, "\r\n"}, (const char *const[]){"a,b", "", "\"", NULL}, "\"a,b\";\"\";\"\"\"\"\r\n");
    assert_line(&(struct csv_style){';', false, false, "\n"}, (const char *const[]){"a,b", "c;d", NULL}, "a,b;\"c;d\"\n");
}

static void spreadsheets_compute_nothing(void **state)
{
    const char *const cells[] = {"=HYPERLINK(\"x\")", "+1", "-1", "@a", "\tx", "\r", "a=b", NULL};
    assert_line(&CSV_STYLE_SPREADSHEET, cells, "\"'=HYPERLINK(\"\"x\"\")\",'+1,'-1,'@a,'\tx,\"'\r\",a=b\r\n");
    struct buffer line = {0};
    csv_writer_number(&line, &CSV_STYLE_SPREADSHEET, true, "-1");
    csv_writer_number(&line, &CSV_STYLE_SPREADSHEET, false, "2,5");
    assert_string_equal(buffer_string(&line), "-1,\"2,5\"");
    buffer_free(&line);
}

static void apostrophes_are_taken_away_again(void **state)
{
    const char *const texts[] = {"=x", "'=x", "''=x", "'x", "x", "", "'", "-5", "\t=x"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buffer cell = {0};
        csv_writer_text(&cell, &CSV_STYLE_SPREADSHEET, true, texts[i]);
        assert_string_equal(csv_writer_text_of_cell(buffer_string(&cell)), texts[i]);
        buffer_free(&cell);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(apostrophes_are_taken_away_again),
                                       cmocka_unit_test(quotes_where_it_must), cmocka_unit_test(spreadsheets_compute_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
