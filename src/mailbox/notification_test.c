/* Change events and table events (MS-OXCNOTIF). */
#include "mailbox/test_fixture.h"

#include "protocol/property.h"

struct event {
    uint32_t handle;
    uint8_t logon_id;
    struct notification *notification;
};
struct recorder {
    struct notification_sink sink;
    struct event events[1024];
    uint32_t count;
};
static struct recorder recorder;

static void record(struct notification_sink *sink, uint32_t handle, uint8_t logon_id, const struct notification *event)
{
    struct recorder *to = (struct recorder *)sink;
    assert_true(to->count < 1024);
    to->events[to->count++] = (struct event){handle, logon_id, notification_copy(event)};
}

static void forget(void)
{
    for (uint32_t i = 0; i < recorder.count; i++)
        free(recorder.events[i].notification);
    recorder.count = 0;
    recorder.sink.deliver = record;
}

static int setup(void **state)
{
    forget();
    return fixture_setup(state);
}
static int teardown(void **state)
{
    forget();
    return fixture_teardown(state);
}
#define NOTIFICATION_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static uint64_t subscribe(uint32_t handle, uint16_t types, bool whole_store, uint64_t folder_id, uint64_t message_id)
{
    struct notification_target target = {&recorder.sink, handle, 3};
    uint64_t id = 0;
    assert_ok(subscriptions_add(fixture.subscriptions, &target, types, whole_store, folder_id, message_id, &id));
    return id;
}

/* The n-th event of a handle. */
static const struct notification *event_of(uint32_t handle, uint32_t n)
{
    for (uint32_t i = 0; i < recorder.count; i++)
        if (recorder.events[i].handle == handle && n-- == 0)
            return recorder.events[i].notification;
    fail_msg("no such event of %u among %u", handle, recorder.count);
    return NULL;
}
static uint32_t count_of(uint32_t handle)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < recorder.count; i++)
        count += recorder.events[i].handle == handle;
    return count;
}

#define EVERYTHING 0x7E

static void the_life_of_a_message(void **state)
{
    subscribe(1, EVERYTHING, true, 0, 0);
    uint64_t id = saved_message(INBOX, "x"), moved[1];
    bool partial;
    assert_int_equal(count_of(1), 2);
    const struct notification *created = event_of(1, 0), *counts = event_of(1, 1);
    assert_int_equal(created->flags, NOTIFICATION_CREATED | NOTIFICATION_OF_MESSAGE);
    assert_true(created->folder_id == INBOX && created->message_id == id);
    assert_int_equal(recorder.events[0].logon_id, 3);
    assert_int_equal(counts->flags,
        NOTIFICATION_MODIFIED | NOTIFICATION_HAS_TOTAL | NOTIFICATION_HAS_UNREAD); /* MS-OXCNOTIF R114, MS-OXCNOTIF R117 */
    assert_true(counts->folder_id == INBOX && counts->total_count == 1 && counts->unread_count == 0);
    forget();
    assert_ok(folder_set_read_flags(LOGON, INBOX, READ_FLAG_CLEAR_READ | READ_FLAG_SUPPRESS_RECEIPT, &id, 1, &partial));
    assert_int_equal(event_of(1, 0)->flags, NOTIFICATION_MODIFIED | NOTIFICATION_OF_MESSAGE);
    assert_int_equal(event_of(1, 1)->unread_count, 1);
    forget();
    assert_ok(folder_move_copy_messages(LOGON, INBOX, DRAFTS, &id, 1, false, moved, &partial));
    assert_int_equal(count_of(1), 3); /* the move, and the counts of both folders */
    assert_int_equal(event_of(1, 0)->flags, NOTIFICATION_MOVED | NOTIFICATION_OF_MESSAGE);
    assert_true(event_of(1, 0)->folder_id == DRAFTS && event_of(1, 0)->old_folder_id == INBOX);
    assert_true(event_of(1, 0)->message_id == moved[0] && event_of(1, 0)->old_message_id == id);
    forget();
    assert_ok(folder_delete_messages(LOGON, DRAFTS, moved, 1, false, &partial));
    assert_int_equal(event_of(1, 0)->flags, NOTIFICATION_DELETED | NOTIFICATION_OF_MESSAGE);
    forget();
    assert_ok(folder_delete_messages(LOGON, DRAFTS, moved, 1, true, &partial)); /* it was gone for clients already */
    assert_int_equal(recorder.count, 0);
}

