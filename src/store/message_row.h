/* What a message row says beside its packed properties: the properties that are kept in columns of their own because they
 * change or are counted apart from the content. Thread-safe. */
#pragma once
#include "store/store.h"

/* The value of property 'property_id' of a row: computed from its members, or found in its packed properties. A value that
 * is kept apart counts as absent here. The arena serves multiple values. */
bool message_row_property(struct arena *arena, const struct store_message *row, uint16_t property_id,
    struct property_value *ret_value);
/* Only those from the members, by id: size, flags, read, has attachments, status, ids, change number, commit time. */
bool message_row_computed(const struct store_message *row, uint16_t property_id, struct property_value *ret_value);
/* Whether the read state decides the property, so that a view by it moves when a message is read. */
bool message_row_is_read_state(uint16_t property_id);
