/* What an entry's properties are, kind by kind, and the types they can have. */
#include "nspi/property.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/text.h"
#include "nspi/test_book.h"
#include "protocol/entry_id.h"
#include "protocol/property_tags.h"

#define WITH_TYPE(tag, type) PROPERTY_TAG(PROPERTY_ID(tag), type)
#define STRING8(tag) WITH_TYPE(tag, PTYP_STRING8)

static struct test_world world;
static struct nspi_view view;

static int setup(void **state)
{
    view = (struct nspi_view){.code_page = 1252};
    return test_world_make(&world) ? 0 : -1;
}

static int teardown(void **state)
{
    test_world_free(&world);
    return 0;
}

static uint32_t index_of(enum test_entry entry)
{
    return address_book_find_number(world.call.book, TEST_NUMBER(entry));
}

static struct property_value get(enum test_entry entry, uint32_t tag)
{
    struct property_value value;
    bool there = nspi_property_value(&world.call, &view, index_of(entry), tag, &value);
    assert_int_equal(PROPERTY_ID(value.tag), PROPERTY_ID(tag));
    assert_int_equal(there, PROPERTY_TYPE(value.tag) != PTYP_ERROR_CODE);
    return value;
}

static void assert_missing(enum test_entry entry, uint32_t tag)
{
    struct property_value value = get(entry, tag);
    assert_int_equal(PROPERTY_TYPE(value.tag), PTYP_ERROR_CODE);
    assert_int_equal(value.error_code, EC_NOT_FOUND);
}

static void assert_bytes(struct bytes bytes, const char *text)
{
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
}

/* A text as PtypString, in UTF-8 here. */
static void assert_text(enum test_entry entry, uint32_t tag, const char *text)
{
    struct property_value value = get(entry, WITH_TYPE(tag, PTYP_STRING));
    assert_int_equal(value.tag, WITH_TYPE(tag, PTYP_STRING));
    assert_string_equal(text_utf8_of_utf16(&world.arena, value.bytes), text);
}

static void assert_number(enum test_entry entry, uint32_t tag, uint32_t number)
{
    struct property_value value = get(entry, tag);
    assert_int_equal(value.tag, tag);
    assert_int_equal((uint32_t)value.integer32, number);
}

/* MS-OXNSPI R1721 R1722 R1723 R1724 R1725 R1726 R1727 R1728 R1729 R1730 R1731 R1732 R1733 R1734 R1735 R1736: what every
 * object has. */
static void test_required(void **state)
{
    static const uint32_t required[] = {
        PID_TAG_OBJECT_TYPE, PID_TAG_INITIAL_DETAILS_PANE, PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE,
        PID_TAG_ADDRESS_BOOK_CONTAINER_ID, PID_TAG_ENTRY_ID, PID_TAG_INSTANCE_KEY, PID_TAG_SEARCH_KEY, PID_TAG_RECORD_KEY,
        PID_TAG_ADDRESS_TYPE, PID_TAG_EMAIL_ADDRESS, PID_TAG_DISPLAY_TYPE, PID_TAG_TEMPLATEID,
        PID_TAG_TRANSMITTABLE_DISPLAY_NAME, PID_TAG_DISPLAY_NAME, PID_TAG_MAPPING_SIGNATURE,
        PID_TAG_ADDRESS_BOOK_OBJECT_DISTINGUISHED_NAME};
    for (enum test_entry entry = 0; entry < TEST_ENTRY_COUNT; entry++)
        for (size_t i = 0; i < sizeof required / sizeof *required; i++)
            assert_int_equal(get(entry, required[i]).tag, required[i]);
}

/* MS-OXNSPI R48 R49 R51 R55, R1737 R1738: display types, and the table that groups have. */
static void test_kinds(void **state)
{
    static const struct {
        enum test_entry entry;
        uint32_t object_type, display_type, extended;
    } kinds[] = {
        {TEST_ADA, 6, 0, 0x40000000},     {TEST_SHARED, 6, 0, 0x40000000}, {TEST_ROOM, 6, 0, 7}, {TEST_EQUIPMENT, 6, 0, 8},
        {TEST_CONTACT, 6, 6, 6},          {TEST_STAFF, 8, 1, 0x40000009},  {TEST_EMPTY_GROUP, 8, 1, 0x40000009},
        {TEST_DYNAMIC, 8, 3, 3}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_number(kinds[i].entry, PID_TAG_OBJECT_TYPE, kinds[i].object_type);
        assert_number(kinds[i].entry, PID_TAG_DISPLAY_TYPE, kinds[i].display_type);
        assert_number(kinds[i].entry, PID_TAG_DISPLAY_TYPE_EX, kinds[i].extended);
        if (kinds[i].object_type == 8) {
            assert_number(kinds[i].entry, PID_TAG_CONTAINER_FLAGS, 9);
            assert_int_equal(get(kinds[i].entry, PID_TAG_CONTAINER_CONTENTS).tag, PID_TAG_CONTAINER_CONTENTS);
        } else {
            assert_missing(kinds[i].entry, PID_TAG_CONTAINER_FLAGS);
            assert_missing(kinds[i].entry, PID_TAG_CONTAINER_CONTENTS);
        }
    }
}

