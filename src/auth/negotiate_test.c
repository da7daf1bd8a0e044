#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "auth/negotiate.h"
#include "auth/spnego.h"
#include "auth/test_ntlm_client.h"

/* A ticket mechanism that needs no realm: the token 'ticket of NAME' proves NAME, is answered by 'mutual'; its integrity code of
 * a message is 'code of ' and the message. */
static const struct bytes ticket_ids[] = {
    BYTES_LITERAL("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"), BYTES_LITERAL("\x2a\x86\x48\x82\xf7\x12\x01\x02\x02")};

static void *ticket_begin(struct mechanism *mechanism)
{
    return malloc(1);
}

static enum mechanism_result ticket_step(struct mechanism *mechanism, void *state, const struct mechanism_input *input,
                                         struct mechanism_output *output)
{
    if (input->token.size < 10 || memcmp(input->token.data, "ticket of ", 10) != 0) {
        output->cause = "no ticket";
        return MECHANISM_FAILED;
    }
    output->key = DIRECTORY_KEY_PRINCIPAL;
    output->name = output->account = arena_string_of(input->arena, bytes_of(input->token.data + 10, input->token.size - 10));
    output->token = BYTES_LITERAL("mutual");
    return MECHANISM_ACCEPTED;
}

static bool ticket_sign(struct mechanism *mechanism, void *state, struct arena *arena, struct bytes message, struct bytes *ret_code)
{
    uint8_t *code = arena_allocate(arena, 8 + message.size);
    memcpy(code, "code of ", 8);
    memcpy(code + 8, message.data, message.size);
    *ret_code = bytes_of(code, 8 + message.size);
    return true;
}

static bool ticket_verify(struct mechanism *mechanism, void *state, struct bytes message, struct bytes code)
{
    return code.size == message.size + 8 && memcmp(code.data, "code of ", 8) == 0 &&
           memcmp(code.data + 8, message.data, message.size) == 0;
}

static void ticket_end(struct mechanism *mechanism, void *state)
{
    free(state);
}

static void ticket_free(struct mechanism *mechanism)
{
    free(mechanism);
}

static const struct mechanism_type ticket_type = {
    .name = "Kerberos", .method = DIRECTORY_METHOD_KERBEROS, .object_ids = ticket_ids, .object_id_count = 2,
    .begin = ticket_begin, .step = ticket_step, .sign = ticket_sign, .verify = ticket_verify, .end = ticket_end,
    .free = ticket_free};

struct fixture {
    struct ntlm_test_directory test;
    struct mechanism *negotiate;
    void *state;
    struct arena arena;
    struct channel_bindings bindings;
    uint32_t methods;
};

static int open_negotiate(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->test = (struct ntlm_test_directory){.directory = {&ntlm_test_directory_type}};
    struct mechanism *ticket = calloc(1, sizeof *ticket);
    ticket->type = &ticket_type;
    atomic_init(&ticket->references, 1);
    fixture->negotiate = negotiate_mechanism_new(
        (struct mechanism *[]){ticket, ntlm_mechanism_new(&fixture->test.directory, &ntlm_test_settings)}, 2);
    fixture->state = fixture->negotiate->type->begin(fixture->negotiate);
    fixture->methods = DIRECTORY_METHOD_ALL;
    *state = fixture;
    return 0;
}

