/* The generated rows behind protocol/property_tags.h; for src/protocol only. */
#pragma once
#include <stdint.h>

struct property_tag_row {
    uint32_t tag;
    const char *name;
    const char *other_names; /* separated by '|' */
};

/* By tag. */
extern const struct property_tag_row property_tag_rows[];
extern const uint32_t property_tag_row_count;
