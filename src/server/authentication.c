#include "server/authentication.h"

#include <sys/resource.h>

#include "base/filetime.h"
#include "base/log.h"
#include "base/text.h"
#include "server/observation.h"

#define HASHING_PRIORITY 10
#define VERIFICATIONS_MAX 128u /* a few seconds of hashing; whoever comes later is told to come again */

struct authentication {
    struct services *services;
    struct http_exchange *exchange;
    void (*accepted)(struct http_exchange *exchange, struct identity *identity, void *argument);
    void *argument;
    enum endpoint endpoint;
    struct authentication_request request; /* with a reference of its connection */
    struct authentication_outcome outcome;
    struct worker_job job;
    struct loop_task verified;
    struct loop_timer delay;
};

static enum observation_endpoint endpoint_of(const struct authentication *authentication)
{
    switch (authentication->endpoint) {
    case ENDPOINT_AUTODISCOVER: return OBSERVATION_AUTODISCOVER;
    case ENDPOINT_OAB: return OBSERVATION_OAB;
    case ENDPOINT_ADMIN: return OBSERVATION_ADMIN;
    default: break;
    }
    const char *path = http_exchange_request(authentication->exchange)->path;
    return text_has_prefix_ignoring_case(path, "/mapi/nspi") ? OBSERVATION_ADDRESS_BOOK
         : text_has_prefix_ignoring_case(path, "/mapi") ? OBSERVATION_MAILBOX : OBSERVATION_ADMIN;
}

/* Of a request that gets no further than this. */
static void tell(const struct authentication *authentication, unsigned http_status, enum observation_log_on log_on,
                 const char *why)
{
    const struct authentication_outcome *outcome = &authentication->outcome;
    struct observation observation = observation_of(authentication->exchange, endpoint_of(authentication), NULL);
    observation.http_status = http_status;
    observation.log_on = log_on;
    observation.error_text = why ? why : "";
    if (log_on == OBSERVATION_LOG_ON_FAILED) {
        observation.account = outcome->account;
        observation.authentication = outcome->method ? outcome->method : "";
    }
    observe(authentication->services, &observation);
}

static void answer_plainly(const struct authentication *authentication, unsigned status, enum observation_log_on log_on,
                           const char *why)
{
    tell(authentication, status, log_on, why);
    http_answer_error(authentication->exchange, status, why);
}

static void answer_challenge(struct authentication *authentication)
{
    struct http_exchange *exchange = authentication->exchange;
    bool failed = authentication->outcome.result == AUTHENTICATION_FAILED;
    tell(authentication, 401, failed ? OBSERVATION_LOG_ON_FAILED : OBSERVATION_LOG_ON_CHALLENGED,
         failed ? authentication->outcome.cause : NULL);
    char challenge[AUTHENTICATION_CHALLENGE_SIZE];
    http_answer_status(exchange, 401);
    if (authentication->outcome.result == AUTHENTICATION_CONTINUE)
        http_answer_header(exchange, "WWW-Authenticate", authentication->outcome.answer);
    else
        for (unsigned i = 0; authenticator_challenge(authentication->services->authenticator, &authentication->request,
                                                     failed, i, challenge); i++)
            http_answer_header(exchange, "WWW-Authenticate", challenge);
    http_answer_header(exchange, "Content-Type", "text/plain; charset=utf-8");
    http_answer_header(exchange, "X-ServerApplication", MAPI_SERVER_APPLICATION);
    http_answer_whole(exchange, BYTES_LITERAL("401 Access Denied: log on with your account and password.\n"));
}

static void delay_expired(struct loop_timer *timer)
{
    answer_challenge(container_of(timer, struct authentication, delay));
}

/* The account has no apostrophe inside (authentication_outcome_name), so that what stands behind it cannot be forged: fail2ban reads the
 * address there. */
static void log_failure(const struct authentication *authentication)
{
    const struct authentication_outcome *outcome = &authentication->outcome;
    const char *request_id = observation_request_id(http_exchange_request(authentication->exchange));
    log_warning("log-on failed: %s; account '%s', from %s, by %s%s%s%s", outcome->cause, outcome->account,
                authentication->request.peer, outcome->method, outcome->locked_now ? "; locked from now on" : "",
                *request_id ? "; request " : "", request_id);
}

static void fail_later(struct authentication *authentication)
{
    struct loop *loop = http_exchange_loop(authentication->exchange);
    uint64_t now_ms = loop_clock_ms();
    uint64_t at_ms = authenticator_answer_at(authentication->services->authenticator,
                                             http_exchange_started_ms(authentication->exchange));
    if (at_ms <= now_ms)
        answer_challenge(authentication);
    else
        loop_timer_start(loop, &authentication->delay, at_ms - now_ms, delay_expired);
}

