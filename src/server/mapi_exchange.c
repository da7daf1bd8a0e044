#include "server/mapi_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "base/log.h"
#include "server/authentication.h"
#include "server/mapi_switch.h"
#include "server/diagnosis.h"
#include "server/notification_wait.h"
#include "server/observation.h"
#include "server/page.h"
#include "wire/wire.h"

#define STATUS_SERVER_TOO_BUSY 0x6BBu /* RPC_S_SERVER_TOO_BUSY (MS-OXCRPC R526) */

bool mapi_exchange_creates_context(const struct mapi_exchange *mapi)
{
    return mapi->request.type == MAPI_REQUEST_CONNECT || mapi->request.type == MAPI_REQUEST_BIND;
}

/* --- answering --- */

/* Frees 'mapi'. */
static void send_answer(struct mapi_exchange *mapi, enum mapi_response_code late_code)
{
    struct buffer stream = {0};
    bool started = mapi->streaming;
    if (!started)
        buffer_append_string(&stream, MAPI_META_PROCESSING);
    mapi_answer_append_done(&stream, mapi->started, loop_clock_ms() - mapi->started_ms, late_code);
    buffer_append(&stream, mapi->answer.data, mapi->answer.size);
    buffer_free(&mapi->answer);
    struct http_exchange *exchange = mapi->exchange;
    free(mapi->kept);
    free(mapi);
    if (stream.failed) {
        http_answer_abort(exchange);
    } else if (started) {
        http_answer_write(exchange, buffer_bytes(&stream));
        http_answer_finish(exchange);
    } else {
        http_answer_take(exchange, &stream);
    }
    buffer_free(&stream);
}

/* Gives back what the request held; 'mapi' may only be sent from then on. */
static void let_go(struct mapi_exchange *mapi)
{
    struct services *services = mapi->services;
    loop_timer_stop(&mapi->processing);
    if (mapi->ticket.answer)
        session_answer_release(mapi->ticket.answer);
    if (mapi->ticket.context && mapi->end_context)
        session_end(services->sessions, mapi->ticket.context,
                    mapi_exchange_creates_context(mapi) ? SESSION_END_REFUSED : SESSION_END_DISCONNECT);
    session_return(services->sessions, &mapi->ticket, loop_clock_ms());
    if (mapi->wait)
        notification_wait_forget(mapi);
    identity_release(mapi->identity);
    mapi->identity = NULL;
    arena_free(&mapi->arena);
}

static void keep_answer(struct mapi_exchange *mapi)
{
    struct session_table *sessions = mapi->services->sessions;
    if (mapi->ticket.context && !mapi->ticket.answer && !mapi->end_context && session_keeps_answers(sessions, &mapi->ticket))
        session_keep_answer(sessions, &mapi->ticket, buffer_bytes(&mapi->answer), http_exchange_delivery(mapi->exchange));
}

static void append_refusal(struct mapi_exchange *mapi, enum mapi_response_code code, const char *detail)
{
    buffer_clear(&mapi->answer);
    page_append_refusal(&mapi->answer, mapi->services, code, detail,
                        mapi_header_value_allowed(mapi->request.request_id) ? mapi->request.request_id : "");
}

void mapi_exchange_refuse(struct mapi_exchange *mapi, enum mapi_response_code code, const char *detail)
{
    struct mapi_answer_settings settings = services_answer_settings(mapi->services);
    append_refusal(mapi, code, detail);
    mapi_exchange_observe(mapi, code, detail);
    if (mapi->streaming) {
        let_go(mapi);
        send_answer(mapi, code);
        return;
    }
    mapi_answer_headers(mapi->exchange, &mapi->request, code, &settings, &mapi->ticket);
    let_go(mapi);
    struct http_exchange *exchange = mapi->exchange;
    struct buffer page = mapi->answer;
    free(mapi->kept);
    free(mapi);
    http_answer_take(exchange, &page);
    buffer_free(&page);
}

