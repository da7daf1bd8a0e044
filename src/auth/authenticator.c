#include "auth/authenticator_state.h"

#include <openssl/crypto.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/basic.h"

#define KEY_SIZE 32u

/* --- life --- */

static void set_settings(struct authenticator *authenticator, const struct authenticator_settings *settings)
{
    struct authenticator_settings *ours = &authenticator->settings;
    *ours = *settings;
    if (ours->remember_ms > AUTHENTICATION_REMEMBER_MAX_MS)
        ours->remember_ms = AUTHENTICATION_REMEMBER_MAX_MS;
    if (ours->handshake_ms == 0)
        ours->handshake_ms = AUTHENTICATION_HANDSHAKE_DEFAULT_MS;
    if (ours->handshakes_max == 0)
        ours->handshakes_max = AUTHENTICATION_HANDSHAKES_DEFAULT;
}

static bool set_key(struct authenticator *authenticator)
{
    uint8_t key[KEY_SIZE];
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", "SHA256", 0), OSSL_PARAM_construct_end()};
    random_bytes(key, sizeof key);
    authenticator->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    authenticator->keyed = authenticator->hmac ? EVP_MAC_CTX_new(authenticator->hmac) : NULL;
    bool done = authenticator->keyed && EVP_MAC_init(authenticator->keyed, key, sizeof key, parameters);
    OPENSSL_cleanse(key, sizeof key);
    return done;
}

struct authenticator *authenticator_new(const struct authenticator_settings *settings, struct directory *directory)
{
    struct authenticator *authenticator = calloc(1, sizeof *authenticator);
    if (!authenticator)
        return NULL;
    pthread_mutex_init(&authenticator->lock, NULL);
    authenticator->directory = directory;
    authenticator->accounts = failure_table_new();
    authenticator->addresses = failure_table_new();
    authenticator->remembered = remembered_new();
    authenticator->handshakes = handshake_table_new();
    set_settings(authenticator, settings);
    if (!authenticator->accounts || !authenticator->addresses || !authenticator->remembered || !authenticator->handshakes ||
        !set_key(authenticator)) {
        authenticator_free(authenticator);
        return NULL;
    }
    return authenticator;
}

void authenticator_configure(struct authenticator *authenticator, const struct authenticator_settings *settings)
{
    pthread_mutex_lock(&authenticator->lock);
    set_settings(authenticator, settings);
    pthread_mutex_unlock(&authenticator->lock);
}

void authenticator_set_mechanism(struct authenticator *authenticator, enum authentication_scheme scheme,
                                 struct mechanism *mechanism)
{
    pthread_mutex_lock(&authenticator->lock);
    struct mechanism *before = authenticator->mechanisms[scheme];
    authenticator->mechanisms[scheme] = mechanism;
    pthread_mutex_unlock(&authenticator->lock);
    mechanism_release(before);
}

void authenticator_free(struct authenticator *authenticator)
{
    if (!authenticator)
        return;
    for (unsigned scheme = 0; scheme < SCHEME_COUNT; scheme++)
        mechanism_release(authenticator->mechanisms[scheme]);
    remembered_free(authenticator->remembered);
    failure_table_free(authenticator->accounts);
    failure_table_free(authenticator->addresses);
    handshake_table_free(authenticator->handshakes);
    EVP_MAC_CTX_free(authenticator->keyed);
    EVP_MAC_free(authenticator->hmac);
    pthread_mutex_destroy(&authenticator->lock);
    free(authenticator);
}

struct authentication_connection *authentication_connection_new(struct authenticator *authenticator)
{
    return handshake_connection_new(authenticator->handshakes);
}

/* --- checks --- */

bool authenticator_hash(struct authenticator *authenticator, struct bytes header, uint8_t ret_key[REMEMBERED_KEY_SIZE])
{
    size_t size = 0;
    EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(authenticator->keyed);
    bool done = mac && EVP_MAC_update(mac, header.data, header.size) &&
                EVP_MAC_final(mac, ret_key, &size, REMEMBERED_KEY_SIZE);
    EVP_MAC_CTX_free(mac);
    return done && size == REMEMBERED_KEY_SIZE;
}

