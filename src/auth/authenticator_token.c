#include "auth/authenticator_state.h"

#include <string.h>

#include "auth/base64.h"

/* One leg, from the header to what becomes of it. */
struct leg {
    struct authenticator *authenticator;
    const struct authentication_request *request;
    enum authentication_scheme scheme;
    struct authenticator_settings settings; /* a copy: the lock is not held over a leg */
    struct mechanism *mechanism;            /* a reference */
    struct handshake *handshake;            /* ours; NULL for Bearer */
    struct channel_bindings bindings;
    struct mechanism_input input;
    struct mechanism_output output;
    uint64_t directory_version;             /* from before anything was asked */
    uint64_t now_ms;
    uint8_t key[REMEMBERED_KEY_SIZE];       /* of the header, Bearer */
    struct authentication_outcome outcome;
};

static struct authentication_outcome failed(const char *method, const char *cause)
{
    return (struct authentication_outcome){.result = AUTHENTICATION_FAILED, .method = method, .cause = cause, .account = "?"};
}

static struct mechanism *mechanism_of(struct authenticator *authenticator, enum authentication_scheme scheme)
{
    pthread_mutex_lock(&authenticator->lock);
    struct mechanism *mechanism = mechanism_keep(authenticator->mechanisms[scheme]);
    pthread_mutex_unlock(&authenticator->lock);
    return mechanism;
}

/* NTLM and Negotiate bring base64, Bearer its text. */
static bool read_token(const struct authentication_request *request, enum authentication_scheme scheme, struct bytes *ret_token)
{
    struct authorization authorization = authorization_read(request->authorization);
    *ret_token = authorization.token;
    return scheme == SCHEME_BEARER ? authorization.token.size > 0
                                   : base64_decode(request->arena, authorization.token, ret_token);
}

bool authenticator_token_blocks(struct authenticator *authenticator, enum authentication_scheme scheme,
                                const struct authentication_request *request)
{
    struct bytes token;
    struct mechanism *mechanism = mechanism_of(authenticator, scheme);
    bool blocks = true;
    if (mechanism && mechanism->type->blocks && mechanism->type->begin && read_token(request, scheme, &token))
        blocks = mechanism->type->blocks(mechanism, token);
    mechanism_release(mechanism);
    return blocks;
}

static void bind_channels(struct leg *leg)
{
    struct channel_bindings *bindings = &leg->bindings;
    bindings->protection = leg->request->policy.protection;
    if (leg->request->tls && leg->request->channel_binding.size)
        bindings->hashes[bindings->count++] = leg->request->channel_binding;
    for (uint32_t i = 0; i < leg->settings.balancer_count && bindings->count < CHANNEL_BINDINGS_MAX; i++)
        bindings->hashes[bindings->count++] = leg->settings.balancer_hashes[i];
}

/* The log-on that this leg goes on with, or a new one. */
static bool take_handshake(struct leg *leg)
{
    struct authentication_connection *connection = leg->request->connection;
    bool late = false;
    authentication_connection_forget(connection); /* who comes with credentials is nobody until they are checked */
    leg->handshake = handshake_take(connection, leg->now_ms, &late);
    if (leg->handshake && (leg->handshake->scheme != leg->scheme || leg->handshake->mechanism != leg->mechanism)) {
        handshake_end(leg->handshake); /* what was begun by another scheme does not go on in this one */
        leg->handshake = NULL;
    }
    if (!leg->handshake)
        leg->handshake = handshake_begin(leg->scheme, leg->mechanism);
    return leg->handshake != NULL;
}

/* --- what becomes of it --- */

static void set_answer(struct leg *leg)
{
    const char *prefix = leg->scheme == SCHEME_NTLM ? "NTLM " : "Negotiate ";
    if (leg->output.token.size == 0 || leg->scheme == SCHEME_BEARER)
        return;
    leg->outcome.answer = base64_encode(leg->request->arena, prefix, leg->output.token);
    if (!leg->outcome.answer)
        leg->outcome = (struct authentication_outcome){.result = AUTHENTICATION_UNAVAILABLE, .cause = "out of memory",
                                                       .method = leg->outcome.method};
}

