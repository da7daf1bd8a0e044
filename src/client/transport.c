#include "client/transport.h"
#include "base/filetime.h"
#include "base/text.h"
#include "client/authentication_choice.h"
#include "client/resend.h"
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct transport {
    const struct transport_settings *settings;
    const atomic_bool *cancelled;
    CURLM *multi;
    CURL *easy;
    long authentication;          /* CURLAUTH_...; CURLAUTH_NONE: not settled yet */
    atomic_bool drop;             /* asked for by another thread */
    bool fresh;                   /* the next exchange makes a new connection */
    struct transport_figures figures;
    /* of the request under way */
    const struct transport_request *request;
    struct transport_response *response;
    size_t body_taken;
    bool may_rewind;              /* the server asked for authentication, so the body has to be sent again */
    long offered;                 /* CURLAUTH_... that a 401 named */
    uint64_t active_ms;
    struct timespec started;
    char failure[CURL_ERROR_SIZE];
};

static void initialize_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct transport *transport_new(const struct transport_settings *settings, const atomic_bool *cancelled)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, initialize_curl);
    struct transport *transport = calloc(1, sizeof *transport);
    if (!transport)
        return NULL;
    transport->settings = settings;
    transport->cancelled = cancelled;
    transport->multi = curl_multi_init();
    transport->easy = curl_easy_init();
    transport->figures.authentication = "Anonymous";
    if (!transport->multi || !transport->easy) {
        transport_free(transport);
        return NULL;
    }
    curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, 1L); /* a fresh one closes the old one */
    return transport;
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    curl_easy_cleanup(transport->easy);
    curl_multi_cleanup(transport->multi);
    free(transport);
}

void transport_response_clear(struct transport_response *response)
{
    response_stream_clear(&response->stream);
    buffer_free(&response->content);
    for (uint32_t i = 0; i < response->set_cookie_count; i++)
        free(response->set_cookies[i]);
    *response = (struct transport_response){0};
}

void transport_drop_connection(struct transport *transport)
{
    atomic_store(&transport->drop, true);
    transport_wake(transport);
}

void transport_wake(struct transport *transport)
{
    curl_multi_wakeup(transport->multi);
}

const struct transport_figures *transport_figures(const struct transport *transport)
{
    return &transport->figures;
}

void transport_count_processing(struct transport *transport, uint64_t elapsed_ms)
{
    transport->figures.processing_ms_sum += (double)elapsed_ms;
    transport->figures.processing_count++;
}

/* --- what libcurl calls while it works --- */

static size_t give_body(char *buffer, size_t size, size_t count, void *data)
{
    struct transport *transport = data;
    size_t room = size * count, left = transport->request->body.size - transport->body_taken;
    if (left > room)
        left = room;
    if (left)
        memcpy(buffer, transport->request->body.data + transport->body_taken, left);
    transport->body_taken += left;
    transport->active_ms = monotonic_ms();
    return left;
}

/* libcurl asks to start the body again when the server wants (further) authentication, but also when a kept connection
 * turned out to be dead and it would quietly repeat the request: that decision is not libcurl's, since the server may
 * have carried the first one out. */
static int rewind_body(void *data, curl_off_t offset, int origin)
{
    struct transport *transport = data;
    if (origin != SEEK_SET || offset || (!transport->may_rewind && transport->body_taken))
        return CURL_SEEKFUNC_FAIL;
    transport->body_taken = 0;
    return CURL_SEEKFUNC_OK;
}

static void take_challenge(struct transport *transport, const char *value)
{
    static const struct {
        const char *name;
        long authentication;
    } schemes[] = {{"Basic", CURLAUTH_BASIC}, {"NTLM", CURLAUTH_NTLM}, {"Negotiate", CURLAUTH_NEGOTIATE}, {"Bearer", CURLAUTH_BEARER}};
    char *offered = transport->response->offered;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (text_has_prefix_ignoring_case(value, schemes[i].name)) {
            transport->offered |= schemes[i].authentication;
            if (!strstr(offered, schemes[i].name)) /* all four fit */
                strcat(strcat(offered, *offered ? " " : ""), schemes[i].name);
        }
}

static void take_status_line(struct transport *transport, const char *line)
{
    struct transport_response *response = transport->response;
    const char *blank = strchr(line, ' ');
    long status = blank ? strtol(blank, NULL, 10) : 0;
    transport_response_clear(response); /* whatever an earlier answer (100, 401) left */
    response->http_status = status;
    if (status == 401 || status == 407) {
        transport->may_rewind = true;
        transport->offered = 0;
    }
}

