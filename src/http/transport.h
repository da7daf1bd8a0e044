/* Bytes over a non-blocking socket, plain or through TLS. One thread at a time. */
#pragma once
#include "http/output.h"

#include <openssl/ssl.h>

struct http_transport {
    int fd;
    SSL *tls; /* NULL: plain */
};

enum transport_status {
    TRANSPORT_DONE,
    TRANSPORT_WANT_READ,  /* nothing more now; go on when the socket is readable */
    TRANSPORT_WANT_WRITE, /* ... writable */
    TRANSPORT_CLOSED,     /* the peer has said that it sends no more */
    TRANSPORT_BROKEN,     /* reset, TLS failure, system error */
};

enum transport_status transport_handshake(struct http_transport *transport);
/* *ret_more: bytes are waiting inside TLS, about which the socket will not say a word; read again. */
enum transport_status transport_read(struct http_transport *transport, void *data, size_t size, size_t *ret_size,
    bool *ret_more);
/* Sends from the queue until it is empty or the socket is full. */
enum transport_status transport_send(struct http_transport *transport, struct output *output);
/* Bytes of the TCP stream sent so far by this side, respectively those of them not acknowledged. */
uint64_t transport_sent_size(const struct http_transport *transport, uint64_t plain_sent_size);
uint64_t transport_unacknowledged_size(int fd);
/* Says that we send no more (close_notify, FIN). */
void transport_finish(struct http_transport *transport);
void transport_close(struct http_transport *transport);
