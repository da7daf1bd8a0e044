#include "oab/lzx_tree.h"

#include <string.h>

/* --- making trees --- */

/* Sorts indexes by frequency, rarest first; a heap, because there may be thousands. */
static void sift(uint16_t *heap, unsigned count, unsigned place, const uint32_t *weights)
{
    uint16_t item = heap[place];
    for (unsigned child; (child = 2 * place + 1) < count; place = child) {
        if (child + 1 < count && weights[heap[child + 1]] < weights[heap[child]])
            child++;
        if (weights[item] <= weights[heap[child]])
            break;
        heap[place] = heap[child];
    }
    heap[place] = item;
}

#define NODE_COUNT_MAX (2 * LZX_MAIN_COUNT_MAX)

/* Lengths of Huffman's tree without regard to a limit; returns the longest. Needs two symbols at least. */
static unsigned build(const uint32_t *frequencies, unsigned count, uint8_t *lengths)
{
    uint32_t weights[NODE_COUNT_MAX];
    uint16_t parents[NODE_COUNT_MAX], heap[LZX_MAIN_COUNT_MAX];
    uint8_t depths[NODE_COUNT_MAX];
    unsigned heap_count = 0, node = count, longest = 0;
    memcpy(weights, frequencies, count * sizeof *weights);
    for (unsigned i = 0; i < count; i++)
        if (frequencies[i])
            heap[heap_count++] = (uint16_t)i;
    for (unsigned i = heap_count / 2; i-- > 0;)
        sift(heap, heap_count, i, weights);
    while (heap_count > 1) {
        uint16_t first = heap[0];
        heap[0] = heap[--heap_count];
        sift(heap, heap_count, 0, weights);
        uint16_t second = heap[0];
        weights[node] = weights[first] + weights[second];
        parents[first] = parents[second] = (uint16_t)node;
        heap[0] = (uint16_t)node++;
        sift(heap, heap_count, 0, weights);
    }
    depths[--node] = 0;
    while (node-- > count)
        depths[node] = depths[parents[node]] + 1;
    for (unsigned i = 0; i < count; i++) {
        lengths[i] = frequencies[i] ? depths[parents[i]] + 1 : 0;
        if (lengths[i] > longest)
            longest = lengths[i];
    }
    return longest;
}

void lzx_tree_lengths(const uint32_t *frequencies, unsigned count, unsigned bits_max, uint8_t *ret_lengths)
{
    uint32_t flattened[LZX_MAIN_COUNT_MAX];
    unsigned used = 0, last = 0;
    for (unsigned i = 0; i < count; i++) {
        flattened[i] = frequencies[i];
        if (frequencies[i]) {
            used++;
            last = i;
        }
    }
    if (used == 0) {
        memset(ret_lengths, 0, count);
        return;
    }
    if (used == 1)
        flattened[last == 0 ? 1 : 0] = 1; /* readers refuse a tree that is not complete */
    /* A tree that is too deep becomes flatter when the rare symbols count more. */
    while (build(flattened, count, ret_lengths) > bits_max)
        for (unsigned i = 0; i < count; i++)
            if (flattened[i])
                flattened[i] = flattened[i] / 2 + 1;
}

void lzx_tree_codes(const uint8_t *lengths, unsigned count, uint16_t *ret_codes)
{
    uint16_t counts[LZX_CODE_BITS_MAX + 1] = {0}, next[LZX_CODE_BITS_MAX + 2];
    for (unsigned i = 0; i < count; i++)
        counts[lengths[i]]++;
    counts[0] = 0;
    next[0] = 0;
    for (unsigned length = 1; length <= LZX_CODE_BITS_MAX; length++)
        next[length] = (uint16_t)((next[length - 1] + counts[length - 1]) << 1);
    for (unsigned i = 0; i < count; i++)
        ret_codes[i] = lengths[i] ? next[lengths[i]]++ : 0;
}

/* --- reading with them --- */

bool lzx_lookup_build(struct lzx_lookup *lookup, const uint8_t *lengths, unsigned count)
{
    uint16_t counts[LZX_CODE_BITS_MAX + 2] = {0};
    uint16_t places[LZX_CODE_BITS_MAX + 2];
    uint32_t code = 0;
    unsigned first = 0;
    for (unsigned i = 0; i < count; i++)
        counts[lengths[i]]++;
    lookup->empty = counts[0] == count;
    if (lookup->empty)
        return true;
    for (unsigned length = 1; length <= LZX_CODE_BITS_MAX; length++) {
        lookup->codes[length] = code;
        lookup->firsts[length] = places[length] = (uint16_t)first;
        code += (uint32_t)counts[length] << (16 - length);
        lookup->limits[length] = code;
        first += counts[length];
    }
    if (code != 0x10000)
        return false;
    memset(lookup->entries, 0, sizeof lookup->entries);
    for (unsigned i = 0; i < count; i++) {
        unsigned length = lengths[i];
        if (length == 0)
            continue;
        unsigned place = places[length]++;
        lookup->symbols[place] = (uint16_t)i;
        if (length > LZX_LOOKUP_BITS)
            continue;
        uint32_t begin = (lookup->codes[length] >> (16 - LZX_LOOKUP_BITS))
            + ((place - lookup->firsts[length]) << (LZX_LOOKUP_BITS - length));
        for (uint32_t entry = 0; entry < 1u << (LZX_LOOKUP_BITS - length); entry++)
            lookup->entries[begin + entry] = (uint16_t)(i << 4 | length);
    }
    return true;
}
