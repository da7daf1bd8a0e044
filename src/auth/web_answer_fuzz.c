/* What a web server may send where a key set is asked for: whole, and in two pieces, which must come to the same. */
#include <stdlib.h>
#include <string.h>

#include "auth/web_fetch.h"

#define SIZE_MAX_FUZZED 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[WEB_ERROR_SIZE];
    struct buffer whole = {0}, part = {0};
    enum web_reading at_end = web_answer_read(bytes_of(data, size), true, SIZE_MAX_FUZZED, &whole, error);
    if (at_end == WEB_READING_DONE && whole.size > SIZE_MAX_FUZZED)
        abort();
    enum web_reading before = web_answer_read(bytes_of(data, size / 2), false, SIZE_MAX_FUZZED, &part, error);
    if (before == WEB_READING_DONE && (at_end != WEB_READING_DONE || !bytes_equal(buffer_bytes(&whole), buffer_bytes(&part))))
        abort(); /* what was complete stays what it was, whatever comes behind it */
    buffer_free(&whole);
    buffer_free(&part);
    struct web_address address;
    char url[512];
    if (size < sizeof url) {
        memcpy(url, data, size);
        url[size] = '\0';
        (void)web_address_read(url, &address);
    }
    return 0;
}
