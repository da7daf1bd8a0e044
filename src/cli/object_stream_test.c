/* Objects coming in and going out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/object_input.h"
#include "cli/object_list.h"
#include "cli/object_output.h"
#include "operation/object_property.h"

/* --- in --- */

/* All values of a text, joined by blanks; '!' and the error at the end where it fails. */
static char *read_all(const char *text, size_t size, bool *ret_empty)
{
    struct buffer result = {0};
    FILE *file = fmemopen((char *)text, size ? size : 1, "r");
    if (!size)
        (void)getc(file);
    struct object_input *input = object_input_new(file);
    json_t *object;
    const char *error = NULL;
    enum object_input_status status;
    while ((status = object_input_next(input, &object, &error)) == OBJECT_INPUT_OK) {
        char *dumped = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
        buffer_append_format(&result, "%s%s", result.size ? " " : "", dumped);
        free(dumped);
        json_decref(object);
    }
    if (status == OBJECT_INPUT_FAILED) {
        buffer_append_format(&result, "%s!%s", result.size ? " " : "", error);
        assert_int_equal(object_input_next(input, &object, &error), OBJECT_INPUT_FAILED);
    }
    *ret_empty = object_input_was_empty(input);
    object_input_free(input);
    fclose(file);
    char *copy = strdup(buffer_string(&result));
    buffer_free(&result);
    return copy;
}

static void test_input(void **state)
{
    static const char *const rows[][2] = {
        {"{\"a\":1}\n{\"a\":2}\n", "{\"a\":1} {\"a\":2}"},
        {"{\"a\":1}{\"a\":2}", "{\"a\":1} {\"a\":2}"},
        {"[\n {\"a\": 1},\n {\"a\": 2}\n]\n", "{\"a\":1} {\"a\":2}"},
        {"[]{\"a\":1}", "{\"a\":1}"},
        {"{\n \"a\": {\n \"b\": 1 }}\n", "{\"a\":{\"b\":1}}"},
        {"ada\nbob@example.org \r\n\n5\n", "\"ada\" \"bob@example.org\" \"5\""},
        {"\"ada\"\n", "\"ada\""},
        {"\n", ""},
        {"{\"a\":1}\n{\"a\":\n", "{\"a\":1} !line 3 of what came by the pipe: no JSON"},
        {"{\"a\":1,\"a\":2}", "!line 1 of what came by the pipe: no JSON"},
        {"[1]", "!line 1 of what came by the pipe: neither an object nor a text"},
        {"[[{}]]", "!line 1 of what came by the pipe: neither an object nor a text"},
        {"x\n\xFF\xFE\n", "\"x\" !line 2 of what came by the pipe: neither JSON nor text in UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool empty;
        char *result = read_all(rows[i][0], strlen(rows[i][0]), &empty);
        if (strncmp(result, rows[i][1], strchr(rows[i][1], '!') ? strlen(rows[i][1]) : strlen(result) + 1) != 0)
            fail_msg("'%s': '%s' instead of '%s'", rows[i][0], result, rows[i][1]);
        assert_false(empty);
        free(result);
    }
}

static void test_nothing_is_told_from_no_objects(void **state)
{
    bool empty;
    free(read_all("", 0, &empty));
    assert_true(empty);
    free(read_all("\n", 1, &empty));
    assert_false(empty);
}

static void test_input_limits(void **state)
{
    bool empty;
    size_t size = OBJECT_INPUT_LINE_SIZE_MAX + 1;
    char *line = malloc(size);
    memset(line, 'x', size);
    char *result = read_all(line, size, &empty);
    assert_non_null(strstr(result, "too long"));
    free(result);
    free(line);
    size = OBJECT_INPUT_SIZE_MAX + 10;
    line = malloc(size);
    memset(line, ' ', size);
    line[0] = '[';
    result = read_all(line, size, &empty);
    assert_non_null(strstr(result, "too large"));
    free(result);
    free(line);
}

/* --- out --- */

static char *write_all(const char *const *objects, const struct object_output_settings *settings)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    struct object_output *output = object_output_new(file, settings);
    for (; *objects; objects++)
        assert_true(object_output_put(output, json_loads(*objects, JSON_DECODE_ANY, NULL)));
    assert_true(object_output_end(output));
    fclose(file);
    return text;
}

