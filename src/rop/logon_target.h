/* Whose mailbox a RopLogon means, and whether the session's user may open it (MS-OXCSTOR 3.2.5.1.1). Asks the directory; on
 * a worker thread. */
#pragma once
#include "rop/call.h"

/* The owner is allocated in the arena. Errors as 3.2.5.1.3 says. */
uint32_t rop_logon_target(struct rop_session *session, struct arena *arena, const struct rop_logon_request *request,
    struct directory_user *ret_owner, struct logon_rights *ret_rights);
