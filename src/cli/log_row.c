#include "cli/log_row.h"
#include "base/csv_writer.h"
#include <csv.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MARK "#Fields:"

/* Cells one behind the other, each with its NUL, in memory that is as large as the line can need. */
struct collector {
    char **cells;
    char *text;
    size_t used;
    unsigned count;
    unsigned row_count;
    bool failed;
};

static void take_cell(void *value, size_t size, void *data)
{
    struct collector *collector = data;
    if (collector->count == LOG_FIELDS_MAX || collector->row_count || (size && memchr(value, 0, size))) {
        collector->failed = true;
        return;
    }
    char *cell = collector->text + collector->used;
    if (size)
        memcpy(cell, value, size);
    cell[size] = 0;
    collector->used += size + 1;
    collector->cells[collector->count++] = cell;
}

static void take_end(int end, void *data)
{
    struct collector *collector = data;
    collector->row_count++;
}

/* All cells of a line; false with nothing to be freed. */
static bool split(const char *line, size_t size, char **cells, unsigned *ret_count, char **ret_text)
{
    struct csv_parser parser;
    /* A cell is no longer than its piece of the line, and there is a comma for each NUL but the last; one more for an empty line. */
    struct collector collector = {.cells = cells, .text = size <= LOG_LINE_SIZE_MAX ? malloc(size + 2) : NULL};
    if (!collector.text)
        return false;
    bool good = !csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL);
    if (good) {
        good = csv_parse(&parser, line, size, take_cell, take_end, &collector) == size && !csv_fini(&parser, take_cell, take_end, &collector) &&
               !collector.failed && collector.count;
        csv_free(&parser);
    }
    if (!good) {
        free(collector.text);
        return false;
    }
    *ret_count = collector.count;
    *ret_text = collector.text;
    return true;
}

bool log_fields_read(const char *line, size_t size, struct log_fields *ret_fields)
{
    struct log_fields fields = {0};
    size_t mark = strlen(FIELDS_MARK);
    if (size < mark || strncasecmp(line, FIELDS_MARK, mark))
        return false;
    while (mark < size && line[mark] == ' ')
        mark++;
    if (!split(line + mark, size - mark, fields.names, &fields.count, &fields.text))
        return false;
    *ret_fields = fields;
    return true;
}

void log_fields_free(struct log_fields *fields)
{
    free(fields->text);
    *fields = (struct log_fields){0};
}

bool log_row_read(const struct log_fields *fields, const char *line, size_t size, struct log_row *ret_row)
{
    struct log_row row = {0};
    if (!split(line, size, row.cells, &row.count, &row.text))
        return false;
    if (row.count != fields->count) {
        free(row.text);
        return false;
    }
    for (unsigned i = 0; i < row.count; i++)
        row.cells[i] += csv_writer_text_of_cell(row.cells[i]) - row.cells[i];
    *ret_row = row;
    return true;
}

void log_row_free(struct log_row *row)
{
    free(row->text);
    *row = (struct log_row){0};
}

static bool same_name(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, "-_");
        b += strspn(b, "-_");
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

int log_field_find(const struct log_fields *fields, const char *name)
{
    for (unsigned i = 0; i < fields->count; i++)
        if (same_name(fields->names[i], name))
            return (int)i;
    return -1;
}

const char *log_row_cell(const struct log_fields *fields, const struct log_row *row, const char *const *names)
{
    for (; *names; names++) {
        int index = log_field_find(fields, *names);
        if (index >= 0 && (unsigned)index < row->count)
            return row->cells[index];
    }
    return "";
}
