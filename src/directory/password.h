/* Password hashes: yescrypt by libcrypt, about 30 ms and 16 MiB for the time of the call. Any thread, never a loop. */
#pragma once
#include <stdbool.h>

#define PASSWORD_HASH_SIZE 384 /* CRYPT_OUTPUT_SIZE */
#define PASSWORD_SIZE_MAX 511u /* bytes; libcrypt takes no longer ones */

bool password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE]);
/* Compares in constant time. A hash of any method that libcrypt knows is taken. */
bool password_matches(const char *password, const char *hash);
/* Whether libcrypt could compare with it: a whole hash of a method it knows and does not find too weak to use. */
bool password_hash_allowed(const char *hash);
