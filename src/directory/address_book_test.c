#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "directory/address_book.h"
#include "directory/fake_directory.h"
#include "directory/text_collation.h"

#define ENGLISH 0x0409u
#define GERMAN 0x0407u
#define GERMAN_PHONE_BOOK 0x10407u
#define SWEDISH 0x041Du
#define JAPANESE 0x0411u

struct fixture {
    struct fake_directory *fake;
    struct address_book_cache *cache;
    struct address_book *book;
};

static void japanese(struct fake_directory *fake, const char *account, const char *name, const char *phonetic)
{
    fake_set_text(fake, fake_add(fake, DIRECTORY_USER, account, name), DIRECTORY_ATTRIBUTE_PHONETIC_DISPLAY_NAME, phonetic);
}

/* A small directory of many languages. */
static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct fake_directory *fake = fixture->fake = fake_directory_new();
    static const char *const users[][2] = {
        {"zoe", "Zoë Zander"}, {"ake", "Åke Ärlig"}, {"adam", "Adam Adamsson"}, {"otto", "Otto Weiss"}, {"oskar", "Oskar Weiß"},
        {"orjan", "Örjan Öberg"}, {"alexis", "Αλέξης Παπαδόπουλος"}, {"obrien", "Pat O'Brien"}, {"obrion", "Pat Obrion"},
        {"jean", "Jean-Luc Picard"}, {"ann", "Ann Lee"}, {"anna", "Ann Leeson"}, {"co-op", "co op"},
        {"soren", "Søren Ångström"}, {"mike1", "Mike Smith"}, {"mike2", "Mike Smith"},
    };
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        fake_add(fake, DIRECTORY_USER, users[i][0], users[i][1]);
    japanese(fake, "yamada", "山田 太郎", "やまだ たろう");
    japanese(fake, "aoki", "青木 花子", "アオキ ハナコ");
    japanese(fake, "suzuki", "鈴木 一郎", "すずき いちろう");
    fake_set_text(fake, fake_find(fake, "otto"), DIRECTORY_ATTRIBUTE_OFFICE, "Building 7");
    struct fake_entry *room = fake_add(fake, DIRECTORY_ROOM, "atrium", "Atrium"), *group, *all, *hidden;
    fake_set_text(fake, room, DIRECTORY_ATTRIBUTE_DEPARTMENT, "Facilities");
    hidden = fake_add(fake, DIRECTORY_USER, "ghost", "Ghost Writer");
    hidden->hidden = true;
    group = fake_add(fake, DIRECTORY_GROUP, "nordics", "Nordics");
    fake_add_member(fake, group, fake_find(fake, "orjan"));
    fake_add_member(fake, group, fake_find(fake, "ake"));
    fake_add_member(fake, group, fake_find(fake, "ghost"));
    fake_add_member(fake, group, fake_find(fake, "ake")); /* twice */
    struct fake_entry nobody = {.id = {{1, 2, 3}}};
    fake_add_member(fake, group, &nobody);
    all = fake_add(fake, DIRECTORY_GROUP, "all", "All Groups");
    fake_add_member(fake, all, group);
    fake_add_member(fake, all, fake_find(fake, "ake"));
    strcpy(fake_find(fake, "adam")->old_dn, "/o=Old/ou=First/cn=Recipients/cn=ADAM");
    strcpy(fake_find(fake, "zoe")->other_address, "zander@example.net");
    fake_set(fake, fake_find(fake, "otto"), DIRECTORY_ATTRIBUTE_MANAGER, &fake_find(fake, "zoe")->id, 16);
    fake_set(fake, fake_find(fake, "ann"), DIRECTORY_ATTRIBUTE_MANAGER, &fake_find(fake, "zoe")->id, 16);
    fixture->cache = address_book_cache_new(&fake->directory);
    fixture->book = address_book_acquire(fixture->cache);
    assert_non_null(fixture->book);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    address_book_release(fixture->book);
    address_book_cache_free(fixture->cache);
    directory_close(&fixture->fake->directory);
    free(fixture);
    return 0;
}

