#include "cli/probe_report.h"
#include "base/filetime.h"
#include "cli/output.h"
#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400

void probe_time(uint64_t time, char text[PROBE_TIME_SIZE])
{
    /* Milliseconds are enough to see which step is slow. */
    char second[FILETIME_TEXT_SIZE];
    *text = 0;
    if (!time)
        return;
    filetime_format(time - time % FILETIME_PER_SECOND, second);
    snprintf(text, PROBE_TIME_SIZE, "%.19s.%03uZ", second, (unsigned)(time % FILETIME_PER_SECOND / (FILETIME_PER_SECOND / 1000)));
}

static const struct probe_step *failed_step(const struct probe_report *report)
{
    return report->failed_step >= 0 ? &report->steps[report->failed_step] : NULL;
}

/* In milliseconds, to the microsecond. */
static json_t *latency(double latency_ms)
{
    return json_real((double)(int64_t)(latency_ms * 1000 + 0.5) / 1000);
}

static json_t *step_row(const struct probe_report *report, const struct probe_step *step)
{
    char from[PROBE_TIME_SIZE], to[PROBE_TIME_SIZE], identity[160];
    bool failed = step->result == PROBE_FAILED;
    probe_time(step->start, from);
    probe_time(step->end, to);
    snprintf(identity, sizeof identity, "%s\\%s", probe_identity(report->kind == PROBE_DEEP_TEST && !step->deep ? PROBE_SELF_TEST : report->kind),
             step->name);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:s}", "MonitorIdentity", identity, "StartTime", from, "EndTime", to, "Result",
                     probe_result_names[step->result], "Error", step->error, "Exception", output_string(failed ? step->detail : ""), "Step",
                     step->name, "Latency", step->result == PROBE_SKIPPED ? json_null() : latency(step->latency_ms), "Detail",
                     output_string(step->detail), "Advice", step->advice);
}

json_t *probe_rows(const struct probe_report *report)
{
    json_t *rows = json_array();
    for (unsigned i = 0; i < report->step_count; i++)
        json_array_append_new(rows, step_row(report, &report->steps[i]));
    return rows;
}

static json_t *steps_in_words(const struct probe_report *report)
{
    json_t *list = json_array();
    char text[800];
    for (unsigned i = 0; i < report->step_count; i++) {
        const struct probe_step *step = &report->steps[i];
        char took[40] = "";
        if (step->result != PROBE_SKIPPED)
            snprintf(took, sizeof took, " in %.1f ms", step->latency_ms);
        snprintf(text, sizeof text, "%s: %s%s%s%s", step->name, probe_result_names[step->result], took, *step->detail ? ": " : "", step->detail);
        json_array_append_new(list, output_string(text));
    }
    return list;
}

json_t *probe_object(const struct probe_report *report, bool in_words)
{
    char from[PROBE_TIME_SIZE], to[PROBE_TIME_SIZE], end[FILETIME_TEXT_SIZE] = "";
    const struct probe_step *failed = failed_step(report);
    probe_time(report->start, from);
    probe_time(report->end, to);
    if (report->certificate_end)
        filetime_format(report->certificate_end, end);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "MonitorIdentity", probe_identity(report->kind), "StartTime", from, "EndTime", to,
                               "Result", probe_result_names[report->result], "Error", failed ? failed->error : "", "Exception",
                               output_string(failed ? failed->detail : ""));
    json_t *more = json_pack("{s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:s, s:o}", "MailboxId", output_string(report->mailbox), "ServerName",
                             report->server, "Endpoint", output_string(report->endpoint), "FailedStep", failed ? json_string(failed->name) : json_null(),
                             "Authentication", report->authentication, "Latency", latency(report->latency_ms), "InboxCount",
                             report->inbox_count >= 0 ? json_integer(report->inbox_count) : json_null(), "CertificateEnd", end, "Steps",
                             in_words ? steps_in_words(report) : probe_rows(report));
    json_object_set_new(more, "Advice", json_string(failed ? failed->advice : ""));
    json_object_update_missing(object, more);
    json_decref(more);
    return object;
}

