/* Inside of the http layer: one client connection, from accept to close. Loop thread only, but for what is atomic. */
#pragma once
#include "http/exchange.h"
#include "http/http_server.h"
#include "http/tls.h"
#include "http/transport.h"

/* What the connection does now. */
enum connection_phase {
    PHASE_HANDSHAKE,
    PHASE_READING,   /* waits for or reads a request */
    PHASE_HANDLING,  /* a handler holds the exchange */
    PHASE_SENDING,   /* the answer is finished, but not all handed to the kernel */
    PHASE_LINGERING, /* we have closed our side and wait for the client to close its own (RFC 9112 9.6) */
    PHASE_CLOSED,
};

/* What a deadline is for. */
enum connection_wait {
    WAIT_HANDSHAKE, WAIT_FIRST, WAIT_IDLE, WAIT_HEAD, WAIT_BODY, WAIT_HANDLER, WAIT_SEND, WAIT_LINGER,
};

struct http_connection {
    struct http_home *home;
    struct http_connection *previous, *next;
    struct http_transport transport;
    struct http_tls *tls;           /* the certificate it began with */
    struct event event;             /* for what is wanted of reading and writing */
    struct loop_timer timer;        /* lazy: it may fire before the deadline, and is then set again */
    uint64_t timer_ms;              /* when it fires */
    uint64_t since_ms;              /* the beginning of the current wait */
    enum connection_phase phase;
    enum connection_wait wait;
    unsigned entered;               /* depth of entry points; freed when it returns to 0 */
    bool taking;                    /* in the loop over requests: answers are gathered */
    bool closing;                   /* no request after this answer */
    bool peer_closed;
    bool reading, writing;          /* what the event is added for */
    bool tls_unread;                /* TLS holds bytes we have not read yet */
    bool handshake_writes;          /* the handshake waits for the socket to take bytes */
    bool progressed;                /* bytes were sent since the last look */
    uint64_t request_count, wait_request;
    uint64_t read_count;            /* successful reads */
    uint64_t plain_sent_size;
    _Atomic uint64_t sent_size;     /* of the TCP stream; read by delivery queries */
    size_t lingered_size;
    struct http_exchange *exchange;
    struct output output;
    struct buffer input;            /* what was read behind the current request */
    struct http_delivery *deliveries; /* not settled */
    void *state;                    /* a handler's, see http_exchange_set_connection_state */
    void (*release_state)(void *state);
    struct http_link *link;         /* once somebody has asked for it */
    char peer[46];
};

/* link.c */
struct http_link *connection_link(struct http_connection *connection);
void connection_link_end(struct http_connection *connection);

/* Takes the socket and a reference of tls (NULL: plain). */
void connection_open(struct http_home *home, int fd, const char *peer, struct http_tls *tls);
enum connection_cause { CAUSE_ORDERLY, CAUSE_RESET, CAUSE_TIMEOUT };
void connection_close(struct http_connection *connection, enum connection_cause cause);
/* Closes it as soon as no request is under way. */
void connection_drain(struct http_connection *connection);

/* connection_request.c: bytes in the loop's scratch memory; what cannot be used yet is kept. */
void connection_received(struct http_connection *connection, struct bytes data);
/* Goes on with what was kept, when the request before it is answered. */
void connection_resume(struct http_connection *connection);
/* Answers the request being read with an error and closes. */
void connection_refuse(struct http_connection *connection, unsigned status, const char *text);
/* After the last answer: closes our side, waits for the client to have read everything and to close its own, so that no
 * reset overtakes the answer. */
void connection_linger(struct http_connection *connection);

/* Used by exchange.c: the brackets around everything that works on a connection, and its steps. */
void connection_enter(struct http_connection *connection);
void connection_leave(struct http_connection *connection); /* may free it */
void connection_flush(struct http_connection *connection);
/* The exchange's answer is complete in the output. */
void connection_answered(struct http_connection *connection);