static void folders_and_scopes(void **state)
{
    subscribe(1, EVERYTHING, true, 0, 0);
    subscribe(2, EVERYTHING, false, INBOX, 0);
    subscribe(3, EVERYTHING, false, DRAFTS, 0);
    subscribe(4, NOTIFICATION_DELETED, true, 0, 0);
    uint64_t folder_id = new_folder(INBOX, "A");
    bool partial;
    assert_true(event_of(1, 0)->folder_id == folder_id && event_of(1, 0)->parent_folder_id == INBOX);
    assert_int_equal(event_of(2, 0)->flags, NOTIFICATION_CREATED);
    assert_int_equal(count_of(3) + count_of(4), 0);
    forget();
    assert_ok(folder_move(LOGON, INBOX, folder_id, DRAFTS, BYTES_NONE, &partial));
    assert_int_equal(event_of(1, 0)->flags, NOTIFICATION_MOVED);
    assert_true(event_of(1, 0)->old_parent_folder_id == INBOX && event_of(1, 0)->parent_folder_id == DRAFTS);
    assert_true(count_of(2) == 1 && count_of(3) == 1);
    forget();
    set_property(OBJECT_OF_FOLDER(folder_id), text_property(PID_TAG_COMMENT, "c"));
    assert_int_equal(event_of(3, 0)->flags, NOTIFICATION_MODIFIED);
    forget();
    assert_ok(folder_copy(LOGON, DRAFTS, folder_id, INBOX, true, BYTES_NONE, &partial));
    assert_int_equal(event_of(1, 0)->flags, NOTIFICATION_COPIED);
    forget();
    assert_ok(folder_delete(LOGON, DRAFTS, folder_id, 5, &partial));
    assert_int_equal(count_of(4), 1);
}

static void one_message_only(void **state)
{
    uint64_t a = saved_message(INBOX, "a"), b = saved_message(INBOX, "b");
    bool partial;
    subscribe(1, EVERYTHING, false, INBOX, a);
    assert_ok(folder_delete_messages(LOGON, INBOX, &b, 1, false, &partial));
    assert_int_equal(recorder.count, 0);
    assert_ok(folder_delete_messages(LOGON, INBOX, &a, 1, false, &partial));
    assert_int_equal(count_of(1), 1);
}

static void events_wait_for_the_commit(void **state)
{
    subscribe(1, EVERYTHING, true, 0, 0);
    assert_ok(mailbox_begin(fixture.mailbox));
    assert_ok(mailbox_savepoint(fixture.mailbox));
    saved_message(INBOX, "kept");
    assert_ok(mailbox_savepoint_keep(fixture.mailbox));
    assert_ok(mailbox_savepoint(fixture.mailbox));
    saved_message(INBOX, "undone");
    mailbox_savepoint_rollback(fixture.mailbox);
    assert_int_equal(recorder.count, 0);
    assert_ok(mailbox_commit(fixture.mailbox));
    assert_int_equal(count_of(1), 2);
    forget();
    assert_ok(mailbox_begin(fixture.mailbox));
    saved_message(INBOX, "rolled back");
    mailbox_rollback(fixture.mailbox);
    assert_ok(mailbox_begin(fixture.mailbox));
    saved_message(INBOX, "lost");
    store_failing_plan(fixture.store, STORE_CALL_COMMIT, 1, 1, STORE_DISK_FULL);
    assert_int_equal(mailbox_commit(fixture.mailbox), EC_OUT_OF_DISK);
    assert_int_equal(recorder.count, 0);
}

static void removed_ones_are_silent(void **state)
{
    struct recorder other = {.sink = {record}};
    struct notification_target target = {&other.sink, 9, 0};
    uint64_t id = subscribe(1, EVERYTHING, true, 0, 0), other_id;
    assert_ok(subscriptions_add(fixture.subscriptions, &target, EVERYTHING, true, 0, 0, &other_id));
    subscriptions_remove(fixture.subscriptions, id);
    subscriptions_remove(fixture.subscriptions, id);
    subscriptions_remove_sink(fixture.subscriptions, &other.sink);
    assert_true(subscriptions_is_empty(fixture.subscriptions));
    saved_message(INBOX, "x");
    assert_int_equal(recorder.count + other.count, 0);
}

static struct table *watched(uint64_t folder_id, bool hierarchy, uint8_t flags, uint32_t handle)
{
    struct table *table;
    uint32_t count, tag = hierarchy ? PID_TAG_DISPLAY_NAME : PID_TAG_SUBJECT, n, d;
    struct notification_target target = {&recorder.sink, handle, 0};
    if (hierarchy)
        assert_ok(table_open_hierarchy(LOGON, folder_id, flags, &table, &count));
    else
        assert_ok(table_open_contents(LOGON, folder_id, flags, &table, &count));
    assert_ok(table_set_columns(table, &tag, 1));
    if (!hierarchy) {
        struct table_sort_order order = {PID_TAG_SUBJECT, 0};
        assert_ok(table_sort(LOGON, table, &order, 1, 0, 0));
    }
    assert_ok(table_subscribe(LOGON, table, &target));
    assert_ok(table_position(LOGON, table, &n, &d)); /* MS-OXCNOTIF R251: the view is made */
    return table;
}

