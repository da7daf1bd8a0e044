#include "client/context.h"
#include "base/filetime.h"
#include "base/guid.h"
#include "base/text.h"
#include "client/error.h"
#include "client/resend.h"
#include "session/response_code.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAUSE_MAX_MS 10000u
#define URL_REDIRECTS_MAX 10u
#define CLIENT_APPLICATION "Outlook/15.0.5589.1000" /* the form of R162 */

static void fresh_guid(char text[40])
{
    char plain[GUID_TEXT_SIZE];
    guid_format(guid_random(), plain);
    snprintf(text, 40, "{%s}", plain);
}

bool context_initialize(struct context *context, const struct transport_settings *settings,
                        const struct context_limits *limits, const atomic_bool *cancelled, const char *url)
{
    *context = (struct context){.settings = settings, .limits = *limits, .cancelled = cancelled};
    fresh_guid(context->client_guid);
    fresh_guid(context->request_guid);
    pthread_mutex_init(&context->lock, NULL);
    context->url = strdup(url);
    context->requests = transport_new(settings, cancelled);
    context->notifications = transport_new(settings, cancelled);
    if (context->url && context->requests && context->notifications)
        return true;
    context_clear(context);
    return false;
}

void context_clear(struct context *context)
{
    transport_free(context->requests);
    transport_free(context->notifications);
    free(context->url);
    cookie_jar_clear(&context->jar);
    pthread_mutex_destroy(&context->lock);
    *context = (struct context){0};
}

const char *context_response_code_name(uint32_t response_code)
{
    return mapi_response_code_name(response_code);
}

bool context_pause(struct context *context, uint32_t attempt)
{
    uint64_t pause = (uint64_t)context->limits.retry_pause_ms << (attempt > 16 ? 16 : attempt ? attempt - 1 : 0);
    uint64_t until = monotonic_ms() + (pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause);
    for (uint64_t now; (now = monotonic_ms()) < until && !*context->cancelled;)
        usleep((useconds_t)((until - now < 50 ? until - now : 50) * 1000));
    return !*context->cancelled;
}

/* One request on its way, however often it is sent: the id and the cookies stay the same, so that the server can see that
 * it is the same request (R1205 'resubmits the request as-is'). */
struct call {
    struct context *context;
    struct transport *transport;
    const char *request_type;
    struct bytes body;
    struct buffer *body_out;
    struct mapihttp_error *error;
    bool connecting;         /* Connect, Bind */
    uint64_t deadline_ms;
    bool keeps_cookies;      /* NotificationWait: its cookies may be older than those of requests answered meanwhile */
    char request_id[64];
    struct buffer cookies;   /* a whole Cookie line, or empty */
    uint64_t generation;
    bool resend;             /* mark it */
    uint32_t attempt;        /* repetitions so far */
    uint32_t redirects;
};

enum step { STEP_DONE, STEP_FAILED, STEP_LOST, STEP_REPEAT, STEP_RESEND, STEP_WITHOUT_COOKIES };

static bool write_cookies(struct call *call)
{
    const struct cookie_jar *jar = &call->context->jar;
    buffer_clear(&call->cookies);
    return (!jar->count || (buffer_append_string(&call->cookies, "Cookie: ") && cookie_jar_append_header(jar, &call->cookies))) &&
           buffer_string(&call->cookies);
}

static bool begin(struct call *call)
{
    struct context *context = call->context;
    pthread_mutex_lock(&context->lock);
    snprintf(call->request_id, sizeof call->request_id, "%s:%llu", context->request_guid,
             (unsigned long long)++context->request_counter);
    bool good = write_cookies(call);
    call->generation = context->generation;
    pthread_mutex_unlock(&context->lock);
    return good;
}

