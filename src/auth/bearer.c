#include "auth/bearer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/guid.h"

struct bearer {
    struct mechanism mechanism;
    struct bearer_settings settings; /* texts in the arena */
    struct arena arena;
    atomic_uint_fast64_t base;       /* random, so that versions of different mechanisms differ */
    struct jwks_source *source;
    atomic_bool refresh;
    atomic_uint_fast64_t reported;   /* the number of the set last told of */
};

static struct bearer *bearer_of(struct mechanism *mechanism)
{
    return (struct bearer *)((char *)mechanism - offsetof(struct bearer, mechanism));
}

/* --- settings --- */

/* The texts of the settings, for what is done with each of them. */
static void list_texts(struct bearer_settings *settings, const char **ret_texts[12])
{
    const char **texts[] = {
        &settings->keys.location, &settings->keys.ca_path, &settings->rules.issuers, &settings->rules.audiences,
        &settings->rules.scopes, &settings->rules.roles, &settings->rules.claims, &settings->realm, &settings->authorization_uri,
        &settings->client_id, &settings->trusted_issuers, &settings->issuer_kind,
    };
    memcpy(ret_texts, texts, sizeof texts);
}

static bool copy_settings(struct arena *arena, const struct bearer_settings *settings, struct bearer_settings *ret_settings)
{
    const char **texts[12];
    *ret_settings = *settings;
    list_texts(ret_settings, texts);
    for (size_t i = 0; i < 12; i++)
        if (!(*texts[i] = arena_string(arena, *texts[i])))
            return false;
    return true;
}

bool bearer_has_settings(const struct mechanism *mechanism, const struct bearer_settings *settings)
{
    struct bearer_settings ours = bearer_of((struct mechanism *)mechanism)->settings, theirs = *settings;
    const char **our_texts[12], **their_texts[12];
    list_texts(&ours, our_texts);
    list_texts(&theirs, their_texts);
    for (size_t i = 0; i < 12; i++)
        if (strcmp(*our_texts[i], *their_texts[i]) != 0)
            return false;
    return ours.keys.refresh_ms == theirs.keys.refresh_ms && ours.keys.retry_ms == theirs.keys.retry_ms &&
           ours.keys.keep_ms == theirs.keys.keep_ms && ours.keys.timeout_ms == theirs.keys.timeout_ms &&
           ours.rules.unverified_email == theirs.rules.unverified_email && ours.rules.clock_skew_s == theirs.rules.clock_skew_s &&
           ours.algorithms == theirs.algorithms && ours.token_size_max == theirs.token_size_max;
}

/* --- keys --- */

static void report(struct bearer *bearer, const struct jwks_state *state)
{
    char text[160];
    if (!bearer->settings.report)
        return;
    if (state->failed)
        bearer->settings.report(false, state->error);
    if (state->jwks && atomic_exchange(&bearer->reported, state->number) != state->number) {
        snprintf(text, sizeof text, "%u keys for bearer tokens from %.100s", jwks_count(state->jwks), bearer->settings.keys.location);
        bearer->settings.report(jwks_count(state->jwks) > 0, text);
    }
}

static struct jwks *get_keys(struct bearer *bearer, uint64_t wanted, uint64_t now_ms, struct jwks_state *ret_state)
{
    if (atomic_exchange(&bearer->refresh, false))
        jwks_source_expire(bearer->source);
    jwks_source_get(bearer->source, wanted, now_ms, ret_state);
    report(bearer, ret_state);
    return ret_state->jwks;
}

bool bearer_fetch(struct mechanism *mechanism, uint64_t now_ms)
{
    struct jwks_state state;
    struct jwks *jwks = get_keys(bearer_of(mechanism), 0, now_ms, &state);
    bool some = jwks && jwks_count(jwks) > 0;
    jwks_release(jwks);
    return some;
}

/* Checks the signature; where the key is not known, once more with keys fetched for it. */
static enum mechanism_result verify_signature(struct bearer *bearer, const struct bearer_header *header,
                                              const struct mechanism_input *input, const char **ret_cause)
{
    uint64_t wanted = 0;
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        struct jwks_state state;
        *ret_cause = "the keys for bearer tokens cannot be had";
        if (!get_keys(bearer, wanted, input->now_ms, &state))
            return MECHANISM_UNAVAILABLE;
        enum jws_result result = jwks_verify(state.jwks, header->algorithm, header->key_id, input->token);
        jwks_release(state.jwks);
        *ret_cause = result == JWS_BAD ? "bearer token not signed with the provider's key"
                                       : "bearer token signed with a key that the provider does not name";
        if (result != JWS_UNKNOWN_KEY)
            return result == JWS_GOOD ? MECHANISM_ACCEPTED : MECHANISM_FAILED;
        if (state.busy) {
            *ret_cause = "the keys for bearer tokens are being fetched";
            return MECHANISM_UNAVAILABLE;
        }
        if (state.number == wanted)
            break;
        wanted = state.number;
    }
    return MECHANISM_FAILED;
}

