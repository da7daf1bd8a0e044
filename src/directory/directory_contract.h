/* The contract of directory.h as a suite that every backend runs. A test of a backend includes this, puts the people below where
 * its directory reads them (the table is plain data for that), and calls directory_contract_run. What a backend cannot hold it
 * names in 'absent'; those checks are then skipped, with a message. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory/directory.h"

/* --- who is there --- */

/* Names are accounts; lists end with NULL. */
struct contract_entry {
    enum directory_kind kind;
    const char *account, *display_name;
    const char *addresses[4];  /* the primary one first */
    const char *principal;     /* NULL: the backend's default */
    const char *password;
    bool disabled, administrator, hidden;
    struct {
        enum directory_attribute attribute;
        const char *text;      /* two rows of one attribute: two values */
    } texts[10];
    const char *manager, *managed_by;
    const char *members[8];
    const char *rule;
};
#define CONTRACT_ORGANIZATION "Engine"
#define CONTRACT_DOMAIN "engine.test"
#define CONTRACT_NETBIOS_NAME "ENGINE"
#define CONTRACT_OTHER_DOMAIN "analytical.test" /* accepted too */
#define CONTRACT_PASSWORD "correct horse battery"
#define CONTRACT_PHOTO "\xFF\xD8\xFF\xE0 a photo with a NUL \0 in it"

static const struct contract_entry contract_entries[] = {
    {.kind = DIRECTORY_USER, .account = "ada", .display_name = "Ada Lovelace", .password = CONTRACT_PASSWORD,
     .addresses = {"ada@engine.test", "countess@analytical.test"}, .principal = "ada@engine.test",
     .texts = {{DIRECTORY_ATTRIBUTE_GIVEN_NAME, "Ada"}, {DIRECTORY_ATTRIBUTE_SURNAME, "Lovelace"},
               {DIRECTORY_ATTRIBUTE_TITLE, "Analyst"}, {DIRECTORY_ATTRIBUTE_DEPARTMENT, "Research"},
               {DIRECTORY_ATTRIBUTE_TELEPHONE, "+44 20 1815"}},
     .manager = "charles"},
    {.kind = DIRECTORY_USER, .account = "charles", .display_name = "Charles Babbage", .password = "difference engine",
     .addresses = {"charles@engine.test"}, .administrator = true,
     .texts = {{DIRECTORY_ATTRIBUTE_GIVEN_NAME, "Charles"}, {DIRECTORY_ATTRIBUTE_SURNAME, "Babbage"},
               {DIRECTORY_ATTRIBUTE_DEPARTMENT, "Research"}}},
    {.kind = DIRECTORY_USER, .account = "jurgen", .display_name = "J\xC3\xBCrgen M\xC3\xBCller", .password = "geheimnis 1",
     .addresses = {"j.mueller@engine.test"},
     .texts = {{DIRECTORY_ATTRIBUTE_GIVEN_NAME, "J\xC3\xBCrgen"}, {DIRECTORY_ATTRIBUTE_SURNAME, "M\xC3\xBCller"},
               {DIRECTORY_ATTRIBUTE_DEPARTMENT, "Vertrieb"}}},
    {.kind = DIRECTORY_USER, .account = "off", .display_name = "Switched Off", .password = "was here once",
     .addresses = {"off@engine.test"}, .disabled = true, .texts = {{DIRECTORY_ATTRIBUTE_SURNAME, "Off"}}},
    {.kind = DIRECTORY_USER, .account = "ghost", .display_name = "Hidden Ghost", .password = "nobody sees me",
     .addresses = {"ghost@engine.test"}, .hidden = true, .texts = {{DIRECTORY_ATTRIBUTE_SURNAME, "Ghost"}}},
    {.kind = DIRECTORY_SHARED_MAILBOX, .account = "sales", .display_name = "Sales Desk", .addresses = {"sales@engine.test"}},
    {.kind = DIRECTORY_ROOM, .account = "mill", .display_name = "The Mill", .addresses = {"mill@engine.test"}},
    {.kind = DIRECTORY_CONTACT, .account = "mary", .display_name = "Mary Somerville", .addresses = {"mary@outside.test"},
     .texts = {{DIRECTORY_ATTRIBUTE_SURNAME, "Somerville"}}},
    {.kind = DIRECTORY_GROUP, .account = "research", .display_name = "Research Group", .addresses = {"research@engine.test"},
     .managed_by = "charles", .members = {"ada", "charles", "mary"}},
    {.kind = DIRECTORY_GROUP, .account = "everyone", .display_name = "Everyone", .addresses = {"everyone@engine.test"},
     .members = {"research", "jurgen"}},
    /* These two contain each other. */
    {.kind = DIRECTORY_GROUP, .account = "hen", .display_name = "Hen", .addresses = {"hen@engine.test"}, .members = {"egg", "ada"}},
    {.kind = DIRECTORY_GROUP, .account = "egg", .display_name = "Egg", .addresses = {"egg@engine.test"}, .members = {"hen"}},
    {.kind = DIRECTORY_DYNAMIC_GROUP, .account = "vertrieb", .display_name = "Vertrieb", .addresses = {"vertrieb@engine.test"},
     .rule = "(&(kind=user)(department=vertrieb))"},
};
#define CONTRACT_ENTRY_COUNT (sizeof contract_entries / sizeof *contract_entries)

