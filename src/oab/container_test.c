/* Containers and patches, judged by ourselves and by libmspack, which was written for Exchange's files. */
#include "oab/container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include <mspack.h>

struct fixture {
    char folder[64];
    char source[80], packed[80], target[80];
    struct msoab_decompressor *peer;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/oab_container_XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->source, sizeof fixture->source, "%s/source", fixture->folder);
    snprintf(fixture->packed, sizeof fixture->packed, "%s/packed", fixture->folder);
    snprintf(fixture->target, sizeof fixture->target, "%s/target", fixture->folder);
    int selftest;
    MSPACK_SYS_SELFTEST(selftest);
    assert_int_equal(selftest, MSPACK_ERR_OK);
    fixture->peer = mspack_create_oab_decompressor(NULL);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    mspack_destroy_oab_decompressor(fixture->peer);
    unlink(fixture->source);
    unlink(fixture->packed);
    unlink(fixture->target);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static void save(const char *path, struct bytes bytes)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(bytes.size == 0 || fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    assert_int_equal(fclose(file), 0);
}

static struct buffer contents(FILE *file)
{
    struct buffer buffer = {0};
    rewind(file);
    for (uint8_t part[65536];;) {
        size_t size = fread(part, 1, sizeof part, file);
        if (size == 0)
            break;
        assert_true(buffer_append(&buffer, part, size));
    }
    fclose(file);
    return buffer;
}

static void fill(struct buffer *content, size_t size, unsigned shape, uint32_t seed)
{
    buffer_clear(content);
    while (content->size < size) {
        seed = seed * 1664525u + 1013904223u;
        if (shape == 0)
            buffer_append_u8(content, 0);
        else if (shape == 1)
            buffer_append_u8(content, (uint8_t)(seed >> 16));
        else
            buffer_append_format(content, "/o=Organization/cn=Recipients/cn=%08x-user%u user%u@example.org Berlin",
                seed, seed % 1000, seed >> 20);
    }
    content->size = size;
}

static struct buffer compressed(struct bytes content, enum lzx_method method)
{
    FILE *file = tmpfile();
    assert_int_equal(oab_compress(content, method, fileno(file)), OAB_OK);
    return contents(file);
}

static enum oab_status expand(struct bytes file, struct buffer *ret_content)
{
    FILE *target = tmpfile();
    enum oab_status status = oab_expand(file, fileno(target));
    *ret_content = contents(target);
    return status;
}

#define BLOCK OAB_CONTENT_SIZE_MAX

static void test_every_size_comes_back_and_libmspack_agrees(void **state)
{
    struct fixture *fixture = *state;
    static const size_t sizes[] = {0, 1, 2, 0x7FFF, 0x8000, 0x8001, 0x1FFFF, 0x20000, 0x20001, BLOCK - 1, BLOCK, BLOCK + 1,
        2 * BLOCK, 3 * BLOCK + 77};
    struct buffer content = {0};
    for (unsigned shape = 0; shape < 3; shape++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (enum lzx_method method = LZX_COMPRESSED; method <= LZX_STORED; method++) {
                fill(&content, sizes[i], shape, (uint32_t)i);
                struct buffer file = compressed(buffer_bytes(&content), method), again;
                uint32_t size;
                assert_int_equal(oab_content_size(buffer_bytes(&file), &size), OAB_OK);
                assert_int_equal(size, sizes[i]);
                assert_int_equal(expand(buffer_bytes(&file), &again), OAB_OK);
                assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&content)));
                buffer_free(&again);
                save(fixture->packed, buffer_bytes(&file));
                assert_int_equal(fixture->peer->decompress(fixture->peer, fixture->packed, fixture->target), MSPACK_ERR_OK);
                again = contents(fopen(fixture->target, "r"));
                assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&content)));
                buffer_free(&again);
                buffer_free(&file);
            }
    buffer_free(&content);
}

/* No block is larger than the header says, also one that cannot be compressed; a reader may have reserved just that. */
static void test_blocks_keep_their_word(void **state)
{
    struct buffer content = {0};
    fill(&content, 3 * BLOCK, 1, 5);
    struct buffer file = compressed(buffer_bytes(&content), LZX_COMPRESSED);
    assert_int_equal(load_u32(file.data), 3);
    assert_int_equal(load_u32(file.data + 4), 1);
    uint32_t block_max = load_u32(file.data + 8), blocks = 0;
    for (size_t place = 16; place < file.size; blocks++) {
        assert_int_equal(load_u32(file.data + place), 1); /* always LZX */
        assert_in_range(load_u32(file.data + place + 4), 1, block_max);
        assert_in_range(load_u32(file.data + place + 8), 1, block_max);
        place += 16 + load_u32(file.data + place + 4);
    }
    assert_int_equal(blocks, 3);
    buffer_free(&file);
    buffer_free(&content);
}

