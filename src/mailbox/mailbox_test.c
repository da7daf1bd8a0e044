/* Provisioning, logon data, ids, receive folders, named properties, transactions. */
#include "mailbox/test_fixture.h"

#include "protocol/id.h"

static void new_mailbox_has_the_folders_of_logon(void **state)
{
    static const uint64_t counters[SPECIAL_FOLDER_LOGON_COUNT] = {
        0x101, 0x102, 0x164, 0x108, 0x10C, 0x10B, 0x109, 0x10A, 0x106, 0x107, 0x104, 0x105, 0x103};
    struct logon_data data;
    assert_ok(mailbox_logon_data(fixture.mailbox, true, true, &data));
    for (int i = 0; i < SPECIAL_FOLDER_LOGON_COUNT; i++) {
        struct folder_opened folder;
        assert_true(data.folder_ids[i] == id_make(1, counters[i]));
        assert_ok(folder_open(LOGON, data.folder_ids[i], false, &folder));
    }
    assert_int_equal(data.replid, 5); /* MS-OXCSTOR: as Exchange, unlike the ids' own */
    assert_int_equal(data.response_flags, 7);
    assert_true(guid_equal(data.mailbox_guid, fixture.guid));
    assert_string_equal(get_text(OBJECT_OF_FOLDER(INBOX), PID_TAG_DISPLAY_NAME), "Inbox");
    assert_string_equal(get_text(OBJECT_OF_FOLDER(INBOX), PID_TAG_CONTAINER_CLASS), "IPF.Note");
}

static void special_entry_ids_stand_on_root_and_inbox(void **state)
{
    const uint64_t holders[] = {special_folder_id(SPECIAL_FOLDER_ROOT), INBOX};
    for (int i = 0; i < 2; i++) {
        uint64_t folder_id = 0;
        struct object holder = OBJECT_OF_FOLDER(holders[i]);
        struct property_value drafts = get_property(holder, PID_TAG_IPM_DRAFTS_ENTRY_ID);
        assert_int_equal(drafts.bytes.size, FOLDER_ENTRY_ID_SIZE);
        assert_ok(entry_id_to_folder(fixture.mailbox, drafts.bytes, &folder_id));
        assert_true(folder_id == DRAFTS);
        struct property_value additional = get_property(holder, PID_TAG_ADDITIONAL_REN_ENTRY_IDS);
        assert_int_equal(additional.multiple.count, 5);
        assert_ok(entry_id_to_folder(fixture.mailbox, additional.multiple.bytes[4], &folder_id));
        assert_true(folder_id == special_folder_id(SPECIAL_FOLDER_JUNK_EMAIL));
        struct property_value busy = get_property(holder, PID_TAG_FREE_BUSY_ENTRY_IDS);
        assert_int_equal(busy.multiple.count, 4);
        assert_int_equal(busy.multiple.bytes[0].size, 0);
        assert_int_equal(busy.multiple.bytes[3].size, FOLDER_ENTRY_ID_SIZE);
        struct property_value extended = get_property(holder, PID_TAG_ADDITIONAL_REN_ENTRY_IDS_EX);
        assert_int_equal(load_u16(extended.bytes.data), 0x8006);
        assert_int_equal(load_u16(extended.bytes.data + 2), extended.bytes.size - 8);
    }
}

static void opening_again_changes_nothing(void **state)
{
    struct property_value before = get_property(OBJECT_OF_FOLDER(INBOX), PID_TAG_CHANGE_NUMBER);
    mailbox_close(fixture.mailbox);
    fixture_open();
    struct property_value after = get_property(OBJECT_OF_FOLDER(INBOX), PID_TAG_CHANGE_NUMBER);
    assert_true(before.integer64 == after.integer64);
}

static void provisioning_that_fails_leaves_nothing(void **state)
{
    struct store_mailbox_info info = {.mailbox_guid = guid_random(),
        .replica_guid = guid_random(),
        .logon_replica_guid = guid_random(),
        .owner = BYTES_LITERAL("x"),
        .creation_time = 1};
    struct store_mailbox *held;
    struct mailbox *mailbox = NULL;
    assert_int_equal(store_mailbox_create(fixture.store, &info, &held), STORE_OK);
    store_failing_plan(fixture.store, STORE_CALL_FOLDER_CREATE, 5, 1, STORE_DISK_FULL);
    assert_int_equal(mailbox_open(held, &fixture_owner, NULL, &mailbox), EC_OUT_OF_DISK);
    assert_null(mailbox);
    store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
    assert_int_equal(store_mailbox_open(fixture.store, info.mailbox_guid, &held), STORE_OK);
    assert_ok(mailbox_open(held, &fixture_owner, NULL, &mailbox)); /* a second try finds an empty mailbox */
    mailbox_close(mailbox);
}

