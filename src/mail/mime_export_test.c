/* What export makes of messages, with and without the mail's own header block: mime_export, mime_export_header,
 * mime_export_part and mime_export_structure. The section numbers are those of MS-OXCMAIL. */
#include "mail/mail_testing.h"

#include "mail/mail_address.h"
#include "mail/mime_properties.h"
#include "protocol/property_tags.h"

#define HEAD "X-First: 1\nFrom: Ann <ann@x>\nTo: Bob <bob@x>\nSubject:   odd  spaces\nX-Last: 2\n"

static void unchanged_headers_leave_as_they_came(void **state)
{
    struct message *message = testing_import(HEAD "\nhello\n", NULL);
    struct buffer out = testing_export(message, NULL);
    assert_string_equal((const char *)out.data, HEAD "MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n"
                                                     "Content-Transfer-Encoding: 7bit\n\nhello\n");
    buffer_free(&out);
    message_free(message);
}

static void edited_properties_win_over_the_header_block(void **state)
{
    struct message *message = testing_import(HEAD "\nhello\n", NULL);
    message_set_text(message, &message->properties, PID_TAG_SUBJECT, "edited \xC3\xBC");
    message_set_text(message, &message->recipients[0].properties, PID_TAG_SMTP_ADDRESS, "new@x");
    struct buffer out = testing_export(message, NULL);
    assert_true(testing_contains(&out, "X-First: 1\nFrom: Ann <ann@x>\nTo: Bob <new@x>\nSubject: edited =?"));
    assert_null(strstr((const char *)out.data, "odd"));
    buffer_free(&out);
    message_free(message);
}

/* As Outlook would make it: no header block at all. */
static void a_message_of_properties_alone_is_written(void **state)
{
    struct message *message = message_new();
    struct message_properties *properties = &message->properties;
    message_set_text(message, properties, PID_TAG_MESSAGE_CLASS, "IPM.Note");
    message_set_text(message, properties, PID_TAG_SUBJECT, "line one\r\nBcc: injected@x");
    message_set_text(message, properties, PID_TAG_SENT_REPRESENTING_NAME, "Ann \"A\" Example");
    message_set_text(message, properties, PID_TAG_SENT_REPRESENTING_SMTP_ADDRESS, "ann@x");
    message_set_text(message, properties, PID_TAG_SENT_REPRESENTING_EMAIL_ADDRESS, "/o=Org/cn=ann");
    message_set_text(message, properties, PID_TAG_SENDER_NAME, "Desk");
    message_set_text(message, properties, PID_TAG_SENDER_EMAIL_ADDRESS, "/o=Org/cn=desk 1");
    message_set_text(message, properties, PID_TAG_SENDER_ADDRESS_TYPE, "EX");
    message_set_u32(message, properties, PID_TAG_IMPORTANCE, 2);
    message_set_u32(message, properties, PID_TAG_SENSITIVITY, 3);
    message_set_u32(message, properties, PID_TAG_MESSAGE_FLAGS, 8);
    message_set_time(message, properties, PID_TAG_CLIENT_SUBMIT_TIME, 134177412310000000);
    struct mail_address one_off = {"Cy", "SMTP", "cy@x"};
    struct message_recipient *recipient = message_add_recipient(message, MESSAGE_RECIPIENT_CC);
    message_set_binary(message, &recipient->properties, PID_TAG_ENTRY_ID, one_off_entry_id(message_arena(message), &one_off));
    uint16_t id = message_name_id_of_string(message, PROPERTY_SET_INTERNET_HEADERS, "x-made");
    message_set_text(message, properties, PROPERTY_TAG(id, PTYP_STRING), "by hand\nTo: injected@x");
    struct buffer notices = {0}, out = testing_export(message, &notices);
    assert_true(testing_contains(&out, "From: \"Ann \\\"A\\\" Example\" <ann@x>\n"));
    assert_true(testing_contains(&out, "Sender: Desk <IMCEAEX-_o=Org_cn=desk+201@invalid>\n")); /* 2.1.3.1.1 */
    assert_true(testing_contains(&out, "Cc: Cy <cy@x>\n"));
    assert_true(testing_contains(&out, "Importance: high\nX-Priority: 1\n"));
    assert_true(testing_contains(&out, "Sensitivity: Company-Confidential\n"));
    assert_true(testing_contains(&out, "X-Unsent: 1\n"));
    assert_true(testing_contains(&out, "Date: Wed, 11 Mar 2026 22:20:31 +0000\n"));
    assert_true(testing_contains(&out, "x-made: by hand To: injected@x\n"));
    assert_null(strstr((const char *)out.data, "\nBcc:")); /* a newline in a property makes no header */
    assert_null(strstr((const char *)out.data, "\nTo:"));
    assert_true(testing_contains(&notices, "has no SMTP address"));
    buffer_free(&notices);
    buffer_free(&out);
    message_free(message);
}

