/* The requests about single objects and about the book: what they answer, and what they refuse. */
#include "nspi/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/text.h"
#include "nspi/test_book.h"
#include "protocol/property_tags.h"

#define STRING8(tag) PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING8)

static struct test_world world;

static int setup(void **state)
{
    return test_world_make(&world) ? 0 : -1;
}

static int teardown(void **state)
{
    test_world_free(&world);
    return 0;
}

/* As the server runs a request: by its type. */
static uint32_t run(const char *type, const void *request, void *ret_answer)
{
    nspi_execute(&world.call, body_definition_find(type, true), request, ret_answer);
    return ((struct nspi_unbind_success *)ret_answer)->error_code;
}

static struct stat stat_of(uint32_t code_page, uint32_t current_rec)
{
    return (struct stat){.code_page = code_page, .current_rec = current_rec, .sort_locale = 0x409, .template_locale = 0x409};
}

/* MS-OXNSPI R422 R423 R640 R664 R665 R666: every request type of the endpoint has a handler, which refuses an empty request in
 * its own words instead of NotSupported, and leaves out what it would have given. */
static void test_every_type(void **state)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < body_definition_count; i++) {
        const struct body_definition *definition = &body_definitions[i];
        if (!definition->address_book || strcmp(definition->request_type, "Unbind") == 0) /* the server's own */
            continue;
        void *request = arena_allocate(&world.arena, definition->request->size);
        void *answer = arena_allocate(&world.arena, definition->success->size);
        assert_int_not_equal(run(definition->request_type, request, answer), EC_NOT_SUPPORTED);
        assert_int_equal(((struct nspi_unbind_success *)answer)->status_code, 0);
        count++;
    }
    assert_int_equal(count, 18);
}

/* --- Bind --- */

/* MS-OXNSPI R671 R1668 R689 R696 R697 R700, R627 R630 R1993: the server's GUID, any flags but one; code pages it does not
 * speak. */
static void test_bind(void **state)
{
    struct nspi_bind_request request = {.has_state = 1, .state = stat_of(1252, 0)};
    struct nspi_bind_success answer = {0}, second = {0};
    assert_int_equal(run("Bind", &request, &answer), EC_SUCCESS);
    assert_memory_equal(&answer.server_guid, &world.call.server_guid, 16);
    request.flags = ~0x20u;
    assert_int_equal(run("Bind", &request, &second), EC_SUCCESS);
    assert_memory_equal(&answer.server_guid, &second.server_guid, 16);
    request.flags = 0x20;
    assert_int_equal(run("Bind", &request, &second), EC_NOT_SUPPORTED);
    request = (struct nspi_bind_request){.has_state = 1, .state = stat_of(1200, 0)};
    assert_int_equal(run("Bind", &request, &second), EC_INVALID_CODEPAGE);
    request.state.code_page = 64999;
    assert_int_equal(run("Bind", &request, &second), EC_INVALID_CODEPAGE);
    request.state.code_page = NSPI_CP_TELETEX;
    assert_int_equal(run("Bind", &request, &second), EC_SUCCESS);
    request.has_state = 0;
    assert_int_equal(run("Bind", &request, &second), EC_SUCCESS);
}

/* --- GetProps, GetPropList, QueryColumns --- */

static struct nspi_get_props_success get_props(uint32_t flags, struct stat stat, uint32_t count, const uint32_t *tags,
                                               uint32_t expected)
{
    struct nspi_get_props_request request = {.flags = flags, .has_state = 1, .state = stat, .has_property_tags = tags != NULL,
                                             .property_tag_count = count, .property_tags = tags};
    struct nspi_get_props_success answer = {0};
    assert_int_equal(run("GetProps", &request, &answer), expected);
    return answer;
}

/* MS-OXNSPI R866 R885 R886 R905 R909 R910 R911 R912 R862 R1925: the values asked for, in their order, twice where asked
 * twice, errors in their places. */
