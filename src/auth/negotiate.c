#include "auth/negotiate.h"

#include <stdlib.h>
#include <string.h>

#include "auth/ntlm_message.h"
#include "auth/spnego.h"

struct negotiate {
    struct mechanism mechanism; /* first: it is what the outside sees */
    uint32_t count;
    struct mechanism *mechanisms[NEGOTIATE_MECHANISMS_MAX];
};

enum progress {
    UNDECIDED,
    CHOSEN,     /* the mechanism is under way */
    PROVED,     /* it has accepted; the client's integrity code over the list is still to come */
};

struct negotiate_state {
    enum progress progress;
    bool bare;                   /* without SPNEGO around it */
    bool preferred;              /* the client's first choice: the code over the list may be left out */
    bool answered;               /* the client knows which one was chosen */
    struct mechanism *chosen;    /* of the negotiate's */
    void *chosen_state;
    struct bytes object_id;      /* as the client named it, in the arena */
    struct bytes mechanism_list;
    struct arena arena;          /* lives over the legs */
    struct mechanism_output proved;
};

static enum mechanism_result fail(struct mechanism_output *output, const char *cause)
{
    output->cause = cause;
    output->blame = BLAME_NOBODY;
    return MECHANISM_FAILED;
}

static enum mechanism_result out_of_memory(struct mechanism_output *output)
{
    output->cause = "out of memory";
    return MECHANISM_UNAVAILABLE;
}

static void forget(struct negotiate_state *state)
{
    if (state->chosen)
        state->chosen->type->end(state->chosen, state->chosen_state);
    arena_free(&state->arena);
    *state = (struct negotiate_state){.progress = UNDECIDED};
}

/* --- which mechanism --- */

static struct mechanism *mechanism_of(const struct negotiate *negotiate, struct bytes object_id, uint32_t methods)
{
    for (uint32_t i = 0; i < negotiate->count; i++) {
        const struct mechanism_type *type = negotiate->mechanisms[i]->type;
        for (uint32_t k = 0; k < type->object_id_count && type->method & methods; k++)
            if (bytes_equal(type->object_ids[k], object_id))
                return negotiate->mechanisms[i];
    }
    return NULL;
}

