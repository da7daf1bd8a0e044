/* Properties as JSON and as a line of text. */
#pragma once
#include <jansson.h>
#include <mapihttp/mapihttp.h>

/* The value: strings, numbers, true or false, times as '2026-08-01T20:29:56Z', GUIDs as text, binaries as {"base64": ...},
 * multiple values as arrays, an error as {"error": "NotFound"}. */
json_t *property_json(const struct mapihttp_property *property);
/* {"tag": "0x0037001F", "name": "PidTagSubject", "value": ...}; a named one has "set" (GUID) and "lid" or "string". */
json_t *property_json_row(const struct mapihttp_property *property, const struct mapihttp_property_name *name);
/* 'PidTagSubject', or the named property's name, or the tag. */
void property_title(const struct mapihttp_property *property, const struct mapihttp_property_name *name, char *text, size_t size);
/* Reads a value written as text for the tag's type: numbers, true or false, times, text. False when it does not fit. The string
 * is borrowed. */
bool property_parse(uint32_t tag, const char *text, struct mapihttp_property *ret_property);
