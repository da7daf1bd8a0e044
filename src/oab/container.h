/* Compressed files of the offline address book: the container of a whole file (MS-OXOAB 2.11: LZX_HDR and LZX_BLKs) and the
 * differential patch that makes the next generation from one (2.10: PATCH_HDR and PATCH_BLKs). Every block is an LZX DELTA
 * stream of its own with the CRC of its content.
 *
 * Blocks are written as LZX always, also where they are not compressed: the format knows stored blocks, but Outlook 2021 takes
 * every block as LZX. Both are read.
 *
 * Sources are whole in (mapped) memory, results go to a file descriptor, so that memory does not grow with the address book.
 * Calls block; each uses only what it is given. */
#pragma once
#include "oab/lzx.h"
#include "oab/oab_crc.h"

#define OAB_BLOCK_SIZE_MAX 0x40000u /* ulBlockMax: no block is larger, neither its content nor as it stands in the file */
#define OAB_CONTENT_SIZE_MAX 0x3F000u /* of a block of ours; the rest is room for content that cannot be compressed */
#define OAB_FILE_SIZE_MAX (4095u << 20) /* sizes are 32 bits */
#define OAB_FOREIGN_BLOCK_SIZE_MAX (16u << 20) /* that we read */

enum oab_status {
    OAB_OK,
    OAB_MALFORMED, /* not such a file, or damaged */
    OAB_MISMATCH,  /* a patch of another file */
    OAB_FAILED,    /* memory or disk */
};
const char *oab_status_text(enum oab_status status);

/* Everything that is written goes through one of these; oab_output_flush at the end. */
struct oab_output {
    int fd;
    struct buffer pending;
    uint64_t size; /* written and pending */
    bool failed;
};
void oab_output_write(struct oab_output *output, struct bytes bytes);
/* False where anything failed since the start. Frees the memory. */
bool oab_output_flush(struct oab_output *output);

enum oab_status oab_compress(struct bytes content, enum lzx_method method, int fd);
/* What a compressed file says its content's size is; OAB_MALFORMED where it is none. */
enum oab_status oab_content_size(struct bytes file, uint32_t *ret_size);
enum oab_status oab_expand(struct bytes file, int fd);

/* How a patch goes along both files: so many bytes of the old one are what so many bytes of the new one are made from. The
 * cuts follow each other without gaps and together make up the new file; neither part is larger than
 * OAB_CONTENT_SIZE_MAX, that of the new file is not empty. */
struct oab_cut {
    uint32_t old_size, new_size;
};
enum oab_status oab_make_patch(struct bytes old_content, struct bytes new_content, const struct oab_cut *cuts, uint32_t cut_count,
                               int fd);
/* OAB_MISMATCH where 'old_content' is not what the patch was made for. */
enum oab_status oab_apply_patch(struct bytes patch, struct bytes old_content, int fd);
/* Whether the file is a patch and for which content (the CRC leaves out OAB_HDR). */
bool oab_is_patch(struct bytes file);
