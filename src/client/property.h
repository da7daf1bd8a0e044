/* Property values of the public form (UTF-8) and of the inner one (UTF-16LE), each made from the other in an arena. */
#pragma once
#include "base/arena.h"
#include "wire/property_value.h"
#include <mapihttp/property.h>

/* False without memory. A PtypString8 becomes a string; types that the public form does not have become binary. */
bool property_to_public(struct arena *arena, const struct property_value *value, struct mapihttp_property *ret_property);
/* False without memory or for a type that cannot be sent. */
bool property_from_public(struct arena *arena, const struct mapihttp_property *property, struct property_value *ret_value);
bool property_name_to_public(struct arena *arena, const struct property_name *name, struct mapihttp_property_name *ret_name);
bool property_name_from_public(struct arena *arena, const struct mapihttp_property_name *name, struct property_name *ret_name);
/* About how many bytes the value takes in a ROP buffer. */
size_t property_wire_size(const struct property_value *value);
/* Whether the value can go through a stream (MS-OXCPRPT 2.2.14): one string or binary. */
bool property_is_streamable(uint32_t tag);
