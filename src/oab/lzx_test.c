#include "oab/lzx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "oab/lzx_tree.h"

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

enum shape { ZEROS, NOISE, TEXT, SKEWED, SHAPE_COUNT };

static void fill(uint8_t *data, size_t size, enum shape shape, uint32_t seed)
{
    static const char *const words[] = {"/o=Organization/ou=First/cn=Recipients/cn=", "ada", "@example.org", "Lovelace", "SMTP:",
        "+49 30 ", "Berlin", "\0\x01", "smtp:", "Department of Computing"};
    for (size_t i = 0; i < size;) {
        uint32_t random = next_random(&seed);
        if (shape == TEXT) {
            const char *word = words[random % 10];
            for (size_t j = 0; word[j] && i < size; j++)
                data[i++] = (uint8_t)word[j];
            for (unsigned j = 0; j < random % 5 && i < size; j++)
                data[i++] = (uint8_t)('0' + next_random(&seed) % 10);
        } else {
            data[i++] = shape == ZEROS ? 0 : shape == NOISE ? (uint8_t)random : (uint8_t)(__builtin_ctz(random | 1u << 20) * 7);
        }
    }
}

static size_t check(enum lzx_method method, const uint8_t *data, size_t reference_size, size_t size)
{
    struct lzx_compressor *compressor = lzx_compressor_new();
    struct lzx_expander *expander = lzx_expander_new();
    struct buffer stream = {0};
    assert_true(lzx_compress(compressor, method, data, reference_size, size, &stream));
    uint8_t *again = malloc(size);
    memcpy(again, data, reference_size);
    memset(again + reference_size, 0xAA, size - reference_size);
    assert_true(lzx_expand(expander, buffer_bytes(&stream), again, reference_size, size));
    assert_memory_equal(again, data, size);
    size_t stream_size = stream.size;
    buffer_free(&stream);
    free(again);
    lzx_compressor_free(compressor);
    lzx_expander_free(expander);
    return stream_size;
}

static void test_content_comes_back(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 4, 257, 258, 32767, 32768, 32769, 65536, 131071, 131072, 131073, 258048, 262143,
        262144, 262145, 600001};
    uint8_t *data = malloc(600001);
    for (enum shape shape = ZEROS; shape < SHAPE_COUNT; shape++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            fill(data, sizes[i], shape, (uint32_t)i + 1);
            check(LZX_COMPRESSED, data, 0, sizes[i]);
            check(LZX_STORED, data, 0, sizes[i]);
        }
    free(data);
}

static void test_text_becomes_small(void **state)
{
    size_t size = 200000;
    uint8_t *data = malloc(size);
    fill(data, size, TEXT, 7);
    assert_true(check(LZX_COMPRESSED, data, 0, size) < size / 4);
    fill(data, size, ZEROS, 7);
    assert_true(check(LZX_COMPRESSED, data, 0, size) < 200);
    fill(data, size, NOISE, 7);
    assert_true(check(LZX_COMPRESSED, data, 0, size) < size + 200); /* stored */
    free(data);
}

/* What was in the reference data costs next to nothing, also when it stands somewhere else. */
static void test_reference_data(void **state)
{
    size_t reference_size = 200000, target_size = 200100;
    uint8_t *data = malloc(reference_size + target_size);
    fill(data, reference_size, TEXT, 3);
    memcpy(data + reference_size, data, 90000);
    fill(data + reference_size + 90000, 100, NOISE, 4);
    memcpy(data + reference_size + 90100, data + 90000, 110000);
    assert_true(check(LZX_COMPRESSED, data, reference_size, reference_size + target_size) < 600);
    for (size_t size = 1; size < 40; size++)
        check(LZX_COMPRESSED, data, 1, 1 + size);
    check(LZX_COMPRESSED, data, 100000, 200000);
    check(LZX_STORED, data, 100000, 200000);
    free(data);
}

