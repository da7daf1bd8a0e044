/* Entries: made, refused, renamed, removed; addresses and DNs. */
#include "directory/embedded_fixture.h"

static void every_kind_is_made_with_its_defaults(void **state)
{
    struct embedded_fixture *fixture = *state;
    const char *outside = "Mary@Outside.Test";
    struct directory_entry last = {.number = DIRECTORY_NUMBER_MIN - 1};
    for (unsigned kind = 0; kind < DIRECTORY_KIND_COUNT; kind++) {
        struct embedded_entry asked = {.kind = kind, .account = arena_format(&fixture->arena, "Entry%u", kind),
                                       .rule = kind == DIRECTORY_DYNAMIC_GROUP ? "(kind=user)" : NULL};
        if (kind == DIRECTORY_CONTACT) {
            asked.addresses = &outside;
            asked.address_count = 1;
        }
        struct directory_entry entry = add_entry(fixture, &asked);
        assert_int_equal(entry.kind, kind);
        assert_string_equal(entry.account, arena_format(&fixture->arena, "entry%u", kind));
        assert_string_equal(entry.display_name, asked.account);
        assert_string_equal(entry.address, kind == DIRECTORY_CONTACT ? "mary@outside.test"
                                                                     : arena_format(&fixture->arena, "entry%u@engine.test", kind));
        assert_int_equal(!guid_is_zero(entry.mailbox_guid), directory_kind_has_mailbox(kind));
        assert_int_equal(entry.hidden, kind == DIRECTORY_PUBLIC_FOLDER_MAILBOX);
        assert_int_equal(entry.number, last.number + 1);
        assert_true(entry.created > 0 && entry.created == entry.changed);
        /* MS-OXOABK 2.2.1.1: a DN of this shape for every object; Exchange has them all under cn=Recipients. */
        assert_non_null(strstr(entry.legacy_dn, "/o=Engine/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="));
        assert_true(memcmp(last.id.data, entry.id.data, sizeof last.id.data) < 0);
        struct directory_user user;
        assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, asked.account, &user),
                         directory_kind_has_mailbox(kind) ? DIRECTORY_OK : DIRECTORY_NOT_FOUND);
        if (directory_kind_has_mailbox(kind)) {
            assert_int_equal(user.kind, kind);
            assert_int_equal(user.enabled, kind == DIRECTORY_USER);
            assert_string_equal(user.principal, kind == DIRECTORY_USER ? "entry0@engine.test" : "");
        }
        last = entry;
    }
    struct directory_organization organization;
    assert_int_equal(directory_organization(fixture->directory, &fixture->arena, &organization), DIRECTORY_OK);
    assert_true(guid_equal(organization.public_folder_mailbox,
                           entry_by(fixture, DIRECTORY_KEY_LOGON, "entry4").id)); /* the first one */
}

