/* The list of samples: names, labels and where each value comes from. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/version.h"
#include "http/http_server.h"
#include "protocol/rop_definition.h"
#include "record/audit_store.h"
#include "server/metrics_state.h"
#include "server/protocol_logs.h"
#include "server/session_status.h"

struct visitor {
    void (*visit)(void *argument, const struct metric_sample *sample);
    void *argument;
};

static void tell(const struct visitor *visitor, const struct metric_sample *head, const char *suffix, const struct metric_label *labels,
                 unsigned label_count, double value)
{
    struct metric_sample sample = *head;
    sample.suffix = suffix;
    for (unsigned i = 0; i < label_count; i++)
        sample.labels[i] = labels[i];
    sample.value = value;
    visitor->visit(visitor->argument, &sample);
}

static void tell_plain(const struct visitor *visitor, const char *name, const char *kind, const char *help, double value)
{
    tell(visitor, &(struct metric_sample){.name = name, .kind = kind, .help = help}, "", NULL, 0, value);
}

/* --- requests --- */

/* A member of every series: requests_total and its like. */
static void tell_series(const struct visitor *visitor, const struct metrics *metrics, const struct metric_sample *head, size_t offset,
                        double unit)
{
    for (unsigned type = 0; metrics_types[type].shown; type++) {
        uint64_t value = metrics_sum(metrics, offset + type * sizeof(struct metrics_series));
        const struct metric_label labels[] = {{"endpoint", observation_endpoint_names[metrics_types[type].endpoint]},
                                              {"type", metrics_types[type].shown}};
        if (value)
            tell(visitor, head, "", labels, 2, (double)value * unit);
    }
}

static uint64_t request_count(const struct metrics *metrics, unsigned type)
{
    uint64_t count = 0;
    for (unsigned bucket = 0; bucket < METRICS_BUCKETS; bucket++)
        count += METRICS_SUM(metrics, series[type].buckets[bucket]);
    return count;
}

static void tell_requests(const struct visitor *visitor, const struct metrics *metrics)
{
    static const struct metric_sample head = {.name = "mapihttp_requests_total", .kind = "counter", .help = "Requests answered."};
    for (unsigned type = 0; metrics_types[type].shown; type++) {
        uint64_t count = request_count(metrics, type);
        const struct metric_label labels[] = {{"endpoint", observation_endpoint_names[metrics_types[type].endpoint]},
                                              {"type", metrics_types[type].shown}};
        if (count)
            tell(visitor, &head, "", labels, 2, (double)count);
    }
    tell_series(visitor, metrics, &(struct metric_sample){.name = "mapihttp_request_failures_total", .kind = "counter",
        .help = "Requests that were refused or answered with an error."}, offsetof(struct metrics_shard, series[0].failures), 1);
    tell_series(visitor, metrics, &(struct metric_sample){.name = "mapihttp_request_processing_seconds_total", .kind = "counter",
        .help = "Time spent working on requests, without waiting."}, offsetof(struct metrics_shard, series[0].processing_us), 1e-6);
    tell_series(visitor, metrics, &(struct metric_sample){.name = "mapihttp_request_bytes_total", .kind = "counter",
        .help = "Bytes of request bodies."}, offsetof(struct metrics_shard, series[0].request_size), 1);
    tell_series(visitor, metrics, &(struct metric_sample){.name = "mapihttp_response_bytes_total", .kind = "counter",
        .help = "Bytes of response bodies."}, offsetof(struct metrics_shard, series[0].response_size), 1);
}

static void tell_histogram(const struct visitor *visitor, const struct metrics *metrics, unsigned type)
{
    static const struct metric_sample head = {.name = "mapihttp_request_duration_seconds", .kind = "histogram",
        .help = "From the whole request to its answer."};
    struct metric_label labels[] = {{"endpoint", observation_endpoint_names[metrics_types[type].endpoint]},
                                    {"type", metrics_types[type].shown}, {"le", NULL}};
    uint64_t below = 0;
    char bound[24];
    for (unsigned bucket = 0; bucket < METRICS_BUCKETS; bucket++) {
        below += METRICS_SUM(metrics, series[type].buckets[bucket]);
        if (bucket < METRICS_BUCKETS - 1)
            snprintf(bound, sizeof bound, "%g", metrics_bounds_us[bucket] / 1e6);
        labels[2].value = bucket < METRICS_BUCKETS - 1 ? bound : "+Inf";
        tell(visitor, &head, "_bucket", labels, 3, (double)below);
    }
    tell(visitor, &head, "_sum", labels, 2, (double)METRICS_SUM(metrics, series[type].duration_us) / 1e6);
    tell(visitor, &head, "_count", labels, 2, (double)below);
}

