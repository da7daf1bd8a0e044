#include "protocol/id.h"
#include <string.h>

void id_counter_store(uint64_t counter, uint8_t bytes[ID_COUNTER_SIZE])
{
    for (int i = ID_COUNTER_SIZE - 1; i >= 0; i--, counter >>= 8)
        bytes[i] = (uint8_t)counter;
}

uint64_t id_counter_load(const uint8_t bytes[ID_COUNTER_SIZE])
{
    uint64_t counter = 0;
    for (int i = 0; i < ID_COUNTER_SIZE; i++)
        counter = counter << 8 | bytes[i];
    return counter;
}

struct long_term_id long_term_id_make(struct guid replica, uint64_t counter)
{
    struct long_term_id id = { .database_guid = replica };
    id_counter_store(counter, id.global_counter);
    return id;
}

void source_key_make(struct guid replica, uint64_t counter, uint8_t key[SOURCE_KEY_SIZE])
{
    memcpy(key, replica.data, sizeof replica.data);
    id_counter_store(counter, key + sizeof replica.data);
}

bool source_key_parse(struct bytes key, struct guid *ret_replica, uint64_t *ret_counter)
{
    if (key.size != SOURCE_KEY_SIZE)
        return false;
    memcpy(ret_replica->data, key.data, sizeof ret_replica->data);
    *ret_counter = id_counter_load(key.data + sizeof ret_replica->data);
    return true;
}

struct bytes predecessor_change_list_of(struct arena *arena, struct bytes change_key)
{
    if (change_key.size > UINT8_MAX)
        return BYTES_NONE;
    uint8_t *list = arena_allocate(arena, change_key.size + 1);
    if (!list)
        return BYTES_NONE;
    list[0] = (uint8_t)change_key.size;
    memcpy(list + 1, change_key.data, change_key.size);
    return bytes_of(list, change_key.size + 1);
}
