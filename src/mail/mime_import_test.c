/* What import makes of mails: mime_import, mime_import_header, mime_import_body, mime_import_structure,
 * mime_import_attachment and mime_import_report. The section numbers are those of MS-OXCMAIL. */
#include "mail/mail_testing.h"

#include "base/filetime.h"
#include "mail/mail_address.h"
#include "mail/mime_properties.h"
#include "protocol/property_tags.h"

static const char *text_of(struct message *message, uint32_t tag)
{
    const char *text = message_get_text(message, &message->properties, tag);
    return text ? text : "(none)";
}

static const char *named_text(struct message *message, const char *name)
{
    uint16_t id = message_name_id_of_string(message, PROPERTY_SET_INTERNET_HEADERS, name);
    return text_of(message, PROPERTY_TAG(id, PTYP_STRING));
}

static const char *attachment_text(struct message *message, uint32_t index, uint32_t tag)
{
    assert_true(index < message->attachment_count);
    const char *text = message_get_text(message, &message->attachments[index].properties, tag);
    return text ? text : "(none)";
}

static void expect_data(struct message *message, uint32_t index, const char *data)
{
    struct bytes content = message_get_binary(&message->attachments[index].properties, PID_TAG_ATTACH_DATA_BINARY);
    assert_int_equal(content.size, strlen(data));
    assert_memory_equal(content.data, data, content.size);
}

static void headers_become_properties(void **state)
{
    struct message *message = testing_import(
        "Received: from a by b; Tue, 10 Mar 2026 11:00:09 +0100\r\nReceived: from c by a; Tue, 10 Mar 2026 11:00:01 +0100\r\n"
        "From: Ann <ann@example.org>\r\nSender: desk@example.org\r\nTo: Bob <bob@example.org>, cy@example.org\r\n"
        "Cc: Group: d@example.org, \"E, F\" <e@example.org>;\r\nBcc: g@example.org\r\nReply-To: R <r@example.org>\r\n"
        "Subject: RE: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nDate: Tue, 10 Mar 2026 10:59:59 +0100\r\nMessage-ID: <m@example.org>\r\n"
        "In-Reply-To: <l@example.org>\r\nReferences: <k@example.org>\r\n <l@example.org>\r\nImportance: High\r\n"
        "Sensitivity: Private\r\nDisposition-Notification-To: ann@example.org\r\nX-Own: =?utf-8?Q?=C3=A4?=\r\n\r\ntext\r\n", NULL);
    const struct message_properties *properties = &message->properties;
    assert_string_equal(text_of(message, PID_TAG_MESSAGE_CLASS), "IPM.Note");
    assert_string_equal(text_of(message, PID_TAG_SENT_REPRESENTING_NAME), "Ann"); /* 2.2.3.1.2 */
    assert_string_equal(text_of(message, PID_TAG_SENT_REPRESENTING_SMTP_ADDRESS), "ann@example.org");
    assert_string_equal(text_of(message, PID_TAG_SENDER_NAME), "desk@example.org"); /* 2.2.3.1.3; no name: the address */
    assert_string_equal(text_of(message, PID_TAG_SUBJECT), "RE: Gr\xC3\xBC\xC3\x9F" "e");
    assert_string_equal(text_of(message, PID_TAG_SUBJECT_PREFIX), "RE: "); /* MS-OXCMSG 2.2.1.9 */
    assert_string_equal(text_of(message, PID_TAG_NORMALIZED_SUBJECT), "Gr\xC3\xBC\xC3\x9F" "e");
    assert_string_equal(text_of(message, PID_TAG_INTERNET_MESSAGE_ID), "<m@example.org>");
    assert_string_equal(text_of(message, PID_TAG_IN_REPLY_TO_ID), "<l@example.org>");
    assert_string_equal(text_of(message, PID_TAG_INTERNET_REFERENCES), "<k@example.org> <l@example.org>");
    /* the topmost Received header counts; times are UTC */
    assert_int_equal(filetime_to_unix(message_get_time(properties, PID_TAG_MESSAGE_DELIVERY_TIME)), 1773136809);
    assert_int_equal(filetime_to_unix(message_get_time(properties, PID_TAG_CLIENT_SUBMIT_TIME)), 1773136799);
    assert_int_equal(message_get_u32(properties, PID_TAG_IMPORTANCE, 9), 2);
    assert_int_equal(message_get_u32(properties, PID_TAG_PRIORITY, 9), 1);
    assert_int_equal(message_get_u32(properties, PID_TAG_SENSITIVITY, 9), 2);
    assert_true(message_get_boolean(properties, PID_TAG_READ_RECEIPT_REQUESTED, false));
    assert_string_equal(text_of(message, PID_TAG_REPLY_RECIPIENT_NAMES), "R");
    assert_string_equal(named_text(message, "x-own"), "\xC3\xA4");
    assert_string_equal(text_of(message, PID_TAG_BODY), "text\r\n");
    assert_non_null(strstr(text_of(message, PID_TAG_TRANSPORT_MESSAGE_HEADERS), "X-Own: =?utf-8?Q?=C3=A4?=\r\n"));
    message_free(message);
}

