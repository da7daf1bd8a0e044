#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/authorization.h"
#include "auth/basic.h"
#include "auth/failures.h"

/* --- a directory without disk: ada with the password 'secret:1', bob switched off --- */

struct fake_directory {
    struct directory directory;
    const char *password;
    uint64_t version;
    uint32_t verifications;
    uint32_t blocked; /* at /mapi, by ada's authentication policy */
    bool broken;
};

static const char *const ada_addresses[] = {"ada@engine.test"};
static const struct directory_user ada = {.id = {{1}}, .account = "ada", .display_name = "Ada", .address = "ada@engine.test",
                                          .addresses = ada_addresses, .address_count = 1, .legacy_dn = "/o=E/cn=ada",
                                          .enabled = true, .switches = {.methods = DIRECTORY_METHOD_ALL}};

static enum directory_status fake_verify(struct directory *directory, struct arena *arena, const char *logon,
                                         const char *password, struct directory_user *ret_user)
{
    struct fake_directory *fake = (struct fake_directory *)directory;
    fake->verifications++;
    if (fake->broken)
        return DIRECTORY_UNAVAILABLE;
    *ret_user = ada;
    ret_user->switches.blocked_methods[DIRECTORY_PROTOCOL_MAPI] = fake->blocked;
    if (strcmp(logon, "bob") == 0) {
        ret_user->account = "bob";
        return DIRECTORY_DISABLED;
    }
    if (strcasecmp(logon, "ada") != 0 && strcasecmp(logon, "E\\ada") != 0 && strcmp(logon, "countess@engine.test") != 0)
        return DIRECTORY_NOT_FOUND;
    return strcmp(password, fake->password) == 0 ? DIRECTORY_OK : DIRECTORY_WRONG_PASSWORD;
}

static uint64_t fake_version(struct directory *directory)
{
    return ((struct fake_directory *)directory)->version;
}

static const struct directory_type fake_type = {.verify_password = fake_verify, .version = fake_version};

struct fixture {
    struct fake_directory fake;
    struct authenticator *authenticator;
};

static struct authenticator_settings default_settings(void)
{
    return (struct authenticator_settings){.methods = DIRECTORY_METHOD_BASIC, .realm = "mapihttp", .remember_ms = 60000, .remembered_max = 2,
                                           .failure_delay_ms = 500, .failures_per_account = 3, .failures_per_address = 5,
                                           .failure_window_ms = 10000, .lock_ms = 1000};
}

static int open_authenticator(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->fake = (struct fake_directory){.directory = {&fake_type}, .password = "secret:1", .version = 1};
    struct authenticator_settings settings = default_settings();
    fixture->authenticator = authenticator_new(&settings, &fixture->fake.directory);
    assert_non_null(fixture->authenticator);
    *state = fixture;
    return 0;
}

static int close_authenticator(void **state)
{
    struct fixture *fixture = *state;
    authenticator_free(fixture->authenticator);
    free(fixture);
    return 0;
}

