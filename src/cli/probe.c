#include "cli/probe.h"
#include "base/filetime.h"
#include "cli/host_inspection.h"
#include "protocol/property_tags.h"
#include <curl/curl.h>
#include <mapihttp/mapihttp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INBOX_ROWS_MAX 10u
#define WAIT_MS 500u
#define FILETIME_PER_MILLISECOND (FILETIME_PER_SECOND / 1000)
#define HEALTH_PATH "/mapi/healthcheck.htm"
#define RPC_PATH "/rpc/rpcproxy.dll"

/* Numbers of libcurl that say where it ended by themselves. */
#define NO_SUCH_NAME 6u
#define NO_CONNECTION 7u

const char *const probe_result_names[] = {[PROBE_SUCCEEDED] = "Succeeded", [PROBE_FAILED] = "Failed", [PROBE_SKIPPED] = "Skipped"};

static const struct {
    const char *identity; /* group and name */
    const char *other;    /* the name of the probe through the client access service; NULL */
    const char *word;
} identities[] = {
    [PROBE_SELF_TEST] = {"OutlookMapiHttp.Protocol\\OutlookMapiHttpSelfTestProbe", NULL, "self"},
    [PROBE_DEEP_TEST] = {"OutlookMapiHttp.Protocol\\OutlookMapiHttpDeepTestProbe", "OutlookMapiHttpCtpProbe", "deep"},
    [PROBE_RPC_SELF_TEST] = {"Outlook.Protocol\\OutlookRpcSelfTestProbe", NULL, "rpc-self"},
    [PROBE_RPC_DEEP_TEST] = {"Outlook.Protocol\\OutlookRpcDeepTestProbe", "OutlookRpcCtpProbe", "rpc-deep"},
};

/* --- names --- */

static bool is_named(const char *text, const char *name)
{
    size_t length = name ? strlen(name) : 0;
    return length && !strncasecmp(text, name, length) && (!text[length] || text[length] == '\\' || text[length] == '/');
}

bool probe_find(const char *identity, enum probe_kind *ret_kind)
{
    static const char *const groups[] = {"OutlookMapiHttp.Protocol", "Outlook.Protocol", "OutlookMapiHttp\\", "Outlook\\"};
    const char *name = identity;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (!strncasecmp(identity, groups[i], strlen(groups[i]))) {
            name = identity + strlen(groups[i]);
            name += *name == '\\' || *name == '/';
            break;
        }
    for (unsigned kind = 0; kind < sizeof identities / sizeof *identities; kind++)
        if (is_named(name, strchr(identities[kind].identity, '\\') + 1) || is_named(name, identities[kind].other) || !strcasecmp(identity, identities[kind].word)) {
            *ret_kind = (enum probe_kind)kind;
            return true;
        }
    return false;
}

const char *probe_identity(enum probe_kind kind)
{
    return identities[kind].identity;
}

bool probe_is_deep(enum probe_kind kind)
{
    return kind == PROBE_DEEP_TEST || kind == PROBE_RPC_DEEP_TEST;
}

/* --- steps --- */

struct probe {
    struct probe_report *report;
    struct mapihttp_options options; /* a copy, with what the way has brought */
    bool with_credentials;
    uint64_t deadline_ms;
    bool failed;                     /* the steps that follow cannot be made */
    struct mapihttp_inquiry *inquiry;
    struct mapihttp_autodiscover *found;
    struct mapihttp_session *session;
    /* What the session's exchanges told: the first Connect and Execute, whether Disconnect was answered. */
    struct mapihttp_timing connect, logon;
    uint64_t connect_end, logon_end;
    int64_t logon_server_ms;
    bool connect_answered, disconnect_answered;
    char request_id[64];
};

static struct probe_step *add_step(struct probe *probe, const char *name, bool deep)
{
    struct probe_step *step = &probe->report->steps[probe->report->step_count++]; /* their number is the code's */
    *step = (struct probe_step){.name = name, .deep = deep, .result = PROBE_SKIPPED};
    return step;
}

static void finish(struct probe_step *step, uint64_t start, double latency_ms)
{
    step->start = start;
    step->end = start + (uint64_t)(latency_ms * FILETIME_PER_MILLISECOND);
    step->latency_ms = latency_ms;
    step->result = PROBE_SUCCEEDED;
}