static enum transport_outcome send_once(struct call *call, struct transport_response *response)
{
    const struct context *context = call->context;
    char type[96], id[96], information[96], application[160];
    const char *name = context->settings->client_application;
    snprintf(type, sizeof type, "X-RequestType: %s", call->request_type);
    snprintf(id, sizeof id, "X-RequestId: %s", call->request_id);
    snprintf(information, sizeof information, "X-ClientInfo: %s:%u", context->client_guid, context->client_counter);
    snprintf(application, sizeof application, "X-ClientApplication: %s", name && *name ? name : CLIENT_APPLICATION);
    const char *headers[12] = {"Content-Type: application/mapi-http", "Accept: application/mapi-http", "Expect:",
                               "User-Agent: mapihttp", type, id, information, application};
    unsigned count = 8;
    if (call->cookies.size)
        headers[count++] = (const char *)call->cookies.data;
    if (call->resend)
        headers[count++] = RESEND_MARK_HEADER_LINE;
    struct transport_request request = {.method = "POST", .url = context->url, .headers = headers, .body = call->body,
                                        .response_stream = true, .deadline_ms = call->deadline_ms};
    return client_transport_send(call->transport, &request, response);
}

static void take_cookies(struct call *call, const struct transport_response *response)
{
    struct context *context = call->context;
    if (call->keeps_cookies || (!call->connecting && call->generation != context->generation))
        return;
    if (call->connecting)
        cookie_jar_clear(&context->jar); /* cookies of the old and the new context are never mixed */
    for (uint32_t i = 0; i < response->set_cookie_count; i++)
        if (!cookie_jar_take(&context->jar, response->set_cookies[i]))
            transport_trace(context->settings, "a cookie that cannot be kept: %s", response->set_cookies[i]);
}

/* X-ResponseCode 0: the answer is there. */
static void take_answer(struct call *call, struct transport_response *response)
{
    struct context *context = call->context;
    pthread_mutex_lock(&context->lock);
    take_cookies(call, response);
    if (response->expiration_ms)
        context->expiration_ms = response->expiration_ms;
    if (response->pending_period_ms)
        context->pending_period_ms = response->pending_period_ms;
    if (call->connecting)
        context->resend_supported = response->resend_supported;
    if (response->server_application[0])
        memcpy(context->server_application, response->server_application, sizeof context->server_application);
    context->active_ms = monotonic_ms();
    pthread_mutex_unlock(&context->lock);
    if (response->stream.has_elapsed_ms)
        transport_count_processing(call->transport, response->stream.elapsed_ms);
    *call->body_out = response->stream.body;
    response->stream.body = (struct buffer){0};
}

/* The server's diagnostics without its markup, on one line. */
static void diagnostics(const struct transport_response *response, char text[160])
{
    const struct buffer *content = response->stream.body.size ? &response->stream.body : &response->content;
    size_t length = 0;
    bool inside = false, blank = true;
    for (size_t i = 0; i < content->size && length < 150; i++) {
        uint8_t c = content->data[i];
        if (c == '<' || c == '>') {
            inside = c == '<';
            c = ' ';
        }
        if (inside || (c <= ' ' && blank))
            continue;
        blank = c <= ' ';
        text[length++] = (char)(c <= ' ' ? ' ' : c < 0x7F ? c : '?');
    }
    text[length] = 0;
}

static void describe(struct call *call, enum mapihttp_status status, uint32_t code, const char *what, const char *detail)
{
    char host[256];
    transport_url_host(call->context->url, host);
    error_set(call->error, status, code, "%s: %s: %s%s", host, call->request_type, what, detail);
}

