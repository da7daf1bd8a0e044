/* Sort keys: the order of the bytes is the order of the values, in both directions and column by column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "store/message_row.h"
#include "store/packed_properties.h"
#include "store/sort_key.h"

static struct arena arena;
static struct collator *collator;

static int setup(void **state)
{
    collator = collator_open();
    return collator ? 0 : 1;
}

static int teardown(void **state)
{
    collator_close(collator);
    arena_free(&arena);
    return 0;
}

static struct bytes key_of(const struct property_value *value, bool descending)
{
    struct buffer key = {0};
    assert_true(sort_key_append(&key, collator, value, descending));
    struct bytes copy = arena_bytes(&arena, buffer_bytes(&key));
    buffer_free(&key);
    return copy;
}

static int sign(int number) { return (number > 0) - (number < 0); }

/* The list is in ascending order; neighbours are equal where 'equal' says so. */
static void assert_ascending(const struct property_value *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            int wanted = sign((int)i - (int)j);
            assert_int_equal(sign(bytes_compare(key_of(values[i], false), key_of(values[j], false))), wanted);
            assert_int_equal(sign(bytes_compare(key_of(values[i], true), key_of(values[j], true))), -wanted);
        }
}

#define POINTERS(values) const struct property_value *pointers[sizeof(values) / sizeof(values[0]) + 1] = {NULL}; \
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) \
        pointers[i + 1] = &(values)[i]
#define COUNT(values) (sizeof(values) / sizeof((values)[0]))

static void numbers_by_value_and_nothing_first(void **state)
{
    const int64_t numbers[] = {INT64_MIN, -4294967296, -256, -1, 0, 1, 255, 256, 4294967296, INT64_MAX};
    struct property_value wide[COUNT(numbers)], small[5];
    for (size_t i = 0; i < COUNT(numbers); i++)
        wide[i] = (struct property_value){.tag = PROPERTY_TAG(1, PTYP_INTEGER64), .integer64 = numbers[i]};
    POINTERS(wide);
    assert_ascending(pointers, COUNT(wide) + 1);
    const int32_t few[] = {INT32_MIN, -1, 0, 1, INT32_MAX};
    for (size_t i = 0; i < COUNT(few); i++)
        small[i] = (struct property_value){.tag = PROPERTY_TAG(1, PTYP_INTEGER32), .integer32 = few[i]};
    for (size_t i = 0; i < COUNT(few); i++)
        pointers[i + 1] = &small[i];
    assert_ascending(pointers, COUNT(few) + 1);
}

static void fractions_and_times(void **state)
{
    const double fractions[] = {-INFINITY, -DBL_MAX, -1.5, -DBL_MIN, 0, DBL_MIN, 1.5, DBL_MAX, INFINITY};
    struct property_value values[COUNT(fractions)], times[3], negative_zero = {.tag = PROPERTY_TAG(1, PTYP_FLOATING64)};
    for (size_t i = 0; i < COUNT(fractions); i++)
        values[i] = (struct property_value){.tag = PROPERTY_TAG(1, PTYP_FLOATING64), .floating64 = fractions[i]};
    POINTERS(values);
    assert_ascending(pointers, COUNT(values) + 1);
    negative_zero.floating64 = -0.0;
    assert_true(bytes_equal(key_of(&negative_zero, false), key_of(&values[4], false)));
    const uint64_t ticks[] = {0, 130000000000000000, UINT64_MAX};
    for (size_t i = 0; i < COUNT(ticks); i++) {
        times[i] = (struct property_value){.tag = PROPERTY_TAG(1, PTYP_TIME), .time = ticks[i]};
        pointers[i + 1] = &times[i];
    }
    assert_ascending(pointers, COUNT(ticks) + 1);
}

static struct property_value text(const char *utf8)
{
    return (struct property_value){.tag = PROPERTY_TAG(1, PTYP_STRING), .bytes = text_utf16_of_utf8(&arena, bytes_of_string(utf8))};
}

static void texts_as_people_order_them(void **state)
{
    struct property_value values[] = {text(""), text("a"), text("aa"), text("Ab"), text("é"), text("Étude"), text("f"),
        text("Öl"), text("Ölkanne"), text("z"), text("Ж"), text("日本")};
    POINTERS(values);
    assert_ascending(pointers, COUNT(values) + 1);
    struct property_value upper = text("GRÜSSE"), lower = text("grüsse"), other = text("grusse");
    assert_true(bytes_equal(key_of(&upper, false), key_of(&lower, false)));
    assert_false(bytes_equal(key_of(&upper, false), key_of(&other, false)));
}

