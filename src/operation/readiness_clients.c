/* Readiness of the clients that were seen in the last 30 days. */
#include <stdio.h>

#include "operation/legacy_verdict.h"
#include "operation/readiness.h"
#include "operation/usage_request.h"

#define DAYS 30

/* Of one kind of trouble: users, each once. */
struct people {
    json_t *ids, *names; /* an object as a set; the first names */
};

struct clients {
    struct readiness *readiness;
    struct people legacy[LEGACY_REASON_COUNT], rpc, blocked, failing;
    json_t *succeeded; /* ids of those whose requests were answered well */
    json_t *failed;    /* ids: address of those of whom only failures are known so far */
    uint64_t requests;
};

static void add_person(struct people *people, const struct usage_entry *entry, const char *id)
{
    char version[USAGE_TEXT_SIZE_MAX + 8];
    if (json_object_get(people->ids, id))
        return;
    json_object_set_new(people->ids, id, json_true());
    snprintf(version, sizeof version, *entry->version ? " (%s)" : "%s", entry->version);
    json_t *name = json_sprintf("%s%s", *entry->user_address ? entry->user_address : "not logged on", version);
    readiness_name(people->names, json_string_value(name));
    json_decref(name);
}

static bool is_blocked(const struct readiness *readiness, const struct usage_entry *entry, const char *id)
{
    struct client_version version;
    return entry->class != CLIENT_OTHER && client_version_parse(entry->version, &version, NULL) &&
           client_version_blocked(json_string_value(json_object_get(readiness->blocked_versions, id)), &version);
}

static bool visit(void *state, const struct usage_row *row)
{
    struct clients *clients = state;
    const struct usage_entry *entry = &row->entry;
    char id[GUID_TEXT_SIZE];
    enum legacy_reason reason;
    guid_format(entry->user, id);
    clients->requests += entry->requests;
    if (entry->protocol == USAGE_RPC_HTTP)
        add_person(&clients->rpc, entry, id);
    else if (legacy_judge(entry, &reason))
        add_person(&clients->legacy[reason], entry, id);
    if (is_blocked(clients->readiness, entry, id))
        add_person(&clients->blocked, entry, id);
    if (entry->protocol == USAGE_MAPI_HTTP && entry->failures < entry->requests) {
        json_object_set_new(clients->succeeded, id, json_true());
        json_object_del(clients->failed, id);
    } else if (entry->protocol == USAGE_MAPI_HTTP && !json_object_get(clients->succeeded, id)) {
        json_object_set_new(clients->failed, id, json_string(entry->user_address));
    }
    return true;
}

static void tell_people(struct readiness *readiness, const char *check, enum readiness_severity severity, const struct people *people,
                        const char *action, const char *what, const char *none)
{
    uint32_t count = (uint32_t)json_object_size(people->ids);
    if (count)
        readiness_tell(readiness, check, severity, "", count, people->names, action, "%u users: %s", count, what);
    else
        readiness_tell(readiness, check, READINESS_PASSED, "", 0, NULL, "", "%s", none);
}

static void tell_failing(struct clients *clients)
{
    const char *id;
    json_t *address;
    json_object_foreach(clients->failed, id, address) {
        json_object_set_new(clients->failing.ids, id, json_true());
        readiness_name(clients->failing.names, json_string_value(address));
    }
    tell_people(clients->readiness, "UsersOnlyFailing", READINESS_WARNING, &clients->failing, "mapihttp log --user NAME says why",
                "all their requests over MAPI over HTTP were refused", "everybody who came over MAPI over HTTP got through");
}

static void tell(struct clients *clients)
{
    static const struct {
        const char *check;
        enum readiness_severity severity;
        const char *none;
    } rows[LEGACY_REASON_COUNT] = {
        [LEGACY_TOO_OLD] = {"ClientsTooOld", READINESS_WARNING, "no client was seen that is too old for MAPI over HTTP"},
        [LEGACY_NOT_ASKED] = {"ClientsNotAsking", READINESS_WARNING, "every client that could asked for MAPI over HTTP"},
        [LEGACY_USES_RPC_HTTP] = {NULL, READINESS_PASSED, NULL}, /* told of all who use it */
        [LEGACY_UNDETERMINED] = {"ClientsUndetermined", READINESS_INFORMATION, "no client was seen whose version is not known"},
    };
    struct readiness *readiness = clients->readiness;
    if (clients->requests == 0) {
        readiness_tell(readiness, "ClientsSeen", READINESS_INFORMATION, "", 0, NULL, "see 'mapihttp report old-clients' when clients have come for some days",
                       "no client was seen in the last %d days: nothing can be said of their versions", DAYS);
        return;
    }
    for (unsigned i = 0; i < LEGACY_REASON_COUNT; i++)
        if (rows[i].check)
            tell_people(readiness, rows[i].check, rows[i].severity, &clients->legacy[i], legacy_verdicts[i].action, legacy_verdicts[i].explanation,
                        rows[i].none);
    tell_people(readiness, "UsersOnRpcHttp", READINESS_WARNING, &clients->rpc, legacy_verdicts[LEGACY_USES_RPC_HTTP].action,
                "they would not get through if RPC over HTTP were switched off", "nobody used RPC over HTTP");
    tell_people(readiness, "UsersBlockedByVersion", READINESS_WARNING, &clients->blocked, "mapihttp Set-CasMailbox NAME -MAPIBlockOutlookVersions ...",
                "MAPIBlockOutlookVersions of their mailbox refuses a version they were seen with",
                "no mailbox refuses a version that was seen with it");
    tell_failing(clients);
}

static struct people *people_at(struct clients *clients, unsigned index)
{
    struct people *const others[] = {&clients->rpc, &clients->blocked, &clients->failing};
    return index < LEGACY_REASON_COUNT ? &clients->legacy[index] : others[index - LEGACY_REASON_COUNT];
}

void readiness_clients(struct readiness *readiness)
{
    struct clients clients = {.readiness = readiness, .succeeded = json_object(), .failed = json_object()};
    struct usage_request request;
    for (unsigned i = 0; i < LEGACY_REASON_COUNT + 3; i++)
        *people_at(&clients, i) = (struct people){json_object(), json_array()};
    if (usage_request_open(readiness->call, &request)) { /* without a period it is D30 */
        request.question.by = USAGE_BY_USER | USAGE_BY_CLIENT | USAGE_BY_PROTOCOL;
        if (usage_request_run(readiness->call, &request, visit, &clients))
            tell(&clients);
        usage_request_close(&request);
    }
    for (unsigned i = 0; i < LEGACY_REASON_COUNT + 3; i++) {
        json_decref(people_at(&clients, i)->ids);
        json_decref(people_at(&clients, i)->names);
    }
    json_decref(clients.succeeded);
    json_decref(clients.failed);
}
