#include "cli/object_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "operation/object_property.h"
#include "operation/wildcard.h"

#define CELL_WIDTH_MIN 8u /* of a column that gives way */
#define GAP 2u

struct table_column {
    char *name;
    bool right;
    bool there; /* any held object has the property */
    size_t width;
};

struct object_table {
    FILE *file;
    const struct object_output_settings *settings;
    size_t column_count, row_count, terminal_width; /* 0: no terminal, or nothing is cut */
    struct table_column columns[OBJECT_TABLE_COLUMNS_MAX];
    char *(*rows)[OBJECT_TABLE_COLUMNS_MAX]; /* the held ones */
    bool decided; /* the widths */
};

/* --- text --- */

size_t object_table_character(const char *text, bool *ret_control)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    *ret_control = at[0] < ' ' || at[0] == 0x7F || (at[0] == 0xC2 && at[1] < 0xA0);
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xC0) != 0x80)
            return i;
    return size;
}

size_t object_table_width(const char *utf8)
{
    size_t width = 0;
    bool control;
    for (; *utf8; utf8 += object_table_character(utf8, &control))
        width++;
    return width;
}

static void put_characters(FILE *file, const char *utf8, size_t count)
{
    bool control;
    for (size_t size; count-- && *utf8; utf8 += size) {
        size = object_table_character(utf8, &control);
        if (control)
            fputs("\xEF\xBF\xBD", file);
        else
            fwrite(utf8, 1, size, file);
    }
}

static void put_blanks(FILE *file, size_t count)
{
    fprintf(file, "%*s", (int)count, "");
}

void object_table_text(FILE *file, const char *utf8, size_t width)
{
    utf8 = utf8 ? utf8 : "";
    size_t own = object_table_width(utf8);
    put_characters(file, utf8, own);
    put_blanks(file, width > own ? width - own : 0);
}

/* --- columns --- */

static bool add_column(struct object_table *table, const char *name, bool right)
{
    if (table->column_count == OBJECT_TABLE_COLUMNS_MAX)
        return true; /* a wider table helps nobody */
    struct table_column *column = &table->columns[table->column_count];
    *column = (struct table_column){strdup(name), right, false, object_table_width(name)};
    table->column_count += column->name != NULL;
    return column->name != NULL;
}

/* The properties of the first object that a pattern fits. */
static bool add_fitting(struct object_table *table, const char *pattern, const json_t *object)
{
    const char *key;
    json_t *value;
    bool added = true;
    json_object_foreach((json_t *)object, key, value)
        if (wildcard_fits(pattern, key))
            added &= add_column(table, key, json_is_number(value));
    return added;
}

static bool find_columns(struct object_table *table, const json_t *object)
{
    const struct object_output_settings *settings = table->settings;
    const char *spelling;
    bool found = true;
    if (!settings->columns)
        return add_fitting(table, "*", object);
    for (const struct operation_column *column = settings->columns; column->name; column++) {
        if (settings->properties_wild && wildcard_is_pattern(column->name)) {
            found &= add_fitting(table, column->name, object);
        } else {
            const json_t *value = object_property(object, column->name, &spelling);
            bool whole = value && !strchr(column->name, '.');
            found &= add_column(table, whole ? spelling : column->name, column->right || json_is_number(value));
        }
    }
    return found;
}

/* Cuts the widest columns until all fit into a terminal's line. */
static void give_way(struct object_table *table, size_t width_max)
{
    for (;;) {
        size_t width = 0, widest = 0;
        for (size_t c = 0; c < table->column_count; c++) {
            width += table->columns[c].width + (c ? GAP : 0);
            if (table->columns[c].width > table->columns[widest].width)
                widest = c;
        }
        if (width <= width_max || table->columns[widest].width <= CELL_WIDTH_MIN)
            return;
        size_t excess = width - width_max, spare = table->columns[widest].width - CELL_WIDTH_MIN;
        size_t next = CELL_WIDTH_MIN; /* no more than to the second widest at once */
        for (size_t c = 0; c < table->column_count; c++)
            if (c != widest && table->columns[c].width > next && table->columns[c].width < table->columns[widest].width)
                next = table->columns[c].width;
        size_t step = table->columns[widest].width - next;
        step = step == 0 ? 1 : step;
        step = step > excess ? excess : step;
        table->columns[widest].width -= step > spare ? spare : step;
    }
}

static size_t terminal_width(FILE *file)
{
    struct winsize size;
    return isatty(fileno(file)) && ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 0;
}

