/* A probe's report for people and for monitoring: rows, one object as Test-OutlookConnectivity gives it, a line for Nagios and its
 * kin, metrics for Prometheus. One thread. */
#pragma once
#include "base/bytes.h"
#include "cli/probe.h"
#include <jansson.h>

enum nagios_state { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN }; /* exit statuses */

struct probe_thresholds {
    double warning_ms, critical_ms; /* of all steps together; 0: none */
    uint32_t certificate_days;      /* fewer left is a warning; 0: none */
};

/* An object for each step: MonitorIdentity (with the step), StartTime, EndTime, Result, Error, Exception as Exchange has them; Step, Latency
 * (ms), Detail and Advice besides. A new reference. */
json_t *probe_rows(const struct probe_report *report);
/* The whole: Exchange's six, and MailboxId, ServerName, Endpoint, Authentication, Latency, InboxCount, CertificateEnd, Steps (as rows, or each in
 * words on a line), Advice. */
json_t *probe_object(const struct probe_report *report, bool in_words);
/* '2026-11-22T09:00:00.123Z' */
#define PROBE_TIME_SIZE 40
void probe_time(uint64_t time, char text[PROBE_TIME_SIZE]);
/* In words, on one line: 'alice@example.org at localhost:8443: Inbox of 3 messages, 41 ms', or what failed. */
void probe_sentence(const struct probe_report *report, char *text, size_t size);
/* The state, and a line 'MAPIHTTP OK: ...|total=...' with further lines behind it, appended to the buffer. */
enum nagios_state probe_nagios(const struct probe_report *report, const struct probe_thresholds *thresholds, struct buffer *output);
/* The exposition format in text, with HELP and TYPE; for several reports at once, so that each metric stands together. */
void probe_prometheus(const struct probe_report *reports, size_t count, struct buffer *output);