static void read_again(struct fixture *fixture)
{
    address_book_release(fixture->book);
    fixture->book = address_book_acquire(fixture->cache);
    assert_non_null(fixture->book);
}

static uint32_t index_of(struct fixture *fixture, const char *account)
{
    uint32_t index = address_book_find_account(fixture->book, account);
    assert_int_not_equal(index, ADDRESS_BOOK_NONE);
    return index;
}

/* The accounts of a list, joined by blanks. */
static const char *accounts(struct fixture *fixture, uint32_t count, const uint32_t *indexes)
{
    static char text[4096];
    size_t size = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", i ? " " : "",
                                 address_book_entry(fixture->book, indexes[i])->account);
    return text;
}

static const char *list_accounts(struct fixture *fixture, struct address_book_list list)
{
    return accounts(fixture, list.count, list.indexes);
}

static const char *order(struct fixture *fixture, enum address_book_sort sort, uint32_t lcid)
{
    return list_accounts(fixture, address_book_order(fixture->book, 0, sort, lcid));
}

static const char *resolve(struct fixture *fixture, const char *name)
{
    uint32_t indexes[64];
    return accounts(fixture, address_book_resolve(fixture->book, 0, ENGLISH, name, 64, indexes), indexes);
}

static void entries_are_found(void **state)
{
    struct fixture *fixture = *state;
    struct address_book *book = fixture->book;
    uint32_t adam = index_of(fixture, "ADAM");
    const struct directory_entry *entry = address_book_entry(book, adam);
    assert_string_equal(entry->display_name, "Adam Adamsson");
    assert_int_equal(address_book_find_number(book, entry->number), adam);
    assert_int_equal(address_book_find_id(book, entry->id), adam);
    assert_int_equal(address_book_find_dn(book, entry->legacy_dn), adam);
    assert_int_equal(address_book_find_dn(book, "/O=OLD/ou=first/cn=recipients/cn=adam"), adam);
    assert_int_equal(address_book_find_address(book, "Adam@Example.Org"), adam);
    assert_int_equal(address_book_find_address(book, "ZANDER@example.net"), index_of(fixture, "zoe"));
    assert_int_equal(address_book_find_address(book, ""), ADDRESS_BOOK_NONE);
    assert_int_equal(address_book_find_address(book, "nobody@example.org"), ADDRESS_BOOK_NONE);
    assert_int_equal(address_book_find_number(book, 0), ADDRESS_BOOK_NONE);
    assert_int_equal(address_book_find_number(book, UINT32_MAX), ADDRESS_BOOK_NONE);
    assert_int_equal(address_book_find_dn(book, "/o=Old"), ADDRESS_BOOK_NONE);
    assert_int_equal(address_book_find_id(book, (struct guid){{0}}), ADDRESS_BOOK_NONE);
    for (uint32_t i = 1; i < address_book_count(book); i++)
        assert_true(memcmp(address_book_entry(book, i - 1)->id.data, address_book_entry(book, i)->id.data, 16) < 0);
}

/* MS-OXNSPI R481 R482 R494 R496: case and accents do not count; the default locale heeds punctuation, others do not. */
static void orders_follow_the_locale(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(order(fixture, ADDRESS_BOOK_DISPLAY_NAME, ENGLISH),
                        "adam ake all ann anna atrium co-op jean mike1 mike2 nordics orjan oskar otto obrien obrion soren zoe "
                        "alexis yamada suzuki aoki");
}

static uint32_t position(struct fixture *fixture, uint32_t lcid, const char *account)
{
    return address_book_position(fixture->book, 0, ADDRESS_BOOK_DISPLAY_NAME, lcid, index_of(fixture, account));
}

