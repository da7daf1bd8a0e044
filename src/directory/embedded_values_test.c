/* Attributes and members; and the lines in which attributes are kept. */
#include "directory/embedded_fixture.h"

#include <sqlite3.h>

#include "directory/attribute_lines.h"

static enum directory_status put(struct embedded_fixture *fixture, struct guid id, enum directory_attribute attribute, struct bytes item)
{
    struct directory_value value = {attribute, item.data ? 1 : 0, &item};
    return embedded_directory_put_values(fixture->directory, id, 1, &value, &fixture->error);
}

static void every_attribute_comes_back(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory_entry other = add_entry(fixture, &(struct embedded_entry){.account = "bob"});
    struct guid id = add_entry(fixture, &(struct embedded_entry){.account = "ada"}).id;
    static const uint8_t binary[] = {0, 1, 0xFF, '\n', '\\', 0};
    for (unsigned attribute = 0; attribute < DIRECTORY_ATTRIBUTE_COUNT; attribute++) {
        const struct directory_attribute_definition *definition = &directory_attributes[attribute];
        struct bytes text = BYTES_LITERAL("a: b\\n\n\\ \r\n\xF0\x9F\x90\x88:"), number = BYTES_LITERAL("2147483647"), yes = BYTES_LITERAL("1");
        struct bytes item = definition->kind == DIRECTORY_VALUE_TEXT        ? text
                            : definition->kind == DIRECTORY_VALUE_NUMBER    ? number
                            : definition->kind == DIRECTORY_VALUE_BOOLEAN   ? yes
                            : definition->kind == DIRECTORY_VALUE_REFERENCE ? bytes_of(other.id.data, 16)
                                                                            : bytes_of(binary, sizeof binary);
        struct bytes items[] = {item, item};
        struct directory_value value = {attribute, definition->multiple ? 2 : 1, items};
        enum directory_status status = embedded_directory_put_values(fixture->directory, id, 1, &value, &fixture->error);
        if (status != DIRECTORY_OK)
            fail_msg("%s: %s", definition->name, fixture->error.text);
        arena_reset(&fixture->arena);
        struct directory_entry entry = entry_by(fixture, DIRECTORY_KEY_LOGON, "ada");
        assert_int_equal(entry.value_count, attribute + 1);
        for (unsigned i = 0; i <= attribute; i++)
            assert_int_equal(entry.values[i].attribute, i);
        assert_int_equal(entry.values[attribute].count, value.count);
        for (uint32_t i = 0; i < value.count; i++)
            assert_true(bytes_equal(entry.values[attribute].items[i], item));
    }
    for (unsigned attribute = 0; attribute < DIRECTORY_ATTRIBUTE_COUNT; attribute++)
        assert_done(fixture, put(fixture, id, attribute, BYTES_NONE));
    assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "ada").value_count, 0);
}

