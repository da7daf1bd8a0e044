/* What is read from where: slapds that stand for OpenLDAP, Active Directory and FreeIPA, each with the people of tests/ldap/. */
#include "directory/slapd_fixture.h"

#include "base/filetime.h"

struct fixture {
    struct slapd *slapd;
    struct directory *directory;
    struct arena arena;
};

static struct directory_user user_of(struct fixture *fixture, enum directory_key key, const char *value)
{
    struct directory_user user = {0};
    enum directory_status status = directory_find(fixture->directory, &fixture->arena, key, value, &user);
    if (status != DIRECTORY_OK)
        fail_msg("'%s': %s\n%s", value, directory_status_text(status), fixture->slapd->notices);
    return user;
}

static struct directory_entry entry_of(struct fixture *fixture, enum directory_key key, const char *value)
{
    struct directory_entry entry = {0};
    enum directory_status status = directory_find_entry(fixture->directory, &fixture->arena, key, value, &entry);
    if (status != DIRECTORY_OK)
        fail_msg("'%s': %s\n%s", value, directory_status_text(status), fixture->slapd->notices);
    return entry;
}

static enum directory_status find(struct fixture *fixture, enum directory_key key, const char *value)
{
    struct directory_user user;
    return directory_find(fixture->directory, &fixture->arena, key, value, &user);
}

static enum directory_status verify(struct fixture *fixture, const char *logon, const char *password)
{
    struct directory_user user;
    return directory_verify_password(fixture->directory, &fixture->arena, logon, password, &user);
}

static const char *card(struct fixture *fixture, const struct directory_entry *entry, enum directory_attribute attribute)
{
    return directory_entry_text(&fixture->arena, entry, attribute);
}

static bool has_member(const struct directory_entry *group, struct guid id)
{
    for (uint32_t i = 0; i < group->member_count; i++)
        if (guid_equal(group->members[i], id))
            return true;
    return false;
}

static void open_fixture(void **state, const char *ldif, struct ldap_directory_settings settings, struct slapd *slapd)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->slapd = slapd;
    fixture->directory = slapd_directory(&settings, NULL);
    *state = fixture;
}

