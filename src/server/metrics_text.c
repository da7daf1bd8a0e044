/* Samples as Prometheus reads them, as JSON, and GET /metrics. */
#include <stdio.h>
#include <string.h>

#include "base/filetime.h"
#include "base/network_range.h"
#include "server/authentication.h"
#include "server/metrics_state.h"

/* --- Prometheus --- */

struct text_writer {
    struct buffer *output;
    const char *name; /* of the sample before */
};

static void append_label_value(struct buffer *output, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n')
            buffer_append_string(output, "\\n");
        else if (*value == '"' || *value == '\\')
            buffer_append_format(output, "\\%c", *value);
        else
            buffer_append_u8(output, (uint8_t)*value);
    }
}

static void append_value(struct buffer *output, double value)
{
    if (value >= 0 && value < 9e15 && value == (double)(uint64_t)value)
        buffer_append_format(output, " %.0f\n", value);
    else
        buffer_append_format(output, " %.15g\n", value);
}

static void write_text(void *argument, const struct metric_sample *sample)
{
    struct text_writer *writer = argument;
    struct buffer *output = writer->output;
    if (!writer->name || strcmp(writer->name, sample->name) != 0)
        buffer_append_format(output, "# HELP %s %s\n# TYPE %s %s\n", sample->name, sample->help, sample->name, sample->kind);
    writer->name = sample->name;
    buffer_append_format(output, "%s%s", sample->name, sample->suffix);
    for (unsigned i = 0; i < METRIC_LABELS_MAX && sample->labels[i].name; i++) {
        buffer_append_format(output, "%s%s=\"", i == 0 ? "{" : ",", sample->labels[i].name);
        append_label_value(output, sample->labels[i].value);
        buffer_append_string(output, "\"");
    }
    if (sample->labels[0].name)
        buffer_append_string(output, "}");
    append_value(output, sample->value);
}

void metrics_append_text(const struct services *services, struct buffer *output)
{
    metrics_visit(services, write_text, &(struct text_writer){.output = output});
}

/* --- JSON --- */

static json_t *number_of(double value)
{
    bool whole = value >= 0 && value < 9e15 && value == (double)(json_int_t)value;
    return whole ? json_integer((json_int_t)value) : json_real(value);
}

static void write_json(void *argument, const struct metric_sample *sample)
{
    json_t *labels = json_object();
    char name[96];
    for (unsigned i = 0; i < METRIC_LABELS_MAX && sample->labels[i].name; i++)
        (void)json_object_set_new(labels, sample->labels[i].name, json_string(sample->labels[i].value));
    snprintf(name, sizeof name, "%s%s", sample->name, sample->suffix);
    (void)json_array_append_new(argument, json_pack("{s:s, s:s, s:s, s:o, s:o}", "Name", name, "Kind", sample->kind, "Help",
                                                    sample->help, "Labels", labels, "Value", number_of(sample->value)));
}

static json_t *history_of(struct metrics *metrics)
{
    json_t *history = json_array();
    char time_text[FILETIME_TEXT_SIZE];
    pthread_mutex_lock(&metrics->lock);
    uint32_t kept = metrics->point_count < METRICS_POINTS_MAX ? metrics->point_count : METRICS_POINTS_MAX;
    for (uint32_t i = 0; i < kept; i++) {
        const struct metrics_point *point = &metrics->points[(metrics->point_count - kept + i) % METRICS_POINTS_MAX];
        uint64_t average_us = point->timed ? point->duration_us / point->timed : 0;
        filetime_format(point->time - point->time % FILETIME_PER_SECOND, time_text);
        (void)json_array_append_new(history, json_pack("{s:s, s:I, s:I, s:f, s:i, s:I}", "Time", time_text, "Requests",
                                                       (json_int_t)point->requests, "Failures", (json_int_t)point->failures, "AvgResp",
                                                       (double)average_us / 1000, "Sessions", (int)point->sessions,
                                                       "LogOnFailures", (json_int_t)point->log_on_failures));
    }
    pthread_mutex_unlock(&metrics->lock);
    return history;
}

json_t *metrics_json(const struct services *services)
{
    struct metrics *metrics = observer_state(services, &metrics_observer);
    json_t *samples = json_array();
    if (!metrics || !samples) {
        json_decref(samples);
        return NULL;
    }
    metrics_visit(services, write_json, samples);
    return json_pack("{s:o, s:o}", "Samples", samples, "History", history_of(metrics));
}

/* --- GET /metrics --- */

static void refuse(struct services *services, struct http_exchange *exchange, const struct identity *identity, unsigned status,
                   const char *why)
{
    observe_answer(services, exchange, OBSERVATION_ADMIN, identity, status, 0, why);
    http_answer_error(exchange, status, why);
}

static void answer(struct services *services, struct http_exchange *exchange, const struct identity *identity)
{
    struct buffer page = {0};
    metrics_append_text(services, &page);
    if (page.failed) {
        buffer_free(&page);
        refuse(services, exchange, identity, 503, "out of memory");
        return;
    }
    observe_answer(services, exchange, OBSERVATION_ADMIN, identity, 200, page.size, "");
    http_answer_header(exchange, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    http_answer_header(exchange, "Cache-Control", "no-store");
    http_answer_take(exchange, &page);
    buffer_free(&page);
}

static void authenticated(struct http_exchange *exchange, struct identity *identity, void *argument)
{
    struct services *services = argument;
    if (identity_user(identity)->administrator)
        answer(services, exchange, identity);
    else
        refuse(services, exchange, identity, 403, "metrics are for administrators and for the addresses of [metrics] allow");
    identity_release(identity);
}

/* By a proxy, whose own address says nothing of who asks. */
static bool is_forwarded(const struct http_request *request)
{
    static const char *const names[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (http_request_header(request, names[i]))
            return true;
    return false;
}

void metrics_handle(struct http_exchange *exchange, void *argument)
{
    struct services *services = argument;
    const struct config *config = atomic_load(&services->config);
    const struct http_request *request = http_exchange_request(exchange);
    if (!config->metrics_enabled) {
        refuse(services, exchange, NULL, 404, "there is nothing here");
    } else if (request->method != HTTP_METHOD_GET && request->method != HTTP_METHOD_HEAD) {
        http_answer_header(exchange, "Allow", "GET, HEAD");
        refuse(services, exchange, NULL, 405, "metrics are read with GET");
    } else if (!is_forwarded(request) && network_ranges_contain(config->metrics_allowed, http_exchange_peer(exchange))) {
        answer(services, exchange, NULL);
    } else {
        authenticate(services, exchange, ENDPOINT_ADMIN, authenticated, services);
    }
}
