#include "cli/property_json.h"
#include "base/filetime.h"
#include "base/guid.h"
#include "cli/output.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static json_t *base64(const void *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = data;
    char *text = malloc((size + 2) / 3 * 4 + 1), *to = text;
    if (!text)
        return json_null();
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned long bits = (unsigned long)from[i] << 16 | (left > 1 ? (unsigned long)from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);
        *to++ = digits[bits >> 18 & 63];
        *to++ = digits[bits >> 12 & 63];
        *to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? digits[bits & 63] : '=';
    }
    *to = 0;
    json_t *object = json_pack("{s:s}", "base64", text);
    free(text);
    return object;
}

static json_t *guid_json(const uint8_t *data)
{
    struct guid guid;
    char text[GUID_TEXT_SIZE];
    memcpy(guid.data, data, sizeof guid.data);
    guid_format(guid, text);
    return json_string(text);
}

static json_t *time_json(uint64_t time)
{
    char text[FILETIME_TEXT_SIZE];
    filetime_format(time, text);
    return json_string(text);
}

static json_t *multiple_json(const struct mapihttp_property *property)
{
    json_t *array = json_array();
    uint16_t single = MAPIHTTP_TAG_TYPE(property->tag) & (uint16_t)~MAPIHTTP_TYPE_MULTIPLE;
    for (size_t i = 0; i < property->multiple.count; i++) {
        struct mapihttp_property one = {.tag = MAPIHTTP_TAG(MAPIHTTP_TAG_ID(property->tag), single)};
        const void *values = property->multiple.values;
        switch (single) {
        case MAPIHTTP_TYPE_INTEGER16: one.integer16 = ((const int16_t *)values)[i]; break;
        case MAPIHTTP_TYPE_INTEGER32: one.integer32 = ((const int32_t *)values)[i]; break;
        case MAPIHTTP_TYPE_FLOATING32: one.floating32 = ((const float *)values)[i]; break;
        case MAPIHTTP_TYPE_FLOATING64:
        case MAPIHTTP_TYPE_FLOATING_TIME: one.floating64 = ((const double *)values)[i]; break;
        case MAPIHTTP_TYPE_CURRENCY:
        case MAPIHTTP_TYPE_INTEGER64: one.integer64 = ((const int64_t *)values)[i]; break;
        case MAPIHTTP_TYPE_TIME: one.time = ((const uint64_t *)values)[i]; break;
        case MAPIHTTP_TYPE_GUID: memcpy(one.guid, (const uint8_t *)values + i * 16, 16); break;
        default: one.blob = ((const struct mapihttp_blob *)values)[i];
        }
        json_array_append_new(array, property_json(&one));
    }
    return array;
}

json_t *property_json(const struct mapihttp_property *property)
{
    char text[40];
    switch (MAPIHTTP_TAG_TYPE(property->tag)) {
    case MAPIHTTP_TYPE_INTEGER16: return json_integer(property->integer16);
    case MAPIHTTP_TYPE_INTEGER32: return json_integer(property->integer32);
    case MAPIHTTP_TYPE_FLOATING32: return json_real((double)property->floating32);
    case MAPIHTTP_TYPE_FLOATING64:
    case MAPIHTTP_TYPE_FLOATING_TIME: return json_real(property->floating64);
    case MAPIHTTP_TYPE_CURRENCY:
    case MAPIHTTP_TYPE_INTEGER64: return json_integer(property->integer64);
    case MAPIHTTP_TYPE_BOOLEAN: return json_boolean(property->boolean);
    case MAPIHTTP_TYPE_TIME: return time_json(property->time);
    case MAPIHTTP_TYPE_GUID: return guid_json(property->guid);
    case MAPIHTTP_TYPE_STRING: return output_string(property->blob.data ? property->blob.data : "");
    case MAPIHTTP_TYPE_ERROR: {
        const char *name = mapihttp_error_code_name((uint32_t)property->integer32);
        snprintf(text, sizeof text, "0x%08X", (unsigned)property->integer32);
        return json_pack("{s:s}", "error", name ? name : text);
    }
    default: break;
    }
    if (MAPIHTTP_TAG_TYPE(property->tag) & MAPIHTTP_TYPE_MULTIPLE)
        return multiple_json(property);
    return base64(property->blob.data, property->blob.size);
}

void property_title(const struct mapihttp_property *property, const struct mapihttp_property_name *name, char *text, size_t size)
{
    const char *known = name ? NULL : mapihttp_property_tag_name(property->tag);
    if (name && name->name)
        snprintf(text, size, "%s", name->name);
    else if (name)
        snprintf(text, size, "LID 0x%04X", name->lid);
    else if (known)
        snprintf(text, size, "%s", known);
    else
        snprintf(text, size, "0x%08X", property->tag);
}

json_t *property_json_row(const struct mapihttp_property *property, const struct mapihttp_property_name *name)
{
    char tag[16], title[300];
    snprintf(tag, sizeof tag, "0x%08X", property->tag);
    property_title(property, name, title, sizeof title);
    json_t *row = json_pack("{s:s, s:o, s:o}", "tag", tag, "name", output_string(title), "value", property_json(property));
    if (name) {
        json_object_set_new(row, "set", guid_json(name->guid));
        json_object_set_new(row, name->name ? "string" : "lid", name->name ? output_string(name->name) : json_integer(name->lid));
    }
    return row;
}

static bool parse_time(const char *text, uint64_t *ret_time)
{
    struct tm broken = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &broken);
    if (!end || *end) {
        broken = (struct tm){0};
        end = strptime(text, "%Y-%m-%d", &broken);
    }
    if (!end || *end)
        return false;
    *ret_time = filetime_of_unix(timegm(&broken));
    return true;
}

bool property_parse(uint32_t tag, const char *text, struct mapihttp_property *ret_property)
{
    struct mapihttp_property property = {.tag = tag};
    char *end = NULL;
    switch (MAPIHTTP_TAG_TYPE(tag)) {
    case MAPIHTTP_TYPE_INTEGER16: property.integer16 = (int16_t)strtol(text, &end, 0); break;
    case MAPIHTTP_TYPE_INTEGER32: property.integer32 = (int32_t)strtoll(text, &end, 0); break;
    case MAPIHTTP_TYPE_INTEGER64: property.integer64 = strtoll(text, &end, 0); break;
    case MAPIHTTP_TYPE_FLOATING64: property.floating64 = strtod(text, &end); break;
    case MAPIHTTP_TYPE_BOOLEAN:
        property.boolean = !strcasecmp(text, "true") || !strcasecmp(text, "yes") || !strcmp(text, "1");
        if (!property.boolean && strcasecmp(text, "false") && strcasecmp(text, "no") && strcmp(text, "0"))
            return false;
        break;
    case MAPIHTTP_TYPE_TIME:
        if (!parse_time(text, &property.time))
            return false;
        break;
    case MAPIHTTP_TYPE_STRING: property.blob = (struct mapihttp_blob){.data = text, .size = strlen(text)}; break;
    default: return false;
    }
    if (end && (end == text || *end))
        return false;
    *ret_property = property;
    return true;
}
