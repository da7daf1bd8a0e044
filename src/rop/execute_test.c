/* The loop under failure: a commit that fails, a store that fails at any call, payloads in several parts, mailboxes that give
 * way to each other (segment.c, answer.c, session.c, open_mailboxes.c). What goes well is in tests/rop. */
#include "rop/execute_fixture.h"

static uint32_t rows_in_inbox(struct fixture *fixture)
{
    struct rop_get_contents_table_request table = {.table_flags = 0x10};
    struct rop_release_request nothing = {0};
    struct rop_request requests[] = {
        ROP(GET_CONTENTS_TABLE, INBOX, OTHER, &table), ROP(RELEASE, OTHER, 0, &nothing)};
    assert_true(execute(fixture, requests, 2));
    assert_int_equal(result(fixture, 0), 0);
    return ((const struct rop_get_contents_table_success *)fixture->answer.responses[0].body)->row_count;
}

static void a_commit_that_fails_undoes_all_and_is_told(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    assert_true(create_message(fixture));
    assert_int_equal(rows_in_inbox(fixture), 1);
    store_failing_plan(test_world_store(fixture->world), STORE_CALL_COMMIT, 1, 1, STORE_DISK_FULL);
    assert_false(create_message(fixture));
    assert_true(store_failing_has_failed(test_world_store(fixture->world)));
    assert_int_not_equal(fixture->execution.error_code, 0);
    assert_int_equal(fixture->execution.ret_payload_count, 0);
    assert_int_equal(rows_in_inbox(fixture), 1);
    assert_true(create_message(fixture));
    assert_int_equal(rows_in_inbox(fixture), 2);
}

static void a_message_saved_by_a_failed_commit_is_an_invalid_object(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    assert_true(create_message(fixture));
    struct rop_save_changes_message_request save = {.save_flags = 2};
    static const uint8_t subject[] = {'x', 0};
    struct property_value value = {.tag = PID_TAG_SUBJECT, .bytes = {subject, 2}};
    struct rop_set_properties_request set = {1, &value};
    struct rop_request requests[] = {
        ROP(SET_PROPERTIES, MESSAGE, 0, &set), ROP(SAVE_CHANGES_MESSAGE, MESSAGE, MESSAGE, &save)};
    store_failing_plan(test_world_store(fixture->world), STORE_CALL_COMMIT, 1, 1, STORE_IO_ERROR);
    assert_false(execute(fixture, requests, 2));
    assert_true(execute(fixture, requests, 2));
    assert_int_equal(result(fixture, 0), EC_INVALID_OBJECT);
    assert_int_equal(result(fixture, 1), EC_INVALID_OBJECT);
}

static void a_logon_whose_commit_fails_leaves_nothing_open(void **state)
{
    struct fixture *fixture = *state;
    store_failing_plan(test_world_store(fixture->world), STORE_CALL_COMMIT, 1, 1, STORE_DISK_FULL);
    bool done = log_on(fixture);
    if (!done) {
        memset(fixture->handles, 0xFF, sizeof fixture->handles);
        assert_true(log_on(fixture));
    }
    assert_true(create_message(fixture));
}

/* A day's work in five Executes. */
static void work(struct fixture *fixture)
{
    if (!log_on(fixture))
        return;
    create_message(fixture);
    struct rop_open_stream_request stream = {.property_tag = PID_TAG_RTF_COMPRESSED, .open_mode_flags = 2};
    static uint8_t content[20000];
    struct rop_write_stream_request write = {.data = {content, sizeof content}};
    struct rop_commit_stream_request commit = {0};
    struct rop_save_changes_message_request save = {.save_flags = 2};
    struct rop_release_request nothing = {0};
    struct rop_request writing[] = {ROP(OPEN_STREAM, MESSAGE, STREAM, &stream), ROP(WRITE_STREAM, STREAM, 0, &write),
        ROP(COMMIT_STREAM, STREAM, 0, &commit), ROP(SAVE_CHANGES_MESSAGE, MESSAGE, MESSAGE, &save),
        ROP(RELEASE, STREAM, 0, &nothing)};
    execute(fixture, writing, 5);
    struct rop_get_contents_table_request table = {0};
    uint32_t tags[] = {PID_TAG_MID, PID_TAG_SUBJECT};
    struct rop_set_columns_request columns = {0, 2, tags};
    struct sort_order order = {PID_TAG_SUBJECT, 0};
    struct rop_sort_table_request sort = {0, 1, 0, 0, &order};
    struct rop_query_rows_request rows = {.forward_read = 1, .row_count = 10};
    struct rop_request reading[] = {ROP(GET_CONTENTS_TABLE, INBOX, OTHER, &table), ROP(SET_COLUMNS, OTHER, 0, &columns),
        ROP(SORT_TABLE, OTHER, 0, &sort), ROP(QUERY_ROWS, OTHER, 0, &rows), ROP(RELEASE, OTHER, 0, &nothing)};
    execute(fixture, reading, 5);
    struct rop_create_folder_request folder = {
        .folder_type = 1, .open_existing = 1, .display_name = bytes_of_string("F")};
    struct rop_empty_folder_request empty = {.want_delete_associated = 1};
    struct rop_request emptying[] = {
        ROP(CREATE_FOLDER, INBOX, OTHER, &folder), ROP(EMPTY_FOLDER, INBOX, 0, &empty)};
    execute(fixture, emptying, 2);
}

