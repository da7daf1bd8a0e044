#include "auth/ntlm.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "auth/ntlm_crypto.h"
#include "base/filetime.h"
#include "base/text.h"

#define OEM_CODE_PAGE 850u

const struct bytes ntlm_object_id = {(const uint8_t *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a", 10};

struct ntlm {
    struct mechanism mechanism; /* first: it is what the outside sees */
    struct directory *directory;
    struct arena arena; /* the names */
    struct ntlm_settings settings;
};

/* One log-on. A challenge is good for one response. */
struct ntlm_state {
    bool challenged, established;
    uint8_t challenge[8];
    uint64_t timestamp;
    uint32_t flags;               /* offered, then agreed on */
    struct buffer negotiate_message, challenge_message; /* for the integrity code */
    uint8_t exported_key[NTLM_KEY_SIZE];
};

/* --- the first leg --- */

static void forget(struct ntlm_state *state)
{
    state->challenged = state->established = false;
    buffer_free(&state->negotiate_message);
    buffer_free(&state->challenge_message);
    state->negotiate_message = state->challenge_message = (struct buffer){0};
    OPENSSL_cleanse(state->exported_key, sizeof state->exported_key);
}

/* What we agree to of what the client offers (3.2.5.1.1). */
static uint32_t choose_flags(uint32_t offered)
{
    uint32_t chosen = NTLM_FLAG_NTLM | NTLM_FLAG_TARGET_INFO | NTLM_FLAG_REQUEST_TARGET | NTLM_FLAG_TARGET_TYPE_DOMAIN;
    chosen |= offered & NTLM_FLAG_UNICODE ? NTLM_FLAG_UNICODE : NTLM_FLAG_OEM;
    return chosen | (offered & (NTLM_FLAG_ALWAYS_SIGN | NTLM_FLAG_EXTENDED_SESSION_SECURITY | NTLM_FLAG_VERSION |
                                NTLM_FLAG_128 | NTLM_FLAG_56 | NTLM_FLAG_KEY_EXCHANGE | NTLM_FLAG_SIGN | NTLM_FLAG_SEAL));
}

static enum mechanism_result fail(struct mechanism_output *output, enum mechanism_blame blame, const char *cause)
{
    output->cause = cause;
    output->blame = blame;
    return MECHANISM_FAILED;
}

static enum mechanism_result unavailable(struct mechanism_output *output, const char *cause)
{
    output->cause = cause;
    return MECHANISM_UNAVAILABLE;
}

static enum mechanism_result challenge(struct ntlm *ntlm, struct ntlm_state *state, const struct mechanism_input *input,
                                       struct mechanism_output *output)
{
    uint32_t offered;
    forget(state);
    if (!ntlm_negotiate_read(input->token, &offered))
        return fail(output, BLAME_NOBODY, "malformed negotiate message");
    state->flags = choose_flags(offered);
    state->timestamp = filetime_now();
    random_bytes(state->challenge, sizeof state->challenge);
    struct ntlm_challenge message = {.flags = state->flags, .timestamp = state->timestamp, .names = &ntlm->settings.names};
    memcpy(message.challenge, state->challenge, sizeof message.challenge);
    output->token = ntlm_challenge_make(input->arena, &message);
    buffer_append(&state->negotiate_message, input->token.data, input->token.size);
    buffer_append(&state->challenge_message, output->token.data, output->token.size);
    if (!output->token.data || state->negotiate_message.failed || state->challenge_message.failed)
        return unavailable(output, "out of memory");
    state->challenged = true;
    return MECHANISM_CONTINUE;
}

/* --- the second leg --- */

/* One response being checked. */
struct check {
    struct ntlm *ntlm;
    struct ntlm_state *state;
    const struct mechanism_input *input;
    struct mechanism_output *output;
    struct ntlm_authenticate message;
    struct ntlm_response response;
    struct directory_user user;
    bool known, hashed;          /* there is such a user; one with an NT hash */
    uint8_t hash[NTLM_KEY_SIZE]; /* a random one where there is none: the same work for everybody */
    uint8_t base_key[NTLM_KEY_SIZE];
};

static struct bytes wide_of(const struct check *check, struct bytes name)
{
    if (check->message.flags & NTLM_FLAG_UNICODE)
        return name;
    return text_utf16_of_codepage(check->input->arena, OEM_CODE_PAGE, name);
}

static const char *narrow_of(struct arena *arena, uint32_t flags, struct bytes name)
{
    struct bytes wide = flags & NTLM_FLAG_UNICODE ? name : text_utf16_of_codepage(arena, OEM_CODE_PAGE, name);
    for (size_t i = 0; i + 1 < wide.size; i += 2)
        if (load_u16(wide.data + i) == 0)
            return NULL;
    return text_utf8_of_utf16(arena, wide);
}

bool ntlm_read_names(struct arena *arena, const struct ntlm_authenticate *authenticate, struct mechanism_output *output)
{
    output->account = narrow_of(arena, authenticate->flags, authenticate->user);
    output->domain = narrow_of(arena, authenticate->flags, authenticate->domain);
    return output->account && output->domain;
}

/* A domain that the directory does not know is the client's own name for itself or for us: then the account counts. */
static enum directory_status look_up(struct check *check)
{
    struct directory *directory = check->ntlm->directory;
    const char *account = check->output->account;
    struct arena *arena = check->input->arena;
    enum directory_status status = directory_nt_hash(directory, arena, check->output->domain, account, check->hash,
                                                     &check->user);
    if (status == DIRECTORY_NOT_FOUND && *check->output->domain)
        status = directory_nt_hash(directory, arena, "", account, check->hash, &check->user);
    check->known = check->hashed = status == DIRECTORY_OK || status == DIRECTORY_DISABLED;
    if (status != DIRECTORY_NOT_FOUND)
        return check->known ? DIRECTORY_OK : status;
    random_bytes(check->hash, sizeof check->hash);
    status = directory_find(directory, arena, DIRECTORY_KEY_LOGON, account, &check->user);
    check->known = status == DIRECTORY_OK;
    return status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
}

/* MS-NLMP 3.3.2. Constant in time but for the size of what the client sent. */
static bool proof_is_right(struct check *check, bool ascii_only)
{
    uint8_t key[NTLM_KEY_SIZE], proof[16];
    struct bytes user = ntlm_upper_case(check->input->arena, wide_of(check, check->message.user), ascii_only);
    struct bytes domain = wide_of(check, check->message.domain);
    struct bytes signed_parts[] = {bytes_of(check->state->challenge, sizeof check->state->challenge), check->response.blob};
    bool right = user.data && ntlm_response_key(check->hash, user, domain, key) &&
        ntlm_hmac(key, signed_parts, 2, proof) && ntlm_hmac(key, (struct bytes[]){bytes_of(proof, 16)}, 1, check->base_key) &&
        CRYPTO_memcmp(proof, check->response.proof.data, sizeof proof) == 0;
    OPENSSL_cleanse(key, sizeof key);
    return right;
}

static bool export_key(struct check *check)
{
    struct ntlm_state *state = check->state;
    state->flags &= check->message.flags;
    memcpy(state->exported_key, check->base_key, NTLM_KEY_SIZE);
    if (!(state->flags & NTLM_FLAG_KEY_EXCHANGE))
        return true;
    if (check->message.session_key.size != NTLM_KEY_SIZE)
        return false;
    memcpy(state->exported_key, check->message.session_key.data, NTLM_KEY_SIZE);
    ntlm_rc4(check->base_key, state->exported_key, NTLM_KEY_SIZE);
    return true;
}

/* The integrity code over all three messages, with itself as zeros (3.2.5.1.2). */
static bool mic_is_right(const struct check *check)
{
    static const uint8_t zeros[NTLM_MIC_SIZE];
    struct bytes message = check->input->token;
    uint8_t code[NTLM_MIC_SIZE];
    if (!check->message.has_room_for_mic)
        return false;
    struct bytes parts[] = {
        buffer_bytes(&check->state->negotiate_message), buffer_bytes(&check->state->challenge_message),
        bytes_of(message.data, NTLM_MIC_OFFSET), bytes_of(zeros, sizeof zeros),
        bytes_of(message.data + NTLM_MIC_OFFSET + NTLM_MIC_SIZE, message.size - NTLM_MIC_OFFSET - NTLM_MIC_SIZE)};
    return ntlm_hmac(check->state->exported_key, parts, 5, code) &&
           CRYPTO_memcmp(code, message.data + NTLM_MIC_OFFSET, sizeof code) == 0;
}

bool ntlm_check_bindings(struct arena *arena, const struct ntlm_response *response, const struct channel_bindings *bindings,
                         struct mechanism_output *output)
{
    struct bytes sent = response->channel_bindings;
    uint8_t hash[16];
    output->binding = BINDING_UNCHECKED;
    if (bindings->protection == EXTENDED_PROTECTION_NONE)
        return true;
    bool allowed = bindings->protection == EXTENDED_PROTECTION_ALLOW;
    if (sent.size == 0 || (allowed && bindings->count == 0)) { /* none known: there is nothing to compare with */
        output->binding = BINDING_ABSENT;
        output->cause = "no channel bindings";
        return allowed;
    }
    for (uint32_t i = 0; i < bindings->count; i++) {
        struct bytes data = channel_binding_application_data(arena, bindings->hashes[i]);
        if (data.data && ntlm_channel_bindings_hash(data, hash) && CRYPTO_memcmp(hash, sent.data, sizeof hash) == 0) {
            output->binding = BINDING_RIGHT;
            return true;
        }
    }
    output->cause = "wrong channel bindings: relayed, or a balancer's certificate that is not configured";
    return false;
}

/* Says whether the hash is still the same, without giving it away. */
static bool make_stamp(const uint8_t hash[NTLM_KEY_SIZE], const struct directory_user *user, uint8_t ret_stamp[MECHANISM_STAMP_SIZE])
{
    return ntlm_hmac(hash, (struct bytes[]){BYTES_LITERAL("stamp"), bytes_of(&user->id, sizeof user->id)}, 2, ret_stamp);
}

static bool stands(struct mechanism *mechanism, struct arena *arena, const struct directory_user *user,
                   const uint8_t stamp[MECHANISM_STAMP_SIZE])
{
    struct ntlm *ntlm = (struct ntlm *)mechanism;
    uint8_t hash[NTLM_KEY_SIZE], now[MECHANISM_STAMP_SIZE];
    struct directory_user found;
    bool same = directory_nt_hash(ntlm->directory, arena, "", user->account, hash, &found) == DIRECTORY_OK &&
                make_stamp(hash, &found, now) && CRYPTO_memcmp(now, stamp, sizeof now) == 0;
    OPENSSL_cleanse(hash, sizeof hash);
    return same;
}

/* What a right proof does not say by itself. */
static enum mechanism_result check_surroundings(struct check *check)
{
    struct mechanism_output *output = check->output;
    const struct ntlm_response *response = &check->response;
    if (!export_key(check))
        return fail(output, BLAME_ADDRESS, "malformed session key");
    if (response->timestamp.size && load_u64(response->timestamp.data) != check->state->timestamp)
        return fail(output, BLAME_ADDRESS, "the response is to another challenge");
    if (!response->has_mic && check->ntlm->settings.mic_required)
        return fail(output, BLAME_ADDRESS, "no message integrity code");
    if (response->has_mic && !mic_is_right(check))
        return fail(output, BLAME_ADDRESS, "wrong message integrity code: messages were changed on their way");
    if (!ntlm_check_bindings(check->input->arena, response, check->input->bindings, output))
        return fail(output, BLAME_ADDRESS, output->cause);
    output->cause = NULL;
    check->state->established = true;
    return make_stamp(check->hash, &check->user, output->stamp) ? MECHANISM_ACCEPTED : unavailable(output, "no HMAC-MD5");
}

static enum mechanism_result check_response(struct check *check)
{
    struct mechanism_output *output = check->output;
    if (look_up(check) != DIRECTORY_OK)
        return unavailable(output, "the directory cannot be read");
    bool right = proof_is_right(check, false) || proof_is_right(check, true);
    if (check->known) {
        struct directory_user *user = arena_copy(check->input->arena, &check->user, sizeof check->user);
        if (!user)
            return unavailable(output, "out of memory");
        output->user = user;
    }
    if (check->known && !check->hashed)
        return fail(output, BLAME_ADDRESS, "no NT hash is kept for this user: 'mapihttp user set ACCOUNT --ntlm yes', then 'mapihttp user "
                    "set-password ACCOUNT'");
    if (!right)
        return fail(output, BLAME_GUESS, check->known ? "wrong password" : "no such user");
    return check_surroundings(check);
}

static enum mechanism_result authenticate(struct ntlm *ntlm, struct ntlm_state *state, const struct mechanism_input *input,
                                          struct mechanism_output *output)
{
    struct check check = {.ntlm = ntlm, .state = state, .input = input, .output = output};
    if (!state->challenged)
        return fail(output, BLAME_NOBODY, "a response without a challenge on this connection, or a second one to it");
    state->challenged = false;
    if (!ntlm_authenticate_read(input->token, &check.message) || !ntlm_read_names(input->arena, &check.message, output))
        return fail(output, BLAME_NOBODY, "malformed authenticate message");
    if (check.message.user.size == 0 || check.message.flags & NTLM_FLAG_ANONYMOUS)
        return fail(output, BLAME_NOBODY, "anonymous log-on");
    if (check.message.nt_response.size <= 24)
        return fail(output, BLAME_ADDRESS, "LM or NTLMv1 response: the client must be allowed to send NTLMv2 (LmCompatibilityLevel "
                    "3 or more)");
    if (!ntlm_response_read(check.message.nt_response, &check.response))
        return fail(output, BLAME_ADDRESS, "malformed NTLMv2 response");
    enum mechanism_result result = check_response(&check);
    OPENSSL_cleanse(check.hash, sizeof check.hash);
    OPENSSL_cleanse(check.base_key, sizeof check.base_key);
    return result;
}

/* --- the mechanism --- */

static void *begin(struct mechanism *mechanism)
{
    return calloc(1, sizeof(struct ntlm_state));
}

static bool blocks(struct mechanism *mechanism, struct bytes token)
{
    return ntlm_message_type(token) == NTLM_AUTHENTICATE;
}

static enum mechanism_result step(struct mechanism *mechanism, void *state, const struct mechanism_input *input,
                                  struct mechanism_output *output)
{
    struct ntlm *ntlm = (struct ntlm *)mechanism;
    switch (ntlm_message_type(input->token)) {
    case NTLM_NEGOTIATE: return challenge(ntlm, state, input, output);
    case NTLM_AUTHENTICATE: return authenticate(ntlm, state, input, output);
    default: return fail(output, BLAME_NOBODY, "not an NTLM message");
    }
}

static bool sign(struct mechanism *mechanism, void *of, struct arena *arena, struct bytes message, struct bytes *ret_code)
{
    struct ntlm_state *state = of;
    uint8_t *code = arena_allocate(arena, 16);
    if (!code || !state->established || !(state->flags & NTLM_FLAG_EXTENDED_SESSION_SECURITY) ||
        !ntlm_signature(state->exported_key, state->flags, false, message, code))
        return false;
    *ret_code = bytes_of(code, 16);
    return true;
}

static bool verify(struct mechanism *mechanism, void *of, struct bytes message, struct bytes code)
{
    struct ntlm_state *state = of;
    uint8_t right[16];
    return state->established && code.size == sizeof right && state->flags & NTLM_FLAG_EXTENDED_SESSION_SECURITY &&
           ntlm_signature(state->exported_key, state->flags, true, message, right) &&
           CRYPTO_memcmp(right, code.data, sizeof right) == 0;
}

static void end(struct mechanism *mechanism, void *state)
{
    if (!state)
        return;
    forget(state);
    free(state);
}

static void free_ntlm(struct mechanism *mechanism)
{
    struct ntlm *ntlm = (struct ntlm *)mechanism;
    arena_free(&ntlm->arena);
    free(ntlm);
}

static const struct mechanism_type ntlm_type = {
    .name = "NTLM", .method = DIRECTORY_METHOD_NTLM, .object_ids = &ntlm_object_id, .object_id_count = 1,
    .begin = begin, .blocks = blocks, .step = step, .sign = sign, .verify = verify, .end = end,
    .stands = stands, .free = free_ntlm,
};

struct mechanism *ntlm_mechanism_new(struct directory *directory, const struct ntlm_settings *settings)
{
    struct ntlm *ntlm = calloc(1, sizeof *ntlm);
    if (!ntlm)
        return NULL;
    ntlm->mechanism.type = &ntlm_type;
    atomic_init(&ntlm->mechanism.references, 1);
    ntlm->directory = directory;
    ntlm->settings = *settings;
    struct ntlm_names *names = &ntlm->settings.names;
    names->netbios_domain = arena_string(&ntlm->arena, names->netbios_domain);
    names->netbios_computer = arena_string(&ntlm->arena, names->netbios_computer);
    names->dns_domain = arena_string(&ntlm->arena, names->dns_domain);
    names->dns_computer = arena_string(&ntlm->arena, names->dns_computer);
    if (!names->netbios_domain || !names->netbios_computer || !names->dns_domain || !names->dns_computer) {
        free_ntlm(&ntlm->mechanism);
        return NULL;
    }
    return &ntlm->mechanism;
}