static void test_stored_blocks_of_others_are_read(void **state)
{
    struct buffer file = {0}, content;
    buffer_append(&file, (uint32_t[]){3, 1, 0x40000, 8}, 16);
    for (unsigned i = 0; i < 2; i++) {
        buffer_append(&file, (uint32_t[]){0, 4, 4, oab_crc(OAB_CRC_START, BYTES_LITERAL("abcd"))}, 16);
        buffer_append_string(&file, "abcd");
    }
    assert_int_equal(expand(buffer_bytes(&file), &content), OAB_OK);
    assert_true(bytes_equal(buffer_bytes(&content), BYTES_LITERAL("abcdabcd")));
    buffer_free(&content);
    file.data[file.size - 1] ^= 1;
    assert_int_equal(expand(buffer_bytes(&file), &content), OAB_MALFORMED);
    buffer_free(&content);
    buffer_free(&file);
}

static void test_damaged_files_are_refused(void **state)
{
    struct buffer content = {0}, again;
    fill(&content, 3000, 2, 5);
    struct buffer file = compressed(buffer_bytes(&content), LZX_COMPRESSED);
    for (size_t cut = 0; cut < file.size; cut++) {
        assert_int_not_equal(expand(bytes_of(file.data, cut), &again), OAB_OK);
        buffer_free(&again);
    }
    /* What stands behind the target size of the header is checked by structure or CRC. Bits of padding may differ. */
    unsigned accepted = 0;
    for (size_t place = 0; place < file.size; place++) {
        file.data[place] ^= 0x40;
        if (expand(buffer_bytes(&file), &again) == OAB_OK) {
            assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&content)));
            accepted++;
        }
        buffer_free(&again);
        file.data[place] ^= 0x40;
    }
    assert_in_range(accepted, 0, 8);
    buffer_free(&file);
    buffer_free(&content);
}

/* --- patches --- */

static struct buffer patch_of(struct bytes old_content, struct bytes new_content)
{
    struct oab_cut cuts[64];
    uint32_t count = 0;
    size_t old_done = 0, new_done = 0;
    while (new_done < new_content.size) {
        size_t old_rest = old_content.size - old_done, new_rest = new_content.size - new_done;
        struct oab_cut *cut = &cuts[count++];
        cut->old_size = (uint32_t)(old_rest < BLOCK ? old_rest : BLOCK);
        cut->new_size = (uint32_t)(new_rest < BLOCK ? new_rest : BLOCK);
        old_done += cut->old_size;
        new_done += cut->new_size;
    }
    FILE *file = tmpfile();
    assert_int_equal(oab_make_patch(old_content, new_content, cuts, count, fileno(file)), OAB_OK);
    return contents(file);
}

static enum oab_status apply(struct bytes patch, struct bytes old_content, struct buffer *ret_content)
{
    FILE *target = tmpfile();
    enum oab_status status = oab_apply_patch(patch, old_content, fileno(target));
    *ret_content = contents(target);
    return status;
}

static size_t check_patch(struct fixture *fixture, struct bytes old_content, struct bytes new_content)
{
    struct buffer patch = patch_of(old_content, new_content), again;
    assert_true(oab_is_patch(buffer_bytes(&patch)));
    assert_int_equal(apply(buffer_bytes(&patch), old_content, &again), OAB_OK);
    assert_true(bytes_equal(buffer_bytes(&again), new_content));
    buffer_free(&again);
    save(fixture->source, old_content);
    save(fixture->packed, buffer_bytes(&patch));
    assert_int_equal(fixture->peer->decompress_incremental(fixture->peer, fixture->packed, fixture->source, fixture->target),
        MSPACK_ERR_OK);
    again = contents(fopen(fixture->target, "r"));
    assert_true(bytes_equal(buffer_bytes(&again), new_content));
    buffer_free(&again);
    size_t size = patch.size;
    buffer_free(&patch);
    return size;
}

