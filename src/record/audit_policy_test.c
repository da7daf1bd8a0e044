#include "record/audit_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct audit_policy policy_of(const char *text)
{
    json_t *mailbox = json_loads(text, 0, NULL);
    assert_non_null(mailbox);
    struct audit_policy policy = audit_policy_of(mailbox);
    json_decref(mailbox);
    return policy;
}

static void defaults_are_exchanges(void **state)
{
    struct audit_policy policy = audit_policy_of(NULL);
    assert_false(policy.enabled);
    assert_int_equal(policy.operations[AUDIT_OWNER], 0);
    assert_int_equal(policy.operations[AUDIT_DELEGATE], AUDIT_BIT(AUDIT_CREATE) | AUDIT_BIT(AUDIT_UPDATE) |
        AUDIT_BIT(AUDIT_SOFT_DELETE) | AUDIT_BIT(AUDIT_HARD_DELETE) | AUDIT_BIT(AUDIT_SEND_AS));
    assert_int_equal(policy.operations[AUDIT_ADMIN], AUDIT_ALL & ~(AUDIT_BIT(AUDIT_COPY) | AUDIT_BIT(AUDIT_MESSAGE_BIND) |
        AUDIT_BIT(AUDIT_MAILBOX_LOGIN)));
    assert_int_equal(policy.age_limit_s, 90 * 86400);
}

static void what_is_set_replaces_the_default(void **state)
{
    struct audit_policy policy = policy_of(
        "{\"AuditEnabled\": true, \"AuditOwner\": [\"MailboxLogin\", \"harddelete\"], \"AuditDelegate\": [], \"AuditLogAgeLimit\": 86400}");
    assert_true(policy.enabled);
    assert_int_equal(policy.operations[AUDIT_OWNER], AUDIT_BIT(AUDIT_MAILBOX_LOGIN) | AUDIT_BIT(AUDIT_HARD_DELETE));
    assert_int_equal(policy.operations[AUDIT_DELEGATE], 0);
    assert_int_equal(policy.operations[AUDIT_ADMIN], audit_operations_default(AUDIT_ADMIN));
    assert_int_equal(policy.age_limit_s, 86400);
}

static void nonsense_means_nothing(void **state)
{
    struct audit_policy policy = policy_of(
        "{\"AuditEnabled\": \"yes\", \"AuditOwner\": [7, \"Teleport\", \"SendAs\"], \"AuditAdmin\": \"Copy\", \"AuditLogAgeLimit\": \"long\"}");
    assert_false(policy.enabled);
    assert_int_equal(policy.operations[AUDIT_OWNER], 0); /* an owner does not send as somebody else */
    assert_int_equal(policy.operations[AUDIT_ADMIN], audit_operations_default(AUDIT_ADMIN));
    assert_int_equal(policy.age_limit_s, AUDIT_AGE_DEFAULT_S);
    assert_int_equal(policy_of("{\"AuditLogAgeLimit\": 99999999999}").age_limit_s, UINT32_MAX);
    assert_int_equal(policy_of("{\"AuditLogAgeLimit\": -5}").age_limit_s, AUDIT_AGE_DEFAULT_S);
}

static void settings_are_read_by_the_mailboxs_user(void **state)
{
    struct settings *settings;
    struct guid user = guid_random();
    struct audit_policy policy;
    char name[GUID_TEXT_SIZE];
    assert_int_equal(settings_open(":memory:", &settings), SETTINGS_OK);
    assert_true(audit_policy_read(settings, user, &policy));
    assert_false(policy.enabled);
    uint64_t version = settings_version(settings);
    json_t *value = json_pack("{s:b, s:[s]}", "AuditEnabled", 1, "AuditOwner", "Update");
    guid_format(user, name);
    assert_int_equal(settings_set(settings, SETTINGS_MAILBOX, name, value), SETTINGS_OK);
    json_decref(value);
    assert_int_not_equal(settings_version(settings), version);
    assert_true(audit_policy_read(settings, user, &policy));
    assert_true(policy.enabled);
    assert_int_equal(policy.operations[AUDIT_OWNER], AUDIT_BIT(AUDIT_UPDATE));
    settings_close(settings);
}

static void names_both_ways(void **state)
{
    for (unsigned i = 0; i < AUDIT_OPERATION_COUNT; i++) {
        enum audit_operation operation;
        json_t *names = audit_policy_names(AUDIT_BIT(i));
        assert_int_equal(json_array_size(names), 1);
        assert_true(audit_operation_parse(json_string_value(json_array_get(names, 0)), &operation));
        assert_int_equal(operation, i);
        json_decref(names);
    }
    enum audit_logon_type type;
    assert_true(audit_logon_type_parse("DELEGATE", &type));
    assert_int_equal(type, AUDIT_DELEGATE);
    assert_false(audit_logon_type_parse("Owne", &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_exchanges),
        cmocka_unit_test(what_is_set_replaces_the_default),
        cmocka_unit_test(nonsense_means_nothing),
        cmocka_unit_test(settings_are_read_by_the_mailboxs_user),
        cmocka_unit_test(names_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
