/* The tables of operations: what both faces, help, completion and manual rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/client_operation.h"

typedef void check_function(const struct operation *operation, void *state);

static void for_each(check_function *check, void *state)
{
    const struct operation *const *tables[] = {operations, client_operations};
    for (unsigned t = 0; t < 2; t++)
        for (const struct operation *const *row = tables[t]; *row; row++)
            check(*row, state);
}

/* Each name finds the operation that has it: no other row has the same. */
static void check_names(const struct operation *operation, void *state)
{
    const char *const names[] = {operation->name, operation->alias, operation->command};
    for (unsigned i = 0; i < 3; i++)
        if (names[i] && client_operation_find(names[i]) != operation)
            fail_msg("'%s' is not %s alone", names[i], operation->name);
}

static void check_words(const struct operation *operation, void *state)
{
    struct arena arena = {0};
    unsigned first = 0;
    if (!operation->summary || !operation->run || !strchr(operation->name, '-'))
        fail_msg("%s: a summary, a function and a name of verb and noun are wanted", operation->name);
    for (const struct operation_parameter *p = operation->parameters; p && p->name; p++) {
        const char *error = NULL;
        first += (p->flags & OPERATION_POSITION_0) != 0;
        if (!p->explanation || !operation_parameter_option(p, &arena))
            fail_msg("%s -%s has no explanation", operation->name, p->name);
        if (operation_parameter_find(operation, p->name, &arena, &error) != p)
            fail_msg("%s -%s does not find itself", operation->name, p->name);
        if ((p->kind == OPERATION_CHOICE || p->kind == OPERATION_CHOICES) && !p->choices)
            fail_msg("%s -%s has no choices", operation->name, p->name);
    }
    if (first > 1)
        fail_msg("%s: two parameters stand first", operation->name);
    arena_free(&arena);
}

static void count(const struct operation *operation, void *state)
{
    ++*(unsigned *)state;
}

static void test_names_are_each_ones_own(void **state)
{
    for_each(check_names, NULL);
    assert_null(client_operation_find("Get-Nothing"));
    assert_ptr_equal(client_operation_find("WHERE-OBJECT"), &operation_where_object);
}

static void test_declarations_are_whole(void **state)
{
    unsigned rows = 0;
    for_each(check_words, NULL);
    for_each(count, &rows);
    assert_true(rows > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names_are_each_ones_own), cmocka_unit_test(test_declarations_are_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
