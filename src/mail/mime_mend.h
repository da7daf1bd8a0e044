/* Around two faults of GMime 3.2.13 (Debian 12), both of which lose content: its base64 decoder stops at the first '=', and so
 * do neighbouring encoded words of a header (RFC 2047) in base64, of which it shows only the first. */
#pragma once
#include <gmime/gmime.h>

#include "base/bytes.h"

/* Joins such encoded words in the headers of this object (not of those inside), which makes GMime read them again.
 * Returns whether anything was joined. */
bool mime_mend_headers(GMimeObject *object);
/* The same for everything inside. */
void mime_mend_all(GMimeObject *object);
/* One header value with its encoded words joined, to be freed with g_free; NULL when there is nothing to join. */
char *mime_join_encoded_words(const char *raw);

/* Decodes base64 whatever stands between the digits; '=' ends a group, not the text. Gives at most encoded.size / 4 * 3 + 3
 * bytes. *ret_damaged (may be NULL): there were characters that do not belong, or a group was incomplete. */
size_t mime_decode_base64(struct bytes encoded, uint8_t *out, bool *ret_damaged);
