/* Connect: a ROP session for a new context (MS-OXCMAPIHTTP 2.2.4.1, 3.2.5.1; MS-OXCRPC 3.1.4.1). */
#pragma once
#include "server/mapi_exchange.h"

/* On the loop, with the new context's ticket. */
void connect_begin(struct mapi_exchange *mapi);
