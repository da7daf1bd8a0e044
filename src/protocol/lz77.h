/* The compression of the extended buffer: plain LZ77, DIRECT2 (MS-OXCRPC 3.1.4.1.2.3, MS-XCA 2.3, 2.4). Any thread. */
#pragma once
#include "base/bytes.h"

/* Appends the compressed form. False without memory. */
bool lz77_compress(struct bytes plain, struct buffer *output) __attribute__((warn_unused_result));
/* Fills exactly 'size' bytes. False where the input says anything else: too little, too much, a match before the start. */
bool lz77_decompress(struct bytes compressed, uint8_t *plain, size_t size) __attribute__((warn_unused_result));
