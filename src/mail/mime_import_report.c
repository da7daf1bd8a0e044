/* multipart/report -> REPORT.IPM.Note.* (MS-OXCMAIL 2.2.3.7; RFC 3464, RFC 8098). The machine-readable part itself is also
 * kept as an attachment, so that nothing of it is lost. */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "base/text.h"
#include "mail/mail_address.h"
#include "mail/mime_reader.h"
#include "protocol/property_tags.h"

#define REPORT_FIELDS_MAX 64u
#define REPORT_RECIPIENTS_MAX 256u
#define DIAGNOSTIC_NONE 0xFFFFFFFFu

/* One group of 'Name: value' lines; the strings are the arena's. */
struct report_group {
    struct {
        const char *name, *value;
    } fields[REPORT_FIELDS_MAX];
    unsigned count;
};

static const char *group_value(const struct report_group *group, const char *name)
{
    for (unsigned i = 0; i < group->count; i++)
        if (text_equal_ignoring_case(group->fields[i].name, name))
            return group->fields[i].value;
    return NULL;
}

/* The value behind 'type;' as in 'rfc822; user@host'. */
static const char *typed_value(const char *value)
{
    const char *semicolon = value ? strchr(value, ';') : NULL;
    if (!semicolon)
        return value;
    return semicolon + 1 + strspn(semicolon + 1, " \t");
}

static void group_add_line(struct arena *arena, struct report_group *group, char *line)
{
    char *colon = strchr(line, ':');
    if ((*line == ' ' || *line == '\t') && group->count) { /* a folded line goes on with the one before */
        const char **value = &group->fields[group->count - 1].value;
        *value = arena_format(arena, "%s %s", *value, line + strspn(line, " \t"));
        if (!*value)
            *value = "";
        return;
    }
    if (!colon || group->count == REPORT_FIELDS_MAX)
        return;
    *colon = 0;
    group->fields[group->count].name = g_strchomp(line);
    group->fields[group->count++].value = g_strchomp(colon + 1 + strspn(colon + 1, " \t"));
}

/* Reads the next group and moves *text behind it; false at the end. */
static bool next_group(struct arena *arena, char **text, struct report_group *group)
{
    group->count = 0;
    while (**text) {
        size_t length = strcspn(*text, "\n");
        char *line = *text;
        *text += length + (line[length] ? 1 : 0);
        line[length] = 0;
        if (length && line[length - 1] == '\r')
            line[length - 1] = 0;
        if (line[strspn(line, " \t")] == 0) {
            if (group->count)
                return true;
            continue;
        }
        group_add_line(arena, group, line);
    }
    return group->count > 0;
}

/* The actions in rising severity (MS-OXCMAIL 2.2.3.7.1.1). */
static const struct {
    const char *action, *message_class;
} actions[] = {
    {"delivered", "REPORT.IPM.Note.DR"},
    {"expanded", "REPORT.IPM.Note.Expanded.DR"},
    {"relayed", "REPORT.IPM.Note.Relayed.DR"},
    {"delayed", "REPORT.IPM.Note.Delayed.DR"},
    {"failed", "REPORT.IPM.Note.NDR"},
};

static int action_severity(const char *action)
{
    for (size_t i = 0; action && i < sizeof actions / sizeof *actions; i++)
        if (text_has_prefix_ignoring_case(action, actions[i].action))
            return (int)i;
    return -1;
}

