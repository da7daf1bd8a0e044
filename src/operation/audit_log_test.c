/* Search- and Test-MailboxAuditLog: Exchange's parameters and property names over records as the store has them. */
#include "base/filetime.h"
#include "directory/embedded_fixture.h"
#include <sqlite3.h>

#include "operation/outcome_fixture.h"
#include "record/audit_store.h"

#define NOON 134000000000000000ull /* 2025-08-18T14:13:20Z */
#define SECOND FILETIME_PER_SECOND

struct world {
    struct embedded_fixture *directory;
    char folder[64], path[96];
    struct directory_user ada, bob;
    struct audit_store *store;
};

static struct directory_user add_person(struct world *world, const char *account, const char *name)
{
    struct directory_user user;
    struct embedded_entry entry = {.kind = DIRECTORY_USER, .account = account, .display_name = name};
    (void)add_entry(world->directory, &entry);
    assert_int_equal(directory_find(world->directory->directory, &world->directory->arena, DIRECTORY_KEY_LOGON, account, &user), DIRECTORY_OK);
    return user;
}

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    void *directory;
    assert_int_equal(open_embedded_fixture(&directory), 0);
    world->directory = directory;
    strcpy(world->folder, "/tmp/audit_log_XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->path, sizeof world->path, "%s/audit.sqlite", world->folder);
    world->ada = add_person(world, "ada", "Ada Lovelace");
    world->bob = add_person(world, "bob", "Bob Boole");
    world->store = audit_store_new(&(struct audit_settings){.path = world->path, .batch_delay_ms = 1});
    assert_non_null(world->store);
    *state = world;
    return 0;
}

static int remove_world(void **state)
{
    struct world *world = *state;
    void *directory = world->directory;
    char command[100];
    audit_store_free(world->store);
    snprintf(command, sizeof command, "rm -r '%s'", world->folder);
    assert_int_equal(system(command), 0);
    free(world);
    return close_embedded_fixture(&directory);
}

static struct audit_deed deed_of(const struct directory_user *mailbox, const struct directory_user *user, enum audit_operation operation,
                                 enum audit_logon_type type, uint64_t time)
{
    return (struct audit_deed){
        .operation = operation, .logon_type = type, .time = time,
        .mailbox = {.user_id = mailbox->id, .mailbox_guid = mailbox->mailbox_guid, .replica_guid = mailbox->id, .name = mailbox->display_name,
                    .principal = mailbox->address},
        .user_id = user->id, .user_name = user->display_name, .user_principal = user->address, .user_dn = user->legacy_dn, .folder_path = "",
        .destination_path = ""};
}

static void append(struct world *world, const struct audit_deed *deed)
{
    const struct audit_client client = {"Client=MapiHttp;Outlook/16.0.17726.20126;Microsoft Office/16.0", "192.0.2.7", "DESK-7", "OUTLOOK.EXE",
                                        "16.0.17726.20126", "Kerberos", "12"};
    assert_true(audit_store_append(world->store, deed, &client));
}

static struct operation_host host_of(const struct world *world)
{
    return (struct operation_host){.directory = world->directory->directory, .data_path = world->folder, .audit = world->store};
}

static struct outcome run(const struct world *world, const char *name, const char *parameters)
{
    struct operation_host host = host_of(world);
    return run_operation(&host, name, parameters);
}

static json_t *search(const struct world *world, const char *parameters)
{
    struct operation_host host = host_of(world);
    return rows_of_operation(&host, "Search-MailboxAuditLog", parameters);
}

static void assert_found(const struct world *world, const char *parameters, size_t count)
{
    json_t *rows = search(world, parameters);
    if (json_array_size(rows) != count)
        fail_msg("%s: %zu rows instead of %zu", parameters, json_array_size(rows), count);
    json_decref(rows);
}

static void assert_refusal(const struct world *world, const char *name, const char *parameters, enum operation_error error, const char *parameter)
{
    struct operation_host host = host_of(world);
    assert_operation_refuses(&host, name, parameters, error, parameter);
}

