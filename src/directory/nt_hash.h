/* The NT hash of a password: MD4 of its UTF-16LE form (MS-NLMP 3.3.2, NTOWFv2; RFC 1320). It is as good as the password itself
 * for NTLM, so it is kept only of those who opted in. No state, any thread. */
#pragma once
#include "base/bytes.h"

#define NT_HASH_SIZE 16u

void md4(struct bytes message, uint8_t ret_digest[16]);
/* 'password' is UTF-8. False without memory. */
bool nt_hash_of_password(const char *password, uint8_t ret_hash[NT_HASH_SIZE]);
