/* What ROPs come to in the words of the audit: who, as whom, what, where, and only once it is committed. */
#include "rop/execute_fixture.h"

#include <stdio.h>

#include "base/text.h"
#include "session/audit.h"

#define LINES_MAX 40

static struct {
    char lines[LINES_MAX][400];
    unsigned count;
    uint32_t wanted[AUDIT_LOGON_TYPE_COUNT];
    uint64_t version;
    unsigned questions; /* how often 'wanted' was asked */
    char address[40];
} told;

static uint64_t version(void *user)
{
    return told.version;
}

static uint32_t wanted(void *user, struct guid mailbox_user_id, enum audit_logon_type type)
{
    told.questions++;
    return told.wanted[type];
}

/* 'ada Delegate of bob: SoftDelete Succeeded in \Inbox: "subject"+attachment; 1 items' */
static void record(void *user, const struct audit_deed *deed, const struct audit_client *client)
{
    assert_true(told.count < LINES_MAX);
    char *line = told.lines[told.count++];
    size_t size = sizeof told.lines[0];
    int used = snprintf(line, size, "%.3s %s of %.3s: %s %s", deed->user_principal, audit_logon_type_names[deed->logon_type],
        deed->mailbox.principal, audit_operation_names[deed->operation], audit_result_names[deed->result]);
    if (*deed->folder_path)
        used += snprintf(line + used, size - (size_t)used, " in %s", deed->folder_path);
    if (*deed->destination_path)
        used += snprintf(line + used, size - (size_t)used, " to %s", deed->destination_path);
    for (uint32_t i = 0; i < deed->folder_count; i++)
        used += snprintf(line + used, size - (size_t)used, " folder %s", deed->folders[i].path);
    if (deed->item_count)
        used += snprintf(line + used, size - (size_t)used, " items %u", deed->item_count);
    for (uint32_t i = 0; i < deed->items_named; i++)
        used += snprintf(line + used, size - (size_t)used, " '%s'%s%s", deed->items[i].subject,
            *deed->items[i].folder_path ? " from " : "", deed->items[i].folder_path);
    assert_true(deed->time > 0);
    assert_false(guid_is_zero(deed->mailbox.user_id) || guid_is_zero(deed->mailbox.mailbox_guid));
    snprintf(told.address, sizeof told.address, "%s", client->address);
}

static const struct audit_hook hook = {.version = version, .wanted = wanted, .record = record};

static void expect(const char *line)
{
    if (told.count == 0)
        fail_msg("nothing was told, expected: %s", line);
    if (strcmp(told.lines[0], line) != 0)
        fail_msg("told:     %s\nexpected: %s", told.lines[0], line);
    memmove(told.lines[0], told.lines[1], sizeof told.lines - sizeof told.lines[0]);
    told.count--;
}

static void expect_nothing(void)
{
    if (told.count)
        fail_msg("told: %s", told.lines[0]);
}

static int set_up_audit(void **state)
{
    memset(&told, 0, sizeof told);
    for (int i = 0; i < (int)AUDIT_LOGON_TYPE_COUNT; i++)
        told.wanted[i] = AUDIT_ALL;
    set_up(state);
    struct fixture *fixture = *state;
    test_session_end(&fixture->session);
    test_world_set_audit(fixture->world, &hook);
    begin(fixture, "ada");
    return 0;
}

static struct bytes utf16(struct fixture *fixture, const char *text)
{
    return text_utf16_of_utf8(&fixture->arena, bytes_of_string(text));
}

/* In the Inbox, with a subject; its id. */
static uint64_t add_message(struct fixture *fixture, const char *subject)
{
    struct arena texts = {0};
    struct rop_create_message_request create = {
        .code_page_id = 0x0FFF, .folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX))};
    struct property_value value = {.tag = PID_TAG_SUBJECT, .bytes = text_utf16_of_utf8(&texts, bytes_of_string(subject))};
    struct rop_set_properties_request set = {1, &value};
    struct rop_save_changes_message_request save = {.save_flags = 2};
    struct rop_request requests[] = {ROP(CREATE_MESSAGE, INBOX, MESSAGE, &create), ROP(SET_PROPERTIES, MESSAGE, 0, &set),
        ROP(SAVE_CHANGES_MESSAGE, MESSAGE, MESSAGE, &save)};
    assert_true(execute(fixture, requests, 3));
    assert_int_equal(result(fixture, 2), 0);
    uint64_t id = ((const struct rop_save_changes_message_success *)fixture->answer.responses[2].body)->message_id;
    arena_free(&texts);
    return id;
}

