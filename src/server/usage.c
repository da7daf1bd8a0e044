#include "server/usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/filetime.h"
#include "base/log.h"
#include "server/usage_pending.h"

#define USAGE_STACK_SIZE (512u << 10)
#define BATCH_ROWS 256u /* of a transaction, so that readers and the disk get their turn */

struct usage {
    pthread_mutex_t lock; /* over what stands up to 'stopping' */
    struct usage_pending *pending;
    bool wanted;          /* the thread was woken, or counts its seconds */
    uint64_t lost;        /* requests not written down, since it was last logged */
    bool stopping;
    pthread_cond_t changed;
    pthread_t thread;
    bool thread_started;
    atomic_bool enabled;
    atomic_uint retain_days;
    char *path;
    /* Of the thread alone. */
    struct usage_store *store; /* opened with the first batch */
    int32_t pruned_day;
    bool failing;              /* so that a full disk is logged once */
};

/* --- writing --- */

static void tell(struct usage *usage, enum usage_status status, const char *what)
{
    if (status == USAGE_OK && usage->failing)
        log_info("usage is written down again");
    else if (status != USAGE_OK && !usage->failing)
        log_warning("usage: %s: %s: %s", what, usage->path, usage_status_text(status));
    usage->failing = status != USAGE_OK;
}

/* With what SQLite keeps beside it, which a new file of the same name would otherwise take for its own. */
static bool put_aside(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", ""};
    char from[4096], to[4096];
    bool done = true;
    for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        int from_size = snprintf(from, sizeof from, "%s%s", path, suffixes[i]);
        int to_size = snprintf(to, sizeof to, "%s.damaged-%lld%s", path, (long long)time(NULL), suffixes[i]);
        done = done && from_size < (int)sizeof from && to_size < (int)sizeof to && (rename(from, to) == 0 || errno == ENOENT);
    }
    if (done)
        log_warning("%s is damaged or of a newer version: it is put aside as %s, and a new one begun", path, to);
    return done;
}

static enum usage_status open_store(struct usage *usage)
{
    enum usage_status status = usage_store_open(usage->path, true, &usage->store);
    return status == USAGE_CORRUPT && put_aside(usage->path) ? usage_store_open(usage->path, true, &usage->store) : status;
}

/* Days that are over go with the first batch of a day. */
static void prune(struct usage *usage, int32_t today)
{
    if (usage->pruned_day == today)
        return;
    enum usage_status status = usage_store_prune(usage->store, today - (int32_t)atomic_load(&usage->retain_days) + 1);
    if (status != USAGE_OK)
        log_warning("usage: old days cannot be removed from %s: %s", usage->path, usage_status_text(status));
    usage->pruned_day = today; /* also after a failure: the next try is tomorrow's or the next start's */
}

/* Writes rows from the first, frees those that are written, and returns the others. */
static struct usage_pending_row *write_rows(struct usage *usage, struct usage_pending_row *rows)
{
    struct usage_entry entries[BATCH_ROWS];
    struct client_identity identities[BATCH_ROWS];
    char versions[BATCH_ROWS][CLIENT_VERSION_TEXT_SIZE];
    enum usage_status status = usage->store ? USAGE_OK : open_store(usage);
    while (status == USAGE_OK && rows) {
        uint32_t count = 0;
        struct usage_pending_row *row = rows;
        for (; row && count < BATCH_ROWS; row = row->next, count++)
            entries[count] = usage_pending_entry(row, &identities[count], versions[count]);
        prune(usage, entries[0].day);
        status = usage_store_add(usage->store, entries, count);
        for (; status == USAGE_OK && count > 0; count--) {
            struct usage_pending_row *next = rows->next;
            free(rows);
            rows = next;
        }
    }
    if (status == USAGE_CORRUPT) { /* found while writing: put aside when it is opened again */
        usage_store_close(usage->store);
        usage->store = NULL;
    }
    tell(usage, status, "it cannot be written down now, and is kept in memory as far as there is room");
    return rows;
}

