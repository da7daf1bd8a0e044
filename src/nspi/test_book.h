/* A small organisation in memory for tests and fuzzers of the address book's requests: a directory backend whose entries are
 * an array, and a call as the server makes it. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nspi/request.h"

enum test_entry {
    TEST_ADA, TEST_BOB, TEST_EMILE, TEST_HIDDEN, TEST_SHARED, TEST_ROOM, TEST_EQUIPMENT, TEST_CONTACT, TEST_STAFF, TEST_EMPTY_GROUP,
    TEST_DYNAMIC, TEST_ENTRY_COUNT
};
#define TEST_NUMBER(entry) (0x110u + (uint32_t)(entry))
#define TEST_DN_PREFIX "/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
#define TEST_DN(name) TEST_DN_PREFIX "/cn=Recipients/cn=" name
#define TEST_SERVER_DN TEST_DN_PREFIX "/cn=Configuration/cn=Servers/cn=a0000000-0000-4000-8000-000000000000@example.org"
#define TEST_VALUES_MAX 24

struct test_directory {
    struct directory directory;
    struct directory_entry entries[TEST_ENTRY_COUNT];
    struct directory_value values[TEST_ENTRY_COUNT][TEST_VALUES_MAX], large_values[TEST_ENTRY_COUNT][2];
    struct bytes items[TEST_ENTRY_COUNT][TEST_VALUES_MAX];
    struct guid members[TEST_ENTRY_COUNT][TEST_ENTRY_COUNT];
    uint32_t large_count[TEST_ENTRY_COUNT];
    uint64_t version;
    bool read_only;
    unsigned changes, large_reads;               /* calls that changed something; whole entries read */
    struct guid changed;                         /* the last entry that directory_set_values was about */
    struct directory_value set[DIRECTORY_ATTRIBUTE_COUNT];
    uint32_t set_count;
    struct arena arena;                          /* of what was set */
    int manage_right;                            /* an entry that may change the members of TEST_STAFF, or -1 */
    struct guid delegates[TEST_ENTRY_COUNT];     /* who may send on behalf of TEST_ADA */
    uint32_t delegate_count;
};

static inline struct guid test_id(unsigned entry)
{
    struct guid id = {{0x10, 0, 0, 0, 0, 0, 0, 0x40, 0x80}};
    id.data[15] = (uint8_t)entry;
    return id;
}

static inline struct test_directory *test_directory_of(struct directory *directory)
{
    return (struct test_directory *)directory;
}

static enum directory_status test_organization(struct directory *directory, struct arena *arena,
                                               struct directory_organization *ret_organization)
{
    static const char *const domains[] = {"example.org"};
    *ret_organization = (struct directory_organization){.id = {{0x99}}, .name = "Example", .domain = "example.org",
        .netbios_name = "EXAMPLE", .domain_count = 1, .domains = domains, .mapi_http_enabled = true};
    return DIRECTORY_OK;
}

static enum directory_status test_entries(struct directory *directory, struct arena *arena, const struct guid *after,
                                          uint32_t count_max, uint32_t *ret_count, struct directory_entry **ret_entries)
{
    struct test_directory *test = test_directory_of(directory);
    uint32_t first = 0;
    while (after && first < TEST_ENTRY_COUNT && memcmp(&test->entries[first].id, after, sizeof *after) <= 0)
        first++;
    *ret_count = TEST_ENTRY_COUNT - first < count_max ? TEST_ENTRY_COUNT - first : count_max;
    *ret_entries = arena_copy(arena, test->entries + first, *ret_count * sizeof *test->entries);
    return *ret_entries || !*ret_count ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

static enum directory_status test_find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                             const char *value, struct directory_entry *ret_entry)
{
    struct test_directory *test = test_directory_of(directory);
    struct guid id;
    if (key != DIRECTORY_KEY_ID || !guid_parse(value, &id))
        return DIRECTORY_NOT_FOUND;
    test->large_reads++;
    for (unsigned i = 0; i < TEST_ENTRY_COUNT; i++) {
        if (!guid_equal(test->entries[i].id, id))
            continue;
        *ret_entry = test->entries[i];
        struct directory_value *all = arena_array(arena, struct directory_value, TEST_VALUES_MAX + 2);
        if (!all)
            return DIRECTORY_UNAVAILABLE;
        memcpy(all, ret_entry->values, ret_entry->value_count * sizeof *all);
        memcpy(all + ret_entry->value_count, test->large_values[i], test->large_count[i] * sizeof *all);
        ret_entry->values = all;
        ret_entry->value_count += test->large_count[i];
        return DIRECTORY_OK;
    }
    return DIRECTORY_NOT_FOUND;
}

