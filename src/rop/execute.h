/* The loop over the ROPs of one Execute (MS-OXCROPS 3.2.5.1, 3.2.5.2): decodes them, gives each to its handler with the
 * objects its handle indexes mean, keeps to the room that the client has, and builds the answer.
 *
 * A list that cannot be read fails as a whole before anything is done. What the ROPs write is one transaction for each
 * mailbox, with a savepoint for each ROP; the answer exists after the commit. On the strand of execution->mailbox_guid. */
#pragma once
#include "rop/session.h"

/* As struct rop_executor's execute. */
enum rop_execution_state rop_execute(struct rop_session *session, struct rop_execution *execution);
