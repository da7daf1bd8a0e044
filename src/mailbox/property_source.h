/* Where an object's properties lie: unsaved ones in a bag, over the packed ones of the store. On the mailbox's strand.
 * Internal to the mailbox layer. */
#pragma once
#include "mailbox/property_bag.h"

struct property_source {
    const struct property_bag *bag; /* NULL: none */
    struct bytes packed;            /* empty: none */
};

enum found_kind { FOUND_NOTHING, FOUND_VALUE, FOUND_APART };
struct found_property {
    enum found_kind kind;
    struct property_value value; /* apart: the tag alone */
    struct bag_value *staged;    /* apart and unsaved */
    uint64_t value_id;           /* apart and saved */
    uint64_t size;               /* apart: bytes */
};

void source_find(struct arena *arena, const struct property_source *source, uint16_t id, struct found_property *ret_found);
/* All of them, ascending by id. */
uint32_t source_list(
    struct arena *arena, const struct property_source *source, struct found_property **ret_found, uint32_t *ret_count);
/* The whole value; EC_TOO_BIG when it is apart and larger than size_max. */
uint32_t source_load(struct arena *arena, struct mailbox *mailbox, const struct property_source *source,
    const struct found_property *found, size_t size_max, struct property_value *ret_value);
