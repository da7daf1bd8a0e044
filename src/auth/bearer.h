/* Bearer tokens as a mechanism (RFC 6750): JWTs that an identity provider has signed for us. Keys by jwks_source.h, what a token
 * must say by bearer_token.h. Checking one takes about a tenth of a millisecond, fetching keys up to their time-out: blocking
 * pool only. docs/authentication.md. */
#pragma once
#include "auth/bearer_token.h"
#include "auth/jwks_source.h"
#include "auth/mechanism.h"

struct bearer_settings {
    struct jwks_source_settings keys;
    struct bearer_rules rules;
    uint32_t algorithms;        /* mask of 1 << enum jws_algorithm */
    uint32_t token_size_max;
    /* The challenge. Outlook goes where authorization_uri leads and asks there for a token for client_id. */
    const char *realm;
    const char *authorization_uri; /* "": a plain challenge, and none of the following */
    const char *client_id;
    const char *trusted_issuers;   /* "": left out */
    const char *issuer_kind;       /* "", or "ADFS" as Exchange sends it where that is the provider */
    /* Called on the blocking pool when keys could not be had ('good' false) or others have come; for the log. */
    void (*report)(bool good, const char *text);
};

/* Copies the settings. NULL without memory. */
struct mechanism *bearer_new(const struct bearer_settings *settings);
/* Whether the mechanism was made from the same settings (report aside). */
bool bearer_has_settings(const struct mechanism *mechanism, const struct bearer_settings *settings);
/* Reads the keys before somebody needs them; false where there are none. Blocks. */
bool bearer_fetch(struct mechanism *mechanism, uint64_t now_ms);
/* The next token is checked with keys that are fetched for it. */
void bearer_refresh(struct mechanism *mechanism);