static void test_names(void **state)
{
    assert_text(TEST_ADA, PID_TAG_DISPLAY_NAME, "Ada Lovelace");
    assert_text(TEST_ADA, PID_TAG_TRANSMITTABLE_DISPLAY_NAME, "Ada Lovelace");
    assert_text(TEST_ADA, PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE, "Ada Lovelace");
    assert_text(TEST_EMILE, PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE, "emile");
    assert_text(TEST_ADA, PID_TAG_ACCOUNT, "ada");
    assert_text(TEST_ADA, PID_TAG_SMTP_ADDRESS, "ada@example.org");
    assert_text(TEST_ADA, PID_TAG_ADDRESS_TYPE, "EX");
    assert_text(TEST_ADA, PID_TAG_EMAIL_ADDRESS, TEST_DN("ada"));
    assert_text(TEST_ADA, PID_TAG_ADDRESS_BOOK_OBJECT_DISTINGUISHED_NAME, TEST_DN("ada"));
    assert_text(TEST_ADA, PID_TAG_GIVEN_NAME, "Ada");
    assert_text(TEST_ADA, PID_TAG_PRIMARY_TELEPHONE_NUMBER, "+44 1");
    assert_text(TEST_ADA, PID_TAG_BUSINESS2_TELEPHONE_NUMBER, "+44 2");
    assert_text(TEST_CONTACT, PID_TAG_ADDRESS_BOOK_TARGET_ADDRESS, "SMTP:zoe@elsewhere.example");
    assert_missing(TEST_ADA, PID_TAG_ADDRESS_BOOK_TARGET_ADDRESS);
    assert_text(TEST_ADA, PID_TAG_ADDRESS_BOOK_HOME_MESSAGE_DATABASE, TEST_SERVER_DN "/cn=Microsoft Private MDB");
    assert_missing(TEST_CONTACT, STRING8(PID_TAG_ADDRESS_BOOK_HOME_MESSAGE_DATABASE));
    assert_missing(TEST_BOB, PID_TAG_GIVEN_NAME);
    assert_missing(TEST_ADA, PROPERTY_TAG(0x7777, PTYP_STRING));
}