/* What is refused, with its words. Nothing of a refused entry stays. */
static void bad_entries_are_refused_with_a_reason(void **state)
{
    struct embedded_fixture *fixture = *state;
    const char *no_address = "nowhere", *taken = "ADA@engine.test", *good = "x@engine.test", *principal = "king@engine.test";
    const char *wrong_dn = "cn=x";
    const char *const twice[] = {"x@engine.test", "X@Engine.test"};
    static const struct guid nobody = {{9, 9, 9}};
    struct bytes control = BYTES_LITERAL("a\x01"), reference = {nobody.data, sizeof nobody.data};
    const struct directory_value bad_title = {DIRECTORY_ATTRIBUTE_TITLE, 1, &control};
    const struct directory_value bad_manager = {DIRECTORY_ATTRIBUTE_MANAGER, 1, &reference};
    struct directory_entry ada = add_entry(fixture, &(struct embedded_entry){.account = "ada", .principal = "queen@engine.test"});
    const struct {
        struct embedded_entry entry;
        enum directory_status status;
        const char *words;
    } cases[] = {
        {{.account = NULL}, DIRECTORY_INVALID, "account '': 1 to 64 letters"},
        {{.account = "a b"}, DIRECTORY_INVALID, "account 'a b'"},
        {{.account = "ADA"}, DIRECTORY_EXISTS, "account 'ADA' is taken"},
        {{.account = "queen"}, DIRECTORY_EXISTS, "account 'queen' would have the principal name of 'ada'"},
        {{.account = "x", .principal = "QUEEN@engine.test"}, DIRECTORY_EXISTS, "principal name 'QUEEN@engine.test' already means 'ada'"},
        {{.account = "x", .principal = "no principal"}, DIRECTORY_INVALID, "principal name 'no principal'"},
        {{.account = "x", .display_name = "a\nb"}, DIRECTORY_INVALID, "display name of 'x'"},
        {{.account = "x", .display_name = "\xFF"}, DIRECTORY_INVALID, "display name of 'x'"},
        {{.account = "x", .addresses = &no_address, .address_count = 1}, DIRECTORY_INVALID, "address 'nowhere'"},
        {{.account = "x", .addresses = &taken, .address_count = 1}, DIRECTORY_EXISTS,
         "address 'ADA@engine.test' is already that of 'ada'"},
        {{.account = "x", .addresses = &principal, .address_count = 1, .principal = "queen@engine.test"}, DIRECTORY_EXISTS, "principal"},
        {{.account = "x", .addresses = twice, .address_count = 2}, DIRECTORY_EXISTS, "is already that of 'x'"},
        {{.account = "x", .password = "short"}, DIRECTORY_INVALID, "password of 'x': a password has 8 to 511 bytes"},
        {{.account = "x", .password_hash = "plain"}, DIRECTORY_INVALID, "password hash of 'x'"},
        {{.account = "x", .legacy_dn = "cn=x"}, DIRECTORY_INVALID, "legacy DN 'cn=x'"},
        {{.account = "x", .legacy_dn = ada.legacy_dn}, DIRECTORY_EXISTS, "is already that of 'ada'"},
        {{.account = "x", .old_legacy_dns = &ada.legacy_dn, .old_legacy_dn_count = 1}, DIRECTORY_EXISTS, "is already that of 'ada'"},
        {{.account = "x", .old_legacy_dns = &wrong_dn, .old_legacy_dn_count = 1}, DIRECTORY_INVALID, "legacy DN"},
        {{.account = "x", .mailbox_guid = &ada.mailbox_guid}, DIRECTORY_EXISTS, "mailbox GUID of 'x' is already another's"},
        {{.account = "x", .rule = "(kind=user)"}, DIRECTORY_INVALID, "rule: not for an entry of this kind"},
        {{.account = "x", .members = &ada.id, .member_count = 1}, DIRECTORY_INVALID, "members: not for"},
        {{.account = "x", .kind = DIRECTORY_ROOM, .password = "correct horse"}, DIRECTORY_INVALID, "password: not for"},
        {{.account = "x", .kind = DIRECTORY_ROOM, .administrator = true}, DIRECTORY_INVALID, "administrator: not for"},
        {{.account = "x", .kind = DIRECTORY_ROOM, .nt_hash_wanted = true}, DIRECTORY_INVALID, "NT hash: not for"},
        {{.account = "x", .kind = DIRECTORY_ROOM, .principal = "x@engine.test"}, DIRECTORY_INVALID, "principal: not for"},
        {{.account = "x", .kind = 8}, DIRECTORY_INVALID, "kind: not for"},
        {{.account = "x", .kind = DIRECTORY_GROUP, .mailbox_guid = &ada.id}, DIRECTORY_INVALID, "mailbox GUID: not for"},
        {{.account = "x", .kind = DIRECTORY_DYNAMIC_GROUP}, DIRECTORY_INVALID, "rule: a dynamic group needs one"},
        {{.account = "x", .kind = DIRECTORY_DYNAMIC_GROUP, .rule = "(departmnt=x)"}, DIRECTORY_INVALID,
         "rule of 'x': unknown attribute 'departmnt' at 1"},
        {{.account = "x", .kind = DIRECTORY_CONTACT}, DIRECTORY_INVALID, "contact 'x' needs an address"},
        {{.account = "x", .kind = DIRECTORY_GROUP, .members = &nobody, .member_count = 1}, DIRECTORY_INVALID,
         "members of 'x': there is no entry 00090909-0000"},
        {{.account = "x", .values = &bad_title, .value_count = 1}, DIRECTORY_INVALID, "title of 'x': not UTF-8"},
        {{.account = "x", .values = &bad_manager, .value_count = 1}, DIRECTORY_INVALID, "manager of 'x': there is no such entry"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct directory_entry added = {.account = "untouched"};
        enum directory_status status = embedded_directory_add_entry(fixture->directory, &fixture->arena, &cases[i].entry, &added,
                                                                    &fixture->error);
        if (status != cases[i].status || !strstr(fixture->error.text, cases[i].words))
            fail_msg("case %zu: %s: %s", i, directory_status_text(status), fixture->error.text);
        assert_string_equal(added.account, "untouched");
        assert_int_equal(directory_find_entry(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, "x", &added),
                         DIRECTORY_NOT_FOUND);
        assert_int_equal(directory_find_entry(fixture->directory, &fixture->arena, DIRECTORY_KEY_ADDRESS, good, &added),
                         DIRECTORY_NOT_FOUND);
    }
    /* And what is good after all that goes in. */
    add_entry(fixture, &(struct embedded_entry){.account = "x", .addresses = &good, .address_count = 1});
}

static void an_entry_needs_an_organization(void **state)
{
    struct embedded_fixture *fixture = *state;
    char path[80];
    struct directory *empty;
    snprintf(path, sizeof path, "%s-empty", fixture->path);
    assert_int_equal(embedded_directory_open(path, true, &empty), DIRECTORY_OK);
    assert_refused(fixture, embedded_directory_add_entry(empty, NULL, &(struct embedded_entry){.account = "ada"}, NULL, &fixture->error),
                   DIRECTORY_NOT_FOUND, "there is no organization yet");
    directory_close(empty);
    unlink(path);
}

static void what_a_migration_brings_is_kept(void **state)
{
    struct embedded_fixture *fixture = *state;
    static const struct guid mailbox = {{0xAB, [15] = 0xCD}};
    static const char *const old_dns[] = {"/o=Older/ou=Site/cn=Recipients/cn=adal", "/o=Oldest/cn=ada"};
    static const uint8_t nt_hash[16] = {1, 2, 3};
    struct directory_entry ada = add_entry(fixture, &(struct embedded_entry){
        .account = "ada", .legacy_dn = "/o=Old/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=0123-Ada",
        .mailbox_guid = &mailbox, .old_legacy_dns = old_dns, .old_legacy_dn_count = 2, .nt_hash = nt_hash,
        /* 'correct horse', glibc's SHA-512 method */
        .password_hash = "$6$mapihttp$e8wZvZK3o2EU2RdVuuRxB0IIRz8lsyv/Fm.APJ1Aw9tA48YKLVRB3D5IwoJxVfSJSD7AAbslUH38orpFppEL6/"});
    assert_string_equal(ada.legacy_dn, "/o=Old/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=0123-Ada");
    assert_true(guid_equal(ada.mailbox_guid, mailbox));
    assert_int_equal(ada.old_legacy_dn_count, 2);
    assert_string_equal(ada.old_legacy_dns[0], old_dns[0]);
    assert_string_equal(ada.old_legacy_dns[1], old_dns[1]);
    assert_true(guid_equal(entry_by(fixture, DIRECTORY_KEY_LEGACY_DN, "/o=OLDEST/cn=ADA").id, ada.id));
    struct directory_user user;
    uint8_t hash[16];
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LEGACY_DN, old_dns[0], &user), DIRECTORY_OK);
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", "correct horse", &user), DIRECTORY_OK);
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "ada", "correct house", &user),
                     DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "", "ada", hash, &user), DIRECTORY_OK);
    assert_memory_equal(hash, nt_hash, sizeof hash);
    /* Further DNs come and go; a taken one is refused. */
    struct directory_entry bob = add_entry(fixture, &(struct embedded_entry){.account = "bob"});
    assert_refused(fixture, embedded_directory_add_legacy_dn(fixture->directory, bob.id, old_dns[1], &fixture->error), DIRECTORY_EXISTS,
                   "is already that of 'ada'");
    assert_refused(fixture, embedded_directory_add_legacy_dn(fixture->directory, bob.id, ada.legacy_dn, &fixture->error),
                   DIRECTORY_EXISTS, "is already that of 'ada'");
    assert_done(fixture, embedded_directory_add_legacy_dn(fixture->directory, ada.id, old_dns[1], &fixture->error)); /* its own */
    assert_done(fixture, embedded_directory_add_legacy_dn(fixture->directory, ada.id, ada.legacy_dn, &fixture->error));
    assert_done(fixture, embedded_directory_remove_legacy_dn(fixture->directory, ada.id, old_dns[1], &fixture->error));
    assert_done(fixture, embedded_directory_add_legacy_dn(fixture->directory, bob.id, old_dns[1], &fixture->error));
    assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "ada").old_legacy_dn_count, 1);
}

