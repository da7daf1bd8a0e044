/* Generations in a folder: what is published is whole, whatever happens in between. */
#include "oab/publication.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/filetime.h"
#include "directory/fake_directory.h"
#include "nspi/property.h"
#include "oab/difference.h"
#include "oab/languages.h"
#include "oab/mapping.h"

struct fixture {
    char parent[64], folder[96];
    struct fake_directory *fake;
    struct directory_type type; /* the fake's, with large values */
    struct address_book_cache *cache;
    struct arena arena;
    struct oab_publication publication;
};

#define PHOTO_SIZE 3000u
static const uint8_t photo[PHOTO_SIZE] = {0xFF, 0xD8, 1, 2, 3};

/* 'ada' has a photo and a certificate. */
static enum directory_status find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                        const char *value, struct directory_entry *ret_entry)
{
    struct fake_directory *fake = (struct fake_directory *)directory;
    static const struct bytes photo_item = {photo, PHOTO_SIZE}, certificate_item = {photo, 100};
    static const struct directory_value values[] = {
        {DIRECTORY_ATTRIBUTE_PHOTO, 1, &photo_item}, {DIRECTORY_ATTRIBUTE_CERTIFICATE, 1, &certificate_item}};
    assert_int_equal(key, DIRECTORY_KEY_ID);
    for (uint32_t i = 0; i < fake->count; i++) {
        char id[GUID_TEXT_SIZE];
        guid_format(fake->entries[i]->id, id);
        if (strcmp(id, value) != 0)
            continue;
        fake_copy(arena, fake->entries[i], ret_entry);
        if (strcmp(fake->entries[i]->account, "ada") == 0) {
            ret_entry->values = values;
            ret_entry->value_count = 2;
        }
        return DIRECTORY_OK;
    }
    return DIRECTORY_NOT_FOUND;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->parent, "/tmp/oab_publication_XXXXXX");
    assert_non_null(mkdtemp(fixture->parent));
    snprintf(fixture->folder, sizeof fixture->folder, "%s/book", fixture->parent);
    fixture->fake = fake_directory_new();
    fixture->type = *fixture->fake->directory.type;
    fixture->type.find_entry = find_entry;
    fixture->fake->directory.type = &fixture->type;
    fixture->cache = address_book_cache_new(&fixture->fake->directory);
    fixture->publication = (struct oab_publication){
        .folder = fixture->folder, .source = {.directory = &fixture->fake->directory, .certificates = true},
        .list_name = "\\Global Address List", .difference_count_max = 3, .retain_s = 3600};
    fixture->publication.languages = oab_languages(&fixture->arena, &fixture->publication.language_count);
    assert_non_null(fixture->publication.languages);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", fixture->parent);
    assert_int_equal(system(command), 0);
    address_book_cache_free(fixture->cache);
    directory_close(&fixture->fake->directory);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static struct oab_published publish(struct fixture *fixture)
{
    struct oab_published published;
    fixture->publication.source.book = address_book_acquire(fixture->cache);
    assert_int_equal(oab_publish(&fixture->publication, &published), OAB_OK);
    address_book_release(fixture->publication.source.book);
    return published;
}

static void add_people(struct fixture *fixture, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        char account[32], name[64];
        snprintf(account, sizeof account, "user%u", i);
        snprintf(name, sizeof name, "Person Number %u", i);
        struct fake_entry *entry = fake_add(fixture->fake, DIRECTORY_USER, account, name);
        fake_set_text(fixture->fake, entry, DIRECTORY_ATTRIBUTE_TITLE, "Analyst");
        fake_set_text(fixture->fake, entry, DIRECTORY_ATTRIBUTE_TELEPHONE, account);
    }
}

/* --- looking at a folder --- */

static bool map_name(struct fixture *fixture, const char *name, struct oab_mapping *mapping)
{
    const char *path = arena_format(&fixture->arena, "%s/%s", fixture->folder, name);
    return oab_mapping_open(-1, path, mapping);
}