static void check_output(enum object_form form, const char *const *objects, const char *expected)
{
    const struct object_output_settings settings = {.form = form, .mark_empty = true};
    char *text = write_all(objects, &settings);
    assert_string_equal(text, expected);
    free(text);
}

static const char *const two[] = {"{\"Name\": \"ada\", \"Size\": 5, \"On\": true, \"List\": [\"a\", \"b\"]}",
                                  "{\"Name\": \"eve, =x\", \"Size\": 12, \"On\": false, \"List\": []}", NULL};
static const char *const none[] = {NULL};

static void test_forms(void **state)
{
    check_output(OBJECT_FORM_TABLE, two, "Name     Size  On     List\nada         5  True   {a, b}\neve, =x    12  False  {}\n");
    check_output(OBJECT_FORM_STANDARD, two, "Name     Size  On     List\nada         5  True   {a, b}\neve, =x    12  False  {}\n");
    check_output(OBJECT_FORM_LIST, two, "Name : ada\nSize : 5\nOn   : True\nList : {a, b}\n\nName : eve, =x\nSize : 12\nOn   : False\nList : {}\n");
    check_output(OBJECT_FORM_LINES, two, "{\"Name\":\"ada\",\"Size\":5,\"On\":true,\"List\":[\"a\",\"b\"]}\n"
                                         "{\"Name\":\"eve, =x\",\"Size\":12,\"On\":false,\"List\":[]}\n");
    check_output(OBJECT_FORM_CSV, two, "Name,Size,On,List\r\nada,5,True,a;b\r\n\"eve, =x\",12,False,\r\n");
    check_output(OBJECT_FORM_JSON, (const char *const[]){"{\"a\": 1}", "{\"a\": 2}", NULL}, "[\n  {\"a\": 1},\n  {\"a\": 2}\n]\n");
    check_output(OBJECT_FORM_LINES, (const char *const[]){"\"ada\"", "5", NULL}, "\"ada\"\n5\n");
    check_output(OBJECT_FORM_JSON, (const char *const[]){"\"ada\"", NULL}, "[\n  \"ada\"\n]\n");
    check_output(OBJECT_FORM_STANDARD, (const char *const[]){"\"ada\"", "5", NULL}, "ada\n5\n");
    check_output(OBJECT_FORM_JSON, none, "[]\n");
    check_output(OBJECT_FORM_LINES, none, "\n");
    check_output(OBJECT_FORM_TABLE, none, "");
}

static void test_output_is_harmless(void **state)
{
    check_output(OBJECT_FORM_CSV, (const char *const[]){"{\"a\": \"=1\", \"b\": -1}", NULL}, "a,b\r\n'=1,-1\r\n");
    check_output(OBJECT_FORM_TABLE, (const char *const[]){"{\"a\": \"x\\u001b[2Jy\\u009bz\", \"b\": \"l\\nm\"}", NULL},
                 "a         b\nx\xEF\xBF\xBD[2Jy\xEF\xBF\xBDz  l\xEF\xBF\xBDm\n");
    check_output(OBJECT_FORM_LIST, (const char *const[]){"{\"a\\u0007\": \"\\u001b]0;x\"}", NULL}, "a\xEF\xBF\xBD : \xEF\xBF\xBD]0;x\n");
}

