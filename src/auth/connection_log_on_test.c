/* Log-ons of several legs, over connections: who is who on which connection, and what is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "auth/authenticator_state.h"
#include "auth/base64.h"
#include "auth/negotiate.h"
#include "auth/test_ntlm_client.h"

struct fixture {
    struct ntlm_test_directory test;
    struct authenticator *authenticator;
    struct authentication_connection *connection;
    struct authentication_policy policy;
    struct authenticator_settings settings;
    struct arena arena;
    uint8_t certificate[32];
};

static int open_authenticator(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->test = (struct ntlm_test_directory){.directory = {&ntlm_test_directory_type}, .version = 1};
    fixture->policy = (struct authentication_policy){.methods = DIRECTORY_METHOD_ALL};
    fixture->settings = (struct authenticator_settings){
        .methods = DIRECTORY_METHOD_BASIC | DIRECTORY_METHOD_NTLM | DIRECTORY_METHOD_KERBEROS, .persist = true,
        .realm = "r", .remember_ms = 60000, .remembered_max = 10, .handshake_ms = 1000, .handshakes_max = 8,
        .failure_delay_ms = 500, .failures_per_account = 3, .failures_per_address = 5, .failure_window_ms = 10000,
        .lock_ms = 1000};
    fixture->authenticator = authenticator_new(&fixture->settings, &fixture->test.directory);
    struct mechanism *ntlm = ntlm_mechanism_new(&fixture->test.directory, &ntlm_test_settings);
    authenticator_set_mechanism(fixture->authenticator, SCHEME_NTLM, mechanism_keep(ntlm));
    authenticator_set_mechanism(fixture->authenticator, SCHEME_NEGOTIATE, negotiate_mechanism_new(&ntlm, 1));
    fixture->connection = authentication_connection_new(fixture->authenticator);
    *state = fixture;
    return 0;
}

static int close_authenticator(void **state)
{
    struct fixture *fixture = *state;
    authentication_connection_release(fixture->connection);
    authenticator_free(fixture->authenticator);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* One request; what is accepted is released, but the result, the answer and the causes stay. */
static struct authentication_outcome ask(struct fixture *fixture, struct authentication_connection *connection,
                                         const char *authorization, uint64_t now_ms)
{
    struct authentication_request request = {
        .authorization = bytes_of_string(authorization), .peer = "10.0.0.1", .tls = true, .policy = fixture->policy,
        .channel_binding = bytes_of(fixture->certificate, sizeof fixture->certificate), .connection = connection,
        .arena = &fixture->arena};
    struct authentication_outcome outcome = authenticator_check(fixture->authenticator, &request, now_ms);
    if (outcome.result == AUTHENTICATION_VERIFY)
        outcome = authenticator_verify(fixture->authenticator, &request, now_ms);
    if (outcome.identity)
        strcpy(outcome.account, identity_user(outcome.identity)->account);
    identity_release(outcome.identity);
    return outcome;
}

static const char *header_of(struct fixture *fixture, const char *scheme, struct bytes token)
{
    return base64_encode(&fixture->arena, scheme, token);
}

/* The first leg; the response that belongs to its challenge. */
static const char *begin(struct fixture *fixture, struct authentication_connection *connection, const char *scheme,
                         struct ntlm_test_client *client, uint64_t now_ms)
{
    struct bytes challenge;
    struct bytes negotiate = client_negotiate(&fixture->arena, client);
    struct authentication_outcome outcome = ask(fixture, connection, header_of(fixture, scheme, negotiate), now_ms);
    assert_int_equal(outcome.result, AUTHENTICATION_CONTINUE);
    assert_int_equal(strncmp(outcome.answer, scheme, strlen(scheme)), 0);
    assert_true(base64_decode(&fixture->arena, bytes_of_string(outcome.answer + strlen(scheme)), &challenge));
    return header_of(fixture, scheme, client_authenticate(&fixture->arena, client, negotiate, challenge));
}

