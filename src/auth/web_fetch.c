#include "auth/web_fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/filetime.h"

#define READ_SIZE 16384u

/* --- addresses --- */

bool web_address_read(const char *url, struct web_address *ret_address)
{
    struct web_address address = {.tls = strncasecmp(url, "https://", 8) == 0};
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7F)
            return false;
    if (!address.tls && strncasecmp(url, "http://", 7) != 0)
        return false;
    const char *host = url + (address.tls ? 8 : 7), *end = host + strcspn(host, "/?#"), *port = NULL;
    if (memchr(host, '@', (size_t)(end - host)) || *end == '?' || strchr(end, '#'))
        return false;
    address.path = end;
    if (*host == '[') {
        const char *bracket = memchr(host, ']', (size_t)(end - host));
        if (!bracket || (bracket + 1 != end && bracket[1] != ':'))
            return false;
        port = bracket + 1 == end ? NULL : bracket + 2;
        host++;
        snprintf(address.host, sizeof address.host, "%.*s", (int)(bracket - host), host);
    } else {
        const char *colon = memchr(host, ':', (size_t)(end - host));
        size_t size = (size_t)((colon ? colon : end) - host);
        if (size == 0 || size >= sizeof address.host)
            return false;
        port = colon ? colon + 1 : NULL;
        snprintf(address.host, sizeof address.host, "%.*s", (int)size, host);
    }
    size_t port_size = port ? (size_t)(end - port) : 0;
    if (port && (port_size == 0 || port_size > 5 || strspn(port, "0123456789") < port_size || atoi(port) < 1 || atoi(port) > 65535))
        return false;
    snprintf(address.port, sizeof address.port, "%.*s", port ? (int)port_size : 3, port ? port : address.tls ? "443" : "80");
    *ret_address = address;
    return address.host[0] != '\0';
}

bool web_address_is_local(const struct web_address *address)
{
    return strcasecmp(address->host, "localhost") == 0 || strcmp(address->host, "::1") == 0 ||
           strcmp(address->host, "127.0.0.1") == 0;
}

/* --- the connection --- */

struct fetch {
    const struct web_request *request;
    struct web_address address;
    uint64_t end_ms;
    int socket;
    SSL_CTX *context;
    SSL *tls;
    bool ended;  /* closed by the other side as it should be */
    char *error;
};

static bool fail(struct fetch *fetch, const char *what, const char *why)
{
    snprintf(fetch->error, WEB_ERROR_SIZE, "%s%s%s", what, *why ? ": " : "", why);
    return false;
}

static bool wait_for(struct fetch *fetch, short events)
{
    uint64_t now_ms = monotonic_ms();
    struct pollfd waiting = {.fd = fetch->socket, .events = events};
    int ready = now_ms < fetch->end_ms ? poll(&waiting, 1, (int)(fetch->end_ms - now_ms)) : 0;
    return ready > 0 || (ready < 0 && errno == EINTR) || fail(fetch, "no answer in time", "");
}

static bool connect_to(struct fetch *fetch, const struct addrinfo *info)
{
    int error = 0;
    socklen_t size = sizeof error;
    fetch->socket = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, info->ai_protocol);
    if (fetch->socket < 0)
        return fail(fetch, "no socket", strerror(errno));
    if (connect(fetch->socket, info->ai_addr, info->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS || (wait_for(fetch, POLLOUT) && getsockopt(fetch->socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
                                 error != 0))
        fail(fetch, "no connection", strerror(error ? error : errno));
    else if (monotonic_ms() < fetch->end_ms)
        return true;
    close(fetch->socket);
    fetch->socket = -1;
    return false;
}

static bool connect_any(struct fetch *fetch)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list;
    int code = getaddrinfo(fetch->address.host, fetch->address.port, &hints, &list);
    bool connected = false;
    if (code)
        return fail(fetch, "no address", gai_strerror(code));
    for (const struct addrinfo *info = list; info && !connected; info = info->ai_next)
        connected = connect_to(fetch, info);
    freeaddrinfo(list);
    return connected;
}