static void test_tables_of_named_columns(void **state)
{
    static const struct operation_column columns[] = {{"size", true}, {"N*", false}, {"Missing", false}, {NULL, false}};
    const struct object_output_settings settings = {.form = OBJECT_FORM_TABLE, .columns = columns, .properties_wild = true};
    char *text = write_all(two, &settings);
    assert_string_equal(text, "Size  Name     Missing\n   5  ada      \n  12  eve, =x  \n");
    free(text);
    const struct object_output_settings bare = {.form = OBJECT_FORM_TABLE, .columns = columns + 1, .properties_wild = true, .no_head = true};
    text = write_all((const char *const[]){"{\"None\": 1}", NULL}, &bare);
    assert_string_equal(text, "   1  \n");
    free(text);
}

/* Those of an operation's table that its objects do not have are left out; one that any has stays, and null is there. */
static void test_tables_without_what_no_object_has(void **state)
{
    static const struct operation_column columns[] = {{"Date", false}, {"Name", false}, {"Size", true}, {"Late", false}, {"Null", false}, {NULL, false}};
    const struct object_output_settings settings = {.form = OBJECT_FORM_TABLE, .columns = columns};
    char *text = write_all((const char *const[]){"{\"Name\": \"ada\", \"Size\": 5, \"Null\": null}", "{\"Name\": \"eve\", \"Late\": \"x\"}", NULL}, &settings);
    assert_string_equal(text, "Name  Size  Late  Null\nada      5        \neve         x     \n");
    free(text);
    text = write_all((const char *const[]){"{\"Other\": 1}", NULL}, &settings); /* not a table without any column */
    assert_string_equal(text, "Date  Name  Size  Late  Null\n                        \n");
    free(text);
}

static void test_long_tables_go_on_after_the_held_rows(void **state)
{
    char *text = NULL;
    size_t size, lines = 0;
    const struct object_output_settings settings = {.form = OBJECT_FORM_TABLE};
    FILE *file = open_memstream(&text, &size);
    struct object_output *output = object_output_new(file, &settings);
    for (int i = 0; i < 1201; i++)
        assert_true(object_output_put(output, json_pack("{s:i}", "Number", i)));
    assert_true(object_output_end(output));
    fclose(file);
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 1202);
    assert_non_null(strstr(text, "\n   499\n   500\n   501\n"));
    assert_non_null(strstr(text, "\n  1200\n"));
    free(text);
}

/* --- properties --- */

static void test_properties(void **state)
{
    json_t *object = json_loads("{\"Name\": \"x\", \"Inner\": {\"Deep\": {\"End\": 5}}, \"A.B\": 1}", 0, NULL);
    const char *spelling = NULL;
    assert_string_equal(json_string_value(object_property(object, "NAME", &spelling)), "x");
    assert_string_equal(spelling, "Name");
    assert_int_equal(json_integer_value(object_property(object, "inner.deep.end", NULL)), 5);
    assert_int_equal(json_integer_value(object_property(object, "a.b", NULL)), 1);
    assert_null(object_property(object, "Nam", NULL));
    assert_null(object_property(object, "Name.End", NULL));
    assert_null(object_property(object, "", NULL));
    json_decref(object);
}

static void test_order(void **state)
{
    static const char *const rising[] = {"null", "-1", "\"2\"", "10", "\"1KB\"", "\"2026-08-01T00:00:00Z\"", "\"2026-08-02T00:00:00Z\"", "\"a\"", "\"B\"", "\"\\u00c9\""};
    size_t count = sizeof rising / sizeof *rising;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            json_t *a = json_loads(rising[i], JSON_DECODE_ANY, NULL), *b = json_loads(rising[j], JSON_DECODE_ANY, NULL);
            int order = object_compare(a, b);
            if ((order > 0) - (order < 0) != (i > j) - (i < j))
                fail_msg("%s against %s: %d", rising[i], rising[j], order);
            json_decref(a);
            json_decref(b);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_nothing_is_told_from_no_objects),
        cmocka_unit_test(test_input_limits),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_output_is_harmless),
        cmocka_unit_test(test_tables_of_named_columns), cmocka_unit_test(test_tables_without_what_no_object_has),
        cmocka_unit_test(test_long_tables_go_on_after_the_held_rows),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
