/* Sessions as objects, for operations, pages and JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "server/session_status_state.h"

/* Outlook's names in its column Authn. */
static const char *authn_of(const char *method)
{
    static const struct {
        const char *method, *name;
    } rows[] = {{"Basic", "CLEAR"}, {"NTLM", "NTLM"}, {"Negotiate", "NEGO"}, {"Kerberos", "KERBEROS"}, {"Bearer", "BEARER"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].method, method) == 0)
            return rows[i].name;
    return method;
}

struct clock {
    uint64_t now_ms, now;
};

static json_t *time_of(const struct clock *clock, uint64_t at_ms)
{
    char text[FILETIME_TEXT_SIZE];
    uint64_t ago_ms = clock->now_ms > at_ms ? clock->now_ms - at_ms : 0;
    uint64_t at = clock->now - ago_ms * (FILETIME_PER_SECOND / 1000);
    filetime_format(at - at % FILETIME_PER_SECOND, text);
    return json_string(text);
}

static json_t *seconds_of(uint64_t ms)
{
    return json_real((double)ms / 1000);
}

/* Milliseconds with a fraction: most answers take less than one. */
static json_t *average_ms(uint64_t us, uint32_t count)
{
    return json_real(count ? (double)(us / count) / 1000 : 0);
}

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value ? value : json_null());
}

static void set_text(json_t *object, const char *name, const char *text)
{
    json_t *value = json_string(text);
    set(object, name, value ? value : json_string("?")); /* not UTF-8 */
}

static void add_breaks(json_t *object, const struct session_status *status, const struct clock *clock)
{
    json_t *breaks = json_array();
    const struct session_history *history = status->history;
    uint32_t kept = !history ? 0 : history->count < SESSION_EVENTS_KEPT_MAX ? history->count : SESSION_EVENTS_KEPT_MAX;
    for (uint32_t i = 0; breaks && i < kept; i++) {
        const struct session_event *event = &history->events[(history->count - kept + i) % SESSION_EVENTS_KEPT_MAX];
        json_t *one = json_object();
        set(one, "Resumed", time_of(clock, event->at_ms));
        set(one, "Seconds", seconds_of(event->break_ms));
        set_text(one, "From", event->from);
        set_text(one, "To", event->to);
        (void)json_array_append_new(breaks, one);
    }
    set(object, "Breaks", breaks);
}

static void add_failure(json_t *object, const struct session_failure *failure, const struct clock *clock)
{
    json_t *value = NULL;
    if (failure) {
        value = json_object();
        set(value, "Time", time_of(clock, failure->at_ms));
        set_text(value, "RequestType", failure->request_type);
        set_text(value, "RequestId", failure->request_id);
        set(value, "ResponseCode", json_integer(failure->response_code));
        set(value, "ErrorCode", json_integer(failure->error_code));
        set_text(value, "Text", failure->text);
    }
    set(object, "LastFailure", value);
}

/* Newest first. */
static void add_latest(json_t *object, const struct session_status *status, const struct clock *clock)
{
    json_t *requests = json_array();
    uint32_t kept = status->request_count < SESSION_LATEST_KEPT_MAX ? status->request_count : SESSION_LATEST_KEPT_MAX;
    for (uint32_t i = 1; requests && i <= kept; i++) {
        const struct session_latest *latest = &status->latest[(status->request_count - i) % SESSION_LATEST_KEPT_MAX];
        json_t *one = json_object();
        set(one, "Time", time_of(clock, latest->at_ms));
        set_text(one, "RequestType", latest->request_type);
        set(one, "Resp", json_real((double)latest->response_us / 1000));
        set(one, "Proc", json_real((double)latest->processing_us / 1000));
        set(one, "ResponseCode", json_integer(latest->response_code));
        (void)json_array_append_new(requests, one);
    }
    set(object, "LastRequests", requests);
}

static unsigned open_connections(const struct session_status *status)
{
    unsigned count = 0;
    for (unsigned i = 0; i < SESSION_LINKS_MAX; i++)
        count += status->links[i].link && http_link_ended_ms(status->links[i].link) == 0;
    return count;
}

/* The columns of the dialog. */
static void add_dialog(json_t *object, const struct session_status *status, const char *server_name)
{
    char counts[24];
    unsigned connections = status->ended_ms ? 0 : open_connections(status);
    snprintf(counts, sizeof counts, "%" PRIu64, status->cid);
    set_text(object, "Identity", counts);
    set(object, "CID", json_integer((json_int_t)status->cid));
    set_text(object, "SmtpAddress", status->address);
    set_text(object, "DisplayName", status->display_name);
    set_text(object, "ProxyServer", status->host);
    set_text(object, "ServerName", server_name);
    set_text(object, "Status", status->ended_ms ? "Ended" : connections ? "Established" : "Paused");
    set_text(object, "Protocol", "HTTP");
    set_text(object, "Authn", authn_of(status->authentication));
    set_text(object, "Encrypt", status->tls ? "SSL" : "No");
    set(object, "RpcPort", NULL);
    set_text(object, "Type", status->endpoint == SESSION_ENDPOINT_MAILBOX ? "Exchange Mail" : "Exchange Directory");
    snprintf(counts, sizeof counts, "%u/%u", status->request_count, status->failure_count);
    set_text(object, "ReqFail", counts);
    set(object, "AvgResp", average_ms(status->response_us, status->timed_count));
    set(object, "AvgProc", average_ms(status->processing_us, status->timed_count));
    set_text(object, "SessType", status->mode);
    set_text(object, "Interface", status->peer);
    set(object, "Conn", json_integer(connections));
    set_text(object, "Notif", status->waiting ? "Async" : "None");
    set_text(object, "Version", status->version);
}

