/* Folders: creating, deleting, moving, copying, emptying; their messages; read flags (MS-OXCFOLD, MS-OXCMSG). */
#include "mailbox/test_fixture.h"

#include "mailbox/computed.h"

static uint32_t create_error(uint64_t parent_id, uint8_t type, const char *name)
{
    struct folder_opened folder = {.folder_id = 77};
    uint32_t error = folder_create(LOGON, parent_id, type, utf16(name), BYTES_NONE, false, &folder);
    if (error != EC_SUCCESS)
        assert_int_equal(folder.folder_id, 77);
    return error;
}

static int32_t count_of(uint64_t folder_id, uint32_t tag)
{
    return get_integer(OBJECT_OF_FOLDER(folder_id), tag);
}

static bool exists(uint64_t folder_id)
{
    struct folder_opened folder;
    return folder_open(LOGON, folder_id, false, &folder) == EC_SUCCESS;
}

static void creating(void **state)
{
    struct folder_opened folder;
    uint64_t id = new_folder(INBOX, "Projects");
    assert_int_equal(create_error(INBOX, 1, "projects"), EC_COLLIDING_NAMES); /* MS-OXCFOLD R481 */
    assert_int_equal(create_error(INBOX, 1, " Projects "), EC_COLLIDING_NAMES);
    assert_int_equal(create_error(INBOX, 1, ""), EC_INVALID_PARAMETER);  /* MS-OXCFOLD R477 */
    assert_int_equal(create_error(INBOX, 0, "x"), EC_INVALID_PARAMETER); /* MS-OXCFOLD R487 */
    assert_int_equal(create_error(INBOX, 3, "x"), EC_INVALID_PARAMETER);
    assert_int_equal(create_error(id_make(1, 0x9999999), 1, "x"), EC_NOT_FOUND);
    assert_ok(folder_create(LOGON, INBOX, 1, utf16("PROJECTS"), BYTES_NONE, true, &folder)); /* MS-OXCFOLD R482 */
    assert_true(folder.existed && folder.folder_id == id);
    assert_ok(folder_create(LOGON, INBOX, 1, utf16("New"), utf16("what it is"), true, &folder)); /* MS-OXCFOLD R483 */
    assert_false(folder.existed);
    assert_string_equal(get_text(OBJECT_OF_FOLDER(folder.folder_id), PID_TAG_COMMENT), "what it is");
    assert_ok(
        folder_create(LOGON, DRAFTS, 1, utf16("Projects"), BYTES_NONE, false, &folder)); /* MS-OXCFOLD R480: siblings only */
    assert_int_equal(get_property(OBJECT_OF_FOLDER(INBOX), PID_TAG_SUBFOLDERS).boolean, 1);
    assert_int_equal(count_of(id, PID_TAG_FOLDER_TYPE), 1);
    assert_int_equal(count_of(id, PID_TAG_FOLDER_FLAGS), 5); /* MS-OXCFOLD R1035111: in the IPM subtree, normal */
    assert_int_equal(count_of(special_folder_id(SPECIAL_FOLDER_VIEWS), PID_TAG_FOLDER_FLAGS), 4);
    assert_int_equal(count_of(id, PID_TAG_RIGHTS), 0x7FB);
    assert_int_equal(get_property(OBJECT_OF_FOLDER(id), PID_TAG_PARENT_SOURCE_KEY).bytes.size, SOURCE_KEY_SIZE);
    assert_int_equal(
        get_property(OBJECT_OF_FOLDER(special_folder_id(SPECIAL_FOLDER_ROOT)), PID_TAG_PARENT_SOURCE_KEY).bytes.size, 0);
}

