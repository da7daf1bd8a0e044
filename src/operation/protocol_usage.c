/* Reports of usage by protocol and by client: Get-MailProtocolUsage, Get-MailClientUsage, Get-MailUsageDetail. */
#include <string.h>

#include "operation/operations.h"
#include "operation/usage_request.h"

#define DETAIL_ROWS_STANDARD 1000

struct report {
    struct operation_call *call;
    const struct usage_request *request;
    struct usage_row sums[CLIENT_CLASS_COUNT]; /* of what is shown also where there was nothing */
    int64_t rows_left;
};

/* With the day in front where it is by day. */
static json_t *begin(const struct report *report, const struct usage_row *row)
{
    json_t *object = json_object();
    if (report->request->question.by & USAGE_BY_DAY)
        json_object_set_new(object, "Date", usage_date(row->entry.day));
    return object;
}

static void finish(const struct report *report, const struct usage_row *row, json_t *object)
{
    json_object_set_new(object, "Users", json_integer(row->users));
    usage_add_sums(object, &row->entry);
    json_object_set_new(object, "ReportPeriod", json_string(report->request->period));
    operation_emit(report->call, object);
}

/* --- protocols --- */

static bool emit_protocol(struct report *report, const struct usage_row *row)
{
    json_t *object = begin(report, row);
    json_object_set_new(object, "Protocol", json_string(usage_protocol_names[row->entry.protocol]));
    finish(report, row, object);
    return !report->call->stopped;
}

static bool visit_protocol(void *state, const struct usage_row *row)
{
    struct report *report = state;
    if (report->request->question.by & USAGE_BY_DAY)
        return emit_protocol(report, row);
    report->sums[row->entry.protocol] = *row;
    return true;
}

static void get_protocols(struct operation_call *call)
{
    struct usage_request request;
    struct report report = {.call = call, .request = &request};
    if (!usage_request_open(call, &request))
        return;
    request.question.by = USAGE_BY_PROTOCOL | (operation_flag(call, "Daily") ? USAGE_BY_DAY : 0);
    if (usage_request_run(call, &request, visit_protocol, &report) && !(request.question.by & USAGE_BY_DAY))
        for (unsigned i = 0; i < USAGE_PROTOCOL_COUNT; i++)
            if (!request.question.protocols || request.question.protocols & 1u << i) {
                report.sums[i].entry.protocol = (enum usage_protocol)i;
                (void)emit_protocol(&report, &report.sums[i]);
            }
    usage_request_close(&request);
}

/* --- clients --- */

static bool emit_client(struct report *report, const struct usage_row *row)
{
    json_t *object = begin(report, row);
    json_object_set_new(object, "Client", json_string(client_class_names[row->entry.class]));
    if (report->request->question.by & USAGE_BY_CLIENT) {
        json_object_set_new(object, "Software", json_string(row->entry.software));
        json_object_set_new(object, "Version", json_string(row->entry.version));
        json_object_set_new(object, "SpeaksMapiHttp", usage_speaks_mapi_http(&row->entry));
    }
    finish(report, row, object);
    return !report->call->stopped;
}

static bool visit_client(void *state, const struct usage_row *row)
{
    struct report *report = state;
    if (report->request->question.by & (USAGE_BY_DAY | USAGE_BY_CLIENT))
        return emit_client(report, row);
    report->sums[row->entry.class] = *row;
    return true;
}

static void get_clients(struct operation_call *call)
{
    const char *by = operation_text(call, "By");
    bool by_product = by && strcmp(by, "Product") == 0;
    struct usage_request request;
    struct report report = {.call = call, .request = &request};
    if (!usage_request_open(call, &request))
        return;
    request.question.by = (by_product ? USAGE_BY_CLASS : USAGE_BY_CLIENT) | (operation_flag(call, "Daily") ? USAGE_BY_DAY : 0);
    if (usage_request_run(call, &request, visit_client, &report) && request.question.by == USAGE_BY_CLASS)
        for (unsigned i = 0; i < CLIENT_CLASS_COUNT; i++) {
            unsigned class = (i + 1) % CLIENT_CLASS_COUNT; /* Undetermined comes last */
            report.sums[class].entry.class = (enum client_class)class;
            (void)emit_client(&report, &report.sums[class]);
        }
    usage_request_close(&request);
}

/* --- all of it --- */

