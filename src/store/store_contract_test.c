/* The store contract, first part: mailboxes, transactions, meta values, ids, large values, names, receive folders. */
#include "store/contract.h"

static void a_mailbox_that_is_not_there(void **state)
{
    struct store_mailbox *mailbox = NULL;
    assert_int_equal(store_mailbox_open(fixture.store, guid_random(), &mailbox), STORE_NOT_FOUND);
    assert_null(mailbox);
    assert_int_equal(store_mailbox_delete(fixture.store, guid_random()), STORE_NOT_FOUND);
}

static void creating_twice_and_deleting(void **state)
{
    struct store_mailbox_info info = {fixture.guid, guid_random(), guid_random(), BYTES_LITERAL("x"), 1}, got;
    struct store_mailbox *other = NULL;
    assert_int_equal(store_mailbox_create(fixture.store, &info, &other), STORE_EXISTS);
    assert_ok(store_mailbox_get_info(fixture.mailbox, &fixture.arena, &got));
    assert_true(guid_equal(got.mailbox_guid, fixture.guid));
    assert_false(guid_equal(got.replica_guid, info.replica_guid));
    assert_bytes(got.owner, BYTES_LITERAL("anna"));
    assert_int_equal(got.creation_time, 77);
    assert_int_equal(store_mailbox_delete(fixture.store, fixture.guid), STORE_INVALID);
    contract_reopen();
    assert_ok(store_mailbox_open(fixture.store, fixture.guid, &other)); /* a second holder */
    store_mailbox_release(other);
    assert_int_equal(store_mailbox_delete(fixture.store, fixture.guid), STORE_INVALID);
    store_mailbox_release(fixture.mailbox);
    fixture.mailbox = NULL;
    assert_ok(store_mailbox_delete(fixture.store, fixture.guid));
    assert_int_equal(store_mailbox_open(fixture.store, fixture.guid, &other), STORE_NOT_FOUND);
    assert_ok(store_mailbox_create(fixture.store, &info, &fixture.mailbox));
    assert_ok(store_mailbox_get_info(fixture.mailbox, &fixture.arena, &got));
    assert_true(guid_equal(got.replica_guid, info.replica_guid));
}

static void transactions_out_of_order(void **state)
{
    assert_int_equal(store_commit(fixture.mailbox), STORE_INVALID);
    store_rollback(fixture.mailbox);
    assert_int_equal(store_savepoint(fixture.mailbox, "rop"), STORE_INVALID);
    assert_ok(store_begin(fixture.mailbox));
    assert_true(store_in_transaction(fixture.mailbox));
    assert_int_equal(store_begin(fixture.mailbox), STORE_INVALID);
    assert_int_equal(store_savepoint_release(fixture.mailbox, "rop"), STORE_INVALID);
    assert_int_equal(store_savepoint_rollback(fixture.mailbox, "rop"), STORE_INVALID);
    assert_int_equal(store_savepoint(fixture.mailbox, "no; DROP TABLE message"), STORE_INVALID);
    assert_int_equal(store_savepoint(fixture.mailbox, ""), STORE_INVALID);
    store_rollback(fixture.mailbox);
    assert_false(store_in_transaction(fixture.mailbox));
}

static struct bytes meta(const char *name)
{
    struct bytes value = BYTES_NONE;
    enum store_status status = store_meta_get(fixture.mailbox, &fixture.arena, name, &value);
    assert_true(status == STORE_OK || status == STORE_NOT_FOUND);
    return value;
}