static void renaming_and_read_only_properties(void **state)
{
    uint64_t id = new_folder(INBOX, "One");
    new_folder(INBOX, "Two");
    struct object folder = OBJECT_OF_FOLDER(id);
    struct property_value before = get_property(folder, PID_TAG_CHANGE_NUMBER);
    assert_int_equal(set_property_error(folder, text_property(PID_TAG_DISPLAY_NAME, "TWO")), EC_COLLIDING_NAMES);
    assert_int_equal(set_property_error(folder, text_property(PID_TAG_DISPLAY_NAME, "")), EC_INVALID_PARAMETER);
    set_property(folder, text_property(PID_TAG_DISPLAY_NAME, "ONE")); /* its own name in another case */
    assert_string_equal(get_text(folder, PID_TAG_DISPLAY_NAME), "ONE");
    assert_true(before.integer64 != get_property(folder, PID_TAG_CHANGE_NUMBER).integer64);
    assert_int_equal(set_property_error(folder, value_integer32(PID_TAG_CONTENT_COUNT, 5)), EC_COMPUTED_VALUE);
    set_property(folder, text_property(PID_TAG_CONTAINER_CLASS, "IPF.Note"));
    uint32_t tags[] = {PID_TAG_CONTAINER_CLASS, PID_TAG_DISPLAY_NAME};
    struct property_failures failures;
    assert_ok(properties_delete(ARENA, LOGON, folder, tags, 2, &failures)); /* MS-OXCPRPT R492: at once */
    assert_int_equal(failures.count, 1);
    assert_int_equal(get_property_error(folder, PID_TAG_CONTAINER_CLASS), EC_NOT_FOUND);
    assert_string_equal(get_text(folder, PID_TAG_DISPLAY_NAME), "ONE");
    mailbox_close(fixture.mailbox);
    fixture_open();
    assert_string_equal(get_text(folder, PID_TAG_DISPLAY_NAME), "ONE"); /* MS-OXCPRPT R846 */
}

static void deleting(void **state)
{
    uint64_t id = new_folder(INBOX, "x"), child = new_folder(id, "child");
    uint64_t message_id = saved_message(id, "m");
    struct message *message;
    bool partial = false;
    assert_int_equal(folder_delete(LOGON, INBOX, id, 0x02, &partial), EC_INVALID_PARAMETER); /* MS-OXCFOLD R1234 */
    assert_int_equal(folder_delete(LOGON, DRAFTS, id, 0, &partial), EC_NOT_FOUND);
    assert_int_equal(folder_delete(LOGON, IPM, INBOX, 5, &partial), EC_ACCESS_DENIED);
    assert_ok(folder_delete(LOGON, INBOX, id, FOLDER_DELETE_FOLDERS, &partial)); /* MS-OXCFOLD R371, MS-OXCFOLD R817 */
    assert_true(partial && exists(id) && exists(child));
    assert_ok(folder_delete(LOGON, INBOX, id, FOLDER_DELETE_MESSAGES, &partial)); /* MS-OXCFOLD R1079, MS-OXCFOLD R1081 */
    assert_true(partial && exists(id) && exists(child));
    assert_ok(folder_delete(LOGON, INBOX, id, FOLDER_DELETE_MESSAGES | FOLDER_DELETE_FOLDERS, &partial));
    assert_false(partial || exists(id) || exists(child));
    struct folder_opened folder;
    assert_ok(folder_open(LOGON, id, true, &folder));                                    /* MS-OXCFOLD R498: soft deleted */
    assert_int_equal(message_open(LOGON, id, message_id, 0, 0, &message), EC_NOT_FOUND); /* MS-OXCMSG R335 */
    assert_ok(message_open(LOGON, id, message_id, MESSAGE_OPEN_SOFT_DELETED, 0, &message));
    message_close(LOGON, message);
    assert_int_equal(create_error(id, 1, "in a deleted one"), EC_NOT_FOUND); /* MS-OXCFOLD R1073 */
    assert_int_equal(folder_delete(LOGON, INBOX, id, 5, &partial), EC_NOT_FOUND);
    uint64_t again = new_folder(INBOX, "x"); /* the name is free */
    assert_ok(folder_delete(LOGON, INBOX, again, FOLDER_DELETE_HARD, &partial));
    assert_int_equal(folder_open(LOGON, again, true, &folder), EC_NOT_FOUND); /* MS-OXCFOLD R497 */
}