static void numbers_and_dns_last(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory_entry ada = add_entry(fixture, &(struct embedded_entry){.account = "ada"});
    struct directory_entry bob = add_entry(fixture, &(struct embedded_entry){.account = "bob"});
    /* A number is never used again, though the last entry goes and the file is opened anew. */
    assert_done(fixture, embedded_directory_remove_entry(fixture->directory, bob.id, &fixture->error));
    directory_close(fixture->directory);
    assert_int_equal(embedded_directory_open(fixture->path, false, &fixture->directory), DIRECTORY_OK);
    struct directory_entry carol = add_entry(fixture, &(struct embedded_entry){.account = "carol"});
    assert_int_equal(carol.number, bob.number + 1);
    /* Renamed, married, moved: the DN, the id, the number and the mailbox stay. */
    struct embedded_change change = {.account = "Byron", .display_name = "Ada Byron"};
    assert_done(fixture, embedded_directory_change(fixture->directory, ada.id, &change, &fixture->error));
    assert_done(fixture, embedded_directory_put_address(fixture->directory, ada.id, "byron@engine.test", true, &fixture->error));
    struct directory_entry byron = entry_by(fixture, DIRECTORY_KEY_LOGON, "byron");
    assert_string_equal(byron.legacy_dn, ada.legacy_dn);
    assert_true(guid_equal(byron.id, ada.id));
    assert_true(guid_equal(byron.mailbox_guid, ada.mailbox_guid));
    assert_int_equal(byron.number, ada.number);
    assert_string_equal(byron.display_name, "Ada Byron");
    assert_string_equal(byron.address, "byron@engine.test");
    assert_string_equal(byron.addresses[1], "ada@engine.test");
    assert_true(byron.changed > ada.changed);
    struct directory_user user;
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, "ada", &user), DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, "ada@engine.test", &user), DIRECTORY_OK);
    assert_string_equal(user.principal, "byron@engine.test");
    assert_refused(fixture, embedded_directory_remove_entry(fixture->directory, bob.id, &fixture->error), DIRECTORY_NOT_FOUND,
                   "no entry");
}

