/* Inside of settings and record of changes: the one connection to the file. Not for others. */
#pragma once
#include <pthread.h>
#include <sqlite3.h>

#include "base/change_counter.h"
#include "record/settings.h"

struct settings {
    pthread_mutex_t lock; /* guards everything below but 'changes' and 'writes' */
    sqlite3 *database;
    struct change_counter changes; /* of the file; none in memory */
    uint64_t writes;      /* of a file in memory: its version */
    json_t *values;       /* "scope\nname in lower case": value, null where there is none; of 'values_version' */
    uint64_t values_version;
};

/* Prepared for one use; finalize it. NULL where it cannot be. */
sqlite3_stmt *settings_query(struct settings *settings, const char *sql);
/* Steps a statement that gives no rows, and finalizes it (also NULL). */
enum settings_status settings_run(sqlite3_stmt *statement);
/* A transaction, while the lock is held: 'status' is what came out of it; returns what came out of all. */
enum settings_status settings_begin(struct settings *settings);
enum settings_status settings_end(struct settings *settings, enum settings_status status);
/* What a failed step means. */
enum settings_status settings_failure(int code);