void probe_sentence(const struct probe_report *report, char *text, size_t size)
{
    const struct probe_step *failed = failed_step(report);
    char who[700], found[64] = "the server answers";
    snprintf(who, sizeof who, "%s%s%s", report->mailbox, *report->mailbox && *report->server ? " at " : "", report->server);
    if (report->inbox_count >= 0)
        snprintf(found, sizeof found, "Inbox of %lld messages", (long long)report->inbox_count);
    else if (*report->authentication)
        snprintf(found, sizeof found, "logged on by %s", report->authentication);
    if (failed)
        snprintf(text, size, "%s: %s failed: %s", who, failed->name, failed->detail);
    else
        snprintf(text, size, "%s: %s, %.1f ms", who, found, report->latency_ms);
}

/* --- Nagios and its kin --- */

/* Days that the certificate has left; a large number where nothing is known. */
static int64_t certificate_days(const struct probe_report *report)
{
    if (!report->certificate_end)
        return INT64_MAX;
    return ((int64_t)filetime_to_unix(report->certificate_end) - (int64_t)filetime_to_unix(report->end)) / SECONDS_PER_DAY;
}

static enum nagios_state judge(const struct probe_report *report, const struct probe_thresholds *thresholds)
{
    if (report->result == PROBE_FAILED)
        return report->untestable ? NAGIOS_UNKNOWN : NAGIOS_CRITICAL;
    if (thresholds->critical_ms && report->latency_ms >= thresholds->critical_ms)
        return NAGIOS_CRITICAL;
    if (thresholds->warning_ms && report->latency_ms >= thresholds->warning_ms)
        return NAGIOS_WARNING;
    return thresholds->certificate_days && certificate_days(report) < (int64_t)thresholds->certificate_days ? NAGIOS_WARNING : NAGIOS_OK;
}

/* What the plug-in's line may not have: the bar that begins its figures, and line ends. */
static void append_harmless(struct buffer *output, const char *text)
{
    for (; *text; text++)
        buffer_append_u8(output, *text == '|' ? '/' : (uint8_t)*text < ' ' ? ' ' : (uint8_t)*text);
}

static void append_figure(struct buffer *output, const char *name, double milliseconds, const char *thresholds)
{
    buffer_append_format(output, " %s=%.6fs;%s", name, milliseconds / 1e3, thresholds);
}

enum nagios_state probe_nagios(const struct probe_report *report, const struct probe_thresholds *thresholds, struct buffer *output)
{
    static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    enum nagios_state state = judge(report, thresholds);
    const struct probe_step *failed = failed_step(report);
    char sentence[1600], warning[32] = "", critical[32] = "", limits[80];
    probe_sentence(report, sentence, sizeof sentence);
    buffer_append_format(output, "MAPIHTTP %s: ", names[state]);
    append_harmless(output, sentence);
    if (!failed && thresholds->certificate_days && certificate_days(report) < (int64_t)thresholds->certificate_days)
        buffer_append_format(output, ", the certificate ends in %lld days", (long long)certificate_days(report));
    if (thresholds->warning_ms)
        snprintf(warning, sizeof warning, "%.6f", thresholds->warning_ms / 1e3);
    if (thresholds->critical_ms)
        snprintf(critical, sizeof critical, "%.6f", thresholds->critical_ms / 1e3);
    snprintf(limits, sizeof limits, "%s;%s;0;", warning, critical);
    buffer_append_string(output, " |");
    append_figure(output, "total", report->latency_ms, limits);
    for (unsigned i = 0; i < report->step_count; i++)
        if (report->steps[i].result == PROBE_SUCCEEDED)
            append_figure(output, report->steps[i].name, report->steps[i].latency_ms, ";;0;");
    if (report->inbox_count >= 0)
        buffer_append_format(output, " inbox=%lld;;;0;", (long long)report->inbox_count);
    if (report->certificate_end)
        buffer_append_format(output, " certificate_days=%lld;%u:;;;", (long long)certificate_days(report), thresholds->certificate_days);
    buffer_append_string(output, "\n");
    if (failed && *failed->advice) {
        append_harmless(output, failed->advice);
        buffer_append_string(output, "\n");
    }
    return state;
}

