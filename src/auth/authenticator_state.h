/* Inside of the auth layer: the authenticator, for its parts: authenticator.c (life, first look), authenticator_basic.c (passwords),
 * authenticator_token.c (mechanisms), authenticator_failure.c (what failures lead to). */
#pragma once
#include <pthread.h>
#include <openssl/evp.h>

#include "auth/authorization.h"
#include "auth/failures.h"
#include "auth/handshake.h"
#include "auth/identity.h"
#include "auth/remembered.h"

#define FAILED_LATELY_MS 30000u /* a password that was wrong is not hashed again for so long, unless the directory changed */

struct authenticator {
    struct directory *directory;
    struct handshake_table *handshakes;
    EVP_MAC *hmac;
    EVP_MAC_CTX *keyed; /* initialised with the process key; duplicated for each use, never changed */
    pthread_mutex_t lock; /* guards what follows */
    struct authenticator_settings settings;
    struct mechanism *mechanisms[SCHEME_COUNT];
    struct remembered_table *remembered;
    struct failure_table *accounts;
    struct failure_table *addresses;
    uint64_t failures_version; /* of the directory that the failures were found in */
};

bool authenticator_hash(struct authenticator *authenticator, struct bytes header, uint8_t ret_key[REMEMBERED_KEY_SIZE]);
/* What a proof by this scheme rests on: changes with the directory, and with what the mechanism goes by. */
uint64_t authenticator_proof_version(struct authenticator *authenticator, enum authentication_scheme scheme);
/* DIRECTORY_METHOD_... that a proof may rest on: those that this request may use, and what may be used inside of Negotiate. */
uint32_t authenticator_proof_methods(struct authenticator *authenticator, const struct authentication_policy *policy, bool tls);

/* Why this user may not log on by this method there, a literal; NULL where it may. */
const char *authenticator_blocked_cause(const struct directory_user *user, uint32_t method, enum directory_protocol protocol);

/* --- authenticator_failure.c; all under the lock --- */

/* The account that a typed name means, without its domain and in lower case: 'ENGINE\Ada' and 'ada@engine.test' share one
 * counter. */
void authenticator_account_key(const char *logon, char key[FAILURE_KEY_SIZE_MAX]);
/* NULL where neither the account nor the address is locked. */
const char *authenticator_locked_cause(struct authenticator *authenticator, const char *account, const char *peer,
                                       uint64_t now_ms);
/* Counts a wrong password under the name as typed, under the account it turned out to mean if that is another (NULL: it is not
 * known), and for the address; true if that has locked any. The same secret again counts once. */
bool authenticator_count_password(struct authenticator *authenticator, const char *typed, const char *account,
                                  const char *peer, const uint8_t *secret, uint64_t now_ms);
/* Counts a failure of a mechanism, whose secrets cannot be told apart: each guess for the account; for the address each account
 * once in a window. */
bool authenticator_count_attempt(struct authenticator *authenticator, const char *typed, const char *account,
                                 const char *peer, enum mechanism_blame blame, uint64_t now_ms);

/* Fills outcome->account from what a client sent. */
void authentication_outcome_name(struct authentication_outcome *outcome, const char *domain, const char *account);

/* Takes the reference: ACCEPTED, or FAILED where the method is blocked for the user at this endpoint. */
struct authentication_outcome authenticator_admit_recalled(struct identity *identity, uint32_t method,
                                                           const struct authentication_request *request);

/* --- authenticator_basic.c and authenticator_token.c --- */

struct authentication_outcome authenticator_verify_basic(struct authenticator *authenticator,
                                                         const struct authentication_request *request, uint64_t now_ms);
/* NTLM, Negotiate and Bearer. Blocks unless authenticator_token_blocks says otherwise. */
struct authentication_outcome authenticator_verify_token(struct authenticator *authenticator, enum authentication_scheme scheme,
                                                         const struct authentication_request *request, uint64_t now_ms);
bool authenticator_token_blocks(struct authenticator *authenticator, enum authentication_scheme scheme,
                                const struct authentication_request *request);
/* A request without the header on a connection that has logged on; VERIFY where the directory has changed since. */
struct authentication_outcome authenticator_check_connection(struct authenticator *authenticator,
                                                             const struct authentication_request *request, uint64_t now_ms);
/* Asks the directory again for who logged on on this connection. Blocks. */
struct authentication_outcome authenticator_verify_connection(struct authenticator *authenticator,
                                                              const struct authentication_request *request, uint64_t now_ms);