static void savepoints_undo_what_came_after_them(void **state)
{
    assert_ok(store_begin(fixture.mailbox));
    assert_ok(store_meta_set(fixture.mailbox, "a", BYTES_LITERAL("1")));
    assert_ok(store_savepoint(fixture.mailbox, "rop"));
    assert_ok(store_meta_set(fixture.mailbox, "a", BYTES_LITERAL("2")));
    assert_ok(store_savepoint(fixture.mailbox, "rop"));
    assert_ok(store_savepoint(fixture.mailbox, "third"));
    assert_ok(store_meta_set(fixture.mailbox, "a", BYTES_LITERAL("3")));
    assert_bytes(meta("a"), BYTES_LITERAL("3"));
    assert_ok(store_savepoint_rollback(fixture.mailbox, "rop")); /* the inner one, "third" with it */
    assert_bytes(meta("a"), BYTES_LITERAL("2"));
    assert_int_equal(store_savepoint_release(fixture.mailbox, "third"), STORE_INVALID);
    assert_ok(store_meta_set(fixture.mailbox, "b", BYTES_LITERAL("4")));
    assert_ok(store_savepoint_release(fixture.mailbox, "rop"));
    assert_ok(store_commit(fixture.mailbox));
    contract_reopen();
    assert_bytes(meta("a"), BYTES_LITERAL("2"));
    assert_bytes(meta("b"), BYTES_LITERAL("4"));
}

static void what_was_not_committed_is_gone(void **state)
{
    assert_ok(store_meta_set(fixture.mailbox, "kept", BYTES_LITERAL("")));
    assert_ok(store_begin(fixture.mailbox));
    assert_ok(store_meta_set(fixture.mailbox, "lost", BYTES_LITERAL("x")));
    assert_ok(store_meta_set(fixture.mailbox, "kept", BYTES_NONE));
    assert_null(meta("kept").data);
    contract_reopen(); /* releasing rolls back */
    assert_non_null(meta("kept").data);
    assert_int_equal(meta("kept").size, 0);
    assert_null(meta("lost").data);
}

static void counters_are_never_given_twice(void **state)
{
    uint64_t first, second, third;
    assert_ok(store_allocate_counters(fixture.mailbox, 1, &first));
    assert_int_equal(first, STORE_COUNTER_FIRST);
    assert_ok(store_allocate_counters(fixture.mailbox, 1000, &second));
    assert_int_equal(second, first + 1);
    assert_ok(store_begin(fixture.mailbox));
    store_rollback(fixture.mailbox);
    assert_ok(store_allocate_counters(fixture.mailbox, 5, &third));
    assert_int_equal(third, second + 1000);
    assert_ok(store_meta_set(fixture.mailbox, "any", BYTES_LITERAL("commit")));
    contract_reopen();
    assert_ok(store_allocate_counters(fixture.mailbox, 1, &first));
    assert_true(first >= third + 5);
    assert_true(first < third + 5000);
    assert_int_equal(store_allocate_counters(fixture.mailbox, STORE_COUNTER_MAX, &first), STORE_TOO_LARGE);
    assert_int_equal(store_allocate_counters(fixture.mailbox, UINT64_MAX, &first), STORE_TOO_LARGE);
    assert_ok(store_allocate_counters(fixture.mailbox, STORE_COUNTER_MAX - first, &first));
    assert_int_equal(store_allocate_counters(fixture.mailbox, 1, &first), STORE_TOO_LARGE);
}

static void two_replicas_from_the_first_row_and_foreign_ones(void **state)
{
    const struct store_replica *replicas;
    uint32_t count;
    uint16_t id, again, own;
    struct guid foreign = guid_random();
    assert_ok(store_replica_list(fixture.mailbox, &fixture.arena, &replicas, &count));
    assert_int_equal(count, 2);
    assert_int_equal(replicas[0].replica_id, STORE_REPLICA_ID_OWN);
    assert_int_equal(replicas[1].replica_id, STORE_REPLICA_ID_LOGON);
    assert_ok(store_replica_add(fixture.mailbox, foreign, &id));
    assert_ok(store_replica_add(fixture.mailbox, foreign, &again));
    assert_ok(store_replica_add(fixture.mailbox, replicas[1].guid, &own));
    assert_int_equal(id, 6);
    assert_int_equal(again, 6);
    assert_int_equal(own, STORE_REPLICA_ID_LOGON);
    contract_reopen();
    assert_ok(store_replica_list(fixture.mailbox, &fixture.arena, &replicas, &count));
    assert_int_equal(count, 3);
    assert_true(guid_equal(replicas[2].guid, foreign));
}

