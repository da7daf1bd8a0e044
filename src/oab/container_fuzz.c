/* Any bytes as a compressed file and as a patch. */
#include "oab/container.h"

#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char old_content[] = "the content of the file before, which a patch may refer to";
    int fd = open("/dev/null", O_WRONLY);
    struct bytes file = bytes_of(data, size);
    uint32_t content_size;
    bool full = oab_content_size(file, &content_size) == OAB_OK;
    if (full && oab_is_patch(file))
        __builtin_trap();
    (void)oab_expand(file, fd);
    (void)oab_apply_patch(file, bytes_of(old_content, sizeof old_content), fd);
    close(fd);
    return 0;
}
