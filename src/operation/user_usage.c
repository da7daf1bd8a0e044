/* Reports of usage by user: Get-MailUserUsage; and who would lose the way to the mailbox without RPC over HTTP: Get-MailLegacyClient. */
#include <stdlib.h>
#include <string.h>

#include "operation/legacy_verdict.h"
#include "operation/operations.h"
#include "operation/usage_request.h"

#define NAMES_MAX 50u /* of clients told for one user */

struct user_report {
    struct operation_call *call;
    const struct usage_request *request;
    json_t *users;      /* by id */
    json_t *directory;  /* usage_directory_users */
    json_t *rows;       /* of old clients, which wait for what is told of their users */
};

/* --- users --- */

static void add_name(json_t *object, const char *property, json_t *name)
{
    json_t *names = json_object_get(object, property), *there;
    size_t index;
    json_array_foreach(names, index, there)
        if (json_equal(there, name)) {
            json_decref(name);
            return;
        }
    if (json_array_size(names) < NAMES_MAX)
        json_array_append_new(names, name);
    else
        json_decref(name);
}

static void add_number(json_t *object, const char *property, uint64_t number)
{
    json_t *value = json_object_get(object, property);
    json_integer_set(value, json_integer_value(value) + (json_int_t)number);
}

/* Times as ISO 8601 compare as texts do. */
static void widen(json_t *object, const char *property, json_t *time, bool later)
{
    const char *there = json_string_value(json_object_get(object, property)), *text = json_string_value(time);
    if (text && (!there || (later ? strcmp(text, there) > 0 : strcmp(text, there) < 0)))
        json_object_set(object, property, time);
    json_decref(time);
}

static json_t *new_user(const struct user_report *report, const char *id, const char *address)
{
    json_t *known = json_object_get(report->directory, id);
    const char *principal = known ? json_string_value(json_object_get(known, "UserPrincipalName")) : address;
    const char *name = known ? json_string_value(json_object_get(known, "DisplayName")) : "";
    json_t *user = json_pack("{s:s, s:s, s:b, s:n, s:b, s:b, s:b, s:[], s:[], s:[], s:i, s:i, s:i, s:n, s:n, s:n, s:n, s:s}",
        "UserPrincipalName", principal, "DisplayName", name, "IsDeleted", known == NULL, "LastActivityDate", "MapiHttp", 0, "RpcHttp", 0,
        "AutodiscoverLegacy", 0, "Protocols", "Clients", "Authentication", "Requests", 0, "Failures", 0, "Sessions", 0, "FirstSeen", "LastSeen",
        "LastMapiHttp", "LastRpcHttp", "ReportPeriod", report->request->period);
    if (user && json_object_set(report->users, id, user) == 0)
        return user;
    operation_fail(report->call, OPERATION_UNAVAILABLE, NULL, "out of memory");
    json_decref(user);
    return NULL;
}

static bool visit_user(void *state, const struct usage_row *row)
{
    struct user_report *report = state;
    const struct usage_entry *entry = &row->entry;
    char id[GUID_TEXT_SIZE];
    if (guid_is_zero(entry->user))
        return true;
    guid_format(entry->user, id);
    json_t *user = json_incref(json_object_get(report->users, id));
    if (!user)
        user = new_user(report, id, entry->user_address);
    if (!user)
        return false;
    static const char *const flags[USAGE_PROTOCOL_COUNT] = {"MapiHttp", "RpcHttp", NULL, "AutodiscoverLegacy"};
    if (flags[entry->protocol])
        json_object_set_new(user, flags[entry->protocol], json_true());
    add_name(user, "Protocols", json_string(usage_protocol_names[entry->protocol]));
    add_name(user, "Clients", usage_client_name(entry));
    if (*entry->authentication)
        add_name(user, "Authentication", json_string(entry->authentication));
    add_number(user, "Requests", entry->requests);
    add_number(user, "Failures", entry->failures);
    add_number(user, "Sessions", entry->sessions);
    widen(user, "FirstSeen", usage_time(entry->first_seen), false);
    widen(user, "LastSeen", usage_time(entry->last_seen), true);
    widen(user, "LastActivityDate", usage_date(usage_day_of(entry->last_seen)), true);
    if (entry->protocol == USAGE_MAPI_HTTP || entry->protocol == USAGE_RPC_HTTP)
        widen(user, entry->protocol == USAGE_MAPI_HTTP ? "LastMapiHttp" : "LastRpcHttp", usage_time(entry->last_seen), true);
    json_decref(user);
    return true;
}