static void moving(void **state)
{
    uint64_t a = new_folder(INBOX, "A"), b = new_folder(a, "B"), c = new_folder(DRAFTS, "A");
    bool partial = true;
    assert_int_equal(folder_move(LOGON, INBOX, a, b, BYTES_NONE, &partial), EC_FOLDER_CYCLE);
    assert_int_equal(folder_move(LOGON, INBOX, a, a, BYTES_NONE, &partial), EC_FOLDER_CYCLE);
    assert_int_equal(folder_move(LOGON, INBOX, a, DRAFTS, BYTES_NONE, &partial), EC_COLLIDING_NAMES);
    assert_int_equal(folder_move(LOGON, DRAFTS, a, IPM, BYTES_NONE, &partial), EC_NOT_FOUND); /* MS-OXCFOLD R600 */
    assert_int_equal(folder_move(LOGON, IPM, INBOX, DRAFTS, BYTES_NONE, &partial), EC_ACCESS_DENIED);
    assert_ok(folder_move(LOGON, INBOX, a, DRAFTS, utf16("A2"), &partial));
    assert_false(partial);
    assert_string_equal(get_text(OBJECT_OF_FOLDER(a), PID_TAG_DISPLAY_NAME), "A2");
    assert_true((uint64_t)get_property(OBJECT_OF_FOLDER(a), PID_TAG_PARENT_FOLDER_ID).integer64 == id_to_wire(DRAFTS));
    assert_true(exists(b));
    assert_ok(folder_move(LOGON, DRAFTS, a, DRAFTS, utf16("A3"), &partial)); /* renaming is a move, too */
    assert_string_equal(get_text(OBJECT_OF_FOLDER(a), PID_TAG_DISPLAY_NAME), "A3");
    (void)c;
}

static void copying(void **state)
{
    uint64_t a = new_folder(INBOX, "A"), b = new_folder(a, "B"), found = 0;
    bool partial = true;
    set_property(OBJECT_OF_FOLDER(a), text_property(PID_TAG_CONTAINER_CLASS, "IPF.Contact"));
    for (int i = 0; i < 600; i++)
        saved_message(a, "m");
    saved_message(b, "in b");
    assert_int_equal(folder_copy(LOGON, INBOX, a, b, true, BYTES_NONE, &partial), EC_FOLDER_CYCLE);
    assert_int_equal(folder_copy(LOGON, INBOX, a, INBOX, true, BYTES_NONE, &partial), EC_COLLIDING_NAMES);
    assert_ok(folder_copy(LOGON, INBOX, a, INBOX, false, utf16("flat"), &partial));
    assert_false(partial);
    assert_int_equal(store_folder_find(mailbox_store(fixture.mailbox), INBOX, utf16("flat"), &found), STORE_OK);
    assert_int_equal(count_of(found, PID_TAG_CONTENT_COUNT), 600); /* MS-OXCFOLD R605 */
    assert_int_equal(get_property(OBJECT_OF_FOLDER(found), PID_TAG_SUBFOLDERS).boolean, 0);
    assert_string_equal(get_text(OBJECT_OF_FOLDER(found), PID_TAG_CONTAINER_CLASS), "IPF.Contact");
    assert_ok(folder_copy(LOGON, INBOX, a, DRAFTS, true, BYTES_NONE, &partial)); /* MS-OXCFOLD R1122 */
    assert_int_equal(store_folder_find(mailbox_store(fixture.mailbox), DRAFTS, utf16("A"), &found), STORE_OK);
    uint64_t below = 0;
    assert_int_equal(store_folder_find(mailbox_store(fixture.mailbox), found, utf16("B"), &below), STORE_OK);
    assert_int_equal(count_of(below, PID_TAG_CONTENT_COUNT), 1);
    assert_int_equal(count_of(a, PID_TAG_CONTENT_COUNT), 600);
}