static struct message_attachment *attach(struct message *message, const char *name, const char *type, struct bytes data)
{
    struct message_attachment *attachment = message_add_attachment(message);
    message_set_u32(message, &attachment->properties, PID_TAG_ATTACH_METHOD, 1);
    message_set_text(message, &attachment->properties, PID_TAG_ATTACH_LONG_FILENAME, name);
    message_set_text(message, &attachment->properties, PID_TAG_ATTACH_MIME_TAG, type);
    message_set_in(message, &attachment->properties, (struct property_value){.tag = PID_TAG_ATTACH_DATA_BINARY, .bytes = data});
    return attachment;
}

static void parts_are_nested_as_the_specification_says(void **state)
{
    struct message *message = message_new();
    message_set_text(message, &message->properties, PID_TAG_BODY, "text");
    message_set_binary(message, &message->properties, PID_TAG_HTML, BYTES_LITERAL("<img src=cid:i>"));
    attach(message, "a.bin", "application/x-a", BYTES_LITERAL("\0\1\2"));
    struct message_attachment *image = attach(message, "i.png", "image/png", BYTES_LITERAL("png"));
    message_set_u32(message, &image->properties, PID_TAG_ATTACH_FLAGS, 4);
    message_set_text(message, &image->properties, PID_TAG_ATTACH_CONTENT_ID, "i");
    struct buffer out = testing_export(message, NULL);
    static const char *const order[] = {"multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html",
        "image/png", "Content-Disposition: inline", "Content-ID: <i>", "application/x-a", "Content-Disposition: attachment",
        "AAEC"}; /* 2.1.3.4.1.2 */
    const char *at = (const char *)out.data;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        at = strstr(at, order[i]);
        if (!at)
            print_message("missing or misplaced: %s\n%s\n", order[i], (const char *)out.data);
        assert_non_null(at);
    }
    buffer_free(&out);
    message_free(message);
}

static void texts_are_encoded_without_being_changed(void **state)
{
    static const char *const texts[] = {"plain\r\n", "From the start\r\n", "na\xC3\xAFve = \xE2\x82\xAC\r\n", "trailing blank \r\n.\r\n", "a\rb\r\n",
        "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\r\n", "nul-free control \x01\r\n", "no newline at the end", ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct message *message = message_new();
        message_set_text(message, &message->properties, PID_TAG_BODY, texts[i]);
        message_set_u32(message, &message->properties, PID_TAG_INTERNET_CODEPAGE, 28591);
        struct buffer out = testing_export(message, NULL);
        struct message *again = testing_import((const char *)out.data, NULL);
        const char *body = message_get_text(again, &again->properties, PID_TAG_BODY);
        assert_string_equal(body ? body : "", texts[i]);
        message_free(again);
        buffer_free(&out);
        message_free(message);
    }
}