static void long_term_ids_go_both_ways(void **state)
{
    struct long_term_id long_term;
    uint64_t id = 0;
    assert_ok(mailbox_long_term_id_of(LOGON, INBOX, &long_term));
    assert_ok(mailbox_id_of_long_term(LOGON, &long_term, &id));
    assert_true(id == INBOX);
    assert_int_equal(mailbox_long_term_id_of(LOGON, id_make(77, 1), &long_term), EC_NOT_FOUND);
    struct long_term_id foreign = {.database_guid = guid_random(), .global_counter = {0, 0, 0, 0, 1, 2}};
    assert_ok(mailbox_id_of_long_term(LOGON, &foreign, &id)); /* foreign replicas are accepted */
    assert_true(id_replid(id) != 1 && id_replid(id) != 5 && id_counter(id) == 0x102);
    assert_ok(mailbox_long_term_id_of(LOGON, id, &long_term));
    assert_true(guid_equal(long_term.database_guid, foreign.database_guid));
}

static void receive_folders_by_the_longest_class(void **state)
{
    struct receive_folder folder;
    assert_ok(receive_folder_get(ARENA, LOGON, BYTES_LITERAL("IPM.Note"), &folder));
    assert_true(folder.folder_id == INBOX);
    assert_string_equal(folder.message_class, "IPM");
    assert_ok(receive_folder_get(ARENA, LOGON, BYTES_LITERAL("Other"), &folder));
    assert_string_equal(folder.message_class, "");
    assert_ok(receive_folder_set(LOGON, BYTES_LITERAL("IPM.Note.Special"), DRAFTS));
    assert_ok(receive_folder_get(ARENA, LOGON, BYTES_LITERAL("ipm.note.SPECIAL.x"), &folder));
    assert_true(folder.folder_id == DRAFTS);
    assert_ok(receive_folder_set(
        LOGON, BYTES_LITERAL("IPM.NOTE.special"), INBOX)); /* MS-OXCSTOR R862: replaced, whatever its case */
    struct receive_folder *all;
    uint32_t count;
    assert_ok(receive_folder_list(ARENA, LOGON, &all, &count));
    assert_int_equal(count, 5);
    assert_ok(receive_folder_set(LOGON, BYTES_LITERAL("IPM.Note.Special"), 0)); /* MS-OXCSTOR R1235 */
    assert_ok(receive_folder_list(ARENA, LOGON, &all, &count));
    assert_int_equal(count, 4);
}

