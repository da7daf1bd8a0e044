/* HTTP/1.1 for those who answer requests: the request, the exchange through which it is answered, routes.
 *
 * An exchange is one request and its answer. The server calls the handler of the route on the loop thread of the
 * connection, with the whole body read. From then on the exchange is HELD by the handler, until it has called
 * http_answer_whole, http_answer_take, http_answer_file or http_answer_finish exactly once; whether the connection still exists makes no
 * difference to that. A held exchange and its request stay valid, even after the connection broke: a worker thread may go on
 * reading the body and answering; what it says to nobody is dropped.
 *
 * Threads: one thread at a time holds an exchange. The holder may be the handler itself (it answers before it returns:
 * no thread hop, the fast way), or another thread it passed the exchange to, or any loop-thread callback later. All
 * http_answer_ functions may be called on any thread by the holder. The callbacks of an exchange are called on its loop
 * thread (http_exchange_loop).
 *
 * Answers are either whole (one call gives the body; Content-Length) or chunked (write, write, finish; every write is sent
 * at once with TCP_NODELAY). A client of HTTP/1.0 gets what would be chunked until the connection closes. HEAD gets no body;
 * handlers need not care for either. */
#pragma once
#include "base/arena.h"
#include "base/bytes.h"
#include "http/loop.h"

struct http_exchange;

enum http_method { HTTP_METHOD_OTHER, HTTP_METHOD_GET, HTTP_METHOD_HEAD, HTTP_METHOD_POST, HTTP_METHOD_OPTIONS };

/* All pointers belong to the exchange. Strings contain no NUL but the one behind them. */
struct http_request {
    enum http_method method;
    unsigned minor_version;  /* of HTTP/1.x: 0 or 1 */
    const char *method_name; /* as sent: "POST", "RPC_IN_DATA" */
    const char *target;      /* as sent */
    const char *path;        /* percent-decoded once; begins with '/', or is "*" (OPTIONS) */
    const char *query;       /* as sent, what follows '?'; "" without one */
    const char *host;        /* host or host:port, from an absolute target or the Host field; "" in HTTP/1.0 without */
    unsigned header_count;
    bool tls;
    bool oversized;          /* the body was over the route's cap and is not here; see http_route.takes_oversized */
    struct bytes body;
};

struct http_header {
    const char *name; /* as sent */
    const char *value; /* without the white space around it */
    uint32_t name_size, value_size;
};

/* index < header_count; in the order of arrival. */
struct http_header http_request_header_at(const struct http_request *request, unsigned index);
/* The value of the first field of that name (any case), or NULL. */
const char *http_request_header(const struct http_request *request, const char *name);
/* The value of the next field of that name from *index on (start with 0), or NULL: for fields that may recur (Cookie). */
const char *http_request_header_next(const struct http_request *request, const char *name, unsigned *index);
/* Percent-decoded value of the query parameter 'name' (any case); false when absent, malformed or longer than the room. */
bool http_query_value(const char *query, const char *name, char *ret_value, size_t ret_size);
/* Undoes '+' and percent-encoding of one name or value, with a NUL behind; returns the size without it, or SIZE_MAX where an escape is
 * malformed, stands for NUL, or the room does not suffice. */
size_t http_query_decode(const char *text, size_t size, char *out, size_t room);

/* --- the exchange --- */

const struct http_request *http_exchange_request(const struct http_exchange *exchange);
/* Memory for whatever the holder likes, freed with the exchange. Empty until used. By the holder only. */
struct arena *http_exchange_arena(struct http_exchange *exchange);
struct loop *http_exchange_loop(const struct http_exchange *exchange);
/* The client's address without port, as text ("192.0.2.7", "2001:db8::1"; "" for a socket pair). */
const char *http_exchange_peer(const struct http_exchange *exchange);
/* The socket of the connection, for asking the system who sits at its other end; -1 when the connection is gone. In the handler; loop thread. */
int http_exchange_socket(const struct http_exchange *exchange);
/* Milliseconds of loop_clock_ms at which the request was complete. */
uint64_t http_exchange_started_ms(const struct http_exchange *exchange);
/* The same moment in microseconds, on the clock of monotonic_us. */
uint64_t http_exchange_started_us(const struct http_exchange *exchange);
/* What http_answer_status has set so far (200). By the holder. */
unsigned http_exchange_status(const struct http_exchange *exchange);
/* The RFC 5929 tls-server-end-point binding of the connection (hash of our certificate); empty without TLS. In the handler
 * only (copy it into the arena); loop thread. */