static enum step judge_response_code(struct call *call, struct transport_response *response)
{
    uint32_t code = response->stream.has_response_code ? response->stream.response_code : response->response_code;
    if (code == MAPI_RESPONSE_SUCCESS) {
        take_answer(call, response);
        return STEP_DONE;
    }
    char text[160], what[300];
    diagnostics(response, text);
    snprintf(what, sizeof what, "response code %u %s%s%s", code, context_response_code_name(code), *text ? ": " : "", text);
    describe(call, MAPIHTTP_TRANSPORT, code, what, "");
    switch (code) {
    case MAPI_RESPONSE_CONTEXT_NOT_FOUND:
    case MAPI_RESPONSE_MISSING_COOKIE:
    case MAPI_RESPONSE_INVALID_CONTEXT_COOKIE:
        return call->connecting ? STEP_WITHOUT_COOKIES : STEP_LOST;
    case MAPI_RESPONSE_INVALID_SEQUENCE: /* of a resend: the first one still runs (docs/resend.md) */
        return call->connecting ? STEP_WITHOUT_COOKIES : call->resend ? STEP_REPEAT : STEP_LOST;
    case MAPI_RESPONSE_ENDPOINT_SHUTTING_DOWN:
        return STEP_REPEAT;
    default:
        return STEP_FAILED;
    }
}

static enum step judge_redirect(struct call *call, const struct transport_response *response)
{
    describe(call, MAPIHTTP_HTTP, (uint32_t)response->http_status, "redirected to ", response->location);
    bool follow = !strncasecmp(response->location, "https://", 8) && ++call->redirects <= URL_REDIRECTS_MAX;
    char *url = follow ? strdup(response->location) : NULL;
    if (!url)
        return STEP_FAILED;
    free(call->context->url);
    call->context->url = url;
    return STEP_REPEAT;
}

static enum step judge_answer(struct call *call, struct transport_response *response)
{
    char text[64];
    snprintf(text, sizeof text, "%ld", response->http_status);
    if (response->http_status == 200) {
        if (!response->has_response_code && !response->stream.has_response_code) {
            describe(call, MAPIHTTP_PROTOCOL, 0, "an answer without X-ResponseCode: this is no MAPI/HTTP endpoint", "");
            return STEP_FAILED;
        }
        if (response->request_id[0] && !text_equal_ignoring_case(response->request_id, call->request_id)) {
            describe(call, MAPIHTTP_PROTOCOL, 0, "the answer to another request, ", response->request_id);
            return STEP_FAILED;
        }
        return judge_response_code(call, response);
    }
    if (response->http_status == 401 || response->http_status == 403) {
        describe(call, MAPIHTTP_AUTHENTICATION, (uint32_t)response->http_status,
                 "the server does not accept user and password, HTTP status ", text);
        return STEP_FAILED;
    }
    if (response->http_status > 300 && response->http_status < 400 && call->connecting)
        return judge_redirect(call, response);
    describe(call, MAPIHTTP_HTTP, (uint32_t)response->http_status, "HTTP status ", text);
    if (response->http_status == 503 || response->http_status == 429)
        return STEP_REPEAT;
    /* A gateway lost the server's answer, as a cut would. */
    return response->http_status == 502 || response->http_status == 504 ? STEP_RESEND : STEP_FAILED;
}

static enum step judge(struct call *call, enum transport_outcome outcome, struct transport_response *response)
{
    switch (outcome) {
    case TRANSPORT_ANSWERED:
        return judge_answer(call, response);
    case TRANSPORT_NOT_SENT: /* R1205, R1206 */
        describe(call, response->failure_status, (uint32_t)response->failure_code, "", response->failure);
        return STEP_REPEAT;
    case TRANSPORT_ANSWER_LOST: /* R1207 */
        describe(call, response->failure_status, (uint32_t)response->failure_code, "", response->failure);
        return STEP_RESEND;
    case TRANSPORT_CANCELLED:
        if (transport_out_of_time(call->context->settings))
            describe(call, MAPIHTTP_NETWORK, TRANSPORT_OUT_OF_TIME, "no answer within the time limit", "");
        else
            describe(call, MAPIHTTP_CANCELLED, 0, "cancelled", "");
        return STEP_FAILED;
    case TRANSPORT_REFUSED:
        break;
    }
    describe(call, response->failure_status, (uint32_t)response->failure_code, "", response->failure);
    return STEP_FAILED;
}