static void test_get_props(void **state)
{
    const uint32_t tags[] = {STRING8(PID_TAG_DISPLAY_NAME), PID_TAG_GENERATION, PID_TAG_DISPLAY_TYPE, PID_TAG_DISPLAY_TYPE};
    struct nspi_get_props_success answer = get_props(0, stat_of(1252, TEST_NUMBER(TEST_EMILE)), 4, tags, EC_ERRORS_RETURNED);
    const struct property_value *values = answer.property_values.property_values;
    assert_true(answer.has_property_values);
    assert_int_equal(answer.code_page, 1252);
    assert_int_equal(answer.property_values.property_value_count, 4);
    assert_int_equal(values[0].tag, tags[0]);
    assert_memory_equal(values[0].bytes.data, "\xC9mile", 5); /* R903 R1934 */
    assert_int_equal(values[1].tag, PROPERTY_TAG(PROPERTY_ID(PID_TAG_GENERATION), PTYP_ERROR_CODE));
    assert_int_equal(values[1].error_code, EC_NOT_FOUND);
    assert_int_equal(values[2].tag, PID_TAG_DISPLAY_TYPE);
    assert_int_equal(values[3].tag, PID_TAG_DISPLAY_TYPE);
    answer = get_props(0xFFFFFFFC, stat_of(1252, TEST_NUMBER(TEST_ADA)), 1, tags, EC_SUCCESS); /* R915 */
    assert_int_equal(answer.property_values.property_value_count, 1);
}

/* MS-OXNSPI R899 R901: entry ids in the form asked for. */
static void test_get_props_entry_id(void **state)
{
    const uint32_t tags[] = {PID_TAG_ENTRY_ID};
    struct nspi_get_props_success answer = get_props(2, stat_of(1252, TEST_NUMBER(TEST_ADA)), 1, tags, EC_SUCCESS);
    assert_int_equal(answer.property_values.property_values[0].bytes.data[0], 0x87);
    answer = get_props(0, stat_of(1252, TEST_NUMBER(TEST_ADA)), 1, tags, EC_SUCCESS);
    assert_int_equal(answer.property_values.property_values[0].bytes.data[0], 0);
}

/* MS-OXNSPI R873 R877 R882 R894 R896 R907, R84 R1985 R349: what has no answer, and the object that is not there. */
static void test_get_props_refused(void **state)
{
    const uint32_t unicode[] = {PID_TAG_DISPLAY_NAME}, eight_bit[] = {STRING8(PID_TAG_DISPLAY_NAME)};
    static uint32_t many[NSPI_COLUMNS_MAX + 1];
    struct stat stat = stat_of(NSPI_CP_WINUNICODE, TEST_NUMBER(TEST_ADA));
    get_props(0, stat, 1, unicode, EC_SUCCESS);
    struct nspi_get_props_success answer = get_props(0, stat, 1, eight_bit, EC_ERRORS_RETURNED);
    assert_int_equal(PROPERTY_TYPE(answer.property_values.property_values[0].tag), PTYP_ERROR_CODE);
    stat.code_page = 0xFF;
    assert_false(get_props(0, stat, 1, unicode, EC_INVALID_CODEPAGE).has_property_values);
    stat = stat_of(1252, TEST_NUMBER(TEST_ADA));
    stat.container_id = 0x55555;
    assert_false(get_props(0, stat, 1, unicode, EC_INVALID_BOOKMARK).has_property_values);
    stat.container_id = address_book_container(world.call.book, 1)->number;
    get_props(0, stat, 1, unicode, EC_SUCCESS);
    get_props(0, stat_of(1252, TEST_NUMBER(TEST_ADA)), NSPI_COLUMNS_MAX + 1, many, EC_TABLE_TOO_BIG);
    for (uint32_t minimal_id = 0; minimal_id < 0x11; minimal_id++) {
        answer = get_props(0, stat_of(1252, minimal_id), 1, unicode, EC_ERRORS_RETURNED);
        assert_int_equal(answer.property_values.property_values[0].tag, PROPERTY_TAG(0x3001, PTYP_ERROR_CODE));
    }
    get_props(0, stat_of(1252, 1), 0, NULL, EC_NOT_FOUND);
    struct nspi_get_props_request no_state = {.has_property_tags = 1, .property_tag_count = 1, .property_tags = unicode};
    assert_int_equal(run("GetProps", &no_state, &answer), EC_INVALID_PARAMETER);
}

