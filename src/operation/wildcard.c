#include "operation/wildcard.h"

#include <string.h>

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Bytes of the UTF-8 character at 'text', at least 1. */
static unsigned character_size(const char *text)
{
    unsigned size = 1;
    while (((unsigned char)text[size] & 0xC0) == 0x80 && ((unsigned char)*text & 0x80))
        size++;
    return size;
}

/* Of the set whose '[' stands at 'pattern': the place behind its ']', NULL where it has none and the '[' means itself. */
static const char *set_end(const char *pattern)
{
    const char *end = pattern[1] ? strchr(pattern + 2, ']') : NULL;
    return end ? end + 1 : NULL;
}

static bool set_has(const char *set, const char *end, char c)
{
    for (set++; set < end - 1; set++) {
        if (set + 2 < end - 1 && set[1] == '-') {
            if (lower(c) >= lower(*set) && lower(c) <= lower(set[2]))
                return true;
            set += 2;
        } else if (lower(c) == lower(*set)) {
            return true;
        }
    }
    return false;
}

/* Whether what stands at 'pattern' (no star) fits the character at 'text'; the sizes of both. */
static bool one_fits(const char *pattern, const char *text, unsigned *ret_pattern_size, unsigned *ret_text_size)
{
    const char *end = *pattern == '[' ? set_end(pattern) : NULL;
    *ret_pattern_size = *ret_text_size = 1;
    if (end) {
        *ret_pattern_size = (unsigned)(end - pattern);
        return set_has(pattern, end, *text);
    }
    if (*pattern == '?') {
        *ret_text_size = character_size(text);
        return true;
    }
    if (*pattern == '`' && pattern[1]) {
        *ret_pattern_size = 2;
        return lower(pattern[1]) == lower(*text);
    }
    return *pattern && lower(*pattern) == lower(*text);
}

bool wildcard_fits(const char *pattern, const char *text)
{
    const char *star = NULL, *star_text = NULL; /* behind the last star, and where what it swallows ends */
    unsigned pattern_size, text_size;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            star_text = text;
        } else if (one_fits(pattern, text, &pattern_size, &text_size)) {
            pattern += pattern_size;
            text += text_size;
        } else if (star) {
            pattern = star;
            text = ++star_text;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == 0;
}

bool wildcard_is_pattern(const char *text)
{
    return strpbrk(text, "*?[`") != NULL;
}