struct contract_grant {
    const char *owner;
    enum directory_right right;
    const char *actor;
    bool automap;
};
static const struct contract_grant contract_grants[] = {
    {"sales", DIRECTORY_FULL_ACCESS, "everyone", true},   /* ada by way of research */
    {"sales", DIRECTORY_SEND_AS, "ada", false},
    {"mill", DIRECTORY_FULL_ACCESS, "vertrieb", false},   /* jurgen by a rule; not mapped */
    {"ghost", DIRECTORY_FULL_ACCESS, "egg", true},        /* ada through a circle */
    {"charles", DIRECTORY_SEND_ON_BEHALF, "ada", false},
};
#define CONTRACT_GRANT_COUNT (sizeof contract_grants / sizeof *contract_grants)

/* --- what runs it --- */

#define CONTRACT_RIGHTS 1u         /* contract_grants */
#define CONTRACT_RULES 2u          /* dynamic groups */
#define CONTRACT_ADDRESS_LISTS 4u  /* at least one list */
#define CONTRACT_NT_HASH 8u        /* 'ada' opted in */
#define CONTRACT_WRITES 16u        /* set_values and change_members; else READ_ONLY */
#define CONTRACT_HIDDEN 32u        /* entries that are not shown */
#define CONTRACT_ADMINISTRATORS 64u
#define CONTRACT_SHARED 128u       /* shared mailboxes and rooms as kinds of their own */
#define CONTRACT_MANAGED_BY 256u   /* owners of groups, and their right to manage members */
#define CONTRACT_OLD_DNS 512u      /* 'ada' is also CONTRACT_OLD_DN */
#define CONTRACT_OLD_DN "/o=Old/ou=First Administrative Group/cn=Recipients/cn=adal"

struct directory_contract {
    struct directory *directory; /* with everybody above in it; stays the caller's */
    unsigned absent;             /* CONTRACT_...: what this backend cannot hold */
    /* Called after a write through the contract, before it is read back; NULL where that shows at once. */
    void (*settle)(struct directory *directory);
};
/* Returns how many tests failed, for main(). */
static int directory_contract_run(const struct directory_contract *contract);

/* --- the suite --- */

struct contract_fixture {
    const struct directory_contract *contract;
    struct directory *directory;
    struct arena arena;
};
static const struct directory_contract *contract_under_test; /* cmocka's setups take no argument */

