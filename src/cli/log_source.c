#include "cli/log_source.h"
#include "base/bytes.h"
#include "base/filetime.h"
#include "record/protocol_log_files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CHUNK_SIZE 65536u
#define PERIOD_SIZE 16u

struct log_source {
    char *folder, *prefix;       /* NULL: one file */
    char first_period[PERIOD_SIZE], last_period[PERIOD_SIZE]; /* as file names have them, to the hour; "": no limit */
    char name[PROTOCOL_LOG_FILE_NAME_SIZE]; /* of the file under way; "" before the first */
    char *path;
    int file;                    /* -1 */
    char *data;                  /* read and not yet used: data[start..end) */
    size_t start, end;
    bool overlong;               /* inside of a line that is too long */
    struct log_fields fields;
    unsigned generation;
    struct log_row row;
    uint64_t bad_line_count;
};

static struct log_source *create(void)
{
    struct log_source *source = calloc(1, sizeof *source);
    if (!source)
        return NULL;
    source->file = -1;
    source->data = malloc(LOG_LINE_SIZE_MAX + CHUNK_SIZE + 1);
    if (source->data)
        return source;
    free(source);
    return NULL;
}

static void period_of(uint64_t time, char period[PERIOD_SIZE])
{
    struct tm parts;
    time_t seconds = filetime_to_unix(time);
    strftime(period, PERIOD_SIZE, "%Y%m%d%H", gmtime_r(&seconds, &parts));
}

struct log_source *log_source_new(const char *folder, const char *prefix, uint64_t since, uint64_t until)
{
    struct log_source *source = create();
    if (!source)
        return NULL;
    source->folder = strdup(folder);
    source->prefix = strdup(prefix);
    if (since)
        period_of(since, source->first_period);
    if (until)
        period_of(until + 3600 * FILETIME_PER_SECOND, source->last_period); /* a request is written down when it was answered */
    if (source->folder && source->prefix)
        return source;
    log_source_free(source);
    return NULL;
}

static bool open_file(struct log_source *source, char *path)
{
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    free(source->path);
    source->path = path;
    if (source->file >= 0)
        close(source->file);
    source->file = file;
    source->start = source->end = 0;
    source->overlong = false;
    log_fields_free(&source->fields);
    return file >= 0;
}

struct log_source *log_source_new_file(const char *path)
{
    struct log_source *source = create();
    if (source && open_file(source, strdup(path)))
        return source;
    int error = source ? errno : ENOMEM;
    log_source_free(source);
    errno = error;
    return NULL;
}

void log_source_free(struct log_source *source)
{
    if (!source)
        return;
    if (source->file >= 0)
        close(source->file);
    log_fields_free(&source->fields);
    log_row_free(&source->row);
    free(source->folder);
    free(source->prefix);
    free(source->path);
    free(source->data);
    free(source);
}

const char *log_source_path(const struct log_source *source)
{
    return source->path ? source->path : "";
}

uint64_t log_source_bad_line_count(const struct log_source *source)
{
    return source->bad_line_count;
}

/* --- files --- */

/* Whether a file of this period has anything of the time that is wanted. Periods of days are shorter texts than those of hours. */
static bool is_wanted(const struct log_source *source, const char *name)
{
    const char *period = name + strlen(source->prefix);
    size_t size = strspn(period, "0123456789");
    return (!*source->first_period || strncmp(period, source->first_period, size) >= 0) &&
           (!*source->last_period || strncmp(period, source->last_period, size) <= 0);
}

/* The name of the file behind the one under way; false: there is none yet. */
static bool find_next(const struct log_source *source, char name[PROTOCOL_LOG_FILE_NAME_SIZE])
{
    char (*names)[PROTOCOL_LOG_FILE_NAME_SIZE];
    bool found = false;
    size_t count = source->folder ? protocol_log_files_list(source->folder, source->prefix, &names) : 0;
    for (size_t i = 0; i < count && !found; i++)
        if ((!*source->name || protocol_log_files_compare(names[i], source->name) > 0) && is_wanted(source, names[i])) {
            strcpy(name, names[i]);
            found = true;
        }
    if (source->folder)
        free(names);
    return found;
}

