#include <stdlib.h>

#include "directory/address_book_state.h"

bool entry_index_open(struct entry_index *index, uint32_t count)
{
    uint32_t capacity = 16;
    while (capacity < count + count / 2)
        capacity *= 2;
    index->slots = malloc(capacity * sizeof *index->slots);
    index->mask = capacity - 1;
    for (uint32_t i = 0; index->slots && i < capacity; i++)
        index->slots[i] = ADDRESS_BOOK_NONE;
    return index->slots != NULL;
}

void entry_index_close(struct entry_index *index)
{
    free(index->slots);
    *index = (struct entry_index){0};
}

void entry_index_add(struct entry_index *index, uint32_t hash, uint32_t entry)
{
    uint32_t place = hash & index->mask;
    while (index->slots[place] != ADDRESS_BOOK_NONE)
        place = (place + 1) & index->mask;
    index->slots[place] = entry;
}

uint32_t hash_number(uint32_t number)
{
    uint64_t mixed = number * 0x9E3779B97F4A7C15u;
    return (uint32_t)(mixed >> 32);
}

/* FNV-1a over lower-case letters, then mixed, since the low bits choose the place. */
uint32_t hash_text(const char *text)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *text; text++) {
        uint8_t c = (uint8_t)*text;
        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        hash = (hash ^ c) * 0x100000001B3u;
    }
    return (uint32_t)(hash ^ hash >> 32);
}