static int close_negotiate(void **state)
{
    struct fixture *fixture = *state;
    fixture->negotiate->type->end(fixture->negotiate, fixture->state);
    mechanism_release(fixture->negotiate);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static enum mechanism_result step(struct fixture *fixture, struct bytes token, struct mechanism_output *output)
{
    struct mechanism_input input = {.arena = &fixture->arena, .token = token, .bindings = &fixture->bindings,
                                    .methods = fixture->methods};
    *output = (struct mechanism_output){0};
    return fixture->negotiate->type->step(fixture->negotiate, fixture->state, &input, output);
}

/* --- a client's first message, written the long way round --- */

static struct bytes element(struct fixture *fixture, uint8_t tag, struct bytes content)
{
    struct buffer buffer = {0};
    buffer_append_u8(&buffer, tag);
    if (content.size >= 0x100) {
        buffer_append_u8(&buffer, 0x82);
        buffer_append_u8(&buffer, (uint8_t)(content.size >> 8));
    } else if (content.size >= 0x80) {
        buffer_append_u8(&buffer, 0x81);
    }
    buffer_append_u8(&buffer, (uint8_t)content.size);
    buffer_append(&buffer, content.data, content.size);
    struct bytes made = arena_bytes(&fixture->arena, buffer_bytes(&buffer));
    buffer_free(&buffer);
    return made;
}

static struct bytes joined(struct fixture *fixture, struct bytes a, struct bytes b)
{
    uint8_t *room = arena_allocate(&fixture->arena, a.size + b.size + 1);
    memcpy(room, a.data, a.size);
    if (b.size)
        memcpy(room + a.size, b.data, b.size);
    return bytes_of(room, a.size + b.size);
}

static struct bytes list_of(struct fixture *fixture, const struct bytes *ids, unsigned count)
{
    struct bytes list = BYTES_LITERAL("");
    for (unsigned i = 0; i < count; i++)
        list = joined(fixture, list, element(fixture, 0x06, ids[i]));
    return element(fixture, 0x30, list);
}

static struct bytes init_of(struct fixture *fixture, const struct bytes *ids, unsigned count, struct bytes token)
{
    struct bytes body = element(fixture, 0xA0, list_of(fixture, ids, count));
    if (token.data)
        body = joined(fixture, body, element(fixture, 0xA2, element(fixture, 0x04, token)));
    struct bytes inner = joined(fixture, BYTES_LITERAL("\x06\x06\x2b\x06\x01\x05\x05\x02"),
                                element(fixture, 0xA0, element(fixture, 0x30, body)));
    return element(fixture, 0x60, inner);
}

static struct bytes reply_of(struct fixture *fixture, struct bytes token, struct bytes mic)
{
    return spnego_response_make(&fixture->arena, &(struct spnego_response){.state = SPNEGO_INCOMPLETE, .token = token, .mic = mic});
}

static struct spnego_response read_answer(struct mechanism_output *output)
{
    struct spnego_response response;
    assert_true(spnego_response_read(output->token, &response));
    return response;
}

/* --- tests --- */

static void a_ticket_first_is_taken_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct mechanism_output output;
    const struct bytes ids[] = {ticket_ids[1], ticket_ids[0], ntlm_object_id};
    assert_int_equal(step(fixture, init_of(fixture, ids, 3, BYTES_LITERAL("ticket of ada@E")), &output), MECHANISM_ACCEPTED);
    assert_string_equal(output.name, "ada@E");
    assert_string_equal(output.method_name, "Kerberos");
    assert_int_equal(output.method, DIRECTORY_METHOD_KERBEROS);
    struct spnego_response answer = read_answer(&output);
    assert_int_equal(answer.state, SPNEGO_COMPLETED);
    assert_true(bytes_equal(answer.mechanism, ticket_ids[1])); /* by the name the client has for it */
    assert_true(bytes_equal(answer.token, BYTES_LITERAL("mutual")));
    assert_int_equal(step(fixture, init_of(fixture, ids, 3, BYTES_LITERAL("forged")), &output), MECHANISM_FAILED);
}

