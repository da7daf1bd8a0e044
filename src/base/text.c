#include "base/text.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define REPLACEMENT 0xFFFDu

/* One character from UTF-8; moves *position by at least one byte. */
static uint32_t utf8_next(struct bytes text, size_t *position)
{
    const uint8_t *at = text.data + *position;
    size_t left = text.size - *position;
    uint32_t first = *at;
    if (first < 0x80) {
        *position += 1;
        return first;
    }
    unsigned length = first >= 0xF0 && first <= 0xF4 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (length < 2 || first > 0xF4) {
        *position += 1;
        return REPLACEMENT;
    }
    uint32_t value = first & (0x7Fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if (i >= left || (at[i] & 0xC0) != 0x80) {
            *position += i;
            return REPLACEMENT;
        }
        value = value << 6 | (at[i] & 0x3F);
    }
    *position += length;
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return REPLACEMENT;
    return value;
}

bool text_append_utf16_of_utf8(struct buffer *buffer, struct bytes utf8)
{
    for (size_t position = 0; position < utf8.size;) {
        uint32_t value = utf8_next(utf8, &position);
        if (value >= 0x10000) {
            buffer_append_u16(buffer, (uint16_t)(0xD800 + ((value - 0x10000) >> 10)));
            value = 0xDC00 + ((value - 0x10000) & 0x3FF);
        }
        buffer_append_u16(buffer, (uint16_t)value);
    }
    return !buffer->failed;
}

