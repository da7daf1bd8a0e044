/* When a table begins to tell of its changes. On the strand of the call. */
#pragma once
#include "rop/call.h"

/* Every ROP that makes a view of the table calls it once it has succeeded; from then on the session gets notifications for
 * the table's handle, unless the table was opened without (MS-OXCNOTIF 3.1.4.3). Repeating it changes nothing. */
uint32_t rop_start_table_notifications(struct rop_call *call);
