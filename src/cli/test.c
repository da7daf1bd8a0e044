/* mapihttp test: what Test-OutlookConnectivity does, from outside, against any server. */
#include "base/filetime.h"
#include "cli/connection.h"
#include "cli/output.h"
#include "protocol/property_tags.h"
#include <mapihttp/autodiscover.h>
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELF_TEST "OutlookMapiHttp.Protocol\\OutlookMapiHttpSelfTestProbe\\" /* without a logon */
#define DEEP_TEST "OutlookMapiHttp.Protocol\\OutlookMapiHttpDeepTestProbe\\" /* with one */
#define INBOX_ROWS_MAX 10u
#define TIME_TEXT_SIZE 40

struct probe {
    struct connection *connection;
    json_t *rows;
    bool failed;      /* the steps that follow cannot be made */
    uint64_t started; /* FILETIME of the step under way */
    char detail[600]; /* of the step under way */
    /* read off the trace of the session: when Connect was answered, and whether Disconnect was */
    uint64_t connected;
    bool disconnected;
    void (*trace)(void *data, const char *line);
    struct mapihttp_autodiscover *found;
    struct mapihttp_session *session;
};

static void detail(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void detail(struct probe *probe, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(probe->detail, sizeof probe->detail, format, arguments);
    va_end(arguments);
}

static void watch_trace(void *data, const char *line)
{
    struct probe *probe = data;
    bool succeeded = strstr(line, "response code 0 ") != NULL;
    if (succeeded && !strncmp(line, "Connect ", 8))
        probe->connected = filetime_now();
    if (succeeded && !strncmp(line, "Disconnect ", 11))
        probe->disconnected = true;
    if (probe->trace)
        probe->trace(NULL, line);
}

static void time_text(uint64_t time, char text[TIME_TEXT_SIZE])
{
    /* Milliseconds are enough to see which step is slow. */
    char second[FILETIME_TEXT_SIZE];
    filetime_format(time - time % FILETIME_PER_SECOND, second);
    snprintf(text, TIME_TEXT_SIZE, "%.19s.%03uZ", second, (unsigned)(time % FILETIME_PER_SECOND / (FILETIME_PER_SECOND / 1000)));
}

/* One row. 'error' NULL: the step succeeded. */
static void record(struct probe *probe, const char *identity, uint64_t start, uint64_t end, const char *error, const char *exception)
{
    char from[TIME_TEXT_SIZE] = "", to[TIME_TEXT_SIZE] = "";
    time_text(start, from);
    time_text(end, to);
    json_array_append_new(probe->rows, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "MonitorIdentity", identity, "StartTime", from, "EndTime", to,
                                                 "Result", error ? "Failed" : "Succeeded", "Error", output_string(error ? error : ""),
                                                 "Exception", output_string(exception)));
    probe->failed = probe->failed || error;
}

static void skip(struct probe *probe, const char *identity)
{
    json_array_append_new(probe->rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "MonitorIdentity", identity, "StartTime", "", "EndTime", "",
                                                 "Result", "Skipped", "Error", "", "Exception", ""));
}

/* A step as a function: false with the error filled in. */
static bool step(struct probe *probe, const char *identity, bool (*check)(struct probe *probe, struct mapihttp_error *error))
{
    struct mapihttp_error error = {0};
    if (probe->failed) {
        skip(probe, identity);
        return false;
    }
    probe->detail[0] = 0;
    probe->started = filetime_now();
    bool good = check(probe, &error);
    char name[80];
    snprintf(name, sizeof name, "%s %u", mapihttp_status_name(error.status), error.code);
    record(probe, identity, probe->started, filetime_now(), good ? NULL : name, good ? probe->detail : error.text);
    return good;
}

static bool check_autodiscover(struct probe *probe, struct mapihttp_error *error)
{
    if (mapihttp_autodiscover(&probe->connection->options, &probe->found, error))
        return false;
    const struct mapihttp_endpoints *endpoints = mapihttp_autodiscover_endpoints(probe->found);
    detail(probe, "%s says %s", endpoints->source_url, endpoints->mailbox_url);
    return true;
}

static const char *endpoint(const struct probe *probe)
{
    return probe->connection->options.url ? probe->connection->options.url : mapihttp_autodiscover_endpoints(probe->found)->mailbox_url;
}

static const char *certificate_field(struct curl_certinfo *information, const char *name)
{
    size_t length = strlen(name);
    for (struct curl_slist *at = information && information->num_of_certs ? information->certinfo[0] : NULL; at; at = at->next)
        if (!strncasecmp(at->data, name, length) && at->data[length] == ':')
            return at->data + length + 1;
    return "?";
}

static bool check_certificate(struct probe *probe, struct mapihttp_error *error)
{
    const struct mapihttp_options *options = &probe->connection->options;
    char text[CURL_ERROR_SIZE] = "", to[300];
    if (strncasecmp(endpoint(probe), "https://", 8)) {
        detail(probe, "the endpoint has no TLS");
        return true;
    }
    CURL *curl = curl_easy_init();
    snprintf(to, sizeof to, "::%s", options->connect_to ? options->connect_to : "");
    struct curl_slist *connect_to = options->connect_to ? curl_slist_append(NULL, to) : NULL;
    curl_easy_setopt(curl, CURLOPT_URL, endpoint(probe));
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    if (options->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, options->insecure ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, options->insecure ? 0L : 2L);
    CURLcode code = curl_easy_perform(curl);
    struct curl_certinfo *information = NULL;
    curl_easy_getinfo(curl, CURLINFO_CERTINFO, &information);
    if (!code)
        detail(probe, "%s%s, valid until %s", options->insecure ? "not verified: " : "", certificate_field(information, "Subject"),
               certificate_field(information, "Expire date"));
    *error = (struct mapihttp_error){.status = MAPIHTTP_TLS, .code = (uint32_t)code};
    snprintf(error->text, sizeof error->text, "%s", *text ? text : curl_easy_strerror(code));
    curl_slist_free_all(connect_to);
    curl_easy_cleanup(curl);
    return !code;
}

