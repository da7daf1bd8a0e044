/* Files of directory entries that people bring from elsewhere: CSV (RFC 4180, the first line names the columns; comma or
 * semicolon, a byte order mark is skipped) and LDIF (RFC 2849, entries only: a change record is an error). What the fields mean
 * is the caller's matter. No state, any thread. */
#pragma once
#include "base/arena.h"

#define ENTRY_FILE_SIZE_MAX (512u << 20)
#define ENTRY_FILE_FIELDS_MAX 4096u   /* of one record */

enum entry_file_format { ENTRY_FILE_CSV, ENTRY_FILE_LDIF };

/* A name with one value; a name may stand several times. */
struct entry_field {
    const char *name; /* of LDIF without options behind ';', except ';binary', which is left out of the name */
    struct bytes value;
};

struct entry_record {
    uint32_t line; /* of its first line, from 1 */
    uint32_t field_count;
    const struct entry_field *fields; /* empty values are left out; in LDIF 'dn' is the first */
};

/* Reads all records of 'text' (whose bytes it may change) into the arena. False with *ret_error, "line 12: ...", where one is
 * not well formed; values are not fetched from files or URLs ('<' of RFC 2849 is refused). */
bool entry_file_read(struct arena *arena, enum entry_file_format format, struct buffer *text, uint32_t *ret_count,
                     struct entry_record **ret_records, const char **ret_error);
