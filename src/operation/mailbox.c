/* Get- and Set-Mailbox: who a mailbox is, and what its audit writes down. */
#include <stdio.h>
#include <string.h>

#include "base/filetime.h"
#include "operation/operations.h"
#include "operation/subject.h"
#include "record/audit_policy.h"

/* --- audit --- */

/* '90.00:00:00', as Exchange writes it. */
static json_t *age_json(uint32_t seconds)
{
    char text[40];
    snprintf(text, sizeof text, "%u.%02u:%02u:%02u", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    return json_string(text);
}

static json_t *audit_of(const struct audit_policy *audit)
{
    return json_pack("{s:b, s:o, s:o, s:o, s:o}", "AuditEnabled", audit->enabled, "AuditLogAgeLimit", age_json(audit->age_limit_s), "AuditOwner",
                     audit_policy_names(audit->operations[AUDIT_OWNER]), "AuditDelegate", audit_policy_names(audit->operations[AUDIT_DELEGATE]), "AuditAdmin",
                     audit_policy_names(audit->operations[AUDIT_ADMIN]));
}

static bool read_audit(struct operation_call *call, struct guid user_id, struct audit_policy *ret_audit)
{
    if (audit_policy_read(call->host->settings, user_id, ret_audit))
        return true;
    operation_fail(call, OPERATION_UNAVAILABLE, NULL, "the audit settings of the mailbox cannot be read");
    return false;
}

/* --- showing --- */

static json_t *addresses_of(const struct directory_user *user)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < user->address_count; i++)
        json_array_append_new(list, json_sprintf("%s:%s", i == 0 ? "SMTP" : "smtp", user->addresses[i]));
    return list;
}

static json_t *optional_guid(struct guid guid)
{
    char text[GUID_TEXT_SIZE];
    guid_format(guid, text);
    return guid_is_zero(guid) ? json_null() : json_string(text);
}

static json_t *mailbox_of(const struct directory_user *user, const struct audit_policy *audit)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:b, s:b, s:b}", "Identity", user->address, "Name", user->account, "Alias",
        user->account, "DisplayName", user->display_name, "PrimarySmtpAddress", user->address, "EmailAddresses", addresses_of(user), "UserPrincipalName",
        user->principal, "LegacyExchangeDN", user->legacy_dn, "ExchangeGuid", optional_guid(user->mailbox_guid), "ArchiveGuid",
        optional_guid(user->archive_guid), "Guid", optional_guid(user->id), "RecipientType", "UserMailbox", "RecipientTypeDetails",
        subject_mailbox_type(user->kind), "IsMailboxEnabled", true, "AccountDisabled", !user->enabled, "Administrator", user->administrator);
    json_t *audited = audit_of(audit);
    if (!object || !audited || json_object_update(object, audited) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(audited);
    return object;
}

static json_t *object_of(struct operation_call *call, const struct directory_user *user, void *argument)
{
    struct audit_policy audit;
    (void)argument;
    return read_audit(call, user->id, &audit) ? mailbox_of(user, &audit) : NULL;
}

static void get(struct operation_call *call)
{
    struct subject_selection selection = subject_selection_of(call);
    selection.object = object_of;
    subject_mailboxes(call, &selection);
}

/* --- changing --- */

static uint32_t operations_mask(const json_t *names)
{
    enum audit_operation operation;
    uint32_t mask = 0;
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)names, i, name)
        if (audit_operation_parse(json_string_value(name), &operation))
            mask |= AUDIT_BIT(operation);
    return mask;
}

/* What the parameter asks for; false where it is not given, or cannot be: then the call has failed. */
static bool read_operations(struct operation_call *call, const json_t *object, enum audit_logon_type type, uint32_t *ret_operations)
{
    const char *parameter = audit_policy_properties[type];
    json_t *current = audit_policy_names(audit_policy_of(object).operations[type]), *list = operation_list(call, parameter, current);
    uint32_t wanted = operations_mask(list), excess = wanted & ~audit_operations_allowed(type);
    bool given = list != NULL;
    json_decref(list);
    json_decref(current);
    for (int i = 0; i < (int)AUDIT_OPERATION_COUNT; i++)
        if (excess & AUDIT_BIT(i))
            operation_fail(call, OPERATION_INVALID_ARGUMENT, parameter, "%s: %s is not written down of logons of type %s", parameter,
                           audit_operation_names[i], audit_logon_type_names[type]);
    *ret_operations = wanted;
    return given && !excess;
}