static uint64_t staged(struct bytes data)
{
    uint64_t value_id;
    assert_ok(store_value_create(fixture.mailbox, &value_id));
    assert_ok(store_value_write(fixture.mailbox, value_id, 0, data));
    return value_id;
}

static struct bytes read_range(uint64_t value_id, uint64_t offset, size_t size)
{
    uint8_t *data = arena_allocate(&fixture.arena, size);
    size_t got;
    assert_ok(store_value_read(fixture.mailbox, value_id, offset, size, data, &got));
    return (struct bytes){data, got};
}

static void a_value_that_is_not_there(void **state)
{
    uint8_t data[4];
    size_t size;
    uint64_t number, missing = 4711;
    assert_int_equal(store_value_size(fixture.mailbox, missing, &number), STORE_NOT_FOUND);
    assert_int_equal(store_value_read(fixture.mailbox, missing, 0, 4, data, &size), STORE_NOT_FOUND);
    assert_int_equal(store_value_read(fixture.mailbox, missing, 1ull << 40, 4, data, &size), STORE_NOT_FOUND);
    assert_int_equal(store_value_write(fixture.mailbox, missing, 0, BYTES_LITERAL("x")), STORE_NOT_FOUND);
    assert_int_equal(store_value_resize(fixture.mailbox, missing, 5), STORE_NOT_FOUND);
    assert_int_equal(store_value_copy(fixture.mailbox, missing, &number), STORE_NOT_FOUND);
    assert_ok(store_value_discard(fixture.mailbox, &missing, 1));
}

static void values_are_written_and_read_by_range(void **state)
{
    struct bytes all = filled(200000, 1);
    uint64_t size, value_id = staged(BYTES_NONE);
    assert_ok(store_value_size(fixture.mailbox, value_id, &size));
    assert_int_equal(size, 0);
    assert_int_equal(read_range(value_id, 0, 10).size, 0);
    for (size_t at = 0; at < all.size; at += 30000) {
        size_t part = all.size - at < 30000 ? all.size - at : 30000;
        assert_ok(store_value_write(fixture.mailbox, value_id, at, (struct bytes){all.data + at, part}));
    }
    contract_reopen();
    assert_ok(store_value_size(fixture.mailbox, value_id, &size));
    assert_int_equal(size, all.size);
    assert_bytes(read_range(value_id, 0, 300000), all);
    size_t places[] = {0, 1, 32767, 32768, 32769, 65535, 131071, 199999};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        for (size_t length = 1; length < 40000; length = length * 3 + 1) {
            size_t rest = all.size - places[i], expected = rest < length ? rest : length;
            assert_bytes(read_range(value_id, places[i], length), (struct bytes){all.data + places[i], expected});
        }
    assert_int_equal(read_range(value_id, all.size, 5).size, 0);
    assert_int_equal(read_range(value_id, STORE_VALUE_SIZE_MAX + 5, 5).size, 0);
}