/* After a call that did not succeed: waits for what it needs; false when it failed for good. */
static bool tls_wait(struct fetch *fetch, int result, const char *what)
{
    int error = SSL_get_error(fetch->tls, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return wait_for(fetch, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
    long verified = SSL_get_verify_result(fetch->tls);
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return fail(fetch, what, verified != X509_V_OK ? X509_verify_cert_error_string(verified) : reason ? reason : "connection closed");
}

static bool prepare_tls(struct fetch *fetch)
{
    const char *ca_path = fetch->request->ca_path, *host = fetch->address.host;
    fetch->context = SSL_CTX_new(TLS_client_method());
    if (!fetch->context || !SSL_CTX_set_min_proto_version(fetch->context, TLS1_2_VERSION))
        return fail(fetch, "TLS cannot start", "");
    if (*ca_path ? !SSL_CTX_load_verify_locations(fetch->context, ca_path, NULL) : !SSL_CTX_set_default_verify_paths(fetch->context))
        return fail(fetch, "the authorities to trust cannot be read", ca_path);
    SSL_CTX_set_verify(fetch->context, SSL_VERIFY_PEER, NULL);
    fetch->tls = SSL_new(fetch->context);
    X509_VERIFY_PARAM *rules = fetch->tls ? SSL_get0_param(fetch->tls) : NULL;
    struct in6_addr number;
    bool is_number = inet_pton(AF_INET, host, &number) == 1 || inet_pton(AF_INET6, host, &number) == 1;
    if (!rules || !SSL_set_fd(fetch->tls, fetch->socket) ||
        !(is_number ? X509_VERIFY_PARAM_set1_ip_asc(rules, host) : X509_VERIFY_PARAM_set1_host(rules, host, 0)) ||
        (!is_number && !SSL_set_tlsext_host_name(fetch->tls, host)))
        return fail(fetch, "TLS cannot start", "");
    return true;
}

static bool shake_hands(struct fetch *fetch)
{
    int result;
    if (!prepare_tls(fetch))
        return false;
    while ((result = SSL_connect(fetch->tls)) != 1)
        if (!tls_wait(fetch, result, "TLS"))
            return false;
    return true;
}

static bool send_all(struct fetch *fetch, struct bytes data)
{
    while (data.size) {
        size_t sent = 0;
        if (fetch->tls) {
            int result = SSL_write_ex(fetch->tls, data.data, data.size, &sent);
            if (result != 1 && !tls_wait(fetch, result, "sending"))
                return false;
        } else {
            ssize_t result = send(fetch->socket, data.data, data.size, MSG_NOSIGNAL);
            if (result < 0 && errno != EAGAIN && errno != EINTR)
                return fail(fetch, "sending", strerror(errno));
            if (result < 0 && !wait_for(fetch, POLLOUT))
                return false;
            sent = result < 0 ? 0 : (size_t)result;
        }
        data = bytes_of(data.data + sent, data.size - sent);
    }
    return true;
}

/* Appends what comes next; sets 'ended' at the proper end. */
static bool receive(struct fetch *fetch, struct buffer *received)
{
    uint8_t part[READ_SIZE];
    size_t size = 0;
    while (size == 0 && !fetch->ended) {
        if (fetch->tls) {
            int result = SSL_read_ex(fetch->tls, part, sizeof part, &size);
            if (result != 1 && SSL_get_error(fetch->tls, result) == SSL_ERROR_ZERO_RETURN)
                fetch->ended = true;
            else if (result != 1 && !tls_wait(fetch, result, "receiving"))
                return false;
        } else {
            ssize_t result = recv(fetch->socket, part, sizeof part, 0);
            if (result < 0 && errno != EAGAIN && errno != EINTR)
                return fail(fetch, "receiving", strerror(errno));
            if (result < 0 && !wait_for(fetch, POLLIN))
                return false;
            fetch->ended = result == 0;
            size = result < 0 ? 0 : (size_t)result;
        }
    }
    return buffer_append(received, part, size) || fail(fetch, "the document is too large", "");
}

static bool exchange(struct fetch *fetch, struct buffer *ret_body)
{
    struct buffer head = {0};
    /* Twice the document's size leaves room for the framing of chunks. */
    struct buffer received = {.size_max = fetch->request->size_max * 2 + WEB_HEAD_SIZE_MAX};
    bool number = strchr(fetch->address.host, ':') != NULL;
    enum web_reading reading = WEB_READING_MORE;
    buffer_append_format(&head, "GET %s%s HTTP/1.1\r\nHost: %s%s%s:%s\r\nAccept: application/json\r\nUser-Agent: mapihttpd\r\n"
                         "Connection: close\r\n\r\n", *fetch->address.path == '/' ? "" : "/", fetch->address.path,
                         number ? "[" : "", fetch->address.host, number ? "]" : "", fetch->address.port);
    bool good = !head.failed && send_all(fetch, buffer_bytes(&head));
    while (good && reading == WEB_READING_MORE) {
        good = receive(fetch, &received);
        if (good)
            reading = web_answer_read(buffer_bytes(&received), fetch->ended, fetch->request->size_max, ret_body, fetch->error);
        if (good && reading == WEB_READING_MORE && fetch->ended)
            good = fail(fetch, "the answer was cut off", "");
    }
    buffer_free(&head);
    buffer_free(&received);
    return good && reading == WEB_READING_DONE;
}

bool web_fetch(const struct web_request *request, struct buffer *ret_body, char ret_error[WEB_ERROR_SIZE])
{
    struct fetch fetch = {.request = request, .socket = -1, .error = ret_error, .end_ms = monotonic_ms() + request->timeout_ms};
    if (!web_address_read(request->url, &fetch.address))
        return fail(&fetch, "not an http or https address", "");
    bool good = connect_any(&fetch) && (!fetch.address.tls || shake_hands(&fetch)) && exchange(&fetch, ret_body);
    if (good && fetch.tls)
        (void)SSL_shutdown(fetch.tls);
    SSL_free(fetch.tls);
    SSL_CTX_free(fetch.context);
    if (fetch.socket >= 0)
        close(fetch.socket);
    return good;
}