/* Whatever call of the store fails, every Execute is answered, nothing leaks, and the session goes on afterwards. */
static void any_call_of_the_store_may_fail(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = test_world_store(fixture->world);
    work(fixture);
    uint32_t calls = 0;
    for (uint32_t nth = 1; nth < 400; nth++) {
        test_session_end(&fixture->session);
        begin(fixture, "ada");
        store_failing_plan(store, STORE_CALL_ANY, nth, 1, nth % 2 ? STORE_IO_ERROR : STORE_NO_MEMORY);
        work(fixture);
        bool failed = store_failing_has_failed(store);
        store_failing_plan(store, STORE_CALL_ANY, 1, 1, STORE_OK);
        memset(fixture->handles, 0xFF, sizeof fixture->handles);
        assert_true(log_on(fixture));
        assert_true(create_message(fixture));
        if (!failed)
            break;
        calls++;
    }
    assert_true(calls > 20);
}

static void packed_requests_write_one_stream(void **state) /* MS-OXCRPC R1649001 R1649002, MS-OXCPRPT R900001 */
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    assert_true(create_message(fixture));
    struct rop_open_stream_request stream = {.property_tag = PID_TAG_RTF_COMPRESSED, .open_mode_flags = 2};
    struct rop_request open[] = {ROP(OPEN_STREAM, MESSAGE, STREAM, &stream)};
    assert_true(execute(fixture, open, 1));
    static uint8_t content[30000];
    struct rop_write_stream_extended_request write = {.data = {content, sizeof content}};
    struct rop_request writing[] = {ROP(WRITE_STREAM_EXTENDED, STREAM, 0, &write)};
    struct bytes payloads[3];
    for (int i = 0; i < 3; i++)
        payloads[i] = encode(fixture, writing, 1);
    send_payloads(fixture, payloads, 3);
    assert_int_equal(fixture->execution.error_code, 0);
    assert_int_equal(fixture->execution.ret_payload_count, 1);
    struct rop_request_list sent = {1, writing, HANDLE_COUNT, fixture->handles};
    assert_true(rop_responses_decode(&fixture->arena, fixture->execution.ret_payloads[0], &sent, &fixture->columns,
        &fixture->answer, NULL));
    assert_int_equal(
        ((const struct rop_write_stream_extended_success *)fixture->answer.responses[0].body)->written_size, 90000);
    struct rop_get_stream_size_request nothing = {0};
    struct rop_request size[] = {ROP(GET_STREAM_SIZE, STREAM, 0, &nothing)};
    assert_true(execute(fixture, size, 1));
    assert_int_equal(((const struct rop_get_stream_size_success *)fixture->answer.responses[0].body)->stream_size, 90000);
}

static void packed_requests_of_other_kinds_are_malformed(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    struct rop_get_properties_list_request nothing = {0};
    struct rop_request request[] = {ROP(GET_PROPERTIES_LIST, LOGON, 0, &nothing)};
    struct bytes payload = encode(fixture, request, 1);
    const struct bytes payloads[] = {payload, payload};
    send_payloads(fixture, payloads, 2);
    assert_int_equal(fixture->execution.error_code, EC_RPC_FORMAT);
}

/* The world keeps two mailboxes open at most; three people work, and what a session has open outlives the closing. */
static void mailboxes_give_way_to_each_other(void **state)
{
    struct fixture *ada = *state;
    struct fixture bob = {.world = ada->world}, eve = {.world = ada->world};
    begin(&bob, "bob");
    begin(&eve, "eve");
    struct fixture *people[] = {ada, &bob, &eve};
    for (int i = 0; i < 3; i++)
        assert_true(log_on(people[i]));
    for (uint32_t round = 1; round <= 3; round++) {
        for (int i = 0; i < 3; i++) {
            assert_true(create_message(people[i]));
            assert_int_equal(rows_in_inbox(people[i]), round);
        }
    }
    for (int i = 1; i < 3; i++) {
        test_session_end(&people[i]->session);
        rop_columns_free(&people[i]->columns);
        arena_free(&people[i]->arena);
    }
}

/* A message with unsaved changes, and a subscription, when the session ends while its mailbox is closed. */
static void a_session_ends_though_its_mailbox_is_closed(void **state)
{
    struct fixture *ada = *state;
    struct fixture bob = {.world = ada->world}, eve = {.world = ada->world};
    assert_true(log_on(ada));
    assert_true(create_message(ada));
    struct rop_register_notification_request subscribe = {.notification_types = 4, .want_whole_store = 1};
    struct rop_request request[] = {ROP(REGISTER_NOTIFICATION, LOGON, OTHER, &subscribe)};
    assert_true(execute(ada, request, 1));
    begin(&bob, "bob");
    begin(&eve, "eve");
    assert_true(log_on(&bob));
    assert_true(log_on(&eve));
    store_failing_plan(test_world_store(ada->world), STORE_CALL_MAILBOX_OPEN, 1, 100, STORE_IO_ERROR);
    test_session_end(&ada->session);
    store_failing_plan(test_world_store(ada->world), STORE_CALL_ANY, 1, 1, STORE_OK);
    begin(ada, "ada");
    assert_true(log_on(ada));
    assert_true(create_message(ada));
    assert_false(test_session_event_pending(&ada->session));
    test_session_end(&bob.session);
    test_session_end(&eve.session);
    rop_columns_free(&bob.columns);
    rop_columns_free(&eve.columns);
    arena_free(&bob.arena);
    arena_free(&eve.arena);
}

