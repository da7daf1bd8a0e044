/* ModProps and ModLinkAtt: who may change what, and that nothing changes where something is refused. */
#include "nspi/test_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/text.h"
#include "protocol/entry_id.h"
#include "protocol/property_tags.h"

#define STRING8(tag) PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING8)
#define MEMBER PID_TAG_ADDRESS_BOOK_MEMBER

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

static uint32_t run(const char *type, const void *request)
{
    struct nspi_mod_props_success answer = {0};
    nspi_execute(&world.call, body_definition_find(type, true), request, &answer);
    return answer.error_code;
}

/* --- ModProps --- */

static uint32_t set_as(enum test_entry user, bool administrator, enum test_entry entry, uint32_t tag_count, const uint32_t *tags,
                       uint32_t value_count, const struct property_value *values)
{
    struct nspi_mod_props_request request = {.reserved = 5, .has_state = 1,
        .state = {.code_page = 1252, .current_rec = TEST_NUMBER(entry)}, .has_property_tags = 1, .property_tag_count = tag_count,
        .property_tags = tags, .has_property_values = value_count > 0, .property_values = {value_count, values}};
    test_world_as(&world, user, administrator);
    world.test.set_count = 0;
    return run("ModProps", &request);
}

static const struct directory_value *was_set(enum directory_attribute attribute)
{
    for (uint32_t i = 0; i < world.test.set_count; i++)
        if (world.test.set[i].attribute == attribute)
            return &world.test.set[i];
    return NULL;
}

/* MS-OXNSPI R1268 R1273 R1289 R1297 R1299 R1301 R1305, R462 R464 R465 R466: removed, replaced, in one step; texts from either
 * form. */
static void test_own_values(void **state)
{
    static const struct bytes certificates[] = {BYTES_LITERAL("\x30\x82one"), BYTES_LITERAL("\x30\x82two")};
    const uint32_t removed[] = {PID_TAG_OFFICE_LOCATION, STRING8(PID_TAG_HOME_TELEPHONE_NUMBER)};
    const struct property_value values[] = {
        {.tag = STRING8(PID_TAG_LOCALITY), .bytes = BYTES_LITERAL("Z\xFCrich")},
        {.tag = PID_TAG_STREET_ADDRESS, .bytes = BYTES_LITERAL("A\0 \0\xE9\0")},
        {.tag = PID_TAG_USER_X509_CERTIFICATE, .multiple = {2, .bytes = certificates}},
        {.tag = PID_TAG_COUNTRY, .bytes = BYTES_NONE},
        {.tag = PID_TAG_HOME_TELEPHONE_NUMBER, .bytes = BYTES_LITERAL("1\0")},
    };
    assert_int_equal(set_as(TEST_ADA, false, TEST_ADA, 2, removed, 5, values), EC_SUCCESS);
    struct guid ada = test_id(TEST_ADA);
    assert_memory_equal(&world.test.changed, &ada, 16);
    assert_int_equal(world.test.changes, 1);
    assert_int_equal(world.test.set_count, 6);
    assert_int_equal(was_set(DIRECTORY_ATTRIBUTE_OFFICE)->count, 0);
    assert_int_equal(was_set(DIRECTORY_ATTRIBUTE_COUNTRY)->count, 0);
    assert_true(bytes_equal(was_set(DIRECTORY_ATTRIBUTE_LOCALITY)->items[0], BYTES_LITERAL("Zürich")));
    assert_true(bytes_equal(was_set(DIRECTORY_ATTRIBUTE_STREET)->items[0], BYTES_LITERAL("A é")));
    assert_true(bytes_equal(was_set(DIRECTORY_ATTRIBUTE_HOME_TELEPHONE)->items[0], BYTES_LITERAL("1")));
    assert_int_equal(was_set(DIRECTORY_ATTRIBUTE_SMIME_CERTIFICATE)->count, 2);
    assert_true(bytes_equal(was_set(DIRECTORY_ATTRIBUTE_SMIME_CERTIFICATE)->items[1], certificates[1]));
}