static enum directory_status test_find(struct directory *directory, struct arena *arena, enum directory_key key,
                                       const char *value, struct directory_user *ret_user)
{
    struct test_directory *test = test_directory_of(directory);
    struct guid id;
    if (key != DIRECTORY_KEY_MAILBOX || !guid_parse(value, &id))
        return DIRECTORY_NOT_FOUND;
    for (unsigned i = 0; i < TEST_ENTRY_COUNT; i++) {
        if (!guid_is_zero(test->entries[i].mailbox_guid) && guid_equal(test->entries[i].mailbox_guid, id)) {
            *ret_user = (struct directory_user){.id = test->entries[i].id, .mailbox_guid = id, .address = test->entries[i].address, .enabled = true};
            return DIRECTORY_OK;
        }
    }
    return DIRECTORY_NOT_FOUND;
}

static enum directory_status test_set_values(struct directory *directory, struct guid id, uint32_t count,
                                             const struct directory_value *values)
{
    struct test_directory *test = test_directory_of(directory);
    if (test->read_only || count > DIRECTORY_ATTRIBUTE_COUNT)
        return DIRECTORY_READ_ONLY;
    test->changes++;
    test->version++;
    test->changed = id;
    test->set_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct bytes *items = arena_array(&test->arena, struct bytes, values[i].count + 1);
        if (!items)
            return DIRECTORY_UNAVAILABLE;
        for (uint32_t j = 0; j < values[i].count; j++)
            items[j] = arena_bytes(&test->arena, values[i].items[j]);
        test->set[i] = (struct directory_value){values[i].attribute, values[i].count, items};
    }
    return DIRECTORY_OK;
}

static enum directory_status test_change_members(struct directory *directory, struct guid group_id, bool add, uint32_t count,
                                                 const struct guid *members)
{
    struct test_directory *test = test_directory_of(directory);
    struct directory_entry *group = &test->entries[group_id.data[15]];
    if (test->read_only)
        return DIRECTORY_READ_ONLY;
    test->changes++;
    test->version++;
    for (uint32_t i = 0; i < count; i++) {
        struct guid *own = test->members[group_id.data[15]];
        uint32_t at = 0;
        while (at < group->member_count && !guid_equal(own[at], members[i]))
            at++;
        if (add && at == group->member_count && at < TEST_ENTRY_COUNT)
            own[group->member_count++] = members[i];
        else if (!add && at < group->member_count)
            own[at] = own[--group->member_count];
    }
    return DIRECTORY_OK;
}

static bool test_has_right(struct directory *directory, struct guid actor, enum directory_right right, struct guid owner)
{
    struct test_directory *test = test_directory_of(directory);
    return right == DIRECTORY_MANAGE_MEMBERS && test->manage_right >= 0 && guid_equal(owner, test_id(TEST_STAFF)) &&
           guid_equal(actor, test_id((unsigned)test->manage_right));
}

