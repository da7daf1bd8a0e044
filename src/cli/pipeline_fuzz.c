/* Any text is taken apart or refused; what is taken apart moves on. */
#include <assert.h>
#include <stdint.h>

#include "cli/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    const char *text = arena_string_of(&arena, bytes_of(data, size < PIPELINE_SIZE_MAX ? size : PIPELINE_SIZE_MAX));
    for (;;) {
        struct pipeline pipeline;
        const char *rest = text, *error;
        if (!text || pipeline_parse(&arena, text, &pipeline, &rest, &error) != PIPELINE_OK)
            break;
        assert(rest > text && pipeline.stage_count > 0 && pipeline.stages[0].word_count > 0);
        text = rest;
    }
    arena_free(&arena);
    return 0;
}