/* MS-OXNSPI R1284 R1303: one thing refused, nothing done. */
static void test_rights(void **state)
{
    const uint32_t phone[] = {PID_TAG_BUSINESS_TELEPHONE_NUMBER}, phone_and_title[] = {phone[0], PID_TAG_TITLE},
                   manager[] = {PID_TAG_ADDRESS_BOOK_MANAGER}, name[] = {PID_TAG_DISPLAY_NAME}, comment[] = {PID_TAG_COMMENT};
    assert_int_equal(set_as(TEST_BOB, false, TEST_ADA, 1, phone, 0, NULL), EC_ACCESS_DENIED);
    assert_int_equal(set_as(TEST_ADA, false, TEST_ADA, 2, phone_and_title, 0, NULL), EC_ACCESS_DENIED);
    assert_int_equal(set_as(TEST_ADA, false, TEST_ADA, 1, name, 0, NULL), EC_ACCESS_DENIED);
    assert_int_equal(set_as(TEST_BOB, true, TEST_ADA, 1, manager, 0, NULL), EC_ACCESS_DENIED);
    assert_int_equal(set_as(TEST_BOB, false, TEST_STAFF, 1, comment, 0, NULL), EC_ACCESS_DENIED);
    assert_int_equal(set_as(TEST_ADA, false, TEST_EMPTY_GROUP, 1, comment, 0, NULL), EC_ACCESS_DENIED);
    assert_int_equal(world.test.changes, 0);
    assert_int_equal(set_as(TEST_BOB, true, TEST_ADA, 2, phone_and_title, 0, NULL), EC_SUCCESS);
    assert_int_equal(set_as(TEST_ADA, false, TEST_STAFF, 1, comment, 0, NULL), EC_SUCCESS);
    assert_int_equal(set_as(TEST_ADA, false, TEST_ADA, 0, NULL, 0, NULL), EC_SUCCESS); /* nothing asked, nothing done */
    assert_int_equal(world.test.changes, 2);
    world.test.read_only = true;
    assert_int_equal(set_as(TEST_ADA, false, TEST_ADA, 1, phone, 0, NULL), EC_ACCESS_DENIED);
}

