/* mapihttp import: mail files into a mailbox, through the client library. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cli/connection.h"
#include "cli/progress.h"
#include "cli/transfer_report.h"
#include "client/message.h"
#include "mail/mail_file.h"
#include "protocol/property_tags.h"

#define X_HEADER_NAMES_MAX 4000u /* that one import may add to a mailbox; all stand in the transport headers anyway */

struct import {
    struct connection connection;
    struct mapihttp_session *session;
    const char *folder;       /* --folder, or NULL */
    enum mail_format format;
    bool skip_existing;
    bool unread;              /* --unread: where the file does not say */
    GHashTable *folders;      /* path -> struct target */
    GHashTable *header_names; /* that became named properties */
    struct transfer_report report;
    struct progress progress;
    bool stopped;             /* no use in going on */
};

struct target {
    uint64_t id;
    GHashTable *message_ids;  /* those that are there; NULL without --skip-existing */
};

static void target_free(void *pointer)
{
    struct target *target = pointer;
    if (target->message_ids)
        g_hash_table_unref(target->message_ids);
    g_free(target);
}

/* After these the next mail would fail as well. */
static bool is_fatal(enum mapihttp_status status)
{
    return status == MAPIHTTP_NETWORK || status == MAPIHTTP_TLS || status == MAPIHTTP_AUTHENTICATION || status == MAPIHTTP_CANCELLED
        || status == MAPIHTTP_NO_MEMORY || status == MAPIHTTP_AUTODISCOVER;
}

static bool read_message_ids(struct import *import, struct target *target)
{
    static const uint32_t columns[] = {PID_TAG_INTERNET_MESSAGE_ID};
    struct mapihttp_query query = {.columns = columns, .column_count = 1};
    struct mapihttp_table *table;
    struct mapihttp_error error;
    const struct mapihttp_row *row;
    if (mapihttp_table_open(import->session, target->id, &query, &table, &error)) {
        (void)connection_failed(&import->connection, NULL, &error);
        return false;
    }
    enum mapihttp_status status;
    while (!(status = mapihttp_table_next(table, &row, &error)) && row)
        if (MAPIHTTP_TAG_TYPE(row->properties[0].tag) == MAPIHTTP_TYPE_STRING)
            g_hash_table_add(target->message_ids, g_strdup(row->properties[0].blob.data));
    mapihttp_table_close(table);
    if (status)
        (void)connection_failed(&import->connection, NULL, &error);
    return !status;
}

