#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "auth/test_ntlm_client.h"

struct fixture {
    struct ntlm_test_directory test;
    struct mechanism *mechanism;
    struct arena arena;
    struct channel_bindings bindings;
};

static int open_ntlm(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->test = (struct ntlm_test_directory){.directory = {&ntlm_test_directory_type}};
    fixture->mechanism = ntlm_mechanism_new(&fixture->test.directory, &ntlm_test_settings);
    assert_non_null(fixture->mechanism);
    *state = fixture;
    return 0;
}

static int close_ntlm(void **state)
{
    struct fixture *fixture = *state;
    mechanism_release(fixture->mechanism);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static enum mechanism_result step(struct fixture *fixture, void *state, struct bytes token, struct mechanism_output *output)
{
    struct mechanism_input input = {.arena = &fixture->arena, .token = token, .bindings = &fixture->bindings,
                                    .methods = DIRECTORY_METHOD_ALL};
    *output = (struct mechanism_output){0};
    return fixture->mechanism->type->step(fixture->mechanism, state, &input, output);
}

/* A whole log-on with a fresh state. */
static enum mechanism_result log_on(struct fixture *fixture, struct ntlm_test_client client, struct mechanism_output *output)
{
    void *state = fixture->mechanism->type->begin(fixture->mechanism);
    struct bytes negotiate = client_negotiate(&fixture->arena, &client);
    assert_int_equal(step(fixture, state, negotiate, output), MECHANISM_CONTINUE);
    struct bytes challenge = output->token;
    enum mechanism_result result = step(fixture, state, client_authenticate(&fixture->arena, &client, negotiate, challenge),
                                        output);
    fixture->mechanism->type->end(fixture->mechanism, state);
    return result;
}

static void assert_refused(struct fixture *fixture, struct ntlm_test_client client, enum mechanism_blame blame, const char *cause)
{
    struct mechanism_output output;
    assert_int_equal(log_on(fixture, client, &output), MECHANISM_FAILED);
    assert_non_null(strstr(output.cause, cause));
    assert_int_equal(output.blame, blame);
}

/* --- what MS-NLMP computes in 4.2.4: user 'User', domain 'Domain', password 'Password' --- */

static const uint8_t nt_hash[16] = {0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca, 0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f, 0xd8, 0x52};
static const uint8_t response_key[16] = {0x0c, 0x86, 0x8a, 0x40, 0x3b, 0xfd, 0x7a, 0x93,
                                         0xa3, 0x00, 0x1e, 0xf2, 0x2e, 0xf0, 0x2e, 0x3f};
static const uint8_t session_base_key[16] = {0x8d, 0xe4, 0x0c, 0xca, 0xdb, 0xc1, 0x4a, 0x82,
                                             0xf1, 0x5c, 0xb0, 0xad, 0x0d, 0xe9, 0x5c, 0xa3};

static void computes_keys_and_proof_as_specified(void **state)
{
    struct fixture *fixture = *state;
    uint8_t key[16], proof[16], base_key[16], exported[16];
    (void)nt_hash_of_password("Password", key);
    assert_memory_equal(key, nt_hash, 16);
    struct bytes user = text_utf16_of_utf8(&fixture->arena, BYTES_LITERAL("User"));
    struct bytes domain = text_utf16_of_utf8(&fixture->arena, BYTES_LITERAL("Domain"));
    assert_true(ntlm_response_key(nt_hash, ntlm_upper_case(&fixture->arena, user, false), domain, key));
    assert_memory_equal(key, response_key, 16);
    static const uint8_t temp[] = "\1\1\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0" "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa" "\0\0\0\0"
                                  "\2\0\14\0D\0o\0m\0a\0i\0n\0" "\1\0\14\0S\0e\0r\0v\0e\0r\0" "\0\0\0\0" "\0\0\0\0";
    assert_true(ntlm_hmac(key, (struct bytes[]){BYTES_LITERAL("\x01\x23\x45\x67\x89\xab\xcd\xef"), bytes_of(temp, sizeof temp - 1)},
                          2, proof));
    static const uint8_t right_proof[16] = {0x68, 0xcd, 0x0a, 0xb8, 0x51, 0xe5, 0x1c, 0x96,
                                            0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef, 0x6a, 0x1c};
    assert_memory_equal(proof, right_proof, 16);
    assert_true(ntlm_hmac(key, (struct bytes[]){bytes_of(proof, 16)}, 1, base_key));
    assert_memory_equal(base_key, session_base_key, 16);
    static const uint8_t encrypted[16] = {0xc5, 0xda, 0xd2, 0x54, 0x4f, 0xc9, 0x79, 0x90,
                                          0x94, 0xce, 0x1c, 0xe9, 0x0b, 0xc9, 0xd0, 0x3e};
    memset(exported, 0x55, sizeof exported);
    ntlm_rc4(base_key, exported, sizeof exported);
    assert_memory_equal(exported, encrypted, 16);
}

/* 4.2.4.4 seals 'Plaintext' (18 bytes) first, which moves the key stream on; a signature alone begins it. So the part before
 * RC4 is compared: what the example's signature is once its key stream is taken off. */
static void signs_as_specified(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t seal_key[16] = {0x59, 0xf6, 0x00, 0x97, 0x3c, 0xc4, 0x96, 0x0a,
                                         0x25, 0x48, 0x0a, 0x7c, 0x19, 0x6e, 0x4c, 0x58};
    uint8_t exported[16], signature[16], stream[26] = {0}, fresh[8] = {0};
    static const uint8_t example[8] = {0x7f, 0xb3, 0x8e, 0xc5, 0xc5, 0x5d, 0x49, 0x76};
    memset(exported, 0x55, sizeof exported);
    struct bytes message = text_utf16_of_utf8(&fixture->arena, BYTES_LITERAL("Plaintext"));
    assert_true(ntlm_signature(exported, 0xe28a8233, true, message, signature));
    assert_memory_equal(signature, "\1\0\0\0", 4);
    assert_memory_equal(signature + 12, "\0\0\0\0", 4);
    ntlm_rc4(seal_key, stream, sizeof stream);
    ntlm_rc4(seal_key, fresh, sizeof fresh);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(signature[4 + i] ^ fresh[i], example[i] ^ stream[18 + i]);
    uint8_t other[16];
    assert_true(ntlm_signature(exported, 0xe28a8233, false, message, other));
    assert_memory_not_equal(signature, other, 16);
}

static void upper_case_is_of_all_scripts(void **state)
{
    struct fixture *fixture = *state;
    struct bytes name = text_utf16_of_utf8(&fixture->arena, bytes_of_string("j\xc3\xbcrgen \xce\xb1\xf0\x9f\x98\x80"));
    assert_string_equal(text_utf8_of_utf16(&fixture->arena, ntlm_upper_case(&fixture->arena, name, false)),
                        "J\xc3\x9cRGEN \xce\x91\xf0\x9f\x98\x80");
    assert_string_equal(text_utf8_of_utf16(&fixture->arena, ntlm_upper_case(&fixture->arena, name, true)),
                        "J\xc3\xbcRGEN \xce\xb1\xf0\x9f\x98\x80");
}

/* --- log-ons --- */

static void accepts_every_honest_client(void **state)
{
    struct fixture *fixture = *state;
    const struct ntlm_test_client clients[] = {
        {0}, {.account = "ADA", .domain = "ENGINE"}, {.account = "ada@engine.test"}, {.domain = "LAPTOP-7"},
        {.oem = true}, {.without_key_exchange = true}, {.without_mic = true}, {.without_timestamp = true, .without_mic = true},
        {.account = "J\xc3\xbcrgen"}, {.account = "J\xc3\xbcrgen", .ascii_case = true}, {.zero_binding = true},
        {.account = "off"}, /* right, whatever becomes of it */
    };
    struct mechanism_output output;
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        assert_int_equal(log_on(fixture, clients[i], &output), MECHANISM_ACCEPTED);
        assert_non_null(output.user);
        assert_string_equal(output.account, clients[i].account ? clients[i].account : "ada");
        assert_int_equal(output.user->enabled, i != 11);
    }
}

