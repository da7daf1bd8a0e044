/* A JSON Web Key Set (RFC 7517): the public keys with which an identity provider signs tokens. Immutable once read, counted; any
 * thread. Only RSA and elliptic curve keys for signatures count; secrets ("oct") and private parts are never taken in. */
#pragma once
#include "base/arena.h"

#define JWKS_SIZE_MAX (256u << 10)
#define JWKS_KEYS_MAX 64u
#define JWKS_RSA_BITS_MIN 2048u
#define JWKS_RSA_BITS_MAX 8192u
#define JWKS_ERROR_SIZE 256u

/* Asymmetric ones only: 'none' and HS... have no row and so no way in. */
#define JWS_ALGORITHMS(ROW) \
    ROW(RS256, "RS256", "RSA", "") \
    ROW(RS384, "RS384", "RSA", "") \
    ROW(RS512, "RS512", "RSA", "") \
    ROW(PS256, "PS256", "RSA", "") \
    ROW(PS384, "PS384", "RSA", "") \
    ROW(PS512, "PS512", "RSA", "") \
    ROW(ES256, "ES256", "EC", "P-256") \
    ROW(ES384, "ES384", "EC", "P-384") \
    ROW(ES512, "ES512", "EC", "P-521")

enum jws_algorithm {
#define ROW(id, name, kind, curve) JWS_##id,
    JWS_ALGORITHMS(ROW)
#undef ROW
    JWS_ALGORITHM_COUNT,
};
/* RFC 7518 3.1 names compare exactly. */
bool jws_algorithm_read(struct bytes name, enum jws_algorithm *ret_algorithm);
const char *jws_algorithm_name(enum jws_algorithm algorithm);

struct jwks;

/* NULL with *ret_error in words where the text is no key set. Keys that cannot serve (unknown kind or curve, too short, for
 * encryption) are left out; a set may be left without any: then the provider has withdrawn them all. */
struct jwks *jwks_read(struct bytes json, char ret_error[JWKS_ERROR_SIZE]);
struct jwks *jwks_reference(struct jwks *jwks);
void jwks_release(struct jwks *jwks);
uint32_t jwks_count(const struct jwks *jwks);

enum jws_result {
    JWS_GOOD,
    JWS_UNKNOWN_KEY, /* none of that id for that algorithm; without an id: not exactly one for the algorithm */
    JWS_BAD,         /* not signed with the key */
};
/* Checks the signature of a compact JWS (RFC 7515 7.1) that bearer_header_read has found well-formed, whose header names 'algorithm' and perhaps the key ('key_id' NULL: not). */
enum jws_result jwks_verify(const struct jwks *jwks, enum jws_algorithm algorithm, const char *key_id, struct bytes compact);