static void test_lists(void **state)
{
    struct property_value value = get(TEST_ADA, PID_TAG_ADDRESS_BOOK_PROXY_ADDRESSES);
    const char *expected[] = {"SMTP:ada@example.org", "smtp:a.lovelace@example.org", "X500:/o=Old/ou=Site/cn=Recipients/cn=ada"};
    assert_int_equal(value.multiple.count, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(text_utf8_of_utf16(&world.arena, value.multiple.bytes[i]), expected[i]);
    value = get(TEST_ADA, WITH_TYPE(PID_TAG_ADDRESS_BOOK_PROXY_ADDRESSES, PTYP_MULTIPLE_STRING8));
    assert_int_equal(value.multiple.count, 3);
    assert_bytes(value.multiple.bytes[1], expected[1]);
    value = get(TEST_ADA, PID_TAG_BUSINESS2_TELEPHONE_NUMBERS);
    assert_int_equal(value.multiple.count, 2);
    value = get(TEST_ADA, PID_TAG_ADDRESS_BOOK_SENDER_HINT_TRANSLATIONS);
    assert_int_equal(value.multiple.count, 1);
    assert_string_equal(text_utf8_of_utf16(&world.arena, value.multiple.bytes[0]), "default:On holiday");
    assert_missing(TEST_ADA, WITH_TYPE(PID_TAG_TITLE, PTYP_MULTIPLE_STRING)); /* one value is no list */
}

static void test_numbers(void **state)
{
    assert_number(TEST_ROOM, PID_TAG_ADDRESS_BOOK_ROOM_CAPACITY, 12);
    assert_missing(TEST_ADA, PID_TAG_ADDRESS_BOOK_ROOM_CAPACITY);
    assert_number(TEST_STAFF, PID_TAG_ADDRESS_BOOK_DISTRIBUTION_LIST_MEMBER_COUNT, 2);
    assert_number(TEST_STAFF, PID_TAG_ADDRESS_BOOK_DISTRIBUTION_LIST_EXTERNAL_MEMBER_COUNT, 1);
    assert_number(TEST_EMPTY_GROUP, PID_TAG_ADDRESS_BOOK_DISTRIBUTION_LIST_MEMBER_COUNT, 0);
    assert_missing(TEST_ADA, PID_TAG_ADDRESS_BOOK_DISTRIBUTION_LIST_MEMBER_COUNT);
    assert_int_equal(get(TEST_ADA, PID_TAG_SEND_RICH_INFO).boolean, 1);
    assert_int_equal(get(TEST_CONTACT, PID_TAG_SEND_RICH_INFO).boolean, 0);
    assert_true(get(TEST_ADA, PID_TAG_CREATION_TIME).time == 132000000000000000);
    assert_true(get(TEST_ADA, PID_TAG_LAST_MODIFICATION_TIME).time == 133000000000000000);
}

/* Links are tables without bytes; asked for as text they are DNs. */
static void test_links(void **state)
{
    static const struct {
        enum test_entry entry;
        uint32_t tag;
        const char *dn;
    } links[] = {
        {TEST_ADA, PID_TAG_ADDRESS_BOOK_MANAGER, TEST_DN("bob")},  {TEST_BOB, PID_TAG_ADDRESS_BOOK_REPORTS, TEST_DN("ada")},
        {TEST_STAFF, PID_TAG_ADDRESS_BOOK_OWNER, TEST_DN("ada")},  {TEST_STAFF, PID_TAG_ADDRESS_BOOK_MEMBER, TEST_DN("bob")},
        {TEST_BOB, PID_TAG_ADDRESS_BOOK_IS_MEMBER_OF_DISTRIBUTION_LIST, TEST_DN("staff")}};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        assert_int_equal(get(links[i].entry, WITH_TYPE(links[i].tag, PTYP_OBJECT)).tag, WITH_TYPE(links[i].tag, PTYP_OBJECT));
        assert_int_equal(PROPERTY_TYPE(get(links[i].entry, WITH_TYPE(links[i].tag, PTYP_UNSPECIFIED)).tag), PTYP_OBJECT);
        struct property_value dn = get(links[i].entry, STRING8(links[i].tag));
        assert_bytes(dn.bytes, links[i].dn);
    }
    assert_missing(TEST_EMILE, PID_TAG_ADDRESS_BOOK_MANAGER);
    assert_missing(TEST_EMILE, PID_TAG_ADDRESS_BOOK_REPORTS);
    assert_missing(TEST_EMILE, WITH_TYPE(PID_TAG_ADDRESS_BOOK_IS_MEMBER_OF_DISTRIBUTION_LIST, PTYP_OBJECT));
    struct property_value members = get(TEST_STAFF, WITH_TYPE(PID_TAG_ADDRESS_BOOK_MEMBER, PTYP_MULTIPLE_STRING8));
    assert_int_equal(members.multiple.count, 2);
    assert_missing(TEST_EMPTY_GROUP, STRING8(PID_TAG_ADDRESS_BOOK_MEMBER)); /* a table, but nobody to name */
    assert_missing(TEST_ADA, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES);
    world.test.delegates[0] = test_id(TEST_EMILE);
    world.test.delegate_count = 1;
    assert_int_equal(get(TEST_ADA, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES).tag, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES);
    assert_bytes(get(TEST_ADA, STRING8(PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES)).bytes, TEST_DN("emile"));
    view.skip_objects = true;
    assert_missing(TEST_ADA, PID_TAG_ADDRESS_BOOK_MANAGER);
}

/* Photos and certificates are read when they are asked for, whole entries once. */
static void test_large(void **state)
{
    assert_bytes(get(TEST_ADA, PID_TAG_THUMBNAIL_PHOTO).bytes, "\xFF\xD8jpeg");
    assert_int_equal(get(TEST_ADA, PID_TAG_ADDRESS_BOOK_X509_CERTIFICATE).multiple.count, 2);
    assert_int_equal(world.test.large_reads, 1);
    assert_missing(TEST_BOB, PID_TAG_THUMBNAIL_PHOTO);
    assert_int_equal(world.test.large_reads, 2);
}

