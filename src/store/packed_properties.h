/* The small properties of one object in one run of bytes: quick to pick any set of columns from, compact, and read where it
 * lies. Thread-safe: nothing is shared. Damaged bytes are answered with false, never read beyond.
 *
 *     version u16 (1), count u16
 *     count entries of 8 bytes in ascending order of property id:
 *         tag u32        bit 15 set (PACKED_APART): the value is kept apart
 *         word u32       values of up to 4 bytes: the value; others: where the value begins, from the first byte on
 *     values:            8 and 16 byte types: bare; others: size u32 and the bytes as packed_value_write gives them;
 *                        kept apart: value_id u64, size u64
 *
 * Everything is little-endian. Found values point into the packed bytes (strings are UTF-16LE there too); multiple values,
 * which need alignment or an array of structs, are put into the arena. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

#define PACKED_APART 0x8000u
#define PACKED_SIZE_MAX (64u << 20)

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
 * rule actions, error, unspecified) or beyond PACKED_SIZE_MAX in all: false. */
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
/* Puts another value_id into the entry of a property that is kept apart; false when there is no such entry. */
bool packed_properties_set_value_id(uint8_t *packed, size_t size, uint16_t property_id, uint64_t value_id);
/* How many bytes a value counts with in sizes (PidTagMessageSize). */
uint64_t property_value_size(const struct property_value *value);

/* One value alone, as a large value keeps it: strings and binaries are their bare bytes, so that ranges of the one are
 * ranges of the other; multiple ones count u32 and elements, variable elements with a u32 size before each. */
bool packed_value_write(struct buffer *packed, const struct property_value *value);
/* 'data' must live as long as the value. */
bool packed_value_read(struct arena *arena, uint32_t tag, struct bytes data, struct property_value *ret_value);