static int contract_setup(void **state)
{
    struct contract_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->contract = contract_under_test;
    fixture->directory = contract_under_test->directory;
    *state = fixture;
    return 0;
}

static int contract_teardown(void **state)
{
    struct contract_fixture *fixture = *state;
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static bool contract_has(const struct contract_fixture *fixture, unsigned feature, const char *what)
{
    bool has = !(fixture->contract->absent & feature);
    if (!has)
        print_message("not held by this backend, left out: %s\n", what);
    return has;
}

static struct directory_entry contract_find(struct contract_fixture *fixture, enum directory_key key, const char *value)
{
    struct directory_entry entry = {0};
    enum directory_status status = directory_find_entry(fixture->directory, &fixture->arena, key, value, &entry);
    if (status != DIRECTORY_OK)
        fail_msg("'%s': %s", value, directory_status_text(status));
    return entry;
}

static struct directory_user contract_user(struct contract_fixture *fixture, enum directory_key key, const char *value)
{
    struct directory_user user = {0};
    enum directory_status status = directory_find(fixture->directory, &fixture->arena, key, value, &user);
    if (status != DIRECTORY_OK)
        fail_msg("'%s': %s", value, directory_status_text(status));
    return user;
}

static bool contract_kind_told(const struct contract_fixture *fixture, enum directory_kind kind)
{
    return !((fixture->contract->absent & CONTRACT_SHARED) && directory_kind_has_mailbox(kind)) &&
           !((fixture->contract->absent & CONTRACT_RULES) && kind == DIRECTORY_DYNAMIC_GROUP);
}

static void contract_check_entry(struct contract_fixture *fixture, const struct contract_entry *expected,
                                 const struct directory_entry *entry)
{
    assert_string_equal(entry->account, expected->account);
    assert_string_equal(entry->display_name, expected->display_name);
    if (contract_kind_told(fixture, expected->kind))
        assert_int_equal(entry->kind, expected->kind);
    assert_string_equal(entry->address, expected->addresses[0]);
    for (uint32_t i = 0; expected->addresses[i]; i++) {
        assert_true(i < entry->address_count);
        assert_string_equal(entry->addresses[i], expected->addresses[i]);
    }
    assert_true(entry->number >= DIRECTORY_NUMBER_MIN);
    assert_true(!strncmp(entry->legacy_dn, "/o=", 3));
    assert_int_equal(!guid_is_zero(entry->mailbox_guid), directory_kind_has_mailbox(expected->kind));
    for (uint32_t i = 0; i < 10 && expected->texts[i].text; i++)
        assert_string_equal(directory_entry_text(&fixture->arena, entry, expected->texts[i].attribute), expected->texts[i].text);
    for (uint32_t i = 1; i < entry->value_count; i++)
        assert_true(entry->values[i - 1].attribute < entry->values[i].attribute);
    if (!(fixture->contract->absent & CONTRACT_HIDDEN))
        assert_int_equal(entry->hidden, expected->hidden);
    uint32_t members = 0;
    while (expected->members[members])
        members++;
    assert_int_equal(entry->member_count, members);
}

static void contract_every_entry_is_found(void **state)
{
    struct contract_fixture *fixture = *state;
    char id[GUID_TEXT_SIZE];
    for (size_t i = 0; i < CONTRACT_ENTRY_COUNT; i++) {
        const struct contract_entry *expected = &contract_entries[i];
        if (expected->kind == DIRECTORY_DYNAMIC_GROUP && (fixture->contract->absent & CONTRACT_RULES))
            continue;
        struct directory_entry entry = contract_find(fixture, DIRECTORY_KEY_LOGON, expected->account);
        contract_check_entry(fixture, expected, &entry);
        struct directory_entry by_dn = contract_find(fixture, DIRECTORY_KEY_LEGACY_DN, entry.legacy_dn);
        assert_true(guid_equal(by_dn.id, entry.id));
        assert_int_equal(by_dn.number, entry.number);
        guid_format(entry.id, id);
        assert_string_equal(contract_find(fixture, DIRECTORY_KEY_ID, id).account, expected->account);
        for (size_t j = 0; expected->addresses[j]; j++)
            assert_true(guid_equal(contract_find(fixture, DIRECTORY_KEY_ADDRESS, expected->addresses[j]).id, entry.id));
    }
    assert_string_equal(contract_find(fixture, DIRECTORY_KEY_LOGON, "ADA").account, "ada");
    assert_string_equal(contract_find(fixture, DIRECTORY_KEY_ADDRESS, "MARY@Outside.test").account, "mary");
    if (contract_has(fixture, CONTRACT_OLD_DNS, "old legacy DNs"))
        assert_string_equal(contract_find(fixture, DIRECTORY_KEY_LEGACY_DN, "/O=OLD/ou=First Administrative Group/cn=Recipients"
                                                                            "/CN=adal").account, "ada");
}

static void contract_pages_hold_everybody_once(void **state)
{
    struct contract_fixture *fixture = *state;
    size_t expected = CONTRACT_ENTRY_COUNT - ((fixture->contract->absent & CONTRACT_RULES) ? 1 : 0), known = 0;
    for (uint32_t page = 1; page <= CONTRACT_ENTRY_COUNT + 1; page += 3) {
        struct guid last;
        const struct guid *after = NULL;
        uint32_t count;
        struct directory_entry *entries;
        known = 0;
        do {
            assert_int_equal(directory_entries(fixture->directory, &fixture->arena, after, page, &count, &entries), DIRECTORY_OK);
            assert_true(count <= page);
            for (uint32_t i = 0; i < count; i++) {
                assert_true(!after || memcmp(last.data, entries[i].id.data, sizeof last.data) < 0);
                last = entries[i].id;
                after = &last;
                for (size_t j = 0; j < CONTRACT_ENTRY_COUNT; j++) {
                    if (strcmp(contract_entries[j].account, entries[i].account) != 0)
                        continue;
                    contract_check_entry(fixture, &contract_entries[j], &entries[i]);
                    assert_true(guid_equal(contract_find(fixture, DIRECTORY_KEY_LOGON, entries[i].account).id, entries[i].id));
                    known++;
                }
            }
        } while (count == page);
        assert_int_equal(known, expected);
    }
}

static void contract_users_are_found_by_what_people_type(void **state)
{
    struct contract_fixture *fixture = *state;
    static const char *const logons[] = {"ada", "ADA", "ada@engine.test", "Countess@Analytical.test", "ENGINE\\ada",
                                         "engine\\Ada", "engine.test\\ada"};
    for (size_t i = 0; i < sizeof logons / sizeof *logons; i++) {
        struct directory_user user = contract_user(fixture, DIRECTORY_KEY_LOGON, logons[i]);
        assert_string_equal(user.account, "ada");
        assert_string_equal(user.address, "ada@engine.test");
        assert_int_equal(user.address_count, 2);
        assert_true(user.enabled && user.mapi_enabled && user.switches.mapi_enabled);
    }
    static const char *const nobodies[] = {"", "eve", "ada@other.test", "OTHER\\ada", "\\ada", "ada\\", "@", "*", "a*",
                                           "ada)(objectClass=*", "ada\\2a", "ada' OR '1'='1", "research", "mary",
                                           "mary@outside.test"};
    struct directory_user user;
    for (size_t i = 0; i < sizeof nobodies / sizeof *nobodies; i++)
        assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, nobodies[i], &user),
                         DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_ID, "not an id", &user), DIRECTORY_NOT_FOUND);
    struct directory_user ada = contract_user(fixture, DIRECTORY_KEY_LOGON, "ada");
    char mailbox[GUID_TEXT_SIZE];
    guid_format(ada.mailbox_guid, mailbox);
    assert_string_equal(contract_user(fixture, DIRECTORY_KEY_MAILBOX, mailbox).account, "ada");
    assert_string_equal(contract_user(fixture, DIRECTORY_KEY_PRINCIPAL, "Ada@Engine.Test").account, "ada");
    /* Another of her addresses is no principal name. */
    assert_int_equal(directory_find(fixture->directory, &fixture->arena, DIRECTORY_KEY_PRINCIPAL, "countess@analytical.test", &user),
                     DIRECTORY_NOT_FOUND);
    if (contract_has(fixture, CONTRACT_ADMINISTRATORS, "administrators")) {
        assert_false(ada.administrator);
        assert_true(contract_user(fixture, DIRECTORY_KEY_LOGON, "charles").administrator);
    }
    if (contract_has(fixture, CONTRACT_SHARED, "shared mailboxes"))
        assert_false(contract_user(fixture, DIRECTORY_KEY_LOGON, "sales").enabled);
}

