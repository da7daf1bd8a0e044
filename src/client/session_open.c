#include "base/filetime.h"
#include "client/error.h"
#include "client/session.h"
#include <mapihttp/autodiscover.h>
#include <mapihttp/folder.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSING_TIMEOUT_MS 5000u

void mapihttp_options_initialize(struct mapihttp_options *options)
{
    *options = (struct mapihttp_options){.resend = true, .keep_alive = true, .connect_timeout_ms = 20000,
                                         .response_timeout_ms = 60000, .attempts_max = 6, .retry_pause_ms = 250,
                                         .mapi_http_disabled = transport_disabled_by_environment()};
}

/* 'https://host:port' of a URL, for Autodiscover beside an explicit endpoint. */
static bool server_of_url(const char *url, char server[512])
{
    CURLU *parsed = curl_url();
    bool good = parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0);
    if (good) {
        char *text = NULL;
        curl_url_set(parsed, CURLUPART_PATH, "", 0);
        curl_url_set(parsed, CURLUPART_QUERY, NULL, 0);
        good = !curl_url_get(parsed, CURLUPART_URL, &text, 0) && strlen(text) < 512;
        if (good)
            snprintf(server, 512, "%s", text);
        curl_free(text);
        size_t length = good ? strlen(server) : 0;
        if (length && server[length - 1] == '/')
            server[length - 1] = 0;
    }
    curl_url_cleanup(parsed);
    return good;
}

/* Endpoint and distinguished name, from the options or by Autodiscover. The strings are the caller's to free. */
static enum mapihttp_status find_mailbox(const struct mapihttp_options *options, char **ret_url, char **ret_dn,
                                         struct mapihttp_error *error)
{
    struct mapihttp_autodiscover *found = NULL;
    struct mapihttp_options asking = *options;
    char server[512];
    const char *url = options->url, *dn = options->user_dn;
    if (url && !server_of_url(url, server))
        return error_set(error, MAPIHTTP_INVALID_ARGUMENT, 0, "'%s' is not a URL", url);
    if (url)
        asking.server = server;
    enum mapihttp_status status = url && dn ? MAPIHTTP_OK : mapihttp_autodiscover(&asking, &found, error);
    if (status && !url)
        return status;
    if (status && (status == MAPIHTTP_AUTHENTICATION || status == MAPIHTTP_TLS))
        return status; /* the endpoint would answer the same */
    const struct mapihttp_endpoints *endpoints = found ? mapihttp_autodiscover_endpoints(found) : NULL;
    if (!url)
        url = endpoints->mailbox_url;
    if (!dn || !*dn)
        dn = endpoints && *endpoints->user_dn ? endpoints->user_dn : options->address;
    *ret_url = strdup(url);
    *ret_dn = strdup(dn);
    mapihttp_autodiscover_free(found);
    return *ret_url && *ret_dn ? MAPIHTTP_OK : session_no_memory(error);
}

static void destroy(struct mapihttp_session *session)
{
    context_clear(&session->context);
    transport_settings_clear(&session->settings);
    rop_columns_free(&session->columns);
    session_forget_events(session);
    for (uint32_t i = 0; i < session->name_count; i++)
        free(session->names[i].text);
    free(session->names);
    free(session->events);
    free(session->address);
    free(session->user_dn);
    free(session->display_name);
    arena_free(&session->arena);
    pthread_cond_destroy(&session->keep_alive_wake);
    pthread_mutex_destroy(&session->lock);
    free(session);
}

static struct mapihttp_session *create(void)
{
    struct mapihttp_session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&session->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&session->keep_alive_wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return session;
}

static enum mapihttp_status no_work(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    return MAPIHTTP_OK;
}

enum mapihttp_status mapihttp_session_open(const struct mapihttp_options *options, struct mapihttp_session **ret_session,
                                           struct mapihttp_error *ret_error)
{
    char *url = NULL, *dn = NULL;
    if (!options->address || !*options->address)
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "an address is needed");
    if (options->mapi_http_disabled)
        return transport_disabled(ret_error);
    uint64_t started_ms = monotonic_ms();
    enum mapihttp_status status = find_mailbox(options, &url, &dn, ret_error);
    struct mapihttp_session *session = status ? NULL : create();
    if (!session) {
        free(url);
        free(dn);
        return status ? status : session_no_memory(ret_error);
    }
    session->user_dn = dn;
    session->address = strdup(options->address);
    session->keep_alive_wanted = options->keep_alive;
    struct context_limits limits = {.attempts_max = options->attempts_max ? options->attempts_max : 1,
                                    .retry_pause_ms = options->retry_pause_ms, .resend = options->resend};
    if (!session->address || !transport_settings_copy(options, &session->settings) ||
        !context_initialize(&session->context, &session->settings, &limits, &session->cancelled, url))
        status = session_no_memory(ret_error);
    free(url);
    if (options->time_limit_ms)
        session->settings.deadline_ms = started_ms + options->time_limit_ms; /* Autodiscover's share is in it */
    if (!status)
        status = session_run(session, no_work, NULL, ret_error);
    if (!status && session->keep_alive_wanted && !session_keep_alive_start(session))
        status = session_no_memory(ret_error);
    if (status) {
        mapihttp_session_close(session);
        return status;
    }
    *ret_session = session;
    return MAPIHTTP_OK;
}

