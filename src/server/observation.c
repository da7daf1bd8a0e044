#include "server/observation.h"

#include "base/filetime.h"
#include "base/log.h"
#include "server/mapi_context.h"
#include "server/metrics.h"
#include "server/protocol_logs.h"
#include "server/usage.h"

const char *const observation_endpoint_names[] = {
    [OBSERVATION_MAILBOX] = "mailbox", [OBSERVATION_ADDRESS_BOOK] = "address book", [OBSERVATION_AUTODISCOVER] = "autodiscover",
    [OBSERVATION_OAB] = "offline address book", [OBSERVATION_ADMIN] = "administration",
};
const char *const observation_log_on_names[] = {
    [OBSERVATION_LOG_ON_NONE] = "none", [OBSERVATION_LOG_ON_ACCEPTED] = "accepted",
    [OBSERVATION_LOG_ON_CHALLENGED] = "challenged", [OBSERVATION_LOG_ON_FAILED] = "failed",
    [OBSERVATION_LOG_ON_NEEDS_TLS] = "needs TLS", [OBSERVATION_LOG_ON_UNAVAILABLE] = "unavailable",
};

/* --- session statistics: they hang on the contexts --- */

static bool start_nothing(struct services *services, void **ret_state)
{
    return true;
}

static void stop_nothing(void *state)
{
}

static void observe_session(void *state, const struct observation *observation)
{
    const struct mapi_context *context = observation->context ? session_context_attachment(observation->context) : NULL;
    if (context)
        session_status_answered(context->status, observation);
}

static const struct observer session_observer = {
    .name = "session statistics", .start = start_nothing, .observe = observe_session, .stop = stop_nothing,
};

/* Everybody who is told, in the order of the telling. To add one: its file defines a struct observer, and a line here. */
static const struct observer *const observers[] = {
    &session_observer,
    &metrics_observer,
    &protocol_logs_observer, /* after the session: its counts stand in the rows */
    &usage_observer,
    NULL,
};
_Static_assert(sizeof observers / sizeof *observers <= OBSERVERS_MAX + 1, "services has no place for so many");

void observe(struct services *services, const struct observation *observation)
{
    for (unsigned i = 0; observers[i]; i++)
        observers[i]->observe(services->observer_states[i], observation);
}

bool observers_start(struct services *services)
{
    for (unsigned i = 0; observers[i]; i++) {
        if (!observers[i]->start(services, &services->observer_states[i])) {
            log_error("%s cannot start", observers[i]->name);
            return false;
        }
    }
    return true;
}

void observers_reload(struct services *services)
{
    for (unsigned i = 0; observers[i]; i++)
        if (observers[i]->reload)
            observers[i]->reload(services, services->observer_states[i]);
}

void observers_stop(struct services *services)
{
    for (unsigned i = 0; observers[i]; i++) {
        observers[i]->stop(services->observer_states[i]);
        services->observer_states[i] = NULL;
    }
}

void *observer_state(const struct services *services, const struct observer *observer)
{
    for (unsigned i = 0; observers[i]; i++)
        if (observers[i] == observer)
            return services->observer_states[i];
    return NULL;
}

/* MS-OXCRPC: 0x0004.... says that all went well but for something; 1 is what Unbind answers when it succeeds. */
static bool is_error(const struct observation *observation)
{
    bool address_book = observation->endpoint == OBSERVATION_ADDRESS_BOOK;
    return observation->error_code && observation->error_code >> 16 != 0x0004 && !(address_book && observation->error_code == 1);
}

bool observation_is_failure(const struct observation *observation)
{
    if (observation->http_status >= 400)
        return observation->log_on != OBSERVATION_LOG_ON_CHALLENGED;
    return observation->response_code != 0 || is_error(observation);
}

static const char *header(const struct http_request *request, const char *name)
{
    const char *value = http_request_header(request, name);
    return value ? value : "";
}

const char *observation_request_id(const struct http_request *request)
{
    const char *id = header(request, "X-RequestId");
    if (!mapi_header_value_allowed(id))
        id = header(request, "client-request-id");
    return mapi_header_value_allowed(id) ? id : "";
}

struct observation observation_of(const struct http_exchange *exchange, enum observation_endpoint endpoint,
                                  const struct identity *identity)
{
    const struct http_request *request = http_exchange_request(exchange);
    uint64_t now_us = monotonic_us(), duration_us = now_us - http_exchange_started_us(exchange);
    return (struct observation){
        .endpoint = endpoint, .time = filetime_now() - duration_us * 10, .now_ms = now_us / 1000,
        .duration_us = duration_us < UINT32_MAX ? (uint32_t)duration_us : UINT32_MAX,
        .http_status = http_exchange_status(exchange), .error_text = "", .method = request->method_name,
        .request_type = header(request, "X-RequestType"), .request_id = observation_request_id(request),
        .client_info = header(request, "X-ClientInfo"), .client_application = header(request, "X-ClientApplication"),
        .user_agent = header(request, "User-Agent"), .peer = http_exchange_peer(exchange), .path = request->path,
        .tls = request->tls, .log_on = identity ? OBSERVATION_LOG_ON_ACCEPTED : OBSERVATION_LOG_ON_NONE,
        .authentication = identity ? identity_method(identity) : "", .user = identity ? identity_user(identity) : NULL,
        .account = "", .remark = "", .request_size = request->body.size, .request = request};
}

void observe_answer(struct services *services, const struct http_exchange *exchange, enum observation_endpoint endpoint,
                    const struct identity *identity, unsigned http_status, uint64_t response_size, const char *error_text)
{
    struct observation observation = observation_of(exchange, endpoint, identity);
    observation.http_status = http_status;
    observation.response_size = response_size;
    observation.error_text = error_text;
    observe(services, &observation);
}
