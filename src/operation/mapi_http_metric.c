/* Get-MapiHttpMetric: counters and times of a running server. */
#include <string.h>

#include "base/bytes.h"
#include "operation/operation_live.h"
#include "operation/operations.h"
#include "operation/wildcard.h"

/* 'endpoint=mailbox,type=Execute', for a column. */
static json_t *labels_text(const json_t *labels)
{
    struct buffer text = {0};
    const char *name;
    const json_t *value;
    json_object_foreach((json_t *)labels, name, value)
        buffer_append_format(&text, "%s%s=%s", text.size ? "," : "", name, json_string_value(value));
    json_t *result = json_stringn((const char *)text.data, text.size);
    buffer_free(&text);
    return result ? result : json_string("");
}

static bool is_wanted(const struct operation_call *call, const json_t *sample)
{
    const char *wanted = operation_text(call, "Name"), *name = json_string_value(json_object_get(sample, "Name"));
    return wanted ? wildcard_fits(wanted, name) : operation_flag(call, "Buckets") || !strstr(name, "_bucket");
}

/* NULL: the call has failed. */
static json_t *read_metrics(struct operation_call *call)
{
    const struct operation_live *live = call->host->live;
    json_t *metrics = live && live->metrics ? live->metrics(call->host->live_state) : NULL;
    if (!metrics)
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "the server does not run, or cannot tell its metrics");
    return metrics;
}

static void get_history(struct operation_call *call)
{
    json_t *metrics = read_metrics(call), *history = json_object_get(metrics, "History"), *point;
    size_t i;
    json_array_foreach(history, i, point)
        operation_emit(call, json_incref(point));
    if (metrics && json_array_size(history) == 0)
        operation_warn(call, "The server has not run for five minutes yet: there is no history");
    json_decref(metrics);
}

static void get(struct operation_call *call)
{
    json_t *metrics = read_metrics(call), *sample;
    size_t i, count = 0;
    json_array_foreach(json_object_get(metrics, "Samples"), i, sample) {
        if (!is_wanted(call, sample))
            continue;
        (void)json_object_set_new(sample, "LabelText", labels_text(json_object_get(sample, "Labels")));
        operation_emit(call, json_incref(sample));
        count++;
    }
    if (metrics && count == 0)
        operation_fail(call, OPERATION_NOT_FOUND, "Name", "there is no metric '%s', or it has counted nothing yet", operation_text(call, "Name"));
    json_decref(metrics);
}

static const struct operation_parameter parameters[] = {
    {.name = "Name", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0,
     .explanation = "only metrics of this name (* and ? stand for anything)"},
    {.name = "Buckets", .kind = OPERATION_SWITCH, .explanation = "also how many took how long at most"},
    {.name = NULL},
};

static const struct operation_column columns[] = {{"Name", false}, {"LabelText", false}, {"Value", true}, {NULL, false}};

const struct operation operation_get_mapi_http_metric = {
    .name = "Get-MapiHttpMetric",
    .command = "metric list",
    .flags = OPERATION_LIVE,
    .summary = "what the running server has counted: requests, response codes, log-ons, ROPs, sessions",
    .description = "The same values as GET /metrics, which Prometheus reads. Counters begin at 0 with the server; what has counted nothing is left out.",
    .parameters = parameters,
    .columns = columns,
    .run = get,
};

static const struct operation_column history_columns[] = {
    {"Time", false}, {"Requests", true}, {"Failures", true}, {"AvgResp", true}, {"Sessions", true}, {"LogOnFailures", true}, {NULL, false},
};

const struct operation operation_get_mapi_http_metric_history = {
    .name = "Get-MapiHttpMetricHistory",
    .command = "metric history",
    .flags = OPERATION_LIVE,
    .summary = "requests, failures, response times (ms) and sessions in every five minutes of the last day",
    .columns = history_columns,
    .run = get_history,
};
