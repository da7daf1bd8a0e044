/* Bounded pools of threads. The process has two: one for mailbox work (through strands, strand.h), one for work that blocks
 * (password hashing, LDAP, DNS). All functions may be called on any thread. */
#pragma once
#include <stdbool.h>

struct worker_pool;

/* One piece of work. The memory is the poster's (usually a member of a larger structure) and must stay until 'run' has been
 * called, which may free it. */
struct worker_job {
    struct worker_job *next;
    void (*run)(struct worker_job *job);
};

/* queue_max: jobs that may wait; threads are named '<name>-<number>'. NULL without memory or threads. */
struct worker_pool *worker_pool_new(const char *name, unsigned thread_count, unsigned queue_max);
/* Runs what is queued, refuses new jobs from now on, waits for the threads. Not on one of its own threads. */
void worker_pool_close(struct worker_pool *pool);
/* Closes it if that has not been done, and frees it. */
void worker_pool_free(struct worker_pool *pool);
/* First come, first served. False (and the job is not taken) when queue_max jobs wait: the caller answers 'busy'. To bring
 * a result back to a connection, loop_post to http_exchange_loop(exchange), or answer the exchange right there. */
bool worker_post(struct worker_pool *pool, struct worker_job *job);
/* For a job that has more to do: behind those that wait, regardless of queue_max. Only from within its own run, which must
 * not touch it afterwards. */
void worker_post_again(struct worker_pool *pool, struct worker_job *job);
unsigned worker_pool_waiting(struct worker_pool *pool);
