/* Records of the mailbox audit as objects with Exchange's property names. Any thread; each returns a new reference, NULL without
 * memory. docs/audit.md has the list. */
#pragma once
#include <jansson.h>

#include "record/audit_store.h"

json_t *audit_object_of_record(const struct audit_record *record);
json_t *audit_object_of_access(const struct audit_mailbox_access *access);
json_t *audit_object_of_verification(const struct audit_verification *verification);
