/* Settings: of entries, of the organisation, passwords. */
#include "directory/embedded_fixture.h"

static struct directory_user user_by(struct embedded_fixture *fixture, const char *logon)
{
    struct directory_user user = {0};
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, logon, &user), DIRECTORY_OK);
    return user;
}

static enum directory_status change(struct embedded_fixture *fixture, struct guid id, const struct embedded_change *change)
{
    return embedded_directory_change(fixture->directory, id, change, &fixture->error);
}

static void every_setting_is_told(void **state)
{
    struct embedded_fixture *fixture = *state;
    static const struct guid archive = {{7, [15] = 7}}, none = {{0}};
    static const enum directory_switch off = DIRECTORY_OFF, inherit = DIRECTORY_INHERIT;
    static const uint32_t methods = DIRECTORY_METHOD_KERBEROS | DIRECTORY_METHOD_BEARER;
    struct guid id = add_entry(fixture, &(struct embedded_entry){.account = "ada"}).id;
    const struct embedded_change all = {
        .display_name = "A. L.", .principal = "Ada@Corp.Local", .hidden = DIRECTORY_ON, .enabled = DIRECTORY_OFF,
        .administrator = DIRECTORY_ON, .switches.mapi_enabled = DIRECTORY_OFF, .switches.mapi_http = &off, .switches.block_rpc_http = DIRECTORY_ON,
        .switches.block_non_cached_mode = DIRECTORY_ON, .switches.block_external_connectivity = DIRECTORY_ON, .switches.block_versions = "15.0.4569;12-13",
        .switches.methods = &methods, .redirect_address = "Ada@Other.Test", .redirect_url = "https://other.test/autodiscover/autodiscover.xml",
        .archive_guid = &archive};
    assert_done(fixture, change(fixture, id, &all));
    for (unsigned i = 0; i < 2; i++) { /* an empty change leaves it all as it is */
        struct directory_user ada = user_by(fixture, "ada");
        assert_string_equal(ada.display_name, "A. L.");
        assert_string_equal(ada.principal, "ada@corp.local");
        assert_false(ada.enabled || ada.mapi_enabled || ada.switches.mapi_enabled);
        assert_true(ada.administrator);
        assert_int_equal(ada.switches.mapi_http, DIRECTORY_OFF);
        assert_true(ada.switches.block_rpc_http && ada.switches.block_non_cached_mode && ada.switches.block_external_connectivity);
        assert_string_equal(ada.switches.block_versions, "15.0.4569;12-13");
        assert_int_equal(ada.switches.methods, methods);
        assert_string_equal(ada.redirect_address, "ada@other.test");
        assert_string_equal(ada.redirect_url, "https://other.test/autodiscover/autodiscover.xml");
        assert_true(guid_equal(ada.archive_guid, archive));
        assert_true(entry_by(fixture, DIRECTORY_KEY_LOGON, "ada").hidden);
        assert_done(fixture, change(fixture, id, &(struct embedded_change){0}));
    }
    struct directory_user *copy = directory_user_copy(&(struct directory_user){0}), ada = user_by(fixture, "ada");
    free(copy);
    copy = directory_user_copy(&ada);
    assert_string_equal(copy->redirect_url, ada.redirect_url);
    assert_string_equal(copy->switches.block_versions, ada.switches.block_versions);
    free(copy);
    const struct embedded_change back = {.principal = "", .switches.mapi_http = &inherit, .switches.block_versions = "", .redirect_address = "",
                                         .redirect_url = "", .archive_guid = &none, .enabled = DIRECTORY_ON,
                                         .switches.mapi_enabled = DIRECTORY_ON};
    assert_done(fixture, change(fixture, id, &back));
    ada = user_by(fixture, "ada");
    assert_string_equal(ada.principal, "ada@engine.test");
    assert_string_equal(ada.redirect_address, "");
    assert_string_equal(ada.redirect_url, "");
    assert_string_equal(ada.switches.block_versions, "");
    assert_int_equal(ada.switches.mapi_http, DIRECTORY_INHERIT);
    assert_true(guid_is_zero(ada.archive_guid));
    assert_true(ada.enabled && ada.mapi_enabled);
}

