#include "directory/embedded_fixture.h"

#include <sqlite3.h>
#include <sys/wait.h>

#include "directory/password.h"

/* --- a file of version 1, as that version made it --- */

static const char schema_1[] =
    "CREATE TABLE organization(one INTEGER PRIMARY KEY CHECK(one=1), id BLOB NOT NULL, name TEXT NOT NULL,"
    " domain TEXT NOT NULL, netbios_name TEXT NOT NULL);"
    "CREATE TABLE user(id BLOB PRIMARY KEY, mailbox_guid BLOB NOT NULL UNIQUE, account TEXT NOT NULL UNIQUE"
    " COLLATE NOCASE, display_name TEXT NOT NULL, legacy_dn TEXT NOT NULL UNIQUE COLLATE NOCASE, password_hash TEXT NOT"
    " NULL, enabled INTEGER NOT NULL DEFAULT 1, administrator INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,"
    " mapi_enabled INTEGER NOT NULL DEFAULT 1)"
    " WITHOUT ROWID;"
    "CREATE TABLE address(address TEXT PRIMARY KEY COLLATE NOCASE, user_id BLOB NOT NULL REFERENCES user(id)"
    " ON DELETE CASCADE, position INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX address_of_user ON address(user_id, position);"
    "CREATE TABLE absent_user(one INTEGER PRIMARY KEY CHECK(one=1), password_hash TEXT NOT NULL);"
    "PRAGMA user_version=1;";
static const char users_1[] =
    "INSERT INTO organization VALUES(1, x'0102030405060708090a0b0c0d0e0f10', 'Engine', 'engine.test', 'ENGINE');"
    "INSERT INTO absent_user VALUES(1, '$y$j9T$absent$absent');"
    "INSERT INTO user VALUES(x'ff000000000000000000000000000001', x'aa000000000000000000000000000001', 'ada', 'Ada Lovelace',"
    " '/o=Engine/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=ff000000000000000000000000000001-ada',"
    " '%s', 1, 1, 132000000000000000, 1);"
    "INSERT INTO user VALUES(x'0a000000000000000000000000000002', x'aa000000000000000000000000000002', 'bob', 'Bob',"
    " '/o=Engine/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=0a000000000000000000000000000002-bob',"
    " '%s', 0, 0, 133000000000000000, 0);"
    "INSERT INTO address VALUES('ada@engine.test', x'ff000000000000000000000000000001', 0);"
    "INSERT INTO address VALUES('countess@analytical.test', x'ff000000000000000000000000000001', 1);"
    "INSERT INTO address VALUES('bob@engine.test', x'0a000000000000000000000000000002', 0);";

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    sqlite3_close(database);
}

static int make_version_1(void **state)
{
    struct embedded_fixture *fixture = new_embedded_fixture();
    char ada[PASSWORD_HASH_SIZE], bob[PASSWORD_HASH_SIZE];
    assert_true(password_hash("correct horse", ada));
    assert_true(password_hash("battery staple", bob));
    run_sql(fixture->path, schema_1);
    run_sql(fixture->path, arena_format(&fixture->arena, users_1, ada, bob));
    *state = fixture;
    return 0;
}

static int make_empty(void **state)
{
    *state = new_embedded_fixture();
    return 0;
}

