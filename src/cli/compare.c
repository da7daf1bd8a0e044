/* mapihttp compare: whether two sets of mail files hold the same mails. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "mail/mail_comparison.h"
#include "mail/mail_file.h"

struct mail {
    char *name;
    char *key;
    GBytes *content;
    bool matched;
};

struct comparing {
    GArray *others;         /* struct mail */
    const char *name;
    unsigned equal, tolerated, different, missing, unreadable;
};

static bool read_all(const char *path, GArray *mails)
{
    char *error = NULL;
    struct mail_reader *reader = mail_reader_open(path, MAIL_FORMAT_AUTO, &error);
    if (!reader) {
        fprintf(stderr, "mapihttp: %s\n", error);
        g_free(error);
        return false;
    }
    struct mail_item item;
    enum mail_read_status status;
    bool good = true;
    while ((status = mail_reader_next(reader, &item)) != MAIL_READ_END) {
        if (status != MAIL_READ_OK) {
            fprintf(stderr, "mapihttp: %s: %s\n", item.name, mail_reader_error(reader));
            good &= status == MAIL_READ_OTHER;
            continue;
        }
        struct mail mail = {g_strdup(item.name), mail_comparison_key(item.content),
            g_bytes_new(item.content.data, item.content.size), false};
        g_array_append_val(mails, mail);
    }
    mail_reader_close(reader);
    return good;
}

static struct bytes content_of(const struct mail *mail)
{
    gsize size;
    const void *data = g_bytes_get_data(mail->content, &size);
    return bytes_of(data, size);
}

static void print_difference(void *data, const struct mail_difference *difference)
{
    const struct comparing *comparing = data;
    printf("%s: %s: %s -> %s%s%s\n", comparing->name, difference->where, difference->original ? difference->original : "(nothing)",
        difference->exported ? difference->exported : "(nothing)", difference->tolerated ? "; accepted: " : "",
        difference->tolerated ? difference->tolerated : "");
}

/* The other mail that is the most like it among those not matched yet; only those of the same key, or all. */
static struct mail *find_nearest(struct comparing *comparing, const struct mail *mail, bool same_key, unsigned *ret_differences)
{
    struct mail *nearest = NULL;
    *ret_differences = UINT_MAX;
    for (guint i = 0; i < comparing->others->len && *ret_differences; i++) {
        struct mail *other = &g_array_index(comparing->others, struct mail, i);
        if (other->matched || (same_key && strcmp(other->key, mail->key) != 0))
            continue;
        struct mail_comparison result = mail_compare(content_of(mail), content_of(other), NULL, NULL);
        unsigned differences = result.unreadable ? UINT_MAX - 1 : result.difference_count;
        if (differences < *ret_differences) {
            *ret_differences = differences;
            nearest = other;
        }
    }
    return nearest;
}

static void compare_one(struct comparing *comparing, const struct mail *mail)
{
    unsigned differences;
    struct mail *other = find_nearest(comparing, mail, true, &differences);
    if (!other)
        other = find_nearest(comparing, mail, false, &differences);
    comparing->name = mail->name;
    if (!other) {
        printf("%s: is missing\n", mail->name);
        comparing->missing++;
        return;
    }
    struct mail_comparison result = mail_compare(content_of(mail), content_of(other), print_difference, comparing);
    comparing->unreadable += result.unreadable;
    comparing->equal += !result.unreadable && !result.difference_count;
    comparing->tolerated += !result.difference_count && result.tolerated_count;
    comparing->different += result.difference_count > 0;
    other->matched = !result.difference_count; /* a different one may still be the right one for another mail */
}

static void mails_free(GArray *mails)
{
    for (guint i = 0; i < mails->len; i++) {
        g_free(g_array_index(mails, struct mail, i).name);
        g_free(g_array_index(mails, struct mail, i).key);
        g_bytes_unref(g_array_index(mails, struct mail, i).content);
    }
    g_array_unref(mails);
}

static int run(const struct command *command, int argc, char **argv)
{
    if (argc < 3)
        return command_usage_error(command, "two sets of mail files are needed");
    mime_initialize();
    GArray *originals = g_array_new(FALSE, FALSE, sizeof(struct mail));
    struct comparing comparing = {.others = g_array_new(FALSE, FALSE, sizeof(struct mail))};
    bool good = read_all(argv[argc - 1], comparing.others);
    for (int i = 1; i < argc - 1; i++)
        good &= read_all(argv[i], originals);
    for (guint i = 0; i < originals->len; i++)
        compare_one(&comparing, &g_array_index(originals, struct mail, i));
    unsigned extra = 0;
    for (guint i = 0; i < comparing.others->len; i++)
        extra += !g_array_index(comparing.others, struct mail, i).matched;
    printf("%u mails: %u equal (%u of them with accepted differences), %u different, %u missing, %u unreadable; %u more on the other side\n",
        originals->len, comparing.equal, comparing.tolerated, comparing.different, comparing.missing, comparing.unreadable,
        extra - MIN(extra, comparing.different + comparing.unreadable));
    good &= comparing.equal == originals->len && extra == 0;
    mails_free(originals);
    mails_free(comparing.others);
    return good ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_compare = {
    .name = "compare",
    .summary = "say whether mail files hold the same mails as others",
    .usage = "mapihttp compare ORIGINAL... OTHER\n"
             "\n"
             "Reads mail files (mbox, Maildir, .eml, folders of them) on both sides and looks for every original mail among the\n"
             "others: subject, addresses, date, thread, texts, and names, types and SHA-256 of attachments; not how they are\n"
             "encoded, nested or ordered. Every difference is printed; those that are accepted say why (docs/mail.md). Made for\n"
             "checking an import and export. Exit status 1 when something differs.\n",
    .run = run,
};
