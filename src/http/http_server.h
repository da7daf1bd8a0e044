/* Listeners and connections over a set of loops. Connections are accepted on the first loop and handed to the loop with
 * the fewest. Functions are called on one thread (the main one) unless they say otherwise. */
#pragma once
#include "base/limits.h"
#include "http/http.h"
#include "http/tls.h"

#include <sys/socket.h>

struct http_server;

/* Named, configurable limits; see docs/http.md. */
struct http_server_limits {
    uint32_t connections_max;
    uint32_t header_timeout_ms; /* from the first byte of a request (from the connection on, for the first) to its head */
    uint32_t body_timeout_ms;   /* from the head to the body, longer for what arrives at HTTP_BODY_RATE_MIN or faster */
    uint32_t idle_timeout_ms;   /* between requests */
    uint32_t send_timeout_ms;   /* without any byte taken by the client */
    uint32_t body_size_max;
};
#define HTTP_SERVER_LIMITS_DEFAULT                                                                               \
    ((struct http_server_limits){HTTP_CONNECTIONS_DEFAULT_MAX, HTTP_HEADER_TIMEOUT_DEFAULT_MS,                     \
        HTTP_BODY_TIMEOUT_DEFAULT_MS, HTTP_IDLE_TIMEOUT_DEFAULT_MS, HTTP_SEND_TIMEOUT_DEFAULT_MS, HTTP_BODY_SIZE_MAX})

/* The loops and the router must outlive the server. NULL without memory. */
struct http_server *http_server_new(struct loop *const *loops, unsigned loop_count, const struct http_router *router,
    const struct http_server_limits *limits);
/* Replaces the limits (any time; connections see them at their next step). */
void http_server_set_limits(struct http_server *server, const struct http_server_limits *limits);
/* Binds and listens without accepting yet; tls NULL: plain. The reference is kept by the server. False with errno set.
 * *ret_port (may be NULL): the port, of interest when 0 was asked for. */
bool http_server_listen(struct http_server *server, const struct sockaddr *address, socklen_t address_size,
    struct http_tls *tls, uint16_t *ret_port);
/* Accepts from now on; the loops must run, or will. */
void http_server_accept(struct http_server *server);
/* New connections of all TLS listeners begin with this certificate from now on. */
void http_server_set_tls(struct http_server *server, struct http_tls *tls);
/* The certificate that new connections get, a reference of the caller's (http_tls_release); NULL where nothing listens with TLS. */
struct http_tls *http_server_tls(struct http_server *server);
/* Takes a connected socket as if it had been accepted (tests; any thread). */
bool http_server_adopt(struct http_server *server, unsigned loop_index, int fd, struct http_tls *tls);
/* From now on the connection of each request closes after its answer; listeners and idle connections stay, so that clients
 * are told what the handlers say of the end. */
void http_server_take_last_requests(struct http_server *server);
/* Requests that handlers hold or whose answers are being sent. Any thread. */
unsigned http_server_running_count(const struct http_server *server);
/* Stops listening; closes idle connections, the others after the answer they are at. Returns at once. */
void http_server_drain(struct http_server *server);
unsigned http_server_connection_count(const struct http_server *server); /* any thread */
/* Closes all connections: exchanges still held are told so. Returns at once; the count goes to 0. */
void http_server_close_all(struct http_server *server);
/* After the loops have stopped, and after all exchanges were finished. */
void http_server_free(struct http_server *server);

/* Requests, answers and refusals since the start. Any thread; approximate while running. */
struct http_server_counts {
    uint64_t connections, connections_refused, requests, requests_malformed, timeouts;
};
struct http_server_counts http_server_counts(const struct http_server *server);