/* Folders of mail programs that every mailbox has under another name. */
static const char *own_name(const char *folder)
{
    static const char *const names[][2] = {{"INBOX", "Inbox"}, {"Sent", "Sent Items"}, {"Sent Messages", "Sent Items"},
        {"Sent Mail", "Sent Items"}, {"Trash", "Deleted Items"}, {"Deleted Messages", "Deleted Items"}, {"Junk", "Junk Email"},
        {"Spam", "Junk Email"}, {"Draft", "Drafts"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (g_ascii_strcasecmp(folder, names[i][0]) == 0)
            return names[i][1];
    return folder;
}

static char *target_path(const struct import *import, const char *folder)
{
    if (!import->folder)
        return g_strdup(*folder ? own_name(folder) : "Inbox");
    return *folder ? g_strconcat(import->folder, "/", folder, NULL) : g_strdup(import->folder);
}

static struct target *find_target(struct import *import, const char *folder)
{
    struct target *target = g_hash_table_lookup(import->folders, folder);
    if (target)
        return target;
    struct mapihttp_error error;
    uint64_t id;
    char *path = target_path(import, folder);
    enum mapihttp_status status = mapihttp_folder_make_path(import->session, path, &id, &error);
    if (status) {
        progress_clear(&import->progress);
        (void)connection_failed(&import->connection, path, &error);
    }
    g_free(path);
    if (status)
        return NULL;
    target = g_new0(struct target, 1);
    target->id = id;
    g_hash_table_insert(import->folders, g_strdup(folder), target);
    import->report.folders++;
    if (import->skip_existing) {
        target->message_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        if (!read_message_ids(import, target))
            return NULL;
    }
    return target;
}

/* Whether the folder has it already; enters it otherwise. */
static bool is_there(struct target *target, struct message *message)
{
    const char *id = target->message_ids ? message_get_text(message, &message->properties, PID_TAG_INTERNET_MESSAGE_ID) : NULL;
    return id && !g_hash_table_add(target->message_ids, g_strdup(id));
}

/* Takes the message over. */
static void put(struct import *import, struct target *target, struct message *message, const struct mail_item *item)
{
    struct mapihttp_message *wrapped = client_message_of(message);
    struct mapihttp_error error;
    uint64_t id;
    if (!wrapped) {
        message_free(message);
        import->stopped = true;
        return;
    }
    enum mapihttp_status status = mapihttp_message_put(import->session, target->id, wrapped, &id, &error);
    mapihttp_message_free(wrapped);
    if (!status) {
        import->report.done++;
        import->report.bytes += item->content.size;
        return;
    }
    progress_clear(&import->progress);
    transfer_report_failure(&import->report, item->name, error.text);
    import->stopped = is_fatal(status);
}

static bool takes_name(void *data, const char *name)
{
    struct import *import = data;
    if (g_hash_table_contains(import->header_names, name))
        return true;
    if (g_hash_table_size(import->header_names) >= X_HEADER_NAMES_MAX) {
        struct mime_notices notices = transfer_report_notices(&import->report);
        mime_notice(&notices, MIME_NOTICE_NOT_REPRESENTED, "x-header",
            "too many different names in this import: it stands only in the transport headers");
        return false;
    }
    return g_hash_table_add(import->header_names, g_strdup(name));
}

static void import_one(struct import *import, const struct mail_item *item)
{
    static const char *const why[] = {[MIME_EMPTY] = "empty: there is no mail in it", [MIME_TOO_LARGE] = "larger than this program takes",
        [MIME_NO_MEMORY] = "not enough memory"};
    struct mime_import_options options = {.state = item->state, .received_time = item->received_time,
        .takes_name = takes_name, .takes_name_data = import};
    import->report.mail = item->name;
    options.notices = transfer_report_notices(&import->report);
    if (!item->state_known)
        options.state.read = !import->unread;
    struct message *message;
    enum mime_status status = mime_import(item->content, &options, &message);
    if (status != MIME_OK) {
        progress_clear(&import->progress);
        transfer_report_failure(&import->report, item->name, why[status]);
        return;
    }
    struct target *target = find_target(import, item->folder);
    if (!target) {
        import->stopped = true;
        import->report.failed++;
        message_free(message);
    } else if (is_there(target, message)) {
        import->report.skipped++;
        message_free(message);
    } else {
        put(import, target, message, item);
    }
}

static void import_path(struct import *import, const char *path)
{
    char *error = NULL;
    struct mail_reader *reader = mail_reader_open(path, import->format, &error);
    if (!reader) {
        transfer_report_failure(&import->report, path, error);
        g_free(error);
        return;
    }
    struct mail_item item;
    enum mail_read_status status;
    while (!import->stopped && (status = mail_reader_next(reader, &item)) != MAIL_READ_END) {
        if (status == MAIL_READ_OTHER) {
            import->report.mail = item.name;
            struct mime_notices notices = transfer_report_notices(&import->report);
            mime_notice(&notices, MIME_NOTICE_NOT_REPRESENTED, "file", mail_reader_error(reader));
        } else if (status == MAIL_READ_FAILED) {
            progress_clear(&import->progress);
            transfer_report_failure(&import->report, item.name, mail_reader_error(reader));
        } else {
            import_one(import, &item);
        }
        progress_update(&import->progress, mail_reader_done(reader), mail_reader_total(reader),
            import->report.done + import->report.skipped, "mails");
    }
    mail_reader_close(reader);
}

/* Properties that the server refuses are known by the client's trace only; they belong into the report. */
static void trace_refused(void *data, const char *line)
{
    struct import *import = data;
    if (strstr(line, "does not take property")) {
        struct mime_notices notices = transfer_report_notices(&import->report);
        mime_notice(&notices, MIME_NOTICE_NOT_REPRESENTED, "mailbox", line);
    }
}

static int import_all(struct import *import, char **paths, int count)
{
    if (!import->connection.options.trace) {
        import->connection.options.trace = trace_refused;
        import->connection.options.trace_data = import;
    }
    import->session = connection_open(&import->connection);
    if (!import->session)
        return COMMAND_FAILED;
    mime_initialize();
    progress_start(&import->progress);
    import->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, target_free);
    import->header_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int i = 0; i < count && !import->stopped; i++)
        import_path(import, paths[i]);
    progress_clear(&import->progress);
    connection_close(&import->connection);
    g_hash_table_unref(import->folders);
    g_hash_table_unref(import->header_names);
    bool good = !import->stopped && import->report.failed == 0;
    good &= transfer_report_end(&import->report, "Imported", progress_seconds(&import->progress));
    return good ? COMMAND_DONE : COMMAND_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct import import = {.format = MAIL_FORMAT_AUTO};
    const char *list = NULL;
    int path_count = 0; /* the paths move to the front of argv */
    connection_initialize(&import.connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&import.connection, argc, argv, &i);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!strcmp(argv[i], "--skip-existing"))
            import.skip_existing = true;
        else if (!strcmp(argv[i], "--unread"))
            import.unread = true;
        else if (!strcmp(argv[i], "--folder") && i + 1 < argc)
            import.folder = argv[++i];
        else if (!strcmp(argv[i], "--report") && i + 1 < argc)
            list = argv[++i];
        else if (!strcmp(argv[i], "--format") && i + 1 < argc) {
            if (!mail_format_parse(argv[++i], &import.format))
                return command_usage_error(command, "no format '%s': auto, mbox, maildir or eml", argv[i]);
        } else if (argv[i][0] == '-' && argv[i][1])
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        else
            argv[path_count++] = argv[i];
    }
    if (!path_count)
        return command_usage_error(command, "which files?");
    if (!transfer_report_start(&import.report, list))
        return command_failed(command, "%s: %s", list, strerror(errno));
    return import_all(&import, argv, path_count);
}

