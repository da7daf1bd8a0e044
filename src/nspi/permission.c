#include "nspi/permission.h"

#include <string.h>

static bool is_own(enum directory_attribute attribute)
{
    switch (attribute) {
    case DIRECTORY_ATTRIBUTE_INITIALS:
    case DIRECTORY_ATTRIBUTE_PHONETIC_DISPLAY_NAME:
    case DIRECTORY_ATTRIBUTE_PHONETIC_GIVEN_NAME:
    case DIRECTORY_ATTRIBUTE_PHONETIC_SURNAME:
    case DIRECTORY_ATTRIBUTE_OFFICE:
    case DIRECTORY_ATTRIBUTE_ASSISTANT:
    case DIRECTORY_ATTRIBUTE_ASSISTANT_TELEPHONE:
    case DIRECTORY_ATTRIBUTE_TELEPHONE:
    case DIRECTORY_ATTRIBUTE_OTHER_TELEPHONE:
    case DIRECTORY_ATTRIBUTE_HOME_TELEPHONE:
    case DIRECTORY_ATTRIBUTE_OTHER_HOME_TELEPHONE:
    case DIRECTORY_ATTRIBUTE_MOBILE_TELEPHONE:
    case DIRECTORY_ATTRIBUTE_PAGER_TELEPHONE:
    case DIRECTORY_ATTRIBUTE_FAX:
    case DIRECTORY_ATTRIBUTE_STREET:
    case DIRECTORY_ATTRIBUTE_POST_OFFICE_BOX:
    case DIRECTORY_ATTRIBUTE_LOCALITY:
    case DIRECTORY_ATTRIBUTE_STATE:
    case DIRECTORY_ATTRIBUTE_POSTAL_CODE:
    case DIRECTORY_ATTRIBUTE_COUNTRY:
    case DIRECTORY_ATTRIBUTE_COMMENT:
    case DIRECTORY_ATTRIBUTE_WEB_PAGE:
    case DIRECTORY_ATTRIBUTE_PHOTO:
    case DIRECTORY_ATTRIBUTE_CERTIFICATE:
    case DIRECTORY_ATTRIBUTE_SMIME_CERTIFICATE:
        return true;
    default:
        return false;
    }
}

static bool owns(const struct nspi_call *call, const struct directory_entry *group)
{
    const struct directory_value *owner = directory_entry_value(group, DIRECTORY_ATTRIBUTE_MANAGED_BY);
    return owner && owner->items[0].size == sizeof call->user->id.data &&
           memcmp(owner->items[0].data, call->user->id.data, sizeof call->user->id.data) == 0;
}

static bool manages(const struct nspi_call *call, const struct directory_entry *group)
{
    return call->user->administrator || owns(call, group) ||
           directory_has_right(call->directory, call->user->id, DIRECTORY_MANAGE_MEMBERS, group->id);
}

bool nspi_may_set(const struct nspi_call *call, const struct directory_entry *entry, enum directory_attribute attribute)
{
    if (directory_attributes[attribute].kind == DIRECTORY_VALUE_REFERENCE)
        return false;
    if (call->user->administrator)
        return true;
    if (entry->kind == DIRECTORY_GROUP)
        return attribute == DIRECTORY_ATTRIBUTE_COMMENT && manages(call, entry);
    return guid_equal(entry->id, call->user->id) && is_own(attribute);
}

bool nspi_may_change_members(const struct nspi_call *call, const struct directory_entry *group)
{
    return group->kind == DIRECTORY_GROUP && manages(call, group);
}

bool nspi_may_change_delegates(const struct nspi_call *call, const struct directory_entry *entry)
{
    return directory_kind_has_mailbox(entry->kind) && (call->user->administrator || guid_equal(entry->id, call->user->id));
}