static void tell_codes(const struct visitor *visitor, const struct metrics *metrics)
{
    static const struct metric_sample codes = {.name = "mapihttp_responses_total", .kind = "counter",
        .help = "Answers of the MAPI endpoints by X-ResponseCode."};
    static const struct metric_sample statuses = {.name = "mapihttp_http_responses_total", .kind = "counter",
        .help = "Answers by HTTP status."};
    char number[16];
    for (unsigned endpoint = 0; endpoint < 2; endpoint++) {
        for (unsigned code = 0; code < METRICS_RESPONSE_CODES; code++) {
            uint64_t count = METRICS_SUM(metrics, response_codes[endpoint][code]);
            const struct metric_label labels[] = {{"endpoint", observation_endpoint_names[endpoint]}, {"response_code", number},
                                                  {"name", mapi_response_code_name((enum mapi_response_code)code)}};
            snprintf(number, sizeof number, "%u", code);
            if (count)
                tell(visitor, &codes, "", labels, 3, (double)count);
        }
    }
    for (unsigned endpoint = 0; endpoint < OBSERVATION_ENDPOINT_COUNT; endpoint++) {
        for (unsigned status = 0; status < METRICS_STATUSES; status++) {
            uint64_t count = METRICS_SUM(metrics, statuses[endpoint][status]);
            const struct metric_label labels[] = {{"endpoint", observation_endpoint_names[endpoint]},
                                                  {"status", metrics_statuses[status] ? number : "other"}};
            snprintf(number, sizeof number, "%u", metrics_statuses[status]);
            if (count)
                tell(visitor, &statuses, "", labels, 2, (double)count);
        }
    }
}

static void tell_log_ons(const struct visitor *visitor, const struct metrics *metrics)
{
    static const struct metric_sample head = {.name = "mapihttp_log_ons_total", .kind = "counter",
        .help = "Requests by what their log-on came to; failed ones by the method that was tried."};
    for (unsigned method = 0; method < METRICS_METHODS; method++) {
        for (unsigned result = OBSERVATION_LOG_ON_ACCEPTED; result < OBSERVATION_LOG_ON_COUNT; result++) {
            uint64_t count = METRICS_SUM(metrics, log_ons[method][result]);
            const struct metric_label labels[] = {{"method", metrics_methods[method]}, {"result", observation_log_on_names[result]}};
            if (count)
                tell(visitor, &head, "", labels, 2, (double)count);
        }
    }
}

static void tell_rops(const struct visitor *visitor, const struct metrics *metrics, const struct metric_sample *head, size_t offset)
{
    for (unsigned id = 0; id < METRICS_ROPS; id++) {
        uint64_t count = metrics_sum(metrics, offset + id * sizeof(metrics_count));
        const struct rop_definition *definition = rop_definitions[id];
        const struct metric_label label = {"rop", definition ? definition->spec_name + strlen("Rop") : "?"};
        if (count)
            tell(visitor, head, "", &label, 1, (double)count);
    }
}

/* --- sessions and the process --- */

static void tell_breaks(const struct visitor *visitor, const struct session_totals *totals)
{
    static const struct metric_sample head = {.name = "mapihttp_session_break_seconds", .kind = "histogram",
        .help = "How long sessions were without a connection, or at rest, before they went on."};
    uint64_t below = 0;
    char bound[16];
    for (unsigned bucket = 0; bucket < SESSION_BREAK_BUCKETS; bucket++) {
        bool last = bucket == SESSION_BREAK_BUCKETS - 1;
        const struct metric_label label = {"le", last ? "+Inf" : bound};
        snprintf(bound, sizeof bound, "%u", session_break_bounds_s[bucket]);
        below += totals->breaks[bucket];
        tell(visitor, &head, "_bucket", &label, 1, (double)below);
    }
    tell(visitor, &head, "_sum", NULL, 0, (double)totals->break_ms / 1000);
    tell(visitor, &head, "_count", NULL, 0, (double)below);
}

static void tell_sessions(const struct visitor *visitor, const struct services *services)
{
    static const struct metric_sample created = {.name = "mapihttp_sessions_created_total", .kind = "counter",
        .help = "Sessions begun by Connect and Bind."};
    static const struct metric_sample ended = {.name = "mapihttp_sessions_ended_total", .kind = "counter", .help = "Sessions ended, by why."};
    struct session_counts counts = session_table_counts(services->sessions);
    struct session_totals totals = session_registry_totals(services->session_registry);
    tell_plain(visitor, "mapihttp_sessions", "gauge", "Sessions that live now.", counts.contexts);
    tell_plain(visitor, "mapihttp_session_users", "gauge", "Users who have sessions.", counts.users);
    tell_plain(visitor, "mapihttp_notification_waits", "gauge", "Clients that wait for a notification.", counts.waits);
    tell_plain(visitor, "mapihttp_kept_answer_bytes", "gauge", "Bytes of answers kept for clients that lost them.", (double)counts.kept_answers_size);
    for (unsigned endpoint = 0; endpoint < 2; endpoint++) {
        const struct metric_label label = {"endpoint", observation_endpoint_names[endpoint]};
        tell(visitor, &created, "", &label, 1, (double)totals.created[endpoint]);
    }
    for (unsigned reason = 0; reason < SESSION_END_REASON_COUNT; reason++) {
        const struct metric_label label = {"reason", session_end_reason_text(reason)};
        if (totals.ended[reason])
            tell(visitor, &ended, "", &label, 1, (double)totals.ended[reason]);
    }
    tell_plain(visitor, "mapihttp_session_address_changes_total", "counter", "Sessions that went on from another address.", (double)totals.address_changes);
    tell_breaks(visitor, &totals);
}