bool mapi_exchange_stream(struct mapi_exchange *mapi)
{
    struct mapi_answer_settings settings = services_answer_settings(mapi->services);
    if (mapi->streaming)
        return true;
    mapi->streaming = true;
    mapi_answer_headers(mapi->exchange, &mapi->request, MAPI_RESPONSE_SUCCESS, &settings, &mapi->ticket);
    bool there = http_answer_write(mapi->exchange, BYTES_LITERAL(MAPI_META_PROCESSING));
    http_answer_repeat(mapi->exchange, MAPI_META_PENDING, settings.pending_period_ms);
    return there;
}

void mapi_exchange_finish(struct mapi_exchange *mapi)
{
    struct mapi_answer_settings settings = services_answer_settings(mapi->services);
    if (mapi->code == MAPI_RESPONSE_SUCCESS && mapi->answer.failed)
        mapi->code = MAPI_RESPONSE_INVALID_RESPONSE;
    if (mapi->code != MAPI_RESPONSE_SUCCESS) {
        mapi_exchange_refuse(mapi, mapi->code, NULL);
        return;
    }
    if (!mapi->streaming)
        mapi_answer_headers(mapi->exchange, &mapi->request, MAPI_RESPONSE_SUCCESS, &settings, &mapi->ticket);
    keep_answer(mapi);
    mapi_exchange_observe(mapi, MAPI_RESPONSE_SUCCESS, NULL);
    let_go(mapi);
    send_answer(mapi, MAPI_RESPONSE_SUCCESS);
}

void mapi_exchange_encode(struct mapi_exchange *mapi, const struct wire_structure *structure, const void *body)
{
    buffer_clear(&mapi->answer);
    if (!wire_encode(structure, body, NULL, &mapi->answer, NULL))
        mapi->code = MAPI_RESPONSE_INVALID_RESPONSE;
}

void mapi_exchange_encode_failure(struct mapi_exchange *mapi, uint32_t status_code)
{
    buffer_clear(&mapi->answer);
    buffer_append_u32(&mapi->answer, status_code);
    buffer_append_u32(&mapi->answer, 0);
}

enum mapi_response_code mapi_exchange_fault(const struct mapi_exchange *mapi)
{
    unsigned fault = atomic_load(&mapi->services->config)->fault_injection ? mapi->request.fault : 0;
    return fault == MAPI_RESPONSE_UNKNOWN_FAILURE || fault == MAPI_RESPONSE_INVALID_RESPONSE ? (enum mapi_response_code)fault
                                                                                            : MAPI_RESPONSE_SUCCESS;
}

/* --- work on a strand --- */

struct mapi_exchange *mapi_exchange_of_work(struct strand_task *task)
{
    return container_of(task, struct mapi_exchange, work);
}

static void completed(struct loop_task *task)
{
    mapi_exchange_finish(container_of(task, struct mapi_exchange, completed));
}

void mapi_exchange_step_begins(struct mapi_exchange *mapi)
{
    mapi->step_us = monotonic_us();
}

void mapi_exchange_step_ends(struct mapi_exchange *mapi)
{
    if (mapi->step_us)
        mapi->processing_us += (uint32_t)(monotonic_us() - mapi->step_us);
    mapi->step_us = 0;
}

static enum strand_result first_step(struct strand_task *task)
{
    struct mapi_exchange *mapi = mapi_exchange_of_work(task);
    mapi_exchange_step_begins(mapi);
    task->run = mapi->first_step;
    return mapi->first_step(task);
}

void mapi_exchange_done(struct mapi_exchange *mapi)
{
    mapi_exchange_step_ends(mapi);
    mapi->completed.run = completed;
    loop_post(http_exchange_loop(mapi->exchange), &mapi->completed);
}

static void processing_delayed(struct loop_timer *timer)
{
    mapi_exchange_stream(container_of(timer, struct mapi_exchange, processing));
}