/* Only for those who may send on behalf of TEST_ADA. */
static enum directory_status test_change_right(struct directory *directory, struct guid owner, enum directory_right right, bool give,
                                               uint32_t count, const struct guid *actors)
{
    struct test_directory *test = test_directory_of(directory);
    if (test->read_only || right != DIRECTORY_SEND_ON_BEHALF || !guid_equal(owner, test_id(TEST_ADA)))
        return DIRECTORY_READ_ONLY;
    test->changes++;
    test->version++;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = 0;
        while (at < test->delegate_count && !guid_equal(test->delegates[at], actors[i]))
            at++;
        if (give && at == test->delegate_count && at < TEST_ENTRY_COUNT)
            test->delegates[test->delegate_count++] = actors[i];
        else if (!give && at < test->delegate_count)
            test->delegates[at] = test->delegates[--test->delegate_count];
    }
    return DIRECTORY_OK;
}

static enum directory_status test_actors(struct directory *directory, struct arena *arena, struct guid owner,
                                         enum directory_right right, uint32_t *ret_count, struct guid **ret_actors)
{
    struct test_directory *test = test_directory_of(directory);
    bool known = right == DIRECTORY_SEND_ON_BEHALF && guid_equal(owner, test_id(TEST_ADA));
    *ret_count = known ? test->delegate_count : 0;
    *ret_actors = arena_copy(arena, test->delegates, sizeof test->delegates);
    return *ret_actors ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

static enum directory_status test_address_lists(struct directory *directory, struct arena *arena, uint32_t *ret_count,
                                                struct directory_address_list **ret_lists)
{
    struct directory_address_list *lists = arena_array(arena, struct directory_address_list, 2);
    if (!lists)
        return DIRECTORY_UNAVAILABLE;
    lists[0] = (struct directory_address_list){{{0xAB, 0xCD, 0xEF, 1}}, "All Users", "(kind=user)"};
    lists[1] = (struct directory_address_list){{{0xAB, 0xCD, 0xEF, 2}}, "All Rööms", "(kind=room)"};
    *ret_count = 2;
    *ret_lists = lists;
    return DIRECTORY_OK;
}

static uint64_t test_version(struct directory *directory)
{
    return test_directory_of(directory)->version;
}

static void test_close(struct directory *directory)
{
}

static inline void test_add(struct test_directory *test, unsigned entry, enum directory_kind kind, const char *account,
                            const char *display_name, const char *const *addresses, const char *legacy_dn)
{
    struct directory_entry *made = &test->entries[entry];
    *made = (struct directory_entry){.id = test_id(entry), .number = TEST_NUMBER(entry), .kind = kind, .account = account,
        .display_name = display_name, .address = addresses[0], .addresses = addresses, .legacy_dn = legacy_dn, .rule = "",
        .values = test->values[entry], .members = test->members[entry], .created = 132000000000000000, .changed = 133000000000000000};
    while (addresses[made->address_count])
        made->address_count++;
    if (directory_kind_has_mailbox(kind)) {
        made->mailbox_guid = test_id(entry);
        made->mailbox_guid.data[3] = 0xA0;
        made->mailbox_guid.data[0] = 0;
    }
}

/* In order of attribute, as directory.h says. */
static inline void test_set(struct test_directory *test, unsigned entry, enum directory_attribute attribute, struct bytes item)
{
    struct directory_entry *made = &test->entries[entry];
    struct bytes *place = &test->items[entry][made->value_count];
    *place = item;
    test->values[entry][made->value_count++] = (struct directory_value){attribute, 1, place};
}

static inline void test_fill_values(struct test_directory *test)
{
    static const struct guid bob = {{0x10, 0, 0, 0, 0, 0, 0, 0x40, 0x80, 0, 0, 0, 0, 0, 0, TEST_BOB}};
    static const struct guid ada = {{0x10, 0, 0, 0, 0, 0, 0, 0x40, 0x80, 0, 0, 0, 0, 0, 0, TEST_ADA}};
    static const struct bytes phones[] = {BYTES_LITERAL("+44 2"), BYTES_LITERAL("+44 3")};
    static const struct bytes photo[] = {BYTES_LITERAL("\xFF\xD8jpeg")}, certificates[] = {BYTES_LITERAL("cert1"), BYTES_LITERAL("cert2")};
    test_set(test, TEST_ADA, DIRECTORY_ATTRIBUTE_GIVEN_NAME, BYTES_LITERAL("Ada"));
    test_set(test, TEST_ADA, DIRECTORY_ATTRIBUTE_SURNAME, BYTES_LITERAL("Lovelace"));
    test_set(test, TEST_ADA, DIRECTORY_ATTRIBUTE_TITLE, BYTES_LITERAL("Countess"));
    test_set(test, TEST_ADA, DIRECTORY_ATTRIBUTE_DEPARTMENT, BYTES_LITERAL("Engines"));
    test_set(test, TEST_ADA, DIRECTORY_ATTRIBUTE_OFFICE, BYTES_LITERAL("12 St James's Square"));
    test_set(test, TEST_ADA, DIRECTORY_ATTRIBUTE_MANAGER, bytes_of(&bob, sizeof bob));
    test_set(test, TEST_ADA, DIRECTORY_ATTRIBUTE_TELEPHONE, BYTES_LITERAL("+44 1"));
    test->values[TEST_ADA][test->entries[TEST_ADA].value_count++] =
        (struct directory_value){DIRECTORY_ATTRIBUTE_OTHER_TELEPHONE, 2, phones};
    test_set(test, TEST_ADA, DIRECTORY_ATTRIBUTE_MAIL_TIP, BYTES_LITERAL("On holiday"));
    test->large_values[TEST_ADA][0] = (struct directory_value){DIRECTORY_ATTRIBUTE_PHOTO, 1, photo};
    test->large_values[TEST_ADA][1] = (struct directory_value){DIRECTORY_ATTRIBUTE_CERTIFICATE, 2, certificates};
    test->large_count[TEST_ADA] = 2;
    test_set(test, TEST_EMILE, DIRECTORY_ATTRIBUTE_PHONETIC_DISPLAY_NAME, BYTES_LITERAL("Aemil"));
    test_set(test, TEST_EMILE, DIRECTORY_ATTRIBUTE_LOCALITY, BYTES_LITERAL("Zürich"));
    test_set(test, TEST_ROOM, DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, BYTES_LITERAL("12"));
    test_set(test, TEST_STAFF, DIRECTORY_ATTRIBUTE_MANAGED_BY, bytes_of(&ada, sizeof ada));
}

static inline void test_fill(struct test_directory *test)
{
    static const struct directory_type type = {.organization = test_organization, .find = test_find, .entries = test_entries,
        .find_entry = test_find_entry, .set_values = test_set_values, .change_members = test_change_members,
        .has_right = test_has_right, .change_right = test_change_right, .actors = test_actors, .address_lists = test_address_lists, .version = test_version, .close = test_close};
    static const char *const ada[] = {"ada@example.org", "a.lovelace@example.org", NULL}, *const bob[] = {"bob@example.org", NULL},
        *const emile[] = {"emile@example.org", NULL}, *const hidden[] = {"hidden@example.org", NULL},
        *const shared[] = {"info@example.org", NULL}, *const room[] = {"room@example.org", NULL},
        *const equipment[] = {"beamer@example.org", NULL}, *const contact[] = {"zoe@elsewhere.example", NULL},
        *const staff[] = {"staff@example.org", NULL}, *const empty[] = {"empty@example.org", NULL},
        *const dynamic[] = {"everybody@example.org", NULL}, *const old[] = {"/o=Old/ou=Site/cn=Recipients/cn=ada"};
    *test = (struct test_directory){.directory = {&type}, .version = 1, .manage_right = -1};
    test_add(test, TEST_ADA, DIRECTORY_USER, "ada", "Ada Lovelace", ada, TEST_DN("ada"));
    test_add(test, TEST_BOB, DIRECTORY_USER, "bob", "Bob", bob, TEST_DN("bob"));
    test_add(test, TEST_EMILE, DIRECTORY_USER, "emile", "Émile Zürcher", emile, TEST_DN("emile"));
    test_add(test, TEST_HIDDEN, DIRECTORY_USER, "hidden", "Hidden One", hidden, TEST_DN("hidden"));
    test_add(test, TEST_SHARED, DIRECTORY_SHARED_MAILBOX, "info", "Information", shared, TEST_DN("info"));
    test_add(test, TEST_ROOM, DIRECTORY_ROOM, "room", "Room 1", room, TEST_DN("room"));
    test_add(test, TEST_EQUIPMENT, DIRECTORY_EQUIPMENT, "beamer", "Beamer", equipment, TEST_DN("beamer"));
    test_add(test, TEST_CONTACT, DIRECTORY_CONTACT, "zoe", "Zoe Outside", contact, TEST_DN("zoe"));
    test_add(test, TEST_STAFF, DIRECTORY_GROUP, "staff", "Staff", staff, TEST_DN("staff"));
    test_add(test, TEST_EMPTY_GROUP, DIRECTORY_GROUP, "empty", "Empty", empty, TEST_DN("empty"));
    test_add(test, TEST_DYNAMIC, DIRECTORY_DYNAMIC_GROUP, "everybody", "Everybody", dynamic, TEST_DN("everybody"));
    test->entries[TEST_ADA].old_legacy_dns = old;
    test->entries[TEST_ADA].old_legacy_dn_count = 1;
    test->entries[TEST_HIDDEN].hidden = true;
    test->entries[TEST_DYNAMIC].rule = "(kind=user)";
    test->members[TEST_STAFF][0] = test_id(TEST_BOB);
    test->members[TEST_STAFF][1] = test_id(TEST_CONTACT);
    test->entries[TEST_STAFF].member_count = 2;
    test_fill_values(test);
}

/* Everything a request needs; test_world_free() in the end. */
struct test_world {
    struct test_directory test;
    struct address_book_cache *cache;
    struct arena arena;
    struct directory_user user;
    struct nspi_call call;
};

static inline void test_world_as(struct test_world *world, enum test_entry entry, bool administrator)
{
    const struct directory_entry *own = &world->test.entries[entry];
    world->user = (struct directory_user){.id = own->id, .mailbox_guid = own->mailbox_guid, .kind = own->kind,
        .account = own->account, .display_name = own->display_name, .address = own->address, .legacy_dn = own->legacy_dn,
        .enabled = true, .administrator = administrator};
}

/* The book as it is now. */
static inline void test_world_refresh(struct test_world *world)
{
    if (world->call.book)
        address_book_release(world->call.book);
    world->call.book = address_book_acquire(world->cache);
    world->call.whole = NULL;
}

static inline bool test_world_make(struct test_world *world)
{
    memset(world, 0, sizeof *world);
    test_fill(&world->test);
    world->cache = address_book_cache_new(&world->test.directory);
    if (!world->cache)
        return false;
    world->call = (struct nspi_call){.arena = &world->arena, .directory = &world->test.directory, .user = &world->user,
        .server_guid = {{0x77, 1, 2, 3}},
        .mailbox_url = "https://mail.example.org/mapi/emsmdb/?MailboxId=a0000000-0000-4000-8000-000000000000@example.org",
        .address_book_url = "https://mail.example.org/mapi/nspi/?MailboxId=a0000000-0000-4000-8000-000000000000@example.org"};
    test_world_as(world, TEST_ADA, false);
    test_world_refresh(world);
    return world->call.book != NULL;
}

static inline void test_world_free(struct test_world *world)
{
    if (world->call.book)
        address_book_release(world->call.book);
    address_book_cache_free(world->cache);
    arena_free(&world->arena);
    arena_free(&world->test.arena);
}