/* Status 'class.subject.detail' (RFC 3463) -> diagnostic and reason (MS-OXCMAIL 2.2.3.7.1.2). */
static void status_codes(unsigned subject, unsigned detail, uint32_t *ret_diagnostic, uint32_t *ret_reason)
{
    static const struct {
        unsigned subject, detail;
        uint32_t diagnostic, reason;
    } rows[] = {
        {1, 1, 0, 1}, {1, 2, 0, 1}, {1, 3, 0, 1}, {1, 4, 1, 1}, {1, 6, 0, 1}, /* unknown, ambiguous */
        {2, 1, 4, 1}, {2, 2, 4, 1}, {2, 3, 7, 1}, {2, 4, 30, 1},              /* mailbox */
        {3, 1, 2, 1}, {3, 2, 4, 1}, {3, 4, 7, 1},                             /* mail system */
        {4, 4, 0, 1}, {4, 5, 2, 1}, {4, 6, 3, 0}, {4, 7, 5, 0},               /* network: congested, loop, expired */
        {5, 3, 16, 1}, {6, 1, 15, 2}, {6, 2, 9, 2}, {6, 3, 8, 2},             /* too many recipients, conversion */
    };
    *ret_diagnostic = DIAGNOSTIC_NONE;
    *ret_reason = subject == 7 ? 5 : subject == 6 ? 2 : subject == 4 ? 0 : 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].subject == subject && rows[i].detail == detail) {
            *ret_diagnostic = rows[i].diagnostic;
            *ret_reason = rows[i].reason;
        }
}

static void set_status(struct message *message, struct message_properties *properties, const char *status)
{
    unsigned class = 0, subject = 0, detail = 0;
    if (!status || sscanf(status, "%1u.%3u.%3u", &class, &subject, &detail) != 3)
        return;
    uint32_t diagnostic, reason;
    status_codes(subject, detail, &diagnostic, &reason);
    message_set_u32(message, properties, PID_TAG_NON_DELIVERY_REPORT_STATUS_CODE, class * 100 + subject * 10 + detail);
    message_set_u32(message, properties, PID_TAG_NON_DELIVERY_REPORT_DIAG_CODE, diagnostic);
    message_set_u32(message, properties, PID_TAG_NON_DELIVERY_REPORT_REASON_CODE, reason);
}

static void set_date(struct message *message, struct message_properties *properties, uint32_t tag, const char *value)
{
    GDateTime *date = value ? g_mime_utils_header_decode_date(value) : NULL;
    if (!date)
        return;
    message_set_time(message, properties, tag, filetime_of_unix((time_t)g_date_time_to_unix(date)));
    g_date_time_unref(date);
}

static void set_reported_address(struct message *message, struct message_properties *properties, const char *value)
{
    struct arena *arena = message_arena(message);
    const char *typed = typed_value(value);
    const char *open = strchr(typed, '<'), *close = open ? strchr(open, '>') : NULL; /* against the rules, but common */
    const char *address = close ? arena_format(arena, "%.*s", (int)(close - open - 1), open + 1) : typed;
    if (!address)
        return;
    struct mail_address found = {address, "SMTP", address};
    message_set_text(message, properties, PID_TAG_DISPLAY_NAME, address);
    message_set_text(message, properties, PID_TAG_ADDRESS_TYPE, "SMTP");
    message_set_text(message, properties, PID_TAG_EMAIL_ADDRESS, address);
    message_set_text(message, properties, PID_TAG_SMTP_ADDRESS, address);
    message_set_binary(message, properties, PID_TAG_ENTRY_ID, one_off_entry_id(arena, &found));
    message_set_binary(message, properties, PID_TAG_SEARCH_KEY, address_search_key(arena, &found));
    message_set_u32(message, properties, PID_TAG_OBJECT_TYPE, 6);
    message_set_u32(message, properties, PID_TAG_DISPLAY_TYPE, 0);
}

