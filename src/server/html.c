#include "server/html.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void html_text(struct buffer *page, const char *text)
{
    for (;;) {
        size_t plain = strcspn(text, "&<>\"'");
        buffer_append(page, text, plain);
        text += plain;
        switch (*text) {
        case '&': buffer_append_string(page, "&amp;"); break;
        case '<': buffer_append_string(page, "&lt;"); break;
        case '>': buffer_append_string(page, "&gt;"); break;
        case '"': buffer_append_string(page, "&quot;"); break;
        case '\'': buffer_append_string(page, "&#39;"); break;
        default: return;
        }
        text++;
    }
}

void html_url(struct buffer *page, const char *text)
{
    for (; *text; text++) {
        unsigned char octet = (unsigned char)*text;
        bool plain = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') || (octet >= '0' && octet <= '9') ||
                     strchr("-._~@", octet);
        if (plain)
            buffer_append_u8(page, octet);
        else
            buffer_append_format(page, "%%%02X", octet);
    }
}

#define CONVERSION_SIZE 16u

/* One number, by the conversion it has in the literal. */
static void number(struct buffer *page, const char *conversion, size_t size, va_list *values)
{
    char text[64], format[CONVERSION_SIZE];
    const char kind = conversion[size - 1];
    unsigned longs = 0;
    memcpy(format, conversion, size);
    format[size] = 0;
    for (const char *p = conversion; *p != kind; p++)
        longs += *p == 'l' ? 1 : *p == 'z' ? 2 : 0; /* size_t is as long as they are */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (kind == 'f')
        snprintf(text, sizeof text, format, va_arg(*values, double));
    else if (kind == 'c')
        snprintf(text, sizeof text, format, va_arg(*values, int));
    else if (longs == 0)
        snprintf(text, sizeof text, format, va_arg(*values, unsigned));
    else
        snprintf(text, sizeof text, format, va_arg(*values, unsigned long long));
#pragma GCC diagnostic pop
    html_text(page, text);
}

void html(struct buffer *page, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    while (*format) {
        size_t plain = strcspn(format, "%");
        buffer_append(page, format, plain);
        format += plain;
        if (!*format)
            break;
        size_t size = strcspn(format + 1, "sduxfc%") + 2;
        assert(size < CONVERSION_SIZE && format[size - 1]);
        if (format[size - 1] == 's') {
            assert(size == 2);
            const char *text = va_arg(values, const char *);
            html_text(page, text ? text : "");
        } else if (format[size - 1] == '%') {
            buffer_append_u8(page, '%');
        } else {
            number(page, format, size, &values);
        }
        format += size;
    }
    va_end(values);
}
