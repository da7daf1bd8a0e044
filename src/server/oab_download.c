/* Files of the offline address book over HTTP (MS-OXWOAB), as BITS asks for them: GET and HEAD, conditions and single ranges
 * (RFC 9110 13, 14). A name is taken apart and put together again from what it means, so that no path can lead elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/text.h"
#include "oab/publication.h"
#include "server/authentication.h"
#include "server/byte_range.h"
#include "server/oab.h"
#include "server/observation.h"

#define READ_AHEAD_SIZE (1u << 20) /* the loop that sends it shall not wait for the disk */
#define PREFIX "/oab/"
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define GUID_SIZE (GUID_TEXT_SIZE - 1)

struct download {
    const struct oab_download_settings *settings;
    struct http_exchange *exchange;
    struct identity *identity; /* for those who are told of the answer */
    const char *name; /* below the folder: '<id>/oab.xml' */
    bool manifest;
    struct worker_job job;
};

/* The file that a path asks for; NULL for none that could be there. */
static const char *find_name(struct arena *arena, const char *path, bool *ret_manifest)
{
    char id_text[GUID_TEXT_SIZE];
    struct guid id;
    struct oab_file_name name;
    if (!text_has_prefix_ignoring_case(path, PREFIX) || strlen(path) < PREFIX_SIZE + GUID_SIZE + 2
        || path[PREFIX_SIZE + GUID_SIZE] != '/')
        return NULL;
    memcpy(id_text, path + PREFIX_SIZE, GUID_SIZE);
    id_text[GUID_SIZE] = 0;
    if (!guid_parse(id_text, &id))
        return NULL;
    guid_format(id, id_text);
    const char *rest = path + PREFIX_SIZE + GUID_SIZE + 1;
    *ret_manifest = text_equal_ignoring_case(rest, OAB_MANIFEST_NAME);
    if (*ret_manifest)
        return arena_format(arena, "%s/" OAB_MANIFEST_NAME, id_text);
    if (!oab_file_name_read(rest, &name))
        return NULL;
    const char *file = oab_file_name_make(arena, &name);
    return file ? arena_format(arena, "%s/%s", id_text, file) : NULL;
}

/* Ends with the download's hold on its identity. */
static void tell(struct download *download, unsigned http_status, uint64_t size)
{
    observe_answer(download->settings->services, download->exchange, OBSERVATION_OAB, download->identity, http_status, size, "");
    identity_release(download->identity);
}

static void answer_error(struct download *download, unsigned http_status, const char *text)
{
    tell(download, http_status, 0);
    http_answer_error(download->exchange, http_status, text);
}

static void answer_missing(struct download *download)
{
    if (download->manifest && atomic_load(&download->settings->being_made)) {
        http_answer_header(download->exchange, "Retry-After", "60");
        answer_error(download, 503, "the offline address book is being made");
    } else {
        answer_error(download, 404, "there is no such file");
    }
}

static void answer_file(struct download *download, int fd, const struct stat *status)
{
    struct http_exchange *exchange = download->exchange;
    char modified[HTTP_DATE_TEXT_SIZE], tag[64];
    uint64_t size = (uint64_t)status->st_size;
    http_date_format(status->st_mtime, modified);
    snprintf(tag, sizeof tag, "\"%llx-%llx-%llx\"", (unsigned long long)status->st_ino, (unsigned long long)size,
             (unsigned long long)status->st_mtim.tv_sec * 1000000000ull + (unsigned long long)status->st_mtim.tv_nsec);
    struct byte_range_request asked = byte_range_request_of(http_exchange_request(exchange));
    struct byte_range_answer answer = byte_range_decide(&asked, tag, status->st_mtime, size);
    bool sends = answer.status == 200 || answer.status == 206;
    tell(download, answer.status, sends ? answer.size : 0);
    http_answer_status(exchange, answer.status);
    http_answer_header(exchange, "ETag", tag);
    http_answer_header(exchange, "Last-Modified", modified);
    http_answer_header(exchange, "Accept-Ranges", "bytes");
    http_answer_header(exchange, "Cache-Control", download->manifest ? "private, no-cache" : "private");
    if (sends)
        http_answer_header(exchange, "Content-Type", download->manifest ? "text/xml" : "application/octet-stream");
    if (answer.status == 206)
        http_answer_header_format(exchange, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)answer.offset,
                                  (unsigned long long)(answer.offset + answer.size - 1), (unsigned long long)size);
    if (answer.status == 416)
        http_answer_header_format(exchange, "Content-Range", "bytes */%llu", (unsigned long long)size);
    if (sends) {
        (void)posix_fadvise(fd, (off_t)answer.offset, READ_AHEAD_SIZE, POSIX_FADV_WILLNEED);
        http_answer_file(exchange, fd, answer.offset, answer.size);
    } else {
        close(fd);
        http_answer_whole(exchange, BYTES_NONE);
    }
}

/* On a worker: disks may be slow. */
static void open_file(struct worker_job *job)
{
    struct download *download = container_of(job, struct download, job);
    struct stat status;
    int folder_fd = open(download->settings->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = folder_fd < 0 ? -1 : openat(folder_fd, download->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int error = errno;
    if (folder_fd >= 0)
        close(folder_fd);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        answer_file(download, fd, &status);
        return;
    }
    if (fd >= 0)
        close(fd);
    if (fd >= 0 || error == ENOENT || error == ENOTDIR || error == ELOOP)
        answer_missing(download);
    else
        answer_error(download, 500, "the file cannot be read");
}

static void accepted(struct http_exchange *exchange, struct identity *identity, void *argument)
{
    const struct oab_download_settings *settings = argument;
    const struct http_request *request = http_exchange_request(exchange);
    struct arena *arena = http_exchange_arena(exchange);
    struct download *download = arena_new(arena, struct download);
    if (!download) {
        identity_release(identity);
        http_answer_error(exchange, 503, "no memory");
        return;
    }
    *download = (struct download){.settings = settings, .exchange = exchange, .identity = identity, .job = {.run = open_file}};
    if (request->method != HTTP_METHOD_GET && request->method != HTTP_METHOD_HEAD) {
        http_answer_header(exchange, "Allow", "GET, HEAD");
        answer_error(download, 405, "the offline address book is read with GET");
        return;
    }
    download->name = find_name(arena, request->path, &download->manifest); /* whoever may log on may have the address book */
    if (!download->name) {
        answer_error(download, 404, "there is no such file");
    } else if (!worker_post(settings->services->server->workers, &download->job)) {
        http_answer_header(exchange, "Retry-After", "10");
        answer_error(download, 503, "the server is busy");
    }
}

void oab_download_handle(struct http_exchange *exchange, void *argument)
{
    const struct oab_download_settings *settings = argument;
    if (atomic_load(&settings->services->draining))
        http_answer_error(exchange, 503, "shutting down");
    else
        authenticate(settings->services, exchange, ENDPOINT_OAB, accepted, argument);
}
