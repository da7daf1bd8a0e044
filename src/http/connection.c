#include "http/connection.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/server_state.h"

#define LINGER_TIMEOUT_MS 2000u
#define LINGER_POLL_MS 20u

static struct http_server *server_of(const struct http_connection *connection)
{
    return connection->home->server;
}

/* --- deadlines and events: set when a connection is left --- */

static enum connection_wait wait_now(const struct http_connection *connection)
{
    switch (connection->phase) {
    case PHASE_HANDSHAKE:
        return WAIT_HANDSHAKE;
    case PHASE_READING:
        if (!connection->exchange || !http_parser_begun(&connection->exchange->incoming->parser))
            return connection->request_count ? WAIT_IDLE : WAIT_FIRST;
        return http_parser_has_head(&connection->exchange->incoming->parser) ? WAIT_BODY : WAIT_HEAD;
    case PHASE_HANDLING:
        return connection->output.size ? WAIT_SEND : WAIT_HANDLER;
    case PHASE_SENDING:
        return WAIT_SEND;
    default:
        return WAIT_LINGER;
    }
}

/* Milliseconds that the current wait may last, 0 for ever. */
static uint64_t wait_limit_ms(const struct http_connection *connection)
{
    const struct http_server_limits *limits = &connection->home->limits;
    switch (connection->wait) {
    case WAIT_HANDSHAKE:
    case WAIT_FIRST:
    case WAIT_HEAD:
        return limits->header_timeout_ms;
    case WAIT_IDLE:
        return limits->idle_timeout_ms;
    case WAIT_BODY:
        return limits->body_timeout_ms + connection->exchange->incoming->body.size * 1000 / HTTP_BODY_RATE_MIN;
    case WAIT_SEND:
        return limits->send_timeout_ms;
    case WAIT_LINGER:
        return LINGER_TIMEOUT_MS;
    default: /* WAIT_HANDLER: the next sign of life, if the handler wants any */
        return connection->exchange->repeat_ms;
    }
}

static void connection_timer_expired(struct loop_timer *timer);

static void connection_set_deadline(struct http_connection *connection)
{
    enum connection_wait wait = wait_now(connection);
    uint64_t now_ms = loop_now_ms(connection->home->loop);
    if (wait != connection->wait || connection->request_count != connection->wait_request || connection->progressed)
        connection->since_ms = now_ms;
    connection->wait = wait;
    connection->wait_request = connection->request_count;
    connection->progressed = false;
    uint64_t limit_ms = wait_limit_ms(connection);
    if (limit_ms == 0) {
        return; /* a timer still running does no harm */
    }
    uint64_t deadline_ms = connection->since_ms + limit_ms;
    if (wait == WAIT_LINGER && connection->peer_closed)
        deadline_ms = now_ms + LINGER_POLL_MS;
    if (connection->timer.running && connection->timer_ms <= deadline_ms)
        return;
    connection->timer_ms = deadline_ms;
    loop_timer_start(connection->home->loop, &connection->timer, deadline_ms > now_ms ? deadline_ms - now_ms : 0,
        connection_timer_expired);
}

static void connection_event(evutil_socket_t fd, short events, void *argument);

static void connection_set_events(struct http_connection *connection)
{
    bool room = connection->phase != PHASE_HANDLING && connection->phase != PHASE_SENDING;
    bool read = !connection->peer_closed && (room || connection->input.size < HTTP_PIPELINE_SIZE_MAX);
    bool write = connection->phase == PHASE_HANDSHAKE ? connection->handshake_writes : connection->output.size > 0;
    if (read == connection->reading && write == connection->writing)
        return;
    if (connection->reading || connection->writing)
        event_del(&connection->event);
    connection->reading = read;
    connection->writing = write;
    event_assign(&connection->event, loop_base(connection->home->loop), connection->transport.fd,
        (short)((read ? EV_READ : 0) | (write ? EV_WRITE : 0) | EV_PERSIST), connection_event, connection);
    if (read || write)
        event_add(&connection->event, NULL);
}

void connection_enter(struct http_connection *connection)
{
    connection->entered++;
}