static void log_on_elsewhere(struct fixture *fixture, const char *actor, bool administrator, const char *owner, uint32_t open_flags)
{
    char dn[80];
    test_session_end(&fixture->session);
    memset(fixture->handles, 0xFF, sizeof fixture->handles);
    assert_true(test_session_begin(fixture->world, actor, 1252, administrator, &fixture->session));
    snprintf(dn, sizeof dn, "/o=Example/ou=Site/cn=Recipients/cn=%s", owner);
    struct rop_logon_request logon = {.logon_flags = 1, .open_flags = open_flags, .essdn = bytes_of_string(dn)};
    struct rop_open_folder_request folder = {.folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX))};
    struct rop_request requests[] = {ROP(LOGON, 0, LOGON, &logon), ROP(OPEN_FOLDER, LOGON, INBOX, &folder)};
    assert_true(execute(fixture, requests, 2));
}

static void an_owner_logs_on_opens_and_saves(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    expect("ada Owner of ada: MailboxLogin Succeeded");
    expect("ada Owner of ada: FolderBind Succeeded in \\Inbox");
    uint64_t id = add_message(fixture, "Invoice \xC3\xBC");
    expect("ada Owner of ada: Create Succeeded in \\Inbox items 1 'Invoice \xC3\xBC'");
    struct rop_save_changes_message_request save = {.save_flags = 2};
    struct rop_open_message_request open = {
        .code_page_id = 0x0FFF, .folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX)), .open_mode_flags = 1, .message_id = id};
    struct rop_request requests[] = {ROP(OPEN_MESSAGE, INBOX, OTHER, &open), ROP(SAVE_CHANGES_MESSAGE, OTHER, OTHER, &save)};
    assert_true(execute(fixture, requests, 2));
    expect("ada Owner of ada: MessageBind Succeeded in \\Inbox items 1 'Invoice \xC3\xBC'");
    expect("ada Owner of ada: Update Succeeded in \\Inbox items 1 'Invoice \xC3\xBC'");
    expect_nothing();
}

static void messages_are_moved_copied_and_deleted(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    uint64_t ids[] = {add_message(fixture, "one"), add_message(fixture, "two"), add_message(fixture, "three")};
    told.count = 0;
    struct rop_open_folder_request deleted = {.folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_DELETED_ITEMS))};
    struct rop_open_folder_request drafts = {.folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_DRAFTS))};
    struct rop_move_copy_messages_request copy = {.message_id_count = 1, .message_ids = ids, .want_copy = 1};
    struct rop_move_copy_messages_request move = {.message_id_count = 1, .message_ids = ids};
    struct rop_move_copy_messages_request bin = {.message_id_count = 1, .message_ids = ids + 1};
    struct rop_delete_messages_request soft = {.message_id_count = 2, .message_ids = ids + 1}; /* the first is gone */
    struct rop_request requests[] = {
        ROP(OPEN_FOLDER, LOGON, OTHER, &drafts),
        {.rop_id = ROP_ID_MOVE_COPY_MESSAGES, .handle_index = INBOX, .output_handle_index = OTHER, .body = &copy},
        {.rop_id = ROP_ID_MOVE_COPY_MESSAGES, .handle_index = INBOX, .output_handle_index = OTHER, .body = &move},
        ROP(OPEN_FOLDER, LOGON, STREAM, &deleted),
        {.rop_id = ROP_ID_MOVE_COPY_MESSAGES, .handle_index = INBOX, .output_handle_index = STREAM, .body = &bin},
        ROP(DELETE_MESSAGES, INBOX, 0, &soft),
    };
    assert_true(execute(fixture, requests, 6));
    expect("ada Owner of ada: FolderBind Succeeded in \\Drafts");
    expect("ada Owner of ada: Copy Succeeded in \\Inbox to \\Drafts items 1 'one'");
    expect("ada Owner of ada: Move Succeeded in \\Inbox to \\Drafts items 1 'one'");
    expect("ada Owner of ada: FolderBind Succeeded in \\Deleted Items");
    expect("ada Owner of ada: MoveToDeletedItems Succeeded in \\Inbox to \\Deleted Items items 1 'two'");
    expect("ada Owner of ada: SoftDelete PartiallySucceeded in \\Inbox items 2 '' 'three'");
    expect_nothing();
    uint64_t again = add_message(fixture, "four");
    told.count = 0;
    struct rop_hard_delete_messages_request hard = {.message_id_count = 1, .message_ids = &again};
    struct rop_request last[] = {ROP(HARD_DELETE_MESSAGES, INBOX, 0, &hard)};
    assert_true(execute(fixture, last, 1));
    expect("ada Owner of ada: HardDelete Succeeded in \\Inbox items 1 'four'");
}

