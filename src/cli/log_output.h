/* What 'mapihttp log' prints of a row: a line of a table whose columns grow as they must, an object of JSON, a line of CSV. One thread. */
#pragma once
#include "base/csv_writer.h"
#include "cli/log_row.h"
#include <stdbool.h>

enum log_form { LOG_FORM_TABLE, LOG_FORM_JSON, LOG_FORM_CSV };

#define LOG_COLUMNS_MAX 64u

struct log_output {
    enum log_form form;
    bool several;                    /* rows of several logs: each says of which */
    const char *columns[LOG_COLUMNS_MAX]; /* as asked for; none: the usual ones of the table, all of JSON and CSV */
    unsigned column_count;
    /* inside */
    size_t widths[LOG_COLUMNS_MAX];
    bool begun;
    char *header;                    /* of CSV: printed again where the fields change */
    struct buffer line;
};

/* 'log' is its name. False: standard output failed, or no memory. */
bool log_output_row(struct log_output *output, const char *log, const struct log_fields *fields, const struct log_row *row);
void log_output_free(struct log_output *output);
/* Who asked: the first of the fields for that with something in it. */
const char *log_output_user(const struct log_fields *fields, const struct log_row *row);
