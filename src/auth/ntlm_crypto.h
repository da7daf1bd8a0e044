/* What NTLMv2 computes (MS-NLMP 3.3.2, 3.4). Everything works on bytes that were checked before; no state, any thread. */
#pragma once
#include "base/arena.h"

#define NTLM_KEY_SIZE 16u

/* HMAC-MD5 over the parts one behind the other; false where OpenSSL cannot (FIPS mode). */
bool ntlm_hmac(const uint8_t key[NTLM_KEY_SIZE], const struct bytes *parts, unsigned count, uint8_t ret_code[16]);
/* RC4 with a key of 16 bytes over 'size' bytes. */
void ntlm_rc4(const uint8_t key[NTLM_KEY_SIZE], uint8_t *data, size_t size);
/* NTOWFv2: of the NT hash, the account in upper case and the domain as sent, both UTF-16LE. */
bool ntlm_response_key(const uint8_t nt_hash[NTLM_KEY_SIZE], struct bytes upper_user, struct bytes domain,
                       uint8_t ret_key[NTLM_KEY_SIZE]);
/* UTF-16LE in upper case, character by character: of all scripts, or of ASCII only as some clients do. In the arena. */
struct bytes ntlm_upper_case(struct arena *arena, struct bytes utf16, bool ascii_only);
/* MD5 of gss_channel_bindings with this application data (RFC 2744 3.11, MS-NLMP 2.2.2.1). */
bool ntlm_channel_bindings_hash(struct bytes application_data, uint8_t ret_hash[16]);
/* The signature of message 0 in one direction (3.4.4.2, with extended session security). */
bool ntlm_signature(const uint8_t exported_key[NTLM_KEY_SIZE], uint32_t flags, bool to_server, struct bytes message,
                    uint8_t ret_signature[16]);
