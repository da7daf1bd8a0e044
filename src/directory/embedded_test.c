#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory/embedded.h"
#include "directory/names.h"

#define PASSWORD "correct horse"

struct fixture {
    char path[64];
    struct directory *directory;
    struct arena arena;
};

static int open_directory(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->path, "/tmp/mapihttp-directory-XXXXXX");
    int file = mkstemp(fixture->path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_OK);
    assert_int_equal(embedded_directory_set_organization(fixture->directory, "Engine", "Engine.Test", NULL), DIRECTORY_OK);
    struct embedded_user user = {.account = "Ada", .display_name = "Ada Lovelace", .password = PASSWORD};
    struct directory_user added;
    assert_int_equal(embedded_directory_add_user(fixture->directory, &fixture->arena, &user, &added), DIRECTORY_OK);
    *state = fixture;
    return 0;
}

static int close_directory(void **state)
{
    struct fixture *fixture = *state;
    directory_close(fixture->directory);
    unlink(fixture->path);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static enum directory_status find(struct fixture *fixture, enum directory_key key, const char *value,
                                  struct directory_user *ret_user)
{
    return directory_find(fixture->directory, &fixture->arena, key, value, ret_user);
}

static void finds_a_user_by_every_name(void **state)
{
    struct fixture *fixture = *state;
    static const char *const logons[] = {"ada", "ADA", "ada@engine.test", "Ada@Engine.Test", "ENGINE\\ada", "engine.test\\Ada",
                                         ".\\ada"};
    struct directory_user user;
    for (size_t i = 0; i < sizeof logons / sizeof *logons; i++) {
        assert_int_equal(find(fixture, DIRECTORY_KEY_LOGON, logons[i], &user), DIRECTORY_OK);
        assert_string_equal(user.account, "ada");
    }
    assert_string_equal(user.display_name, "Ada Lovelace");
    assert_string_equal(user.address, "ada@engine.test");
    assert_true(user.enabled);
    assert_false(user.administrator);
    assert_true(user.mapi_enabled);
    assert_non_null(strstr(user.legacy_dn, "/o=Engine/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="));
    assert_string_equal(user.legacy_dn + strlen(user.legacy_dn) - 4, "-Ada");

    struct directory_user again;
    char text[GUID_TEXT_SIZE];
    assert_int_equal(find(fixture, DIRECTORY_KEY_LEGACY_DN, user.legacy_dn, &again), DIRECTORY_OK);
    assert_true(guid_equal(again.id, user.id));
    guid_format(user.mailbox_guid, text);
    assert_int_equal(find(fixture, DIRECTORY_KEY_MAILBOX, text, &again), DIRECTORY_OK);
    guid_format(user.id, text);
    assert_int_equal(find(fixture, DIRECTORY_KEY_ID, text, &again), DIRECTORY_OK);
    assert_false(guid_equal(user.id, user.mailbox_guid));
}

static void refuses_names_of_nobody(void **state)
{
    struct fixture *fixture = *state;
    static const char *const logons[] = {"", "bob", "ada@other.test", "OTHER\\ada", "\\ada", "ada\\", "@", "ada@", "@engine.test",
                                         "ENGINE\\ada@engine.test", "ada' OR '1'='1", "%", "a\\b\\c"};
    struct directory_user user;
    for (size_t i = 0; i < sizeof logons / sizeof *logons; i++)
        assert_int_equal(find(fixture, DIRECTORY_KEY_LOGON, logons[i], &user), DIRECTORY_NOT_FOUND);
    assert_int_equal(find(fixture, DIRECTORY_KEY_ID, "not a guid", &user), DIRECTORY_NOT_FOUND);
    char *huge = calloc(1, 100001);
    memset(huge, 'a', 100000);
    assert_int_equal(find(fixture, DIRECTORY_KEY_LOGON, huge, &user), DIRECTORY_NOT_FOUND);
    free(huge);
}

static void verifies_passwords(void **state)
{
    struct fixture *fixture = *state;
    struct directory_user user;
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", PASSWORD, &user), DIRECTORY_OK);
    assert_string_equal(user.account, "ada");
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", "", &user),
                     DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", PASSWORD " ", &user),
                     DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "eve", PASSWORD, &user),
                     DIRECTORY_NOT_FOUND);
    assert_int_equal(embedded_directory_set_enabled(fixture->directory, "ada", false), DIRECTORY_OK);
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", PASSWORD, &user),
                     DIRECTORY_DISABLED);
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", "wrong one", &user),
                     DIRECTORY_WRONG_PASSWORD);
}