static size_t utf8_put(uint8_t out[4], uint32_t value)
{
    if (value < 0x80) {
        out[0] = (uint8_t)value;
        return 1;
    }
    if (value < 0x800) {
        out[0] = (uint8_t)(0xC0 | value >> 6);
        out[1] = (uint8_t)(0x80 | (value & 0x3F));
        return 2;
    }
    if (value < 0x10000) {
        out[0] = (uint8_t)(0xE0 | value >> 12);
        out[1] = (uint8_t)(0x80 | (value >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (value & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | value >> 18);
    out[1] = (uint8_t)(0x80 | (value >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (value >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (value & 0x3F));
    return 4;
}

static uint32_t utf16_next(struct bytes text, size_t *position)
{
    uint32_t value = load_u16(text.data + *position);
    *position += 2;
    if (value < 0xD800 || value >= 0xE000)
        return value;
    if (value < 0xDC00 && *position + 2 <= text.size) {
        uint32_t low = load_u16(text.data + *position);
        if (low >= 0xDC00 && low < 0xE000) {
            *position += 2;
            return 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return REPLACEMENT;
}

bool text_append_utf8_of_utf16(struct buffer *buffer, struct bytes utf16)
{
    for (size_t position = 0; position + 2 <= utf16.size;) {
        uint8_t encoded[4];
        buffer_append(buffer, encoded, utf8_put(encoded, utf16_next(utf16, &position)));
    }
    return !buffer->failed;
}

struct bytes text_utf16_of_utf8(struct arena *arena, struct bytes utf8)
{
    /* one byte of UTF-8 gives at most one unit */
    uint8_t *out = arena_allocate_array(arena, utf8.size + 1, 2);
    if (!out)
        return BYTES_NONE;
    size_t size = 0;
    for (size_t position = 0; position < utf8.size;) {
        uint32_t value = utf8_next(utf8, &position);
        if (value >= 0x10000) {
            store_u16(out + size, (uint16_t)(0xD800 + ((value - 0x10000) >> 10)));
            size += 2;
            value = 0xDC00 + ((value - 0x10000) & 0x3FF);
        }
        store_u16(out + size, (uint16_t)value);
        size += 2;
    }
    return bytes_of(out, size);
}

char *text_utf8_of_utf16(struct arena *arena, struct bytes utf16)
{
    uint8_t *out = arena_allocate(arena, utf16.size / 2 * 3 + 1);
    if (!out)
        return NULL;
    size_t size = 0;
    for (size_t position = 0; position + 2 <= utf16.size;) {
        uint8_t encoded[4];
        size_t length = utf8_put(encoded, utf16_next(utf16, &position));
        memcpy(out + size, encoded, length);
        size += length;
    }
    out[size] = 0;
    return (char *)out;
}

static const char *codepage_name(uint32_t codepage, char name[16])
{
    static const struct {
        uint32_t codepage;
        const char *name;
    } named[] = {
        {0, "CP1252"},       {20127, "ASCII"},      {28591, "ISO-8859-1"},  {28592, "ISO-8859-2"},  {28593, "ISO-8859-3"},
        {28594, "ISO-8859-4"}, {28595, "ISO-8859-5"}, {28596, "ISO-8859-6"}, {28597, "ISO-8859-7"}, {28598, "ISO-8859-8"},
        {28599, "ISO-8859-9"}, {28603, "ISO-8859-13"}, {28605, "ISO-8859-15"}, {20866, "KOI8-R"},   {21866, "KOI8-U"},
        {50220, "ISO-2022-JP"}, {50221, "ISO-2022-JP"}, {50222, "ISO-2022-JP"}, {50225, "ISO-2022-KR"},
        {51932, "EUC-JP"},   {51936, "EUC-CN"},     {51949, "EUC-KR"},      {52936, "HZ"},          {54936, "GB18030"},
        {65000, "UTF-7"},    {65001, "UTF-8"},      {1200, "UTF-16LE"},     {1201, "UTF-16BE"},     {10000, "MACINTOSH"},
        {20261, "T.61"},
    };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (named[i].codepage == codepage)
            return named[i].name;
    snprintf(name, 16, "CP%u", codepage);
    return name;
}

static iconv_t codepage_open(uint32_t codepage, bool to_utf16)
{
    char name[16];
    const char *other = codepage_name(codepage, name);
    return to_utf16 ? iconv_open("UTF-16LE", other) : iconv_open(other, "UTF-16LE");
}

bool text_codepage_known(uint32_t codepage)
{
    iconv_t converter = codepage_open(codepage, true);
    if (converter == (iconv_t)-1)
        return false;
    iconv_close(converter);
    return true;
}

static struct bytes codepage_convert(struct arena *arena, uint32_t codepage, struct bytes in, bool to_utf16)
{
    iconv_t converter = codepage_open(codepage, to_utf16);
    if (converter == (iconv_t)-1)
        converter = codepage_open(1252, to_utf16);
    if (converter == (iconv_t)-1)
        return BYTES_NONE;
    size_t capacity = to_utf16 ? in.size * 4 + 16 : in.size * 4 + 16;
    uint8_t *out = arena_allocate(arena, capacity);
    char *source = (char *)(uintptr_t)in.data, *target = (char *)out;
    size_t source_left = in.size, target_left = out ? capacity : 0;
    while (out && source_left > 0) {
        if (iconv(converter, &source, &source_left, &target, &target_left) != (size_t)-1 || errno == E2BIG)
            break;
        /* one unit that cannot be converted; a surrogate pair is one character */
        size_t skip = to_utf16 ? 1 : source_left < 2 ? source_left : 2;
        if (!to_utf16 && source_left >= 4 && ((uint8_t)source[1] & 0xFC) == 0xD8 && ((uint8_t)source[3] & 0xFC) == 0xDC)
            skip = 4;
        source += skip;
        source_left -= skip;
        if (to_utf16 && target_left >= 2) {
            store_u16(target, REPLACEMENT);
            target += 2, target_left -= 2;
        } else if (!to_utf16 && target_left >= 1) {
            *target++ = '?', target_left--;
        }
    }
    if (out)
        iconv(converter, NULL, NULL, &target, &target_left); /* back to the initial shift state */
    iconv_close(converter);
    return out ? bytes_of(out, (size_t)((uint8_t *)target - out)) : BYTES_NONE;
}

struct bytes text_utf16_of_codepage(struct arena *arena, uint32_t codepage, struct bytes text)
{
    return codepage == 65001 ? text_utf16_of_utf8(arena, text) : codepage_convert(arena, codepage, text, true);
}

struct bytes text_codepage_of_utf16(struct arena *arena, uint32_t codepage, struct bytes utf16)
{
    return codepage_convert(arena, codepage, utf16, false);
}

bool text_equal_ignoring_case(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a | (*a >= 'A' && *a <= 'Z' ? 0x20 : 0)) != (*b | (*b >= 'A' && *b <= 'Z' ? 0x20 : 0)))
            return false;
    return *a == *b;
}

bool text_has_prefix_ignoring_case(const char *text, const char *prefix)
{
    for (; *prefix; text++, prefix++)
        if ((*text | (*text >= 'A' && *text <= 'Z' ? 0x20 : 0)) != (*prefix | (*prefix >= 'A' && *prefix <= 'Z' ? 0x20 : 0)))
            return false;
    return true;
}
