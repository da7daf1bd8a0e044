#include "record/protocol_log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/filetime.h"
#include "record/protocol_log_files.h"

#define BUFFER_SIZE_KEPT_MAX 65536u
#define WRITER_STACK_SIZE (256u << 10)

/* One of the logs: rows that wait, and (the writer's alone) the file. */
struct log {
    const struct protocol_log_definition *definition;
    struct buffer rows;     /* under the lock */
    uint64_t row_count;     /* in it */
    uint64_t dropped;       /* since the last batch */
    struct buffer writing;
    int fd;                 /* -1: none */
    uint64_t size;
    char period[16];        /* '2026112208' of the open file */
};

struct protocol_log {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something to do; a batch was written */
    pthread_t thread;
    bool wanted;            /* the writer was told of rows */
    bool hurry, stopping;
    uint64_t batches_begun, batches_ended;
    struct protocol_log_settings settings;
    char *path, *version;
    bool reopen;            /* the settings have changed */
    struct protocol_log_counts counts;
    unsigned log_count;
    struct log logs[];
};

/* --- files; on the writer's thread --- */

static void tell(struct protocol_log *log, const struct protocol_log_settings *settings, bool failing, const char *path, int error)
{
    char text[512];
    pthread_mutex_lock(&log->lock);
    bool news = log->counts.failing != failing;
    log->counts.failing = failing;
    pthread_mutex_unlock(&log->lock);
    if (!news || !settings->tell)
        return;
    if (failing)
        snprintf(text, sizeof text, "%s: %s", path, strerror(error));
    else
        snprintf(text, sizeof text, "%s: written again", path);
    settings->tell(settings->user, failing, text);
}

static void close_file(struct log *one)
{
    if (one->fd >= 0)
        close(one->fd);
    one->fd = -1;
    one->size = 0;
}

static bool write_all(int fd, struct bytes data)
{
    while (data.size) {
        ssize_t written = write(fd, data.data, data.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data.data += written;
        data.size -= (size_t)written;
    }
    return true;
}

static bool write_header(struct log *one, const struct protocol_log_settings *settings)
{
    struct buffer header = {0};
    struct csv_row date;
    csv_row_begin(&date);
    csv_row_time(&date, filetime_now());
    buffer_append_format(&header, "#Software: mapihttp\n#Version: %s\n#Log-type: %s\n#Date: %.*s\n#Fields: %s\n", settings->version,
                         one->definition->type, (int)date.size, date.data, one->definition->fields);
    bool done = !header.failed && write_all(one->fd, buffer_bytes(&header));
    one->size = header.size;
    buffer_free(&header);
    return done;
}

/* The file that belongs to this moment; false with errno. */
static bool ready_file(struct log *one, const struct protocol_log_settings *settings)
{
    char period[sizeof one->period], folder[4096];
    time_t now = time(NULL);
    struct tm parts;
    strftime(period, sizeof period, settings->daily ? "%Y%m%d" : "%Y%m%d%H", gmtime_r(&now, &parts));
    if (one->fd >= 0 && strcmp(period, one->period) == 0 && one->size < settings->file_size_max)
        return true;
    close_file(one);
    strcpy(one->period, period);
    int size = snprintf(folder, sizeof folder, "%s/%s", settings->path, one->definition->folder);
    if (size < 0 || (size_t)size >= sizeof folder) {
        errno = ENAMETOOLONG;
        return false;
    }
    one->fd = protocol_log_file_new(folder, one->definition->prefix, period);
    if (one->fd < 0)
        return false;
    protocol_log_files_retain(folder, one->definition->prefix, settings->total_size_max, settings->age_max_days, now);
    return write_header(one, settings);
}

static bool write_rows(struct log *one, const struct protocol_log_settings *settings, uint64_t dropped)
{
    char note[96];
    if (!ready_file(one, settings))
        return false;
    if (dropped) {
        int size = snprintf(note, sizeof note, "#Dropped: %llu rows that came faster than they could be written\n",
                            (unsigned long long)dropped);
        if (!write_all(one->fd, bytes_of(note, (size_t)size)))
            return false;
    }
    one->size += one->writing.size;
    return write_all(one->fd, buffer_bytes(&one->writing));
}

static void write_log(struct protocol_log *log, struct log *one, const struct protocol_log_settings *settings, uint64_t row_count,
                      uint64_t dropped)
{
    if (one->writing.size == 0 && dropped == 0)
        return;
    bool done = write_rows(one, settings, dropped);
    if (!done) {
        int error = errno;
        close_file(one); /* it may end in half a row: what follows goes into a new one */
        tell(log, settings, true, one->definition->folder, error);
    } else {
        tell(log, settings, false, one->definition->folder, 0);
    }
    pthread_mutex_lock(&log->lock);
    log->counts.rows += done ? row_count : 0;
    log->counts.dropped += done ? 0 : row_count;
    pthread_mutex_unlock(&log->lock);
    if (one->writing.capacity > BUFFER_SIZE_KEPT_MAX)
        buffer_free(&one->writing);
    buffer_clear(&one->writing);
}

/* --- the writer --- */

/* Called and returns with the lock, which it leaves while it writes. */
static void write_batch(struct protocol_log *log)
{
    uint64_t row_counts[PROTOCOL_LOGS_MAX], dropped[PROTOCOL_LOGS_MAX];
    struct protocol_log_settings settings = log->settings;
    char *path = strdup(log->path), *version = strdup(log->version);
    settings.path = path ? path : ".";
    settings.version = version ? version : "";
    bool reopen = log->reopen;
    log->reopen = log->wanted = log->hurry = false;
    log->batches_begun++;
    for (unsigned i = 0; i < log->log_count; i++) {
        struct log *one = &log->logs[i];
        struct buffer empty = one->writing;
        one->writing = one->rows;
        one->rows = empty;
        row_counts[i] = one->row_count;
        dropped[i] = one->dropped;
        one->row_count = one->dropped = 0;
    }
    pthread_mutex_unlock(&log->lock);
    for (unsigned i = 0; i < log->log_count; i++) {
        if (reopen)
            close_file(&log->logs[i]);
        write_log(log, &log->logs[i], &settings, row_counts[i], dropped[i]);
    }
    free(path);
    free(version);
    pthread_mutex_lock(&log->lock);
    log->batches_ended = log->batches_begun;
    pthread_cond_broadcast(&log->changed);
}

/* Gives rows time to gather, with the lock. */
static void gather(struct protocol_log *log)
{
    struct timespec until;
    uint32_t delay_ms = log->settings.delay_ms ? log->settings.delay_ms : PROTOCOL_LOG_DELAY_DEFAULT_MS;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += delay_ms % 1000 * 1000000L;
    until.tv_sec += delay_ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!log->hurry && !log->stopping && pthread_cond_timedwait(&log->changed, &log->lock, &until) != ETIMEDOUT) {
    }
}

