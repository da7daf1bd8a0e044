/* One CSV log as a stream of rows: its files one after the other, oldest first, and, followed, what is written meanwhile and the files that
 * come. A file is read once; that it is removed meanwhile (by age) does no harm. One thread; blocks for the disk only. */
#pragma once
#include "cli/log_row.h"
#include <stdint.h>

struct log_source;

/* The log of a folder, by the beginning of its files' names ('HttpProxy_'); files that ended before 'since' (FILETIME, 0: none) or began an hour (or a
 * day, as they are rotated) after 'until' are left out. NULL without memory. That there is no folder yet is no failure. */
struct log_source *log_source_new(const char *folder, const char *prefix, uint64_t since, uint64_t until);
/* One file. NULL with errno. */
struct log_source *log_source_new_file(const char *path);
void log_source_free(struct log_source *source);

enum log_source_status {
    LOG_SOURCE_ROW,
    LOG_SOURCE_END,    /* of what is there now; asked again, it may go on */
    LOG_SOURCE_FAILED, /* a file cannot be read: errno; the next call goes on with the next file */
};
/* The next row and the fields of its file, borrowed until the next call. With 'needle' lines without that text (as it stands in the file, any case) are
 * passed over unread. */
enum log_source_status log_source_next(struct log_source *source, const char *needle, const struct log_fields **ret_fields,
                                       const struct log_row **ret_row);
/* The file under way, for messages; "". */
const char *log_source_path(const struct log_source *source);
/* Lines that were no rows so far. */
uint64_t log_source_bad_line_count(const struct log_source *source);