static void long_texts_are_cut_but_names_are_not(void **state)
{
    char first[600], second[600];
    struct buffer a = {0}, b = {0};
    memset(first, 'a', sizeof(first));
    first[599] = 0;
    memcpy(second, first, sizeof(second));
    second[598] = 'b';
    struct property_value x = text(first), y = text(second);
    assert_true(key_of(&x, false).size <= SORT_KEY_TEXT_SIZE_MAX + 2);
    assert_true(bytes_equal(key_of(&x, false), key_of(&y, false)));
    assert_true(sort_key_append_text(&a, collator, x.bytes));
    assert_true(sort_key_append_text(&b, collator, y.bytes));
    assert_true(bytes_compare(buffer_bytes(&a), buffer_bytes(&b)) < 0);
    buffer_free(&a);
    buffer_free(&b);
}

static struct property_value binary(const char *data, size_t size)
{
    return (struct property_value){.tag = PROPERTY_TAG(1, PTYP_BINARY), .bytes = {(const uint8_t *)data, size}};
}

static void binaries_with_zeros_inside(void **state)
{
    struct property_value values[] = {binary("", 0), binary("\0", 1), binary("\0\0", 2), binary("\0\1", 2), binary("\1", 1),
        binary("\1\0", 2), binary("\1\377", 2), binary("\377", 1)};
    POINTERS(values);
    assert_ascending(pointers, COUNT(values) + 1);
}

/* A shorter first column must not borrow from the second. */
static void columns_follow_one_another(void **state)
{
    const char *rows[][2] = {{"a", "z"}, {"ab", "a"}, {"ab", "b"}, {"b", ""}};
    struct bytes keys[4];
    for (int i = 0; i < 4; i++) {
        struct buffer key = {0};
        struct property_value first = text(rows[i][0]), second = text(rows[i][1]);
        assert_true(sort_key_append(&key, collator, &first, false));
        assert_true(sort_key_append(&key, collator, &second, false));
        keys[i] = arena_bytes(&arena, buffer_bytes(&key));
        buffer_free(&key);
        if (i > 0)
            assert_true(bytes_compare(keys[i - 1], keys[i]) < 0);
    }
}

static void multiple_values_count_with_their_first(void **state)
{
    const int32_t numbers[] = {5, 1};
    struct property_value multiple = {.tag = PROPERTY_TAG(1, PTYP_MULTIPLE_INTEGER32), .multiple = {2, {.integer32 = numbers}}};
    struct property_value single = {.tag = PROPERTY_TAG(1, PTYP_INTEGER32), .integer32 = 5};
    assert_true(bytes_equal(key_of(&multiple, false), key_of(&single, false)));
    multiple.multiple.count = 0;
    assert_true(bytes_equal(key_of(&multiple, false), key_of(NULL, false)));
}

static void rows_answer_from_members_before_properties(void **state)
{
    struct buffer packed = {0};
    struct property_value stored[] = {{.tag = 0x0E070003, .integer32 = 99}, {.tag = 0x0E1B000B, .boolean = 0}, text("s")}, value;
    struct property_list list = {3, stored};
    assert_true(packed_properties_write(&packed, &list, NULL, 0));
    struct store_message row = {.message_id = 5, .read = true, .flags = 0x410, .size = 1ull << 40,
        .properties = buffer_bytes(&packed)};
    assert_true(message_row_property(&arena, &row, 0x0E07, &value));
    assert_int_equal(value.integer32, 0x411);
    assert_true(message_row_property(&arena, &row, 0x0E1B, &value));
    assert_int_equal(value.boolean, 1);
    assert_true(message_row_property(&arena, &row, 0x0E08, &value));
    assert_int_equal(value.integer32, INT32_MAX);
    assert_true(message_row_property(&arena, &row, 0x0001, &value));
    assert_int_equal(value.bytes.size, 2);
    assert_false(message_row_property(&arena, &row, 0x668F, &value)); /* not deleted: no time of it */
    assert_false(message_row_property(&arena, &row, 0x7777, &value));
    buffer_free(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_by_value_and_nothing_first),
        cmocka_unit_test(fractions_and_times),
        cmocka_unit_test(texts_as_people_order_them),
        cmocka_unit_test(long_texts_are_cut_but_names_are_not),
        cmocka_unit_test(binaries_with_zeros_inside),
        cmocka_unit_test(columns_follow_one_another),
        cmocka_unit_test(multiple_values_count_with_their_first),
        cmocka_unit_test(rows_answer_from_members_before_properties),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
