#include "oab/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

bool oab_mapping_of(int fd, struct oab_mapping *ret_mapping)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return false;
    }
    *ret_mapping = (struct oab_mapping){BYTES_NONE};
    if (status.st_size == 0)
        return true;
    void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED)
        return false;
    (void)madvise(data, (size_t)status.st_size, MADV_SEQUENTIAL); /* a wish */
    ret_mapping->bytes = bytes_of(data, (size_t)status.st_size);
    return true;
}

bool oab_mapping_open(int folder_fd, const char *path, struct oab_mapping *ret_mapping)
{
    int fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool mapped = oab_mapping_of(fd, ret_mapping);
    int error = errno;
    close(fd);
    errno = error;
    return mapped;
}

void oab_mapping_close(struct oab_mapping *mapping)
{
    if (mapping->bytes.size)
        munmap((void *)mapping->bytes.data, mapping->bytes.size);
    mapping->bytes = BYTES_NONE;
}

void oab_hash(struct bytes bytes, char ret_hash[41])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ret_hash[0] = 0;
    if (EVP_Digest(bytes.data, bytes.size, digest, &size, EVP_sha1(), NULL) != 1 || size != 20)
        return;
    for (unsigned i = 0; i < size; i++)
        snprintf(ret_hash + 2 * i, 3, "%02x", digest[i]);
}
