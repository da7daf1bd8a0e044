/* One object opened for reading its properties: the row is read once for any number of tags. On the mailbox's strand.
 * Internal to the mailbox layer. */
#pragma once
#include "mailbox/handles.h"
#include "mailbox/properties.h"
#include "store/store.h"

struct reading {
    struct arena *arena;
    struct logon *logon;
    struct object object;
    uint32_t codepage;
    struct property_source source;
    struct store_message message; /* OBJECT_MESSAGE: the row, or what would be it */
    struct store_folder folder;
    struct store_attachment attachment;
};

uint32_t reading_open(struct arena *arena, struct logon *logon, struct object object, struct reading *ret_reading);
/* Computed or stored; FOUND_NOTHING where there is none. */
void reading_find(struct reading *reading, uint32_t tag, struct found_property *ret_found);
uint32_t reading_list(struct reading *reading, struct found_property **ret_found, uint32_t *ret_count);
bool object_is_computed(enum object_kind kind, uint16_t id);

/* The name under which the store keeps the properties of the logon itself. */
#define STORE_PROPERTIES_META "logon_properties"