static void tell(const struct call *call, enum transport_outcome outcome, const struct transport_response *response)
{
    const struct transport_settings *settings = call->context->settings;
    if (!settings->exchange)
        return;
    bool answered = outcome == TRANSPORT_ANSWERED, inner = response->stream.has_response_code;
    struct mapihttp_exchange exchange = {
        .request_type = call->request_type, .url = call->context->url, .request_id = call->request_id,
        .remote_address = response->remote_address, .remote_port = response->remote_port,
        .authentication = transport_figures(call->transport)->authentication, .http_status = answered ? (uint32_t)response->http_status : 0,
        .has_response_code = answered && (inner || response->has_response_code),
        .response_code = inner ? response->stream.response_code : response->response_code,
        .server_ms = response->stream.has_elapsed_ms ? (int64_t)response->stream.elapsed_ms : -1,
        .failure = answered ? "" : response->failure, .timing = response->timing};
    settings->exchange(settings->exchange_data, &exchange);
}

static void trace(const struct call *call, enum transport_outcome outcome, const struct transport_response *response)
{
    static const char *const outcomes[] = {"answered", "not sent", "answer lost", "refused", "cancelled"};
    const struct transport_settings *settings = call->context->settings;
    if (outcome != TRANSPORT_ANSWERED) {
        transport_trace(settings, "%s %s%s: %zu bytes, %s: %s", call->request_type, call->request_id,
                        call->resend ? " (resend)" : "", call->body.size, outcomes[outcome], response->failure);
        return;
    }
    char processing[48] = "";
    if (response->stream.has_elapsed_ms)
        snprintf(processing, sizeof processing, ", server %llu ms", (unsigned long long)response->stream.elapsed_ms);
    uint32_t code = response->stream.has_response_code ? response->stream.response_code : response->response_code;
    transport_trace(settings, "%s %s%s: %zu bytes, HTTP %ld, response code %u %s, %zu bytes, %.1f ms%s, %u PENDING",
                    call->request_type, call->request_id, call->resend ? " (resend)" : "", call->body.size,
                    response->http_status, code, response->http_status == 200 ? context_response_code_name(code) : "-",
                    response->stream.body.size, response->elapsed_ms, processing, response->stream.pending_count);
}

static void count(struct call *call, uint64_t *figure)
{
    pthread_mutex_lock(&call->context->lock);
    ++*figure;
    pthread_mutex_unlock(&call->context->lock);
}

/* Of a Connect whose answer broke off behind its headers: its cookies name the context that was made, so that the next one
 * ends that instead of leaving it to expire (R1193). */
static void keep_first_cookies(struct call *call, const struct transport_response *response)
{
    if (!call->connecting || !response->header_complete || !response->set_cookie_count)
        return;
    pthread_mutex_lock(&call->context->lock);
    take_cookies(call, response);
    if (!write_cookies(call))
        buffer_clear(&call->cookies);
    pthread_mutex_unlock(&call->context->lock);
}

/* What a lost answer means for this call. */
static enum step answer_lost(struct call *call, const struct transport_response *response)
{
    struct context *context = call->context;
    keep_first_cookies(call, response);
    if (call->connecting || call->keeps_cookies || !strcmp(call->request_type, "PING"))
        return STEP_REPEAT; /* nothing that could happen twice and matter */
    if (!context->limits.resend || !context->resend_supported)
        return STEP_LOST;
    call->resend = true;
    count(call, &context->figures.resend_count);
    return STEP_REPEAT;
}

static enum step attempt(struct call *call)
{
    struct transport_response response = {0};
    enum transport_outcome outcome = send_once(call, &response);
    trace(call, outcome, &response);
    tell(call, outcome, &response);
    enum step step = judge(call, outcome, &response);
    if (outcome == TRANSPORT_NOT_SENT)
        count(call, &call->context->figures.repeat_count);
    if (step == STEP_RESEND)
        step = answer_lost(call, &response);
    transport_response_clear(&response);
    return step;
}

