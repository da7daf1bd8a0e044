#include "auth/authenticator.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/basic.h"
#include "auth/failures.h"

#define BUCKET_COUNT 4096u
#define KEY_SIZE 32u
#define FAILED_LATELY_MS 30000u /* a password that was wrong is not hashed again for so long, unless the directory changed */

struct identity {
    atomic_uint references;
    struct directory_user *user;
    const char *method;
};

/* A password that was right: the keyed hash of the header that brought it. */
struct remembered {
    struct remembered *bucket_next;
    struct remembered *older, *newer;
    uint8_t key[KEY_SIZE];
    uint64_t directory_version;
    uint64_t until_ms;
    struct identity *identity;
};

struct authenticator {
    struct directory *directory;
    EVP_MAC *hmac;
    EVP_MAC_CTX *keyed; /* initialised with the process key; duplicated for each use, never changed */
    pthread_mutex_t lock; /* guards what follows */
    struct authenticator_settings settings;
    struct remembered *buckets[BUCKET_COUNT];
    struct remembered *oldest, *newest;
    uint32_t remembered_count;
    struct failure_table *accounts;
    struct failure_table *addresses;
    uint64_t failures_version; /* of the directory that the failures were found in */
};

/* --- identities --- */

static struct identity *identity_new(const struct directory_user *user, const char *method)
{
    struct identity *identity = calloc(1, sizeof *identity);
    struct directory_user *copy = identity ? directory_user_copy(user) : NULL;
    if (!copy) {
        free(identity);
        return NULL;
    }
    atomic_init(&identity->references, 1);
    identity->user = copy;
    identity->method = method;
    return identity;
}

const struct directory_user *identity_user(const struct identity *identity)
{
    return identity->user;
}

const char *identity_method(const struct identity *identity)
{
    return identity->method;
}

struct identity *identity_reference(struct identity *identity)
{
    atomic_fetch_add_explicit(&identity->references, 1, memory_order_relaxed);
    return identity;
}

void identity_release(struct identity *identity)
{
    if (identity && atomic_fetch_sub_explicit(&identity->references, 1, memory_order_acq_rel) == 1) {
        free(identity->user);
        free(identity);
    }
}

/* --- life --- */

