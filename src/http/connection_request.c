/* From received bytes to requests and their handlers. */
#include "http/connection.h"

#include <string.h>

#include "base/filetime.h"
#include "http/server_state.h"

#define LINGER_SIZE_MAX (1u << 20) /* what a client may still send after we have closed our side */
#define BODY_RESERVE_MAX 16384u    /* room made for an announced body before its bytes are there */

static struct http_server *server_of(const struct http_connection *connection)
{
    return connection->home->server;
}

void connection_refuse(struct http_connection *connection, unsigned status, const char *text)
{
    struct http_exchange *exchange = connection->exchange;
    atomic_fetch_add_explicit(&server_of(connection)->requests_malformed, 1, memory_order_relaxed);
    connection->closing = true;
    connection->phase = PHASE_HANDLING;
    connection->request_count++;
    http_answer_error(exchange, status, text);
}

/* Another request came: the client has read the answers before it, unless the request was read along with the one before
 * (pipelining). */
static void connection_confirm(struct http_connection *connection)
{
    struct http_delivery **place = &connection->deliveries;
    while (*place) {
        struct http_delivery *delivery = *place;
        if (!delivery->sent || delivery->read_count == connection->read_count) {
            place = &delivery->next;
            continue;
        }
        *place = delivery->next;
        delivery_settle(delivery, HTTP_DELIVERY_CONFIRMED);
    }
}

/* Hands the complete request (or an oversized one, without its body) to its handler. */
static void connection_dispatch(struct http_connection *connection, bool oversized)
{
    struct http_exchange *exchange = connection->exchange;
    connection_confirm(connection);
    connection->phase = PHASE_HANDLING;
    connection->request_count++;
    atomic_fetch_add_explicit(&server_of(connection)->requests, 1, memory_order_relaxed);
    if (atomic_load_explicit(&server_of(connection)->last_requests, memory_order_relaxed))
        connection->closing = true;
    exchange->running = true;
    atomic_fetch_add_explicit(&connection->home->running_count, 1, memory_order_relaxed);
    exchange_fill_request(exchange);
    exchange->incoming->request.oversized = oversized;
    exchange->started_us = monotonic_us();
    if (exchange->route)
        exchange->route->handler(exchange, exchange->route->argument);
    else
        http_answer_error(exchange, 404, "there is nothing here");
}

static void connection_too_large(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->exchange;
    if (!exchange->route || !exchange->route->takes_oversized) {
        connection_refuse(connection, 413, "request body too large");
        return;
    }
    connection->closing = true; /* the rest of the body is not read */
    buffer_free(&exchange->incoming->body);
    connection_dispatch(connection, true);
}

static void connection_took_head(struct http_connection *connection, bool more_data)
{
    struct http_exchange *exchange = connection->exchange;
    struct http_parser *parser = &exchange->incoming->parser;
    exchange_fill_request(exchange);
    exchange->route = http_router_find(server_of(connection)->router, exchange->incoming->request.path);
    bool has_body = parser->chunked || parser->content_length > 0;
    if (!exchange->route && has_body) {
        connection->closing = true; /* not worth reading */
        connection_dispatch(connection, false);
        return;
    }
    parser->body_size_max = connection->home->limits.body_size_max;
    if (exchange->route && exchange->route->body_size_max && exchange->route->body_size_max < parser->body_size_max)
        parser->body_size_max = exchange->route->body_size_max;
    if (parser->content_length > parser->body_size_max) {
        connection_too_large(connection);
        return;
    }
    if (parser->expect_continue && !more_data) {
        output_append(&connection->output, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        connection_flush(connection);
    }
}

static void connection_took_piece(struct http_connection *connection)
{
    struct http_incoming *incoming = connection->exchange->incoming;
    struct buffer *body = &incoming->body;
    if (body->capacity == 0 && incoming->parser.content_length) { /* one allocation for a body of modest size */
        uint64_t announced = incoming->parser.content_length;
        size_t room = announced < BODY_RESERVE_MAX ? (size_t)announced : BODY_RESERVE_MAX;
        if (buffer_extend(body, room))
            body->size = 0;
    }
    if (!buffer_append(body, incoming->parser.piece.data, incoming->parser.piece.size))
        connection_refuse(connection, 503, "out of memory");
}

/* Reads requests out of the bytes until they are used up or a handler keeps its exchange. Returns how many were used. */
static size_t connection_take_requests(struct http_connection *connection, struct bytes data)
{
    size_t used = 0;
    while (connection->phase == PHASE_READING) {
        if (!connection->exchange) {
            if (used == data.size)
                break;
            connection->exchange = exchange_new(connection->home, connection);
            if (!connection->exchange) {
                connection_close(connection, CAUSE_RESET);
                break;
            }
        }
        struct http_parser *parser = &connection->exchange->incoming->parser;
        size_t part;
        enum http_parse_event event = http_parser_feed(parser, bytes_of(data.data + used, data.size - used), &part);
        used += part;
        if (event == HTTP_PARSE_MORE)
            break;
        if (event == HTTP_PARSE_HEAD)
            connection_took_head(connection, used < data.size);
        else if (event == HTTP_PARSE_BODY)
            connection_took_piece(connection);
        else if (event == HTTP_PARSE_END)
            connection_dispatch(connection, false);
        else if (parser->error_status == 413)
            connection_too_large(connection);
        else
            connection_refuse(connection, parser->error_status, parser->error_text);
    }
    return used;
}

/* The bytes are in the loop's scratch memory; what cannot be used yet is kept. */
void connection_received(struct http_connection *connection, struct bytes data)
{
    connection_enter(connection);
    if (connection->phase == PHASE_LINGERING) {
        connection->lingered_size += data.size;
        if (connection->lingered_size > LINGER_SIZE_MAX)
            connection_close(connection, CAUSE_ORDERLY);
    } else if (connection->input.size) { /* something waits in front of it */
        if (!buffer_append(&connection->input, data.data, data.size))
            connection_close(connection, CAUSE_RESET);
        else
            connection_resume(connection);
    } else {
        connection->taking = true;
        size_t used = connection_take_requests(connection, data);
        connection->taking = false;
        bool keep = connection->phase == PHASE_READING || connection->phase == PHASE_HANDLING
            || connection->phase == PHASE_SENDING;
        if (keep && used < data.size && !buffer_append(&connection->input, data.data + used, data.size - used))
            connection_close(connection, CAUSE_RESET);
    }
    connection_leave(connection);
}

/* Goes on with what was kept, when the request before it is answered. */
void connection_resume(struct http_connection *connection)
{
    if (connection->taking)
        return; /* the loop that is running will go on */
    connection_enter(connection);
    connection->taking = true;
    size_t used = 0;
    struct buffer kept = connection->input; /* handlers may end in here again, which must find it empty */
    connection->input = (struct buffer){0};
    if (kept.size)
        used = connection_take_requests(connection, buffer_bytes(&kept));
    connection->taking = false;
    bool open = connection->phase != PHASE_CLOSED && connection->phase != PHASE_LINGERING;
    if (open && used < kept.size) {
        memmove(kept.data, kept.data + used, kept.size - used);
        kept.size -= used;
        connection->input = kept;
    } else {
        buffer_free(&kept);
    }
    if (open && connection->phase == PHASE_READING && connection->peer_closed && connection->output.size == 0)
        connection_linger(connection); /* nothing more will come */
    connection_leave(connection);
}
