/* CSV and LDIF from bytes: the first byte chooses. */
#include "directory/entry_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {.size_max = 16u << 20};
    struct buffer text = {0};
    struct entry_record *records;
    const char *error;
    uint32_t count;
    if (size > 0 && buffer_append(&text, data + 1, size - 1) &&
        !entry_file_read(&arena, data[0] & 1 ? ENTRY_FILE_LDIF : ENTRY_FILE_CSV, &text, &count, &records, &error) && !*error)
        __builtin_trap();
    buffer_free(&text);
    arena_free(&arena);
    return 0;
}