static void values_grow_with_zeros_and_shrink(void **state)
{
    uint64_t size, value_id = staged(BYTES_LITERAL("abc"));
    assert_ok(store_value_write(fixture.mailbox, value_id, 100000, BYTES_LITERAL("end")));
    struct bytes all = read_range(value_id, 0, 200000);
    assert_int_equal(all.size, 100003);
    assert_memory_equal(all.data, "abc\0\0", 5);
    for (size_t i = 3; i < 100000; i++)
        assert_int_equal(all.data[i], 0);
    assert_memory_equal(all.data + 100000, "end", 3);
    uint64_t sizes[] = {70000, 65536, 65535, 32768, 1, 0, 40000, 32768, 0};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_ok(store_value_resize(fixture.mailbox, value_id, sizes[i]));
        assert_ok(store_value_size(fixture.mailbox, value_id, &size));
        assert_int_equal(size, sizes[i]);
        if (sizes[i] > 0 && i < 6)
            assert_int_equal(read_range(value_id, 0, 1).data[0], 'a');
    }
    assert_int_equal(store_value_resize(fixture.mailbox, value_id, STORE_VALUE_SIZE_MAX + 1), STORE_TOO_LARGE);
    assert_int_equal(store_value_write(fixture.mailbox, value_id, UINT64_MAX, BYTES_LITERAL("x")), STORE_TOO_LARGE);
}

static void copies_are_their_own(void **state)
{
    uint64_t value_id = staged(filled(50000, 3)), copy;
    assert_ok(store_value_copy(fixture.mailbox, value_id, &copy));
    assert_int_not_equal(copy, value_id);
    assert_ok(store_value_write(fixture.mailbox, copy, 1, BYTES_LITERAL("CHANGED")));
    assert_bytes(read_range(value_id, 0, 50000), filled(50000, 3));
    assert_memory_equal(read_range(copy, 1, 7).data, "CHANGED", 7);
}

static void staged_values_are_discarded_or_swept(void **state)
{
    uint64_t ids[] = {staged(filled(40000, 1)), staged(BYTES_LITERAL("x")), 999}, kept = staged(BYTES_LITERAL("y")), swept;
    uint64_t size;
    assert_ok(store_value_discard(fixture.mailbox, ids, 3));
    assert_int_equal(store_value_size(fixture.mailbox, ids[0], &size), STORE_NOT_FOUND);
    assert_int_equal(store_value_size(fixture.mailbox, ids[1], &size), STORE_NOT_FOUND);
    assert_ok(store_value_size(fixture.mailbox, kept, &size));
    assert_ok(store_value_sweep(fixture.mailbox, 1, &swept));
    assert_int_equal(swept, 0);
    assert_ok(store_value_sweep(fixture.mailbox, INT64_MAX, &swept));
    assert_int_equal(swept, 1);
    assert_int_equal(store_value_size(fixture.mailbox, kept, &size), STORE_NOT_FOUND);
}

static struct property_name lid_name(struct guid guid, uint32_t lid)
{
    return (struct property_name){.kind = 0, .guid = guid, .lid = lid};
}

static struct property_name text_name(struct guid guid, const char *text)
{
    return (struct property_name){.kind = 1, .guid = guid, .name = utf16(text)};
}

static void named_properties_both_ways(void **state)
{
    struct guid a = guid_random(), b = guid_random();
    struct property_name names[] = {lid_name(a, 1), text_name(a, "X-Header"), lid_name(b, 1), lid_name(a, 1),
        text_name(a, "x-header")}, got[3];
    uint16_t ids[5], again[5];
    assert_ok(store_named_property_ids(fixture.mailbox, names, 5, false, ids));
    for (int i = 0; i < 5; i++)
        assert_int_equal(ids[i], 0);
    assert_ok(store_named_property_ids(fixture.mailbox, names, 5, true, ids));
    assert_int_equal(ids[0], 0x8000);
    assert_int_equal(ids[3], ids[0]);
    assert_int_equal(ids[4], 0x8003); /* names are told apart by case */
    contract_reopen();
    assert_ok(store_named_property_ids(fixture.mailbox, names, 5, true, again));
    assert_memory_equal(ids, again, sizeof(ids));
    uint16_t asked[] = {0x8001, 0x9000, 0x8000};
    assert_ok(store_named_property_names(fixture.mailbox, &fixture.arena, asked, 3, got));
    assert_int_equal(got[0].kind, 1);
    assert_bytes(got[0].name, utf16("X-Header"));
    assert_int_equal(got[1].kind, 0xFF);
    assert_int_equal(got[2].kind, 0);
    assert_int_equal(got[2].lid, 1);
    assert_true(guid_equal(got[2].guid, a));
    const uint16_t *all;
    const struct property_name *all_names;
    uint32_t count;
    assert_ok(store_named_property_list(fixture.mailbox, &fixture.arena, &a, &all, &all_names, &count));
    assert_int_equal(count, 3);
    assert_ok(store_named_property_list(fixture.mailbox, &fixture.arena, NULL, &all, &all_names, &count));
    assert_int_equal(count, 4);
    assert_int_equal(all[2], 0x8002);
    assert_true(guid_equal(all_names[2].guid, b));
    names[0].kind = 7;
    assert_int_equal(store_named_property_ids(fixture.mailbox, names, 1, true, ids), STORE_INVALID);
}

