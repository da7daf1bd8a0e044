#include "mail/mime_charset.h"

#include <string.h>

#include "base/text.h"

/* The first name of a code page is the one that is written. */
static const struct charset {
    uint32_t codepage;
    const char *name;
} charsets[] = {
    {20127, "us-ascii"}, {20127, "ascii"}, {20127, "ansi_x3.4-1968"}, {20127, "iso646-us"}, {20127, "us"}, {20127, "646"},
    {65001, "utf-8"}, {65001, "utf8"}, {65001, "unicode-1-1-utf-8"}, {65001, "utf-8-mac"}, {65001, "utf_8"},
    {65000, "utf-7"}, {65000, "unicode-1-1-utf-7"}, {1200, "utf-16le"}, {1201, "utf-16be"}, {1201, "utf-16"},
    {1252, "windows-1252"}, {1252, "cp1252"}, {1252, "cp-1252"}, {1252, "x-ansi"}, {1252, "win-1252"},
    {1250, "windows-1250"}, {1250, "cp1250"}, {1250, "x-cp1250"}, {1251, "windows-1251"}, {1251, "cp1251"},
    {1251, "x-cp1251"}, {1251, "win-1251"}, {1253, "windows-1253"}, {1253, "cp1253"}, {1254, "windows-1254"},
    {1254, "cp1254"}, {1255, "windows-1255"}, {1255, "cp1255"}, {1256, "windows-1256"}, {1256, "cp1256"},
    {1257, "windows-1257"}, {1257, "cp1257"}, {1258, "windows-1258"}, {1258, "cp1258"},
    {28591, "iso-8859-1"}, {28591, "iso8859-1"}, {28591, "iso_8859-1"}, {28591, "latin1"}, {28591, "latin-1"},
    {28591, "l1"}, {28591, "iso-8859-1-windows-3.1-latin-1"}, {28591, "8859_1"}, {28591, "iso88591"},
    {28592, "iso-8859-2"}, {28592, "iso8859-2"}, {28592, "iso_8859-2"}, {28592, "latin2"}, {28593, "iso-8859-3"},
    {28594, "iso-8859-4"}, {28595, "iso-8859-5"}, {28596, "iso-8859-6"}, {28596, "iso-8859-6-i"}, {28597, "iso-8859-7"},
    {28598, "iso-8859-8"}, {28598, "iso-8859-8-i"}, {28598, "visual"}, {28599, "iso-8859-9"}, {28599, "latin5"},
    {28603, "iso-8859-13"}, {28605, "iso-8859-15"}, {28605, "iso8859-15"}, {28605, "latin-9"}, {28605, "latin9"},
    {20866, "koi8-r"}, {20866, "koi8"}, {20866, "koi8r"}, {21866, "koi8-u"}, {21866, "koi8-ru"},
    {932, "shift_jis"}, {932, "shift-jis"}, {932, "sjis"}, {932, "x-sjis"}, {932, "ms_kanji"}, {932, "windows-31j"},
    {932, "cp932"}, {932, "csshiftjis"}, {50220, "iso-2022-jp"}, {50220, "csiso2022jp"}, {50220, "iso-2022-jp-1"},
    {50220, "iso-2022-jp-2"}, {50220, "iso-2022-jp-3"}, {50220, "iso-2022-jp-ms"}, {51932, "euc-jp"}, {51932, "x-euc-jp"},
    {51932, "eucjp"}, {51932, "x-euc"}, {949, "ks_c_5601-1987"}, {949, "ks_c_5601"}, {949, "ks_c_5601-1989"},
    {949, "ksc5601"}, {949, "ksc_5601"}, {949, "windows-949"}, {949, "cp949"}, {949, "uhc"}, {949, "korean"},
    {51949, "euc-kr"}, {51949, "euckr"}, {51949, "cseuckr"}, {50225, "iso-2022-kr"}, {936, "gb2312"}, {936, "gbk"},
    {936, "gb_2312-80"}, {936, "cp936"}, {936, "windows-936"}, {936, "x-gbk"}, {936, "chinese"}, {936, "x-euc-cn"},
    {936, "euc-cn"}, {936, "cn-gb"}, {54936, "gb18030"}, {52936, "hz-gb-2312"}, {950, "big5"}, {950, "big-5"},
    {950, "cn-big5"}, {950, "x-x-big5"}, {950, "csbig5"}, {950, "cp950"}, {950, "windows-950"}, {950, "big5-hkscs"},
    {874, "windows-874"}, {874, "tis-620"}, {874, "iso-8859-11"}, {874, "cp874"}, {10000, "macintosh"}, {10000, "mac"},
    {10000, "x-mac-roman"}, {437, "ibm437"}, {437, "cp437"}, {850, "ibm850"}, {850, "cp850"}, {852, "ibm852"},
    {852, "cp852"}, {858, "cp858"}, {866, "ibm866"}, {866, "cp866"}, {862, "cp862"}, {862, "dos-862"},
};

