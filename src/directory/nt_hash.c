#include "directory/nt_hash.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* MD4 is in OpenSSL's legacy provider only, which is not loaded; so here it is (RFC 1320). */

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void md4_block(uint32_t state[4], const uint8_t block[64])
{
    static const uint8_t order[3][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
                                         {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}};
    static const uint8_t shifts[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
    static const uint32_t constants[3] = {0, 0x5A827999, 0x6ED9EBA1};
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (unsigned step = 0; step < 48; step++) {
        unsigned round = step / 16;
        uint32_t mixed = round == 0   ? (b & c) | (~b & d)
                         : round == 1 ? (b & c) | (b & d) | (c & d)
                                      : b ^ c ^ d;
        uint32_t word = load_u32(block + 4 * order[round][step % 16]);
        uint32_t next = rotate(a + mixed + word + constants[round], shifts[round][step % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void md4(struct bytes message, uint8_t ret_digest[16])
{
    uint32_t state[4] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
    size_t whole = message.size / 64 * 64, rest = message.size - whole;
    for (size_t i = 0; i < whole; i += 64)
        md4_block(state, message.data + i);
    uint8_t tail[128] = {0};
    if (rest > 0)
        memcpy(tail, message.data + whole, rest);
    tail[rest] = 0x80;
    size_t tail_size = rest < 56 ? 64 : 128;
    store_u64(tail + tail_size - 8, (uint64_t)message.size * 8);
    for (size_t i = 0; i < tail_size; i += 64)
        md4_block(state, tail + i);
    OPENSSL_cleanse(tail, sizeof tail);
    for (size_t i = 0; i < 4; i++)
        store_u32(ret_digest + 4 * i, state[i]);
}

bool nt_hash_of_password(const char *password, uint8_t ret_hash[NT_HASH_SIZE])
{
    struct arena arena = {0};
    struct bytes utf16 = text_utf16_of_utf8(&arena, bytes_of_string(password));
    bool done = utf16.data || utf16.size == 0;
    if (done) {
        md4(utf16, ret_hash);
        OPENSSL_cleanse((void *)utf16.data, utf16.size);
    }
    arena_free(&arena);
    return done;
}