void connection_leave(struct http_connection *connection)
{
    if (connection->entered > 1) {
        connection->entered--;
        return;
    }
    if (connection->phase != PHASE_CLOSED && !connection->taking && connection->output.size && !connection->writing)
        connection_flush(connection);
    if (connection->phase == PHASE_CLOSED) {
        free(connection);
        return;
    }
    connection->entered--;
    connection_set_events(connection);
    if (connection->tls_unread && connection->reading && connection->input.size < HTTP_PIPELINE_SIZE_MAX)
        event_active(&connection->event, EV_READ, 0); /* the socket itself will not say so */
    connection_set_deadline(connection);
}

/* --- closing --- */

static void connection_settle(struct http_connection *connection, bool lost)
{
    uint64_t unacknowledged = lost ? 0 : transport_unacknowledged_size(connection->transport.fd);
    uint64_t sent = atomic_load(&connection->sent_size);
    while (connection->deliveries) {
        struct http_delivery *delivery = connection->deliveries;
        connection->deliveries = delivery->next;
        bool confirmed = !lost && delivery->sent && sent >= unacknowledged && sent - unacknowledged >= delivery->end;
        delivery_settle(delivery, confirmed ? HTTP_DELIVERY_CONFIRMED : HTTP_DELIVERY_LOST);
    }
}

/* The exchange loses its connection. */
static void connection_detach_exchange(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->exchange;
    if (!exchange)
        return;
    connection->exchange = NULL;
    exchange->connection = NULL;
    atomic_store(&exchange->gone, true);
    if (connection->phase == PHASE_HANDLING)
        exchange_notify_broken(exchange); /* the holder ends it */
    else
        exchange_end(exchange, HTTP_ENDING_BROKEN);
}

void connection_close(struct http_connection *connection, enum connection_cause cause)
{
    if (connection->phase == PHASE_CLOSED)
        return;
    connection_enter(connection);
    connection_settle(connection, cause != CAUSE_ORDERLY);
    connection_detach_exchange(connection);
    connection->phase = PHASE_CLOSED;
    event_del(&connection->event);
    loop_timer_stop(&connection->timer);
    transport_close(&connection->transport);
    http_tls_release(connection->tls);
    output_free(&connection->output);
    buffer_free(&connection->input);
    if (connection->state)
        connection->release_state(connection->state);
    connection->state = NULL;
    connection_link_end(connection);
    struct http_home *home = connection->home;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        home->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    atomic_fetch_sub(&home->connection_count, 1);
    connection_leave(connection);
}

/* After the last answer: close our side, wait for the client to have read everything and to close its own, so that no
 * reset overtakes the answer. */
void connection_linger(struct http_connection *connection)
{
    if (connection->peer_closed && !connection->deliveries) {
        connection_close(connection, CAUSE_ORDERLY);
        return;
    }
    transport_finish(&connection->transport);
    connection->phase = PHASE_LINGERING;
    buffer_free(&connection->input);
}

/* The client has closed too: are our bytes acknowledged yet? */
static void connection_linger_check(struct http_connection *connection)
{
    int fd = connection->transport.fd, error = 0;
    socklen_t error_size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
    bool overdue = loop_now_ms(connection->home->loop) >= connection->since_ms + LINGER_TIMEOUT_MS;
    if (error)
        connection_close(connection, CAUSE_RESET);
    else if (!connection->deliveries || transport_unacknowledged_size(fd) <= 1 || overdue) /* 1: our FIN */
        connection_close(connection, CAUSE_ORDERLY);
}

/* --- sending --- */

/* The output is empty: what was waiting for that goes on. */
static void connection_drained(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->exchange;
    if (connection->phase == PHASE_SENDING && exchange && exchange->file_left) {
        if (!exchange_read_file(exchange)) /* sent when the socket takes more: others on the loop have their turn */
            connection_close(connection, CAUSE_RESET);
        return;
    }
    if (connection->phase == PHASE_SENDING) {
        if (exchange) {
            connection->exchange = NULL;
            exchange_end(exchange, HTTP_ENDING_SENT);
        }
        for (struct http_delivery *delivery = connection->deliveries; delivery; delivery = delivery->next)
            if (!delivery->sent)
                delivery_sent(delivery, atomic_load(&connection->sent_size), connection->read_count);
        if (connection->closing) {
            connection_linger(connection);
        } else {
            connection->phase = PHASE_READING;
            connection_resume(connection);
        }
    } else if (connection->phase == PHASE_HANDLING && exchange && (exchange->was_over || atomic_load(&exchange->waits))) {
        exchange->was_over = false;
        atomic_store(&exchange->waits, false);
        if (exchange->callbacks.drained)
            exchange->callbacks.drained(exchange, exchange->callbacks.argument);
    }
}