static void say(struct probe_step *step, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct probe_step *step, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(step->detail, sizeof step->detail, format, arguments);
    va_end(arguments);
}

static void fail(struct probe *probe, struct probe_step *step, const struct mapihttp_error *error)
{
    struct probe_report *report = probe->report;
    step->result = PROBE_FAILED;
    snprintf(step->error, sizeof step->error, "%s %u", mapihttp_status_name(error->status), error->code);
    if (error->text != step->detail)
        say(step, "%s", error->text);
    probe_advise(step->name, error, &probe->options, report->endpoint, step->advice, sizeof step->advice);
    probe->failed = true;
    report->failed_step = (int)(step - report->steps);
}

/* A failure that is none of the library's. */
static void fail_with(struct probe *probe, struct probe_step *step, enum mapihttp_status status, uint32_t code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
static void fail_with(struct probe *probe, struct probe_step *step, enum mapihttp_status status, uint32_t code, const char *format, ...)
{
    struct mapihttp_error error = {.status = status, .code = code};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error.text, sizeof error.text, format, arguments);
    va_end(arguments);
    fail(probe, step, &error);
}

/* What is left of the time limit; at least a little, so that the step itself says that time is over. */
static uint32_t time_left_ms(const struct probe *probe)
{
    uint64_t now = monotonic_ms();
    return now + 1 < probe->deadline_ms ? (uint32_t)(probe->deadline_ms - now) : 1;
}

static double milliseconds_since(uint64_t start_us)
{
    return (double)(monotonic_us() - start_us) / 1e3;
}

/* --- Autodiscover --- */

/* False: it failed in a way that looking at the server itself may explain. */
static bool discover(struct probe *probe)
{
    struct probe_step *step = add_step(probe, "Autodiscover", false);
    struct mapihttp_error error = {0};
    uint64_t start = filetime_now(), start_us = monotonic_us();
    probe->options.time_limit_ms = time_left_ms(probe);
    enum mapihttp_status status = mapihttp_autodiscover(&probe->options, &probe->found, &error);
    finish(step, start, milliseconds_since(start_us));
    if (status) {
        fail(probe, step, &error);
        return !probe->options.server || (status != MAPIHTTP_NETWORK && status != MAPIHTTP_TLS);
    }
    const struct mapihttp_endpoints *endpoints = mapihttp_autodiscover_endpoints(probe->found);
    say(step, "%s says %s", endpoints->source_url, endpoints->mailbox_url);
    probe->options.url = endpoints->mailbox_url;
    probe->options.user_dn = *endpoints->user_dn ? endpoints->user_dn : NULL;
    return true;
}

/* Where the endpoint is: the URL given or found, or the usual place at a server. */
static void choose_endpoint(struct probe *probe)
{
    struct probe_report *report = probe->report;
    const char *server = probe->options.server;
    if (probe->options.url)
        snprintf(report->endpoint, sizeof report->endpoint, "%s", probe->options.url);
    else if (server)
        snprintf(report->endpoint, sizeof report->endpoint, "%s%s/mapi/emsmdb/", strstr(server, "://") ? "" : "https://", server);
    host_of_url(report->endpoint, report->server, sizeof report->server);
}

/* 'https://host:port/path' of another path at the endpoint's server; "" where the endpoint is no URL. */
static void url_beside(const struct probe *probe, const char *path, char *url, size_t size)
{
    const char *endpoint = probe->report->endpoint, *host = strstr(endpoint, "://");
    *url = 0;
    if (host)
        snprintf(url, size, "%.*s%s", (int)(host + 3 - endpoint + strcspn(host + 3, "/?#")), endpoint, path);
}

/* --- connection and health page --- */

static bool is_encrypted(const struct probe *probe)
{
    return !strncasecmp(probe->report->endpoint, "https://", 8);
}