/* What is left of a file that is followed by another one is no row: its writer ended in the middle. */
static enum log_source_status open_next(struct log_source *source, const char name[PROTOCOL_LOG_FILE_NAME_SIZE])
{
    char *path = NULL;
    source->bad_line_count += source->start < source->end;
    strcpy(source->name, name);
    if (asprintf(&path, "%s/%s", source->folder, name) < 0)
        path = NULL;
    return open_file(source, path) ? LOG_SOURCE_ROW : LOG_SOURCE_FAILED;
}

/* --- lines --- */

/* The next whole line, without its end and with a NUL behind; NULL: there is none (yet). */
static char *take_line(struct log_source *source, size_t *ret_size)
{
    char *line = source->data + source->start, *end = memchr(line, '\n', source->end - source->start);
    if (!end)
        return NULL;
    source->start = (size_t)(end + 1 - source->data);
    *end = 0;
    size_t size = (size_t)(end - line);
    if (size && line[size - 1] == '\r')
        line[--size] = 0;
    *ret_size = size;
    return line;
}

/* More of the file: 1, 0 at its end, -1 with errno. A line that does not fit is thrown away as far as it goes. */
static int read_more(struct log_source *source)
{
    memmove(source->data, source->data + source->start, source->end - source->start);
    source->end -= source->start;
    source->start = 0;
    if (source->end > LOG_LINE_SIZE_MAX) {
        source->end = 0;
        source->overlong = true;
    }
    ssize_t count = read(source->file, source->data + source->end, CHUNK_SIZE);
    if (count > 0)
        source->end += (size_t)count;
    return count > 0 ? 1 : (int)count;
}

static void use_fields(struct log_source *source, struct log_fields fields)
{
    log_fields_free(&source->fields);
    source->fields = fields;
    source->fields.generation = ++source->generation;
}

/* Exchange's HttpProxy logs begin with the names of the fields without a mark. */
static bool take_plain_header(struct log_source *source, const char *line)
{
    char *marked = NULL;
    struct log_fields fields;
    if (strncasecmp(line, "date", 4) || asprintf(&marked, "#Fields: %s", line) < 0)
        return false;
    bool good = log_fields_read(marked, strlen(marked), &fields);
    free(marked);
    if (!good)
        return false;
    use_fields(source, fields);
    return true;
}

/* Whether a line is a row that is wanted; it is in source->row then. */
static bool use_line(struct log_source *source, char *line, size_t size, const char *needle)
{
    struct log_fields fields;
    if (source->overlong) {
        source->overlong = false;
        source->bad_line_count++;
        return false;
    }
    if (*line == '#') {
        if (log_fields_read(line, size, &fields))
            use_fields(source, fields);
        return false;
    }
    if (!size || (!source->fields.count && take_plain_header(source, line)))
        return false;
    if (needle && strlen(line) == size && !strcasestr(line, needle))
        return false;
    log_row_free(&source->row);
    if (source->fields.count && log_row_read(&source->fields, line, size, &source->row))
        return true;
    source->bad_line_count++;
    return false;
}

enum log_source_status log_source_next(struct log_source *source, const char *needle, const struct log_fields **ret_fields,
                                       const struct log_row **ret_row)
{
    char name[PROTOCOL_LOG_FILE_NAME_SIZE];
    for (;;) {
        size_t size;
        char *line;
        while (source->file >= 0 && (line = take_line(source, &size)))
            if (use_line(source, line, size, needle)) {
                *ret_fields = &source->fields;
                *ret_row = &source->row;
                return LOG_SOURCE_ROW;
            }
        int more = source->file >= 0 ? read_more(source) : 0;
        if (more > 0)
            continue;
        if (more < 0) {
            int error = errno;
            close(source->file);
            source->file = -1;
            errno = error;
            return LOG_SOURCE_FAILED;
        }
        if (!find_next(source, name))
            return LOG_SOURCE_END;
        /* Its writer had ended this file before it made that one: whatever came in between is read first. */
        if (source->file >= 0 && read_more(source) > 0)
            continue;
        if (open_next(source, name) == LOG_SOURCE_FAILED)
            return LOG_SOURCE_FAILED;
    }
}