static const char *basic_of(const char *credentials)
{
    static char header[600];
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = strlen(credentials), out = 6;
    strcpy(header, "Basic ");
    for (size_t i = 0; i < size; i += 3) {
        uint32_t quantum = 0;
        for (size_t k = 0; k < 3; k++)
            quantum = quantum << 8 | (i + k < size ? (uint8_t)credentials[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            header[out++] = i + k <= size ? digits[quantum >> (18 - 6 * k) & 63] : '=';
    }
    header[out] = '\0';
    return header;
}

static const struct authentication_policy everything = {.methods = DIRECTORY_METHOD_ALL};

static struct authentication_request request_of(const char *header, const char *peer)
{
    return (struct authentication_request){.authorization = bytes_of_string(header), .peer = peer, .tls = true,
                                           .policy = everything};
}

/* Check and, where asked for, verify. */
static enum authentication_result log_on(struct fixture *fixture, const char *credentials, const char *peer, uint64_t now_ms,
                                         struct authentication_outcome *ret_outcome)
{
    struct authentication_request request = request_of(basic_of(credentials), peer);
    *ret_outcome = authenticator_check(fixture->authenticator, &request, now_ms);
    if (ret_outcome->result == AUTHENTICATION_VERIFY)
        *ret_outcome = authenticator_verify(fixture->authenticator, &request, now_ms);
    identity_release(ret_outcome->identity);
    return ret_outcome->result;
}

/* Blocked at one endpoint, remembered and good for another; no reason to hash, to count or to lock. */
static void obeys_authentication_policies(void **state)
{
    struct fixture *fixture = *state;
    fixture->fake.blocked = DIRECTORY_METHOD_BASIC;
    for (unsigned i = 0; i < 20; i++) {
        struct authentication_request request = request_of(basic_of("ada:secret:1"), "::1");
        struct authentication_outcome outcome = authenticator_check(fixture->authenticator, &request, i);
        if (outcome.result == AUTHENTICATION_VERIFY)
            outcome = authenticator_verify(fixture->authenticator, &request, i);
        assert_int_equal(outcome.result, AUTHENTICATION_FAILED);
        assert_string_equal(outcome.cause, "this method is blocked by the user's authentication policy");
        assert_string_equal(outcome.account, "ada");
        assert_null(outcome.identity);
        assert_false(outcome.locked_now);
        request.policy.protocol = DIRECTORY_PROTOCOL_AUTODISCOVER;
        outcome = authenticator_check(fixture->authenticator, &request, i);
        assert_int_equal(outcome.result, AUTHENTICATION_ACCEPTED);
        identity_release(outcome.identity);
    }
    assert_int_equal(fixture->fake.verifications, 1);
    fixture->fake.blocked = 0;
    fixture->fake.version++;
    struct authentication_outcome outcome;
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 30, &outcome), AUTHENTICATION_ACCEPTED);
}

