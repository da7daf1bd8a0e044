/* Every mail of the sample mail, and of the collections beside the project where they are: in and out again must say the
 * same (mail_comparison), once as import leaves a message and once without the mail's own header block, as a message of
 * Outlook would be. What differs then is listed here, mail by mail, with the reason. */
#include "mail/mail_testing.h"

#include <glib.h>

#include "mail/mail_comparison.h"
#include "mail/mail_file.h"
#include "protocol/property_tags.h"

/* Accepted differences of messages without a header block: MAPI has no property for these. */
static const struct {
    const char *mail;  /* end of the path */
    const char *where;
    const char *reason;
} without_block[] = {
    {"content_transfer_encoding_with_8bits.eml", "Sender", "Sender says the same as From: MAPI always has both"},
    {"bad_date_header2.eml", "Sender", "Sender says the same as From: MAPI always has both"},
    {"raw_email5.eml", "Sender", "Sender says the same as From: MAPI always has both"},
    {"raw_email6.eml", "Sender", "Sender says the same as From: MAPI always has both"},
    {"raw_email10.eml", "Sender", "Sender says the same as From: MAPI always has both"},
    {"raw_email_with_at_display_name.eml", "From", "several authors: MAPI has one"},
    {"raw_email_multiple_from.eml", "From", "several authors: MAPI has one"},
    {"testRFC822-limitedheaders", "From", "several authors: MAPI has one"},
};

struct roundtrip {
    bool without_block;
    const char *name;
    unsigned count, different, tolerated;
    bool seen[sizeof without_block / sizeof *without_block];
    bool differs;
};

static bool is_accepted(struct roundtrip *trip, const struct mail_difference *difference)
{
    for (size_t i = 0; trip->without_block && i < sizeof without_block / sizeof *without_block; i++)
        if (g_str_has_suffix(trip->name, without_block[i].mail) && strcmp(difference->where, without_block[i].where) == 0)
            return trip->seen[i] = true;
    return false;
}

static void take_difference(void *data, const struct mail_difference *difference)
{
    struct roundtrip *trip = data;
    if (difference->tolerated || is_accepted(trip, difference)) {
        trip->tolerated++;
        return;
    }
    trip->differs = true;
    print_message("%s: %s: [%s] -> [%s]\n", trip->name, difference->where, difference->original ? difference->original : "",
        difference->exported ? difference->exported : "");
}

static void remove_blocks(struct message *message)
{
    message_remove(&message->properties, PID_TAG_TRANSPORT_MESSAGE_HEADERS);
    for (uint32_t i = 0; i < message->attachment_count; i++)
        if (message->attachments[i].embedded)
            remove_blocks(message->attachments[i].embedded);
}

static void check_mail(struct roundtrip *trip, const struct mail_item *item)
{
    struct mime_import_options import = {.received_time = item->received_time};
    struct message *message;
    assert_int_equal(mime_import(item->content, &import, &message), MIME_OK);
    if (trip->without_block)
        remove_blocks(message);
    struct buffer out = {0};
    struct mime_export_options export = {.write = testing_append, .data = &out};
    assert_true(mime_export(message, &export));
    trip->name = item->name;
    trip->differs = false;
    struct mail_comparison result = mail_compare(item->content, buffer_bytes(&out), take_difference, trip);
    assert_false(result.unreadable);
    trip->different += trip->differs;
    trip->count++;
    buffer_free(&out);
    message_free(message);
}

static void check_files(struct roundtrip *trip, const char *path)
{
    char *error = NULL;
    struct mail_reader *reader = mail_reader_open(path, MAIL_FORMAT_AUTO, &error);
    assert_non_null(reader);
    struct mail_item item;
    for (enum mail_read_status status; (status = mail_reader_next(reader, &item)) != MAIL_READ_END;) {
        if (status == MAIL_READ_OTHER) { /* licences, PST files, an empty file: named, so that none is missed by mistake */
            print_message("%s: %s\n", item.name, mail_reader_error(reader));
            continue;
        }
        assert_int_equal(status, MAIL_READ_OK);
        check_mail(trip, &item);
    }
    mail_reader_close(reader);
}

static void check_both_ways(const char *below)
{
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    char *path = g_build_filename(root ? root : ".", below, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        print_message("%s is not there: not checked\n", path);
        g_free(path);
        skip();
    }
    for (int pass = 0; pass < 2; pass++) {
        struct roundtrip trip = {.without_block = pass == 1};
        check_files(&trip, path);
        print_message("%s: %u mails, %u different, %u accepted differences%s\n", below, trip.count, trip.different, trip.tolerated,
            pass ? ", without header blocks" : "");
        assert_true(trip.count > 0);
        assert_int_equal(trip.different, 0);
    }
    g_free(path);
}

static void sample_mail(void **state)
{
    check_both_ways("data/sample-mail");
}

static void collected_mails(void **state)
{
    check_both_ways("../shared/data/eml");
}

static void collected_mbox_files_and_mails(void **state)
{
    check_both_ways("../shared/data/mbox-pst");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_mail),
        cmocka_unit_test(collected_mails),
        cmocka_unit_test(collected_mbox_files_and_mails),
    };
    mime_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