static void contract_passwords_are_checked(void **state)
{
    struct contract_fixture *fixture = *state;
    struct directory_user user;
#define VERIFY(logon, password) directory_verify_password(fixture->directory, &fixture->arena, logon, password, &user)
    assert_int_equal(VERIFY("ada", CONTRACT_PASSWORD), DIRECTORY_OK);
    assert_string_equal(user.account, "ada");
    assert_int_equal(VERIFY("countess@analytical.test", CONTRACT_PASSWORD), DIRECTORY_OK);
    assert_int_equal(VERIFY("ada", ""), DIRECTORY_WRONG_PASSWORD); /* an LDAP bind without a password would succeed */
    assert_int_equal(VERIFY("ada", "Correct horse battery"), DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(VERIFY("ada", "difference engine"), DIRECTORY_WRONG_PASSWORD);
    assert_int_equal(VERIFY("eve", CONTRACT_PASSWORD), DIRECTORY_NOT_FOUND);
    assert_int_equal(VERIFY("mary", ""), DIRECTORY_NOT_FOUND);
    assert_int_equal(VERIFY("research", "x"), DIRECTORY_NOT_FOUND);
    assert_int_equal(VERIFY("off", "was here once"), DIRECTORY_DISABLED);
    assert_int_equal(VERIFY("off", "wrong"), DIRECTORY_WRONG_PASSWORD);
    if (contract_has(fixture, CONTRACT_SHARED, "shared mailboxes"))
        assert_int_equal(VERIFY("sales", ""), DIRECTORY_WRONG_PASSWORD); /* which has none */
#undef VERIFY
}

static void contract_references_lead_to_entries(void **state)
{
    struct contract_fixture *fixture = *state;
    struct directory_entry ada = contract_find(fixture, DIRECTORY_KEY_LOGON, "ada");
    struct directory_entry charles = contract_find(fixture, DIRECTORY_KEY_LOGON, "charles");
    struct directory_entry research = contract_find(fixture, DIRECTORY_KEY_LOGON, "research");
    const struct directory_value *manager = directory_entry_value(&ada, DIRECTORY_ATTRIBUTE_MANAGER);
    assert_non_null(manager);
    assert_int_equal(manager->items[0].size, sizeof charles.id.data);
    assert_memory_equal(manager->items[0].data, charles.id.data, sizeof charles.id.data);
    if (contract_has(fixture, CONTRACT_MANAGED_BY, "owners of groups")) {
        const struct directory_value *owner = directory_entry_value(&research, DIRECTORY_ATTRIBUTE_MANAGED_BY);
        assert_non_null(owner);
        assert_memory_equal(owner->items[0].data, charles.id.data, sizeof charles.id.data);
    }
    unsigned found = 0;
    for (uint32_t i = 0; i < research.member_count; i++)
        found += guid_equal(research.members[i], ada.id) || guid_equal(research.members[i], charles.id);
    assert_int_equal(found, 2);
}

static void contract_organization_is_told(void **state)
{
    struct contract_fixture *fixture = *state;
    struct directory_organization organization;
    assert_int_equal(directory_organization(fixture->directory, &fixture->arena, &organization), DIRECTORY_OK);
    assert_string_equal(organization.name, CONTRACT_ORGANIZATION);
    assert_string_equal(organization.domain, CONTRACT_DOMAIN);
    assert_string_equal(organization.netbios_name, CONTRACT_NETBIOS_NAME);
    assert_int_equal(organization.domain_count, 2);
    assert_string_equal(organization.domains[0], CONTRACT_DOMAIN);
    assert_string_equal(organization.domains[1], CONTRACT_OTHER_DOMAIN);
    assert_true(organization.mapi_http_enabled);
    assert_false(guid_is_zero(organization.id));
    struct directory_organization again;
    assert_int_equal(directory_organization(fixture->directory, &fixture->arena, &again), DIRECTORY_OK);
    assert_true(guid_equal(organization.address_book_id, again.address_book_id));
    if (contract_has(fixture, CONTRACT_ADDRESS_LISTS, "address lists")) {
        uint32_t count;
        struct directory_address_list *lists;
        assert_int_equal(directory_address_lists(fixture->directory, &fixture->arena, &count, &lists), DIRECTORY_OK);
        assert_true(count > 0);
        assert_true(*lists[0].name && *lists[0].rule && !guid_is_zero(lists[0].id));
    }
}

static void contract_rights_reach_through_groups(void **state)
{
    struct contract_fixture *fixture = *state;
    if (!contract_has(fixture, CONTRACT_RIGHTS, "rights"))
        return;
    struct guid ada = contract_find(fixture, DIRECTORY_KEY_LOGON, "ada").id;
    struct guid charles = contract_find(fixture, DIRECTORY_KEY_LOGON, "charles").id;
    struct guid jurgen = contract_find(fixture, DIRECTORY_KEY_LOGON, "jurgen").id;
    struct guid ghost = contract_find(fixture, DIRECTORY_KEY_LOGON, "ghost").id;
    struct guid sales = contract_find(fixture, DIRECTORY_KEY_LOGON, "sales").id;
    struct guid mill = contract_find(fixture, DIRECTORY_KEY_LOGON, "mill").id;
    struct directory *directory = fixture->directory;
    assert_true(directory_has_right(directory, ada, DIRECTORY_FULL_ACCESS, sales)); /* everyone, research */
    assert_true(directory_has_right(directory, jurgen, DIRECTORY_FULL_ACCESS, sales));
    assert_false(directory_has_right(directory, ghost, DIRECTORY_FULL_ACCESS, sales));
    assert_true(directory_has_right(directory, ada, DIRECTORY_SEND_AS, sales));
    assert_false(directory_has_right(directory, jurgen, DIRECTORY_SEND_AS, sales));
    assert_true(directory_has_right(directory, ada, DIRECTORY_SEND_ON_BEHALF, charles));
    assert_false(directory_has_right(directory, charles, DIRECTORY_SEND_ON_BEHALF, ada));
    assert_true(directory_has_right(directory, ada, DIRECTORY_FULL_ACCESS, ghost)); /* hen, egg, hen ... */
    assert_false(directory_has_right(directory, jurgen, DIRECTORY_FULL_ACCESS, ghost));
    if (contract_has(fixture, CONTRACT_RULES, "rights of dynamic groups")) {
        assert_true(directory_has_right(directory, jurgen, DIRECTORY_FULL_ACCESS, mill));
        assert_false(directory_has_right(directory, ada, DIRECTORY_FULL_ACCESS, mill));
    }
    /* The owner's own right and an administrator's are not counted here. */
    assert_false(directory_has_right(directory, ada, DIRECTORY_FULL_ACCESS, ada));
    assert_false(directory_has_right(directory, charles, DIRECTORY_FULL_ACCESS, mill));
    uint32_t count;
    struct directory_user *users;
    assert_int_equal(directory_additional_mailboxes(directory, &fixture->arena, ada, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 2); /* in order of account */
    assert_string_equal(users[0].account, "ghost");
    assert_string_equal(users[1].account, "sales");
    assert_int_equal(directory_additional_mailboxes(directory, &fixture->arena, jurgen, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 1);
}

static void contract_owners_manage_members(void **state)
{
    struct contract_fixture *fixture = *state;
    if (!contract_has(fixture, CONTRACT_MANAGED_BY, "owners of groups"))
        return;
    struct guid research = contract_find(fixture, DIRECTORY_KEY_LOGON, "research").id;
    assert_true(directory_has_right(fixture->directory, contract_find(fixture, DIRECTORY_KEY_LOGON, "charles").id,
                                    DIRECTORY_MANAGE_MEMBERS, research));
    assert_false(directory_has_right(fixture->directory, contract_find(fixture, DIRECTORY_KEY_LOGON, "ada").id,
                                     DIRECTORY_MANAGE_MEMBERS, research));
}

static void contract_nt_hashes_are_those_of_who_opted_in(void **state)
{
    struct contract_fixture *fixture = *state;
    uint8_t hash[16] = {0};
    struct directory_user user;
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "", "charles", hash, &user), DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "", "eve", hash, &user), DIRECTORY_NOT_FOUND);
    if (!contract_has(fixture, CONTRACT_NT_HASH, "NT hashes"))
        return;
    static const char *const domains[] = {"", "ENGINE", "engine.test", "Analytical.test"};
    static const uint8_t expected[16] = {0x3D, 0x21, 0x1B, 0x74, 0xDD, 0x72, 0x9B, 0xE1, /* of CONTRACT_PASSWORD */
                                         0xE5, 0x52, 0xB4, 0x72, 0x75, 0x94, 0xF3, 0xEB};
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, domains[i], "ADA", hash, &user), DIRECTORY_OK);
        assert_string_equal(user.account, "ada");
        assert_memory_equal(hash, expected, sizeof hash);
    }
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "OTHER", "ada", hash, &user), DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_nt_hash(fixture->directory, &fixture->arena, "", "ada@engine.test", hash, &user), DIRECTORY_OK);
}

