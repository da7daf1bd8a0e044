/* Inside of the session layer: the table of contexts, by id, by user and by idle time. All of it under table->lock. */
#pragma once
#include <openssl/evp.h>
#include <pthread.h>

#include "session/session.h"

struct session_answer {
    uint32_t references; /* under the table's lock; the table outlives every answer */
    struct session_table *table;
    struct session_context *context; /* that keeps it; NULL once it does not */
    struct session_answer *older, *newer;
    void *delivery;
    size_t size;
    uint8_t content[];
};

struct session_context {
    struct session_context *bucket_next;
    struct session_context *user_previous, *user_next;
    struct session_context *idle_previous, *idle_next;
    struct session_context *ended_next; /* on its way to the hooks */

    struct session_table *table;
    struct session_context_id id;
    enum session_endpoint endpoint;
    uint16_t index;
    struct directory_user *user;
    _Atomic(void *) attachment;

    uint32_t tickets;  /* what keeps it in memory */
    uint32_t pending;  /* accepted requests: the idle-time timer counts at 0 */
    bool idle;         /* stands in the idle list */
    bool ended;
    bool running;      /* a sequenced request */
    bool waiting;      /* a NotificationWait */
    enum session_end_reason end_reason;
    uint64_t idle_since_ms;
    uint64_t active_ms; /* when the last sequenced request came */

    struct session_sequence sequence;      /* what the next sequenced request must bring */
    struct session_sequence last_sequence; /* what the last one brought */
    /* The answer of a PING or wait has carried last_sequence while it was the newest: its reader may put it back into the
     * jar after the sequenced answer's newer one. A request that brings it and is no repetition is then in order. */
    bool last_sequence_lent;
    bool sequence_lent;
    uint64_t number;
    uint8_t last_fingerprint[SESSION_FINGERPRINT_SIZE];
    struct session_answer *last_answer;
};

struct session_user {
    struct session_user *bucket_next;
    struct guid id;
    uint32_t count;
    struct session_context *first;
};

struct session_table {
    pthread_mutex_t lock;
    struct session_settings settings;
    struct session_hooks hooks;
    EVP_MD *sha256;

    struct session_context **contexts; /* buckets, a power of two */
    uint32_t context_bucket_count;
    uint32_t context_count; /* in the table */
    uint32_t context_alive; /* not yet freed */
    struct session_user **users;
    uint32_t user_bucket_count;
    uint32_t user_count;
    struct session_context *idle_first, *idle_last; /* by idle_since_ms */
    uint32_t wait_count;
    struct session_answer *oldest_answer, *newest_answer;
    size_t kept_answers_size;
    bool freed; /* goes with its last context */

    uint16_t index_next;
    uint8_t indexes[65536 / 8];
};

struct session_context *session_table_find(struct session_table *table, const struct session_context_id *id);
/* Makes a context with fresh cookies and puts it in; NULL without memory. */
struct session_context *session_table_insert(struct session_table *table, enum session_endpoint endpoint,
                                             const struct directory_user *user);
struct session_user *session_table_find_user(struct session_table *table, struct guid id);
/* Takes it out and links it to the front of *ended. Not twice. */
void session_table_remove(struct session_table *table, struct session_context *context, enum session_end_reason reason,
                          struct session_context **ended);
void session_table_set_idle(struct session_table *table, struct session_context *context, bool idle);
void session_drop_answer(struct session_context *context);
void session_next_sequence(struct session_context *context);
/* Without the lock: tells the owner about contexts that were removed. 'ended' is a list whose members hold one ticket each
 * that this gives back. */
void session_table_announce(struct session_table *table, struct session_context *ended);