static void refuses_with_the_cause_and_the_right_blame(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, (struct ntlm_test_client){.password = "wrong"}, BLAME_GUESS, "wrong password");
    assert_refused(fixture, (struct ntlm_test_client){.account = "eve"}, BLAME_GUESS, "no such user");
    assert_refused(fixture, (struct ntlm_test_client){.account = "bob"}, BLAME_ADDRESS, "no NT hash");
    assert_refused(fixture, (struct ntlm_test_client){.account = "bob", .password = "x"}, BLAME_ADDRESS, "no NT hash");
    assert_refused(fixture, (struct ntlm_test_client){.anonymous = true}, BLAME_NOBODY, "anonymous");
    assert_refused(fixture, (struct ntlm_test_client){.old_response = true}, BLAME_ADDRESS, "NTLMv1");
    assert_refused(fixture, (struct ntlm_test_client){.broken_mic = true}, BLAME_ADDRESS, "wrong message integrity code");
    assert_refused(fixture, (struct ntlm_test_client){.twice_flags = true}, BLAME_ADDRESS, "malformed NTLMv2 response");
    assert_refused(fixture, (struct ntlm_test_client){.account = "Guest", .password = ""}, BLAME_GUESS, "no such user");
    assert_refused(fixture, (struct ntlm_test_client){.other_timestamp = true}, BLAME_ADDRESS, "to another challenge");
    fixture->test.broken = true;
    struct mechanism_output output;
    assert_int_equal(log_on(fixture, (struct ntlm_test_client){0}, &output), MECHANISM_UNAVAILABLE);
}

