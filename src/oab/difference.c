#include "oab/difference.h"

#include <stdlib.h>
#include <string.h>

#define OAB_HDR_SIZE 12u
#define OBJECT_GUID_TAG 0x8C6D0102u

/* --- cuts --- */

struct cutter {
    struct oab_cuts cuts;
    struct oab_cut open;
    bool failed;
};

static void close_cut(struct cutter *cutter)
{
    struct oab_cuts *cuts = &cutter->cuts;
    if (cuts->count == cuts->capacity) {
        uint32_t capacity = cuts->capacity ? 2 * cuts->capacity : 64;
        struct oab_cut *grown = realloc(cuts->cuts, capacity * sizeof *grown);
        if (!grown) {
            cutter->failed = true;
            return;
        }
        cuts->cuts = grown;
        cuts->capacity = capacity;
    }
    cuts->cuts[cuts->count++] = cutter->open;
    cutter->open = (struct oab_cut){0};
}

static void add_new(struct cutter *cutter, size_t size)
{
    while (size && !cutter->failed) {
        size_t part = OAB_CONTENT_SIZE_MAX - cutter->open.new_size;
        part = size < part ? size : part;
        cutter->open.new_size += (uint32_t)part;
        size -= part;
        if (size)
            close_cut(cutter);
    }
}

/* What is gone and what stays the same goes along with what stands before it. */
static void add(struct cutter *cutter, size_t old_size, size_t new_size)
{
    bool full = old_size > OAB_CONTENT_SIZE_MAX - cutter->open.old_size || new_size > OAB_CONTENT_SIZE_MAX - cutter->open.new_size;
    if (full && cutter->open.new_size)
        close_cut(cutter);
    if (old_size > OAB_CONTENT_SIZE_MAX - cutter->open.old_size) {
        cutter->failed = true; /* a part must make something of the new file */
        return;
    }
    cutter->open.old_size += (uint32_t)old_size;
    add_new(cutter, new_size);
}

/* --- the two files, entry by entry --- */

struct side {
    struct oab_details details;
    struct arena arena;
    uint32_t key_index;
    uint32_t left;  /* entries */
    size_t offset;  /* behind the current one */
    size_t size;    /* of the current one */
    uint8_t key[16];
};

static enum oab_status next_entry(struct side *side)
{
    const struct oab_value *values;
    size_t begin = side->offset;
    side->size = 0;
    if (side->left == 0)
        return OAB_OK;
    side->left--;
    arena_reset(&side->arena);
    enum oab_status status = oab_details_read(&side->arena, &side->details, &side->offset, &values);
    if (status != OAB_OK)
        return status;
    side->size = side->offset - begin;
    memset(side->key, 0, sizeof side->key);
    const struct oab_value *key = side->key_index < side->details.property_count ? &values[side->key_index] : NULL;
    if (key && key->present && key->items && key->items[0].size == sizeof side->key)
        memcpy(side->key, key->items[0].data, sizeof side->key);
    return OAB_OK;
}

static enum oab_status open_side(struct arena *arena, struct bytes file, struct side *side)
{
    enum oab_status status = oab_details_open(arena, file, &side->details);
    if (status != OAB_OK)
        return status;
    side->key_index = oab_details_find(&side->details, OBJECT_GUID_TAG);
    side->left = side->details.record_count;
    side->offset = side->details.header_end;
    return next_entry(side);
}

static enum oab_status walk(struct side *old_side, struct side *new_side, struct cutter *cutter)
{
    enum oab_status status = OAB_OK;
    add(cutter, old_side->details.header_end, new_side->details.header_end);
    while ((old_side->size || new_side->size) && status == OAB_OK && !cutter->failed) {
        int order = !new_side->size ? -1 : !old_side->size ? 1 : memcmp(old_side->key, new_side->key, sizeof old_side->key);
        bool old_moves = order <= 0, new_moves = order >= 0;
        add(cutter, old_moves ? old_side->size : 0, new_moves ? new_side->size : 0);
        if (old_moves)
            status = next_entry(old_side);
        if (new_moves && status == OAB_OK)
            status = next_entry(new_side);
    }
    if (cutter->open.new_size)
        close_cut(cutter);
    return status;
}

enum oab_status oab_cut_files(struct bytes old_file, struct bytes new_file, struct oab_cuts *ret_cuts)
{
    struct arena arena = {0};
    struct side old_side = {.left = 0}, new_side = {.left = 0};
    struct cutter cutter = {.failed = false};
    enum oab_status status = open_side(&arena, old_file, &old_side);
    if (status == OAB_OK)
        status = open_side(&arena, new_file, &new_side);
    if (status == OAB_OK)
        status = walk(&old_side, &new_side, &cutter);
    arena_free(&old_side.arena);
    arena_free(&new_side.arena);
    arena_free(&arena);
    if (status == OAB_OK && cutter.failed)
        status = OAB_MALFORMED;
    if (status == OAB_OK)
        *ret_cuts = cutter.cuts;
    else
        free(cutter.cuts.cuts);
    return status;
}

/* --- sameness --- */

bool oab_details_same(struct bytes a, struct bytes b)
{
    struct arena arena = {0};
    struct oab_details first, second;
    bool same = oab_details_open(&arena, a, &first) == OAB_OK && oab_details_open(&arena, b, &second) == OAB_OK
        && first.record_count == second.record_count && first.header_start == second.header_start
        && a.size - first.header_end == b.size - second.header_end && strcmp(first.name, second.name) == 0
        && strcmp(first.dn, second.dn) == 0 && strcmp(first.container, second.container) == 0
        && memcmp(a.data + OAB_HDR_SIZE, b.data + OAB_HDR_SIZE, first.header_start - OAB_HDR_SIZE) == 0
        && memcmp(a.data + first.header_end, b.data + second.header_end, a.size - first.header_end) == 0;
    arena_free(&arena);
    return same;
}
