#include "oab/container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LZX_HDR_SIZE 16u
#define LZX_BLK_SIZE 16u
#define PATCH_HDR_SIZE 28u
#define PATCH_BLK_SIZE 16u
#define VERSION_HIGH 3u
#define VERSION_LOW_FULL 1u
#define VERSION_LOW_PATCH 2u
#define BLOCK_COMPRESSED 1u
#define OAB_HDR_SIZE 12u          /* left out of the CRCs of a patch's header */
#define PENDING_SIZE_MAX (256u << 10)

const char *oab_status_text(enum oab_status status)
{
    switch (status) {
    case OAB_OK: return "OK";
    case OAB_MALFORMED: return "the file is damaged or of another kind";
    case OAB_MISMATCH: return "the patch belongs to another file";
    case OAB_FAILED: return "memory or disk failed";
    }
    return "unknown status";
}

/* --- output --- */

static void output_drain(struct oab_output *output)
{
    size_t done = 0;
    while (done < output->pending.size && !output->failed) {
        ssize_t written = write(output->fd, output->pending.data + done, output->pending.size - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            output->failed = true;
    }
    buffer_clear(&output->pending);
}

void oab_output_write(struct oab_output *output, struct bytes bytes)
{
    output->failed |= !buffer_append(&output->pending, bytes.data, bytes.size);
    output->size += bytes.size;
    if (output->pending.size >= PENDING_SIZE_MAX)
        output_drain(output);
}

bool oab_output_flush(struct oab_output *output)
{
    output->failed |= output->pending.failed;
    output_drain(output);
    buffer_free(&output->pending);
    return !output->failed;
}

/* --- a whole file --- */

static void write_words(struct oab_output *output, const uint32_t *words, size_t count)
{
    oab_output_write(output, bytes_of(words, count * sizeof *words));
}

static bool compress_blocks(struct bytes content, enum lzx_method method, struct lzx_compressor *compressor,
                            struct oab_output *output)
{
    struct buffer stream = {0};
    bool compressed = true;
    for (size_t done = 0; done < content.size && compressed && !output->failed;) {
        size_t size = content.size - done < OAB_CONTENT_SIZE_MAX ? content.size - done : OAB_CONTENT_SIZE_MAX;
        struct bytes block = bytes_of(content.data + done, size);
        buffer_clear(&stream);
        compressed = lzx_compress(compressor, method, block.data, 0, block.size, &stream);
        write_words(output, (uint32_t[]){BLOCK_COMPRESSED, (uint32_t)stream.size, (uint32_t)size,
            oab_crc(OAB_CRC_START, block)}, 4);
        oab_output_write(output, buffer_bytes(&stream));
        done += size;
    }
    buffer_free(&stream);
    return compressed;
}

enum oab_status oab_compress(struct bytes content, enum lzx_method method, int fd)
{
    struct lzx_compressor *compressor = lzx_compressor_new();
    if (!compressor || content.size > OAB_FILE_SIZE_MAX) {
        lzx_compressor_free(compressor);
        return OAB_FAILED;
    }
    struct oab_output output = {.fd = fd};
    write_words(&output, (uint32_t[]){VERSION_HIGH, VERSION_LOW_FULL, OAB_BLOCK_SIZE_MAX, (uint32_t)content.size}, 4);
    bool compressed = compress_blocks(content, method, compressor, &output);
    lzx_compressor_free(compressor);
    return oab_output_flush(&output) && compressed ? OAB_OK : OAB_FAILED;
}

enum oab_status oab_content_size(struct bytes file, uint32_t *ret_size)
{
    if (file.size < LZX_HDR_SIZE || load_u32(file.data) != VERSION_HIGH || load_u32(file.data + 4) != VERSION_LOW_FULL)
        return OAB_MALFORMED;
    *ret_size = load_u32(file.data + 12);
    return OAB_OK;
}

/* One block at the beginning of 'rest', into 'content'. */
static enum oab_status expand_block(struct lzx_expander *expander, struct bytes *rest, uint32_t size_max, struct buffer *content)
{
    if (rest->size < LZX_BLK_SIZE)
        return OAB_MALFORMED;
    uint32_t flags = load_u32(rest->data), stream_size = load_u32(rest->data + 4);
    uint32_t size = load_u32(rest->data + 8), crc = load_u32(rest->data + 12);
    if (flags > BLOCK_COMPRESSED || stream_size > rest->size - LZX_BLK_SIZE || size > size_max
        || size > OAB_FOREIGN_BLOCK_SIZE_MAX || size == 0)
        return OAB_MALFORMED;
    struct bytes stream = bytes_of(rest->data + LZX_BLK_SIZE, stream_size);
    *rest = bytes_of(stream.data + stream_size, rest->size - LZX_BLK_SIZE - stream_size);
    buffer_clear(content);
    if (!buffer_extend(content, size))
        return OAB_FAILED;
    if (flags == 0) {
        if (stream_size != size)
            return OAB_MALFORMED;
        memcpy(content->data, stream.data, size);
    } else if (!lzx_expand(expander, stream, content->data, 0, size)) {
        return OAB_MALFORMED;
    }
    return oab_crc(OAB_CRC_START, buffer_bytes(content)) == crc ? OAB_OK : OAB_MALFORMED;
}

enum oab_status oab_expand(struct bytes file, int fd)
{
    uint32_t missing;
    enum oab_status status = oab_content_size(file, &missing);
    if (status != OAB_OK)
        return status;
    struct lzx_expander *expander = lzx_expander_new();
    if (!expander)
        return OAB_FAILED;
    struct oab_output output = {.fd = fd};
    struct buffer content = {0};
    struct bytes rest = bytes_of(file.data + LZX_HDR_SIZE, file.size - LZX_HDR_SIZE);
    while (missing && status == OAB_OK && !output.failed) {
        status = expand_block(expander, &rest, missing, &content);
        if (status == OAB_OK) {
            missing -= (uint32_t)content.size;
            oab_output_write(&output, buffer_bytes(&content));
        }
    }
    buffer_free(&content);
    lzx_expander_free(expander);
    bool written = oab_output_flush(&output);
    return status != OAB_OK ? status : written ? OAB_OK : OAB_FAILED;
}

/* --- patches --- */

/* 'CRC hash of the file, excluding the OAB_HDR structure' */
static uint32_t content_crc(struct bytes content)
{
    size_t skipped = content.size < OAB_HDR_SIZE ? content.size : OAB_HDR_SIZE;
    return oab_crc(OAB_CRC_START, bytes_of(content.data + skipped, content.size - skipped));
}

static bool patch_blocks(struct bytes old_content, struct bytes new_content, const struct oab_cut *cuts, uint32_t cut_count,
                         struct lzx_compressor *compressor, struct oab_output *output)
{
    struct buffer both = {0}, stream = {0};
    size_t old_done = 0, new_done = 0;
    bool compressed = true;
    for (uint32_t i = 0; i < cut_count && compressed && !output->failed; i++) {
        struct oab_cut cut = cuts[i];
        compressed = cut.old_size <= old_content.size - old_done && cut.new_size <= new_content.size - new_done
            && cut.old_size <= OAB_CONTENT_SIZE_MAX && cut.new_size <= OAB_CONTENT_SIZE_MAX && cut.new_size > 0;
        if (!compressed)
            break;
        struct bytes block = bytes_of(new_content.data + new_done, cut.new_size);
        buffer_clear(&both);
        buffer_clear(&stream);
        compressed = buffer_append(&both, old_content.data + old_done, cut.old_size)
            && buffer_append(&both, block.data, block.size)
            && lzx_compress(compressor, LZX_COMPRESSED, both.data, cut.old_size, both.size, &stream);
        write_words(output, (uint32_t[]){(uint32_t)stream.size, cut.new_size, cut.old_size, oab_crc(OAB_CRC_START, block)}, 4);
        oab_output_write(output, buffer_bytes(&stream));
        old_done += cut.old_size;
        new_done += cut.new_size;
    }
    buffer_free(&both);
    buffer_free(&stream);
    return compressed && new_done == new_content.size;
}

enum oab_status oab_make_patch(struct bytes old_content, struct bytes new_content, const struct oab_cut *cuts, uint32_t cut_count,
                               int fd)
{
    struct lzx_compressor *compressor = lzx_compressor_new();
    if (!compressor || old_content.size > OAB_FILE_SIZE_MAX || new_content.size > OAB_FILE_SIZE_MAX) {
        lzx_compressor_free(compressor);
        return OAB_FAILED;
    }
    struct oab_output output = {.fd = fd};
    write_words(&output, (uint32_t[]){VERSION_HIGH, VERSION_LOW_PATCH, OAB_BLOCK_SIZE_MAX, (uint32_t)old_content.size,
        (uint32_t)new_content.size, content_crc(old_content), content_crc(new_content)}, 7);
    bool made = patch_blocks(old_content, new_content, cuts, cut_count, compressor, &output);
    lzx_compressor_free(compressor);
    return oab_output_flush(&output) && made ? OAB_OK : OAB_FAILED;
}

bool oab_is_patch(struct bytes file)
{
    return file.size >= PATCH_HDR_SIZE && load_u32(file.data) == VERSION_HIGH && load_u32(file.data + 4) == VERSION_LOW_PATCH;
}

/* One block at the beginning of 'patch', made from the beginning of 'old_content'; both advance. The content stands in 'both'
 * behind the part of the old one. */
static enum oab_status apply_block(struct lzx_expander *expander, struct bytes *patch, struct bytes *old_content,
                                   uint32_t size_max, struct buffer *both, struct bytes *ret_content)
{
    if (patch->size < PATCH_BLK_SIZE)
        return OAB_MALFORMED;
    uint32_t stream_size = load_u32(patch->data), new_size = load_u32(patch->data + 4);
    uint32_t old_size = load_u32(patch->data + 8), crc = load_u32(patch->data + 12);
    if (stream_size > patch->size - PATCH_BLK_SIZE || new_size > size_max || new_size == 0
        || new_size > OAB_FOREIGN_BLOCK_SIZE_MAX || old_size > OAB_FOREIGN_BLOCK_SIZE_MAX || old_size > old_content->size)
        return OAB_MALFORMED;
    struct bytes stream = bytes_of(patch->data + PATCH_BLK_SIZE, stream_size);
    *patch = bytes_of(stream.data + stream_size, patch->size - PATCH_BLK_SIZE - stream_size);
    buffer_clear(both);
    if (!buffer_append(both, old_content->data, old_size) || !buffer_extend(both, new_size))
        return OAB_FAILED;
    *old_content = bytes_of(old_content->data + old_size, old_content->size - old_size);
    if (!lzx_expand(expander, stream, both->data, old_size, both->size))
        return OAB_MALFORMED;
    *ret_content = bytes_of(both->data + old_size, new_size);
    return oab_crc(OAB_CRC_START, *ret_content) == crc ? OAB_OK : OAB_MALFORMED;
}

static enum oab_status apply_blocks(struct bytes patch, struct bytes old_content, struct oab_output *output, uint32_t *ret_crc)
{
    struct lzx_expander *expander = lzx_expander_new();
    uint32_t missing = load_u32(patch.data + 16), skipped = OAB_HDR_SIZE;
    enum oab_status status = expander ? OAB_OK : OAB_FAILED;
    struct buffer both = {0};
    *ret_crc = OAB_CRC_START;
    patch = bytes_of(patch.data + PATCH_HDR_SIZE, patch.size - PATCH_HDR_SIZE);
    while (missing && status == OAB_OK && !output->failed) {
        struct bytes content;
        status = apply_block(expander, &patch, &old_content, missing, &both, &content);
        if (status != OAB_OK)
            break;
        missing -= (uint32_t)content.size;
        oab_output_write(output, content);
        uint32_t skip = content.size < skipped ? (uint32_t)content.size : skipped;
        skipped -= skip;
        *ret_crc = oab_crc(*ret_crc, bytes_of(content.data + skip, content.size - skip));
    }
    buffer_free(&both);
    lzx_expander_free(expander);
    return status;
}

enum oab_status oab_apply_patch(struct bytes patch, struct bytes old_content, int fd)
{
    if (!oab_is_patch(patch))
        return OAB_MALFORMED;
    if (load_u32(patch.data + 12) != old_content.size || load_u32(patch.data + 20) != content_crc(old_content))
        return OAB_MISMATCH;
    struct oab_output output = {.fd = fd};
    uint32_t crc;
    enum oab_status status = apply_blocks(patch, old_content, &output, &crc);
    bool written = oab_output_flush(&output);
    if (status != OAB_OK)
        return status;
    if (crc != load_u32(patch.data + 24))
        return OAB_MALFORMED;
    return written ? OAB_OK : OAB_FAILED;
}