/* 32,767 names and no more (MS-OXCPRPT R53501 R53502 R229); what there is stays good. */
static void named_properties_have_an_end(void **state)
{
    enum { NAMES = 1000 };
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    static struct property_name names[NAMES];
    struct rop_get_property_ids_from_names_request request = {2, NAMES, names};
    struct rop_request requests[] = {ROP(GET_PROPERTY_IDS_FROM_NAMES, LOGON, 0, &request)};
    uint32_t registered = 0;
    for (uint32_t lid = 1; registered + NAMES <= 32767; registered += NAMES) {
        for (int i = 0; i < NAMES; i++)
            names[i] = (struct property_name){.kind = 0, .guid = {{7}}, .lid = lid++};
        assert_true(execute(fixture, requests, 1));
        assert_int_equal(result(fixture, 0), 0);
    }
    for (int i = 0; i < NAMES; i++)
        names[i].lid = 1000000 + (uint32_t)i;
    assert_true(execute(fixture, requests, 1));
    assert_int_equal(result(fixture, 0), EC_OUT_OF_MEMORY);
    names[0].lid = 1;
    request.property_name_count = 1;
    assert_true(execute(fixture, requests, 1));
    assert_int_equal(result(fixture, 0), 0);
    assert_int_equal(
        ((const struct rop_get_property_ids_from_names_success *)fixture->answer.responses[0].body)->property_ids[0], 0x8000);
}

/* 32,768 replica ids at most (MS-OXCSTOR R1122 R1123 R1248 R1249), then ecParameterOverflow; known ones go on. */
static void replica_ids_have_an_end(void **state)
{
    enum { IDS = 500 };
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    static struct rop_id_from_long_term_id_request ids[IDS];
    struct rop_request requests[IDS];
    uint32_t registered = 0;
    bool overflow = false;
    while (!overflow && registered < 40000) {
        for (uint32_t i = 0; i < IDS; i++) {
            ids[i] = (struct rop_id_from_long_term_id_request){.long_term_id.global_counter = {0, 0, 0, 0, 0, 1}};
            store_u32(ids[i].long_term_id.database_guid.data, ++registered);
            requests[i] = (struct rop_request)ROP(ID_FROM_LONG_TERM_ID, LOGON, 0, &ids[i]);
        }
        assert_true(execute(fixture, requests, IDS));
        for (uint32_t i = 0; i < IDS; i++) {
            uint32_t error = result(fixture, i);
            assert_true(error == 0 || error == EC_PARAMETER_OVERFLOW);
            overflow |= error != 0;
        }
    }
    assert_true(overflow);
    store_u32(ids[0].long_term_id.database_guid.data, 1);
    assert_true(execute(fixture, requests, 1));
    assert_int_equal(result(fixture, 0), 0);
}

static void an_arena_at_its_cap_fails_the_execute_or_the_rop(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    struct rop_create_message_request create = {
        .code_page_id = 0x0FFF, .folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX))};
    struct rop_request requests[] = {ROP(CREATE_MESSAGE, INBOX, MESSAGE, &create)};
    arena_reset(&fixture->arena);
    struct bytes payload = encode(fixture, requests, 1);
    uint8_t copy[256];
    memcpy(copy, payload.data, payload.size);
    for (size_t size_max = 1; size_max < 20000; size_max += 331) {
        struct arena small = {.size_max = size_max};
        const struct bytes same = {copy, payload.size};
        struct rop_execution execution = {
            .arena = &small, .payload_count = 1, .payloads = &same, .max_rop_out = 0x10008};
        test_session_execute(&fixture->session, &execution);
        if (!execution.ret_payload_count)
            assert_true(execution.error_code || execution.status_code);
        arena_free(&small);
    }
    assert_true(create_message(fixture));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_commit_that_fails_undoes_all_and_is_told),
        TEST(a_message_saved_by_a_failed_commit_is_an_invalid_object),
        TEST(a_logon_whose_commit_fails_leaves_nothing_open),
        TEST(any_call_of_the_store_may_fail),
        TEST(packed_requests_write_one_stream),
        TEST(packed_requests_of_other_kinds_are_malformed),
        TEST(mailboxes_give_way_to_each_other),
        TEST(a_session_ends_though_its_mailbox_is_closed),
        TEST(named_properties_have_an_end),
        TEST(replica_ids_have_an_end),
        TEST(an_arena_at_its_cap_fails_the_execute_or_the_rop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
