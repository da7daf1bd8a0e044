#include "mail/mime_mend.h"

#include <string.h>

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t mime_decode_base64(struct bytes encoded, uint8_t *out, bool *ret_damaged)
{
    size_t size = 0;
    uint32_t group = 0;
    unsigned digits = 0;
    bool damaged = false;
    for (size_t i = 0; i <= encoded.size; i++) {
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
