/* Where a property's value comes from, before it takes the type that a client asked for. */
#pragma once
#include "nspi/property.h"

enum source_kind {
    SOURCE_NONE,
    SOURCE_TEXT,      /* native type PtypString */
    SOURCE_TEXTS,     /* PtypMultipleString */
    SOURCE_NUMBER,    /* PtypInteger32 */
    SOURCE_BOOLEAN,
    SOURCE_BINARY,
    SOURCE_BINARIES,  /* PtypMultipleBinary */
    SOURCE_TIME,
    /* A table of entries (PtypEmbeddedTable): 'texts' has their DNs, which is what is given where strings are asked for. */
    SOURCE_OBJECT,
};
struct source {
    enum source_kind kind;
    union {
        uint32_t number; /* also of BOOLEAN */
        uint64_t time;
    };
    uint32_t count;            /* of texts or binaries; may be 0 for OBJECT */
    const struct bytes *items; /* texts in UTF-8, or bytes; NULL: 'item' */
    struct bytes item;
    bool failed;               /* no memory */
};

/* A property computed for this entry; false for an id that no computation gives, which then may be an
 * attribute's. SOURCE_NONE: this entry has none. */
bool nspi_computed_property(struct nspi_call *call, const struct nspi_view *view, uint32_t index, uint16_t id,
                            struct source *ret_source);
/* Ids with their native types, for the list of all properties. */
extern const uint32_t nspi_computed_tags[];
extern const uint32_t nspi_computed_tag_count;