uint32_t charset_codepage(const char *name)
{
    char plain[64];
    size_t length = 0;
    for (; *name && length < sizeof plain - 1; name++)
        if (!strchr("\"' \t;", *name))
            plain[length++] = *name;
    plain[length] = 0;
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (text_equal_ignoring_case(plain, charsets[i].name))
            return charsets[i].codepage;
    return 0;
}

const char *charset_name(uint32_t codepage)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (charsets[i].codepage == codepage)
            return charsets[i].name;
    return NULL;
}

static bool text_is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

/* How many well-formed sequences of more than one byte, and how many malformed ones, the text has. */
static void utf8_count(struct bytes text, size_t *ret_good, size_t *ret_bad)
{
    *ret_good = *ret_bad = 0;
    for (size_t i = 0; i < text.size;) {
        uint8_t first = text.data[i];
        if (first < 0x80) {
            i++;
            continue;
        }
        size_t length = first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
        size_t have = 1;
        while (length && have < length && i + have < text.size && (text.data[i + have] & 0xC0) == 0x80)
            have++;
        if (length && have == length)
            ++*ret_good;
        else
            ++*ret_bad;
        i += have;
    }
}

static bool text_is_utf8(struct bytes text)
{
    size_t good, bad;
    utf8_count(text, &good, &bad);
    return bad == 0;
}

uint32_t charset_detect(struct bytes text)
{
    if (text_is_ascii(text)) {
        bool japanese = memmem(text.data, text.size, "\033$B", 3) || memmem(text.data, text.size, "\033$@", 3);
        return text.size && japanese ? 50220 : CODEPAGE_ASCII;
    }
    return text_is_utf8(text) ? CODEPAGE_UTF8 : CODEPAGE_WINDOWS_1252;
}

static bool has_replacement(struct bytes utf16)
{
    for (size_t i = 0; i + 2 <= utf16.size; i += 2)
        if (load_u16(utf16.data + i) == 0xFFFD)
            return true;
    return false;
}

struct charset_text charset_decode(struct arena *arena, const char *name, struct bytes text)
{
    struct charset_text result = {.repair = CHARSET_AS_DECLARED};
    uint32_t declared = name && *name ? charset_codepage(name) : CODEPAGE_ASCII;
    if (declared == 1201 && text.size >= 2 && load_u16(text.data) == 0xFEFF) /* UTF-16 with a little-endian mark */
        declared = 1200;
    result.codepage = declared;
    if (declared == 0 || !text_codepage_known(declared)) {
        result.codepage = charset_detect(text);
        result.repair = CHARSET_UNKNOWN;
    } else if (declared == CODEPAGE_ASCII && !text_is_ascii(text)) {
        result.codepage = charset_detect(text);
        result.repair = CHARSET_UNDECLARED;
    } else if (declared == CODEPAGE_UTF8) {
        size_t good, bad;
        utf8_count(text, &good, &bad);
        if (bad && !good) {
            result.codepage = CODEPAGE_WINDOWS_1252;
            result.repair = CHARSET_MISDECLARED;
        } else if (bad) {
            result.repair = CHARSET_BROKEN;
        }
    }
    result.utf16 = text_utf16_of_codepage(arena, result.codepage, text);
    if (result.repair == CHARSET_AS_DECLARED && declared != CODEPAGE_UTF8 && has_replacement(result.utf16)) {
        result.repair = CHARSET_BROKEN;
        if (!text_is_ascii(text) && text_is_utf8(text)) { /* a wrong label on good text */
            result.codepage = CODEPAGE_UTF8;
            result.repair = CHARSET_MISDECLARED;
            result.utf16 = text_utf16_of_codepage(arena, CODEPAGE_UTF8, text);
        }
    }
    return result;
}

static bool utf16_is_ascii(struct bytes utf16)
{
    for (size_t i = 0; i + 2 <= utf16.size; i += 2)
        if (load_u16(utf16.data + i) >= 0x80)
            return false;
    return true;
}

struct bytes charset_encode(struct arena *arena, uint32_t codepage, struct bytes utf16, uint32_t *ret_codepage)
{
    bool ascii = utf16_is_ascii(utf16);
    /* an escape sequence in plain ASCII text must not be read as a shift into another charset */
    bool has_escape = ascii && memmem(utf16.data, utf16.size, "\033\0", 2);
    if (ascii && !has_escape) {
        *ret_codepage = CODEPAGE_ASCII;
        return text_codepage_of_utf16(arena, CODEPAGE_UTF8, utf16);
    }
    if (codepage && codepage != 1200 && codepage != 1201 && codepage != CODEPAGE_UTF8 && charset_name(codepage)
        && text_codepage_known(codepage)) {
        struct bytes encoded = text_codepage_of_utf16(arena, codepage, utf16);
        struct bytes again = text_utf16_of_codepage(arena, codepage, encoded);
        if (encoded.data && bytes_equal(again, utf16)) {
            *ret_codepage = codepage;
            return encoded;
        }
    }
    *ret_codepage = CODEPAGE_UTF8;
    return text_codepage_of_utf16(arena, CODEPAGE_UTF8, utf16);
}
