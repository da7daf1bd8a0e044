#include "oab/lzx.h"

unsigned lzx_window_bits(size_t reference_size, size_t size)
{
    size_t limit = (size_t)1 << LZX_WINDOW_BITS_MAX;
    if (reference_size > limit || size > limit)
        return 0;
    size_t window = ((reference_size + LZX_CHUNK_SIZE - 1) & ~(size_t)(LZX_CHUNK_SIZE - 1)) + size;
    unsigned bits = LZX_WINDOW_BITS_MIN;
    while (bits <= LZX_WINDOW_BITS_MAX && ((size_t)1 << bits) < window)
        bits++;
    return bits > LZX_WINDOW_BITS_MAX ? 0 : bits;
}

/* Slots 4 to 35 come in pairs that double; from 36 on each has 2^17 offsets. */
#define FIRST_FLAT_SLOT 36u
#define FLAT_SLOT_BITS 17u

uint32_t lzx_slot_base(unsigned slot)
{
    if (slot < 4)
        return slot;
    if (slot >= FIRST_FLAT_SLOT)
        return (slot - FIRST_FLAT_SLOT + 2) << FLAT_SLOT_BITS;
    return (2u + (slot & 1)) << lzx_slot_extra_bits(slot);
}

unsigned lzx_slot_extra_bits(unsigned slot)
{
    if (slot < 4)
        return 0;
    return slot >= FIRST_FLAT_SLOT ? FLAT_SLOT_BITS : (slot - 2) / 2;
}

unsigned lzx_slot_count(unsigned window_bits)
{
    if (window_bits < 19) /* all offsets in slots that double */
        return 2 * window_bits;
    return FIRST_FLAT_SLOT + ((1u << (window_bits - FLAT_SLOT_BITS)) - 2);
}