static struct oab_manifest read_manifest(struct fixture *fixture)
{
    struct oab_manifest manifest;
    struct oab_mapping mapping;
    assert_true(map_name(fixture, OAB_MANIFEST_NAME, &mapping));
    assert_true(oab_manifest_read(&fixture->arena, mapping.bytes, &manifest));
    oab_mapping_close(&mapping);
    assert_int_equal(manifest.list_count, 1);
    return manifest;
}

static struct oab_mapping expand_file(struct fixture *fixture, const struct oab_file *file)
{
    struct oab_mapping compressed, content;
    FILE *target = tmpfile();
    assert_true(map_name(fixture, file->name, &compressed));
    assert_int_equal(oab_expand(compressed.bytes, fileno(target)), OAB_OK);
    assert_true(oab_mapping_of(fileno(target), &content));
    assert_int_equal(content.bytes.size, file->content_size);
    oab_mapping_close(&compressed);
    fclose(target);
    return content;
}

/* Every file that the manifest names is there, whole and right. */
static struct oab_manifest check_folder(struct fixture *fixture)
{
    struct oab_manifest manifest = read_manifest(fixture);
    for (uint32_t i = 0; i < manifest.lists[0].file_count; i++) {
        const struct oab_file *file = &manifest.lists[0].files[i];
        struct oab_mapping mapping;
        char hash[OAB_HASH_TEXT_SIZE];
        assert_true(map_name(fixture, file->name, &mapping));
        assert_int_equal(mapping.bytes.size, file->size);
        oab_hash(mapping.bytes, hash);
        assert_string_equal(hash, file->hash);
        oab_mapping_close(&mapping);
        if (file->kind == OAB_DIFFERENCE)
            continue;
        struct oab_mapping content = expand_file(fixture, file);
        const char *problem = NULL;
        struct oab_templates templates;
        if (file->kind == OAB_FULL)
            assert_int_equal(oab_details_verify(content.bytes, &problem), OAB_OK);
        else
            assert_true(oab_template_file_read(&fixture->arena, content.bytes, &templates));
        oab_mapping_close(&content);
    }
    return manifest;
}

static struct oab_mapping full_content(struct fixture *fixture)
{
    struct oab_manifest manifest = read_manifest(fixture);
    return expand_file(fixture, oab_list_newest(&manifest.lists[0]));
}

/* The value of an entry with that address; NULL where there is no such entry. */
static const struct oab_value *find(struct fixture *fixture, struct bytes content, const char *address, uint32_t tag)
{
    struct oab_details details;
    assert_int_equal(oab_details_open(&fixture->arena, content, &details), OAB_OK);
    size_t offset = details.header_end;
    for (uint32_t i = 0; i < details.record_count; i++) {
        const struct oab_value *values;
        assert_int_equal(oab_details_read(&fixture->arena, &details, &offset, &values), OAB_OK);
        if (bytes_equal(values[1].items[0], bytes_of_string(address))) {
            uint32_t index = oab_details_find(&details, tag);
            assert_true(index < details.property_count);
            return &values[index];
        }
    }
    return NULL;
}

/* --- tests --- */

static void test_empty_organization(void **state)
{
    struct fixture *fixture = *state;
    struct oab_published published = publish(fixture);
    assert_true(published.changed);
    assert_int_equal(published.sequence, 1);
    assert_int_equal(published.entry_count, 0);
    struct oab_manifest manifest = check_folder(fixture);
    assert_string_equal(manifest.lists[0].dn, "/");
    assert_string_equal(manifest.lists[0].name, "\\Global Address List");
    assert_null(oab_list_find(&manifest.lists[0], OAB_DIFFERENCE, 1, 0, OAB_WINDOWS));
    assert_non_null(oab_list_find(&manifest.lists[0], OAB_TEMPLATE, 1, 0x409, OAB_WINDOWS));
    assert_non_null(oab_list_find(&manifest.lists[0], OAB_TEMPLATE, 1, 0x409, OAB_MAC));
    assert_non_null(oab_list_find(&manifest.lists[0], OAB_TEMPLATE, 1, 0x407, OAB_WINDOWS));
}