/* Authentication, Connect and logon happen in one call; which of them failed the error says. */
static void open_session(struct probe *probe)
{
    static const char *const identities[] = {SELF_TEST "Authentication", SELF_TEST "Connect", DEEP_TEST "Logon"};
    struct mapihttp_error error = {0};
    if (probe->failed) {
        for (size_t i = 0; i < 3; i++)
            skip(probe, identities[i]);
        return;
    }
    struct mapihttp_options options = probe->connection->options;
    options.trace = watch_trace;
    options.trace_data = probe;
    if (probe->found && !options.url) { /* ask once */
        options.url = mapihttp_autodiscover_endpoints(probe->found)->mailbox_url;
        options.user_dn = mapihttp_autodiscover_endpoints(probe->found)->user_dn;
    }
    uint64_t start = filetime_now();
    enum mapihttp_status status = mapihttp_session_open(&options, &probe->session, &error);
    uint64_t end = filetime_now(), middle = probe->connected ? probe->connected : end;
    char name[80];
    snprintf(name, sizeof name, "%s %u", mapihttp_status_name(error.status), error.code);
    unsigned failing = !status ? 3 : probe->connected ? 2 : status == MAPIHTTP_AUTHENTICATION ? 0 : 1;
    for (unsigned i = 0; i < 3; i++) {
        if (i > failing)
            skip(probe, identities[i]);
        else
            record(probe, identities[i], i == 2 ? middle : start, i == 2 ? end : middle, i == failing ? name : NULL,
                   i == failing ? error.text : i == 0 && probe->session ? mapihttp_session_state(probe->session)->connections[0].authentication : "");
    }
}

static bool check_inbox(struct probe *probe, struct mapihttp_error *error)
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
    detail(probe, "%u messages, %u rows read", mapihttp_table_row_count(table), rows);
    mapihttp_table_close(table);
    return !status;
}

static bool no_event(void *data, const struct mapihttp_event *event)
{
    return true;
}

static bool check_notification_wait(struct probe *probe, struct mapihttp_error *error)
{
    detail(probe, "a wait of half a second on a connection of its own");
    return !mapihttp_watch(probe->session, 0, MAPIHTTP_EVENT_ALL, 500, no_event, NULL, error);
}

static bool check_ping(struct probe *probe, struct mapihttp_error *error)
{
    if (mapihttp_session_ping(probe->session, error))
        return false;
    detail(probe, "the context expires after %u s without a request", mapihttp_session_state(probe->session)->expiration_ms / 1000);
    return true;
}

static bool check_disconnect(struct probe *probe, struct mapihttp_error *error)
{
    mapihttp_session_close(probe->session);
    probe->session = NULL;
    *error = (struct mapihttp_error){.status = MAPIHTTP_TRANSPORT, .text = "no successful answer to Disconnect"};
    return probe->disconnected;
}

static int probe_all(struct connection *connection, bool as_json)
{
    static const struct output_column columns[] = {{"MonitorIdentity", "MonitorIdentity", false}, {"StartTime", "StartTime", false},
                                                   {"EndTime", "EndTime", false}, {"Result", "Result", false},
                                                   {"Error", "Error", false}, {"Exception", "Exception", false}};
    struct probe probe = {.connection = connection, .rows = json_array(), .trace = connection->options.trace};
    if (!connection->options.url)
        step(&probe, SELF_TEST "Autodiscover", check_autodiscover);
    step(&probe, SELF_TEST "Certificate", check_certificate);
    open_session(&probe);
    step(&probe, DEEP_TEST "InboxListing", check_inbox);
    step(&probe, DEEP_TEST "NotificationWait", check_notification_wait);
    step(&probe, DEEP_TEST "Ping", check_ping);
    step(&probe, DEEP_TEST "Disconnect", check_disconnect);
    mapihttp_session_close(probe.session);
    mapihttp_autodiscover_free(probe.found);
    bool good = output_rows(probe.rows, columns, sizeof columns / sizeof *columns, as_json);
    json_decref(probe.rows);
    if (!good)
        return command_failed(connection->command, "cannot write");
    return probe.failed ? COMMAND_FAILED : COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    bool as_json = false;
    connection_initialize(&connection, command);
    if (!connection_words(&connection, argc, argv, &as_json))
        return COMMAND_USAGE;
    connection.options.attempts_max = 2; /* a test says what is wrong now */
    int status = connection_prepare(&connection);
    if (!status)
        status = probe_all(&connection, as_json);
    connection_close(&connection);
    return status;
}

const struct command command_test = {
    .name = "test",
    .summary = "test the way to a mailbox, step by step",
    .usage = "mapihttp test [--json]\n"
             "\n"
             "Goes the way that Outlook goes to a mailbox, with the columns of Test-OutlookConnectivity: Autodiscover, certificate,\n"
             "authentication, Connect, logon, listing the Inbox, NotificationWait, PING, Disconnect. Ends with 0 when all\n"
             "succeeded; after a failure the steps that depend on it are skipped.\n"
             "\n"
             "  --json                  as JSON\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
