#include "cli/log_output.h"
#include "cli/object_table.h"
#include "cli/output.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The usual columns: what the logs have in common, under the names that they have for it; the first with something in it counts. */
struct usual_column {
    const char *title;
    const char *names[5];
    size_t width;
    bool right;
};

static const struct usual_column usual[] = {
    {"Time", {"DateTime", "date-time"}, 24, false},
    {"User", {"AuthenticatedUser", "Account", "client-name"}, 20, false},
    {"From", {"ClientIpAddress", "client-ip"}, 13, false},
    {"Request", {"ProtocolAction", "operation", "UrlStem"}, 16, false},
    {"HTTP", {"HttpStatus"}, 4, true},
    {"Code", {"ResponseCode", "response-code"}, 4, true},
    {"ms", {"TotalRequestTime", "total-time"}, 9, true},
    {"RequestId", {"RequestId", "request-id"}, 40, false},
    {"Remark", {"GenericErrors", "failures", "rop-failure", "GenericInfo", "operation-specific"}, 0, false},
};
#define USUAL_COUNT (sizeof usual / sizeof *usual)

static const char *first_filled(const struct log_fields *fields, const struct log_row *row, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count && names[i]; i++) {
        const char *const one[] = {names[i], NULL};
        const char *cell = log_row_cell(fields, row, one);
        if (*cell)
            return cell;
    }
    return "";
}

const char *log_output_user(const struct log_fields *fields, const struct log_row *row)
{
    return first_filled(fields, row, usual[1].names, sizeof usual[1].names / sizeof *usual[1].names);
}

/* A distinguished name by its last part, as people know who it is. */
static const char *short_name(const char *cell)
{
    const char *last = strncasecmp(cell, "/o=", 3) ? NULL : strrchr(cell, '=');
    if (!last || !last[1])
        return cell;
    bool numbered = strspn(last + 1, "0123456789abcdefABCDEF") == 32 && last[33] == '-' && last[34];
    return last + (numbered ? 34 : 1);
}

/* '00:00:00.0123450' as milliseconds, like the other logs. */
static const char *milliseconds(const char *cell, char text[32])
{
    unsigned hours, minutes;
    double seconds;
    if (sscanf(cell, "%u:%u:%lf", &hours, &minutes, &seconds) != 3)
        return cell;
    snprintf(text, 32, "%.3f", ((hours * 60.0 + minutes) * 60 + seconds) * 1e3);
    return text;
}

/* --- the table --- */

/* Rows are shown as they come: a column becomes as wide as its widest cell so far. */
static void put_cell(struct log_output *output, unsigned column, const char *text, bool right, bool last)
{
    size_t width = object_table_width(text);
    if (width > output->widths[column])
        output->widths[column] = width;
    output_cell(text, output->widths[column], right, last);
}

static void put_titles(struct log_output *output)
{
    unsigned count = output->column_count ? output->column_count : USUAL_COUNT;
    for (unsigned i = 0; i < count; i++)
        output->widths[i] = output->column_count ? strlen(output->columns[i]) : usual[i].width;
    output->widths[count] = strlen("client-access");
    if (output->several)
        put_cell(output, count, "Log", false, false);
    for (unsigned i = 0; i < count; i++)
        put_cell(output, i, output->column_count ? output->columns[i] : usual[i].title, !output->column_count && usual[i].right, i + 1 == count);
    output->begun = true;
}

static bool put_table_row(struct log_output *output, const char *log, const struct log_fields *fields, const struct log_row *row)
{
    char text[32];
    unsigned count = output->column_count ? output->column_count : USUAL_COUNT;
    if (!output->begun)
        put_titles(output);
    if (output->several)
        put_cell(output, count, log, false, false);
    for (unsigned i = 0; i < output->column_count; i++) {
        const char *const names[] = {output->columns[i], NULL};
        put_cell(output, i, log_row_cell(fields, row, names), false, i + 1 == count);
    }
    for (unsigned i = 0; !output->column_count && i < USUAL_COUNT; i++) {
        const char *cell = first_filled(fields, row, usual[i].names, sizeof usual[i].names / sizeof *usual[i].names);
        put_cell(output, i, i == 1 ? short_name(cell) : !strcmp(usual[i].title, "ms") ? milliseconds(cell, text) : cell, usual[i].right,
                 i + 1 == count);
    }
    return !ferror(stdout);
}

/* --- JSON and CSV --- */

static unsigned column_count(const struct log_output *output, const struct log_fields *fields)
{
    return output->column_count ? output->column_count : fields->count;
}

static const char *column_name(const struct log_output *output, const struct log_fields *fields, unsigned column)
{
    int index = output->column_count ? log_field_find(fields, output->columns[column]) : (int)column;
    return index >= 0 ? fields->names[index] : output->columns[column];
}

static const char *column_cell(const struct log_output *output, const struct log_fields *fields, const struct log_row *row, unsigned column)
{
    int index = output->column_count ? log_field_find(fields, output->columns[column]) : (int)column;
    return index >= 0 ? row->cells[index] : "";
}

/* What is written like a number, so that it comes back as the same text, is one. */
static json_t *value_of(const char *cell)
{
    size_t digits = strspn(cell, "0123456789");
    bool plain = digits && digits < 12 && (*cell != '0' || digits == 1);
    if (plain && cell[digits] == '.' && strspn(cell + digits + 1, "0123456789") == 3 && !cell[digits + 4]) /* milliseconds */
        return json_real(strtod(cell, NULL));
    return plain && !cell[digits] ? json_integer(strtoll(cell, NULL, 10)) : output_string(cell);
}

static bool put_json(struct log_output *output, const char *log, const struct log_fields *fields, const struct log_row *row)
{
    json_t *object = json_object();
    if (output->several)
        json_object_set_new(object, "Log", json_string(log));
    for (unsigned i = 0; i < column_count(output, fields); i++)
        json_object_set_new_nocheck(object, column_name(output, fields, i), value_of(column_cell(output, fields, row, i)));
    bool good = output_line(object);
    json_decref(object);
    return good;
}

static bool put_csv(struct log_output *output, const char *log, const struct log_fields *fields, const struct log_row *row)
{
    const struct csv_style style = CSV_STYLE_SPREADSHEET;
    buffer_clear(&output->line);
    if (output->several)
        csv_writer_text(&output->line, &style, true, "Log");
    for (unsigned i = 0; i < column_count(output, fields); i++)
        csv_writer_text(&output->line, &style, !i && !output->several, column_name(output, fields, i));
    csv_writer_end_line(&output->line, &style);
    const char *header = buffer_string(&output->line);
    if (header && (!output->header || strcmp(header, output->header))) {
        fputs(header, stdout);
        free(output->header);
        output->header = strdup(header);
    }
    buffer_clear(&output->line);
    if (output->several)
        csv_writer_text(&output->line, &style, true, log);
    for (unsigned i = 0; i < column_count(output, fields); i++)
        csv_writer_text(&output->line, &style, !i && !output->several, column_cell(output, fields, row, i));
    csv_writer_end_line(&output->line, &style);
    return !output->line.failed && output->header && fwrite(output->line.data, 1, output->line.size, stdout) == output->line.size;
}

bool log_output_row(struct log_output *output, const char *log, const struct log_fields *fields, const struct log_row *row)
{
    switch (output->form) {
    case LOG_FORM_JSON: return put_json(output, log, fields, row);
    case LOG_FORM_CSV: return put_csv(output, log, fields, row);
    default: return put_table_row(output, log, fields, row);
    }
}

void log_output_free(struct log_output *output)
{
    free(output->header);
    buffer_free(&output->line);
}