static void recipients_have_types_and_one_off_entry_ids(void **state)
{
    struct buffer notices = {0};
    struct message *message = testing_import("From: a@x\nTo: Bob <bob@x>\nCc: Group: c@x, \"D, E\" <d@x>;\nBcc: e@x\n\n", &notices);
    static const struct {
        uint8_t type;
        const char *name, *address;
    } expected[] = {{1, "Bob", "bob@x"}, {2, "c@x", "c@x"}, {2, "D, E", "d@x"}, {3, "e@x", "e@x"}};
    assert_int_equal(message->recipient_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        const struct message_properties *properties = &message->recipients[i].properties;
        struct mail_address address;
        assert_int_equal(message->recipients[i].type, expected[i].type);
        assert_string_equal(message_get_text(message, properties, PID_TAG_DISPLAY_NAME), expected[i].name);
        assert_string_equal(message_get_text(message, properties, PID_TAG_SMTP_ADDRESS), expected[i].address);
        assert_true(one_off_entry_id_parse(message_arena(message), message_get_binary(properties, PID_TAG_ENTRY_ID), &address));
        assert_string_equal(address.address, expected[i].address);
    }
    assert_true(testing_contains(&notices, "Cc header: a group of addresses"));
    buffer_free(&notices);
    message_free(message);
}