static enum context_verdict run(struct call *call)
{
    struct context *context = call->context;
    if (!begin(call)) {
        describe(call, MAPIHTTP_NO_MEMORY, 0, "no memory", "");
        buffer_free(&call->cookies);
        return CONTEXT_FAILED;
    }
    enum step step;
    for (call->attempt = 1; (step = attempt(call)) >= STEP_REPEAT; call->attempt++) {
        if (step == STEP_WITHOUT_COOKIES) {
            if (!call->cookies.size) {
                step = STEP_FAILED;
                break;
            }
            buffer_clear(&call->cookies);
            continue;
        }
        if (call->attempt >= context->limits.attempts_max)
            break;
        /* The first repetition goes at once: most failures are a kept connection that the other side has closed (R1203). */
        if (call->attempt > 1 && !context_pause(context, call->attempt - 1)) {
            describe(call, MAPIHTTP_CANCELLED, 0, "cancelled", "");
            step = STEP_FAILED;
            break;
        }
    }
    buffer_free(&call->cookies);
    if (step == STEP_DONE)
        return CONTEXT_DONE;
    /* A resend that gets nothing but 15: the answer is not kept any more, and the specification's way is left. */
    bool out_of_sequence = call->error->status == MAPIHTTP_TRANSPORT && call->error->code == MAPI_RESPONSE_INVALID_SEQUENCE;
    return step == STEP_LOST || (call->resend && out_of_sequence) ? CONTEXT_LOST : CONTEXT_FAILED;
}

enum context_verdict context_connect(struct context *context, const char *request_type, struct bytes body,
                                     struct buffer *ret_body, struct mapihttp_error *ret_error)
{
    struct mapihttp_error error = {0};
    struct call call = {.context = context, .transport = context->requests, .request_type = request_type, .body = body,
                        .body_out = ret_body, .error = &error, .connecting = true};
    pthread_mutex_lock(&context->lock);
    fresh_guid(context->request_guid); /* constant within a session context, unlike any other's */
    context->request_counter = 0;
    context->client_counter++;
    context->generation++;
    context->connected = false;
    if (context->jar.count)
        context->figures.reconnect_count++;
    pthread_mutex_unlock(&context->lock);
    enum context_verdict verdict = run(&call);
    if (verdict != CONTEXT_DONE && ret_error)
        *ret_error = error;
    return verdict == CONTEXT_DONE ? CONTEXT_DONE : CONTEXT_FAILED;
}

void context_accept(struct context *context, bool accepted)
{
    pthread_mutex_lock(&context->lock);
    context->connected = accepted;
    if (accepted)
        context->figures.context_count++;
    else
        cookie_jar_clear(&context->jar);
    pthread_mutex_unlock(&context->lock);
}

enum context_verdict context_call(struct context *context, const char *request_type, struct bytes body,
                                  struct buffer *ret_body, struct mapihttp_error *ret_error)
{
    struct mapihttp_error error = {0};
    struct call call = {.context = context, .transport = context->requests, .request_type = request_type, .body = body,
                        .body_out = ret_body, .error = &error};
    enum context_verdict verdict = run(&call);
    if (verdict == CONTEXT_LOST)
        context_forget(context, context->generation);
    if (verdict != CONTEXT_DONE && ret_error)
        *ret_error = error;
    return verdict;
}

void context_forget(struct context *context, uint64_t generation)
{
    pthread_mutex_lock(&context->lock);
    if (context->generation == generation)
        context->connected = false;
    pthread_mutex_unlock(&context->lock);
}

enum context_verdict context_wait(struct context *context, struct bytes body, uint64_t deadline_ms, struct buffer *ret_body,
                                  struct mapihttp_error *ret_error)
{
    struct mapihttp_error error = {0};
    struct call call = {.context = context, .transport = context->notifications, .request_type = "NotificationWait",
                        .body = body, .body_out = ret_body, .error = &error, .keeps_cookies = true,
                        .deadline_ms = deadline_ms};
    enum context_verdict verdict = run(&call);
    if (verdict != CONTEXT_DONE && ret_error)
        *ret_error = error;
    return verdict;
}
