/* base64url without padding (RFC 7515 2), strictly: one text for one content. No state, any thread. */
#pragma once
#include "base/arena.h"

/* False for an empty text, other characters ('=' too), a length that none has, or unused bits set. */
bool base64url_decode(struct arena *arena, struct bytes text, struct bytes *ret_bytes);
