/* Attributes as lines of text, the form in which the embedded directory keeps them: 'name: value' in order of attribute, several
 * values of one attribute on lines of their own; backslash, line feed and carriage return in a value are written \\, \n and \r.
 * References and large values are not among them. No state, any thread. */
#pragma once
#include "directory/directory.h"

/* Values and their items point into a copy of the text in the arena. Lines of unknown attributes (of a later version) are left
 * out. 'spare' further values fit behind '*ret_values'. False without memory. */
bool attribute_lines_read(struct arena *arena, struct bytes text, uint32_t spare, uint32_t *ret_count,
                          struct directory_value **ret_values);
/* Appends the lines of 'values' (in order of attribute), then those of 'old_text' whose attributes are unknown. */
bool attribute_lines_write(struct buffer *buffer, uint32_t count, const struct directory_value *values, struct bytes old_text);
