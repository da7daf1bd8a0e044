/* Any bytes as a details file; with the serial put right too, so that what stands behind it is reached. */
#include "oab/difference.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *problem;
    struct oab_cuts cuts = {0};
    if (size < 12) {
        (void)oab_details_verify(bytes_of(data, size), &problem);
        return 0;
    }
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    store_u32(copy + 4, oab_crc(OAB_CRC_START, bytes_of(data + 12, size - 12)));
    struct bytes file = bytes_of(copy, size);
    bool verified = oab_details_verify(file, &problem) == OAB_OK;
    if (verified && (!oab_details_same(file, file) || problem))
        __builtin_trap();
    if (oab_cut_files(file, file, &cuts) == OAB_OK)
        free(cuts.cuts);
    else if (verified)
        __builtin_trap();
    free(copy);
    return 0;
}
