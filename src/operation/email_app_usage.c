/* The same numbers in the form of Microsoft 365's report 'Email apps usage', heading by heading, so that what reads its files reads ours:
 * Get-EmailAppUsage. Apps that cannot reach this server (web, POP, IMAP ...) stand there as not used. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "directory/directory.h"
#include "operation/operations.h"
#include "operation/usage_request.h"

enum app { APP_MAIL_MAC, APP_OUTLOOK_MAC, APP_OUTLOOK_WINDOWS, APP_OUTLOOK_MOBILE, APP_OTHER_MOBILE, APP_WEB, APP_POP3, APP_IMAP4, APP_SMTP, APP_COUNT };

static const char *const app_names[APP_COUNT] = {"Mail For Mac", "Outlook For Mac", "Outlook For Windows", "Outlook For Mobile", "Other For Mobile",
                                                 "Outlook For Web", "POP3 App", "IMAP4 App", "SMTP App"};

struct app_report {
    struct operation_call *call;
    const struct usage_request *request;
    json_t *users;  /* by id: mask of apps, of the day or the period */
    json_t *last;   /* by id: the last day */
    json_t *names;  /* by id: the address at the time */
    int32_t day;
    char today[USAGE_DAY_TEXT_SIZE], period[12];
};

/* -1: none that the report knows. */
static int app_of(const struct usage_entry *entry)
{
    if (entry->class != CLIENT_OTHER)
        return APP_OUTLOOK_WINDOWS;
    if (strcasecmp(entry->software, "MacOutlook") == 0)
        return APP_OUTLOOK_MAC;
    return strncasecmp(entry->software, "Outlook-", 8) == 0 ? APP_OUTLOOK_MOBILE : -1;
}

static json_t *begin(const struct app_report *report)
{
    return json_pack("{s:s}", "Report Refresh Date", report->today);
}

static void finish(const struct app_report *report, json_t *object)
{
    json_object_set_new(object, "Report Period", json_string(report->period));
    operation_emit(report->call, object);
}

/* --- apps --- */

static void emit_counts(struct app_report *report)
{
    unsigned counts[APP_COUNT] = {0};
    const char *id;
    json_t *mask, *object = begin(report);
    json_object_foreach(report->users, id, mask)
        for (unsigned i = 0; i < APP_COUNT; i++)
            counts[i] += (json_integer_value(mask) >> i) & 1;
    for (unsigned i = 0; i < APP_COUNT; i++)
        json_object_set_new(object, app_names[i], json_integer(counts[i]));
    if (report->request->question.by & USAGE_BY_DAY)
        json_object_set_new(object, "Report Date", usage_date(report->day));
    finish(report, object);
    json_object_clear(report->users);
}

static bool visit(void *state, const struct usage_row *row)
{
    struct app_report *report = state;
    char id[GUID_TEXT_SIZE];
    int app = app_of(&row->entry);
    if (app < 0 || guid_is_zero(row->entry.user))
        return true;
    if (report->request->question.by & USAGE_BY_DAY && report->day != row->entry.day && json_object_size(report->users))
        emit_counts(report);
    report->day = row->entry.day;
    guid_format(row->entry.user, id);
    json_int_t mask = json_integer_value(json_object_get(report->users, id)), last = json_integer_value(json_object_get(report->last, id));
    json_object_set_new(report->users, id, json_integer(mask | 1 << app));
    if (report->names) {
        json_object_set_new(report->names, id, json_string(row->entry.user_address));
        json_object_set_new(report->last, id, json_integer(row->entry.day > last ? row->entry.day : last));
    }
    return !report->call->stopped;
}

/* --- users --- */

static void emit_user(struct app_report *report, const char *id, const json_t *known)
{
    json_int_t mask = json_integer_value(json_object_get(report->users, id));
    json_t *last = json_object_get(report->last, id), *object = begin(report), *address = json_object_get(report->names, id);
    json_object_set(object, "User Principal Name", known ? json_object_get(known, "UserPrincipalName") : address);
    json_object_set_new(object, "Display Name", json_string(known ? json_string_value(json_object_get(known, "DisplayName")) : ""));
    json_object_set_new(object, "Is Deleted", json_string(known ? "False" : "True"));
    json_object_set_new(object, "Deleted Date", json_string(""));
    json_object_set_new(object, "Last Activity Date", last ? usage_date((int32_t)json_integer_value(last)) : json_string(""));
    for (unsigned i = 0; i < APP_COUNT; i++)
        json_object_set_new(object, app_names[i], json_string(mask & 1 << i ? "Yes" : "No"));
    finish(report, object);
}

