#include "cli/object_output.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv_writer.h"
#include "operation/object_property.h"
#include "cli/object_table.h"

/* Objects of at most so many properties, and of which nobody said how they look, are shown as a table. */
#define TABLE_PROPERTIES_MAX 5u

struct object_output {
    FILE *file;
    struct object_output_settings settings;
    enum object_form form;       /* STANDARD until it is decided */
    uint64_t count;
    struct object_table *table;
    size_t name_count;           /* of CSV */
    char **names;
    struct buffer line;
    bool failed;
};

struct object_output *object_output_new(FILE *file, const struct object_output_settings *settings)
{
    struct object_output *output = calloc(1, sizeof *output);
    if (output) {
        output->file = file;
        output->settings = *settings;
        output->form = settings->form;
    }
    return output;
}

static void write_line(struct object_output *output)
{
    output->failed |= output->line.failed || fwrite(output->line.data, 1, output->line.size, output->file) != output->line.size;
    buffer_clear(&output->line);
}

/* --- CSV --- */

static bool take_names(struct object_output *output, const json_t *object)
{
    const char *key;
    json_t *value;
    output->names = calloc(json_object_size(object), sizeof *output->names);
    if (!output->names)
        return false;
    json_object_foreach((json_t *)object, key, value) {
        if (!(output->names[output->name_count] = strdup(key)))
            return false;
        csv_writer_text(&output->line, &CSV_STYLE_SPREADSHEET, output->name_count++ == 0, key);
    }
    csv_writer_end_line(&output->line, &CSV_STYLE_SPREADSHEET);
    return true;
}

void object_append_csv(struct buffer *line, const struct csv_style *style, const json_t *object, size_t name_count, char *const *names)
{
    struct buffer text = {0};
    for (size_t i = 0; i < name_count; i++) {
        const json_t *value = json_object_get(object, names[i]);
        object_append_text(&text, value, ";");
        const char *cell = buffer_string(&text);
        (json_is_number(value) ? csv_writer_number : csv_writer_text)(line, style, i == 0, cell ? cell : "");
        line->failed |= text.failed || !cell;
        buffer_clear(&text);
    }
    csv_writer_end_line(line, style);
    buffer_free(&text);
}

static void put_csv(struct object_output *output, const json_t *object)
{
    if (!output->names && !take_names(output, object))
        output->failed = true;
    else
        object_append_csv(&output->line, &CSV_STYLE_SPREADSHEET, object, output->name_count, output->names);
    write_line(output);
}

/* --- lists --- */

static void put_pair(FILE *file, const char *name, size_t width, const json_t *value)
{
    struct buffer text = {0};
    bool list = json_is_array(value);
    buffer_append_string(&text, list ? "{" : "");
    object_append_text(&text, value, ", ");
    buffer_append_string(&text, list ? "}" : "");
    object_table_text(file, name, width);
    fputs(" : ", file);
    object_table_text(file, buffer_string(&text), 0);
    fputc('\n', file);
    buffer_free(&text);
}

static void put_list(struct object_output *output, const json_t *object)
{
    const char *key;
    json_t *value;
    size_t width = 0;
    if (output->count)
        fputc('\n', output->file);
    json_object_foreach((json_t *)object, key, value)
        width = object_table_width(key) > width ? object_table_width(key) : width;
    json_object_foreach((json_t *)object, key, value)
        put_pair(output->file, key, width, value);
}

/* --- all --- */

static void put_json(struct object_output *output, const json_t *object)
{
    fputs(output->count ? ",\n  " : "[\n  ", output->file);
    json_dumpf(object, output->file, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
}

static enum object_form form_for(const struct object_output *output, const json_t *object)
{
    if (output->settings.columns)
        return OBJECT_FORM_TABLE;
    return json_object_size(object) <= TABLE_PROPERTIES_MAX ? OBJECT_FORM_TABLE : OBJECT_FORM_LIST;
}

static void put_object(struct object_output *output, json_t *object)
{
    switch (output->form) {
    case OBJECT_FORM_STANDARD: break; /* decided before */
    case OBJECT_FORM_TABLE: output->failed |= !output->table || !object_table_put(output->table, object); break;
    case OBJECT_FORM_LIST: put_list(output, object); break;
    case OBJECT_FORM_LINES:
        output->failed |= json_dumpf(object, output->file, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12)) != 0 || putc('\n', output->file) == EOF;
        fflush(output->file); /* the next stage works meanwhile */
        break;
    case OBJECT_FORM_JSON: put_json(output, object); break;
    case OBJECT_FORM_CSV: put_csv(output, object); break;
    }
}

bool object_output_put(struct object_output *output, json_t *object)
{
    if (output->form == OBJECT_FORM_STANDARD)
        output->form = form_for(output, object);
    if (output->form == OBJECT_FORM_TABLE && !output->table)
        output->table = object_table_new(output->file, &output->settings);
    if (json_is_object(object) || output->form == OBJECT_FORM_LINES || output->form == OBJECT_FORM_JSON) {
        put_object(output, object);
    } else { /* a bare value (Select-Object -ExpandProperty) */
        struct buffer text = {0};
        object_append_text(&text, object, "\n");
        object_table_text(output->file, buffer_string(&text), 0);
        fputc('\n', output->file);
        buffer_free(&text);
    }
    json_decref(object);
    output->count++;
    output->failed |= ferror(output->file) != 0;
    return !output->failed;
}

void object_output_quiet(struct object_output *output, bool quiet)
{
    output->settings.mark_empty &= !quiet;
    if (quiet && output->form == OBJECT_FORM_JSON && !output->count)
        output->form = OBJECT_FORM_STANDARD;
}

bool object_output_end(struct object_output *output)
{
    if (!output)
        return true;
    if (output->form == OBJECT_FORM_JSON)
        fputs(output->count ? "\n]\n" : "[]\n", output->file);
    else if (output->form == OBJECT_FORM_LINES && output->count == 0 && output->settings.mark_empty)
        fputc('\n', output->file);
    if (output->table && !object_table_end(output->table))
        output->failed = true;
    bool good = !fflush(output->file) && !ferror(output->file) && !output->failed;
    for (size_t i = 0; i < output->name_count; i++)
        free(output->names[i]);
    free(output->names);
    buffer_free(&output->line);
    free(output);
    return good;
}
