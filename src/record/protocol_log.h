/* CSV logs in files that are begun anew each hour (or day) and when they are full, and go when they are old or many. Rows are copied into memory,
 * and a thread of its own writes them in batches: whoever appends never waits for a disk. Each file begins with
 *
 *   #Software: mapihttp
 *   #Version: 0.1.0
 *   #Log-type: HttpProxy Logs
 *   #Date: 2026-11-22T08:48:24.123Z
 *   #Fields: DateTime,RequestId,...
 *
 * Thread: everything on any thread; protocol_log_new, _configure and _free by its owner. docs/logs.md. */
#pragma once
#include "base/bytes.h"
#include "record/csv_row.h"

struct protocol_log;

#define PROTOCOL_LOG_QUEUE_SIZE_MAX (8u << 20) /* unwritten bytes of one log; beyond it rows are dropped, counted and said so in the file */
#define PROTOCOL_LOGS_MAX 8u
#define PROTOCOL_LOG_DELAY_DEFAULT_MS 500u

struct protocol_log_definition {
    const char *folder; /* below the path: 'HttpProxy/Mapi' */
    const char *prefix; /* of file names: 'HttpProxy_' gives HttpProxy_2026112208-1.LOG */
    const char *type;   /* 'HttpProxy Logs' */
    const char *fields; /* 'DateTime,RequestId' */
};

struct protocol_log_settings {
    const char *path;         /* the folder of all; made when the first row comes */
    const char *version;      /* of the program */
    bool daily;               /* a file a day instead of an hour */
    uint32_t file_size_max;   /* bytes */
    uint64_t total_size_max;  /* bytes of the files of one log; the oldest go first. 0: no limit */
    uint32_t age_max_days;    /* 0: no limit */
    uint32_t delay_ms;        /* a row may wait so long for company; 0: PROTOCOL_LOG_DELAY_DEFAULT_MS */
    /* On the writer's thread: 'failing' once when writing has begun to fail and once when it works again. May be NULL. */
    void (*tell)(void *user, bool failing, const char *text);
    void *user;
};

/* Definitions are kept by reference, settings copied. NULL without memory or a thread. */
struct protocol_log *protocol_log_new(const struct protocol_log_settings *settings, const struct protocol_log_definition *definitions,
                                      unsigned definition_count);
/* Takes effect with the next batch. */
bool protocol_log_configure(struct protocol_log *log, const struct protocol_log_settings *settings);
/* Writes what is there and ends the thread. NULL is nothing. */
void protocol_log_free(struct protocol_log *log);
/* Copies the row. False: no room; it is lost, and counted. */
bool protocol_log_append(struct protocol_log *log, unsigned index, const struct csv_row *row);
/* Waits until what was appended before is written, or could not be. */
void protocol_log_flush(struct protocol_log *log);

struct protocol_log_counts {
    uint64_t rows, dropped; /* since the start; rows that could not be written are dropped ones */
    bool failing;
};
struct protocol_log_counts protocol_log_counts(struct protocol_log *log);
