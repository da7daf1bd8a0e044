/* An event loop: one thread that owns connections and timers (libevent core). Everything a loop owns is touched on its
 * thread only; other threads reach it by posting a task. It stands in the http layer because connections need it; the
 * process (src/server) starts one per core.
 *
 * Never block on a loop thread: no disk, no password hashing, no name look-up, nothing over about 200 microseconds. */
#pragma once
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;

/* Work for a loop thread. The memory is the poster's (usually a member of a larger structure) and must stay until 'run' is
 * called; 'run' may free or post it again. Posting cannot fail. */
struct loop_task {
    struct loop_task *next;
    void (*run)(struct loop_task *task);
};

/* A timer of one loop. Zeroed is stopped. Loop thread only. The memory is the owner's and must not move while it runs. */
struct loop_timer {
    struct event event;
    void (*expired)(struct loop_timer *timer);
    bool running;
};

/* The structure that contains a member, e.g. container_of(task, struct job, task). */
#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

/* A loop that does not run yet; NULL without memory or descriptors. */
struct loop *loop_new(void);
/* Starts its thread, named 'loop-<number>'; false when the system refuses. */
bool loop_start(struct loop *loop, unsigned number);
/* Runs it on the calling thread instead (tests), until loop_stop. */
void loop_run(struct loop *loop);
/* Ends the loop after the tasks posted so far, and those they post, have run. Any thread. */
void loop_stop(struct loop *loop);
/* Waits for its thread to end. Tasks posted later are never run. Not on its own thread. */
void loop_wait(struct loop *loop);
/* Stops it if it runs, waits for its thread, frees it. */
void loop_free(struct loop *loop);

struct event_base *loop_base(struct loop *loop);
bool loop_is_current(const struct loop *loop); /* whether the caller is on its thread */
/* Any thread. Tasks of one poster run in the order of posting. */
void loop_post(struct loop *loop, struct loop_task *task);
/* Milliseconds of the monotonic clock: exact, and as of the current round of the loop (cheap; loop thread only). */
uint64_t loop_clock_ms(void);
uint64_t loop_now_ms(struct loop *loop);

/* (Re)starts: 'expired' is called once after the period, unless stopped or restarted before. Loop thread only. */
void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t period_ms,
    void (*expired)(struct loop_timer *timer));
void loop_timer_stop(struct loop_timer *timer);
