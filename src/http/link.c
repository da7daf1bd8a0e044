/* What outlives a connection: whether it has ended, and when. */
#include <stdlib.h>

#include "base/filetime.h"
#include "http/connection.h"

struct http_link {
    atomic_uint references;
    _Atomic uint64_t ended_ms;
};

struct http_link *connection_link(struct http_connection *connection)
{
    if (!connection->link) {
        connection->link = malloc(sizeof *connection->link);
        if (connection->link) {
            atomic_init(&connection->link->references, 1);
            atomic_init(&connection->link->ended_ms, 0);
        }
    }
    return connection->link;
}

void connection_link_end(struct http_connection *connection)
{
    if (!connection->link)
        return;
    atomic_store_explicit(&connection->link->ended_ms, monotonic_ms(), memory_order_relaxed);
    http_link_release(connection->link);
    connection->link = NULL;
}

struct http_link *http_link_reference(struct http_link *link)
{
    atomic_fetch_add_explicit(&link->references, 1, memory_order_relaxed);
    return link;
}

void http_link_release(struct http_link *link)
{
    if (link && atomic_fetch_sub_explicit(&link->references, 1, memory_order_acq_rel) == 1)
        free(link);
}

uint64_t http_link_ended_ms(const struct http_link *link)
{
    return atomic_load_explicit(&link->ended_ms, memory_order_relaxed);
}