static void test_nothing_new_makes_no_generation(void **state)
{
    struct fixture *fixture = *state;
    add_people(fixture, 0, 20);
    assert_true(publish(fixture).changed);
    struct oab_published again = publish(fixture);
    assert_false(again.changed);
    assert_int_equal(again.sequence, 1);
    fixture->publication.forced = true;
    again = publish(fixture);
    assert_true(again.changed);
    assert_int_equal(again.sequence, 2);
    check_folder(fixture);
    /* other templates are something new too */
    fixture->publication.forced = false;
    fixture->publication.language_count--;
    assert_true(publish(fixture).changed);
    check_folder(fixture);
}

static void test_values_of_entries(void **state)
{
    struct fixture *fixture = *state;
    struct fake_entry *ada = fake_add(fixture->fake, DIRECTORY_USER, "ada", "Ada Lovelace");
    fake_set_text(fixture->fake, ada, DIRECTORY_ATTRIBUTE_OFFICE, "Building 5");
    strcpy(ada->other_address, "countess@example.org");
    strcpy(ada->old_dn, "/o=Old/cn=ada");
    struct fake_entry *hidden = fake_add(fixture->fake, DIRECTORY_USER, "hidden", "Nobody");
    hidden->hidden = true;
    struct fake_entry *bare = fake_add(fixture->fake, DIRECTORY_CONTACT, "bare", "Without address");
    bare->address[0] = 0;
    struct fake_entry *contact = fake_add(fixture->fake, DIRECTORY_CONTACT, "charles", "Charles Babbage");
    strcpy(contact->address, "charles@elsewhere.example");
    struct fake_entry *group = fake_add(fixture->fake, DIRECTORY_GROUP, "all", "Everybody");
    fake_add_member(fixture->fake, group, ada);
    fake_add_member(fixture->fake, group, contact);
    fake_add(fixture->fake, DIRECTORY_PUBLIC_FOLDER_MAILBOX, "folders", "Public Folders");
    assert_int_equal(publish(fixture).entry_count, 3);
    struct oab_mapping content = full_content(fixture);
    assert_null(find(fixture, content.bytes, "hidden@example.org", 0x3001001F));
    assert_null(find(fixture, content.bytes, "folders@example.org", 0x3001001F));
    const struct oab_value *proxies = find(fixture, content.bytes, "ada@example.org", 0x800F101F);
    assert_int_equal(proxies->count, 3);
    assert_true(bytes_equal(proxies->items[0], BYTES_LITERAL("SMTP:ada@example.org")));
    assert_true(bytes_equal(proxies->items[1], BYTES_LITERAL("smtp:countess@example.org")));
    assert_true(bytes_equal(proxies->items[2], BYTES_LITERAL("X500:/o=Old/cn=ada")));
    assert_true(bytes_equal(find(fixture, content.bytes, "ada@example.org", 0x3A19001F)->items[0], BYTES_LITERAL("Building 5")));
    /* the certificate is there, the photo only said to be */
    assert_int_equal(find(fixture, content.bytes, "ada@example.org", 0x8C6A1102)->items[0].size, 100);
    assert_false(find(fixture, content.bytes, "ada@example.org", 0x8C9E0102)->present);
    const struct oab_value *truncated = find(fixture, content.bytes, "ada@example.org", 0x68051003);
    assert_int_equal(truncated->count, 1);
    assert_int_equal(truncated->numbers[0], 0x8C9E0102);
    assert_int_equal(find(fixture, content.bytes, "all@example.org", 0x8CE20003)->number, 2);
    assert_int_equal(find(fixture, content.bytes, "all@example.org", 0x8CE30003)->number, 1);
    assert_int_equal(find(fixture, content.bytes, "all@example.org", 0x0FFE0003)->number, 8);
    assert_true(bytes_equal(find(fixture, content.bytes, "charles@elsewhere.example", 0x8011001F)->items[0],
        BYTES_LITERAL("SMTP:charles@elsewhere.example")));
    assert_false(find(fixture, content.bytes, "all@example.org", 0x8009101E)->present);
    oab_mapping_close(&content);
    fixture->publication.source.photos = true;
    fixture->publication.source.members = true;
    assert_true(publish(fixture).changed);
    content = full_content(fixture);
    assert_int_equal(find(fixture, content.bytes, "ada@example.org", 0x8C9E0102)->items[0].size, PHOTO_SIZE);
    assert_false(find(fixture, content.bytes, "ada@example.org", 0x68051003)->present);
    assert_int_equal(find(fixture, content.bytes, "all@example.org", 0x8009101E)->count, 2);
    const struct oab_value *groups = find(fixture, content.bytes, "ada@example.org", 0x8008101E);
    assert_int_equal(groups->count, 1);
    assert_true(bytes_equal(groups->items[0], find(fixture, content.bytes, "all@example.org", 0x3003001E)->items[0]));
    oab_mapping_close(&content);
}