static void rows_come_with_their_columns_and_place(void **state)
{
    uint64_t a = saved_message(INBOX, "a"), c = saved_message(INBOX, "c");
    bool partial;
    struct table *table = watched(INBOX, false, 0, 1);
    uint64_t b = saved_message(INBOX, "b");
    const struct notification *event = event_of(1, 0);
    assert_int_equal(count_of(1), 1);
    assert_int_equal(event->flags, NOTIFICATION_TABLE_MODIFIED | NOTIFICATION_OF_MESSAGE);
    assert_int_equal(event->table_event, TABLE_EVENT_ROW_ADDED);
    assert_true(event->folder_id == INBOX && event->message_id == b);
    assert_true(event->insert_after_folder_id == INBOX && event->insert_after_message_id == a);
    assert_int_equal(event->row.count, 1);
    assert_string_equal(utf8(event->row.values[0].bytes), "b");
    forget();
    struct message *message = open_message(INBOX, c, MESSAGE_OPEN_READ_WRITE);
    set_property(OBJECT_OF_MESSAGE(message), text_property(PID_TAG_SUBJECT, "0"));
    save(message);
    message_close(LOGON, message);
    event = event_of(1, 0);
    assert_int_equal(event->table_event, TABLE_EVENT_ROW_MODIFIED);
    assert_true(event->insert_after_message_id == 0 && event->insert_after_folder_id == 0); /* it is the first row now */
    forget();
    assert_ok(folder_delete_messages(LOGON, INBOX, &b, 1, false, &partial));
    event = event_of(1, 0);
    assert_int_equal(event->table_event, TABLE_EVENT_ROW_DELETED);
    assert_int_equal(event->row.count, 0);
    forget();
    table_close(LOGON, table);
    assert_true(subscriptions_is_empty(fixture.subscriptions));
    saved_message(INBOX, "d");
    assert_int_equal(recorder.count, 0);
}

static void a_restricted_table_tells_of_its_own_rows(void **state)
{
    struct table *table = watched(INBOX, false, 0, 1);
    struct property_value two = value_integer32(PID_TAG_IMPORTANCE, 2);
    struct restriction important = {
        .type = RESTRICTION_TYPE_PROPERTY, .property = {RELATIONAL_OPERATOR_EQUAL, two.tag, two}};
    uint32_t n, d;
    assert_ok(table_restrict(LOGON, table, &important));
    assert_ok(table_position(LOGON, table, &n, &d));
    uint64_t id = saved_message(INBOX, "x");
    assert_int_equal(count_of(1), 0);
    struct message *message = open_message(INBOX, id, MESSAGE_OPEN_READ_WRITE);
    set_property(OBJECT_OF_MESSAGE(message), two);
    save(message);
    assert_int_equal(event_of(1, 0)->table_event, TABLE_EVENT_ROW_MODIFIED);
    forget();
    set_property(OBJECT_OF_MESSAGE(message), value_integer32(PID_TAG_IMPORTANCE, 0));
    save(message);
    assert_int_equal(event_of(1, 0)->table_event, TABLE_EVENT_ROW_DELETED);
    forget();
    set_property(OBJECT_OF_MESSAGE(message), two);
    set_property(OBJECT_OF_MESSAGE(message), text_property(PID_TAG_SUBJECT, "a"));
    save(message);
    message_close(LOGON, message);
    saved_message(INBOX, "b"); /* not shown */
    forget();
    message = new_message(INBOX, "c");
    set_property(OBJECT_OF_MESSAGE(message), two);
    uint64_t c = save(message);
    message_close(LOGON, message);
    assert_int_equal(event_of(1, 0)->table_event, TABLE_EVENT_ROW_ADDED);
    assert_true(event_of(1, 0)->message_id == c &&
                event_of(1, 0)->insert_after_message_id == id); /* the one before it that is shown */
    assert_ok(mailbox_begin(fixture.mailbox));
    for (int i = 0; i < 300; i++)
        saved_message(INBOX, "d");
    assert_ok(mailbox_commit(fixture.mailbox));
    forget();
    message = new_message(INBOX, "e");
    set_property(OBJECT_OF_MESSAGE(message), two);
    save(message);
    message_close(LOGON, message);
    assert_int_equal(event_of(1, 0)->table_event, TABLE_EVENT_CHANGED); /* too far to look: MS-OXCNOTIF R270 */
    table_close(LOGON, table);
}

