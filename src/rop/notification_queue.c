#include "rop/notification_queue.h"

#include <stdlib.h>
#include <string.h>

/* Under the lock: keeps only the items that 'handle' does not own. */
static void drop_handle(struct notification_queue *queue, uint32_t handle)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < queue->count; i++) {
        if (queue->items[i].handle == handle)
            free(queue->items[i].event);
        else
            queue->items[kept++] = queue->items[i];
    }
    queue->count = kept;
}

static bool make_room(struct notification_queue *queue)
{
    if (queue->count < queue->capacity)
        return true;
    if (queue->count >= ROP_NOTIFICATIONS_QUEUED_MAX)
        return false;
    uint32_t capacity = queue->capacity ? queue->capacity * 2 : 8;
    struct queued_notification *items = realloc(queue->items, capacity * sizeof *items);
    if (!items)
        return false;
    queue->items = items;
    queue->capacity = capacity;
    return true;
}

static bool is_table_changed(const struct notification *event)
{
    return (event->flags & NOTIFICATION_TABLE_MODIFIED) && event->table_event == TABLE_EVENT_CHANGED;
}

/* A second 'changed' of the same table says nothing new. */
static bool is_repeated(const struct notification_queue *queue, uint32_t handle, const struct notification *event)
{
    if (!is_table_changed(event))
        return false;
    for (uint32_t i = queue->count; i > 0; i--) {
        if (queue->items[i - 1].handle == handle)
            return is_table_changed(queue->items[i - 1].event);
    }
    return false;
}

static void deliver(struct notification_sink *sink, uint32_t handle, uint8_t logon_id, const struct notification *event)
{
    struct notification_queue *queue = (struct notification_queue *)sink;
    struct notification changed = {
        .flags = NOTIFICATION_TABLE_MODIFIED,
        .table_event = TABLE_EVENT_CHANGED,
    };
    pthread_mutex_lock(&queue->lock);
    if (!is_repeated(queue, handle, event)) {
        bool room = make_room(queue);
        if (!room && (event->flags & NOTIFICATION_TABLE_MODIFIED)) {
            drop_handle(queue, handle);
            room = make_room(queue);
            event = &changed;
        }
        struct notification *copy = room ? notification_copy(event) : NULL;
        if (copy)
            queue->items[queue->count++] = (struct queued_notification){handle, logon_id, copy};
    }
    atomic_store(&queue->pending, queue->count);
    bool wake = queue->count > 0;
    pthread_mutex_unlock(&queue->lock);
    if (wake && queue->wake)
        queue->wake(queue->wake_context);
}

void notification_queue_init(struct notification_queue *queue, void (*wake)(void *), void *wake_context)
{
    *queue = (struct notification_queue){.sink.deliver = deliver, .wake = wake, .wake_context = wake_context};
    pthread_mutex_init(&queue->lock, NULL);
}

void notification_queue_free(struct notification_queue *queue)
{
    for (uint32_t i = 0; i < queue->count; i++)
        free(queue->items[i].event);
    free(queue->items);
    pthread_mutex_destroy(&queue->lock);
}

bool notification_queue_is_empty(const struct notification_queue *queue)
{
    return atomic_load(&queue->pending) == 0;
}

bool notification_queue_take(struct notification_queue *queue, struct queued_notification *ret_item)
{
    pthread_mutex_lock(&queue->lock);
    bool found = queue->count > 0;
    if (found) {
        *ret_item = queue->items[0];
        queue->count--;
        memmove(queue->items, queue->items + 1, queue->count * sizeof *queue->items);
        atomic_store(&queue->pending, queue->count);
    }
    pthread_mutex_unlock(&queue->lock);
    return found;
}

void notification_queue_put_back(struct notification_queue *queue, const struct queued_notification *item)
{
    pthread_mutex_lock(&queue->lock);
    if (make_room(queue)) {
        memmove(queue->items + 1, queue->items, queue->count * sizeof *queue->items);
        queue->items[0] = *item;
        queue->count++;
        atomic_store(&queue->pending, queue->count);
    } else {
        free(item->event);
    }
    pthread_mutex_unlock(&queue->lock);
}

void notification_queue_drop_handle(struct notification_queue *queue, uint32_t handle)
{
    pthread_mutex_lock(&queue->lock);
    drop_handle(queue, handle);
    atomic_store(&queue->pending, queue->count);
    pthread_mutex_unlock(&queue->lock);
}