static int close_fixture(void **state)
{
    struct fixture *fixture = *state;
    directory_close(fixture->directory);
    slapd_free(fixture->slapd);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* --- OpenLDAP --- */

static int open_inet_org_person(void **state)
{
    struct slapd *slapd = slapd_new("inetorgperson.ldif", "");
    struct ldap_directory_settings settings = slapd_settings(slapd, LDAP_SCHEMA_INET_ORG_PERSON);
    settings.filters = (struct ldap_filters){.room = "(employeeType=room)", .shared = "(employeeType=shared)"};
    settings.administrators_dn = "cn=administrators,ou=groups,dc=example,dc=org";
    settings.cache_ms = 60000;
    open_fixture(state, "inetorgperson.ldif", settings, slapd);
    return 0;
}

static void people_of_open_ldap(void **state)
{
    struct fixture *fixture = *state;
    static const char *const logons[] = {"ada", "ADA", "EXAMPLE\\ada", "example.org\\Ada", "ada@example.org", "Countess@example.org",
                                         "a.lovelace@example.org"};
    struct directory_user ada = {0};
    for (size_t i = 0; i < sizeof logons / sizeof *logons; i++) {
        ada = user_of(fixture, DIRECTORY_KEY_LOGON, logons[i]);
        assert_string_equal(ada.account, "ada");
    }
    assert_string_equal(ada.display_name, "Ada Lovelace");
    assert_string_equal(ada.address, "ada@example.org");
    assert_int_equal(ada.address_count, 3);
    assert_true(ada.enabled && ada.mapi_enabled && !ada.administrator);
    assert_string_equal(ada.legacy_dn, "/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
                                       "cn=000000a00000004080000000000000" "01-ada");
    assert_true(guid_equal(user_of(fixture, DIRECTORY_KEY_LEGACY_DN, ada.legacy_dn).id, ada.id));
    assert_true(guid_equal(user_of(fixture, DIRECTORY_KEY_ID, "a0000000-0000-4000-8000-000000000001").id, ada.id));
    assert_true(guid_equal(user_of(fixture, DIRECTORY_KEY_MAILBOX, "A0000000-0000-4000-8000-000000000001").mailbox_guid, ada.mailbox_guid));
    assert_true(guid_equal(user_of(fixture, DIRECTORY_KEY_PRINCIPAL, "ada@EXAMPLE.ORG").id, ada.id));
    assert_int_equal(find(fixture, DIRECTORY_KEY_PRINCIPAL, "ada@OTHER.ORG"), DIRECTORY_NOT_FOUND);
    assert_int_equal(find(fixture, DIRECTORY_KEY_LOGON, "OTHER\\ada"), DIRECTORY_NOT_FOUND);
    /* By way of builders, a group in the group of administrators. */
    assert_true(user_of(fixture, DIRECTORY_KEY_LOGON, "bob").administrator);
    /* Those who are no users. */
    assert_int_equal(find(fixture, DIRECTORY_KEY_ADDRESS, "grace@elsewhere.test"), DIRECTORY_NOT_FOUND);
    assert_int_equal(find(fixture, DIRECTORY_KEY_ADDRESS, "staff@example.org"), DIRECTORY_NOT_FOUND);
    assert_int_equal(user_of(fixture, DIRECTORY_KEY_LOGON, "lovelace-room").kind, DIRECTORY_ROOM);
    assert_int_equal(user_of(fixture, DIRECTORY_KEY_LOGON, "sales").kind, DIRECTORY_SHARED_MAILBOX);
    assert_false(user_of(fixture, DIRECTORY_KEY_LOGON, "sales").enabled);
}

static void cards_of_open_ldap(void **state)
{
    struct fixture *fixture = *state;
    struct directory_entry ada = entry_of(fixture, DIRECTORY_KEY_ADDRESS, "ada@example.org");
    struct directory_entry bob = entry_of(fixture, DIRECTORY_KEY_LOGON, "bob");
    assert_string_equal(card(fixture, &ada, DIRECTORY_ATTRIBUTE_GIVEN_NAME), "Ada");
    assert_string_equal(card(fixture, &ada, DIRECTORY_ATTRIBUTE_SURNAME), "Lovelace");
    assert_string_equal(card(fixture, &ada, DIRECTORY_ATTRIBUTE_DEPARTMENT), "Engines");
    assert_string_equal(card(fixture, &ada, DIRECTORY_ATTRIBUTE_COMPANY), "Example");
    assert_string_equal(card(fixture, &ada, DIRECTORY_ATTRIBUTE_LOCALITY), "London");
    const struct directory_value *photo = directory_entry_value(&ada, DIRECTORY_ATTRIBUTE_PHOTO);
    assert_non_null(photo);
    assert_true(bytes_equal(photo->items[0], BYTES_LITERAL("\xFF\xD8\xFF\xE0\0\x10JFIF")));
    const struct directory_value *manager = directory_entry_value(&ada, DIRECTORY_ATTRIBUTE_MANAGER);
    assert_non_null(manager);
    assert_memory_equal(manager->items[0].data, bob.id.data, sizeof bob.id.data);
    struct directory_entry grace = entry_of(fixture, DIRECTORY_KEY_ADDRESS, "GRACE@elsewhere.test");
    assert_int_equal(grace.kind, DIRECTORY_CONTACT);
    assert_true(guid_is_zero(grace.mailbox_guid));
}

static void groups_of_open_ldap(void **state)
{
    struct fixture *fixture = *state;
    struct guid ada = entry_of(fixture, DIRECTORY_KEY_LOGON, "ada").id, bob = entry_of(fixture, DIRECTORY_KEY_LOGON, "bob").id;
    struct guid carol = entry_of(fixture, DIRECTORY_KEY_LOGON, "carol").id;
    struct directory_entry staff = entry_of(fixture, DIRECTORY_KEY_LOGON, "staff");
    struct directory_entry builders = entry_of(fixture, DIRECTORY_KEY_ADDRESS, "builders@example.org");
    struct directory_entry posix = entry_of(fixture, DIRECTORY_KEY_LOGON, "posix");
    struct directory_entry named = entry_of(fixture, DIRECTORY_KEY_LOGON, "everyone-named-o");
    assert_int_equal(staff.member_count, 2);
    assert_true(has_member(&staff, builders.id) && has_member(&staff, carol));
    assert_int_equal(builders.member_count, 1); /* uniqueMember, the DN in another spelling */
    assert_true(has_member(&builders, bob));
    assert_int_equal(posix.member_count, 1); /* memberUid; one of them is nobody */
    assert_true(has_member(&posix, ada));
    assert_true(named.member_count >= 4); /* memberURL: 'o' in the name */
    assert_true(has_member(&named, ada) && has_member(&named, bob) && has_member(&named, carol));
    assert_int_equal(named.kind, DIRECTORY_GROUP);
}

static void rights_of_open_ldap(void **state)
{
    struct fixture *fixture = *state;
    struct guid ada = entry_of(fixture, DIRECTORY_KEY_LOGON, "ada").id, bob = entry_of(fixture, DIRECTORY_KEY_LOGON, "bob").id;
    struct guid carol = entry_of(fixture, DIRECTORY_KEY_LOGON, "carol").id, dora = entry_of(fixture, DIRECTORY_KEY_LOGON, "dora").id;
    struct guid sales = entry_of(fixture, DIRECTORY_KEY_LOGON, "sales").id, staff = entry_of(fixture, DIRECTORY_KEY_LOGON, "staff").id;
    struct directory *directory = fixture->directory;
    assert_true(directory_has_right(directory, ada, DIRECTORY_FULL_ACCESS, sales));
    assert_true(directory_has_right(directory, carol, DIRECTORY_FULL_ACCESS, sales)); /* of staff */
    assert_true(directory_has_right(directory, bob, DIRECTORY_FULL_ACCESS, sales));   /* of builders, of staff */
    assert_false(directory_has_right(directory, dora, DIRECTORY_FULL_ACCESS, sales));
    assert_false(directory_has_right(directory, sales, DIRECTORY_FULL_ACCESS, ada));
    assert_true(directory_has_right(directory, bob, DIRECTORY_SEND_ON_BEHALF, sales));
    assert_false(directory_has_right(directory, ada, DIRECTORY_SEND_ON_BEHALF, sales));
    assert_false(directory_has_right(directory, ada, DIRECTORY_SEND_AS, sales));
    assert_true(directory_has_right(directory, ada, DIRECTORY_MANAGE_MEMBERS, staff)); /* owner */
    assert_false(directory_has_right(directory, bob, DIRECTORY_MANAGE_MEMBERS, staff));
    uint32_t count;
    struct directory_user *users;
    assert_int_equal(directory_additional_mailboxes(directory, &fixture->arena, bob, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 1);
    assert_string_equal(users[0].account, "sales");
    assert_int_equal(directory_additional_mailboxes(directory, &fixture->arena, dora, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 0);
}

static void passwords_of_open_ldap(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(verify(fixture, "ada", "ada secret"), DIRECTORY_OK);
    assert_int_equal(verify(fixture, "a.lovelace@example.org", "ada secret"), DIRECTORY_OK);
    assert_int_equal(verify(fixture, "EXAMPLE\\ada", "ada secret"), DIRECTORY_OK);
    assert_int_equal(verify(fixture, "ada", "bob secret"), DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(verify(fixture, "ada", ""), DIRECTORY_WRONG_PASSWORD); /* RFC 4513 5.1.2: the server would say yes */
    assert_int_equal(verify(fixture, "nobody", "secret"), DIRECTORY_NOT_FOUND);
    assert_int_equal(verify(fixture, "nobody", ""), DIRECTORY_NOT_FOUND);
    assert_int_equal(verify(fixture, "", ""), DIRECTORY_NOT_FOUND);
    assert_int_equal(verify(fixture, "cn=reader,dc=example,dc=org", SLAPD_READER_PASSWORD), DIRECTORY_NOT_FOUND);
    assert_int_equal(verify(fixture, "dora", "dora secret"), DIRECTORY_DISABLED); /* password policy: locked for good */
    assert_int_equal(verify(fixture, "lovelace-room", "x"), DIRECTORY_WRONG_PASSWORD);
}

static void nothing_typed_is_syntax(void **state)
{
    struct fixture *fixture = *state;
    static const char *const hostile[] = {"*", "a*", "ada)(uid=*", "*)(uid=*", "*)(&", "ada)(|(uid=*", "(uid=ada)", "ada\\2a", "\\2a", "ad\\61",
                                          "*@example.org", "ada@example.org)(mail=*", "ada ", " ada", "a da", "EXAMPLE\\*", "EXAMPLE\\ada)(uid=*"};
    static const enum directory_key keys[] = {DIRECTORY_KEY_LOGON, DIRECTORY_KEY_ADDRESS, DIRECTORY_KEY_LEGACY_DN, DIRECTORY_KEY_ID,
                                              DIRECTORY_KEY_MAILBOX, DIRECTORY_KEY_PRINCIPAL};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        for (size_t key = 0; key < sizeof keys / sizeof *keys; key++)
            assert_int_equal(find(fixture, keys[key], hostile[i]), DIRECTORY_NOT_FOUND);
        assert_int_equal(verify(fixture, hostile[i], "ada secret"), DIRECTORY_NOT_FOUND);
    }
    /* One whose name is all syntax is found by its address, and its DN binds. */
    assert_int_equal(verify(fixture, "odd@example.org", "odd secret"), DIRECTORY_OK);
    assert_string_equal(user_of(fixture, DIRECTORY_KEY_ADDRESS, "odd@example.org").account, "odd(*)\\name");
    char long_name[5000];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(find(fixture, DIRECTORY_KEY_ADDRESS, long_name), DIRECTORY_NOT_FOUND);
}

static void a_name_of_two_is_nobodys(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(find(fixture, DIRECTORY_KEY_LOGON, "twin"), DIRECTORY_NOT_FOUND);
    assert_int_equal(verify(fixture, "twin", "twin secret"), DIRECTORY_NOT_FOUND);
    assert_int_equal(find(fixture, DIRECTORY_KEY_ADDRESS, "twins@example.org"), DIRECTORY_NOT_FOUND);
    assert_non_null(strstr(fixture->slapd->notices, "means more than one entry"));
    assert_string_equal(user_of(fixture, DIRECTORY_KEY_LOGON, "twin1@example.org").display_name, "Twin One");
}

static void hashes_of_samba(void **state)
{
    struct fixture *fixture = *state;
    struct directory_user user;
    uint8_t hash[16] = {0};
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "EXAMPLE", "Ada", hash, &user), DIRECTORY_OK);
    assert_int_equal(hash[0], 0x00);
    assert_int_equal(hash[15], 0xFF);
    assert_string_equal(user.account, "ada");
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "", "bob", hash, &user), DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "", "*", hash, &user), DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "OTHER", "ada", hash, &user), DIRECTORY_NOT_FOUND);
}

