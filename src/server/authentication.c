#include "server/authentication.h"

#include <sys/resource.h>

#include "base/filetime.h"
#include "base/log.h"

#define HASHING_PRIORITY 10
#define VERIFICATIONS_MAX 128u /* a few seconds of hashing; whoever comes later is told to come again */

struct authentication {
    struct services *services;
    struct http_exchange *exchange;
    void (*accepted)(struct http_exchange *exchange, struct identity *identity, void *argument);
    void *argument;
    struct authentication_request request;
    struct authentication_outcome outcome;
    struct worker_job job;
    struct loop_task verified;
    struct loop_timer delay;
};

static void answer_challenge(struct authentication *authentication)
{
    struct http_exchange *exchange = authentication->exchange;
    char challenge[AUTHENTICATION_CHALLENGE_SIZE];
    http_answer_status(exchange, 401);
    for (unsigned i = 0; authenticator_challenge(authentication->services->authenticator, authentication->request.tls, i,
                                                 challenge); i++)
        http_answer_header(exchange, "WWW-Authenticate", challenge);
    http_answer_header(exchange, "Content-Type", "text/plain; charset=utf-8");
    http_answer_header(exchange, "X-ServerApplication", MAPI_SERVER_APPLICATION);
    http_answer_whole(exchange, BYTES_LITERAL("401 Access Denied: log on with your account and password.\n"));
}

static void delay_expired(struct loop_timer *timer)
{
    answer_challenge(container_of(timer, struct authentication, delay));
}

static void log_failure(const struct authentication *authentication)
{
    char account[80];
    authenticator_typed_account(&authentication->request, account, sizeof account);
    log_warning("log-on failed: %s; account '%s', from %s%s", authentication->outcome.cause, account,
                authentication->request.peer, authentication->outcome.locked_now ? "; locked from now on" : "");
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
    switch (outcome->result) {
    case AUTHENTICATION_ACCEPTED:
        authentication->accepted(authentication->exchange, outcome->identity, authentication->argument);
        break;
    case AUTHENTICATION_FAILED:
        log_failure(authentication);
        fail_later(authentication);
        break;
    case AUTHENTICATION_NEEDS_TLS:
        http_answer_error(authentication->exchange, 403, "log-on is possible over TLS only");
        break;
    case AUTHENTICATION_UNAVAILABLE:
        log_error("log-on not possible: the directory cannot be read");
        http_answer_error(authentication->exchange, 503, "the directory cannot be read");
        break;
    case AUTHENTICATION_MISSING:
    case AUTHENTICATION_VERIFY:
        answer_challenge(authentication);
    }
}

static void verified(struct loop_task *task)
{
    conclude(container_of(task, struct authentication, verified));
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

void authenticate(struct services *services, struct http_exchange *exchange,
                  void (*accepted)(struct http_exchange *exchange, struct identity *identity, void *argument), void *argument)
{
    const struct http_request *request = http_exchange_request(exchange);
    const char *authorization = http_request_header(request, "Authorization");
    struct authentication_request asked = {.authorization = bytes_of_string(authorization), .tls = request->tls,
                                           .peer = http_exchange_peer(exchange),
                                           .channel_binding = http_exchange_channel_binding(exchange)};
    struct authentication_outcome outcome = authenticator_check(services->authenticator, &asked,
                                                                loop_now_ms(http_exchange_loop(exchange)));
    if (outcome.result == AUTHENTICATION_ACCEPTED) { /* the way of nearly all requests: nothing allocated */
        accepted(exchange, outcome.identity, argument);
        return;
    }
    struct authentication *authentication = arena_new(http_exchange_arena(exchange), struct authentication);
    if (!authentication) {
        http_answer_error(exchange, 503, "out of memory");
        return;
    }
    *authentication = (struct authentication){.services = services, .exchange = exchange, .accepted = accepted,
                                              .argument = argument, .request = asked, .outcome = outcome,
                                              .job = {.run = verify}, .verified = {.run = verified}};
    if (outcome.result != AUTHENTICATION_VERIFY)
        conclude(authentication);
    else if (!post_verification(authentication))
        http_answer_error(exchange, 503, "too many log-ons at once");
}