static struct authentication_outcome log_on(struct fixture *fixture, struct authentication_connection *connection,
                                            struct ntlm_test_client client, uint64_t now_ms)
{
    return ask(fixture, connection, begin(fixture, connection, "NTLM ", &client, now_ms), now_ms);
}

static void keeps_the_identity_of_a_connection_and_of_no_other(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_connection *other = authentication_connection_new(fixture->authenticator);
    assert_int_equal(ask(fixture, fixture->connection, NULL, 0).result, AUTHENTICATION_MISSING);
    struct authentication_outcome outcome = log_on(fixture, fixture->connection, (struct ntlm_test_client){0}, 0);
    assert_int_equal(outcome.result, AUTHENTICATION_ACCEPTED);
    assert_string_equal(outcome.account, "ada");
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(fixture, fixture->connection, NULL, 100000).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(ask(fixture, other, NULL, 1).result, AUTHENTICATION_MISSING);
    assert_int_equal(ask(fixture, NULL, NULL, 1).result, AUTHENTICATION_MISSING);
    authentication_connection_release(other);
}

static void new_credentials_end_the_old_identity(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_test_client jurgen = {.account = "J\xc3\xbcrgen"}, wrong = {.password = "wrong"};
    assert_int_equal(log_on(fixture, fixture->connection, (struct ntlm_test_client){0}, 0).result, AUTHENTICATION_ACCEPTED);
    const char *response = begin(fixture, fixture->connection, "NTLM ", &jurgen, 1);
    assert_int_equal(ask(fixture, fixture->connection, NULL, 1).result, AUTHENTICATION_MISSING); /* half-way: nobody */
    struct authentication_outcome outcome = ask(fixture, fixture->connection, response, 1);
    assert_int_equal(outcome.result, AUTHENTICATION_ACCEPTED);
    assert_string_equal(outcome.account, "J\xc3\xbcrgen");
    assert_int_equal(log_on(fixture, fixture->connection, wrong, 2).result, AUTHENTICATION_FAILED);
    assert_int_equal(ask(fixture, fixture->connection, NULL, 2).result, AUTHENTICATION_MISSING);
    /* Basic on a connection of somebody else is for its request only. */
    assert_int_equal(log_on(fixture, fixture->connection, (struct ntlm_test_client){0}, 3).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(ask(fixture, fixture->connection, "Basic YWRhOnNlY3JldDox", 4).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(ask(fixture, fixture->connection, NULL, 5).result, AUTHENTICATION_MISSING);
}

static void a_response_counts_once_in_time_and_on_its_connection(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_test_client client = {0};
    struct authentication_connection *other = authentication_connection_new(fixture->authenticator);
    const char *response = begin(fixture, fixture->connection, "NTLM ", &client, 0);
    assert_int_equal(ask(fixture, other, response, 0).result, AUTHENTICATION_FAILED);
    (void)begin(fixture, other, "NTLM ", &client, 0);
    assert_int_equal(ask(fixture, other, response, 0).result, AUTHENTICATION_FAILED); /* to another challenge */
    assert_int_equal(ask(fixture, fixture->connection, response, 999).result, AUTHENTICATION_ACCEPTED);
    struct authentication_outcome outcome = ask(fixture, fixture->connection, response, 999);
    assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
    assert_non_null(strstr(outcome.cause, "without a challenge"));
    assert_int_equal(ask(fixture, fixture->connection, NULL, 999).result, AUTHENTICATION_MISSING);
    response = begin(fixture, fixture->connection, "NTLM ", &client, 2000);
    assert_int_equal(ask(fixture, fixture->connection, response, 3000).result, AUTHENTICATION_FAILED); /* too late */
    /* Begun as NTLM it does not go on as Negotiate. */
    response = begin(fixture, fixture->connection, "NTLM ", &client, 4000);
    char *as_negotiate = arena_format(&fixture->arena, "Negotiate %s", response + 5);
    assert_int_equal(ask(fixture, fixture->connection, as_negotiate, 4000).result, AUTHENTICATION_FAILED);
    authentication_connection_release(other);
}

static void bare_ntlm_in_negotiate(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_test_client client = {0};
    const char *response = begin(fixture, fixture->connection, "Negotiate ", &client, 0);
    assert_int_equal(ask(fixture, fixture->connection, response, 0).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(ask(fixture, fixture->connection, NULL, 0).result, AUTHENTICATION_ACCEPTED);
}

static void half_finished_ones_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_connection *connections[20];
    const char *responses[20];
    struct ntlm_test_client client = {0};
    for (int i = 0; i < 20; i++) {
        connections[i] = authentication_connection_new(fixture->authenticator);
        responses[i] = begin(fixture, connections[i], "NTLM ", &client, 0);
        assert_int_equal(handshake_table_count(fixture->authenticator->handshakes), i < 8 ? i + 1 : 8);
    }
    assert_int_equal(ask(fixture, connections[11], responses[11], 1).result, AUTHENTICATION_FAILED); /* made room */
    assert_int_equal(ask(fixture, connections[12], responses[12], 1).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(ask(fixture, connections[19], responses[19], 1).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(handshake_table_count(fixture->authenticator->handshakes), 6);
    authentication_connection_release(connections[13]); /* a connection that ends takes its own along */
    assert_int_equal(handshake_table_count(fixture->authenticator->handshakes), 5);
    (void)begin(fixture, fixture->connection, "NTLM ", &client, 1000); /* those that are too old go */
    assert_int_equal(handshake_table_count(fixture->authenticator->handshakes), 1);
    for (int i = 0; i < 20; i++)
        if (i != 13)
            authentication_connection_release(connections[i]);
    assert_int_equal(handshake_table_count(fixture->authenticator->handshakes), 1);
}

static void guesses_lock_and_mishaps_do_not(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_connection *connection = fixture->connection;
    struct authentication_outcome outcome;
    struct ntlm_test_client wrong = {.account = "ADA@engine.test", .password = "wrong"};
    assert_int_equal(ask(fixture, connection, "Basic YWRhOnNlY3JldDox", 0).result, AUTHENTICATION_ACCEPTED);
    for (int i = 0; i < 6; i++) { /* the right password each time */
        assert_int_equal(log_on(fixture, connection, (struct ntlm_test_client){.broken_mic = true}, 0).result,
                         AUTHENTICATION_FAILED);
        assert_int_equal(log_on(fixture, connection, (struct ntlm_test_client){.account = "bob"}, 0).result, AUTHENTICATION_FAILED);
        assert_int_equal(log_on(fixture, connection, (struct ntlm_test_client){.account = "carl"}, 0).result,
                         AUTHENTICATION_FAILED);
    }
    assert_int_equal(log_on(fixture, connection, (struct ntlm_test_client){0}, 1).result, AUTHENTICATION_ACCEPTED);
    for (int i = 0; i < 3; i++) { /* one password or three: it cannot be told, each counts */
        outcome = log_on(fixture, connection, wrong, 2);
        assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
        assert_string_equal(outcome.cause, "wrong password");
        assert_int_equal(outcome.locked_now, i == 2);
        assert_string_equal(outcome.account, "ADA@engine.test");
        assert_string_equal(outcome.method, "NTLM");
    }
    outcome = log_on(fixture, connection, (struct ntlm_test_client){0}, 3);
    assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "account locked after failed log-ons");
    outcome = ask(fixture, connection, "Basic YWRhOnNlY3JldDox", 3); /* remembered before the lock */
    assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
    assert_int_equal(log_on(fixture, connection, (struct ntlm_test_client){0}, 1002).result, AUTHENTICATION_ACCEPTED);
}

static void a_lock_ends_who_has_logged_on(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_connection *other = authentication_connection_new(fixture->authenticator);
    assert_int_equal(log_on(fixture, fixture->connection, (struct ntlm_test_client){0}, 0).result, AUTHENTICATION_ACCEPTED);
    for (int i = 0; i < 3; i++)
        (void)log_on(fixture, other, (struct ntlm_test_client){.password = "wrong"}, 1);
    struct authentication_outcome outcome = ask(fixture, fixture->connection, NULL, 2);
    assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "account locked after failed log-ons");
    assert_int_equal(ask(fixture, fixture->connection, NULL, 1001).result, AUTHENTICATION_MISSING);
    authentication_connection_release(other);
}

/* Accounts that exist and those that do not move an address towards its lock alike: by one each. */
static void an_address_is_locked_by_the_number_of_accounts_it_tries(void **state)
{
    struct fixture *fixture = *state;
    static const char *const accounts[] = {"bob", "eve", "carl", "ada", "mallory"};
    struct authentication_outcome outcome;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 4; i++) {
            outcome = log_on(fixture, fixture->connection, (struct ntlm_test_client){.account = accounts[i], .password = "x"}, 0);
            assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
            assert_false(outcome.locked_now);
        }
    outcome = log_on(fixture, fixture->connection, (struct ntlm_test_client){.account = accounts[4], .password = "x"}, 0);
    assert_true(outcome.locked_now);
    outcome = log_on(fixture, fixture->connection, (struct ntlm_test_client){0}, 1);
    assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "address locked after failed log-ons");
}

