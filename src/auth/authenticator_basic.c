#include "auth/authenticator_state.h"

#include <string.h>

#include "auth/basic.h"

struct verification {
    const struct authentication_request *request;
    uint8_t key[REMEMBERED_KEY_SIZE];
    char typed[FAILURE_KEY_SIZE_MAX];
    uint64_t directory_version; /* from before the password was looked at */
    uint64_t now_ms;
};

/* Whether the answer is known to be no without hashing: a locked account or address, or the same wrong password again. */
static const char *known_failure(struct authenticator *authenticator, const struct verification *verification)
{
    const char *locked = authenticator_locked_cause(authenticator, verification->typed, verification->request->peer,
                                                    verification->now_ms);
    if (locked)
        return locked;
    if (verification->directory_version != authenticator->failures_version) {
        authenticator->failures_version = verification->directory_version;
        failure_table_forget_secrets(authenticator->accounts);
        return NULL;
    }
    return failure_table_failed_lately(authenticator->accounts, verification->typed, verification->key, FAILED_LATELY_MS,
                                       verification->now_ms)
        ? "the same wrong password again" : NULL;
}

static const char *failure_cause(enum directory_status status, const struct directory_user *user)
{
    switch (status) {
    case DIRECTORY_OK: return user->switches.methods & DIRECTORY_METHOD_BASIC ? NULL : "Basic is switched off for this mailbox";
    case DIRECTORY_NOT_FOUND: return "no such user";
    case DIRECTORY_WRONG_PASSWORD: return "wrong password";
    case DIRECTORY_DISABLED: return "user is switched off";
    default: return NULL;
    }
}

/* The right password of somebody who may use it here; under the lock. */
static void accept_password(struct authenticator *authenticator, const struct verification *verification,
                            const struct directory_user *user, struct authentication_outcome *outcome)
{
    uint64_t now_ms = verification->now_ms;
    outcome->cause = authenticator_locked_cause(authenticator, user->account, verification->request->peer, now_ms);
    if (outcome->cause)
        return;
    outcome->identity = identity_new(user, "Basic");
    outcome->result = outcome->identity ? AUTHENTICATION_ACCEPTED : AUTHENTICATION_UNAVAILABLE;
    if (!outcome->identity)
        return;
    remembered_add(authenticator->remembered, verification->key, verification->directory_version, outcome->identity,
                   now_ms + authenticator->settings.remember_ms, now_ms, authenticator->settings.remembered_max);
    failure_table_forget(authenticator->accounts, user->account, now_ms);
    failure_table_forget(authenticator->accounts, verification->typed, now_ms);
    /* Right, and remembered as such, also where a policy blocks it: no reason to count or to hash it again. */
    *outcome = authenticator_admit_recalled(outcome->identity, DIRECTORY_METHOD_BASIC, verification->request);
}

/* What follows from the directory's word; under the lock. */
static void conclude(struct authenticator *authenticator, const struct verification *verification, enum directory_status status,
                     const struct directory_user *user, struct authentication_outcome *outcome)
{
    bool known = status == DIRECTORY_OK || status == DIRECTORY_DISABLED || status == DIRECTORY_WRONG_PASSWORD;
    outcome->cause = failure_cause(status, user);
    if (outcome->cause) {
        outcome->locked_now = authenticator_count_password(authenticator, verification->typed, known ? user->account : NULL,
                                                           verification->request->peer, verification->key,
                                                           verification->now_ms);
    } else if (status == DIRECTORY_OK) {
        accept_password(authenticator, verification, user, outcome);
    } else {
        outcome->result = AUTHENTICATION_UNAVAILABLE;
        outcome->cause = "the directory cannot be read";
    }
}

struct authentication_outcome authenticator_verify_basic(struct authenticator *authenticator,
                                                         const struct authentication_request *request, uint64_t now_ms)
{
    struct arena arena = {0};
    struct basic_credentials credentials;
    struct verification verification = {.request = request, .now_ms = now_ms,
                                        .directory_version = directory_version(authenticator->directory)};
    struct authentication_outcome outcome = {.result = AUTHENTICATION_FAILED, .cause = "unreadable credentials",
                                             .method = "Basic", .account = "?"};
    if (!basic_credentials_read(&arena, request->authorization, &credentials) ||
        !authenticator_hash(authenticator, request->authorization, verification.key)) {
        arena_free(&arena);
        return outcome;
    }
    authentication_outcome_name(&outcome, NULL, credentials.logon);
    authenticator_account_key(credentials.logon, verification.typed);
    pthread_mutex_lock(&authenticator->lock);
    /* Verified while this waited? */
    outcome.identity = remembered_find(authenticator->remembered, verification.key, verification.directory_version, now_ms);
    const char *known = outcome.identity ? NULL : known_failure(authenticator, &verification);
    pthread_mutex_unlock(&authenticator->lock);
    if (outcome.identity) {
        outcome = authenticator_admit_recalled(outcome.identity, DIRECTORY_METHOD_BASIC, request);
    } else if (known) {
        outcome.cause = known; /* no hashing; the delay hides the difference */
    } else {
        struct directory_user user;
        enum directory_status status = directory_verify_password(authenticator->directory, &arena, credentials.logon,
                                                                 credentials.password, &user);
        pthread_mutex_lock(&authenticator->lock);
        conclude(authenticator, &verification, status, &user, &outcome);
        pthread_mutex_unlock(&authenticator->lock);
    }
    basic_credentials_wipe(&credentials);
    arena_free(&arena);
    return outcome;
}
