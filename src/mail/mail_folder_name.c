#include "mail/mail_folder_name.h"

#include <glib.h>
#include <string.h>

/* Modified UTF-7: '&' base64 with ',' for '/', without padding, of UTF-16BE, '-'. */
static const char *decode_shift(const char *at, GString *out)
{
    const char *end = strchr(at, '-');
    if (!end)
        return NULL;
    if (end == at) {
        g_string_append_c(out, '&');
        return end + 1;
    }
    GString *base64 = g_string_new_len(at, end - at);
    g_strdelimit(base64->str, ",", '/');
    while (base64->len % 4)
        g_string_append_c(base64, '=');
    gsize size = 0;
    guchar *wide = g_base64_decode(base64->str, &size);
    char *utf8 = g_convert((const char *)wide, (gssize)(size & ~(gsize)1), "UTF-8", "UTF-16BE", NULL, NULL, NULL);
    g_string_append(out, utf8 ? utf8 : "_");
    g_free(utf8);
    g_free(wide);
    g_string_free(base64, TRUE);
    return end + 1;
}

char *mail_folder_of_maildir(const char *directory)
{
    GString *out = g_string_new(NULL);
    const char *at = *directory == '.' ? directory + 1 : directory;
    while (*at) {
        const char *behind = *at == '&' ? decode_shift(at + 1, out) : NULL;
        if (behind) {
            at = behind;
            continue;
        }
        g_string_append_c(out, *at == '.' ? '/' : *at);
        at++;
    }
    char *valid = g_utf8_make_valid(out->str, -1);
    g_string_free(out, TRUE);
    return valid;
}

static void encode_shift(const char *start, const char *end, GString *out)
{
    gsize size = 0;
    char *wide = g_convert(start, end - start, "UTF-16BE", "UTF-8", NULL, &size, NULL);
    char *base64 = g_base64_encode((const guchar *)(wide ? wide : ""), wide ? size : 0);
    g_strdelimit(base64, "/", ',');
    base64[strcspn(base64, "=")] = 0;
    g_string_append_printf(out, "&%s-", base64);
    g_free(base64);
    g_free(wide);
}

char *mail_folder_to_maildir(const char *folder)
{
    GString *out = g_string_new(".");
    for (const char *at = folder; *at;) {
        const char *start = at;
        while ((unsigned char)*at >= 0x80)
            at++;
        if (at > start) {
            encode_shift(start, at, out);
            continue;
        }
        if (*at == '&')
            g_string_append(out, "&-");
        else
            g_string_append_c(out, *at == '/' ? '.' : *at == '.' || (unsigned char)*at < 0x20 ? '_' : *at);
        at++;
    }
    return g_string_free(out, FALSE);
}

char *mail_folder_file_name(const char *name, size_t size_max)
{
    char *result = g_utf8_make_valid(name, -1);
    for (char *at = result; *at; at++)
        if (strchr("/\\:*?\"<>|", *at) || (unsigned char)*at < 0x20 || *at == 0x7F)
            *at = '_';
    if (strlen(result) > size_max) { /* not within a character */
        char *cut = g_utf8_find_prev_char(result, result + size_max);
        *(cut ? cut : result) = 0;
    }
    g_strstrip(result);
    if (*result == '.')
        *result = '_';
    if (!*result) {
        g_free(result);
        result = g_strdup("_");
    }
    return result;
}
