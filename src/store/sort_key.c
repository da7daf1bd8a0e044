#include "store/sort_key.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ucol.h>

#define TEXT_UNITS_COMPARED 160

/* ICU's collation data stays untouched until the first text is compared: most mailboxes never need it. */
struct collator {
    UCollator *icu;
};

struct collator *collator_open(void) { return calloc(1, sizeof(struct collator)); }

void collator_close(struct collator *collator)
{
    if (!collator)
        return;
    if (collator->icu)
        ucol_close(collator->icu);
    free(collator);
}

static UCollator *icu_of(struct collator *collator)
{
    if (collator->icu)
        return collator->icu;
    UErrorCode error = U_ZERO_ERROR;
    UCollator *icu = ucol_open("", &error);
    if (U_FAILURE(error))
        return NULL;
    ucol_setStrength(icu, UCOL_SECONDARY);
    return collator->icu = icu;
}

bool sort_key_append_text(struct buffer *key, struct collator *collator, struct bytes text)
{
    UCollator *icu = icu_of(collator);
    if (!icu || text.size / 2 > INT32_MAX / 8)
        return false;
    int32_t unit_count = (int32_t)(text.size / 2);
    UChar few[TEXT_UNITS_COMPARED], *units = few;
    if (unit_count > TEXT_UNITS_COMPARED && !(units = malloc((size_t)unit_count * sizeof(UChar))))
        return false;
    if (unit_count)
        memcpy(units, text.data, (size_t)unit_count * 2); /* the bytes may lie at an odd address */
    uint8_t small[4 * TEXT_UNITS_COMPARED];
    int32_t size = ucol_getSortKey(icu, units, unit_count, small, sizeof(small));
    bool good = size > 0;
    if (good && size <= (int32_t)sizeof(small)) {
        good = buffer_append(key, small, (size_t)size - 1); /* without the NUL at the end */
    } else if (good) {
        size_t before = key->size;
        uint8_t *place = buffer_extend(key, (size_t)size);
        good = place && ucol_getSortKey(icu, units, unit_count, place, size) == size;
        if (place)
            key->size = good ? before + (size_t)size - 1 : before;
    }
    if (units != few)
        free(units);
    return good;
}

static void append_text(struct buffer *key, struct collator *collator, struct bytes text)
{
    if (text.size > 2 * TEXT_UNITS_COMPARED)
        text.size = 2 * TEXT_UNITS_COMPARED;
    size_t before = key->size;
    if (!sort_key_append_text(key, collator, text))
        key->failed = true;
    else if (key->size - before > SORT_KEY_TEXT_SIZE_MAX)
        key->size = before + SORT_KEY_TEXT_SIZE_MAX;
    buffer_append_u8(key, 0); /* collation keys have no zero bytes inside */
}

/* A zero byte inside becomes 00 FF, the end is 00 00: the shorter comes first. */
static void append_binary(struct buffer *key, struct bytes data)
{
    for (size_t i = 0; i < data.size && i < SORT_KEY_TEXT_SIZE_MAX; i++) {
        buffer_append_u8(key, data.data[i]);
        if (data.data[i] == 0)
            buffer_append_u8(key, 0xFF);
    }
    buffer_append_u16(key, 0);
}

static void append_unsigned(struct buffer *key, uint64_t value, int size)
{
    uint8_t big_endian[8];
    for (int i = 0; i < size; i++)
        big_endian[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    buffer_append(key, big_endian, (size_t)size);
}

/* Two's complement and IEEE 754 made to compare as unsigned numbers. */
static void append_signed(struct buffer *key, int64_t value) { append_unsigned(key, (uint64_t)value ^ 1ull << 63, 8); }

static void append_floating(struct buffer *key, double value)
{
    uint64_t bits;
    value = value == 0 ? 0 : value; /* -0 equals 0 */
    memcpy(&bits, &value, 8);
    append_unsigned(key, bits >> 63 ? ~bits : bits ^ 1ull << 63, 8);
}

static bool first_element(const struct property_value *value, struct property_value *ret_first)
{
    if (value->multiple.count == 0)
        return false;
    uint16_t type = PROPERTY_TYPE(value->tag) & (uint16_t)~PTYP_MULTIPLE_FLAG;
    struct property_value first = {.tag = PROPERTY_TAG(PROPERTY_ID(value->tag), type)};
    switch (type) {
    case PTYP_INTEGER16: first.integer16 = value->multiple.integer16[0]; break;
    case PTYP_INTEGER32: first.integer32 = value->multiple.integer32[0]; break;
    case PTYP_FLOATING32: first.floating32 = value->multiple.floating32[0]; break;
    case PTYP_GUID: first.guid = value->multiple.guid[0]; break;
    case PTYP_STRING:
    case PTYP_STRING8:
    case PTYP_BINARY: first.bytes = value->multiple.bytes[0]; break;
    default: first.integer64 = value->multiple.integer64[0]; break;
    }
    *ret_first = first;
    return true;
}

bool sort_key_append(struct buffer *key, struct collator *collator, const struct property_value *value, bool descending)
{
    size_t start = key->size;
    struct property_value first;
    if (value && PROPERTY_TYPE(value->tag) & PTYP_MULTIPLE_FLAG)
        value = first_element(value, &first) ? &first : NULL;
    buffer_append_u8(key, value != NULL);
    switch (value ? PROPERTY_TYPE(value->tag) : PTYP_NULL) {
    case PTYP_NULL: break;
    case PTYP_BOOLEAN: buffer_append_u8(key, value->boolean != 0); break;
    case PTYP_INTEGER16: append_signed(key, value->integer16); break;
    case PTYP_INTEGER32: append_signed(key, value->integer32); break;
    case PTYP_CURRENCY:
    case PTYP_INTEGER64: append_signed(key, value->integer64); break;
    case PTYP_TIME: append_unsigned(key, value->time, 8); break;
    case PTYP_FLOATING32: append_floating(key, value->floating32); break;
    case PTYP_FLOATING64:
    case PTYP_FLOATING_TIME: append_floating(key, value->floating64); break;
    case PTYP_STRING: append_text(key, collator, value->bytes); break;
    case PTYP_GUID: buffer_append(key, value->guid.data, sizeof(value->guid.data)); break;
    default: append_binary(key, value->bytes); break;
    }
    if (descending)
        for (size_t i = start; !key->failed && i < key->size; i++)
            key->data[i] = (uint8_t)~key->data[i];
    return !key->failed;
}
