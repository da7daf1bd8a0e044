#include "rop/property_size.h"

static size_t sized(uint16_t type, struct bytes bytes)
{
    return bytes.size + (type == PTYP_STRING8 ? 1 : 2); /* a terminator or a count in front */
}

size_t property_size(const struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    size_t size = property_type_fixed_size(type);
    if (size)
        return type & PTYP_MULTIPLE_FLAG ? 4 + value->multiple.count * size : size;
    switch (type) {
    case PTYP_STRING8:
    case PTYP_STRING:
    case PTYP_BINARY:
    case PTYP_SERVER_ID:
    case PTYP_OBJECT:
        return sized(type, value->bytes);
    case PTYP_MULTIPLE_STRING8:
    case PTYP_MULTIPLE_STRING:
    case PTYP_MULTIPLE_BINARY:
        size = 4;
        for (uint32_t i = 0; i < value->multiple.count; i++)
            size += sized(type & ~PTYP_MULTIPLE_FLAG, value->multiple.bytes[i]);
        return size;
    default:
        return type & PTYP_MULTIPLE_FLAG ? 4 : 0;
    }
}
