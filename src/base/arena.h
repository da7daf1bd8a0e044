/* Memory that is given back all at once: what a request decodes and builds lives in the request's arena. A function whose
 * first parameter is an arena allocates there. Used by one thread at a time. */
#pragma once
#include "base/bytes.h"

struct arena_block;

/* A zeroed arena is empty and ready, with the cap ARENA_SIZE_MAX; set size_max for another. */
struct arena {
    struct arena_block *block; /* the one being filled; it links to the full ones */
    size_t size;               /* bytes taken from the system, all blocks */
    size_t size_max;           /* 0: ARENA_SIZE_MAX */
    uint32_t first_size;       /* of the first block; 0: 4096 */
};

/* Zeroed memory aligned for any type, or NULL at the cap or without memory. */
void *arena_allocate(struct arena *arena, size_t size);
/* The same without the zeros, for what is overwritten at once. */
void *arena_reserve(struct arena *arena, size_t size);
/* Zeroed memory for 'count' elements; the product is checked. */
void *arena_allocate_array(struct arena *arena, size_t count, size_t element_size);
#define arena_new(arena, type) ((type *)arena_allocate((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_allocate_array((arena), (count), sizeof(type)))
void *arena_copy(struct arena *arena, const void *data, size_t size);
struct bytes arena_bytes(struct arena *arena, struct bytes bytes); /* a copy; data NULL without memory */
char *arena_string(struct arena *arena, const char *string);
char *arena_string_of(struct arena *arena, struct bytes bytes); /* a copy with a NUL behind */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Forgets all content, keeps one block for the next request. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);
