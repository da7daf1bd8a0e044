/* URLs of virtual directories: what is accepted stands in Autodiscover answers, so it has no blanks, quotes or markup, and is the
 * same when it is read again. The first byte chooses the directory. */
#include <stdlib.h>
#include <string.h>

#include "record/virtual_directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char base[VIRTUAL_DIRECTORY_BASE_SIZE], again[VIRTUAL_DIRECTORY_BASE_SIZE], host[VIRTUAL_DIRECTORY_HOST_SIZE];
    char whole[VIRTUAL_DIRECTORY_BASE_SIZE + 32];
    const char *wrong = NULL;
    if (size == 0)
        return 0;
    enum virtual_directory which = data[0] % VIRTUAL_DIRECTORY_COUNT;
    char *url = malloc(size);
    if (!url)
        return 0;
    memcpy(url, data + 1, size - 1);
    url[size - 1] = '\0';
    if (virtual_directory_base_of(which, url, base, &wrong)) {
        if (strpbrk(base, " \t\r\n<>\"'&@?#") || !virtual_directory_host_of(base, host) || !*host)
            abort();
        strcpy(whole, base);
        strcat(whole, virtual_directory_paths[which]);
        if (!virtual_directory_base_of(which, whole, again, &wrong) || strcmp(base, again) != 0)
            abort();
    } else if (!wrong) {
        abort();
    }
    free(url);
    return 0;
}