/* Å, Ä and Ö end the Swedish alphabet; in German they are A and O; in the German phone book Ö is OE. */
static void languages_differ(void **state)
{
    struct fixture *fixture = *state;
    assert_true(position(fixture, SWEDISH, "ake") > position(fixture, SWEDISH, "zoe"));
    assert_true(position(fixture, SWEDISH, "orjan") > position(fixture, SWEDISH, "ake"));
    assert_true(position(fixture, GERMAN, "ake") < position(fixture, GERMAN, "all"));
    assert_true(position(fixture, GERMAN, "orjan") < position(fixture, GERMAN, "oskar"));
    assert_true(position(fixture, GERMAN, "oskar") < position(fixture, GERMAN, "otto"));
    assert_true(position(fixture, GERMAN_PHONE_BOOK, "orjan") < position(fixture, GERMAN_PHONE_BOOK, "oskar"));
    /* What nobody speaks sorts as English. */
    char english[4096];
    strcpy(english, order(fixture, ADDRESS_BOOK_DISPLAY_NAME, ENGLISH));
    assert_string_equal(order(fixture, ADDRESS_BOOK_DISPLAY_NAME, 0xFFFFFFFF), english);
    assert_string_equal(order(fixture, ADDRESS_BOOK_DISPLAY_NAME, 0), english);
    assert_int_equal(position(fixture, ENGLISH, "ghost"), ADDRESS_BOOK_NONE);
}

/* MS-OXNSPI R95 R495: by how names are spoken; hiragana and katakana are the same sounds. */
static void phonetic_order(void **state)
{
    struct fixture *fixture = *state;
    uint32_t at[3];
    static const char *const spoken[] = {"aoki", "suzuki", "yamada"};
    for (unsigned i = 0; i < 3; i++)
        at[i] = address_book_position(fixture->book, 0, ADDRESS_BOOK_PHONETIC_DISPLAY_NAME, JAPANESE,
                                      index_of(fixture, spoken[i]));
    assert_true(at[0] < at[1] && at[1] < at[2]);
    assert_int_equal(address_book_order(fixture->book, 0, ADDRESS_BOOK_PHONETIC_DISPLAY_NAME, JAPANESE).count,
                     address_book_order(fixture->book, 0, ADDRESS_BOOK_DISPLAY_NAME, JAPANESE).count);
}

static const char *sought(struct fixture *fixture, uint32_t lcid, const char *text)
{
    struct address_book_list list = address_book_order(fixture->book, 0, ADDRESS_BOOK_DISPLAY_NAME, lcid);
    uint32_t found = address_book_seek(fixture->book, 0, ADDRESS_BOOK_DISPLAY_NAME, lcid, text);
    return found == list.count ? "end" : address_book_entry(fixture->book, list.indexes[found])->account;
}

static void seek_finds_the_first_at_or_after(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(sought(fixture, ENGLISH, ""), "adam");
    assert_string_equal(sought(fixture, ENGLISH, "AN"), "ann");
    assert_string_equal(sought(fixture, ENGLISH, "ann lees"), "anna");
    assert_string_equal(sought(fixture, ENGLISH, "mike smith"), "mike1");
    assert_string_equal(sought(fixture, ENGLISH, "AKE arlig"), "ake");
    assert_string_equal(sought(fixture, ENGLISH, "Oskar Weiss"), "oskar");
    assert_string_equal(sought(fixture, ENGLISH, "zz"), "alexis");
    assert_string_equal(sought(fixture, ENGLISH, "龠"), "end"); /* beyond all that is there */
    assert_string_equal(sought(fixture, SWEDISH, "å"), "ake");
    /* MS-OXNSPI R488: what is shorter comes first; so each name finds itself. */
    struct address_book_list list = address_book_order(fixture->book, 0, ADDRESS_BOOK_DISPLAY_NAME, ENGLISH);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct directory_entry *entry = address_book_entry(fixture->book, list.indexes[i]);
        uint32_t found = address_book_seek(fixture->book, 0, ADDRESS_BOOK_DISPLAY_NAME, ENGLISH, entry->display_name);
        assert_string_equal(address_book_entry(fixture->book, list.indexes[found])->display_name, entry->display_name);
    }
}