struct bytes http_exchange_channel_binding(const struct http_exchange *exchange);

/* What a handler keeps with the connection from one request to the next (who logged on there); NULL until it is set, and when
 * the connection is gone. Loop thread, by the holder. Never seen from another connection. */
void *http_exchange_connection_state(const struct http_exchange *exchange);
/* Sets it once; 'release' is called on the loop thread when the connection ends. False (nothing taken) when the connection is
 * gone or has a state already. */
bool http_exchange_set_connection_state(struct http_exchange *exchange, void *state, void (*release)(void *state));

/* A connection as those see it who outlive it: which one it is, and when it ended. Counted; any thread. */
struct http_link;
/* Of the connection of an exchange, borrowed until the exchange ends; NULL when it is gone or without memory. Loop thread. */
struct http_link *http_exchange_link(const struct http_exchange *exchange);
struct http_link *http_link_reference(struct http_link *link);
void http_link_release(struct http_link *link); /* NULL is nothing */
/* monotonic_ms of its end; 0 while it is open. */
uint64_t http_link_ended_ms(const struct http_link *link);

/* Why an exchange ended. */
enum http_ending {
    HTTP_ENDING_SENT,   /* the whole answer was handed to the kernel */
    HTTP_ENDING_BROKEN, /* the connection ended before that */
};

struct http_exchange_callbacks {
    /* The client closed its side or the connection broke before the answer was finished. At most once, never after
     * 'ended'; may run while another thread holds the exchange, so it must only take note (or, if the exchange is held by
     * nobody but a parked wait on this thread, finish it). After a mere half-close the answer is still sent. */
    void (*broken)(struct http_exchange *exchange, void *argument);
    /* The exchange is over: exactly once, after the holder has finished; the exchange is freed when it returns. The place
     * to free 'argument'. */
    void (*ended)(struct http_exchange *exchange, enum http_ending ending, void *argument);
    /* The unsent output, having been over HTTP_OUTPUT_SIZE_MAX, has drained; see http_answer_write. */
    void (*drained)(struct http_exchange *exchange, void *argument);
    void *argument;
};
/* In the handler, before it returns. Any callback may be NULL. */
void http_exchange_set_callbacks(struct http_exchange *exchange, const struct http_exchange_callbacks *callbacks);
/* Frees the request (its strings, headers, body) but not the arena: for exchanges that are parked for minutes. The holder
 * must not look at the request afterwards. */
void http_exchange_forget_request(struct http_exchange *exchange);

/* --- answering; any thread, by the holder --- */

/* Begins an answer; the default without it is 200. Before the first header. */
void http_answer_status(struct http_exchange *exchange, unsigned status);
/* Adds a field, also several of one name (Set-Cookie). Name and value must be our own or checked: a CR, LF or NUL in
 * either is an assertion failure. Date, Content-Length, Transfer-Encoding and Connection are the server's. */