static void emptying(void **state)
{
    uint64_t a = new_folder(INBOX, "A"), child = new_folder(a, "child");
    bool partial = true;
    struct message *associated;
    for (int i = 0; i < 300; i++)
        saved_message(a, "m");
    assert_ok(message_create(LOGON, a, true, 0, &associated));
    save(associated);
    message_close(LOGON, associated);
    assert_int_equal(folder_empty(LOGON, special_folder_id(SPECIAL_FOLDER_ROOT), false, false, &partial),
        EC_NOT_SUPPORTED); /* MS-OXCFOLD R1248 */
    struct folder_opened search;
    assert_ok(folder_create(LOGON, INBOX, FOLDER_TYPE_SEARCH, utf16("s"), BYTES_NONE, false, &search));
    assert_int_equal(folder_empty(LOGON, search.folder_id, false, false, &partial), EC_NOT_SUPPORTED); /* MS-OXCFOLD R1249 */
    assert_ok(folder_empty(LOGON, a, false, false, &partial)); /* MS-OXCFOLD R1129, MS-OXCFOLD R618 */
    assert_false(partial || exists(child));
    assert_int_equal(count_of(a, PID_TAG_CONTENT_COUNT), 0);
    assert_int_equal(count_of(a, PID_TAG_ASSOCIATED_CONTENT_COUNT), 1);
    assert_int_equal(count_of(a, PID_TAG_DELETED_MESSAGE_COUNT), 300);
    assert_ok(folder_empty(LOGON, a, true, true, &partial)); /* MS-OXCFOLD R617 */
    assert_int_equal(count_of(a, PID_TAG_ASSOCIATED_CONTENT_COUNT), 0);
}

static void deleting_messages(void **state)
{
    uint64_t ids[] = {
        saved_message(INBOX, "a"), saved_message(DRAFTS, "elsewhere"), saved_message(INBOX, "c"), id_make(1, 0x999999)};
    bool partial = false;
    assert_ok(folder_delete_messages(LOGON, INBOX, ids, 4, false, &partial));
    assert_true(partial); /* MS-OXCFOLD R1147 */
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_COUNT), 0);
    assert_int_equal(count_of(DRAFTS, PID_TAG_CONTENT_COUNT), 1);
    assert_ok(folder_delete_messages(
        LOGON, INBOX, ids, 1, true, &partial)); /* MS-OXCFOLD R1156: what was soft-deleted goes for good */
    assert_false(partial);
    struct message *message;
    assert_int_equal(message_open(LOGON, INBOX, ids[0], MESSAGE_OPEN_SOFT_DELETED, 0, &message), EC_NOT_FOUND);
    assert_ok(folder_delete_messages(LOGON, INBOX, NULL, 0, false, &partial));
    assert_false(partial);
}

static void moving_and_copying_messages(void **state)
{
    uint64_t ids[] = {saved_message(INBOX, "a"), id_make(1, 0x999999), saved_message(INBOX, "b")}, new_ids[3];
    struct folder_opened search;
    bool partial = false;
    assert_ok(folder_create(LOGON, INBOX, FOLDER_TYPE_SEARCH, utf16("s"), BYTES_NONE, false, &search));
    assert_int_equal(folder_move_copy_messages(LOGON, INBOX, search.folder_id, ids, 3, false, NULL, &partial),
        EC_SEARCH_FOLDER); /* MS-OXCFOLD R1246 */
    assert_ok(folder_move_copy_messages(LOGON, INBOX, DRAFTS, ids, 3, true, new_ids, &partial));
    assert_true(partial); /* MS-OXCFOLD R586 */
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_COUNT), 2);
    assert_int_equal(count_of(DRAFTS, PID_TAG_CONTENT_COUNT), 2);
    assert_int_equal(new_ids[1], 0);
    struct message *message = open_message(DRAFTS, new_ids[2], MESSAGE_OPEN_READ_WRITE);
    assert_string_equal(get_text(OBJECT_OF_MESSAGE(message), PID_TAG_SUBJECT), "b");
    message_close(LOGON, message);
    assert_ok(folder_move_copy_messages(LOGON, INBOX, DRAFTS, &ids[2], 1, false, new_ids, &partial));
    assert_false(partial);
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_COUNT), 1);
    assert_int_equal(count_of(DRAFTS, PID_TAG_CONTENT_COUNT), 3);
    assert_int_equal(message_open(LOGON, 0, ids[2], 0, 0, &message), EC_NOT_FOUND); /* its id is another now */
}