static void receive_folder_rules(void **state)
{
    struct receive_folder folder;
    assert_int_equal(receive_folder_set(LOGON, BYTES_LITERAL("ipm"), DRAFTS), EC_ACCESS_DENIED); /* MS-OXCSTOR R859 */
    assert_int_equal(receive_folder_set(LOGON, BYTES_LITERAL("Report.IPM"), DRAFTS), EC_ACCESS_DENIED);
    assert_int_equal(receive_folder_set(LOGON, BYTES_LITERAL(""), 0), EC_GENERAL_FAILURE);
    assert_int_equal(receive_folder_set(LOGON, BYTES_LITERAL("A"), id_make(1, 0x99999)), EC_NOT_FOUND);
    static const char *const bad[] = {".A", "A.", "A..B", "A\tB", "\xC3\xA4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(receive_folder_get(ARENA, LOGON, bytes_of_string(bad[i]), &folder), EC_INVALID_PARAMETER);
    char longest[256];
    memset(longest, 'x', sizeof longest);
    assert_ok(receive_folder_get(ARENA, LOGON, bytes_of(longest, 254), &folder));
    assert_int_equal(receive_folder_get(ARENA, LOGON, bytes_of(longest, 255), &folder), EC_INVALID_PARAMETER);
}

static void named_properties_both_ways(void **state)
{
    struct guid set = guid_random();
    struct property_name names[] = {{.kind = 1, .guid = PS_PUBLIC_STRINGS_GUID, .name = utf16("Keywords")},
        {.kind = 0, .guid = set, .lid = 0x8205}, {.kind = 0, .guid = PS_MAPI_GUID, .lid = 0x0037}, /* MS-OXCPRPT R642 */
        {.kind = 1, .guid = PS_INTERNET_HEADERS_GUID, .name = utf16("X-Mailer")},                  /* MS-OXCPRPT R529 */
        {.kind = 1, .guid = set, .name = BYTES_NONE}, {.kind = 0, .guid = PS_MAPI_GUID, .lid = 0x8001}};
    uint16_t ids[6] = {0}, again[6] = {0};
    assert_ok(property_ids_of_names(LOGON, names, 6, false, ids));
    assert_int_equal(ids[0], 0); /* MS-OXCPRPT R532 */
    assert_int_equal(ids[2], 0x0037);
    assert_ok(property_ids_of_names(LOGON, names, 6, true, ids));
    assert_true(ids[0] >= 0x8000 && ids[1] >= 0x8000 && ids[0] != ids[1] && ids[3] >= 0x8000);
    assert_int_equal(ids[4], 0);
    assert_int_equal(ids[5], 0);
    names[3].name = utf16("x-MAILER");
    assert_ok(property_ids_of_names(LOGON, names, 6, true, again));
    assert_memory_equal(ids, again, sizeof ids);
    struct property_name back[4];
    uint16_t asked[] = {ids[0], ids[1], 0x0037, 0xFFF0};
    assert_ok(property_names_of_ids(ARENA, LOGON, asked, 4, back));
    assert_string_equal(utf8(back[0].name), "Keywords");
    assert_true(guid_equal(back[1].guid, set) && back[1].lid == 0x8205 && back[1].kind == 0);
    assert_true(guid_equal(back[2].guid, PS_MAPI_GUID) && back[2].kind == 0 &&
                back[2].lid == 0x37);     /* MS-OXCPRPT R518..MS-OXCPRPT R520 */
    assert_int_equal(back[3].kind, 0xFF); /* MS-OXCPRPT R523 */
    uint16_t *all;
    struct property_name *all_names;
    uint32_t count;
    assert_ok(property_names_all(ARENA, LOGON, false, false, NULL, &all, &all_names, &count));
    assert_int_equal(count, 3);
    assert_ok(property_names_all(ARENA, LOGON, true, false, NULL, &all, &all_names, &count)); /* MS-OXCPRPT R876 */
    assert_int_equal(count, 1);
    assert_ok(property_names_all(ARENA, LOGON, false, true, NULL, &all, &all_names, &count)); /* MS-OXCPRPT R877 */
    assert_int_equal(count, 2);
    assert_ok(property_names_all(ARENA, LOGON, false, false, &set, &all, &all_names, &count)); /* MS-OXCPRPT R878 */
    assert_int_equal(count, 1);
}

static void out_of_names_is_out_of_memory(void **state)
{
    struct property_name name = {.kind = 0, .guid = guid_random(), .lid = 1};
    uint16_t id;
    store_failing_plan(fixture.store, STORE_CALL_NAMED_PROPERTY_IDS, 1, 1, STORE_TOO_LARGE);
    assert_int_equal(property_ids_of_names(LOGON, &name, 1, true, &id), EC_OUT_OF_MEMORY); /* MS-OXCPRPT R53502 */
}

static void savepoints_undo_one_rop(void **state)
{
    assert_ok(mailbox_begin(fixture.mailbox));
    assert_ok(mailbox_savepoint(fixture.mailbox));
    uint64_t kept = new_folder(IPM, "Kept");
    assert_ok(mailbox_savepoint_keep(fixture.mailbox));
    assert_ok(mailbox_savepoint(fixture.mailbox));
    uint64_t lost = new_folder(IPM, "Lost");
    mailbox_savepoint_rollback(fixture.mailbox);
    assert_ok(mailbox_commit(fixture.mailbox));
    struct folder_opened folder;
    assert_ok(folder_open(LOGON, kept, false, &folder));
    assert_int_equal(folder_open(LOGON, lost, false, &folder), EC_NOT_FOUND);
}

static void store_properties(void **state)
{
    struct object store = OBJECT_OF_STORE;
    assert_string_equal(get_text(store, PID_TAG_MAILBOX_OWNER_NAME), "Anna Müller");
    assert_int_equal(get_integer(store, PID_TAG_STORE_SUPPORT_MASK) & 0x4000, 0);
    assert_int_equal(get_integer(store, PID_TAG_PROHIBIT_SEND_QUOTA), -1);
    assert_int_equal(get_integer(store, PID_TAG_LOCALE_ID), 0x407);
    assert_int_equal(get_property(store, PID_TAG_SERIALIZED_REPLID_GUID_MAP).bytes.size % 18, 0);
    assert_true(get_property(store, PID_TAG_SERIALIZED_REPLID_GUID_MAP).bytes.size >= 36);
    assert_int_equal(
        set_property_error(store, text_property(PID_TAG_COMMENT, "x")), EC_ACCESS_DENIED); /* MS-OXCSTOR R6280001 */
    assert_int_equal(
        set_property_error(store, text_property(PID_TAG_DISPLAY_NAME, "x")), EC_ACCESS_DENIED); /* MS-OXCSTOR R306800301 */
    assert_int_equal(get_property_error(store, PID_TAG_OUT_OF_OFFICE_STATE), EC_NOT_FOUND);
    set_property(store, value_boolean(PID_TAG_OUT_OF_OFFICE_STATE, true));
    set_property(store, text_property(PROPERTY_TAG(0x6800, PTYP_STRING), "kept"));
    mailbox_close(fixture.mailbox);
    fixture_open();
    assert_int_equal(get_property(store, PID_TAG_OUT_OF_OFFICE_STATE).boolean, 1);
    assert_string_equal(get_text(store, PROPERTY_TAG(0x6800, PTYP_STRING)), "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(new_mailbox_has_the_folders_of_logon),
        MAILBOX_TEST(special_entry_ids_stand_on_root_and_inbox),
        MAILBOX_TEST(opening_again_changes_nothing),
        MAILBOX_TEST(provisioning_that_fails_leaves_nothing),
        MAILBOX_TEST(long_term_ids_go_both_ways),
        MAILBOX_TEST(receive_folders_by_the_longest_class),
        MAILBOX_TEST(receive_folder_rules),
        MAILBOX_TEST(named_properties_both_ways),
        MAILBOX_TEST(out_of_names_is_out_of_memory),
        MAILBOX_TEST(savepoints_undo_one_rop),
        MAILBOX_TEST(store_properties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