static void a_file_of_version_1_is_taken_over(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory_user user;
    struct arena *arena = &fixture->arena;
    assert_int_equal(embedded_directory_open(fixture->path, false, &fixture->directory), DIRECTORY_OK);
    for (unsigned pass = 0; pass < 2; pass++) { /* the second time the file is of this version already */
        struct directory *directory = fixture->directory;
        assert_int_equal(directory_verify_password(directory, arena, "ada", "correct horse", &user), DIRECTORY_OK);
        assert_string_equal(user.display_name, "Ada Lovelace");
        assert_string_equal(user.legacy_dn, "/o=Engine/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
                                            "cn=ff000000000000000000000000000001-ada");
        static const struct guid id = {{0xFF, [15] = 1}}, mailbox = {{0xAA, [15] = 1}};
        assert_true(guid_equal(user.id, id));
        assert_true(guid_equal(user.mailbox_guid, mailbox));
        assert_true(user.enabled && user.administrator && user.mapi_enabled);
        assert_int_equal(user.kind, DIRECTORY_USER);
        assert_int_equal(user.switches.methods, DIRECTORY_METHOD_ALL);
        assert_int_equal(user.switches.mapi_http, DIRECTORY_INHERIT);
        assert_int_equal(user.address_count, 2);
        assert_string_equal(user.addresses[0], "ada@engine.test");
        assert_string_equal(user.addresses[1], "countess@analytical.test");
        assert_string_equal(user.principal, "ada@engine.test");
        assert_int_equal(directory_verify_password(directory, arena, "bob", "battery staple", &user), DIRECTORY_DISABLED);
        assert_false(user.mapi_enabled || user.administrator);
        assert_int_equal(directory_verify_password(directory, arena, "eve", "battery staple", &user), DIRECTORY_NOT_FOUND);

        struct directory_entry entry = entry_by(fixture, DIRECTORY_KEY_LOGON, "ada");
        assert_int_equal(entry.number, DIRECTORY_NUMBER_MIN); /* the older one */
        assert_true(entry.created == 132000000000000000u);
        assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "bob").number, DIRECTORY_NUMBER_MIN + 1);

        struct directory_organization organization;
        assert_int_equal(directory_organization(directory, arena, &organization), DIRECTORY_OK);
        assert_string_equal(organization.name, "Engine");
        assert_string_equal(organization.netbios_name, "ENGINE");
        assert_true(organization.mapi_http_enabled);
        assert_false(guid_is_zero(organization.address_book_id));
        assert_int_equal(organization.domain_count, 2); /* of addresses, too */
        assert_string_equal(organization.domains[0], "engine.test");
        assert_string_equal(organization.domains[1], "analytical.test");
        uint32_t count;
        struct directory_address_list *lists;
        assert_int_equal(directory_address_lists(directory, arena, &count, &lists), DIRECTORY_OK);
        assert_int_equal(count, 5);
        assert_string_equal(lists[0].name, "All Users");
        directory_close(directory);
        assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_OK);
    }
    /* And it can be written as one that was made new: foreign keys included. */
    struct directory_entry carol = add_entry(fixture, &(struct embedded_entry){.account = "carol"});
    assert_int_equal(carol.number, DIRECTORY_NUMBER_MIN + 2);
    assert_int_equal(embedded_directory_remove_user(fixture->directory, "ada"), DIRECTORY_OK);
    struct directory_user nobody;
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_ADDRESS, "countess@analytical.test", &nobody),
                     DIRECTORY_NOT_FOUND);
}

static void a_version_1_file_without_organization_is_taken_over(void **state)
{
    struct embedded_fixture *fixture = *state;
    run_sql(fixture->path, schema_1);
    struct directory_organization organization;
    assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_OK);
    assert_int_equal(directory_organization(fixture->directory, &fixture->arena, &organization), DIRECTORY_NOT_FOUND);
    assert_int_equal(embedded_directory_set_organization(fixture->directory, "Engine", "engine.test", NULL), DIRECTORY_OK);
    uint32_t count;
    struct directory_address_list *lists;
    assert_int_equal(directory_address_lists(fixture->directory, &fixture->arena, &count, &lists), DIRECTORY_OK);
    assert_int_equal(count, 5);
}

static void a_failed_migration_leaves_the_file_as_it_was(void **state)
{
    struct embedded_fixture *fixture = *state;
    /* A table in the way of the new ones. */
    run_sql(fixture->path, "CREATE TABLE member(x)");
    assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_UNAVAILABLE);
    run_sql(fixture->path, "DROP TABLE member");
    assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_OK);
    struct directory_user user;
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, "ada", &user), DIRECTORY_OK);
}

/* --- files that are refused --- */

static void a_file_of_a_later_version_is_refused(void **state)
{
    struct embedded_fixture *fixture = *state;
    run_sql(fixture->path, "PRAGMA user_version=3");
    struct directory *directory = NULL;
    assert_int_equal(embedded_directory_open(fixture->path, true, &directory), DIRECTORY_NEWER_FORMAT);
    assert_int_equal(embedded_directory_open(fixture->path, false, &directory), DIRECTORY_NEWER_FORMAT);
    assert_null(directory);
    assert_string_equal(directory_status_text(DIRECTORY_NEWER_FORMAT),
                        "the directory was written by a later version of this program");
}

static void what_is_no_directory_is_refused(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory *directory = NULL;
    assert_int_equal(embedded_directory_open(fixture->path, false, &directory), DIRECTORY_NOT_FOUND); /* empty */
    FILE *file = fopen(fixture->path, "w");
    for (unsigned i = 0; i < 1000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_int_equal(embedded_directory_open(fixture->path, true, &directory), DIRECTORY_UNAVAILABLE);
    assert_int_equal(embedded_directory_open("/tmp/mapihttp-no-such-folder/directory.sqlite", true, &directory),
                     DIRECTORY_UNAVAILABLE);
    assert_null(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_of_version_1_is_taken_over, make_version_1, close_embedded_fixture),
        cmocka_unit_test_setup_teardown(a_version_1_file_without_organization_is_taken_over, make_empty, close_embedded_fixture),
        cmocka_unit_test_setup_teardown(a_failed_migration_leaves_the_file_as_it_was, make_version_1, close_embedded_fixture),
        cmocka_unit_test_setup_teardown(a_file_of_a_later_version_is_refused, make_empty, close_embedded_fixture),
        cmocka_unit_test_setup_teardown(what_is_no_directory_is_refused, make_empty, close_embedded_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
