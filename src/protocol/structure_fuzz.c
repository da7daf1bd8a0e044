/* Fuzzes every declared structure: two bytes choose one, a third its context, the rest is the input. What is accepted must
 * encode, to the same bytes where the decoder called them canonical, and decode to the same again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "protocol/structures.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_SIZE = 3, BIT_WIDE = 1, BIT_ADDRESS_BOOK = 2, BIT_PUBLIC = 4, BIT_BUSY = 8, BIT_NO_COLUMNS = 16, BIT_BLOB = 32 };

static void violated(const char *law, const struct wire_structure *structure)
{
    fprintf(stderr, "%s: %s\n", structure->name, law);
    abort();
}

static void check(const struct wire_structure *structure, const struct wire_context *context, struct bytes input)
{
    struct arena arena = { 0 };
    struct buffer again = { 0 }, text = { 0 };
    struct wire_error error;
    size_t used;
    bool canonical;
    void *object = arena_allocate(&arena, structure->size), *second = arena_allocate(&arena, structure->size);
    bool accepted = object && second && wire_decode_prefix(&arena, structure, input, context, object, &used, &canonical, &error);
    if (accepted) {
        if (!wire_encode(structure, object, context, &again, &error))
            violated("accepted, but does not encode", structure);
        if (canonical && !bytes_equal(buffer_bytes(&again), bytes_of(input.data, used)))
            violated("canonical, but encodes to other bytes", structure);
        if (!wire_decode(&arena, structure, buffer_bytes(&again), context, second, &error) || !wire_equal(structure, object, second, context))
            violated("does not read what it wrote", structure);
    }
    if (wire_print(&arena, structure, input, context, 0, 0, &text, &error) && !(accepted && used == input.size))
        violated("prints what it does not decode", structure);
    buffer_free(&again);
    buffer_free(&text);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t tags[] = { 0x0037001F, 0x0E060040, 0x67480014, 0x00000000, 0x65E00102, 0x3001001E, 0x3003301F };
    static const struct wire_columns columns = { sizeof tags / sizeof *tags, tags };
    if (size < HEADER_SIZE)
        return 0;
    const struct wire_structure *structure = wire_structures[load_u16(data) % wire_structure_count];
    uint8_t bits = data[2];
    struct wire_context context = { .wide = bits & BIT_WIDE, .address_book = bits & BIT_ADDRESS_BOOK, .public_logon = bits & BIT_PUBLIC,
        .return_value = bits & BIT_BUSY ? 0x480 : 0, .blob = bits & BIT_BLOB, .columns = bits & BIT_NO_COLUMNS ? NULL : &columns };
    check(structure, &context, bytes_of(data + HEADER_SIZE, size - HEADER_SIZE));
    return 0;
}