/* MS-OXNSPI R612 R615: what people type. */
static void names_are_resolved(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cases[][2] = {
        {"adam", "adam"}, {"ADA", "adam"}, {"adamsson adam", "adam"}, {"  adam a  ", "adam"}, {"adam x", ""}, {"adam smith", ""},
        {"ake", "ake"}, {"Åke", "ake"}, {"ärl", "ake"}, {"weiss", "oskar otto"}, {"weiß o", "oskar otto"},
        {"αλεξ", "alexis"}, {"ΠΑΠΑ", "alexis"}, {"o'brien", "obrien"}, {"obri", "obrien obrion"}, {"O\xE2\x80\x99" "Brien", "obrien"},
        {"jean-l", "jean"}, {"picard", "jean"}, {"jean luc", "jean"}, {"Lee, Ann", "ann anna"},
        {"Ann Lee", "ann"}, /* the whole name of one is the beginning of another's */
        {"mike smith", "mike1 mike2"}, {"smith mike", "mike1 mike2"},
        {"=mike2", "mike2"}, {"=mike", ""}, {"=Adam Adamsson", "adam"},
        {"mike1@example.org", "mike1"}, {"SMTP:MIKE2@example.org", "mike2"}, {"smtp:nobody@example.org", ""},
        {"mike1@ex", "mike1"}, {"zander@example.net", "zoe"}, {"nobody@example.org", ""},
        {"/o=old/ou=first/cn=recipients/cn=adam", "adam"}, {"EX:/o=old/ou=first/cn=recipients/cn=adam", "adam"},
        {"/o=old", ""}, {"building 7", "otto"}, {"やまだ", "yamada"}, {"ヤマダ", "yamada"}, {"山田", "yamada"},
        {"ghost", ""}, {"ghost@example.org", "ghost"}, {"co-op", "co-op"}, {"nordics", "nordics"},
        {"", ""}, {"   ", ""}, {"-", ""}, {"'", ""}, {"=", ""}, {"@", ""}, {"SMTP:", ""}, {"EX:", ""}, {"\xFF\xFE", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(resolve(fixture, cases[i][0]), cases[i][1]) != 0)
            fail_msg("'%s' gives '%s', not '%s'", cases[i][0], resolve(fixture, cases[i][0]), cases[i][1]);
}

static void long_names_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static char name[100000];
    memset(name, 'a', sizeof name - 1);
    assert_string_equal(resolve(fixture, name), "");
    for (size_t i = 0; i + 1 < 500; i += 2)
        memcpy(name + i, "a ", 2);
    name[500] = '\0';
    assert_string_equal(resolve(fixture, "a a a a a a a a a a a a a a a a a a a a adam"), resolve(fixture, "a"));
    assert_string_equal(resolve(fixture, name), resolve(fixture, "a"));
    uint32_t two[2];
    assert_int_equal(address_book_resolve(fixture->book, 0, ENGLISH, "a", 2, two), 2);
    assert_int_equal(address_book_resolve(fixture->book, 0, ENGLISH, "a", 0, NULL), 0);
}

static void groups_and_managers(void **state)
{
    struct fixture *fixture = *state;
    struct address_book *book = fixture->book;
    assert_string_equal(list_accounts(fixture, address_book_members(book, index_of(fixture, "nordics"))), "ake ghost orjan");
    assert_string_equal(list_accounts(fixture, address_book_members(book, index_of(fixture, "all"))), "ake nordics");
    assert_string_equal(list_accounts(fixture, address_book_groups_of(book, index_of(fixture, "ake"))), "all nordics");
    assert_string_equal(list_accounts(fixture, address_book_groups_of(book, index_of(fixture, "adam"))), "");
    assert_string_equal(list_accounts(fixture, address_book_reports(book, index_of(fixture, "zoe"))), "ann otto");
    assert_string_equal(list_accounts(fixture, address_book_members(book, index_of(fixture, "adam"))), "");
}

