/* Properties of objects that go through the command: found without regard to case, and as text for people. No state. */
#pragma once
#include <jansson.h>

#include "base/bytes.h"

/* By name, without regard to case; 'A.B' goes into an object's object. A list has Count, a text Length. NULL: it has none (JSON null is a
 * value). The name as the object spells it goes to *ret_spelling where that is not NULL. Borrowed: lives until the object changes. A
 * text instead of an object has no properties. */
const json_t *object_property(const json_t *object, const char *name, const char **ret_spelling);
/* 'True', 'a' for "a"; "" for null and absent; items with 'separator' between them; objects as JSON. */
void object_append_text(struct buffer *buffer, const json_t *value, const char *separator);
/* -1, 0, 1: numbers by value, also where both are texts of numbers; times by time; other texts without regard to the case of any letter;
 * absent and null before all others. */
int object_compare(const json_t *a, const json_t *b);
int object_compare_texts(const char *a, const char *b);
/* Whether both are times, and one as operations write them. */
bool object_are_times(const json_t *a, const json_t *b);
/* A number, or a text that is one and nothing else ('12', '-1.5', '10MB'). */
bool object_number(const json_t *value, double *ret_number);
