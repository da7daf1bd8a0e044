#include "auth/jwks_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "auth/web_fetch.h"

#define FILE_LOOK_MS 1000u

/* What tells that a file is another than it was. */
struct file_mark {
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct jwks_source {
    struct jwks_source_settings settings;
    bool address;           /* else a file */
    atomic_uint_fast64_t number;
    pthread_mutex_t lock;   /* guards what follows */
    struct jwks *jwks;
    bool fetching;
    bool tried;             /* tried_ms is set */
    bool failed;            /* the last try */
    uint64_t tried_ms;      /* start of the last fetch or look */
    uint64_t fetched_ms;    /* the last that succeeded */
    struct file_mark mark;
    struct buffer content;  /* what 'jwks' was read from: the same again is no new set */
};

static bool is_address(const char *location)
{
    return strncasecmp(location, "https://", 8) == 0 || strncasecmp(location, "http://", 7) == 0;
}

bool jwks_location_valid(const char *location, const char **ret_error)
{
    struct web_address address;
    *ret_error = "a key set is a file's path, https://..., or http://localhost...";
    if (!is_address(location))
        return !strstr(location, "://");
    return web_address_read(location, &address) && (address.tls || web_address_is_local(&address));
}

struct jwks_source *jwks_source_new(const struct jwks_source_settings *settings)
{
    struct jwks_source *source = calloc(1, sizeof *source);
    if (!source)
        return NULL;
    pthread_mutex_init(&source->lock, NULL);
    atomic_init(&source->number, 0);
    source->settings = *settings;
    source->settings.location = strdup(settings->location);
    source->settings.ca_path = strdup(settings->ca_path);
    source->address = is_address(settings->location);
    if (!source->settings.location || !source->settings.ca_path) {
        jwks_source_free(source);
        return NULL;
    }
    return source;
}

void jwks_source_free(struct jwks_source *source)
{
    if (!source)
        return;
    jwks_release(source->jwks);
    buffer_free(&source->content);
    free((char *)source->settings.location);
    free((char *)source->settings.ca_path);
    pthread_mutex_destroy(&source->lock);
    free(source);
}

uint64_t jwks_source_number(const struct jwks_source *source)
{
    return atomic_load_explicit(&source->number, memory_order_relaxed);
}

/* --- one fetch, without the lock --- */

static bool mark_of(const char *path, struct file_mark *ret_mark)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    *ret_mark = (struct file_mark){status.st_ino, status.st_size, status.st_mtim};
    return true;
}

static bool marks_equal(const struct file_mark *a, const struct file_mark *b)
{
    return a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

/* The mark is of before the reading: what changes meanwhile is read again. */
static bool read_file(const char *path, struct buffer *content, struct file_mark *ret_mark, char error[WEB_ERROR_SIZE])
{
    FILE *file = mark_of(path, ret_mark) ? fopen(path, "re") : NULL;
    if (!file) {
        snprintf(error, WEB_ERROR_SIZE, "%s", strerror(errno));
        return false;
    }
    uint8_t part[4096];
    size_t size;
    while ((size = fread(part, 1, sizeof part, file)) > 0 && buffer_append(content, part, size))
        ;
    bool good = !ferror(file) && !content->failed;
    snprintf(error, WEB_ERROR_SIZE, content->failed ? "too large" : "cannot be read");
    fclose(file);
    return good;
}

static bool load(const struct jwks_source *source, struct buffer *content, struct file_mark *ret_mark, char error[WEB_ERROR_SIZE])
{
    struct web_request request = {.url = source->settings.location, .ca_path = source->settings.ca_path,
                                  .timeout_ms = source->settings.timeout_ms, .size_max = JWKS_SIZE_MAX};
    return source->address ? web_fetch(&request, content, error) : read_file(source->settings.location, content, ret_mark, error);
}

/* --- the decision, under the lock --- */

/* What could not be used is read again when it has changed, and what is absent looked for, without a line in the log for each
 * second that passes. */
static bool file_due(struct jwks_source *source, uint64_t now_ms)
{
    struct file_mark mark;
    uint64_t since_ms = now_ms - source->tried_ms;
    bool there = mark_of(source->settings.location, &mark);
    if (!there)
        return !source->failed || since_ms >= source->settings.retry_ms;
    if (!marks_equal(&mark, &source->mark))
        return true;
    if (!source->failed)
        source->tried_ms = source->fetched_ms = now_ms;
    return false;
}

static bool fetch_due(struct jwks_source *source, uint64_t wanted, uint64_t now_ms)
{
    uint64_t since_ms = now_ms - source->tried_ms;
    if (source->fetching)
        return false;
    if (!source->tried)
        return true;
    if (!source->address)
        return since_ms >= FILE_LOOK_MS && file_due(source, now_ms);
    if (since_ms < source->settings.retry_ms)
        return false;
    return !source->jwks || now_ms - source->fetched_ms >= source->settings.refresh_ms ||
           (wanted && wanted == jwks_source_number(source));
}

static void take_content(struct jwks_source *source, struct jwks *jwks, struct buffer *content)
{
    source->fetched_ms = source->tried_ms;
    if (source->jwks && bytes_equal(buffer_bytes(content), buffer_bytes(&source->content))) {
        jwks_release(jwks);
        buffer_free(content);
        return;
    }
    jwks_release(source->jwks);
    buffer_free(&source->content);
    source->jwks = jwks;
    source->content = *content;
    atomic_fetch_add_explicit(&source->number, 1, memory_order_relaxed);
}

/* Called with the lock, which is given up meanwhile. */
static void fetch(struct jwks_source *source, uint64_t now_ms, struct jwks_state *state)
{
    struct buffer content = {.size_max = JWKS_SIZE_MAX};
    struct file_mark mark = {0};
    char error[WEB_ERROR_SIZE + JWKS_ERROR_SIZE] = "";
    source->fetching = true;
    source->tried = true;
    source->tried_ms = now_ms;
    pthread_mutex_unlock(&source->lock);
    struct jwks *jwks = load(source, &content, &mark, error) ? jwks_read(buffer_bytes(&content), error) : NULL;
    pthread_mutex_lock(&source->lock);
    source->fetching = false;
    source->failed = !jwks;
    source->mark = mark;
    if (jwks) {
        take_content(source, jwks, &content);
        return;
    }
    buffer_free(&content);
    state->failed = true;
    snprintf(state->error, sizeof state->error, "%.250s: %.250s", source->settings.location, error);
}

static void forget_old(struct jwks_source *source, uint64_t now_ms)
{
    if (!source->jwks || now_ms - source->fetched_ms <= source->settings.keep_ms)
        return;
    jwks_release(source->jwks);
    source->jwks = NULL;
    buffer_clear(&source->content);
    atomic_fetch_add_explicit(&source->number, 1, memory_order_relaxed);
}

void jwks_source_get(struct jwks_source *source, uint64_t wanted, uint64_t now_ms, struct jwks_state *ret_state)
{
    struct jwks_state state = {0};
    pthread_mutex_lock(&source->lock);
    if (fetch_due(source, wanted, now_ms))
        fetch(source, now_ms, &state);
    forget_old(source, now_ms);
    state.jwks = jwks_reference(source->jwks);
    state.number = jwks_source_number(source);
    state.busy = source->fetching;
    pthread_mutex_unlock(&source->lock);
    *ret_state = state;
}

void jwks_source_expire(struct jwks_source *source)
{
    pthread_mutex_lock(&source->lock);
    source->tried = false;
    pthread_mutex_unlock(&source->lock);
}