static void rules_fill_lists_and_groups(void **state)
{
    struct fixture *fixture = *state;
    fake_add_list(fixture->fake, "All Rooms", "(kind=room)");
    fake_add_list(fixture->fake, "Northerners", "(memberOf=nordics)");
    fake_add_list(fixture->fake, "Broken", "(((");
    struct fake_entry *group = fake_add(fixture->fake, DIRECTORY_DYNAMIC_GROUP, "mikes", "Mikes");
    strcpy(group->rule, "(alias=mike*)");
    read_again(fixture);
    struct address_book *book = fixture->book;
    assert_int_equal(address_book_container_count(book), 4);
    assert_string_equal(list_accounts(fixture, address_book_order(book, 1, ADDRESS_BOOK_DISPLAY_NAME, ENGLISH)), "atrium");
    assert_string_equal(list_accounts(fixture, address_book_order(book, 2, ADDRESS_BOOK_DISPLAY_NAME, ENGLISH)), "ake orjan");
    assert_string_equal(list_accounts(fixture, address_book_order(book, 2, ADDRESS_BOOK_DISPLAY_NAME, SWEDISH)), "ake orjan");
    assert_int_equal(address_book_order(book, 3, ADDRESS_BOOK_DISPLAY_NAME, ENGLISH).count, 0);
    assert_string_equal(list_accounts(fixture, address_book_members(book, index_of(fixture, "mikes"))), "mike1 mike2");
    uint32_t found[4];
    assert_int_equal(address_book_resolve(book, 2, ENGLISH, "a", 4, found), 1);
    assert_int_equal(address_book_resolve(book, 2, ENGLISH, "adam@example.org", 4, found), 0);
    for (uint32_t i = 1; i < 4; i++) {
        uint32_t number = address_book_container(book, i)->number;
        assert_true(number >= DIRECTORY_NUMBER_MIN);
        assert_int_equal(address_book_find_container(book, number), i);
        assert_int_equal(address_book_find_number(book, number), ADDRESS_BOOK_NONE);
    }
    assert_int_equal(address_book_find_container(book, 0), 0);
    assert_int_equal(address_book_find_container(book, 1), ADDRESS_BOOK_NONE);
}

/* Everything a book says must be the same whether it was made from the one before it or from nothing. */
static void assert_same(struct address_book *one, struct address_book *other)
{
    static const uint32_t locales[] = {ENGLISH, SWEDISH, JAPANESE};
    static const char *const names[] = {"a", "ann", "mike smith", "weiss", "user 7", "example"};
    assert_int_equal(address_book_count(one), address_book_count(other));
    for (uint32_t i = 0; i < address_book_count(one); i++) {
        struct address_book_list members = address_book_members(one, i), others = address_book_members(other, i);
        assert_string_equal(address_book_entry(one, i)->display_name, address_book_entry(other, i)->display_name);
        assert_int_equal(members.count, others.count);
        if (members.count)
            assert_memory_equal(members.indexes, others.indexes, members.count * 4);
    }
    for (unsigned i = 0; i < 6; i++) {
        struct address_book_list list = address_book_order(one, 0, i & 1, locales[i / 2]);
        struct address_book_list another = address_book_order(other, 0, i & 1, locales[i / 2]);
        assert_int_equal(list.count, another.count);
        assert_memory_equal(list.indexes, another.indexes, list.count * 4);
    }
    for (unsigned i = 0; i < 6; i++) {
        uint32_t found[2][512];
        uint32_t count = address_book_resolve(one, 0, ENGLISH, names[i], 512, found[0]);
        assert_int_equal(count, address_book_resolve(other, 0, ENGLISH, names[i], 512, found[1]));
        assert_memory_equal(found[0], found[1], count * 4);
    }
}

