/* Export-Csv, ConvertTo-Csv, Import-Csv. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/client_operation.h"
#include "cli/csv_reader.h"
#include "cli/object_output.h"

/* --- the rows --- */

struct csv_rows {
    struct operation_call *call;
    struct csv_style style;
    bool utf16;
    size_t name_count;
    const char **names;
    FILE *file;
    struct buffer line;
};

static bool write_line(struct csv_rows *rows)
{
    struct buffer wide = {0};
    const struct buffer *content = &rows->line;
    if (rows->utf16) {
        text_append_utf16_of_utf8(&wide, buffer_bytes(&rows->line));
        content = &wide;
    }
    bool good = !content->failed && !rows->line.failed && fwrite(content->data, 1, content->size, rows->file) == content->size;
    buffer_clear(&rows->line);
    buffer_free(&wide);
    return good;
}

static bool take_names(struct csv_rows *rows, const json_t *object)
{
    const char *key;
    json_t *value;
    if (!rows->names && !(rows->names = arena_array(rows->call->arena, const char *, json_object_size(object) + 1)))
        return false;
    if (!rows->name_count)
        json_object_foreach((json_t *)object, key, value)
            rows->names[rows->name_count++] = arena_string(rows->call->arena, key);
    return true;
}

static bool write_head(struct csv_rows *rows)
{
    for (size_t i = 0; i < rows->name_count; i++)
        csv_writer_text(&rows->line, &rows->style, i == 0, rows->names[i]);
    csv_writer_end_line(&rows->line, &rows->style);
    return write_line(rows);
}

/* A text instead of an object gets the column Value. NULL: no more. */
static json_t *next_row(struct operation_call *call)
{
    json_t *object = client_operation_next(call);
    return !object || json_is_object(object) ? object : json_pack("{s:o}", "Value", object);
}

/* 'object' is the first; those that follow come by the pipe. */
static bool write_rows(struct csv_rows *rows, json_t *object, bool head)
{
    bool good = object && take_names(rows, object) && (!head || write_head(rows));
    while (good && object) {
        object_append_csv(&rows->line, &rows->style, object, rows->name_count, (char *const *)rows->names);
        good = write_line(rows);
        json_decref(object);
        object = good ? next_row(rows->call) : NULL;
    }
    buffer_free(&rows->line);
    return good;
}

