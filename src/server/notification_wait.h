/* NotificationWait: requests that stay until something happens (MS-OXCMAPIHTTP 2.2.4.4, 3.2.5.5). */
#pragma once
#include "server/mapi_context.h"

struct mapi_exchange;

/* On the exchange's loop, with an accepted ticket: answers at once when an event is pending, else parks the request. */
void notification_wait_begin(struct mapi_exchange *mapi);

/* Why a wait ends from outside. */
enum notification_wait_end { NOTIFICATION_WAIT_EVENT, NOTIFICATION_WAIT_CONTEXT_ENDED, NOTIFICATION_WAIT_SHUTDOWN };
/* Any thread; a context without a parked wait is left alone. */
void notification_wait_end(struct mapi_context *context, enum notification_wait_end end);
