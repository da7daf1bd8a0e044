/* Property values as text for people: one line, UTF-8, control characters escaped. Nothing here can be read back. Any thread. */
#pragma once
#include "wire/property_value.h"

#define VALUE_TEXT_BYTES_MAX 64u     /* of a binary value that are shown */
#define VALUE_TEXT_STRING_MAX 2048u  /* of a string, in input bytes */

void value_text_append(struct buffer *text, const struct property_value *value);
void value_text_append_string(struct buffer *text, struct bytes utf16);
void value_text_append_string8(struct buffer *text, struct bytes string);
void value_text_append_bytes(struct buffer *text, struct bytes bytes, size_t shown_max);
