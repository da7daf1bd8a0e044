/* The Authorization header's two parts: scheme and what it brings (RFC 9110 11.4). No state, any thread. */
#pragma once
#include "auth/authenticator.h"

#define AUTHORIZATION_SIZE_MAX 65536u /* Kerberos tickets of people in many groups come near it; the head of a request is capped too */

struct authorization {
    enum authentication_scheme scheme; /* SCHEME_COUNT: none of ours */
    struct bytes token;                /* as sent, without the white space around it; may be empty */
};

/* A header over AUTHORIZATION_SIZE_MAX has no scheme. */
struct authorization authorization_read(struct bytes header);
extern const char *const authentication_scheme_names[SCHEME_COUNT]; /* 'Negotiate', 'NTLM', 'Basic', 'Bearer' */
/* DIRECTORY_METHOD_... that offers the scheme. */
uint32_t authentication_scheme_method(enum authentication_scheme scheme);