static bool has_tag(uint32_t count, const uint32_t *tags, uint32_t tag)
{
    for (uint32_t i = 0; i < count; i++)
        if (tags[i] == tag)
            return true;
    return false;
}

/* MS-OXNSPI R848 R852 R854 R855 R858 R831 R1924: what has a value, texts as 8-bit ones, tables unless they are to be skipped. */
static void test_get_prop_list(void **state)
{
    struct nspi_get_prop_list_request request = {.flags = 0xFFFFFFFE, .minimal_id = TEST_NUMBER(TEST_ADA), .code_page = 1252};
    struct nspi_get_prop_list_success answer = {0};
    assert_int_equal(run("GetPropList", &request, &answer), EC_SUCCESS);
    uint32_t count = answer.property_tag_count;
    assert_true(has_tag(count, answer.property_tags, STRING8(PID_TAG_DISPLAY_NAME)));
    assert_true(has_tag(count, answer.property_tags, PID_TAG_THUMBNAIL_PHOTO));
    assert_true(has_tag(count, answer.property_tags, PID_TAG_ADDRESS_BOOK_MANAGER));
    assert_true(has_tag(count, answer.property_tags, PROPERTY_TAG(0x800F, PTYP_MULTIPLE_STRING8)));
    assert_false(has_tag(count, answer.property_tags, PID_TAG_ADDRESS_BOOK_ROOM_CAPACITY));
    for (uint32_t i = 0; i < count; i++)
        assert_int_not_equal(PROPERTY_TYPE(answer.property_tags[i]) & ~PTYP_MULTIPLE_FLAG, PTYP_STRING);
    request.flags = NSPI_SKIP_OBJECTS;
    assert_int_equal(run("GetPropList", &request, &answer), EC_SUCCESS);
    assert_int_equal(answer.property_tag_count, count - 1);
    assert_false(has_tag(answer.property_tag_count, answer.property_tags, PID_TAG_ADDRESS_BOOK_MANAGER));
    request.minimal_id = 2;
    answer = (struct nspi_get_prop_list_success){0};
    assert_int_equal(run("GetPropList", &request, &answer), EC_NOT_FOUND);
    assert_false(answer.has_property_tags); /* R840 */
}

/* MS-OXNSPI R888 R1693: without tags GetProps gives what GetPropList lists. */
static void test_get_props_of_all(void **state)
{
    struct nspi_get_prop_list_request list = {.minimal_id = TEST_NUMBER(TEST_STAFF), .flags = NSPI_SKIP_OBJECTS};
    struct nspi_get_prop_list_success tags = {0};
    assert_int_equal(run("GetPropList", &list, &tags), EC_SUCCESS);
    struct nspi_get_props_success answer = get_props(NSPI_SKIP_OBJECTS, stat_of(1252, TEST_NUMBER(TEST_STAFF)), 0, NULL, EC_SUCCESS);
    assert_int_equal(answer.property_values.property_value_count, tags.property_tag_count);
    for (uint32_t i = 0; i < tags.property_tag_count; i++)
        assert_int_equal(answer.property_values.property_values[i].tag, tags.property_tags[i]);
}

