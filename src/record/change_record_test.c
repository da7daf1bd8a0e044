#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "record/change_record.h"
#include "record/settings_file.h"

#define ROW_COUNT 5u

static int setup(void **state)
{
    struct settings *settings;
    assert_int_equal(settings_open(":memory:", &settings), SETTINGS_OK);
    *state = settings;
    return 0;
}

static int teardown(void **state)
{
    settings_close(*state);
    return 0;
}

static void append(struct settings *settings, const char *target)
{
    json_t *before = json_pack("{s:b}", "MapiHttpEnabled", 0), *after = json_pack("{s:b}", "MapiHttpEnabled", 1);
    struct change change = {.actor = "alice@example.org", .way = "https", .address = "192.0.2.7", .operation = "Set-CasMailbox", .target = target,
                            .parameters = after, .before = before, .after = after, .succeeded = true, .error = ""};
    assert_int_equal(change_record_append(settings, &change), SETTINGS_OK);
    json_decref(before);
    json_decref(after);
}

static void append_some(struct settings *settings)
{
    for (unsigned i = 1; i <= ROW_COUNT; i++) {
        char target[16];
        snprintf(target, sizeof target, "user%u", i);
        append(settings, target);
    }
}

static void run(struct settings *settings, const char *sql)
{
    assert_int_equal(sqlite3_exec(settings->database, sql, NULL, NULL, NULL), SQLITE_OK);
}

static const char *text(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static void rows_come_newest_first(void **state)
{
    struct settings *settings = *state;
    json_t *rows;
    assert_int_equal(change_record_list(settings, 0, 10, &rows), SETTINGS_OK);
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
    append_some(settings);
    assert_int_equal(change_record_list(settings, 0, 2, &rows), SETTINGS_OK);
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(text(json_array_get(rows, 0), "ObjectModified"), "user5");
    uint64_t row = (uint64_t)json_integer_value(json_object_get(json_array_get(rows, 1), "Row"));
    assert_int_equal(row, 4);
    json_decref(rows);
    assert_int_equal(change_record_list(settings, row, 100, &rows), SETTINGS_OK);
    assert_int_equal(json_array_size(rows), 3);
    assert_string_equal(text(json_array_get(rows, 0), "ObjectModified"), "user3");
    json_decref(rows);
}

static void a_row_says_who_what_and_from_where(void **state)
{
    json_t *rows;
    append(*state, "bob@example.org");
    assert_int_equal(change_record_list(*state, 0, 1, &rows), SETTINGS_OK);
    const json_t *row = json_array_get(rows, 0);
    assert_string_equal(text(row, "Caller"), "alice@example.org");
    assert_string_equal(text(row, "Way"), "https");
    assert_string_equal(text(row, "ClientAddress"), "192.0.2.7");
    assert_string_equal(text(row, "CmdletName"), "Set-CasMailbox");
    assert_string_equal(text(row, "ObjectModified"), "bob@example.org");
    assert_true(json_is_true(json_object_get(row, "Succeeded")));
    assert_string_equal(text(row, "Error"), "");
    assert_int_equal(strlen(text(row, "RunDate")), strlen("2026-08-01T20:29:56Z"));
    assert_true(json_is_false(json_object_get(json_object_get(row, "Before"), "MapiHttpEnabled")));
    assert_true(json_is_true(json_object_get(json_object_get(row, "After"), "MapiHttpEnabled")));
    json_decref(rows);
}

static void the_chain_holds(void **state)
{
    uint64_t count = 99, bad = 99;
    assert_int_equal(change_record_verify(*state, &count, &bad), SETTINGS_OK);
    assert_int_equal(count, 0);
    append_some(*state);
    assert_int_equal(change_record_verify(*state, &count, &bad), SETTINGS_OK);
    assert_int_equal(count, ROW_COUNT);
    assert_int_equal(bad, 99);
}

/* Each way of tampering, and the row at which it shows. */
static void tampering_shows(void **state)
{
    static const struct { const char *sql; uint64_t row; } deeds[] = {
        {"UPDATE change SET content=replace(content, 'user3', 'user9') WHERE number=3", 3},
        {"DELETE FROM change WHERE number=2", 2},
        {"DELETE FROM change WHERE number=1", 1},
        {"DELETE FROM change WHERE number=5", 5},
        {"DELETE FROM change WHERE number>=4", 4},
        {"DELETE FROM change", 1},
        {"UPDATE change SET hash=zeroblob(32) WHERE number=5", 5},
        {"UPDATE change SET hash=x'00' WHERE number=1", 1},
        {"INSERT INTO change SELECT 6, content, hash FROM change WHERE number=5", 6},
        {"UPDATE change SET number=number+1 WHERE number=5", 5},
        {"UPDATE change_end SET number=4", 6},
    };
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        struct settings *settings;
        uint64_t count = 99, bad = 0;
        assert_int_equal(settings_open(":memory:", &settings), SETTINGS_OK);
        append_some(settings);
        run(settings, deeds[i].sql);
        if (change_record_verify(settings, &count, &bad) != SETTINGS_CORRUPT || bad != deeds[i].row)
            fail_msg("%s: row %llu", deeds[i].sql, (unsigned long long)bad);
        assert_int_equal(count, 99);
        settings_close(settings);
    }
    (void)state;
}

/* A row that cannot be chained to an end that is wrong is not written. */
static void nothing_is_appended_to_a_broken_end(void **state)
{
    struct settings *settings = *state;
    struct change change = {.actor = "root", .way = "local", .operation = "Set-Mailbox"};
    append_some(settings);
    run(settings, "UPDATE change_end SET hash=x'00'");
    assert_int_equal(change_record_append(settings, &change), SETTINGS_CORRUPT);
    json_t *rows;
    assert_int_equal(change_record_list(settings, 0, 100, &rows), SETTINGS_OK);
    assert_int_equal(json_array_size(rows), ROW_COUNT);
    json_decref(rows);
    run(settings, "DROP TABLE change_end");
    assert_int_equal(change_record_append(settings, &change), SETTINGS_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_newest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_says_who_what_and_from_where, setup, teardown),
        cmocka_unit_test_setup_teardown(the_chain_holds, setup, teardown),
        cmocka_unit_test(tampering_shows),
        cmocka_unit_test_setup_teardown(nothing_is_appended_to_a_broken_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
