/* Get-, Show- and Remove-ConnectionStatus: the sessions of a running server. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "operation/operation_live.h"
#include "operation/operations.h"
#include "operation/wildcard.h"

#define RESULT_SIZE_STANDARD 1000

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_t *list(struct operation_call *call)
{
    const struct operation_live *live = call->host->live;
    json_t *all = live && live->connection_status ? live->connection_status(call->host->live_state) : NULL;
    if (!all)
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "the server does not run, or cannot tell its sessions");
    return all;
}

/* A session's number, an address or account (wildcards in them), or a display name. */
static bool is_meant(const json_t *session, const char *identity)
{
    char *end;
    unsigned long long cid = strtoull(identity, &end, 10);
    if (*identity && !*end)
        return (unsigned long long)json_integer_value(json_object_get(session, "CID")) == cid;
    static const char *const names[] = {"SmtpAddress", "Account", "DisplayName", "Mailbox"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (wildcard_fits(identity, text_of(session, names[i])))
            return true;
    return false;
}

static bool is_wanted(const struct operation_call *call, const json_t *session)
{
    const char *identity = operation_text(call, "Identity"), *status = operation_text(call, "Status");
    const char *address = operation_text(call, "ClientAddress");
    bool ended = strcmp(text_of(session, "Status"), "Ended") == 0;
    if (status ? strcmp(status, text_of(session, "Status")) != 0 : ended && !operation_flag(call, "IncludeEnded"))
        return false;
    return (!identity || is_meant(session, identity)) && (!address || wildcard_fits(address, text_of(session, "ClientAddress")));
}

static void get(struct operation_call *call)
{
    json_t *all = list(call);
    const json_t *session;
    size_t i;
    int64_t left = operation_number(call, "ResultSize", RESULT_SIZE_STANDARD), found = 0;
    json_array_foreach(all, i, session) {
        if (!is_wanted(call, session))
            continue;
        if (found++ == left && left) {
            operation_warn(call, "There are more sessions than %" PRId64 "; -ResultSize Unlimited shows all of them", left);
            break;
        }
        operation_emit(call, json_incref((json_t *)session));
    }
    const char *identity = operation_text(call, "Identity");
    if (all && found == 0 && identity && !wildcard_is_pattern(identity))
        operation_fail(call, OPERATION_NOT_FOUND, "Identity", "there is no session '%s'", identity);
    json_decref(all);
}

static void show(struct operation_call *call)
{
    const char *identity = operation_text(call, "Identity");
    json_t *all = list(call);
    const json_t *session;
    size_t i;
    bool found = false;
    json_array_foreach(all, i, session) {
        if (!is_meant(session, identity))
            continue;
        found = true;
        operation_emit(call, json_incref((json_t *)session));
    }
    if (all && !found)
        operation_fail(call, OPERATION_NOT_FOUND, "Identity", "there is no session '%s', and none is remembered", identity);
    json_decref(all);
}

static void end_one(struct operation_call *call, const json_t *session)
{
    const struct operation_live *live = call->host->live;
    json_int_t cid = json_integer_value(json_object_get(session, "CID"));
    char target[96];
    snprintf(target, sizeof target, "%" JSON_INTEGER_FORMAT " (%.64s)", cid, text_of(session, "SmtpAddress"));
    if (call->what_if)
        operation_warn(call, "What if: session %s would end; its client would begin another one", target);
    else if (live->end_session && live->end_session(call->host->live_state, (uint64_t)cid))
        operation_changed(call, target, json_pack("{s:s}", "Status", text_of(session, "Status")), json_pack("{s:s}", "Status", "Ended"));
    else
        operation_fail(call, OPERATION_NOT_FOUND, "Identity", "session %s has ended meanwhile", target);
}

static void end(struct operation_call *call)
{
    const char *identity = operation_text(call, "Identity");
    json_t *all = list(call);
    const json_t *session;
    const json_t *meant = NULL;
    size_t i, count = 0;
    json_array_foreach(all, i, session) {
        if (strcmp(text_of(session, "Status"), "Ended") == 0 || !is_meant(session, identity))
            continue;
        meant = session;
        count++;
    }
    if (all && count == 0)
        operation_fail(call, OPERATION_NOT_FOUND, "Identity", "there is no session '%s'", identity);
    else if (count > 1)
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Identity",
                       "'%s' has %zu sessions: name one by its CID, or pipe those of Get-ConnectionStatus", identity, count);
    else if (meant)
        end_one(call, meant);
    json_decref(all);
}

static const struct operation_parameter get_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0,
     .explanation = "a session by its CID, or those of an address, account or display name (* and ? stand for anything)"},
    {.name = "Status", .kind = OPERATION_CHOICE, .choices = "Established|Paused|Ended",
     .explanation = "only sessions that have a connection, that live without one, or that have ended"},
    {.name = "ClientAddress", .kind = OPERATION_TEXT, .explanation = "only sessions of clients at this address (* and ? stand for anything)"},
    {.name = "IncludeEnded", .option = "ended", .kind = OPERATION_SWITCH, .explanation = "also those that ended recently"},
    {.name = "ResultSize", .kind = OPERATION_NUMBER, .explanation = "how many at most; Unlimited for all (1000)"},
    {.name = NULL},
};

static const struct operation_column columns[] = {
    {"CID", true},      {"SmtpAddress", false}, {"Status", false},  {"Protocol", false}, {"Authn", false},   {"Encrypt", false},
    {"Type", false},    {"ReqFail", true},      {"AvgResp", true},  {"AvgProc", true},   {"Conn", true},     {"Version", false},
    {"Interface", false}, {"Age", true},        {"Resumes", true},  {NULL, false},
};

const struct operation operation_get_connection_status = {
    .name = "Get-ConnectionStatus",
    .command = "session list",
    .flags = OPERATION_LIVE,
    .summary = "the sessions of Outlook and other clients, as Outlook's Connection Status dialog shows them",
    .description = "One row for each session, seen from the server; times in milliseconds, ages in seconds. A session lives on without a connection "
                   "(Paused) until it is idle for too long; Resumes counts how often it went on after a break. Format-List shows "
                   "all properties, among them the last breaks, the client's addresses and the last failure.",
    .parameters = get_parameters,
    .columns = columns,
    .run = get,
};

static const struct operation_parameter one_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0,
     .explanation = "a session's CID, or an address"},
    {.name = NULL},
};

const struct operation operation_show_connection_status = {
    .name = "Show-ConnectionStatus",
    .command = "session show",
    .flags = OPERATION_LIVE,
    .summary = "everything that is known of a session, also of one that ended recently",
    .parameters = one_parameters,
    .run = show,
};

static const struct operation_parameter end_parameters[] = {
    {.name = "Identity", .alias = "CID", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0 | OPERATION_PIPED,
     .explanation = "a session's CID, or an address that has one session"},
    {.name = NULL},
};

const struct operation operation_remove_connection_status = {
    .name = "Remove-ConnectionStatus",
    .command = "session end",
    .flags = OPERATION_CHANGES | OPERATION_LIVE,
    .summary = "end a session: its client's next request is answered with response code 10, and it connects anew",
    .parameters = end_parameters,
    .run = end,
};