static void set_settings(struct authenticator *authenticator, const struct authenticator_settings *settings)
{
    authenticator->settings = *settings;
    if (authenticator->settings.remember_ms > AUTHENTICATION_REMEMBER_MAX_MS)
        authenticator->settings.remember_ms = AUTHENTICATION_REMEMBER_MAX_MS;
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
    set_settings(authenticator, settings);
    if (!authenticator->accounts || !authenticator->addresses || !set_key(authenticator)) {
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

/* --- remembered passwords; under the lock --- */

static void forget(struct authenticator *authenticator, struct remembered *entry)
{
    struct remembered **place = &authenticator->buckets[load_u32(entry->key) % BUCKET_COUNT];
    while (*place != entry)
        place = &(*place)->bucket_next;
    *place = entry->bucket_next;
    *(entry->older ? &entry->older->newer : &authenticator->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &authenticator->newest) = entry->older;
    authenticator->remembered_count--;
    identity_release(entry->identity);
    free(entry);
}

void authenticator_free(struct authenticator *authenticator)
{
    if (!authenticator)
        return;
    while (authenticator->oldest)
        forget(authenticator, authenticator->oldest);
    failure_table_free(authenticator->accounts);
    failure_table_free(authenticator->addresses);
    EVP_MAC_CTX_free(authenticator->keyed);
    EVP_MAC_free(authenticator->hmac);
    pthread_mutex_destroy(&authenticator->lock);
    free(authenticator);
}

static struct identity *recall(struct authenticator *authenticator, const uint8_t key[KEY_SIZE], uint64_t now_ms)
{
    struct remembered *entry = authenticator->buckets[load_u32(key) % BUCKET_COUNT];
    while (entry && memcmp(entry->key, key, KEY_SIZE) != 0) /* keyed hashes: timing tells nothing */
        entry = entry->bucket_next;
    if (!entry)
        return NULL;
    if (now_ms >= entry->until_ms || entry->directory_version != directory_version(authenticator->directory)) {
        forget(authenticator, entry);
        return NULL;
    }
    return identity_reference(entry->identity);
}

static void remember(struct authenticator *authenticator, const uint8_t key[KEY_SIZE], uint64_t version,
                     struct identity *identity, uint64_t now_ms)
{
    const struct authenticator_settings *settings = &authenticator->settings;
    if (settings->remember_ms == 0 || settings->remembered_max == 0)
        return;
    struct identity *twice = recall(authenticator, key, now_ms); /* two connections verified the same at once */
    if (twice) {
        identity_release(twice);
        return;
    }
    struct remembered *entry = calloc(1, sizeof *entry);
    if (!entry)
        return;
    while (authenticator->oldest && (authenticator->remembered_count >= settings->remembered_max ||
                                     now_ms >= authenticator->oldest->until_ms))
        forget(authenticator, authenticator->oldest);
    memcpy(entry->key, key, KEY_SIZE);
    entry->directory_version = version;
    entry->until_ms = now_ms + settings->remember_ms;
    entry->identity = identity_reference(identity);
    struct remembered **place = &authenticator->buckets[load_u32(key) % BUCKET_COUNT];
    entry->bucket_next = *place;
    *place = entry;
    entry->older = authenticator->newest;
    *(authenticator->newest ? &authenticator->newest->newer : &authenticator->oldest) = entry;
    authenticator->newest = entry;
    authenticator->remembered_count++;
}

/* --- checks --- */

static bool hash_header(struct authenticator *authenticator, struct bytes header, uint8_t ret_key[KEY_SIZE])
{
    size_t size = 0;
    EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(authenticator->keyed);
    bool done = mac && EVP_MAC_update(mac, header.data, header.size) && EVP_MAC_final(mac, ret_key, &size, KEY_SIZE);
    EVP_MAC_CTX_free(mac);
    return done && size == KEY_SIZE;
}

struct authentication_outcome authenticator_check(struct authenticator *authenticator,
                                                  const struct authentication_request *request, uint64_t now_ms)
{
    pthread_mutex_lock(&authenticator->lock);
    bool offered = authenticator->settings.basic && (request->tls || authenticator->settings.basic_over_plain);
    pthread_mutex_unlock(&authenticator->lock);
    if (!offered)
        return (struct authentication_outcome){.result = AUTHENTICATION_NEEDS_TLS};
    if (!request->authorization.data)
        return (struct authentication_outcome){.result = AUTHENTICATION_MISSING};
    uint8_t key[KEY_SIZE];
    if (request->authorization.size > AUTHORIZATION_SIZE_MAX || !hash_header(authenticator, request->authorization, key))
        return (struct authentication_outcome){.result = AUTHENTICATION_FAILED, .cause = "oversized authorization"};
    pthread_mutex_lock(&authenticator->lock);
    struct identity *identity = recall(authenticator, key, now_ms);
    pthread_mutex_unlock(&authenticator->lock);
    if (identity)
        return (struct authentication_outcome){.result = AUTHENTICATION_ACCEPTED, .identity = identity};
    struct arena arena = {0};
    struct basic_credentials credentials;
    bool readable = basic_credentials_read(&arena, request->authorization, &credentials);
    if (readable)
        basic_credentials_wipe(&credentials);
    arena_free(&arena);
    if (!readable)
        return (struct authentication_outcome){.result = AUTHENTICATION_FAILED, .cause = "unreadable credentials"};
    return (struct authentication_outcome){.result = AUTHENTICATION_VERIFY};
}

/* The account that a typed name means, without its domain and in lower case: 'ENGINE\Ada' and 'ada@engine.test' share one
 * counter. */
static void account_key(const char *logon, char key[FAILURE_KEY_SIZE_MAX])
{
    const char *backslash = strrchr(logon, '\\');
    const char *start = backslash ? backslash + 1 : logon;
    size_t size = strcspn(start, "@");
    if (size >= FAILURE_KEY_SIZE_MAX)
        size = FAILURE_KEY_SIZE_MAX - 1;
    for (size_t i = 0; i < size; i++)
        key[i] = (char)(start[i] >= 'A' && start[i] <= 'Z' ? start[i] + ('a' - 'A') : start[i]);
    key[size] = '\0';
}

static const char *locked_cause(struct authenticator *authenticator, const char *account, const char *peer, uint64_t now_ms)
{
    if (failure_table_locked(authenticator->accounts, account, now_ms))
        return "account locked after failed log-ons";
    if (failure_table_locked(authenticator->addresses, peer, now_ms))
        return "address locked after failed log-ons";
    return NULL;
}

/* Counts a failure under the name as typed, and under the account it turned out to mean if that is another. */
static bool count_failure(struct authenticator *authenticator, const char *typed, const char *account, const char *peer,
                          const uint8_t *secret, uint64_t now_ms)
{
    const struct authenticator_settings *settings = &authenticator->settings;
    struct failure_limits limits = {settings->failures_per_account, settings->failure_window_ms, settings->lock_ms};
    bool locked = failure_table_count(authenticator->accounts, typed, secret, &limits, now_ms);
    if (account && strcmp(account, typed) != 0)
        locked |= failure_table_count(authenticator->accounts, account, secret, &limits, now_ms);
    limits.count_max = settings->failures_per_address;
    return failure_table_count(authenticator->addresses, peer, secret, &limits, now_ms) || locked;
}

/* Whether the answer is known to be no without hashing: a locked account or address, or the same wrong password again. */
static const char *known_failure(struct authenticator *authenticator, const char *account, const char *peer,
                                 const uint8_t *secret, uint64_t version, uint64_t now_ms)
{
    const char *locked = locked_cause(authenticator, account, peer, now_ms);
    if (locked)
        return locked;
    if (version != authenticator->failures_version) {
        authenticator->failures_version = version;
        failure_table_forget_secrets(authenticator->accounts);
        return NULL;
    }
    return failure_table_failed_lately(authenticator->accounts, account, secret, FAILED_LATELY_MS, now_ms)
        ? "the same wrong password again" : NULL;
}

static const char *failure_cause(enum directory_status status)
{
    switch (status) {
    case DIRECTORY_NOT_FOUND: return "no such user";
    case DIRECTORY_WRONG_PASSWORD: return "wrong password";
    case DIRECTORY_DISABLED: return "user is switched off";
    default: return NULL;
    }
}

struct verification {
    const struct authentication_request *request;
    uint8_t key[KEY_SIZE];
    char typed[FAILURE_KEY_SIZE_MAX];
    uint64_t directory_version; /* from before the password was looked at */
    uint64_t now_ms;
};

/* What follows from the directory's word; under the lock. */
static struct authentication_outcome conclude(struct authenticator *authenticator, const struct verification *verification,
                                              enum directory_status status, const struct directory_user *user)
{
    const char *peer = verification->request->peer;
    uint64_t now_ms = verification->now_ms;
    bool known = status == DIRECTORY_OK || status == DIRECTORY_DISABLED || status == DIRECTORY_WRONG_PASSWORD;
    struct authentication_outcome outcome = {.result = AUTHENTICATION_FAILED, .cause = failure_cause(status)};
    if (status == DIRECTORY_OK) {
        outcome.cause = locked_cause(authenticator, user->account, peer, now_ms);
        if (outcome.cause)
            return outcome;
        outcome.identity = identity_new(user, "Basic");
        outcome.result = outcome.identity ? AUTHENTICATION_ACCEPTED : AUTHENTICATION_UNAVAILABLE;
        if (outcome.identity) {
            remember(authenticator, verification->key, verification->directory_version, outcome.identity, now_ms);
            failure_table_forget(authenticator->accounts, user->account, now_ms);
            failure_table_forget(authenticator->accounts, verification->typed, now_ms);
        }
    } else if (!outcome.cause) {
        outcome.result = AUTHENTICATION_UNAVAILABLE;
    } else {
        outcome.locked_now = count_failure(authenticator, verification->typed, known ? user->account : NULL, peer,
                                           verification->key, now_ms);
    }
    return outcome;
}

struct authentication_outcome authenticator_verify(struct authenticator *authenticator,
                                                   const struct authentication_request *request, uint64_t now_ms)
{
    struct arena arena = {0};
    struct basic_credentials credentials;
    struct verification verification = {.request = request, .now_ms = now_ms,
                                        .directory_version = directory_version(authenticator->directory)};
    struct authentication_outcome outcome = {.result = AUTHENTICATION_FAILED, .cause = "unreadable credentials"};
    if (!basic_credentials_read(&arena, request->authorization, &credentials) ||
        !hash_header(authenticator, request->authorization, verification.key)) {
        arena_free(&arena);
        return outcome;
    }
    account_key(credentials.logon, verification.typed);
    pthread_mutex_lock(&authenticator->lock);
    struct identity *identity = recall(authenticator, verification.key, now_ms); /* verified while this waited */
    const char *known = identity ? NULL
        : known_failure(authenticator, verification.typed, request->peer, verification.key,
                        verification.directory_version, now_ms);
    pthread_mutex_unlock(&authenticator->lock);
    if (identity) {
        outcome = (struct authentication_outcome){.result = AUTHENTICATION_ACCEPTED, .identity = identity};
    } else if (known) {
        outcome.cause = known; /* no hashing; the delay hides the difference */
    } else {
        struct directory_user user;
        enum directory_status status = directory_verify_password(authenticator->directory, &arena, credentials.logon,
                                                                 credentials.password, &user);
        pthread_mutex_lock(&authenticator->lock);
        outcome = conclude(authenticator, &verification, status, &user);
        pthread_mutex_unlock(&authenticator->lock);
    }
    basic_credentials_wipe(&credentials);
    arena_free(&arena);
    return outcome;
}

uint64_t authenticator_answer_at(struct authenticator *authenticator, uint64_t arrived_ms)
{
    pthread_mutex_lock(&authenticator->lock);
    uint64_t at = arrived_ms + authenticator->settings.failure_delay_ms;
    pthread_mutex_unlock(&authenticator->lock);
    return at;
}

bool authenticator_challenge(struct authenticator *authenticator, bool tls, unsigned index,
                             char text[AUTHENTICATION_CHALLENGE_SIZE])
{
    pthread_mutex_lock(&authenticator->lock);
    const struct authenticator_settings *settings = &authenticator->settings;
    bool offered = index == 0 && settings->basic && (tls || settings->basic_over_plain);
    if (offered)
        snprintf(text, AUTHENTICATION_CHALLENGE_SIZE, "Basic realm=\"%.64s\", charset=\"UTF-8\"", settings->realm);
    pthread_mutex_unlock(&authenticator->lock);
    return offered;
}

void authenticator_typed_account(const struct authentication_request *request, char *text, size_t size)
{
    struct arena arena = {0};
    struct basic_credentials credentials = {.logon = "?"};
    if (basic_credentials_read(&arena, request->authorization, &credentials))
        basic_credentials_wipe(&credentials);
    snprintf(text, size, "%s", credentials.logon); /* controls were refused when it was read */
    arena_free(&arena);
}