/* --- the mechanism --- */

static enum directory_key key_of(enum bearer_name_kind kind)
{
    switch (kind) {
    case BEARER_NAME_ADDRESS: return DIRECTORY_KEY_ADDRESS;
    case BEARER_NAME_ACCOUNT: return DIRECTORY_KEY_LOGON;
    case BEARER_NAME_ID: return DIRECTORY_KEY_ID;
    case BEARER_NAME_PRINCIPAL: break;
    }
    return DIRECTORY_KEY_PRINCIPAL;
}

static enum mechanism_result step(struct mechanism *mechanism, void *state, const struct mechanism_input *input,
                                  struct mechanism_output *output)
{
    struct bearer *bearer = bearer_of(mechanism);
    struct bearer_header header;
    struct bearer_claims claims;
    uint64_t now_s = (uint64_t)time(NULL);
    if (input->token.size > bearer->settings.token_size_max) {
        output->cause = "oversized bearer token";
        return MECHANISM_FAILED;
    }
    if (!bearer_header_read(input->arena, input->token, &header, &output->cause))
        return MECHANISM_FAILED;
    output->cause = "bearer token with an algorithm that is not allowed";
    if (!(bearer->settings.algorithms & 1u << header.algorithm))
        return MECHANISM_FAILED;
    enum mechanism_result result = verify_signature(bearer, &header, input, &output->cause);
    if (result != MECHANISM_ACCEPTED)
        return result;
    bool good = bearer_claims_read(input->arena, input->token, &bearer->settings.rules, now_s, &claims, &output->cause);
    output->account = claims.name;
    if (!good)
        return MECHANISM_FAILED;
    output->key = key_of(claims.kind);
    output->name = claims.name;
    uint64_t end_s = claims.expires_s + bearer->settings.rules.clock_skew_s;
    output->valid_ms = (end_s - now_s) * 1000;
    return MECHANISM_ACCEPTED;
}

static uint64_t version(struct mechanism *mechanism)
{
    struct bearer *bearer = bearer_of(mechanism);
    return atomic_load(&bearer->base) + jwks_source_number(bearer->source);
}

/* As Exchange puts it, with what RFC 6750 3.1 adds for a token that was refused. */
static bool challenge(struct mechanism *mechanism, bool refused, char *text, size_t size)
{
    const struct bearer_settings *settings = &bearer_of(mechanism)->settings;
    const char *error = refused ? ", error=\"invalid_token\"" : "";
    if (!*settings->authorization_uri)
        return (size_t)snprintf(text, size, "Bearer realm=\"%s\"%s", settings->realm, error) < size;
    const char *issuers = settings->trusted_issuers, *kind = settings->issuer_kind;
    return (size_t)snprintf(text, size, "Bearer client_id=\"%s\"%s%s%s, token_types=\"app_asserted_user_v1 service_asserted_app_v1\""
                            ", authorization_uri=\"%s\"%s%s%s%s", settings->client_id,
                            *issuers ? ", trusted_issuers=\"" : "", issuers, *issuers ? "\"" : "", settings->authorization_uri,
                            *kind ? ", issuer_kind=\"" : "", kind, *kind ? "\"" : "", error) < size;
}

static void bearer_free(struct mechanism *mechanism)
{
    struct bearer *bearer = bearer_of(mechanism);
    jwks_source_free(bearer->source);
    arena_free(&bearer->arena);
    free(bearer);
}

static const struct mechanism_type bearer_type = {
    .name = "Bearer", .method = DIRECTORY_METHOD_BEARER, .step = step, .version = version, .challenge = challenge,
    .free = bearer_free,
};

struct mechanism *bearer_new(const struct bearer_settings *settings)
{
    struct bearer *bearer = calloc(1, sizeof *bearer);
    if (!bearer)
        return NULL;
    bearer->mechanism.type = &bearer_type;
    bearer->arena.first_size = 1024;
    atomic_init(&bearer->mechanism.references, 1);
    atomic_init(&bearer->refresh, false);
    atomic_init(&bearer->reported, 0);
    uint64_t base;
    random_bytes(&base, sizeof base);
    atomic_init(&bearer->base, base);
    if (copy_settings(&bearer->arena, settings, &bearer->settings))
        bearer->source = jwks_source_new(&bearer->settings.keys);
    if (!bearer->source) {
        bearer_free(&bearer->mechanism);
        return NULL;
    }
    return &bearer->mechanism;
}

void bearer_refresh(struct mechanism *mechanism)
{
    struct bearer *bearer = bearer_of(mechanism);
    atomic_fetch_add(&bearer->base, 1u << 20); /* what is remembered is checked again */
    atomic_store(&bearer->refresh, true);
}
