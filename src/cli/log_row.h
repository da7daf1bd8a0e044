/* Lines of the CSV logs (docs/logs.md), ours or Exchange's: '#Fields:' lines and rows. A line comes from outside: anything may stand in it. One
 * thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define LOG_FIELDS_MAX 256u
#define LOG_LINE_SIZE_MAX 65536u /* longer ones are no rows */

struct log_fields {
    unsigned count;
    unsigned generation; /* of a log's fields: another number, other fields */
    char *names[LOG_FIELDS_MAX]; /* into 'text' */
    char *text;
};

struct log_row {
    unsigned count;
    char *cells[LOG_FIELDS_MAX]; /* into 'text', quotes undone, the apostrophe before formulas taken away */
    char *text;
};

/* Of a '#Fields: a,b,c' line (without its end). False: it is none, or not well formed; *ret_fields is untouched. Free with log_fields_free. */
bool log_fields_read(const char *line, size_t size, struct log_fields *ret_fields);
void log_fields_free(struct log_fields *fields);
/* One row, without its line end. False: not well formed CSV, a NUL in it, or not as many cells as fields. Free with log_row_free. */
bool log_row_read(const struct log_fields *fields, const char *line, size_t size, struct log_row *ret_row);
void log_row_free(struct log_row *row);
/* The number of a field, without regard to case, dashes and underscores; -1. */
int log_field_find(const struct log_fields *fields, const char *name);
/* The cell of the first field of these names (ended by NULL) that there is; "" for none. */
const char *log_row_cell(const struct log_fields *fields, const struct log_row *row, const char *const *names);
