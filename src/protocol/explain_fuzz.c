/* Fuzzes what stands outside the notation: hex dumps, HTTP messages and response streams, the extended buffer, ROP lists,
 * auxiliary blocks. The first byte says whether the rest is a request or a response, and of which type (or guessed). */
#include <stdint.h>
#include <stdlib.h>
#include "protocol/capture.h"
#include "protocol/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct explain_session session = { 0 };
    struct buffer text = { 0 };
    struct capture capture;
    if (size < 1)
        return 0;
    bool is_response = data[0] & 1;
    struct bytes input = bytes_of(data + 1, size - 1), hex = capture_of_hex(&arena, input);
    if (capture_read(&arena, hex.data ? hex : input, &capture)) {
        uint32_t chosen = data[0] >> 1;
        const struct body_definition *definition = chosen < body_definition_count ? &body_definitions[chosen]
                                                                                  : explain_guess(capture.body, is_response);
        if (definition && is_response)
            (void)!explain_response(&session, definition, capture.body, capture.body_offset, &text);
        else if (definition)
            (void)!explain_request(&session, definition, capture.body, capture.body_offset, &text);
    }
    buffer_free(&text);
    explain_session_free(&session);
    arena_free(&arena);
    return 0;
}
