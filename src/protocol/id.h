/* Identifiers (MS-OXCDATA 2.2): the wire's eight bytes, the internal number, and the forms with a replica GUID.
 *
 * Inside, a folder id, message id or change number is one number 'replid << 48 | global counter', so that ids of one replica
 * order as they were given out. On the wire it is the replid (u16, little-endian) and six bytes of counter, big-endian;
 * structures have these eight bytes as a raw little-endian u64. Any thread. */
#pragma once
#include "base/arena.h"
#include "base/guid.h"
#include "protocol/identifier.h"
#include <stdbool.h>

#define ID_COUNTER_MAX 0xFFFFFFFFFFFFull
#define ID_COUNTER_SIZE 6
#define SOURCE_KEY_SIZE 22

static inline uint64_t id_make(uint16_t replid, uint64_t counter)
{
    return (uint64_t)replid << 48 | (counter & ID_COUNTER_MAX);
}
static inline uint16_t id_replid(uint64_t id) { return (uint16_t)(id >> 48); }
static inline uint64_t id_counter(uint64_t id) { return id & ID_COUNTER_MAX; }

/* Byte order of the counter turned round, replid moved to the other end; each the inverse of the other. */
static inline uint64_t id_of_wire(uint64_t wire)
{
    return (wire & 0xFFFF) << 48 | (__builtin_bswap64(wire) & ID_COUNTER_MAX);
}
static inline uint64_t id_to_wire(uint64_t id)
{
    return (id >> 48) | (__builtin_bswap64(id & ID_COUNTER_MAX));
}

/* Six bytes, big-endian. */
void id_counter_store(uint64_t counter, uint8_t bytes[ID_COUNTER_SIZE]);
uint64_t id_counter_load(const uint8_t bytes[ID_COUNTER_SIZE]);

/* MS-OXCDATA 2.2.1.3.1 */
struct long_term_id long_term_id_make(struct guid replica, uint64_t counter);

/* A GID: replica GUID and counter, the form of PidTagSourceKey and PidTagChangeKey for this server's own objects
 * (MS-OXCFXICS 2.2.2.1). */
void source_key_make(struct guid replica, uint64_t counter, uint8_t key[SOURCE_KEY_SIZE]);
/* false (results untouched) for another size. */
bool source_key_parse(struct bytes key, struct guid *ret_replica, uint64_t *ret_counter);
/* A PredecessorChangeList of one entry (MS-OXCFXICS 2.2.2.3): a size byte and the key; data NULL without memory. */
struct bytes predecessor_change_list_of(struct arena *arena, struct bytes change_key);