static int by_name(const void *a, const void *b)
{
    const json_t *const *left = a, *const *right = b;
    return strcmp(json_string_value(json_object_get(*left, "UserPrincipalName")), json_string_value(json_object_get(*right, "UserPrincipalName")));
}

/* In the order of their names. */
static void emit_users(struct user_report *report)
{
    size_t count = 0;
    const char *id;
    json_t *user, **users = calloc(json_object_size(report->users) + 1, sizeof(json_t *));
    if (!users) {
        operation_fail(report->call, OPERATION_UNAVAILABLE, NULL, "out of memory");
        return;
    }
    json_object_foreach(report->users, id, user)
        users[count++] = user;
    qsort(users, count, sizeof *users, by_name);
    for (size_t i = 0; i < count && !report->call->stopped; i++)
        operation_emit(report->call, json_incref(users[i]));
    free(users);
}

/* Those who did nothing in the period. */
static bool add_inactive(struct user_report *report)
{
    const char *id;
    json_t *known;
    json_object_foreach(report->directory, id, known) {
        if (json_object_get(report->users, id))
            continue;
        json_t *user = new_user(report, id, "");
        if (!user)
            return false;
        json_decref(user);
    }
    return true;
}

static void get_users(struct operation_call *call)
{
    struct usage_request request;
    struct user_report report = {.call = call, .request = &request};
    if (!usage_request_open(call, &request))
        return;
    request.question.by = USAGE_BY_USER | USAGE_BY_PROTOCOL | USAGE_BY_CLIENT | USAGE_BY_AUTHENTICATION;
    report.users = json_object();
    report.directory = usage_directory_users(call);
    if (report.directory && usage_request_run(call, &request, visit_user, &report) && call->error == OPERATION_DONE &&
        (!operation_flag(call, "IncludeInactive") || add_inactive(&report)))
        emit_users(&report);
    json_decref(report.users);
    json_decref(report.directory);
    usage_request_close(&request);
}

/* --- what would break --- */

static bool visit_legacy(void *state, const struct usage_row *row)
{
    struct user_report *report = state;
    const struct usage_entry *entry = &row->entry;
    char id[GUID_TEXT_SIZE];
    enum legacy_reason reason;
    guid_format(entry->user, id);
    if (entry->protocol == USAGE_MAPI_HTTP) {
        const char *last = json_string_value(json_object_get(report->users, id));
        json_t *time = usage_time(entry->last_seen);
        if (!last || strcmp(json_string_value(time), last) > 0)
            json_object_set(report->users, id, time);
        json_decref(time);
        return true;
    }
    if (!legacy_judge(entry, &reason))
        return true;
    json_t *known = json_object_get(report->directory, id), *object = json_object();
    bool nobody = guid_is_zero(entry->user);
    json_object_set_new(object, "User", json_string(known ? json_string_value(json_object_get(known, "UserPrincipalName")) : entry->user_address));
    json_object_set_new(object, "DisplayName", json_string(known ? json_string_value(json_object_get(known, "DisplayName")) : ""));
    json_object_set_new(object, "IsDeleted", json_boolean(!known && !nobody));
    json_object_set_new(object, "Client", usage_client_name(entry));
    json_object_set_new(object, "Version", json_string(entry->version));
    json_object_set_new(object, "Protocol", json_string(usage_protocol_names[entry->protocol]));
    json_object_set_new(object, "Reason", json_string(legacy_verdicts[reason].name));
    json_object_set_new(object, "Explanation", json_string(legacy_verdicts[reason].explanation));
    json_object_set_new(object, "Action", json_string(legacy_verdicts[reason].action));
    json_object_set_new(object, "LastMapiHttp", nobody ? json_null() : json_string(id)); /* put in when all is read */
    usage_add_sums(object, entry);
    json_object_set_new(object, "ReportPeriod", json_string(report->request->period));
    return json_array_append_new(report->rows, object) == 0;
}