static void add_reported_recipient(struct message *message, const struct report_group *group, const char *reporting_mta)
{
    const char *final_recipient = group_value(group, "Final-Recipient");
    const char *address = final_recipient ? final_recipient : group_value(group, "Original-Recipient");
    struct message_recipient *recipient = address ? message_add_recipient(message, MESSAGE_RECIPIENT_TO) : NULL;
    if (!recipient)
        return;
    struct message_properties *properties = &recipient->properties;
    set_reported_address(message, properties, address);
    const char *status = group_value(group, "Status"), *remote = group_value(group, "Remote-MTA");
    const char *diagnostic = group_value(group, "Diagnostic-Code"), *info = group_value(group, "X-Supplementary-Info");
    set_status(message, properties, status);
    if (remote)
        message_set_text(message, properties, PID_TAG_REMOTE_MESSAGE_TRANSFER_AGENT, typed_value(remote));
    char *composed = arena_format(message_arena(message), "<%s #%s%s%s>", reporting_mta ? reporting_mta : "", status ? status : "",
        diagnostic ? " " : "", diagnostic ? diagnostic : "");
    if (info || composed)
        message_set_text(message, properties, PID_TAG_SUPPLEMENTARY_INFO, info ? info : composed);
    set_date(message, properties, PID_TAG_DELIVER_TIME, group_value(group, "Last-Attempt-Date"));
}

/* The receiver of the report, until now among the recipients; those become the ones that the report is about
 * (MS-OXCMAIL 2.1.3.1.1.1 reads them back). */
static void move_receiver(struct message *message)
{
    struct message_properties *properties = &message->properties;
    if (message->recipient_count == 0)
        return;
    const struct message_properties *receiver = &message->recipients[0].properties;
    static const struct {
        uint32_t from, represented, by;
    } moves[] = {
        {PID_TAG_DISPLAY_NAME, PID_TAG_RECEIVED_REPRESENTING_NAME, PID_TAG_RECEIVED_BY_NAME},
        {PID_TAG_ADDRESS_TYPE, PID_TAG_RECEIVED_REPRESENTING_ADDRESS_TYPE, PID_TAG_RECEIVED_BY_ADDRESS_TYPE},
        {PID_TAG_EMAIL_ADDRESS, PID_TAG_RECEIVED_REPRESENTING_EMAIL_ADDRESS, PID_TAG_RECEIVED_BY_EMAIL_ADDRESS},
        {PID_TAG_SMTP_ADDRESS, PID_TAG_RECEIVED_REPRESENTING_SMTP_ADDRESS, PID_TAG_RECEIVED_BY_SMTP_ADDRESS},
        {PID_TAG_ENTRY_ID, PID_TAG_RECEIVED_REPRESENTING_ENTRY_ID, PID_TAG_RECEIVED_BY_ENTRY_ID},
        {PID_TAG_SEARCH_KEY, PID_TAG_RECEIVED_REPRESENTING_SEARCH_KEY, PID_TAG_RECEIVED_BY_SEARCH_KEY},
    };
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        const struct property_value *value = message_find(receiver, moves[i].from);
        if (!value)
            continue;
        struct property_value moved = *value;
        moved.tag = moves[i].represented;
        message_set_in(message, properties, moved);
        moved.tag = moves[i].by;
        message_set_in(message, properties, moved);
    }
    message->recipient_count = 0;
}

static bool import_delivery_report(struct mime_reader *reader, struct message *message, char *text)
{
    struct arena *arena = message_arena(message);
    struct report_group *groups = arena_array(arena, struct report_group, 1);
    struct report_group *all[REPORT_RECIPIENTS_MAX];
    unsigned count = 0;
    int severity = -1;
    if (!groups || !next_group(arena, &text, groups))
        return false;
    struct report_group *group;
    while (count < REPORT_RECIPIENTS_MAX && (group = arena_new(arena, struct report_group)) && next_group(arena, &text, group)) {
        int own = action_severity(group_value(group, "Action"));
        severity = own > severity ? own : severity;
        all[count++] = group;
    }
    if (severity < 0)
        return false;
    if (count == REPORT_RECIPIENTS_MAX)
        reader_notice(reader, MIME_NOTICE_NOT_REPRESENTED, "delivery report",
            "too many recipients: the rest stand only in the attached status part");
    const char *reporting = typed_value(group_value(groups, "Reporting-MTA"));
    move_receiver(message);
    for (unsigned i = 0; i < count; i++) {
        if (action_severity(group_value(all[i], "Action")) == severity)
            add_reported_recipient(message, all[i], reporting);
        else
            reader_notice(reader, MIME_NOTICE_NOT_REPRESENTED, "delivery report",
                "a recipient with a milder outcome: it stands only in the attached status part");
    }
    struct message_properties *properties = &message->properties;
    message_set_text(message, properties, PID_TAG_MESSAGE_CLASS, actions[severity].message_class);
    message_set_text(message, properties, PID_TAG_ORIGINAL_MESSAGE_CLASS, "IPM.Note");
    if (reporting)
        message_set_text(message, properties, PID_TAG_REPORTING_MESSAGE_TRANSFER_AGENT, reporting);
    set_date(message, properties, PID_TAG_ORIGINAL_DELIVERY_TIME, group_value(groups, "Arrival-Date"));
    return true;
}

