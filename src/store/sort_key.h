/* Keys whose byte order (memcmp, shorter first) is the order of the values: what views are sorted by and what the mailbox
 * compares rows and names with, so that both always agree.
 *
 * Order of values: none at all first; numbers and times by value; false before true; texts as people of no particular
 * language expect them (Unicode root collation through ICU, accents count, case does not); binaries, GUIDs and entry ids by
 * bytes; multiple values by their first element. Texts and binaries count with their first SORT_KEY_TEXT_SIZE_MAX key bytes;
 * what is equal so far stands in message id order.
 *
 * A collator belongs to one thread at a time. */
#pragma once
#include "wire/property_value.h"

#define SORT_KEY_TEXT_SIZE_MAX 128u

struct collator;
struct collator *collator_open(void); /* NULL without memory */
void collator_close(struct collator *collator); /* NULL is allowed */

/* Appends the key of one value (NULL: the row has none); several columns' keys one after the other are the key of their
 * combination. False when the buffer failed. */
bool sort_key_append(struct buffer *key, struct collator *collator, const struct property_value *value, bool descending);
/* The whole key of a UTF-16LE text without cap or framing: equal for texts that differ in case only. */
bool sort_key_append_text(struct buffer *key, struct collator *collator, struct bytes text);
