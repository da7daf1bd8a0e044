#include "oab/lzx_tree.h"

#include <stdlib.h>
#include <string.h>

struct lzx_expander {
    struct lzx_lookup main, length, aligned, pretree;
    uint8_t main_lengths[LZX_MAIN_COUNT_MAX], length_lengths[LZX_LENGTH_COUNT];
};

struct lzx_expander *lzx_expander_new(void)
{
    return calloc(1, sizeof(struct lzx_expander));
}

void lzx_expander_free(struct lzx_expander *expander)
{
    free(expander);
}

/* --- bits; behind the end come zeros, and 'overrun' is set once so many were taken that the stream must be cut --- */

struct bit_reader {
    const uint8_t *next, *end;
    uint64_t bits;   /* the next ones stand highest */
    unsigned count;
    unsigned missing; /* bytes */
};
#define MISSING_MAX 8u

static void fill(struct bit_reader *reader)
{
    while (reader->count <= 48) {
        uint64_t word = 0;
        if (reader->end - reader->next >= 2) {
            word = load_u16(reader->next);
            reader->next += 2;
        } else {
            reader->missing += 2;
            if (reader->missing > 64)
                reader->missing = 64;
        }
        reader->bits |= word << (48 - reader->count);
        reader->count += 16;
    }
}

static uint32_t peek16(struct bit_reader *reader)
{
    if (reader->count < 16)
        fill(reader);
    return (uint32_t)(reader->bits >> 48);
}

static void skip(struct bit_reader *reader, unsigned count)
{
    reader->bits <<= count;
    reader->count -= count;
}

static uint32_t take(struct bit_reader *reader, unsigned count) /* at most 17 */
{
    if (count == 0)
        return 0;
    if (reader->count < count)
        fill(reader);
    uint32_t value = (uint32_t)(reader->bits >> (64 - count));
    skip(reader, count);
    return value;
}

static uint32_t take_symbol(struct bit_reader *reader, const struct lzx_lookup *lookup)
{
    uint32_t found = lzx_lookup_find(lookup, peek16(reader));
    skip(reader, found & 31);
    return found >> 5;
}

/* Gives back what was read ahead, from the next whole word on. */
static void to_bytes(struct bit_reader *reader)
{
    unsigned ahead = reader->count / 16 * 2;
    unsigned missing = ahead < reader->missing ? ahead : reader->missing;
    reader->next -= ahead - missing;
    reader->missing -= missing;
    reader->bits = 0;
    reader->count = 0;
}

static bool cut(const struct bit_reader *reader)
{
    return reader->missing > reader->count / 8; /* some of the missing ones were used */
}

/* --- trees --- */

static bool read_lengths(struct lzx_expander *expander, struct bit_reader *reader, uint8_t *lengths, unsigned begin, unsigned end)
{
    uint8_t pretree[LZX_PRETREE_COUNT];
    for (unsigned i = 0; i < LZX_PRETREE_COUNT; i++)
        pretree[i] = (uint8_t)take(reader, 4);
    if (!lzx_lookup_build(&expander->pretree, pretree, LZX_PRETREE_COUNT) || expander->pretree.empty)
        return false;
    for (unsigned i = begin; i < end;) {
        uint32_t symbol = take_symbol(reader, &expander->pretree);
        unsigned run = 1;
        uint8_t length = 0;
        if (symbol == 17) {
            run = 4 + take(reader, 4);
        } else if (symbol == 18) {
            run = 20 + take(reader, 5);
        } else {
            if (symbol == 19) {
                run = 4 + take(reader, 1);
                symbol = take_symbol(reader, &expander->pretree);
                if (symbol > 16)
                    return false;
            }
            length = (uint8_t)((lengths[i] + 17 - symbol) % 17);
        }
        if (run > end - i || cut(reader))
            return false;
        memset(lengths + i, length, run);
        i += run;
    }
    return true;
}

/* --- the stream --- */

struct expansion {
    struct lzx_expander *expander;
    struct bit_reader reader;
    uint8_t *data;
    size_t start, position, size;
    unsigned main_count;
    enum lzx_block block;
    size_t block_rest;      /* bytes of content still to come in it */
    bool odd;               /* the uncompressed block before had an odd size: a byte of padding follows */
    uint32_t repeats[3];
    bool translated;        /* machine code was; with that size */
    int32_t translation_size;
};

