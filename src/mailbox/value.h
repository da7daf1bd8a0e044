/* Property values by themselves: copying, converting between types, comparing (MS-OXCDATA 2.11). Any thread. Internal to
 * the mailbox layer. */
#pragma once
#include "base/arena.h"
#include "wire/property_value.h"

/* Whether a property may have this type: one of MS-OXCDATA 2.11.1 that can be stored. */
bool value_type_is_storable(uint16_t type);
/* Whether a column or a request may name it: storable, or the instance flag over a multiple one. */
bool value_type_is_column(uint16_t type);
bool value_type_is_string(uint16_t type); /* PTYP_STRING, PTYP_STRING8 */
bool value_type_is_multiple(uint16_t type);

/* Bytes that everything the value points to needs in one block, and the copy into such a block (memory aligned to 8). */
size_t value_memory_size(const struct property_value *value);
struct property_value value_copy_into(const struct property_value *value, void *memory);
/* A copy in the arena; false without memory. */
bool value_copy(struct arena *arena, const struct property_value *value, struct property_value *ret_value);

/* PTYP_STRING8 and its multiple become PTYP_STRING by the code page; others are as they were. */
bool value_normalize(
    struct arena *arena, uint32_t codepage, const struct property_value *value, struct property_value *ret_value);
/* The value in the type of 'tag' (PTYP_UNSPECIFIED: its own, strings as 'unicode' says); false where it has none: the tag's
 * property does not exist then. The result borrows from the value where it can. */
bool value_convert(struct arena *arena, uint32_t codepage, bool unicode, uint32_t tag, const struct property_value *value,
    struct property_value *ret_value);
/* Bytes of the value as an answer carries it, without counts and terminators; multiple ones summed. */
size_t value_answer_size(const struct property_value *value);
/* For table rows: strings and binaries cut to 510 bytes (MS-OXCTABL R121, R122), in place. */
#define VALUE_ROW_SIZE_MAX 510u
void value_truncate(struct property_value *value);

static inline struct property_value value_integer32(uint32_t tag, int32_t n)
{
    return (struct property_value){.tag = tag, .integer32 = n};
}
static inline struct property_value value_integer64(uint32_t tag, int64_t n)
{
    return (struct property_value){.tag = tag, .integer64 = n};
}
static inline struct property_value value_boolean(uint32_t tag, bool b)
{
    return (struct property_value){.tag = tag, .boolean = b};
}
static inline struct property_value value_time(uint32_t tag, uint64_t t)
{
    return (struct property_value){.tag = tag, .time = t};
}
static inline struct property_value value_bytes(uint32_t tag, struct bytes b)
{
    return (struct property_value){.tag = tag, .bytes = b};
}
static inline struct property_value value_error(uint32_t tag, uint32_t error)
{
    return (struct property_value){.tag = PROPERTY_TAG(PROPERTY_ID(tag), PTYP_ERROR_CODE), .error_code = error};
}

/* <0, 0, >0 for two values of one single type; strings without regard to case. false where they cannot be compared. */
bool value_compare(const struct property_value *a, const struct property_value *b, int *ret_order);
/* Element 'index' of a multiple value as a single one. */
struct property_value value_element(const struct property_value *value, uint32_t index);
uint32_t value_count(const struct property_value *value); /* 1 for single ones */

/* Text in UTF-16LE: order and equality by simple case folding. */
int text_compare_folded(struct bytes a, struct bytes b);
enum text_match {
    TEXT_MATCH_FULL = 0,
    TEXT_MATCH_SUBSTRING = 1,
    TEXT_MATCH_PREFIX = 2,
    TEXT_MATCH_PREFIX_OF_WORD = 0x10,
    TEXT_MATCH_PHRASE = 0x20
};
/* Fuzzy levels of a content restriction (MS-OXCDATA 2.12.5): low a text_match, high 1 ignore case, 2 ignore marks, 4 loose
 * (both). */
bool text_matches(struct bytes text, struct bytes pattern, uint16_t level_low, uint16_t level_high);
bool bytes_match(struct bytes data, struct bytes pattern, uint16_t level_low);
