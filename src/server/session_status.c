#include "server/session_status.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "record/client_version.h"
#include "server/observation.h"
#include "server/session_status_state.h"

#define TEXT_SIZE_MAX 255u

const uint32_t session_break_bounds_s[SESSION_BREAK_BUCKETS] = {5, 15, 30, 60, 120, 300, 600, 0};

/* --- life --- */

struct session_registry *session_registry_new(void)
{
    struct session_registry *registry = calloc(1, sizeof *registry);
    if (registry)
        pthread_mutex_init(&registry->lock, NULL);
    return registry;
}

void session_registry_free(struct session_registry *registry)
{
    if (!registry)
        return;
    for (unsigned i = 0; i < SESSION_ENDED_KEPT_MAX; i++)
        session_status_release(registry->ended[i]);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

void session_status_release(struct session_status *status)
{
    if (!status || atomic_fetch_sub(&status->references, 1) > 1)
        return;
    for (unsigned i = 0; i < SESSION_LINKS_MAX; i++)
        http_link_release(status->links[i].link);
    free(status->history);
    free(status->failure);
    free(status->strings);
    free(status->client_strings);
    free(status->program_strings);
    free(status->mailbox);
    pthread_mutex_destroy(&status->lock);
    free(status);
}

/* Three strings in one piece of memory; NULL without. */
static char *copy_strings(const char *const from[3], const char **const to[3])
{
    size_t size = 0;
    for (unsigned i = 0; i < 3; i++)
        size += strnlen(from[i], TEXT_SIZE_MAX) + 1;
    char *strings = malloc(size), *at = strings;
    for (unsigned i = 0; at && i < 3; i++) {
        size_t length = strnlen(from[i], TEXT_SIZE_MAX);
        memcpy(at, from[i], length);
        at[length] = '\0';
        *to[i] = at;
        at += length + 1;
    }
    return strings;
}

struct session_status *session_status_new(struct session_registry *registry, struct session_context *context)
{
    const struct directory_user *user = session_context_user(context);
    struct session_status *status = calloc(1, sizeof *status);
    if (status)
        status->strings = copy_strings((const char *const[]){user->account, user->address, user->display_name},
                                       (const char **const[]){&status->account, &status->address, &status->display_name});
    if (!status || !status->strings) {
        free(status);
        return NULL;
    }
    pthread_mutex_init(&status->lock, NULL);
    atomic_init(&status->references, 1);
    status->registry = registry;
    status->endpoint = session_context_endpoint(context);
    status->id = *session_context_id(context);
    status->began_ms = status->last_ms = monotonic_ms();
    status->authentication = status->mode = status->application = status->user_agent = status->host = status->machine = status->process = "";
    pthread_mutex_lock(&registry->lock);
    status->cid = ++registry->cid;
    registry->totals.created[status->endpoint]++;
    status->next = registry->live;
    if (status->next)
        status->next->previous = status;
    registry->live = status;
    pthread_mutex_unlock(&registry->lock);
    return status;
}

void session_status_ended(struct session_status *status, enum session_end_reason reason)
{
    struct session_registry *registry = status->registry;
    pthread_mutex_lock(&status->lock);
    status->ended_ms = monotonic_ms();
    status->end_reason = reason;
    status->waiting = false;
    pthread_mutex_unlock(&status->lock);
    pthread_mutex_lock(&registry->lock);
    if (status->previous)
        status->previous->next = status->next;
    else
        registry->live = status->next;
    if (status->next)
        status->next->previous = status->previous;
    status->previous = status->next = NULL;
    registry->totals.ended[reason]++;
    atomic_fetch_add(&status->references, 1);
    struct session_status *oldest = registry->ended[registry->ended_next];
    registry->ended[registry->ended_next] = status;
    registry->ended_next = (registry->ended_next + 1) % SESSION_ENDED_KEPT_MAX;
    pthread_mutex_unlock(&registry->lock);
    session_status_release(oldest);
}

/* --- what Connect says --- */

void session_status_set_client(struct session_status *status, const struct session_client *client)
{
    struct client_identity identity;
    client_identify(client->application, client->user_agent, &identity);
    pthread_mutex_lock(&status->lock);
    snprintf(status->software, sizeof status->software, "%s", identity.software);
    client_version_format(&identity.version, status->version);
    if (!status->client_strings)
        status->client_strings = copy_strings((const char *const[]){client->application, client->user_agent, client->host},
                                              (const char **const[]){&status->application, &status->user_agent, &status->host});
    status->authentication = client->authentication;
    status->tls = client->tls;
    pthread_mutex_unlock(&status->lock);
}

void session_status_set_mailbox(struct session_status *status, const char *address)
{
    pthread_mutex_lock(&status->lock);
    free(status->mailbox);
    status->mailbox = strndup(address, TEXT_SIZE_MAX);
    pthread_mutex_unlock(&status->lock);
}

void session_status_set_program(struct session_status *status, const char *mode, const char *machine, const char *process)
{
    pthread_mutex_lock(&status->lock);
    status->mode = mode;
    if (!status->program_strings)
        status->program_strings = copy_strings((const char *const[]){machine, process, ""},
                                               (const char **const[]){&status->machine, &status->process, &(const char *){NULL}});
    pthread_mutex_unlock(&status->lock);
}

void session_status_set_waiting(struct session_status *status)
{
    pthread_mutex_lock(&status->lock);
    status->waiting = !status->ended_ms;
    pthread_mutex_unlock(&status->lock);
}

uint64_t session_status_cid(const struct session_status *status)
{
    return status->cid;
}

struct session_names session_status_names(struct session_status *status)
{
    pthread_mutex_lock(&status->lock);
    struct session_names names = {.cid = status->cid, .request_count = status->request_count, .software = status->software,
                                  .version = status->version, .process = status->process, .mode = status->mode};
    pthread_mutex_unlock(&status->lock);
    return names;
}

/* --- connections, addresses, breaks --- */

static void remember_event(struct session_status *status, uint64_t now_ms, uint64_t break_ms, const char *address)
{
    if (!status->history)
        status->history = calloc(1, sizeof *status->history);
    if (!status->history)
        return;
    struct session_event *event = &status->history->events[status->history->count++ % SESSION_EVENTS_KEPT_MAX];
    *event = (struct session_event){.at_ms = now_ms, .break_ms = break_ms};
    strcpy(event->from, status->peer);
    snprintf(event->to, sizeof event->to, "%s", address);
}

static void count_resume(struct session_status *status, uint64_t break_ms, bool moved)
{
    struct session_registry *registry = status->registry;
    unsigned bucket = 0;
    while (bucket < SESSION_BREAK_BUCKETS - 1 && break_ms > session_break_bounds_s[bucket] * UINT64_C(1000))
        bucket++;
    pthread_mutex_lock(&registry->lock);
    registry->totals.resumes++;
    registry->totals.address_changes += moved;
    registry->totals.breaks[bucket]++;
    registry->totals.break_ms += break_ms;
    pthread_mutex_unlock(&registry->lock);
}

/* When the last of the known connections ended; 0 while one is open. */
static uint64_t all_ended_ms(const struct session_status *status)
{
    uint64_t latest_ms = 0;
    for (unsigned i = 0; i < SESSION_LINKS_MAX; i++) {
        if (!status->links[i].link)
            continue;
        uint64_t ended_ms = http_link_ended_ms(status->links[i].link);
        if (ended_ms == 0)
            return 0;
        latest_ms = ended_ms > latest_ms ? ended_ms : latest_ms;
    }
    return latest_ms;
}

static void keep_link(struct session_status *status, struct http_link *link, uint64_t now_ms)
{
    struct session_link *place = &status->links[0];
    for (unsigned i = 0; i < SESSION_LINKS_MAX; i++) {
        struct session_link *candidate = &status->links[i];
        if (!candidate->link) {
            place = candidate;
            break;
        }
        bool ended = http_link_ended_ms(candidate->link), place_ended = http_link_ended_ms(place->link);
        if (ended != place_ended ? ended : candidate->used_ms < place->used_ms)
            place = candidate;
    }
    http_link_release(place->link);
    *place = (struct session_link){http_link_reference(link), now_ms};
}

/* A connection that the context has not used before: another one beside the first, or the end of a break. */
static void new_connection(struct session_status *status, struct http_link *link, const char *address, uint64_t now_ms)
{
    uint64_t ended_ms = all_ended_ms(status);
    bool first = status->connection_count++ == 0, moved = !first && strcmp(status->peer, address) != 0;
    uint64_t since_ms = ended_ms ? ended_ms : status->last_ms;
    uint64_t break_ms = now_ms > since_ms ? now_ms - since_ms : 0;
    if (moved || (!first && ended_ms && break_ms >= SESSION_BREAK_MIN_MS)) {
        status->resume_count++;
        status->address_change_count += moved;
        status->break_ms += break_ms;
        status->break_longest_ms = break_ms > status->break_longest_ms ? break_ms : status->break_longest_ms;
        remember_event(status, now_ms, break_ms, address);
        count_resume(status, break_ms, moved);
    }
    if (first || moved)
        snprintf(status->peer, sizeof status->peer, "%s", address);
    keep_link(status, link, now_ms);
}

void session_status_arrived(struct session_status *status, struct http_link *link, const char *address, uint64_t now_ms)
{
    if (!link)
        return;
    pthread_mutex_lock(&status->lock);
    struct session_link *known = NULL;
    for (unsigned i = 0; !known && i < SESSION_LINKS_MAX; i++)
        known = status->links[i].link == link ? &status->links[i] : NULL;
    if (known)
        known->used_ms = now_ms;
    else
        new_connection(status, link, address, now_ms);
    status->last_ms = now_ms;
    pthread_mutex_unlock(&status->lock);
}

/* --- requests --- */

static void remember_failure(struct session_status *status, const struct observation *observation)
{
    if (!status->failure)
        status->failure = calloc(1, sizeof *status->failure);
    if (!status->failure)
        return;
    *status->failure = (struct session_failure){.at_ms = observation->now_ms, .response_code = observation->response_code,
                                                .error_code = observation->error_code};
    snprintf(status->failure->request_type, sizeof status->failure->request_type, "%s", observation->request_type);
    snprintf(status->failure->request_id, sizeof status->failure->request_id, "%s", observation->request_id);
    snprintf(status->failure->text, sizeof status->failure->text, "%s", observation->error_text);
}

static void remember_latest(struct session_status *status, const struct observation *observation)
{
    struct session_latest *latest = &status->latest[status->request_count % SESSION_LATEST_KEPT_MAX];
    latest->at_ms = observation->now_ms;
    latest->response_us = observation->duration_us;
    latest->processing_us = observation->processing_us;
    latest->response_code = observation->response_code;
    size_t size = strnlen(observation->request_type, sizeof latest->request_type - 1);
    memcpy(latest->request_type, observation->request_type, size);
    latest->request_type[size] = 0;
}

void session_status_answered(struct session_status *status, const struct observation *observation)
{
    bool waited = strcmp(observation->request_type, "NotificationWait") == 0, failed = observation_is_failure(observation);
    pthread_mutex_lock(&status->lock);
    remember_latest(status, observation);
    status->request_count++;
    status->resent_count += observation->resent;
    status->rop_count += observation->rop_count;
    status->rop_failure_count += observation->rop_error != 0;
    status->request_size += observation->request_size;
    status->response_size += observation->response_size;
    status->last_ms = observation->now_ms;
    if (waited) {
        status->waiting = false;
    } else { /* minutes that the server was asked to take would hide all others */
        status->timed_count++;
        status->response_us += observation->duration_us;
        status->processing_us += observation->processing_us;
        if (observation->duration_us > status->response_longest_us)
            status->response_longest_us = observation->duration_us;
    }
    if (failed) {
        status->failure_count++;
        remember_failure(status, observation);
    }
    pthread_mutex_unlock(&status->lock);
}

bool session_registry_find(struct session_registry *registry, uint64_t cid, struct session_context_id *ret_id)
{
    pthread_mutex_lock(&registry->lock);
    struct session_status *status = registry->live;
    while (status && status->cid != cid)
        status = status->next;
    if (status)
        *ret_id = status->id;
    pthread_mutex_unlock(&registry->lock);
    return status;
}

struct session_totals session_registry_totals(struct session_registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    struct session_totals totals = registry->totals;
    pthread_mutex_unlock(&registry->lock);
    return totals;
}