static void bad_settings_are_refused_with_a_reason(void **state)
{
    struct embedded_fixture *fixture = *state;
    static const uint32_t no_method = 0, odd_method = 32;
    static const enum directory_switch on = DIRECTORY_ON;
    struct directory_entry ada = add_entry(fixture, &(struct embedded_entry){.account = "ada"});
    struct directory_entry bob = add_entry(fixture, &(struct embedded_entry){.account = "bob", .principal = "robert@engine.test"});
    struct directory_entry group = add_entry(fixture, &(struct embedded_entry){.account = "all", .kind = DIRECTORY_GROUP});
    struct directory_entry room = add_entry(fixture, &(struct embedded_entry){.account = "mill", .kind = DIRECTORY_ROOM});
    struct directory_entry dynamic = add_entry(fixture, &(struct embedded_entry){.account = "dyn", .kind = DIRECTORY_DYNAMIC_GROUP,
                                                                                 .rule = "(kind=user)"});
    const struct {
        struct guid id;
        struct embedded_change change;
        enum directory_status status;
        const char *words;
    } cases[] = {
        {ada.id, {.account = "a b"}, DIRECTORY_INVALID, "account 'a b'"},
        {ada.id, {.account = "BOB"}, DIRECTORY_EXISTS, "account 'BOB' is taken"},
        {ada.id, {.account = "robert"}, DIRECTORY_EXISTS, "would have the principal name of 'bob'"},
        {ada.id, {.display_name = ""}, DIRECTORY_INVALID, "display name of 'ada'"},
        {ada.id, {.principal = "bob@engine.test"}, DIRECTORY_EXISTS, "already means 'bob'"},
        {ada.id, {.principal = "robert@engine.test"}, DIRECTORY_EXISTS, "already means 'bob'"},
        {ada.id, {.principal = "no principal"}, DIRECTORY_INVALID, "principal name 'no principal'"},
        {ada.id, {.rule = "(kind=user)"}, DIRECTORY_INVALID, "rule: not for 'ada', which is of kind 'user'"},
        {ada.id, {.redirect_address = "nowhere"}, DIRECTORY_INVALID, "redirection to 'nowhere'"},
        {ada.id, {.redirect_url = "http://other.test/"}, DIRECTORY_INVALID, "begins with https://"},
        {ada.id, {.redirect_url = "https://a b/"}, DIRECTORY_INVALID, "begins with https://"},
        {ada.id, {.redirect_url = "https:///x"}, DIRECTORY_INVALID, "begins with https://"},
        {ada.id, {.switches.block_versions = "all of them"}, DIRECTORY_INVALID, "versions 'all of them'"},
        {ada.id, {.switches.methods = &no_method}, DIRECTORY_INVALID, "methods of 'ada'"},
        {ada.id, {.switches.methods = &odd_method}, DIRECTORY_INVALID, "methods of 'ada'"},
        {ada.id, {.archive_guid = &bob.mailbox_guid}, DIRECTORY_EXISTS, "archive of 'ada'"},
        {group.id, {.switches.mapi_enabled = DIRECTORY_OFF}, DIRECTORY_INVALID, "MAPI switches: not for 'all'"},
        {group.id, {.switches.mapi_http = &on}, DIRECTORY_INVALID, "MAPI switches: not for 'all'"},
        {group.id, {.switches.methods = &odd_method}, DIRECTORY_INVALID, "methods: not for 'all'"},
        {group.id, {.redirect_url = ""}, DIRECTORY_INVALID, "redirection: not for 'all'"},
        {group.id, {.archive_guid = &bob.mailbox_guid}, DIRECTORY_INVALID, "archive: not for 'all'"},
        {room.id, {.enabled = DIRECTORY_ON}, DIRECTORY_INVALID, "enabled: not for 'mill'"},
        {room.id, {.administrator = DIRECTORY_ON}, DIRECTORY_INVALID, "administrator: not for 'mill'"},
        {room.id, {.principal = "mill@engine.test"}, DIRECTORY_INVALID, "principal name: not for 'mill'"},
        {room.id, {.nt_hash_wanted = DIRECTORY_ON}, DIRECTORY_INVALID, "NT hash: not for 'mill'"},
        {dynamic.id, {.rule = ""}, DIRECTORY_INVALID, "rule of 'dyn': a dynamic group needs one"},
        {dynamic.id, {.rule = "(kind=usr)"}, DIRECTORY_INVALID, "rule of 'dyn': there is no such kind"},
        {{{1}}, {.display_name = "x"}, DIRECTORY_NOT_FOUND, "there is no entry of that id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct embedded_change both = cases[i].change; /* with something good beside it, which must not stay either */
        both.hidden = DIRECTORY_ON;
        enum directory_status status = change(fixture, cases[i].id, &both);
        if (status != cases[i].status || !strstr(fixture->error.text, cases[i].words))
            fail_msg("case %zu: %s: %s", i, directory_status_text(status), fixture->error.text);
    }
    static const char *const accounts[] = {"ada", "bob", "all", "mill", "dyn"};
    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++)
        assert_false(entry_by(fixture, DIRECTORY_KEY_LOGON, accounts[i]).hidden);
    /* A principal name that is neither another's nor another's address is free. */
    const char *robert = "robert@engine.test";
    assert_done(fixture, change(fixture, ada.id, &(struct embedded_change){.principal = "x@engine.test"}));
    assert_done(fixture, change(fixture, bob.id, &(struct embedded_change){.account = "robert"}));
    assert_refused(fixture, change(fixture, ada.id, &(struct embedded_change){.principal = "bob@engine.test"}), DIRECTORY_EXISTS,
                   "already means 'robert'");
    assert_done(fixture, embedded_directory_set_addresses(fixture->directory, bob.id, 1, &robert, &fixture->error));
    assert_done(fixture, change(fixture, ada.id, &(struct embedded_change){.account = "bob", .principal = "bob@engine.test"}));
}