static void named_properties_come_to_an_end(void **state)
{
    struct guid guid = guid_random();
    struct property_name *names = arena_array(&fixture.arena, struct property_name, 0x8000);
    uint16_t *ids = arena_array(&fixture.arena, uint16_t, 0x8000);
    for (uint32_t i = 0; i < 0x8000; i++)
        names[i] = lid_name(guid, i);
    assert_int_equal(store_named_property_ids(fixture.mailbox, names, 0x8000, true, ids), STORE_TOO_LARGE);
    assert_ok(store_named_property_ids(fixture.mailbox, names, 0x7FFF, true, ids));
    assert_int_equal(ids[0x7FFE], 0xFFFE);
    assert_int_equal(store_named_property_ids(fixture.mailbox, &names[0x7FFF], 1, true, ids), STORE_TOO_LARGE);
}

static void receive_folders(void **state)
{
    const struct store_receive_folder *rows;
    uint32_t count;
    assert_ok(store_receive_folder_list(fixture.mailbox, &fixture.arena, &rows, &count));
    assert_int_equal(count, 0);
    assert_ok(store_receive_folder_set(fixture.mailbox, "", ID(1), 5));
    assert_ok(store_receive_folder_set(fixture.mailbox, "IPM.Note", ID(2), 6));
    assert_ok(store_receive_folder_set(fixture.mailbox, "ipm.NOTE", ID(3), 7));
    assert_ok(store_receive_folder_set(fixture.mailbox, "IPC", ID(4), 8));
    assert_ok(store_receive_folder_set(fixture.mailbox, "ipc", 0, 9));
    assert_ok(store_receive_folder_set(fixture.mailbox, "never there", 0, 9));
    contract_reopen();
    assert_ok(store_receive_folder_list(fixture.mailbox, &fixture.arena, &rows, &count));
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].message_class, "");
    assert_string_equal(rows[1].message_class, "ipm.NOTE");
    assert_int_equal(rows[1].folder_id, ID(3));
    assert_int_equal(rows[1].last_modification_time, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(a_mailbox_that_is_not_there),
        CONTRACT_TEST(creating_twice_and_deleting),
        CONTRACT_TEST(transactions_out_of_order),
        CONTRACT_TEST(savepoints_undo_what_came_after_them),
        CONTRACT_TEST(what_was_not_committed_is_gone),
        CONTRACT_TEST(counters_are_never_given_twice),
        CONTRACT_TEST(two_replicas_from_the_first_row_and_foreign_ones),
        CONTRACT_TEST(a_value_that_is_not_there),
        CONTRACT_TEST(values_are_written_and_read_by_range),
        CONTRACT_TEST(values_grow_with_zeros_and_shrink),
        CONTRACT_TEST(copies_are_their_own),
        CONTRACT_TEST(staged_values_are_discarded_or_swept),
        CONTRACT_TEST(named_properties_both_ways),
        CONTRACT_TEST(named_properties_come_to_an_end),
        CONTRACT_TEST(receive_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
