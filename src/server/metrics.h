/* Counters and times of the running server, since its start: requests by kind, response codes, log-ons, ROPs, sessions, connections.
 * One list of samples, shown in Prometheus' text format (GET /metrics) and as JSON (Get-MapiHttpMetric). docs/metrics.md.
 *
 * Thread: any. Counting is a handful of relaxed atomic additions in one of several copies, which are added up when somebody
 * asks. */
#pragma once
#include <jansson.h>

#include "server/observation.h"

extern const struct observer metrics_observer;

#define METRIC_LABELS_MAX 3u

struct metric_label {
    const char *name, *value;
};

/* One value. Samples of one name come one after the other, and names in a fixed order. */
struct metric_sample {
    const char *name;   /* 'mapihttp_requests_total' */
    const char *kind;   /* counter, gauge, histogram */
    const char *help;
    const char *suffix; /* of a histogram: '_bucket', '_sum', '_count'; "" */
    struct metric_label labels[METRIC_LABELS_MAX]; /* ended by a NULL name, or all */
    double value;
};

/* Calls 'visit' for every sample; rows that have counted nothing are left out. Strings are borrowed for the call. */
void metrics_visit(const struct services *services, void (*visit)(void *argument, const struct metric_sample *sample), void *argument);

/* Prometheus' text format, version 0.0.4. */
void metrics_append_text(const struct services *services, struct buffer *output);
/* {"Samples": [{Name, Kind, Help, Labels: {}, Value}], "History": [{Time, Requests, Failures, AvgResp, Sessions, LogOnFailures}]}: the
 * history has a point for every five minutes of the last day. New; NULL without memory. */
json_t *metrics_json(const struct services *services);

/* To be called about once a second, on one thread, with monotonic_ms: keeps the history. */
void metrics_tick(struct services *services, uint64_t now_ms);

/* GET /metrics: from the addresses of [metrics] allow, or with the log-on of an administrator. The route's handler; 'argument' is struct services. */
#define METRICS_PATH "/metrics"
void metrics_handle(struct http_exchange *exchange, void *argument);
