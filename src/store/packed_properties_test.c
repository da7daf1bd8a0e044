/* Packed properties: round trips of every type, picking, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/packed_properties.h"

static const int16_t shorts[] = {-1, 2, 300};
static const int32_t longs[] = {INT32_MIN, 7};
static const int64_t wides[] = {INT64_MAX, -9, 0};
static const double doubles[] = {1.5, -0.25};
static const float floats[] = {2.5f};
static const struct guid guids[] = {{{1, 2, 3}}, {{9}}};
static struct bytes texts[3];

#define TAG(id, type) PROPERTY_TAG(id, type)

static struct property_list every_type(void)
{
    static struct property_value values[28];
    texts[0] = (struct bytes){(const uint8_t *)"a\0b\0", 4};
    texts[1] = BYTES_NONE;
    texts[2] = (struct bytes){(const uint8_t *)"c\0", 2};
    struct property_value all[] = {
        {.tag = TAG(0x0001, PTYP_NULL)},
        {.tag = TAG(0x0002, PTYP_INTEGER16), .integer16 = -3},
        {.tag = TAG(0x0003, PTYP_INTEGER32), .integer32 = INT32_MIN},
        {.tag = TAG(0x0004, PTYP_FLOATING32), .floating32 = 0.5f},
        {.tag = TAG(0x0005, PTYP_FLOATING64), .floating64 = -2.25},
        {.tag = TAG(0x0006, PTYP_CURRENCY), .integer64 = -1},
        {.tag = TAG(0x0007, PTYP_FLOATING_TIME), .floating64 = 40000.5},
        {.tag = TAG(0x000B, PTYP_BOOLEAN), .boolean = 0xFF},
        {.tag = TAG(0x000D, PTYP_OBJECT), .bytes = {(const uint8_t *)"object", 6}},
        {.tag = TAG(0x0014, PTYP_INTEGER64), .integer64 = INT64_MIN},
        {.tag = TAG(0x001E, PTYP_STRING8), .bytes = {(const uint8_t *)"narrow", 6}},
        {.tag = TAG(0x001F, PTYP_STRING), .bytes = {(const uint8_t *)"w\0i\0", 4}},
        {.tag = TAG(0x0040, PTYP_TIME), .time = UINT64_MAX},
        {.tag = TAG(0x0048, PTYP_GUID), .guid = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}},
        {.tag = TAG(0x00FB, PTYP_SERVER_ID), .bytes = {(const uint8_t *)"\1", 1}},
        {.tag = TAG(0x0102, PTYP_BINARY), .bytes = BYTES_NONE},
        {.tag = TAG(0x1002, PTYP_MULTIPLE_INTEGER16), .multiple = {3, {.integer16 = shorts}}},
        {.tag = TAG(0x1003, PTYP_MULTIPLE_INTEGER32), .multiple = {2, {.integer32 = longs}}},
        {.tag = TAG(0x1004, PTYP_MULTIPLE_FLOATING32), .multiple = {1, {.floating32 = floats}}},
        {.tag = TAG(0x1005, PTYP_MULTIPLE_FLOATING64), .multiple = {2, {.floating64 = doubles}}},
        {.tag = TAG(0x1006, PTYP_MULTIPLE_CURRENCY), .multiple = {3, {.integer64 = wides}}},
        {.tag = TAG(0x1014, PTYP_MULTIPLE_INTEGER64), .multiple = {0, {.integer64 = NULL}}},
        {.tag = TAG(0x101E, PTYP_MULTIPLE_STRING8), .multiple = {3, {.bytes = texts}}},
        {.tag = TAG(0x101F, PTYP_MULTIPLE_STRING), .multiple = {3, {.bytes = texts}}},
        {.tag = TAG(0x1040, PTYP_MULTIPLE_TIME), .multiple = {3, {.integer64 = wides}}},
        {.tag = TAG(0x1048, PTYP_MULTIPLE_GUID), .multiple = {2, {.guid = guids}}},
        {.tag = TAG(0x1102, PTYP_MULTIPLE_BINARY), .multiple = {0, {.bytes = NULL}}},
        {.tag = TAG(0x8001, PTYP_STRING), .bytes = {(const uint8_t *)"n\0", 2}},
    };
    memcpy(values, all, sizeof(all));
    return (struct property_list){sizeof(all) / sizeof(all[0]), values};
}

static void assert_same_value(const struct property_value *a, const struct property_value *b)
{
    struct buffer x = {0}, y = {0};
    assert_int_equal(a->tag, b->tag);
    assert_true(packed_value_write(&x, a));
    assert_true(packed_value_write(&y, b));
    assert_true(bytes_equal(buffer_bytes(&x), buffer_bytes(&y)));
    buffer_free(&x);
    buffer_free(&y);
}

static void every_type_comes_back(void **state)
{
    struct arena arena = {0};
    struct buffer packed = {0};
    struct property_list list = every_type();
    struct packed_entry entry;
    assert_true(packed_properties_write(&packed, &list, NULL, 0));
    for (uint32_t i = 0; i < list.count; i++) {
        assert_true(packed_properties_find(&arena, buffer_bytes(&packed), PROPERTY_ID(list.values[i].tag), &entry));
        assert_false(entry.apart);
        assert_same_value(&entry.value, &list.values[i]);
        assert_true(packed_properties_at(&arena, buffer_bytes(&packed), i, &entry));
        assert_same_value(&entry.value, &list.values[i]);
    }
    assert_false(packed_properties_at(&arena, buffer_bytes(&packed), list.count, &entry));
    assert_false(packed_properties_find(&arena, buffer_bytes(&packed), 0x7777, &entry));
    struct property_list again;
    assert_true(packed_properties_list(&arena, buffer_bytes(&packed), &again, NULL, NULL));
    assert_int_equal(again.count, list.count);
    /* The layout itself, byte for byte: version, count, the second entry. */
    assert_memory_equal(packed.data, "\1\0\x1c\0", 4);
    assert_memory_equal(packed.data + 4 + 8, "\2\0\2\0\xfd\xff\0\0", 8);
    buffer_free(&packed);
    arena_free(&arena);
}

