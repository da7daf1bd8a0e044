/* The comparison must see what differs, and only that. */
#include "mail/mail_testing.h"

#include <glib.h>

#include "mail/mail_comparison.h"

#define MAIL(headers, content) "From: Ann <a@x>\nTo: b@x\nSubject: s\nDate: Tue, 10 Mar 2026 10:00:00 +0100\n" headers "\n" content

static void collect(void *data, const struct mail_difference *difference)
{
    buffer_append_format(data, "%s%s;", difference->where, difference->tolerated ? " accepted" : "");
}

static void expect(const char *original, const char *other, const char *expected)
{
    struct buffer found = {0};
    (void)mail_compare(bytes_of_string(original), bytes_of_string(other), collect, &found);
    assert_string_equal(buffer_string(&found), expected);
    buffer_free(&found);
}

static void equal_is_equal_however_it_is_encoded(void **state)
{
    expect(MAIL("", "text\n"), MAIL("", "text\n"), "");
    expect(MAIL("", "text\n"), "Date: Tue, 10 Mar 2026 09:00:00 +0000\r\nSubject:  s\r\nTo: <b@x>\r\nFrom: \"Ann\" <a@x>\r\n\r\ntext", "");
    expect(MAIL("Content-Type: text/plain; charset=iso-8859-1\n", "\xE9\n"),
        MAIL("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n", "w6kK\n"), "");
    expect(MAIL("Content-Type: image/png\nContent-Transfer-Encoding: base64\n", "YWJj\n"),
        MAIL("Content-Type: multipart/mixed; boundary=b\n", "--b\nContent-Type: image/png\nContent-Transfer-Encoding: quoted-printable\n\nabc\n--b--\n"), "");
}

static void every_difference_is_seen(void **state)
{
    expect(MAIL("", "text\n"), "From: Ann <a@x>\nTo: b@x\nSubject: t\nDate: Tue, 10 Mar 2026 10:00:00 +0100\n\ntext\n", "Subject;");
    expect(MAIL("", "text\n"), "From: Eve <a@x>\nTo: b@x\nSubject: s\nDate: Tue, 10 Mar 2026 10:00:00 +0100\n\ntext\n", "From;");
    expect(MAIL("", "text\n"), "From: Ann <a@x>\nTo: c@x\nSubject: s\nDate: Tue, 10 Mar 2026 10:00:00 +0100\n\ntext\n", "To;");
    expect(MAIL("", "text\n"), "From: Ann <a@x>\nTo: b@x\nSubject: s\nDate: Tue, 10 Mar 2026 10:00:01 +0100\n\ntext\n", "Date;");
    expect(MAIL("Cc: c@x\n", "text\n"), MAIL("", "text\n"), "Cc;");
    expect(MAIL("Message-ID: <1@x>\n", "text\n"), MAIL("", "text\n"), "Message-Id;");
    expect(MAIL("", "text\n"), MAIL("", "other\n"), "part text/plain;");
    expect(MAIL("", "text\n"), MAIL("Content-Type: text/html\n", "text\n"), "part that is gone;part that is new;");
}

#define ATTACHED(type, name, data) \
    MAIL("Content-Type: multipart/mixed; boundary=b\n", \
        "--b\n\ntext\n--b\nContent-Type: " type "\nContent-Disposition: attachment; filename=" name "\n\n" data "\n--b--\n")

static void attachments_by_name_type_and_content(void **state)
{
    expect(ATTACHED("image/png", "a", "1"), ATTACHED("image/png", "a", "1"), "");
    expect(ATTACHED("image/png", "a", "1"), ATTACHED("image/png", "a", "2"), "part image/png a;");
    expect(ATTACHED("image/png", "a", "1"), ATTACHED("image/png", "b", "1"), "part that is gone;part that is new;");
    expect(ATTACHED("image/png", "a", "1"), ATTACHED("image/gif", "a", "1"), "part that is gone;part that is new;");
    expect(ATTACHED("image/png", "a", "1"), MAIL("", "text\n"), "part that is gone;");
    expect(ATTACHED("text/csv", "a", "1\n2"), ATTACHED("text/csv", "a", "1\r\n2"), "a accepted;"); /* line endings of a text */
    expect(ATTACHED("image/png", "a", "1\n2"), ATTACHED("image/png", "a", "1\r\n2"), "part image/png a;"); /* but not of others */
}

static void messages_inside_by_the_same_rules(void **state)
{
    expect(ATTACHED("message/rfc822", "m", "Subject: i\n\nx"), ATTACHED("message/rfc822", "m", "Subject: i\n\nx"), "");
    expect(ATTACHED("message/rfc822", "m", "Subject: i\n\nx"), ATTACHED("message/rfc822", "m", "Subject: j\n\ny"),
        "message 2: Subject;message 2: part text/plain;");
}

static void accepted_differences_are_counted_apart(void **state)
{
    struct mail_comparison result = mail_compare(bytes_of_string(MAIL("", "")), BYTES_LITERAL("From: \"Ann\" <a@x>\nTo: \"b@x\" <b@x>\nSubject: s\n"
        "Date: Tue, 10 Mar 2026 10:00:00 +0100\n\n"), NULL, NULL);
    assert_int_equal(result.difference_count, 0);
    assert_int_equal(result.tolerated_count, 1); /* the name repeats the address */
    assert_false(result.unreadable);
}

static void keys_of_equal_mails_are_equal(void **state)
{
    char *one = mail_comparison_key(bytes_of_string(MAIL("Message-ID: <1@x>\n", "a\n")));
    char *same = mail_comparison_key(BYTES_LITERAL("Message-Id: <1@x>\r\nSubject: =?utf-8?Q?s?=\r\n\r\nb"));
    char *other = mail_comparison_key(bytes_of_string(MAIL("Message-ID: <2@x>\n", "a\n")));
    char *none = mail_comparison_key(BYTES_NONE);
    assert_string_equal(one, same);
    assert_string_not_equal(one, other);
    assert_non_null(none);
    g_free(one);
    g_free(same);
    g_free(other);
    g_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_is_equal_however_it_is_encoded),
        cmocka_unit_test(every_difference_is_seen),
        cmocka_unit_test(attachments_by_name_type_and_content),
        cmocka_unit_test(messages_inside_by_the_same_rules),
        cmocka_unit_test(accepted_differences_are_counted_apart),
        cmocka_unit_test(keys_of_equal_mails_are_equal),
    };
    mime_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