/* MS-OXNSPI R805 R1922 R807 R1923 R820 R822 R824 R827: every property, once, with texts in the form asked for. */
static void test_query_columns(void **state)
{
    struct nspi_query_columns_request request = {.reserved = 0xFFFFFFFF, .mapi_flags = 0x80000000};
    struct nspi_query_columns_success unicode = {0}, eight_bit = {0};
    assert_int_equal(run("QueryColumns", &request, &unicode), EC_SUCCESS);
    request.mapi_flags = 0x7FFFFFFF;
    assert_int_equal(run("QueryColumns", &request, &eight_bit), EC_SUCCESS);
    assert_int_equal(unicode.column_count, eight_bit.column_count);
    assert_true(unicode.column_count > 80);
    for (uint32_t i = 0; i < unicode.column_count; i++) {
        uint16_t type = PROPERTY_TYPE(unicode.columns[i]);
        bool text = type == PTYP_STRING || type == PTYP_MULTIPLE_STRING;
        assert_int_equal(PROPERTY_TYPE(eight_bit.columns[i]), text ? type - 1 : type);
        for (uint32_t j = 0; j < i; j++)
            assert_int_not_equal(PROPERTY_ID(unicode.columns[i]), PROPERTY_ID(unicode.columns[j]));
    }
    assert_true(has_tag(eight_bit.column_count, eight_bit.columns, STRING8(PID_TAG_DISPLAY_NAME)));
    assert_true(has_tag(unicode.column_count, unicode.columns, PID_TAG_ADDRESS_BOOK_PHONETIC_DISPLAY_NAME));
}

/* --- DNToMId --- */

/* MS-OXNSPI R1246 R1700 R1260 R1262 R1263 R1264 R1266, R347 R610 R611 R1706: DNs in any case, old ones and hidden people's;
 * 0 for nobody. */
static void test_dn_to_mid(void **state)
{
    const struct bytes names[] = {BYTES_LITERAL(TEST_DN("bob")), BYTES_LITERAL("/o=nobody"), BYTES_LITERAL("/o=OLD/ou=site/CN=recipients/cn=ADA"),
                                  BYTES_LITERAL(TEST_DN("hidden")), BYTES_LITERAL(""), BYTES_LITERAL("/guid=01EFCDAB000000000000000000000000"),
                                  BYTES_LITERAL("/"), BYTES_LITERAL("/guid=01EF")};
    struct nspi_dn_to_mid_request request = {.reserved = 7, .has_names = 1, .name_count = 8, .names = names};
    struct nspi_dn_to_mid_success answer = {0};
    assert_int_equal(run("DNToMId", &request, &answer), EC_SUCCESS);
    const uint32_t expected[] = {TEST_NUMBER(TEST_BOB), 0, TEST_NUMBER(TEST_ADA), TEST_NUMBER(TEST_HIDDEN), 0,
                                 address_book_container(world.call.book, 1)->number, 0, 0};
    assert_int_equal(answer.minimal_id_count, 8);
    assert_memory_equal(answer.minimal_ids, expected, sizeof expected);
    request.has_names = 0;
    answer = (struct nspi_dn_to_mid_success){0};
    assert_int_equal(run("DNToMId", &request, &answer), EC_INVALID_PARAMETER);
    assert_false(answer.has_minimal_ids); /* R1255 */
}

/* --- GetSpecialTable --- */

static struct nspi_get_special_table_success special_table(uint32_t flags, uint32_t code_page, uint32_t version, uint32_t expected)
{
    struct nspi_get_special_table_request request = {.flags = flags, .has_state = 1, .state = stat_of(code_page, 0),
                                                     .has_version = 1, .version = version};
    struct nspi_get_special_table_success answer = {0};
    assert_int_equal(run("GetSpecialTable", &request, &answer), expected);
    return answer;
}

/* MS-OXNSPI R743 R750 R760 R1863 R1864 R1865 R1866 R765 R767, R57 R1998 R518 R520: the containers, with the columns in their
 * order. */