static void contract_settle(struct contract_fixture *fixture)
{
    if (fixture->contract->settle)
        fixture->contract->settle(fixture->directory);
}

static void contract_values_are_set(void **state)
{
    struct contract_fixture *fixture = *state;
    struct guid id = contract_find(fixture, DIRECTORY_KEY_LOGON, "jurgen").id;
    struct bytes title = BYTES_LITERAL("Gesch\xC3\xA4" "ftsf\xC3\xBC" "hrer"), photo = BYTES_LITERAL(CONTRACT_PHOTO);
    struct bytes bad = BYTES_LITERAL("\xFF\xFE");
    const struct directory_value set[] = {{DIRECTORY_ATTRIBUTE_TITLE, 1, &title}, {DIRECTORY_ATTRIBUTE_PHOTO, 1, &photo}};
    const struct directory_value clear[] = {{.attribute = DIRECTORY_ATTRIBUTE_TITLE}, {.attribute = DIRECTORY_ATTRIBUTE_PHOTO}};
    const struct directory_value wrong = {DIRECTORY_ATTRIBUTE_TITLE, 1, &bad};
    if (!contract_has(fixture, CONTRACT_WRITES, "writing")) {
        assert_int_equal(directory_set_values(fixture->directory, id, 2, set), DIRECTORY_READ_ONLY);
        return;
    }
    uint64_t version = directory_version(fixture->directory);
    assert_int_equal(directory_set_values(fixture->directory, id, 2, set), DIRECTORY_OK);
    contract_settle(fixture);
    assert_true(directory_version(fixture->directory) != version);
    struct directory_entry entry = contract_find(fixture, DIRECTORY_KEY_LOGON, "jurgen");
    assert_string_equal(directory_entry_text(&fixture->arena, &entry, DIRECTORY_ATTRIBUTE_TITLE), "Gesch\xC3\xA4" "ftsf\xC3\xBC" "hrer");
    const struct directory_value *found = directory_entry_value(&entry, DIRECTORY_ATTRIBUTE_PHOTO);
    assert_non_null(found);
    assert_true(bytes_equal(found->items[0], photo));
    assert_string_equal(directory_entry_text(&fixture->arena, &entry, DIRECTORY_ATTRIBUTE_SURNAME), "M\xC3\xBCller");
    uint32_t count;
    struct directory_entry *entries; /* large values are left out of pages */
    assert_int_equal(directory_entries(fixture->directory, &fixture->arena, NULL, 100, &count, &entries), DIRECTORY_OK);
    for (uint32_t i = 0; i < count; i++)
        assert_null(directory_entry_value(&entries[i], DIRECTORY_ATTRIBUTE_PHOTO));
    assert_int_equal(directory_set_values(fixture->directory, id, 1, &wrong), DIRECTORY_INVALID);
    assert_int_equal(directory_set_values(fixture->directory, guid_random(), 1, set), DIRECTORY_NOT_FOUND);
    assert_int_equal(directory_set_values(fixture->directory, id, 2, clear), DIRECTORY_OK);
    contract_settle(fixture);
    entry = contract_find(fixture, DIRECTORY_KEY_LOGON, "jurgen");
    assert_null(directory_entry_value(&entry, DIRECTORY_ATTRIBUTE_PHOTO));
    assert_null(directory_entry_value(&entry, DIRECTORY_ATTRIBUTE_TITLE));
}