static void bad_values_are_refused_with_a_reason(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid id = add_entry(fixture, &(struct embedded_entry){.account = "ada"}).id;
    static const uint8_t nobody[16] = {1};
    uint8_t *large = calloc(1, (256u << 10) + 1);
    memset(large, 'x', (256u << 10) + 1);
    const struct {
        enum directory_attribute attribute;
        struct bytes item;
        const char *words;
    } cases[] = {
        {DIRECTORY_ATTRIBUTE_TITLE, BYTES_LITERAL("a\0b"), "title of 'ada': not UTF-8"},
        {DIRECTORY_ATTRIBUTE_TITLE, BYTES_LITERAL("\xC3"), "title of 'ada': not UTF-8"},
        {DIRECTORY_ATTRIBUTE_TITLE, BYTES_LITERAL("\xC0\x80"), "not UTF-8"},         /* an overlong NUL */
        {DIRECTORY_ATTRIBUTE_TITLE, BYTES_LITERAL("\xED\xA0\x80"), "not UTF-8"},     /* half a surrogate pair */
        {DIRECTORY_ATTRIBUTE_TITLE, BYTES_LITERAL("\xF4\x90\x80\x80"), "not UTF-8"}, /* past U+10FFFF */
        {DIRECTORY_ATTRIBUTE_TITLE, BYTES_LITERAL("a\x1B[31m"), "not UTF-8"},
        {DIRECTORY_ATTRIBUTE_TITLE, {large, 0}, "not UTF-8 of 1 to"},
        {DIRECTORY_ATTRIBUTE_TITLE, {large, 4097}, "not UTF-8 of 1 to 4096 bytes"},
        {DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, BYTES_LITERAL("2147483648"), "msExchResourceCapacity of 'ada': not a number"},
        {DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, BYTES_LITERAL("-1"), "not a number"},
        {DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, BYTES_LITERAL("12a"), "not a number"},
        {DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, BYTES_LITERAL("18446744073709551617"), "not a number"},
        {DIRECTORY_ATTRIBUTE_SEND_RICH_INFO, BYTES_LITERAL("yes"), "mAPIRecipient of 'ada': neither '1' nor '0'"},
        {DIRECTORY_ATTRIBUTE_PHOTO, {large, (256u << 10) + 1}, "thumbnailPhoto of 'ada': empty or larger"},
        {DIRECTORY_ATTRIBUTE_MANAGER, {nobody, 16}, "manager of 'ada': there is no such entry"},
        {DIRECTORY_ATTRIBUTE_MANAGER, {nobody, 15}, "manager of 'ada': not an id"},
        {DIRECTORY_ATTRIBUTE_COUNT, BYTES_LITERAL("x"), "'ada': an unknown attribute"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct directory_value both[] = {{DIRECTORY_ATTRIBUTE_COMPANY, 1, &(struct bytes){(const uint8_t *)"x", 1}},
                                               {cases[i].attribute, 1, &cases[i].item}};
        enum directory_status status = embedded_directory_put_values(fixture->directory, id, 2, both, &fixture->error);
        if (status != DIRECTORY_INVALID || !strstr(fixture->error.text, cases[i].words))
            fail_msg("case %zu: %s: %s", i, directory_status_text(status), fixture->error.text);
        assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "ada").value_count, 0);
    }
    struct bytes two[] = {BYTES_LITERAL("a"), BYTES_LITERAL("b")};
    const struct directory_value many = {DIRECTORY_ATTRIBUTE_TITLE, 2, two};
    assert_refused(fixture, embedded_directory_put_values(fixture->directory, id, 1, &many, &fixture->error), DIRECTORY_INVALID,
                   "title of 'ada': 2 values are too many");
    /* The largest that goes. */
    assert_done(fixture, put(fixture, id, DIRECTORY_ATTRIBUTE_TITLE, bytes_of(large, 4096)));
    assert_done(fixture, put(fixture, id, DIRECTORY_ATTRIBUTE_PHOTO, bytes_of(large, 256u << 10)));
    struct bytes *thousand = calloc(1000, sizeof *thousand);
    for (unsigned i = 0; i < 1000; i++)
        thousand[i] = bytes_of(large, 4096);
    const struct directory_value too_much = {DIRECTORY_ATTRIBUTE_OTHER_TELEPHONE, 1000, thousand};
    assert_refused(fixture, embedded_directory_put_values(fixture->directory, id, 1, &too_much, &fixture->error), DIRECTORY_INVALID,
                   "the attributes of 'ada' are more than 262144 bytes together");
    assert_refused(fixture, put(fixture, guid_random(), DIRECTORY_ATTRIBUTE_TITLE, two[0]), DIRECTORY_NOT_FOUND, "no entry");
    free(thousand);
    free(large);
}

/* --- lines --- */

static void lines_of_a_later_version_are_kept(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid id = add_entry(fixture, &(struct embedded_entry){.account = "ada"}).id;
    assert_done(fixture, put(fixture, id, DIRECTORY_ATTRIBUTE_TITLE, BYTES_LITERAL("Analyst")));
    sqlite3 *database;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "UPDATE entry SET attributes=attributes || 'shoeSize: 36' || char(10) ||"
                                            " 'givenName: Ada' || char(10) || 'without colon' || char(10) || ': x'",
                                  NULL, NULL, NULL), SQLITE_OK);
    struct directory_entry entry = entry_by(fixture, DIRECTORY_KEY_LOGON, "ada");
    assert_int_equal(entry.value_count, 2);
    assert_int_equal(entry.values[0].attribute, DIRECTORY_ATTRIBUTE_GIVEN_NAME); /* in order though the lines are not */
    assert_done(fixture, put(fixture, id, DIRECTORY_ATTRIBUTE_COMPANY, BYTES_LITERAL("Engine")));
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT attributes FROM entry", -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(row, 0),
                        "givenName: Ada\ntitle: Analyst\ncompany: Engine\nshoeSize: 36\nwithout colon\n: x\n");
    sqlite3_finalize(row);
    sqlite3_close(database);
}