static void changed_books_equal_new_ones(void **state)
{
    struct fixture *fixture = *state;
    struct fake_directory *fake = fixture->fake;
    unsigned seed = 42;
    for (unsigned round = 0; round < 60; round++) {
        char account[32], name[64];
        for (unsigned i = rand_r(&seed) % 4; i; i--) {
            snprintf(account, sizeof account, "user%u-%u", round, i);
            snprintf(name, sizeof name, "%s %u", rand_r(&seed) % 2 ? "User" : "Änn Üser", rand_r(&seed) % 100);
            fake_add(fake, DIRECTORY_USER, account, name);
        }
        if (fake->count > 10 && rand_r(&seed) % 2)
            fake_rename(fake, fake->entries[rand_r(&seed) % fake->count], rand_r(&seed) % 2 ? "Ann Other" : "Zeta");
        if (fake->count > 10 && rand_r(&seed) % 3 == 0)
            fake_remove(fake, fake->entries[rand_r(&seed) % fake->count]);
        struct address_book *before = fixture->book;
        fixture->book = address_book_acquire(fixture->cache);
        address_book_release(before);
        struct address_book_cache *fresh_cache = address_book_cache_new(&fake->directory);
        struct address_book *fresh = address_book_acquire(fresh_cache);
        assert_int_equal(address_book_version(fixture->book), address_book_version(fresh));
        assert_same(fixture->book, fresh);
        address_book_release(fresh);
        address_book_cache_free(fresh_cache);
    }
}

static void small_books_are_fresh_and_old_ones_live_on(void **state)
{
    struct fixture *fixture = *state;
    struct address_book *same = address_book_acquire(fixture->cache);
    assert_ptr_equal(same, fixture->book);
    address_book_release(same);
    fake_rename(fixture->fake, fake_find(fixture->fake, "adam"), "Bertram");
    struct address_book *next = address_book_acquire(fixture->cache);
    assert_ptr_not_equal(next, fixture->book);
    assert_string_equal(address_book_entry(fixture->book, index_of(fixture, "adam"))->display_name, "Adam Adamsson");
    assert_string_equal(address_book_entry(next, address_book_find_account(next, "adam"))->display_name, "Bertram");
    /* Those that did not change are the same memory. */
    uint32_t zoe = address_book_find_account(next, "zoe");
    assert_ptr_equal(address_book_entry(next, zoe), address_book_entry(fixture->book, index_of(fixture, "zoe")));
    /* A directory that cannot be read leaves what was known. */
    fake_rename(fixture->fake, fake_find(fixture->fake, "adam"), "Caesar");
    fixture->fake->broken = true;
    same = address_book_acquire(fixture->cache);
    assert_ptr_equal(same, next);
    address_book_release(same);
    address_book_release(next);
    struct address_book_cache *cache = address_book_cache_new(&fixture->fake->directory);
    assert_null(address_book_acquire(cache));
    fixture->fake->broken = false;
    next = address_book_acquire(cache);
    assert_string_equal(address_book_entry(next, address_book_find_account(next, "adam"))->display_name, "Caesar");
    address_book_release(next);
    address_book_cache_free(cache);
}

static void large_books_may_be_stale(void **state)
{
    struct fake_directory *fake = fake_directory_new();
    char account[32], name[64];
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(account, sizeof account, "user%u", i);
        snprintf(name, sizeof name, "User %u", i * 7919 % 3000);
        fake_add(fake, DIRECTORY_USER, account, name);
    }
    struct address_book_cache *cache = address_book_cache_new(&fake->directory);
    struct address_book *book = address_book_acquire(cache), *next;
    for (unsigned i = 0; i < 20; i++) {
        fake_rename(fake, fake->entries[0], i % 2 ? "Last" : "First");
        next = address_book_acquire(cache);
        address_book_release(next);
    }
    assert_true(atomic_load(&fake->reads) < 20); /* not at every change */
    for (unsigned waited_ms = 0; waited_ms < 20000; waited_ms += 5) {
        next = address_book_acquire(cache);
        bool fresh = address_book_version(next) == directory_version(&fake->directory);
        address_book_release(next);
        if (fresh)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    next = address_book_acquire(cache);
    assert_int_equal(address_book_version(next), directory_version(&fake->directory)); /* but soon */
    address_book_release(next);
    address_book_release(book);
    address_book_cache_free(cache);
    directory_close(&fake->directory);
}

