/* What of a mailbox is written down and how long it is kept, as administrators set it (Set-Mailbox -AuditEnabled, -AuditOwner,
 * -AuditDelegate, -AuditAdmin, -AuditLogAgeLimit): members of its object in the settings, SETTINGS_MAILBOX. Any thread. */
#pragma once
#include "record/settings.h"
#include "session/audit.h"

struct audit_policy {
    bool enabled;                                /* AuditEnabled; off unless set */
    uint32_t operations[AUDIT_LOGON_TYPE_COUNT]; /* AUDIT_BIT by type of logon; what is set, or the default */
    uint32_t age_limit_s;                        /* AuditLogAgeLimit */
};

/* Defaults where nothing is set. False where the settings cannot be read: *ret_policy then has everything written down, so that
 * a damaged file hides nothing, and is kept for the default time. */
bool audit_policy_read(struct settings *settings, struct guid mailbox_user_id, struct audit_policy *ret_policy);
/* From the mailbox's object (NULL: nothing is set). */
struct audit_policy audit_policy_of(const json_t *mailbox);
/* Names as an array: what AuditOwner and the others show. A new reference; NULL without memory. */
json_t *audit_policy_names(uint32_t operations);
/* The property's name: 'AuditOwner', 'AuditDelegate', 'AuditAdmin'. */
extern const char *const audit_policy_properties[AUDIT_LOGON_TYPE_COUNT];
