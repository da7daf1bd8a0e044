/* Laws that hold for every declared structure, without a test of its own: what is encoded decodes to the same, accepted bytes
 * encode to the same bytes again unless the decoder called them non-canonical, and no truncation and no changed byte does more
 * than fail cleanly (the sanitizer build watches). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "protocol/structures.h"
#include "wire/wire.h"

#define ROUNDS 60u
#define MUTATED_SIZE_MAX 300u

static const uint32_t some_tags[] = { 0x0037001F, 0x0E060040, 0x67480014, 0x00000000, 0x65E00102, 0x3001001E, 0x3003301F, 0x12340003, 0x0E08101F };
static const struct wire_columns some_columns = { sizeof some_tags / sizeof *some_tags, some_tags };

static const struct wire_context contexts[] = {
    { .columns = &some_columns },
    { .columns = &some_columns, .wide = true },
    { .columns = &some_columns, .wide = true, .address_book = true },
    { .columns = &some_columns, .public_logon = true, .return_value = 0x480 },
};

static void fail_for(const struct wire_structure *structure, uint64_t seed, const char *what, const struct wire_error *error)
{
    char text[WIRE_ERROR_TEXT_SIZE] = "";
    if (error)
        wire_error_format(error, text);
    print_error("%s, seed %llu: %s %s\n", structure->name, (unsigned long long)seed, what, text);
    fail();
}

static void check_round_trip(const struct wire_structure *structure, const struct wire_context *context, uint64_t seed)
{
    struct arena arena = { 0 };
    struct buffer bytes = { 0 }, again = { 0 };
    struct wire_random random = { seed };
    struct wire_error error = { 0 };
    void *object = wire_random_object(&arena, structure, context, &random);
    assert_non_null(object);
    if (!wire_encode(structure, object, context, &bytes, &error))
        fail_for(structure, seed, "does not encode", &error);
    if (bytes.size < structure->least)
        fail_for(structure, seed, "is shorter than its least size", NULL);
    void *decoded = arena_allocate(&arena, structure->size);
    if (!wire_decode(&arena, structure, buffer_bytes(&bytes), context, decoded, &error))
        fail_for(structure, seed, "does not decode", &error);
    if (!wire_equal(structure, object, decoded, context))
        fail_for(structure, seed, "decodes to something else", NULL);
    if (!wire_encode(structure, decoded, context, &again, &error))
        fail_for(structure, seed, "does not encode again", &error);
    if (!bytes_equal(buffer_bytes(&bytes), buffer_bytes(&again)))
        fail_for(structure, seed, "encodes to other bytes", NULL);
    buffer_free(&bytes);
    buffer_free(&again);
    arena_free(&arena);
}

static void every_structure_makes_the_round_trip(void **state)
{
    for (uint32_t i = 0; i < wire_structure_count; i++)
        for (size_t c = 0; c < sizeof contexts / sizeof *contexts; c++)
            for (uint64_t seed = 0; seed < ROUNDS; seed++)
                check_round_trip(wire_structures[i], &contexts[c], seed * 1000003 + i);
}

/* Whatever is accepted must encode to the same bytes, or to others that mean the same. */
static void check_input(const struct wire_structure *structure, const struct wire_context *context, struct bytes input, uint64_t seed)
{
    struct arena arena = { 0 };
    struct buffer again = { 0 };
    struct wire_error error = { 0 };
    size_t size;
    bool canonical;
    uint8_t *exact = malloc(input.size ? input.size : 1); /* so that the sanitizer sees a byte too many */
    memcpy(exact, input.data, input.size);
    void *object = arena_allocate(&arena, structure->size), *second = arena_allocate(&arena, structure->size);
    if (wire_decode_prefix(&arena, structure, bytes_of(exact, input.size), context, object, &size, &canonical, &error)) {
        if (!wire_encode(structure, object, context, &again, &error))
            fail_for(structure, seed, "was accepted but does not encode", &error);
        if (canonical && !bytes_equal(buffer_bytes(&again), bytes_of(exact, size)))
            fail_for(structure, seed, "was accepted as canonical but encodes to other bytes", NULL);
        if (!wire_decode(&arena, structure, buffer_bytes(&again), context, second, &error))
            fail_for(structure, seed, "does not decode what it wrote", &error);
        if (!wire_equal(structure, object, second, context))
            fail_for(structure, seed, "reads something else from what it wrote", NULL);
    } else {
        if (error.status == WIRE_OK || error.offset > input.size || !error.path[0])
            fail_for(structure, seed, "failed without a reason", &error);
    }
    free(exact);
    buffer_free(&again);
    arena_free(&arena);
}

static void check_damage(const struct wire_structure *structure, const struct wire_context *context, uint64_t seed)
{
    struct arena arena = { 0 };
    struct buffer bytes = { 0 };
    struct wire_random random = { seed };
    void *object = wire_random_object(&arena, structure, context, &random);
    assert_non_null(object);
    assert_true(wire_encode(structure, object, context, &bytes, NULL));
    size_t size = bytes.size < MUTATED_SIZE_MAX ? bytes.size : MUTATED_SIZE_MAX;
    for (size_t cut = 0; cut < size; cut++)
        check_input(structure, context, bytes_of(bytes.data, cut), seed);
    static const uint8_t changes[] = { 0x01, 0x80, 0xFF };
    for (size_t at = 0; at < size; at++) {
        for (size_t c = 0; c < sizeof changes; c++) {
            bytes.data[at] ^= changes[c];
            check_input(structure, context, buffer_bytes(&bytes), seed);
            bytes.data[at] ^= changes[c];
        }
    }
    buffer_free(&bytes);
    arena_free(&arena);
}

static void every_damage_fails_cleanly_or_is_read(void **state)
{
    for (uint32_t i = 0; i < wire_structure_count; i++)
        for (size_t c = 0; c < sizeof contexts / sizeof *contexts; c++)
            for (uint64_t seed = 0; seed < 2; seed++)
                check_damage(wire_structures[i], &contexts[c], seed * 7 + i);
}

/* What was accepted is also what is printed, and printing says how many bytes it explained. */
static void every_structure_prints(void **state)
{
    for (uint32_t i = 0; i < wire_structure_count; i++) {
        struct arena arena = { 0 };
        struct buffer bytes = { 0 }, text = { 0 };
        struct wire_random random = { 42 };
        struct wire_error error = { 0 };
        void *object = wire_random_object(&arena, wire_structures[i], &contexts[0], &random);
        assert_true(wire_encode(wire_structures[i], object, &contexts[0], &bytes, NULL));
        if (!wire_print(&arena, wire_structures[i], buffer_bytes(&bytes), &contexts[0], 0, 0, &text, &error))
            fail_for(wire_structures[i], 42, "does not print", &error);
        assert_true(bytes.size == 0 || text.size > 0);
        buffer_free(&bytes);
        buffer_free(&text);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_structure_makes_the_round_trip),
        cmocka_unit_test(every_damage_fails_cleanly_or_is_read),
        cmocka_unit_test(every_structure_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