static const char *refusal(const struct leg *leg, enum directory_status status, const struct directory_user *user)
{
    if (status == DIRECTORY_NOT_FOUND)
        return "no such user";
    if (!user->enabled)
        return "user is switched off";
    if (!(leg->input.methods & leg->output.method))
        return "this method is not allowed here";
    return authenticator_blocked_cause(user, leg->output.method, leg->request->policy.protocol);
}

/* Who was proved to be there may come in; under the lock. */
static void admit(struct leg *leg, const struct directory_user *user)
{
    struct authenticator *authenticator = leg->authenticator;
    struct authentication_connection *connection = leg->request->connection;
    leg->outcome.identity = identity_new(user, leg->output.method_name);
    if (!leg->outcome.identity) {
        leg->outcome.result = AUTHENTICATION_UNAVAILABLE;
        leg->outcome.cause = "out of memory";
        return;
    }
    leg->outcome.result = AUTHENTICATION_ACCEPTED;
    uint64_t until_ms = leg->output.valid_ms ? leg->now_ms + leg->output.valid_ms : 0;
    if (leg->scheme == SCHEME_BEARER) {
        uint64_t remember_ms = leg->now_ms + leg->settings.remember_ms;
        remembered_add(authenticator->remembered, leg->key, leg->directory_version, leg->outcome.identity,
                       until_ms && until_ms < remember_ms ? until_ms : remember_ms, leg->now_ms, leg->settings.remembered_max);
    } else if (leg->settings.persist) {
        connection->identity = identity_reference(leg->outcome.identity);
        connection->directory_version = leg->directory_version;
        connection->until_ms = until_ms;
        connection->method = leg->output.method;
        connection->binding = leg->output.binding;
        connection->prover = mechanism_keep(leg->output.prover ? leg->output.prover : leg->mechanism);
        memcpy(connection->stamp, leg->output.stamp, sizeof connection->stamp);
    }
    failure_table_forget(authenticator->accounts, user->account, leg->now_ms);
}

static void count_failure(struct leg *leg, const struct directory_user *user)
{
    const char *peer = leg->request->peer;
    char typed[FAILURE_KEY_SIZE_MAX];
    authenticator_account_key(leg->output.account ? leg->output.account : user ? user->account : "", typed);
    const char *locked = authenticator_locked_cause(leg->authenticator, typed, peer, leg->now_ms);
    if (!locked && user)
        locked = authenticator_locked_cause(leg->authenticator, user->account, peer, leg->now_ms);
    if (locked)
        leg->outcome.cause = locked; /* what is locked already is not counted again */
    else
        leg->outcome.locked_now = authenticator_count_attempt(leg->authenticator, typed, user ? user->account : NULL, peer,
                                                              leg->output.blame, leg->now_ms);
}

static void conclude_failed(struct leg *leg, const struct directory_user *user)
{
    leg->outcome.result = AUTHENTICATION_FAILED;
    leg->outcome.cause = leg->output.cause ? leg->output.cause : "refused";
    pthread_mutex_lock(&leg->authenticator->lock);
    count_failure(leg, user);
    pthread_mutex_unlock(&leg->authenticator->lock);
}

