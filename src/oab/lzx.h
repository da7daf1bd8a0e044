/* LZX DELTA (MS-PATCH), the compression of offline address book files: one call is one stream, that is, one block of a file
 * (container.h). A stream is made of chunks of 32 KB of content, each with its compressed size before it; it may refer to
 * bytes before its beginning, the reference data: that is what makes a patch.
 *
 * A compressor and an expander are used by one thread at a time. */
#pragma once
#include "base/bytes.h"

#define LZX_CHUNK_SIZE 32768u
#define LZX_WINDOW_BITS_MIN 17u
#define LZX_WINDOW_BITS_MAX 25u
#define LZX_SLOT_COUNT_MAX 290u
#define LZX_MAIN_COUNT_MAX (256u + 8u * LZX_SLOT_COUNT_MAX)
#define LZX_LENGTH_COUNT 249u
#define LZX_ALIGNED_COUNT 8u
#define LZX_PRETREE_COUNT 20u
#define LZX_MATCH_MIN 2u
#define LZX_MATCH_BASE_MAX 257u /* longer ones say by how much */

enum lzx_block { LZX_BLOCK_VERBATIM = 1, LZX_BLOCK_ALIGNED = 2, LZX_BLOCK_UNCOMPRESSED = 3 };

/* The window that a stream is read with: the least power of two that holds the reference data, rounded up to whole chunks,
 * and the content. 0 where both together are too large. */
unsigned lzx_window_bits(size_t reference_size, size_t size);
/* How many slots of positions the main tree of that window has. */
unsigned lzx_slot_count(unsigned window_bits);
/* Of a slot: the first formatted offset, and how many bits say which of them it is. */
uint32_t lzx_slot_base(unsigned slot);
unsigned lzx_slot_extra_bits(unsigned slot);

struct lzx_compressor;
/* NULL without memory. */
struct lzx_compressor *lzx_compressor_new(void);
void lzx_compressor_free(struct lzx_compressor *compressor);

enum lzx_method {
    LZX_COMPRESSED, /* or stored, where that is smaller */
    LZX_STORED,     /* uncompressed LZX blocks: readers that want LZX get it */
};
/* Appends the stream of data[reference_size, size), the reference data standing before it. The content is not empty. False
 * without memory or when the window would be too large. */
bool lzx_compress(struct lzx_compressor *compressor, enum lzx_method method, const uint8_t *data, size_t reference_size,
                  size_t size, struct buffer *output);

struct lzx_expander;
struct lzx_expander *lzx_expander_new(void);
void lzx_expander_free(struct lzx_expander *expander);
/* Expands 'stream' to exactly data[reference_size, size), the reference data standing before it. False for a stream that is
 * not well formed or ends early; the content is then undefined. Bytes behind the last chunk are no error. */
bool lzx_expand(struct lzx_expander *expander, struct bytes stream, uint8_t *data, size_t reference_size, size_t size);