/* ada logs on; bob, her delegate, opens her Inbox and deletes two messages; ada as administrator opens bob's calendar. */
static void fill(struct world *world)
{
    static const struct audit_item items[] = {
        {.folder_id = 1ull << 48 | 0x13, .message_id = 1ull << 48 | 0x1001, .subject = "Invoice, final", .folder_path = "",
         .internet_message_id = "<1@engine.test>", .has_attachments = true},
        {.folder_id = 1ull << 48 | 0x13, .message_id = 1ull << 48 | 0x1002, .subject = "Lunch", .folder_path = "", .internet_message_id = ""}};
    struct audit_deed login = deed_of(&world->ada, &world->ada, AUDIT_MAILBOX_LOGIN, AUDIT_OWNER, NOON);
    struct audit_deed bind = deed_of(&world->ada, &world->bob, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, NOON + 10 * SECOND);
    struct audit_deed purge = deed_of(&world->ada, &world->bob, AUDIT_HARD_DELETE, AUDIT_DELEGATE, NOON + 20 * SECOND);
    struct audit_deed read = deed_of(&world->bob, &world->ada, AUDIT_MESSAGE_BIND, AUDIT_ADMIN, NOON + 30 * SECOND);
    bind.folder_id = purge.folder_id = 1ull << 48 | 0x13;
    bind.folder_path = purge.folder_path = "\\Inbox";
    purge.items = items;
    purge.item_count = purge.items_named = 2;
    read.folder_path = "\\Calendar\\Team";
    read.items = items + 1;
    read.item_count = read.items_named = 1;
    read.result = AUDIT_FAILED;
    read.error = 0x80070005;
    append(world, &login);
    append(world, &bind);
    append(world, &purge);
    append(world, &read);
}

static void details_have_exchanges_fields(void **state)
{
    struct world *world = *state;
    /* The thirty of Exchange's page on mailbox audit log entries. */
    static const char *const fields[] = {
        "Operation", "OperationResult", "LogonType", "DestFolderId", "DestFolderPathName", "FolderId", "FolderPathName", "ClientInfoString",
        "ClientIPAddress", "ClientMachineName", "ClientProcessName", "ClientVersion", "InternalLogonType", "MailboxOwnerUPN", "MailboxOwnerSid",
        "DestMailboxOwnerUPN", "DestMailboxOwnerSid", "DestMailboxOwnerGuid", "CrossMailboxOperation", "LogonUserDisplayName",
        "DelegateUserDisplayName", "LogonUserSid", "SourceItems", "SourceFolders", "ItemId", "ItemSubject", "MailboxGuid",
        "MailboxResolvedOwnerName", "LastAccessed", "Identity"};
    fill(world);
    json_t *rows = search(world, "{\"ShowDetails\": true, \"Identity\": \"ada\"}");
    assert_int_equal(json_array_size(rows), 3);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!json_object_get(json_array_get(rows, 0), fields[i]))
            fail_msg("there is no %s", fields[i]);
    assert_string_equal(text_of(rows, 0, "Operation"), "HardDelete");
    assert_string_equal(text_of(rows, 0, "OperationResult"), "Succeeded");
    assert_string_equal(text_of(rows, 0, "LogonType"), "Delegate");
    assert_string_equal(text_of(rows, 0, "LastAccessed"), "2025-08-18T14:13:40Z");
    assert_string_equal(text_of(rows, 0, "MailboxOwnerUPN"), "ada@engine.test");
    assert_string_equal(text_of(rows, 0, "MailboxResolvedOwnerName"), "Ada Lovelace");
    assert_string_equal(text_of(rows, 0, "LogonUserDisplayName"), "Bob Boole");
    assert_string_equal(text_of(rows, 0, "DelegateUserDisplayName"), "Bob Boole");
    assert_string_equal(text_of(rows, 0, "ClientInfoString"), "Client=MapiHttp;Outlook/16.0.17726.20126;Microsoft Office/16.0");
    assert_string_equal(text_of(rows, 0, "ClientIPAddress"), "192.0.2.7");
    assert_string_equal(text_of(rows, 0, "AuthenticationType"), "Kerberos");
    assert_string_equal(text_of(rows, 0, "FolderPathName"), "\\Inbox");
    assert_string_equal(text_of(rows, 0, "FolderName"), "Inbox");
    assert_int_equal(strlen(text_of(rows, 0, "FolderId")), 64); /* 46 bytes in base64 */
    assert_string_equal(text_of(rows, 0, "SourceItemSubjectsList"), "Invoice, final, Lunch");
    assert_string_equal(text_of(rows, 0, "ItemSubject"), "");
    json_t *items = json_object_get(json_array_get(rows, 0), "SourceItems");
    assert_int_equal(json_array_size(items), 2);
    assert_string_equal(text_of(items, 0, "Subject"), "Invoice, final");
    assert_string_equal(text_of(items, 0, "FolderPathName"), "\\Inbox");
    assert_int_equal(strlen(text_of(items, 0, "ItemId")), 96); /* 70 bytes */
    assert_string_equal(text_of(rows, 2, "Operation"), "MailboxLogin");
    assert_string_equal(text_of(rows, 2, "DelegateUserDisplayName"), "");
    json_decref(rows);
    rows = search(world, "{\"ShowDetails\": true, \"Identity\": \"bob@engine.test\"}");
    assert_string_equal(text_of(rows, 0, "ItemSubject"), "Lunch");
    assert_string_equal(text_of(rows, 0, "OperationResult"), "Failed");
    assert_string_equal(text_of(rows, 0, "ErrorCode"), "0x80070005");
    assert_string_equal(text_of(rows, 0, "FolderName"), "Team");
    json_decref(rows);
}

