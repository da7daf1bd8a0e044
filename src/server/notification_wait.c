#include "server/notification_wait.h"

#include <stdlib.h>

#include "protocol/error_code.h"
#include "protocol/mailbox_body.h"

/* Freed with its request. Whoever takes it out of its context (under the lock) ends it: the timer and the breaking of
 * the connection on the loop, or any other thread by posting 'wake'. */
struct notification_wait {
    struct mapi_exchange *mapi;
    struct mapi_context *context;
    struct loop_timer timer;
    struct loop_task wake;
    enum notification_wait_end end;
};

void notification_wait_forget(struct mapi_exchange *mapi)
{
    http_exchange_set_callbacks(mapi->exchange, &(struct http_exchange_callbacks){0}); /* they name the wait */
    free(mapi->wait);
    mapi->wait = NULL;
}

static void answer(struct mapi_exchange *mapi, uint32_t error, bool event_pending)
{
    struct notification_wait_success body = {.error_code = error, .event_pending = event_pending};
    mapi_exchange_encode(mapi, &notification_wait_success_structure, &body);
    mapi_exchange_finish(mapi);
}

/* True for the one caller that may end it. */
static bool take(struct mapi_context *context, const struct notification_wait *wait)
{
    pthread_mutex_lock(&context->wait_lock);
    bool taken = context->wait == wait;
    if (taken)
        context->wait = NULL;
    pthread_mutex_unlock(&context->wait_lock);
    return taken;
}

/* On the loop, by whoever has taken it. */
static void unpark(struct notification_wait *wait)
{
    loop_timer_stop(&wait->timer);
    atomic_fetch_sub(&wait->context->services->parked_waits, 1);
}

static void woken(struct loop_task *task)
{
    struct notification_wait *wait = container_of(task, struct notification_wait, wake);
    struct mapi_exchange *mapi = wait->mapi;
    unpark(wait);
    switch (wait->end) {
    case NOTIFICATION_WAIT_EVENT:
        answer(mapi, EC_SUCCESS, true);
        break;
    case NOTIFICATION_WAIT_CONTEXT_ENDED:
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_CONTEXT_NOT_FOUND, "the session context has ended");
        break;
    case NOTIFICATION_WAIT_SHUTDOWN: /* MS-OXCRPC R1345 */
        answer(mapi, EC_EXITING, false);
    }
}

static void timed_out(struct loop_timer *timer)
{
    struct notification_wait *wait = container_of(timer, struct notification_wait, timer);
    if (!take(wait->context, wait))
        return;
    unpark(wait);
    answer(wait->mapi, EC_SUCCESS, false);
}

/* The client is gone: its next wait must not be refused because of this one. */
static void broken(struct http_exchange *exchange, void *argument)
{
    struct notification_wait *wait = argument;
    if (!take(wait->context, wait))
        return;
    unpark(wait);
    answer(wait->mapi, EC_SUCCESS, false);
}

void notification_wait_end(struct mapi_context *context, enum notification_wait_end end)
{
    pthread_mutex_lock(&context->wait_lock);
    struct notification_wait *wait = context->wait;
    context->wait = NULL;
    pthread_mutex_unlock(&context->wait_lock);
    if (wait) {
        wait->end = end;
        loop_post(http_exchange_loop(wait->mapi->exchange), &wait->wake);
    }
}

void notification_wait_wake(void *context)
{
    notification_wait_end(context, NOTIFICATION_WAIT_EVENT);
}

void notification_wait_shut_down(struct session_context *session, void *argument)
{
    struct mapi_context *context = session_context_attachment(session);
    if (context)
        notification_wait_end(context, NOTIFICATION_WAIT_SHUTDOWN);
}

static bool event_pending(const struct mapi_context *context)
{
    const struct rop_executor *executor = &context->services->executor;
    void *rop_session = atomic_load(&context->rop_session); /* a wait may come while Connect still runs */
    return rop_session && executor->event_pending(executor->user, rop_session);
}

static void park(struct mapi_exchange *mapi, struct mapi_context *context, struct notification_wait *wait)
{
    struct services *services = mapi->services;
    *wait = (struct notification_wait){.mapi = mapi, .context = context, .wake = {.run = woken}};
    mapi->wait = wait;
    http_exchange_set_callbacks(mapi->exchange, &(struct http_exchange_callbacks){.broken = broken, .argument = wait});
    bool there = mapi_exchange_stream(mapi);
    session_status_set_waiting(context->status);
    mapi_exchange_keep_strings(mapi); /* the request goes */
    mapi->body = NULL;
    arena_free(&mapi->arena);
    http_exchange_forget_request(mapi->exchange);
    loop_timer_start(http_exchange_loop(mapi->exchange), &wait->timer, atomic_load(&services->config)->notification_wait_ms,
                     timed_out);
    pthread_mutex_lock(&context->wait_lock);
    context->wait = wait;
    pthread_mutex_unlock(&context->wait_lock);
    /* What happened between the first look and this line must not be missed, and neither must the end of the context. */
    if (!there)
        broken(mapi->exchange, wait);
    else if (event_pending(context))
        notification_wait_end(context, NOTIFICATION_WAIT_EVENT);
    else if (session_context_ended(services->sessions, context->session))
        notification_wait_end(context, NOTIFICATION_WAIT_CONTEXT_ENDED);
    else if (atomic_load(&services->draining))
        notification_wait_end(context, NOTIFICATION_WAIT_SHUTDOWN);
}

void notification_wait_begin(struct mapi_exchange *mapi)
{
    struct services *services = mapi->services;
    struct mapi_context *context = mapi_context_of(&mapi->ticket);
    if (!mapi->ticket.accepted) { /* MS-OXCRPC R1343 */
        answer(mapi, EC_REJECTED, false);
        return;
    }
    if (event_pending(context)) {
        answer(mapi, EC_SUCCESS, true);
        return;
    }
    struct notification_wait *wait = malloc(sizeof *wait);
    if (!wait || atomic_fetch_add(&services->parked_waits, 1) >= atomic_load(&services->config)->parked_waits_max) {
        if (wait)
            atomic_fetch_sub(&services->parked_waits, 1);
        free(wait);
        answer(mapi, EC_REJECTED, false); /* the client polls instead */
        return;
    }
    park(mapi, context, wait);
}
