/* Rich text: decompression of any bytes, and reading of any RTF. */
#include "mail/rtf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct bytes input = bytes_of(data, size), rtf;
    struct rtf_content content;
    bool damaged;
    (void)rtf_read(&arena, input, &content);
    if (rtf_decompress(&arena, input, &rtf, &damaged))
        (void)rtf_read(&arena, rtf, &content);
    arena_free(&arena);
    return 0;
}
