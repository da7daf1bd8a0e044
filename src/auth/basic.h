/* Basic authentication's header (RFC 7617). No state, any thread. */
#pragma once
#include "base/arena.h"

struct basic_credentials {
    char *logon;    /* UTF-8 as sent */
    char *password; /* clear it after use: basic_credentials_wipe */
};

/* Reads an Authorization value; false for another scheme, bad base64, a missing colon, a NUL or control in it, or more than
 * AUTHORIZATION_SIZE_MAX bytes. */
bool basic_credentials_read(struct arena *arena, struct bytes authorization, struct basic_credentials *ret_credentials);
void basic_credentials_wipe(struct basic_credentials *credentials);