static bool read_style(struct operation_call *call, struct csv_style *ret_style)
{
    const char *delimiter = operation_text(call, "Delimiter");
    const char *byte = !delimiter ? "," : !strcmp(delimiter, "`t") || !strcmp(delimiter, "\\t") ? "\t" : delimiter;
    if (!*byte || byte[1] || strchr("\"\r\n'", *byte) || (unsigned char)*byte >= 0x80) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Delimiter", "Delimiter: one character is wanted, such as ';', or `t for a tab");
        return false;
    }
    *ret_style = (struct csv_style){*byte, true, !operation_flag(call, "Raw"), "\r\n"};
    return true;
}

static void convert_to_csv(struct operation_call *call)
{
    struct csv_rows rows = {.call = call, .file = client_operation_output(call)};
    json_t *first = read_style(call, &rows.style) && client_operation_needs_input(call) ? next_row(call) : NULL;
    if (first && !write_rows(&rows, first, true))
        operation_fail(call, OPERATION_FAILED, NULL, "standard output cannot be written");
}

/* --- files --- */

/* '.\reports\a.csv' is what pages written for Windows have. A shell takes the first backslash away and leaves '.reports\a.csv', or
 * '.OutlookConnections.csv' of the plain form: that is './OutlookConnections.csv' then. A hidden file is written './.name'. */
static const char *path_of(struct operation_call *call)
{
    char *path = arena_string(call->arena, operation_text(call, "Path"));
    if (!path)
        return NULL;
    for (char *at = path; *at; at++)
        if (*at == '\\')
            *at = '/';
    bool taken = path[0] == '.' && path[1] && path[1] != '.' && !strchr(path, '/');
    if (taken)
        operation_warn(call, "the file is ./%s: a shell takes the backslash of '.\\%s' away; a hidden file is './%s'", path + 1, path + 1, path);
    return taken ? path + 1 : path;
}

/* The head line of a file that is appended to; its columns count. False: said why. */
static bool read_head(struct csv_rows *rows, const char *path)
{
    char *line = NULL;
    size_t room = 0, count = 1;
    FILE *file = fopen(path, "re");
    ssize_t size = file ? getline(&line, &room, file) : -1;
    if (file)
        fclose(file);
    for (ssize_t i = 0; i < size; i++)
        count += line[i] == rows->style.delimiter;
    rows->names = size > 0 ? arena_array(rows->call->arena, const char *, count + 1) : NULL;
    char *at = size > 0 ? line + (strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0) : NULL;
    char *rest = at ? arena_string(rows->call->arena, at) : NULL;
    const char delimiter[] = {rows->style.delimiter, 0};
    if (rest)
        rest[strcspn(rest, "\r\n")] = 0;
    for (char *name; rest && rows->names && (name = strsep(&rest, delimiter));) {
        size_t length = strlen(name);
        if (length >= 2 && name[0] == '"' && name[length - 1] == '"') {
            name[length - 1] = 0;
            name++;
        }
        rows->names[rows->name_count++] = name;
    }
    free(line);
    return size <= 0 || rows->names;
}

/* -Append is for what has the same columns, unless -Force says that others are left out. */
static bool fits_head(const struct csv_rows *rows, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        bool found = operation_flag(rows->call, "Force");
        for (size_t i = 0; i < rows->name_count && !found; i++)
            found = strcmp(rows->names[i], key) == 0;
        if (!found) {
            operation_fail(rows->call, OPERATION_CONFLICT, "Append", "the file has no column %s; -Force leaves it out", key);
            return false;
        }
    }
    return true;
}

static FILE *open_file(struct operation_call *call, const char *path, bool append, bool *ret_new)
{
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && operation_flag(call, "NoClobber") && !append) {
        operation_fail(call, OPERATION_CONFLICT, "Path", "%s is there already", path);
        return NULL;
    }
    FILE *file = fopen(path, append ? "ae" : "we");
    if (!file)
        operation_fail(call, OPERATION_FAILED, "Path", "%s: %s", path, strerror(errno));
    *ret_new = !append || !exists || status.st_size == 0;
    return file;
}

/* The first object is there before the file is touched: what fails before this stage leaves it as it was. */
static void export_rows(struct csv_rows *rows, const char *path, bool append)
{
    struct operation_call *call = rows->call;
    const char *encoding = operation_text(call, "Encoding");
    json_t *first = next_row(call);
    bool fresh, good = true;
    rows->utf16 = encoding && !strcmp(encoding, "Unicode");
    if (append && call->error == OPERATION_DONE && !read_head(rows, path))
        operation_fail(call, OPERATION_FAILED, NULL, "out of memory");
    if (first && rows->name_count && !fits_head(rows, first))
        json_decref(first);
    rows->file = call->error == OPERATION_DONE ? open_file(call, path, append, &fresh) : NULL;
    if (!rows->file)
        return;
    if (fresh && (rows->utf16 || (encoding && !strcmp(encoding, "utf8BOM"))))
        fputs(rows->utf16 ? "\xFF\xFE" : "\xEF\xBB\xBF", rows->file);
    if (first)
        good = write_rows(rows, first, fresh);
    good = fclose(rows->file) == 0 && good;
    if (!good)
        operation_fail(call, OPERATION_FAILED, "Path", "%s cannot be written: %s", path, strerror(errno));
}

static void export_csv(struct operation_call *call)
{
    struct csv_rows rows = {.call = call};
    const char *path = path_of(call);
    client_operation_writes_nothing(call);
    if (path && read_style(call, &rows.style) && client_operation_needs_input(call))
        export_rows(&rows, path, operation_flag(call, "Append"));
}

/* --- reading --- */

static bool emit_row(void *user, json_t *object)
{
    struct operation_call *call = user;
    operation_emit(call, object);
    return !call->stopped;
}

static bool read_file(struct operation_call *call, const char *path, struct buffer *content)
{
    uint8_t chunk[65536];
    size_t size;
    FILE *file = fopen(path, "re");
    if (!file) {
        operation_fail(call, OPERATION_NOT_FOUND, "Path", "%s: %s", path, strerror(errno));
        return false;
    }
    content->size_max = CSV_FILE_SIZE_MAX;
    while ((size = fread(chunk, 1, sizeof chunk, file)) > 0 && buffer_append(content, chunk, size))
        ;
    if (ferror(file))
        operation_fail(call, OPERATION_FAILED, "Path", "%s: %s", path, strerror(errno));
    else if (content->failed)
        operation_fail(call, OPERATION_FAILED, "Path", "%s is too large", path);
    fclose(file);
    return call->error == OPERATION_DONE;
}

static void import_csv(struct operation_call *call)
{
    struct csv_reader_options options = {.row = emit_row, .user = call};
    struct csv_style style;
    struct arena text = {.size_max = 2 * (size_t)CSV_FILE_SIZE_MAX};
    struct buffer content = {0};
    const json_t *header = operation_parameter(call, "Header");
    const char *path = path_of(call), *error = NULL, **names = arena_array(call->arena, const char *, json_array_size(header) + 1);
    if (!path || !names || !read_style(call, &style))
        return;
    for (size_t i = 0; i < json_array_size(header); i++)
        names[i] = json_string_value(json_array_get(header, i));
    options.delimiter = style.delimiter;
    options.name_count = json_array_size(header);
    options.names = names;
    if (read_file(call, path, &content) && !csv_reader_read(&text, buffer_bytes(&content), &options, &error))
        operation_fail(call, OPERATION_FAILED, "Path", "%s: %s", path, error);
    buffer_free(&content);
    arena_free(&text);
}

/* --- declarations --- */

#define DELIMITER {.name = "Delimiter", .kind = OPERATION_TEXT, .explanation = "between the values, a comma by default"}
#define NO_TYPE {.name = "NoTypeInformation", .alias = "nti", .kind = OPERATION_SWITCH, .explanation = "accepted: there is never a #TYPE line"}
#define RAW {.name = "Raw", .kind = OPERATION_SWITCH, .explanation = "without the apostrophe before texts that a spreadsheet would take for a formula"}

static const struct operation_parameter export_parameters[] = {
    {.name = "Path", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0, .explanation = "the file; .\\name is ./name"},
    DELIMITER,
    {.name = "Encoding", .kind = OPERATION_CHOICE, .choices = "UTF8|utf8NoBOM|utf8BOM|Unicode|ASCII|Default",
     .explanation = "UTF-8 without a mark by default; utf8BOM for a spreadsheet that guesses wrong; Unicode is UTF-16"},
    {.name = "Append", .kind = OPERATION_SWITCH, .explanation = "adds to the file, in the columns of its head line"},
    {.name = "NoClobber", .kind = OPERATION_SWITCH, .explanation = "refuses to replace a file"},
    {.name = "Force", .kind = OPERATION_SWITCH, .explanation = "with -Append: leaves out properties that the file has no column for"},
    NO_TYPE,
    RAW,
    {.name = NULL},
};

const struct operation operation_export_csv = {
    .name = "Export-Csv",
    .alias = "epcsv",
    .flags = OPERATION_CLIENT,
    .summary = "write the objects of a pipe to a CSV file",
    .description = "The first object's properties are the columns. Lists are joined by semicolons. All values stand in quotes; texts that begin "
                   "with = + - or @ get an apostrophe before them, which Import-Csv takes away again, so that no spreadsheet runs them.",
    .parameters = export_parameters,
    .run = export_csv,
};

static const struct operation_parameter convert_parameters[] = {DELIMITER, NO_TYPE, RAW, {.name = NULL}};

const struct operation operation_convert_to_csv = {
    .name = "ConvertTo-Csv",
    .flags = OPERATION_CLIENT,
    .summary = "write the objects of a pipe as CSV to standard output",
    .parameters = convert_parameters,
    .run = convert_to_csv,
};

static const struct operation_parameter import_parameters[] = {
    {.name = "Path", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0, .explanation = "the file; .\\name is ./name"},
    DELIMITER,
    {.name = "Header", .kind = OPERATION_TEXTS, .explanation = "names of the columns, of a file that has no head line"},
    {.name = "Encoding", .kind = OPERATION_CHOICE, .choices = "UTF8|utf8NoBOM|utf8BOM|Unicode|ASCII|Default",
     .explanation = "accepted: UTF-16 shows by its mark, everything else is UTF-8"},
    {.name = NULL},
};

const struct operation operation_import_csv = {
    .name = "Import-Csv",
    .alias = "ipcsv",
    .flags = OPERATION_CLIENT,
    .summary = "read objects from a CSV file, for the next stage of a pipe",
    .parameters = import_parameters,
    .run = import_csv,
};