/* Whoever changes a message on its way is found out, where the client sends an integrity code: be it the flags, be it the code
 * cut off (the response itself says that there is one). */
static void finds_changed_messages(void **state)
{
    struct fixture *fixture = *state;
    struct mechanism_output output;
    struct ntlm_test_client client = {0};
    for (unsigned which = 0; which < 3; which++) {
        void *log_on_state = fixture->mechanism->type->begin(fixture->mechanism);
        struct bytes negotiate = client_negotiate(&fixture->arena, &client);
        struct bytes sent = arena_bytes(&fixture->arena, negotiate);
        if (which == 0)
            ((uint8_t *)sent.data)[15] &= 0x7F; /* 56 bits struck out */
        assert_int_equal(step(fixture, log_on_state, sent, &output), MECHANISM_CONTINUE);
        struct bytes challenge = arena_bytes(&fixture->arena, output.token);
        struct bytes authenticate = client_authenticate(&fixture->arena, &client, negotiate, challenge);
        if (which == 1)
            memset((uint8_t *)authenticate.data + NTLM_MIC_OFFSET, 0, NTLM_MIC_SIZE);
        if (which == 2)
            ((uint8_t *)authenticate.data)[63] ^= 0x20; /* 128 bits struck out */
        assert_int_equal(step(fixture, log_on_state, authenticate, &output), MECHANISM_FAILED);
        assert_non_null(strstr(output.cause, "integrity code"));
        fixture->mechanism->type->end(fixture->mechanism, log_on_state);
    }
}

static void asks_for_integrity_codes_where_told_to(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_settings settings = ntlm_test_settings;
    struct mechanism_output output;
    settings.mic_required = true;
    mechanism_release(fixture->mechanism);
    fixture->mechanism = ntlm_mechanism_new(&fixture->test.directory, &settings);
    assert_int_equal(log_on(fixture, (struct ntlm_test_client){0}, &output), MECHANISM_ACCEPTED);
    assert_refused(fixture, (struct ntlm_test_client){.without_mic = true}, BLAME_ADDRESS, "no message integrity code");
}

static void takes_one_response_to_a_challenge(void **state)
{
    struct fixture *fixture = *state;
    struct mechanism_output output;
    struct ntlm_test_client client = {0};
    const struct mechanism_type *type = fixture->mechanism->type;
    void *first = type->begin(fixture->mechanism), *second = type->begin(fixture->mechanism);
    struct bytes negotiate = client_negotiate(&fixture->arena, &client);
    assert_int_equal(step(fixture, first, negotiate, &output), MECHANISM_CONTINUE);
    struct bytes authenticate = client_authenticate(&fixture->arena, &client, negotiate, output.token);
    assert_int_equal(step(fixture, second, authenticate, &output), MECHANISM_FAILED); /* no challenge there */
    assert_non_null(strstr(output.cause, "without a challenge"));
    assert_int_equal(step(fixture, second, negotiate, &output), MECHANISM_CONTINUE);
    assert_int_equal(step(fixture, second, authenticate, &output), MECHANISM_FAILED); /* another challenge */
    assert_int_equal(step(fixture, first, authenticate, &output), MECHANISM_ACCEPTED);
    assert_int_equal(step(fixture, first, authenticate, &output), MECHANISM_FAILED); /* twice */
    assert_int_equal(output.blame, BLAME_NOBODY);
    type->end(fixture->mechanism, first);
    type->end(fixture->mechanism, second);
}