static void methods_are_for_endpoints_and_mailboxes(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_outcome outcome = log_on(fixture, fixture->connection, (struct ntlm_test_client){.account = "carl"}, 0);
    assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "this method is switched off for this mailbox");
    outcome = log_on(fixture, fixture->connection, (struct ntlm_test_client){.account = "off"}, 0);
    assert_string_equal(outcome.cause, "user is switched off");
    assert_int_equal(log_on(fixture, fixture->connection, (struct ntlm_test_client){0}, 1).result, AUTHENTICATION_ACCEPTED);
    fixture->policy.methods = DIRECTORY_METHOD_BASIC; /* another endpoint, the same connection */
    assert_int_equal(ask(fixture, fixture->connection, NULL, 2).result, AUTHENTICATION_MISSING);
    fixture->policy.methods = DIRECTORY_METHOD_NTLM;
    assert_int_equal(ask(fixture, fixture->connection, NULL, 3).result, AUTHENTICATION_ACCEPTED);
    outcome = ask(fixture, fixture->connection, "Basic YWRhOnNlY3JldDox", 4);
    assert_string_equal(outcome.cause, "this method is not offered here");
    /* Negotiate does not bring NTLM in where it is not allowed. */
    struct ntlm_test_client client = {0};
    fixture->policy.methods = DIRECTORY_METHOD_KERBEROS;
    const char *negotiate = header_of(fixture, "Negotiate ", client_negotiate(&fixture->arena, &client));
    assert_int_equal(ask(fixture, fixture->connection, negotiate, 5).result, AUTHENTICATION_FAILED);
}

