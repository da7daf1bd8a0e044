/* Base64 (RFC 4648) as the Authorization and WWW-Authenticate headers carry it, and base64url as tokens do. No state, any
 * thread. */
#pragma once
#include "base/arena.h"

/* Strict: whole quanta, padding only at the end, no unused bits set, not empty. In the arena, a NUL behind; false for anything
 * else or without memory. */
bool base64_decode(struct arena *arena, struct bytes encoded, struct bytes *ret_decoded);
/* base64url without padding (RFC 7515 2), as strictly: false for an empty text, other characters ('=' too), a length that none
 * has, or unused bits set. */
bool base64url_decode(struct arena *arena, struct bytes digits, struct bytes *ret_decoded);
/* '<prefix><base64 of data>'; NULL without memory. */
char *base64_encode(struct arena *arena, const char *prefix, struct bytes data);
