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
    bool daily;
    uint32_t counts[APP_COUNT]; /* users, of the day or the period */
    bool counted;               /* there is anything in them */
    int32_t day;
    json_t *users;              /* by id: an array of the mask of apps, the last day, the address at the time */
    char today[USAGE_DAY_TEXT_SIZE], period[12];
};

/* -1: none that the report knows. */
static int app_of(const struct usage_entry *entry)
{
    if (strcasecmp(entry->software, "Outlook") == 0)
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
    json_t *object = begin(report);
    for (unsigned i = 0; i < APP_COUNT; i++)
        json_object_set_new(object, app_names[i], json_integer(report->counts[i]));
    if (report->daily)
        json_object_set_new(object, "Report Date", usage_date(report->day));
    finish(report, object);
    memset(report->counts, 0, sizeof report->counts);
    report->counted = false;
}

/* By software, perhaps by day. */
static bool visit_app(void *state, const struct usage_row *row)
{
    struct app_report *report = state;
    int app = app_of(&row->entry);
    if (app < 0)
        return true;
    if (report->daily && report->counted && report->day != row->entry.day)
        emit_counts(report);
    report->day = row->entry.day;
    report->counts[app] += row->users; /* spelled differently they would be counted twice; they are spelled by programs */
    report->counted = true;
    return !report->call->stopped;
}

/* By user and software. */
static bool visit_user(void *state, const struct usage_row *row)
{
    struct app_report *report = state;
    char id[GUID_TEXT_SIZE];
    int app = app_of(&row->entry);
    if (app < 0 || guid_is_zero(row->entry.user))
        return true;
    guid_format(row->entry.user, id);
    json_t *user = json_object_get(report->users, id);
    json_int_t mask = json_integer_value(json_array_get(user, 0)), last = json_integer_value(json_array_get(user, 1));
    json_object_set_new(report->users, id, json_pack("[I, I, s]", mask | 1 << app, row->entry.day > last ? (json_int_t)row->entry.day : last,
                                                     row->entry.user_address));
    return true;
}

/* --- users --- */

static void emit_user(struct app_report *report, const char *id, const json_t *known)
{
    json_t *user = json_object_get(report->users, id), *last = json_array_get(user, 1), *object = begin(report);
    json_int_t mask = json_integer_value(json_array_get(user, 0));
    json_object_set(object, "User Principal Name", known ? json_object_get(known, "UserPrincipalName") : json_array_get(user, 2));
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
    struct app_report report = {.call = call, .request = request, .daily = strcmp(view, "UserCounts") == 0, .users = json_object()};
    usage_day_format(request->today, report.today);
    snprintf(report.period, sizeof report.period, "%u", request->period_days);
    if (strcmp(view, "VersionsUserCounts") == 0) {
        request->question.by = USAGE_BY_CLASS;
        emit_versions(&report);
    } else if (strcmp(view, "UserDetail") == 0) {
        request->question.by = USAGE_BY_USER | USAGE_BY_SOFTWARE;
        if (usage_request_run(call, request, visit_user, &report))
            emit_users(&report);
    } else {
        request->question.by = USAGE_BY_SOFTWARE | (report.daily ? USAGE_BY_DAY : 0);
        if (usage_request_run(call, request, visit_app, &report) && (report.counted || !report.daily))
            emit_counts(&report);
    }
    json_decref(report.users);
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