static void large_lines_and_binary_attachments_survive(void **state)
{
    static uint8_t data[300001]; /* not a whole number of base64 pieces */
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    struct message *message = message_new();
    attach(message, "big.bin", "application/octet-stream", bytes_of(data, sizeof data));
    attach(message, "empty.bin", "application/octet-stream", bytes_of("", 0));
    struct buffer out = testing_export(message, NULL);
    struct message *again = testing_import((const char *)out.data, NULL);
    assert_int_equal(again->attachment_count, 2);
    struct bytes found = message_get_binary(&again->attachments[0].properties, PID_TAG_ATTACH_DATA_BINARY);
    assert_int_equal(found.size, sizeof data);
    assert_memory_equal(found.data, data, sizeof data);
    assert_int_equal(message_get_binary(&again->attachments[1].properties, PID_TAG_ATTACH_DATA_BINARY).size, 0);
    message_free(again);
    buffer_free(&out);
    message_free(message);
}

static void newlines_are_as_asked(void **state)
{
    struct message *message = testing_import("From: a@x\n\none\r\ntwo\n", NULL);
    struct buffer out = {0};
    struct mime_export_options options = {.newline = MIME_NEWLINE_CRLF, .write = testing_append, .data = &out};
    assert_true(mime_export(message, &options));
    for (size_t i = 0; i < out.size; i++)
        if (out.data[i] == '\n')
            assert_true(i && out.data[i - 1] == '\r');
    buffer_free(&out);
    message_free(message);
}

static bool refuse(void *data, const void *bytes, size_t size)
{
    return false;
}

static void a_refusing_writer_ends_the_export(void **state)
{
    struct message *message = testing_import("From: a@x\n\nx\n", NULL);
    assert_false(mime_export(message, &(struct mime_export_options){.write = refuse}));
    message_free(message);
}

static void what_mail_cannot_say_is_named(void **state)
{
    struct message *message = message_new();
    message_set_binary(message, &message->properties, PID_TAG_RTF_COMPRESSED, BYTES_LITERAL("x"));
    struct message_attachment *link = message_add_attachment(message);
    message_set_u32(message, &link->properties, PID_TAG_ATTACH_METHOD, 7);
    struct message_attachment *object = attach(message, "o", "application/x-o", BYTES_LITERAL("ole"));
    message_set_u32(message, &object->properties, PID_TAG_ATTACH_METHOD, 6);
    struct buffer notices = {0}, out = testing_export(message, &notices);
    assert_true(testing_contains(&notices, "a rich-text (RTF) body, which is unreadable"));
    assert_true(testing_contains(&notices, "only a reference to a file"));
    assert_true(testing_contains(&notices, "an OLE object"));
    buffer_free(&notices);
    buffer_free(&out);
    message_free(message);
}

/* A mailbox may make the one body out of the other; the mail had only one. */
static void derived_bodies_are_not_written(void **state)
{
    struct message *message = testing_import("From: a@x\nContent-Type: text/html; charset=utf-8\n\n<p>x\n", NULL);
    message_set_text(message, &message->properties, PID_TAG_BODY, "x");
    struct buffer out = testing_export(message, NULL);
    assert_null(strstr((const char *)out.data, "text/plain"));
    buffer_free(&out);
    message_free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_headers_leave_as_they_came),
        cmocka_unit_test(edited_properties_win_over_the_header_block),
        cmocka_unit_test(a_message_of_properties_alone_is_written),
        cmocka_unit_test(parts_are_nested_as_the_specification_says),
        cmocka_unit_test(texts_are_encoded_without_being_changed),
        cmocka_unit_test(large_lines_and_binary_attachments_survive),
        cmocka_unit_test(newlines_are_as_asked),
        cmocka_unit_test(a_refusing_writer_ends_the_export),
        cmocka_unit_test(what_mail_cannot_say_is_named),
        cmocka_unit_test(derived_bodies_are_not_written),
    };
    mime_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