static void challenges_differ(void **state)
{
    struct fixture *fixture = *state;
    struct mechanism_output output[2];
    struct ntlm_test_client client = {0};
    void *log_on_state = fixture->mechanism->type->begin(fixture->mechanism);
    struct bytes negotiate = client_negotiate(&fixture->arena, &client);
    for (int i = 0; i < 2; i++)
        assert_int_equal(step(fixture, log_on_state, negotiate, &output[i]), MECHANISM_CONTINUE);
    assert_memory_not_equal(output[0].token.data + 24, output[1].token.data + 24, 8);
    fixture->mechanism->type->end(fixture->mechanism, log_on_state);
}

static void binds_to_the_channel(void **state)
{
    struct fixture *fixture = *state;
    struct mechanism_output output;
    uint8_t ours[32] = {1}, balancer[48] = {2}, other[32] = {3};
    fixture->bindings = (struct channel_bindings){.count = 2, .hashes = {bytes_of(ours, 32), bytes_of(balancer, 48)}};
    const struct bytes seen[] = {bytes_of(ours, 32), bytes_of(balancer, 48), bytes_of(other, 32), BYTES_NONE};
    static const enum mechanism_result results[3][4] = {
        [EXTENDED_PROTECTION_NONE] = {MECHANISM_ACCEPTED, MECHANISM_ACCEPTED, MECHANISM_ACCEPTED, MECHANISM_ACCEPTED},
        [EXTENDED_PROTECTION_ALLOW] = {MECHANISM_ACCEPTED, MECHANISM_ACCEPTED, MECHANISM_FAILED, MECHANISM_ACCEPTED},
        [EXTENDED_PROTECTION_REQUIRE] = {MECHANISM_ACCEPTED, MECHANISM_ACCEPTED, MECHANISM_FAILED, MECHANISM_FAILED}};
    static const enum channel_binding_state states[3][4] = {
        {BINDING_UNCHECKED, BINDING_UNCHECKED, BINDING_UNCHECKED, BINDING_UNCHECKED},
        {BINDING_RIGHT, BINDING_RIGHT, BINDING_UNCHECKED, BINDING_ABSENT},
        {BINDING_RIGHT, BINDING_RIGHT, BINDING_UNCHECKED, BINDING_ABSENT}};
    for (unsigned protection = 0; protection < 3; protection++)
        for (unsigned i = 0; i < 4; i++) {
            fixture->bindings.protection = protection;
            assert_int_equal(log_on(fixture, (struct ntlm_test_client){.binding = seen[i]}, &output), results[protection][i]);
            assert_int_equal(output.binding, states[protection][i]);
        }
    /* Zeros mean none. */
    assert_int_equal(log_on(fixture, (struct ntlm_test_client){.zero_binding = true}, &output), MECHANISM_FAILED);
    /* Without TLS of our own nothing can be compared; where it is required that is not enough. */
    fixture->bindings.count = 0;
    assert_int_equal(log_on(fixture, (struct ntlm_test_client){.binding = seen[2]}, &output), MECHANISM_FAILED);
    fixture->bindings.protection = EXTENDED_PROTECTION_ALLOW;
    assert_int_equal(log_on(fixture, (struct ntlm_test_client){.binding = seen[2]}, &output), MECHANISM_ACCEPTED);
}

/* --- messages --- */

static void the_challenge_says_who_we_are(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_challenge challenge = {.flags = 0xe28a8233, .challenge = {1, 2, 3, 4, 5, 6, 7, 8}, .timestamp = 0x0102030405060708,
                                       .names = &ntlm_test_settings.names};
    struct bytes made = ntlm_challenge_make(&fixture->arena, &challenge);
    assert_int_equal(ntlm_message_type(made), NTLM_CHALLENGE);
    assert_int_equal(load_u32(made.data + 20), 0xe28a8233);
    assert_memory_equal(made.data + 24, challenge.challenge, 8);
    assert_int_equal(load_u16(made.data + 12), 12); /* ENGINE */
    assert_memory_equal(made.data + load_u32(made.data + 16), "E\0N\0G\0I\0N\0E\0", 12);
    static const uint16_t ids[] = {2, 1, 4, 3, 7, 0};
    size_t at = load_u32(made.data + 44);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(load_u16(made.data + at), ids[i]);
        if (ids[i] == 7)
            assert_true(load_u64(made.data + at + 4) == challenge.timestamp);
        at += 4u + load_u16(made.data + at + 2);
    }
    assert_int_equal(at, made.size);
    /* OEM: the target in bytes. */
    challenge.flags &= ~NTLM_FLAG_UNICODE;
    made = ntlm_challenge_make(&fixture->arena, &challenge);
    assert_memory_equal(made.data + load_u32(made.data + 16), "ENGINE", 6);
}

