#include "cli/csv_reader.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv_writer.h"
#include "base/text.h"

struct reading {
    struct arena *arena;
    const struct csv_reader_options *options;
    size_t line, column, name_count;
    const char *names[CSV_COLUMNS_MAX];
    bool head_read, stopped;
    json_t *object;
    const char *error;
};

static void fail(struct reading *reading, const char *text)
{
    if (!reading->error)
        reading->error = text ? text : "out of memory";
}

static void take_name(struct reading *reading, const char *text)
{
    if (reading->name_count == CSV_COLUMNS_MAX)
        fail(reading, arena_format(reading->arena, "line 1: more than %u columns", CSV_COLUMNS_MAX));
    else if (!*text)
        fail(reading, arena_format(reading->arena, "line 1: column %zu has no name", reading->name_count + 1));
    else if (!(reading->names[reading->name_count++] = arena_string(reading->arena, text)))
        fail(reading, NULL);
}

static void take_cell(void *data, size_t size, void *state)
{
    struct reading *reading = state;
    if (reading->error || reading->stopped)
        return;
    char *text = size && memchr(data, 0, size) ? NULL : calloc(1, size + 1);
    if (text && size)
        memcpy(text, data, size);
    json_t *value = text ? json_string(csv_writer_text_of_cell(text)) : NULL;
    if (!value)
        fail(reading, arena_format(reading->arena, "line %zu: a value is not UTF-8", reading->line));
    else if (!reading->head_read)
        take_name(reading, json_string_value(value));
    else if (reading->column >= reading->name_count)
        fail(reading, arena_format(reading->arena, "line %zu: more values than columns (%zu)", reading->line, reading->name_count));
    else if (!reading->object && !(reading->object = json_object()))
        fail(reading, NULL);
    else
        json_object_set(reading->object, reading->names[reading->column++], value);
    json_decref(value);
    free(text);
}

static void end_row(int end, void *state)
{
    struct reading *reading = state;
    if (reading->error || reading->stopped)
        return;
    if (!reading->head_read) {
        reading->head_read = true;
    } else if (reading->object) { /* what is missing at its end is empty */
        while (reading->column < reading->name_count)
            json_object_set_new(reading->object, reading->names[reading->column++], json_string(""));
        reading->stopped = !reading->options->row(reading->options->user, reading->object);
        reading->object = NULL;
    }
    reading->column = 0;
}

/* Line by line, so that messages know where they are. */
static void parse(struct reading *reading, struct csv_parser *parser, struct bytes text)
{
    while (text.size && !reading->error && !reading->stopped) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) + 1 : text.size;
        reading->line++;
        if (csv_parse(parser, text.data, size, take_cell, end_row, reading) != size)
            fail(reading, arena_format(reading->arena, "line %zu: %s", reading->line, csv_strerror(csv_error(parser))));
        text = bytes_of(text.data + size, text.size - size);
    }
    if (!reading->error && !reading->stopped && csv_fini(parser, take_cell, end_row, reading) != 0)
        fail(reading, arena_format(reading->arena, "line %zu: a quote does not end", reading->line));
}

/* '#TYPE ...' stands before the head line of what Windows PowerShell exports. */
static struct bytes without_type_line(struct bytes text)
{
    const uint8_t *end = text.size >= 6 && memcmp(text.data, "#TYPE ", 6) == 0 ? memchr(text.data, '\n', text.size) : NULL;
    return end ? bytes_of(end + 1, text.size - (size_t)(end + 1 - text.data)) : text;
}

bool csv_reader_read(struct arena *arena, struct bytes text, const struct csv_reader_options *options, const char **ret_error)
{
    struct reading reading = {.arena = arena, .options = options, .head_read = options->name_count > 0, .name_count = options->name_count};
    struct csv_parser parser;
    if (options->name_count > CSV_COLUMNS_MAX || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        *ret_error = "too many columns";
        return false;
    }
    for (size_t i = 0; i < options->name_count; i++)
        reading.names[i] = options->names[i];
    csv_set_delim(&parser, (unsigned char)options->delimiter);
    if (text.size >= 2 && text.data[0] == 0xFF && text.data[1] == 0xFE) {
        const char *utf8 = text_utf8_of_utf16(arena, bytes_of(text.data + 2, (text.size - 2) & ~(size_t)1));
        text = bytes_of_string(utf8 ? utf8 : "");
        if (!utf8)
            fail(&reading, NULL);
    } else if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) {
        text = bytes_of(text.data + 3, text.size - 3);
    }
    parse(&reading, &parser, without_type_line(text));
    csv_free(&parser);
    json_decref(reading.object);
    if (reading.error)
        *ret_error = reading.error;
    return !reading.error;
}