static void principals_lead_to_users(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory_user user;
    assert_done(fixture, embedded_directory_add_domain(fixture->directory, "analytical.test", &fixture->error));
    add_entry(fixture, &(struct embedded_entry){.account = "ada", .password = "correct horse"});
    add_entry(fixture, &(struct embedded_entry){.account = "bob", .principal = "robert@corp.local", .password = "battery staple"});
    add_entry(fixture, &(struct embedded_entry){.account = "sales", .kind = DIRECTORY_SHARED_MAILBOX});
#define BY_PRINCIPAL(value) directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_PRINCIPAL, value, &user)
    assert_int_equal(BY_PRINCIPAL("ADA@ENGINE.TEST"), DIRECTORY_OK);
    assert_string_equal(user.account, "ada");
    assert_int_equal(BY_PRINCIPAL("ada@analytical.test"), DIRECTORY_OK); /* an accepted domain */
    assert_int_equal(BY_PRINCIPAL("robert@CORP.LOCAL"), DIRECTORY_OK);
    assert_string_equal(user.account, "bob");
    static const char *const nobodies[] = {"ada@elsewhere.test", "ada", "ENGINE\\ada", "", "@", "ada@", "robert@engine.test",
                                           "sales@engine.test"};
    for (size_t i = 0; i < sizeof nobodies / sizeof *nobodies; i++)
        assert_int_equal(BY_PRINCIPAL(nobodies[i]), DIRECTORY_NOT_FOUND);
#undef BY_PRINCIPAL
    /* People type it, too. */
    assert_int_equal(directory_verify_password(fixture->directory, &fixture->arena, "Robert@corp.local", "battery staple", &user),
                     DIRECTORY_OK);
    assert_string_equal(user.account, "bob");
}