/* Everybody who has a mailbox, as there, and those who are gone. */
static void emit_users(struct app_report *report)
{
    json_t *directory = usage_directory_users(report->call), *user;
    const char *id;
    if (!directory)
        return;
    const struct guid *one = report->request->question.user;
    char wanted[GUID_TEXT_SIZE] = "";
    if (one)
        guid_format(*one, wanted);
    json_object_foreach(directory, id, user) {
        bool person = strcmp(json_string_value(json_object_get(user, "Kind")), directory_kind_names[DIRECTORY_USER]) == 0;
        if (json_object_get(report->users, id) || (one ? strcmp(id, wanted) == 0 : person))
            emit_user(report, id, user);
    }
    json_object_foreach(report->users, id, user)
        if (!json_object_get(directory, id))
            emit_user(report, id, NULL);
    json_decref(directory);
}

/* --- versions --- */

static bool visit_class(void *state, const struct usage_row *row)
{
    ((uint32_t *)state)[row->entry.class] = row->users;
    return true;
}

static void emit_versions(struct app_report *report)
{
    /* In the order of the original. */
    static const enum client_class order[] = {CLIENT_OUTLOOK_2016, CLIENT_OUTLOOK_2013, CLIENT_OUTLOOK_2010, CLIENT_OUTLOOK_2007,
                                              CLIENT_UNDETERMINED, CLIENT_OUTLOOK_M365, CLIENT_OUTLOOK_2019};
    uint32_t users[CLIENT_CLASS_COUNT] = {0};
    if (!usage_request_run(report->call, report->request, visit_class, users))
        return;
    json_t *object = begin(report);
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++)
        json_object_set_new(object, client_class_names[order[i]], json_integer(users[order[i]]));
    finish(report, object);
}

/* --- the operation --- */

static void run(struct operation_call *call, struct usage_request *request, const char *view)
{
    struct app_report report = {.call = call, .request = request, .users = json_object(), .last = json_object(), .names = json_object()};
    bool detail = strcmp(view, "UserDetail") == 0;
    usage_day_format(request->today, report.today);
    snprintf(report.period, sizeof report.period, "%u", request->period_days);
    if (strcmp(view, "VersionsUserCounts") == 0) {
        request->question.by = USAGE_BY_CLASS;
        emit_versions(&report);
    } else {
        bool daily = strcmp(view, "UserCounts") == 0;
        request->question.by = USAGE_BY_USER | USAGE_BY_CLIENT | (daily ? USAGE_BY_DAY : 0);
        if (usage_request_run(call, request, visit, &report) && detail)
            emit_users(&report);
        else if (call->error == OPERATION_DONE && (!daily || json_object_size(report.users)))
            emit_counts(&report);
    }
    json_decref(report.users);
    json_decref(report.last);
    json_decref(report.names);
}

static void get(struct operation_call *call)
{
    const char *view = operation_text(call, "View");
    struct usage_request request;
    if (!usage_request_open(call, &request))
        return;
    run(call, &request, view ? view : "UserDetail");
    usage_request_close(&request);
}

static const struct operation_parameter parameters[] = {
    {.name = "View", .kind = OPERATION_CHOICE, .choices = "UserDetail|AppsUserCounts|UserCounts|VersionsUserCounts",
     .explanation = "users one by one (the default), users of each app, the same by day, users of each version of Outlook"},
    USAGE_PERIOD_PARAMETERS, USAGE_IDENTITY_PARAMETER,
    {.name = NULL}};

const struct operation operation_get_email_app_usage = {
    .name = "Get-EmailAppUsage",
    .command = "report email-apps",
    .summary = "usage in the columns of Microsoft 365's 'Email apps usage' report",
    .description = "Its four tables as the admin center exports them: `mapihttp Get-EmailAppUsage -Period D30 | mapihttp Export-Csv -Path usage.csv` makes a "
                   "file with the same headings. What cannot reach this server (web, POP3, IMAP4, SMTP, Mail for Mac) is not used there. Outlook 2021 and "
                   "2024 count as Outlook M365.",
    .parameters = parameters,
    .run = get,
};
