/* Patterns as administrators type them: * for any characters, ? for one, [a-f] for one of a set, ` before a character that means itself; without
 * regard to the case of ASCII letters. No state, any thread. */
#pragma once
#include <stdbool.h>

/* Whether the pattern fits all of the text. Time grows with the product of their sizes at most. */
bool wildcard_fits(const char *pattern, const char *text);
/* Whether there is anything in it that is not plain text. */
bool wildcard_is_pattern(const char *text);