void connection_flush(struct http_connection *connection)
{
    if (connection->phase == PHASE_CLOSED || connection->phase == PHASE_HANDSHAKE)
        return;
    if (connection->output.failed) {
        connection_close(connection, CAUSE_RESET);
        return;
    }
    connection_enter(connection);
    size_t before = connection->output.size;
    enum transport_status status = before ? transport_send(&connection->transport, &connection->output) : TRANSPORT_DONE;
    connection->plain_sent_size += before - connection->output.size;
    connection->progressed |= before != connection->output.size;
    atomic_store_explicit(&connection->sent_size,
        transport_sent_size(&connection->transport, connection->plain_sent_size), memory_order_release);
    struct http_exchange *exchange = connection->exchange;
    if (exchange && connection->phase == PHASE_HANDLING) {
        atomic_store(&exchange->unsent, connection->output.size); /* before 'waits' is looked at, see http_answer_must_wait */
        exchange->was_over |= connection->output.size > HTTP_OUTPUT_SIZE_MAX;
    }
    if (status == TRANSPORT_BROKEN || status == TRANSPORT_CLOSED)
        connection_close(connection, CAUSE_RESET);
    else if (connection->output.size == 0)
        connection_drained(connection);
    connection_leave(connection);
}

/* Links the record of the answer's delivery to the connection. */
static void connection_take_delivery(struct http_connection *connection, struct http_exchange *exchange)
{
    struct http_delivery *delivery = exchange->delivery;
    if (!delivery)
        return;
    exchange->delivery = NULL;
    pthread_mutex_lock(&delivery->lock);
    delivery->connection = connection;
    pthread_mutex_unlock(&delivery->lock);
    delivery->next = connection->deliveries;
    connection->deliveries = delivery;
}

void connection_answered(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->exchange;
    bool watched = exchange->delivery || exchange->callbacks.ended || exchange->file_left;
    connection->phase = PHASE_SENDING;
    connection_take_delivery(connection, exchange);
    if (connection->taking && !watched && !connection->closing && connection->output.size < HTTP_OUTPUT_SIZE_MAX) {
        /* The next pipelined request may add to the same packet. */
        connection->exchange = NULL;
        connection->phase = PHASE_READING;
        exchange_end(exchange, HTTP_ENDING_SENT);
        return;
    }
    connection_flush(connection);
}

/* --- events --- */

static void connection_peer_closed(struct http_connection *connection)
{
    connection->peer_closed = true;
    switch (connection->phase) {
    case PHASE_READING:
        if (connection->output.size == 0) {
            connection_close(connection, CAUSE_ORDERLY);
        } else { /* a batch of answers is still to be sent */
            connection->closing = true;
            connection->phase = PHASE_SENDING;
        }
        break;
    case PHASE_HANDLING:
        connection->closing = true;
        exchange_notify_broken(connection->exchange);
        break;
    case PHASE_SENDING:
        connection->closing = true;
        break;
    case PHASE_LINGERING:
        connection_linger_check(connection);
        break;
    default:
        connection_close(connection, CAUSE_RESET);
        break;
    }
}

static bool connection_handshake(struct http_connection *connection)
{
    enum transport_status status = transport_handshake(&connection->transport);
    if (status == TRANSPORT_DONE) {
        connection->phase = PHASE_READING;
        return true;
    }
    connection->handshake_writes = status == TRANSPORT_WANT_WRITE;
    if (status == TRANSPORT_BROKEN || status == TRANSPORT_CLOSED)
        connection_close(connection, CAUSE_RESET);
    return false;
}

