/* The record of what administrators changed: who, when, from where, by which operation, what was before and what is now; each row is
 * chained to the one before it by SHA-256, so that a changed or missing row shows. In the file of the settings. Any thread. */
#pragma once
#include "record/settings.h"

struct change {
    const char *actor;     /* 'alice@example.org', or 'root' of a local user */
    const char *way;       /* 'local' (the Unix socket, the command), 'https', 'page' */
    const char *address;   /* the client's, "" for local */
    const char *operation; /* 'Set-CasMailbox', 'user add' */
    const char *target;    /* what was changed: an address, a virtual directory, "" for the organisation */
    json_t *parameters;    /* as given, without secrets; borrowed */
    json_t *before, *after; /* what was and what is: the properties that differ are kept; borrowed, NULL where there is none */
    bool succeeded;
    const char *error;     /* why not, "" */
};

enum settings_status change_record_append(struct settings *settings, const struct change *change);
/* Newest first, rows older than row 'before' (0: from the newest), at most count_max: an array of objects Row, RunDate, Caller, Way,
 * ClientAddress, CmdletName, ObjectModified, CmdletParameters, Before, After, Succeeded, Error. */
enum settings_status change_record_list(struct settings *settings, uint64_t before, uint32_t count_max, json_t **ret_rows);
/* OK, or CORRUPT with the first row that does not fit. */
enum settings_status change_record_verify(struct settings *settings, uint64_t *ret_row_count, uint64_t *ret_bad_row);