static void subject_prefixes_are_short_words(void **state)
{
    static const struct {
        const char *subject, *prefix;
    } rows[] = {{"Re: x", "Re: "}, {"FWD: x", "FWD: "}, {"A\xC3\x84\xC3\x96: x", "A\xC3\x84\xC3\x96: "}, {"Note: x", ""}, {"R2: x", ""},
        {"Re:x", ""}, {": x", ""}, {"x", ""}, {"Re", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char mail[200];
        snprintf(mail, sizeof mail, "From: a@x\nSubject: %s\n\n", rows[i].subject);
        struct message *message = testing_import(mail, NULL);
        assert_string_equal(text_of(message, PID_TAG_SUBJECT_PREFIX), rows[i].prefix);
        message_free(message);
    }
}

static void bodies_keep_charset_and_bytes(void **state)
{
    struct message *message = testing_import("From: a@x\nContent-Type: multipart/alternative; boundary=b\n\n"
                                             "--b\nContent-Type: text/plain; charset=iso-8859-2\n\n\xB1\n--b\n"
                                             "Content-Type: text/html; charset=windows-1251\n\n<p>\xC0</p>\n--b--\n", NULL);
    assert_string_equal(text_of(message, PID_TAG_BODY), "\xC4\x85");
    struct bytes html = message_get_binary(&message->properties, PID_TAG_HTML);
    assert_true(bytes_equal(html, BYTES_LITERAL("<p>\xC0</p>"))); /* the mail's own bytes ... */
    assert_int_equal(message_get_u32(&message->properties, PID_TAG_INTERNET_CODEPAGE, 0), 1251); /* ... and how to read them */
    assert_int_equal(message_get_u32(&message->properties, PID_TAG_NATIVE_BODY, 0), 3);
    assert_int_equal(message->attachment_count, 0);
    message_free(message);
}

static void html_says_its_own_charset(void **state)
{
    struct message *message = testing_import("From: a@x\nContent-Type: text/html\n\n<meta charset='koi8-r'><p>\xC1\n", NULL);
    assert_int_equal(message_get_u32(&message->properties, PID_TAG_INTERNET_CODEPAGE, 0), 20866);
    assert_string_equal(text_of(message, PID_TAG_BODY), "(none)"); /* no plain text is made up */
    message_free(message);
}

static void names_of_attachments_in_every_spelling(void **state)
{
    static const struct {
        const char *headers, *long_name, *short_name, *extension;
    } rows[] = {
        {"Content-Disposition: attachment; filename=a.txt", "a.txt", "A.TXT", ".txt"},
        {"Content-Disposition: attachment; filename*=utf-8''%C3%A4%20b.txt", "\xC3\xA4 b.txt", "B~1.TXT", ".txt"},
        {"Content-Disposition: attachment; filename=\"=?utf-8?B?w6QudHh0?=\"", "\xC3\xA4.txt", "~1.TXT", ".txt"},
        {"Content-Disposition: attachment; filename*0=\"one \"; filename*1=two.doc", "one two.doc", "ONETWO~1.DOC", ".doc"},
        {"Content-Type: application/pdf; name=\"A longer name.pdf\"", "A longer name.pdf", "ALONGE~1.PDF", ".pdf"},
        {"Content-Disposition: attachment; filename=\"../../etc/passwd\"", "../../etc/passwd", "ETCPAS~1", ""},
        {"Content-Type: image/png", "ATT00001.png", "ATT00001.PNG", ".png"}, /* 2.2.3.4.1.1 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char mail[600];
        snprintf(mail, sizeof mail, "From: a@x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n%s\n\ndata\n--b--\n",
            rows[i].headers);
        struct message *message = testing_import(mail, NULL);
        assert_int_equal(message->attachment_count, 1);
        assert_string_equal(attachment_text(message, 0, PID_TAG_ATTACH_LONG_FILENAME), rows[i].long_name);
        assert_string_equal(attachment_text(message, 0, PID_TAG_ATTACH_FILENAME), rows[i].short_name);
        assert_string_equal(attachment_text(message, 0, PID_TAG_ATTACH_EXTENSION), rows[i].extension);
        assert_int_equal(message_get_u32(&message->attachments[0].properties, PID_TAG_ATTACH_METHOD, 0), 1);
        expect_data(message, 0, "data");
        message_free(message);
    }
}

static void inline_images_are_marked(void **state)
{
    struct message *message = testing_import("From: a@x\nContent-Type: multipart/related; boundary=b\n\n--b\n"
                                             "Content-Type: text/html\n\n<img src=cid:i@x>\n--b\nContent-Type: image/png\n"
                                             "Content-ID: <i@x>\nContent-Transfer-Encoding: base64\n\nYWJj\n--b\n"
                                             "Content-Type: text/css\n\np{}\n--b--\n", NULL);
    assert_int_equal(message->attachment_count, 2);
    const struct message_properties *image = &message->attachments[0].properties;
    assert_int_equal(message_get_u32(image, PID_TAG_ATTACH_FLAGS, 0), 4); /* 2.2.3.4.1.4.1 */
    assert_true(message_get_boolean(image, PID_TAG_ATTACHMENT_HIDDEN, false));
    assert_string_equal(attachment_text(message, 0, PID_TAG_ATTACH_CONTENT_ID), "i@x");
    expect_data(message, 0, "abc");
    assert_null(message_find(&message->attachments[1].properties, PID_TAG_ATTACH_FLAGS)); /* nothing refers to it */
    message_free(message);
}

static void forwarded_mails_are_embedded(void **state)
{
    struct message *message = testing_import("From: a@x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\n"
                                             "Content-Type: message/rfc822\n\nFrom: c@x\nSubject: inner\nTo: d@x\n\ninner text\n--b--\n", NULL);
    assert_int_equal(message->attachment_count, 1);
    struct message *inner = message->attachments[0].embedded;
    assert_non_null(inner);
    assert_int_equal(message_get_u32(&message->attachments[0].properties, PID_TAG_ATTACH_METHOD, 0), 5);
    assert_string_equal(attachment_text(message, 0, PID_TAG_DISPLAY_NAME), "inner"); /* 2.2.3.4.3 */
    assert_string_equal(text_of(inner, PID_TAG_BODY), "inner text");
    assert_int_equal(inner->recipient_count, 1);
    message_free(message);
}

#define REPORT(action, status) \
    "From: MAILER-DAEMON@x\nTo: Me <me@x>\nSubject: report\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" \
    "--b\n\nwords\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.x\n\n" \
    "Final-Recipient: rfc822; one@x\nAction: " action "\nStatus: " status "\nRemote-MTA: dns; far.x\n" \
    "Diagnostic-Code: smtp; 550 no\n  such user\n\nFinal-Recipient: rfc822; two@x\nAction: delivered\nStatus: 2.0.0\n\n" \
    "--b\nContent-Type: message/rfc822\n\nSubject: original\nMessage-ID: <o@x>\n\nlost\n--b--\n"

static void failed_delivery_is_an_ndr(void **state)
{
    struct buffer notices = {0};
    struct message *message = testing_import(REPORT("failed", "5.1.1"), &notices);
    assert_string_equal(text_of(message, PID_TAG_MESSAGE_CLASS), "REPORT.IPM.Note.NDR"); /* 2.2.3.7.1 */
    assert_string_equal(text_of(message, PID_TAG_BODY), "words");
    assert_string_equal(text_of(message, PID_TAG_REPORTING_MESSAGE_TRANSFER_AGENT), "mx.x");
    assert_string_equal(text_of(message, PID_TAG_ORIGINAL_SUBJECT), "original");
    assert_string_equal(text_of(message, PID_TAG_RECEIVED_REPRESENTING_SMTP_ADDRESS), "me@x");
    assert_int_equal(message->recipient_count, 1); /* only those of the highest severity */
    const struct message_properties *recipient = &message->recipients[0].properties;
    assert_string_equal(message_get_text(message, recipient, PID_TAG_SMTP_ADDRESS), "one@x");
    assert_int_equal(message_get_u32(recipient, PID_TAG_NON_DELIVERY_REPORT_STATUS_CODE, 0), 511);
    assert_int_equal(message_get_u32(recipient, PID_TAG_NON_DELIVERY_REPORT_DIAG_CODE, 9), 0);
    assert_string_equal(message_get_text(message, recipient, PID_TAG_REMOTE_MESSAGE_TRANSFER_AGENT), "far.x");
    assert_string_equal(message_get_text(message, recipient, PID_TAG_SUPPLEMENTARY_INFO), "<mx.x #5.1.1 smtp; 550 no such user>");
    assert_int_equal(message->attachment_count, 2); /* the status part is kept, so is the original */
    assert_true(testing_contains(&notices, "a recipient with a milder outcome"));
    buffer_free(&notices);
    message_free(message);
}

static void reports_have_their_classes(void **state)
{
    static const struct {
        const char *mail, *message_class;
    } rows[] = {
        {REPORT("delayed", "4.4.7"), "REPORT.IPM.Note.Delayed.DR"},
        {REPORT("relayed", "2.0.0"), "REPORT.IPM.Note.Relayed.DR"},
        {REPORT("expanded", "2.0.0"), "REPORT.IPM.Note.Expanded.DR"},
        {REPORT("delivered", "2.0.0"), "REPORT.IPM.Note.DR"},
        {"From: a@x\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nonly words\n--b\n"
         "Content-Type: message/delivery-status\n\nReporting-MTA: dns; m\n\nFinal-Recipient: rfc822; <u@x>\nAction: failed\n--b--\n",
            "REPORT.IPM.Note.NDR"},
        {REPORT("eaten", "2.0.0"), "REPORT.IPM.Note.DR"}, /* the second recipient's action is known */
        {"From: a@x\nContent-Type: multipart/report; boundary=b; report-type=disposition-notification\n\n--b\n\nread\n--b\n"
         "Content-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
            "REPORT.IPM.Note.IPNRN"},
        {"From: a@x\nContent-Type: multipart/report; boundary=b; report-type=disposition-notification\n\n--b\n\nread\n--b\n"
         "Content-Type: message/disposition-notification\n\nDisposition: automatic-action/MDN-sent-automatically; deleted\n--b--\n",
            "REPORT.IPM.Note.IPNNRN"},
        {"From: a@x\nContent-Type: multipart/report; boundary=b; report-type=feedback-report\n\n--b\n\nspam\n--b--\n", "IPM.Note"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message *message = testing_import(rows[i].mail, NULL);
        assert_string_equal(text_of(message, PID_TAG_MESSAGE_CLASS), rows[i].message_class);
        message_free(message);
    }
}

static void signed_mails_stay_whole(void **state)
{
    const char *entity = "Content-Type: multipart/signed; boundary=b; protocol=\"application/pkcs7-signature\"\r\n\r\n--b\r\n"
                         "Content-Type: text/plain\r\n\r\nsigned =?utf-8?B?YWI=?= =?utf-8?B?Y2Q=?=\r\n--b\r\n"
                         "Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--b--\r\n";
    char mail[1000];
    snprintf(mail, sizeof mail, "From: a@x\r\n%s", entity);
    struct message *message = testing_import(mail, NULL);
    assert_string_equal(text_of(message, PID_TAG_MESSAGE_CLASS), "IPM.Note.SMIME.MultipartSigned"); /* MS-OXOSMIME 2.1.1 */
    assert_int_equal(message->attachment_count, 1);
    assert_string_equal(attachment_text(message, 0, PID_TAG_ATTACH_LONG_FILENAME), "smime.p7m");
    assert_string_equal(attachment_text(message, 0, PID_TAG_ATTACH_MIME_TAG), "multipart/signed");
    expect_data(message, 0, entity); /* byte for byte */
    assert_non_null(strstr(text_of(message, PID_TAG_BODY), "signed"));
    message_free(message);
    message = testing_import("From: a@x\nContent-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nYWJj\n", NULL);
    assert_string_equal(text_of(message, PID_TAG_MESSAGE_CLASS), "IPM.Note.SMIME"); /* MS-OXOSMIME 2.1.2 */
    assert_string_equal(text_of(message, PID_TAG_BODY), "(none)");
    expect_data(message, 0, "abc");
    message_free(message);
}

static void nothing_is_dropped_without_a_word(void **state)
{
    static const struct {
        const char *mail, *notice;
    } rows[] = {
        {"From: a@x\nDate: yesterday, or so\n\n", "Date header: unreadable"},
        {"Subject: x\n\n", "From header: missing"},
        {"From: a@x, b@x\n\n", "From header: several authors"},
        {"From: a@x\n\nna\xEFve\n", "8-bit text without a declared charset"},
        {"From: a@x\nContent-Type: text/plain; charset=x-unheard-of\n\nna\xEFve\n", "unknown charset"},
        {"From: a@x\nContent-Type: multipart/mixed; boundary=b\n\nno boundary anywhere\n", "its boundary never appears"},
        {"From: a@x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\nbehind\n", "text behind the last part"},
        {"From: a@x\nContent-Type: multipart/mixed; boundary=b\n\nbefore\n--b\n\nx\n--b--\n", "text before the first part"},
        {"From: a@x\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nYW!!Jj\n", "not base64"},
        {"From: a@x\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n", "winmail.dat"},
        {"From: a@x\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n", "not made into a meeting"},
        {"From: a@x\nThread-Index: AAAA\n\n", "not a conversation index"},
        {"From: a@x\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/signed; boundary=i\n\n--i\n\nx\n--i--\n--o--\n",
            "signature can no longer be verified"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer notices = {0};
        struct message *message = testing_import(rows[i].mail, &notices);
        assert_true(testing_contains(&notices, rows[i].notice));
        buffer_free(&notices);
        message_free(message);
    }
}

static void state_becomes_properties(void **state)
{
    struct mime_import_options options = {.state = {.read = true, .replied = true, .flagged = true}, .received_time = 1234567890123};
    struct message *message;
    assert_int_equal(mime_import(BYTES_LITERAL("From: a@x\n\n"), &options, &message), MIME_OK);
    const struct message_properties *properties = &message->properties;
    assert_int_equal(message_get_u32(properties, PID_TAG_MESSAGE_FLAGS, 99), 1); /* read and not unsent: MS-OXCMSG 2.2.1.6 */
    assert_int_equal(message_get_u32(properties, PID_TAG_LAST_VERB_EXECUTED, 0), 102);
    assert_int_equal(message_get_u32(properties, PID_TAG_FLAG_STATUS, 0), 2);
    assert_int_equal(message_get_time(properties, PID_TAG_MESSAGE_DELIVERY_TIME), 1234567890123);
    message_free(message);
    options.state = (struct mail_state){.draft = true};
    assert_int_equal(mime_import(BYTES_LITERAL("From: a@x\n\n"), &options, &message), MIME_OK);
    assert_int_equal(message_get_u32(&message->properties, PID_TAG_MESSAGE_FLAGS, 99), 8);
    message_free(message);
}

static void garbage_still_becomes_a_message(void **state)
{
    struct mime_import_options options = {0};
    struct message *message = NULL;
    assert_int_equal(mime_import(BYTES_LITERAL("\r\n\n"), &options, &message), MIME_EMPTY);
    assert_null(message); /* untouched */
    assert_int_equal(mime_import(BYTES_LITERAL("\0\1\2\xFF"), &options, &message), MIME_OK);
    message_free(message);
    assert_int_equal(mime_import(BYTES_LITERAL("only words, no headers"), &options, &message), MIME_OK);
    message_free(message);
}

static void nesting_ends_at_a_cap(void **state)
{
    struct buffer mail = {0}, notices = {0};
    buffer_append_string(&mail, "From: a@x\n");
    for (int i = 0; i < 200; i++)
        buffer_append_format(&mail, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    buffer_append_string(&mail, "\ndeep\n");
    struct message *message = testing_import(buffer_string(&mail), &notices);
    assert_true(testing_contains(&notices, "too many parts within parts"));
    assert_int_equal(message->attachment_count, 1);
    message_free(message);
    buffer_clear(&mail);
    for (int i = 0; i < 100; i++)
        buffer_append_string(&mail, "Content-Type: message/rfc822\n\n");
    message = testing_import(buffer_string(&mail), &notices);
    assert_true(testing_contains(&notices, "messages within messages too deep"));
    message_free(message);
    buffer_free(&mail);
    buffer_free(&notices);
}

static void x_headers_cannot_use_up_the_names(void **state)
{
    struct buffer mail = {0}, notices = {0};
    for (int i = 0; i < 500; i++)
        buffer_append_format(&mail, "X-Many-%d: %d\n", i, i);
    struct message *message = testing_import(buffer_string(&mail), &notices);
    uint32_t count;
    (void)message_names(message, &count);
    assert_true(count <= MIME_X_HEADERS_MAX + 8);
    assert_true(testing_contains(&notices, "x-headers: too many"));
    assert_non_null(strstr(text_of(message, PID_TAG_TRANSPORT_MESSAGE_HEADERS), "X-Many-499: 499")); /* not lost */
    message_free(message);
    buffer_free(&mail);
    buffer_free(&notices);
}

static bool takes_short_names(void *data, const char *name)
{
    return strlen(name) < 6;
}

static void the_importer_decides_on_names(void **state)
{
    struct mime_import_options options = {.takes_name = takes_short_names};
    struct message *message;
    assert_int_equal(mime_import(BYTES_LITERAL("X-One: 1\nX-Three: 3\n\n"), &options, &message), MIME_OK);
    assert_string_equal(named_text(message, "x-one"), "1");
    assert_string_equal(named_text(message, "x-three"), "(none)");
    message_free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_become_properties),
        cmocka_unit_test(recipients_have_types_and_one_off_entry_ids),
        cmocka_unit_test(subject_prefixes_are_short_words),
        cmocka_unit_test(bodies_keep_charset_and_bytes),
        cmocka_unit_test(html_says_its_own_charset),
        cmocka_unit_test(names_of_attachments_in_every_spelling),
        cmocka_unit_test(inline_images_are_marked),
        cmocka_unit_test(forwarded_mails_are_embedded),
        cmocka_unit_test(failed_delivery_is_an_ndr),
        cmocka_unit_test(reports_have_their_classes),
        cmocka_unit_test(signed_mails_stay_whole),
        cmocka_unit_test(nothing_is_dropped_without_a_word),
        cmocka_unit_test(state_becomes_properties),
        cmocka_unit_test(garbage_still_becomes_a_message),
        cmocka_unit_test(nesting_ends_at_a_cap),
        cmocka_unit_test(x_headers_cannot_use_up_the_names),
        cmocka_unit_test(the_importer_decides_on_names),
    };
    mime_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