static void folders_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    add_message(fixture, "one");
    arena_reset(&fixture->arena);
    struct bytes name = utf16(fixture, "Projects");
    struct arena kept = {0};
    name = arena_bytes(&kept, name);
    struct rop_create_folder_request create = {.folder_type = 1, .use_unicode_strings = 1, .display_name = name};
    struct rop_request making[] = {ROP(CREATE_FOLDER, INBOX, OTHER, &create)};
    assert_true(execute(fixture, making, 1));
    uint64_t folder_id = ((const struct rop_create_folder_success *)fixture->answer.responses[0].body)->folder_id;
    told.count = 0;
    struct rop_copy_folder_request copy = {.use_unicode = 1, .folder_id = folder_id, .new_folder_name = arena_bytes(&kept, utf16(fixture, "Copy"))};
    struct rop_open_folder_request drafts = {.folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_DRAFTS))};
    struct rop_move_folder_request move = {.use_unicode = 1, .folder_id = folder_id};
    struct rop_delete_folder_request soft = {.delete_folder_flags = 5, .folder_id = folder_id};
    struct rop_empty_folder_request empty = {0};
    struct rop_hard_delete_messages_and_subfolders_request purge = {0};
    struct rop_request requests[] = {
        ROP(OPEN_FOLDER, LOGON, STREAM, &drafts),
        {.rop_id = ROP_ID_COPY_FOLDER, .handle_index = INBOX, .output_handle_index = STREAM, .body = &copy},
        {.rop_id = ROP_ID_MOVE_FOLDER, .handle_index = INBOX, .output_handle_index = STREAM, .body = &move},
        ROP(DELETE_FOLDER, STREAM, 0, &soft),
        ROP(EMPTY_FOLDER, INBOX, 0, &empty),
        ROP(HARD_DELETE_MESSAGES_AND_SUBFOLDERS, INBOX, 0, &purge),
    };
    assert_true(execute(fixture, requests, 6));
    expect("ada Owner of ada: FolderBind Succeeded in \\Drafts");
    expect("ada Owner of ada: Copy Succeeded in \\Inbox to \\Drafts folder \\Inbox\\Projects");
    expect("ada Owner of ada: Move Succeeded in \\Inbox to \\Drafts folder \\Inbox\\Projects");
    expect("ada Owner of ada: SoftDelete Succeeded in \\Drafts folder \\Drafts\\Projects");
    expect("ada Owner of ada: SoftDelete Succeeded in \\Inbox folder \\Inbox items 1");
    expect("ada Owner of ada: HardDelete Succeeded in \\Inbox folder \\Inbox");
    expect_nothing();
    arena_free(&kept);
}

