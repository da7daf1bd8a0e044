/* How fast the server answers and what it refuses: the last day in steps of five minutes, and sums since the start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/admin_site_pages.h"

static const char *label(const json_t *sample, const char *name)
{
    const char *value = json_string_value(json_object_get(json_object_get(sample, "Labels"), name));
    return value ? value : "";
}

static bool is_called(const json_t *sample, const char *name)
{
    const char *own = json_string_value(json_object_get(sample, "Name"));
    return own && strcmp(own, name) == 0;
}

static double value_of(const json_t *sample)
{
    return json_number_value(json_object_get(sample, "Value"));
}

/* --- by type of request --- */

/* The row of the sample's endpoint and type; made where there is none. Borrowed. */
static json_t *row_of(json_t *rows, const json_t *sample)
{
    const char *endpoint = label(sample, "endpoint"), *type = label(sample, "type");
    json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
        if (strcmp(json_string_value(json_object_get(row, "Endpoint")), endpoint) == 0 && strcmp(json_string_value(json_object_get(row, "Type")), type) == 0)
            return row;
    row = json_pack("{s:s, s:s, s:i, s:i, s:f, s:f, s:f}", "Type", type, "Endpoint", endpoint, "Requests", 0, "Failures", 0, "Average", 0.0, "P50", 0.0, "P95", 0.0);
    return json_array_append_new(rows, row) == 0 ? row : NULL;
}

/* 'part' of the requests took no longer than this bound of the histogram, in milliseconds; -1 where it has no such. Buckets are cumulative and
 * come in order. */
static double quantile(const json_t *samples, const char *endpoint, const char *type, double part)
{
    const json_t *sample;
    size_t i;
    double total = 0;
    json_array_foreach(samples, i, sample)
        if (is_called(sample, "mapihttp_request_duration_seconds_count") && strcmp(label(sample, "endpoint"), endpoint) == 0 &&
            strcmp(label(sample, "type"), type) == 0)
            total = value_of(sample);
    json_array_foreach(samples, i, sample) {
        const char *bound = label(sample, "le");
        if (is_called(sample, "mapihttp_request_duration_seconds_bucket") && strcmp(label(sample, "endpoint"), endpoint) == 0 &&
            strcmp(label(sample, "type"), type) == 0 && strcmp(bound, "+Inf") != 0 && value_of(sample) >= part * total)
            return strtod(bound, NULL) * 1000;
    }
    return -1;
}

static json_t *types_of(const json_t *samples)
{
    json_t *rows = json_array(), *row;
    const json_t *sample;
    size_t i;
    json_array_foreach(samples, i, sample) {
        bool count = is_called(sample, "mapihttp_request_duration_seconds_count"), sum = is_called(sample, "mapihttp_request_duration_seconds_sum");
        bool failures = is_called(sample, "mapihttp_request_failures_total");
        if ((!count && !sum && !failures) || !(row = row_of(rows, sample)))
            continue;
        if (sum)
            json_object_set_new(row, "Sum", json_real(value_of(sample)));
        else
            json_object_set_new(row, count ? "Requests" : "Failures", json_integer((json_int_t)value_of(sample)));
    }
    json_array_foreach(rows, i, row) {
        const char *endpoint = json_string_value(json_object_get(row, "Endpoint")), *type = json_string_value(json_object_get(row, "Type"));
        json_int_t count = json_integer_value(json_object_get(row, "Requests"));
        double sum = json_number_value(json_object_get(row, "Sum")), p50 = quantile(samples, endpoint, type, 0.5), p95 = quantile(samples, endpoint, type, 0.95);
        json_object_set_new(row, "Average", json_real(count ? sum * 1000 / (double)count : 0));
        json_object_set_new(row, "P50", p50 < 0 ? json_null() : json_real(p50));
        json_object_set_new(row, "P95", p95 < 0 ? json_null() : json_real(p95));
        json_object_del(row, "Sum");
    }
    return rows;
}

/* --- by a label --- */

