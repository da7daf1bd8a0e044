/* What commands print: rows of JSON objects, shown as a table for people or as they are with --json. Text from a mailbox is
 * shown without control characters, so that a subject cannot steer a terminal. One thread. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

struct output_column {
    const char *key;   /* of the rows' objects */
    const char *title;
    bool right;        /* numbers */
};

/* Prints an array of objects: as JSON (an array, one object a line) or as a table with a head line, columns as wide as they
 * need to be. Strings, integers, reals and booleans are shown. False when standard output failed. */
bool output_rows(const json_t *rows, const struct output_column *columns, size_t column_count, bool as_json);
/* One object as 'Title  value' lines, or as JSON. */
bool output_object(const json_t *object, const struct output_column *columns, size_t column_count, bool as_json);
/* A cell of a table, filled up to 'width' (on the left for 'right'), and what parts it from the next one: two blanks, or the line's end. */
void output_cell(const char *text, size_t width, bool right, bool last);
/* A line of JSON at once, for events. */
bool output_line(const json_t *object);
/* Prints text with control characters shown as U+FFFD; tabs and line feeds stay where 'lines' is set. */
void output_text(const char *utf8, bool lines);
/* A string object even where the bytes are not UTF-8. */
json_t *output_string(const char *utf8);