static void parameters_select(void **state)
{
    struct world *world = *state;
    char by_guid[160], guid[GUID_TEXT_SIZE];
    fill(world);
    assert_found(world, "{\"ShowDetails\": true}", 4);
    assert_found(world, "{\"ShowDetails\": true, \"LogonTypes\": \"owner\"}", 1);
    assert_found(world, "{\"ShowDetails\": true, \"LogonTypes\": \"Admin,Delegate\"}", 3);
    assert_found(world, "{\"ShowDetails\": true, \"Operations\": \"harddelete,MailboxLogin\"}", 2);
    assert_found(world, "{\"ShowDetails\": true, \"HasAttachments\": true}", 1);
    assert_found(world, "{\"ShowDetails\": true, \"HasAttachments\": false}", 4);
    assert_found(world, "{\"ShowDetails\": true, \"StartDate\": \"2025-08-18T14:13:30Z\", \"EndDate\": \"2025-08-18T14:13:40Z\"}", 2);
    assert_found(world, "{\"ShowDetails\": true, \"StartDate\": \"2025-08-20\"}", 0);
    assert_found(world, "{\"ShowDetails\": true, \"ResultSize\": 3}", 3);
    assert_found(world, "{\"ShowDetails\": true, \"Mailboxes\": [\"ada\", \"bob\"]}", 4);
    assert_found(world, "{\"ShowDetails\": true, \"Mailboxes\": \"bob\"}", 1);
    assert_found(world, "{\"ShowDetails\": true, \"ExternalAccess\": true}", 0);
    assert_found(world, "{\"ShowDetails\": true, \"ExternalAccess\": false}", 4);
    assert_found(world, "{\"LogonTypes\": \"External\"}", 0);
    guid_format(world->ada.mailbox_guid, guid);
    snprintf(by_guid, sizeof by_guid, "{\"ShowDetails\": true, \"Identity\": \"%s\"}", guid);
    assert_found(world, by_guid, 3);
    struct outcome limited = run(world, "Search-MailboxAuditLog", "{\"ShowDetails\": true, \"ResultSize\": 3}");
    assert_non_null(strstr(limited.warning, "ResultSize"));
    json_decref(limited.rows);
    limited = run(world, "audit search", "{\"ShowDetails\": true, \"ResultSize\": 4}");
    assert_string_equal(limited.warning, ""); /* all of them */
    json_decref(limited.rows);
}

/* Somebody who is no longer in the directory: records are found by the GUID of the mailbox. */
static void a_mailbox_that_is_gone(void **state)
{
    struct world *world = *state;
    struct directory_user gone = world->ada;
    char by_guid[160], guid[GUID_TEXT_SIZE];
    gone.id = guid_random();
    gone.mailbox_guid = guid_random();
    gone.address = "gone@engine.test";
    struct audit_deed deed = deed_of(&gone, &gone, AUDIT_HARD_DELETE, AUDIT_OWNER, NOON);
    append(world, &deed);
    guid_format(gone.mailbox_guid, guid);
    snprintf(by_guid, sizeof by_guid, "{\"ShowDetails\": true, \"Identity\": \"%s\"}", guid);
    json_t *rows = search(world, by_guid);
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(text_of(rows, 0, "MailboxOwnerUPN"), "gone@engine.test");
    json_decref(rows);
}

