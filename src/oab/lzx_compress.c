/* The compressor: a first pass finds matches (hash chains, one step of lazy evaluation), a second counts symbols, makes the
 * trees and writes. One verbatim block a stream: its content is at most what container.h makes a block of. */
#include "oab/lzx_tree.h"

#include <stdlib.h>
#include <string.h>

#define HASH_BITS 16u
#define HASH_SIZE (1u << HASH_BITS)
#define HASHED_SIZE 3u
#define CHAIN_LENGTH_MAX 24u
#define GOOD_LENGTH 48u           /* long enough to look no further */
#define SHORT_OFFSET_MAX 8192u    /* a match of three bytes from further away costs more than it saves */
#define LONG_SIZE 16u             /* of the strings by which the same place in the reference data is found again */
#define CONTENT_SIZE_MAX (1u << 24)
#define NOWHERE UINT32_MAX

/* A literal has length 0 and the byte as its offset; a match the formatted offset: 0 to 2 for a repeated one, else the
 * distance and 2. */
struct token {
    uint32_t offset;
    uint16_t length;
};

struct lzx_compressor {
    uint32_t heads[HASH_SIZE];
    uint32_t long_heads[HASH_SIZE]; /* of the reference data only: its last string of LONG_SIZE bytes with that hash */
    uint32_t *links;      /* of a position: the one before it with the same hash */
    struct token *tokens;
    size_t link_capacity, token_capacity, token_count;
    uint32_t main_frequencies[LZX_MAIN_COUNT_MAX], length_frequencies[LZX_LENGTH_COUNT];
    uint8_t main_lengths[LZX_MAIN_COUNT_MAX], length_lengths[LZX_LENGTH_COUNT];
    uint16_t main_codes[LZX_MAIN_COUNT_MAX], length_codes[LZX_LENGTH_COUNT];
};

struct lzx_compressor *lzx_compressor_new(void)
{
    return calloc(1, sizeof(struct lzx_compressor));
}

void lzx_compressor_free(struct lzx_compressor *compressor)
{
    if (!compressor)
        return;
    free(compressor->links);
    free(compressor->tokens);
    free(compressor);
}

/* --- finding matches --- */

struct search {
    struct lzx_compressor *compressor;
    const uint8_t *data;
    size_t size;
    size_t reference_size;
    size_t hashed;         /* positions before this are in the chains */
    uint32_t distance_max; /* that the window's slots can say */
    uint32_t alongside;    /* the distance of the last long match in the reference data: what follows is likely there too */
    uint32_t repeats[3];
};

struct match {
    uint32_t offset; /* formatted */
    uint32_t length;
};