static void add_client(json_t *object, const struct session_status *status)
{
    set_text(object, "Account", status->account);
    set_text(object, "Mailbox", status->mailbox ? status->mailbox : status->address);
    set_text(object, "ClientSoftware", status->software);
    set_text(object, "ClientApplication", status->application);
    set_text(object, "UserAgent", status->user_agent);
    set_text(object, "ClientAddress", status->peer);
    set_text(object, "ClientMachine", status->machine);
    set_text(object, "ClientProcess", status->process);
}

/* What the dialog does not tell. */
static void add_history(json_t *object, const struct session_status *status, const struct clock *clock)
{
    uint64_t until_ms = status->ended_ms ? status->ended_ms : clock->now_ms;
    set(object, "Requests", json_integer(status->request_count));
    set(object, "Failures", json_integer(status->failure_count));
    set(object, "Rops", json_integer((json_int_t)status->rop_count));
    set(object, "RopFailures", json_integer((json_int_t)status->rop_failure_count));
    set(object, "MaxResp", json_real((double)status->response_longest_us / 1000));
    set(object, "Resent", json_integer(status->resent_count));
    set(object, "BytesIn", json_integer((json_int_t)status->request_size));
    set(object, "BytesOut", json_integer((json_int_t)status->response_size));
    set(object, "StartTime", time_of(clock, status->began_ms));
    set(object, "LastRequest", time_of(clock, status->last_ms));
    set(object, "Age", json_integer((json_int_t)(until_ms > status->began_ms ? (until_ms - status->began_ms) / 1000 : 0)));
    set(object, "Idle", json_integer((json_int_t)(until_ms > status->last_ms ? (until_ms - status->last_ms) / 1000 : 0)));
    set(object, "Connections", json_integer(status->connection_count));
    set(object, "AddressChanges", json_integer(status->address_change_count));
    set(object, "Resumes", json_integer(status->resume_count));
    set(object, "LongestBreak", seconds_of(status->break_longest_ms));
    set(object, "TotalBreak", seconds_of(status->break_ms));
    add_breaks(object, status, clock);
    add_latest(object, status, clock);
    add_failure(object, status->failure, clock);
    set(object, "EndTime", status->ended_ms ? time_of(clock, status->ended_ms) : NULL);
    set(object, "EndReason", status->ended_ms ? json_string(session_end_reason_text(status->end_reason)) : NULL);
}

static json_t *object_of(struct session_status *status, const char *server_name, const struct clock *clock)
{
    json_t *object = json_object();
    if (!object)
        return NULL;
    pthread_mutex_lock(&status->lock);
    add_dialog(object, status, server_name);
    add_client(object, status);
    add_history(object, status, clock);
    pthread_mutex_unlock(&status->lock);
    return object;
}

/* Holds on to all of them, so that objects are made without the registry's lock. */
static struct session_status **take_all(struct session_registry *registry, size_t *ret_count)
{
    size_t count = 0, room = SESSION_ENDED_KEPT_MAX;
    pthread_mutex_lock(&registry->lock);
    for (struct session_status *status = registry->live; status; status = status->next)
        room++;
    struct session_status **all = malloc(room * sizeof *all);
    for (struct session_status *status = registry->live; all && status; status = status->next)
        all[count++] = status;
    for (unsigned i = 1; all && i <= SESSION_ENDED_KEPT_MAX; i++) {
        unsigned index = (registry->ended_next + SESSION_ENDED_KEPT_MAX - i) % SESSION_ENDED_KEPT_MAX;
        if (registry->ended[index])
            all[count++] = registry->ended[index];
    }
    for (size_t i = 0; i < count; i++)
        atomic_fetch_add(&all[i]->references, 1);
    pthread_mutex_unlock(&registry->lock);
    *ret_count = count;
    return all;
}

json_t *session_registry_list(struct session_registry *registry, const char *server_name)
{
    struct clock clock = {monotonic_ms(), filetime_now()};
    size_t count;
    struct session_status **all = take_all(registry, &count);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(array, object_of(all[i], server_name, &clock));
        session_status_release(all[i]);
    }
    free(all);
    return array;
}
