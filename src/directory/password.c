#include "directory/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PASSWORD_HASH_SIZE == CRYPT_OUTPUT_SIZE, "hashes fit");

static bool hash_with(const char *password, const char *setting, char ret_hash[PASSWORD_HASH_SIZE])
{
    struct crypt_data *data = calloc(1, sizeof *data); /* 32 KiB: not on a worker's stack */
    if (!data)
        return false;
    const char *hash = strlen(password) > PASSWORD_SIZE_MAX ? NULL : crypt_r(password, setting, data);
    bool done = hash && hash[0] != '*';
    if (done)
        strcpy(ret_hash, hash);
    OPENSSL_cleanse(data, sizeof *data);
    free(data);
    return done;
}

bool password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    return crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof setting) && hash_with(password, setting, ret_hash);
}

bool password_matches(const char *password, const char *hash)
{
    char found[PASSWORD_HASH_SIZE];
    if (!hash_with(password, hash, found))
        return false;
    bool same = strlen(found) == strlen(hash) && CRYPTO_memcmp(found, hash, strlen(hash)) == 0;
    OPENSSL_cleanse(found, sizeof found);
    return same;
}

bool password_hash_allowed(const char *hash)
{
    size_t size = strlen(hash);
    int found = size >= 13 && size < PASSWORD_HASH_SIZE ? crypt_checksalt(hash) : CRYPT_SALT_INVALID;
    return found == CRYPT_SALT_OK || found == CRYPT_SALT_METHOD_LEGACY;
}