/* Online and offline say the same: what the address book endpoint gives for each property of the table. */
static void check_against_endpoint(struct fixture *fixture, struct nspi_call *call, uint32_t index, struct oab_record *record)
{
    struct nspi_view view = {.code_page = 65001};
    struct directory_user nobody = {.account = ""};
    struct oab_property const *properties = oab_entry_properties;
    struct oab_details details = {.property_count = oab_entry_property_count, .properties = properties};
    call->user = &nobody;
    const struct oab_value *values;
    details.file = oab_entry_record(&fixture->arena, &fixture->publication.source, index, record);
    size_t offset = 0;
    assert_int_equal(oab_details_read(&fixture->arena, &details, &offset, &values), OAB_OK);
    for (uint32_t i = 0; i < oab_entry_property_count; i++) {
        struct property_value value;
        uint32_t tag = properties[i].tag;
        if (tag == OAB_TAG_TRUNCATED_PROPERTIES || tag >> 16 == 0x8C9E || tag >> 16 == 0x8009 || tag >> 16 == 0x8008)
            continue;
        bool there = nspi_property_value(call, &view, index, (tag & 0xFFFF) == 0x1F ? (tag & ~0xFFFFu) | 0x1E : tag, &value);
        assert_int_equal(there, values[i].present);
        if (!there)
            continue;
        const char *text = nspi_value_text(call, &view, &value);
        if (text)
            assert_true(bytes_equal(values[i].items[0], bytes_of_string(text)));
    }
}

static void test_endpoint_says_the_same(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"Ada Lovelace", "Ren\xC3\xA9 Descartes", "Zo\xC3\xAB", "R", "E", "P", "C", "G"};
    for (unsigned kind = 0; kind < DIRECTORY_KIND_COUNT - 1; kind++) {
        char account[32];
        snprintf(account, sizeof account, "entry%u", kind);
        struct fake_entry *entry = fake_add(fixture->fake, (enum directory_kind)kind, account, names[kind]);
        fake_set_text(fixture->fake, entry, DIRECTORY_ATTRIBUTE_TITLE, "Title \xE2\x82\xAC");
        fake_set_text(fixture->fake, entry, DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, "12");
        fake_set_text(fixture->fake, entry, DIRECTORY_ATTRIBUTE_MAIL_TIP, "is away");
    }
    struct nspi_call call = {.arena = &fixture->arena, .directory = &fixture->fake->directory,
        .mailbox_url = "", .address_book_url = ""};
    struct oab_record record = {0};
    call.book = fixture->publication.source.book = address_book_acquire(fixture->cache);
    assert_int_equal(address_book_count(call.book), DIRECTORY_KIND_COUNT - 1);
    for (uint32_t i = 0; i < address_book_count(call.book); i++)
        check_against_endpoint(fixture, &call, i, &record);
    address_book_release(call.book);
    buffer_free(&record.data);
}