static void emit_legacy(struct user_report *report)
{
    size_t index;
    json_t *row;
    json_array_foreach(report->rows, index, row) {
        const char *id = json_string_value(json_object_get(row, "LastMapiHttp"));
        json_t *last = id ? json_object_get(report->users, id) : NULL;
        json_object_set_new(row, "LastMapiHttp", last ? json_incref(last) : json_null());
        operation_emit(report->call, json_incref(row));
        if (report->call->stopped)
            return;
    }
}

static void get_legacy(struct operation_call *call)
{
    struct usage_request request;
    struct user_report report = {.call = call, .request = &request};
    if (!usage_request_open(call, &request))
        return;
    report.users = json_object();
    report.directory = usage_directory_users(call);
    report.rows = json_array();
    request.question.by = USAGE_BY_USER | USAGE_BY_CLIENT | USAGE_BY_PROTOCOL;
    request.question.protocols = 1u << USAGE_MAPI_HTTP | 1u << USAGE_RPC_HTTP | 1u << USAGE_AUTODISCOVER_LEGACY;
    if (report.directory && usage_request_run(call, &request, visit_legacy, &report))
        emit_legacy(&report);
    json_decref(report.rows);
    json_decref(report.users);
    json_decref(report.directory);
    usage_request_close(&request);
}

/* --- declarations --- */

static const struct operation_parameter user_parameters[] = {
    USAGE_PERIOD_PARAMETERS, USAGE_IDENTITY_PARAMETER, USAGE_PROTOCOL_PARAMETER,
    {.name = "IncludeInactive", .kind = OPERATION_SWITCH, .explanation = "also the users of the directory who did nothing in the period"},
    {.name = NULL}};
static const struct operation_column user_columns[] = {
    {"UserPrincipalName"}, {"LastActivityDate"}, {"MapiHttp"}, {"RpcHttp"}, {"AutodiscoverLegacy"}, {"Requests", true}, {"Sessions", true}, {"Clients"}, {NULL}};

const struct operation operation_get_mail_user_usage = {
    .name = "Get-MailUserUsage",
    .command = "report users",
    .summary = "each user's transports, clients and last activity",
    .parameters = user_parameters,
    .columns = user_columns,
    .run = get_users,
};

static const struct operation_parameter legacy_parameters[] = {USAGE_PERIOD_PARAMETERS, USAGE_IDENTITY_PARAMETER, {.name = NULL}};
static const struct operation_column legacy_columns[] = {
    {"User"}, {"Client"}, {"Protocol"}, {"Reason"}, {"LastSeen"}, {"LastMapiHttp"}, {"Action"}, {NULL}};

const struct operation operation_get_mail_legacy_client = {
    .name = "Get-MailLegacyClient",
    .command = "report old-clients",
    .summary = "users and clients that would lose their way to the mailbox if RPC over HTTP were switched off today",
    .description = "A client is here when it used RPC over HTTP, or asked Autodiscover without saying that it can speak MAPI over HTTP. Reason is TooOld, "
                   "NotAsked (it could, but MapiHttpDisabled is set there), UsesRpcHttp or Undetermined. LastMapiHttp says when the same user, with any "
                   "client, last used MAPI over HTTP: where that is later than LastSeen, the old client may be gone already.",
    .parameters = legacy_parameters,
    .columns = legacy_columns,
    .run = get_legacy,
};