/* The one whose tokens begin so; NULL for SPNEGO and everything else. */
static struct mechanism *bare_mechanism(const struct negotiate *negotiate, struct bytes token, uint32_t methods)
{
    static const struct bytes ntlm_id = {(const uint8_t *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a", 10};
    if (ntlm_message_type(token))
        return mechanism_of(negotiate, ntlm_id, methods);
    for (uint32_t i = 0; i < negotiate->count; i++) {
        const struct mechanism_type *type = negotiate->mechanisms[i]->type;
        for (uint32_t k = 0; k < type->object_id_count && type->method & methods; k++)
            if (spnego_is_initial_token_of(token, type->object_ids[k]))
                return negotiate->mechanisms[i];
    }
    return NULL;
}

static bool choose(struct negotiate_state *state, struct mechanism *mechanism)
{
    state->chosen_state = mechanism->type->begin(mechanism);
    state->chosen = state->chosen_state ? mechanism : NULL;
    state->progress = CHOSEN;
    return state->chosen != NULL;
}

/* --- answers --- */

static enum mechanism_result wrap(struct negotiate_state *state, const struct mechanism_input *input,
                                  struct mechanism_output *output, enum mechanism_result result, enum spnego_state progress,
                                  struct bytes mic)
{
    struct spnego_response answer = {.state = progress, .token = output->token, .mic = mic,
                                     .mechanism = state->answered ? BYTES_NONE : state->object_id};
    state->answered = true;
    output->token = spnego_response_make(input->arena, &answer);
    return output->token.data ? result : out_of_memory(output);
}

/* What was proved must outlast the leg. */
static bool keep_proof(struct negotiate_state *state, const struct mechanism_output *output)
{
    struct mechanism_output *kept = &state->proved;
    *kept = *output;
    kept->token = BYTES_NONE;
    if (output->account && !(kept->account = arena_string(&state->arena, output->account)))
        return false;
    if (output->domain && !(kept->domain = arena_string(&state->arena, output->domain)))
        return false;
    if (output->name && !(kept->name = arena_string(&state->arena, output->name)))
        return false;
    if (!output->user)
        return true;
    char id[GUID_TEXT_SIZE]; /* it is looked up again: users are many pieces */
    guid_format(output->user->id, id);
    kept->user = NULL;
    kept->key = DIRECTORY_KEY_ID;
    kept->name = arena_string(&state->arena, id);
    return kept->name != NULL;
}

/* The mechanism has accepted: the codes over the list of mechanisms (RFC 4178 5), so that nobody has struck out the better
 * ones on the way. */
static enum mechanism_result conclude(struct negotiate_state *state, const struct mechanism_input *input, bool has_mic,
                                      struct bytes mic, struct mechanism_output *output)
{
    const struct mechanism_type *type = state->chosen->type;
    struct bytes ours = BYTES_NONE;
    bool can = type->sign && type->verify;
    if (has_mic && can) {
        if (!type->verify(state->chosen, state->chosen_state, state->mechanism_list, mic))
            return fail(output, "wrong integrity code over the list of mechanisms");
        if (state->progress == CHOSEN && !type->sign(state->chosen, state->chosen_state, input->arena, state->mechanism_list, &ours))
            return out_of_memory(output);
        return wrap(state, input, output, MECHANISM_ACCEPTED, SPNEGO_COMPLETED, ours);
    }
    if (state->preferred)
        return wrap(state, input, output, MECHANISM_ACCEPTED, SPNEGO_COMPLETED, BYTES_NONE);
    if (state->progress == PROVED || !can || output->token.size == 0)
        return fail(output, "no integrity code over the list of mechanisms");
    /* The last token is ours, so the client's code can only come after it. */
    if (!type->sign(state->chosen, state->chosen_state, input->arena, state->mechanism_list, &ours))
        return fail(output, "no integrity code over the list of mechanisms");
    if (!keep_proof(state, output))
        return out_of_memory(output);
    state->progress = PROVED;
    return wrap(state, input, output, MECHANISM_CONTINUE, SPNEGO_INCOMPLETE, ours);
}

/* --- legs --- */

static enum mechanism_result feed(struct negotiate_state *state, const struct mechanism_input *input, struct bytes token,
                                  bool has_mic, struct bytes mic, struct mechanism_output *output)
{
    const struct mechanism_type *type = state->chosen->type;
    struct mechanism_input inner = *input;
    inner.token = token;
    enum mechanism_result result = type->step(state->chosen, state->chosen_state, &inner, output);
    output->method = output->method ? output->method : type->method;
    output->method_name = output->method_name ? output->method_name : type->name;
    output->prover = state->chosen;
    if (state->bare)
        return result;
    if (result == MECHANISM_CONTINUE)
        return wrap(state, input, output, result, SPNEGO_INCOMPLETE, BYTES_NONE);
    return result == MECHANISM_ACCEPTED ? conclude(state, input, has_mic, mic, output) : result;
}

static enum mechanism_result first_leg(struct negotiate *negotiate, struct negotiate_state *state,
                                       const struct mechanism_input *input, struct mechanism_output *output)
{
    struct spnego_init init;
    forget(state);
    if (!spnego_init_read(input->token, &init))
        return fail(output, "malformed SPNEGO message");
    struct mechanism *chosen = NULL;
    uint32_t rank = 0;
    while (rank < init.mechanism_count && !(chosen = mechanism_of(negotiate, init.mechanisms[rank], input->methods)))
        rank++;
    if (!chosen)
        return fail(output, "none of the client's mechanisms is offered here");
    state->object_id = arena_bytes(&state->arena, init.mechanisms[rank]);
    state->mechanism_list = arena_bytes(&state->arena, init.mechanism_list);
    state->preferred = rank == 0;
    if (!choose(state, chosen) || !state->object_id.data || !state->mechanism_list.data)
        return out_of_memory(output);
    if (rank == 0 && init.has_token)
        return feed(state, input, init.token, init.has_mic, init.mic, output);
    output->method = chosen->type->method;
    output->method_name = chosen->type->name;
    return wrap(state, input, output, MECHANISM_CONTINUE, rank == 0 ? SPNEGO_INCOMPLETE : SPNEGO_REQUEST_MIC, BYTES_NONE);
}

static enum mechanism_result later_leg(struct negotiate_state *state, const struct mechanism_input *input,
                                       struct mechanism_output *output)
{
    struct spnego_response response;
    if (state->progress == UNDECIDED)
        return fail(output, "a later message without a first one on this connection");
    if (!spnego_response_read(input->token, &response))
        return fail(output, "malformed SPNEGO message");
    if (response.state == SPNEGO_REJECT)
        return fail(output, "the client has given up");
    if (state->progress == CHOSEN) {
        if (!response.has_token)
            return fail(output, "a SPNEGO message without a token");
        return feed(state, input, response.token, response.has_mic, response.mic, output);
    }
    if (!response.has_mic)
        return fail(output, "no integrity code over the list of mechanisms");
    *output = state->proved;
    if ((output->account && !(output->account = arena_string(input->arena, output->account))) ||
        (output->domain && !(output->domain = arena_string(input->arena, output->domain))) ||
        (output->name && !(output->name = arena_string(input->arena, output->name))))
        return out_of_memory(output);
    return conclude(state, input, true, response.mic, output);
}

static enum mechanism_result step(struct mechanism *mechanism, void *of, const struct mechanism_input *input,
                                  struct mechanism_output *output)
{
    struct negotiate *negotiate = (struct negotiate *)mechanism;
    struct negotiate_state *state = of;
    struct mechanism *bare = bare_mechanism(negotiate, input->token, input->methods);
    if (bare) {
        if (!state->bare || state->chosen != bare) {
            forget(state);
            if (!choose(state, bare))
                return out_of_memory(output);
            state->bare = true;
        }
        return feed(state, input, input->token, false, BYTES_NONE, output);
    }
    if (input->token.size && input->token.data[0] == 0x60)
        return first_leg(negotiate, state, input, output);
    if (state->bare)
        return fail(output, "not a message of the mechanism under way");
    return later_leg(state, input, output);
}

/* --- the mechanism --- */

static void *begin(struct mechanism *mechanism)
{
    return calloc(1, sizeof(struct negotiate_state));
}

static bool asks_to_wait(struct mechanism *chosen, struct bytes token)
{
    return !chosen->type->blocks || chosen->type->blocks(chosen, token);
}

static bool blocks(struct mechanism *mechanism, struct bytes token)
{
    struct negotiate *negotiate = (struct negotiate *)mechanism;
    struct spnego_init init;
    struct mechanism *bare = bare_mechanism(negotiate, token, DIRECTORY_METHOD_ALL);
    if (bare)
        return asks_to_wait(bare, token);
    if (!spnego_init_read(token, &init))
        return true;
    struct mechanism *first = mechanism_of(negotiate, init.mechanisms[0], DIRECTORY_METHOD_ALL);
    return !first || !init.has_token || asks_to_wait(first, init.token);
}

static void end(struct mechanism *mechanism, void *state)
{
    if (!state)
        return;
    forget(state);
    free(state);
}

static void free_negotiate(struct mechanism *mechanism)
{
    struct negotiate *negotiate = (struct negotiate *)mechanism;
    for (uint32_t i = 0; i < negotiate->count; i++)
        mechanism_release(negotiate->mechanisms[i]);
    free(negotiate);
}

static const struct mechanism_type negotiate_type = {
    .name = "Negotiate", .method = DIRECTORY_METHOD_KERBEROS, .begin = begin, .blocks = blocks, .step = step, .end = end,
    .free = free_negotiate,
};

struct mechanism *negotiate_mechanism_new(struct mechanism *const *mechanisms, uint32_t count)
{
    struct negotiate *negotiate = count <= NEGOTIATE_MECHANISMS_MAX ? calloc(1, sizeof *negotiate) : NULL;
    if (!negotiate) {
        for (uint32_t i = 0; i < count; i++)
            mechanism_release(mechanisms[i]);
        return NULL;
    }
    negotiate->mechanism.type = &negotiate_type;
    atomic_init(&negotiate->mechanism.references, 1);
    negotiate->count = count;
    memcpy(negotiate->mechanisms, mechanisms, count * sizeof *mechanisms);
    return &negotiate->mechanism;
}
