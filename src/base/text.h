/* Text: UTF-8, UTF-16LE and code pages. UTF-16 stands in 'struct bytes' as little-endian bytes without a terminator, the
 * form in which the wire and the store have PtypString. Results are allocated in the arena; NULL data means no memory. */
#pragma once
#include "base/arena.h"

/* Malformed input becomes U+FFFD, never an error: mail must get through. */
struct bytes text_utf16_of_utf8(struct arena *arena, struct bytes utf8);
char *text_utf8_of_utf16(struct arena *arena, struct bytes utf16); /* NUL-terminated */
/* Windows code page numbers (1252, 65001, 1200 ...). What the target cannot say becomes '?'; an unknown code page is
 * taken as 1252. */
struct bytes text_utf16_of_codepage(struct arena *arena, uint32_t codepage, struct bytes text);
struct bytes text_codepage_of_utf16(struct arena *arena, uint32_t codepage, struct bytes utf16);
/* Whether the code page can be converted at all (for ecUnknownCodePage). */
bool text_codepage_known(uint32_t codepage);
/* Appends instead of allocating. */
bool text_append_utf8_of_utf16(struct buffer *buffer, struct bytes utf16);
bool text_append_utf16_of_utf8(struct buffer *buffer, struct bytes utf8);
/* ASCII only, any locale. */
bool text_equal_ignoring_case(const char *a, const char *b);
bool text_has_prefix_ignoring_case(const char *text, const char *prefix);
