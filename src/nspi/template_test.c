/* The dialogs' binary form, read back control by control, and GetTemplateInfo. */
#include "nspi/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "nspi/test_book.h"
#include "protocol/property_tags.h"

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

struct control {
    uint32_t x, width, y, height, type, flags, tag, size, text;
};

static uint32_t control_count(struct bytes data)
{
    assert_true(data.size > 8);
    assert_int_equal(load_u32(data.data), 1);
    return load_u32(data.data + 4);
}

static struct control control_at(struct bytes data, uint32_t index)
{
    struct control control;
    memcpy(&control, data.data + 8 + index * sizeof control, sizeof control);
    return control;
}

static const char *text_of(struct bytes data, struct control control)
{
    assert_true(control.text < data.size);
    assert_non_null(memchr(data.data + control.text, 0, data.size - control.text));
    return (const char *)data.data + control.text;
}

static uint32_t call(uint32_t flags, uint32_t type, const char *dn, uint32_t code_page, uint32_t lcid, struct bytes *ret_data)
{
    struct nspi_get_template_info_request request = {.flags = flags, .display_type = type, .has_template_dn = dn != NULL,
        .template_dn = dn ? bytes_of_string(dn) : BYTES_NONE, .code_page = code_page, .locale_id = lcid};
    struct nspi_get_template_info_success answer = {0};
    nspi_execute(&world.call, body_definition_find("GetTemplateInfo", true), &request, &answer);
    *ret_data = BYTES_NONE;
    assert_int_equal(answer.has_row, answer.error_code == EC_SUCCESS); /* MS-OXNSPI R1462 */
    if (answer.has_row && answer.row.property_value_count) {
        assert_int_equal(answer.row.property_values[0].tag, PID_TAG_TEMPLATE_DATA);
        *ret_data = answer.row.property_values[0].bytes;
    }
    return answer.error_code;
}

/* Every dialog in every language: each control lies on a page, within the dialog, has its text in the data, and no two
 * overlap. */
static void test_geometry(void **state)
{
    static const uint32_t types[] = {0, 1, 3, 6, 0x200}, lcids[] = {0x409, 0x407, 0x40C, 0xC0A, 0x411};
    for (size_t i = 0; i < 25; i++) {
        struct bytes data;
        struct control controls[100], previous = {0};
        assert_true(template_make(&world.arena, types[i / 5], lcids[i % 5], 65001, &data));
        uint32_t count = control_count(data), page = 0;
        assert_true(count > 8 && count < 100);
        for (uint32_t j = 0; j < count; j++) {
            controls[j] = control_at(data, j);
            assert_true(strlen(text_of(data, controls[j])) > 0 && strlen(text_of(data, controls[j])) < 128);
            assert_true(controls[j].text >= 8 + 36 * count && (j == 0 || controls[j].text > previous.text));
            previous = controls[j];
            if (controls[j].type == 8) {
                page = j;
                continue;
            }
            assert_int_equal(controls[0].type, 8);
            assert_true(controls[j].x + controls[j].width <= 370 && controls[j].y + controls[j].height <= 220);
            for (uint32_t k = page + 1; k < j; k++)
                assert_true(controls[k].x + controls[k].width <= controls[j].x || controls[j].x + controls[j].width <= controls[k].x ||
                            controls[k].y + controls[k].height <= controls[j].y || controls[j].y + controls[j].height <= controls[k].y);
        }
    }
}

static bool has_control(struct bytes data, uint32_t type, uint32_t tag)
{
    for (uint32_t i = 0; i < control_count(data); i++)
        if (control_at(data, i).type == type && control_at(data, i).tag == tag)
            return true;
    return false;
}

