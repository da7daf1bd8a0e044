/* How people of a language compare and sort names: ICU's collators behind Windows locale numbers (MS-OXNSPI 3.1.4.3.5.1). Names
 * are compared without regard to case, accents, width and kana; what still differs decides only between names that are equal
 * so. The default locale, 0x409, heeds punctuation; the others do not (MS-OXNSPI 2.2.1.6).
 *
 * A collation never changes: any thread. Opening one costs some ten microseconds once ICU has the language's data. */
#pragma once
#include "base/bytes.h"

struct text_collation;

#define TEXT_COLLATION_NAME_SIZE 96
#define TEXT_COLLATION_DEFAULT_LCID 0x00000409u
/* The collation that serves an LCID, by name: locales that sort alike have the same one. Unknown LCIDs get that of 0x409. */
void text_collation_name(uint32_t lcid, char ret_name[TEXT_COLLATION_NAME_SIZE]);
/* NULL without memory. */
struct text_collation *text_collation_open(const char *name);
/* For matching in any language: ignores punctuation and blanks too. */
struct text_collation *text_collation_open_for_matching(void);
void text_collation_close(struct text_collation *collation);

/* Appends the key by which a text is matched: equal keys are equal names, and the key of a beginning of a text is the beginning
 * of its key. No byte of it is below 2. False without memory. The texts: UTF-8; UTF-16LE without terminator. */
bool text_collation_match_key(const struct text_collation *collation, struct bytes utf8, struct buffer *key);
bool text_collation_match_key_utf16(const struct text_collation *collation, struct bytes utf16, struct buffer *key);
/* Appends the key by which a text is sorted, in memory order: the match key, then a byte 1 and what decides between equals. */
bool text_collation_sort_key(const struct text_collation *collation, struct bytes utf8, struct buffer *key);

/* Looks for a text inside others, compared as by match keys. Used by one thread. NULL without memory or for an empty text. */
struct text_search;
struct text_search *text_search_open(const struct text_collation *collation, struct bytes utf8);
bool text_search_found(struct text_search *search, struct bytes utf16);
void text_search_close(struct text_search *search);
