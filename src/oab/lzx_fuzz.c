/* Any bytes as an LZX DELTA stream: the first two say how much reference data there is and how much content is wanted. */
#include "oab/lzx.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t reference_size = data[0] * 16u, content_size = data[1] * 300u + 1;
    uint8_t *content = malloc(reference_size + content_size);
    struct lzx_expander *expander = lzx_expander_new();
    memset(content, 'r', reference_size + content_size);
    (void)lzx_expand(expander, bytes_of(data + 2, size - 2), content, reference_size, reference_size + content_size);
    lzx_expander_free(expander);
    free(content);
    return 0;
}