static void tell_connections(const struct visitor *visitor, const struct services *services)
{
    const struct http_server *http = services->server->http;
    if (!http)
        return;
    struct http_server_counts counts = http_server_counts(http);
    tell_plain(visitor, "mapihttp_connections", "gauge", "Connections open now.", http_server_connection_count(http));
    tell_plain(visitor, "mapihttp_connections_total", "counter", "Connections accepted.", (double)counts.connections);
    tell_plain(visitor, "mapihttp_connections_refused_total", "counter", "Connections closed at once: there were too many.", (double)counts.connections_refused);
    tell_plain(visitor, "mapihttp_malformed_requests_total", "counter", "Requests that were no HTTP.", (double)counts.requests_malformed);
    tell_plain(visitor, "mapihttp_connection_timeouts_total", "counter", "Connections closed because nothing came in time.", (double)counts.timeouts);
    tell_plain(visitor, "mapihttp_running_requests", "gauge", "Requests under way.", http_server_running_count(http));
}

static double resident_bytes(void)
{
    unsigned long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void tell_audit(const struct visitor *visitor, struct audit_store *store)
{
    if (!store) /* tests of this alone */
        return;
    struct audit_state audit = audit_store_state(store);
    tell_plain(visitor, "mapihttp_audit_records_total", "counter", "Records of the mailbox audit written.", (double)audit.written);
    tell_plain(visitor, "mapihttp_audit_records_lost_total", "counter", "Records that could not be written.", (double)audit.lost);
    tell_plain(visitor, "mapihttp_audit_records_waiting", "gauge", "Records not written yet.", (double)audit.queued);
    tell_plain(visitor, "mapihttp_audit_failing", "gauge", "1 while the mailbox audit cannot be written.", audit.failing);
}

static void tell_process(const struct visitor *visitor, const struct services *services)
{
    static const struct metric_sample build = {.name = "mapihttp_build_info", .kind = "gauge", .help = "The version that runs."};
    const struct metric_label version = {"version", MAPIHTTP_VERSION};
    struct protocol_log_counts logs = protocol_logs_counts(services);
    struct timespec cpu = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    double uptime_s = (double)(monotonic_ms() - services->started_ms) / 1000;
    tell_plain(visitor, "mapihttp_log_rows_total", "counter", "Rows written into the CSV logs.", (double)logs.rows);
    tell_plain(visitor, "mapihttp_log_rows_dropped_total", "counter", "Rows that could not be written.", (double)logs.dropped);
    tell_plain(visitor, "mapihttp_uptime_seconds", "gauge", "Since the start.", uptime_s);
    tell(visitor, &build, "", &version, 1, 1);
    tell_plain(visitor, "process_cpu_seconds_total", "counter", "Processor time used.", (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
    tell_plain(visitor, "process_resident_memory_bytes", "gauge", "Memory in use.", resident_bytes());
    tell_plain(visitor, "process_start_time_seconds", "gauge", "When it started, in seconds since 1970.", (double)time(NULL) - uptime_s);
}

void metrics_visit(const struct services *services, void (*visit)(void *argument, const struct metric_sample *sample), void *argument)
{
    const struct metrics *metrics = observer_state(services, &metrics_observer);
    const struct visitor visitor = {visit, argument};
    if (!metrics)
        return;
    tell_requests(&visitor, metrics);
    for (unsigned type = 0; metrics_types[type].shown; type++)
        if (request_count(metrics, type))
            tell_histogram(&visitor, metrics, type);
    tell_codes(&visitor, metrics);
    tell_log_ons(&visitor, metrics);
    tell_rops(&visitor, metrics, &(struct metric_sample){.name = "mapihttp_rops_total", .kind = "counter",
        .help = "ROPs done, of the first 32 of each Execute."}, offsetof(struct metrics_shard, rops));
    tell_rops(&visitor, metrics, &(struct metric_sample){.name = "mapihttp_rop_failures_total", .kind = "counter",
        .help = "Executes by the first ROP in them that failed."}, offsetof(struct metrics_shard, rop_failures));
    tell_plain(&visitor, "mapihttp_resent_answers_total", "counter", "Lost answers given again from the record.", (double)METRICS_SUM(metrics, resent));
    tell_sessions(&visitor, services);
    tell_connections(&visitor, services);
    tell_audit(&visitor, services->operations.audit);
    tell_process(&visitor, services);
}