static void take_number(const char *value, uint32_t *ret_number)
{
    uint64_t number;
    if (response_stream_parse_number(value, UINT32_MAX, &number))
        *ret_number = (uint32_t)number;
}

static void take_header(struct transport *transport, const char *name, const char *value)
{
    struct transport_response *response = transport->response;
    uint64_t number;
    if (text_equal_ignoring_case(name, "Set-Cookie")) {
        if (response->set_cookie_count < TRANSPORT_SET_COOKIE_COUNT_MAX) {
            response->set_cookies[response->set_cookie_count] = strdup(value);
            response->set_cookie_count += response->set_cookies[response->set_cookie_count] != NULL;
        }
    } else if (text_equal_ignoring_case(name, "X-ResponseCode")) {
        if (response_stream_parse_number(value, UINT32_MAX, &number)) {
            response->has_response_code = true;
            response->response_code = (uint32_t)number;
        }
    } else if (text_equal_ignoring_case(name, "X-PendingPeriod")) {
        take_number(value, &response->pending_period_ms);
    } else if (text_equal_ignoring_case(name, "X-ExpirationInfo")) {
        take_number(value, &response->expiration_ms);
    } else if (text_equal_ignoring_case(name, "Content-Type")) {
        response->mapi_content = text_has_prefix_ignoring_case(value, "application/mapi-http");
    } else if (text_equal_ignoring_case(name, "X-ServerApplication")) {
        snprintf(response->server_application, sizeof response->server_application, "%s", value);
    } else if (text_equal_ignoring_case(name, "X-RequestId")) {
        snprintf(response->request_id, sizeof response->request_id, "%s", value);
    } else if (text_equal_ignoring_case(name, "Location")) {
        if (strlen(value) < sizeof response->location) /* a longer one would be another address */
            snprintf(response->location, sizeof response->location, "%s", value);
    } else if (text_equal_ignoring_case(name, "ETag")) {
        if (strlen(value) < sizeof response->entity_tag)
            snprintf(response->entity_tag, sizeof response->entity_tag, "%s", value);
    } else if (text_equal_ignoring_case(name, "Content-Range")) {
        if (text_has_prefix_ignoring_case(value, "bytes "))
            response->range_start = strtoull(value + 6, NULL, 10);
    } else if (text_equal_ignoring_case(name, "WWW-Authenticate")) {
        take_challenge(transport, value);
    } else if (text_equal_ignoring_case(name, RESEND_SUPPORTED_HEADER)) {
        response->resend_supported = text_equal_ignoring_case(value, RESEND_SUPPORTED_VALUE);
    }
}

static size_t take_header_line(char *line, size_t size, size_t count, void *data)
{
    struct transport *transport = data;
    size_t length = size * count;
    char text[8192];
    transport->active_ms = monotonic_ms();
    if (length >= sizeof text)
        return length; /* nothing that we read is that long */
    memcpy(text, line, length);
    text[length] = 0;
    text[strcspn(text, "\r\n")] = 0;
    if (!strncmp(text, "HTTP/", 5)) {
        take_status_line(transport, text);
    } else if (!*text) {
        transport->response->header_complete = true;
    } else if (strchr(text, ':') && !transport->response->header_complete) { /* not a trailer */
        char *value = strchr(text, ':');
        *value++ = 0;
        value += strspn(value, " \t");
        take_header(transport, text, value);
    }
    return length;
}

/* A 200 is the whole, from its beginning. */
static bool write_content(struct transport *transport, const char *content, size_t size)
{
    struct transport_response *response = transport->response;
    if (response->content_position == 0 && response->http_status == 206)
        response->content_position = response->range_start;
    if (size > transport->request->content_size_max || response->content_position > transport->request->content_size_max - size)
        return false;
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite(transport->request->content_fd, content + done, size - done, (off_t)response->content_position);
        if (written < 0 && errno != EINTR)
            return false;
        done += written > 0 ? (size_t)written : 0;
        response->content_position += written > 0 ? (uint64_t)written : 0;
    }
    return true;
}

static size_t take_body(char *content, size_t size, size_t count, void *data)
{
    struct transport *transport = data;
    struct transport_response *response = transport->response;
    size_t length = size * count;
    transport->active_ms = monotonic_ms();
    if (transport->request->response_stream && response->http_status == 200 && response->mapi_content)
        return response_stream_feed(&response->stream, content, length) ? length : 0;
    if (transport->request->to_file && (response->http_status == 200 || response->http_status == 206))
        return write_content(transport, content, length) ? length : 0;
    size_t room = transport->request->response_stream ? TRANSPORT_DIAGNOSTICS_SIZE_MAX : RESPONSE_STREAM_BODY_SIZE_MAX;
    room -= response->content.size < room ? response->content.size : room;
    bool good = buffer_append(&response->content, content, length < room ? length : room);
    return good ? length : 0;
}