static void describe_certificate(struct probe *probe, struct probe_step *step)
{
    struct host_inspection inspection;
    host_inspect(&probe->options, probe->report->endpoint, &inspection);
    time_t end = *inspection.expires ? curl_getdate(inspection.expires, NULL) : -1;
    if (end > 0)
        probe->report->certificate_end = filetime_of_unix(end);
    if (step->result == PROBE_FAILED)
        say(step, "%s%s%s%s%s%s%s", *inspection.failure ? inspection.failure : "no handshake", *inspection.names ? "; the certificate names " : "",
            inspection.names, *inspection.issuer ? ", issued by " : "", inspection.issuer, *inspection.expires ? ", ends " : "", inspection.expires);
    else
        say(step, "%s%s, until %s", probe->options.insecure ? "not verified: " : "", *inspection.names ? inspection.names : "?",
            *inspection.expires ? inspection.expires : "?");
}

/* Which of the steps a failed exchange ended in: the first that took no time. */
static unsigned failing_part(const struct probe *probe, const struct mapihttp_answer *answer, const struct mapihttp_error *error)
{
    if (error->status == MAPIHTTP_NETWORK && (error->code == NO_SUCH_NAME || !answer->timing.name_ms))
        return 0;
    if (error->status == MAPIHTTP_NETWORK && (error->code == NO_CONNECTION || !answer->timing.tcp_ms))
        return 1;
    return error->status == MAPIHTTP_TLS || (is_encrypted(probe) && !answer->timing.tls_ms) ? 2 : 3;
}

static void describe_part(struct probe *probe, struct probe_step *step, unsigned part, const struct mapihttp_answer *answer)
{
    if (part == 0)
        say(step, "%s", *answer->remote_address ? answer->remote_address : "found");
    else if (part == 1)
        say(step, "%s port %u", answer->remote_address, answer->remote_port);
    else if (part == 2 && !is_encrypted(probe))
        say(step, "the endpoint has no TLS");
}

static void without_markup(const char *html, char *text, size_t size)
{
    size_t length = 0;
    bool inside = false;
    for (; *html && length + 1 < size; html++) {
        bool tag = *html == '<' || *html == '>';
        inside = tag ? *html == '<' : inside;
        if (tag ? !inside && length && text[length - 1] != ' ' : !inside)
            text[length++] = tag ? ' ' : *html;
    }
    text[length] = 0;
}

/* An unhealthy server has no health page, or one that says so; that there has never been one is no failure. */
static void judge_health(struct probe *probe, struct probe_step *step, const struct mapihttp_answer *answer)
{
    char content[200];
    without_markup(answer->content, content, sizeof content);
    if (answer->http_status == 200)
        say(step, "the server says it is well: %s", content);
    else if (answer->http_status == 404 || answer->http_status == 401 || answer->http_status == 403)
        say(step, "an answer, but no health page (HTTP status %u)", answer->http_status);
    else if (answer->http_status >= 300 && answer->http_status < 400)
        fail_with(probe, step, MAPIHTTP_HTTP, answer->http_status, "%s leads elsewhere: HTTP status %u%s%.300s", HEALTH_PATH, answer->http_status,
                  *answer->location ? ", to " : "", answer->location);
    else
        fail_with(probe, step, MAPIHTTP_HTTP, answer->http_status, "%s: HTTP status %u: the server says that it is not well: %s", HEALTH_PATH,
                  answer->http_status, content);
}

/* DNS, TCP, TLS, HTTP: one question to the health page, and what each part of it took. */
static void connect_to_server(struct probe *probe)
{
    static const char *const names[] = {"DNS", "TCP", "TLS", "HTTP"};
    struct mapihttp_answer answer = {0};
    struct mapihttp_error error = {0};
    struct probe_step *steps[4];
    char url[800];
    for (unsigned i = 0; i < 4; i++)
        steps[i] = add_step(probe, names[i], false);
    if (probe->failed)
        return;
    url_beside(probe, HEALTH_PATH, url, sizeof url);
    probe->options.time_limit_ms = time_left_ms(probe);
    uint64_t start = filetime_now();
    enum mapihttp_status status = mapihttp_inquiry_open(&probe->options, &probe->inquiry, &error);
    if (!status)
        status = mapihttp_inquiry_get(probe->inquiry, url, false, &answer, &error);
    double parts[] = {answer.timing.name_ms, answer.timing.tcp_ms, answer.timing.tls_ms, answer.timing.exchange_ms};
    unsigned failing = status ? failing_part(probe, &answer, &error) : 4;
    if (status)
        parts[failing] = answer.timing.total_ms; /* of which the parts before it are taken off */
    for (unsigned i = 0; i < 4 && i <= failing; i++) {
        for (unsigned before = 0; status && i == failing && before < i; before++)
            parts[i] -= parts[before];
        finish(steps[i], start, parts[i] > 0 ? parts[i] : 0);
        start = steps[i]->end;
        describe_part(probe, steps[i], i, &answer);
        if (i == failing)
            fail(probe, steps[i], &error);
    }
    if (!status)
        judge_health(probe, steps[3], &answer);
    if (failing >= 2 && is_encrypted(probe))
        describe_certificate(probe, steps[2]);
}