static void test_patches_lead_from_generation_to_generation(void **state)
{
    struct fixture *fixture = *state;
    struct oab_mapping contents[6];
    add_people(fixture, 0, 3000);
    for (unsigned generation = 0; generation < 6; generation++) {
        struct oab_published published = publish(fixture);
        assert_int_equal(published.sequence, generation + 1);
        assert_true(published.difference_size < 20000);
        assert_true((generation > 0) == (published.difference_size > 0));
        contents[generation] = full_content(fixture);
        add_people(fixture, 10000 + 5 * generation, 5);
        fake_remove(fixture->fake, fake_find(fixture->fake, generation % 2 ? "user7" : "user2999"));
        fake_rename(fixture->fake, fake_find(fixture->fake, "user100"), generation % 2 ? "Somebody" : "Somebody Else");
        add_people(fixture, generation % 2 ? 7 : 2999, 1);
    }
    struct oab_manifest manifest = check_folder(fixture);
    /* the last three generations can be reached by patches */
    assert_null(oab_list_find(&manifest.lists[0], OAB_DIFFERENCE, 3, 0, OAB_WINDOWS));
    for (unsigned sequence = 4; sequence <= 6; sequence++) {
        const struct oab_file *file = oab_list_find(&manifest.lists[0], OAB_DIFFERENCE, sequence, 0, OAB_WINDOWS);
        struct oab_mapping patch, made;
        assert_non_null(file);
        assert_true(map_name(fixture, file->name, &patch));
        FILE *target = tmpfile();
        assert_int_equal(oab_apply_patch(patch.bytes, contents[sequence - 2].bytes, fileno(target)), OAB_OK);
        assert_true(oab_mapping_of(fileno(target), &made));
        assert_true(bytes_equal(made.bytes, contents[sequence - 1].bytes));
        oab_mapping_close(&made);
        oab_mapping_close(&patch);
        fclose(target);
    }
    for (unsigned i = 0; i < 6; i++)
        oab_mapping_close(&contents[i]);
}

static void test_damaged_generation_is_not_built_on(void **state)
{
    struct fixture *fixture = *state;
    add_people(fixture, 0, 50);
    publish(fixture);
    struct oab_manifest manifest = read_manifest(fixture);
    const char *path = arena_format(&fixture->arena, "%s/%s", fixture->folder, oab_list_newest(&manifest.lists[0])->name);
    assert_int_equal(truncate(path, 100), 0);
    struct oab_published published = publish(fixture);
    assert_true(published.changed);
    assert_int_equal(published.sequence, 2);
    assert_int_equal(published.difference_size, 0);
    check_folder(fixture);
}

static void remove_file(struct fixture *fixture, const char *name)
{
    assert_int_equal(unlink(arena_format(&fixture->arena, "%s/%s", fixture->folder, name)), 0);
}

static void test_sequence_never_goes_back(void **state)
{
    struct fixture *fixture = *state;
    add_people(fixture, 0, 5);
    fixture->publication.forced = true;
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(publish(fixture).sequence, i);
    const char *id = read_manifest(fixture).lists[0].id;
    remove_file(fixture, OAB_MANIFEST_NAME);
    assert_int_equal(publish(fixture).sequence, 4);
    assert_string_equal(read_manifest(fixture).lists[0].id, id);
    remove_file(fixture, "sequence");
    assert_int_equal(publish(fixture).sequence, 5);
    assert_string_equal(read_manifest(fixture).lists[0].id, id);
    /* Where nothing tells what was, another id says that this is another sequence. */
    remove_file(fixture, "sequence");
    remove_file(fixture, OAB_MANIFEST_NAME);
    assert_int_equal(publish(fixture).sequence, 1);
    assert_string_not_equal(read_manifest(fixture).lists[0].id, id);
    check_folder(fixture);
}

static unsigned count_files(struct fixture *fixture, enum oab_file_kind kind)
{
    DIR *folder = opendir(fixture->folder);
    struct oab_file_name name;
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += oab_file_name_read(entry->d_name, &name) && name.kind == kind;
    closedir(folder);
    return count;
}

/* A number that was reserved and never published: no patch leads over the gap, and what was published before stays a while. */
static void test_gap_in_the_sequence(void **state)
{
    struct fixture *fixture = *state;
    add_people(fixture, 0, 5);
    assert_int_equal(publish(fixture).sequence, 1);
    const char *path = arena_format(&fixture->arena, "%s/sequence", fixture->folder);
    FILE *file = fopen(path, "w");
    assert_true(fprintf(file, "%s 4\n", read_manifest(fixture).lists[0].id) > 0);
    fclose(file);
    add_people(fixture, 5, 1);
    struct oab_published published = publish(fixture);
    assert_int_equal(published.sequence, 5);
    assert_int_equal(published.difference_size, 0);
    assert_null(oab_list_find(&check_folder(fixture).lists[0], OAB_DIFFERENCE, 5, 0, OAB_WINDOWS));
    assert_int_equal(count_files(fixture, OAB_FULL), 2);
    add_people(fixture, 6, 1);
    assert_true(publish(fixture).difference_size > 0);
    check_folder(fixture);
}

