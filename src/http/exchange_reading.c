/* What the holder of an exchange can ask of it. */
#include "http/connection.h"

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->incoming->request;
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
    return &exchange->arena;
}

struct loop *http_exchange_loop(const struct http_exchange *exchange)
{
    return exchange->home->loop;
}

const char *http_exchange_peer(const struct http_exchange *exchange)
{
    return exchange->incoming ? exchange->incoming->peer : "";
}

int http_exchange_socket(const struct http_exchange *exchange)
{
    return exchange->connection ? exchange->connection->transport.fd : -1;
}

uint64_t http_exchange_started_ms(const struct http_exchange *exchange)
{
    return exchange->started_us / 1000;
}

uint64_t http_exchange_started_us(const struct http_exchange *exchange)
{
    return exchange->started_us;
}

unsigned http_exchange_status(const struct http_exchange *exchange)
{
    return exchange->status;
}

struct http_link *http_exchange_link(const struct http_exchange *exchange)
{
    return exchange->connection ? connection_link(exchange->connection) : NULL;
}

struct bytes http_exchange_channel_binding(const struct http_exchange *exchange)
{
    const struct http_connection *connection = exchange->connection;
    return connection && connection->tls ? http_tls_channel_binding(connection->tls) : BYTES_NONE;
}

void *http_exchange_connection_state(const struct http_exchange *exchange)
{
    return exchange->connection ? exchange->connection->state : NULL;
}

bool http_exchange_set_connection_state(struct http_exchange *exchange, void *state, void (*release)(void *state))
{
    struct http_connection *connection = exchange->connection;
    if (!connection || connection->state)
        return false;
    connection->state = state;
    connection->release_state = release;
    return true;
}