static void test_limits(void **state)
{
    struct lzx_compressor *compressor = lzx_compressor_new();
    struct buffer stream = {0};
    uint8_t byte = 1;
    assert_false(lzx_compress(compressor, LZX_COMPRESSED, &byte, 1, 1, &stream));
    assert_false(lzx_compress(compressor, LZX_COMPRESSED, &byte, 0, 1u << 24, &stream));
    assert_int_equal(lzx_window_bits(0, 1), 17);
    assert_int_equal(lzx_window_bits(0, 0x20001), 18);
    assert_int_equal(lzx_window_bits(1, 0x20000), 18);
    assert_int_equal(lzx_window_bits(1u << 24, 1u << 24), 25);
    assert_int_equal(lzx_window_bits(1u << 24, (1u << 24) + 1), 0);
    assert_int_equal(lzx_slot_count(17), 34);
    assert_int_equal(lzx_slot_count(20), 42);
    assert_int_equal(lzx_slot_count(25), 290);
    for (unsigned slot = 1; slot < LZX_SLOT_COUNT_MAX; slot++)
        assert_int_equal(lzx_slot_base(slot), lzx_slot_base(slot - 1) + (1u << lzx_slot_extra_bits(slot - 1)));
    buffer_free(&stream);
    lzx_compressor_free(compressor);
}

static void test_damaged_streams_end(void **state)
{
    size_t size = 70000;
    uint8_t *data = malloc(size), *again = malloc(size);
    fill(data, size, TEXT, 5);
    struct lzx_compressor *compressor = lzx_compressor_new();
    struct lzx_expander *expander = lzx_expander_new();
    struct buffer stream = {0};
    assert_true(lzx_compress(compressor, LZX_COMPRESSED, data, 1000, size, &stream));
    memcpy(again, data, 1000);
    for (size_t cut = 0; cut < stream.size; cut += cut < 300 ? 1 : 97) {
        uint8_t *part = malloc(cut + 1); /* so that sanitizers see reads behind it */
        memcpy(part, stream.data, cut);
        assert_false(lzx_expand(expander, bytes_of(part, cut), again, 1000, size));
        free(part);
    }
    uint32_t seed = 9;
    for (unsigned i = 0; i < 2000; i++) {
        size_t place = next_random(&seed) % stream.size;
        uint8_t before = stream.data[place];
        stream.data[place] ^= (uint8_t)(1 + next_random(&seed) % 255);
        bool expanded = lzx_expand(expander, buffer_bytes(&stream), again, 1000, size);
        assert_true(expanded || !expanded); /* it ends, within its bounds */
        stream.data[place] = before;
    }
    assert_true(lzx_expand(expander, buffer_bytes(&stream), again, 1000, size));
    buffer_free(&stream);
    free(data);
    free(again);
    lzx_compressor_free(compressor);
    lzx_expander_free(expander);
}

static void test_trees(void **state)
{
    uint32_t frequencies[40];
    uint8_t lengths[40];
    uint32_t a = 1, b = 1;
    for (unsigned i = 0; i < 40; i++) { /* Fibonacci's numbers make the deepest trees */
        frequencies[i] = a;
        uint32_t sum = a + b;
        a = b;
        b = sum < 50000000 ? sum : 50000000;
    }
    lzx_tree_lengths(frequencies, 40, LZX_CODE_BITS_MAX, lengths);
    struct lzx_lookup *lookup = calloc(1, sizeof *lookup);
    assert_true(lzx_lookup_build(lookup, lengths, 40) && !lookup->empty);
    uint16_t codes[40];
    lzx_tree_codes(lengths, 40, codes);
    for (unsigned i = 0; i < 40; i++) {
        assert_in_range(lengths[i], 1, LZX_CODE_BITS_MAX);
        uint32_t found = lzx_lookup_find(lookup, (uint32_t)codes[i] << (16 - lengths[i]));
        assert_int_equal(found >> 5, i);
        assert_int_equal(found & 31, lengths[i]);
    }
    memset(frequencies, 0, sizeof frequencies);
    lzx_tree_lengths(frequencies, 40, 16, lengths);
    assert_true(lzx_lookup_build(lookup, lengths, 40) && lookup->empty);
    frequencies[0] = 5;
    lzx_tree_lengths(frequencies, 40, 16, lengths);
    assert_true(lzx_lookup_build(lookup, lengths, 40) && !lookup->empty);
    lengths[0] = 3;
    assert_false(lzx_lookup_build(lookup, lengths, 40)); /* not complete */
    free(lookup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_comes_back),
        cmocka_unit_test(test_text_becomes_small),
        cmocka_unit_test(test_reference_data),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_damaged_streams_end),
        cmocka_unit_test(test_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