struct audit_change {
    struct operation_call *call;
    json_t *before, *after;
};

/* Of the mailbox's object in the settings. */
static bool change_audit(json_t *object, void *argument)
{
    struct audit_change *change = argument;
    struct operation_call *call = change->call;
    struct audit_policy before = audit_policy_of(object), after;
    uint32_t mask = 0;
    for (unsigned type = 0; type < AUDIT_LOGON_TYPE_COUNT; type++)
        if (read_operations(call, object, (enum audit_logon_type)type, &mask))
            json_object_set_new(object, audit_policy_properties[type], audit_policy_names(mask));
    if (operation_given(call, "AuditEnabled"))
        json_object_set_new(object, "AuditEnabled", json_boolean(operation_flag(call, "AuditEnabled")));
    if (operation_given(call, "AuditLogAgeLimit"))
        json_object_set_new(object, "AuditLogAgeLimit", json_integer(operation_number(call, "AuditLogAgeLimit", 0)));
    after = audit_policy_of(object);
    change->before = audit_of(&before);
    change->after = audit_of(&after);
    return call->error == OPERATION_DONE && !call->what_if && !json_equal(change->before, change->after);
}

static void set(struct operation_call *call)
{
    struct directory_user user;
    struct audit_change change = {.call = call};
    char name[GUID_TEXT_SIZE];
    if (!subject_mailbox(call, "Identity", operation_text(call, "Identity"), &user) || !subject_change_given(call))
        return;
    guid_format(user.id, name);
    enum settings_status status = settings_change(call->host->settings, SETTINGS_MAILBOX, name, change_audit, &change);
    bool done = subject_settings_done(call, status) && call->error == OPERATION_DONE;
    if (done && call->what_if)
        subject_tell_what_if(call, user.address);
    if (done && !call->what_if) {
        subject_changed(call, user.address, change.before, change.after);
    } else {
        json_decref(change.before);
        json_decref(change.after);
    }
}

#define AUDIT_CHOICES "None|MailboxLogin|FolderBind|MessageBind|Create|Update|Move|Copy|MoveToDeletedItems|SoftDelete|HardDelete|SendAs|SendOnBehalf"

static const struct operation_parameter get_parameters[] = {
    SUBJECT_SELECTION_PARAMETERS,
    {.name = NULL},
};

static const struct operation_column get_columns[] = {{"Name"}, {"Alias"}, {"PrimarySmtpAddress"}, {"RecipientTypeDetails"}, {"AuditEnabled"}, {NULL}};

const struct operation operation_get_mailbox = {
    .name = "Get-Mailbox",
    .command = "mailbox show",
    .summary = "mailboxes, who they belong to and what is audited",
    .parameters = get_parameters,
    .columns = get_columns,
    .run = get,
};

static const struct operation_parameter set_parameters[] = {
    SUBJECT_MAILBOX_PARAMETER,
    {.name = "AuditEnabled", .option = "audit", .kind = OPERATION_BOOLEAN, .explanation = "whether anything is written down of it"},
    {.name = "AuditOwner", .kind = OPERATION_CHOICES, .flags = OPERATION_CHANGEABLE | OPERATION_NULLABLE, .choices = AUDIT_CHOICES,
     .explanation = "what is written down of its owner; $null: nothing"},
    {.name = "AuditDelegate", .kind = OPERATION_CHOICES, .flags = OPERATION_CHANGEABLE | OPERATION_NULLABLE, .choices = AUDIT_CHOICES,
     .explanation = "what is written down of those with a right to it"},
    {.name = "AuditAdmin", .kind = OPERATION_CHOICES, .flags = OPERATION_CHANGEABLE | OPERATION_NULLABLE, .choices = AUDIT_CHOICES,
     .explanation = "what is written down of administrators who open it as such"},
    {.name = "AuditLogAgeLimit", .option = "audit-age-limit", .kind = OPERATION_DURATION, .minimum = 0, .maximum = 24855u * 86400u,
     .explanation = "how long records are kept: 90d, 90.00:00:00"},
    {.name = NULL},
};

const struct operation operation_set_mailbox = {
    .name = "Set-Mailbox",
    .command = "mailbox set",
    .flags = OPERATION_CHANGES,
    .summary = "set what is audited of a mailbox, and for how long",
    .description = "A list given replaces what there was; @{Add='FolderBind'; Remove='Update'} changes it.",
    .parameters = set_parameters,
    .run = set,
};
