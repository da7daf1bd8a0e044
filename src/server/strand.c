#include "server/strand.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

struct strand {
    struct worker_job job; /* queued in the pool while there are tasks and none of them runs */
    struct worker_pool *pool;
    pthread_mutex_t lock; /* over everything below */
    struct strand_task *first;
    struct strand_task **last;
    unsigned count;  /* tasks queued and running */
    bool scheduled;  /* the job is queued or runs */
    bool released;
};

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void strand_free(struct strand *strand)
{
    pthread_mutex_destroy(&strand->lock);
    free(strand);
}

/* With the lock. */
static void append_task(struct strand *strand, struct strand_task *task)
{
    task->next = NULL;
    *strand->last = task;
    strand->last = &task->next;
}

/* One task, one turn; then the strand goes behind the others that wait in the pool. */
static void strand_run(struct worker_job *job)
{
    struct strand *strand = (struct strand *)(void *)((char *)job - offsetof(struct strand, job));
    pthread_mutex_lock(&strand->lock);
    struct strand_task *task = strand->first;
    strand->first = task->next;
    if (!strand->first)
        strand->last = &strand->first;
    pthread_mutex_unlock(&strand->lock);

    task->turn_started_ms = clock_ms();
    enum strand_result result = task->run(task); /* which may free the task */

    pthread_mutex_lock(&strand->lock);
    if (result == STRAND_YIELD)
        append_task(strand, task);
    else
        strand->count--;
    bool again = strand->first != NULL;
    bool last = !again && strand->released;
    strand->scheduled = again;
    struct worker_pool *pool = strand->pool;
    if (again) /* with the lock: afterwards another thread may run it, and even free it */
        worker_post_again(pool, &strand->job);
    pthread_mutex_unlock(&strand->lock);
    if (last)
        strand_free(strand);
}

struct strand *strand_new(struct worker_pool *pool)
{
    struct strand *strand = calloc(1, sizeof *strand);
    if (!strand)
        return NULL;
    pthread_mutex_init(&strand->lock, NULL);
    strand->job.run = strand_run;
    strand->pool = pool;
    strand->last = &strand->first;
    return strand;
}

void strand_release(struct strand *strand)
{
    if (!strand)
        return;
    pthread_mutex_lock(&strand->lock);
    strand->released = true;
    bool idle = !strand->scheduled;
    pthread_mutex_unlock(&strand->lock);
    if (idle)
        strand_free(strand);
}

bool strand_post(struct strand *strand, struct strand_task *task)
{
    pthread_mutex_lock(&strand->lock);
    bool taken = strand->count < STRAND_TASKS_MAX && (strand->scheduled || worker_post(strand->pool, &strand->job));
    if (taken) {
        /* The job may be taken up at once, but waits for the lock before it looks for a task. */
        append_task(strand, task);
        strand->count++;
        strand->scheduled = true;
    }
    pthread_mutex_unlock(&strand->lock);
    return taken;
}

bool strand_should_yield(const struct strand_task *task)
{
    return clock_ms() - task->turn_started_ms >= STRAND_TURN_MS;
}

unsigned strand_waiting(struct strand *strand)
{
    pthread_mutex_lock(&strand->lock);
    unsigned count = strand->count;
    pthread_mutex_unlock(&strand->lock);
    return count;
}