static void test_old_files_go_after_their_time(void **state)
{
    struct fixture *fixture = *state;
    add_people(fixture, 0, 5);
    fixture->publication.forced = true;
    for (unsigned i = 0; i < 5; i++)
        publish(fixture);
    assert_int_equal(count_files(fixture, OAB_FULL), 5); /* an hour has not passed */
    assert_int_equal(count_files(fixture, OAB_DIFFERENCE), 4);
    fixture->publication.retain_s = 0;
    publish(fixture);
    assert_int_equal(count_files(fixture, OAB_FULL), 1);
    assert_int_equal(count_files(fixture, OAB_DIFFERENCE), 3); /* as many as the manifest names */
    assert_int_equal(count_files(fixture, OAB_TEMPLATE), 2 * fixture->publication.language_count);
    check_folder(fixture);
}

static void test_failures_leave_what_was(void **state)
{
    struct fixture *fixture = *state;
    struct oab_published published;
    add_people(fixture, 0, 5);
    publish(fixture);
    fixture->publication.source.book = address_book_acquire(fixture->cache);
    fixture->type.find_entry = NULL; /* certificates cannot be read */
    fixture->publication.forced = true;
    assert_int_equal(oab_publish(&fixture->publication, &published), OAB_FAILED);
    struct oab_publication elsewhere = fixture->publication;
    elsewhere.folder = "/proc/nowhere";
    assert_int_equal(oab_publish(&elsewhere, &published), OAB_FAILED);
    address_book_release(fixture->publication.source.book);
    assert_int_equal(oab_list_newest(&check_folder(fixture).lists[0])->sequence, 1);
    fixture->type.find_entry = find_entry;
    /* The sequence that was reserved, if it was, is not used for something else. */
    assert_in_range(publish(fixture).sequence, 2, 3);
}

/* --- a process that is killed while it publishes --- */

static void publish_until_killed(struct fixture *fixture)
{
    char name[64];
    for (unsigned count = 0;; count++) { /* each generation is another one */
        struct oab_published published;
        snprintf(name, sizeof name, "\\List %d %u", (int)getpid(), count);
        fixture->publication.list_name = name;
        if (oab_publish(&fixture->publication, &published) != OAB_OK)
            _exit(1);
    }
}

static void test_killed_in_between(void **state)
{
    struct fixture *fixture = *state;
    char hashes[4096][OAB_HASH_TEXT_SIZE] = {""};
    uint32_t last = 0, seed = 12345;
    add_people(fixture, 0, 100);
    fixture->publication.language_count = 2;
    uint64_t began_ms = monotonic_ms();
    publish(fixture);
    uint64_t took_ms = monotonic_ms() - began_ms + 1;
    fixture->publication.source.book = address_book_acquire(fixture->cache);
    /* forty kills, and where a busy machine let no generation end before its kill, later ones */
    for (unsigned round = 0; round < 40 || (last <= 2 && round < 200); round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            publish_until_killed(fixture);
        seed = seed * 1664525u + 1013904223u;
        uint64_t pause_us = (seed >> 8) % (took_ms * 2500 * (1 + round / 40)); /* up to two generations and a half */
        nanosleep(&(struct timespec){(time_t)(pause_us / 1000000), (long)(pause_us % 1000000) * 1000}, NULL);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct oab_manifest manifest = check_folder(fixture);
        const struct oab_file *full = oab_list_newest(&manifest.lists[0]);
        assert_true(full->sequence >= last && full->sequence < 4096);
        last = full->sequence;
        /* one sequence, one content */
        assert_true(!hashes[last][0] || strcmp(hashes[last], full->hash) == 0);
        strcpy(hashes[last], full->hash);
    }
    assert_true(last > 2);
    address_book_release(fixture->publication.source.book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_organization, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_new_makes_no_generation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_of_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_endpoint_says_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patches_lead_from_generation_to_generation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_generation_is_not_built_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sequence_never_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gap_in_the_sequence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_files_go_after_their_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures_leave_what_was, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed_in_between, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