static void extended_protection_is_of_each_endpoint(void **state)
{
    struct fixture *fixture = *state;
    uint8_t other[32] = {9};
    struct ntlm_test_client bound = {.binding = bytes_of(fixture->certificate, 32)}, relayed = {.binding = bytes_of(other, 32)};
    struct authentication_connection *connection = fixture->connection;
    fixture->certificate[0] = 1;
    /* Relayed, but nobody minds; the next endpoint does. */
    assert_int_equal(log_on(fixture, connection, relayed, 0).result, AUTHENTICATION_ACCEPTED);
    fixture->policy.protection = EXTENDED_PROTECTION_ALLOW;
    assert_int_equal(ask(fixture, connection, NULL, 0).result, AUTHENTICATION_MISSING);
    assert_int_equal(log_on(fixture, connection, relayed, 0).result, AUTHENTICATION_FAILED);
    assert_int_equal(log_on(fixture, connection, (struct ntlm_test_client){0}, 0).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(ask(fixture, connection, NULL, 0).result, AUTHENTICATION_ACCEPTED);
    fixture->policy.protection = EXTENDED_PROTECTION_REQUIRE;
    assert_int_equal(ask(fixture, connection, NULL, 0).result, AUTHENTICATION_MISSING);
    assert_int_equal(log_on(fixture, connection, (struct ntlm_test_client){0}, 0).result, AUTHENTICATION_FAILED);
    assert_int_equal(log_on(fixture, connection, bound, 0).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(ask(fixture, connection, NULL, 0).result, AUTHENTICATION_ACCEPTED);
    /* A balancer's certificate, before and behind the change of ours. */
    fixture->settings.balancer_count = 1;
    fixture->settings.balancer_hashes[0] = bytes_of(other, 32);
    authenticator_configure(fixture->authenticator, &fixture->settings);
    assert_int_equal(log_on(fixture, connection, relayed, 0).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(log_on(fixture, connection, bound, 0).result, AUTHENTICATION_ACCEPTED);
}

static void a_changed_directory_is_asked_again(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(log_on(fixture, fixture->connection, (struct ntlm_test_client){0}, 0).result, AUTHENTICATION_ACCEPTED);
    fixture->test.version = 2;
    struct authentication_request request = {.peer = "10.0.0.1", .tls = true, .policy = fixture->policy,
                                             .connection = fixture->connection, .arena = &fixture->arena};
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 1).result, AUTHENTICATION_VERIFY);
    fixture->test.broken = true;
    assert_int_equal(ask(fixture, fixture->connection, NULL, 1).result, AUTHENTICATION_UNAVAILABLE);
    fixture->test.broken = false;
    assert_int_equal(ask(fixture, fixture->connection, NULL, 2).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 3).result, AUTHENTICATION_ACCEPTED);
    identity_release(fixture->connection->identity);
}