static void contract_members_are_changed(void **state)
{
    struct contract_fixture *fixture = *state;
    struct directory_entry everyone = contract_find(fixture, DIRECTORY_KEY_LOGON, "everyone");
    struct guid mary = contract_find(fixture, DIRECTORY_KEY_LOGON, "mary").id, nobody = guid_random();
    if (!contract_has(fixture, CONTRACT_WRITES, "writing")) {
        assert_int_equal(directory_change_members(fixture->directory, everyone.id, true, 1, &mary), DIRECTORY_READ_ONLY);
        return;
    }
    for (unsigned twice = 0; twice < 2; twice++) {
        assert_int_equal(directory_change_members(fixture->directory, everyone.id, true, 1, &mary), DIRECTORY_OK);
        contract_settle(fixture);
        assert_int_equal(contract_find(fixture, DIRECTORY_KEY_LOGON, "everyone").member_count, everyone.member_count + 1);
    }
    assert_int_equal(directory_change_members(fixture->directory, everyone.id, true, 1, &nobody), DIRECTORY_INVALID);
    assert_int_equal(directory_change_members(fixture->directory, mary, true, 1, &everyone.id), DIRECTORY_INVALID);
    for (unsigned twice = 0; twice < 2; twice++) {
        assert_int_equal(directory_change_members(fixture->directory, everyone.id, false, 1, &mary), DIRECTORY_OK);
        contract_settle(fixture);
        assert_int_equal(contract_find(fixture, DIRECTORY_KEY_LOGON, "everyone").member_count, everyone.member_count);
    }
}

static int directory_contract_run(const struct directory_contract *contract)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(contract_every_entry_is_found, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_pages_hold_everybody_once, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_users_are_found_by_what_people_type, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_passwords_are_checked, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_references_lead_to_entries, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_organization_is_told, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_rights_reach_through_groups, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_owners_manage_members, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_nt_hashes_are_those_of_who_opted_in, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_values_are_set, contract_setup, contract_teardown),
        cmocka_unit_test_setup_teardown(contract_members_are_changed, contract_setup, contract_teardown),
    };
    contract_under_test = contract;
    return cmocka_run_group_tests_name("directory contract", tests, NULL, NULL);
}