/* --- the endpoint, and who one is there --- */

static bool ask(struct probe *probe, struct probe_step *step, const char *url, bool with_credentials, struct mapihttp_answer *answer)
{
    struct mapihttp_error error = {0};
    uint64_t start = filetime_now();
    enum mapihttp_status status = mapihttp_inquiry_get(probe->inquiry, url, with_credentials, answer, &error);
    finish(step, start, answer->timing.total_ms);
    if (status)
        fail(probe, step, &error);
    return !status;
}

static void ask_endpoint(struct probe *probe)
{
    struct probe_step *step = add_step(probe, "Endpoint", false);
    struct mapihttp_answer answer = {0};
    if (probe->failed || !ask(probe, step, probe->report->endpoint, false, &answer))
        return;
    if (answer.http_status == 401)
        say(step, "asks for a log-on by %s", *answer.offered ? answer.offered : "a method that is not known here");
    else
        fail_with(probe, step, answer.http_status == 403 ? MAPIHTTP_AUTHENTICATION : MAPIHTTP_HTTP, answer.http_status,
                  "HTTP status %u without credentials, where a MAPI/HTTP endpoint answers 401%s%.200s", answer.http_status,
                  *answer.location ? ", to " : "", answer.location);
}

static void authenticate(struct probe *probe)
{
    struct probe_step *step = add_step(probe, "Authentication", false);
    struct mapihttp_answer answer = {0};
    if (!probe->with_credentials)
        say(step, "not tried: no user and password were given");
    if (probe->failed || !probe->with_credentials || !ask(probe, step, probe->report->endpoint, true, &answer))
        return;
    const char *user = probe->options.user ? probe->options.user : probe->options.address;
    snprintf(probe->report->authentication, sizeof probe->report->authentication, "%s", answer.authentication);
    if (answer.http_status == 401 || answer.http_status == 403)
        fail_with(probe, step, MAPIHTTP_AUTHENTICATION, answer.http_status, "HTTP status %u: the server does not accept %s by %s; it offers %s",
                  answer.http_status, user, answer.authentication, *answer.offered ? answer.offered : "nothing else");
    else if (answer.http_status >= 500)
        fail_with(probe, step, MAPIHTTP_HTTP, answer.http_status, "HTTP status %u after the log-on", answer.http_status);
    else
        say(step, "%s by %s", user, answer.authentication);
}

static void ask_rpc_proxy(struct probe *probe)
{
    struct probe_step *step = add_step(probe, "RpcProxy", false);
    struct mapihttp_answer answer = {0};
    char url[800];
    url_beside(probe, RPC_PATH, url, sizeof url);
    if (probe->failed || !ask(probe, step, url, false, &answer))
        return;
    bool deep = probe->report->kind == PROBE_RPC_DEEP_TEST;
    if (answer.http_status == 401 && !deep)
        say(step, "RPC over HTTP is there and asks for a log-on by %s; more than that this program does not test", answer.offered);
    else if (answer.http_status == 401)
        fail_with(probe, step, MAPIHTTP_DISABLED, 401, "RPC over HTTP is there, but this program does not speak it: no mailbox was opened");
    else
        fail_with(probe, step, MAPIHTTP_HTTP, answer.http_status, "RPC over HTTP is off at this server: HTTP status %u for %s",
                  answer.http_status, RPC_PATH);
    probe->report->untestable = probe->failed && answer.http_status == 401;
}

/* --- the session --- */

