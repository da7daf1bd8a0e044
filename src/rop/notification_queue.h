/* Notifications that wait for the session's next Execute (MS-OXCNOTIF 3.1.5.5). Filled on the strand of whatever mailbox
 * changed, emptied by the session's own Execute: the one part of a ROP session that several threads touch, behind a lock
 * held for some hundred nanoseconds. Bounded: when a session does not fetch what is queued, its table's events are replaced
 * by a single 'the table has changed', and other events are dropped. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "mailbox/notification.h"

#define ROP_NOTIFICATIONS_QUEUED_MAX 1024u

struct queued_notification {
    uint32_t handle;
    uint8_t logon_id;
    struct notification *event; /* owned */
};

struct notification_queue {
    struct notification_sink sink; /* first: what mailboxes deliver to */
    pthread_mutex_t lock;
    struct queued_notification *items;
    uint32_t count;
    uint32_t capacity;
    atomic_uint pending; /* count, readable without the lock */
    void (*wake)(void *wake_context);
    void *wake_context;
};

void notification_queue_init(struct notification_queue *queue, void (*wake)(void *), void *wake_context);
void notification_queue_free(struct notification_queue *queue);
bool notification_queue_is_empty(const struct notification_queue *queue); /* any thread */
/* Takes the oldest out; false when there is none. The caller frees item->event, or puts it back where it had no room. */
bool notification_queue_take(struct notification_queue *queue, struct queued_notification *ret_item);
void notification_queue_put_back(struct notification_queue *queue, const struct queued_notification *item);
/* Forgets what is queued for a handle that was released. */
void notification_queue_drop_handle(struct notification_queue *queue, uint32_t handle);
