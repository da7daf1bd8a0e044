/* Tables of the pages of /admin/ as CSV: all properties of all objects, as they are and not as they are shown. */
#include <stdio.h>
#include <stdlib.h>

#include "base/csv_writer.h"
#include "server/admin_site_view.h"

/* The names of the properties in the order in which objects bring them. */
static json_t *names_of(const json_t *rows)
{
    json_t *names = json_object(), *row, *value;
    const char *name;
    size_t i;
    json_array_foreach((json_t *)rows, i, row)
        json_object_foreach(row, name, value)
            json_object_set_new(names, name, json_true());
    return names;
}

static void write_cell(struct buffer *output, bool first, const json_t *value)
{
    char digits[64];
    char *dump = NULL;
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING: csv_writer_text(output, &CSV_STYLE_SPREADSHEET, first, json_string_value(value)); break;
    case JSON_TRUE: csv_writer_text(output, &CSV_STYLE_SPREADSHEET, first, "True"); break;
    case JSON_FALSE: csv_writer_text(output, &CSV_STYLE_SPREADSHEET, first, "False"); break;
    case JSON_NULL: csv_writer_text(output, &CSV_STYLE_SPREADSHEET, first, ""); break;
    case JSON_INTEGER:
        snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        csv_writer_number(output, &CSV_STYLE_SPREADSHEET, first, digits);
        break;
    case JSON_REAL:
        snprintf(digits, sizeof digits, "%.10g", json_real_value(value));
        csv_writer_number(output, &CSV_STYLE_SPREADSHEET, first, digits);
        break;
    default:
        dump = json_dumps(value, JSON_COMPACT);
        csv_writer_text(output, &CSV_STYLE_SPREADSHEET, first, dump ? dump : "");
        free(dump);
    }
}

void site_csv(struct buffer *output, const json_t *rows)
{
    json_t *names = names_of(rows), *row, *ignored;
    const char *name;
    size_t i;
    bool first = true;
    buffer_append_string(output, "\xEF\xBB\xBF"); /* without it spreadsheets take it for their machine's old code page */
    json_object_foreach(names, name, ignored) {
        csv_writer_text(output, &CSV_STYLE_SPREADSHEET, first, name);
        first = false;
    }
    csv_writer_end_line(output, &CSV_STYLE_SPREADSHEET);
    json_array_foreach((json_t *)rows, i, row) {
        first = true;
        json_object_foreach(names, name, ignored) {
            write_cell(output, first, json_object_get(row, name));
            first = false;
        }
        csv_writer_end_line(output, &CSV_STYLE_SPREADSHEET);
    }
    json_decref(names);
}