static void take_exchange(void *data, const struct mapihttp_exchange *exchange)
{
    struct probe *probe = data;
    bool succeeded = exchange->has_response_code && !exchange->response_code;
    snprintf(probe->request_id, sizeof probe->request_id, "%s", exchange->request_id);
    if (!strcmp(exchange->request_type, "Connect")) {
        probe->connect = exchange->timing;
        probe->connect_end = filetime_now();
        probe->connect_answered = succeeded;
    } else if (!strcmp(exchange->request_type, "Execute") && !probe->logon_end) {
        probe->logon = exchange->timing;
        probe->logon_end = filetime_now();
        probe->logon_server_ms = exchange->server_ms;
    } else if (!strcmp(exchange->request_type, "Disconnect")) {
        probe->disconnect_answered = succeeded;
    }
}

/* Connect and the log-on to the mailbox happen in one call; its exchanges say when each was answered. A Connect that was answered
 * with a failure in its body is told apart by the missing Execute. */
static void open_session(struct probe *probe)
{
    struct probe_step *connect = add_step(probe, "Connect", true), *logon = add_step(probe, "Logon", true);
    struct mapihttp_error error = {0};
    if (probe->failed)
        return;
    struct mapihttp_options options = probe->options;
    options.url = probe->report->endpoint;
    options.exchange = take_exchange;
    options.exchange_data = probe;
    options.keep_alive = false;
    options.attempts_max = 1; /* a test says what is wrong now */
    options.time_limit_ms = time_left_ms(probe);
    uint64_t start = filetime_now(), start_us = monotonic_us();
    enum mapihttp_status status = mapihttp_session_open(&options, &probe->session, &error);
    double elapsed_ms = milliseconds_since(start_us);
    bool connected = probe->connect_answered && probe->logon_end;
    finish(connect, start, connected ? probe->connect.total_ms : elapsed_ms);
    if (!connected) {
        fail(probe, connect, &error);
        return;
    }
    say(connect, "a session context, on a connection of its own (%.1f ms of it)",
        probe->connect.name_ms + probe->connect.tcp_ms + probe->connect.tls_ms + probe->connect.challenge_ms);
    finish(logon, connect->end, probe->logon.total_ms);
    if (status)
        fail(probe, logon, &error);
    else if (probe->logon_server_ms >= 0)
        say(logon, "the mailbox is open; the server took %lld ms of it", (long long)probe->logon_server_ms);
    else
        say(logon, "the mailbox is open");
}

static bool list_inbox(struct probe *probe, struct probe_step *step, struct mapihttp_error *error)
{
    static const uint32_t columns[] = {PID_TAG_SUBJECT, PID_TAG_MESSAGE_DELIVERY_TIME};
    struct mapihttp_query query = {.columns = columns, .column_count = 2};
    struct mapihttp_table *table;
    const struct mapihttp_row *row = NULL;
    unsigned rows = 0;
    if (mapihttp_table_open(probe->session, mapihttp_special_folder(probe->session, MAPIHTTP_FOLDER_INBOX), &query, &table, error))
        return false;
    enum mapihttp_status status = MAPIHTTP_OK;
    while (rows < INBOX_ROWS_MAX && !(status = mapihttp_table_next(table, &row, error)) && row)
        rows++;
    if (!status)
        probe->report->inbox_count = mapihttp_table_row_count(table);
    say(step, "%u messages, %u rows read", mapihttp_table_row_count(table), rows);
    mapihttp_table_close(table);
    return !status;
}

static bool no_event(void *data, const struct mapihttp_event *event)
{
    return true;
}

static bool wait_for_events(struct probe *probe, struct probe_step *step, struct mapihttp_error *error)
{
    say(step, "a wait of half a second on a connection of its own");
    return !mapihttp_watch(probe->session, 0, MAPIHTTP_EVENT_ALL, WAIT_MS, no_event, NULL, error);
}

static bool ping(struct probe *probe, struct probe_step *step, struct mapihttp_error *error)
{
    if (mapihttp_session_ping(probe->session, error))
        return false;
    say(step, "the context expires after %u s without a request", mapihttp_session_state(probe->session)->expiration_ms / 1000);
    return true;
}

