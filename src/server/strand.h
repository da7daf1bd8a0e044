/* A strand is a queue of tasks that run one at a time, in order, on any thread of a worker pool; tasks of different strands
 * run in parallel. Each open mailbox has one, which is why mailbox code needs no locks: what one task wrote to memory the
 * next one sees, whatever thread it runs on.
 *
 * A task that has worked for about 20 ms returns STRAND_YIELD at a point where the mailbox is consistent, and is called
 * again after the tasks that were waiting behind it. strand_should_yield tells when.
 *
 * Tasks must not wait for another strand, a lock held for long, or the network. */
#pragma once
#include "server/worker.h"

#include <stdint.h>

struct strand;

#define STRAND_TURN_MS 20u
#define STRAND_TASKS_MAX 1024u

enum strand_result { STRAND_DONE, STRAND_YIELD };

/* The memory is the poster's and stays until 'run' has returned STRAND_DONE; 'run' may free it just before that. */
struct strand_task {
    struct strand_task *next;
    enum strand_result (*run)(struct strand_task *task);
    uint64_t turn_started_ms; /* the strand's: when this turn began */
};

/* NULL without memory. The pool must outlive the strand. */
struct strand *strand_new(struct worker_pool *pool);
/* Gives up the owner's reference; tasks still queued run to their end first. Also from within a task of the strand. */
void strand_release(struct strand *strand);
/* Any thread. False (task not taken) when the pool's queue is full or shutting down; never false for a strand that is
 * already running or queued and has fewer than STRAND_TASKS_MAX tasks. */
bool strand_post(struct strand *strand, struct strand_task *task);
/* Whether the running task has used up its turn (STRAND_TURN_MS). Within its run only. */
bool strand_should_yield(const struct strand_task *task);
unsigned strand_waiting(struct strand *strand); /* tasks queued or running */