void mapi_exchange_work(struct mapi_exchange *mapi, struct strand *strand, enum strand_result (*run)(struct strand_task *task))
{
    mapi->first_step = run;
    mapi->work.run = first_step;
    loop_timer_start(http_exchange_loop(mapi->exchange), &mapi->processing, MAPI_PROCESSING_DELAY_MS, processing_delayed);
    if (!strand_post(strand, &mapi->work)) {
        mapi->first_step = NULL;
        mapi_exchange_encode_failure(mapi, STATUS_SERVER_TOO_BUSY);
        mapi->end_context = mapi_exchange_creates_context(mapi);
        mapi_exchange_finish(mapi);
    }
}

/* --- arriving --- */

static enum session_request_kind kind_of(enum mapi_request_type type)
{
    switch (type) {
    case MAPI_REQUEST_PING: return SESSION_REQUEST_PING;
    case MAPI_REQUEST_NOTIFICATION_WAIT: return SESSION_REQUEST_WAIT;
    case MAPI_REQUEST_DISCONNECT:
    case MAPI_REQUEST_UNBIND: return SESSION_REQUEST_LAST;
    default: return SESSION_REQUEST_SEQUENCED;
    }
}

/* False where the body is not what its type says; *ret_detail names the place. */
static bool decode_body(struct mapi_exchange *mapi, const char **ret_detail)
{
    const struct http_request *request = http_exchange_request(mapi->exchange);
    struct wire_error error;
    char text[WIRE_ERROR_TEXT_SIZE];
    if (!mapi->request.definition) /* PING: whatever it brings is not looked at */
        return true;
    mapi->body = arena_allocate(&mapi->arena, mapi->request.definition->request->size);
    if (mapi->body && wire_decode(&mapi->arena, mapi->request.definition->request, request->body, NULL, mapi->body, &error))
        return true;
    if (mapi->body) {
        wire_error_format(&error, text);
        *ret_detail = arena_string(&mapi->arena, text);
    }
    return false;
}

static void dispatch(struct mapi_exchange *mapi)
{
    if (mapi->endpoint == SESSION_ENDPOINT_MAILBOX)
        emsmdb_handle(mapi);
    else
        nspi_handle(mapi);
}

static void tell_client(struct mapi_exchange *mapi, struct session_status *status)
{
    const struct http_request *request = http_exchange_request(mapi->exchange);
    session_status_set_client(status, &(struct session_client){
        .application = mapi->request.client_application, .user_agent = mapi->request.user_agent,
        .authentication = identity_method(mapi->identity), .host = request->host, .tls = request->tls});
}

static void arrived(struct mapi_exchange *mapi)
{
    session_status_arrived(mapi_context_of(&mapi->ticket)->status, http_exchange_link(mapi->exchange), mapi->peer, mapi->started_ms);
}

/* Connect and Bind: the old context ends, a new one begins (3.2.5.1, 3.2.5.6). */
static void create_context(struct mapi_exchange *mapi)
{
    struct services *services = mapi->services;
    struct mapi_context *context = NULL;
    if (session_create(services->sessions, mapi->endpoint, &mapi->request.cookies, identity_user(mapi->identity),
                       loop_now_ms(http_exchange_loop(mapi->exchange)), &mapi->ticket))
        context = mapi_context_new(services, mapi->ticket.context);
    if (!context) {
        mapi->end_context = true;
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_UNKNOWN_FAILURE, "out of memory");
        return;
    }
    tell_client(mapi, context->status);
    arrived(mapi);
    dispatch(mapi);
}