/* MS-OXNSPI R1449 R1453 R1471 R1485 R1486 R1490 R1492, R19391: the dialog of a type; texts in the code page. */
static void test_template_info(void **state)
{
    struct bytes user, group, dynamic, search, german, russian;
    assert_int_equal(call(1, 0, NULL, 1252, 0x409, &user), EC_SUCCESS);
    assert_string_equal(text_of(user, control_at(user, 0)), "General");
    assert_true(has_control(user, 1, 0x3A06001E));
    assert_true(has_control(user, 2, PID_TAG_ADDRESS_BOOK_MANAGER));
    assert_true(has_control(user, 11, 0x800F101E));
    assert_int_equal(call(0x61, 1, NULL, 1252, 0x409, &group), EC_SUCCESS);
    assert_true(has_control(group, 2, PID_TAG_ADDRESS_BOOK_MEMBER));
    assert_true(has_control(group, 7, PID_TAG_ADDRESS_BOOK_MANAGE_DISTRIBUTION_LIST));
    assert_int_equal(call(1, 3, NULL, 1252, 0x409, &dynamic), EC_SUCCESS);
    assert_false(has_control(dynamic, 7, PID_TAG_ADDRESS_BOOK_MANAGE_DISTRIBUTION_LIST));
    assert_int_equal(call(1, 0x200, NULL, 1252, 0x409, &search), EC_SUCCESS);
    assert_int_equal(control_at(search, 2).flags & 2, 2);
    assert_int_equal(control_at(user, 2).flags & 2, 0);
    assert_int_equal(call(1, 0, NULL, 1252, 0x407, &german), EC_SUCCESS);
    assert_string_equal(text_of(german, control_at(german, 0)), "Allgemein");
    assert_true(memmem(german.data, german.size, "Stra\xDF" "e", 6) != NULL);
    assert_int_equal(call(1, 0, NULL, 1251, 0x407, &russian), EC_SUCCESS);
    assert_true(memmem(russian.data, russian.size, "Stra?e", 6) != NULL);
}

/* MS-OXNSPI R1447 R1692 R1483: nothing but templates is there; other flags do not count. */
static void test_flags(void **state)
{
    struct bytes data, again;
    assert_int_equal(call(4, 0, NULL, 1252, 0x409, &data), EC_SUCCESS);
    assert_null(data.data);
    assert_int_equal(call(1, 0, NULL, 1252, 0x409, &data), EC_SUCCESS);
    assert_int_equal(call(0xFFFFFFFF, 0, NULL, 1252, 0x409, &again), EC_SUCCESS);
    assert_true(bytes_equal(data, again));
}

/* MS-OXNSPI R1467 R1469 R1476 R1980 R1981 R1982 R1983. */
static void test_refused(void **state)
{
    struct bytes data, group;
    assert_int_equal(call(1, 0, NULL, NSPI_CP_WINUNICODE, 0x409, &data), EC_INVALID_CODEPAGE);
    assert_int_equal(call(1, 0, NULL, 64999, 0x409, &data), EC_INVALID_CODEPAGE);
    assert_int_equal(call(1, 0, NULL, 1252, 0, &data), EC_INVALID_LOCALE);
    assert_int_equal(call(1, 0, NULL, 1252, 0xFFFFFFFF, &data), EC_INVALID_LOCALE);
    assert_int_equal(call(1, 2, NULL, 1252, 0x409, &data), EC_INVALID_LOCALE);
    assert_int_equal(call(1, 0x100, NULL, 1252, 0x409, &data), EC_INVALID_LOCALE);
    assert_int_equal(call(1, 0, "/o=nobody", 1252, 0x409, &data), EC_INVALID_LOCALE);
    assert_int_equal(call(1, 1, NULL, 1252, 0x409, &group), EC_SUCCESS);
    assert_int_equal(call(1, 0x999, TEST_DN("staff"), 1252, 0, &data), EC_SUCCESS);
    assert_true(bytes_equal(data, group));
}

static void test_no_memory(void **state)
{
    struct arena full = {.size_max = 64};
    struct bytes data = BYTES_LITERAL("x");
    assert_true(template_make(&full, 0, 0x409, 1252, &data));
    assert_null(data.data);
    arena_free(&full);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_geometry), TEST(test_template_info), TEST(test_flags), TEST(test_refused), TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
