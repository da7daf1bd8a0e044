/* A queue of bytes to be sent. Copies small pieces together, takes large ones over without a copy. A zeroed one is empty
 * and ready. Used by one thread at a time. */
#pragma once
#include "base/bytes.h"

#include <sys/uio.h>

struct output_segment;

struct output {
    struct output_segment *first, *last;
    size_t size; /* bytes in the queue */
    bool failed; /* memory ran out: something is missing, the connection must be closed */
};

/* Room for 'size' (small) bytes at the end, which count at once; NULL without memory. */
uint8_t *output_extend(struct output *output, size_t size);
void output_append(struct output *output, const void *data, size_t size);
/* Takes the memory of the buffer; it is empty afterwards. */
void output_take(struct output *output, struct buffer *buffer);
/* Moves everything of 'from' behind what is in 'output'. */
void output_splice(struct output *output, struct output *from);
/* The beginning of the queue as at most 'count' pieces; returns how many. */
unsigned output_pieces(const struct output *output, struct iovec *pieces, unsigned count);
/* The first 'size' bytes have been sent. */
void output_consume(struct output *output, size_t size);
void output_free(struct output *output);
