/* Any bytes as lines of a CSV log: the first gives the fields, the others are rows and conditions. What is read has its shape. */
#include "cli/log_condition.h"
#include "cli/log_row.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_line(struct log_fields *fields, const char *line, size_t size)
{
    struct log_fields other;
    struct log_row row;
    struct log_condition condition;
    char *text = strndup(line, size);
    if (text && log_condition_parse(text, &condition)) {
        if (!*condition.field || log_field_find(fields, condition.field) >= (int)fields->count)
            abort();
    } else {
        condition = (struct log_condition){0};
    }
    if (log_fields_read(line, size, &other)) {
        log_fields_free(fields);
        *fields = other;
    } else if (fields->count && log_row_read(fields, line, size, &row)) {
        if (row.count != fields->count)
            abort();
        for (unsigned i = 0; i < row.count; i++) {
            if (strlen(row.cells[i]) > size)
                abort();
            if (condition.text)
                (void)log_condition_holds(&condition, &row, i);
        }
        log_row_free(&row);
    }
    if (condition.text)
        log_condition_free(&condition);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log_fields fields = {0};
    while (size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end ? (size_t)(end - data) : size;
        char *line = malloc(length + 1); /* of its own size, so that reading behind it shows */
        if (!line)
            break;
        memcpy(line, data, length);
        line[length] = 0;
        use_line(&fields, line, length);
        free(line);
        data += length + (end != NULL);
        size -= length + (end != NULL);
    }
    log_fields_free(&fields);
    return 0;
}