static void every_change_moves_the_version(void **state)
{
    struct fixture *fixture = *state;
    uint64_t version = directory_version(fixture->directory);
    struct directory *other;
    assert_int_equal(embedded_directory_open(fixture->path, false, &other), DIRECTORY_OK);
    assert_true(directory_version(fixture->directory) == version);
    assert_int_equal(embedded_directory_set_password(other, "ada@engine.test", "another secret"), DIRECTORY_OK);
    assert_true(directory_version(fixture->directory) != version);
    version = directory_version(fixture->directory);
    struct directory_user user;
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", PASSWORD, &user),
                     DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", "another secret", &user),
                     DIRECTORY_OK);
    assert_true(directory_version(fixture->directory) == version);
    directory_close(other);
    /* Closing the other handle must not have taken this one's locks along. */
    assert_int_equal(embedded_directory_set_enabled(fixture->directory, "ada", false), DIRECTORY_OK);
    assert_true(directory_version(fixture->directory) != version);
}

static void keeps_addresses_and_accounts_unique(void **state)
{
    struct fixture *fixture = *state;
    struct directory_user user;
    struct embedded_user same_account = {.account = "ADA", .address = "other@engine.test", .password = PASSWORD};
    struct embedded_user same_address = {.account = "bob", .address = "ADA@engine.test", .password = PASSWORD};
    struct embedded_user bob = {.account = "bob", .password = PASSWORD, .administrator = true};
    assert_int_equal(embedded_directory_add_user(fixture->directory, &fixture->arena, &same_account, &user), DIRECTORY_EXISTS);
    assert_int_equal(embedded_directory_add_user(fixture->directory, &fixture->arena, &same_address, &user), DIRECTORY_EXISTS);
    assert_int_equal(find(fixture, DIRECTORY_KEY_LOGON, "bob", &user), DIRECTORY_NOT_FOUND); /* rolled back whole */
    assert_int_equal(embedded_directory_add_user(fixture->directory, &fixture->arena, &bob, &user), DIRECTORY_OK);
    assert_true(user.administrator);
    assert_int_equal(embedded_directory_add_address(fixture->directory, "bob", "ada@engine.test"), DIRECTORY_EXISTS);
    assert_int_equal(embedded_directory_add_address(fixture->directory, "bob", "Robert@engine.test"), DIRECTORY_OK);
    assert_int_equal(find(fixture, DIRECTORY_KEY_LOGON, "robert@engine.test", &user), DIRECTORY_OK);
    assert_int_equal(user.address_count, 2);
    assert_string_equal(user.address, "bob@engine.test");
    assert_string_equal(user.addresses[1], "robert@engine.test");

    struct directory_user *copy = directory_user_copy(&user);
    assert_string_equal(copy->addresses[1], "robert@engine.test");
    assert_string_equal(copy->legacy_dn, user.legacy_dn);
    assert_ptr_not_equal(copy->address, user.address);
    free(copy);

    uint32_t count;
    struct directory_user *users;
    assert_int_equal(directory_list(fixture->directory, &fixture->arena, NULL, 10, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 2);
    assert_string_equal(users[0].account, "ada");
    assert_int_equal(directory_list(fixture->directory, &fixture->arena, "ada", 10, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 1);
    assert_true(directory_may_open(fixture->directory, &users[0], &users[0]));

    assert_int_equal(embedded_directory_set_mapi_enabled(fixture->directory, "bob", false), DIRECTORY_OK);
    assert_int_equal(find(fixture, DIRECTORY_KEY_LOGON, "bob", &user), DIRECTORY_OK);
    assert_false(user.mapi_enabled);
    assert_true(user.enabled);
    assert_int_equal(embedded_directory_remove_user(fixture->directory, "bob"), DIRECTORY_OK);
    assert_int_equal(find(fixture, DIRECTORY_KEY_ADDRESS, "robert@engine.test", &user), DIRECTORY_NOT_FOUND);
    assert_int_equal(embedded_directory_remove_user(fixture->directory, "bob"), DIRECTORY_NOT_FOUND);
}

static void opens_only_what_exists(void **state)
{
    struct directory *directory = NULL;
    assert_int_equal(embedded_directory_open("/tmp/mapihttp-no-such-directory.sqlite", false, &directory), DIRECTORY_NOT_FOUND);
    assert_null(directory);
    struct fixture *fixture = *state;
    assert_int_equal(embedded_directory_set_organization(fixture->directory, "Engine", "engine.test", NULL), DIRECTORY_OK);
    assert_int_equal(embedded_directory_set_organization(fixture->directory, "Other", "engine.test", NULL), DIRECTORY_EXISTS);
    struct directory_organization organization;
    assert_int_equal(directory_organization(fixture->directory, &fixture->arena, &organization), DIRECTORY_OK);
    assert_string_equal(organization.netbios_name, "ENGINE");
    assert_string_equal(organization.domain, "engine.test");
}

static void knows_good_names(void **state)
{
    assert_true(account_allowed("ada.lovelace-1_x"));
    static const char *const bad_accounts[] = {"", ".ada", "ada.", "a b", "a@b", "a\\b", "a/b", "a\nb", "\xC3\xA4"};
    for (size_t i = 0; i < sizeof bad_accounts / sizeof *bad_accounts; i++)
        assert_false(account_allowed(bad_accounts[i]));
    assert_true(address_allowed("o'brien+tag@sub.example.org"));
    static const char *const bad_addresses[] = {"", "a", "@b.c", "a@", "a@b@c", "a b@c.d", "a@b c", "a@.b", "a\"@b.c", "a@b.c\r\n"};
    for (size_t i = 0; i < sizeof bad_addresses / sizeof *bad_addresses; i++)
        assert_false(address_allowed(bad_addresses[i]));
    /* MS-OXOABK 2.2.1.1: what may stand in a part of a DN, at most 64 characters of it. */
    static const char *const bad_organizations[] = {"", " a", "a ", "a/ou=b", "a=b", "M\xC3\xBCller", "a#b", "a\\b", "a\nb",
        "12345678901234567890123456789012345678901234567890123456789012345"};
    for (size_t i = 0; i < sizeof bad_organizations / sizeof *bad_organizations; i++)
        assert_false(organization_name_allowed(bad_organizations[i]));
    assert_true(organization_name_allowed("O'Neil & Sons (Engines)"));
    struct arena arena = {0};
    struct directory_organization organization = {.name = "Engine"};
    static const struct guid id = {{0xAB}};
    assert_string_equal(legacy_dn_make(&arena, &organization, id, "ada.of.the.very.long.name.and.more.of.it"),
                        "/o=Engine/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
                        "cn=ab000000000000000000000000000000-ada.of.the.very.long.name.and.m");
    arena_free(&arena);
    assert_false(display_name_allowed("a\nb"));
    assert_true(display_name_allowed("J\xC3\xBCrgen O'Neil (Sales)"));
    assert_false(password_allowed("short"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_a_user_by_every_name, open_directory, close_directory),
        cmocka_unit_test_setup_teardown(refuses_names_of_nobody, open_directory, close_directory),
        cmocka_unit_test_setup_teardown(verifies_passwords, open_directory, close_directory),
        cmocka_unit_test_setup_teardown(every_change_moves_the_version, open_directory, close_directory),
        cmocka_unit_test_setup_teardown(keeps_addresses_and_accounts_unique, open_directory, close_directory),
        cmocka_unit_test_setup_teardown(opens_only_what_exists, open_directory, close_directory),
        cmocka_unit_test(knows_good_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
