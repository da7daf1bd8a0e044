#include "session/audit.h"

#include <strings.h>

#include "directory/directory.h"

const char *const audit_operation_names[AUDIT_OPERATION_COUNT] = {
    [AUDIT_MAILBOX_LOGIN] = "MailboxLogin",
    [AUDIT_FOLDER_BIND] = "FolderBind",
    [AUDIT_MESSAGE_BIND] = "MessageBind",
    [AUDIT_CREATE] = "Create",
    [AUDIT_UPDATE] = "Update",
    [AUDIT_MOVE] = "Move",
    [AUDIT_COPY] = "Copy",
    [AUDIT_MOVE_TO_DELETED_ITEMS] = "MoveToDeletedItems",
    [AUDIT_SOFT_DELETE] = "SoftDelete",
    [AUDIT_HARD_DELETE] = "HardDelete",
    [AUDIT_SEND_AS] = "SendAs",
    [AUDIT_SEND_ON_BEHALF] = "SendOnBehalf",
};
const char *const audit_logon_type_names[AUDIT_LOGON_TYPE_COUNT] = {
    [AUDIT_OWNER] = "Owner", [AUDIT_DELEGATE] = "Delegate", [AUDIT_ADMIN] = "Admin"};
const char *const audit_result_names[AUDIT_RESULT_COUNT] = {
    [AUDIT_SUCCEEDED] = "Succeeded", [AUDIT_PARTIALLY_SUCCEEDED] = "PartiallySucceeded", [AUDIT_FAILED] = "Failed"};

bool audit_operation_parse(const char *name, enum audit_operation *ret_operation)
{
    for (unsigned i = 0; i < AUDIT_OPERATION_COUNT; i++) {
        if (strcasecmp(name, audit_operation_names[i]) == 0) {
            *ret_operation = (enum audit_operation)i;
            return true;
        }
    }
    return false;
}

bool audit_logon_type_parse(const char *name, enum audit_logon_type *ret_type)
{
    for (unsigned i = 0; i < AUDIT_LOGON_TYPE_COUNT; i++) {
        if (strcasecmp(name, audit_logon_type_names[i]) == 0) {
            *ret_type = (enum audit_logon_type)i;
            return true;
        }
    }
    return false;
}

/* Exchange's table of what may be written down, and more than it has: log-ons of others than the owner, and what a delegate
 * has read. */
uint32_t audit_operations_allowed(enum audit_logon_type type)
{
    const uint32_t changes = AUDIT_BIT(AUDIT_CREATE) | AUDIT_BIT(AUDIT_UPDATE) | AUDIT_BIT(AUDIT_MOVE) |
        AUDIT_BIT(AUDIT_MOVE_TO_DELETED_ITEMS) | AUDIT_BIT(AUDIT_SOFT_DELETE) | AUDIT_BIT(AUDIT_HARD_DELETE) |
        AUDIT_BIT(AUDIT_MAILBOX_LOGIN);
    const uint32_t others = AUDIT_BIT(AUDIT_FOLDER_BIND) | AUDIT_BIT(AUDIT_MESSAGE_BIND) | AUDIT_BIT(AUDIT_SEND_AS) |
        AUDIT_BIT(AUDIT_SEND_ON_BEHALF);
    switch (type) {
    case AUDIT_OWNER: return changes;
    case AUDIT_DELEGATE: return changes | others;
    case AUDIT_ADMIN: return changes | others | AUDIT_BIT(AUDIT_COPY);
    }
    return 0;
}

uint32_t audit_operations_default(enum audit_logon_type type)
{
    const uint32_t grave = AUDIT_BIT(AUDIT_CREATE) | AUDIT_BIT(AUDIT_UPDATE) | AUDIT_BIT(AUDIT_SOFT_DELETE) |
        AUDIT_BIT(AUDIT_HARD_DELETE) | AUDIT_BIT(AUDIT_SEND_AS);
    switch (type) {
    case AUDIT_OWNER: return 0;
    case AUDIT_DELEGATE: return grave;
    case AUDIT_ADMIN:
        return grave | AUDIT_BIT(AUDIT_FOLDER_BIND) | AUDIT_BIT(AUDIT_MOVE) | AUDIT_BIT(AUDIT_MOVE_TO_DELETED_ITEMS) |
            AUDIT_BIT(AUDIT_SEND_ON_BEHALF);
    }
    return 0;
}

struct audit_mailbox audit_mailbox_of(const struct directory_user *owner)
{
    return (struct audit_mailbox){.user_id = owner->id, .mailbox_guid = owner->mailbox_guid, .name = owner->display_name,
                                  .principal = directory_user_principal(owner)};
}

struct audit_deed audit_deed_of(enum audit_operation operation, enum audit_logon_type type, const struct audit_mailbox *mailbox,
                                const struct directory_user *user)
{
    return (struct audit_deed){.operation = operation, .logon_type = type, .mailbox = *mailbox, .user_id = user->id,
                               .user_name = user->display_name, .user_principal = directory_user_principal(user),
                               .user_dn = user->legacy_dn, .folder_path = "", .destination_path = ""};
}
