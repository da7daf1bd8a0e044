#include "operation/usage_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "directory/directory.h"
#include "operation/subject.h"

#define USERS_A_PAGE 1000u
#define PERIOD_STANDARD "D30"

/* --- what is asked --- */

static bool read_period(struct operation_call *call, struct usage_request *request)
{
    const char *period = operation_text(call, "Period");
    bool dates = operation_given(call, "StartDate") || operation_given(call, "EndDate");
    char first[USAGE_DAY_TEXT_SIZE], last[USAGE_DAY_TEXT_SIZE];
    if (period && dates) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Period", "either Period or StartDate and EndDate, not both");
        return false;
    }
    request->today = request->question.last_day = usage_day_of(filetime_now());
    if (!dates) {
        period = period ? period : PERIOD_STANDARD;
        request->period_days = (unsigned)strtoul(period + 1, NULL, 10);
        request->question.first_day = request->today - (int32_t)request->period_days + 1;
        snprintf(request->period, sizeof request->period, "%s", period);
        return true;
    }
    request->question.first_day = usage_day_of(operation_time(call, "StartDate", 0));
    request->question.last_day = usage_day_of(operation_time(call, "EndDate", filetime_now()));
    if (request->question.first_day > request->question.last_day) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "StartDate", "StartDate is after EndDate");
        return false;
    }
    request->period_days = (unsigned)(request->question.last_day - request->question.first_day + 1);
    usage_day_format(request->question.first_day, first);
    usage_day_format(request->question.last_day, last);
    snprintf(request->period, sizeof request->period, "%s..%s", first, last);
    return true;
}

static bool read_user(struct operation_call *call, struct usage_request *request)
{
    const char *identity = operation_text(call, "Identity");
    struct directory_user user;
    if (!identity)
        return true;
    request->question.user = &request->user;
    if (guid_parse(identity, &request->user))
        return true;
    enum directory_status status = directory_find(call->host->directory, call->arena, DIRECTORY_KEY_LOGON, identity, &user);
    if (status == DIRECTORY_NOT_FOUND && request->store && usage_store_find_user(request->store, identity, &request->user) == USAGE_OK)
        return true; /* who is gone, by the address of that time */
    if (status != DIRECTORY_OK && !subject_mailbox(call, "Identity", identity, &user))
        return false;
    request->user = user.id;
    return true;
}

static void read_protocols(struct operation_call *call, struct usage_request *request)
{
    static const char *const names[USAGE_PROTOCOL_COUNT] = {"MapiHttp", "RpcHttp", "Autodiscover", "AutodiscoverLegacy"};
    size_t index;
    json_t *wanted;
    json_array_foreach((json_t *)operation_parameter(call, "Protocol"), index, wanted)
        for (unsigned i = 0; i < USAGE_PROTOCOL_COUNT; i++)
            if (strcmp(json_string_value(wanted), names[i]) == 0)
                request->question.protocols |= 1u << i;
}

static bool fail(struct operation_call *call, enum usage_status status)
{
    operation_fail(call, status == USAGE_TOO_LARGE ? OPERATION_CONFLICT : OPERATION_UNAVAILABLE, NULL, "%s", usage_status_text(status));
    return false;
}

bool usage_request_open(struct operation_call *call, struct usage_request *ret_request)
{
    const char *path = arena_format(call->arena, "%s/usage.sqlite", call->host->data_path);
    struct usage_request *request = ret_request;
    *request = (struct usage_request){0};
    read_protocols(call, request);
    if (!read_period(call, request))
        return false;
    enum usage_status status = path ? usage_store_open(path, false, &request->store) : USAGE_UNAVAILABLE;
    if (status == USAGE_NOT_FOUND)
        operation_warn(call, "no usage was recorded yet ([usage] enabled in the configuration switches it on and off)");
    else if (status != USAGE_OK)
        return fail(call, status);
    if (read_user(call, request))
        return true;
    usage_request_close(request);
    return false;
}

