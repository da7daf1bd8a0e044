/* Any bytes as a display template file: what is read can be written and read again. */
#include "oab/template_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct oab_templates templates, again;
    struct buffer file = {.size_max = 4u << 20}; /* entries may share data, which is then written several times */
    if (oab_template_file_read(&arena, bytes_of(data, size), &templates) && oab_template_file_write(&templates, &file)) {
        if (!oab_template_file_read(&arena, buffer_bytes(&file), &again) || again.creation_count != templates.creation_count)
            __builtin_trap();
        for (unsigned i = 0; i < OAB_TEMPLATE_COUNT; i++)
            if (!bytes_equal(again.templates[i].controls, templates.templates[i].controls))
                __builtin_trap();
    }
    buffer_free(&file);
    arena_free(&arena);
    return 0;
}