static void users_are_listed_by_account(void **state)
{
    struct fixture *fixture = *state;
    uint32_t count;
    struct directory_user *users;
    assert_int_equal(directory_list(fixture->directory, &fixture->arena, NULL, 3, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 3);
    assert_string_equal(users[0].account, "ada");
    assert_string_equal(users[2].account, "carol");
    assert_int_equal(directory_list(fixture->directory, &fixture->arena, "carol", 100, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 6);
    assert_string_equal(users[0].account, "dora");
    assert_int_equal(directory_list(fixture->directory, &fixture->arena, "zz", 100, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 0);
}

static void a_directory_that_is_not_writable_says_so(void **state)
{
    struct fixture *fixture = *state;
    struct guid ada = entry_of(fixture, DIRECTORY_KEY_LOGON, "ada").id, staff = entry_of(fixture, DIRECTORY_KEY_LOGON, "staff").id;
    struct bytes title = BYTES_LITERAL("Chief");
    struct directory_value value = {DIRECTORY_ATTRIBUTE_TITLE, 1, &title};
    assert_int_equal(directory_set_values(fixture->directory, ada, 1, &value), DIRECTORY_READ_ONLY);
    assert_int_equal(directory_change_members(fixture->directory, staff, true, 1, &ada), DIRECTORY_READ_ONLY);
}

/* --- Active Directory --- */

static int open_active_directory(void **state)
{
    struct slapd *slapd = slapd_new("active_directory.ldif", "");
    open_fixture(state, "active_directory.ldif", slapd_settings(slapd, LDAP_SCHEMA_ACTIVE_DIRECTORY), slapd);
    return 0;
}

static void people_of_active_directory(void **state)
{
    struct fixture *fixture = *state;
    static const char *const logons[] = {"alovelace", "EXAMPLE\\ALovelace", "ada@example.org", "countess@example.org",
                                         "Ada.Lovelace@corp.example.org"}; /* the last is the user principal name */
    struct directory_user ada = {0};
    char text[GUID_TEXT_SIZE];
    for (size_t i = 0; i < sizeof logons / sizeof *logons; i++)
        assert_string_equal((ada = user_of(fixture, DIRECTORY_KEY_LOGON, logons[i])).account, "alovelace");
    guid_format(ada.id, text);
    assert_string_equal(text, "00112233-4455-6677-8899-000000000001");
    guid_format(ada.mailbox_guid, text);
    assert_string_equal(text, "11111111-2222-3333-4444-555555555555"); /* msExchMailboxGuid */
    guid_format(ada.archive_guid, text);
    assert_string_equal(text, "11111111-2222-3333-4444-666666666666");
    assert_string_equal(ada.address, "ada@example.org"); /* SMTP: in capitals */
    assert_int_equal(ada.address_count, 2);
    assert_string_equal(ada.principal, "ada.lovelace@corp.example.org");
    assert_string_equal(ada.legacy_dn, "/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=ada");
    assert_true(ada.enabled);
    static const struct {
        enum directory_key key;
        const char *value;
    } ways[] = {
        {DIRECTORY_KEY_LEGACY_DN, "/O=EXAMPLE/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=ADA"},
        {DIRECTORY_KEY_LEGACY_DN, "/o=Old/ou=Site/cn=Recipients/cn=ada"}, /* X500 */
        {DIRECTORY_KEY_ID, "00112233-4455-6677-8899-000000000001"},
        {DIRECTORY_KEY_MAILBOX, "11111111-2222-3333-4444-555555555555"},
        {DIRECTORY_KEY_PRINCIPAL, "Ada.Lovelace@CORP.EXAMPLE.ORG"},
        {DIRECTORY_KEY_PRINCIPAL, "ALovelace@EXAMPLE.ORG"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        assert_true(guid_equal(user_of(fixture, ways[i].key, ways[i].value).id, ada.id));
    /* Whoever has a DN of its own is not found by one that we would have made. */
    assert_int_equal(find(fixture, DIRECTORY_KEY_LEGACY_DN, "/o=x/ou=y/cn=Recipients/cn=33221100554477668899000000000001-a"), DIRECTORY_NOT_FOUND);
    assert_string_equal(user_of(fixture, DIRECTORY_KEY_LEGACY_DN, "/o=x/ou=y/cn=Recipients/cn=33221100554477668899000000000002-old").account, "bob");
    /* An object GUID is no mailbox where there is a mailbox GUID. */
    assert_int_equal(find(fixture, DIRECTORY_KEY_MAILBOX, "00112233-4455-6677-8899-000000000001"), DIRECTORY_NOT_FOUND);
    assert_string_equal(user_of(fixture, DIRECTORY_KEY_MAILBOX, "00112233-4455-6677-8899-000000000002").account, "bob");
}

static void kinds_of_active_directory(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *address;
        enum directory_kind kind;
        bool hidden;
    } cases[] = {
        {"ada@example.org", DIRECTORY_USER, false}, {"hugo@example.org", DIRECTORY_USER, true}, {"room1@example.org", DIRECTORY_ROOM, false},
        {"oldroom@example.org", DIRECTORY_ROOM, false}, {"projector@example.org", DIRECTORY_EQUIPMENT, false},
        {"sales@example.org", DIRECTORY_SHARED_MAILBOX, false}, {"max@elsewhere.test", DIRECTORY_CONTACT, false},
        {"grace@elsewhere.test", DIRECTORY_CONTACT, false}, {"staff@example.org", DIRECTORY_GROUP, false},
        {"engine-people@example.org", DIRECTORY_GROUP, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct directory_entry entry = entry_of(fixture, DIRECTORY_KEY_ADDRESS, cases[i].address);
        assert_int_equal(entry.kind, cases[i].kind);
        assert_int_equal(entry.hidden, cases[i].hidden);
        assert_string_equal(entry.address, cases[i].address);
    }
    struct directory_entry system;
    assert_int_equal(directory_find_entry(fixture->directory, &fixture->arena, DIRECTORY_KEY_ADDRESS, "sm_1f05a927@example.org", &system),
                     DIRECTORY_NOT_FOUND);
    struct directory_entry ada = entry_of(fixture, DIRECTORY_KEY_LOGON, "alovelace"), room = entry_of(fixture, DIRECTORY_KEY_LOGON, "room1");
    assert_string_equal(card(fixture, &ada, DIRECTORY_ATTRIBUTE_DEPARTMENT), "Engines");
    assert_string_equal(card(fixture, &ada, DIRECTORY_ATTRIBUTE_COUNTRY), "United Kingdom");
    assert_string_equal(card(fixture, &ada, DIRECTORY_ATTRIBUTE_EXTENSION_1), "one");
    assert_string_equal(card(fixture, &room, DIRECTORY_ATTRIBUTE_ROOM_CAPACITY), "12");
    assert_int_equal(directory_entry_value(&ada, DIRECTORY_ATTRIBUTE_OTHER_TELEPHONE)->count, 2);
    assert_non_null(directory_entry_value(&ada, DIRECTORY_ATTRIBUTE_PHOTO));
    assert_true(ada.created == filetime_of_unix(1577934245));
    assert_true(ada.changed > ada.created);
    struct directory_entry engine_people = entry_of(fixture, DIRECTORY_KEY_LOGON, "engine-people");
    assert_int_equal(engine_people.member_count, 1); /* msExchDynamicDLFilter */
    assert_true(has_member(&engine_people, ada.id));
}

static void accounts_of_active_directory(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(verify(fixture, "alovelace", "alovelace secret"), DIRECTORY_OK);
    assert_int_equal(verify(fixture, "dora", "dora secret"), DIRECTORY_DISABLED); /* userAccountControl */
    assert_int_equal(verify(fixture, "dora", "wrong"), DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(verify(fixture, "edna", "edna secret"), DIRECTORY_DISABLED); /* accountExpires */
    assert_int_equal(verify(fixture, "max", "max secret"), DIRECTORY_NOT_FOUND);  /* no mailbox here */
    struct guid ada = entry_of(fixture, DIRECTORY_KEY_LOGON, "alovelace").id, bob = entry_of(fixture, DIRECTORY_KEY_LOGON, "bob").id;
    struct guid sales = entry_of(fixture, DIRECTORY_KEY_LOGON, "sales").id;
    assert_true(directory_has_right(fixture->directory, ada, DIRECTORY_FULL_ACCESS, sales));
    assert_false(directory_has_right(fixture->directory, bob, DIRECTORY_FULL_ACCESS, sales));
    assert_true(directory_has_right(fixture->directory, bob, DIRECTORY_SEND_ON_BEHALF, sales));
}

/* --- FreeIPA --- */

static int open_free_ipa(void **state)
{
    struct slapd *slapd = slapd_new("free_ipa.ldif", "");
    open_fixture(state, "free_ipa.ldif", slapd_settings(slapd, LDAP_SCHEMA_FREE_IPA), slapd);
    return 0;
}

static void people_of_free_ipa(void **state)
{
    struct fixture *fixture = *state;
    struct directory_user ada = user_of(fixture, DIRECTORY_KEY_LOGON, "ada"), user;
    char text[GUID_TEXT_SIZE];
    uint8_t hash[16];
    guid_format(ada.id, text);
    assert_string_equal(text, "abcdef00-1111-11e6-9a2b-000000000001"); /* ipaUniqueID */
    assert_string_equal(ada.principal, "ada@EXAMPLE.ORG");             /* krbCanonicalName */
    assert_string_equal(user_of(fixture, DIRECTORY_KEY_ID, text).account, "ada");
    assert_string_equal(user_of(fixture, DIRECTORY_KEY_PRINCIPAL, "ada@EXAMPLE.ORG").account, "ada");
    struct directory_entry entry = entry_of(fixture, DIRECTORY_KEY_LOGON, "ada"), staff = entry_of(fixture, DIRECTORY_KEY_LOGON, "staff");
    assert_string_equal(card(fixture, &entry, DIRECTORY_ATTRIBUTE_DEPARTMENT), "Engines"); /* ou */
    assert_true(has_member(&staff, ada.id));
    assert_int_equal(verify(fixture, "ada", "ada secret"), DIRECTORY_OK);
    assert_int_equal(verify(fixture, "dora", "dora secret"), DIRECTORY_DISABLED); /* nsAccountLock */
    assert_int_equal(verify(fixture, "edna", "edna secret"), DIRECTORY_DISABLED); /* krbPrincipalExpiration */
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "", "ada", hash, &user), DIRECTORY_OK);
    assert_int_equal(hash[15], 15);
}

int main(void)
{
    if (!slapd_is_there())
        return 77;
    const struct CMUnitTest open_ldap[] = {
        cmocka_unit_test(people_of_open_ldap), cmocka_unit_test(cards_of_open_ldap), cmocka_unit_test(groups_of_open_ldap),
        cmocka_unit_test(rights_of_open_ldap), cmocka_unit_test(passwords_of_open_ldap), cmocka_unit_test(nothing_typed_is_syntax),
        cmocka_unit_test(a_name_of_two_is_nobodys), cmocka_unit_test(hashes_of_samba), cmocka_unit_test(users_are_listed_by_account),
        cmocka_unit_test(a_directory_that_is_not_writable_says_so),
    };
    const struct CMUnitTest active_directory[] = {
        cmocka_unit_test(people_of_active_directory), cmocka_unit_test(kinds_of_active_directory),
        cmocka_unit_test(accounts_of_active_directory),
    };
    const struct CMUnitTest free_ipa[] = {cmocka_unit_test(people_of_free_ipa)};
    return cmocka_run_group_tests(open_ldap, open_inet_org_person, close_fixture) +
           cmocka_run_group_tests(active_directory, open_active_directory, close_fixture) +
           cmocka_run_group_tests(free_ipa, open_free_ipa, close_fixture);
}
