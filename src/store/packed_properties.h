/* The small properties of one object in one run of bytes: quick to pick any set of columns from, compact, and read where it
 * lies. A header gives the count and each entry's tag in ascending order of property id; fixed-size values follow in the
 * entry itself, others as an offset into the bytes behind. Large values are kept apart: their entry says tag, size and
 * value_id. Everything little-endian; found values point into the packed bytes (strings are UTF-16LE there too), multiple
 * values that need an array of structs or alignment are put into the arena. Thread-safe: nothing is shared.
 *
 * Damaged bytes are answered with false, never read beyond. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

/* What the recipients of a message are kept under inside its packed properties (PidTagMessageRecipients). */
#define PACKED_RECIPIENTS_TAG 0x0E12000Du

/* One entry: a value at hand, or one kept apart. */
struct packed_entry {
    bool apart;
    struct property_value value; /* not apart: all of it; apart: only the tag */
    uint64_t value_id;           /* apart */
    uint64_t size;               /* apart: bytes of the value as store_value_read gives them */
};

/* Appends the packed form to 'packed'. Later values of the same id win. Values of types that cannot be stored (restriction,
 * rule actions, error, unspecified) or beyond 16 MB in all: false. */
bool packed_properties_write(struct buffer *packed, const struct property_list *properties,
    const struct store_value *apart, uint32_t apart_count);
/* The number of entries; false when the header is damaged. */
bool packed_properties_count(struct bytes packed, uint32_t *ret_count);
/* Entry 'index' in the order of ids. */
bool packed_properties_at(struct arena *arena, struct bytes packed, uint32_t index, struct packed_entry *ret_entry);
/* The entry of a property id; false when there is none (or damage). */
bool packed_properties_find(struct arena *arena, struct bytes packed, uint16_t property_id, struct packed_entry *ret_entry);
/* For each of 'count' tags (any order; only the id counts) the entry into ret_entries[i]; ids that are not there have
 * value.tag 0. Quicker than as many finds when the tags are in ascending order. */
void packed_properties_pick(struct arena *arena, struct bytes packed, const uint32_t *tags, uint32_t count,
    struct packed_entry *ret_entries);
/* All values at hand, and those apart in a list of their own (either output may be NULL). */
bool packed_properties_list(struct arena *arena, struct bytes packed, struct property_list *ret_properties,
    const struct store_value **ret_apart, uint32_t *ret_apart_count);
/* How many bytes a value counts with in sizes (PidTagMessageSize). */
uint64_t property_value_size(const struct property_value *value);
