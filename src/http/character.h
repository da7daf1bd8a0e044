/* Classes of octets in HTTP/1.1 and URIs, as a table (RFC 9110 5.6.2, 5.5; RFC 3986 2, 3). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum http_character_class {
    HTTP_CHARACTER_TOKEN = 1,  /* tchar */
    HTTP_CHARACTER_VALUE = 2,  /* field-vchar, SP, HTAB */
    HTTP_CHARACTER_TARGET = 4, /* pchar, '/', '?', and the brackets of an IP literal */
    HTTP_CHARACTER_HOST = 8,   /* reg-name, IP literal, port */
};

extern const uint8_t http_character_classes[256];

static inline bool http_character_is(uint8_t octet, enum http_character_class class)
{
    return http_character_classes[octet] & class;
}

static inline int http_hex_digit(uint8_t octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    uint8_t lower = octet | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