static void addresses_are_put_in_order(void **state)
{
    struct embedded_fixture *fixture = *state;
    static const char *const three[] = {"Ada@engine.test", "countess@engine.test", "lovelace@analytical.test"};
    struct directory_entry ada = add_entry(fixture, &(struct embedded_entry){.account = "ada", .addresses = three, .address_count = 3});
    struct directory_entry bob = add_entry(fixture, &(struct embedded_entry){.account = "bob", .principal = "robert@engine.test"});
    struct directory_entry group = add_entry(fixture, &(struct embedded_entry){.account = "all", .kind = DIRECTORY_GROUP});
    struct directory *directory = fixture->directory;
    assert_done(fixture, embedded_directory_put_address(directory, ada.id, "LOVELACE@analytical.test", true, &fixture->error));
    assert_done(fixture, embedded_directory_put_address(directory, ada.id, "countess@engine.test", false, &fixture->error)); /* is there */
    assert_done(fixture, embedded_directory_put_address(directory, ada.id, "ada.lovelace@engine.test", false, &fixture->error));
    assert_done(fixture, embedded_directory_drop_address(directory, ada.id, "ADA@engine.test", &fixture->error));
    struct directory_entry changed = entry_by(fixture, DIRECTORY_KEY_LOGON, "ada");
    assert_int_equal(changed.address_count, 3);
    assert_string_equal(changed.address, "lovelace@analytical.test");
    assert_string_equal(changed.addresses[1], "countess@engine.test");
    assert_string_equal(changed.addresses[2], "ada.lovelace@engine.test");
    assert_refused(fixture, embedded_directory_drop_address(directory, ada.id, "ada@engine.test", &fixture->error), DIRECTORY_NOT_FOUND,
                   "'ada' has no address 'ada@engine.test'");
    assert_refused(fixture, embedded_directory_drop_address(directory, bob.id, "bob@engine.test", &fixture->error), DIRECTORY_INVALID,
                   "'bob' needs an address");
    assert_refused(fixture, embedded_directory_put_address(directory, bob.id, "countess@engine.test", true, &fixture->error),
                   DIRECTORY_EXISTS, "address 'countess@engine.test' is already that of 'ada'");
    assert_refused(fixture, embedded_directory_put_address(directory, ada.id, "Robert@engine.test", false, &fixture->error),
                   DIRECTORY_EXISTS, "already the principal name of 'bob'");
    assert_refused(fixture, embedded_directory_put_address(directory, ada.id, "two words@engine.test", false, &fixture->error),
                   DIRECTORY_INVALID, "address 'two words@engine.test'");
    assert_refused(fixture, embedded_directory_set_addresses(directory, ada.id, 0, NULL, &fixture->error), DIRECTORY_INVALID, "needs");
    /* A refused list leaves the old one whole. */
    static const char *const bad[] = {"new@engine.test", "bob@engine.test"};
    assert_refused(fixture, embedded_directory_set_addresses(directory, ada.id, 2, bad, &fixture->error), DIRECTORY_EXISTS, "'bob'");
    assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "ada").address_count, 3);
    /* A group may be without. */
    assert_done(fixture, embedded_directory_set_addresses(directory, group.id, 0, NULL, &fixture->error));
    assert_string_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "all").address, "");
    assert_refused(fixture, embedded_directory_put_address(directory, guid_random(), "x@engine.test", false, &fixture->error),
                   DIRECTORY_NOT_FOUND, "there is no entry of that id");
}