/* --- one exchange --- */

static bool secure_enough(const struct transport *transport, const char *host)
{
    return !strncasecmp(transport->request->url, "https://", 8) || transport_host_is_local(host);
}

static void prepare_credentials(struct transport *transport, long authentication)
{
    const struct transport_settings *settings = transport->settings;
    if (authentication == CURLAUTH_NONE)
        return;
    curl_easy_setopt(transport->easy, CURLOPT_HTTPAUTH, authentication);
    if (authentication == CURLAUTH_BEARER) {
        curl_easy_setopt(transport->easy, CURLOPT_XOAUTH2_BEARER, settings->bearer_token ? settings->bearer_token : "");
    } else {
        curl_easy_setopt(transport->easy, CURLOPT_USERNAME, settings->password ? settings->user : "");
        curl_easy_setopt(transport->easy, CURLOPT_PASSWORD, settings->password ? settings->password : "");
    }
}

static void prepare_security(struct transport *transport, const char *host)
{
    const struct transport_settings *settings = transport->settings;
    CURL *easy = transport->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (settings->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
    if (settings->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (settings->connect_to || settings->resolve || transport_host_is_local(host))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

static void prepare(struct transport *transport, const char *host, long authentication, struct curl_slist *headers,
                    struct curl_slist *connect_to)
{
    CURL *easy = transport->easy;
    const struct transport_request *request = transport->request;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transport->failure);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, transport->fresh ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)transport->settings->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transport);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transport);
    if (!strcmp(request->method, "POST")) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(easy, CURLOPT_READDATA, transport);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, transport);
    }
    prepare_security(transport, host);
    prepare_credentials(transport, authentication);
}

/* Milliseconds without a byte after which the connection counts as lost (MS-OXCMAPIHTTP R1176, R1179). */
static uint64_t silence_max_ms(const struct transport *transport)
{
    uint64_t silence = transport->request->silence_max_ms ? transport->request->silence_max_ms
                                                          : transport->settings->response_timeout_ms;
    uint64_t pending = 3ull * transport->response->pending_period_ms;
    return pending > silence ? pending : silence;
}

static bool is_cancelled(const struct transport *transport)
{
    uint64_t deadline = transport->request->deadline_ms;
    return (transport->cancelled && *transport->cancelled) || (deadline && monotonic_ms() >= deadline) ||
           transport_out_of_time(transport->settings);
}

/* Milliseconds for which libcurl may wait before somebody looks at the clock again. */
static uint64_t pause_ms(const struct transport *transport, uint64_t now, uint64_t silence_left)
{
    uint64_t deadlines[] = {transport->request->deadline_ms, transport->settings->deadline_ms};
    uint64_t pause = silence_left < 1000 ? silence_left + 1 : 1000;
    for (size_t i = 0; i < 2; i++)
        if (deadlines[i] && deadlines[i] - now < pause)
            pause = deadlines[i] - now + 1;
    return pause;
}

/* Drives libcurl until the transfer is over; returns its code, or CURLE_ABORTED_BY_CALLBACK for our own reasons. */
static CURLcode drive(struct transport *transport)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    transport->active_ms = monotonic_ms();
    for (int running = 1; running;) {
        if (curl_multi_perform(transport->multi, &running))
            return CURLE_OUT_OF_MEMORY;
        if (!running)
            break;
        if (is_cancelled(transport))
            return CURLE_ABORTED_BY_CALLBACK;
        if (atomic_exchange(&transport->drop, false)) {
            transport->fresh = true;
            snprintf(transport->failure, sizeof transport->failure, "the connection was dropped");
            return CURLE_RECV_ERROR;
        }
        uint64_t now = monotonic_ms(), silent = now - transport->active_ms, limit = silence_max_ms(transport);
        if (silent >= limit) {
            snprintf(transport->failure, sizeof transport->failure, "no sign of life for %llu s",
                     (unsigned long long)limit / 1000);
            return CURLE_OPERATION_TIMEDOUT;
        }
        curl_multi_poll(transport->multi, NULL, 0, (int)pause_ms(transport, now, limit - silent), NULL);
    }
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(transport->multi, &left));)
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    return code;
}

static enum mapihttp_status status_of(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CONNECT_ERROR: return MAPIHTTP_TLS;
    case CURLE_OUT_OF_MEMORY: return MAPIHTTP_NO_MEMORY;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return MAPIHTTP_INVALID_ARGUMENT;
    case CURLE_LOGIN_DENIED: return MAPIHTTP_AUTHENTICATION;
    case CURLE_WRITE_ERROR: return MAPIHTTP_PROTOCOL;
    default: return MAPIHTTP_NETWORK;
    }
}

