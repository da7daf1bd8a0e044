#include "server/oab.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/filetime.h"
#include "base/log.h"
#include "oab/languages.h"
#include "record/overlay_directory.h"
#include "server/program_pages.h"

#define TICK_MS 1000u
#define RETRY_MS 60000u  /* after a failure */
#define PRIORITY 15

struct oab_server {
    struct services *services;
    struct oab_download_settings download;
    struct loop_timer timer; /* of the first loop, like the three below */
    struct loop_task start;
    pthread_t thread;
    bool thread_started;     /* and not joined yet */
    atomic_bool running;
    atomic_bool cancelled;
    /* Written by the thread before 'running' ends. */
    uint64_t next_ms;        /* not before that */
    uint64_t version;        /* of the directory that was published last */
    bool published;
};

/* --- the job --- */

static void log_published(const struct oab_published *published, uint64_t took_ms)
{
    if (published->changed)
        log_info("offline address book: generation %u with %u entries, %llu bytes (%llu compressed, %llu as a patch) in %llu ms",
                 published->sequence, published->entry_count, (unsigned long long)published->content_size,
                 (unsigned long long)published->file_size, (unsigned long long)published->difference_size,
                 (unsigned long long)took_ms);
    else
        log_debug("offline address book: nothing new since generation %u", published->sequence);
}

static bool publish_book(struct oab_server *oab, struct address_book *book, const struct config *config)
{
    struct arena arena = {0};
    char id[GUID_TEXT_SIZE];
    guid_format(address_book_organization(book)->address_book_id, id);
    uint64_t began_ms = monotonic_ms();
    struct oab_publication publication = {
        .folder = arena_format(&arena, "%s/%s", oab->download.folder, id),
        .source = {.book = book, .directory = oab->services->directory, .photos = config->oab_photos,
                   .certificates = config->oab_certificates, .members = config->oab_members},
        .list_name = "\\Global Address List",
        .method = strcmp(config->oab_compression, "stored") == 0 ? LZX_STORED : LZX_COMPRESSED,
        .difference_count_max = config->oab_keep, .retain_s = config->oab_retain_ms / 1000, .cancelled = &oab->cancelled};
    publication.languages = oab_languages(&arena, &publication.language_count);
    struct oab_published published;
    bool done = publication.folder && publication.languages && oab_publish(&publication, &published) == OAB_OK;
    if (done)
        log_published(&published, monotonic_ms() - began_ms);
    else if (!atomic_load(&oab->cancelled))
        log_error("offline address book: it cannot be made in %s: memory, disk or directory", oab->download.folder);
    arena_free(&arena);
    return done;
}

static void *make(void *argument)
{
    struct oab_server *oab = argument;
    const struct config *config = atomic_load(&oab->services->config);
    (void)setpriority(PRIO_PROCESS, 0, PRIORITY); /* Linux: of this thread only */
    struct address_book *book = address_book_acquire(oab->services->address_books);
    bool done = false;
    if (!book) {
        log_debug("offline address book: there is no organisation yet");
    } else if (guid_is_zero(address_book_organization(book)->address_book_id)) {
        log_debug("offline address book: the organisation has none");
    } else {
        done = publish_book(oab, book, config);
        if (done)
            oab->version = address_book_version(book);
    }
    address_book_release(book);
    oab->published |= done;
    oab->next_ms = monotonic_ms() + (done || config->oab_interval_ms < RETRY_MS ? config->oab_interval_ms : RETRY_MS);
    (void)malloc_trim(0); /* what was needed once in a while shall not stay */
    program_pages_release();
    atomic_store(&oab->download.being_made, false);
    atomic_store(&oab->running, false);
    return NULL;
}

static bool due(struct oab_server *oab)
{
    return monotonic_ms() >= oab->next_ms
        && (!oab->published || directory_version(overlay_directory_beneath(oab->services->directory)) != oab->version);
}

static void tick(struct loop_timer *timer)
{
    struct oab_server *oab = container_of(timer, struct oab_server, timer);
    loop_timer_start(oab->services->server->loops[0], &oab->timer, TICK_MS, tick);
    if (atomic_load(&oab->running) || atomic_load(&oab->cancelled) || !due(oab))
        return;
    if (oab->thread_started)
        pthread_join(oab->thread, NULL); /* it has said that it is over */
    atomic_store(&oab->running, true);
    oab->thread_started = pthread_create(&oab->thread, NULL, make, oab) == 0;
    if (!oab->thread_started) {
        log_error("offline address book: no thread to make it");
        oab->next_ms = monotonic_ms() + RETRY_MS;
        atomic_store(&oab->running, false);
    }
}

static void start_timer(struct loop_task *task)
{
    tick(&container_of(task, struct oab_server, start)->timer);
}

/* --- life --- */

static bool make_folder(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    log_error("%s: %s", path, strerror(errno));
    return false;
}

bool oab_server_start(struct services *services, struct oab_server **ret_oab)
{
    const struct config *config = atomic_load(&services->config);
    *ret_oab = NULL;
    if (!config->oab_enabled)
        return true;
    struct oab_server *oab = calloc(1, sizeof *oab);
    if (!oab)
        return false;
    oab->services = oab->download.services = services;
    oab->download.being_made = true;
    int size = snprintf(oab->download.folder, sizeof oab->download.folder, "%s/oab", config->data_path);
    const struct http_route route = {.path = "/oab", .below = true, .handler = oab_download_handle, .argument = &oab->download};
    if (size < 0 || (size_t)size >= sizeof oab->download.folder || !make_folder(oab->download.folder)
        || !http_router_add(services->server->router, &route)) {
        log_error("offline address book: its route or folder cannot be made");
        free(oab);
        return false;
    }
    oab->start.run = start_timer;
    loop_post(services->server->loops[0], &oab->start);
    *ret_oab = oab;
    return true;
}

void oab_server_drain(struct oab_server *oab)
{
    if (oab)
        atomic_store(&oab->cancelled, true);
}

void oab_server_free(struct oab_server *oab)
{
    if (!oab)
        return;
    atomic_store(&oab->cancelled, true);
    if (oab->thread_started)
        pthread_join(oab->thread, NULL);
    loop_timer_stop(&oab->timer); /* the loops have ended, but still know of it */
    free(oab);
}