static void *run_writer(void *argument)
{
    struct protocol_log *log = argument;
    pthread_mutex_lock(&log->lock);
    for (;;) {
        while (!log->wanted && !log->hurry && !log->stopping)
            pthread_cond_wait(&log->changed, &log->lock);
        bool last = log->stopping;
        gather(log);
        write_batch(log);
        if (last && !log->wanted)
            break;
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

static bool start_writer(struct protocol_log *log)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WRITER_STACK_SIZE);
    bool started = pthread_create(&log->thread, &attributes, run_writer, log) == 0;
    pthread_attr_destroy(&attributes);
    if (started)
        pthread_setname_np(log->thread, "protocol-log");
    return started;
}

/* --- for everybody --- */

static void free_log(struct protocol_log *log)
{
    for (unsigned i = 0; i < log->log_count; i++) {
        close_file(&log->logs[i]);
        buffer_free(&log->logs[i].rows);
        buffer_free(&log->logs[i].writing);
    }
    pthread_cond_destroy(&log->changed);
    pthread_mutex_destroy(&log->lock);
    free(log->path);
    free(log->version);
    free(log);
}

struct protocol_log *protocol_log_new(const struct protocol_log_settings *settings, const struct protocol_log_definition *definitions,
                                      unsigned definition_count)
{
    struct protocol_log *log = calloc(1, sizeof *log + definition_count * sizeof log->logs[0]);
    pthread_condattr_t attributes;
    assert(definition_count <= PROTOCOL_LOGS_MAX);
    if (!log)
        return NULL;
    pthread_mutex_init(&log->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&log->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    log->log_count = definition_count;
    for (unsigned i = 0; i < definition_count; i++) {
        log->logs[i].definition = &definitions[i];
        log->logs[i].rows.size_max = log->logs[i].writing.size_max = PROTOCOL_LOG_QUEUE_SIZE_MAX;
        log->logs[i].fd = -1;
    }
    if (!protocol_log_configure(log, settings) || !start_writer(log)) {
        free_log(log);
        return NULL;
    }
    return log;
}

bool protocol_log_configure(struct protocol_log *log, const struct protocol_log_settings *settings)
{
    char *path = strdup(settings->path), *version = strdup(settings->version);
    if (!path || !version) {
        free(path);
        free(version);
        return false;
    }
    pthread_mutex_lock(&log->lock);
    free(log->path);
    free(log->version);
    log->settings = *settings;
    log->path = path;
    log->version = version;
    log->reopen = true;
    pthread_mutex_unlock(&log->lock);
    return true;
}

void protocol_log_free(struct protocol_log *log)
{
    if (!log)
        return;
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
    pthread_join(log->thread, NULL);
    free_log(log);
}

bool protocol_log_append(struct protocol_log *log, unsigned index, const struct csv_row *row)
{
    struct log *one = &log->logs[index];
    pthread_mutex_lock(&log->lock);
    bool done = one->rows.size + row->size <= PROTOCOL_LOG_QUEUE_SIZE_MAX && buffer_append(&one->rows, row->data, row->size);
    one->rows.failed = false; /* without memory only this row is lost */
    if (done) {
        one->row_count++;
    } else {
        one->dropped++;
        log->counts.dropped++;
    }
    if (!log->wanted) {
        log->wanted = true;
        pthread_cond_broadcast(&log->changed);
    }
    pthread_mutex_unlock(&log->lock);
    return done;
}

void protocol_log_flush(struct protocol_log *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t batch = log->batches_begun + 1; /* one that begins from now on */
    log->hurry = true;
    pthread_cond_broadcast(&log->changed);
    while (log->batches_ended < batch)
        pthread_cond_wait(&log->changed, &log->lock);
    pthread_mutex_unlock(&log->lock);
}

struct protocol_log_counts protocol_log_counts(struct protocol_log *log)
{
    pthread_mutex_lock(&log->lock);
    struct protocol_log_counts counts = log->counts;
    pthread_mutex_unlock(&log->lock);
    return counts;
}