/* --- Prometheus --- */

static void append_label(struct buffer *output, const char *name, const char *value)
{
    buffer_append_format(output, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buffer_append_u8(output, '\\');
        if (*value == '\n')
            buffer_append_string(output, "\\n");
        else
            buffer_append_u8(output, (uint8_t)*value);
    }
    buffer_append_string(output, "\"");
}

static void append_sample(struct buffer *output, const char *metric, const struct probe_report *report, const char *step, double value)
{
    const char *identity = strrchr(probe_identity(report->kind), '\\');
    buffer_append_format(output, "mapihttp_probe_%s{", metric);
    append_label(output, "probe", identity + 1);
    buffer_append_string(output, ",");
    append_label(output, "server", report->server);
    buffer_append_string(output, ",");
    append_label(output, "mailbox", report->mailbox);
    if (step) {
        buffer_append_string(output, ",");
        append_label(output, "step", step);
    }
    buffer_append_format(output, "} %.15g\n", value);
}

enum metric { METRIC_SUCCESS, METRIC_DURATION, METRIC_LAST_RUN, METRIC_CERTIFICATE, METRIC_INBOX, METRIC_STEP_SUCCESS, METRIC_STEP_DURATION, METRIC_COUNT };
static const struct {
    const char *name, *help;
} metrics[] = {
    [METRIC_SUCCESS] = {"success", "Whether all steps of the probe succeeded."},
    [METRIC_DURATION] = {"duration_seconds", "What all steps took together."},
    [METRIC_LAST_RUN] = {"last_run_timestamp_seconds", "When the probe ended."},
    [METRIC_CERTIFICATE] = {"certificate_not_after_timestamp_seconds", "When the server's certificate ends."},
    [METRIC_INBOX] = {"inbox_messages", "Messages in the Inbox that was listed."},
    [METRIC_STEP_SUCCESS] = {"step_success", "Whether a step succeeded; steps behind a failed one are absent."},
    [METRIC_STEP_DURATION] = {"step_duration_seconds", "What a step took."},
};

static void append_metric(struct buffer *output, enum metric metric, const struct probe_report *report)
{
    const char *name = metrics[metric].name;
    switch (metric) {
    case METRIC_SUCCESS: append_sample(output, name, report, NULL, report->result == PROBE_SUCCEEDED); break;
    case METRIC_DURATION: append_sample(output, name, report, NULL, report->latency_ms / 1e3); break;
    case METRIC_LAST_RUN: append_sample(output, name, report, NULL, (double)filetime_to_unix(report->end)); break;
    case METRIC_CERTIFICATE:
        if (report->certificate_end)
            append_sample(output, name, report, NULL, (double)filetime_to_unix(report->certificate_end));
        break;
    case METRIC_INBOX:
        if (report->inbox_count >= 0)
            append_sample(output, name, report, NULL, (double)report->inbox_count);
        break;
    default:
        for (unsigned i = 0; i < report->step_count; i++)
            if (report->steps[i].result != PROBE_SKIPPED)
                append_sample(output, name, report, report->steps[i].name,
                              metric == METRIC_STEP_SUCCESS ? report->steps[i].result == PROBE_SUCCEEDED : report->steps[i].latency_ms / 1e3);
    }
}

void probe_prometheus(const struct probe_report *reports, size_t count, struct buffer *output)
{
    for (unsigned metric = 0; metric < METRIC_COUNT; metric++) {
        buffer_append_format(output, "# HELP mapihttp_probe_%s %s\n# TYPE mapihttp_probe_%s gauge\n", metrics[metric].name, metrics[metric].help,
                             metrics[metric].name);
        for (size_t i = 0; i < count; i++)
            append_metric(output, (enum metric)metric, &reports[i]);
    }
}
