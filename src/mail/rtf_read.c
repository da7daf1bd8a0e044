#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/rtf.h"

#define GROUP_DEPTH_MAX 256u
#define WORD_SIZE_MAX 32u

/* What a '{' saves and a '}' brings back. */
struct group {
    bool skipped;     /* a destination that has no text */
    bool html_tag;    /* {\*\htmltag: its content is HTML */
    bool rtf_only;    /* between \htmlrtf and \htmlrtf0 */
    uint16_t unicode_skip; /* \uc: characters behind \u for readers without Unicode */
};

struct rtf {
    struct arena *arena;
    struct bytes in;
    size_t position;
    struct group groups[GROUP_DEPTH_MAX];
    unsigned depth;
    unsigned too_deep;     /* groups beyond the cap, whose content is left out */
    uint32_t codepage;
    unsigned to_skip;      /* characters that follow a \u */
    bool star;             /* \* stood before: an unknown destination is skipped */
    bool is_html;
    struct buffer narrow;  /* bytes of \'hh and text that belong together (a double-byte character) */
    struct buffer out;     /* UTF-16 */
};

static struct group *current(struct rtf *rtf)
{
    return &rtf->groups[rtf->depth];
}

static bool shows(struct rtf *rtf)
{
    const struct group *group = current(rtf);
    return !rtf->too_deep && !group->skipped && (!rtf->is_html || group->html_tag || !group->rtf_only);
}

static void flush_narrow(struct rtf *rtf)
{
    if (!rtf->narrow.size)
        return;
    struct bytes wide = text_utf16_of_codepage(rtf->arena, rtf->codepage, buffer_bytes(&rtf->narrow));
    buffer_append(&rtf->out, wide.data, wide.size);
    buffer_clear(&rtf->narrow);
}

static void put_byte(struct rtf *rtf, uint8_t byte)
{
    if (rtf->to_skip)
        rtf->to_skip--;
    else if (shows(rtf))
        buffer_append_u8(&rtf->narrow, byte);
}

static void put_unit(struct rtf *rtf, uint16_t unit)
{
    if (!shows(rtf))
        return;
    flush_narrow(rtf);
    buffer_append_u16(&rtf->out, unit);
}

static void put_newline(struct rtf *rtf)
{
    put_unit(rtf, '\r');
    put_unit(rtf, '\n');
}

/* Control words that are a character (MS-OXRTFEX 2.1.3.1.4 for HTML; the same in plain text). */
static bool put_character_word(struct rtf *rtf, const char *word)
{
    static const struct {
        const char *word;
        uint16_t unit;
    } characters[] = {{"tab", '\t'}, {"lquote", 0x2018}, {"rquote", 0x2019}, {"ldblquote", 0x201C}, {"rdblquote", 0x201D},
        {"bullet", 0x2022}, {"endash", 0x2013}, {"emdash", 0x2014}, {"emspace", 0x2003}, {"enspace", 0x2002}};
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        if (strcmp(word, characters[i].word) == 0) {
            put_unit(rtf, characters[i].unit);
            return true;
        }
    return false;
}