/* [{"<column>": label, ..., "Count": n}], of the samples of one name; what counted nothing is left out. */
static json_t *counts_of(const json_t *samples, const char *name, const char *const *labels, const char *const *columns, size_t label_count)
{
    json_t *rows = json_array();
    const json_t *sample;
    size_t i;
    json_array_foreach(samples, i, sample) {
        if (!is_called(sample, name) || value_of(sample) == 0)
            continue;
        json_t *row = json_object();
        for (size_t k = 0; k < label_count; k++)
            json_object_set_new(row, columns[k], json_string(label(sample, labels[k])));
        json_object_set_new(row, "Count", json_integer((json_int_t)value_of(sample)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static void show_codes(struct site_view *view, const json_t *samples)
{
    static const struct site_column codes[] = {{"Code", "X-ResponseCode", SITE_TEXT}, {"Meaning", "Meaning", SITE_TEXT}, {"Endpoint", "Endpoint", SITE_TEXT}, {"Count", "Answers", SITE_NUMBER}, {0}};
    static const struct site_column statuses[] = {{"Status", "HTTP status", SITE_TEXT}, {"Endpoint", "Endpoint", SITE_TEXT}, {"Count", "Answers", SITE_NUMBER}, {0}};
    static const struct site_column log_ons[] = {{"Result", "Log-on", SITE_TEXT}, {"Method", "Method", SITE_TEXT}, {"Count", "Requests", SITE_NUMBER}, {0}};
    json_t *rows = counts_of(samples, "mapihttp_responses_total", (const char *const[]){"response_code", "name", "endpoint"},
                             (const char *const[]){"Code", "Meaning", "Endpoint"}, 3);
    site_table(view, &(struct site_table){.id = "codes", .caption = "Answers by X-ResponseCode", .columns = codes, .empty = "No request was answered yet."}, rows);
    json_decref(rows);
    rows = counts_of(samples, "mapihttp_http_responses_total", (const char *const[]){"status", "endpoint"},
                     (const char *const[]){"Status", "Endpoint"}, 2);
    site_table(view, &(struct site_table){.id = "statuses", .caption = "Answers by HTTP status", .columns = statuses, .empty = "No request was answered yet."}, rows);
    json_decref(rows);
    rows = counts_of(samples, "mapihttp_log_ons_total", (const char *const[]){"result", "method"}, (const char *const[]){"Result", "Method"}, 2);
    site_table(view, &(struct site_table){.id = "log-ons", .caption = "Log-ons", .columns = log_ons, .empty = "Nobody has logged on yet."}, rows);
    json_decref(rows);
}

void site_show_times(struct site_view *view)
{
    static const struct site_column history[] = {
        {"Time", "Time", SITE_TIME}, {"Requests", "Requests", SITE_NUMBER}, {"Failures", "Failures", SITE_NUMBER}, {"AvgResp", "Average response, ms", SITE_NUMBER},
        {"Sessions", "Sessions", SITE_NUMBER}, {"LogOnFailures", "Failed log-ons", SITE_NUMBER}, {0}};
    static const struct site_column types[] = {
        {"Type", "Request", SITE_TEXT}, {"Endpoint", "Endpoint", SITE_TEXT}, {"Requests", "Requests", SITE_NUMBER}, {"Failures", "Failures", SITE_NUMBER},
        {"Average", "Average, ms", SITE_NUMBER}, {"P50", "Half within, ms", SITE_NUMBER}, {"P95", "95 % within, ms", SITE_NUMBER}, {0}};
    struct site_result points, metrics;
    site_text(view, "<h2>The last day</h2>\n");
    if (site_get(view, "Get-MapiHttpMetricHistory", NULL, &points) && json_array_size(points.objects)) {
        site_chart(view, "history", "line", "Average response in milliseconds", "Average response, ms");
        site_chart(view, "history", "line", "Requests and failures in five minutes", "Requests,Failures");
        site_table(view, &(struct site_table){.id = "history", .caption = "In steps of five minutes", .columns = history, .folded = true}, points.objects);
    }
    site_text(view, "<h2>Since the start</h2>\n");
    if (!site_get(view, "Get-MapiHttpMetric", json_pack("{s:b}", "Buckets", 1), &metrics))
        return;
    json_t *rows = types_of(metrics.objects);
    site_table(view, &(struct site_table){.id = "types", .caption = "By type of request", .columns = types, .empty = "No request was answered yet."}, rows);
    json_decref(rows);
    show_codes(view, metrics.objects);
}