static void a_changed_password_ends_it(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_test_client client = {0};
    const char *response = begin(fixture, fixture->connection, "Negotiate ", &client, 0);
    assert_int_equal(ask(fixture, fixture->connection, response, 0).result, AUTHENTICATION_ACCEPTED);
    fixture->test.version = 2;
    assert_int_equal(ask(fixture, fixture->connection, NULL, 1).result, AUTHENTICATION_ACCEPTED);
    fixture->test.version = 3;
    fixture->test.password = "another";
    assert_int_equal(ask(fixture, fixture->connection, NULL, 2).result, AUTHENTICATION_MISSING);
    assert_int_equal(log_on(fixture, fixture->connection, (struct ntlm_test_client){.password = "another"}, 3).result,
                     AUTHENTICATION_ACCEPTED);
}

static void without_persistence_each_request_logs_on(void **state)
{
    struct fixture *fixture = *state;
    fixture->settings.persist = false;
    authenticator_configure(fixture->authenticator, &fixture->settings);
    assert_int_equal(log_on(fixture, fixture->connection, (struct ntlm_test_client){0}, 0).result, AUTHENTICATION_ACCEPTED);
    assert_int_equal(ask(fixture, fixture->connection, NULL, 0).result, AUTHENTICATION_MISSING);
}

static void the_first_leg_does_not_wait(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_test_client client = {0};
    struct authentication_request request = {.peer = "10.0.0.1", .tls = true, .policy = fixture->policy,
                                             .connection = fixture->connection, .arena = &fixture->arena};
    fixture->test.broken = true;
    request.authorization = bytes_of_string(header_of(fixture, "NTLM ", client_negotiate(&fixture->arena, &client)));
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 0).result, AUTHENTICATION_CONTINUE);
    request.authorization = bytes_of_string("NTLM TlRMTVNTUAADAAAA");
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 0).result, AUTHENTICATION_VERIFY);
    static const char *const bad[] = {"NTLM", "NTLM ", "NTLM %%%%", "NTLM AAAA", "Negotiate", "Negotiate YA==", "NTLM TlRMTVNTUAABAAAA"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ask(fixture, fixture->connection, bad[i], 0).result, AUTHENTICATION_FAILED);
}