static enum transport_outcome outcome_of(struct transport *transport, CURLcode code)
{
    struct transport_response *response = transport->response;
    curl_off_t uploaded = 0;
    long request_size = 0;
    curl_easy_getinfo(transport->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    curl_easy_getinfo(transport->easy, CURLINFO_REQUEST_SIZE, &request_size);
    bool stream_expected = transport->request->response_stream && response->http_status == 200 && response->mapi_content;
    if (!code && response->header_complete && (!stream_expected || response_stream_complete(&response->stream)))
        return TRANSPORT_ANSWERED;
    response->failure_code = (int)code;
    response->failure_status = code ? status_of(code) : MAPIHTTP_NETWORK;
    const char *what = transport->failure[0] ? transport->failure : curl_easy_strerror(code);
    if (!code)
        what = "the answer ended before it was complete";
    if (response->stream.failure)
        what = response->stream.failure;
    snprintf(response->failure, sizeof response->failure, "%s", what);
    if (is_cancelled(transport))
        return TRANSPORT_CANCELLED;
    bool certain = response->failure_status != MAPIHTTP_NETWORK && code != CURLE_SSL_CONNECT_ERROR;
    if (certain)
        return TRANSPORT_REFUSED;
    if (code == CURLE_SEND_FAIL_REWIND) /* libcurl wanted to repeat it by itself: see rewind_body() */
        return TRANSPORT_ANSWER_LOST;
    if (!request_size || (size_t)uploaded < transport->request->body.size)
        return TRANSPORT_NOT_SENT;
    return TRANSPORT_ANSWER_LOST;
}

static double time_of(struct transport *transport, CURLINFO which)
{
    curl_off_t microseconds = 0;
    curl_easy_getinfo(transport->easy, which, &microseconds);
    return (double)microseconds / 1e3;
}

/* libcurl counts each moment from the beginning; what is told is what each part took. */
static void take_timing(struct transport *transport, bool connected_anew, double elapsed_ms)
{
    struct transport_response *response = transport->response;
    struct mapihttp_timing timing = {.connected_anew = connected_anew, .total_ms = elapsed_ms, .exchange_ms = elapsed_ms};
    long port = 0;
    char *address = NULL;
    double name = time_of(transport, CURLINFO_NAMELOOKUP_TIME_T), tcp = time_of(transport, CURLINFO_CONNECT_TIME_T),
           tls = time_of(transport, CURLINFO_APPCONNECT_TIME_T);
    if (connected_anew || !response->header_complete) {
        timing.name_ms = name;
        timing.tcp_ms = tcp > name ? tcp - name : 0;
        timing.tls_ms = tls > tcp ? tls - tcp : 0;
        double made = timing.name_ms + timing.tcp_ms + timing.tls_ms;
        timing.exchange_ms = elapsed_ms > made ? elapsed_ms - made : 0;
    }
    response->timing = timing;
    curl_easy_getinfo(transport->easy, CURLINFO_PRIMARY_IP, &address);
    curl_easy_getinfo(transport->easy, CURLINFO_PRIMARY_PORT, &port);
    snprintf(response->remote_address, sizeof response->remote_address, "%s", address ? address : "");
    response->remote_port = (uint16_t)port;
}

static void count_exchange(struct transport *transport, enum transport_outcome outcome, long authentication)
{
    struct transport_figures *figures = &transport->figures;
    long connections = 0, port = 0;
    char *address = NULL;
    curl_easy_getinfo(transport->easy, CURLINFO_NUM_CONNECTS, &connections);
    curl_easy_getinfo(transport->easy, CURLINFO_PRIMARY_PORT, &port);
    curl_easy_getinfo(transport->easy, CURLINFO_LOCAL_IP, &address);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double elapsed_ms = (double)(now.tv_sec - transport->started.tv_sec) * 1e3 + (double)(now.tv_nsec - transport->started.tv_nsec) / 1e6;
    transport->response->elapsed_ms = elapsed_ms;
    take_timing(transport, connections > 0, elapsed_ms);
    figures->connection_count += (uint32_t)connections;
    if (connections)
        transport->fresh = false;
    /* A wait that its caller ended was well until then. */
    figures->connected = outcome == TRANSPORT_ANSWERED || (outcome == TRANSPORT_CANCELLED && transport->response->header_complete);
    figures->encrypted = !strncasecmp(transport->request->url, "https://", 8);
    figures->request_count++;
    figures->failure_count += outcome != TRANSPORT_ANSWERED && outcome != TRANSPORT_CANCELLED;
    if (transport->response->header_complete) {
        figures->port = (uint16_t)port;
        figures->authentication = authentication_choice_name(authentication);
    }
    if (outcome != TRANSPORT_ANSWERED)
        return;
    figures->answer_count++;
    figures->response_ms_sum += elapsed_ms;
    if (address)
        snprintf(figures->local_address, sizeof figures->local_address, "%s", address);
}

static enum transport_outcome exchange(struct transport *transport, const char *host, long authentication)
{
    struct curl_slist *headers = NULL, *connect_to = NULL;
    bool good = true;
    for (const char *const *line = transport->request->headers; line && *line && good; line++) {
        struct curl_slist *longer = curl_slist_append(headers, *line);
        good = longer != NULL;
        headers = good ? longer : headers;
    }
    const char *target = transport_resolve(transport->settings, host);
    if (good && (transport->settings->connect_to || target)) {
        char entry[1024];
        snprintf(entry, sizeof entry, "::%s", target ? target : transport->settings->connect_to);
        connect_to = curl_slist_append(NULL, entry);
        good = connect_to != NULL;
    }
    transport->body_taken = 0;
    transport->may_rewind = false;
    transport->failure[0] = 0;
    clock_gettime(CLOCK_MONOTONIC, &transport->started);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (good) {
        prepare(transport, host, authentication, headers, connect_to);
        if (!curl_multi_add_handle(transport->multi, transport->easy)) {
            code = drive(transport);
            curl_multi_remove_handle(transport->multi, transport->easy);
        }
    }
    enum transport_outcome outcome = outcome_of(transport, code);
    count_exchange(transport, outcome, authentication);
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
    return outcome;
}

static enum transport_outcome refuse(struct transport *transport, enum mapihttp_status status, const char *what)
{
    transport->response->failure_status = status;
    snprintf(transport->response->failure, sizeof transport->response->failure, "%s", what);
    return TRANSPORT_REFUSED;
}

/* The round that only learned what the server offers made the connection that the second one used. */
static void add_first_round(struct mapihttp_timing *timing, const struct mapihttp_timing *first)
{
    timing->connected_anew |= first->connected_anew;
    timing->name_ms += first->name_ms;
    timing->tcp_ms += first->tcp_ms;
    timing->tls_ms += first->tls_ms;
    timing->challenge_ms = first->exchange_ms;
    timing->total_ms += first->total_ms;
}

enum transport_outcome client_transport_send(struct transport *transport, const struct transport_request *request,
                                      struct transport_response *ret_response)
{
    char *host = transport->figures.host, previous[256];
    snprintf(previous, sizeof previous, "%s", host);
    transport_url_host(request->url, host);
    if (strcasecmp(previous, host))
        transport->authentication = CURLAUTH_NONE; /* another host offers what it likes */
    transport->request = request;
    transport->response = ret_response;
    if (!*host)
        return refuse(transport, MAPIHTTP_INVALID_ARGUMENT, "not a URL");
    if (is_cancelled(transport))
        return TRANSPORT_CANCELLED;
    const char *target = transport_resolve(transport->settings, host);
    if (target && !*target)
        return refuse(transport, MAPIHTTP_NETWORK, "the name does not exist");
    transport->fresh |= atomic_exchange(&transport->drop, false);
    long authentication = CURLAUTH_NONE;
    if (!request->without_credentials) {
        if (transport->authentication == CURLAUTH_NONE)
            transport->authentication = authentication_choice_settled(transport->settings);
        authentication = transport->authentication;
    }
    if (authentication != CURLAUTH_NONE && !secure_enough(transport, host))
        return refuse(transport, MAPIHTTP_TLS, "a password is not sent over http; use https");
    enum transport_outcome outcome = exchange(transport, host, authentication);
    if (outcome != TRANSPORT_ANSWERED || ret_response->http_status != 401 || authentication != CURLAUTH_NONE ||
        request->without_credentials)
        return outcome;
    authentication = authentication_choice_strongest(transport->offered, transport->settings);
    if (authentication == CURLAUTH_NONE)
        return outcome;
    if (!secure_enough(transport, host)) /* what NTLM sends can be tried out against passwords, a ticket used by who sees it */
        return refuse(transport, MAPIHTTP_TLS, "a password is not sent over http; use https");
    transport->authentication = authentication;
    struct mapihttp_timing first = ret_response->timing;
    transport_response_clear(ret_response);
    outcome = exchange(transport, host, authentication);
    add_first_round(&ret_response->timing, &first);
    return outcome;
}