static bool disconnect(struct probe *probe, struct probe_step *step, struct mapihttp_error *error)
{
    mapihttp_session_close(probe->session);
    probe->session = NULL;
    *error = (struct mapihttp_error){.status = MAPIHTTP_TRANSPORT, .text = "no successful answer to Disconnect"};
    return probe->disconnect_answered;
}

/* 'wait_ms': for which the step waits by intention, which is no latency. */
static void use_session(struct probe *probe, const char *name, uint32_t wait_ms,
                        bool (*use)(struct probe *probe, struct probe_step *step, struct mapihttp_error *error))
{
    struct probe_step *step = add_step(probe, name, true);
    struct mapihttp_error error = {0};
    if (probe->failed)
        return;
    uint64_t start = filetime_now(), start_us = monotonic_us();
    bool good = use(probe, step, &error);
    double elapsed_ms = milliseconds_since(start_us);
    finish(step, start, elapsed_ms);
    step->latency_ms = elapsed_ms > wait_ms ? elapsed_ms - wait_ms : 0;
    if (!good)
        fail(probe, step, &error);
}

/* --- a whole run --- */

static void refuse_disabled(struct probe *probe)
{
    struct probe_step *step = add_step(probe, "Client", false);
    finish(step, filetime_now(), 0);
    fail_with(probe, step, MAPIHTTP_DISABLED, 0, "MAPI over HTTP is switched off in this client (MapiHttpDisabled)");
    probe->report->untestable = true;
}

static void run_mailbox_steps(struct probe *probe)
{
    ask_endpoint(probe);
    authenticate(probe);
    mapihttp_inquiry_close(probe->inquiry);
    probe->inquiry = NULL;
    if (probe->report->kind != PROBE_DEEP_TEST)
        return;
    open_session(probe);
    use_session(probe, "InboxListing", 0, list_inbox);
    use_session(probe, "NotificationWait", WAIT_MS, wait_for_events);
    use_session(probe, "Ping", 0, ping);
    use_session(probe, "Disconnect", 0, disconnect);
}

void probe_run(enum probe_kind kind, const struct mapihttp_options *options, bool with_credentials, uint32_t time_limit_ms,
               struct probe_report *ret_report)
{
    struct probe probe = {.report = ret_report, .options = *options, .with_credentials = with_credentials,
                          .deadline_ms = monotonic_ms() + time_limit_ms};
    bool rpc = kind == PROBE_RPC_SELF_TEST || kind == PROBE_RPC_DEEP_TEST, explain = false;
    *ret_report = (struct probe_report){.kind = kind, .failed_step = -1, .inbox_count = -1, .start = filetime_now()};
    snprintf(ret_report->mailbox, sizeof ret_report->mailbox, "%s", options->address ? options->address : "");
    /* A time limit is one for silence too, which would otherwise be told first where it is the longer one. */
    if (probe.options.connect_timeout_ms > time_limit_ms)
        probe.options.connect_timeout_ms = time_limit_ms;
    if (options->mapi_http_disabled && !rpc)
        refuse_disabled(&probe);
    if (with_credentials && !options->url && !rpc && !probe.failed)
        explain = !discover(&probe);
    choose_endpoint(&probe);
    if (!*ret_report->server && !probe.failed) {
        struct probe_step *step = add_step(&probe, "Endpoint", false);
        finish(step, ret_report->start, 0);
        fail_with(&probe, step, MAPIHTTP_INVALID_ARGUMENT, 0, "'%s' is not a URL", ret_report->endpoint);
    }
    probe.failed = probe.failed && !explain;
    connect_to_server(&probe);
    probe.failed = probe.failed || explain;
    if (rpc)
        ask_rpc_proxy(&probe);
    else
        run_mailbox_steps(&probe);
    mapihttp_inquiry_close(probe.inquiry);
    mapihttp_session_close(probe.session);
    mapihttp_autodiscover_free(probe.found);
    ret_report->end = filetime_now();
    for (unsigned i = 0; i < ret_report->step_count; i++)
        ret_report->latency_ms += ret_report->steps[i].latency_ms;
    ret_report->result = probe.failed ? PROBE_FAILED : PROBE_SUCCEEDED;
}