static bool visit_detail(void *state, const struct usage_row *row)
{
    struct report *report = state;
    const struct usage_entry *entry = &row->entry;
    char id[GUID_TEXT_SIZE];
    if (report->rows_left == 0) {
        operation_warn(report->call, "there are more rows than were asked for: ResultSize gives more, StartDate and EndDate narrow it");
        return false;
    }
    report->rows_left--;
    guid_format(entry->user, id);
    json_t *object = begin(report, row);
    json_object_set_new(object, "User", json_string(entry->user_address));
    json_object_set_new(object, "UserId", guid_is_zero(entry->user) ? json_null() : json_string(id));
    json_object_set_new(object, "Protocol", json_string(usage_protocol_names[entry->protocol]));
    json_object_set_new(object, "Client", json_string(client_class_names[entry->class]));
    json_object_set_new(object, "Software", json_string(entry->software));
    json_object_set_new(object, "Version", json_string(entry->version));
    json_object_set_new(object, "Authentication", json_string(entry->authentication));
    json_object_set_new(object, "ClientIPAddress", json_string(entry->address));
    usage_add_sums(object, entry);
    operation_emit(report->call, object);
    return !report->call->stopped;
}

static void get_detail(struct operation_call *call)
{
    struct usage_request request;
    struct report report = {.call = call, .request = &request, .rows_left = operation_number(call, "ResultSize", DETAIL_ROWS_STANDARD)};
    if (!usage_request_open(call, &request))
        return;
    request.question.by = USAGE_BY_DAY | USAGE_BY_USER | USAGE_BY_PROTOCOL | USAGE_BY_CLIENT | USAGE_BY_AUTHENTICATION | USAGE_BY_ADDRESS;
    request.question.newest_first = true;
    (void)usage_request_run(call, &request, visit_detail, &report);
    usage_request_close(&request);
}

/* --- declarations --- */

#define DAILY_PARAMETER {.name = "Daily", .kind = OPERATION_SWITCH, .explanation = "a row for each day, with its Date, instead of one for the period"}

static const struct operation_parameter protocol_parameters[] = {
    USAGE_PERIOD_PARAMETERS, USAGE_IDENTITY_PARAMETER, USAGE_PROTOCOL_PARAMETER, DAILY_PARAMETER, {.name = NULL}};
static const struct operation_column protocol_columns[] = {
    {"Date"}, {"Protocol"}, {"Users", true}, {"Requests", true}, {"Failures", true}, {"Sessions", true}, {"FirstSeen"}, {"LastSeen"}, {NULL}};

const struct operation operation_get_mail_protocol_usage = {
    .name = "Get-MailProtocolUsage",
    .command = "report protocols",
    .summary = "who used which transport: users, requests and sessions by protocol",
    .description = "'Autodiscover (legacy)' counts clients that asked where their mailbox is without saying that they can speak MAPI over HTTP: such "
                   "a client uses RPC over HTTP, or nothing. Who they are: Get-MailLegacyClient.",
    .parameters = protocol_parameters,
    .columns = protocol_columns,
    .run = get_protocols,
};

static const struct operation_parameter client_parameters[] = {
    USAGE_PERIOD_PARAMETERS, USAGE_IDENTITY_PARAMETER, USAGE_PROTOCOL_PARAMETER, DAILY_PARAMETER,
    {.name = "By", .kind = OPERATION_CHOICE, .choices = "Version|Product",
     .explanation = "a row for each version (the default), or for each product: Outlook 2007, 2010, 2013, 2016, 2019, M365"},
    {.name = NULL}};
static const struct operation_column client_columns[] = {
    {"Date"}, {"Client"}, {"Software"}, {"Version"}, {"Users", true}, {"Requests", true}, {"Failures", true}, {"Sessions", true}, {"LastSeen"}, {NULL}};

const struct operation operation_get_mail_client_usage = {
    .name = "Get-MailClientUsage",
    .command = "report clients",
    .summary = "which clients and versions were used, by how many users",
    .parameters = client_parameters,
    .columns = client_columns,
    .run = get_clients,
};

static const struct operation_parameter detail_parameters[] = {
    USAGE_PERIOD_PARAMETERS, USAGE_IDENTITY_PARAMETER, USAGE_PROTOCOL_PARAMETER,
    {.name = "ResultSize", .option = "limit", .kind = OPERATION_NUMBER, .minimum = 1, .explanation = "at most so many rows, the newest days first; 1000 by default"},
    {.name = NULL}};
static const struct operation_column detail_columns[] = {
    {"Date"}, {"User"}, {"Protocol"}, {"Client"}, {"Version"}, {"Authentication"}, {"ClientIPAddress"}, {"Requests", true}, {"LastSeen"}, {NULL}};

const struct operation operation_get_mail_usage_detail = {
    .name = "Get-MailUsageDetail",
    .command = "report detail",
    .summary = "all that is recorded: day, user, protocol, client, authentication, address",
    .parameters = detail_parameters,
    .columns = detail_columns,
    .run = get_detail,
};
