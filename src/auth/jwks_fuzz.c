/* A key set from a provider, then a token that is to be verified with it. The set ends at the first NUL. */
#include <stdlib.h>
#include <string.h>

#include "auth/bearer_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[JWKS_ERROR_SIZE] = "";
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t set_size = end ? (size_t)(end - data) : size;
    struct bytes token = end ? bytes_of(end + 1, size - set_size - 1) : BYTES_NONE;
    struct jwks *jwks = jwks_read(bytes_of(data, set_size), error);
    if (!jwks && !*error)
        abort();
    if (jwks) {
        struct arena arena = {0};
        struct bearer_header header;
        const char *cause;
        if (jwks_count(jwks) > JWKS_KEYS_MAX)
            abort();
        if (bearer_header_read(&arena, token, &header, &cause))
            (void)jwks_verify(jwks, header.algorithm, header.key_id, token);
        arena_free(&arena);
    }
    jwks_release(jwks);
    return 0;
}
