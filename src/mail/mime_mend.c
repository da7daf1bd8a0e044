#include "mail/mime_mend.h"

#include <string.h>

/* The value of a base64 digit, -1 for any other byte; bytes from 128 on are none. */
static const int8_t base64_digits[128] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
    -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
    -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};

static int base64_digit(uint8_t c)
{
    return c < 128 ? base64_digits[c] : -1;
}

/* As many whole groups of four digits as stand there without anything between; returns how many bytes that were. */
static size_t decode_whole_groups(const uint8_t *in, size_t size, uint8_t *out)
{
    size_t i = 0;
    for (; i + 4 <= size; i += 4, out += 3) {
        int a = base64_digit(in[i]), b = base64_digit(in[i + 1]), c = base64_digit(in[i + 2]), d = base64_digit(in[i + 3]);
        if ((a | b | c | d) < 0)
            break;
        out[0] = (uint8_t)(a << 2 | b >> 4);
        out[1] = (uint8_t)(b << 4 | c >> 2);
        out[2] = (uint8_t)(c << 6 | d);
    }
    return i;
}

size_t mime_decode_base64(struct bytes encoded, uint8_t *out, bool *ret_damaged)
{
    size_t size = 0;
    uint32_t group = 0;
    unsigned digits = 0;
    bool damaged = false;
    for (size_t i = 0; i <= encoded.size; i++) {
        if (digits == 0) {
            size_t taken = decode_whole_groups(encoded.data + i, encoded.size - i, out + size);
            i += taken;
            size += taken / 4 * 3;
        }
        uint8_t c = i < encoded.size ? encoded.data[i] : '=';
        int digit = base64_digit(c);
        if (digit >= 0) {
            group = group << 6 | (uint32_t)digit;
            if (++digits == 4) {
                out[size++] = (uint8_t)(group >> 16);
                out[size++] = (uint8_t)(group >> 8);
                out[size++] = (uint8_t)group;
                digits = 0;
            }
        } else if (c == '=') {
            if (digits >= 2)
                out[size++] = (uint8_t)(group >> (digits == 2 ? 4 : 10));
            if (digits == 3)
                out[size++] = (uint8_t)(group >> 2);
            damaged |= digits == 1;
            digits = 0;
        } else if (c != '\r' && c != '\n' && c != ' ' && c != '\t') {
            damaged = true;
        }
    }
    if (ret_damaged)
        *ret_damaged = damaged;
    return size;
}

/* One encoded word in base64 at the beginning of 'at'. */
struct encoded_word {
    const char *charset;
    size_t charset_size; /* without a language (RFC 2231 5) */
    const char *text;
    size_t text_size;
    const char *end;
};

static bool read_word(const char *at, struct encoded_word *word)
{
    if (strncmp(at, "=?", 2) != 0)
        return false;
    word->charset = at + 2;
    size_t length = strcspn(word->charset, "? \t\r\n");
    const char *encoding = word->charset + length;
    if (length == 0 || encoding[0] != '?' || (encoding[1] != 'B' && encoding[1] != 'b') || encoding[2] != '?')
        return false;
    const char *star = memchr(word->charset, '*', length);
    word->charset_size = star ? (size_t)(star - word->charset) : length;
    word->text = encoding + 3;
    word->text_size = strcspn(word->text, "? \t\r\n");
    if (strncmp(word->text + word->text_size, "?=", 2) != 0)
        return false;
    word->end = word->text + word->text_size + 2;
    return true;
}

static bool same_charset(const struct encoded_word *a, const struct encoded_word *b)
{
    return a->charset_size == b->charset_size && g_ascii_strncasecmp(a->charset, b->charset, a->charset_size) == 0;
}

/* From 'first' on, all that belong together: appended as one word. Returns where it ends and whether it was more than one. */
static const char *join_run(GString *out, const struct encoded_word *first, bool *joined)
{
    GByteArray *bytes = g_byte_array_new();
    struct encoded_word word = *first;
    const char *end = first->end;
    unsigned count = 0;
    for (bool more = true; more;) {
        guint8 *decoded = g_malloc(word.text_size / 4 * 3 + 8);
        g_byte_array_append(bytes, decoded, (guint)mime_decode_base64(bytes_of(word.text, word.text_size), decoded, NULL));
        g_free(decoded);
        end = word.end;
        count++;
        const char *next = end + strspn(end, " \t\r\n");
        more = read_word(next, &word) && same_charset(first, &word);
    }
    if (count == 1) {
        g_string_append_len(out, first->charset - 2, first->end - (first->charset - 2));
    } else {
        char *encoded = g_base64_encode(bytes->data, bytes->len);
        g_string_append_printf(out, "=?%.*s?B?%s?=", (int)first->charset_size, first->charset, encoded);
        g_free(encoded);
        *joined = true;
    }
    g_byte_array_unref(bytes);
    return end;
}

char *mime_join_encoded_words(const char *raw)
{
    if (!strstr(raw, "=?=")) /* without padding before the end of a word there is no fault */
        return NULL;
    GString *out = g_string_new(NULL);
    bool joined = false;
    for (const char *at = raw; *at;) {
        struct encoded_word word;
        if (read_word(at, &word))
            at = join_run(out, &word, &joined);
        else
            g_string_append_c(out, *at++);
    }
    return g_string_free(out, !joined);
}

bool mime_mend_headers(GMimeObject *object)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(object);
    bool any = false;
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *raw = g_mime_header_get_raw_value(header);
        char *mended = raw ? mime_join_encoded_words(raw) : NULL;
        if (mended) {
            g_mime_header_set_raw_value(header, mended);
            any = true;
        }
        g_free(mended);
    }
    return any;
}

void mime_mend_all(GMimeObject *object)
{
    if (!object)
        return;
    (void)mime_mend_headers(object);
    if (GMIME_IS_MULTIPART(object))
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++)
            mime_mend_all(g_mime_multipart_get_part(GMIME_MULTIPART(object), i));
    else if (GMIME_IS_MESSAGE_PART(object))
        mime_mend_all((GMimeObject *)g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)));
    else if (GMIME_IS_MESSAGE(object))
        mime_mend_all(g_mime_message_get_mime_part(GMIME_MESSAGE(object)));
}
