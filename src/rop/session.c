#include "rop/session.h"

#include <stdlib.h>

#include "mailbox/attachment.h"
#include "mailbox/message.h"
#include "mailbox/stream.h"
#include "mailbox/table.h"

struct rop_session *rop_session_new(struct rop_server *server, const struct rop_session_parameters *parameters)
{
    struct rop_session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    session->server = server;
    session->parameters = *parameters;
    session->objects.count_max = server->handles_per_context_max;
    notification_queue_init(&session->notifications, parameters->wake, parameters->wake_context);
    return session;
}

/* Ends what the object stands for; the object itself stays. */
static void close_object(struct rop_object *object)
{
    struct logon *logon = &object->logon->logon;
    switch (object->kind) {
    case ROP_OBJECT_MESSAGE:
        message_close(logon, object->message);
        break;
    case ROP_OBJECT_ATTACHMENT:
        attachment_close(logon, object->attachment);
        break;
    case ROP_OBJECT_STREAM:
        stream_close(logon, object->stream);
        break;
    case ROP_OBJECT_HIERARCHY_TABLE:
    case ROP_OBJECT_CONTENTS_TABLE:
    case ROP_OBJECT_ATTACHMENT_TABLE:
        table_close(logon, object->table);
        break;
    case ROP_OBJECT_SUBSCRIPTION:
        subscriptions_remove(open_mailbox_subscriptions(object->logon->mailbox), object->subscription_id);
        break;
    case ROP_OBJECT_LOGON:
    case ROP_OBJECT_FOLDER:
        break;
    }
}

/* The objects of a logon from the newest to the oldest, the logon's own last. */
static void close_objects_of(struct rop_session *session, struct rop_logon *logon)
{
    for (uint32_t i = session->objects.count; i > 0; i--) {
        struct rop_object *object = session->objects.objects[i - 1];
        if (object->logon != logon)
            continue;
        close_object(object);
        notification_queue_drop_handle(&session->notifications, object->handle);
        rop_object_map_remove(&session->objects, object);
    }
}

void rop_session_release(struct rop_session *session, struct rop_object *object)
{
    if (object->kind == ROP_OBJECT_LOGON) {
        struct rop_logon *logon = object->logon;
        close_objects_of(session, logon);
        session->logons[logon->logon_id] = NULL;
        open_mailbox_let_go(logon->mailbox); /* the execution under way has a hold of its own */
        free(logon->audit);
        free(logon);
        return;
    }
    close_object(object);
    if (object->kind & (ROP_OBJECTS_TABLE | ROP_OBJECT_SUBSCRIPTION))
        notification_queue_drop_handle(&session->notifications, object->handle);
    rop_object_map_remove(&session->objects, object);
}

/* Other than its own and folders, which hold nothing. */
static bool has_objects(const struct rop_session *session, const struct rop_logon *logon)
{
    for (uint32_t i = 0; i < session->objects.count; i++) {
        const struct rop_object *object = session->objects.objects[i];
        if (object->logon == logon && !(object->kind & (ROP_OBJECT_LOGON | ROP_OBJECT_FOLDER)))
            return true;
    }
    return false;
}

void rop_session_free(struct rop_session *session)
{
    if (!session)
        return;
    for (uint32_t i = 0; i < ROP_LOGON_IDS; i++) {
        struct rop_logon *logon = session->logons[i];
        if (!logon)
            continue;
        struct mailbox *mailbox = NULL;
        /* Objects may still write (streams on folders); where the mailbox cannot be opened they go all the same. */
        if (!has_objects(session, logon) || open_mailbox_acquire(logon->mailbox, false, &mailbox))
            open_mailbox_acquire_as_is(logon->mailbox, &mailbox);
        logon->logon.mailbox = mailbox;
        close_objects_of(session, logon);
        open_mailbox_release(logon->mailbox);
        open_mailbox_let_go(logon->mailbox);
        free(logon->audit);
        free(logon);
    }
    buffer_free(&session->per_user_upload.data);
    rop_object_map_free(&session->objects);
    notification_queue_free(&session->notifications);
    free(session);
}