static uint32_t allowed_methods(const struct authenticator_settings *settings, const struct authentication_policy *policy, bool tls)
{
    uint32_t plain = (settings->basic_over_plain ? DIRECTORY_METHOD_BASIC : 0) |
                     (settings->others_over_plain ? DIRECTORY_METHOD_ALL & ~DIRECTORY_METHOD_BASIC : 0);
    return settings->methods & policy->methods & (tls ? DIRECTORY_METHOD_ALL : plain);
}

/* DIRECTORY_METHOD_... that this request may use. */
static uint32_t methods_of(struct authenticator *authenticator, const struct authentication_policy *policy, bool tls)
{
    pthread_mutex_lock(&authenticator->lock);
    uint32_t methods = allowed_methods(&authenticator->settings, policy, tls);
    pthread_mutex_unlock(&authenticator->lock);
    return methods;
}

uint32_t authenticator_proof_methods(struct authenticator *authenticator, const struct authentication_policy *policy, bool tls)
{
    struct authentication_policy wide = *policy;
    if (policy->ntlm_inside && policy->methods & DIRECTORY_METHOD_KERBEROS)
        wide.methods |= DIRECTORY_METHOD_NTLM;
    return methods_of(authenticator, &wide, tls);
}

bool authenticator_needs_connection(struct bytes authorization)
{
    enum authentication_scheme scheme = authorization_read(authorization).scheme;
    return scheme == SCHEME_NTLM || scheme == SCHEME_NEGOTIATE;
}

static struct authentication_outcome failed(const char *method, const char *cause)
{
    return (struct authentication_outcome){.result = AUTHENTICATION_FAILED, .method = method, .cause = cause, .account = "?"};
}

uint64_t authenticator_proof_version(struct authenticator *authenticator, enum authentication_scheme scheme)
{
    uint64_t version = directory_version(authenticator->directory);
    if (scheme != SCHEME_BEARER)
        return version;
    pthread_mutex_lock(&authenticator->lock);
    struct mechanism *mechanism = mechanism_keep(authenticator->mechanisms[scheme]);
    pthread_mutex_unlock(&authenticator->lock);
    if (mechanism && mechanism->type->version)
        version += mechanism->type->version(mechanism) * 0x9E3779B97F4A7C15ull; /* both change; their sum must not stand still */
    mechanism_release(mechanism);
    return version;
}

const char *authenticator_blocked_cause(const struct directory_user *user, uint32_t method, enum directory_protocol protocol)
{
    if (!(user->switches.methods & method))
        return "this method is switched off for this mailbox";
    return user->switches.blocked_methods[protocol] & method ? "this method is blocked by the user's authentication policy" : NULL;
}

/* Basic and Bearer: was this very header right a moment ago? */
static struct identity *recall(struct authenticator *authenticator, enum authentication_scheme scheme, struct bytes header,
                               uint64_t now_ms)
{
    uint8_t key[REMEMBERED_KEY_SIZE];
    if (!authenticator_hash(authenticator, header, key))
        return NULL;
    uint64_t version = authenticator_proof_version(authenticator, scheme);
    pthread_mutex_lock(&authenticator->lock);
    struct identity *identity = remembered_find(authenticator->remembered, key, version, now_ms);
    pthread_mutex_unlock(&authenticator->lock);
    return identity;
}

static bool is_readable_basic(struct bytes header)
{
    struct arena arena = {0};
    struct basic_credentials credentials;
    bool readable = basic_credentials_read(&arena, header, &credentials);
    if (readable)
        basic_credentials_wipe(&credentials);
    arena_free(&arena);
    return readable;
}

/* What was right at one endpoint may be blocked at another. */
struct authentication_outcome authenticator_admit_recalled(struct identity *identity, uint32_t method,
                                                           const struct authentication_request *request)
{
    const char *cause = authenticator_blocked_cause(identity_user(identity), method, request->policy.protocol);
    if (!cause)
        return (struct authentication_outcome){.result = AUTHENTICATION_ACCEPTED, .identity = identity};
    struct authentication_outcome outcome = failed(identity_method(identity), cause);
    authentication_outcome_name(&outcome, NULL, identity_user(identity)->account);
    identity_release(identity);
    return outcome;
}

