#include "http/loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LOOP_STACK_SIZE (512u << 10)

struct loop {
    struct event_base *base;
    struct event wake;
    int wake_fd;
    pthread_t thread;
    bool thread_started;
    unsigned number;
    atomic_bool stopping;
    /* Who runs the loop; valid while 'running'. */
    _Atomic(uintptr_t) owner;
    pthread_mutex_t lock; /* over the queue */
    struct loop_task *first;
    struct loop_task **last;
};

/* An address unlike any other thread's: cheaper to compare than pthread_self() with a separate 'valid' flag. */
static uintptr_t thread_identity(void)
{
    static _Thread_local char identity;
    return (uintptr_t)&identity;
}

uint64_t loop_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t loop_now_ms(struct loop *loop)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* a few nanoseconds, 4 ms grain */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct loop_task *queue_take(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    struct loop_task *tasks = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->lock);
    return tasks;
}

static void loop_woken(evutil_socket_t fd, short events, void *argument)
{
    struct loop *loop = argument;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0)
        count = 0; /* nothing there: another round emptied it */
    bool stopping = atomic_load(&loop->stopping); /* before the queue, so that what was posted earlier still runs */
    struct loop_task *task = queue_take(loop);
    while (task) {
        struct loop_task *next = task->next;
        task->run(task);
        task = next ? next : stopping ? queue_take(loop) : NULL;
    }
    if (stopping)
        event_base_loopbreak(loop->base);
}

static void loop_wake(struct loop *loop)
{
    uint64_t one = 1;
    while (write(loop->wake_fd, &one, sizeof one) < 0)
        ; /* only EINTR: the counter cannot overflow */
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    loop->last = &loop->first;
    pthread_mutex_init(&loop->lock, NULL);
    struct event_config *config = event_config_new();
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (config && loop->wake_fd >= 0) {
        /* No locks inside libevent: the base belongs to one thread. */
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        loop->base = event_base_new_with_config(config);
    }
    if (config)
        event_config_free(config);
    if (!loop->base) {
        loop_free(loop);
        return NULL;
    }
    event_assign(&loop->wake, loop->base, loop->wake_fd, EV_READ | EV_PERSIST, loop_woken, loop);
    event_add(&loop->wake, NULL);
    return loop;
}

void loop_run(struct loop *loop)
{
    atomic_store(&loop->owner, thread_identity());
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    atomic_store(&loop->stopping, false);
    atomic_store(&loop->owner, 0);
}

static void *loop_thread(void *argument)
{
    struct loop *loop = argument;
    char name[16];
    snprintf(name, sizeof name, "loop-%u", loop->number);
    pthread_setname_np(pthread_self(), name);
    loop_run(loop);
    return NULL;
}

bool loop_start(struct loop *loop, unsigned number)
{
    pthread_attr_t attributes;
    loop->number = number;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, LOOP_STACK_SIZE);
    loop->thread_started = pthread_create(&loop->thread, &attributes, loop_thread, loop) == 0;
    pthread_attr_destroy(&attributes);
    return loop->thread_started;
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopping, true);
    loop_wake(loop);
}

void loop_wait(struct loop *loop)
{
    if (loop->thread_started)
        pthread_join(loop->thread, NULL);
    loop->thread_started = false;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->thread_started)
        loop_stop(loop);
    loop_wait(loop);
    if (loop->base) {
        event_del(&loop->wake);
        event_base_free(loop->base);
    }
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

bool loop_is_current(const struct loop *loop)
{
    return atomic_load_explicit(&loop->owner, memory_order_relaxed) == thread_identity();
}

void loop_post(struct loop *loop, struct loop_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&loop->lock);
    bool first = loop->first == NULL;
    *loop->last = task;
    loop->last = &task->next;
    pthread_mutex_unlock(&loop->lock);
    if (first)
        loop_wake(loop);
}

static void timer_fired(evutil_socket_t fd, short events, void *argument)
{
    struct loop_timer *timer = argument;
    timer->running = false;
    timer->expired(timer);
}

void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t period_ms,
    void (*expired)(struct loop_timer *timer))
{
    struct timeval period = {(time_t)(period_ms / 1000), (suseconds_t)(period_ms % 1000 * 1000)};
    loop_timer_stop(timer);
    timer->expired = expired;
    timer->running = true;
    evtimer_assign(&timer->event, loop->base, timer_fired, timer);
    evtimer_add(&timer->event, &period);
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer->running)
        evtimer_del(&timer->event);
    timer->running = false;
}
