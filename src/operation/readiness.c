#include "operation/readiness.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "operation/operation_live.h"
#include "operation/operations.h"
#include "operation/subject.h"

static const char *const severity_names[] = {
    [READINESS_PASSED] = "Passed", [READINESS_INFORMATION] = "Information", [READINESS_WARNING] = "Warning", [READINESS_ERROR] = "Error"};

void readiness_name(json_t *names, const char *name)
{
    if (json_array_size(names) < READINESS_EXAMPLES_MAX)
        json_array_append_new(names, json_string(name));
}

const char *readiness_setting(const struct readiness *readiness, const char *name)
{
    const char *value = json_string_value(json_object_get(readiness->configuration, name));
    return value ? value : "";
}

void readiness_tell(struct readiness *readiness, const char *check, enum readiness_severity severity, const char *subject, uint32_t count,
                    const json_t *names, const char *action, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    readiness->counts[severity]++;
    if (severity == READINESS_PASSED && readiness->problems_only)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:s, s:s}", "Check", check, "Severity", severity_names[severity], "Subject", subject, "Count",
                               (int)count, "Message", message, "Action", action);
    if (object)
        json_object_set_new(object, "Names", names ? json_deep_copy(names) : json_array());
    operation_emit(readiness->call, object);
}

/* --- mailboxes --- */

static bool look_at_mailbox(struct operation_call *call, const struct directory_user *user, void *argument)
{
    struct readiness *readiness = argument;
    const struct directory_switches *switches = &user->switches;
    char id[GUID_TEXT_SIZE];
    if (user->kind == DIRECTORY_USER && !user->enabled)
        return false; /* nobody comes */
    readiness->mailboxes++;
    readiness->allowed += directory_mapi_http_allowed(&readiness->organization, user);
    if (!switches->mapi_enabled) {
        readiness->without_mapi++;
        readiness_name(readiness->names_without_mapi, user->address);
    } else if (switches->mapi_http == DIRECTORY_OFF) {
        readiness->off++;
        readiness_name(readiness->names_off, user->address);
    } else if (switches->mapi_http == DIRECTORY_ON) {
        readiness->on++;
        readiness->archives_on += !guid_is_zero(user->archive_guid);
    }
    if (switches->block_versions && *switches->block_versions) {
        guid_format(user->id, id);
        json_object_set_new(readiness->blocked_versions, id, json_string(switches->block_versions));
    }
    return true;
}

/* Exchange's own check by its name: WarnMapiHttpNotEnabled. */
void readiness_organization(struct readiness *readiness)
{
    static const char check[] = "WarnMapiHttpNotEnabled", action[] = "mapihttp Set-OrganizationConfig -MapiHttpEnabled '$true'";
    const char *name = readiness->organization.name;
    if (readiness->organization.mapi_http_enabled)
        readiness_tell(readiness, check, READINESS_PASSED, name, 0, NULL, "", "MAPI over HTTP is on for the organization");
    else if (readiness->allowed == 0)
        readiness_tell(readiness, check, READINESS_ERROR, name, readiness->mailboxes, NULL, action,
                       "MAPI over HTTP is off for the organization, and no mailbox has it on: nobody gets through");
    else
        readiness_tell(readiness, check, READINESS_WARNING, name, readiness->mailboxes - readiness->allowed, NULL, action,
                       "MAPI over HTTP is off for the organization: only the %u of %u mailboxes that have it on themselves get through",
                       readiness->allowed, readiness->mailboxes);
    if (!readiness->organization.mapi_http_enabled && readiness->archives_on)
        readiness_tell(readiness, "ArchivesWithOrganizationOff", READINESS_PASSED, name, readiness->archives_on, NULL, "",
                       "archives follow the switch of their owner: %u are reached though the organization is off (with Exchange they would not be)",
                       readiness->archives_on);
}