/* --- rows --- */

static void put_cell(struct object_table *table, size_t column, const char *text)
{
    FILE *file = table->file;
    const struct table_column *own = &table->columns[column];
    bool last = column + 1 == table->column_count;
    size_t width = object_table_width(text);
    bool cut = width > own->width && table->terminal_width;
    size_t shown = cut ? own->width : width;
    if (own->right && shown < own->width)
        put_blanks(file, own->width - shown);
    put_characters(file, text, cut ? own->width - 1 : width);
    fputs(cut ? "\xE2\x80\xA6" : "", file);
    if (!own->right && !last && shown < own->width)
        put_blanks(file, own->width - shown);
    fputs(last ? "\n" : "  ", file);
}

/* Without the columns of an operation that its objects do not have this time (the Date of what is not by day). What a person asked for
 * stays. */
static void drop_columns(struct object_table *table)
{
    size_t kept = 0;
    for (size_t c = 0; c < table->column_count; c++)
        kept += table->columns[c].there;
    if (table->settings->properties_wild || !table->settings->columns || kept == 0)
        return;
    kept = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        bool there = table->columns[c].there;
        for (size_t r = 0; r < table->row_count; r++) {
            if (there)
                table->rows[r][kept] = table->rows[r][c];
            else
                free(table->rows[r][c]);
        }
        if (there)
            table->columns[kept++] = table->columns[c];
        else
            free(table->columns[c].name);
    }
    table->column_count = kept;
}

static void flush_held(struct object_table *table)
{
    drop_columns(table);
    table->decided = true;
    for (size_t r = 0; r < table->row_count; r++)
        for (size_t c = 0; c < table->column_count; c++) {
            size_t width = object_table_width(table->rows[r][c]);
            table->columns[c].width = width > table->columns[c].width ? width : table->columns[c].width;
        }
    if (table->terminal_width)
        give_way(table, table->terminal_width);
    for (size_t c = 0; c < table->column_count && !table->settings->no_head; c++)
        put_cell(table, c, table->columns[c].name);
    for (size_t r = 0; r < table->row_count; r++)
        for (size_t c = 0; c < table->column_count; c++) {
            put_cell(table, c, table->rows[r][c]);
            free(table->rows[r][c]);
        }
    table->row_count = 0;
}

static char *cell_text(const json_t *object, const char *name)
{
    struct buffer text = {0};
    const json_t *value = object_property(object, name, NULL);
    bool list = json_is_array(value);
    buffer_append_string(&text, list ? "{" : "");
    object_append_text(&text, value, ", ");
    buffer_append_string(&text, list ? "}" : "");
    const char *plain = buffer_string(&text);
    char *copy = plain && !text.failed ? strdup(plain) : NULL;
    buffer_free(&text);
    return copy;
}

/* --- all --- */

struct object_table *object_table_new(FILE *file, const struct object_output_settings *settings)
{
    struct object_table *table = calloc(1, sizeof *table);
    if (table) {
        table->file = file;
        table->settings = settings;
        table->terminal_width = settings->wrapped ? 0 : terminal_width(file);
        table->rows = calloc(OBJECT_TABLE_ROWS_HELD, sizeof *table->rows);
    }
    if (table && !table->rows) {
        free(table);
        return NULL;
    }
    return table;
}

bool object_table_put(struct object_table *table, const json_t *object)
{
    bool made = true;
    if (!table->column_count && !find_columns(table, object))
        return false;
    if (!table->column_count)
        return true; /* no pattern fits: nothing to show of it */
    char **row = table->rows[table->row_count];
    for (size_t c = 0; c < table->column_count; c++) {
        row[c] = cell_text(object, table->columns[c].name);
        table->columns[c].there |= object_property(object, table->columns[c].name, NULL) != NULL;
        made &= row[c] != NULL;
    }
    if (!made) {
        for (size_t c = 0; c < table->column_count; c++)
            free(row[c]);
        return false;
    }
    if (table->decided) {
        for (size_t c = 0; c < table->column_count; c++) {
            put_cell(table, c, row[c]);
            free(row[c]);
        }
    } else if (++table->row_count == OBJECT_TABLE_ROWS_HELD) {
        flush_held(table);
    }
    return true;
}

bool object_table_end(struct object_table *table)
{
    if (!table->decided && table->row_count)
        flush_held(table);
    for (size_t c = 0; c < table->column_count; c++)
        free(table->columns[c].name);
    free(table->rows);
    free(table);
    return true;
}
