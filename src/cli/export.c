/* mapihttp export: a mailbox into mail files, through the client library. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cli/connection.h"
#include "cli/progress.h"
#include "cli/transfer_report.h"
#include "client/message.h"
#include "mail/mail_file.h"
#include "mail/mime_export.h"
#include "protocol/property_tags.h"

#define MESSAGE_FLAG_READ 0x1u
#define MESSAGE_FLAG_UNSENT 0x8u
#define LAST_VERB_REPLY 102u
#define LAST_VERB_REPLY_ALL 103u
#define LAST_VERB_FORWARD 104u

struct export {
    struct connection connection;
    struct mapihttp_session *session;
    const char *folder;      /* --folder, or NULL for all */
    bool only_one;           /* --no-subfolders */
    bool all_classes;
    enum mail_format format;
    struct mail_writer *writer;
    struct transfer_report report;
    struct progress progress;
    uint64_t message_total;
    bool stopped;
};

static bool is_fatal(enum mapihttp_status status)
{
    return status != MAPIHTTP_NOT_FOUND && status != MAPIHTTP_SERVER;
}

static bool write_mail(void *data, const void *bytes, size_t size)
{
    struct export *export = data;
    export->report.bytes += size;
    return mail_writer_write(export->writer, bytes, size);
}

static const char *text_of(struct message *message, uint32_t tag)
{
    const char *text = message_get_text(message, &message->properties, tag);
    return text ? text : "";
}

static struct mail_envelope envelope_of(struct message *message, const char *folder)
{
    const struct message_properties *properties = &message->properties;
    uint32_t flags = message_get_u32(properties, PID_TAG_MESSAGE_FLAGS, 0);
    uint32_t verb = message_get_u32(properties, PID_TAG_LAST_VERB_EXECUTED, 0);
    struct mail_envelope envelope = {.folder = folder, .subject = text_of(message, PID_TAG_SUBJECT)};
    envelope.sender = text_of(message, PID_TAG_SENDER_SMTP_ADDRESS);
    if (!*envelope.sender)
        envelope.sender = text_of(message, PID_TAG_SENT_REPRESENTING_SMTP_ADDRESS);
    envelope.received_time = message_get_time(properties, PID_TAG_MESSAGE_DELIVERY_TIME);
    envelope.state.read = flags & MESSAGE_FLAG_READ;
    envelope.state.draft = flags & MESSAGE_FLAG_UNSENT;
    envelope.state.replied = verb == LAST_VERB_REPLY || verb == LAST_VERB_REPLY_ALL;
    envelope.state.forwarded = verb == LAST_VERB_FORWARD;
    envelope.state.flagged = message_get_u32(properties, PID_TAG_FLAG_STATUS, 0) == 2;
    return envelope;
}

/* What is no mail, for the reader of the report. */
static void notice_class(struct export *export, struct message *message)
{
    const char *message_class = text_of(message, PID_TAG_MESSAGE_CLASS);
    if (*message_class && g_ascii_strncasecmp(message_class, "IPM.Note", 8) != 0 && g_ascii_strncasecmp(message_class, "REPORT.", 7) != 0) {
        struct mime_notices notices = transfer_report_notices(&export->report);
        mime_notice(&notices, MIME_NOTICE_NOT_REPRESENTED, message_class, "no mail: only what mails have was written");
    }
}

static void export_message(struct export *export, const char *folder, struct message *message)
{
    struct mail_envelope envelope = envelope_of(message, folder);
    struct mime_export_options options = {.notices = transfer_report_notices(&export->report), .write = write_mail, .data = export};
    options.newline = mail_format_wants_crlf(export->format) ? MIME_NEWLINE_CRLF : MIME_NEWLINE_LF;
    char *name = g_strdup_printf("%s: %s", folder, envelope.subject);
    export->report.mail = name;
    notice_class(export, message);
    bool written = mail_writer_begin(export->writer, &envelope);
    if (written && !mime_export(message, &options)) {
        progress_clear(&export->progress);
        transfer_report_failure(&export->report, name, "could not be written");
        export->stopped = true;
    }
    written = written && mail_writer_end(export->writer);
    if (written) {
        export->report.done++;
    } else {
        progress_clear(&export->progress);
        transfer_report_failure(&export->report, name, mail_writer_error(export->writer));
        export->stopped = true; /* a full disk does not get emptier */
    }
    export->report.mail = "";
    g_free(name);
}

static void export_row(struct export *export, const struct mapihttp_folder *folder, uint64_t message_id)
{
    struct mapihttp_message *message;
    struct mapihttp_error error;
    enum mapihttp_status status = mapihttp_message_get(export->session, folder->id, message_id, &message, &error);
    if (!status) {
        export_message(export, folder->path, client_message_content(message));
        mapihttp_message_free(message);
        return;
    }
    char id[ID_TEXT_SIZE];
    id_format(message_id, id);
    char *name = g_strdup_printf("%s: message %s", folder->path, id);
    progress_clear(&export->progress);
    transfer_report_failure(&export->report, name, error.text);
    g_free(name);
    export->stopped = is_fatal(status);
}

static void export_folder(struct export *export, const struct mapihttp_folder *folder)
{
    static const uint32_t columns[] = {PID_TAG_MESSAGE_DELIVERY_TIME};
    struct mapihttp_query query = {.columns = columns, .column_count = 1};
    struct mapihttp_table *table;
    struct mapihttp_error error;
    const struct mapihttp_row *row;
    enum mapihttp_status status = mapihttp_table_open(export->session, folder->id, &query, &table, &error);
    if (!status) {
        export->report.folders++;
        while (!export->stopped && !(status = mapihttp_table_next(table, &row, &error)) && row) {
            export_row(export, folder, row->message_id);
            progress_update(&export->progress, export->report.done, export->message_total, export->report.done, "mails");
        }
        mapihttp_table_close(table);
    }
    if (status) {
        progress_clear(&export->progress);
        transfer_report_failure(&export->report, folder->path, error.text);
        export->stopped = is_fatal(status);
    }
}

