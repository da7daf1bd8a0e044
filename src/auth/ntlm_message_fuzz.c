#include <stdlib.h>
#include <string.h>

#include "auth/ntlm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every range that a reader gives lies within what it was given. */
static void check(struct bytes whole, struct bytes part)
{
    if (part.size && (part.data < whole.data || part.size > whole.size ||
                      (size_t)(part.data - whole.data) > whole.size - part.size))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct bytes message = bytes_of(data, size);
    struct ntlm_authenticate authenticate;
    struct ntlm_response response;
    struct mechanism_output output = {0};
    uint32_t flags;
    (void)ntlm_negotiate_read(message, &flags);
    if (ntlm_authenticate_read(message, &authenticate)) {
        check(message, authenticate.user);
        check(message, authenticate.session_key);
        check(message, authenticate.nt_response);
        if (ntlm_read_names(&arena, &authenticate, &output) && strlen(output.account) > 4 * NTLM_NAME_SIZE_MAX)
            abort();
        message = authenticate.nt_response;
    }
    if (ntlm_response_read(message, &response)) {
        check(message, response.blob);
        check(message, response.target_name);
        if (response.proof.size != 16 || (response.channel_bindings.size && response.channel_bindings.size != 16) ||
            (response.timestamp.size && response.timestamp.size != 8))
            abort();
    }
    arena_free(&arena);
    return 0;
}
