/* Mail files, read and written: mbox_reader, mail_reader, mail_state, mail_writer, mail_folder_name. */
#include "mail/mail_testing.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "base/filetime.h"
#include "mail/mail_file.h"
#include "mail/mail_folder_name.h"
#include "mail/mbox_reader.h"

static char *directory; /* of the running test */

static int make_directory(void **state)
{
    directory = g_dir_make_tmp("mail-file-XXXXXX", NULL);
    return directory ? 0 : -1;
}

static void remove_all(const char *path)
{
    GDir *entries = g_dir_open(path, 0, NULL);
    for (const char *name; entries && (name = g_dir_read_name(entries));) {
        char *below = g_build_filename(path, name, NULL);
        remove_all(below);
        g_free(below);
    }
    if (entries)
        g_dir_close(entries);
    (void)g_remove(path);
}

static int remove_directory(void **state)
{
    remove_all(directory);
    g_free(directory);
    return 0;
}

static char *write_file(const char *name, const char *content)
{
    char *path = g_build_filename(directory, name, NULL), *folder = g_path_get_dirname(path);
    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(path, content, -1, NULL));
    g_free(folder);
    return path;
}

static struct mail_reader *open_reader(const char *path, enum mail_format format)
{
    char *error = NULL;
    struct mail_reader *reader = mail_reader_open(path, format, &error);
    if (!reader)
        print_message("%s\n", error);
    assert_non_null(reader);
    return reader;
}

/* Expects these mails, in this order, then the end. */
static void expect_mails(const char *content, const char *const *mails)
{
    char *path = write_file("file.mbox", content);
    FILE *file = fopen(path, "rb");
    struct mbox_reader reader;
    assert_true(mbox_reader_start(&reader, file, 1 << 20));
    for (; *mails; mails++) {
        assert_true(mbox_reader_next(&reader));
        assert_false(reader.failed);
        assert_string_equal(buffer_string(&reader.content), *mails);
    }
    assert_false(mbox_reader_next(&reader));
    mbox_reader_stop(&reader);
    g_free(path);
}

#define SEPARATOR "From me@x Mon Jun 01 10:00:00 2009\n"

static void mbox_is_split_and_unquoted(void **state)
{
    expect_mails(SEPARATOR "A: 1\n\none\n>From there\n>>From deep\n> From not\n\n" SEPARATOR "B: 2\n\ntwo\n",
        (const char *const[]){"A: 1\n\none\nFrom there\n>From deep\n> From not\n", "B: 2\n\ntwo\n", NULL});
    expect_mails("From me@x Mon Jun 01 10:00:00 2009\r\nA: 1\r\n\r\none\r\n\r\nFrom me@x Mon Jun 01 10:00:00 2009\r\nB: 2\r\n\r\ntwo",
        (const char *const[]){"A: 1\r\n\r\none\r\n", "B: 2\r\n\r\ntwo", NULL});
    /* a header may look quoted, too; empty mails; blank lines before the first */
    expect_mails("\n\n" SEPARATOR ">From old@x Mon Jun 01 09:00:00 2009\nA: 1\n\nx\n\n" SEPARATOR "\n" SEPARATOR "B: 2\n\n",
        (const char *const[]){">From old@x Mon Jun 01 09:00:00 2009\nA: 1\n\nx\n", "\n", "B: 2\n\n", NULL});
}

static void text_that_begins_with_from_is_no_separator(void **state)
{
    expect_mails(SEPARATOR "A: 1\n\none\n\nFrom here on it is unquoted.\nStill one.\nFrom x\n\n" SEPARATOR "B: 2\n\ntwo\n",
        (const char *const[]){"A: 1\n\none\n\nFrom here on it is unquoted.\nStill one.\nFrom x\n", "B: 2\n\ntwo\n", NULL});
    /* without a blank line before it, but dated and followed by headers */
    expect_mails(SEPARATOR "A: 1\n\none\n" SEPARATOR "B: 2\n\ntwo\n", (const char *const[]){"A: 1\n\none\n", "B: 2\n\ntwo\n", NULL});
}