static bool read_block_head(struct expansion *expansion)
{
    struct lzx_expander *expander = expansion->expander;
    struct bit_reader *reader = &expansion->reader;
    if (expansion->odd) {
        expansion->odd = false;
        to_bytes(reader);
        if (reader->next == reader->end)
            return false;
        reader->next++;
    }
    expansion->block = (enum lzx_block)take(reader, 3);
    expansion->block_rest = take(reader, 16) << 8;
    expansion->block_rest |= take(reader, 8);
    if (expansion->block_rest == 0 || expansion->block_rest > expansion->size - expansion->position)
        return false;
    if (expansion->block == LZX_BLOCK_UNCOMPRESSED) {
        if (reader->count % 16 == 0)
            take(reader, 16); /* one to sixteen bits of padding */
        to_bytes(reader);
        if (reader->missing || reader->end - reader->next < 12)
            return false;
        for (unsigned i = 0; i < 3; i++, reader->next += 4)
            expansion->repeats[i] = load_u32(reader->next);
        expansion->odd = expansion->block_rest & 1;
        return true;
    }
    if (expansion->block != LZX_BLOCK_VERBATIM && expansion->block != LZX_BLOCK_ALIGNED)
        return false;
    if (expansion->block == LZX_BLOCK_ALIGNED) {
        uint8_t lengths[LZX_ALIGNED_COUNT];
        for (unsigned i = 0; i < LZX_ALIGNED_COUNT; i++)
            lengths[i] = (uint8_t)take(reader, 3);
        if (!lzx_lookup_build(&expander->aligned, lengths, LZX_ALIGNED_COUNT) || expander->aligned.empty)
            return false;
    }
    return read_lengths(expander, reader, expander->main_lengths, 0, 256)
        && read_lengths(expander, reader, expander->main_lengths, 256, expansion->main_count)
        && lzx_lookup_build(&expander->main, expander->main_lengths, expansion->main_count) && !expander->main.empty
        && read_lengths(expander, reader, expander->length_lengths, 0, LZX_LENGTH_COUNT)
        && lzx_lookup_build(&expander->length, expander->length_lengths, LZX_LENGTH_COUNT);
}

static uint32_t read_extra_length(struct bit_reader *reader)
{
    if (take(reader, 1) == 0)
        return take(reader, 8);
    if (take(reader, 1) == 0)
        return 0x100 + take(reader, 10);
    if (take(reader, 1) == 0)
        return 0x500 + take(reader, 12);
    return take(reader, 15);
}

static uint32_t read_distance(struct expansion *expansion, unsigned slot)
{
    uint32_t *repeats = expansion->repeats;
    if (slot < 3) {
        uint32_t used = repeats[slot];
        repeats[slot] = repeats[0];
        repeats[0] = used;
        return used;
    }
    unsigned extra = lzx_slot_extra_bits(slot);
    uint32_t formatted = lzx_slot_base(slot);
    if (expansion->block == LZX_BLOCK_ALIGNED && extra >= 3) {
        formatted += take(&expansion->reader, extra - 3) << 3;
        formatted += take_symbol(&expansion->reader, &expansion->expander->aligned);
    } else {
        formatted += take(&expansion->reader, extra);
    }
    repeats[2] = repeats[1];
    repeats[1] = repeats[0];
    return repeats[0] = formatted - 2;
}

/* A match whose main symbol was read; at most to 'end'. */
static bool read_match(struct expansion *expansion, uint32_t symbol, size_t end)
{
    struct lzx_expander *expander = expansion->expander;
    uint32_t length = symbol & 7;
    if (length == 7) {
        if (expander->length.empty)
            return false;
        length += take_symbol(&expansion->reader, &expander->length);
    }
    length += LZX_MATCH_MIN;
    uint32_t distance = read_distance(expansion, (symbol - 256) >> 3);
    if (length == LZX_MATCH_BASE_MAX)
        length += read_extra_length(&expansion->reader);
    if (distance == 0 || distance > expansion->position || length > end - expansion->position)
        return false;
    uint8_t *to = expansion->data + expansion->position;
    const uint8_t *from = to - distance;
    if (distance >= length)
        memcpy(to, from, length);
    else
        for (uint32_t i = 0; i < length; i++)
            to[i] = from[i];
    expansion->position += length;
    return true;
}

