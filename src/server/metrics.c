#include "server/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "base/log.h"
#include "server/metrics_state.h"

const struct metrics_type metrics_types[] = {
    {OBSERVATION_MAILBOX, "Execute", "Execute"},
    {OBSERVATION_MAILBOX, "PING", "PING"},
    {OBSERVATION_MAILBOX, "NotificationWait", "NotificationWait"},
    {OBSERVATION_MAILBOX, "Connect", "Connect"},
    {OBSERVATION_MAILBOX, "Disconnect", "Disconnect"},
    {OBSERVATION_MAILBOX, NULL, "other"},
    {OBSERVATION_ADDRESS_BOOK, "PING", "PING"},
    {OBSERVATION_ADDRESS_BOOK, "Bind", "Bind"},
    {OBSERVATION_ADDRESS_BOOK, "Unbind", "Unbind"},
    {OBSERVATION_ADDRESS_BOOK, "QueryRows", "QueryRows"},
    {OBSERVATION_ADDRESS_BOOK, "ResolveNames", "ResolveNames"},
    {OBSERVATION_ADDRESS_BOOK, "GetMatches", "GetMatches"},
    {OBSERVATION_ADDRESS_BOOK, "GetProps", "GetProps"},
    {OBSERVATION_ADDRESS_BOOK, "SeekEntries", "SeekEntries"},
    {OBSERVATION_ADDRESS_BOOK, "GetSpecialTable", "GetSpecialTable"},
    {OBSERVATION_ADDRESS_BOOK, "GetTemplateInfo", "GetTemplateInfo"},
    {OBSERVATION_ADDRESS_BOOK, "DNToMId", "DNToMId"},
    {OBSERVATION_ADDRESS_BOOK, "GetPropList", "GetPropList"},
    {OBSERVATION_ADDRESS_BOOK, "CompareMIds", "CompareMIds"},
    {OBSERVATION_ADDRESS_BOOK, "QueryColumns", "QueryColumns"},
    {OBSERVATION_ADDRESS_BOOK, "ResortRestriction", "ResortRestriction"},
    {OBSERVATION_ADDRESS_BOOK, "UpdateStat", "UpdateStat"},
    {OBSERVATION_ADDRESS_BOOK, "ModProps", "ModProps"},
    {OBSERVATION_ADDRESS_BOOK, "ModLinkAtt", "ModLinkAtt"},
    {OBSERVATION_ADDRESS_BOOK, "GetMailboxUrl", "GetMailboxUrl"},
    {OBSERVATION_ADDRESS_BOOK, "GetAddressBookUrl", "GetAddressBookUrl"},
    {OBSERVATION_ADDRESS_BOOK, NULL, "other"},
    {OBSERVATION_AUTODISCOVER, NULL, "Autodiscover"},
    {OBSERVATION_OAB, NULL, "OAB"},
    {OBSERVATION_ADMIN, NULL, "administration"},
    {0, NULL, NULL},
};
_Static_assert(sizeof metrics_types / sizeof *metrics_types <= METRICS_TYPES_MAX, "shards have a place for each");

const uint32_t metrics_bounds_us[METRICS_BUCKETS - 1] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
                                                         1000000, 5000000, 60000000, 300000000};
const unsigned metrics_statuses[METRICS_STATUSES] = {200, 206, 302, 304, 400, 401, 403, 404, 405, 409, 413, 416, 429, 500, 503, 0};
const char *const metrics_methods[METRICS_METHODS] = {"", "Basic", "NTLM", "Negotiate", "Kerberos", "Bearer"};

/* --- counting --- */

static void add(metrics_count *count, uint64_t number)
{
    atomic_fetch_add_explicit(count, number, memory_order_relaxed);
}