static void content_length_counts_where_it_holds(void **state)
{
    /* mboxcl2: nothing is quoted, only the length says where the mail ends */
    expect_mails(SEPARATOR "Content-Length: 46\n\n" SEPARATOR "X: inside\n\n" "\n" SEPARATOR "B: 2\n\ntwo\n",
        (const char *const[]){"Content-Length: 46\n\n" SEPARATOR "X: inside\n\n", "B: 2\n\ntwo\n", NULL});
    /* a wrong length is not believed: too small, too large, announcing gigabytes */
    static const char *const wrong[] = {"2", "999", "4000000000", "18446744073709551615", "x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *content = g_strdup_printf(SEPARATOR "Content-Length: %s\n\nbody\n\n" SEPARATOR "B: 2\n\ntwo\n", wrong[i]);
        char *first = g_strdup_printf("Content-Length: %s\n\nbody\n", wrong[i]);
        expect_mails(content, (const char *const[]){first, "B: 2\n\ntwo\n", NULL});
        g_free(first);
        g_free(content);
    }
}

static void a_mail_beyond_the_cap_is_reported_and_passed_over(void **state)
{
    GString *content = g_string_new(SEPARATOR "A: 1\n\n");
    for (int i = 0; i < 1000; i++)
        g_string_append(content, "a line that fills\n");
    g_string_append(content, "\n" SEPARATOR "B: 2\n\ntwo\n");
    char *path = write_file("large.mbox", content->str);
    struct mbox_reader reader;
    assert_true(mbox_reader_start(&reader, fopen(path, "rb"), 1000));
    assert_true(mbox_reader_next(&reader));
    assert_true(reader.failed);
    assert_true(mbox_reader_next(&reader));
    assert_false(reader.failed);
    assert_string_equal(buffer_string(&reader.content), "B: 2\n\ntwo\n");
    assert_false(mbox_reader_next(&reader));
    mbox_reader_stop(&reader);
    g_string_free(content, TRUE);
    g_free(path);
}

/* A line of megabytes is read in pieces; what looks like a separator in the middle of it is none. */
static void lines_of_any_length_are_text(void **state)
{
    GString *content = g_string_new(SEPARATOR "A: 1\n\n");
    gsize start = content->len;
    for (int i = 0; i < (1 << 20) / 8; i++)
        g_string_append(content, "abcdefgh");
    g_string_append(content, SEPARATOR "B: no\n>From not quoted either\n");
    gsize end = content->len;
    g_string_append(content, "\n" SEPARATOR "B: 2\n\ntwo\n");
    char *path = write_file("long.mbox", content->str);
    struct mbox_reader reader;
    assert_true(mbox_reader_start(&reader, fopen(path, "rb"), 4 << 20));
    assert_true(mbox_reader_next(&reader));
    assert_int_equal(reader.content.size, strlen("A: 1\n\n") + end - start - 1); /* the one '>' */
    assert_true(mbox_reader_next(&reader));
    assert_string_equal(buffer_string(&reader.content), "B: 2\n\ntwo\n");
    assert_false(mbox_reader_next(&reader));
    mbox_reader_stop(&reader);
    g_string_free(content, TRUE);
    g_free(path);
}

static void apple_mails_are_unwrapped(void **state)
{
    char *path = write_file("one.emlx", "9 \nA: 1\n\none<?xml version=\"1.0\"?>");
    struct mail_reader *reader = open_reader(path, MAIL_FORMAT_AUTO);
    struct mail_item item;
    assert_int_equal(mail_reader_next(reader, &item), MAIL_READ_OK);
    assert_true(bytes_equal(item.content, BYTES_LITERAL("A: 1\n\none")));
    mail_reader_close(reader);
    g_free(path);
}