static void test_wrong_types(void **state)
{
    static const struct bytes texts[] = {BYTES_LITERAL("1")};
    const struct property_value values[] = {
        {.tag = PROPERTY_TAG(PROPERTY_ID(PID_TAG_LOCALITY), PTYP_BINARY), .bytes = BYTES_LITERAL("x")},
        {.tag = PROPERTY_TAG(PROPERTY_ID(PID_TAG_LOCALITY), PTYP_MULTIPLE_STRING8), .multiple = {1, .bytes = texts}},
        {.tag = PROPERTY_TAG(PROPERTY_ID(PID_TAG_LOCALITY), PTYP_INTEGER32), .integer32 = 1},
        {.tag = PROPERTY_TAG(PROPERTY_ID(PID_TAG_THUMBNAIL_PHOTO), PTYP_STRING8), .bytes = BYTES_LITERAL("x")},
        {.tag = PROPERTY_TAG(PROPERTY_ID(PID_TAG_USER_X509_CERTIFICATE), PTYP_BINARY), .bytes = BYTES_LITERAL("x")},
        {.tag = PROPERTY_TAG(PROPERTY_ID(PID_TAG_BUSINESS2_TELEPHONE_NUMBERS), PTYP_STRING8), .bytes = BYTES_LITERAL("x")},
        {.tag = PROPERTY_TAG(0x7777, PTYP_STRING8), .bytes = BYTES_LITERAL("x")},
        {.tag = PROPERTY_TAG(PROPERTY_ID(PID_TAG_LOCALITY), PTYP_ERROR_CODE)},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_int_equal(set_as(TEST_ADA, false, TEST_ADA, 0, NULL, 1, &values[i]), EC_ACCESS_DENIED);
    assert_int_equal(world.test.changes, 0);
    const struct property_value capacity = {.tag = PID_TAG_ADDRESS_BOOK_ROOM_CAPACITY, .integer32 = 30};
    assert_int_equal(set_as(TEST_ADA, true, TEST_ROOM, 0, NULL, 1, &capacity), EC_SUCCESS);
    assert_true(bytes_equal(was_set(DIRECTORY_ATTRIBUTE_ROOM_CAPACITY)->items[0], BYTES_LITERAL("30")));
}

/* MS-OXNSPI R1280 R1291 R1293 R1295. */
static void test_mod_props_refused(void **state)
{
    const uint32_t phone[] = {PID_TAG_BUSINESS_TELEPHONE_NUMBER};
    struct nspi_mod_props_request request = {.has_state = 1, .state = {.code_page = 1252, .current_rec = TEST_NUMBER(TEST_ADA)}};
    assert_int_equal(run("ModProps", &request), EC_INVALID_PARAMETER);
    request.has_property_tags = request.property_tag_count = 1;
    request.property_tags = phone;
    request.state.code_page = NSPI_CP_WINUNICODE;
    assert_int_equal(run("ModProps", &request), EC_INVALID_CODEPAGE);
    request.state = (struct stat){.code_page = 1252, .current_rec = 2};
    assert_int_equal(run("ModProps", &request), EC_INVALID_PARAMETER);
    request.state.current_rec = TEST_NUMBER(TEST_DYNAMIC);
    assert_int_equal(run("ModProps", &request), EC_INVALID_OBJECT);
    request.has_state = 0;
    assert_int_equal(run("ModProps", &request), EC_INVALID_PARAMETER);
    assert_int_equal(world.test.changes, 0);
}

/* --- ModLinkAtt --- */

static struct sized_entry_id permanent(enum test_entry entry)
{
    return (struct sized_entry_id){entry_id_of_address_book(&world.arena, 0, world.test.entries[entry].legacy_dn)};
}

static struct sized_entry_id ephemeral(enum test_entry entry)
{
    return (struct sized_entry_id){entry_id_of_ephemeral(&world.arena, world.call.server_guid, 0, TEST_NUMBER(entry))};
}

static uint32_t link_as(enum test_entry user, bool administrator, uint32_t flags, uint32_t tag, enum test_entry group,
                        uint32_t count, const struct sized_entry_id *ids)
{
    struct nspi_mod_link_att_request request = {.flags = flags, .property_tag = tag, .minimal_id = TEST_NUMBER(group),
                                                .has_entry_ids = 1, .entry_id_count = count, .entry_ids = ids};
    test_world_as(&world, user, administrator);
    uint32_t error = run("ModLinkAtt", &request);
    test_world_refresh(&world);
    return error;
}

static uint32_t staff_count(void)
{
    return world.test.entries[TEST_STAFF].member_count;
}

/* MS-OXNSPI R1307 R1893 R1310 R1927 R1312 R1313 R1315 R1332 R1333 R1335 R1336 R1340: added, removed, again. */
static void test_members(void **state)
{
    const struct sized_entry_id two[] = {permanent(TEST_EMILE), ephemeral(TEST_ROOM)};
    assert_int_equal(link_as(TEST_ADA, false, 0xFFFFFFFE, MEMBER, TEST_STAFF, 2, two), EC_SUCCESS);
    assert_int_equal(staff_count(), 4);
    uint32_t index = address_book_find_number(world.call.book, TEST_NUMBER(TEST_STAFF));
    assert_int_equal(address_book_members(world.call.book, index).count, 4); /* the next request sees them */
    assert_int_equal(link_as(TEST_ADA, false, 0, STRING8(MEMBER), TEST_STAFF, 2, two), EC_SUCCESS);
    assert_int_equal(staff_count(), 4);
    const struct sized_entry_id three[] = {permanent(TEST_BOB), two[0], {BYTES_LITERAL("nobody")}};
    assert_int_equal(link_as(TEST_ADA, false, 1, MEMBER, TEST_STAFF, 3, three), EC_SUCCESS);
    assert_int_equal(staff_count(), 2);
    assert_int_equal(link_as(TEST_ADA, false, 1, MEMBER, TEST_STAFF, 3, three), EC_SUCCESS);
    assert_int_equal(staff_count(), 2);
    unsigned changes = world.test.changes;
    assert_int_equal(link_as(TEST_ADA, false, 0, MEMBER, TEST_STAFF, 0, NULL), EC_SUCCESS);
    assert_int_equal(world.test.changes, changes);
}

/* MS-OXNSPI R1321 R1338: those who manage a group and administrators; nobody else, and not in part. */
static void test_member_rights(void **state)
{
    const struct sized_entry_id one[] = {permanent(TEST_EMILE)}, half[] = {one[0], {BYTES_LITERAL("nobody")}};
    assert_int_equal(link_as(TEST_BOB, false, 0, MEMBER, TEST_STAFF, 1, one), EC_ACCESS_DENIED);
    assert_int_equal(link_as(TEST_BOB, false, 1, MEMBER, TEST_STAFF, 1, one), EC_ACCESS_DENIED);
    assert_int_equal(link_as(TEST_ADA, false, 0, MEMBER, TEST_STAFF, 2, half), EC_ACCESS_DENIED);
    assert_int_equal(link_as(TEST_ADA, false, 0, MEMBER, TEST_EMPTY_GROUP, 1, one), EC_ACCESS_DENIED);
    assert_int_equal(world.test.changes, 0);
    assert_int_equal(staff_count(), 2);
    world.test.manage_right = TEST_BOB;
    assert_int_equal(link_as(TEST_BOB, false, 0, MEMBER, TEST_STAFF, 1, one), EC_SUCCESS);
    assert_int_equal(link_as(TEST_EMILE, true, 0, MEMBER, TEST_EMPTY_GROUP, 1, one), EC_SUCCESS);
    assert_int_equal(world.test.entries[TEST_EMPTY_GROUP].member_count, 1);
    world.test.read_only = true;
    assert_int_equal(link_as(TEST_ADA, false, 1, MEMBER, TEST_STAFF, 1, one), EC_ACCESS_DENIED);
}

/* MS-OXNSPI R1307 R2002: people say who may send on their behalf. */
static void test_delegates(void **state)
{
    const struct sized_entry_id two[] = {permanent(TEST_BOB), ephemeral(TEST_EMILE)};
    assert_int_equal(link_as(TEST_ADA, false, 0, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES, TEST_ADA, 2, two), EC_SUCCESS);
    assert_int_equal(world.test.delegate_count, 2);
    assert_int_equal(link_as(TEST_EMILE, true, 1, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES, TEST_ADA, 1, two), EC_SUCCESS);
    assert_int_equal(world.test.delegate_count, 1);
    const struct guid emile = test_id(TEST_EMILE);
    assert_memory_equal(&world.test.delegates[0], &emile, 16);
    world.test.read_only = true;
    assert_int_equal(link_as(TEST_ADA, false, 0, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES, TEST_ADA, 1, two), EC_ACCESS_DENIED);
}

/* MS-OXNSPI R1326 R1328 R1646 R1647. */
static void test_mod_link_att_refused(void **state)
{
    const struct sized_entry_id one[] = {permanent(TEST_EMILE)};
    assert_int_equal(link_as(TEST_ADA, true, 0, PID_TAG_ADDRESS_BOOK_MANAGER, TEST_STAFF, 1, one), EC_NOT_FOUND);
    assert_int_equal(link_as(TEST_ADA, true, 0, MEMBER, 0x4000, 1, one), EC_INVALID_PARAMETER);
    assert_int_equal(link_as(TEST_ADA, true, 0, MEMBER, TEST_BOB, 1, one), EC_ACCESS_DENIED);
    assert_int_equal(link_as(TEST_ADA, true, 0, MEMBER, TEST_DYNAMIC, 1, one), EC_ACCESS_DENIED);
    assert_int_equal(link_as(TEST_ADA, true, 0, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES, TEST_STAFF, 1, one), EC_ACCESS_DENIED);
    assert_int_equal(link_as(TEST_BOB, false, 0, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES, TEST_ADA, 1, one), EC_ACCESS_DENIED);
    assert_int_equal(world.test.changes, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_own_values), TEST(test_rights), TEST(test_wrong_types), TEST(test_mod_props_refused), TEST(test_members),
        TEST(test_member_rights), TEST(test_delegates),
        TEST(test_mod_link_att_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