/* The content of the block up to 'end'. */
static bool read_content(struct expansion *expansion, size_t end)
{
    struct bit_reader *reader = &expansion->reader;
    size_t begin = expansion->position;
    if (expansion->block == LZX_BLOCK_UNCOMPRESSED) {
        size_t size = end - begin;
        if ((size_t)(reader->end - reader->next) < size)
            return false;
        memcpy(expansion->data + begin, reader->next, size);
        reader->next += size;
        expansion->position = end;
    }
    while (expansion->position < end) {
        uint32_t symbol = take_symbol(reader, &expansion->expander->main);
        if (symbol < 256)
            expansion->data[expansion->position++] = (uint8_t)symbol;
        else if (!read_match(expansion, symbol, end))
            return false;
        if (reader->missing > MISSING_MAX)
            return false;
    }
    expansion->block_rest -= end - begin;
    return !cut(reader);
}

static bool read_chunk(struct expansion *expansion, struct bytes chunk)
{
    size_t rest = expansion->size - expansion->position;
    size_t end = expansion->position + (rest < LZX_CHUNK_SIZE ? rest : LZX_CHUNK_SIZE);
    struct bit_reader *reader = &expansion->reader;
    *reader = (struct bit_reader){.next = chunk.data, .end = chunk.data + chunk.size};
    expansion->odd = false; /* its padding was the end of the chunk before */
    if (expansion->position == expansion->start && take(reader, 1)) {
        expansion->translated = true;
        expansion->translation_size = (int32_t)(take(reader, 16) << 16);
        expansion->translation_size |= (int32_t)take(reader, 16);
    }
    while (expansion->position < end) {
        if (expansion->block_rest == 0 && !read_block_head(expansion))
            return false;
        size_t block_end = expansion->position + expansion->block_rest;
        if (!read_content(expansion, block_end < end ? block_end : end))
            return false;
    }
    return true;
}

/* The x86 CALL instructions of one chunk get back their relative addresses (MS-PATCH: E8 call translation). */
static void translate_back(uint8_t *chunk, size_t size, int32_t offset, int32_t file_size)
{
    if (size <= 10)
        return;
    for (size_t i = 0; i < size - 10;) {
        if (chunk[i++] != 0xE8)
            continue;
        int32_t absolute = (int32_t)load_u32(chunk + i);
        int32_t here = offset + (int32_t)i - 1;
        if (absolute >= -here && absolute < file_size)
            store_u32(chunk + i, (uint32_t)(absolute >= 0 ? absolute - here : absolute + file_size));
        i += 4;
    }
}

static void translate_all(struct expansion *expansion)
{
    size_t size = expansion->size - expansion->start;
    for (size_t done = 0; done < size && done < (size_t)32768 * LZX_CHUNK_SIZE; done += LZX_CHUNK_SIZE) {
        size_t part = size - done < LZX_CHUNK_SIZE ? size - done : LZX_CHUNK_SIZE;
        translate_back(expansion->data + expansion->start + done, part, (int32_t)done, expansion->translation_size);
    }
}

bool lzx_expand(struct lzx_expander *expander, struct bytes stream, uint8_t *data, size_t reference_size, size_t size)
{
    if (reference_size >= size)
        return reference_size == size;
    unsigned window_bits = lzx_window_bits(reference_size, size - reference_size);
    if (window_bits == 0)
        return false;
    struct expansion expansion = {
        .expander = expander, .data = data, .start = reference_size, .position = reference_size, .size = size,
        .main_count = 256 + 8 * lzx_slot_count(window_bits), .repeats = {1, 1, 1},
    };
    memset(expander->main_lengths, 0, sizeof expander->main_lengths);
    memset(expander->length_lengths, 0, sizeof expander->length_lengths);
    size_t offset = 0;
    while (expansion.position < size) {
        if (stream.size - offset < 2)
            return false;
        size_t chunk_size = load_u16(stream.data + offset);
        offset += 2;
        if (chunk_size > stream.size - offset || !read_chunk(&expansion, bytes_of(stream.data + offset, chunk_size)))
            return false;
        offset += chunk_size;
    }
    if (expansion.translated)
        translate_all(&expansion);
    return true;
}