static void test_hierarchy(void **state)
{
    static const uint32_t columns[] = {PID_TAG_ENTRY_ID, PID_TAG_CONTAINER_FLAGS, PID_TAG_DEPTH, PID_TAG_ADDRESS_BOOK_CONTAINER_ID,
                                       PID_TAG_DISPLAY_NAME, PID_TAG_ADDRESS_BOOK_IS_MASTER};
    static const char *const names[] = {NULL, "All Users", "All Rööms"};
    static const char *const dns[] = {"/", "/guid=01EFCDAB000000000000000000000000", "/guid=02EFCDAB000000000000000000000000"};
    struct nspi_get_special_table_success answer = special_table(NSPI_UNICODE_STRINGS, NSPI_CP_WINUNICODE, 0, EC_SUCCESS);
    assert_true(answer.has_rows && answer.has_version && answer.version != 0);
    assert_int_equal(answer.row_count, 3);
    for (uint32_t row = 0; row < 3; row++) {
        const struct property_value *values = answer.rows[row].property_values;
        assert_int_equal(answer.rows[row].property_value_count, 6);
        for (int i = 0; i < 6; i++)
            assert_int_equal(values[i].tag, columns[i]);
        assert_int_equal(load_u32(values[0].bytes.data + 24), 0x100);
        assert_string_equal((const char *)values[0].bytes.data + 28, dns[row]);
        assert_int_equal(values[2].integer32, 0);
        if (row)
            assert_string_equal(text_utf8_of_utf16(&world.arena, values[4].bytes), names[row]);
        else
            assert_int_equal(values[3].integer32, 0);
    }
    assert_true(answer.rows[0].property_values[4].bytes.size > 0);
}

/* MS-OXNSPI R732 R736 R762 R1933 R721 R1740: texts in the code page, which must be one. */
static void test_hierarchy_code_page(void **state)
{
    struct nspi_get_special_table_success answer = special_table(0xFFFFFFF9 & ~4u, 1252, 0, EC_SUCCESS);
    const struct property_value *name = &answer.rows[2].property_values[4];
    assert_int_equal(answer.code_page, 1252);
    assert_int_equal(name->tag, STRING8(PID_TAG_DISPLAY_NAME));
    assert_int_equal(name->bytes.size, 9);
    assert_memory_equal(name->bytes.data, "All R\xF6\xF6ms", 9);
    answer = special_table(0, NSPI_CP_WINUNICODE, 0, EC_INVALID_CODEPAGE);
    assert_false(answer.has_rows);
    assert_false(answer.has_version);
}

/* MS-OXNSPI R748: a client that has this version gets no rows; the version is the containers', not the entries'. */
static void test_hierarchy_version(void **state)
{
    uint32_t version = special_table(NSPI_UNICODE_STRINGS, 1252, 0, EC_SUCCESS).version;
    struct nspi_get_special_table_success answer = special_table(NSPI_UNICODE_STRINGS, 1252, version, EC_SUCCESS);
    assert_true(answer.has_rows);
    assert_int_equal(answer.row_count, 0);
    assert_int_equal(answer.version, version);
    world.test.entries[TEST_BOB].display_name = "Robert";
    world.test.version++;
    test_world_refresh(&world);
    assert_int_equal(special_table(NSPI_UNICODE_STRINGS, 1252, 0, EC_SUCCESS).version, version);
}

/* MS-OXNSPI R741 R752 R521: the template for addresses of the Internet; R757 R758: what is no locale has a table without rows. */
static void test_address_creation(void **state)
{
    struct nspi_get_special_table_success answer = special_table(NSPI_ADDRESS_CREATION_TEMPLATES | NSPI_UNICODE_STRINGS,
                                                                 NSPI_CP_WINUNICODE, 0, EC_SUCCESS);
    assert_true(answer.has_rows);
    assert_int_equal(answer.row_count, 1);
    assert_int_equal(answer.rows[0].property_value_count, 7);
    assert_int_equal(answer.rows[0].property_values[0].tag, PID_TAG_ADDRESS_TYPE);
    assert_false(answer.has_version);
    struct nspi_get_special_table_request request = {.flags = NSPI_ADDRESS_CREATION_TEMPLATES, .has_state = 1,
                                                     .state = stat_of(1252, 0)};
    request.state.template_locale = 0;
    answer = (struct nspi_get_special_table_success){0};
    assert_int_equal(run("GetSpecialTable", &request, &answer), EC_SUCCESS);
    assert_true(answer.has_rows);
    assert_int_equal(answer.row_count, 0);
}