/* NTLM as the first choice, with and without the code over the list. */
static void ntlm_inside(void **state)
{
    struct fixture *fixture = *state;
    for (int which = 0; which < 3; which++) {
        struct mechanism_output output;
        struct ntlm_test_client client = {0};
        uint8_t mic[16];
        struct bytes negotiate = client_negotiate(&fixture->arena, &client);
        assert_int_equal(step(fixture, init_of(fixture, &ntlm_object_id, 1, negotiate), &output), MECHANISM_CONTINUE);
        struct spnego_response answer = read_answer(&output);
        assert_int_equal(answer.state, SPNEGO_INCOMPLETE);
        assert_true(bytes_equal(answer.mechanism, ntlm_object_id));
        struct bytes authenticate = client_authenticate(&fixture->arena, &client, negotiate, answer.token);
        assert_true(ntlm_signature(client.exported_key, client.flags, true, list_of(fixture, &ntlm_object_id, 1), mic));
        mic[5] ^= which == 2;
        enum mechanism_result result = step(fixture, reply_of(fixture, authenticate, which ? bytes_of(mic, 16) : BYTES_NONE), &output);
        assert_int_equal(result, which == 2 ? MECHANISM_FAILED : MECHANISM_ACCEPTED);
        if (which == 2)
            continue;
        assert_string_equal(output.user->account, "ada");
        assert_string_equal(output.method_name, "NTLM");
        answer = read_answer(&output);
        assert_int_equal(answer.state, SPNEGO_COMPLETED);
        assert_int_equal(answer.mechanism.size, 0); /* said before */
        uint8_t ours[16];
        assert_true(ntlm_signature(client.exported_key, client.flags, false, list_of(fixture, &ntlm_object_id, 1), ours));
        assert_int_equal(answer.has_mic, which == 1);
        if (which == 1)
            assert_memory_equal(answer.mic.data, ours, 16);
    }
}

/* The client would rather have had something else: somebody on the way may have put that there, or struck something out, so the
 * code over the list is a must. */
static void a_second_choice_needs_the_code_over_the_list(void **state)
{
    struct fixture *fixture = *state;
    const struct bytes ids[] = {BYTES_LITERAL("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e"), ntlm_object_id};
    for (int which = 0; which < 2; which++) {
        struct mechanism_output output;
        struct ntlm_test_client client = {0};
        uint8_t mic[16];
        assert_int_equal(step(fixture, init_of(fixture, ids, 2, BYTES_LITERAL("for another")), &output), MECHANISM_CONTINUE);
        struct spnego_response answer = read_answer(&output);
        assert_int_equal(answer.state, SPNEGO_REQUEST_MIC);
        assert_true(bytes_equal(answer.mechanism, ntlm_object_id));
        assert_false(answer.has_token);
        struct bytes negotiate = client_negotiate(&fixture->arena, &client);
        assert_int_equal(step(fixture, reply_of(fixture, negotiate, BYTES_NONE), &output), MECHANISM_CONTINUE);
        answer = read_answer(&output);
        struct bytes authenticate = client_authenticate(&fixture->arena, &client, negotiate, answer.token);
        assert_true(ntlm_signature(client.exported_key, client.flags, true, list_of(fixture, ids, 2), mic));
        assert_int_equal(step(fixture, reply_of(fixture, authenticate, which ? bytes_of(mic, 16) : BYTES_NONE), &output),
                         which ? MECHANISM_ACCEPTED : MECHANISM_FAILED);
        if (!which)
            assert_string_equal(output.cause, "no integrity code over the list of mechanisms");
    }
}

