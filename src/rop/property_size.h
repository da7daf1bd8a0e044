/* How many bytes a value takes in a ROP answer, without its tag or flag (MS-OXCDATA 2.11). Restrictions and rule actions
 * count as nothing: they do not stand in rows. */
#pragma once
#include "wire/property_value.h"

size_t property_size(const struct property_value *value);
