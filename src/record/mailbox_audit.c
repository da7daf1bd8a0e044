#include "record/mailbox_audit.h"

static const char *const members[AUDIT_LOGON_TYPE_COUNT] = {
    [AUDIT_OWNER] = "AuditOwner", [AUDIT_DELEGATE] = "AuditDelegate", [AUDIT_ADMIN] = "AuditAdmin"};

static void read_operations(const json_t *object, enum audit_logon_type type, struct mailbox_audit *audit)
{
    const json_t *names = json_object_get(object, members[type]);
    enum audit_operation operation;
    size_t i;
    json_t *name;
    audit->operations_set[type] = json_is_array(names);
    audit->operations[type] = audit->operations_set[type] ? 0 : audit_operations_default(type);
    json_array_foreach((json_t *)names, i, name)
        if (json_is_string(name) && audit_operation_parse(json_string_value(name), &operation))
            audit->operations[type] |= AUDIT_BIT(operation);
}

enum settings_status mailbox_audit_read(struct settings *settings, struct guid user_id, struct mailbox_audit *ret_audit)
{
    char name[GUID_TEXT_SIZE];
    json_t *object = NULL;
    guid_format(user_id, name);
    enum settings_status status = settings_get(settings, SETTINGS_MAILBOX, name, &object);
    if (status != SETTINGS_OK && status != SETTINGS_NOT_FOUND)
        return status;
    const json_t *age = json_object_get(object, "AuditLogAgeLimit");
    json_int_t seconds = json_integer_value(age);
    *ret_audit = (struct mailbox_audit){.enabled = json_is_true(json_object_get(object, "AuditEnabled")),
                                        .age_limit_s = json_is_integer(age) && seconds >= 0 && seconds <= UINT32_MAX ? (uint32_t)seconds
                                                                                                                     : AUDIT_AGE_DEFAULT_S};
    for (int type = 0; type < (int)AUDIT_LOGON_TYPE_COUNT; type++)
        read_operations(object, (enum audit_logon_type)type, ret_audit);
    json_decref(object);
    return SETTINGS_OK;
}

static json_t *names_of(uint32_t mask)
{
    json_t *names = json_array();
    for (int i = 0; i < (int)AUDIT_OPERATION_COUNT; i++)
        if (mask & AUDIT_BIT(i))
            json_array_append_new(names, json_string(audit_operation_names[i]));
    return names;
}

enum settings_status mailbox_audit_write(struct settings *settings, struct guid user_id, const struct mailbox_audit *audit)
{
    char name[GUID_TEXT_SIZE];
    json_t *kept = NULL;
    guid_format(user_id, name);
    enum settings_status status = settings_get(settings, SETTINGS_MAILBOX, name, &kept);
    if (status != SETTINGS_OK && status != SETTINGS_NOT_FOUND)
        return status;
    json_t *object = kept ? json_copy(kept) : json_object();
    json_decref(kept);
    bool done = json_object_set_new(object, "AuditEnabled", json_boolean(audit->enabled)) == 0;
    if (audit->age_limit_s != AUDIT_AGE_DEFAULT_S || json_object_get(object, "AuditLogAgeLimit"))
        done = done && json_object_set_new(object, "AuditLogAgeLimit", json_integer(audit->age_limit_s)) == 0;
    for (int type = 0; type < (int)AUDIT_LOGON_TYPE_COUNT; type++)
        if (audit->operations_set[type])
            done = done && json_object_set_new(object, members[type], names_of(audit->operations[type])) == 0;
    status = done ? settings_set(settings, SETTINGS_MAILBOX, name, object) : SETTINGS_UNAVAILABLE;
    json_decref(object);
    return status;
}