static void nt_hashes_follow_the_password_of_those_who_want_one(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory *directory = fixture->directory;
    struct embedded_credentials credentials;
    struct directory_user user;
    uint8_t hash[16], first[16];
    struct guid ada = add_entry(fixture, &(struct embedded_entry){.account = "ada", .password = "correct horse", .nt_hash_wanted = true}).id;
    struct guid bob = add_entry(fixture, &(struct embedded_entry){.account = "bob", .password = "correct horse"}).id;
    struct guid room = add_entry(fixture, &(struct embedded_entry){.account = "mill", .kind = DIRECTORY_ROOM}).id;
#define HASH_OF(account) directory_nt_hash(directory, &fixture->arena, "", account, hash, &user)
    assert_int_equal(HASH_OF("ada"), DIRECTORY_OK);
    memcpy(first, hash, sizeof first);
    assert_int_equal(HASH_OF("bob"), DIRECTORY_NOT_FOUND);
    assert_int_equal(embedded_directory_credentials(directory, bob, &credentials), DIRECTORY_OK);
    assert_true(credentials.has_password && !credentials.nt_hash_wanted && !credentials.has_nt_hash);
    assert_done(fixture, embedded_directory_put_password(directory, bob, "battery staple", &fixture->error));
    assert_int_equal(embedded_directory_credentials(directory, bob, &credentials), DIRECTORY_OK);
    assert_false(credentials.has_nt_hash); /* not even kept */
    /* Opting in takes effect with the next password. */
    assert_done(fixture, change(fixture, bob, &(struct embedded_change){.nt_hash_wanted = DIRECTORY_ON}));
    assert_int_equal(HASH_OF("bob"), DIRECTORY_NOT_FOUND);
    assert_done(fixture, embedded_directory_put_password(directory, bob, "correct horse", &fixture->error));
    assert_int_equal(HASH_OF("bob"), DIRECTORY_OK);
    assert_memory_equal(hash, first, sizeof first);
    assert_done(fixture, embedded_directory_put_password(directory, bob, "battery staple", &fixture->error));
    assert_int_equal(HASH_OF("bob"), DIRECTORY_OK);
    assert_true(memcmp(hash, first, sizeof first) != 0);
    /* Opting out, a hashed password and no password forget it. */
    assert_done(fixture, change(fixture, bob, &(struct embedded_change){.nt_hash_wanted = DIRECTORY_OFF}));
    assert_int_equal(HASH_OF("bob"), DIRECTORY_NOT_FOUND);
    assert_int_equal(embedded_directory_credentials(directory, bob, &credentials), DIRECTORY_OK);
    assert_false(credentials.has_nt_hash);
    assert_done(fixture, embedded_directory_put_password_hash(directory, ada, "$6$abcdefgh$" "abcdefghijklmnopqrstuv", &fixture->error));
    assert_int_equal(HASH_OF("ada"), DIRECTORY_NOT_FOUND);
    assert_done(fixture, embedded_directory_put_nt_hash(directory, ada, first, &fixture->error));
    assert_int_equal(HASH_OF("ada"), DIRECTORY_OK);
    assert_done(fixture, change(fixture, ada, &(struct embedded_change){.enabled = DIRECTORY_OFF}));
    assert_int_equal(HASH_OF("ada"), DIRECTORY_DISABLED);
    assert_memory_equal(hash, first, sizeof first);
    assert_done(fixture, embedded_directory_put_password(directory, ada, NULL, &fixture->error));
    assert_int_equal(HASH_OF("ada"), DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_verify_password(directory, &fixture->arena, "ada", "correct horse", &user), DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(HASH_OF("ENGINE\\bob"), DIRECTORY_NOT_FOUND); /* the domain is an argument of its own */
#undef HASH_OF
    assert_refused(fixture, embedded_directory_put_password(directory, room, "correct horse", &fixture->error), DIRECTORY_INVALID,
                   "'mill' is of kind 'room': only users have passwords");
    assert_refused(fixture, embedded_directory_put_nt_hash(directory, room, first, &fixture->error), DIRECTORY_INVALID, "'mill'");
    assert_refused(fixture, embedded_directory_put_password(directory, ada, "short", &fixture->error), DIRECTORY_INVALID, "password");
    assert_refused(fixture, embedded_directory_put_password_hash(directory, ada, "{SSHA}abc", &fixture->error), DIRECTORY_INVALID,
                   "password hash");
    assert_int_equal(embedded_directory_credentials(directory, guid_random(), &credentials), DIRECTORY_NOT_FOUND);
}

static void domains_are_kept_while_in_use(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory *directory = fixture->directory;
    struct directory_organization organization;
    static const char *const addresses[] = {"ada@engine.test", "ada@branch.test"};
    add_entry(fixture, &(struct embedded_entry){.account = "ada", .addresses = addresses, .address_count = 2});
    assert_done(fixture, embedded_directory_add_domain(directory, "Branch.Test", &fixture->error));
    assert_done(fixture, embedded_directory_add_domain(directory, "branch.test", &fixture->error)); /* again: no error */
    assert_done(fixture, embedded_directory_add_domain(directory, "a.test", &fixture->error));
    assert_refused(fixture, embedded_directory_add_domain(directory, "not a domain", &fixture->error), DIRECTORY_INVALID,
                   "domain 'not a domain' is not well formed");
    assert_refused(fixture, embedded_directory_remove_domain(directory, "BRANCH.test", &fixture->error), DIRECTORY_INVALID,
                   "domain 'BRANCH.test' is in use: 'ada@branch.test'");
    assert_refused(fixture, embedded_directory_remove_domain(directory, "Engine.test", &fixture->error), DIRECTORY_INVALID, "default");
    assert_refused(fixture, embedded_directory_remove_domain(directory, "x.test", &fixture->error), DIRECTORY_NOT_FOUND, "'x.test'");
    assert_refused(fixture, embedded_directory_set_default_domain(directory, "x.test", &fixture->error), DIRECTORY_NOT_FOUND, "'x.test'");
    assert_done(fixture, embedded_directory_set_default_domain(directory, "A.TEST", &fixture->error));
    assert_int_equal(directory_organization(directory, &fixture->arena, &organization), DIRECTORY_OK);
    assert_int_equal(organization.domain_count, 3);
    assert_string_equal(organization.domain, "a.test");
    assert_string_equal(organization.domains[0], "a.test");
    assert_string_equal(organization.domains[1], "branch.test");
    assert_string_equal(add_entry(fixture, &(struct embedded_entry){.account = "bob"}).address, "bob@a.test");
    assert_done(fixture, embedded_directory_set_default_domain(directory, "engine.test", &fixture->error));
    assert_refused(fixture, embedded_directory_remove_domain(directory, "a.test", &fixture->error), DIRECTORY_INVALID, "'bob@a.test'");
    struct directory_user user; /* DOMAIN\account takes every accepted one */
    assert_int_equal(directory_find(directory, &fixture->arena, DIRECTORY_KEY_LOGON, "branch.test\\bob", &user), DIRECTORY_OK);
}

static void the_organization_has_switches(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory *directory = fixture->directory;
    struct directory_organization organization;
    static const enum directory_switch on = DIRECTORY_ON;
    struct guid ada = add_entry(fixture, &(struct embedded_entry){.account = "ada"}).id;
    struct guid first = add_entry(fixture, &(struct embedded_entry){.account = "pf1", .kind = DIRECTORY_PUBLIC_FOLDER_MAILBOX}).id;
    struct guid second = add_entry(fixture, &(struct embedded_entry){.account = "pf2", .kind = DIRECTORY_PUBLIC_FOLDER_MAILBOX}).id;
    assert_int_equal(directory_organization(directory, &fixture->arena, &organization), DIRECTORY_OK);
    assert_true(guid_equal(organization.public_folder_mailbox, first));
    struct directory_user user = user_by(fixture, "ada");
    assert_true(directory_mapi_http_allowed(&organization, &user));
    struct embedded_organization_change changes = {.mapi_http_enabled = DIRECTORY_OFF, .netbios_name = "corp",
                                                   .public_folder_mailbox = &second};
    assert_done(fixture, embedded_directory_change_organization(directory, &changes, &fixture->error));
    assert_int_equal(directory_organization(directory, &fixture->arena, &organization), DIRECTORY_OK);
    assert_false(organization.mapi_http_enabled);
    assert_string_equal(organization.netbios_name, "CORP");
    assert_true(guid_equal(organization.public_folder_mailbox, second));
    assert_false(directory_mapi_http_allowed(&organization, &user));
    assert_done(fixture, change(fixture, ada, &(struct embedded_change){.switches.mapi_http = &on})); /* the mailbox beats the organisation */
    user = user_by(fixture, "CORP\\ada");
    assert_true(directory_mapi_http_allowed(&organization, &user));
    changes = (struct embedded_organization_change){.public_folder_mailbox = &ada, .mapi_http_enabled = DIRECTORY_ON};
    assert_refused(fixture, embedded_directory_change_organization(directory, &changes, &fixture->error), DIRECTORY_INVALID,
                   "no public folder mailbox");
    changes = (struct embedded_organization_change){.netbios_name = "a b"};
    assert_refused(fixture, embedded_directory_change_organization(directory, &changes, &fixture->error), DIRECTORY_INVALID, "'a b'");
    assert_int_equal(directory_organization(directory, &fixture->arena, &organization), DIRECTORY_OK);
    assert_false(organization.mapi_http_enabled); /* undone with the rest */
}

static void address_lists_come_with_the_organization(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory *directory = fixture->directory;
    static const char *const names[] = {"All Users", "All Groups", "All Contacts", "All Rooms", "Public Folders", "Research"};
    struct guid id;
    uint32_t count;
    struct directory_address_list *lists;
    assert_done(fixture, embedded_directory_add_address_list(directory, "Research", "(department=Research)", &id, &fixture->error));
    assert_int_equal(directory_address_lists(directory, &fixture->arena, &count, &lists), DIRECTORY_OK);
    assert_int_equal(count, 6);
    for (uint32_t i = 0; i < count; i++)
        assert_string_equal(lists[i].name, names[i]);
    assert_true(guid_equal(lists[5].id, id));
    assert_string_equal(lists[5].rule, "(department=Research)");
    assert_refused(fixture, embedded_directory_add_address_list(directory, "RESEARCH", "(sn=*)", NULL, &fixture->error), DIRECTORY_EXISTS,
                   "there is an address list 'RESEARCH' already");
    assert_refused(fixture, embedded_directory_add_address_list(directory, "X", "(sn=*", NULL, &fixture->error), DIRECTORY_INVALID,
                   "rule: expected ')' at 5");
    assert_refused(fixture, embedded_directory_add_address_list(directory, "", "(sn=*)", NULL, &fixture->error), DIRECTORY_INVALID, "name");
    assert_done(fixture, embedded_directory_remove_address_list(directory, lists[1].id, &fixture->error));
    assert_refused(fixture, embedded_directory_remove_address_list(directory, lists[1].id, &fixture->error), DIRECTORY_NOT_FOUND, "list");
    /* Those who removed some do not get them back with the next start. */
    directory_close(directory);
    assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_OK);
    assert_int_equal(directory_address_lists(fixture->directory, &fixture->arena, &count, &lists), DIRECTORY_OK);
    assert_int_equal(count, 5);
    assert_string_equal(lists[1].name, "All Contacts");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_embedded_fixture, close_embedded_fixture)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_setting_is_told), TEST(bad_settings_are_refused_with_a_reason), TEST(principals_lead_to_users),
        TEST(nt_hashes_follow_the_password_of_those_who_want_one), TEST(domains_are_kept_while_in_use),
        TEST(the_organization_has_switches), TEST(address_lists_come_with_the_organization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
