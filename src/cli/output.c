#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/object_table.h"

#define REAL_DIGITS JSON_REAL_PRECISION(12) /* 7.356, not 7.3559999999999999 */

static void text_of(const json_t *value, char *text, size_t size)
{
    if (json_is_string(value))
        snprintf(text, size, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(text, size, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, size, "%.1f", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, size, "%s", json_is_true(value) ? "yes" : "no");
    else
        snprintf(text, size, "%s", "");
    /* A cut in the middle of a character would be no UTF-8 any more. */
    size_t length = strlen(text);
    if (length == size - 1)
        while (length && ((unsigned char)text[length - 1] & 0x80)) {
            bool start = ((unsigned char)text[length - 1] & 0xC0) == 0xC0;
            text[--length] = 0;
            if (start)
                break;
        }
}

void output_text(const char *utf8, bool lines)
{
    bool control;
    for (size_t size; *utf8; utf8 += size) {
        size = object_table_character(utf8, &control);
        if (!control || (lines && (*utf8 == '\n' || *utf8 == '\t')))
            fwrite(utf8, 1, size, stdout);
        else if (!(lines && *utf8 == '\r' && utf8[1] == '\n'))
            fputs("\xEF\xBF\xBD", stdout);
    }
}

void output_cell(const char *text, size_t width, bool right, bool last)
{
    size_t own = object_table_width(text), padding = width > own ? width - own : 0;
    for (size_t i = 0; right && i < padding; i++)
        putchar(' ');
    output_text(text, false);
    for (size_t i = 0; !right && !last && i < padding; i++)
        putchar(' ');
    fputs(last ? "\n" : "  ", stdout);
}

static bool flushed(void)
{
    return !fflush(stdout) && !ferror(stdout);
}

static bool rows_as_json(const json_t *rows)
{
    puts("[");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        fputs("  ", stdout);
        json_dumpf(json_array_get(rows, i), stdout, REAL_DIGITS);
        puts(i + 1 < json_array_size(rows) ? "," : "");
    }
    puts("]");
    return flushed();
}

bool output_rows(const json_t *rows, const struct output_column *columns, size_t column_count, bool as_json)
{
    char text[1024];
    if (as_json)
        return rows_as_json(rows);
    size_t *widths = calloc(column_count, sizeof *widths);
    if (!widths)
        return false;
    for (size_t c = 0; c < column_count; c++) {
        widths[c] = object_table_width(columns[c].title);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            text_of(json_object_get(json_array_get(rows, i), columns[c].key), text, sizeof text);
            size_t width = object_table_width(text);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (size_t c = 0; c < column_count; c++)
        output_cell(columns[c].title, widths[c], columns[c].right, c + 1 == column_count);
    for (size_t i = 0; i < json_array_size(rows); i++)
        for (size_t c = 0; c < column_count; c++) {
            text_of(json_object_get(json_array_get(rows, i), columns[c].key), text, sizeof text);
            output_cell(text, widths[c], columns[c].right, c + 1 == column_count);
        }
    free(widths);
    return flushed();
}

bool output_object(const json_t *object, const struct output_column *columns, size_t column_count, bool as_json)
{
    char text[1024];
    size_t width = 0;
    if (as_json) {
        json_dumpf(object, stdout, JSON_INDENT(2) | REAL_DIGITS);
        putchar('\n');
        return flushed();
    }
    for (size_t c = 0; c < column_count; c++)
        width = object_table_width(columns[c].title) > width ? object_table_width(columns[c].title) : width;
    for (size_t c = 0; c < column_count; c++) {
        output_cell(columns[c].title, width, false, false);
        text_of(json_object_get(object, columns[c].key), text, sizeof text);
        output_cell(text, 0, false, true);
    }
    return flushed();
}

bool output_line(const json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | REAL_DIGITS);
    putchar('\n');
    return flushed();
}

json_t *output_string(const char *utf8)
{
    json_t *string = json_string(utf8);
    return string ? string : json_string_nocheck("?");
}