static void enter_context(struct mapi_exchange *mapi, bool body_good, const char *detail)
{
    struct session_table *sessions = mapi->services->sessions;
    struct session_request request = {
        .endpoint = mapi->endpoint, .kind = kind_of(mapi->request.type), .cookies = &mapi->request.cookies,
        .user_id = identity_user(mapi->identity)->id, .resend_marked = mapi->request.resend_marked,
        .body_invalid = !body_good};
    if (request.kind == SESSION_REQUEST_SEQUENCED || request.kind == SESSION_REQUEST_LAST)
        session_fingerprint(sessions, bytes_of_string(mapi->request.request_id), bytes_of_string(mapi->request.type_name),
                            http_exchange_request(mapi->exchange)->body, request.fingerprint);
    enum mapi_response_code code = session_begin(sessions, &request, loop_now_ms(http_exchange_loop(mapi->exchange)),
                                                 &mapi->ticket);
    if (mapi->ticket.context)
        arrived(mapi);
    bool second_wait = code == MAPI_RESPONSE_INVALID_SEQUENCE && request.kind == SESSION_REQUEST_WAIT;
    if (code != MAPI_RESPONSE_SUCCESS && !second_wait) {
        mapi_exchange_refuse(mapi, code, detail);
    } else if (mapi->ticket.answer) { /* docs/resend.md: answered from the record, not executed again */
        struct bytes kept = session_answer_content(mapi->ticket.answer);
        buffer_append(&mapi->answer, kept.data, kept.size);
        mapi_exchange_finish(mapi);
    } else if (mapi_switch_check_mode(mapi)) {
        dispatch(mapi);
    }
}

static void enter(struct mapi_exchange *mapi)
{
    const char *detail = NULL;
    bool body_good = decode_body(mapi, &detail);
    if (!mapi_exchange_creates_context(mapi))
        enter_context(mapi, body_good, detail);
    else if (body_good)
        create_context(mapi);
    else
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_INVALID_REQUEST_BODY, detail);
}

static void route(struct mapi_exchange *mapi)
{
    const struct http_request *request = http_exchange_request(mapi->exchange);
    const struct config *config = atomic_load(&mapi->services->config);
    const char *header = NULL;
    bool enabled = mapi->endpoint == SESSION_ENDPOINT_MAILBOX ? config->emsmdb_enabled : config->nspi_enabled;
    enum mapi_response_code code = mapi_request_read(request, mapi->endpoint, &mapi->request, &header);
    if (!mapi->path_exists) {
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_INVALID_PATH, NULL);
    } else if (request->method != HTTP_METHOD_POST) {
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_INVALID_VERB, request->method_name);
    } else if (atomic_load(&mapi->services->draining)) {
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_ENDPOINT_SHUTTING_DOWN, NULL);
    } else if (!enabled) {
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_ENDPOINT_DISABLED, NULL);
    } else if (code != MAPI_RESPONSE_SUCCESS) {
        mapi_exchange_refuse(mapi, code, header);
    } else if (request->oversized) {
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_TOO_LARGE, NULL);
    } else {
        mapi_switch_check(mapi, enter);
    }
}

static void authenticated(struct http_exchange *exchange, struct identity *identity, void *argument)
{
    const struct mapi_endpoint *endpoint = argument;
    const struct http_request *request = http_exchange_request(exchange);
    if (endpoint->exists && (request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD)) {
        observe_answer(endpoint->services, exchange, endpoint->endpoint == SESSION_ENDPOINT_MAILBOX ? OBSERVATION_MAILBOX
                       : OBSERVATION_ADDRESS_BOOK, identity, 200, 0, "");
        diagnosis_answer(endpoint->services, exchange, identity, endpoint->endpoint);
        return;
    }
    struct mapi_exchange *mapi = malloc(sizeof *mapi);
    if (!mapi) {
        identity_release(identity);
        http_answer_error(exchange, 503, "out of memory");
        return;
    }
    *mapi = (struct mapi_exchange){.exchange = exchange, .services = endpoint->services, .identity = identity,
                                   .path_exists = endpoint->exists, .endpoint = endpoint->endpoint, .started_ms = http_exchange_started_ms(exchange),
                                   .began_us = monotonic_us(), .peer = http_exchange_peer(exchange),
                                   .started = time(NULL)};
    route(mapi);
}

void mapi_exchange_handle(struct http_exchange *exchange, void *argument)
{
    struct mapi_endpoint *endpoint = argument;
    authenticate(endpoint->services, exchange, ENDPOINT_MAPI, authenticated, endpoint);
}