static void conclude_accepted(struct leg *leg)
{
    struct directory_user found;
    const struct directory_user *user = leg->output.user;
    enum directory_status status = DIRECTORY_OK;
    if (!user) {
        status = directory_find(leg->authenticator->directory, leg->request->arena, leg->output.key, leg->output.name, &found);
        user = status == DIRECTORY_OK ? &found : NULL;
    }
    if (status != DIRECTORY_OK && status != DIRECTORY_NOT_FOUND) {
        leg->outcome.result = AUTHENTICATION_UNAVAILABLE;
        leg->outcome.cause = "the directory cannot be read";
        return;
    }
    leg->output.cause = refusal(leg, status, user);
    if (leg->output.cause) {
        leg->output.blame = BLAME_ADDRESS; /* the secret was right */
        conclude_failed(leg, user);
        return;
    }
    pthread_mutex_lock(&leg->authenticator->lock);
    const char *locked = authenticator_locked_cause(leg->authenticator, user->account, leg->request->peer, leg->now_ms);
    if (locked) {
        leg->outcome.result = AUTHENTICATION_FAILED;
        leg->outcome.cause = locked;
    } else {
        admit(leg, user);
    }
    pthread_mutex_unlock(&leg->authenticator->lock);
    if (leg->outcome.result == AUTHENTICATION_ACCEPTED)
        set_answer(leg);
}

static void run_leg(struct leg *leg)
{
    const struct mechanism_type *type = leg->mechanism->type;
    void *state = leg->handshake ? leg->handshake->state : NULL;
    enum mechanism_result result = type->step(leg->mechanism, state, &leg->input, &leg->output);
    leg->output.method = leg->output.method ? leg->output.method : type->method;
    leg->output.method_name = leg->output.method_name ? leg->output.method_name : type->name;
    leg->outcome.method = leg->output.method_name;
    authentication_outcome_name(&leg->outcome, leg->output.domain,
                                leg->output.account ? leg->output.account : leg->output.name);
    switch (result) {
    case MECHANISM_CONTINUE:
        leg->outcome.result = AUTHENTICATION_CONTINUE;
        set_answer(leg);
        if (leg->outcome.result == AUTHENTICATION_CONTINUE && leg->handshake) {
            uint32_t wait_ms = leg->settings.handshake_ms;
            handshake_put(leg->request->connection, leg->handshake, leg->now_ms + wait_ms, leg->now_ms,
                          leg->settings.handshakes_max);
            leg->handshake = NULL;
        }
        break;
    case MECHANISM_ACCEPTED:
        conclude_accepted(leg);
        break;
    case MECHANISM_FAILED:
        conclude_failed(leg, leg->output.user);
        break;
    case MECHANISM_UNAVAILABLE:
        leg->outcome.result = AUTHENTICATION_UNAVAILABLE;
        leg->outcome.cause = leg->output.cause;
    }
}

struct authentication_outcome authenticator_verify_token(struct authenticator *authenticator, enum authentication_scheme scheme,
                                                         const struct authentication_request *request, uint64_t now_ms)
{
    const char *name = authentication_scheme_names[scheme];
    struct leg leg = {.authenticator = authenticator, .request = request, .scheme = scheme, .now_ms = now_ms,
                      .outcome = {.result = AUTHENTICATION_FAILED, .method = name, .account = "?"}};
    leg.mechanism = mechanism_of(authenticator, scheme);
    if (!leg.mechanism)
        return failed(name, "this method is not set up");
    if (!read_token(request, scheme, &leg.input.token) ||
        (scheme == SCHEME_BEARER && !authenticator_hash(authenticator, request->authorization, leg.key))) {
        mechanism_release(leg.mechanism);
        return failed(name, "unreadable credentials");
    }
    pthread_mutex_lock(&authenticator->lock);
    leg.settings = authenticator->settings;
    pthread_mutex_unlock(&authenticator->lock);
    leg.directory_version = authenticator_proof_version(authenticator, scheme);
    bind_channels(&leg);
    leg.input.arena = request->arena;
    leg.input.bindings = &leg.bindings;
    leg.input.methods = authenticator_proof_methods(authenticator, &request->policy, request->tls);
    leg.input.now_ms = now_ms;
    bool ready = scheme == SCHEME_BEARER || take_handshake(&leg);
    if (ready)
        run_leg(&leg);
    else
        leg.outcome = (struct authentication_outcome){.result = AUTHENTICATION_UNAVAILABLE, .method = name,
                                                      .cause = "out of memory"};
    handshake_end(leg.handshake);
    mechanism_release(leg.mechanism);
    return leg.outcome;
}