static uint32_t hash(const uint8_t *bytes)
{
    return (((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16) * 2654435761u) >> (32 - HASH_BITS);
}

static uint32_t long_hash(const uint8_t *bytes)
{
    uint64_t mixed = load_u64(bytes) * 0x9E3779B97F4A7C15u ^ load_u64(bytes + 8) * 0xC2B2AE3D27D4EB4Fu;
    return (uint32_t)((mixed ^ mixed >> 29) * 0x9E3779B97F4A7C15u >> (64 - HASH_BITS));
}

static void index_reference(struct search *search)
{
    struct lzx_compressor *compressor = search->compressor;
    memset(compressor->long_heads, 0xFF, sizeof compressor->long_heads);
    for (size_t position = 0; position + LONG_SIZE <= search->reference_size; position++)
        compressor->long_heads[long_hash(search->data + position)] = (uint32_t)position;
}

static void insert_until(struct search *search, size_t end)
{
    struct lzx_compressor *compressor = search->compressor;
    if (end + HASHED_SIZE > search->size)
        end = search->size >= HASHED_SIZE ? search->size - HASHED_SIZE + 1 : 0;
    for (size_t position = search->hashed; position < end; position++) {
        uint32_t slot = hash(search->data + position);
        compressor->links[position] = compressor->heads[slot];
        compressor->heads[slot] = (uint32_t)position;
    }
    if (end > search->hashed)
        search->hashed = end;
}

static uint32_t common_length(const uint8_t *a, const uint8_t *b, uint32_t length_max)
{
    uint32_t length = 0;
    while (length + 8 <= length_max) {
        uint64_t difference = load_u64(a + length) ^ load_u64(b + length);
        if (difference)
            return length + (uint32_t)__builtin_ctzll(difference) / 8;
        length += 8;
    }
    while (length < length_max && a[length] == b[length])
        length++;
    return length;
}

/* Makes 'best' the match at that distance, if it is better. */
static void consider(struct search *search, size_t position, uint32_t distance, uint32_t length_max, struct match *best)
{
    const uint8_t *here = search->data + position;
    if (distance == 0 || distance > position || distance > search->distance_max)
        return;
    uint32_t length = common_length(here - distance, here, length_max);
    if (length < GOOD_LENGTH / 2 || length <= best->length)
        return;
    *best = (struct match){distance + 2, length};
    search->alongside = distance;
}

/* The same text in the older file may be far away among much that is alike; the chains do not reach it. */
static void find_in_reference(struct search *search, size_t position, uint32_t length_max, struct match *best)
{
    consider(search, position, search->alongside, length_max, best);
    if (best->length >= GOOD_LENGTH || position + LONG_SIZE > search->size)
        return;
    uint32_t there = search->compressor->long_heads[long_hash(search->data + position)];
    if (there != NOWHERE)
        consider(search, position, (uint32_t)(position - there), length_max, best);
}

/* The best match of the content at 'position', which is in no chain yet; length 0 for none worth it. */
static struct match find(struct search *search, size_t position, uint32_t length_max)
{
    const uint8_t *here = search->data + position;
    struct match best = {0};
    for (unsigned i = 0; i < 3; i++) {
        if (search->repeats[i] > position)
            continue;
        uint32_t length = common_length(here - search->repeats[i], here, length_max);
        if (length >= LZX_MATCH_MIN && length > best.length)
            best = (struct match){i, length};
    }
    if (search->reference_size && best.length < GOOD_LENGTH)
        find_in_reference(search, position, length_max, &best);
    if (length_max < HASHED_SIZE || best.length >= GOOD_LENGTH)
        return best;
    const struct lzx_compressor *compressor = search->compressor;
    uint32_t candidate = compressor->heads[hash(here)];
    /* A repeated offset costs so little that a new one must be longer by more than one. */
    uint32_t enough = best.length ? best.length + 1 : HASHED_SIZE - 1;
    for (unsigned step = 0; candidate != NOWHERE && step < CHAIN_LENGTH_MAX; step++) {
        const uint8_t *there = search->data + candidate;
        uint32_t distance = (uint32_t)(position - candidate);
        if (distance > search->distance_max)
            break;
        if (enough < length_max && there[enough] == here[enough]) {
            uint32_t length = common_length(there, here, length_max);
            if (length > enough && (length > HASHED_SIZE || distance <= SHORT_OFFSET_MAX)) {
                best = (struct match){distance + 2, length};
                enough = length;
                if (length >= GOOD_LENGTH || length == length_max)
                    break;
            }
        }
        candidate = compressor->links[candidate];
    }
    return best;
}

static void add_token(struct search *search, uint32_t offset, uint32_t length)
{
    struct lzx_compressor *compressor = search->compressor;
    compressor->tokens[compressor->token_count++] = (struct token){offset, (uint16_t)length};
}

static void add_match(struct search *search, struct match match)
{
    uint32_t *repeats = search->repeats;
    if (match.offset < 3) { /* the used one changes places with the first */
        uint32_t used = repeats[match.offset];
        repeats[match.offset] = repeats[0];
        repeats[0] = used;
    } else {
        repeats[2] = repeats[1];
        repeats[1] = repeats[0];
        repeats[0] = match.offset - 2;
    }
    add_token(search, match.offset, match.length);
}

/* A match must not reach into the next chunk. */
static uint32_t room(const struct search *search, size_t position)
{
    size_t chunk_room = LZX_CHUNK_SIZE - (position - search->reference_size) % LZX_CHUNK_SIZE;
    size_t rest = search->size - position;
    return (uint32_t)(chunk_room < rest ? chunk_room : rest);
}

static void find_tokens(struct lzx_compressor *compressor, unsigned window_bits, const uint8_t *data,
                        size_t reference_size, size_t size)
{
    struct search search = {
        .compressor = compressor, .data = data, .size = size, .reference_size = reference_size,
        .distance_max = lzx_slot_base(lzx_slot_count(window_bits)) - 3, .alongside = (uint32_t)reference_size,
        .repeats = {1, 1, 1},
    };
    if (reference_size)
        index_reference(&search);
    memset(compressor->heads, 0xFF, sizeof compressor->heads);
    compressor->token_count = 0;
    insert_until(&search, reference_size);
    struct match match = {0};
    bool known = false; /* 'match' is already that of 'position' */
    for (size_t position = reference_size; position < size;) {
        if (!known) {
            insert_until(&search, position);
            match = find(&search, position, room(&search, position));
        }
        known = false;
        if (match.length < LZX_MATCH_MIN) {
            add_token(&search, data[position++], 0);
            continue;
        }
        if (match.length < GOOD_LENGTH && position + 1 < size) {
            insert_until(&search, position + 1);
            struct match next = find(&search, position + 1, room(&search, position + 1));
            if (next.length > match.length + (next.offset >= 3 && match.offset < 3)) {
                add_token(&search, data[position++], 0);
                match = next;
                known = true;
                continue;
            }
        }
        add_match(&search, match);
        position += match.length;
    }
}

/* --- symbols --- */

static unsigned slot_of(uint32_t formatted)
{
    if (formatted < 4)
        return formatted;
    if (formatted >= 1u << 18)
        return 34 + (formatted >> 17);
    unsigned high = 31 - (unsigned)__builtin_clz(formatted);
    return 2 * high + ((formatted >> (high - 1)) & 1);
}

static uint32_t length_header(uint32_t length)
{
    return length - LZX_MATCH_MIN < 7 ? length - LZX_MATCH_MIN : 7;
}

/* What the length tree says of a match whose header is 7. */
static uint32_t length_footer(uint32_t length)
{
    return (length < LZX_MATCH_BASE_MAX ? length : LZX_MATCH_BASE_MAX) - LZX_MATCH_MIN - 7;
}

static uint32_t main_symbol(const struct token *token)
{
    if (token->length == 0)
        return token->offset;
    return 256 + 8 * slot_of(token->offset) + length_header(token->length);
}

static void count_symbols(struct lzx_compressor *compressor)
{
    memset(compressor->main_frequencies, 0, sizeof compressor->main_frequencies);
    memset(compressor->length_frequencies, 0, sizeof compressor->length_frequencies);
    for (size_t i = 0; i < compressor->token_count; i++) {
        const struct token *token = &compressor->tokens[i];
        compressor->main_frequencies[main_symbol(token)]++;
        if (token->length && length_header(token->length) == 7)
            compressor->length_frequencies[length_footer(token->length)]++;
    }
}

/* --- bits: 16-bit little-endian words, filled from their most significant bit --- */

struct bit_writer {
    struct buffer *output;
    uint64_t bits;
    unsigned count;
    size_t chunk_start; /* of the size before the chunk */
};

static void put_bits(struct bit_writer *writer, uint32_t value, unsigned count)
{
    writer->bits = writer->bits << count | value;
    writer->count += count;
    while (writer->count >= 16) {
        writer->count -= 16;
        buffer_append_u16(writer->output, (uint16_t)(writer->bits >> writer->count));
    }
}

static void pad_bits(struct bit_writer *writer)
{
    if (writer->count)
        put_bits(writer, 0, 16 - writer->count);
}

static void begin_chunk(struct bit_writer *writer)
{
    writer->chunk_start = writer->output->size;
    buffer_append_u16(writer->output, 0);
}

/* False for a chunk whose size cannot be said. */
static bool end_chunk(struct bit_writer *writer)
{
    pad_bits(writer);
    size_t size = writer->output->size - writer->chunk_start - 2;
    if (writer->output->failed || size > UINT16_MAX)
        return false;
    store_u16(writer->output->data + writer->chunk_start, (uint16_t)size);
    return true;
}

/* --- trees --- */

/* Symbols 0 to 16 say how a length differs from what it was (nothing, in a first block); 17 and 18 are runs of zeros, 19 of
 * something else. */
#define RUN_MAX 51u

struct pretree {
    uint8_t symbols[LZX_MAIN_COUNT_MAX], extra[LZX_MAIN_COUNT_MAX];
    unsigned count;
};

static void pretree_add(struct pretree *pretree, unsigned symbol, unsigned extra)
{
    pretree->symbols[pretree->count] = (uint8_t)symbol;
    pretree->extra[pretree->count++] = (uint8_t)extra;
}

static void pretree_fill(struct pretree *pretree, const uint8_t *lengths, unsigned count)
{
    for (unsigned i = 0; i < count;) {
        unsigned run = 1;
        while (i + run < count && run < RUN_MAX && lengths[i + run] == lengths[i])
            run++;
        unsigned symbol = (17u - lengths[i]) % 17;
        if (lengths[i] == 0 && run >= 20) {
            pretree_add(pretree, 18, run - 20);
        } else if (lengths[i] == 0 && run >= 4) {
            run = run < 19 ? run : 19;
            pretree_add(pretree, 17, run - 4);
        } else if (lengths[i] != 0 && run >= 4) {
            run = run < 5 ? run : 5;
            pretree_add(pretree, 19, run - 4);
            pretree_add(pretree, symbol, 0);
        } else {
            run = 1;
            pretree_add(pretree, symbol, 0);
        }
        i += run;
    }
}

static void put_tree(struct bit_writer *writer, const uint8_t *tree, unsigned count)
{
    struct pretree pretree = {.count = 0};
    uint32_t frequencies[LZX_PRETREE_COUNT] = {0};
    uint8_t lengths[LZX_PRETREE_COUNT];
    uint16_t codes[LZX_PRETREE_COUNT];
    pretree_fill(&pretree, tree, count);
    for (unsigned i = 0; i < pretree.count; i++)
        frequencies[pretree.symbols[i]]++;
    lzx_tree_lengths(frequencies, LZX_PRETREE_COUNT, LZX_PRETREE_BITS_MAX, lengths);
    lzx_tree_codes(lengths, LZX_PRETREE_COUNT, codes);
    for (unsigned i = 0; i < LZX_PRETREE_COUNT; i++)
        put_bits(writer, lengths[i], 4);
    for (unsigned i = 0; i < pretree.count; i++) {
        unsigned symbol = pretree.symbols[i];
        put_bits(writer, codes[symbol], lengths[symbol]);
        if (symbol >= 17)
            put_bits(writer, pretree.extra[i], symbol == 17 ? 4 : symbol == 18 ? 5 : 1);
    }
}

/* --- writing --- */

static void put_block_head(struct bit_writer *writer, enum lzx_block block, size_t size)
{
    put_bits(writer, block, 3);
    put_bits(writer, (uint32_t)(size >> 8), 16);
    put_bits(writer, size & 0xFF, 8);
}

/* How much longer than 257 (MS-PATCH: 'extra length'). */
static void put_extra_length(struct bit_writer *writer, uint32_t extra)
{
    if (extra < 0x100) {
        put_bits(writer, extra, 9);
    } else if (extra < 0x500) {
        put_bits(writer, 2, 2);
        put_bits(writer, extra - 0x100, 10);
    } else if (extra < 0x1500) {
        put_bits(writer, 6, 3);
        put_bits(writer, extra - 0x500, 12);
    } else {
        put_bits(writer, 7, 3);
        put_bits(writer, extra, 15);
    }
}

static void put_token(struct bit_writer *writer, const struct lzx_compressor *compressor, const struct token *token)
{
    uint32_t symbol = main_symbol(token);
    put_bits(writer, compressor->main_codes[symbol], compressor->main_lengths[symbol]);
    if (token->length == 0)
        return;
    if (length_header(token->length) == 7) {
        uint32_t footer = length_footer(token->length);
        put_bits(writer, compressor->length_codes[footer], compressor->length_lengths[footer]);
    }
    unsigned slot = slot_of(token->offset);
    put_bits(writer, token->offset - lzx_slot_base(slot), lzx_slot_extra_bits(slot));
    if (token->length >= LZX_MATCH_BASE_MAX)
        put_extra_length(writer, token->length - LZX_MATCH_BASE_MAX);
}

static bool write_verbatim(struct lzx_compressor *compressor, unsigned window_bits, size_t size, struct buffer *output)
{
    struct bit_writer writer = {.output = output};
    unsigned main_count = 256 + 8 * lzx_slot_count(window_bits);
    count_symbols(compressor);
    lzx_tree_lengths(compressor->main_frequencies, main_count, LZX_CODE_BITS_MAX, compressor->main_lengths);
    lzx_tree_lengths(compressor->length_frequencies, LZX_LENGTH_COUNT, LZX_CODE_BITS_MAX, compressor->length_lengths);
    lzx_tree_codes(compressor->main_lengths, main_count, compressor->main_codes);
    lzx_tree_codes(compressor->length_lengths, LZX_LENGTH_COUNT, compressor->length_codes);
    begin_chunk(&writer);
    put_bits(&writer, 0, 1); /* no translation of machine code */
    put_block_head(&writer, LZX_BLOCK_VERBATIM, size);
    put_tree(&writer, compressor->main_lengths, 256);
    put_tree(&writer, compressor->main_lengths + 256, main_count - 256);
    put_tree(&writer, compressor->length_lengths, LZX_LENGTH_COUNT);
    size_t done = 0;
    for (size_t i = 0; i < compressor->token_count; i++) {
        if (done && done % LZX_CHUNK_SIZE == 0) {
            if (!end_chunk(&writer))
                return false;
            begin_chunk(&writer);
        }
        const struct token *token = &compressor->tokens[i];
        put_token(&writer, compressor, token);
        done += token->length ? token->length : 1;
    }
    return end_chunk(&writer);
}

/* A block a chunk. */
static bool write_uncompressed(const uint8_t *data, size_t size, struct buffer *output)
{
    struct bit_writer writer = {.output = output};
    for (size_t done = 0; done < size;) {
        size_t part = size - done < LZX_CHUNK_SIZE ? size - done : LZX_CHUNK_SIZE;
        begin_chunk(&writer);
        if (done == 0)
            put_bits(&writer, 0, 1);
        put_block_head(&writer, LZX_BLOCK_UNCOMPRESSED, part);
        pad_bits(&writer);
        for (unsigned i = 0; i < 3; i++)
            buffer_append_u32(output, 1); /* the repeated offsets, as they are in the beginning */
        buffer_append(output, data + done, part);
        if (part & 1)
            buffer_append_u8(output, 0);
        if (!end_chunk(&writer))
            return false;
        done += part;
    }
    return true;
}

static size_t uncompressed_size(size_t size)
{
    size_t chunks = (size + LZX_CHUNK_SIZE - 1) / LZX_CHUNK_SIZE;
    return size + (size & 1) + chunks * (2 + 4 + 12);
}

static bool reserve(struct lzx_compressor *compressor, size_t reference_size, size_t size)
{
    if (size > compressor->link_capacity) {
        free(compressor->links);
        compressor->links = malloc(size * sizeof *compressor->links);
        compressor->link_capacity = compressor->links ? size : 0;
    }
    if (size - reference_size > compressor->token_capacity) {
        free(compressor->tokens);
        compressor->tokens = malloc((size - reference_size) * sizeof *compressor->tokens);
        compressor->token_capacity = compressor->tokens ? size - reference_size : 0;
    }
    return compressor->links && compressor->tokens;
}

bool lzx_compress(struct lzx_compressor *compressor, enum lzx_method method, const uint8_t *data, size_t reference_size,
                  size_t size, struct buffer *output)
{
    if (reference_size >= size || size - reference_size >= CONTENT_SIZE_MAX)
        return false;
    unsigned window_bits = lzx_window_bits(reference_size, size - reference_size);
    if (window_bits == 0 || output->failed)
        return false;
    if (method == LZX_COMPRESSED) {
        size_t before = output->size;
        if (!reserve(compressor, reference_size, size))
            return false;
        find_tokens(compressor, window_bits, data, reference_size, size);
        if (write_verbatim(compressor, window_bits, size - reference_size, output)
            && output->size - before < uncompressed_size(size - reference_size))
            return true;
        output->size = before;
    }
    return !output->failed && write_uncompressed(data + reference_size, size - reference_size, output);
}