/* With the lock, which it gives back meanwhile. */
static void write_pending(struct usage *usage)
{
    struct usage_pending_row *rows = usage_pending_take(usage->pending);
    uint64_t lost = usage->lost;
    usage->lost = 0;
    pthread_mutex_unlock(&usage->lock);
    if (lost)
        log_warning("usage: %llu requests were not counted: there was no room for so many different clients", (unsigned long long)lost);
    rows = write_rows(usage, rows);
    pthread_mutex_lock(&usage->lock);
    usage->lost += usage_pending_return(usage->pending, rows);
}

/* Waits for the time, or the end; with the lock. */
static void wait_for_more(struct usage *usage)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += USAGE_WRITE_DELAY_S;
    while (!usage->stopping && pthread_cond_timedwait(&usage->changed, &usage->lock, &until) == 0) {
    }
}

static void *usage_thread(void *argument)
{
    struct usage *usage = argument;
    pthread_setname_np(pthread_self(), "usage");
    pthread_mutex_lock(&usage->lock);
    while (!usage->stopping) {
        while (!usage->wanted && !usage->stopping)
            pthread_cond_wait(&usage->changed, &usage->lock);
        if (!usage->stopping)
            wait_for_more(usage);
        if (usage->stopping)
            break;
        write_pending(usage);
        usage->wanted = usage_pending_count(usage->pending) > 0; /* a later try */
    }
    pthread_mutex_unlock(&usage->lock);
    return NULL;
}

/* --- the consumer --- */

static void usage_observe(void *state, const struct observation *observation)
{
    struct usage *usage = state;
    if (!atomic_load_explicit(&usage->enabled, memory_order_relaxed))
        return;
    pthread_mutex_lock(&usage->lock);
    if (!usage_pending_observe(usage->pending, observation))
        usage->lost++;
    bool wake = !usage->wanted && usage_pending_count(usage->pending) > 0;
    usage->wanted |= wake;
    pthread_mutex_unlock(&usage->lock);
    if (wake) /* the first of a batch */
        pthread_cond_signal(&usage->changed);
}

static void usage_reload(struct services *services, void *state)
{
    struct usage *usage = state;
    const struct config *config = atomic_load(&services->config);
    atomic_store(&usage->enabled, config->usage_enabled);
    atomic_store(&usage->retain_days, config->usage_retain_days);
}

static bool start_thread(struct usage *usage)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, USAGE_STACK_SIZE);
    usage->thread_started = pthread_create(&usage->thread, &attributes, usage_thread, usage) == 0;
    pthread_attr_destroy(&attributes);
    return usage->thread_started;
}

static void usage_stop(void *state)
{
    struct usage *usage = state;
    if (!usage)
        return;
    pthread_mutex_lock(&usage->lock);
    usage->stopping = true;
    pthread_mutex_unlock(&usage->lock);
    pthread_cond_signal(&usage->changed);
    if (usage->thread_started)
        pthread_join(usage->thread, NULL);
    pthread_mutex_lock(&usage->lock);
    if (usage->pending && usage_pending_count(usage->pending) > 0)
        write_pending(usage);
    pthread_mutex_unlock(&usage->lock);
    if (usage->pending && usage_pending_count(usage->pending) > 0)
        log_warning("usage: what came last is not written down");
    usage_store_close(usage->store);
    usage_pending_free(usage->pending);
    pthread_cond_destroy(&usage->changed);
    pthread_mutex_destroy(&usage->lock);
    free(usage->path);
    free(usage);
}

static bool usage_start(struct services *services, void **ret_state)
{
    const struct config *config = atomic_load(&services->config);
    pthread_condattr_t clock;
    struct usage *usage = calloc(1, sizeof *usage);
    if (!usage)
        return false;
    pthread_mutex_init(&usage->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&usage->changed, &clock);
    pthread_condattr_destroy(&clock);
    usage_reload(services, usage);
    usage->pending = usage_pending_new();
    if (asprintf(&usage->path, "%s/usage.sqlite", config->data_path) < 0)
        usage->path = NULL;
    if (!usage->pending || !usage->path || !start_thread(usage)) {
        usage_stop(usage);
        return false;
    }
    *ret_state = usage;
    return true;
}

const struct observer usage_observer = {
    .name = "the record of usage", .start = usage_start, .reload = usage_reload, .observe = usage_observe, .stop = usage_stop};
