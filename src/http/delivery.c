/* Whether the client's TCP has acknowledged an answer. The record outlives exchange and connection. */
#include "http/connection.h"

#include <stdlib.h>

struct http_delivery *http_exchange_delivery(struct http_exchange *exchange)
{
    if (exchange->delivery) {
        atomic_fetch_add(&exchange->delivery->references, 1);
        return exchange->delivery;
    }
    struct http_delivery *delivery = calloc(1, sizeof *delivery);
    if (!delivery)
        return NULL;
    atomic_init(&delivery->references, 2); /* the caller's and the exchange's */
    pthread_mutex_init(&delivery->lock, NULL);
    exchange->delivery = delivery;
    return delivery;
}

void http_delivery_release(struct http_delivery *delivery)
{
    if (!delivery || atomic_fetch_sub(&delivery->references, 1) != 1)
        return;
    pthread_mutex_destroy(&delivery->lock);
    free(delivery);
}

void http_delivery_watch(struct http_delivery *delivery,
    void (*settled)(void *argument, enum http_delivery_state state), void *argument)
{
    if (!delivery)
        return;
    pthread_mutex_lock(&delivery->lock);
    delivery->settled = settled;
    delivery->argument = argument;
    pthread_mutex_unlock(&delivery->lock);
}

enum http_delivery_state http_delivery_state(struct http_delivery *delivery)
{
    if (!delivery)
        return HTTP_DELIVERY_LOST;
    pthread_mutex_lock(&delivery->lock);
    enum http_delivery_state state = delivery->state;
    if (state == HTTP_DELIVERY_UNACKNOWLEDGED && delivery->sent && delivery->connection) {
        /* The lock keeps the connection's socket open. Sent size first: what is sent in between only makes the
         * acknowledged size look smaller. */
        uint64_t sent = atomic_load(&delivery->connection->sent_size);
        uint64_t unacknowledged = transport_unacknowledged_size(delivery->connection->transport.fd);
        if (sent >= unacknowledged && sent - unacknowledged >= delivery->end)
            state = HTTP_DELIVERY_CONFIRMED;
    }
    pthread_mutex_unlock(&delivery->lock);
    return state;
}

void delivery_sent(struct http_delivery *delivery, uint64_t end, uint64_t read_count)
{
    delivery->read_count = read_count;
    pthread_mutex_lock(&delivery->lock);
    delivery->end = end;
    delivery->sent = true;
    pthread_mutex_unlock(&delivery->lock);
}

void delivery_settle(struct http_delivery *delivery, enum http_delivery_state state)
{
    pthread_mutex_lock(&delivery->lock);
    delivery->state = state;
    delivery->connection = NULL;
    void (*settled)(void *, enum http_delivery_state) = delivery->settled;
    void *argument = delivery->argument;
    pthread_mutex_unlock(&delivery->lock);
    if (settled)
        settled(argument, state);
    http_delivery_release(delivery);
}
