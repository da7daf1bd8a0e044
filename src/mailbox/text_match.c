/* Comparing text without regard to case, and the fuzzy matching of content restrictions, on UTF-16LE bytes as they lie in
 * the store: no copy for the usual case. */
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include "mailbox/value.h"

static uint16_t fold(uint16_t unit)
{
    if (unit < 0x80)
        return unit >= 'A' && unit <= 'Z' ? (uint16_t)(unit + 32) : unit;
    if (unit >= 0xD800 && unit < 0xE000)
        return unit;
    return (uint16_t)u_foldCase(unit, U_FOLD_CASE_DEFAULT);
}

int text_compare_folded(struct bytes a, struct bytes b)
{
    size_t units = (a.size < b.size ? a.size : b.size) / 2;
    for (size_t i = 0; i < units; i++) {
        uint16_t x = load_u16(a.data + 2 * i), y = load_u16(b.data + 2 * i);
        if (x == y)
            continue;
        x = fold(x);
        y = fold(y);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return a.size < b.size ? -1 : a.size > b.size ? 1 : 0;
}

struct pattern {
    const uint8_t *data;
    size_t units;
    bool folded;
};

static bool unit_equal(uint16_t x, uint16_t y, bool folded)
{
    return x == y || (folded && fold(x) == fold(y));
}

static bool matches_at(struct bytes text, size_t at, const struct pattern *pattern)
{
    for (size_t i = 0; i < pattern->units; i++)
        if (!unit_equal(load_u16(text.data + 2 * (at + i)), load_u16(pattern->data + 2 * i), pattern->folded))
            return false;
    return true;
}

static bool is_word_unit(uint16_t unit)
{
    return u_isalnum(unit) || (unit >= 0xD800 && unit < 0xE000) || unit == '_';
}

static bool find(struct bytes text, const struct pattern *pattern, bool word_begin, bool word_end)
{
    size_t units = text.size / 2;
    if (pattern->units > units)
        return false;
    for (size_t at = 0; at + pattern->units <= units; at++) {
        if (!matches_at(text, at, pattern))
            continue;
        if (word_begin && at > 0 && is_word_unit(load_u16(text.data + 2 * (at - 1))))
            continue;
        size_t end = at + pattern->units;
        if (word_end && end < units && is_word_unit(load_u16(text.data + 2 * end)))
            continue;
        return true;
    }
    return false;
}

/* The text decomposed without its combining marks; NULL without memory. */
static uint8_t *without_marks(struct bytes text, size_t *ret_size)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *decomposition = unorm2_getNFDInstance(&status);
    size_t units = text.size / 2;
    if (U_FAILURE(status) || units > INT32_MAX / 8)
        return NULL;
    UChar *source = malloc(text.size + 2);
    UChar *result = malloc((units * 4 + 4) * sizeof *result);
    if (source != NULL && result != NULL) {
        memcpy(source, text.data, units * 2);
        int32_t length = unorm2_normalize(decomposition, source, (int32_t)units, result, (int32_t)(units * 4 + 4), &status);
        if (U_FAILURE(status)) { /* longer than any real text gets: compare as it is */
            memcpy(result, source, units * 2);
            length = (int32_t)units;
        }
        size_t kept = 0;
        for (int32_t i = 0; i < length; i++)
            if (u_charType(result[i]) != U_NON_SPACING_MARK)
                result[kept++] = result[i];
        *ret_size = kept * 2;
    } else {
        free(result);
        result = NULL;
    }
    free(source);
    return (uint8_t *)result;
}

static bool match_units(struct bytes text, const struct pattern *pattern, uint16_t level_low)
{
    if ((level_low & TEXT_MATCH_PREFIX_OF_WORD) != 0)
        return find(text, pattern, true, false);
    if ((level_low & TEXT_MATCH_PHRASE) != 0)
        return find(text, pattern, true, true);
    size_t units = text.size / 2;
    switch (level_low & 0x3) {
    case TEXT_MATCH_SUBSTRING: return find(text, pattern, false, false);
    case TEXT_MATCH_PREFIX: return units >= pattern->units && matches_at(text, 0, pattern);
    default: return units == pattern->units && matches_at(text, 0, pattern);
    }
}

bool text_matches(struct bytes text, struct bytes pattern_text, uint16_t level_low, uint16_t level_high)
{
    bool folded = (level_high & (1 | 4)) != 0;
    if ((level_high & (2 | 4)) == 0) {
        struct pattern pattern = {.data = pattern_text.data, .units = pattern_text.size / 2, .folded = folded};
        return match_units(text, &pattern, level_low);
    }
    size_t text_size = 0, pattern_size = 0;
    uint8_t *bare_text = without_marks(text, &text_size);
    uint8_t *bare_pattern = without_marks(pattern_text, &pattern_size);
    struct pattern pattern = {.data = bare_pattern, .units = pattern_size / 2, .folded = folded};
    bool matches =
        bare_text != NULL && bare_pattern != NULL && match_units(bytes_of(bare_text, text_size), &pattern, level_low);
    free(bare_text);
    free(bare_pattern);
    return matches;
}

bool bytes_match(struct bytes data, struct bytes pattern, uint16_t level_low)
{
    switch (level_low & 0x3) {
    case TEXT_MATCH_SUBSTRING:
        return pattern.size == 0 || (data.size > 0 && memmem(data.data, data.size, pattern.data, pattern.size) != NULL);
    case TEXT_MATCH_PREFIX:
        return data.size >= pattern.size && (pattern.size == 0 || memcmp(data.data, pattern.data, pattern.size) == 0);
    default: return bytes_equal(data, pattern);
    }
}
