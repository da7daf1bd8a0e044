#include "server/health.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/filetime.h"

#define TRIAL_FILE "mailboxes/.trial"
#define TRIAL_SIZE 4096u

const char *const health_part_names[HEALTH_PART_COUNT] = {
    [HEALTH_MAILBOX_STORE] = "mailbox store",
    [HEALTH_DIRECTORY] = "directory",
    [HEALTH_CERTIFICATE] = "certificate",
    [HEALTH_DISK_SPACE] = "disk space",
};

struct health {
    struct services *services;
    struct worker_job job;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t looked;
    bool posted, looking; /* the job waits for a thread; somebody looks */
    uint64_t looked_ms;   /* 0: never */
    struct health_state state;
};

/* --- parts --- */

static void say(struct health_state *state, enum health_part part, bool well, const char *text)
{
    state->parts[part].well = well;
    snprintf(state->parts[part].text, sizeof state->parts[part].text, "%s", text);
    state->well = state->well && well;
}

/* Writes, as the store would: a full disk, a file system that became read-only, or a lost right shows here. */
static void try_store(struct health_state *state, const char *data_path)
{
    static const char content[TRIAL_SIZE];
    int folder = open(data_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = folder < 0 ? -1 : openat(folder, TRIAL_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool written = file >= 0 && write(file, content, sizeof content) == (ssize_t)sizeof content;
    int error = errno;
    char text[100];
    if (file >= 0)
        close(file);
    if (file >= 0)
        (void)unlinkat(folder, TRIAL_FILE, 0);
    if (folder >= 0)
        close(folder);
    if (!written)
        snprintf(text, sizeof text, "cannot be written: %s", strerror(error));
    say(state, HEALTH_MAILBOX_STORE, written, written ? "ok" : text);
}

static void try_directory(struct health_state *state, struct directory *directory)
{
    struct arena arena = {0};
    struct directory_organization organization;
    enum directory_status status = directory_organization(directory, &arena, &organization);
    bool well = status == DIRECTORY_OK;
    say(state, HEALTH_DIRECTORY, well, well ? "ok" : status == DIRECTORY_NOT_FOUND ? "has no organisation yet: mapihttp organization init"
        : "cannot be reached");
    arena_free(&arena);
}

/* Of the file, as the next reload would take it; one that is valid no more is refused by every client. */
static void try_certificate(struct health_state *state, const struct config *config)
{
    if (!config_needs_tls(config)) {
        say(state, HEALTH_CERTIFICATE, true, "ok: none is needed, nothing listens with TLS");
        return;
    }
    FILE *file = fopen(config->certificate_path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    char text[100] = "the file cannot be read";
    bool well = false;
    struct tm until;
    if (file)
        fclose(file);
    if (certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &until)) {
        bool begun = X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0, over = X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
        well = begun && !over;
        size_t size = strftime(text, sizeof text, over ? "expired on %Y-%m-%d" : well ? "ok: valid until %Y-%m-%d" : "is not valid yet", &until);
        text[size] = 0;
    }
    X509_free(certificate);
    say(state, HEALTH_CERTIFICATE, well, text);
}

static void try_disk(struct health_state *state, const struct config *config)
{
    struct statvfs disk;
    char text[100];
    if (statvfs(config->data_path, &disk) != 0) {
        say(state, HEALTH_DISK_SPACE, false, "the data folder is not there");
        return;
    }
    unsigned long long left = (unsigned long long)disk.f_bavail * disk.f_frsize;
    bool well = left >= config->disk_space_min;
    snprintf(text, sizeof text, well ? "ok: %llu MB left" : "%llu MB left, %u MB are wanted", left >> 20, config->disk_space_min >> 20);
    say(state, HEALTH_DISK_SPACE, well, text);
}

static void look(struct health *health, struct health_state *ret_state)
{
    const struct config *config = atomic_load(&health->services->config);
    *ret_state = (struct health_state){.well = true};
    try_disk(ret_state, config);
    try_certificate(ret_state, config);
    try_store(ret_state, config->data_path);
    try_directory(ret_state, health->services->directory);
}

static bool is_fresh(const struct health *health)
{
    return health->looked_ms && monotonic_ms() - health->looked_ms < HEALTH_FRESH_MS;
}

/* Under the lock, which is let go meanwhile. */
static void renew(struct health *health)
{
    struct health_state state;
    health->looking = true;
    pthread_mutex_unlock(&health->lock);
    look(health, &state);
    pthread_mutex_lock(&health->lock);
    health->state = state;
    health->looked_ms = monotonic_ms();
    health->looking = false;
    pthread_cond_broadcast(&health->looked);
}

static void run(struct worker_job *job)
{
    struct health *health = container_of(job, struct health, job);
    pthread_mutex_lock(&health->lock);
    health->posted = false;
    if (!health->looking && !is_fresh(health))
        renew(health);
    pthread_mutex_unlock(&health->lock);
}

/* --- asking --- */

struct health *health_new(struct services *services)
{
    struct health *health = calloc(1, sizeof *health);
    if (!health)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&health->looked, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&health->lock, NULL);
    health->services = services;
    health->job.run = run;
    return health;
}

void health_free(struct health *health)
{
    if (!health)
        return;
    pthread_cond_destroy(&health->looked);
    pthread_mutex_destroy(&health->lock);
    free(health);
}

bool health_look(struct health *health, struct health_state *ret_state)
{
    pthread_mutex_lock(&health->lock);
    bool fresh = is_fresh(health);
    if (fresh)
        *ret_state = health->state;
    else if (!health->looking && !health->posted) /* a full pool: the next one to ask tries again */
        health->posted = worker_post(health->services->server->administration, &health->job);
    pthread_mutex_unlock(&health->lock);
    return fresh;
}

void health_now(struct health *health, struct health_state *ret_state)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += HEALTH_WAIT_MS / 1000;
    pthread_mutex_lock(&health->lock);
    if (!is_fresh(health) && !health->looking)
        renew(health);
    while (!is_fresh(health) && pthread_cond_timedwait(&health->looked, &health->lock, &until) == 0)
        ;
    if (is_fresh(health))
        *ret_state = health->state;
    else
        health_overdue(ret_state);
    pthread_mutex_unlock(&health->lock);
}

void health_overdue(struct health_state *ret_state)
{
    *ret_state = (struct health_state){0};
    for (unsigned i = 0; i < HEALTH_PART_COUNT; i++)
        say(ret_state, i, false, "unknown: the parts could not all be looked at in time");
}

json_t *health_json(void *state)
{
    struct services *services = state;
    struct health_state found;
    json_t *parts = json_object();
    health_now(services->health, &found);
    for (unsigned i = 0; i < HEALTH_PART_COUNT; i++)
        json_object_set_new(parts, health_part_names[i], json_string(found.parts[i].text));
    return parts;
}
