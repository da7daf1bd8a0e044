/* RC4 is written out here: OpenSSL 3 has it only in its legacy provider, which loads a module from disk and would offer its
 * ciphers to all of the process (TLS too) for these twenty lines. */
#include "auth/ntlm_crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>
#include <unicode/uchar.h>

#include "auth/ntlm_message.h"

bool ntlm_hmac(const uint8_t key[NTLM_KEY_SIZE], const struct bytes *parts, unsigned count, uint8_t ret_code[16])
{
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "MD5", 0), OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    bool done = context && EVP_MAC_init(context, key, NTLM_KEY_SIZE, parameters) == 1;
    for (unsigned i = 0; i < count && done; i++)
        done = parts[i].size == 0 || EVP_MAC_update(context, parts[i].data, parts[i].size) == 1;
    size_t size = 0;
    uint8_t code[16];
    done = done && EVP_MAC_final(context, code, &size, sizeof code) == 1 && size == sizeof code;
    if (done)
        memcpy(ret_code, code, sizeof code);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(hmac);
    return done;
}

void ntlm_rc4(const uint8_t key[NTLM_KEY_SIZE], uint8_t *data, size_t size)
{
    uint8_t state[256];
    for (unsigned i = 0; i < 256; i++)
        state[i] = (uint8_t)i;
    for (unsigned i = 0, j = 0; i < 256; i++) {
        j = (j + state[i] + key[i % NTLM_KEY_SIZE]) & 255;
        uint8_t swapped = state[i];
        state[i] = state[j];
        state[j] = swapped;
    }
    for (unsigned n = 0, i = 0, j = 0; n < size; n++) {
        i = (i + 1) & 255;
        j = (j + state[i]) & 255;
        uint8_t swapped = state[i];
        state[i] = state[j];
        state[j] = swapped;
        data[n] ^= state[(state[i] + state[j]) & 255];
    }
    OPENSSL_cleanse(state, sizeof state);
}

bool ntlm_response_key(const uint8_t nt_hash[NTLM_KEY_SIZE], struct bytes upper_user, struct bytes domain,
                       uint8_t ret_key[NTLM_KEY_SIZE])
{
    return ntlm_hmac(nt_hash, (struct bytes[]){upper_user, domain}, 2, ret_key);
}

struct bytes ntlm_upper_case(struct arena *arena, struct bytes utf16, bool ascii_only)
{
    uint8_t *upper = arena_allocate(arena, utf16.size + 1);
    if (!upper)
        return BYTES_NONE;
    for (size_t i = 0; i + 1 < utf16.size; i += 2) {
        uint16_t unit = load_u16(utf16.data + i);
        bool surrogate = unit >= 0xD800 && unit <= 0xDFFF;
        if (unit < 0x80)
            unit = unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - 'a' + 'A') : unit;
        else if (!ascii_only && !surrogate) {
            UChar32 mapped = u_toupper(unit);
            unit = mapped <= 0xFFFF ? (uint16_t)mapped : unit;
        }
        store_u16(upper + i, unit);
    }
    return bytes_of(upper, utf16.size);
}

static bool md5(const struct bytes *parts, unsigned count, uint8_t ret_hash[16])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1;
    for (unsigned i = 0; i < count && done; i++)
        done = parts[i].size == 0 || EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1;
    unsigned size = 0;
    done = done && EVP_DigestFinal_ex(context, ret_hash, &size) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

bool ntlm_channel_bindings_hash(struct bytes application_data, uint8_t ret_hash[16])
{
    uint8_t head[20] = {0}; /* no addresses; then the size of the data */
    store_u32(head + 16, (uint32_t)application_data.size);
    return md5((struct bytes[]){bytes_of(head, sizeof head), application_data}, 2, ret_hash);
}

bool ntlm_signature(const uint8_t exported_key[NTLM_KEY_SIZE], uint32_t flags, bool to_server, struct bytes message,
                    uint8_t ret_signature[16])
{
    /* The constants of 3.4.5.2 and 3.4.5.3, with their NUL. */
    static const char signing[2][60] = {"session key to server-to-client signing key magic constant",
                                        "session key to client-to-server signing key magic constant"};
    static const char sealing[2][60] = {"session key to server-to-client sealing key magic constant",
                                        "session key to client-to-server sealing key magic constant"};
    uint8_t sign_key[16], seal_key[16], code[16], sequence[4] = {0};
    size_t strength = flags & NTLM_FLAG_128 ? 16 : flags & NTLM_FLAG_56 ? 7 : 5;
    bool done = md5((struct bytes[]){bytes_of(exported_key, 16), bytes_of(signing[to_server], 59)}, 2, sign_key) &&
        md5((struct bytes[]){bytes_of(exported_key, strength), bytes_of(sealing[to_server], 59)}, 2, seal_key) &&
        ntlm_hmac(sign_key, (struct bytes[]){bytes_of(sequence, sizeof sequence), message}, 2, code);
    if (done) {
        if (flags & NTLM_FLAG_KEY_EXCHANGE)
            ntlm_rc4(seal_key, code, 8);
        store_u32(ret_signature, 1);
        memcpy(ret_signature + 4, code, 8);
        memcpy(ret_signature + 12, sequence, sizeof sequence);
    }
    OPENSSL_cleanse(sign_key, sizeof sign_key);
    OPENSSL_cleanse(seal_key, sizeof seal_key);
    return done;
}
