#include "record/audit_store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "record/audit_writer.h"

#define BATCH_RECORDS_MAX 4096u   /* in one transaction */
#define RETRY_MS 1000u            /* after a failure */
#define IDLE_CLOSE_MS 30000u      /* without work the file is closed */
#define RETENTION_PERIOD_MS (24u * 3600u * 1000u)
#define END_TOLD_PERIOD_MS 3600000u
#define RETENTION_FIRST_MS 60000u /* after the start, so that this is quick */

struct audit_store {
    struct audit_settings settings;
    struct audit_writer writer;   /* the writer thread's, or of whoever holds 'writing' */
    pthread_mutex_t writing;
    pthread_t thread;
    uint64_t end_told;            /* the thread's: the number of the end that was told last, and when */
    uint64_t end_told_ms;
    pthread_mutex_t lock;         /* of everything below */
    pthread_cond_t arrived;       /* the writer waits for work */
    pthread_cond_t taken;         /* others wait for room, or for the writer to be done */
    struct audit_entry *first, **end;
    size_t queue_size;
    uint64_t queued_number, done_number; /* counted since the start */
    uint64_t written, lost, lost_unnoted;
    bool failing, stopping;
    char error[160];
};

/* --- time --- */

static struct timespec in_ms(uint64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    uint64_t nanoseconds = (uint64_t)at.tv_nsec + ms % 1000 * 1000000;
    at.tv_sec += (time_t)(ms / 1000 + nanoseconds / 1000000000);
    at.tv_nsec = (long)(nanoseconds % 1000000000);
    return at;
}

static void make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* --- writing --- */

static void tell(struct audit_store *store, bool failing, const char *text)
{
    if (store->settings.tell)
        store->settings.tell(store->settings.user, failing, text);
}

/* Notes how writing goes; told once for each change. */
static void note_outcome(struct audit_store *store, enum audit_status status)
{
    bool failing = status != AUDIT_OK;
    char text[256];
    pthread_mutex_lock(&store->lock);
    bool changed = store->failing != failing;
    store->failing = failing;
    snprintf(store->error, sizeof store->error, "%s", failing ? store->writer.error : "");
    uint64_t lost = store->lost;
    pthread_mutex_unlock(&store->lock);
    if (changed && failing) {
        snprintf(text, sizeof text, "the mailbox audit cannot be written (%s: %s); records wait in memory", store->settings.path,
                 store->writer.error);
        tell(store, true, text);
    } else if (changed) {
        snprintf(text, sizeof text, "the mailbox audit is written again; %llu records were lost since the start",
                 (unsigned long long)lost);
        tell(store, false, text);
    }
}

/* What was lost while there was no room stands in the chain before what came later. */
static enum audit_status write_loss(struct audit_store *store, uint64_t lost)
{
    if (lost == 0)
        return AUDIT_OK;
    struct audit_entry *note = audit_entry_note(AUDIT_NOTE_LOST, filetime_now(), lost);
    enum audit_status status = note ? audit_writer_write(&store->writer, note) : AUDIT_UNAVAILABLE;
    free(note);
    if (status == AUDIT_OK) {
        pthread_mutex_lock(&store->lock);
        store->lost_unnoted -= lost;
        pthread_mutex_unlock(&store->lock);
    }
    return status;
}

/* 'last': the store ends. The file is open, and nobody else writes. */
static void tell_end(struct audit_store *store, bool last)
{
    uint64_t number = store->writer.last_number, now_ms = monotonic_ms();
    if (!store->writer.database || !store->settings.end || number == store->end_told ||
        (!last && store->end_told && now_ms - store->end_told_ms < END_TOLD_PERIOD_MS))
        return;
    store->settings.end(store->settings.user, number, store->writer.last_hash);
    store->end_told = number;
    store->end_told_ms = now_ms;
}

static enum audit_status write_batch(struct audit_store *store, const struct audit_entry *first, uint64_t lost)
{
    pthread_mutex_lock(&store->writing);
    enum audit_status status = audit_writer_open(&store->writer, true);
    if (status == AUDIT_OK)
        status = write_loss(store, lost);
    if (status == AUDIT_OK && first)
        status = audit_writer_write(&store->writer, first);
    if (status == AUDIT_OK)
        tell_end(store, false);
    /* Whatever is wrong with the connection (a file that was put away, a full disk): try with a new one. */
    if (status != AUDIT_OK)
        audit_writer_close(&store->writer);
    pthread_mutex_unlock(&store->writing);
    return status;
}