/* MS-OXNSPI R362 R1713 R1716 R378, R393 R1717 R1720 R387 R409, R603 R604 R605 R606 R609: the three identifiers. */
static void test_identifiers(void **state)
{
    struct bytes permanent = get(TEST_STAFF, PID_TAG_ENTRY_ID).bytes;
    static const uint8_t head[] = {0, 0, 0, 0, 0xDC, 0xA7, 0x40, 0xC8, 0xC0, 0x42, 0x10, 0x1A, 0xB4, 0xB9, 8, 0, 0x2B, 0x2F, 0xE1,
                                   0x82, 1, 0, 0, 0, 1, 0, 0, 0};
    assert_int_equal(permanent.size, sizeof head + strlen(TEST_DN("staff")) + 1);
    assert_memory_equal(permanent.data, head, sizeof head);
    assert_string_equal((const char *)permanent.data + sizeof head, TEST_DN("staff"));
    assert_true(bytes_equal(permanent, get(TEST_STAFF, PID_TAG_TEMPLATEID).bytes));
    assert_true(bytes_equal(permanent, get(TEST_STAFF, PID_TAG_RECORD_KEY).bytes));
    view.ephemeral_ids = true;
    struct bytes ephemeral = get(TEST_STAFF, PID_TAG_ENTRY_ID).bytes;
    static const uint8_t expected[32] = {0x87, 0, 0, 0, 0x77, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,
                                         TEST_NUMBER(TEST_STAFF) & 0xFF, TEST_NUMBER(TEST_STAFF) >> 8, 0, 0};
    assert_int_equal(ephemeral.size, 32);
    assert_memory_equal(ephemeral.data, expected, 32);
    assert_true(bytes_equal(permanent, get(TEST_STAFF, PID_TAG_ORIGINAL_ENTRY_ID).bytes)); /* always the permanent one */
    struct bytes key = get(TEST_BOB, PID_TAG_SEARCH_KEY).bytes;
    assert_int_equal(key.data[key.size - 1], 0);
    assert_memory_equal(key.data, "EX:/O=EXAMPLE/OU=", 17);
    assert_int_equal(load_u32(get(TEST_BOB, PID_TAG_INSTANCE_KEY).bytes.data), TEST_NUMBER(TEST_BOB));
    struct guid id = test_id(TEST_BOB);
    assert_memory_equal(get(TEST_BOB, PID_TAG_ADDRESS_BOOK_OBJECT_GUID).bytes.data, &id, 16);
}

/* MS-OXNSPI R379 R1665, R410 R1666, R386: what ids from elsewhere mean; types in them do not count, old DNs do. */
static void test_find_identifiers(void **state)
{
    struct arena *arena = &world.arena;
    struct guid other = {{1}};
    assert_int_equal(nspi_entry_id_find(&world.call, entry_id_of_address_book(arena, 5, TEST_DN("bob"))), index_of(TEST_BOB));
    assert_int_equal(nspi_entry_id_find(&world.call, entry_id_of_address_book(arena, 0, "/o=old/ou=SITE/cn=Recipients/cn=ada")),
                     index_of(TEST_ADA));
    assert_int_equal(nspi_entry_id_find(&world.call, entry_id_of_ephemeral(arena, world.call.server_guid, 6, TEST_NUMBER(TEST_BOB))),
                     index_of(TEST_BOB));
    assert_int_equal(nspi_entry_id_find(&world.call, entry_id_of_ephemeral(arena, other, 0, TEST_NUMBER(TEST_BOB))), ADDRESS_BOOK_NONE);
    assert_int_equal(nspi_entry_id_find(&world.call, entry_id_of_ephemeral(arena, world.call.server_guid, 0, 2)), ADDRESS_BOOK_NONE);
    assert_int_equal(nspi_entry_id_find(&world.call, entry_id_of_address_book(arena, 0, "/o=Nobody")), ADDRESS_BOOK_NONE);
    assert_int_equal(nspi_entry_id_find(&world.call, BYTES_LITERAL("\x87")), ADDRESS_BOOK_NONE);
    assert_int_equal(nspi_entry_id_find(&world.call, BYTES_NONE), ADDRESS_BOOK_NONE);
    struct bytes cut = entry_id_of_address_book(arena, 0, TEST_DN("bob"));
    cut.size--; /* the DN's NUL */
    assert_int_equal(nspi_entry_id_find(&world.call, cut), ADDRESS_BOOK_NONE);
}

/* MS-OXNSPI R434 R446 R447 R440 R1596 R1599 R1600: texts are held as Unicode, and given in either form; what the code page
 * cannot say becomes '?'. */
