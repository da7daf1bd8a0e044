/* Inside of the auth layer: what is known of one connection, and the table of half-finished log-ons over all connections, which
 * is bounded in number and time. A log-on under way is taken out of its connection for each leg and put back when the next one
 * is awaited: nobody else sees it meanwhile, and what is in the table may be thrown away at any time. */
#pragma once
#include "auth/authenticator.h"

struct handshake {
    struct handshake *older, *newer;                /* table's lock, like the next */
    struct authentication_connection *connection;   /* while it waits there */
    enum authentication_scheme scheme;
    struct mechanism *mechanism;
    void *state;
    uint64_t until_ms;
};

struct handshake_table;

struct authentication_connection {
    atomic_uint references;
    struct handshake_table *handshakes;
    struct handshake *handshake;   /* table's lock */
    /* Who has logged on; by the request under way. */
    struct identity *identity;
    uint64_t directory_version;    /* under which that was so */
    uint64_t until_ms;             /* 0: as long as the connection lives */
    uint32_t method;
    enum channel_binding_state binding;
    struct mechanism *prover;      /* a reference; with its stamp */
    uint8_t stamp[MECHANISM_STAMP_SIZE];
};

struct handshake_table *handshake_table_new(void);
void handshake_table_free(struct handshake_table *table); /* all connections are gone */
uint32_t handshake_table_count(struct handshake_table *table);

struct authentication_connection *handshake_connection_new(struct handshake_table *table);
void authentication_connection_forget(struct authentication_connection *connection);

/* A log-on by the mechanism (a reference is taken); NULL without memory. */
struct handshake *handshake_begin(enum authentication_scheme scheme, struct mechanism *mechanism);
void handshake_end(struct handshake *handshake); /* NULL is allowed */
/* The log-on under way, now the caller's; NULL for none. One that has waited too long is ended, and *ret_late true. */
struct handshake *handshake_take(struct authentication_connection *connection, uint64_t now_ms, bool *ret_late);
/* Puts it back until the client's next leg; where more than count_max wait the one that has waited longest is ended. */
void handshake_put(struct authentication_connection *connection, struct handshake *handshake, uint64_t until_ms, uint64_t now_ms,
                   uint32_t count_max);