static bool is_wanted(struct export *export, const struct mapihttp_folder *folder)
{
    bool mail = !*folder->container_class || g_ascii_strncasecmp(folder->container_class, "IPF.Note", 8) == 0;
    if (folder->hidden || folder->message_count == 0 || mail || export->all_classes)
        return !folder->hidden;
    struct mime_notices notices = transfer_report_notices(&export->report);
    char *why = g_strdup_printf("a folder of %s with %u messages: not exported without --all-classes", folder->container_class,
        folder->message_count);
    mime_notice(&notices, MIME_NOTICE_NOT_REPRESENTED, folder->path, why);
    g_free(why);
    return false;
}

/* Whether the folder is the one that was asked for, or below it. */
static bool is_below(const struct export *export, const struct mapihttp_folders *folders, size_t index, uint64_t top)
{
    uint64_t id = mapihttp_folders_get(folders, index)->id;
    for (size_t i = index + 1; i-- > 0;) { /* parents come before their children */
        const struct mapihttp_folder *folder = mapihttp_folders_get(folders, i);
        if (folder->id != id)
            continue;
        if (folder->id == top)
            return true;
        if (export->only_one)
            return false;
        id = folder->parent_id;
    }
    return id == top;
}

static int export_folders(struct export *export)
{
    struct mapihttp_folders *folders;
    struct mapihttp_error error;
    uint64_t top = mapihttp_special_folder(export->session, MAPIHTTP_FOLDER_TOP);
    if (mapihttp_folders_list(export->session, top, &folders, &error))
        return connection_failed(&export->connection, NULL, &error);
    if (export->folder && mapihttp_folder_find(export->session, export->folder, &top, &error)) {
        mapihttp_folders_free(folders);
        return connection_failed(&export->connection, export->folder, &error);
    }
    size_t count = mapihttp_folders_count(folders);
    bool *wanted = g_new0(bool, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct mapihttp_folder *folder = mapihttp_folders_get(folders, i);
        wanted[i] = is_below(export, folders, i, top) && is_wanted(export, folder);
        export->message_total += wanted[i] ? folder->message_count : 0;
    }
    for (size_t i = 0; i < count && !export->stopped; i++)
        if (wanted[i] && mapihttp_folders_get(folders, i)->message_count)
            export_folder(export, mapihttp_folders_get(folders, i));
    g_free(wanted);
    mapihttp_folders_free(folders);
    return COMMAND_DONE;
}

static int export_all(struct export *export, const char *target)
{
    char *error = NULL;
    mime_initialize();
    export->session = connection_open(&export->connection);
    if (!export->session)
        return COMMAND_FAILED;
    export->writer = mail_writer_open(target, export->format, &error);
    if (!export->writer) {
        int status = command_failed(export->connection.command, "%s", error);
        g_free(error);
        connection_close(&export->connection);
        return status;
    }
    progress_start(&export->progress);
    int status = export_folders(export);
    progress_clear(&export->progress);
    mail_writer_close(export->writer);
    connection_close(&export->connection);
    bool good = !export->stopped && export->report.failed == 0;
    good &= transfer_report_end(&export->report, "Exported", progress_seconds(&export->progress));
    return status ? status : good ? COMMAND_DONE : COMMAND_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct export export = {.format = MAIL_FORMAT_EML};
    const char *list = NULL, *target = NULL;
    connection_initialize(&export.connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&export.connection, argc, argv, &i);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!strcmp(argv[i], "--no-subfolders"))
            export.only_one = true;
        else if (!strcmp(argv[i], "--all-classes"))
            export.all_classes = true;
        else if (!strcmp(argv[i], "--folder") && i + 1 < argc)
            export.folder = argv[++i];
        else if (!strcmp(argv[i], "--report") && i + 1 < argc)
            list = argv[++i];
        else if (!strcmp(argv[i], "--format") && i + 1 < argc) {
            if (!mail_format_parse(argv[++i], &export.format) || export.format == MAIL_FORMAT_AUTO)
                return command_usage_error(command, "no format '%s': mbox, maildir or eml", argv[i]);
        } else if ((argv[i][0] == '-' && argv[i][1]) || target)
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        else
            target = argv[i];
    }
    if (!target)
        return command_usage_error(command, "where to?");
    if (!transfer_report_start(&export.report, list))
        return command_failed(command, "%s: %s", list, strerror(errno));
    return export_all(&export, target);
}

const struct command command_export = {
    .name = "export",
    .summary = "write a mailbox into mail files: mbox, Maildir or .eml",
    .usage = "mapihttp export [--folder PATH [--no-subfolders]] [--format FORMAT] [--all-classes] [--report FILE] TARGET\n"
             "\n"
             "Writes the mails of a mailbox, or of one folder and those below it, into files. TARGET is a folder that is created\n"
             "where needed and added to: with eml one file a mail in a folder a mail folder; with mbox one file a mail folder\n"
             "(a TARGET that ends in .mbox is one file for all); with maildir a Maildir whose sub-folders are those of Maildir++.\n"
             "What mails cannot say is named at the end. Exit status 1 when a mail did not get out.\n"
             "\n"
             "  --folder PATH           only this folder and what is below it\n"
             "  --no-subfolders         not what is below it\n"
             "  --format FORMAT         eml (without this option), mbox or maildir\n"
             "  --all-classes           folders of calendars, contacts and the like as well, as far as mails can say it\n"
             "  --report FILE           one line for every notice: mail, kind, what, why, separated by tabs ('-': standard output)\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