/* No truncation and no changed byte makes a reader look outside (the sanitizers see to that) or accept what has no proof. */
static void withstands_every_truncation_and_change(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_test_client client = {.domain = "ENGINE"};
    struct mechanism_output output;
    const struct mechanism_type *type = fixture->mechanism->type;
    void *log_on_state = type->begin(fixture->mechanism);
    struct bytes negotiate = client_negotiate(&fixture->arena, &client);
    for (size_t size = 0; size < 16; size++)
        assert_int_equal(step(fixture, log_on_state, arena_bytes(&fixture->arena, bytes_of(negotiate.data, size)), &output),
                         MECHANISM_FAILED);
    for (size_t size = 0; size < 400; size++) {
        assert_int_equal(step(fixture, log_on_state, negotiate, &output), MECHANISM_CONTINUE);
        struct bytes whole = client_authenticate(&fixture->arena, &client, negotiate, output.token);
        if (size >= whole.size)
            break;
        uint8_t *part = malloc(size ? size : 1);
        memcpy(part, whole.data, size);
        struct ntlm_authenticate ignored;
        assert_false(ntlm_authenticate_read(bytes_of(part, size), &ignored));
        assert_int_not_equal(step(fixture, log_on_state, bytes_of(part, size), &output), MECHANISM_ACCEPTED);
        free(part);
        if (size >= 12) { /* a changed byte; those that nothing covers are the reserved, the version and the maximum sizes */
            assert_int_equal(step(fixture, log_on_state, negotiate, &output), MECHANISM_CONTINUE);
            whole = client_authenticate(&fixture->arena, &client, negotiate, output.token);
            ((uint8_t *)whole.data)[size] ^= 0xA5;
            assert_int_not_equal(step(fixture, log_on_state, whole, &output), MECHANISM_ACCEPTED);
        }
    }
    type->end(fixture->mechanism, log_on_state);
}

static void reads_responses_strictly(void **state)
{
    struct ntlm_response response;
    uint8_t bytes[80] = {[16] = 1, [17] = 1};
    assert_true(ntlm_response_read(bytes_of(bytes, 48), &response)); /* no pairs, an end */
    assert_false(ntlm_response_read(bytes_of(bytes, 47), &response));
    assert_false(ntlm_response_read(bytes_of(bytes, 24), &response));
    bytes[16] = 2;
    assert_false(ntlm_response_read(bytes_of(bytes, 48), &response));
    bytes[16] = 1;
    bytes[44] = 2; /* a pair of 4 bytes, and no end */
    bytes[46] = 4;
    assert_false(ntlm_response_read(bytes_of(bytes, 52), &response));
    assert_true(ntlm_response_read(bytes_of(bytes, 56), &response));
    bytes[46] = 9; /* beyond the end */
    assert_false(ntlm_response_read(bytes_of(bytes, 56), &response));
    bytes[44] = 6; /* flags of a wrong size */
    bytes[46] = 2;
    assert_false(ntlm_response_read(bytes_of(bytes, 80), &response));
    bytes[44] = 0; /* an end with a size */
    assert_false(ntlm_response_read(bytes_of(bytes, 80), &response));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ntlm, close_ntlm)
    const struct CMUnitTest tests[] = {
        TEST(computes_keys_and_proof_as_specified),
        TEST(signs_as_specified),
        TEST(upper_case_is_of_all_scripts),
        TEST(accepts_every_honest_client),
        TEST(refuses_with_the_cause_and_the_right_blame),
        TEST(finds_changed_messages),
        TEST(asks_for_integrity_codes_where_told_to),
        TEST(takes_one_response_to_a_challenge),
        TEST(challenges_differ),
        TEST(binds_to_the_channel),
        TEST(the_challenge_says_who_we_are),
        TEST(withstands_every_truncation_and_change),
        TEST(reads_responses_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
