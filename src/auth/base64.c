#include "auth/base64.h"

#include <openssl/crypto.h>
#include <string.h>

/* 'digit_62' and 'digit_63' are what the two alphabets differ in. */
static int digit_value(uint8_t character, char digit_62, char digit_63)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    return character == digit_62 ? 62 : character == digit_63 ? 63 : -1;
}

static bool decode_into(struct bytes digits, char digit_62, char digit_63, uint8_t *data, size_t *ret_size)
{
    uint32_t bits = 0, bit_count = 0;
    size_t size = 0;
    for (size_t i = 0; i < digits.size; i++) {
        int digit = digit_value(digits.data[i], digit_62, digit_63);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            data[size++] = (uint8_t)(bits >> bit_count);
        }
    }
    data[size] = 0;
    *ret_size = size;
    return (bits & ((1u << bit_count) - 1)) == 0; /* the unused bits are zero: one text for one content */
}

/* 'digits' without padding. */
static bool decode(struct arena *arena, struct bytes digits, char digit_62, char digit_63, struct bytes *ret_decoded)
{
    if (digits.size == 0 || digits.size % 4 == 1)
        return false;
    size_t size = 0, size_max = digits.size / 4 * 3 + 3;
    uint8_t *data = arena_allocate(arena, size_max);
    if (!data)
        return false;
    if (!decode_into(digits, digit_62, digit_63, data, &size)) {
        OPENSSL_cleanse(data, size_max); /* it may have been most of a password */
        return false;
    }
    *ret_decoded = bytes_of(data, size);
    return true;
}

bool base64_decode(struct arena *arena, struct bytes encoded, struct bytes *ret_decoded)
{
    if (encoded.size == 0 || encoded.size % 4 != 0)
        return false;
    size_t padding = encoded.data[encoded.size - 1] != '=' ? 0 : encoded.data[encoded.size - 2] == '=' ? 2 : 1;
    return decode(arena, bytes_of(encoded.data, encoded.size - padding), '+', '/', ret_decoded);
}

bool base64url_decode(struct arena *arena, struct bytes digits, struct bytes *ret_decoded)
{
    return decode(arena, digits, '-', '_', ret_decoded);
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
