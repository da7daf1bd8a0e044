/* The extended buffer and its compression (MS-OXCRPC 2.2.2.1, 3.1.4.1.1.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "protocol/extended_buffer.h"
#include "protocol/lz77.h"

static void check_decompresses(const char *compressed, size_t compressed_size, const char *plain, size_t size)
{
    uint8_t *output = malloc(size + 1);
    assert_true(lz77_decompress(bytes_of(compressed, compressed_size), output, size));
    assert_memory_equal(output, plain, size);
    for (size_t cut = 0; cut + 5 < compressed_size; cut++) /* the last bytes may be the end mark alone */
        assert_false(lz77_decompress(bytes_of(compressed, cut), output, size));
    free(output);
}

/* The two examples of MS-XCA 3.1: 26 literals and the end mark; three literals and one match of 297 at distance 3. */
static void examples_of_the_specification(void **state)
{
    static const char alphabet[] = "\x3F\x00\x00\x00" "abcdefghijklmnopqrstuvwxyz";
    check_decompresses(alphabet, sizeof alphabet - 1, "abcdefghijklmnopqrstuvwxyz", 26);
    static const char repeated[] = "\xFF\xFF\xFF\x1F" "abc" "\x17\x00\x0F\xFF\x26\x01";
    char plain[300];
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = "abc"[i % 3];
    uint8_t output[300];
    assert_true(lz77_decompress(bytes_of(repeated, sizeof repeated - 1), output, sizeof output));
    assert_memory_equal(output, plain, sizeof plain);
    struct buffer again = { 0 };
    assert_true(lz77_compress(bytes_of(plain, sizeof plain), &again));
    assert_int_equal(again.size, sizeof repeated - 1);
    assert_memory_equal(again.data, repeated, again.size);
    buffer_free(&again);
}

/* MS-OXCRPC R889: bitmask 0x01000000 is seven bytes of data, then metadata. The match here: distance 7, length 3. */
static void bitmask_example(void **state)
{
    static const char compressed[] = "\x00\x00\x00\x01" "1234567" "\x30\x00" "x";
    uint8_t output[11];
    assert_true(lz77_decompress(bytes_of(compressed, sizeof compressed - 1), output, sizeof output));
    assert_memory_equal(output, "1234567123x", 11);
}

/* Lengths written out by hand: in the token (3..9), in a nibble (10..24, low half first, the high half of the same byte for the
 * next), in a byte (25..279), in two bytes (280 and more). */
static void every_form_of_a_length(void **state)
{
    static const char compressed[] =
        "\x00\x00\x00\x7C"     /* flags 0 1 1 1 1 1, then literals */
        "a"
        "\x06\x00"             /* distance 1, length 6 + 3 = 9 */
        "\x07\x00" "\xE0"      /* nibble 0: length 10 */
        "\x07\x00"             /* high nibble 14: length 24 */
        "\x07\x00" "\x0F" "\x00" /* nibble 15, byte 0: length 25 */
        "\x07\x00" "\xFF\x26\x01"; /* high nibble: the byte above has 0 there: length 10; what follows are literals */
    uint8_t output[1 + 9 + 10 + 24 + 25 + 10 + 3];
    assert_true(lz77_decompress(bytes_of(compressed, sizeof compressed - 1), output, sizeof output));
    for (size_t i = 0; i + 3 < sizeof output; i++)
        assert_int_equal(output[i], 'a');
    assert_memory_equal(output + sizeof output - 3, "\xFF\x26\x01", 3);
}

