/* The failing store: it fails exactly as planned, and whatever call fails in the middle of work, nothing half-done stays. */
#include "store/contract.h"

static void the_nth_call_of_a_kind_fails(void **state)
{
    struct bytes value = BYTES_LITERAL("untouched");
    assert_ok(store_meta_set(fixture.mailbox, "a", BYTES_LITERAL("1")));
    store_failing_plan(fixture.failing, STORE_CALL_META_GET, 2, 2, STORE_DISK_FULL);
    assert_ok(store_meta_get(fixture.mailbox, &fixture.arena, "a", &value));
    assert_false(store_failing_has_failed(fixture.failing));
    value = BYTES_LITERAL("untouched");
    assert_ok(store_meta_set(fixture.mailbox, "a", BYTES_LITERAL("2"))); /* another kind */
    assert_int_equal(store_meta_get(fixture.mailbox, &fixture.arena, "a", &value), STORE_DISK_FULL);
    assert_int_equal(store_meta_get(fixture.mailbox, &fixture.arena, "a", &value), STORE_DISK_FULL);
    assert_bytes(value, BYTES_LITERAL("untouched"));
    assert_true(store_failing_has_failed(fixture.failing));
    assert_ok(store_meta_get(fixture.mailbox, &fixture.arena, "a", &value));
    assert_bytes(value, BYTES_LITERAL("2"));
    assert_int_equal(store_failing_calls(fixture.failing, STORE_CALL_META_GET), 4);
    assert_int_equal(store_failing_calls(fixture.failing, STORE_CALL_ANY), 5);
}

static void a_failed_commit_rolls_back(void **state)
{
    struct bytes value;
    assert_ok(store_begin(fixture.mailbox));
    assert_ok(store_meta_set(fixture.mailbox, "a", BYTES_LITERAL("1")));
    store_failing_plan(fixture.failing, STORE_CALL_COMMIT, 1, 1, STORE_IO_ERROR);
    assert_int_equal(store_commit(fixture.mailbox), STORE_IO_ERROR);
    assert_false(store_in_transaction(fixture.mailbox));
    assert_int_equal(store_meta_get(fixture.mailbox, &fixture.arena, "a", &value), STORE_NOT_FOUND);
}

static void opening_fails_too(void **state)
{
    struct store_mailbox *mailbox = NULL;
    store_failing_plan(fixture.failing, STORE_CALL_MAILBOX_OPEN, 1, 1, STORE_BUSY);
    assert_int_equal(store_mailbox_open(fixture.store, fixture.guid, &mailbox), STORE_BUSY);
    assert_null(mailbox);
    assert_ok(store_mailbox_open(fixture.store, fixture.guid, &mailbox));
    store_mailbox_release(mailbox);
}

/* Some work of one request: a transaction with two steps. The first status that is not OK ends it. */
static enum store_status work(uint64_t root)
{
    struct store_message_write write = message_write(root, "m", 1);
    struct store_view view;
    struct store_transfer transfer = {write.message_id, ID(fixture.next + 100), ID(fixture.next + 101), false};
    uint64_t value_id, id = write.message_id;
    bool changed;
    enum store_status status = store_begin(fixture.mailbox);
    if (status == STORE_OK)
        status = store_savepoint(fixture.mailbox, "rop");
    if (status == STORE_OK)
        status = store_value_create(fixture.mailbox, &value_id);
    if (status == STORE_OK)
        status = store_value_write(fixture.mailbox, value_id, 0, BYTES_LITERAL("streamed"));
    struct store_value value = {.tag = TAG_ATTACH_DATA, .value_id = status == STORE_OK ? value_id : 0};
    write.content.values = &value;
    write.content.value_count = 1;
    if (status == STORE_OK)
        status = store_message_create(fixture.mailbox, &write);
    if (status == STORE_OK)
        status = store_savepoint_release(fixture.mailbox, "rop");
    if (status == STORE_OK)
        status = store_message_set_read(fixture.mailbox, &id, 1, true, ID(5), 0, 0, &changed);
    if (status == STORE_OK)
        status = store_view_open(fixture.mailbox, root, STORE_MESSAGE_NORMAL, NULL, 0, &view);
    if (status == STORE_OK)
        status = store_message_move(fixture.mailbox, root, root, 1, &transfer, 1);
    if (status == STORE_OK)
        return store_commit(fixture.mailbox);
    store_rollback(fixture.mailbox);
    return status;
}

static void whatever_fails_nothing_half_done_stays(void **state)
{
    uint64_t root = make_folder(0, "root");
    uint32_t done = 0;
    for (uint32_t nth = 1;; nth++) {
        const char *report;
        store_failing_plan(fixture.failing, STORE_CALL_ANY, nth, 1, STORE_IO_ERROR);
        enum store_status status = work(root);
        bool failed = store_failing_has_failed(fixture.failing);
        store_failing_plan(fixture.failing, STORE_CALL_ANY, 0, 0, STORE_OK);
        assert_int_equal(status, failed ? STORE_IO_ERROR : STORE_OK);
        done += !failed;
        assert_int_equal(get_folder(root).counts.content, done);
        assert_ok(store_mailbox_check(fixture.mailbox, &fixture.arena, &report));
        assert_string_equal(report, "");
        if (!failed)
            break;
        assert_true(nth < 50);
    }
    assert_int_equal(done, 1);
}

#define FAILING_TEST(test) cmocka_unit_test_setup_teardown(test, contract_setup_failing, contract_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAILING_TEST(the_nth_call_of_a_kind_fails),
        FAILING_TEST(a_failed_commit_rolls_back),
        FAILING_TEST(opening_fails_too),
        FAILING_TEST(whatever_fails_nothing_half_done_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