/* A ticket as the second choice: our token is the last one, so the client's code comes in a leg of its own. */
static void a_ticket_as_second_choice_takes_a_leg_more(void **state)
{
    struct fixture *fixture = *state;
    struct mechanism_output output;
    const struct bytes ids[] = {BYTES_LITERAL("\x2a\x03"), ticket_ids[0]};
    struct bytes list = list_of(fixture, ids, 2);
    for (int which = 0; which < 3; which++) {
        assert_int_equal(step(fixture, init_of(fixture, ids, 2, BYTES_NONE), &output), MECHANISM_CONTINUE);
        assert_int_equal(step(fixture, reply_of(fixture, BYTES_LITERAL("ticket of ada@E"), BYTES_NONE), &output),
                         MECHANISM_CONTINUE);
        struct spnego_response answer = read_answer(&output);
        assert_int_equal(answer.state, SPNEGO_INCOMPLETE);
        assert_true(bytes_equal(answer.token, BYTES_LITERAL("mutual")));
        assert_true(ticket_verify(NULL, NULL, list, answer.mic));
        struct bytes code = joined(fixture, BYTES_LITERAL("code of "), list);
        if (which == 1)
            ((uint8_t *)code.data)[10] ^= 1;
        enum mechanism_result result = step(fixture, reply_of(fixture, BYTES_NONE, which == 2 ? BYTES_NONE : code), &output);
        assert_int_equal(result, which == 0 ? MECHANISM_ACCEPTED : MECHANISM_FAILED);
        if (which == 0) {
            assert_string_equal(output.name, "ada@E");
            assert_int_equal(output.method, DIRECTORY_METHOD_KERBEROS);
            assert_int_equal(read_answer(&output).state, SPNEGO_COMPLETED);
        }
    }
}

static void only_what_is_allowed_is_chosen(void **state)
{
    struct fixture *fixture = *state;
    struct mechanism_output output;
    struct ntlm_test_client client = {0};
    const struct bytes ids[] = {ntlm_object_id, ticket_ids[0]};
    struct bytes negotiate = client_negotiate(&fixture->arena, &client);
    fixture->methods = DIRECTORY_METHOD_KERBEROS;
    assert_int_equal(step(fixture, init_of(fixture, ids, 2, negotiate), &output), MECHANISM_CONTINUE);
    assert_true(bytes_equal(read_answer(&output).mechanism, ticket_ids[0]));
    assert_int_equal(step(fixture, negotiate, &output), MECHANISM_FAILED); /* bare */
    assert_int_equal(step(fixture, init_of(fixture, ids, 1, negotiate), &output), MECHANISM_FAILED);
    assert_string_equal(output.cause, "none of the client's mechanisms is offered here");
}

static void messages_out_of_order_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct mechanism_output output;
    struct ntlm_test_client client = {0};
    struct bytes negotiate = client_negotiate(&fixture->arena, &client);
    assert_int_equal(step(fixture, reply_of(fixture, BYTES_LITERAL("x"), BYTES_NONE), &output), MECHANISM_FAILED);
    assert_int_equal(step(fixture, negotiate, &output), MECHANISM_CONTINUE); /* bare */
    assert_int_equal(step(fixture, reply_of(fixture, BYTES_LITERAL("x"), BYTES_NONE), &output), MECHANISM_FAILED);
    assert_int_equal(step(fixture, init_of(fixture, &ntlm_object_id, 1, negotiate), &output), MECHANISM_CONTINUE);
    struct bytes reject = spnego_response_make(&fixture->arena, &(struct spnego_response){.state = SPNEGO_REJECT});
    assert_int_equal(step(fixture, reject, &output), MECHANISM_FAILED);
    /* Begun within SPNEGO, a bare response has no challenge. */
    assert_int_equal(step(fixture, init_of(fixture, &ntlm_object_id, 1, negotiate), &output), MECHANISM_CONTINUE);
    struct bytes authenticate = client_authenticate(&fixture->arena, &client, negotiate, read_answer(&output).token);
    assert_int_equal(step(fixture, authenticate, &output), MECHANISM_FAILED);
}

