/* What is the same for every backend about the content of objects: recipients inside packed properties, whole values
 * wherever they are kept. */
#pragma once
#include "store/store.h"

/* The recipients as one value: count u32, then for each a size u32 and its packed properties. */
bool content_write_recipients(struct buffer *packed, const struct property_list *recipients, uint32_t count);
bool content_read_recipients(struct arena *arena, struct bytes packed, const struct property_list **ret_recipients,
    uint32_t *ret_count);