static void mbox_is_told_from_a_mail(void **state)
{
    assert_true(mbox_looks_like(BYTES_LITERAL(SEPARATOR "A: 1\n")));
    assert_true(mbox_looks_like(BYTES_LITERAL("From nobody\nA: 1\n")));
    assert_false(mbox_looks_like(BYTES_LITERAL("From: me@x\nA: 1\n")));
    assert_false(mbox_looks_like(BYTES_LITERAL("From : me@x\nA: 1\n"))); /* RFC 5322 4.5: blanks before the colon */
    assert_false(mbox_looks_like(BYTES_LITERAL("From nobody\nno header\n")));
    assert_false(mbox_looks_like(BYTES_LITERAL("From ")));
    assert_false(mbox_looks_like(BYTES_NONE));
}

static void expect_state(const char *headers, bool known, struct mail_state expected)
{
    struct mail_state found = {0};
    assert_int_equal(mail_state_of_headers(bytes_of_string(headers), &found), known);
    assert_memory_equal(&found, &expected, sizeof found);
}

static void states_of_mail_programs(void **state)
{
    expect_state("Status: RO\nX-Status: AF\n\n", true, (struct mail_state){.read = true, .replied = true, .flagged = true});
    expect_state("Status: O\n\n", true, (struct mail_state){0});
    expect_state("X-Status: DT\n\n", true, (struct mail_state){.deleted = true, .draft = true});
    expect_state("X-Mozilla-Status: 1003\n\n", true, (struct mail_state){.read = true, .replied = true, .forwarded = true});
    expect_state("X-Gmail-Labels: Inbox,Unread,Starred\n\n", true, (struct mail_state){.flagged = true});
    expect_state("X-Gmail-Labels: Inbox\n\n", true, (struct mail_state){.read = true});
    expect_state("X-Unsent: 1\n\n", false, (struct mail_state){.draft = true});
    expect_state("A: 1\n\nStatus: RO\n", false, (struct mail_state){0}); /* not in the text */
}

static void folder_names_of_maildirs(void **state)
{
    static const char *const rows[][2] = {{"Work", ".Work"}, {"Work/Notes", ".Work.Notes"}, {"\xC3\xA9t\xC3\xA9", ".&AOk-t&AOk-"},
        {"R & D", ".R &- D"}, {"\xE6\x97\xA5\xE6\x9C\xAC", ".&ZeVnLA-"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *folder = mail_folder_of_maildir(rows[i][1]), *directory_name = mail_folder_to_maildir(rows[i][0]);
        assert_string_equal(folder, rows[i][0]);
        assert_string_equal(directory_name, rows[i][1]);
        g_free(folder);
        g_free(directory_name);
    }
    char *broken = mail_folder_of_maildir(".&ZeV");
    assert_non_null(broken);
    g_free(broken);
}

static void file_names_stay_within_their_folder(void **state)
{
    static const char *const rows[][2] = {{"..", "_."}, {".", "_"}, {"", "_"}, {"a/b\\c", "a_b_c"}, {"  x  ", "x"}, {"\n", "_"},
        {"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", "\xC3\xA9\xC3\xA9\xC3\xA9"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *name = mail_folder_file_name(rows[i][0], 7);
        assert_string_equal(name, rows[i][1]);
        g_free(name);
    }
}

static void maildirs_have_flags_and_folders(void **state)
{
    g_free(write_file("md/cur/1.a:2,FRS", "A: 1\n\n"));
    g_free(write_file("md/cur/2.a:2,", "A: 2\n\n"));
    g_free(write_file("md/new/3.a", "A: 3\n\n"));
    g_free(write_file("md/tmp/4.a", "A: 4\n\n")); /* not finished: not a mail */
    g_free(write_file("md/.Work.Old/cur/5.a:2,DS", "A: 5\n\n"));
    g_free(write_file("md/.Work.Old/new/.hidden", ""));
    static const struct {
        const char *content, *folder;
        struct mail_state mail;
    } expected[] = {{"A: 1\n\n", "", {.read = true, .replied = true, .flagged = true}}, {"A: 2\n\n", "", {0}}, {"A: 3\n\n", "", {0}},
        {"A: 5\n\n", "Work/Old", {.read = true, .draft = true}}};
    char *path = g_build_filename(directory, "md", NULL);
    struct mail_reader *reader = open_reader(path, MAIL_FORMAT_AUTO);
    struct mail_item item;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mail_reader_next(reader, &item), MAIL_READ_OK);
        assert_true(bytes_equal(item.content, bytes_of_string(expected[i].content)));
        assert_string_equal(item.folder, expected[i].folder);
        assert_true(item.state_known);
        assert_memory_equal(&item.state, &expected[i].mail, sizeof item.state);
        assert_true(item.received_time > 0);
    }
    assert_int_equal(mail_reader_next(reader, &item), MAIL_READ_END);
    assert_int_equal(mail_reader_done(reader), mail_reader_total(reader));
    mail_reader_close(reader);
    g_free(path);
}

