#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/loop.h"
#include "server/mailbox_strands.h"

#define POSTS 300

static void gives_one_strand_a_mailbox(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 2, 100);
    struct mailbox_strands *strands = mailbox_strands_new(pool);
    struct guid one = guid_random(), two = guid_random();
    struct mailbox_strand *first = mailbox_strand_acquire(strands, one), *again = mailbox_strand_acquire(strands, one);
    struct mailbox_strand *other = mailbox_strand_acquire(strands, two);
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
    assert_true(guid_equal(mailbox_strand_guid(other), two));
    mailbox_strand_release(first);
    assert_true(guid_equal(mailbox_strand_guid(again), one)); /* still held */
    mailbox_strand_release(again);
    mailbox_strand_release(other);
    worker_pool_free(pool);
    mailbox_strands_free(strands);
}

/* Posters on several threads, each taking and giving back the strand for every task: never two tasks of one mailbox at once,
 * also while the strand goes and comes. */
struct world {
    struct mailbox_strands *strands;
    struct guid mailbox_guid;
    atomic_uint inside, done;
    unsigned unguarded; /* only the strand keeps it whole */
};
struct step {
    struct strand_task task;
    struct world *world;
    struct mailbox_strand *strand;
};

static enum strand_result run_step(struct strand_task *task)
{
    struct step *step = container_of(task, struct step, task);
    struct world *world = step->world;
    struct mailbox_strand *strand = step->strand;
    unsigned before = atomic_fetch_add(&world->inside, 1);
    assert_int_equal(before, 0);
    world->unguarded++;
    atomic_fetch_sub(&world->inside, 1);
    atomic_fetch_add(&world->done, 1);
    free(step);
    mailbox_strand_release(strand); /* the last thing the task does */
    return STRAND_DONE;
}

static void *post_steps(void *argument)
{
    struct world *world = argument;
    for (int i = 0; i < POSTS; i++) {
        struct step *step = calloc(1, sizeof *step);
        step->task.run = run_step;
        step->world = world;
        step->strand = mailbox_strand_acquire(world->strands, world->mailbox_guid);
        while (!strand_post(mailbox_strand_strand(step->strand), &step->task))
            usleep(100);
        if (i % 50 == 0)
            usleep(1000); /* let it come to rest */
    }
    return NULL;
}

static void runs_one_task_of_a_mailbox_at_a_time(void **state)
{
    struct worker_pool *pool = worker_pool_new("test", 4, 1000);
    struct world world = {.strands = mailbox_strands_new(pool), .mailbox_guid = guid_random()};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_steps, &world), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    while (atomic_load(&world.done) < 3 * POSTS)
        usleep(1000);
    worker_pool_free(pool);
    assert_int_equal(world.unguarded, 3 * POSTS);
    mailbox_strands_free(world.strands);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_one_strand_a_mailbox),
        cmocka_unit_test(runs_one_task_of_a_mailbox_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
