/* Strands and worker pools: order, exclusion, fairness, limits, end. Meant to run clean under the thread sanitizer: what a
 * strand's tasks share they share without locks. */
#include "server/strand.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_UNTIL(condition)                                         \
    do {                                                              \
        for (int tries_ = 0; !(condition) && tries_ < 5000; tries_++) \
            usleep(1000);                                             \
        assert_true(condition);                                       \
    } while (0)

/* What a strand protects: plain variables on purpose. */
struct account {
    struct strand *strand;
    unsigned long count;
    unsigned last[4]; /* of each poster */
    bool in_order;
    bool inside;
    bool overlapped;
};

struct step {
    struct strand_task task;
    struct account *account;
    unsigned poster, number;
    unsigned yields;
    atomic_uint *done;
};

static enum strand_result step_run(struct strand_task *task)
{
    struct step *step = (struct step *)task;
    struct account *account = step->account;
    account->overlapped |= account->inside;
    account->inside = true;
    if (step->yields) {
        step->yields--;
        account->inside = false;
        return STRAND_YIELD;
    }
    account->count++;
    account->in_order &= step->number == account->last[step->poster] + 1;
    account->last[step->poster] = step->number;
    account->inside = false;
    atomic_fetch_add(step->done, 1);
    free(step);
    return STRAND_DONE;
}

#define STEPS_PER_POSTER 2000u
#define ACCOUNTS 5u

struct poster {
    struct account *accounts;
    unsigned number;
    atomic_uint *done;
};

static void *poster_run(void *argument)
{
    struct poster *poster = argument;
    for (unsigned i = 1; i <= STEPS_PER_POSTER; i++)
        for (unsigned a = 0; a < ACCOUNTS; a++) {
            struct step *step = calloc(1, sizeof *step);
            *step = (struct step){.task.run = step_run, .account = &poster->accounts[a], .poster = poster->number, .number = i,
                .done = poster->done};
            while (!strand_post(poster->accounts[a].strand, &step->task))
                usleep(100); /* full: try again */
        }
    return NULL;
}

static void runs_one_task_at_a_time_in_order(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 4, 1000);
    struct account accounts[ACCOUNTS] = {0};
    struct poster posters[4];
    pthread_t threads[4];
    atomic_uint done = 0;
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        accounts[i] = (struct account){.strand = strand_new(pool), .in_order = true};
        assert_non_null(accounts[i].strand);
    }
    for (unsigned i = 0; i < 4; i++) {
        posters[i] = (struct poster){accounts, i, &done};
        assert_int_equal(pthread_create(&threads[i], NULL, poster_run, &posters[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    WAIT_UNTIL(atomic_load(&done) == 4 * STEPS_PER_POSTER * ACCOUNTS);
    for (unsigned i = 0; i < ACCOUNTS; i++)
        strand_release(accounts[i].strand);
    worker_pool_free(pool); /* joins: the plain variables may be read now */
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        assert_int_equal(accounts[i].count, 4 * STEPS_PER_POSTER);
        assert_true(accounts[i].in_order);
        assert_false(accounts[i].overlapped);
    }
}

/* Different strands run at the same time: each of these tasks waits for the other. */
struct meeting {
    struct strand_task task;
    pthread_barrier_t *barrier;
    atomic_uint *done;
};

static enum strand_result meeting_run(struct strand_task *task)
{
    struct meeting *meeting = (struct meeting *)task;
    pthread_barrier_wait(meeting->barrier);
    atomic_fetch_add(meeting->done, 1);
    return STRAND_DONE;
}

static void runs_different_strands_in_parallel(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 2, 100);
    pthread_barrier_t barrier;
    atomic_uint done = 0;
    struct strand *strands[2];
    struct meeting meetings[2];
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++) {
        strands[i] = strand_new(pool);
        meetings[i] = (struct meeting){{.run = meeting_run}, &barrier, &done};
        assert_true(strand_post(strands[i], &meetings[i].task));
    }
    WAIT_UNTIL(atomic_load(&done) == 2);
    for (int i = 0; i < 2; i++)
        strand_release(strands[i]);
    worker_pool_free(pool);
    pthread_barrier_destroy(&barrier);
}

/* A task that yields lets those behind it go first, and goes on then. */
static void yields_to_who_waits(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 1, 100);
    struct account account = {.strand = strand_new(pool), .in_order = true};
    atomic_uint done = 0;
    struct step *long_step = calloc(1, sizeof *long_step), *short_step = calloc(1, sizeof *short_step);
    *long_step = (struct step){.task.run = step_run, .account = &account, .number = 2, .yields = 50, .done = &done};
    *short_step = (struct step){.task.run = step_run, .account = &account, .number = 1, .done = &done};
    /* a gate, so that both wait before the first runs */
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    atomic_uint gate_done = 0;
    struct meeting gate = {{.run = meeting_run}, &barrier, &gate_done};
    assert_true(strand_post(account.strand, &gate.task));
    assert_true(strand_post(account.strand, &long_step->task));
    assert_true(strand_post(account.strand, &short_step->task));
    assert_int_equal(strand_waiting(account.strand), 3);
    pthread_barrier_wait(&barrier);
    WAIT_UNTIL(atomic_load(&done) == 2);
    WAIT_UNTIL(strand_waiting(account.strand) == 0);
    strand_release(account.strand);
    worker_pool_free(pool);
    assert_true(account.in_order);
    pthread_barrier_destroy(&barrier);
}

