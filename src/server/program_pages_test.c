#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/program_pages.h"

/* Kilobytes in memory of mappings that are executed and not written. */
static unsigned long program_rss(void)
{
    char line[512];
    unsigned long sum = 0, size;
    int program = 0;
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        char access[8];
        if (sscanf(line, "%*x-%*x %7s", access) == 1)
            program = strcmp(access, "r-xp") == 0;
        else if (program && sscanf(line, "Rss: %lu", &size) == 1)
            sum += size;
    }
    fclose(maps);
    return sum;
}

static void test_pages_go_and_come_back(void **state)
{
    unsigned long before = program_rss();
    program_pages_release();
    unsigned long after = program_rss();
    assert_true(before > 0);
    assert_true(after < before);
    assert_int_equal(strcmp("still", "running"), 1); /* what was given back is there when it is needed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages_go_and_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
