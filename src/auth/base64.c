#include "auth/base64.h"

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

static bool decode_into(struct bytes encoded, uint8_t *data, size_t *ret_size)
{
    size_t size = 0;
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
            data[size++] = (uint8_t)(quantum >> (16 - 8 * k));
    }
    data[size] = 0;
    *ret_size = size;
    return true;
}

bool base64_decode(struct arena *arena, struct bytes encoded, struct bytes *ret_decoded)
{
    if (encoded.size == 0 || encoded.size % 4 != 0)
        return false;
    size_t size = 0;
    uint8_t *data = arena_allocate(arena, encoded.size / 4 * 3 + 1);
    if (!data)
        return false;
    if (!decode_into(encoded, data, &size)) {
        OPENSSL_cleanse(data, encoded.size / 4 * 3 + 1); /* it may have been most of a password */
        return false;
    }
    *ret_decoded = bytes_of(data, size);
    return true;
}

char *base64_encode(struct arena *arena, const char *prefix, struct bytes data)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t prefix_size = strlen(prefix);
    char *text = arena_allocate(arena, prefix_size + (data.size + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    memcpy(text, prefix, prefix_size);
    char *place = text + prefix_size;
    for (size_t i = 0; i < data.size; i += 3) {
        uint32_t quantum = 0;
        for (size_t k = 0; k < 3; k++)
            quantum = quantum << 8 | (i + k < data.size ? data.data[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *place++ = i + k <= data.size ? digits[quantum >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}
