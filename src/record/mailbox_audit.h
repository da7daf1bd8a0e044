/* What is audited of a mailbox: what Set-Mailbox has set, completed by what holds where nothing was set. Kept in the settings, scope
 * SETTINGS_MAILBOX, by the user's id: an object with AuditEnabled (boolean), AuditOwner, AuditDelegate, AuditAdmin (arrays of names),
 * AuditLogAgeLimit (seconds); absent members are not set. Any thread; reading is as cheap as settings_get. */
#pragma once
#include "record/settings.h"
#include "session/audit.h"

struct mailbox_audit {
    bool enabled;         /* off unless set, as in Exchange */
    uint32_t age_limit_s;
    uint32_t operations[AUDIT_LOGON_TYPE_COUNT]; /* masks of AUDIT_BIT: what is asked for; nothing of it is written unless 'enabled' */
    bool operations_set[AUDIT_LOGON_TYPE_COUNT]; /* else the defaults of audit_operations_default */
};

enum settings_status mailbox_audit_read(struct settings *settings, struct guid user_id, struct mailbox_audit *ret_audit);
/* Other members of the object stay. */
enum settings_status mailbox_audit_write(struct settings *settings, struct guid user_id, const struct mailbox_audit *audit);
