#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/cookie.h"

/* What was read as present is given out in the same words, and read from them again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_cookies cookies = {0}, again = {0};
    char header[3 * SESSION_COOKIE_TEXT_SIZE], context[SESSION_COOKIE_TEXT_SIZE], sequence[SESSION_COOKIE_TEXT_SIZE];
    session_cookies_read(&cookies, bytes_of(data, size));
    session_context_id_format(&cookies.context, context);
    session_sequence_format(&cookies.sequence, sequence);
    int length = snprintf(header, sizeof header, "MapiContext=%s; MapiSequence=%s", context, sequence);
    session_cookies_read(&again, bytes_of(header, (size_t)length));
    if (again.context_state != SESSION_COOKIE_PRESENT || again.sequence_state != SESSION_COOKIE_PRESENT ||
        memcmp(&again.context, &cookies.context, sizeof again.context) != 0 ||
        again.sequence.number != cookies.sequence.number)
        abort();
    return 0;
}