static void what_goes_leaves_nothing_behind(void **state)
{
    struct embedded_fixture *fixture = *state;
    /* As a handle has it that did not make the file. */
    directory_close(fixture->directory);
    assert_int_equal(embedded_directory_open(fixture->path, false, &fixture->directory), DIRECTORY_OK);
    struct directory *directory = fixture->directory;
    struct directory_entry boss = add_entry(fixture, &(struct embedded_entry){.account = "boss"});
    struct bytes item = {boss.id.data, sizeof boss.id.data};
    struct directory_value manager = {DIRECTORY_ATTRIBUTE_MANAGER, 1, &item};
    struct directory_entry ada = add_entry(fixture, &(struct embedded_entry){.account = "ada", .values = &manager, .value_count = 1});
    struct guid both[] = {boss.id, ada.id};
    struct directory_entry group = add_entry(fixture, &(struct embedded_entry){.account = "all", .kind = DIRECTORY_GROUP, .members = both,
                                                                               .member_count = 2});
    struct directory_entry folders = add_entry(fixture, &(struct embedded_entry){.account = "pf",
                                                                                 .kind = DIRECTORY_PUBLIC_FOLDER_MAILBOX});
    struct embedded_grant grant = {.owner = ada.id, .actor = boss.id, .right = DIRECTORY_SEND_AS};
    assert_done(fixture, embedded_directory_grant(directory, &grant, &fixture->error));
    assert_int_equal(group.member_count, 2);
    assert_done(fixture, embedded_directory_remove_entry(directory, boss.id, &fixture->error));
    assert_done(fixture, embedded_directory_remove_entry(directory, folders.id, &fixture->error));
    struct directory_entry left = entry_by(fixture, DIRECTORY_KEY_LOGON, "ada");
    assert_null(directory_entry_value(&left, DIRECTORY_ATTRIBUTE_MANAGER));
    assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "all").member_count, 1);
    uint32_t count;
    struct embedded_grant *grants;
    assert_int_equal(embedded_directory_grants(directory, &fixture->arena, NULL, NULL, &count, &grants), DIRECTORY_OK);
    assert_int_equal(count, 0);
    struct directory_organization organization;
    assert_int_equal(directory_organization(directory, &fixture->arena, &organization), DIRECTORY_OK);
    assert_true(guid_is_zero(organization.public_folder_mailbox));
    /* The names are free again. */
    add_entry(fixture, &(struct embedded_entry){.account = "boss"});
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_embedded_fixture, close_embedded_fixture)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_is_made_with_its_defaults), TEST(bad_entries_are_refused_with_a_reason),
        TEST(an_entry_needs_an_organization), TEST(what_a_migration_brings_is_kept), TEST(numbers_and_dns_last),
        TEST(addresses_are_put_in_order), TEST(what_goes_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