static void remembers_a_right_password(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_outcome outcome;
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 0, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 59999, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(fixture->fake.verifications, 1);
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 60000, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(fixture->fake.verifications, 2);
    /* A change in the directory drops it at once. */
    fixture->fake.version = 2;
    fixture->fake.password = "another";
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 60001, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "wrong password");
    assert_int_equal(log_on(fixture, "ada:another", "::1", 60002, &outcome), AUTHENTICATION_ACCEPTED);
    /* At the cap of two the oldest goes. */
    assert_int_equal(log_on(fixture, "ADA:another", "::1", 60003, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(log_on(fixture, "e\\ada:another", "::1", 60004, &outcome), AUTHENTICATION_ACCEPTED);
    uint32_t verifications = fixture->fake.verifications;
    assert_int_equal(log_on(fixture, "e\\ada:another", "::1", 60005, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(fixture->fake.verifications, verifications);
    assert_int_equal(log_on(fixture, "ada:another", "::1", 60006, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(fixture->fake.verifications, verifications + 1);
}

static void gives_the_identity(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_request request = request_of(basic_of("ada:secret:1"), "::1");
    struct authentication_outcome outcome = authenticator_verify(fixture->authenticator, &request, 0);
    assert_int_equal(outcome.result, AUTHENTICATION_ACCEPTED);
    assert_string_equal(identity_user(outcome.identity)->account, "ada");
    assert_string_equal(identity_method(outcome.identity), "Basic");
    identity_release(identity_reference(outcome.identity));
    identity_release(outcome.identity);
}

static void says_nothing_but_no(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_outcome outcome;
    assert_int_equal(log_on(fixture, "ada:wrong", "::1", 0, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "wrong password");
    assert_int_equal(log_on(fixture, "eve:wrong", "::1", 0, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "no such user");
    assert_int_equal(log_on(fixture, "bob:secret:1", "::1", 0, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "user is switched off");
    assert_int_equal(fixture->fake.verifications, 3);
    assert_true(authenticator_answer_at(fixture->authenticator, 100) == 600);
    fixture->fake.broken = true;
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 0, &outcome), AUTHENTICATION_UNAVAILABLE);
    fixture->fake.broken = false;
    assert_int_equal(log_on(fixture, "some'body:x", "::1", 0, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.account, "some?body");
    assert_string_equal(outcome.method, "Basic");
}

static void locks_an_account_under_all_its_names(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_outcome outcome;
    assert_int_equal(log_on(fixture, "ada:a", "10.0.0.1", 0, &outcome), AUTHENTICATION_FAILED);
    for (int i = 0; i < 10; i++) /* an old password on a device counts once */
        assert_int_equal(log_on(fixture, "ada:a", "10.0.0.1", 1, &outcome), AUTHENTICATION_FAILED);
    assert_int_equal(log_on(fixture, "E\\ADA:b", "10.0.0.2", 2, &outcome), AUTHENTICATION_FAILED);
    assert_false(outcome.locked_now);
    assert_int_equal(log_on(fixture, "countess@engine.test:c", "10.0.0.3", 3, &outcome), AUTHENTICATION_FAILED);
    assert_true(outcome.locked_now);
    uint32_t verifications = fixture->fake.verifications;
    assert_int_equal(log_on(fixture, "ada:secret:1", "10.0.0.4", 4, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "account locked after failed log-ons");
    assert_int_equal(fixture->fake.verifications, verifications); /* nothing was hashed */
    assert_int_equal(log_on(fixture, "countess@engine.test:secret:1", "10.0.0.4", 5, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "account locked after failed log-ons");
    assert_int_equal(log_on(fixture, "ada:secret:1", "10.0.0.4", 1003, &outcome), AUTHENTICATION_ACCEPTED);
}

static void forgets_who_is_logged_on_at_a_lock(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_outcome outcome;
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 0, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(log_on(fixture, "ada:a", "10.0.0.1", 0, &outcome), AUTHENTICATION_FAILED);
    assert_int_equal(log_on(fixture, "ada:b", "10.0.0.1", 0, &outcome), AUTHENTICATION_FAILED);
    assert_int_equal(log_on(fixture, "ada:c", "10.0.0.1", 0, &outcome), AUTHENTICATION_FAILED);
    assert_true(outcome.locked_now);
    assert_int_equal(log_on(fixture, "ada:d", "10.0.0.1", 0, &outcome), AUTHENTICATION_FAILED);
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 1, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "account locked after failed log-ons");
    assert_int_equal(log_on(fixture, "ada:secret:1", "::1", 1000, &outcome), AUTHENTICATION_ACCEPTED);
}

static void locks_an_address_that_sprays(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_outcome outcome;
    char credentials[32];
    for (int i = 0; i < 5; i++) {
        snprintf(credentials, sizeof credentials, "user%d:Summer%d", i, i);
        assert_int_equal(log_on(fixture, credentials, "10.0.0.1", 0, &outcome), AUTHENTICATION_FAILED);
        assert_int_equal(outcome.locked_now, i == 4);
    }
    assert_int_equal(log_on(fixture, "ada:secret:1", "10.0.0.1", 1, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "address locked after failed log-ons");
    assert_int_equal(log_on(fixture, "ada:secret:1", "10.0.0.2", 1, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(log_on(fixture, "ada:wrong", "10.0.0.1", 1001, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "wrong password");
}

static void does_not_hash_the_same_wrong_password_again(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_outcome outcome;
    assert_int_equal(log_on(fixture, "ada:later", "::1", 0, &outcome), AUTHENTICATION_FAILED);
    for (uint64_t i = 1; i < 100; i++)
        assert_int_equal(log_on(fixture, "ada:later", "::1", i, &outcome), AUTHENTICATION_FAILED);
    assert_string_equal(outcome.cause, "the same wrong password again");
    assert_int_equal(fixture->fake.verifications, 1);
    assert_int_equal(log_on(fixture, "ada:later", "::1", 30000, &outcome), AUTHENTICATION_FAILED);
    assert_int_equal(fixture->fake.verifications, 2);
    /* Once it is the right one, it is let in at once. */
    fixture->fake.password = "later";
    fixture->fake.version = 2;
    assert_int_equal(log_on(fixture, "ada:later", "::1", 30001, &outcome), AUTHENTICATION_ACCEPTED);
    assert_int_equal(fixture->fake.verifications, 3);
}

static void counts_within_a_window_only(void **state)
{
    struct failure_table *table = failure_table_new();
    struct failure_limits limits = {.count_max = 2, .window_ms = 100, .lock_ms = 50};
    uint8_t secrets[4][16] = {{1}, {2}, {3}, {4}};
    assert_false(failure_table_count(table, "a", secrets[0], &limits, 0));
    assert_false(failure_table_count(table, "a", secrets[1], &limits, 100)); /* a new window */
    assert_false(failure_table_locked(table, "a", 100));
    assert_true(failure_table_count(table, "a", secrets[2], &limits, 101));
    assert_true(failure_table_locked(table, "a", 150));
    assert_false(failure_table_locked(table, "a", 151));
    failure_table_forget(table, "a", 120);
    assert_true(failure_table_locked(table, "a", 120)); /* a lock stays */
    limits.count_max = 0;
    for (int i = 0; i < 4; i++)
        assert_false(failure_table_count(table, "b", secrets[i], &limits, 0));
    /* A flood of names pushes out the oldest, within bounded memory. */
    limits.count_max = 2;
    char key[16];
    for (int i = 0; i < (int)FAILURE_ENTRIES_MAX + 10; i++) {
        snprintf(key, sizeof key, "flood%d", i);
        assert_false(failure_table_count(table, key, secrets[0], &limits, 200));
    }
    assert_true(failure_table_count(table, key, secrets[1], &limits, 200));
    assert_false(failure_table_count(table, "flood0", secrets[1], &limits, 200));
    failure_table_free(table);
}

static void offers_basic_over_tls_only(void **state)
{
    struct fixture *fixture = *state;
    struct authentication_request request = {.peer = "::1", .tls = true, .policy = everything};
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 0).result, AUTHENTICATION_MISSING);
    char challenge[AUTHENTICATION_CHALLENGE_SIZE];
    assert_true(authenticator_challenge(fixture->authenticator, &request, false, 0, challenge));
    assert_string_equal(challenge, "Basic realm=\"mapihttp\", charset=\"UTF-8\"");
    assert_false(authenticator_challenge(fixture->authenticator, &request, false, 1, challenge));
    request = request_of(basic_of("ada:secret:1"), "::1");
    request.tls = false;
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 0).result, AUTHENTICATION_NEEDS_TLS);
    assert_false(authenticator_challenge(fixture->authenticator, &request, false, 0, challenge));
    struct authenticator_settings settings = default_settings();
    settings.basic_over_plain = true;
    authenticator_configure(fixture->authenticator, &settings);
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 0).result, AUTHENTICATION_VERIFY);
    assert_true(authenticator_challenge(fixture->authenticator, &request, false, 0, challenge));
}

static void reads_basic_strictly(void **state)
{
    struct arena arena = {0};
    struct basic_credentials credentials;
    assert_true(basic_credentials_read(&arena, BYTES_LITERAL("bAsIc  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), &credentials));
    assert_string_equal(credentials.logon, "Aladdin");
    assert_string_equal(credentials.password, "open sesame");
    basic_credentials_wipe(&credentials);
    assert_string_equal(credentials.password, "");
    assert_true(basic_credentials_read(&arena, bytes_of_string(basic_of("a:b:c")), &credentials));
    assert_string_equal(credentials.password, "b:c");
    assert_true(basic_credentials_read(&arena, bytes_of_string(basic_of(":")), &credentials));
    static const char *const bad[] = {"", "Basic", "Basic ", "Basic %%%%", "Basic QWxhZGRpbg==" /* no colon */, "Basic Og",
                                      "Basic Oh==" /* unused bits */, "Basic Og==Og==", "Basic O===", "Basic ====", "BasicOg==",
                                      "Negotiate Og==", "Bearer Og==", "Basic AAo6" /* NUL */, "Basic Cjo6" /* line feed */,
                                      "Basic Og== ", "Basic O g=="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(basic_credentials_read(&arena, bytes_of_string(bad[i]), &credentials));
    struct fixture *fixture = *state;
    struct authentication_request request = request_of("Basic %%%%", "::1");
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 0).result, AUTHENTICATION_FAILED);
    char *huge = malloc(AUTHORIZATION_SIZE_MAX + 2);
    memset(huge, 'A', AUTHORIZATION_SIZE_MAX + 1);
    huge[AUTHORIZATION_SIZE_MAX + 1] = '\0';
    memcpy(huge, "Basic ", 6);
    request = request_of(huge, "::1");
    assert_int_equal(authenticator_check(fixture->authenticator, &request, 0).result, AUTHENTICATION_FAILED);
    free(huge);
    arena_free(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_authenticator, close_authenticator)
    const struct CMUnitTest tests[] = {
        TEST(remembers_a_right_password), TEST(obeys_authentication_policies),     TEST(gives_the_identity),
        TEST(says_nothing_but_no),            TEST(locks_an_account_under_all_its_names),
        TEST(forgets_who_is_logged_on_at_a_lock), TEST(locks_an_address_that_sprays),
        TEST(does_not_hash_the_same_wrong_password_again),
        TEST(counts_within_a_window_only),    TEST(offers_basic_over_tls_only),
        TEST(reads_basic_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