static void test_text_types(void **state)
{
    assert_text(TEST_EMILE, PID_TAG_DISPLAY_NAME, "Émile Zürcher");
    assert_bytes(get(TEST_EMILE, STRING8(PID_TAG_DISPLAY_NAME)).bytes, "\xC9mile Z\xFCrcher");
    view.code_page = 65001;
    assert_bytes(get(TEST_EMILE, STRING8(PID_TAG_DISPLAY_NAME)).bytes, "Émile Zürcher");
    view.code_page = 1251;
    struct bytes text = get(TEST_EMILE, STRING8(PID_TAG_DISPLAY_NAME)).bytes;
    assert_bytes(text, "?mile Z?rcher");
    view.code_page = NSPI_CP_TELETEX;
    assert_bytes(get(TEST_EMILE, STRING8(PID_TAG_DISPLAY_NAME)).bytes, "\xC2\x45mile Z\xC8urcher"); /* T.61: accent, letter */
    view.code_page = 932;
    assert_bytes(get(TEST_ADA, STRING8(PID_TAG_DISPLAY_NAME)).bytes, "Ada Lovelace");
}

/* MS-OXNSPI R36 R37: a type left open becomes the native one; a wrong type is no value. */
static void test_types(void **state)
{
    assert_int_equal(get(TEST_ADA, WITH_TYPE(PID_TAG_DISPLAY_NAME, PTYP_UNSPECIFIED)).tag, PID_TAG_DISPLAY_NAME);
    assert_int_equal(get(TEST_ADA, WITH_TYPE(PID_TAG_DISPLAY_TYPE, PTYP_UNSPECIFIED)).tag, PID_TAG_DISPLAY_TYPE);
    assert_missing(TEST_ADA, WITH_TYPE(PID_TAG_GENERATION, PTYP_UNSPECIFIED));
    assert_missing(TEST_ADA, WITH_TYPE(PID_TAG_DISPLAY_NAME, PTYP_BINARY));
    assert_missing(TEST_ADA, WITH_TYPE(PID_TAG_DISPLAY_TYPE, PTYP_STRING));
    assert_missing(TEST_ADA, WITH_TYPE(PID_TAG_ENTRY_ID, PTYP_INTEGER32));
    assert_missing(TEST_ADA, WITH_TYPE(PID_TAG_DISPLAY_NAME, PTYP_ERROR_CODE));
    struct property_value value;
    assert_false(nspi_property_value(&world.call, &view, ADDRESS_BOOK_NONE, PID_TAG_DISPLAY_NAME, &value));
    assert_int_equal(value.error_code, EC_NOT_FOUND);
}

static void test_rows(void **state)
{
    const uint32_t columns[] = {PID_TAG_DISPLAY_NAME, PID_TAG_GENERATION, WITH_TYPE(PID_TAG_SURNAME, PTYP_UNSPECIFIED)};
    struct property_row row;
    bool all = true;
    assert_true(nspi_property_row(&world.call, &view, index_of(TEST_ADA), 3, columns, &row, &all));
    assert_false(all);
    assert_int_equal(row.count, 3);
    assert_int_equal(row.values[0].tag, PID_TAG_DISPLAY_NAME);
    assert_int_equal(row.values[1].tag, WITH_TYPE(PID_TAG_GENERATION, PTYP_ERROR_CODE));
    assert_int_equal(row.values[2].tag, PID_TAG_SURNAME);
    assert_true(nspi_property_row(&world.call, &view, index_of(TEST_ADA), 1, columns, &row, &all));
    assert_true(all);
    assert_true(nspi_property_row(&world.call, &view, index_of(TEST_ADA), 0, NULL, &row, NULL));
    assert_int_equal(row.count, 0);
}

/* Memory that ends anywhere is reported as such, never taken for a missing value. */
static void test_no_memory(void **state)
{
    static const uint32_t tags[] = {PID_TAG_DISPLAY_NAME, PID_TAG_ADDRESS_BOOK_PROXY_ADDRESSES, PID_TAG_ENTRY_ID,
                                    PID_TAG_SEARCH_KEY, STRING8(PID_TAG_ADDRESS_BOOK_HOME_MESSAGE_DATABASE)};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        struct arena full = {.size_max = 1};
        struct property_value value;
        world.call.arena = &full;
        assert_false(nspi_property_value(&world.call, &view, index_of(TEST_ADA), tags[i], &value));
        assert_int_equal(value.error_code, EC_NOT_ENOUGH_MEMORY);
        arena_free(&full);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_required), TEST(test_kinds), TEST(test_names), TEST(test_lists), TEST(test_numbers), TEST(test_links),
        TEST(test_large), TEST(test_identifiers), TEST(test_find_identifiers), TEST(test_text_types), TEST(test_types),
        TEST(test_rows), TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
