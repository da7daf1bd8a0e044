/* The page that a person with a browser sees at /mapi/emsmdb and /mapi/nspi: who they are here, their sessions and how fast these are,
 * cookies and headers as they arrived; '?showdebug=yes' adds detail. Never a secret. docs/health.md. */
#pragma once
#include "server/services.h"

/* On the loop; takes the identity, answers the exchange later. */
void diagnosis_answer(struct services *services, struct http_exchange *exchange, struct identity *identity, enum session_endpoint endpoint);