static uint32_t flags_of(uint64_t id)
{
    struct message *message = open_message(0, id, 0);
    uint32_t flags = (uint32_t)get_integer(OBJECT_OF_MESSAGE(message), PID_TAG_MESSAGE_FLAGS);
    message_close(LOGON, message);
    return flags;
}

static void read_flags(void **state)
{
    uint64_t ids[] = {saved_message(INBOX, "a"), saved_message(INBOX, "b"), id_make(1, 0x999999)};
    bool partial = false, changed = false;
    struct message *message = open_message(INBOX, ids[0], 0);
    struct property_value key = get_property(OBJECT_OF_MESSAGE(message), PID_TAG_CHANGE_KEY);
    assert_ok(folder_set_read_flags(LOGON, INBOX, READ_FLAG_CLEAR_READ | READ_FLAG_SUPPRESS_RECEIPT, ids, 3, &partial));
    assert_true(partial);                            /* MS-OXCMSG R1514 */
    assert_int_equal(flags_of(ids[0]), FLAG_UNSENT); /* MS-OXCMSG R822, MS-OXCMSG R1142 */
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_UNREAD_COUNT), 2);
    assert_true(
        bytes_equal(key.bytes, get_property(OBJECT_OF_MESSAGE(message), PID_TAG_CHANGE_KEY).bytes)); /* MS-OXCMSG R1703 */
    message_close(LOGON, message);
    assert_ok(folder_set_read_flags(LOGON, INBOX, READ_FLAG_DEFAULT, ids, 1, &partial));
    assert_int_equal(flags_of(ids[0]), FLAG_UNSENT | FLAG_READ | FLAG_EVER_READ); /* MS-OXCMSG R815, MS-OXCMSG R1141 */
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_UNREAD_COUNT), 1);
    assert_ok(folder_set_read_flags(LOGON, INBOX, READ_FLAG_GENERATE_RECEIPT_ONLY, ids, 2, &partial)); /* MS-OXCMSG R825 */
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_UNREAD_COUNT), 1);
    assert_ok(folder_set_read_flags(
        LOGON, INBOX, READ_FLAG_CLEAR_NOTIFY_READ, ids, 2, &partial)); /* MS-OXCMSG R827: the read state stays */
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_UNREAD_COUNT), 1);
    assert_int_equal(
        folder_set_read_flags(LOGON, INBOX, READ_FLAG_CLEAR_READ | READ_FLAG_GENERATE_RECEIPT_ONLY, ids, 1, &partial),
        EC_INVALID_PARAMETER); /* MS-OXCMSG R812 */
    assert_ok(
        folder_set_read_flags(LOGON, INBOX, 0x0A, ids, 2, &partial)); /* MS-OXCMSG R820: the reserved bits are ignored */
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_UNREAD_COUNT), 0);
    for (int i = 0; i < 600; i++)
        saved_message(INBOX, "more");
    assert_ok(folder_set_read_flags(
        LOGON, INBOX, READ_FLAG_CLEAR_READ | READ_FLAG_SUPPRESS_RECEIPT, NULL, 0, &partial)); /* all of them */
    assert_int_equal(count_of(INBOX, PID_TAG_CONTENT_UNREAD_COUNT), 602);
    assert_ok(folder_set_message_read_flag(LOGON, ids[0], READ_FLAG_DEFAULT, &changed));
    assert_true(changed);
    assert_ok(folder_set_message_read_flag(LOGON, ids[0], READ_FLAG_DEFAULT, &changed));
    assert_false(changed);
    assert_int_equal(folder_set_message_read_flag(LOGON, ids[2], READ_FLAG_DEFAULT, &changed), EC_NOT_FOUND);
}

