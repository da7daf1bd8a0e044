#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define BLOCK_SIZE_MIN 4096u
#define BLOCK_SIZE_KEPT_MAX 65536u

struct arena_block {
    struct arena_block *next;
    size_t capacity;
    size_t used;
    _Alignas(16) uint8_t content[];
};

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
    size_t size_max = arena->size_max ? arena->size_max : ARENA_SIZE_MAX;
    size_t capacity = arena->block ? arena->block->capacity * 2 : arena->first_size ? arena->first_size : BLOCK_SIZE_MIN;
    if (capacity > (1u << 20))
        capacity = 1u << 20;
    if (capacity < size)
        capacity = size;
    if (capacity > size_max - arena->size) /* a smaller block may still fit under the cap */
        capacity = size;
    if (size > size_max - arena->size)
        return NULL;
    struct arena_block *block = malloc(sizeof *block + capacity);
    if (!block)
        return NULL;
    *block = (struct arena_block){.next = arena->block, .capacity = capacity};
    arena->block = block;
    arena->size += capacity;
    return block;
}

void *arena_reserve(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 4)
        return NULL;
    size_t rounded = size ? (size + 15) & ~(size_t)15 : 16;
    struct arena_block *block = arena->block;
    if (!block || block->capacity - block->used < rounded)
        block = arena_grow(arena, rounded);
    if (!block)
        return NULL;
    void *place = block->content + block->used;
    block->used += rounded;
    return place;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    void *place = arena_reserve(arena, size);
    return place ? memset(place, 0, size) : NULL;
}

void *arena_allocate_array(struct arena *arena, size_t count, size_t element_size)
{
    if (element_size && count > SIZE_MAX / 4 / element_size)
        return NULL;
    return arena_allocate(arena, count * element_size);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    void *copy = arena_reserve(arena, size);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

struct bytes arena_bytes(struct arena *arena, struct bytes bytes)
{
    uint8_t *copy = arena_copy(arena, bytes.data, bytes.size);
    return (struct bytes){copy, copy ? bytes.size : 0};
}

char *arena_string(struct arena *arena, const char *string)
{
    return arena_copy(arena, string, strlen(string) + 1);
}

char *arena_string_of(struct arena *arena, struct bytes bytes)
{
    char *copy = arena_allocate(arena, bytes.size + 1);
    if (copy && bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : arena_allocate(arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

static void arena_release(struct arena *arena, struct arena_block *keep)
{
    for (struct arena_block *block = arena->block, *next; block; block = next) {
        next = block->next;
        if (block != keep)
            free(block);
    }
    arena->block = keep;
    arena->size = keep ? keep->capacity : 0;
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
}

void arena_reset(struct arena *arena)
{
    struct arena_block *keep = NULL;
    for (struct arena_block *block = arena->block; block; block = block->next)
        if (block->capacity <= BLOCK_SIZE_KEPT_MAX && (!keep || block->capacity > keep->capacity))
            keep = block;
    arena_release(arena, keep);
}

void arena_free(struct arena *arena)
{
    arena_release(arena, NULL);
}
