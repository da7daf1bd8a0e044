/* What all reports of usage begin with: the period, the mailbox and the protocols that are asked about, and the record of usage, opened for
 * reading. The operation's own functions do the rest. docs/reports.md. */
#pragma once
#include "operation/operation.h"
#include "record/usage_store.h"

#define USAGE_PERIODS "D7|D30|D90|D180"
#define USAGE_PERIOD_PARAMETERS                                                                                                        \
    {.name = "Period", .kind = OPERATION_CHOICE, .choices = USAGE_PERIODS,                                                             \
     .explanation = "the last 7, 30, 90 or 180 days, today among them; D30 by default"},                                               \
    {.name = "StartDate", .option = "since", .kind = OPERATION_TIME, .explanation = "from this day on, instead of a period (days are those of UTC)"}, \
    {.name = "EndDate", .option = "until", .kind = OPERATION_TIME, .explanation = "up to this day, it among them"}
#define USAGE_IDENTITY_PARAMETER                                                                                                       \
    {.name = "Identity", .alias = "id", .option = "user", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED,     \
     .explanation = "only what this user did: account, address or id; users who are gone by their address"}
#define USAGE_PROTOCOL_PARAMETER                                                                                                       \
    {.name = "Protocol", .kind = OPERATION_CHOICES, .choices = "MapiHttp|RpcHttp|Autodiscover|AutodiscoverLegacy",                     \
     .explanation = "only these; AutodiscoverLegacy: asked without being able to speak MAPI over HTTP"}

struct usage_request {
    struct usage_store *store;      /* NULL: nothing was recorded yet */
    struct usage_question question; /* 'by' is for the operation to set */
    struct guid user;
    int32_t today;
    char period[2 * USAGE_DAY_TEXT_SIZE + 4]; /* 'D30', '2026-11-01..2026-11-22' */
    unsigned period_days;           /* 30 */
};

/* False: the call has failed, there is nothing to close. */
bool usage_request_open(struct operation_call *call, struct usage_request *ret_request);
/* As usage_store_report; visits nothing where nothing was recorded. False: the call has failed. */
bool usage_request_run(struct operation_call *call, const struct usage_request *request,
                       bool (*visit)(void *state, const struct usage_row *row), void *state);
void usage_request_close(struct usage_request *request);

/* Adds Requests, Failures, Sessions, FirstSeen, LastSeen. */
void usage_add_sums(json_t *object, const struct usage_entry *entry);
/* ISO 8601; null for 0. */
json_t *usage_time(uint64_t filetime);
json_t *usage_date(int32_t day);
/* 'Outlook 2016 16.0.4266.1001', 'mapihttp 0.1.0'. New reference. */
json_t *usage_client_name(const struct usage_entry *entry);
/* Whether a version of Outlook can speak MAPI over HTTP: true, false, or null where it is not known or not Outlook. */
json_t *usage_speaks_mapi_http(const struct usage_entry *entry);

/* All users of the directory: an object by id (GUID text) of objects DisplayName, UserPrincipalName, PrimarySmtpAddress. NULL: the call has
 * failed. */
json_t *usage_directory_users(struct operation_call *call);
