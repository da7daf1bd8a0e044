#include "rop/notification_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static unsigned wakes;

static void wake(void *context)
{
    (void)context;
    wakes++;
}

static void deliver_row(struct notification_queue *queue, uint32_t handle, uint64_t message_id)
{
    const struct notification event = {
        .flags = NOTIFICATION_TABLE_MODIFIED | NOTIFICATION_OF_MESSAGE,
        .table_event = TABLE_EVENT_ROW_ADDED,
        .message_id = message_id,
    };
    queue->sink.deliver(&queue->sink, handle, 0, &event);
}

static void deliver_created(struct notification_queue *queue, uint32_t handle, uint64_t message_id)
{
    const struct notification event = {
        .flags = NOTIFICATION_CREATED | NOTIFICATION_OF_MESSAGE,
        .message_id = message_id,
    };
    queue->sink.deliver(&queue->sink, handle, 3, &event);
}

static void events_come_in_order_and_wake(void **state)
{
    struct notification_queue queue;
    notification_queue_init(&queue, wake, NULL);
    wakes = 0;
    assert_true(notification_queue_is_empty(&queue));
    deliver_created(&queue, 5, 1);
    deliver_created(&queue, 6, 2);
    assert_int_equal(wakes, 2);
    assert_false(notification_queue_is_empty(&queue));
    struct queued_notification item;
    assert_true(notification_queue_take(&queue, &item));
    assert_int_equal(item.handle, 5);
    assert_int_equal(item.logon_id, 3);
    notification_queue_put_back(&queue, &item);
    assert_true(notification_queue_take(&queue, &item));
    assert_int_equal(item.event->message_id, 1);
    free(item.event);
    assert_true(notification_queue_take(&queue, &item));
    assert_int_equal(item.event->message_id, 2);
    free(item.event);
    assert_false(notification_queue_take(&queue, &item));
    assert_true(notification_queue_is_empty(&queue));
    notification_queue_free(&queue);
    (void)state;
}

static void a_full_queue_says_of_a_table_only_that_it_changed(void **state)
{
    struct notification_queue queue;
    notification_queue_init(&queue, NULL, NULL);
    for (uint32_t i = 0; i < ROP_NOTIFICATIONS_QUEUED_MAX; i++)
        deliver_row(&queue, i % 2, i);
    deliver_row(&queue, 1, 1u << 20); /* one too many: all of table 1 become one */
    deliver_row(&queue, 1, 2u << 20);
    struct queued_notification item;
    uint32_t rows = 0, changed = 0, later = 0;
    while (notification_queue_take(&queue, &item)) {
        if (item.handle == 0)
            rows++;
        else if (item.event->table_event == TABLE_EVENT_CHANGED)
            changed++;
        else
            later++;
        free(item.event);
    }
    assert_int_equal(rows, ROP_NOTIFICATIONS_QUEUED_MAX / 2);
    assert_int_equal(changed, 1);
    assert_int_equal(later, 1);
    notification_queue_free(&queue);
    (void)state;
}

static void a_full_queue_takes_no_more_events_of_objects(void **state)
{
    struct notification_queue queue;
    notification_queue_init(&queue, NULL, NULL);
    for (uint32_t i = 0; i < ROP_NOTIFICATIONS_QUEUED_MAX + 50; i++)
        deliver_created(&queue, 1, i);
    struct queued_notification item;
    uint32_t count = 0;
    while (notification_queue_take(&queue, &item)) {
        assert_int_equal(item.event->message_id, count);
        count++;
        free(item.event);
    }
    assert_int_equal(count, ROP_NOTIFICATIONS_QUEUED_MAX);
    notification_queue_free(&queue);
    (void)state;
}

static void a_released_handle_is_forgotten(void **state)
{
    struct notification_queue queue;
    notification_queue_init(&queue, NULL, NULL);
    deliver_created(&queue, 1, 1);
    deliver_created(&queue, 2, 2);
    deliver_created(&queue, 1, 3);
    notification_queue_drop_handle(&queue, 1);
    struct queued_notification item;
    assert_true(notification_queue_take(&queue, &item));
    assert_int_equal(item.event->message_id, 2);
    free(item.event);
    assert_true(notification_queue_is_empty(&queue));
    deliver_created(&queue, 1, 4); /* what is left goes with the queue */
    notification_queue_free(&queue);
    (void)state;
}

static void the_same_change_is_said_once(void **state)
{
    struct notification_queue queue;
    notification_queue_init(&queue, NULL, NULL);
    const struct notification changed = {.flags = NOTIFICATION_TABLE_MODIFIED, .table_event = TABLE_EVENT_CHANGED};
    queue.sink.deliver(&queue.sink, 1, 0, &changed);
    queue.sink.deliver(&queue.sink, 1, 0, &changed);
    queue.sink.deliver(&queue.sink, 2, 0, &changed);
    queue.sink.deliver(&queue.sink, 1, 0, &changed);
    struct queued_notification item;
    uint32_t count = 0;
    while (notification_queue_take(&queue, &item)) {
        count++;
        free(item.event);
    }
    assert_int_equal(count, 2);
    notification_queue_free(&queue);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order_and_wake),
        cmocka_unit_test(a_full_queue_says_of_a_table_only_that_it_changed),
        cmocka_unit_test(a_full_queue_takes_no_more_events_of_objects),
        cmocka_unit_test(a_released_handle_is_forgotten),
        cmocka_unit_test(the_same_change_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
