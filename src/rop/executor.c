#include "rop/executor.h"

#include <stdlib.h>

#include "base/limits.h"
#include "protocol/error_code.h"
#include "rop/execute.h"
#include "rop/session.h"

struct rop_server *rop_server_new(const struct rop_server_settings *settings)
{
    struct rop_server *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    server->directory = settings->directory;
    server->handles_per_context_max =
        settings->handles_per_context_max ? settings->handles_per_context_max : HANDLES_PER_CONTEXT_MAX;
    server->mailboxes = open_mailboxes_new(
        settings->store, settings->open_mailboxes_max ? settings->open_mailboxes_max : ROP_OPEN_MAILBOXES_DEFAULT);
    if (!server->mailboxes) {
        free(server);
        return NULL;
    }
    return server;
}

void rop_server_free(struct rop_server *server)
{
    if (!server)
        return;
    open_mailboxes_free(server->mailboxes);
    free(server);
}

static uint32_t session_create(void *user, const struct rop_session_parameters *parameters, void **ret_session)
{
    struct rop_session *session = rop_session_new(user, parameters);
    if (!session)
        return EC_OUT_OF_MEMORY;
    *ret_session = session;
    return 0;
}

static void session_destroy(void *user, void *session)
{
    (void)user;
    rop_session_free(session);
}

static enum rop_execution_state execute(void *user, void *session, struct rop_execution *execution)
{
    (void)user;
    return rop_execute(session, execution);
}

static bool event_pending(void *user, void *session)
{
    (void)user;
    const struct rop_session *rop_session = session;
    return !notification_queue_is_empty(&rop_session->notifications);
}

struct rop_executor rop_server_executor(struct rop_server *server)
{
    return (struct rop_executor){
        .user = server,
        .session_create = session_create,
        .session_destroy = session_destroy,
        .execute = execute,
        .event_pending = event_pending,
    };
}