/* Takes at most a batch off the queue; the lock is held. */
static struct audit_entry *take_batch(struct audit_store *store, uint32_t *ret_count, size_t *ret_size)
{
    struct audit_entry *first = store->first, *last = NULL;
    uint32_t count = 0;
    size_t size = 0;
    for (struct audit_entry *entry = first; entry && count < BATCH_RECORDS_MAX; entry = entry->next) {
        count++;
        size += entry->size;
        last = entry;
    }
    if (last) {
        store->first = last->next;
        last->next = NULL;
        if (!store->first)
            store->end = &store->first;
    }
    *ret_count = count;
    *ret_size = size;
    return first;
}

static void put_back(struct audit_store *store, struct audit_entry *first)
{
    struct audit_entry *last = first;
    if (!first)
        return;
    while (last->next)
        last = last->next;
    last->next = store->first;
    if (!store->first)
        store->end = &last->next;
    store->first = first;
}

static void free_list(struct audit_entry *first)
{
    while (first) {
        struct audit_entry *next = first->next;
        free(first);
        first = next;
    }
}

/* The lock is held, and left while the batch is written. False: it could not be. */
static bool write_some(struct audit_store *store)
{
    uint32_t count;
    size_t size;
    struct audit_entry *batch = take_batch(store, &count, &size);
    uint64_t lost = store->lost_unnoted;
    pthread_mutex_unlock(&store->lock);
    enum audit_status status = write_batch(store, batch, lost);
    note_outcome(store, status);
    pthread_mutex_lock(&store->lock);
    if (status != AUDIT_OK) {
        put_back(store, batch);
        return false;
    }
    store->queue_size -= size;
    store->written += count;
    store->done_number += count;
    pthread_cond_broadcast(&store->taken);
    free_list(batch);
    return true;
}

/* --- the writer's thread --- */

static void retain_daily(struct audit_store *store)
{
    uint64_t removed = 0;
    enum audit_status status = audit_store_retain(store, filetime_now(), &removed);
    if (status != AUDIT_OK && status != AUDIT_NO_FILE)
        tell(store, true, "old records of the mailbox audit could not be taken out; tried again tomorrow");
}

/* Waits for something to write, or until 'until_ms'; then for company. The lock is held. */
static void await_work(struct audit_store *store, uint64_t until_ms)
{
    while (!store->first && !store->lost_unnoted && !store->stopping) {
        uint64_t now_ms = monotonic_ms();
        if (now_ms >= until_ms)
            return;
        struct timespec at = in_ms(until_ms - now_ms);
        pthread_cond_timedwait(&store->arrived, &store->lock, &at);
    }
    struct timespec at = in_ms(store->settings.batch_delay_ms);
    while (!store->stopping && store->queue_size < store->settings.queue_size_max / 2 &&
           pthread_cond_timedwait(&store->arrived, &store->lock, &at) == 0) {
    }
}

static void pause_after_failure(struct audit_store *store)
{
    struct timespec at = in_ms(RETRY_MS);
    while (!store->stopping && pthread_cond_timedwait(&store->arrived, &store->lock, &at) == 0) {
    }
}

static void close_file(struct audit_store *store, bool last)
{
    pthread_mutex_lock(&store->writing);
    tell_end(store, last);
    audit_writer_close(&store->writer);
    pthread_mutex_unlock(&store->writing);
}

/* At the end everything is tried once more; what cannot be written even then is told. */
static void finish(struct audit_store *store)
{
    while (store->first || store->lost_unnoted) {
        if (!write_some(store))
            break;
    }
    uint64_t left = store->queued_number - store->done_number;
    pthread_mutex_unlock(&store->lock);
    if (left) {
        char text[256];
        snprintf(text, sizeof text, "%llu records of the mailbox audit could not be written and are lost: %s",
                 (unsigned long long)left, store->writer.error);
        tell(store, true, text);
    }
    close_file(store, true);
}

static void *run(void *argument)
{
    struct audit_store *store = argument;
    uint64_t retain_ms = monotonic_ms() + RETENTION_FIRST_MS, idle_ms = UINT64_MAX;
    pthread_setname_np(pthread_self(), "audit");
    pthread_mutex_lock(&store->lock);
    while (!store->stopping) {
        await_work(store, idle_ms < retain_ms ? idle_ms : retain_ms);
        if (store->first || store->lost_unnoted) {
            if (!write_some(store))
                pause_after_failure(store);
            idle_ms = monotonic_ms() + IDLE_CLOSE_MS;
        }
        if (!store->stopping && monotonic_ms() >= idle_ms && !store->first) {
            pthread_mutex_unlock(&store->lock);
            close_file(store, false);
            pthread_mutex_lock(&store->lock);
            idle_ms = UINT64_MAX;
        }
        if (!store->stopping && monotonic_ms() >= retain_ms) {
            pthread_mutex_unlock(&store->lock);
            retain_daily(store);
            pthread_mutex_lock(&store->lock);
            retain_ms = monotonic_ms() + RETENTION_PERIOD_MS;
            idle_ms = monotonic_ms() + IDLE_CLOSE_MS;
        }
    }
    finish(store);
    return NULL;
}