static void offers_the_strongest_first(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_request request = {.peer = "10.0.0.1", .tls = true, .policy = fixture->policy};
    char text[AUTHENTICATION_CHALLENGE_SIZE];
    static const char *const expected[] = {"Negotiate", "NTLM", "Basic realm=\"r\", charset=\"UTF-8\""};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(authenticator_challenge(fixture->authenticator, &request, false, i, text));
        assert_string_equal(text, expected[i]);
    }
    assert_false(authenticator_challenge(fixture->authenticator, &request, false, 3, text));
    request.tls = false;
    assert_false(authenticator_challenge(fixture->authenticator, &request, false, 0, text));
    assert_int_equal(ask(fixture, NULL, "NTLM AAAA", 0).result, AUTHENTICATION_FAILED); /* without a connection's state */
}

/* Many threads, each with a connection of its own, half of them giving up half-way: for the thread sanitizer. */
static void *hammer(void *argument)
{
    struct fixture *fixture = argument;
    struct fixture own = *fixture;
    own.arena = (struct arena){0};
    uintptr_t accepted = 0;
    for (int i = 0; i < 200; i++) {
        struct authentication_connection *connection = authentication_connection_new(own.authenticator);
        struct ntlm_test_client client = {.password = i % 7 == 0 ? "wrong" : NULL};
        struct bytes challenge, negotiate = client_negotiate(&own.arena, &client);
        struct authentication_outcome outcome = ask(&own, connection, header_of(&own, "NTLM ", negotiate), 0);
        if (i % 2 == 0 && base64_decode(&own.arena, bytes_of_string(outcome.answer + 5), &challenge)) {
            outcome = ask(&own, connection, header_of(&own, "NTLM ", client_authenticate(&own.arena, &client, negotiate, challenge)), 0);
            accepted += outcome.result == AUTHENTICATION_ACCEPTED && ask(&own, connection, NULL, 0).result == AUTHENTICATION_ACCEPTED;
        }
        authentication_connection_release(connection);
        arena_reset(&own.arena);
    }
    arena_free(&own.arena);
    return (void *)accepted;
}

static void threads_do_not_disturb_each_other(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[4];
    fixture->settings.failures_per_account = fixture->settings.failures_per_address = 0;
    fixture->settings.handshakes_max = 1000;
    authenticator_configure(fixture->authenticator, &fixture->settings);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, fixture), 0);
    for (int i = 0; i < 4; i++) {
        void *accepted;
        pthread_join(threads[i], &accepted);
        assert_int_equal((uintptr_t)accepted, 85); /* 100 finished, 15 of them with the wrong password */
    }
    assert_int_equal(handshake_table_count(fixture->authenticator->handshakes), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_authenticator, close_authenticator)
    const struct CMUnitTest tests[] = {
        TEST(keeps_the_identity_of_a_connection_and_of_no_other),
        TEST(new_credentials_end_the_old_identity),
        TEST(a_response_counts_once_in_time_and_on_its_connection),
        TEST(bare_ntlm_in_negotiate),
        TEST(half_finished_ones_are_bounded),
        TEST(guesses_lock_and_mishaps_do_not),
        TEST(a_lock_ends_who_has_logged_on),
        TEST(an_address_is_locked_by_the_number_of_accounts_it_tries),
        TEST(methods_are_for_endpoints_and_mailboxes),
        TEST(extended_protection_is_of_each_endpoint),
        TEST(a_changed_directory_is_asked_again),
        TEST(a_changed_password_ends_it),
        TEST(without_persistence_each_request_logs_on),
        TEST(the_first_leg_does_not_wait),
        TEST(offers_the_strongest_first),
        TEST(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
