/* Whole files in memory, as the kernel pages them in. Any thread. */
#pragma once
#include "base/bytes.h"

struct oab_mapping {
    struct bytes bytes; /* nobody may shorten the file meanwhile */
};
/* 'folder_fd' as for openat. False (errno) where it cannot be read or is no ordinary file. An empty file has no bytes. */
bool oab_mapping_open(int folder_fd, const char *path, struct oab_mapping *ret_mapping);
/* Of an open file; the descriptor stays the caller's. */
bool oab_mapping_of(int fd, struct oab_mapping *ret_mapping);
void oab_mapping_close(struct oab_mapping *mapping);
/* SHA-1 as a manifest has it; "" where it cannot be made. */
void oab_hash(struct bytes bytes, char ret_hash[41]);