static void views_and_embedded_messages_are_nobodys_mail(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    told.count = 0;
    struct rop_create_message_request create = {
        .code_page_id = 0x0FFF, .folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX)), .associated_flag = 1};
    struct rop_save_changes_message_request save = {.save_flags = 2};
    struct rop_request view[] = {ROP(CREATE_MESSAGE, INBOX, OTHER, &create), ROP(SAVE_CHANGES_MESSAGE, OTHER, OTHER, &save)};
    assert_true(execute(fixture, view, 2));
    assert_int_equal(result(fixture, 1), 0);
    uint64_t id = ((const struct rop_save_changes_message_success *)fixture->answer.responses[1].body)->message_id;
    struct rop_delete_messages_request soft = {.message_id_count = 1, .message_ids = &id};
    struct rop_request deleting[] = {ROP(DELETE_MESSAGES, INBOX, 0, &soft)};
    assert_true(execute(fixture, deleting, 1));
    expect_nothing();
    add_message(fixture, "outer");
    told.count = 0;
    struct rop_create_attachment_request attachment = {0};
    struct property_value method = {.tag = PID_TAG_ATTACH_METHOD, .integer32 = 5};
    struct rop_set_properties_request set = {1, &method};
    struct rop_open_embedded_message_request embedded = {.code_page_id = 0x0FFF, .open_mode_flags = 2};
    struct rop_request inner[] = {ROP(CREATE_ATTACHMENT, MESSAGE, STREAM, &attachment), ROP(SET_PROPERTIES, STREAM, 0, &set),
        ROP(OPEN_EMBEDDED_MESSAGE, STREAM, OTHER, &embedded), ROP(SAVE_CHANGES_MESSAGE, OTHER, OTHER, &save)};
    assert_true(execute(fixture, inner, 4));
    assert_int_equal(result(fixture, 3), 0);
    expect_nothing();
}

static void delegates_and_administrators(void **state)
{
    struct fixture *fixture = *state;
    log_on_elsewhere(fixture, "bob", false, "bob", 0); /* makes it */
    told.count = 0;
    log_on_elsewhere(fixture, "ada", false, "bob", 0);
    expect("ada Delegate of bob: MailboxLogin Failed"); /* no right */
    expect_nothing();
    log_on_elsewhere(fixture, "ada", true, "bob", 0);
    expect("ada Delegate of bob: MailboxLogin Failed"); /* the privilege was not asked for */
    log_on_elsewhere(fixture, "ada", true, "bob", 1);
    expect("ada Admin of bob: MailboxLogin Succeeded");
    expect("ada Admin of bob: FolderBind Succeeded in \\Inbox");
    test_world_grant(fixture->world, "bob", "ada", DIRECTORY_FULL_ACCESS);
    log_on_elsewhere(fixture, "ada", false, "bob", 0);
    expect("ada Delegate of bob: MailboxLogin Succeeded");
    expect("ada Delegate of bob: FolderBind Succeeded in \\Inbox");
    log_on_elsewhere(fixture, "ada", true, "bob", 1); /* whoever has a right is a delegate, administrator or not */
    expect("ada Delegate of bob: MailboxLogin Succeeded");
    expect("ada Delegate of bob: FolderBind Succeeded in \\Inbox");
    expect_nothing();
}

static void only_what_is_wanted_and_at_once_after_a_change(void **state)
{
    struct fixture *fixture = *state;
    told.wanted[AUDIT_OWNER] = AUDIT_BIT(AUDIT_HARD_DELETE);
    assert_true(log_on(fixture));
    uint64_t id = add_message(fixture, "one");
    expect_nothing();
    unsigned questions = told.questions;
    add_message(fixture, "two");
    assert_int_equal(told.questions, questions); /* remembered until something changes */
    told.wanted[AUDIT_OWNER] = AUDIT_BIT(AUDIT_CREATE);
    told.version++;
    add_message(fixture, "three");
    expect("ada Owner of ada: Create Succeeded in \\Inbox items 1 'three'");
    struct rop_hard_delete_messages_request hard = {.message_id_count = 1, .message_ids = &id};
    struct rop_request requests[] = {ROP(HARD_DELETE_MESSAGES, INBOX, 0, &hard)};
    assert_true(execute(fixture, requests, 1));
    expect_nothing();
}

