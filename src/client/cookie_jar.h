/* The cookies of one session context at one endpoint (MS-OXCMAPIHTTP 3.1.1, 3.1.5.1): every cookie that the server sets is
 * kept and sent back, whatever its name. Owns its strings. The caller guards it against other threads. */
#pragma once
#include "base/bytes.h"

#define COOKIE_COUNT_MAX 32u
#define COOKIE_SIZE_MAX 4096u /* name and value */

struct cookie {
    char *name;
    char *value;
};

/* A zeroed one is empty and ready. */
struct cookie_jar {
    struct cookie cookies[COOKIE_COUNT_MAX];
    uint32_t count;
};

/* Takes the value of one Set-Cookie header: adds or replaces the cookie, or removes it where Max-Age is 0 or Expires has
 * passed. Path and Domain mean nothing here, as a jar belongs to one endpoint. False for a malformed header, one over a cap,
 * or without memory; the jar is then unchanged. */
bool cookie_jar_take(struct cookie_jar *jar, const char *set_cookie);
/* Appends 'a=1; b=2'; nothing for an empty jar. */
bool cookie_jar_append_header(const struct cookie_jar *jar, struct buffer *buffer);
const char *cookie_jar_find(const struct cookie_jar *jar, const char *name);
void cookie_jar_clear(struct cookie_jar *jar);