static void reads_der_strictly(void **state)
{
    struct fixture *fixture = *state;
    struct spnego_init init;
    struct spnego_response response;
    struct bytes whole = init_of(fixture, ticket_ids, 2, BYTES_LITERAL("token"));
    assert_true(spnego_init_read(whole, &init));
    assert_int_equal(init.mechanism_count, 2);
    assert_true(bytes_equal(init.token, BYTES_LITERAL("token")));
    assert_true(bytes_equal(init.mechanism_list, list_of(fixture, ticket_ids, 2)));
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *part = malloc(size + 1);
        memcpy(part, whole.data, size);
        assert_false(spnego_init_read(bytes_of(part, size), &init));
        free(part);
    }
    assert_false(spnego_init_read(joined(fixture, whole, BYTES_LITERAL("x")), &init)); /* something behind */
    struct bytes many[SPNEGO_MECHANISMS_MAX + 1];
    for (unsigned i = 0; i <= SPNEGO_MECHANISMS_MAX; i++)
        many[i] = ticket_ids[0];
    assert_true(spnego_init_read(init_of(fixture, many, SPNEGO_MECHANISMS_MAX, BYTES_NONE), &init));
    assert_false(spnego_init_read(init_of(fixture, many, SPNEGO_MECHANISMS_MAX + 1, BYTES_NONE), &init));
    assert_false(spnego_init_read(init_of(fixture, many, 0, BYTES_NONE), &init));
    static const struct bytes bad[] = {
        BYTES_LITERAL("\xA1\x03\x30\x81\x00"),             /* a length not in its shortest form */
        BYTES_LITERAL("\xA1\x80\x30\x00\x00\x00"),         /* an indefinite one */
        BYTES_LITERAL("\xA1\x07\x30\x05\xA0\x03\x0A\x01\x09"), /* no such state */
        BYTES_LITERAL("\xA1\x0C\x30\x0A\xA2\x03\x04\x01x\xA0\x03\x0A\x01\x01"), /* out of order */
        BYTES_LITERAL("\xA1\x0C\x30\x0A\xA0\x03\x0A\x01\x01\xA0\x03\x0A\x01\x01"), /* twice */
        BYTES_LITERAL("\xA1\x08\x30\x06\xA2\x04\x04\x01x\x00"), /* more than one within */
        BYTES_LITERAL("\xA1\x02\x30\x05"), BYTES_LITERAL("\xA0\x02\x30\x00"), BYTES_LITERAL(""),
        BYTES_LITERAL("\xA1\x85\x01\x01\x01\x01\x01")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(spnego_response_read(bad[i], &response));
    assert_true(spnego_response_read(BYTES_LITERAL("\xA1\x02\x30\x00"), &response));
    assert_int_equal(response.state, SPNEGO_NO_STATE);
    /* A long length with a zero in front. */
    uint8_t token[0x90] = {0};
    struct bytes good = spnego_response_make(&fixture->arena, &(struct spnego_response){
        .state = SPNEGO_NO_STATE, .token = bytes_of(token, sizeof token)});
    assert_true(spnego_response_read(good, &response));
    assert_int_equal(good.data[1], 0x81);
    struct bytes padded = joined(fixture, BYTES_LITERAL("\xA1\x82\x00"), bytes_of(good.data + 2, good.size - 2));
    assert_false(spnego_response_read(padded, &response));
}

/* What is written is read back, at every size where the form of a length changes. */
static void writes_what_it_reads(void **state)
{
    struct fixture *fixture = *state;
    static const size_t sizes[] = {1, 0x60, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000};
    uint8_t *token = calloc(1, 0x10000);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct spnego_response made = {.state = SPNEGO_INCOMPLETE, .mechanism = ntlm_object_id, .token = bytes_of(token, sizes[i]),
                                       .mic = bytes_of(token, 16)}, read;
        assert_true(spnego_response_read(spnego_response_make(&fixture->arena, &made), &read));
        assert_int_equal(read.state, SPNEGO_INCOMPLETE);
        assert_int_equal(read.token.size, sizes[i]);
        assert_true(read.has_mic && bytes_equal(read.mechanism, ntlm_object_id));
    }
    free(token);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_negotiate, close_negotiate)
    const struct CMUnitTest tests[] = {
        TEST(a_ticket_first_is_taken_at_once),
        TEST(ntlm_inside),
        TEST(a_second_choice_needs_the_code_over_the_list),
        TEST(a_ticket_as_second_choice_takes_a_leg_more),
        TEST(only_what_is_allowed_is_chosen),
        TEST(messages_out_of_order_are_refused),
        TEST(reads_der_strictly),
        TEST(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