static void conclude(struct authentication *authentication)
{
    const struct authentication_outcome *outcome = &authentication->outcome;
    authentication_connection_release(authentication->request.connection);
    authentication->request.connection = NULL;
    switch (outcome->result) {
    case AUTHENTICATION_ACCEPTED:
        if (outcome->answer) /* the server's own proof (Kerberos), which goes with the answer */
            http_answer_header(authentication->exchange, "WWW-Authenticate", outcome->answer);
        authentication->accepted(authentication->exchange, outcome->identity, authentication->argument);
        break;
    case AUTHENTICATION_FAILED:
        log_failure(authentication);
        fail_later(authentication);
        break;
    case AUTHENTICATION_NEEDS_TLS:
        answer_plainly(authentication, 403, OBSERVATION_LOG_ON_NEEDS_TLS, "log-on is possible over TLS only");
        break;
    case AUTHENTICATION_UNAVAILABLE:
        log_error("log-on not possible: %s", outcome->cause);
        answer_plainly(authentication, 503, OBSERVATION_LOG_ON_UNAVAILABLE, "log-on is not possible now");
        break;
    case AUTHENTICATION_CONTINUE:
    case AUTHENTICATION_MISSING:
    case AUTHENTICATION_VERIFY:
        answer_challenge(authentication);
    }
}

static void verified(struct loop_task *task)
{
    conclude(container_of(task, struct authentication, verified));
}

static void release_connection(void *state)
{
    authentication_connection_release(state);
}

static void verify(struct worker_job *job)
{
    struct authentication *authentication = container_of(job, struct authentication, job);
    /* A flood of wrong passwords may have the processors that nobody else wants. Linux: of this thread only, for good. */
    (void)setpriority(PRIO_PROCESS, 0, HASHING_PRIORITY);
    authentication->outcome = authenticator_verify(authentication->services->authenticator, &authentication->request,
                                                   loop_clock_ms());
    atomic_fetch_sub(&authentication->services->verifications, 1);
    loop_post(http_exchange_loop(authentication->exchange), &authentication->verified);
}

static bool post_verification(struct authentication *authentication)
{
    struct services *services = authentication->services;
    if (atomic_fetch_add(&services->verifications, 1) < VERIFICATIONS_MAX &&
        worker_post(services->server->blocking, &authentication->job))
        return true;
    atomic_fetch_sub(&services->verifications, 1);
    return false;
}

/* What is kept with the connection; made when the first NTLM or Negotiate header comes. Without memory there is none. */
static struct authentication_connection *connection_state(struct services *services, struct http_exchange *exchange,
                                                          struct bytes authorization)
{
    struct authentication_connection *connection = http_exchange_connection_state(exchange);
    if (connection || !authenticator_needs_connection(authorization))
        return connection;
    connection = authentication_connection_new(services->authenticator);
    if (connection && !http_exchange_set_connection_state(exchange, connection, release_connection)) {
        authentication_connection_release(connection);
        return NULL;
    }
    return connection;
}

void authenticate(struct services *services, struct http_exchange *exchange, enum endpoint endpoint,
                  void (*accepted)(struct http_exchange *exchange, struct identity *identity, void *argument), void *argument)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct bytes authorization = bytes_of_string(http_request_header(request, "Authorization"));
    struct authentication_request asked = {
        .authorization = authorization, .tls = request->tls, .peer = http_exchange_peer(exchange),
        .channel_binding = http_exchange_channel_binding(exchange), .policy = services_policy(services, endpoint),
        .connection = connection_state(services, exchange, authorization), .arena = http_exchange_arena(exchange)};
    struct authentication_outcome outcome = authenticator_check(services->authenticator, &asked,
                                                                loop_now_ms(http_exchange_loop(exchange)));
    if (outcome.result == AUTHENTICATION_ACCEPTED && !outcome.answer) { /* nearly all requests: nothing allocated */
        accepted(exchange, outcome.identity, argument);
        return;
    }
    struct authentication *authentication = arena_new(http_exchange_arena(exchange), struct authentication);
    struct bytes binding = arena_bytes(http_exchange_arena(exchange), asked.channel_binding);
    if (!authentication || (asked.channel_binding.size && !binding.data)) {
        identity_release(outcome.identity);
        http_answer_error(exchange, 503, "out of memory");
        return;
    }
    asked.channel_binding = binding; /* the certificate may go with its connection */
    asked.connection = authentication_connection_reference(asked.connection);
    *authentication = (struct authentication){.services = services, .exchange = exchange, .accepted = accepted,
                                              .argument = argument, .endpoint = endpoint, .request = asked, .outcome = outcome,
                                              .job = {.run = verify}, .verified = {.run = verified}};
    if (outcome.result != AUTHENTICATION_VERIFY) {
        conclude(authentication);
    } else if (!post_verification(authentication)) {
        authentication_connection_release(asked.connection);
        answer_plainly(authentication, 503, OBSERVATION_LOG_ON_UNAVAILABLE, "too many log-ons at once");
    }
}