/* Any bytes as a file may have them are read without harm, and what was read is written so that it reads the same. */
static void lines_of_any_bytes_are_read(void **state)
{
    (void)state;
    static const char letters[] = "titlesngivenNameco:: \\nr\n\n\r\xFF";
    unsigned random = 1;
    for (unsigned round = 0; round < 20000; round++) {
        struct arena arena = {0};
        uint8_t text[64];
        size_t size = (random = random * 1103515245u + 12345u) >> 16 & 63;
        for (size_t i = 0; i < size; i++)
            text[i] = (uint8_t)letters[((random = random * 1103515245u + 12345u) >> 16) % sizeof letters];
        if (round % 3 == 0 && size > 8)
            memcpy(text, "title: ", 7);
        struct directory_value *values, *again;
        uint32_t count, again_count;
        struct buffer written = {0};
        assert_true(attribute_lines_read(&arena, bytes_of(text, size), 0, &count, &values));
        assert_true(attribute_lines_write(&written, count, values, BYTES_NONE));
        assert_true(attribute_lines_read(&arena, buffer_bytes(&written), 0, &again_count, &again));
        assert_int_equal(count, again_count);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(values[i].attribute, again[i].attribute);
            assert_int_equal(values[i].count, again[i].count);
            for (uint32_t j = 0; j < values[i].count; j++)
                assert_true(bytes_equal(values[i].items[j], again[i].items[j]));
        }
        buffer_free(&written);
        arena_free(&arena);
    }
}

/* --- members --- */

static void members_are_added_and_removed(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory *directory = fixture->directory;
    struct guid ada = add_entry(fixture, &(struct embedded_entry){.account = "ada"}).id;
    struct guid bob = add_entry(fixture, &(struct embedded_entry){.account = "bob"}).id;
    struct guid group = add_entry(fixture, &(struct embedded_entry){.account = "all", .kind = DIRECTORY_GROUP}).id;
    struct guid inner = add_entry(fixture, &(struct embedded_entry){.account = "inner", .kind = DIRECTORY_GROUP}).id;
    struct guid dynamic = add_entry(fixture, &(struct embedded_entry){.account = "dyn", .kind = DIRECTORY_DYNAMIC_GROUP,
                                                                      .rule = "(sn=*)"}).id;
    struct guid nobody = guid_random(), list[] = {ada, bob, ada, inner}, with_nobody[] = {ada, nobody};
    assert_done(fixture, embedded_directory_change_group(directory, group, true, 4, list, &fixture->error));
    assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "all").member_count, 3);
    assert_done(fixture, embedded_directory_change_group(directory, inner, true, 1, &group, &fixture->error)); /* a circle is borne */
    assert_refused(fixture, embedded_directory_change_group(directory, inner, true, 2, with_nobody, &fixture->error), DIRECTORY_INVALID,
                   "members of 'inner': there is no entry");
    assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "inner").member_count, 1); /* none of the two */
    assert_refused(fixture, embedded_directory_change_group(directory, group, true, 1, &group, &fixture->error), DIRECTORY_INVALID,
                   "a group is no member of itself");
    assert_refused(fixture, embedded_directory_change_group(directory, ada, true, 1, &bob, &fixture->error), DIRECTORY_INVALID,
                   "'ada' is of kind 'user': only groups have members");
    assert_refused(fixture, embedded_directory_change_group(directory, dynamic, true, 1, &bob, &fixture->error), DIRECTORY_INVALID,
                   "'dyn' is of kind 'dynamic-group'");
    assert_refused(fixture, embedded_directory_change_group(directory, nobody, true, 1, &bob, &fixture->error), DIRECTORY_NOT_FOUND, "");
    assert_done(fixture, embedded_directory_change_group(directory, group, false, 2, with_nobody, &fixture->error));
    assert_int_equal(entry_by(fixture, DIRECTORY_KEY_LOGON, "all").member_count, 2);
    uint64_t before = entry_by(fixture, DIRECTORY_KEY_LOGON, "all").changed;
    assert_done(fixture, embedded_directory_change_group(directory, group, false, 1, &bob, &fixture->error));
    assert_true(entry_by(fixture, DIRECTORY_KEY_LOGON, "all").changed > before);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_embedded_fixture, close_embedded_fixture)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_attribute_comes_back), TEST(bad_values_are_refused_with_a_reason), TEST(lines_of_a_later_version_are_kept),
        cmocka_unit_test(lines_of_any_bytes_are_read), TEST(members_are_added_and_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
