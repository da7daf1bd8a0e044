/* Obeying the switches of mailboxes at the endpoints (docs/switches.md): at each request, before it is looked at further. What is
 * switched off is refused with 16, Endpoint Disabled, and its reason; only Connect has error codes of its own for a blocked version and
 * for online mode (MS-OXCRPC R595, R609). On the loop, but for mapi_switch_circumstances and mapi_switch_connect_error. */
#pragma once
#include "server/mapi_exchange.h"

/* Goes on with 'enter', perhaps later, or refuses. A Connect that its version rules out is let through: connect_begin refuses it. */
void mapi_switch_check(struct mapi_exchange *mapi, void (*enter)(struct mapi_exchange *mapi));
/* In the request's context, whose mode is known: false where the request was refused, and 'mapi' is gone. */
bool mapi_switch_check_mode(struct mapi_exchange *mapi);
/* Who asks. */
struct mailbox_circumstances mapi_switch_circumstances(const struct mapi_exchange *mapi);
/* The ErrorCode of Connect for a state other than ON; 0 where Connect is refused with 16. */
uint32_t mapi_switch_connect_error(const struct mapi_exchange *mapi, enum mailbox_switch state);
