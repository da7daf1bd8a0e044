#include "record/audit_policy.h"

const char *const audit_policy_properties[AUDIT_LOGON_TYPE_COUNT] = {
    [AUDIT_OWNER] = "AuditOwner", [AUDIT_DELEGATE] = "AuditDelegate", [AUDIT_ADMIN] = "AuditAdmin"};

/* Names that mean nothing are passed over: they were checked when they were set. */
static uint32_t operations_of(const json_t *names, enum audit_logon_type type)
{
    uint32_t operations = 0;
    size_t i;
    json_t *name;
    if (!json_is_array(names))
        return audit_operations_default(type);
    json_array_foreach(names, i, name) {
        enum audit_operation operation;
        if (json_is_string(name) && audit_operation_parse(json_string_value(name), &operation))
            operations |= AUDIT_BIT(operation);
    }
    return operations & audit_operations_allowed(type);
}

struct audit_policy audit_policy_of(const json_t *mailbox)
{
    struct audit_policy policy = {.enabled = json_is_true(json_object_get(mailbox, "AuditEnabled")),
                                  .age_limit_s = AUDIT_AGE_DEFAULT_S};
    for (unsigned i = 0; i < AUDIT_LOGON_TYPE_COUNT; i++)
        policy.operations[i] = operations_of(json_object_get(mailbox, audit_policy_properties[i]), (enum audit_logon_type)i);
    json_int_t age = json_integer_value(json_object_get(mailbox, "AuditLogAgeLimit"));
    if (json_is_integer(json_object_get(mailbox, "AuditLogAgeLimit")) && age >= 0)
        policy.age_limit_s = age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
    return policy;
}

bool audit_policy_read(struct settings *settings, struct guid mailbox_user_id, struct audit_policy *ret_policy)
{
    char name[GUID_TEXT_SIZE];
    json_t *mailbox = NULL;
    guid_format(mailbox_user_id, name);
    enum settings_status status = settings_get(settings, SETTINGS_MAILBOX, name, &mailbox);
    *ret_policy = audit_policy_of(status == SETTINGS_OK ? mailbox : NULL);
    if (status == SETTINGS_OK)
        json_decref(mailbox);
    if (status == SETTINGS_OK || status == SETTINGS_NOT_FOUND)
        return true;
    ret_policy->enabled = true;
    for (unsigned i = 0; i < AUDIT_LOGON_TYPE_COUNT; i++)
        ret_policy->operations[i] = audit_operations_allowed((enum audit_logon_type)i);
    return false;
}

json_t *audit_policy_names(uint32_t operations)
{
    json_t *names = json_array();
    for (unsigned i = 0; names && i < AUDIT_OPERATION_COUNT; i++) {
        if (operations & AUDIT_BIT(i))
            json_array_append_new(names, json_string(audit_operation_names[i]));
    }
    return names;
}
