/* Objects as a table for people. Columns are as wide as the first rows need; on a terminal the widest give way until a row fits. One
 * thread. */
#pragma once
#include "cli/object_output.h"

#define OBJECT_TABLE_ROWS_HELD 500u   /* rows by which the widths are decided; those that follow are cut or jut out */
#define OBJECT_TABLE_COLUMNS_MAX 64u

struct object_table;

/* The settings and their columns are borrowed until the end; the columns may be patterns there, and none: properties of the first object. */
struct object_table *object_table_new(FILE *file, const struct object_output_settings *settings);
/* Borrows the object; false without memory. */
bool object_table_put(struct object_table *table, const json_t *object);
/* Prints what is held, and frees. */
bool object_table_end(struct object_table *table);

/* Bytes of the character at 'text' (of malformed UTF-8 what there is of it), and whether it would steer a terminal. */
size_t object_table_character(const char *text, bool *ret_control);
/* Terminal columns of a text, near enough. */
size_t object_table_width(const char *utf8);
/* A text without control characters, filled up with blanks to 'width' on the right; NULL is "". */
void object_table_text(FILE *file, const char *utf8, size_t width);
