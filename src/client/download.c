#include "client/download.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/error.h"

#define ATTEMPTS_MAX 6u
#define PAUSE_MS 250u

static enum mapihttp_status fail(struct mapihttp_error *error, enum mapihttp_status status, uint32_t code, const char *url,
                                 const char *what)
{
    return error_set(error, status, code, "%.300s: %.150s", url, what);
}

static enum mapihttp_status fail_http(struct mapihttp_error *error, const char *url, long http_status)
{
    char what[64];
    snprintf(what, sizeof what, "HTTP status %ld", http_status);
    return fail(error, http_status == 401 || http_status == 403 ? MAPIHTTP_AUTHENTICATION : MAPIHTTP_HTTP,
                (uint32_t)http_status, url, what);
}

static void pause_before(unsigned attempt)
{
    long pause_ms = (long)PAUSE_MS << attempt;
    nanosleep(&(struct timespec){pause_ms / 1000, pause_ms % 1000 * 1000000}, NULL);
}

/* Whether the same may succeed a moment later. */
static bool worth_another(enum transport_outcome outcome, long http_status)
{
    return outcome == TRANSPORT_NOT_SENT || outcome == TRANSPORT_ANSWER_LOST
        || (outcome == TRANSPORT_ANSWERED && (http_status == 503 || http_status == 502 || http_status == 504));
}

enum mapihttp_status client_download_text(struct transport *transport, const char *url, struct buffer *ret_content,
                                          struct mapihttp_error *ret_error)
{
    struct transport_request request = {.method = "GET", .url = url};
    enum mapihttp_status status = MAPIHTTP_NETWORK;
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct transport_response response = {0};
        enum transport_outcome outcome = client_transport_send(transport, &request, &response);
        if (outcome == TRANSPORT_ANSWERED && response.http_status == 200) {
            *ret_content = response.content;
            response.content = (struct buffer){0};
            status = MAPIHTTP_OK;
        } else if (outcome == TRANSPORT_ANSWERED) {
            status = fail_http(ret_error, url, response.http_status);
        } else {
            status = fail(ret_error, outcome == TRANSPORT_CANCELLED ? MAPIHTTP_CANCELLED : response.failure_status,
                          (uint32_t)response.failure_code, url, response.failure);
        }
        bool again = worth_another(outcome, response.http_status);
        transport_response_clear(&response);
        if (!again || attempt + 1 == ATTEMPTS_MAX)
            break;
        pause_before(attempt);
    }
    return status;
}

/* --- files --- */

struct download {
    struct transport *transport;
    const char *url;
    int fd;
    uint64_t size, done;
    char entity_tag[TRANSPORT_HEADER_TEXT_SIZE]; /* of what is there, once it is known */
};

static enum mapihttp_status attempt_part(struct download *download, bool *ret_again, struct mapihttp_error *ret_error)
{
    char range[64], if_range[TRANSPORT_HEADER_TEXT_SIZE + 16];
    const char *headers[3] = {NULL};
    snprintf(range, sizeof range, "Range: bytes=%llu-", (unsigned long long)download->done);
    snprintf(if_range, sizeof if_range, "If-Range: %s", download->entity_tag);
    if (download->done) {
        headers[0] = range;
        headers[1] = *download->entity_tag == '"' ? if_range : NULL;
    }
    struct transport_request request = {.method = "GET", .url = download->url, .headers = headers, .to_file = true,
                                        .content_fd = download->fd, .content_size_max = download->size};
    struct transport_response response = {0};
    enum transport_outcome outcome = client_transport_send(download->transport, &request, &response);
    bool content = response.http_status == 200 || response.http_status == 206;
    if (content && (response.content_position || response.http_status == 200))
        download->done = response.content_position;
    if (content)
        snprintf(download->entity_tag, sizeof download->entity_tag, "%s", response.entity_tag);
    *ret_again = worth_another(outcome, response.http_status);
    enum mapihttp_status status = MAPIHTTP_OK;
    if (outcome == TRANSPORT_CANCELLED)
        status = fail(ret_error, MAPIHTTP_CANCELLED, 0, download->url, "cancelled");
    else if (outcome != TRANSPORT_ANSWERED)
        status = fail(ret_error, response.failure_status, (uint32_t)response.failure_code, download->url, response.failure);
    else if (!content)
        status = fail_http(ret_error, download->url, response.http_status);
    else if (download->done != download->size)
        status = fail(ret_error, MAPIHTTP_PROTOCOL, 0, download->url, "the file is not as large as the manifest says");
    transport_response_clear(&response);
    return status;
}

enum mapihttp_status client_download_file(struct transport *transport, const char *url, int fd, uint64_t size,
                                          struct mapihttp_error *ret_error)
{
    struct download download = {.transport = transport, .url = url, .fd = fd, .size = size};
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, url, strerror(errno));
    download.done = (uint64_t)status.st_size <= size ? (uint64_t)status.st_size : 0;
    enum mapihttp_status result = MAPIHTTP_OK;
    for (unsigned attempt = 0; download.done < size || size == 0; attempt++) {
        bool again;
        uint64_t before = download.done;
        result = attempt_part(&download, &again, ret_error);
        if (result == MAPIHTTP_OK || !again || attempt + 1 == ATTEMPTS_MAX)
            break;
        if (download.done > before)
            attempt = 0; /* as long as it goes on */
        pause_before(attempt);
    }
    if (ftruncate(fd, (off_t)download.done) != 0 && result == MAPIHTTP_OK)
        return fail(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, url, strerror(errno));
    return result;
}
