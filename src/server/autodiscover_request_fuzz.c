#include <stdlib.h>
#include <string.h>

#include "server/autodiscover_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct autodiscover_request request = {0};
    unsigned error = autodiscover_request_read(&arena, bytes_of(data, size), &request);
    if (error != 0 && error != 600 && error != 601)
        abort();
    if (error == 0 && strlen(request.address) + strlen(request.legacy_dn) == 0)
        abort();
    arena_free(&arena);
    return 0;
}
