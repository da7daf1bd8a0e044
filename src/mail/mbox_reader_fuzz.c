/* Splitting any bytes as an mbox file: ends, and never gives more than the file holds. */
#include <stdio.h>
#include <stdlib.h>

#include "mail/mail_file.h"
#include "mail/mbox_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;
    if (!file)
        return 0;
    struct mbox_reader reader;
    size_t total = 0, count = 0;
    if (mbox_reader_start(&reader, file, 1 << 20))
        while (mbox_reader_next(&reader)) {
            struct mail_state state = {0};
            (void)mail_state_of_headers(buffer_bytes(&reader.content), &state);
            total += reader.content.size;
            if (total > size || ++count > size)
                abort();
        }
    mbox_reader_stop(&reader);
    return 0;
}