void mapihttp_session_close(struct mapihttp_session *session)
{
    if (!session)
        return;
    session_keep_alive_stop(session);
    session->cancelled = false; /* the farewell may still go out, but not for long */
    session->settings.deadline_ms = 0;
    session->settings.connect_timeout_ms = CLOSING_TIMEOUT_MS;
    session->settings.response_timeout_ms = CLOSING_TIMEOUT_MS;
    session->context.limits.attempts_max = 2;
    if (session->context.url)
        session_disconnect(session);
    destroy(session);
}

void mapihttp_session_cancel(struct mapihttp_session *session)
{
    session->cancelled = true;
    transport_wake(session->context.requests);
    transport_wake(session->context.notifications);
}

void mapihttp_session_drop_connections(struct mapihttp_session *session)
{
    transport_drop_connection(session->context.requests);
    transport_drop_connection(session->context.notifications);
}

static enum mapihttp_status ping(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct buffer answer = {0};
    struct mapihttp_error failure = {0};
    enum context_verdict verdict = context_call(&session->context, "PING", BYTES_NONE, &answer, &failure);
    buffer_free(&answer);
    if (verdict == CONTEXT_DONE)
        return MAPIHTTP_OK;
    *error = failure;
    return failure.status;
}

enum mapihttp_status mapihttp_session_ping(struct mapihttp_session *session, struct mapihttp_error *ret_error)
{
    return session_run(session, ping, NULL, ret_error);
}

uint64_t mapihttp_special_folder(struct mapihttp_session *session, enum mapihttp_special_folder which)
{
    return (unsigned)which < SESSION_FOLDER_COUNT ? session->folder_ids[which] : 0;
}

static void describe_connection(struct mapihttp_session *session, uint32_t index, struct transport *transport,
                                const char *type, bool notifications)
{
    struct transport_figures figures = *transport_figures(transport);
    snprintf(session->connection_hosts[index], sizeof session->connection_hosts[index], "%s", figures.host);
    snprintf(session->connection_addresses[index], sizeof session->connection_addresses[index], "%s", figures.local_address);
    session->connections[index] = (struct mapihttp_connection){
        .cid = index + 1,
        .smtp_address = session->address,
        .display_name = session->display_name ? session->display_name : "",
        .proxy_server = "",
        .server_name = session->connection_hosts[index],
        .status = !session->context.connected ? "Disconnected" : figures.connected ? "Established" : "Connecting",
        .protocol = "HTTP",
        .authentication = figures.authentication,
        .encrypted = figures.encrypted,
        .port = figures.port,
        .type = type,
        .request_count = figures.request_count,
        .failure_count = figures.failure_count,
        .response_ms_average = figures.answer_count ? figures.response_ms_sum / (double)figures.answer_count : 0,
        .processing_ms_average = figures.processing_count ? figures.processing_ms_sum / (double)figures.processing_count : 0,
        .session_type = notifications ? "Background" : "Foreground",
        .interface = session->connection_addresses[index],
        .connection_count = figures.connection_count,
        .notifications = notifications,
        .version = session->server_application,
    };
}

const struct mapihttp_session_state *mapihttp_session_state(struct mapihttp_session *session)
{
    struct context *context = &session->context;
    session_enter(session);
    pthread_mutex_lock(&context->lock);
    snprintf(session->server_application, sizeof session->server_application, "%s", context->server_application);
    describe_connection(session, 0, context->requests, "Exchange Mail", false);
    session->state = (struct mapihttp_session_state){
        .url = context->url,
        .user_dn = session->user_dn,
        .expiration_ms = context->expiration_ms,
        .pending_period_ms = context->pending_period_ms,
        .resend_supported = context->resend_supported,
        .context_count = context->figures.context_count,
        .logon_count = session->logon_count,
        .resend_count = context->figures.resend_count,
        .repeat_count = context->figures.repeat_count,
        .reconnect_count = context->figures.reconnect_count,
        .connection_count = 1,
        .connections = session->connections,
    };
    if (transport_figures(context->notifications)->request_count) {
        describe_connection(session, 1, context->notifications, "Exchange Notification", true);
        session->state.connection_count = 2;
    }
    pthread_mutex_unlock(&context->lock);
    session_leave(session);
    return &session->state;
}
