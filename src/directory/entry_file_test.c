/* CSV and LDIF files: what is read from them, and where the line is that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "directory/entry_file.h"

struct reading {
    struct arena arena;
    struct buffer text;
    uint32_t count;
    struct entry_record *records;
    const char *error;
};

static bool read_text(struct reading *reading, enum entry_file_format format, const char *text)
{
    *reading = (struct reading){0};
    assert_true(buffer_append_string(&reading->text, text));
    return entry_file_read(&reading->arena, format, &reading->text, &reading->count, &reading->records, &reading->error);
}

static void end(struct reading *reading)
{
    arena_free(&reading->arena);
    buffer_free(&reading->text);
}

static const char *value_of(struct reading *reading, uint32_t record, const char *name)
{
    for (uint32_t i = 0; i < reading->records[record].field_count; i++) {
        const struct entry_field *field = &reading->records[record].fields[i];
        if (strcmp(field->name, name) == 0)
            return arena_string_of(&reading->arena, field->value);
    }
    return NULL;
}

static void assert_refused(enum entry_file_format format, const char *text, const char *error)
{
    struct reading reading;
    assert_false(read_text(&reading, format, text));
    assert_string_equal(reading.error, error);
    end(&reading);
}

static void csv_quotes_lines_and_separators(void **state)
{
    (void)state;
    struct reading reading;
    assert_true(read_text(&reading, ENTRY_FILE_CSV, "\xEF\xBB\xBF" "account;displayName;info\r\n"
                                                    "ada;\"Lovelace; Ada\";\"says \"\"hello\"\"\nand goes\"\r\n"
                                                    "\r\n"
                                                    "bob;Bob;\r\n"));
    assert_int_equal(reading.count, 2);
    assert_int_equal(reading.records[0].line, 2);
    assert_string_equal(value_of(&reading, 0, "displayName"), "Lovelace; Ada");
    assert_string_equal(value_of(&reading, 0, "info"), "says \"hello\"\nand goes");
    assert_string_equal(value_of(&reading, 1, "account"), "bob");
    assert_null(value_of(&reading, 1, "info"));
    assert_int_equal(reading.records[1].line, 5);
    end(&reading);
}

static void csv_without_an_end_of_line(void **state)
{
    (void)state;
    struct reading reading;
    assert_true(read_text(&reading, ENTRY_FILE_CSV, "account,title\nada,Countess"));
    assert_int_equal(reading.count, 1);
    assert_string_equal(value_of(&reading, 0, "title"), "Countess");
    end(&reading);
    assert_true(read_text(&reading, ENTRY_FILE_CSV, ""));
    assert_int_equal(reading.count, 0);
    end(&reading);
}

static void bad_csv_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused(ENTRY_FILE_CSV, "account,title\nada,b,c\n", "line 2: more values than columns");
    assert_refused(ENTRY_FILE_CSV, "account,\nada,b\n", "line 1: a column without a name");
    assert_refused(ENTRY_FILE_CSV, "account,title\nada,\"open\n", "line 2: a quoted value has no end");
}

static void ldif_base64_continuation_and_comments(void **state)
{
    (void)state;
    struct reading reading;
    assert_true(read_text(&reading, ENTRY_FILE_LDIF, "version: 1\n\n"
                                                     "# a comment\n that goes on\n"
                                                     "dn: uid=ada,dc=example\n"
                                                     "cn: Ada\n  Lovelace\n"
                                                     "sn;lang-en:: TG92ZWxhY2U=\n"
                                                     "jpegPhoto;binary:: AAEC\n\n\n"
                                                     "dn: uid=bob,dc=example\r\ncn: Bob\r\n"));
    assert_int_equal(reading.count, 2);
    assert_int_equal(reading.records[0].line, 5);
    assert_string_equal(reading.records[0].fields[0].name, "dn");
    assert_string_equal(value_of(&reading, 0, "cn"), "Ada Lovelace");
    assert_string_equal(value_of(&reading, 0, "sn"), "Lovelace");
    const struct entry_field *photo = &reading.records[0].fields[3];
    assert_string_equal(photo->name, "jpegPhoto");
    assert_true(bytes_equal(photo->value, bytes_of("\0\1\2", 3)));
    assert_string_equal(value_of(&reading, 1, "cn"), "Bob");
    assert_int_equal(reading.records[1].line, 12);
    end(&reading);
}

static void bad_ldif_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused(ENTRY_FILE_LDIF, "cn: Ada\n", "line 1: a record begins with 'dn:'");
    assert_refused(ENTRY_FILE_LDIF, "dn: a\nnonsense\n", "line 2: a line without ':'");
    assert_refused(ENTRY_FILE_LDIF, "dn: a\ndn: b\n", "line 2: a second 'dn:' in a record");
    assert_refused(ENTRY_FILE_LDIF, "dn: a\nchangetype: delete\n", "line 2: a change record; only entries are taken");
    assert_refused(ENTRY_FILE_LDIF, "dn: a\njpegPhoto:< file:///etc/passwd\n", "line 2: values from URLs are not fetched");
    assert_refused(ENTRY_FILE_LDIF, "dn: a\ncn:: $$$$\n", "line 2: not a 'name: value' line");
}

static void too_many_fields_are_refused(void **state)
{
    (void)state;
    struct reading reading = {0};
    buffer_append_string(&reading.text, "dn: a\n");
    for (unsigned i = 0; i < ENTRY_FILE_FIELDS_MAX; i++)
        buffer_append_string(&reading.text, "member: b\n");
    assert_false(entry_file_read(&reading.arena, ENTRY_FILE_LDIF, &reading.text, &reading.count, &reading.records, &reading.error));
    assert_string_equal(reading.error, "line 1: too many fields");
    end(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_quotes_lines_and_separators),
        cmocka_unit_test(csv_without_an_end_of_line),
        cmocka_unit_test(bad_csv_is_refused_with_its_line),
        cmocka_unit_test(ldif_base64_continuation_and_comments),
        cmocka_unit_test(bad_ldif_is_refused_with_its_line),
        cmocka_unit_test(too_many_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
