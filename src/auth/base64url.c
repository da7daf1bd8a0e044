#include "auth/base64url.h"

static int base64url_digit(uint8_t character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    return character == '-' ? 62 : character == '_' ? 63 : -1;
}

bool base64url_decode(struct arena *arena, struct bytes text, struct bytes *ret_bytes)
{
    uint8_t *data = arena_allocate(arena, text.size / 4 * 3 + 3);
    uint32_t bits = 0, bit_count = 0;
    size_t size = 0;
    if (!data || text.size == 0 || text.size % 4 == 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int digit = base64url_digit(text.data[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            data[size++] = (uint8_t)(bits >> bit_count);
        }
    }
    if (bits & ((1u << bit_count) - 1)) /* the unused bits are zero: one text for one content */
        return false;
    *ret_bytes = bytes_of(data, size);
    return true;
}