static bool is_silent_destination(const char *word)
{
    static const char *const silent[] = {"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "headerl", "headerr",
        "headerf", "footer", "footerl", "footerr", "footerf", "listtable", "listoverridetable", "revtbl", "rsidtbl", "generator",
        "themedata", "datastore", "xmlnstbl", "latentstyles", "filetbl", "fldinst"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (strcmp(word, silent[i]) == 0)
            return true;
    return false;
}

static void control_word(struct rtf *rtf, const char *word, bool has_number, long number)
{
    struct group *group = current(rtf);
    bool star = rtf->star;
    rtf->star = false;
    if (strcmp(word, "htmltag") == 0 && star)
        group->html_tag = rtf->is_html;
    else if (star || is_silent_destination(word))
        group->skipped = true;
    else if (strcmp(word, "fromhtml") == 0)
        rtf->is_html = !has_number || number == 1;
    else if (strcmp(word, "htmlrtf") == 0)
        group->rtf_only = !has_number || number != 0;
    else if (strcmp(word, "ansicpg") == 0)
        rtf->codepage = number > 0 && number <= 65535 ? (uint32_t)number : 1252;
    else if (strcmp(word, "uc") == 0)
        group->unicode_skip = number >= 0 && number < 16 ? (uint16_t)number : 1;
    else if (strcmp(word, "u") == 0) {
        put_unit(rtf, (uint16_t)number);
        rtf->to_skip = group->unicode_skip;
    } else if (strcmp(word, "par") == 0 || strcmp(word, "line") == 0 || strcmp(word, "sect") == 0 || strcmp(word, "page") == 0
        || strcmp(word, "row") == 0)
        put_newline(rtf);
    else if (strcmp(word, "cell") == 0)
        put_unit(rtf, '\t');
    else
        (void)put_character_word(rtf, word);
}

static int hexadecimal(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* \'hh, \{, \\, \~ and the other controls of one character; the position stands on it. */
static void control_symbol(struct rtf *rtf)
{
    uint8_t symbol = rtf->in.data[rtf->position++];
    if (symbol == '\'' && rtf->in.size - rtf->position >= 2) {
        int high = hexadecimal(rtf->in.data[rtf->position]), low = hexadecimal(rtf->in.data[rtf->position + 1]);
        rtf->position += 2;
        if (high >= 0 && low >= 0)
            put_byte(rtf, (uint8_t)(high << 4 | low));
    } else if (symbol == '{' || symbol == '}' || symbol == '\\') {
        put_byte(rtf, symbol);
    } else if (symbol == '~') {
        put_unit(rtf, 0x00A0);
    } else if (symbol == '_') {
        put_unit(rtf, '-');
    } else if (symbol == '*') {
        rtf->star = true;
    } else if (symbol == '\r' || symbol == '\n') {
        put_newline(rtf);
    }
}

/* Behind a backslash. */
static void control(struct rtf *rtf)
{
    char word[WORD_SIZE_MAX + 1];
    size_t size = 0;
    const uint8_t *in = rtf->in.data;
    if (rtf->position >= rtf->in.size)
        return;
    while (rtf->position < rtf->in.size && (in[rtf->position] | 0x20) >= 'a' && (in[rtf->position] | 0x20) <= 'z') {
        if (size < WORD_SIZE_MAX)
            word[size++] = (char)in[rtf->position];
        rtf->position++;
    }
    word[size] = 0;
    if (size == 0) {
        control_symbol(rtf);
        return;
    }
    long number = 0;
    bool negative = rtf->position < rtf->in.size && in[rtf->position] == '-', has_number = false;
    for (rtf->position += negative; rtf->position < rtf->in.size && in[rtf->position] >= '0' && in[rtf->position] <= '9'; rtf->position++) {
        number = number < 10000000 ? number * 10 + (in[rtf->position] - '0') : number;
        has_number = true;
    }
    if (rtf->position < rtf->in.size && in[rtf->position] == ' ')
        rtf->position++; /* the one blank that ends a control word */
    control_word(rtf, word, has_number, negative ? -number : number);
}

static void open_group(struct rtf *rtf)
{
    flush_narrow(rtf);
    rtf->to_skip = 0;
    if (rtf->depth + 1 == GROUP_DEPTH_MAX) {
        rtf->too_deep++;
        return;
    }
    rtf->groups[rtf->depth + 1] = rtf->groups[rtf->depth];
    rtf->depth++;
}

static void close_group(struct rtf *rtf)
{
    flush_narrow(rtf);
    rtf->to_skip = 0;
    if (rtf->too_deep)
        rtf->too_deep--;
    else if (rtf->depth)
        rtf->depth--;
}

bool rtf_read(struct arena *arena, struct bytes rtf_text, struct rtf_content *ret_content)
{
    if (rtf_text.size < 5 || memcmp(rtf_text.data, "{\\rtf", 5) != 0)
        return false;
    struct rtf *rtf = arena_new(arena, struct rtf);
    if (!rtf)
        return false;
    *rtf = (struct rtf){.arena = arena, .in = rtf_text, .codepage = 1252};
    rtf->groups[0].unicode_skip = 1;
    while (rtf->position < rtf->in.size) {
        uint8_t c = rtf->in.data[rtf->position++];
        switch (c) {
        case '{': open_group(rtf); break;
        case '}': close_group(rtf); break;
        case '\\': control(rtf); break;
        case '\r':
        case '\n':
        case 0: break;
        default: put_byte(rtf, c);
        }
    }
    flush_narrow(rtf);
    bool good = !rtf->out.failed && !rtf->narrow.failed;
    struct bytes copy = good ? arena_bytes(arena, buffer_bytes(&rtf->out)) : BYTES_NONE;
    buffer_free(&rtf->out);
    buffer_free(&rtf->narrow);
    if (!copy.data)
        return false;
    *ret_content = (struct rtf_content){rtf->is_html, copy};
    return true;
}
