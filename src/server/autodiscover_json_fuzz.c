/* Any bytes as path and query of an Autodiscover version 2 request, split at the first '?'. */
#include <stdlib.h>
#include <string.h>

#include "server/autodiscover_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    char address[AUTODISCOVER_ADDRESS_SIZE_MAX] = "untouched";
    char *path = arena_string_of(&arena, bytes_of(data, size < 8192 ? size : 8192));
    char *query = path ? strchr(path, '?') : NULL;
    struct buffer body = {0};
    if (!path)
        return 0;
    if (query)
        *query++ = '\0';
    enum autodiscover_json_result result = autodiscover_json_read(path, query ? query : "", address);
    if ((result == AUTODISCOVER_JSON_ANSWER) != (strcmp(address, "untouched") != 0) || strlen(address) >= sizeof address)
        abort();
    unsigned status = autodiscover_json_write(&body, result, address);
    const char *text = buffer_string(&body);
    if ((status == 200) != (result == AUTODISCOVER_JSON_ANSWER) || (text && (text[0] != '{' || text[body.size - 1] != '}')))
        abort();
    buffer_free(&body);
    arena_free(&arena);
    return 0;
}