/* --- connections that have logged on --- */

static struct authentication_outcome anonymous_again(struct authentication_connection *connection)
{
    authentication_connection_forget(connection);
    return (struct authentication_outcome){.result = AUTHENTICATION_MISSING};
}

static bool binding_suffices(enum extended_protection protection, enum channel_binding_state binding)
{
    return protection == EXTENDED_PROTECTION_NONE || binding == BINDING_RIGHT ||
           (protection == EXTENDED_PROTECTION_ALLOW && binding == BINDING_ABSENT);
}

struct authentication_outcome authenticator_check_connection(struct authenticator *authenticator,
                                                             const struct authentication_request *request, uint64_t now_ms)
{
    struct authentication_connection *connection = request->connection;
    if (!connection || !connection->identity)
        return (struct authentication_outcome){.result = AUTHENTICATION_MISSING};
    if (connection->until_ms && now_ms >= connection->until_ms)
        return anonymous_again(connection);
    /* It may be good for another endpoint: it stays. */
    if (!(authenticator_proof_methods(authenticator, &request->policy, request->tls) & connection->method) ||
        !binding_suffices(request->policy.protection, connection->binding))
        return (struct authentication_outcome){.result = AUTHENTICATION_MISSING};
    const struct directory_user *user = identity_user(connection->identity);
    pthread_mutex_lock(&authenticator->lock);
    /* As for a remembered password: a lock of the account ends it, one of the address does not. */
    bool locked = failure_table_locked(authenticator->accounts, user->account, now_ms);
    bool persists = authenticator->settings.persist;
    pthread_mutex_unlock(&authenticator->lock);
    if (locked) {
        struct authentication_outcome outcome = failed(identity_method(connection->identity),
                                                       "account locked after failed log-ons");
        authentication_outcome_name(&outcome, NULL, user->account);
        authentication_connection_forget(connection);
        return outcome;
    }
    if (!persists)
        return anonymous_again(connection);
    if (connection->directory_version != directory_version(authenticator->directory))
        return (struct authentication_outcome){.result = AUTHENTICATION_VERIFY};
    return authenticator_admit_recalled(identity_reference(connection->identity), connection->method, request);
}

static bool still_stands(const struct authentication_connection *connection, struct arena *arena, const struct directory_user *user)
{
    struct mechanism *prover = connection->prover;
    return !prover->type->stands || prover->type->stands(prover, arena, user, connection->stamp);
}

struct authentication_outcome authenticator_verify_connection(struct authenticator *authenticator,
                                                              const struct authentication_request *request, uint64_t now_ms)
{
    struct authentication_connection *connection = request->connection;
    struct directory_user user;
    char id[GUID_TEXT_SIZE];
    if (!connection || !connection->identity)
        return (struct authentication_outcome){.result = AUTHENTICATION_MISSING};
    uint64_t version = directory_version(authenticator->directory);
    guid_format(identity_user(connection->identity)->id, id);
    enum directory_status status = directory_find(authenticator->directory, request->arena, DIRECTORY_KEY_ID, id, &user);
    if (status != DIRECTORY_OK && status != DIRECTORY_NOT_FOUND)
        return (struct authentication_outcome){.result = AUTHENTICATION_UNAVAILABLE, .cause = "the directory cannot be read",
                                               .method = identity_method(connection->identity)};
    if (status == DIRECTORY_NOT_FOUND || !user.enabled || !(user.switches.methods & connection->method) ||
        !still_stands(connection, request->arena, &user))
        return anonymous_again(connection);
    struct identity *identity = identity_new(&user, identity_method(connection->identity));
    if (!identity)
        return (struct authentication_outcome){.result = AUTHENTICATION_UNAVAILABLE, .cause = "out of memory"};
    identity_release(connection->identity);
    connection->identity = identity_reference(identity);
    connection->directory_version = version;
    return authenticator_admit_recalled(identity, connection->method, request);
}