static bool import_read_report(struct message *message, char *text)
{
    struct arena *arena = message_arena(message);
    struct report_group *group = arena_new(arena, struct report_group);
    if (!group || !next_group(arena, &text, group))
        return false;
    const char *disposition = typed_value(group_value(group, "Disposition"));
    if (!disposition)
        return false;
    struct message_properties *properties = &message->properties;
    bool read = text_has_prefix_ignoring_case(disposition, "displayed");
    message_set_text(message, properties, PID_TAG_MESSAGE_CLASS, read ? "REPORT.IPM.Note.IPNRN" : "REPORT.IPM.Note.IPNNRN");
    message_set_text(message, properties, PID_TAG_ORIGINAL_MESSAGE_CLASS, "IPM.Note");
    const char *original = group_value(group, "Original-Message-ID");
    if (original)
        message_set_text(message, properties, PID_TAG_ORIGINAL_MESSAGE_ID, original);
    return true;
}

/* What the report is about, out of the returned message if there is one. */
static void import_original(struct message *message)
{
    struct message_properties *properties = &message->properties;
    for (uint32_t i = 0; i < message->attachment_count; i++) {
        const struct message *original = message->attachments[i].embedded;
        if (!original)
            continue;
        const char *subject = message_get_text(original, &original->properties, PID_TAG_SUBJECT);
        if (subject)
            message_set_text(message, properties, PID_TAG_ORIGINAL_SUBJECT, subject);
        uint64_t sent = message_get_time(&original->properties, PID_TAG_CLIENT_SUBMIT_TIME);
        if (sent)
            message_set_time(message, properties, PID_TAG_ORIGINAL_SUBMIT_TIME, sent);
        const char *id = message_get_text(original, &original->properties, PID_TAG_INTERNET_MESSAGE_ID);
        if (id && !message_find(properties, PID_TAG_ORIGINAL_MESSAGE_ID))
            message_set_text(message, properties, PID_TAG_ORIGINAL_MESSAGE_ID, id);
        return;
    }
}

bool mime_import_report(struct mime_reader *reader, struct message *message)
{
    for (uint32_t i = 0; i < message->attachment_count; i++) {
        const struct message_properties *part = &message->attachments[i].properties;
        const char *type = message_get_text(message, part, PID_TAG_ATTACH_MIME_TAG);
        bool delivery = type && text_equal_ignoring_case(type, "message/delivery-status");
        if (!delivery && !(type && text_equal_ignoring_case(type, "message/disposition-notification")))
            continue;
        char *text = arena_string_of(message_arena(message), message_get_binary(part, PID_TAG_ATTACH_DATA_BINARY));
        if (!text || !(delivery ? import_delivery_report(reader, message, text) : import_read_report(message, text)))
            continue; /* some put the words for people into a part of this type, too */
        uint64_t time = message_get_time(&message->properties, PID_TAG_CLIENT_SUBMIT_TIME);
        if (time)
            message_set_time(message, &message->properties, PID_TAG_REPORT_TIME, time);
        import_original(message);
        return true;
    }
    reader_notice(reader, MIME_NOTICE_NOT_REPRESENTED, "part multipart/report",
        "its machine-readable part is missing or of an unknown kind: imported as an ordinary message");
    return false;
}