static void order_does_not_matter_and_the_later_wins(void **state)
{
    struct arena arena = {0};
    struct buffer packed = {0};
    struct property_value values[100];
    for (int i = 0; i < 100; i++)
        values[i] = (struct property_value){.tag = TAG(200 - i, PTYP_INTEGER32), .integer32 = i};
    values[99] = (struct property_value){.tag = TAG(150, PTYP_INTEGER64), .integer64 = 4711};
    struct store_value apart = {TAG(120, PTYP_BINARY), 77, 1ull << 40};
    struct property_list list = {100, values};
    assert_true(packed_properties_write(&packed, &list, &apart, 1));
    uint32_t count;
    assert_true(packed_properties_count(buffer_bytes(&packed), &count));
    assert_int_equal(count, 99);
    uint32_t tags[] = {TAG(150, PTYP_INTEGER32), TAG(120, PTYP_BINARY), TAG(1, PTYP_NULL), TAG(200, PTYP_INTEGER32)};
    struct packed_entry entries[4];
    packed_properties_pick(&arena, buffer_bytes(&packed), tags, 4, entries);
    assert_int_equal(entries[0].value.tag, TAG(150, PTYP_INTEGER64));
    assert_int_equal(entries[0].value.integer64, 4711);
    assert_true(entries[1].apart);
    assert_int_equal(entries[1].value_id, 77);
    assert_int_equal(entries[1].size, 1ull << 40);
    assert_int_equal(entries[2].value.tag, 0);
    assert_int_equal(entries[3].value.integer32, 0);
    assert_true(packed_properties_set_value_id(packed.data, packed.size, 120, 99));
    assert_false(packed_properties_set_value_id(packed.data, packed.size, 150, 99));
    struct packed_entry entry;
    assert_true(packed_properties_find(&arena, buffer_bytes(&packed), 120, &entry));
    assert_int_equal(entry.value_id, 99);
    buffer_free(&packed);
    arena_free(&arena);
}

static void what_cannot_be_stored_leaves_the_buffer_as_it_was(void **state)
{
    struct buffer packed = {0};
    struct property_value values[] = {{.tag = TAG(1, PTYP_INTEGER32)}, {.tag = TAG(2, PTYP_RESTRICTION)}};
    struct property_list list = {2, values};
    buffer_append_u8(&packed, 42);
    assert_false(packed_properties_write(&packed, &list, NULL, 0));
    values[1].tag = TAG(2, PTYP_ERROR_CODE);
    assert_false(packed_properties_write(&packed, &list, NULL, 0));
    values[1].tag = TAG(2, PTYP_UNSPECIFIED);
    assert_false(packed_properties_write(&packed, &list, NULL, 0));
    values[1].tag = TAG(2, PTYP_STRING | PACKED_APART);
    assert_false(packed_properties_write(&packed, &list, NULL, 0));
    assert_int_equal(packed.size, 1);
    buffer_free(&packed);
}

/* Whatever one byte becomes or wherever the bytes end: an answer, and (with the sanitizers) no reading beyond. */
static void damage_is_answered_not_followed(void **state)
{
    struct arena arena = {0};
    struct buffer packed = {0};
    struct property_list list = every_type(), ignored;
    struct store_value apart = {TAG(0x3701, PTYP_BINARY), 77, 5};
    assert_true(packed_properties_write(&packed, &list, &apart, 1));
    for (size_t size = 0; size < packed.size; size++) {
        uint8_t *exact = malloc(size ? size : 1);
        memcpy(exact, packed.data, size);
        assert_false(packed_properties_list(&arena, (struct bytes){exact, size}, &ignored, NULL, NULL));
        free(exact);
        arena_reset(&arena);
    }
    for (size_t at = 0; at < packed.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            struct packed_entry entry;
            uint32_t tag = TAG(0x101F, PTYP_MULTIPLE_STRING);
            packed.data[at] ^= (uint8_t)(1 << bit);
            if (packed_properties_list(&arena, buffer_bytes(&packed), &ignored, NULL, NULL))
                assert_true(ignored.count <= list.count + 1);
            packed_properties_pick(&arena, buffer_bytes(&packed), &tag, 1, &entry);
            packed.data[at] ^= (uint8_t)(1 << bit);
            arena_reset(&arena);
        }
    buffer_free(&packed);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back),
        cmocka_unit_test(order_does_not_matter_and_the_later_wins),
        cmocka_unit_test(what_cannot_be_stored_leaves_the_buffer_as_it_was),
        cmocka_unit_test(damage_is_answered_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