const struct command command_import = {
    .name = "import",
    .summary = "put mail files into a mailbox: mbox, Maildir, .eml, folders of them",
    .usage = "mapihttp import [--folder PATH] [--format FORMAT] [--skip-existing] [--unread] [--report FILE] FILE...\n"
             "\n"
             "Reads mbox files, Maildirs, single mails and folders of all of them, and saves each mail in the mailbox: headers,\n"
             "recipients, texts, attachments, forwarded mails, reports; signed and encrypted mails stay whole. Folders become\n"
             "folders (INBOX, Sent, Trash, Junk and Drafts those that every mailbox has); what stands in none goes to the Inbox.\n"
             "Read, replied, flagged and draft are kept where the files know them. Broken mails are taken as far as they can be\n"
             "read; what was damaged or cannot be represented is named at the end. Exit status 1 when a mail did not get in.\n"
             "\n"
             "  --folder PATH           puts everything into or below this folder; creates it if needed\n"
             "  --format FORMAT         auto (by what is there), mbox, maildir or eml\n"
             "  --skip-existing         leaves out mails whose Message-ID the folder has already: a second run adds nothing\n"
             "  --unread                mails whose files do not say it are unread (otherwise read)\n"
             "  --report FILE           one line for every notice: mail, kind, what, why, separated by tabs ('-': standard output)\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