struct authentication_outcome authenticator_check(struct authenticator *authenticator,
                                                  const struct authentication_request *request, uint64_t now_ms)
{
    uint32_t methods = methods_of(authenticator, &request->policy, request->tls);
    if (methods == 0)
        return (struct authentication_outcome){.result = AUTHENTICATION_NEEDS_TLS};
    if (!request->authorization.data)
        return authenticator_check_connection(authenticator, request, now_ms);
    if (request->connection) /* who comes with credentials is nobody until they are checked */
        authentication_connection_forget(request->connection);
    if (request->authorization.size > AUTHORIZATION_SIZE_MAX)
        return failed("?", "oversized authorization");
    struct authorization authorization = authorization_read(request->authorization);
    enum authentication_scheme scheme = authorization.scheme;
    if (scheme == SCHEME_COUNT)
        return failed("?", "unknown scheme");
    if (scheme == SCHEME_BEARER && authorization.token.size == 0) /* so Outlook asks where tokens are to be had */
        return (struct authentication_outcome){.result = AUTHENTICATION_MISSING};
    const char *name = authentication_scheme_names[scheme];
    if (!(methods & authentication_scheme_method(scheme)))
        return failed(name, "this method is not offered here");
    if (scheme == SCHEME_NTLM || scheme == SCHEME_NEGOTIATE) {
        if (!request->connection)
            return failed(name, "without a connection of its own");
        if (!authenticator_token_blocks(authenticator, scheme, request))
            return authenticator_verify_token(authenticator, scheme, request, now_ms);
        return (struct authentication_outcome){.result = AUTHENTICATION_VERIFY};
    }
    struct identity *identity = recall(authenticator, scheme, request->authorization, now_ms);
    if (identity)
        return authenticator_admit_recalled(identity, authentication_scheme_method(scheme), request);
    if (scheme == SCHEME_BASIC && !is_readable_basic(request->authorization))
        return failed(name, "unreadable credentials");
    return (struct authentication_outcome){.result = AUTHENTICATION_VERIFY};
}

struct authentication_outcome authenticator_verify(struct authenticator *authenticator,
                                                   const struct authentication_request *request, uint64_t now_ms)
{
    if (!request->authorization.data)
        return authenticator_verify_connection(authenticator, request, now_ms);
    enum authentication_scheme scheme = authorization_read(request->authorization).scheme;
    if (scheme == SCHEME_BASIC)
        return authenticator_verify_basic(authenticator, request, now_ms);
    if (scheme == SCHEME_COUNT || (scheme != SCHEME_BEARER && !request->connection))
        return failed("?", "unreadable credentials");
    return authenticator_verify_token(authenticator, scheme, request, now_ms);
}

uint64_t authenticator_answer_at(struct authenticator *authenticator, uint64_t arrived_ms)
{
    pthread_mutex_lock(&authenticator->lock);
    uint64_t at = arrived_ms + authenticator->settings.failure_delay_ms;
    pthread_mutex_unlock(&authenticator->lock);
    return at;
}

/* --- challenges --- */

/* False where the scheme is not offered. Under the lock. */
static bool challenge_of(struct authenticator *authenticator, uint32_t methods, enum authentication_scheme scheme, bool refused,
                         char text[AUTHENTICATION_CHALLENGE_SIZE])
{
    struct mechanism *mechanism = authenticator->mechanisms[scheme];
    if (!(methods & authentication_scheme_method(scheme)))
        return false;
    if (scheme == SCHEME_BASIC) {
        snprintf(text, AUTHENTICATION_CHALLENGE_SIZE, "Basic realm=\"%.64s\", charset=\"UTF-8\"", authenticator->settings.realm);
        return true;
    }
    if (!mechanism)
        return false;
    if (mechanism->type->challenge)
        return mechanism->type->challenge(mechanism, refused, text, AUTHENTICATION_CHALLENGE_SIZE);
    snprintf(text, AUTHENTICATION_CHALLENGE_SIZE, "%s", authentication_scheme_names[scheme]);
    return true;
}

bool authenticator_challenge(struct authenticator *authenticator, const struct authentication_request *request, bool refused,
                             unsigned index, char text[AUTHENTICATION_CHALLENGE_SIZE])
{
    bool offered = false;
    enum authentication_scheme tried = authorization_read(request->authorization).scheme;
    pthread_mutex_lock(&authenticator->lock);
    uint32_t methods = allowed_methods(&authenticator->settings, &request->policy, request->tls);
    for (unsigned scheme = 0; scheme < SCHEME_COUNT && !offered; scheme++)
        offered = challenge_of(authenticator, methods, scheme, refused && scheme == tried, text) && index-- == 0;
    pthread_mutex_unlock(&authenticator->lock);
    return offered;
}
