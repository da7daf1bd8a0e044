/* The hook over settings and store: what administrators set holds at once, delegates' folders once a day. */
#include "server/mailbox_audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/filetime.h"
#include "record/audit_store.h"
#include "record/settings.h"

#define NOON 134000000000000000ull
#define HOUR (3600ull * FILETIME_PER_SECOND)

struct fixture {
    char folder[64];
    struct settings *settings;
    struct mailbox_audit *audit;
    struct guid owner, mailbox, delegate;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/mapihttp-audit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    assert_int_equal(settings_open(":memory:", &fixture->settings), SETTINGS_OK);
    fixture->audit = mailbox_audit_new(fixture->settings, fixture->folder);
    assert_non_null(fixture->audit);
    fixture->owner = guid_random();
    fixture->mailbox = guid_random();
    fixture->delegate = guid_random();
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    mailbox_audit_free(fixture->audit);
    settings_close(fixture->settings);
    snprintf(command, sizeof command, "rm -rf '%s'", fixture->folder);
    free(fixture);
    return system(command);
}

static void set(struct fixture *fixture, const char *text)
{
    char name[GUID_TEXT_SIZE];
    json_t *value = json_loads(text, 0, NULL);
    guid_format(fixture->owner, name);
    assert_non_null(value);
    assert_int_equal(settings_set(fixture->settings, SETTINGS_MAILBOX, name, value), SETTINGS_OK);
    json_decref(value);
}

static void settings_hold_at_once(void **state)
{
    struct fixture *fixture = *state;
    const struct audit_hook *hook = mailbox_audit_hook(fixture->audit);
    assert_int_equal(hook->wanted(hook->user, fixture->owner, AUDIT_ADMIN), 0);
    uint64_t version = hook->version(hook->user);
    set(fixture, "{\"AuditEnabled\": true, \"AuditOwner\": [\"MailboxLogin\"]}");
    assert_int_not_equal(hook->version(hook->user), version);
    assert_int_equal(hook->wanted(hook->user, fixture->owner, AUDIT_OWNER), AUDIT_BIT(AUDIT_MAILBOX_LOGIN));
    assert_int_equal(hook->wanted(hook->user, fixture->owner, AUDIT_ADMIN), audit_operations_default(AUDIT_ADMIN));
    assert_int_equal(hook->wanted(hook->user, fixture->delegate, AUDIT_OWNER), 0); /* another mailbox */
    set(fixture, "{\"AuditEnabled\": false, \"AuditOwner\": [\"MailboxLogin\"]}");
    assert_int_equal(hook->wanted(hook->user, fixture->owner, AUDIT_OWNER), 0);
}

static void bind(struct fixture *fixture, enum audit_operation operation, enum audit_logon_type type, uint64_t folder_id, uint64_t time)
{
    const struct audit_hook *hook = mailbox_audit_hook(fixture->audit);
    const struct audit_client client = {"", "", "", "", "", "", ""};
    const struct audit_deed deed = {
        .operation = operation, .logon_type = type, .time = time,
        .mailbox = {.user_id = fixture->owner, .mailbox_guid = fixture->mailbox, .name = "", .principal = ""}, .user_id = fixture->delegate,
        .user_name = "", .user_principal = "", .user_dn = "", .folder_id = folder_id, .folder_path = "\\Inbox", .destination_path = ""};
    hook->record(hook->user, &deed, &client);
}

static uint64_t written(struct fixture *fixture)
{
    assert_true(audit_store_flush(mailbox_audit_store(fixture->audit), 10000));
    return audit_store_state(mailbox_audit_store(fixture->audit)).written;
}

static void a_delegates_folder_is_written_down_once_in_24_hours(void **state)
{
    struct fixture *fixture = *state;
    bind(fixture, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, 7, NOON);
    bind(fixture, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, 7, NOON + HOUR);
    bind(fixture, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, 7, NOON + 24 * HOUR - 1);
    assert_int_equal(written(fixture), 1);
    bind(fixture, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, 8, NOON + HOUR); /* another folder */
    assert_int_equal(written(fixture), 2);
    bind(fixture, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, 7, NOON + 24 * HOUR);
    assert_int_equal(written(fixture), 3);
    bind(fixture, AUDIT_FOLDER_BIND, AUDIT_ADMIN, 7, NOON + 25 * HOUR); /* administrators: each */
    bind(fixture, AUDIT_FOLDER_BIND, AUDIT_ADMIN, 7, NOON + 25 * HOUR);
    bind(fixture, AUDIT_HARD_DELETE, AUDIT_DELEGATE, 7, NOON + 25 * HOUR);
    bind(fixture, AUDIT_HARD_DELETE, AUDIT_DELEGATE, 7, NOON + 25 * HOUR);
    assert_int_equal(written(fixture), 7);
    fixture->delegate = guid_random(); /* somebody else */
    bind(fixture, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, 7, NOON + 25 * HOUR);
    assert_int_equal(written(fixture), 8);
}

static void many_folders_push_each_other_out_but_none_is_missed(void **state)
{
    struct fixture *fixture = *state;
    struct folder_bind folder = {fixture->mailbox, fixture->delegate, 0};
    unsigned first = 0;
    for (folder.folder_id = 1; folder.folder_id <= 20000; folder.folder_id++)
        first += !mailbox_audit_bound_lately(fixture->audit, &folder, NOON);
    assert_int_equal(first, 20000);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(settings_hold_at_once),
        TEST(a_delegates_folder_is_written_down_once_in_24_hours),
        TEST(many_folders_push_each_other_out_but_none_is_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
