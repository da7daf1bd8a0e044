/* Huffman trees of LZX: canonical codes of at most 16 bits, the most significant bit first. No state, any thread. */
#pragma once
#include "oab/lzx.h"

#define LZX_CODE_BITS_MAX 16u
#define LZX_PRETREE_BITS_MAX 15u

/* Lengths of the best codes of at most bits_max bits for symbols so frequent; 0 for symbols that do not occur. The tree is
 * complete: where one symbol occurs, another one gets a code too. None at all: all lengths 0. count <= LZX_MAIN_COUNT_MAX. */
void lzx_tree_lengths(const uint32_t *frequencies, unsigned count, unsigned bits_max, uint8_t *ret_lengths);
void lzx_tree_codes(const uint8_t *lengths, unsigned count, uint16_t *ret_codes);

/* To decode: codes up to LZX_LOOKUP_BITS bits by one look, longer ones by their length. */
#define LZX_LOOKUP_BITS 10u
struct lzx_lookup {
    uint16_t entries[1u << LZX_LOOKUP_BITS]; /* symbol << 4 | length; length 0: longer, or no code */
    uint32_t limits[LZX_CODE_BITS_MAX + 2];  /* of a length: the first code, in 16 bits, that is longer */
    uint16_t firsts[LZX_CODE_BITS_MAX + 2];  /* ... the place of its first symbol */
    uint32_t codes[LZX_CODE_BITS_MAX + 2];   /* ... its first code, in 16 bits */
    uint16_t symbols[LZX_MAIN_COUNT_MAX];
    bool empty;
};
/* False for lengths that make no complete tree; a tree without any code is one (it must then not be used). */
bool lzx_lookup_build(struct lzx_lookup *lookup, const uint8_t *lengths, unsigned count);
/* 'bits': the next 16 bits of the stream. Returns symbol << 5 | length. Not on an empty one. */
static inline uint32_t lzx_lookup_find(const struct lzx_lookup *lookup, uint32_t bits)
{
    uint16_t entry = lookup->entries[bits >> (16 - LZX_LOOKUP_BITS)];
    if (entry & 15)
        return (uint32_t)(entry >> 4) << 5 | (entry & 15);
    unsigned length = LZX_LOOKUP_BITS + 1;
    while (bits >= lookup->limits[length])
        length++;
    return (uint32_t)lookup->symbols[lookup->firsts[length] + ((bits - lookup->codes[length]) >> (16 - length))] << 5 | length;
}
