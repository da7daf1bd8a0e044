/* Execute: the extended buffer of a request to the executor of ROPs, and its payloads back (MS-OXCMAPIHTTP 2.2.4.2;
 * MS-OXCRPC 3.1.4.2). */
#pragma once
#include "server/mapi_exchange.h"

/* On the loop, with an accepted ticket. */
void execute_begin(struct mapi_exchange *mapi);
