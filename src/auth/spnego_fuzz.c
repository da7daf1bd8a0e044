#include <stdlib.h>
#include <string.h>

#include "auth/spnego.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A response that was read and is written again is the same bytes, but for elements that are there and empty. */
static void check_response(struct bytes message)
{
    struct arena arena = {0};
    struct spnego_response response;
    if (spnego_response_read(message, &response)) {
        bool empty = (response.has_token && !response.token.size) || (response.has_mic && !response.mic.size) ||
                     response.mechanism.size == 0;
        struct bytes again = spnego_response_make(&arena, &response);
        if (!empty && !bytes_equal(again, message))
            abort();
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes message = bytes_of(data, size);
    struct spnego_init init;
    if (spnego_init_read(message, &init)) {
        if (init.mechanism_count == 0 || init.mechanism_count > SPNEGO_MECHANISMS_MAX || init.mechanism_list.size > size ||
            init.token.size > size || init.mic.size > size)
            abort();
        for (uint32_t i = 0; i < init.mechanism_count; i++)
            (void)spnego_is_initial_token_of(message, init.mechanisms[i]);
    }
    check_response(message);
    return 0;
}