/* --- life --- */

struct audit_store *audit_store_new(const struct audit_settings *settings)
{
    struct audit_store *store = calloc(1, sizeof *store);
    char *path = strdup(settings->path);
    if (!store || !path) {
        free(store);
        free(path);
        return NULL;
    }
    store->settings = *settings;
    store->settings.path = store->writer.path = path;
    if (!store->settings.queue_size_max)
        store->settings.queue_size_max = AUDIT_QUEUE_DEFAULT_SIZE;
    if (!store->settings.batch_delay_ms)
        store->settings.batch_delay_ms = AUDIT_BATCH_DEFAULT_MS;
    if (!store->settings.append_wait_ms)
        store->settings.append_wait_ms = AUDIT_APPEND_WAIT_DEFAULT_MS;
    store->end = &store->first;
    pthread_mutex_init(&store->writing, NULL);
    pthread_mutex_init(&store->lock, NULL);
    make_condition(&store->arrived);
    make_condition(&store->taken);
    if (pthread_create(&store->thread, NULL, run, store) != 0) {
        free(path);
        free(store);
        return NULL;
    }
    return store;
}

void audit_store_free(struct audit_store *store)
{
    if (!store)
        return;
    pthread_mutex_lock(&store->lock);
    store->stopping = true;
    pthread_cond_broadcast(&store->arrived);
    pthread_cond_broadcast(&store->taken);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->thread, NULL);
    free_list(store->first);
    audit_hasher_free(store->writer.hasher);
    pthread_cond_destroy(&store->arrived);
    pthread_cond_destroy(&store->taken);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->writing);
    free((char *)store->settings.path);
    free(store);
}

/* --- for others --- */

static bool wait_for_room(struct audit_store *store, size_t size)
{
    struct timespec at = in_ms(store->settings.append_wait_ms);
    while (store->queue_size > 0 && store->queue_size + size > store->settings.queue_size_max && !store->stopping) {
        /* Once writing fails and the queue is full, nobody is held up any longer: room comes only when it works again. */
        if (store->failing || pthread_cond_timedwait(&store->taken, &store->lock, &at) == ETIMEDOUT)
            return store->queue_size + size <= store->settings.queue_size_max;
    }
    return !store->stopping;
}

bool audit_store_append(struct audit_store *store, const struct audit_deed *deed, const struct audit_client *client)
{
    struct audit_entry *entry = audit_entry_new(deed, client);
    pthread_mutex_lock(&store->lock);
    bool room = entry && wait_for_room(store, entry->size);
    if (room) {
        /* The writer sleeps until there is something; once awake it looks for company by itself. */
        bool wake = !store->first;
        *store->end = entry;
        store->end = &entry->next;
        store->queue_size += entry->size;
        store->queued_number++;
        if (wake || store->queue_size >= store->settings.queue_size_max / 2)
            pthread_cond_signal(&store->arrived);
    } else {
        store->lost++;
        store->lost_unnoted++;
        pthread_cond_signal(&store->arrived);
    }
    pthread_mutex_unlock(&store->lock);
    if (!room)
        free(entry);
    return room;
}

bool audit_store_flush(struct audit_store *store, uint32_t wait_ms)
{
    struct timespec at = in_ms(wait_ms);
    pthread_mutex_lock(&store->lock);
    uint64_t wanted = store->queued_number;
    bool in_time = true;
    while (store->done_number < wanted && in_time)
        in_time = pthread_cond_timedwait(&store->taken, &store->lock, &at) != ETIMEDOUT;
    bool done = store->done_number >= wanted;
    pthread_mutex_unlock(&store->lock);
    return done;
}

enum audit_status audit_store_retain(struct audit_store *store, uint64_t now, uint64_t *ret_removed)
{
    uint64_t removed = 0;
    pthread_mutex_lock(&store->writing);
    enum audit_status status = audit_writer_retain(&store->writer, now, store->settings.age_limit, store->settings.user, &removed);
    pthread_mutex_unlock(&store->writing);
    if (ret_removed)
        *ret_removed = removed;
    return status;
}

struct audit_state audit_store_state(struct audit_store *store)
{
    struct audit_state state = {0};
    pthread_mutex_lock(&store->lock);
    state.queued = store->queued_number - store->done_number;
    state.written = store->written;
    state.lost = store->lost;
    state.failing = store->failing;
    memcpy(state.error, store->error, sizeof state.error);
    pthread_mutex_unlock(&store->lock);
    return state;
}
