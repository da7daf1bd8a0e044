#include <stdlib.h>

#include "auth/basic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct basic_credentials credentials;
    if (basic_credentials_read(&arena, bytes_of(data, size), &credentials)) {
        if (!credentials.logon || !credentials.password || credentials.password <= credentials.logon)
            abort();
        basic_credentials_wipe(&credentials);
    }
    arena_free(&arena);
    return 0;
}
