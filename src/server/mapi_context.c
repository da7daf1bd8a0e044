#include "server/mapi_context.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/notification_wait.h"

struct mapi_context *mapi_context_of(const struct session_ticket *ticket)
{
    return session_context_attachment(ticket->context);
}

static void free_context(struct mapi_context *context)
{
    struct mailbox_strand *strand = context->mailbox_strand;
    session_context_free(context->session);
    session_status_release(context->status);
    pthread_mutex_destroy(&context->wait_lock);
    free(context);
    mailbox_strand_release(strand); /* last: while this is the running task, no other strand of the mailbox may begin */
}

static void destroy_now(struct mapi_context *context)
{
    struct rop_executor *executor = &context->services->executor;
    if (context->rop_session)
        executor->session_destroy(executor->user, context->rop_session);
    free_context(context);
}

static enum strand_result destroy(struct strand_task *task)
{
    destroy_now(container_of(task, struct mapi_context, destroy));
    return STRAND_DONE;
}

struct mapi_context *mapi_context_new(struct services *services, struct session_context *session)
{
    struct mapi_context *context = calloc(1, sizeof *context);
    if (!context)
        return NULL;
    context->mailbox_strand = mailbox_strand_acquire(services->strands, session_context_user(session)->mailbox_guid);
    if (!context->mailbox_strand) {
        free(context);
        return NULL;
    }
    context->status = session_status_new(services->session_registry, session);
    if (!context->status) {
        mailbox_strand_release(context->mailbox_strand);
        free(context);
        return NULL;
    }
    context->services = services;
    context->session = session;
    context->destroy.run = destroy;
    pthread_mutex_init(&context->wait_lock, NULL);
    session_context_set_attachment(session, context);
    return context;
}

void mapi_context_ended(void *user, struct session_context *session, enum session_end_reason reason)
{
    struct mapi_context *context = session_context_attachment(session);
    if (reason == SESSION_END_CAP || reason == SESSION_END_ADMINISTRATOR)
        log_info("context of %s ended: %s", session_context_user(session)->account, session_end_reason_text(reason));
    else
        log_debug("context of %s ended: %s", session_context_user(session)->account, session_end_reason_text(reason));
    if (!context)
        return;
    session_status_ended(context->status, reason);
    notification_wait_end(context, reason == SESSION_END_SHUTDOWN ? NOTIFICATION_WAIT_SHUTDOWN
                                                                  : NOTIFICATION_WAIT_CONTEXT_ENDED);
}

static void keep_orphan(struct mapi_context *context)
{
    struct services *services = context->services;
    pthread_mutex_lock(&services->orphans_lock);
    context->next = services->orphans;
    services->orphans = context;
    pthread_mutex_unlock(&services->orphans_lock);
}

void mapi_context_released(void *user, struct session_context *session)
{
    struct services *services = user;
    struct mapi_context *context = session_context_attachment(session);
    if (!context)
        session_context_free(session);
    else if (!context->executed || atomic_load(&services->stopping))
        destroy_now(context);
    else if (!strand_post(mailbox_strand_strand(context->mailbox_strand), &context->destroy))
        keep_orphan(context);
}

void mapi_context_destroy_orphans(struct services *services)
{
    pthread_mutex_lock(&services->orphans_lock);
    struct mapi_context *orphans = services->orphans;
    services->orphans = NULL;
    pthread_mutex_unlock(&services->orphans_lock);
    for (struct mapi_context *context = orphans, *next; context; context = next) {
        next = context->next;
        mapi_context_released(services, context->session);
    }
}
