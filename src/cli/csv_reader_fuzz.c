/* A CSV file's rows, written again and read again, are the same rows. */
#include <stdlib.h>
#include <string.h>

#include "cli/csv_reader.h"
#include "cli/object_output.h"

static bool take(void *user, json_t *object)
{
    return json_array_append_new(user, object) == 0 && json_array_size(user) < 1000;
}

static json_t *read_rows(struct bytes text)
{
    struct arena arena = {0};
    const char *error = NULL;
    json_t *rows = json_array();
    const struct csv_reader_options options = {.delimiter = ',', .row = take, .user = rows};
    if (!csv_reader_read(&arena, text, &options, &error)) {
        if (!error)
            abort();
        json_decref(rows);
        rows = NULL;
    }
    arena_free(&arena);
    return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct csv_style style = {',', true, true, "\r\n"};
    json_t *rows = read_rows(bytes_of(data, size)), *row = json_array_get(rows, 0), *value;
    char *names[CSV_COLUMNS_MAX];
    const char *key;
    struct buffer text = {0};
    size_t count = 0;
    if (row && json_object_size(row) <= CSV_COLUMNS_MAX) {
        json_object_foreach(row, key, value) {
            csv_writer_text(&text, &style, count == 0, key);
            names[count++] = (char *)key;
        }
        csv_writer_end_line(&text, &style);
        for (size_t i = 0; i < json_array_size(rows); i++)
            object_append_csv(&text, &style, json_array_get(rows, i), count, names);
        json_t *again = read_rows(buffer_bytes(&text));
        if (!text.failed && (!again || !json_equal(rows, again)))
            abort();
        json_decref(again);
    }
    buffer_free(&text);
    json_decref(rows);
    return 0;
}
