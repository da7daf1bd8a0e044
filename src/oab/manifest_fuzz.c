/* Any bytes as a manifest: what is read can be written and read again. */
#include "oab/manifest.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct buffer xml = {0};
    struct oab_manifest manifest, again;
    if (oab_manifest_read(&arena, bytes_of(data, size), &manifest) && oab_manifest_write(&manifest, &xml)) {
        if (!oab_manifest_read(&arena, buffer_bytes(&xml), &again) || again.list_count != manifest.list_count)
            __builtin_trap();
        for (uint32_t i = 0; i < manifest.list_count; i++)
            for (uint32_t j = 0; j < manifest.lists[i].file_count; j++)
                if (!oab_file_name_allowed(again.lists[i].files[j].name))
                    __builtin_trap();
    }
    buffer_free(&xml);
    arena_free(&arena);
    return 0;
}
