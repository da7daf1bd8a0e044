/* For tests of the table requests: a directory of many languages, in memory, and requests run on it as the server does, from
 * bytes to bytes. Include it in a test. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"
#include "directory/fake_directory.h"
#include "nspi/table.h"
#include "protocol/property.h"
#include "protocol/property_tags.h"
#include "wire/wire.h"

#define ENGLISH 0x0409u
#define SWEDISH 0x041Du
#define JAPANESE 0x0411u
#define STRING8(tag) PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING8)
#define UNKNOWN_MID 0x00FFFFFFu

struct table_fixture {
    struct fake_directory *fake;
    struct address_book_cache *cache;
    struct address_book *book;
    struct directory_user user;
    struct arena arena;
};

static void table_fixture_fill(struct fake_directory *fake)
{
    static const char *const users[][2] = {
        {"zoe", "Zoë Zander"}, {"ake", "Åke Ärlig"}, {"adam", "Adam Adamsson"}, {"otto", "Otto Weiss"}, {"oskar", "Oskar Weiß"},
        {"orjan", "Örjan Öberg"}, {"alexis", "Αλέξης Παπαδόπουλος"}, {"obrien", "Pat O'Brien"}, {"ann", "Ann Lee"},
        {"anna", "Ann Leeson"}, {"mike1", "Mike Smith"}, {"mike2", "Mike Smith"},
    };
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        fake_add(fake, DIRECTORY_USER, users[i][0], users[i][1]);
    fake_set_text(fake, fake_add(fake, DIRECTORY_USER, "yamada", "山田 太郎"), DIRECTORY_ATTRIBUTE_PHONETIC_DISPLAY_NAME,
                  "やまだ たろう");
    fake_set_text(fake, fake_add(fake, DIRECTORY_USER, "aoki", "青木 花子"), DIRECTORY_ATTRIBUTE_PHONETIC_DISPLAY_NAME,
                  "あおき はなこ");
    fake_set_text(fake, fake_find(fake, "adam"), DIRECTORY_ATTRIBUTE_DEPARTMENT, "Forschung");
    fake_set_text(fake, fake_find(fake, "zoe"), DIRECTORY_ATTRIBUTE_DEPARTMENT, "Research");
    fake_set_text(fake, fake_find(fake, "ann"), DIRECTORY_ATTRIBUTE_OFFICE, "Köln 7");
    fake_set(fake, fake_find(fake, "ann"), DIRECTORY_ATTRIBUTE_MANAGER, &fake_find(fake, "zoe")->id, 16);
    fake_add(fake, DIRECTORY_ROOM, "atrium", "Atrium");
    fake_add(fake, DIRECTORY_USER, "ghost", "Ghost Writer")->hidden = true;
    struct fake_entry *group = fake_add(fake, DIRECTORY_GROUP, "nordics", "Nordics");
    fake_add_member(fake, group, fake_find(fake, "zoe"));
    fake_add_member(fake, group, fake_find(fake, "orjan"));
    fake_add_member(fake, group, fake_find(fake, "ake"));
    fake_add_member(fake, group, fake_find(fake, "ghost"));
    fake_set(fake, group, DIRECTORY_ATTRIBUTE_MANAGED_BY, &fake_find(fake, "adam")->id, 16);
    fake_add(fake, DIRECTORY_GROUP, "empty", "Empty Group");
    fake_add_list(fake, "All Rooms", "(kind=room)");
    fake_add_list(fake, "Nobody", "(alias=nobody)");
}

static inline int table_fixture_set_up(void **state)
{
    struct table_fixture *fixture = calloc(1, sizeof *fixture);
    fixture->fake = fake_directory_new();
    table_fixture_fill(fixture->fake);
    fixture->cache = address_book_cache_new(&fixture->fake->directory);
    fixture->book = address_book_acquire(fixture->cache);
    fixture->user.id = fake_find(fixture->fake, "adam")->id;
    *state = fixture;
    return fixture->book ? 0 : -1;
}

static inline int table_fixture_tear_down(void **state)
{
    struct table_fixture *fixture = *state;
    address_book_release(fixture->book);
    address_book_cache_free(fixture->cache);
    directory_close(&fixture->fake->directory);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* One request from bytes to bytes: what a client would read is in *ret_answer. Returns its ErrorCode. */
static inline uint32_t table_run(struct table_fixture *fixture, const char *type, const void *request, void *ret_answer)
{
    static const struct wire_context context = {.wide = true, .address_book = true};
    const struct body_definition *definition = body_definition_find(type, true);
    struct buffer bytes = {0}, answer_bytes = {0};
    struct wire_error wrong;
    void *decoded = arena_allocate(&fixture->arena, 4096);
    uint8_t answer[4096] = {0};
    struct nspi_call call = {.arena = &fixture->arena, .book = fixture->book, .directory = &fixture->fake->directory,
                             .user = &fixture->user, .server_guid = {{1, 2, 3}},
                             .mailbox_url = "", .address_book_url = ""};
    assert_non_null(definition);
    assert_true(wire_encode(definition->request, request, &context, &bytes, &wrong));
    struct bytes kept = arena_bytes(&fixture->arena, buffer_bytes(&bytes));
    assert_true(wire_decode(&fixture->arena, definition->request, kept, &context, decoded, &wrong));
    nspi_execute(&call, definition, decoded, answer);
    assert_true(wire_encode(definition->success, answer, &context, &answer_bytes, &wrong));
    kept = arena_bytes(&fixture->arena, buffer_bytes(&answer_bytes));
    assert_true(wire_decode(&fixture->arena, definition->success, kept, &context, ret_answer, &wrong));
    buffer_free(&bytes);
    buffer_free(&answer_bytes);
    return load_u32(answer + 4);
}

static inline struct stat stat_in(uint32_t container, uint32_t current_rec)
{
    return (struct stat){.container_id = container, .current_rec = current_rec, .code_page = 1252, .template_locale = ENGLISH,
                         .sort_locale = ENGLISH};
}

static inline uint32_t mid_of(struct table_fixture *fixture, const char *account)
{
    uint32_t index = address_book_find_account(fixture->book, account);
    assert_int_not_equal(index, ADDRESS_BOOK_NONE);
    return address_book_entry(fixture->book, index)->number;
}

/* Accounts of Minimal Entry IDs, joined by blanks; '?' for nobody's. */
static inline const char *accounts_of(struct table_fixture *fixture, uint32_t count, const uint32_t *minimal_ids)
{
    static char text[4096];
    size_t size = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = address_book_find_number(fixture->book, minimal_ids[i]);
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", i ? " " : "",
                                 index == ADDRESS_BOOK_NONE ? "?" : address_book_entry(fixture->book, index)->account);
    }
    return text;
}

static inline struct bytes utf16(struct table_fixture *fixture, const char *text)
{
    return text_utf16_of_utf8(&fixture->arena, bytes_of_string(text));
}

/* The first column, a text, of rows; joined by '|'. Errors are '!'. */
static inline const char *first_texts(struct table_fixture *fixture, uint32_t count, const struct property_row *rows)
{
    static char text[8192];
    size_t size = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const struct property_value *value = &rows[i].values[0];
        const char *shown = PROPERTY_TYPE(value->tag) == PTYP_STRING ? text_utf8_of_utf16(&fixture->arena, value->bytes)
                            : PROPERTY_TYPE(value->tag) == PTYP_STRING8 ? arena_string_of(&fixture->arena, value->bytes) : "!";
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", i ? "|" : "", shown);
    }
    return text;
}

static inline bool same_stat(const struct stat *a, const struct stat *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
