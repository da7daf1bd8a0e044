#include "server/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SQLite and the MIME code stay far below; only touched pages cost memory. */
#define WORKER_STACK_SIZE (1u << 20)

struct worker_pool {
    pthread_mutex_t lock; /* over everything below */
    pthread_cond_t job_came;
    struct worker_job *first;
    struct worker_job **last;
    unsigned waiting;
    unsigned waiting_max;
    bool closing;
    unsigned thread_count;
    char name[12];
    pthread_t threads[];
};

struct thread_start {
    struct worker_pool *pool;
    unsigned number;
};

static void *worker_thread(void *argument)
{
    struct thread_start *start = argument;
    struct worker_pool *pool = start->pool;
    char name[16];
    snprintf(name, sizeof name, "%.11s-%u", pool->name, start->number % 1000);
    pthread_setname_np(pthread_self(), name);
    free(start);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->first && !pool->closing)
            pthread_cond_wait(&pool->job_came, &pool->lock);
        struct worker_job *job = pool->first;
        if (!job)
            break;
        pool->first = job->next;
        if (!pool->first)
            pool->last = &pool->first;
        pool->waiting--;
        pthread_mutex_unlock(&pool->lock);
        job->run(job);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static bool worker_start(struct worker_pool *pool, unsigned number)
{
    struct thread_start *start = malloc(sizeof *start);
    if (!start)
        return false;
    *start = (struct thread_start){pool, number};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WORKER_STACK_SIZE);
    bool done = pthread_create(&pool->threads[number], &attributes, worker_thread, start) == 0;
    pthread_attr_destroy(&attributes);
    if (!done)
        free(start);
    return done;
}

struct worker_pool *worker_pool_new(const char *name, unsigned thread_count, unsigned queue_max)
{
    struct worker_pool *pool = calloc(1, sizeof *pool + thread_count * sizeof *pool->threads);
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->job_came, NULL);
    pool->last = &pool->first;
    pool->waiting_max = queue_max;
    snprintf(pool->name, sizeof pool->name, "%s", name);
    while (pool->thread_count < thread_count && worker_start(pool, pool->thread_count))
        pool->thread_count++;
    if (pool->thread_count == thread_count)
        return pool;
    worker_pool_free(pool);
    return NULL;
}

void worker_pool_close(struct worker_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->job_came);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pool->thread_count = 0;
}

void worker_pool_free(struct worker_pool *pool)
{
    if (!pool)
        return;
    worker_pool_close(pool);
    pthread_cond_destroy(&pool->job_came);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* With the lock. */
static void append_job(struct worker_pool *pool, struct worker_job *job)
{
    job->next = NULL;
    *pool->last = job;
    pool->last = &job->next;
    pool->waiting++;
    pthread_cond_signal(&pool->job_came);
}

bool worker_post(struct worker_pool *pool, struct worker_job *job)
{
    pthread_mutex_lock(&pool->lock);
    bool taken = !pool->closing && pool->waiting < pool->waiting_max;
    if (taken)
        append_job(pool, job);
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

void worker_post_again(struct worker_pool *pool, struct worker_job *job)
{
    pthread_mutex_lock(&pool->lock);
    append_job(pool, job);
    pthread_mutex_unlock(&pool->lock);
}

unsigned worker_pool_waiting(struct worker_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    unsigned waiting = pool->waiting;
    pthread_mutex_unlock(&pool->lock);
    return waiting;
}
