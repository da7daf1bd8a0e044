#include "auth/basic.h"

#include <openssl/crypto.h>
#include <string.h>

static int base64_digit(uint8_t character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    return character == '+' ? 62 : character == '/' ? 63 : -1;
}

/* Strict: whole quanta, padding only at the end, no unused bits set. The text has room for the bytes and a NUL. */
static bool base64_read(struct bytes encoded, char *text, size_t *ret_size)
{
    size_t size = 0;
    if (encoded.size == 0 || encoded.size % 4 != 0)
        return false;
    size_t padding = encoded.data[encoded.size - 1] != '=' ? 0 : encoded.data[encoded.size - 2] == '=' ? 2 : 1;
    for (size_t i = 0; i < encoded.size; i += 4) {
        uint32_t quantum = 0;
        size_t digits = i + 4 == encoded.size ? 4 - padding : 4;
        for (size_t k = 0; k < 4; k++) {
            int digit = k < digits ? base64_digit(encoded.data[i + k]) : 0;
            if (digit < 0)
                return false;
            quantum = quantum << 6 | (uint32_t)digit;
        }
        if ((digits == 3 && quantum & 0xFF) || (digits == 2 && quantum & 0xFFFF))
            return false;
        for (size_t k = 0; k + 1 < digits; k++)
            text[size++] = (char)(quantum >> (16 - 8 * k));
    }
    text[size] = '\0';
    *ret_size = size;
    return true;
}

bool basic_credentials_read(struct arena *arena, struct bytes authorization, struct basic_credentials *ret_credentials)
{
    if (authorization.size > AUTHORIZATION_SIZE_MAX || authorization.size < 6 ||
        strncasecmp((const char *)authorization.data, "Basic", 5) != 0 || authorization.data[5] != ' ')
        return false;
    struct bytes encoded = bytes_of(authorization.data + 6, authorization.size - 6);
    while (encoded.size && encoded.data[0] == ' ')
        encoded = bytes_of(encoded.data + 1, encoded.size - 1);
    size_t size;
    char *text = arena_allocate(arena, encoded.size + 1);
    if (!text || !base64_read(encoded, text, &size))
        return false;
    char *colon = memchr(text, ':', size);
    bool good = colon != NULL;
    for (size_t i = 0; i < size; i++)
        good = good && (unsigned char)text[i] >= 0x20 && text[i] != 0x7F;
    if (!good) {
        OPENSSL_cleanse(text, size);
        return false;
    }
    *colon = '\0';
    *ret_credentials = (struct basic_credentials){.logon = text, .password = colon + 1};
    return true;
}

void basic_credentials_wipe(struct basic_credentials *credentials)
{
    OPENSSL_cleanse(credentials->password, strlen(credentials->password));
}
