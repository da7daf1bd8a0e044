/* The CSV logs as they are read: rows, conditions, files one after the other, followed. docs/logs.md. */
#include "base/filetime.h"
#include "cli/log_condition.h"
#include "cli/log_source.h"
#include "record/csv_row.h"
#include "record/protocol_log_files.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* --- rows --- */

static struct log_fields fields_of(const char *names)
{
    struct log_fields fields;
    char line[200];
    snprintf(line, sizeof line, "#Fields: %s", names);
    assert_true(log_fields_read(line, strlen(line), &fields));
    return fields;
}

/* What csv_row.c writes comes back, whatever a client had sent. */
static void test_written_rows(void **state)
{
    static const char *const texts[] = {"plain", "", "a, b", "say \"no\"", "=1+1", "'=1", "''@x", "-5", "'quoted'", "x' y", "gr\xC3\xBC\xC3\x9F", "\"", ",", "#x"};
    struct log_fields fields = fields_of("date-time,cell,number");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct csv_row written;
        struct log_row row;
        csv_row_begin(&written);
        csv_row_time(&written, FILETIME_UNIX_EPOCH);
        csv_row_text(&written, texts[i]);
        csv_row_number(&written, 7);
        csv_row_end(&written);
        assert_true(written.size && written.data[written.size - 1] == '\n');
        assert_true(log_row_read(&fields, written.data, written.size - 1, &row));
        assert_string_equal(row.cells[0], "1970-01-01T00:00:00.000Z");
        assert_string_equal(row.cells[1], texts[i]);
        assert_string_equal(row.cells[2], "7");
        log_row_free(&row);
    }
    log_fields_free(&fields);
}

static void test_bad_rows(void **state)
{
    static const char *const lines[] = {"a", "a,b,c", "\"a,b", "\"a\"b,c", "a,b\rc,d", ""};
    struct log_fields fields = fields_of("one,two"), other;
    struct log_row row;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (log_row_read(&fields, lines[i], strlen(lines[i]), &row))
            fail_msg("'%s' is a row", lines[i]);
    assert_false(log_row_read(&fields, "a\0,b", 4, &row));
    assert_false(log_fields_read("#Date: x", 8, &other));
    assert_false(log_fields_read("#Fields: \"a", 11, &other));
    char *many = malloc(3000);
    strcpy(many, "#Fields: a");
    for (int i = 0; i < 300; i++)
        strcat(many, ",a");
    assert_false(log_fields_read(many, strlen(many), &other)); /* more than LOG_FIELDS_MAX */
    free(many);
    assert_int_equal(log_field_find(&fields, "TWO"), 1);
    assert_int_equal(log_field_find(&fields, "t-w_o"), 1);
    assert_int_equal(log_field_find(&fields, "tw"), -1);
    log_fields_free(&fields);
}

/* --- conditions --- */

static bool holds(const char *text, const char *cell)
{
    struct log_condition condition;
    struct log_row row = {.count = 1, .cells = {(char *)(uintptr_t)cell}};
    if (!log_condition_parse(text, &condition))
        fail_msg("'%s' is no condition", text);
    bool result = log_condition_holds(&condition, &row, 0);
    log_condition_free(&condition);
    return result;
}

static void test_conditions(void **state)
{
    assert_true(holds("User=Ada", "ada"));
    assert_false(holds("User=ada", "ada2"));
    assert_true(holds("User=a*", "Ada"));
    assert_true(holds("User!=a*", "bob"));
    assert_true(holds("User=", ""));
    assert_true(holds("User~D", "ada"));
    assert_false(holds("User~x", "ada"));
    assert_true(holds("Status>=400", "401"));
    assert_true(holds("Status>=400", "400"));
    assert_false(holds("Status>400", "400"));
    assert_true(holds("Status<=400", "400"));
    assert_false(holds("Status<400", "400"));
    assert_true(holds("Status<400", "9")); /* as numbers */
    assert_false(holds("Status<400", "")); /* none */
    assert_false(holds("Status>1", "many"));
    assert_true(holds("total-time>12", "00:00:00.0123450"));
    assert_false(holds("total-time>13", "00:00:00.0123450"));
    assert_true(holds("total-time>3600000", "01:00:00.0010000"));
    assert_true(holds("rpc-status>0", "0x8004010F"));
    assert_true(holds("text=a=b", "a=b"));
    struct log_condition condition;
    for (const char *const *bad = (const char *const[]){"", "User", "=x", "User:x", "Status>many", "Status>", "Status>1x", "a b=c", "Status>inf", "Status>nan", NULL}; *bad; bad++)
        if (log_condition_parse(*bad, &condition))
            fail_msg("'%s' is a condition", *bad);
}

/* --- files --- */

struct folder {
    char path[64];
};

