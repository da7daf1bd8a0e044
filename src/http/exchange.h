/* Inside of the http layer: exchanges, and what they share with connections. The fields say who may touch them: 'holder'
 * (see http.h), 'loop' (the connection's loop thread), or 'lock' (home->lock). */
#pragma once
#include "http/http.h"
#include "http/http_server.h"
#include "http/output.h"
#include "http/parser.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct http_connection;
struct http_server;

/* What the connections of one loop share. Loop thread, but for lock and the counters. */
struct http_home {
    struct http_server *server;
    struct loop *loop;
    struct http_server_limits limits;
    pthread_mutex_t lock;
    uint8_t *scratch;               /* HTTP_SCRATCH_SIZE bytes into which connections read */
    struct http_connection *connections;
    struct http_exchange *spare;    /* the last one freed, for the next request, with its 'incoming' */
    time_t date_s;                  /* the second 'date' is for */
    char date[32];
    atomic_uint running_count;      /* requests with their handlers */
    atomic_uint connection_count;   /* also counts those on their way to this loop */
    struct loop_task drain_task, close_task;
    bool draining;                  /* a connection that is only now handed over closes at once */
};
#define HTTP_SCRATCH_SIZE 65536u

enum exchange_finish { FINISH_NOT_YET, FINISH_WHOLE, FINISH_CHUNKED, FINISH_ABORT };

/* The request with all its memory; apart from the exchange, so that a parked one can do without. Loop while it is read,
 * then holder. */
struct http_incoming {
    struct http_parser parser;
    struct http_request request;
    struct buffer body;
    char peer[46];
};

struct http_exchange {
    struct http_home *home;              /* fixed */
    struct http_connection *connection;  /* loop; NULL once it is gone */
    struct http_incoming *incoming;      /* NULL once forgotten */
    const struct http_route *route;      /* loop */
    struct arena arena;                  /* holder */
    struct http_exchange_callbacks callbacks;
    struct http_delivery *delivery;      /* holder, then loop */
    uint64_t started_us;

    /* What answering needs to know of the request, once its head was read. */
    uint8_t minor_version;
    bool without_body;      /* HEAD */
    bool keep_alive;

    /* The answer; holder, then loop. */
    uint16_t status;
    bool close;
    bool begun;             /* a chunk was written */
    struct buffer fields;   /* "Name: value\r\n"... */
    struct buffer whole;    /* the body of a whole answer */
    bool has_file;          /* ... or a part of a file: */
    int file_fd;
    uint64_t file_offset, file_left;
    atomic_bool gone;       /* the connection broke */
    atomic_size_t unsent;   /* about how many bytes wait */

    /* Loop. */
    bool head_sent;         /* the head is in the output */
    bool was_over;          /* 'drained' is due */
    atomic_bool waits;      /* the holder was told to wait: 'drained' is due too, though the socket may have taken all at once */
    bool notified;          /* 'broken' was called */
    bool running;           /* counted in home->running_count */
    const char *repeat_text; /* written every repeat_ms by the connection's timer; 0: not at all */
    uint32_t repeat_ms;

    /* From other threads to the loop; lock. */
    struct loop_task task;
    bool posted;
    bool break_notice;
    enum exchange_finish finish;
    struct output outbox;
    const char *repeat_text_new;
    uint32_t repeat_ms_new;
};

/* All on the loop thread. */
struct http_exchange *exchange_new(struct http_home *home, struct http_connection *connection);
/* Calls 'ended', then frees. The connection must have let go of it. */
void exchange_end(struct http_exchange *exchange, enum http_ending ending);
void exchange_free_spare(struct http_home *home);
/* Fills 'request' from the parser; at the head, and again when the body is complete. */
void exchange_fill_request(struct http_exchange *exchange);
/* Writes the repeated text. */
void exchange_repeat(struct http_exchange *exchange);
/* The connection is gone or half-closed: 'broken' will be called from the loop. */
void exchange_notify_broken(struct http_exchange *exchange);
/* The next piece of an answer that is a file, into the output of its connection; false where it cannot be read. */
bool exchange_read_file(struct http_exchange *exchange);
/* The head of the answer and, with a whole answer, its body, into the output. */
void exchange_emit_head(struct http_exchange *exchange, struct output *output, bool keep_alive, bool chunked);

const char *http_status_text(unsigned status);

/* --- delivery.c --- */
struct http_delivery {
    atomic_uint references;
    pthread_mutex_t lock;                 /* over what follows */
    enum http_delivery_state state;
    bool sent;                            /* 'end' is known */
    uint64_t read_count;                  /* reads of the connection until then; loop */
    uint64_t end;                         /* bytes of the TCP stream up to the end of the answer */
    struct http_connection *connection;   /* while it lives */
    struct http_delivery *next;           /* of the connection; loop */
    void (*settled)(void *argument, enum http_delivery_state state);
    void *argument;
};
/* Loop: fixes the state for good and drops the connection's reference. */
void delivery_settle(struct http_delivery *delivery, enum http_delivery_state state);
void delivery_sent(struct http_delivery *delivery, uint64_t end, uint64_t read_count);
