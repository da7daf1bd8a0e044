/* NotificationWait: requests that stay until something happens (MS-OXCMAPIHTTP 2.2.4.4, 3.2.5.5). A parked one holds its
 * exchange, a timer and some hundred bytes; no thread. */
#pragma once
#include "server/mapi_exchange.h"

/* On the exchange's loop: answers at once when an event is pending, else parks the request. Without an accepted ticket (a
 * second wait): Rejected. */
void notification_wait_begin(struct mapi_exchange *mapi);

/* Frees what a parked wait was, with its request. On the loop. */
void notification_wait_forget(struct mapi_exchange *mapi);

/* Why a wait ends before its time. */
enum notification_wait_end {
    NOTIFICATION_WAIT_EVENT,
    NOTIFICATION_WAIT_CONTEXT_ENDED,
    NOTIFICATION_WAIT_SHUTDOWN,
};
/* Any thread; a context without a parked wait is left alone. */
void notification_wait_end(struct mapi_context *context, enum notification_wait_end end);
/* For session_for_each: ends the context's wait with Exiting. */
void notification_wait_shut_down(struct session_context *session, void *argument);
/* The wake callback of ROP sessions; 'context' is a struct mapi_context. */
void notification_wait_wake(void *context);