void readiness_mailboxes(struct readiness *readiness)
{
    if (readiness->mailboxes == 0)
        readiness_tell(readiness, "Mailboxes", READINESS_ERROR, "", 0, NULL, "mapihttp user add", "there is no mailbox that anybody could use");
    if (readiness->off)
        readiness_tell(readiness, "MailboxesSwitchedOff", READINESS_WARNING, "", readiness->off, readiness->names_off,
                       "mapihttp Set-CasMailbox NAME -MapiHttpEnabled '$null' (inherit) or '$true'",
                       "MAPI over HTTP is off for %u mailboxes by their own switch", readiness->off);
    else
        readiness_tell(readiness, "MailboxesSwitchedOff", READINESS_PASSED, "", 0, NULL, "", "no mailbox has MAPI over HTTP off by its own switch");
    if (readiness->without_mapi)
        readiness_tell(readiness, "MailboxesWithoutMapi", READINESS_INFORMATION, "", readiness->without_mapi, readiness->names_without_mapi,
                       "mapihttp Set-CasMailbox NAME -MAPIEnabled '$true', where it is not meant so", "MAPI is off altogether for %u mailboxes",
                       readiness->without_mapi);
}

/* --- the operation --- */

static void run_checks(struct readiness *readiness)
{
    static void (*const checks[])(struct readiness *) = {readiness_organization, readiness_mailboxes, readiness_server, readiness_addresses,
                                                         readiness_log_on, readiness_certificate, readiness_clients};
    for (unsigned i = 0; i < sizeof checks / sizeof *checks && readiness->call->error == OPERATION_DONE; i++)
        checks[i](readiness);
}

static void conclude(const struct readiness *readiness)
{
    const char *fail_on = operation_text(readiness->call, "FailOn");
    uint32_t errors = readiness->counts[READINESS_ERROR], warnings = readiness->counts[READINESS_WARNING];
    bool strict = fail_on && strcmp(fail_on, "Warning") == 0;
    if (fail_on && strcmp(fail_on, "Never") != 0 && (errors || (strict && warnings)))
        operation_fail(readiness->call, OPERATION_CONFLICT, NULL, "not ready: %u errors, %u warnings", errors, warnings);
}

static void get(struct operation_call *call)
{
    const struct operation_live *live = call->host->live;
    struct readiness readiness = {.call = call, .problems_only = operation_flag(call, "ProblemsOnly")};
    if (!subject_organization(call, &readiness.organization))
        return;
    if (live && live->configuration)
        readiness.configuration = live->configuration(call->host->live_state);
    readiness.blocked_versions = json_object();
    readiness.names_off = json_array();
    readiness.names_without_mapi = json_array();
    subject_mailboxes(call, &(struct subject_selection){.count_max = INT64_MAX, .count_given = true, .each = look_at_mailbox, .argument = &readiness});
    run_checks(&readiness);
    conclude(&readiness);
    json_decref(readiness.configuration);
    json_decref(readiness.blocked_versions);
    json_decref(readiness.names_off);
    json_decref(readiness.names_without_mapi);
}

static const struct operation_parameter parameters[] = {
    {.name = "ProblemsOnly", .kind = OPERATION_SWITCH, .explanation = "leaves out the checks that passed"},
    {.name = "FailOn", .kind = OPERATION_CHOICE, .choices = "Error|Warning|Never",
     .explanation = "ends as a failure where there is an error, or a warning too: for monitoring; Never by default"},
    {.name = NULL}};
static const struct operation_column columns[] = {{"Check"}, {"Severity"}, {"Message"}, {NULL}};

const struct operation operation_get_mapi_http_readiness = {
    .name = "Get-MapiHttpReadiness",
    .alias = "Test-MapiHttpReadiness",
    .command = "readiness",
    .summary = "what stands in the way of MAPI over HTTP: switches, addresses, certificate, log-on, old clients",
    .description = "The check that Exchange's setup makes (WarnMapiHttpNotEnabled), and the others that decide whether clients get through. Each tells what "
                   "it found; `mapihttp readiness --problems-only --list` also says what to do. Severity is Error (it does not work as it is), Warning "
                   "(some will not get through), Information or Passed.",
    .parameters = parameters,
    .columns = columns,
    .run = get,
};