static void what_fails_is_told_as_failed(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    told.count = 0;
    struct rop_open_folder_request nowhere = {.folder_id = id_to_wire(MAILBOX_ID(0x77777))};
    struct rop_delete_folder_request inbox = {
        .delete_folder_flags = 0x15, .folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_INBOX))};
    struct rop_open_folder_request ipm = {.folder_id = id_to_wire(special_folder_id(SPECIAL_FOLDER_IPM_SUBTREE))};
    struct rop_request requests[] = {ROP(OPEN_FOLDER, LOGON, STREAM, &nowhere), ROP(OPEN_FOLDER, LOGON, OTHER, &ipm),
        ROP(DELETE_FOLDER, OTHER, 0, &inbox)};
    assert_true(execute(fixture, requests, 3));
    assert_int_not_equal(result(fixture, 2), 0);
    expect("ada Owner of ada: FolderBind Succeeded in \\"); /* and nothing of the folder that is not there */
    expect("ada Owner of ada: HardDelete Failed in \\ folder \\Inbox");
    /* A commit that fails: nothing of it happened. */
    store_failing_plan(test_world_store(fixture->world), STORE_CALL_COMMIT, 1, 1, STORE_DISK_FULL);
    assert_false(create_message(fixture));
    expect("ada Owner of ada: Create Failed in \\Inbox items 1 ''");
    expect_nothing();
}

static const struct audit_client *client_of_context(void *context)
{
    static struct audit_client client = {"", "", "", "", "", "", ""};
    client.address = context;
    return &client;
}

static void a_logon_released_in_the_same_request_is_told_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    assert_true(log_on(fixture));
    uint64_t id = add_message(fixture, "one");
    told.count = 0;
    struct rop_delete_messages_request soft = {.message_id_count = 1, .message_ids = &id};
    struct rop_release_request nothing = {0};
    struct rop_request requests[] = {ROP(DELETE_MESSAGES, INBOX, 0, &soft), ROP(RELEASE, LOGON, 0, &nothing)};
    arena_reset(&fixture->arena);
    struct bytes payload = encode(fixture, requests, 2);
    fixture->execution = (struct rop_execution){.arena = &fixture->arena, .payload_count = 1, .payloads = &payload,
        .max_rop_out = 0x10008, .audit_client = client_of_context, .audit_context = "192.0.2.9"};
    test_session_execute(&fixture->session, &fixture->execution);
    expect("ada Owner of ada: SoftDelete Succeeded in \\Inbox items 1 'one'");
    assert_string_equal(told.address, "192.0.2.9");
}

/* Whatever call of the store fails, and whenever: nothing crashes, and nothing is told of as done that was not. */
static void a_store_that_fails_anywhere(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t at = 1; at < 200; at += 3) {
        test_session_end(&fixture->session);
        begin(fixture, "ada");
        memset(fixture->handles, 0xFF, sizeof fixture->handles);
        told.count = 0;
        store_failing_plan(test_world_store(fixture->world), STORE_CALL_ANY, at, 1, STORE_IO_ERROR);
        bool created = log_on(fixture) && create_message(fixture);
        store_failing_plan(test_world_store(fixture->world), STORE_CALL_ANY, 1, 1, STORE_OK);
        unsigned succeeded = 0;
        for (unsigned i = 0; i < told.count; i++)
            succeeded += strstr(told.lines[i], "Create Succeeded") != NULL;
        assert_int_equal(succeeded, created);
    }
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up_audit, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_owner_logs_on_opens_and_saves),
        TEST(messages_are_moved_copied_and_deleted),
        TEST(folders_as_a_whole),
        TEST(views_and_embedded_messages_are_nobodys_mail),
        TEST(delegates_and_administrators),
        TEST(only_what_is_wanted_and_at_once_after_a_change),
        TEST(what_fails_is_told_as_failed),
        TEST(a_logon_released_in_the_same_request_is_told_all_the_same),
        TEST(a_store_that_fails_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
