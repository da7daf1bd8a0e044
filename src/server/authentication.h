/* Who is asking: takes an HTTP exchange through the authenticator, hashing in the blocking pool, answers 401 and 403 itself,
 * and goes on with the identity. */
#pragma once
#include "server/services.h"

/* On the loop. 'accepted' is called on the loop of the exchange, perhaps before this returns; the identity is its to release.
 * It is not called where the exchange was answered here. One log line with the cause for each failed log-on. */
void authenticate(struct services *services, struct http_exchange *exchange, enum endpoint endpoint,
                  void (*accepted)(struct http_exchange *exchange, struct identity *identity, void *argument), void *argument);