void http_answer_header(struct http_exchange *exchange, const char *name, const char *value);
void http_answer_header_format(struct http_exchange *exchange, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The connection is closed after this answer. */
void http_answer_close(struct http_exchange *exchange);
/* The whole body, copied; finishes the exchange. */
void http_answer_whole(struct http_exchange *exchange, struct bytes body);
/* The same without a copy: takes the memory and leaves *body empty. */
void http_answer_take(struct http_exchange *exchange, struct buffer *body);
/* A whole answer whose body is a part of an open file, which is read piece by piece as the client takes it (on the loop, from
 * what the kernel was asked to read ahead: files on local disks). Takes the descriptor and closes it in the end. The file must not become shorter meanwhile: then the
 * connection breaks. */
void http_answer_file(struct http_exchange *exchange, int fd, uint64_t offset, uint64_t size);
/* One chunk, sent at once (the first one with the headers before it). Returns false when it is no use to go on: the
 * connection is gone (finish all the same). More than HTTP_OUTPUT_SIZE_MAX unsent bytes are a wish to wait for 'drained'
 * (http_answer_must_wait). */
bool http_answer_write(struct http_exchange *exchange, struct bytes chunk);
bool http_answer_must_wait(struct http_exchange *exchange);
/* Until the answer is finished, the server itself writes 'text' as a chunk every 'period_ms' (PENDING). Needs a first
 * http_answer_write before it. 'text' must stay valid (a literal). Once a worker has called http_answer_finish no further
 * one follows the last chunk. */
void http_answer_repeat(struct http_exchange *exchange, const char *text, uint32_t period_ms);
/* Ends a chunked answer. The holder must not touch the exchange afterwards. */
void http_answer_finish(struct http_exchange *exchange);
/* The exchange cannot be answered properly (a chunked answer failed half-way): closes the connection so that the client
 * sees a cut. Finishes the exchange. */
void http_answer_abort(struct http_exchange *exchange);
/* A whole answer with a short text page: for plain errors. */
void http_answer_error(struct http_exchange *exchange, unsigned status, const char *text);

/* --- delivery: has the client's machine acknowledged the whole answer? --- */

enum http_delivery_state {
    /* The connection is open and not all bytes of the answer are sent and acknowledged: the client may have vanished. */
    HTTP_DELIVERY_UNACKNOWLEDGED,
    /* All bytes were acknowledged by the peer's TCP, or another request followed on the connection. */
    HTTP_DELIVERY_CONFIRMED,
    /* The connection was reset, timed out or closed with bytes unacknowledged. A reset counts as lost even if all
     * bytes were acknowledged: a peer that resets has not read them all. */
    HTTP_DELIVERY_LOST,
};
struct http_delivery;
/* Asks for a record of the delivery of this exchange's answer; to be taken before finishing. Owned by the caller. NULL
 * without memory (take it as lost). */
struct http_delivery *http_exchange_delivery(struct http_exchange *exchange);
/* Any thread, at any time, also after connection and exchange are gone. NULL gives HTTP_DELIVERY_LOST. */
enum http_delivery_state http_delivery_state(struct http_delivery *delivery);
/* Has 'settled' called once on the loop thread of the connection when the state has become CONFIRMED or LOST for good. To
 * be set before the exchange is finished. */
void http_delivery_watch(struct http_delivery *delivery,
    void (*settled)(void *argument, enum http_delivery_state state), void *argument);
void http_delivery_release(struct http_delivery *delivery);

/* --- routes --- */

/* Called on the loop thread, with the exchange held by the handler. */
typedef void http_handler(struct http_exchange *exchange, void *argument);

struct http_route {
    /* Compared without regard to ASCII case. "/mapi/emsmdb" is met by "/mapi/emsmdb" and "/mapi/emsmdb/"; with 'below',
     * also by "/mapi/emsmdb/anything". The longest matching path wins. */
    const char *path;
    bool below;
    /* What to do about a body larger than body_size_max (0: the server's cap): 413, or, with takes_oversized, the
     * handler is called at once without a body and request->oversized set; the connection closes after its answer. */
    bool takes_oversized;
    size_t body_size_max;
    http_handler *handler;
    void *argument;
};

struct http_router;
struct http_router *http_router_new(void);
void http_router_free(struct http_router *router);
/* Before the server listens. Copies the route; 'path' must stay valid. False without memory or when it is taken. */
bool http_router_add(struct http_router *router, const struct http_route *route);
/* NULL when nothing matches (the server answers 404). */
const struct http_route *http_router_find(const struct http_router *router, const char *path);
