/* Inside of the metrics: what is counted. */
#pragma once
#include <stdatomic.h>

#include "server/metrics.h"

#define METRICS_SHARDS 8u        /* copies, so that loops do not fight over cache lines */
#define METRICS_BUCKETS 17u      /* of a histogram, the last without bound */
#define METRICS_TYPES_MAX 40u
#define METRICS_RESPONSE_CODES 20u
#define METRICS_STATUSES 16u
#define METRICS_METHODS 6u
#define METRICS_ROPS 256u
#define METRICS_POINTS_MAX 288u  /* a day of five minutes each */
#define METRICS_POINT_MS 300000u

typedef _Atomic uint64_t metrics_count;

/* Of one kind of request. */
struct metrics_series {
    metrics_count failures, duration_us, processing_us, request_size, response_size;
    metrics_count buckets[METRICS_BUCKETS]; /* by duration; together they are all requests */
};

struct metrics_shard {
    struct metrics_series series[METRICS_TYPES_MAX];
    metrics_count response_codes[2][METRICS_RESPONSE_CODES]; /* of the MAPI endpoints */
    metrics_count statuses[OBSERVATION_ENDPOINT_COUNT][METRICS_STATUSES];
    metrics_count log_ons[METRICS_METHODS][OBSERVATION_LOG_ON_COUNT];
    metrics_count rops[METRICS_ROPS], rop_failures[METRICS_ROPS];
    metrics_count resent;
};

/* What has been in five minutes. */
struct metrics_point {
    uint64_t time; /* FILETIME of its end */
    uint64_t requests, failures, duration_us, timed, log_on_failures;
    uint32_t sessions;
};

struct metrics {
    struct metrics_shard shards[METRICS_SHARDS];
    pthread_mutex_t lock;         /* for what follows */
    struct metrics_point points[METRICS_POINTS_MAX];
    uint32_t point_count;         /* ever */
    uint64_t point_ms;            /* when the current one began */
    struct metrics_point totals;  /* at that time */
};

struct metrics_type {
    enum observation_endpoint endpoint;
    const char *name; /* X-RequestType; NULL: any other */
    const char *shown;
};
extern const struct metrics_type metrics_types[]; /* ended by a NULL 'shown' */
extern const uint32_t metrics_bounds_us[METRICS_BUCKETS - 1];
extern const unsigned metrics_statuses[METRICS_STATUSES]; /* the last is 0: any other */
extern const char *const metrics_methods[METRICS_METHODS]; /* the first is "": none known */

/* All shards together. Not at one moment. */
uint64_t metrics_sum(const struct metrics *metrics, size_t offset);
#define METRICS_SUM(metrics, member) metrics_sum(metrics, offsetof(struct metrics_shard, member))