static void bad_compressed_data(void **state)
{
    uint8_t output[64];
    assert_false(lz77_decompress(BYTES_NONE, output, 1));
    assert_false(lz77_decompress(bytes_of("\0\0\0\x80\0\0", 6), output, 3));             /* a match before the first byte */
    assert_false(lz77_decompress(bytes_of("\0\0\0\x40" "a\x08\0", 7), output, 4));       /* distance 2 after one byte */
    assert_false(lz77_decompress(bytes_of("\0\0\0\x40" "a\x06\0", 7), output, 5));       /* more than was announced */
    assert_false(lz77_decompress(bytes_of("\0\0\0\x40" "a\x07\0", 7), output, 64));      /* the nibble is missing */
    assert_false(lz77_decompress(bytes_of("\0\0\0\x40" "a\x07\0\x0F\xFF\0\0", 11), output, 64)); /* 16 bits of length too small */
    assert_false(lz77_decompress(bytes_of("\0\0\0\0" "abc", 7), output, 2));             /* something left over */
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Text, zeros, noise and their mixtures, of every size that a unit can have. */
static void compression_gives_the_same_back(void **state)
{
    uint64_t random = 7;
    uint8_t *plain = malloc(32768), *output = malloc(32768);
    for (uint32_t round = 0; round < 400; round++) {
        size_t size = round < 200 ? round : next_random(&random) % 32768;
        uint32_t kind = round % 4, alphabet = kind == 0 ? 2 : kind == 1 ? 256 : 20;
        for (size_t i = 0; i < size; i++) {
            size_t back = 1 + next_random(&random) % 9000;
            bool repeat = kind == 3 && i > back && next_random(&random) % 50;
            plain[i] = repeat ? plain[i - back % 40 - 1] : (uint8_t)(next_random(&random) % alphabet);
        }
        struct buffer compressed = { 0 };
        assert_true(lz77_compress(bytes_of(plain, size), &compressed));
        assert_true(lz77_decompress(buffer_bytes(&compressed), output, size));
        assert_memory_equal(plain, output, size);
        buffer_free(&compressed);
    }
    free(plain);
    free(output);
}

static void every_kind_of_unit_makes_the_round_trip(void **state)
{
    static const char text[] = "rows and rows and rows and rows and rows";
    struct arena arena = { 0 };
    for (uint16_t flags = 0; flags < 4; flags++) {
        struct buffer buffer = { 0 };
        struct extended_units units;
        assert_true(extended_buffer_append(&buffer, bytes_of(text, sizeof text), flags));
        assert_true(extended_buffer_append(&buffer, BYTES_NONE, flags));
        assert_true(extended_buffer_append(&buffer, bytes_of("ab", 2), flags | EXTENDED_FLAGS_LAST));
        assert_true(extended_buffer_read(&arena, buffer_bytes(&buffer), &units, NULL));
        assert_int_equal(units.count, 3);
        assert_int_equal(units.units[0].payload.size, sizeof text);
        assert_memory_equal(units.units[0].payload.data, text, sizeof text);
        assert_int_equal(units.units[0].flags & EXTENDED_FLAGS_COMPRESSED, flags & EXTENDED_FLAGS_COMPRESSED);
        assert_int_equal(units.units[2].payload.size, 2);
        assert_int_equal(units.units[2].flags & EXTENDED_FLAGS_COMPRESSED, 0); /* would not have been smaller */
        assert_memory_equal(units.units[2].payload.data, "ab", 2);
        if (flags & EXTENDED_FLAGS_XOR_MAGIC) /* MS-OXCRPC 3.1.4.1.1.3: every byte under 0xA5 */
            assert_int_equal(buffer.data[buffer.size - 1], 'b' ^ 0xA5);
        buffer_free(&buffer);
    }
    arena_free(&arena);
}

static void malformed_frames(void **state)
{
    static const struct { const char *bytes; size_t size; const char *why; } cases[] = {
        { "\0\0\4\0\2\0\2\0a", 9, "shorter than it says" },
        { "\0\0\4\0\1\0\1", 7, "header cut" },
        { "\1\0\4\0\1\0\1\0a", 9, "another version" },
        { "\0\0\0\0\1\0\1\0a", 9, "no unit is the last" },
        { "\0\0\4\0\1\0\2\0a", 9, "plain, but two sizes" },
        { "\0\0\4\0\1\0\1\0a\0\0\4\0\1\0\1\0b", 18, "a unit after the last" },
        { "\0\0\4\0\1\0\1\0a\0", 10, "a byte after the last" },
        { "\0\0\5\0\1\0\377\377a", 9, "compressed: one byte cannot be 65,535" },
    };
    struct arena arena = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct extended_units units;
        if (extended_buffer_read(&arena, bytes_of(cases[i].bytes, cases[i].size), &units, NULL))
            fail_msg("accepted: %s", cases[i].why);
    }
    struct buffer many = { 0 };
    struct extended_units units;
    for (int i = 0; i < EXTENDED_UNITS_MAX; i++)
        assert_true(extended_buffer_append(&many, BYTES_NONE, 0));
    assert_true(extended_buffer_append(&many, BYTES_NONE, EXTENDED_FLAGS_LAST));
    assert_false(extended_buffer_read(&arena, buffer_bytes(&many), &units, NULL)); /* MS-OXCRPC R968: 96 at most */
    buffer_free(&many);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_specification),
        cmocka_unit_test(bitmask_example),
        cmocka_unit_test(every_form_of_a_length),
        cmocka_unit_test(bad_compressed_data),
        cmocka_unit_test(compression_gives_the_same_back),
        cmocka_unit_test(every_kind_of_unit_makes_the_round_trip),
        cmocka_unit_test(malformed_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
