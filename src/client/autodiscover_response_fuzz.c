/* Any bytes as an Autodiscover answer: POX, and version 2 (JSON). */
#include "client/autodiscover_response.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {.size_max = 8u << 20};
    struct autodiscover_answer answer;
    const char *failure = NULL;
    if (autodiscover_answer_read(&arena, bytes_of(data, size), &answer, &failure) && answer.kind != AUTODISCOVER_SETTINGS &&
        answer.kind != AUTODISCOVER_ERROR && !strlen(answer.redirect))
        __builtin_trap();
    const char *url = autodiscover_json_url(&arena, bytes_of(data, size));
    if (url && !*url)
        __builtin_trap();
    arena_free(&arena);
    return 0;
}