struct slow_task {
    struct strand_task task;
    atomic_bool early, late;
    atomic_bool done;
};

static enum strand_result slow_run(struct strand_task *task)
{
    struct slow_task *slow = (struct slow_task *)task;
    atomic_store(&slow->early, strand_should_yield(task));
    usleep((STRAND_TURN_MS + 15) * 1000);
    atomic_store(&slow->late, strand_should_yield(task));
    atomic_store(&slow->done, true);
    return STRAND_DONE;
}

static void tells_when_a_turn_is_over(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 1, 100);
    struct strand *strand = strand_new(pool);
    struct slow_task slow = {.task.run = slow_run};
    assert_true(strand_post(strand, &slow.task));
    WAIT_UNTIL(atomic_load(&slow.done));
    strand_release(strand);
    worker_pool_free(pool);
    assert_false(atomic_load(&slow.early));
    assert_true(atomic_load(&slow.late));
}

/* Released with tasks queued: they run, then the strand is gone (the address sanitizer would tell of a leak). */
static void survives_until_its_tasks_are_done(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 2, 100);
    struct account account = {.strand = strand_new(pool), .in_order = true};
    atomic_uint done = 0;
    for (unsigned i = 1; i <= 100; i++) {
        struct step *step = calloc(1, sizeof *step);
        *step = (struct step){.task.run = step_run, .account = &account, .number = i, .yields = i % 3, .done = &done};
        assert_true(strand_post(account.strand, &step->task));
    }
    strand_release(account.strand);
    worker_pool_free(pool);
    assert_int_equal(account.count, 100);
}

struct gated_job {
    struct worker_job job;
    pthread_barrier_t *barrier;
    atomic_uint *done;
};

static void gated_run(struct worker_job *job)
{
    struct gated_job *gated = (struct gated_job *)job;
    if (gated->barrier)
        pthread_barrier_wait(gated->barrier);
    atomic_fetch_add(gated->done, 1);
}

static void refuses_what_does_not_fit(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 1, 2);
    pthread_barrier_t barrier;
    atomic_uint done = 0;
    pthread_barrier_init(&barrier, NULL, 2);
    struct gated_job jobs[4];
    for (int i = 0; i < 4; i++)
        jobs[i] = (struct gated_job){{.run = gated_run}, i == 0 ? &barrier : NULL, &done};
    assert_true(worker_post(pool, &jobs[0].job));
    WAIT_UNTIL(worker_pool_waiting(pool) == 0); /* it runs, and waits for us */
    assert_true(worker_post(pool, &jobs[1].job));
    assert_true(worker_post(pool, &jobs[2].job));
    assert_false(worker_post(pool, &jobs[3].job));
    struct strand *strand = strand_new(pool);
    struct slow_task slow = {.task.run = slow_run};
    assert_false(strand_post(strand, &slow.task));
    assert_int_equal(strand_waiting(strand), 0);
    pthread_barrier_wait(&barrier);
    WAIT_UNTIL(atomic_load(&done) == 3);
    assert_true(strand_post(strand, &slow.task));
    worker_pool_close(pool);
    assert_true(atomic_load(&slow.done));
    assert_false(worker_post(pool, &jobs[3].job)); /* closed */
    assert_false(strand_post(strand, &slow.task));
    strand_release(strand);
    worker_pool_free(pool);
    pthread_barrier_destroy(&barrier);
}

static void caps_the_tasks_of_a_strand(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 1, 10);
    struct strand *strand = strand_new(pool);
    pthread_barrier_t barrier;
    atomic_uint done = 0;
    pthread_barrier_init(&barrier, NULL, 2);
    struct meeting *meetings = calloc(STRAND_TASKS_MAX + 1, sizeof *meetings);
    for (unsigned i = 0; i <= STRAND_TASKS_MAX; i++) {
        meetings[i] = (struct meeting){{.run = meeting_run}, &barrier, &done};
        assert_int_equal(strand_post(strand, &meetings[i].task), i < STRAND_TASKS_MAX);
    }
    for (unsigned i = 0; i < STRAND_TASKS_MAX; i++)
        pthread_barrier_wait(&barrier);
    strand_release(strand);
    worker_pool_free(pool);
    assert_int_equal(atomic_load(&done), STRAND_TASKS_MAX);
    free(meetings);
    pthread_barrier_destroy(&barrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_one_task_at_a_time_in_order),
        cmocka_unit_test(runs_different_strands_in_parallel),
        cmocka_unit_test(yields_to_who_waits),
        cmocka_unit_test(tells_when_a_turn_is_over),
        cmocka_unit_test(survives_until_its_tasks_are_done),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(caps_the_tasks_of_a_strand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