static void tables_that_do_not_tell(void **state)
{
    struct table *quiet = watched(INBOX, false, TABLE_NO_NOTIFICATIONS, 1); /* MS-OXCNOTIF R258 */
    struct table *other = watched(DRAFTS, false, 0, 2), *associated = watched(INBOX, false, TABLE_ASSOCIATED, 3),
                 *reset = watched(INBOX, false, 0, 4);
    assert_ok(table_reset(reset)); /* MS-OXCNOTIF R272 */
    saved_message(INBOX, "x");
    assert_int_equal(recorder.count, 0);
    uint32_t tag = PID_TAG_SUBJECT, n, d;
    assert_ok(table_set_columns(reset, &tag, 1));
    assert_ok(table_position(LOGON, reset, &n, &d)); /* MS-OXCNOTIF R280: a new view, and it goes on */
    saved_message(INBOX, "y");
    assert_int_equal(count_of(4), 1);
    assert_int_equal(recorder.count, 1);
    table_close(LOGON, quiet);
    table_close(LOGON, other);
    table_close(LOGON, associated);
    table_close(LOGON, reset);
}

static void many_changes_are_one_event(void **state)
{
    struct table *table = watched(INBOX, false, 0, 1);
    assert_ok(mailbox_begin(fixture.mailbox));
    for (int i = 0; i < 100; i++)
        saved_message(INBOX, "x");
    assert_ok(mailbox_commit(fixture.mailbox));
    assert_int_equal(count_of(1), 1);
    assert_int_equal(event_of(1, 0)->table_event, TABLE_EVENT_CHANGED); /* MS-OXCNOTIF R270 */
    table_close(LOGON, table);
}

static void hierarchy_rows(void **state)
{
    struct table *table = watched(INBOX, true, 0, 1),
                 *deep = watched(special_folder_id(SPECIAL_FOLDER_ROOT), true, TABLE_DEPTH, 2);
    uint64_t b = new_folder(INBOX, "b"), a = new_folder(INBOX, "a");
    bool partial;
    assert_int_equal(event_of(1, 0)->flags, NOTIFICATION_TABLE_MODIFIED);
    assert_int_equal(event_of(1, 1)->table_event, TABLE_EVENT_ROW_ADDED);
    assert_true(event_of(1, 1)->folder_id == a && event_of(1, 1)->insert_after_folder_id == 0);
    assert_string_equal(utf8(event_of(1, 0)->row.values[0].bytes), "b");
    assert_int_equal(count_of(2), 2);
    forget();
    saved_message(b, "x"); /* its counts are columns of its row */
    assert_int_equal(event_of(1, 0)->table_event, TABLE_EVENT_ROW_MODIFIED);
    assert_true(event_of(1, 0)->folder_id == b && event_of(1, 0)->insert_after_folder_id == a);
    forget();
    assert_ok(folder_move(LOGON, INBOX, a, DRAFTS, BYTES_NONE, &partial));
    assert_int_equal(event_of(1, 0)->table_event, TABLE_EVENT_ROW_DELETED);
    assert_int_equal(event_of(2, 0)->table_event, TABLE_EVENT_ROW_MODIFIED);
    forget();
    assert_ok(folder_delete(LOGON, INBOX, b, 5, &partial));
    assert_int_equal(event_of(1, 0)->table_event, TABLE_EVENT_ROW_DELETED);
    table_close(LOGON, table);
    table_close(LOGON, deep);
}

static void a_registry_that_goes_before_its_tables(void **state)
{
    struct table *table = watched(INBOX, false, 0, 1);
    mailbox_close(fixture.mailbox);
    subscriptions_free(fixture.subscriptions);
    fixture.subscriptions = subscriptions_new();
    fixture_open();
    saved_message(INBOX, "x");
    assert_int_equal(recorder.count, 0);
    table_close(LOGON, table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NOTIFICATION_TEST(the_life_of_a_message),
        NOTIFICATION_TEST(folders_and_scopes),
        NOTIFICATION_TEST(one_message_only),
        NOTIFICATION_TEST(events_wait_for_the_commit),
        NOTIFICATION_TEST(removed_ones_are_silent),
        NOTIFICATION_TEST(rows_come_with_their_columns_and_place),
        NOTIFICATION_TEST(a_restricted_table_tells_of_its_own_rows),
        NOTIFICATION_TEST(tables_that_do_not_tell),
        NOTIFICATION_TEST(many_changes_are_one_event),
        NOTIFICATION_TEST(hierarchy_rows),
        NOTIFICATION_TEST(a_registry_that_goes_before_its_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