static void connection_read(struct http_connection *connection)
{
    struct http_home *home = connection->home;
    connection_enter(connection);
    bool more = connection->phase != PHASE_HANDSHAKE || connection_handshake(connection);
    connection->tls_unread = false;
    while (more && connection->phase != PHASE_CLOSED && !connection->peer_closed) {
        size_t size = 0;
        enum transport_status status = transport_read(&connection->transport, home->scratch, HTTP_SCRATCH_SIZE, &size, &more);
        if (status == TRANSPORT_DONE) {
            connection->read_count++;
            connection_received(connection, bytes_of(home->scratch, size));
        } else if (status == TRANSPORT_CLOSED) {
            connection_peer_closed(connection);
        } else if (status == TRANSPORT_BROKEN) {
            connection_close(connection, CAUSE_RESET);
        }
        if (more && connection->input.size >= HTTP_PIPELINE_SIZE_MAX) {
            connection->tls_unread = true;
            break;
        }
    }
    connection_leave(connection);
}

static void connection_event(evutil_socket_t fd, short events, void *argument)
{
    struct http_connection *connection = argument;
    connection_enter(connection);
    if ((events & EV_WRITE) && connection->phase != PHASE_HANDSHAKE)
        connection_flush(connection);
    if (((events & EV_READ) && connection->phase != PHASE_CLOSED) || connection->phase == PHASE_HANDSHAKE)
        connection_read(connection);
    connection_leave(connection);
}

static void connection_timed_out(struct http_connection *connection)
{
    if (connection->wait == WAIT_HANDLER) {
        exchange_repeat(connection->exchange);
        return;
    }
    atomic_fetch_add_explicit(&server_of(connection)->timeouts, 1, memory_order_relaxed);
    switch (connection->wait) {
    case WAIT_HEAD:
        connection_refuse(connection, 408, "the request did not arrive in time");
        break;
    case WAIT_BODY:
        connection_refuse(connection, 408, "the request body did not arrive in time");
        break;
    case WAIT_SEND:
        connection_close(connection, CAUSE_TIMEOUT);
        break;
    default:
        connection_close(connection, CAUSE_ORDERLY);
        break;
    }
}

static void connection_timer_expired(struct loop_timer *timer)
{
    struct http_connection *connection = container_of(timer, struct http_connection, timer);
    connection_enter(connection);
    uint64_t limit_ms = wait_limit_ms(connection);
    if (connection->wait == WAIT_LINGER && connection->peer_closed)
        connection_linger_check(connection);
    else if (limit_ms && loop_now_ms(connection->home->loop) >= connection->since_ms + limit_ms)
        connection_timed_out(connection);
    connection_leave(connection);
}

/* --- opening --- */

static void socket_prepare(int fd, const struct http_server_limits *limits)
{
    int on = 1, idle_s = 60, interval_s = 15, count = 4;
    unsigned timeout_ms = limits->send_timeout_ms;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* A client that vanished without a word is noticed in two minutes, else parked waits would pile up. */
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

void connection_open(struct http_home *home, int fd, const char *peer, struct http_tls *tls)
{
    struct http_connection *connection = calloc(1, sizeof *connection);
    SSL *session = connection && tls ? http_tls_session(tls, fd) : NULL;
    if (!connection || (tls && !session) || evutil_make_socket_nonblocking(fd) < 0) {
        SSL_free(session);
        free(connection);
        http_tls_release(tls);
        close(fd);
        atomic_fetch_sub(&home->connection_count, 1);
        return;
    }
    socket_prepare(fd, &home->limits);
    connection->home = home;
    connection->transport = (struct http_transport){fd, session};
    connection->tls = tls;
    connection->phase = session ? PHASE_HANDSHAKE : PHASE_READING;
    connection->wait = wait_now(connection);
    connection->since_ms = loop_now_ms(home->loop);
    snprintf(connection->peer, sizeof connection->peer, "%s", peer);
    event_assign(&connection->event, loop_base(home->loop), fd, EV_PERSIST, connection_event, connection);
    connection->next = home->connections;
    if (home->connections)
        home->connections->previous = connection;
    home->connections = connection;
    connection_enter(connection);
    connection_leave(connection);
}

void connection_drain(struct http_connection *connection)
{
    connection_enter(connection);
    connection->closing = true;
    if (connection->phase == PHASE_HANDSHAKE || (connection->phase == PHASE_READING && wait_now(connection) <= WAIT_IDLE))
        connection_close(connection, CAUSE_ORDERLY);
    connection_leave(connection);
}