static void without_details_there_are_mailboxes(void **state)
{
    struct world *world = *state;
    fill(world);
    json_t *rows = search(world, "{}");
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(text_of(rows, 0, "MailboxResolvedOwnerName"), "Bob Boole"); /* the newest first */
    assert_string_equal(text_of(rows, 1, "MailboxResolvedOwnerName"), "Ada Lovelace");
    assert_string_equal(text_of(rows, 1, "LastAccessed"), "2025-08-18T14:13:40Z");
    assert_int_equal(number_of(rows, 1, "RecordCount"), 2); /* not the owner's own */
    assert_string_equal(text_of(rows, 1, "Operation"), "(none)");
    json_decref(rows);
    assert_found(world, "{\"Identity\": \"ada\", \"LogonTypes\": \"Admin\"}", 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct world *world = *state;
    const char *const name = "Search-MailboxAuditLog";
    fill(world);
    assert_refusal(world, name, "{\"LogonTypes\": \"Owner\"}", OPERATION_INVALID_ARGUMENT, "LogonTypes");
    assert_refusal(world, name, "{\"LogonTypes\": \"Janitor\"}", OPERATION_INVALID_ARGUMENT, "LogonTypes");
    assert_refusal(world, name, "{\"Operations\": \"Teleport\"}", OPERATION_INVALID_ARGUMENT, "Operations");
    assert_refusal(world, name, "{\"ResultSize\": 0}", OPERATION_INVALID_ARGUMENT, "ResultSize");
    assert_refusal(world, name, "{\"ResultSize\": 250001}", OPERATION_INVALID_ARGUMENT, "ResultSize");
    assert_refusal(world, name, "{\"StartDate\": \"2025-09-01\", \"EndDate\": \"2025-08-01\"}", OPERATION_INVALID_ARGUMENT, "StartDate");
    assert_refusal(world, name, "{\"StartDate\": \"soon\"}", OPERATION_INVALID_ARGUMENT, "StartDate");
    assert_refusal(world, name, "{\"Identity\": \"nobody\"}", OPERATION_NOT_FOUND, "Identity");
    assert_refusal(world, name, "{\"Mailboxes\": [\"ada\", \"nobody\"]}", OPERATION_NOT_FOUND, "Mailboxes");
    assert_refusal(world, name, "{\"Mailboxes\": \"ada\", \"Identity\": \"ada\"}", OPERATION_INVALID_ARGUMENT, "Mailboxes");
    assert_refusal(world, "Test-MailboxAuditLog", "{\"Record\": 3}", OPERATION_INVALID_ARGUMENT, "Hash");
    assert_refusal(world, "Test-MailboxAuditLog", "{\"Hash\": \"aa\"}", OPERATION_INVALID_ARGUMENT, "Record");
    assert_refusal(world, "Test-MailboxAuditLog", "{\"Record\": 3, \"Hash\": \"zz\"}", OPERATION_INVALID_ARGUMENT, "Hash");
}

static void nothing_written_is_said(void **state)
{
    struct world *world = *state;
    struct outcome outcome = run(world, "Search-MailboxAuditLog", "{\"ShowDetails\": true}");
    assert_int_equal(outcome.error, OPERATION_DONE);
    assert_non_null(strstr(outcome.warning, "AuditEnabled"));
    json_decref(outcome.rows);
    outcome = run(world, "Test-MailboxAuditLog", "{}");
    assert_int_equal(outcome.error, OPERATION_DONE);
    assert_string_equal(text_of(outcome.rows, 0, "Result"), "Intact");
    json_decref(outcome.rows);
    /* An end that was noted once: then something must be there. */
    assert_refusal(world, "Test-MailboxAuditLog",
                   "{\"Record\": 3, \"Hash\": \"0000000000000000000000000000000000000000000000000000000000000000\"}", OPERATION_FAILED, "Record");
}

static void verifying(void **state)
{
    struct world *world = *state;
    char parameters[160];
    fill(world);
    struct outcome first = run(world, "audit verify", "{}");
    assert_int_equal(first.error, OPERATION_DONE);
    assert_string_equal(text_of(first.rows, 0, "Result"), "Intact");
    assert_int_equal(number_of(first.rows, 0, "Records"), 4);
    assert_int_equal(number_of(first.rows, 0, "LastRecord"), 4);
    snprintf(parameters, sizeof parameters, "{\"Record\": 4, \"Hash\": \"%s\"}", text_of(first.rows, 0, "LastHash"));
    struct outcome again = run(world, "audit verify", parameters);
    assert_int_equal(again.error, OPERATION_DONE);
    json_decref(again.rows);
    json_decref(first.rows);
    audit_store_free(world->store);
    world->store = NULL;
    sqlite3 *database;
    assert_int_equal(sqlite3_open(world->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "UPDATE record SET kind = 0 WHERE number = 3", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    struct outcome altered = run(world, "audit verify", "{}");
    assert_int_equal(altered.error, OPERATION_FAILED);
    assert_string_equal(text_of(altered.rows, 0, "Result"), "Altered");
    assert_int_equal(number_of(altered.rows, 0, "FirstBadRecord"), 3);
    json_decref(altered.rows);
}

static void the_state_of_writing(void **state)
{
    struct world *world = *state;
    fill(world);
    struct outcome outcome = run(world, "Get-MailboxAuditLogState", "{}");
    assert_int_equal(outcome.error, OPERATION_DONE);
    assert_string_equal(text_of(outcome.rows, 0, "State"), "Writing");
    assert_int_equal(number_of(outcome.rows, 0, "WrittenSinceStart"), 4);
    assert_true(number_of(outcome.rows, 0, "SizeBytes") > 0);
    assert_string_equal(outcome.warning, "");
    json_decref(outcome.rows);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)
    const struct CMUnitTest tests[] = {
        TEST(details_have_exchanges_fields),
        TEST(parameters_select),
        TEST(a_mailbox_that_is_gone),
        TEST(without_details_there_are_mailboxes),
        TEST(what_makes_no_sense_is_refused),
        TEST(nothing_written_is_said),
        TEST(verifying),
        TEST(the_state_of_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
