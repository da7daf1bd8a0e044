/* Property rows in memory (MS-OXCDATA 2.8.1): a table's row or an answer to a list of property tags. What a row points to
 * belongs to whoever made it. */
#pragma once
#include "wire/property_value.h"

/* values[i] belongs to column i. A value's type may differ from its column's in three ways: PTYP_ERROR_CODE says why there is
 * no value, PTYP_UNSPECIFIED says that there is none, and over a column of PTYP_UNSPECIFIED it is the real type. The encoder
 * writes a flagged row where one of the first two occurs. */
struct property_row {
    uint32_t count;
    uint8_t flag;     /* as decoded: 0 standard, 1 flagged; an encoder sets 1 by itself where it must */
    const struct property_value *values;
    struct bytes raw; /* instead of values: a row decoded without known columns */
};