/* --- GetMailboxUrl, GetAddressBookUrl --- */

static void check_url(const char *type, const char *dn, const char *expected, uint32_t expected_error)
{
    struct nspi_get_mailbox_url_request request = {.flags = 9, .server_dn = text_utf16_of_utf8(&world.arena, bytes_of_string(dn))};
    struct nspi_get_mailbox_url_success answer = {0};
    assert_int_equal(run(type, &request, &answer), expected_error);
    if (expected)
        assert_string_equal(text_utf8_of_utf16(&world.arena, answer.server_url), expected);
    else
        assert_int_equal(answer.server_url.size, 0);
}

/* MS-OXCMAPIHTTP R1089 R1094 R1102 R1328: the mailbox that a server's DN stands for. */
static void test_mailbox_url(void **state)
{
    static const char base[] = TEST_DN_PREFIX "/cn=Configuration/cn=Servers/cn=";
    char dn[400];
    check_url("GetMailboxUrl", "", world.call.mailbox_url, EC_SUCCESS);
    check_url("GetMailboxUrl", TEST_SERVER_DN, world.call.mailbox_url, EC_SUCCESS);
    snprintf(dn, sizeof dn, "%sa0000000-0000-4000-8000-000000000004@example.org", base);
    check_url("GetMailboxUrl", dn, "https://mail.example.org/mapi/emsmdb/?MailboxId=a0000000-0000-4000-8000-000000000004@example.org",
              EC_SUCCESS);
    snprintf(dn, sizeof dn, "%sa0000000-0000-4000-8000-0000000000ff@example.org", base);
    check_url("GetMailboxUrl", dn, NULL, EC_NOT_FOUND);
    snprintf(dn, sizeof dn, "%sa0000000-0000-4000-8000-000000000004", base);
    check_url("GetMailboxUrl", dn, NULL, EC_NOT_FOUND);
    check_url("GetMailboxUrl", base, NULL, EC_NOT_FOUND);
    check_url("GetMailboxUrl", "/o=First Organization/ou=X/CN=configuration/cn=servers/cn=A0000000-0000-4000-8000-000000000000@old.example",
              world.call.mailbox_url, EC_SUCCESS);
    check_url("GetMailboxUrl", "/o=Elsewhere/ou=X/cn=Configuration/cn=Servers/cn=MAIL", NULL, EC_NOT_FOUND);
}

/* MS-OXCMAPIHTTP R1106: the endpoint of the one whose DN it is. */
static void test_address_book_url(void **state)
{
    check_url("GetAddressBookUrl", "", world.call.address_book_url, EC_SUCCESS);
    check_url("GetAddressBookUrl", TEST_DN("ADA"), world.call.address_book_url, EC_SUCCESS);
    check_url("GetAddressBookUrl", "/o=Old/ou=Site/cn=Recipients/cn=ada", world.call.address_book_url, EC_SUCCESS);
    check_url("GetAddressBookUrl", TEST_DN("bob"),
              "https://mail.example.org/mapi/nspi/?MailboxId=a0000000-0000-4000-8000-000000000001@example.org", EC_SUCCESS);
    check_url("GetAddressBookUrl", TEST_DN("zoe"), NULL, EC_NOT_FOUND);
    check_url("GetAddressBookUrl", "/o=nobody", NULL, EC_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_type), TEST(test_bind), TEST(test_get_props), TEST(test_get_props_entry_id), TEST(test_get_props_refused), TEST(test_get_prop_list),
        TEST(test_get_props_of_all), TEST(test_query_columns), TEST(test_dn_to_mid), TEST(test_hierarchy),
        TEST(test_hierarchy_code_page), TEST(test_hierarchy_version), TEST(test_address_creation), TEST(test_mailbox_url),
        TEST(test_address_book_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