static void test_patches_make_the_next_file(void **state)
{
    struct fixture *fixture = *state;
    struct buffer old_content = {0}, new_content = {0};
    fill(&old_content, 3 * BLOCK, 2, 1);
    buffer_append(&new_content, old_content.data, old_content.size);
    /* nothing but a few changes: a few hundred bytes a block */
    memcpy(new_content.data + 1000, "changed", 7);
    memcpy(new_content.data + 2 * BLOCK + 9, "changed", 7);
    assert_true(check_patch(fixture, buffer_bytes(&old_content), buffer_bytes(&new_content)) < 1500);
    /* something added in the beginning: all else moves */
    new_content.size = 0;
    buffer_append_string(&new_content, "somebody new");
    buffer_append(&new_content, old_content.data, old_content.size);
    assert_true(check_patch(fixture, buffer_bytes(&old_content), buffer_bytes(&new_content)) < 2500);
    /* nothing in common; one of them empty or short */
    fill(&new_content, BLOCK + 1, 1, 9);
    check_patch(fixture, buffer_bytes(&old_content), buffer_bytes(&new_content));
    check_patch(fixture, buffer_bytes(&new_content), buffer_bytes(&old_content));
    check_patch(fixture, BYTES_NONE, buffer_bytes(&new_content));
    check_patch(fixture, buffer_bytes(&new_content), BYTES_LITERAL("x"));
    buffer_free(&old_content);
    buffer_free(&new_content);
}

static void test_patches_know_what_they_are_for(void **state)
{
    struct buffer old_content = {0}, new_content = {0}, again;
    fill(&old_content, 5000, 2, 1);
    fill(&new_content, 5000, 2, 2);
    struct buffer patch = patch_of(buffer_bytes(&old_content), buffer_bytes(&new_content));
    assert_int_equal(apply(buffer_bytes(&patch), buffer_bytes(&new_content), &again), OAB_MISMATCH);
    buffer_free(&again);
    for (size_t cut = 0; cut < patch.size; cut++) {
        assert_int_not_equal(apply(bytes_of(patch.data, cut), buffer_bytes(&old_content), &again), OAB_OK);
        buffer_free(&again);
    }
    patch.data[24] ^= 1; /* ulTargetCRC */
    assert_int_equal(apply(buffer_bytes(&patch), buffer_bytes(&old_content), &again), OAB_MALFORMED);
    buffer_free(&again);
    assert_false(oab_is_patch(buffer_bytes(&old_content)));
    buffer_free(&patch);
    buffer_free(&old_content);
    buffer_free(&new_content);
}

static void test_bad_cuts_are_refused(void **state)
{
    struct bytes content = BYTES_LITERAL("content");
    FILE *file = tmpfile();
    assert_int_equal(oab_make_patch(content, content, (struct oab_cut[]){{7, 6}}, 1, fileno(file)), OAB_FAILED);
    assert_int_equal(oab_make_patch(content, content, (struct oab_cut[]){{8, 7}}, 1, fileno(file)), OAB_FAILED);
    assert_int_equal(oab_make_patch(content, content, (struct oab_cut[]){{7, 7}, {0, 0}}, 2, fileno(file)), OAB_FAILED);
    fclose(file);
}

/* Known answers: CRC-32 of "123456789" is 0xCBF43926 where it is inverted at the end. */
static void test_crc(void **state)
{
    assert_int_equal(oab_crc(OAB_CRC_START, BYTES_LITERAL("123456789")), ~0xCBF43926u);
    assert_int_equal(oab_crc(oab_crc(OAB_CRC_START, BYTES_LITERAL("1234")), BYTES_LITERAL("56789")), ~0xCBF43926u);
}

static void test_full_disk(void **state)
{
    struct buffer content = {0};
    fill(&content, 2 * BLOCK, 1, 1);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_int_equal(oab_compress(buffer_bytes(&content), LZX_COMPRESSED, fileno(full)), OAB_FAILED);
    fclose(full);
    buffer_free(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_comes_back_and_libmspack_agrees),
        cmocka_unit_test(test_blocks_keep_their_word),
        cmocka_unit_test(test_stored_blocks_of_others_are_read),
        cmocka_unit_test(test_damaged_files_are_refused),
        cmocka_unit_test(test_patches_make_the_next_file),
        cmocka_unit_test(test_patches_know_what_they_are_for),
        cmocka_unit_test(test_bad_cuts_are_refused),
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