static void folders_of_files_become_folders(void **state)
{
    g_free(write_file("all/one.eml", "A: 1\n\n"));
    g_free(write_file("all/Projects/two.eml", "A: 2\n\n"));
    g_free(write_file("all/Local", SEPARATOR "A: 3\n\n"));        /* Thunderbird: mbox without an ending, */
    g_free(write_file("all/Local.msf", "index"));                  /* its index, */
    g_free(write_file("all/Local.sbd/Below", SEPARATOR "A: 4\n\n")); /* and what is below it */
    static const char *const folders[] = {"Local", NULL, "Local/Below", "Projects", ""};
    char *path = g_build_filename(directory, "all", NULL);
    struct mail_reader *reader = open_reader(path, MAIL_FORMAT_AUTO);
    struct mail_item item;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(mail_reader_next(reader, &item), folders[i] ? MAIL_READ_OK : MAIL_READ_OTHER);
        if (folders[i])
            assert_string_equal(item.folder, folders[i]);
    }
    assert_int_equal(mail_reader_next(reader, &item), MAIL_READ_END);
    mail_reader_close(reader);
    g_free(path);
}

static void unreadable_files_are_named_and_passed_over(void **state)
{
    char *error = NULL;
    assert_null(mail_reader_open("/nonexistent/file", MAIL_FORMAT_AUTO, &error));
    assert_non_null(error);
    g_free(error);
    char *path = write_file("not.mbox", "no separator\n");
    struct mail_reader *reader = open_reader(path, MAIL_FORMAT_MBOX);
    struct mail_item item;
    assert_int_equal(mail_reader_next(reader, &item), MAIL_READ_FAILED);
    assert_non_null(strstr(item.name, "not.mbox"));
    assert_non_null(strstr(mail_reader_error(reader), "no mbox file"));
    assert_int_equal(mail_reader_next(reader, &item), MAIL_READ_END);
    mail_reader_close(reader);
    g_free(path);
}

static const char *const tricky[] = {"A: 1\n\nFrom the start\n>From quoted\n>>From twice\nFrom\n", "B: 2\n\nno newline at the end", "C: 3\n\n",
    "D: 4\n\n\n\nblank lines at the end\n\n\n"};

static void write_tricky(const char *path, enum mail_format format)
{
    char *error = NULL;
    struct mail_writer *writer = mail_writer_open(path, format, &error);
    assert_non_null(writer);
    for (size_t i = 0; i < sizeof tricky / sizeof *tricky; i++) {
        struct mail_envelope envelope = {.folder = i % 2 ? "Work/\xC3\xA9t\xC3\xA9" : "Inbox", .sender = "me@x", .subject = "../up", .received_time = 132539328000000000};
        envelope.state = (struct mail_state){.read = i == 1, .flagged = i == 1, .replied = i == 2};
        assert_true(mail_writer_begin(writer, &envelope));
        for (const char *at = tricky[i]; *at; at++) /* byte by byte: no boundary matters */
            assert_true(mail_writer_write(writer, at, 1));
        assert_true(mail_writer_end(writer));
    }
    mail_writer_close(writer);
}

