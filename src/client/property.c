#include "client/property.h"
#include "base/text.h"
#include "protocol/property_tags.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_PAGE 1252u

static bool text_to_public(struct arena *arena, uint16_t type, struct bytes bytes, struct mapihttp_blob *ret_blob)
{
    struct bytes utf16 = type == PTYP_STRING8 ? text_utf16_of_codepage(arena, CODE_PAGE, bytes) : bytes;
    char *text = text_utf8_of_utf16(arena, utf16);
    if (!text)
        return false;
    *ret_blob = (struct mapihttp_blob){.data = text, .size = strlen(text)};
    return true;
}

static bool multiple_to_public(struct arena *arena, const struct property_value *value, struct mapihttp_property *property)
{
    uint16_t single = PROPERTY_TYPE(value->tag) & ~PTYP_MULTIPLE_FLAG;
    uint32_t count = value->multiple.count;
    property->multiple.count = count;
    if (single != PTYP_STRING && single != PTYP_STRING8 && single != PTYP_BINARY) {
        property->multiple.values = value->multiple.integer16; /* the same layout in both forms */
        return true;
    }
    struct mapihttp_blob *blobs = arena_array(arena, struct mapihttp_blob, count ? count : 1);
    if (!blobs)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct bytes bytes = value->multiple.bytes[i];
        if (single == PTYP_BINARY)
            blobs[i] = (struct mapihttp_blob){.data = bytes.data, .size = bytes.size};
        else if (!text_to_public(arena, single, bytes, &blobs[i]))
            return false;
    }
    property->multiple.values = blobs;
    return true;
}

bool property_to_public(struct arena *arena, const struct property_value *value, struct mapihttp_property *ret_property)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    struct mapihttp_property property = {.tag = value->tag};
    if ((type & ~PTYP_MULTIPLE_FLAG) == PTYP_STRING8)
        property.tag = PROPERTY_TAG(PROPERTY_ID(value->tag), (type & PTYP_MULTIPLE_FLAG) | PTYP_STRING);
    switch (type) {
    case PTYP_INTEGER16: property.integer16 = value->integer16; break;
    case PTYP_INTEGER32:
    case PTYP_ERROR_CODE: property.integer32 = value->integer32; break;
    case PTYP_FLOATING32: property.floating32 = value->floating32; break;
    case PTYP_FLOATING64:
    case PTYP_FLOATING_TIME: property.floating64 = value->floating64; break;
    case PTYP_CURRENCY:
    case PTYP_INTEGER64: property.integer64 = value->integer64; break;
    case PTYP_BOOLEAN: property.boolean = value->boolean; break;
    case PTYP_TIME: property.time = value->time; break;
    case PTYP_GUID: memcpy(property.guid, value->guid.data, sizeof property.guid); break;
    case PTYP_STRING:
    case PTYP_STRING8:
        if (!text_to_public(arena, type, value->bytes, &property.blob))
            return false;
        break;
    case PTYP_OBJECT:
    case PTYP_SERVER_ID:
    case PTYP_BINARY: property.blob = (struct mapihttp_blob){.data = value->bytes.data, .size = value->bytes.size}; break;
    default:
        if (type & PTYP_MULTIPLE_FLAG && !multiple_to_public(arena, value, &property))
            return false;
    }
    *ret_property = property;
    return true;
}

static bool blob_from_public(struct arena *arena, uint16_t type, struct mapihttp_blob blob, struct bytes *ret_bytes)
{
    struct bytes bytes = bytes_of(blob.data, blob.size);
    *ret_bytes = type == PTYP_STRING ? text_utf16_of_utf8(arena, bytes) : arena_bytes(arena, bytes);
    return ret_bytes->data || !blob.size;
}

