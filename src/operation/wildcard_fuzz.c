/* A pattern and a text, a NUL between: it ends soon, and a pattern that is no pattern fits itself alone. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "operation/wildcard.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *copy = calloc(1, size + 2);
    if (!copy || size > 4096) {
        free(copy);
        return 0;
    }
    memcpy(copy, data, size);
    const char *pattern = copy, *text = copy + strlen(copy) + 1;
    bool fits = wildcard_fits(pattern, text);
    if (!wildcard_is_pattern(pattern) && (fits != (strcasecmp(pattern, text) == 0) || !wildcard_fits(pattern, pattern)))
        abort();
    if (!wildcard_fits("*", text))
        abort();
    free(copy);
    return 0;
}