static void make_folder(struct folder *folder)
{
    strcpy(folder->path, "/tmp/log_test_XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static void append(const struct folder *folder, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void remove_file(const struct folder *folder, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    assert_int_equal(unlink(path), 0);
}

#define HEAD "#Software: mapihttp\n#Fields: date-time,what\n"

/* The second cells of the next rows, joined; ends at the end of what there is. */
static void reads(struct log_source *source, const char *needle, const char *wanted)
{
    const struct log_fields *fields;
    const struct log_row *row;
    char got[200] = "";
    enum log_source_status status;
    while ((status = log_source_next(source, needle, &fields, &row)) == LOG_SOURCE_ROW)
        strcat(got, row->cells[log_field_find(fields, "what")]);
    assert_int_equal(status, LOG_SOURCE_END);
    assert_string_equal(got, wanted);
}

/* In order of period and number (10 after 9), whatever the fields are called; followed through a line that comes in two pieces, a file that comes
 * and one that goes. */
static void test_files(void **state)
{
    struct folder folder;
    make_folder(&folder);
    append(&folder, "MAPI_2026112208-10.LOG", HEAD "t,d\n");
    append(&folder, "MAPI_2026112208-9.LOG", HEAD "t,c\n");
    append(&folder, "MAPI_2026112207-1.LOG", HEAD "t,a\n#Dropped: 3 rows\nnot a row\nt,b\nt,half");
    append(&folder, "MAPI_2026112209-1.LOG", "#Fields: what,date-time,more\r\ne,t,x\r\n");
    append(&folder, "MAPIAB_2026112209-1.LOG", HEAD "t,X\n");
    append(&folder, "MAPI_2026112209-1.LOG.gz", "t,Y\n");
    struct log_source *source = log_source_new(folder.path, "MAPI_", 0, 0);
    assert_non_null(source);
    reads(source, NULL, "abcde");
    assert_int_equal(log_source_bad_line_count(source), 2); /* and the half row */
    reads(source, NULL, "");
    append(&folder, "MAPI_2026112209-1.LOG", "f,t");
    reads(source, NULL, "");
    append(&folder, "MAPI_2026112209-1.LOG", ",x\n");
    reads(source, NULL, "f");
    append(&folder, "MAPI_2026112209-1.LOG", "g,t,x\n");
    append(&folder, "MAPI_2026112210-1.LOG", HEAD "t,h\n");
    remove_file(&folder, "MAPI_2026112209-1.LOG"); /* what was written to it before is read */
    reads(source, NULL, "gh");
    log_source_free(source);
    source = log_source_new(folder.path, "MAPI_", 0, 0);
    reads(source, "T,C", "c");
    log_source_free(source);
    for (const char *const *name = (const char *const[]){"MAPI_2026112208-10.LOG", "MAPI_2026112208-9.LOG", "MAPI_2026112207-1.LOG", "MAPIAB_2026112209-1.LOG",
                                                         "MAPI_2026112209-1.LOG.gz", "MAPI_2026112210-1.LOG", NULL}; *name; name++)
        remove_file(&folder, *name);
    source = log_source_new(folder.path, "MAPI_", 0, 0);
    reads(source, NULL, "");
    append(&folder, "MAPI_2026112211-1.LOG", HEAD "t,first\n"); /* where there was none */
    reads(source, NULL, "first");
    log_source_free(source);
    remove_file(&folder, "MAPI_2026112211-1.LOG");
    rmdir(folder.path);
}

/* Files of another time are not opened; those by day are one file for all their hours. */
static void test_periods(void **state)
{
    struct folder folder;
    const uint64_t hour = 3600 * FILETIME_PER_SECOND, nine = FILETIME_UNIX_EPOCH + 1795338000ull * FILETIME_PER_SECOND; /* 2026-11-22T09:00 */
    static const char *const names[] = {"MAPI_20261120-1.LOG", "MAPI_20261122-1.LOG", "MAPI_2026112208-1.LOG", "MAPI_2026112209-1.LOG",
                                        "MAPI_2026112210-1.LOG", "MAPI_2026112211-1.LOG"};
    make_folder(&folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[80];
        snprintf(text, sizeof text, HEAD "t,%zu\n", i);
        append(&folder, names[i], text);
    }
    struct log_source *source = log_source_new(folder.path, "MAPI_", nine, 0);
    reads(source, NULL, "1345");
    log_source_free(source);
    source = log_source_new(folder.path, "MAPI_", nine, nine); /* an hour more: a row is written when the request is answered */
    reads(source, NULL, "134");
    log_source_free(source);
    source = log_source_new(folder.path, "MAPI_", 0, nine - hour);
    reads(source, NULL, "0123");
    log_source_free(source);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove_file(&folder, names[i]);
    rmdir(folder.path);
}

/* Exchange's files: the names of the fields come without a mark first. Lines of any length do no harm. */
static void test_strange_files(void **state)
{
    struct folder folder;
    char path[200], *large = malloc(400000);
    make_folder(&folder);
    memset(large, 'x', 399998);
    strcpy(large + 399998, "\n");
    append(&folder, "x.LOG", "DateTime,what\n#Software: Microsoft Exchange Server\n#Fields: DateTime,what\nt,a\n");
    append(&folder, "x.LOG", large);
    append(&folder, "x.LOG", "t,b\n");
    snprintf(path, sizeof path, "%s/x.LOG", folder.path);
    struct log_source *source = log_source_new_file(path);
    assert_non_null(source);
    reads(source, NULL, "ab");
    assert_int_equal(log_source_bad_line_count(source), 1);
    log_source_free(source);
    remove_file(&folder, "x.LOG");
    assert_null(log_source_new_file(path));
    append(&folder, "x.LOG", "t,no fields\n");
    source = log_source_new_file(path);
    reads(source, NULL, "");
    assert_int_equal(log_source_bad_line_count(source), 1);
    log_source_free(source);
    remove_file(&folder, "x.LOG");
    rmdir(folder.path);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_rows), cmocka_unit_test(test_bad_rows), cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_files),        cmocka_unit_test(test_periods),  cmocka_unit_test(test_strange_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
