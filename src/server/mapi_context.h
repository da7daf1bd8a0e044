/* What the server hangs on a session context: the ROP session, the strand it runs on, the parked NotificationWait. Made when
 * Connect or Bind makes the context, destroyed on its strand after the context has ended and its last request is back. */
#pragma once
#include <pthread.h>

#include "server/connect_client.h"
#include "server/services.h"
#include "server/session_status.h"

struct notification_wait;

struct mapi_context {
    struct services *services;
    struct session_context *session;
    struct mailbox_strand *mailbox_strand;
    _Atomic(void *) rop_session;    /* NULL at the address book, and until Connect has made it */
    bool executed;                  /* an Execute has run: the ROP session may hold something of a mailbox */
    struct strand_task destroy;
    struct mapi_context *next;      /* among the orphans */
    pthread_mutex_t wait_lock;
    struct notification_wait *wait; /* parked, or NULL; under wait_lock */
    struct connect_client client;   /* as Connect said; set before its answer */
    atomic_bool mode_refused;       /* it was logged that the mode is not allowed */
    struct session_status *status;  /* for pages, operations and logs */
};

/* Makes one for a new context and hangs it there; NULL without memory. */
struct mapi_context *mapi_context_new(struct services *services, struct session_context *session);
struct mapi_context *mapi_context_of(const struct session_ticket *ticket);

/* Hooks of the session table. */
void mapi_context_ended(void *user, struct session_context *session, enum session_end_reason reason);
void mapi_context_released(void *user, struct session_context *session);
/* Tries again to destroy contexts whose strand had no room. On the sweep, and at the end. */
void mapi_context_destroy_orphans(struct services *services);