static bool multiple_from_public(struct arena *arena, const struct mapihttp_property *property, struct property_value *value)
{
    uint16_t single = PROPERTY_TYPE(property->tag) & ~PTYP_MULTIPLE_FLAG;
    size_t count = property->multiple.count, width = 0;
    switch (single) {
    case PTYP_INTEGER16: width = 2; break;
    case PTYP_INTEGER32:
    case PTYP_FLOATING32: width = 4; break;
    case PTYP_FLOATING64:
    case PTYP_FLOATING_TIME:
    case PTYP_CURRENCY:
    case PTYP_INTEGER64:
    case PTYP_TIME: width = 8; break;
    case PTYP_GUID: width = 16; break;
    case PTYP_STRING:
    case PTYP_BINARY: break;
    default: return false;
    }
    if (count > UINT16_MAX)
        return false;
    value->multiple.count = (uint32_t)count;
    if (width) {
        value->multiple.integer16 = arena_copy(arena, property->multiple.values, count * width);
        return value->multiple.integer16 || !count;
    }
    const struct mapihttp_blob *blobs = property->multiple.values;
    struct bytes *bytes = arena_array(arena, struct bytes, count ? count : 1);
    for (size_t i = 0; bytes && i < count; i++)
        if (!blob_from_public(arena, single, blobs[i], &bytes[i]))
            return false;
    value->multiple.bytes = bytes;
    return bytes != NULL;
}

bool property_from_public(struct arena *arena, const struct mapihttp_property *property, struct property_value *ret_value)
{
    uint16_t type = PROPERTY_TYPE(property->tag);
    struct property_value value = {.tag = property->tag};
    switch (type) {
    case PTYP_INTEGER16: value.integer16 = property->integer16; break;
    case PTYP_INTEGER32: value.integer32 = property->integer32; break;
    case PTYP_FLOATING32: value.floating32 = property->floating32; break;
    case PTYP_FLOATING64:
    case PTYP_FLOATING_TIME: value.floating64 = property->floating64; break;
    case PTYP_CURRENCY:
    case PTYP_INTEGER64: value.integer64 = property->integer64; break;
    case PTYP_BOOLEAN: value.boolean = property->boolean; break;
    case PTYP_TIME: value.time = property->time; break;
    case PTYP_GUID: memcpy(value.guid.data, property->guid, sizeof value.guid.data); break;
    case PTYP_STRING:
    case PTYP_OBJECT:
    case PTYP_SERVER_ID:
    case PTYP_BINARY:
        if (!blob_from_public(arena, type, property->blob, &value.bytes))
            return false;
        break;
    default:
        if (!(type & PTYP_MULTIPLE_FLAG) || !multiple_from_public(arena, property, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

bool property_name_to_public(struct arena *arena, const struct property_name *name, struct mapihttp_property_name *ret_name)
{
    struct mapihttp_property_name made = {.lid = name->lid};
    memcpy(made.guid, name->guid.data, sizeof made.guid);
    if (name->kind == 1 && !(made.name = text_utf8_of_utf16(arena, name->name)))
        return false;
    *ret_name = made;
    return true;
}

bool property_name_from_public(struct arena *arena, const struct mapihttp_property_name *name, struct property_name *ret_name)
{
    struct property_name made = {.kind = name->name ? 1 : 0, .lid = name->name ? 0 : name->lid};
    memcpy(made.guid.data, name->guid, sizeof made.guid.data);
    if (name->name) {
        made.name = text_utf16_of_utf8(arena, bytes_of_string(name->name));
        if (!made.name.data)
            return false;
    }
    *ret_name = made;
    return true;
}

size_t property_wire_size(const struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag), single = type & ~PTYP_MULTIPLE_FLAG;
    if (!(type & PTYP_MULTIPLE_FLAG))
        return property_is_streamable(value->tag) || type == PTYP_SERVER_ID ? value->bytes.size + 8 : 24;
    size_t size = 12;
    for (uint32_t i = 0; i < value->multiple.count; i++)
        size += single == PTYP_STRING || single == PTYP_STRING8 || single == PTYP_BINARY ? value->multiple.bytes[i].size + 4 : 16;
    return size;
}

bool property_is_streamable(uint32_t tag)
{
    uint16_t type = PROPERTY_TYPE(tag);
    return type == PTYP_STRING || type == PTYP_STRING8 || type == PTYP_BINARY || type == PTYP_OBJECT;
}

const char *mapihttp_property_tag_name(uint32_t tag)
{
    return property_tag_name(tag);
}

uint32_t mapihttp_property_tag_parse(const char *text)
{
    char *end;
    if (!strncasecmp(text, "0x", 2)) {
        unsigned long tag = strtoul(text, &end, 16);
        return *end || tag > UINT32_MAX ? 0 : (uint32_t)tag;
    }
    uint32_t tag = property_tag_of_name(text);
    if (!tag) {
        char name[128];
        snprintf(name, sizeof name, "PidTag%s", text);
        tag = property_tag_of_name(name);
    }
    return tag;
}
