#include "auth/handshake.h"

#include <pthread.h>
#include <stdlib.h>

struct handshake_table {
    pthread_mutex_t lock;
    struct handshake *oldest, *newest;
    uint32_t count;
};

struct handshake_table *handshake_table_new(void)
{
    struct handshake_table *table = calloc(1, sizeof *table);
    if (table)
        pthread_mutex_init(&table->lock, NULL);
    return table;
}

void handshake_table_free(struct handshake_table *table)
{
    if (!table)
        return;
    pthread_mutex_destroy(&table->lock);
    free(table);
}

uint32_t handshake_table_count(struct handshake_table *table)
{
    pthread_mutex_lock(&table->lock);
    uint32_t count = table->count;
    pthread_mutex_unlock(&table->lock);
    return count;
}

/* --- log-ons under way --- */

struct handshake *handshake_begin(enum authentication_scheme scheme, struct mechanism *mechanism)
{
    struct handshake *handshake = calloc(1, sizeof *handshake);
    if (!handshake)
        return NULL;
    handshake->scheme = scheme;
    handshake->state = mechanism->type->begin(mechanism);
    if (!handshake->state) {
        free(handshake);
        return NULL;
    }
    handshake->mechanism = mechanism_keep(mechanism);
    return handshake;
}

void handshake_end(struct handshake *handshake)
{
    if (!handshake)
        return;
    handshake->mechanism->type->end(handshake->mechanism, handshake->state);
    mechanism_release(handshake->mechanism);
    free(handshake);
}

/* Under the lock. */
static struct handshake *remove_from(struct handshake_table *table, struct handshake *handshake)
{
    if (!handshake)
        return NULL;
    handshake->connection->handshake = NULL;
    handshake->connection = NULL;
    *(handshake->older ? &handshake->older->newer : &table->oldest) = handshake->newer;
    *(handshake->newer ? &handshake->newer->older : &table->newest) = handshake->older;
    table->count--;
    return handshake;
}

struct handshake *handshake_take(struct authentication_connection *connection, uint64_t now_ms, bool *ret_late)
{
    struct handshake_table *table = connection->handshakes;
    pthread_mutex_lock(&table->lock);
    struct handshake *handshake = remove_from(table, connection->handshake);
    pthread_mutex_unlock(&table->lock);
    *ret_late = handshake && now_ms >= handshake->until_ms;
    if (*ret_late) {
        handshake_end(handshake);
        return NULL;
    }
    return handshake;
}

/* One whose place is needed, or whose time is over. */
static struct handshake *take_superfluous(struct handshake_table *table, uint64_t now_ms, uint32_t count_max)
{
    pthread_mutex_lock(&table->lock);
    bool superfluous = table->oldest && (table->count >= count_max || now_ms >= table->oldest->until_ms);
    struct handshake *handshake = superfluous ? remove_from(table, table->oldest) : NULL;
    pthread_mutex_unlock(&table->lock);
    return handshake;
}

void handshake_put(struct authentication_connection *connection, struct handshake *handshake, uint64_t until_ms, uint64_t now_ms,
                   uint32_t count_max)
{
    struct handshake_table *table = connection->handshakes;
    struct handshake *superfluous;
    while ((superfluous = take_superfluous(table, now_ms, count_max)))
        handshake_end(superfluous);
    handshake->until_ms = until_ms;
    pthread_mutex_lock(&table->lock);
    handshake->connection = connection;
    connection->handshake = handshake;
    handshake->older = table->newest;
    handshake->newer = NULL;
    *(table->newest ? &table->newest->newer : &table->oldest) = handshake;
    table->newest = handshake;
    table->count++;
    pthread_mutex_unlock(&table->lock);
}

/* --- connections --- */

struct authentication_connection *handshake_connection_new(struct handshake_table *table)
{
    struct authentication_connection *connection = calloc(1, sizeof *connection);
    if (connection) {
        atomic_init(&connection->references, 1);
        connection->handshakes = table;
    }
    return connection;
}

void authentication_connection_forget(struct authentication_connection *connection)
{
    identity_release(connection->identity);
    connection->identity = NULL;
    mechanism_release(connection->prover);
    connection->prover = NULL;
}

struct authentication_connection *authentication_connection_reference(struct authentication_connection *connection)
{
    if (connection)
        atomic_fetch_add_explicit(&connection->references, 1, memory_order_relaxed);
    return connection;
}

void authentication_connection_release(struct authentication_connection *connection)
{
    if (!connection || atomic_fetch_sub_explicit(&connection->references, 1, memory_order_acq_rel) != 1)
        return;
    bool late;
    handshake_end(handshake_take(connection, 0, &late));
    authentication_connection_forget(connection);
    free(connection);
}
