/* Probes: the way to a mailbox gone step by step, from this machine, against any MAPI/HTTP server; what Exchange's health manager does
 * with the probes of the same names. 'mapihttp test', 'mapihttp probe', Test-OutlookConnectivity and Test-MapiConnectivity are made
 * of it. docs/probes.md. One thread; blocks. */
#pragma once
#include <mapihttp/session.h>
#include <stdbool.h>
#include <stdint.h>

enum probe_kind { PROBE_SELF_TEST, PROBE_DEEP_TEST, PROBE_RPC_SELF_TEST, PROBE_RPC_DEEP_TEST };

enum probe_result { PROBE_SUCCEEDED, PROBE_FAILED, PROBE_SKIPPED };
extern const char *const probe_result_names[];

#define PROBE_STEPS_MAX 16u
#define PROBE_TIME_LIMIT_MS 30000u      /* of Test-OutlookConnectivity */
#define PROBE_CERTIFICATE_WARNING_DAYS 30

struct probe_step {
    const char *name;       /* 'DNS', 'TCP', ... */
    bool deep;              /* only a mailbox's log-on has it */
    enum probe_result result;
    uint64_t start, end;    /* FILETIME; 0 where it was skipped */
    double latency_ms;
    char error[96];         /* a word and a number for programs: 'NETWORK 7'; "" */
    char detail[600];       /* what was found, or what went wrong */
    char advice[500];       /* what to do about a failure; "" */
};

struct probe_report {
    enum probe_kind kind;
    enum probe_result result;
    bool untestable;        /* the failure says nothing about the server: this program cannot test it */
    uint64_t start, end;
    double latency_ms;      /* of all steps together */
    struct probe_step steps[PROBE_STEPS_MAX];
    unsigned step_count;
    int failed_step;        /* index, -1 */
    char mailbox[320];      /* address; "" without */
    char server[300];       /* host:port */
    char endpoint[700];     /* URL; "" where it was not found */
    char authentication[16];
    uint64_t certificate_end; /* FILETIME; 0 where there is none or it was not seen */
    int64_t inbox_count;      /* -1 where it was not read */
};

/* 'OutlookMapiHttp.Protocol\OutlookMapiHttpSelfTestProbe', 'OutlookMapiHttpSelfTestProbe', with a target behind it
 * ('...Probe\Mailbox Database 1'), or 'self', 'deep', 'rpc-self', 'rpc-deep'; any case. A shell that ate the backslash is forgiven. */
bool probe_find(const char *identity, enum probe_kind *ret_kind);
/* Exchange's full name. */
const char *probe_identity(enum probe_kind kind);
bool probe_is_deep(enum probe_kind kind);

/* Runs one. Without a password, token or ticket ('with_credentials' false) a self test stops before the log-on; a deep test needs them.
 * The server is options->url, or where Autodiscover leads (with credentials), or options->server. Ends within time_limit_ms. */
void probe_run(enum probe_kind kind, const struct mapihttp_options *options, bool with_credentials, uint32_t time_limit_ms,
               struct probe_report *ret_report);

/* What to do about a failed step, from its error (probe_advice.c). */
void probe_advise(const char *step, const struct mapihttp_error *error, const struct mapihttp_options *options, const char *endpoint,
                  char *ret_text, size_t size);