/* Many threads read while the directory changes. */
struct readers {
    struct address_book_cache *cache;
    atomic_bool stop;
    atomic_uint wrong;
};

static void *read_on(void *argument)
{
    struct readers *readers = argument;
    static const uint32_t locales[] = {ENGLISH, SWEDISH, GERMAN, JAPANESE};
    for (unsigned i = 0; !atomic_load(&readers->stop); i++) {
        struct address_book *book = address_book_acquire(readers->cache);
        struct address_book_list list = address_book_order(book, i % 2, i / 2 % 2, locales[i % 4]);
        uint32_t found[8];
        for (uint32_t j = 0; j < list.count; j += 7)
            if (address_book_position(book, i % 2, i / 2 % 2, locales[i % 4], list.indexes[j]) != j)
                atomic_fetch_add(&readers->wrong, 1);
        address_book_resolve(book, 0, locales[i % 4], "mike", 8, found);
        address_book_members(book, address_book_find_account(book, "mikes"));
        address_book_release(book);
    }
    return NULL;
}

static void many_threads(void **state)
{
    struct fixture *fixture = *state;
    fake_add_list(fixture->fake, "All Users", "(kind=user)");
    strcpy(fake_add(fixture->fake, DIRECTORY_DYNAMIC_GROUP, "mikes", "Mikes")->rule, "(alias=mike*)");
    struct readers readers = {.cache = fixture->cache};
    pthread_t threads[8];
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers), 0);
    for (unsigned i = 0; i < 200; i++) {
        fake_rename(fixture->fake, fake_find(fixture->fake, "adam"), i % 2 ? "Mike A" : "Adam Mike");
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    atomic_store(&readers.stop, true);
    for (unsigned i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(readers.wrong, 0);
}

static void an_empty_directory(void **state)
{
    struct fake_directory *fake = fake_directory_new();
    struct address_book_cache *cache = address_book_cache_new(&fake->directory);
    struct address_book *book = address_book_acquire(cache);
    uint32_t found[2];
    assert_non_null(book);
    assert_int_equal(address_book_count(book), 0);
    assert_int_equal(address_book_order(book, 0, ADDRESS_BOOK_DISPLAY_NAME, SWEDISH).count, 0);
    assert_int_equal(address_book_seek(book, 0, ADDRESS_BOOK_DISPLAY_NAME, ENGLISH, "a"), 0);
    assert_int_equal(address_book_resolve(book, 0, ENGLISH, "a", 2, found), 0);
    address_book_release(book);
    address_book_cache_free(cache);
    directory_close(&fake->directory);
}

static void keys_begin_as_their_beginnings(void **state)
{
    struct text_collation *collation = text_collation_open_for_matching();
    static const char *const text = "Ærøskøbing, 山田 太郎 Αλέξης O'Brien Straße ﬁn 12345 ガギグ";
    struct buffer whole = {0}, part = {0};
    assert_true(text_collation_match_key(collation, bytes_of_string(text), &whole));
    for (size_t size = 0; size <= strlen(text); size++) {
        if ((text[size] & 0xC0) == 0x80)
            continue;
        buffer_clear(&part);
        assert_true(text_collation_match_key(collation, bytes_of(text, size), &part));
        assert_true(part.size <= whole.size && memcmp(part.data ? part.data : (uint8_t *)"", whole.data, part.size) == 0);
    }
    buffer_free(&whole);
    buffer_free(&part);
    text_collation_close(collation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(orders_follow_the_locale, set_up, tear_down),
        cmocka_unit_test_setup_teardown(languages_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(phonetic_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(seek_finds_the_first_at_or_after, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_resolved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_names_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(groups_and_managers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rules_fill_lists_and_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changed_books_equal_new_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_books_are_fresh_and_old_ones_live_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_threads, set_up, tear_down),
        cmocka_unit_test(large_books_may_be_stale),
        cmocka_unit_test(an_empty_directory),
        cmocka_unit_test(keys_begin_as_their_beginnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