static void what_is_written_is_read(void **state)
{
    static const enum mail_format formats[] = {MAIL_FORMAT_MBOX, MAIL_FORMAT_MAILDIR, MAIL_FORMAT_EML};
    for (size_t f = 0; f < 3; f++) {
        char *path = g_strdup_printf("%s/out%zu", directory, f);
        write_tricky(path, formats[f]);
        struct mail_reader *reader = open_reader(path, MAIL_FORMAT_AUTO);
        struct mail_item item;
        unsigned found = 0;
        while (mail_reader_next(reader, &item) == MAIL_READ_OK) {
            char *content = g_strndup((const char *)item.content.data, item.content.size);
            for (size_t i = 0; i < sizeof tricky / sizeof *tricky; i++) {
                const char *mail = strstr(content, (const char[]){tricky[i][0], ':', ' ', 0});
                if (!mail || strncmp(mail, tricky[i], strlen(tricky[i])) != 0)
                    continue;
                found |= 1u << i;
                assert_string_equal(item.folder, i % 2 ? "Work/\xC3\xA9t\xC3\xA9" : formats[f] == MAIL_FORMAT_MAILDIR ? "" : "Inbox");
                if (formats[f] != MAIL_FORMAT_EML) {
                    assert_int_equal(item.state.read, i == 1);
                    assert_int_equal(item.state.flagged, i == 1);
                    assert_int_equal(item.state.replied, i == 2);
                }
                assert_int_equal(item.received_time, 132539328000000000);
            }
            g_free(content);
        }
        assert_int_equal(found, 15);
        mail_reader_close(reader);
        g_free(path);
    }
    char *outside = g_build_filename(directory, "..", "up.eml", NULL); /* a subject is no path */
    assert_false(g_file_test(outside, G_FILE_TEST_EXISTS));
    g_free(outside);
}

static void writing_adds_to_what_is_there(void **state)
{
    char *path = g_build_filename(directory, "out.mbox", NULL);
    write_tricky(path, MAIL_FORMAT_MBOX);
    write_tricky(path, MAIL_FORMAT_MBOX);
    struct mail_reader *reader = open_reader(path, MAIL_FORMAT_AUTO);
    struct mail_item item;
    unsigned count = 0;
    while (mail_reader_next(reader, &item) == MAIL_READ_OK)
        count++;
    assert_int_equal(count, 8);
    mail_reader_close(reader);
    g_free(path);
}

static void a_full_disk_is_reported(void **state)
{
    if (access("/dev/full", W_OK) != 0)
        skip();
    char *error = NULL, *path = g_build_filename(directory, "full.mbox", NULL);
    assert_int_equal(symlink("/dev/full", path), 0);
    struct mail_writer *writer = mail_writer_open(path, MAIL_FORMAT_MBOX, &error);
    assert_non_null(writer);
    bool good = mail_writer_begin(writer, &(struct mail_envelope){.folder = "", .sender = "", .subject = ""});
    for (int i = 0; good && i < 100000; i++)
        good = mail_writer_write(writer, "a line of text\n", 15);
    good = good && mail_writer_end(writer);
    assert_false(good);
    mail_writer_close(writer);
    g_free(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        TEST(mbox_is_split_and_unquoted),
        TEST(text_that_begins_with_from_is_no_separator),
        TEST(content_length_counts_where_it_holds),
        TEST(a_mail_beyond_the_cap_is_reported_and_passed_over),
        TEST(lines_of_any_length_are_text),
        TEST(apple_mails_are_unwrapped),
        TEST(mbox_is_told_from_a_mail),
        TEST(states_of_mail_programs),
        TEST(folder_names_of_maildirs),
        TEST(file_names_stay_within_their_folder),
        TEST(maildirs_have_flags_and_folders),
        TEST(folders_of_files_become_folders),
        TEST(unreadable_files_are_named_and_passed_over),
        TEST(what_is_written_is_read),
        TEST(writing_adds_to_what_is_there),
        TEST(a_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
