/* GET of a small document by http or https, for the keys of an identity provider: one request, one connection, no cookies, no
 * redirects, no proxy. OpenSSL, which is there already, brings all that is needed (why not libcurl: docs/bearer.md). Blocks:
 * blocking pool only. */
#pragma once
#include "base/bytes.h"

#define WEB_ERROR_SIZE 256u
#define WEB_HEAD_SIZE_MAX 16384u

struct web_address {
    bool tls;
    char host[256]; /* without the brackets of an IPv6 address */
    char port[6];
    const char *path; /* into the URL; "" means "/" */
};
/* False: not http:// or https://, user and password in it, blanks or controls, a port that is none. */
bool web_address_read(const char *url, struct web_address *ret_address);
/* Whether the host is this machine, by name or loopback address: where plain http may go. */
bool web_address_is_local(const struct web_address *address);

struct web_request {
    const char *url;
    const char *ca_path;  /* PEM file of the authorities to trust; "": those of the system */
    uint32_t timeout_ms;  /* in all, but for the resolver's own time */
    size_t size_max;      /* of the document */
};
/* Appends the body of a 200 answer; false with *ret_error in words. The certificate must be good for the host (TLS 1.2 or later). */
bool web_fetch(const struct web_request *request, struct buffer *ret_body, char ret_error[WEB_ERROR_SIZE]);

enum web_reading {
    WEB_READING_MORE, /* not complete yet; at the end of the connection: cut */
    WEB_READING_DONE,
    WEB_READING_BAD,
};
/* What has arrived so far of an HTTP/1.x answer; 'ended': the connection was closed properly. At DONE the body was appended. BAD
 * with *ret_error: malformed, not 200, or larger than 'size_max'. Pure. */
enum web_reading web_answer_read(struct bytes received, bool ended, size_t size_max, struct buffer *ret_body,
                                 char ret_error[WEB_ERROR_SIZE]);
