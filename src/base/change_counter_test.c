#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/change_counter.h"

static void write_counter(int file, uint8_t value)
{
    const uint8_t bytes[4] = {0, 0, 0, value};
    assert_int_equal(pwrite(file, bytes, sizeof bytes, 24), (ssize_t)sizeof bytes);
}

static void wait_ms(unsigned ms)
{
    nanosleep(&(struct timespec){0, ms * 1000000L}, NULL);
}

static void test_counter(void **state)
{
    char path[] = "/tmp/change_counter_XXXXXX";
    struct change_counter counter = {.file = mkstemp(path)};
    assert_true(counter.file >= 0);
    assert_int_equal(change_counter_read(&counter), 0); /* no header yet */
    write_counter(counter.file, 7);
    assert_int_equal(change_counter_read(&counter), 7);
    write_counter(counter.file, 8); /* somebody else: soon */
    wait_ms(3);
    assert_int_equal(change_counter_read(&counter), 8);
    for (uint8_t i = 9; i < 200; i++) { /* oneself: at once */
        write_counter(counter.file, i);
        change_counter_forget(&counter);
        assert_int_equal(change_counter_read(&counter), i);
    }
    close(counter.file);
    unlink(path);
    counter.file = -1;
    wait_ms(3);
    assert_int_equal(change_counter_read(&counter), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
