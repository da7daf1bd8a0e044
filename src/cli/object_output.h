/* Objects on their way out of the command: a table or a list for people, lines of JSON for the next stage of a pipe, JSON, CSV. What
 * comes from mailboxes is shown without control characters. One thread. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/csv_writer.h"
#include "operation/operation.h"

enum object_form {
    OBJECT_FORM_STANDARD, /* lines of JSON where a pipe takes them; a table, or a list where there are no columns, for people */
    OBJECT_FORM_TABLE,
    OBJECT_FORM_LIST,
    OBJECT_FORM_LINES,
    OBJECT_FORM_JSON,     /* one array */
    OBJECT_FORM_CSV,
};

struct object_output_settings {
    enum object_form form;
    const struct operation_column *columns; /* of a table; ended by a NULL name; NULL: all properties of the first object */
    bool properties_wild;   /* the columns' names are patterns, taken from the first object that comes (Format-Table A*) */
    bool mark_empty;        /* LINES without any object are one empty line, so that the next stage knows of the pipe */
    bool no_head;           /* a table without its head line */
    bool wrapped;           /* long cells are not cut to the terminal's width */
};

struct object_output;

/* NULL without memory. The file and the columns are borrowed until the end. */
struct object_output *object_output_new(FILE *file, const struct object_output_settings *settings);
/* Appends a line of CSV: the named properties, lists joined by ";". */
void object_append_csv(struct buffer *line, const struct csv_style *style, const json_t *object, size_t name_count, char *const *names);
/* Takes the object over. False when the file cannot be written. */
bool object_output_put(struct object_output *output, json_t *object);
/* What comes out is text that the operation writes itself: no mark of emptiness. */
void object_output_quiet(struct object_output *output, bool quiet);
/* Writes what is still held, and frees. False when the file could not be written whole. NULL is all right. */
bool object_output_end(struct object_output *output);