static void folder_copy_to(void **state)
{
    uint64_t a = new_folder(INBOX, "A"), b = new_folder(INBOX, "B"), child = new_folder(a, "child"), found = 0;
    struct property_failures failures;
    saved_message(a, "m");
    saved_message(child, "n");
    set_property(OBJECT_OF_FOLDER(a), text_property(PID_TAG_COMMENT, "about"));
    assert_int_equal(
        properties_copy_to(ARENA, LOGON, OBJECT_OF_FOLDER(a), OBJECT_OF_FOLDER(child), NULL, 0, true, 0, &failures),
        EC_FOLDER_CYCLE); /* MS-OXCPRPT R89602 */
    assert_ok(properties_copy_to(ARENA, LOGON, OBJECT_OF_FOLDER(a), OBJECT_OF_FOLDER(b), NULL, 0, true, 0, &failures));
    assert_string_equal(get_text(OBJECT_OF_FOLDER(b), PID_TAG_DISPLAY_NAME), "B");
    assert_string_equal(get_text(OBJECT_OF_FOLDER(b), PID_TAG_COMMENT), "about");
    assert_int_equal(count_of(b, PID_TAG_CONTENT_COUNT), 1);
    assert_int_equal(store_folder_find(mailbox_store(fixture.mailbox), b, utf16("child"), &found), STORE_OK);
    assert_int_equal(count_of(found, PID_TAG_CONTENT_COUNT), 1);
    assert_int_equal(properties_copy_to(ARENA, LOGON, OBJECT_OF_FOLDER(a), OBJECT_OF_FOLDER(b), NULL, 0, true, 0, &failures),
        EC_COLLIDING_NAMES);                                 /* MS-OXCPRPT R897 */
    assert_int_equal(count_of(b, PID_TAG_CONTENT_COUNT), 1); /* and nothing of it stayed */
}

static void failing_storage_leaves_folders_as_they_were(void **state)
{
    uint64_t a = new_folder(INBOX, "A");
    bool partial;
    for (int i = 0; i < 10; i++)
        saved_message(a, "m");
    static const enum store_call calls[] = {STORE_CALL_MESSAGE_COPY, STORE_CALL_FOLDER_CREATE, STORE_CALL_COMMIT};
    for (size_t i = 0; i < 3; i++) {
        uint64_t found;
        store_failing_plan(fixture.store, calls[i], 1, 1, STORE_DISK_FULL);
        assert_int_equal(folder_copy(LOGON, INBOX, a, DRAFTS, true, BYTES_NONE, &partial), EC_OUT_OF_DISK);
        store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
        assert_int_equal(store_folder_find(mailbox_store(fixture.mailbox), DRAFTS, utf16("A"), &found), STORE_NOT_FOUND);
    }
    store_failing_plan(fixture.store, STORE_CALL_MESSAGE_DELETE, 1, 1, STORE_IO_ERROR);
    assert_int_equal(folder_empty(LOGON, a, true, true, &partial), EC_DISK_ERROR);
    store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
    assert_int_equal(count_of(a, PID_TAG_CONTENT_COUNT), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(creating),
        MAILBOX_TEST(renaming_and_read_only_properties),
        MAILBOX_TEST(deleting),
        MAILBOX_TEST(moving),
        MAILBOX_TEST(copying),
        MAILBOX_TEST(emptying),
        MAILBOX_TEST(deleting_messages),
        MAILBOX_TEST(moving_and_copying_messages),
        MAILBOX_TEST(read_flags),
        MAILBOX_TEST(folder_copy_to),
        MAILBOX_TEST(failing_storage_leaves_folders_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