/* Any will do, as long as threads seldom meet in one. */
static struct metrics_shard *shard_of_thread(struct metrics *metrics)
{
    uint64_t thread = (uint64_t)pthread_self() >> 12;
    return &metrics->shards[(thread * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (METRICS_SHARDS - 1)];
}

static unsigned type_of(const struct observation *observation)
{
    unsigned i = 0;
    while (metrics_types[i].endpoint != observation->endpoint || (metrics_types[i].name && strcmp(metrics_types[i].name, observation->request_type) != 0))
        i++;
    return i;
}

static unsigned bucket_of(uint32_t duration_us)
{
    unsigned i = 0;
    while (i < METRICS_BUCKETS - 1 && duration_us > metrics_bounds_us[i])
        i++;
    return i;
}

static unsigned status_of(unsigned http_status)
{
    unsigned i = 0;
    while (metrics_statuses[i] && metrics_statuses[i] != http_status)
        i++;
    return i;
}

static unsigned method_of(const char *authentication)
{
    for (unsigned i = METRICS_METHODS - 1; i > 0; i--)
        if (strcmp(metrics_methods[i], authentication) == 0)
            return i;
    return 0;
}

static void observe_request(void *state, const struct observation *observation)
{
    struct metrics_shard *shard = shard_of_thread(state);
    struct metrics_series *series = &shard->series[type_of(observation)];
    add(&series->buckets[bucket_of(observation->duration_us)], 1);
    add(&series->duration_us, observation->duration_us);
    add(&series->processing_us, observation->processing_us);
    add(&series->request_size, observation->request_size);
    add(&series->response_size, observation->response_size);
    if (observation_is_failure(observation))
        add(&series->failures, 1);
    if (observation->endpoint <= OBSERVATION_ADDRESS_BOOK && observation->http_status == 200 && *observation->request_type)
        add(&shard->response_codes[observation->endpoint][observation->response_code < METRICS_RESPONSE_CODES
                                                              ? observation->response_code : METRICS_RESPONSE_CODES - 1], 1);
    add(&shard->statuses[observation->endpoint][status_of(observation->http_status)], 1);
    add(&shard->log_ons[method_of(observation->authentication)][observation->log_on], 1);
    for (unsigned i = 0; i < observation->rop_count && i < OBSERVATION_ROPS_MAX; i++)
        add(&shard->rops[observation->rops[i]], 1);
    if (observation->rop_error)
        add(&shard->rop_failures[observation->rop_failed], 1);
    if (observation->resent)
        add(&shard->resent, 1);
}

uint64_t metrics_sum(const struct metrics *metrics, size_t offset)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < METRICS_SHARDS; i++)
        sum += atomic_load_explicit((const metrics_count *)((const char *)&metrics->shards[i] + offset), memory_order_relaxed);
    return sum;
}

/* --- the history --- */

static struct metrics_point total_of(const struct metrics *metrics)
{
    struct metrics_point total = {0};
    for (unsigned type = 0; metrics_types[type].shown; type++) {
        uint64_t requests = 0;
        for (unsigned bucket = 0; bucket < METRICS_BUCKETS; bucket++)
            requests += METRICS_SUM(metrics, series[type].buckets[bucket]);
        total.requests += requests;
        total.failures += METRICS_SUM(metrics, series[type].failures);
        if (metrics_types[type].name && strcmp(metrics_types[type].name, "NotificationWait") == 0)
            continue; /* minutes that the server was asked to take */
        total.timed += requests;
        total.duration_us += METRICS_SUM(metrics, series[type].duration_us);
    }
    for (unsigned method = 0; method < METRICS_METHODS; method++)
        total.log_on_failures += METRICS_SUM(metrics, log_ons[method][OBSERVATION_LOG_ON_FAILED]);
    return total;
}

void metrics_tick(struct services *services, uint64_t now_ms)
{
    struct metrics *metrics = observer_state(services, &metrics_observer);
    if (!metrics || now_ms < metrics->point_ms + METRICS_POINT_MS)
        return;
    struct metrics_point total = total_of(metrics);
    pthread_mutex_lock(&metrics->lock);
    const struct metrics_point *before = &metrics->totals;
    metrics->points[metrics->point_count++ % METRICS_POINTS_MAX] = (struct metrics_point){
        .time = filetime_now(), .requests = total.requests - before->requests, .failures = total.failures - before->failures,
        .duration_us = total.duration_us - before->duration_us, .timed = total.timed - before->timed,
        .log_on_failures = total.log_on_failures - before->log_on_failures,
        .sessions = session_table_counts(services->sessions).contexts};
    metrics->totals = total;
    metrics->point_ms = now_ms;
    pthread_mutex_unlock(&metrics->lock);
}

/* --- life --- */

static void stop(void *state)
{
    struct metrics *metrics = state;
    if (!metrics)
        return;
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static bool start(struct services *services, void **ret_state)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics) {
        log_error("out of memory");
        return false;
    }
    pthread_mutex_init(&metrics->lock, NULL);
    metrics->point_ms = monotonic_ms();
    *ret_state = metrics;
    return true;
}

const struct observer metrics_observer = {
    .name = "metrics", .start = start, .observe = observe_request, .stop = stop,
};
