#include "auth/kerberos_mechanism.h"

#include <stdlib.h>
#include <string.h>

struct kerberos_mechanism {
    struct mechanism mechanism;
    struct kerberos *kerberos;
    char *realms;
};

/* One log-on. */
struct log_on {
    struct kerberos_context *context; /* NULL: not yet accepted */
};

static struct kerberos_mechanism *kerberos_of(struct mechanism *mechanism)
{
    return (struct kerberos_mechanism *)((char *)mechanism - offsetof(struct kerberos_mechanism, mechanism));
}

static void *begin(struct mechanism *mechanism)
{
    return calloc(1, sizeof(struct log_on));
}

static void end(struct mechanism *mechanism, void *state)
{
    struct log_on *log_on = state;
    if (log_on)
        kerberos_context_free(log_on->context);
    free(log_on);
}

static enum kerberos_binding_policy policy_of(enum extended_protection protection)
{
    switch (protection) {
    case EXTENDED_PROTECTION_ALLOW: return KERBEROS_BINDING_ALLOW;
    case EXTENDED_PROTECTION_REQUIRE: return KERBEROS_BINDING_REQUIRE;
    case EXTENDED_PROTECTION_NONE: break;
    }
    return KERBEROS_BINDING_NONE;
}

static enum mechanism_result step(struct mechanism *mechanism, void *state, const struct mechanism_input *input,
                                  struct mechanism_output *output)
{
    struct kerberos_mechanism *kerberos = kerberos_of(mechanism);
    struct log_on *log_on = state;
    struct kerberos_outcome outcome;
    struct kerberos_request request = {.token = input->token, .policy = policy_of(input->bindings->protection),
                                       .bindings = input->bindings->hashes, .binding_count = input->bindings->count};
    kerberos_context_free(log_on->context);
    log_on->context = NULL;
    kerberos_accept(kerberos->kerberos, input->arena, &request, &outcome);
    log_on->context = outcome.context;
    output->token = outcome.answer;
    output->account = outcome.principal;
    output->cause = outcome.cause;
    output->blame = outcome.principal ? BLAME_ADDRESS : BLAME_NOBODY; /* a ticket cannot be guessed */
    if (!outcome.accepted)
        return outcome.unavailable ? MECHANISM_UNAVAILABLE : MECHANISM_FAILED;
    output->key = DIRECTORY_KEY_PRINCIPAL;
    output->name = kerberos_directory_name(input->arena, kerberos->realms, outcome.principal);
    output->binding = request.policy == KERBEROS_BINDING_NONE ? BINDING_UNCHECKED
                                                              : outcome.bound ? BINDING_RIGHT : BINDING_ABSENT;
    output->valid_ms = outcome.lifetime_s ? (uint64_t)outcome.lifetime_s * 1000 : 1;
    output->cause = "Kerberos principal of a realm that may not come";
    return output->name ? MECHANISM_ACCEPTED : MECHANISM_FAILED;
}

static bool sign(struct mechanism *mechanism, void *state, struct arena *arena, struct bytes message, struct bytes *ret_code)
{
    struct log_on *log_on = state;
    return log_on->context && kerberos_sign(log_on->context, arena, message, ret_code);
}

static bool verify(struct mechanism *mechanism, void *state, struct bytes message, struct bytes code)
{
    struct log_on *log_on = state;
    return log_on->context && kerberos_verify(log_on->context, message, code);
}

static void mechanism_free(struct mechanism *mechanism)
{
    struct kerberos_mechanism *kerberos = kerberos_of(mechanism);
    kerberos_close(kerberos->kerberos);
    free(kerberos->realms);
    free(kerberos);
}

/* Kerberos 5 (1.2.840.113554.1.2.2), and the number that Windows long sent for it (1.2.840.48018.1.2.2, MS-SPNG 3.1.5). */
static const struct bytes object_ids[] = {
    BYTES_LITERAL("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"),
    BYTES_LITERAL("\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"),
};

static const struct mechanism_type kerberos_type = {
    .name = "Kerberos", .method = DIRECTORY_METHOD_KERBEROS, .object_ids = object_ids, .object_id_count = 2, .begin = begin,
    .step = step, .sign = sign, .verify = verify, .end = end, .free = mechanism_free,
};

struct mechanism *kerberos_mechanism_new(struct kerberos *kerberos, const char *realms)
{
    struct kerberos_mechanism *mechanism = calloc(1, sizeof *mechanism);
    char *copy = strdup(realms[strspn(realms, " \t")] ? realms : kerberos_realms(kerberos));
    if (!mechanism || !copy) {
        free(mechanism);
        free(copy);
        kerberos_close(kerberos);
        return NULL;
    }
    mechanism->mechanism.type = &kerberos_type;
    atomic_init(&mechanism->mechanism.references, 1);
    mechanism->kerberos = kerberos;
    mechanism->realms = copy;
    return &mechanism->mechanism;
}