bool usage_request_run(struct operation_call *call, const struct usage_request *request,
                       bool (*visit)(void *state, const struct usage_row *row), void *state)
{
    enum usage_status status = request->store ? usage_store_report(request->store, &request->question, visit, state) : USAGE_OK;
    return status == USAGE_OK || fail(call, status);
}

void usage_request_close(struct usage_request *request)
{
    usage_store_close(request->store);
    request->store = NULL;
}

/* --- what is answered --- */

json_t *usage_time(uint64_t filetime)
{
    char text[FILETIME_TEXT_SIZE];
    if (filetime == 0 || filetime == UINT64_MAX)
        return json_null();
    filetime_format(filetime - filetime % FILETIME_PER_SECOND, text);
    return json_string(text);
}

json_t *usage_date(int32_t day)
{
    char text[USAGE_DAY_TEXT_SIZE];
    usage_day_format(day, text);
    return json_string(text);
}

void usage_add_sums(json_t *object, const struct usage_entry *entry)
{
    json_object_set_new(object, "Requests", json_integer((json_int_t)entry->requests));
    json_object_set_new(object, "Failures", json_integer((json_int_t)entry->failures));
    json_object_set_new(object, "Sessions", json_integer((json_int_t)entry->sessions));
    json_object_set_new(object, "FirstSeen", usage_time(entry->first_seen));
    json_object_set_new(object, "LastSeen", usage_time(entry->last_seen));
}

json_t *usage_client_name(const struct usage_entry *entry)
{
    const char *name = entry->class == CLIENT_OTHER ? entry->software : client_class_names[entry->class];
    if (entry->class == CLIENT_UNDETERMINED)
        name = *entry->software ? entry->software : "Outlook";
    if (!*name)
        name = "unknown";
    return json_sprintf(*entry->version ? "%s %s" : "%s", name, entry->version);
}

json_t *usage_speaks_mapi_http(const struct usage_entry *entry)
{
    struct client_version version;
    if (entry->class == CLIENT_OTHER || !client_version_parse(entry->version, &version, NULL))
        return json_null();
    const struct client_release *release = client_release_of(&version);
    return json_boolean(release && release->speaks_mapi_http);
}

/* --- who there is --- */

static bool add_page(json_t *users, const struct directory_user *page, uint32_t count)
{
    char id[GUID_TEXT_SIZE];
    for (uint32_t i = 0; i < count; i++) {
        guid_format(page[i].id, id);
        const char *principal = *page[i].principal ? page[i].principal : page[i].address;
        if (json_object_set_new(users, id, json_pack("{s:s, s:s, s:s, s:s}", "UserPrincipalName", principal, "DisplayName", page[i].display_name,
                                                     "PrimarySmtpAddress", page[i].address, "Kind", directory_kind_names[page[i].kind])) != 0)
            return false;
    }
    return true;
}

json_t *usage_directory_users(struct operation_call *call)
{
    struct arena arenas[2] = {{0}, {0}}; /* of a page, and of the one before it, whose last name the next begins after */
    json_t *users = json_object();
    const char *after = NULL;
    uint32_t count = USERS_A_PAGE;
    bool done = users != NULL;
    for (unsigned turn = 0; done && count == USERS_A_PAGE; turn ^= 1) {
        struct directory_user *page;
        arena_reset(&arenas[turn]);
        done = subject_directory_done(call, directory_list(call->host->directory, &arenas[turn], after, USERS_A_PAGE, &count, &page), NULL,
                                      "the users of the directory");
        if (done && !add_page(users, page, count)) {
            operation_fail(call, OPERATION_UNAVAILABLE, NULL, "out of memory");
            done = false;
        }
        if (done && count)
            after = page[count - 1].account;
    }
    arena_free(&arenas[0]);
    arena_free(&arenas[1]);
    if (!done) {
        json_decref(users);
        return NULL;
    }
    return users;
}
