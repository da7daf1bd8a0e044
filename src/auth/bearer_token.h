/* What a bearer token says (RFC 7519 in a compact JWS, RFC 7515): its header before the signature is checked, its claims after.
 * Pure: no keys, no clock, no directory. Strict as RFC 8725 advises. Any thread; texts live in the arena. */
#pragma once
#include "auth/jwks.h"

#define BEARER_TOKEN_SIZE_MAX 16384u /* AUTHORIZATION_SIZE_MAX */

struct bearer_header {
    enum jws_algorithm algorithm;
    const char *key_id; /* NULL: none */
};
/* False with *ret_cause (a literal): not three base64url parts; not JSON, or a name twice; an algorithm that is not asymmetric;
 * a type that is no access or identity token; extensions (crit, b64, zip, enc) that we do not have. Where the header itself
 * offers keys (jwk, jku, x5u, x5c) they are not looked at. */
bool bearer_header_read(struct arena *arena, struct bytes token, struct bearer_header *ret_header, const char **ret_cause);

/* What is demanded of claims. Lists are separated by blanks. */
struct bearer_rules {
    const char *issuers;   /* 'iss' equals one */
    const char *audiences; /* 'aud' contains one */
    const char *scopes;    /* 'scp' or 'scope' contains one; "": not asked for */
    const char *roles;     /* 'roles' contains one; "": not asked for */
    const char *claims;    /* which say who it is: 'upn preferred_username email=address oid=id' */
    bool unverified_email; /* 'email' counts without 'email_verified' */
    uint32_t clock_skew_s;
};
/* Kinds of names that a claim may hold. */
enum bearer_name_kind { BEARER_NAME_PRINCIPAL, BEARER_NAME_ADDRESS, BEARER_NAME_ACCOUNT, BEARER_NAME_ID };

struct bearer_claims {
    const char *name; /* of the user: value of the first claim of the list that the token has */
    enum bearer_name_kind kind;
    uint64_t expires_s; /* Unix time of 'exp' */
};
/* Reads the claims of a token whose signature was found good and checks them at 'now_s' (Unix time). False with *ret_cause (a
 * literal); ret_claims->name may then be set all the same, for the log (NULL where it is not known). */
bool bearer_claims_read(struct arena *arena, struct bytes token, const struct bearer_rules *rules, uint64_t now_s,
                        struct bearer_claims *ret_claims, const char **ret_cause);
/* Whether a list of claims can be read; *ret_error is a literal saying why not. */
bool bearer_claim_list_valid(const char *claims, const char **ret_error);
