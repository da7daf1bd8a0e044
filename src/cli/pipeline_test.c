#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/pipeline.h"

/* What a text is taken for: words in <>, stages joined by |, or the status. */
static const char *shape_of(struct arena *arena, const char *text, const char **ret_rest)
{
    static const char *const names[] = {"ok", "empty", "incomplete", "invalid"};
    struct pipeline pipeline;
    const char *error = NULL;
    *ret_rest = text;
    enum pipeline_status status = pipeline_parse(arena, text, &pipeline, ret_rest, &error);
    if (status != PIPELINE_OK) {
        assert_true(status == PIPELINE_EMPTY || error != NULL);
        return names[status];
    }
    const char *shape = "";
    for (unsigned i = 0; i < pipeline.stage_count; i++) {
        shape = i ? arena_format(arena, "%s|", shape) : shape;
        for (unsigned j = 0; j < pipeline.stages[i].word_count; j++)
            shape = arena_format(arena, "%s<%s>", shape, pipeline.stages[i].words[j]);
        assert_null(pipeline.stages[i].words[pipeline.stages[i].word_count]);
    }
    return shape;
}

static void test_shapes(void **state)
{
    static const char *const rows[][2] = {
        {"Get-Mailbox", "<Get-Mailbox>"},
        {"Set-OrganizationConfig -MapiHttpEnabled $true", "<Set-OrganizationConfig><-MapiHttpEnabled><$true>"},
        {"Get-Mailbox | Set-Mailbox -AuditOwner MailboxLogin -AuditEnabled $true",
         "<Get-Mailbox>|<Set-Mailbox><-AuditOwner><MailboxLogin><-AuditEnabled><$true>"},
        {"a -ShowDetails | ? { $_.ClientInfoString -like \"*Outlook*\" } | select A,B",
         "<a><-ShowDetails>|<?><{ $_.ClientInfoString -like \"*Outlook*\" }>|<select><A,B>"},
        {"export-csv .\\OutlookConnections.csv", "<export-csv><.\\OutlookConnections.csv>"},
        {"a 'it''s' \"say `\"hi`\" \"\"there\"\"\"", "<a><it's><say \"hi\" \"there\">"},
        {"select A, B ,C , D E", "<select><A,B,C,D><E>"},
        {"a -x:$false", "<a><-x:$false>"},
        {"a { b | c; '}' }", "<a><{ b | c; '}' }>"},
        {"a |\n  b", "<a>|<b>"},
        {"a `\n  b", "<a><b>"},
        {"a # comment | b", "<a>"},
        {"a b#c", "<a><b#c>"},
        {"  # nothing\n\n ; ", "empty"},
        {"", "empty"},
        {"a ''", "<a><>"},
        {"a \"$true\"", "<a><$true>"},
        {"a 'open", "incomplete"},
        {"a \"open", "incomplete"},
        {"a \"open`", "incomplete"},
        {"a {open '}'", "incomplete"},
        {"a |", "incomplete"},
        {"a | # and then\n", "incomplete"},
        {"a `", "incomplete"},
        {"| a", "invalid"},
        {"a || b", "invalid"},
        {"a }", "invalid"},
        {"a (Get-Date)", "invalid"},
        {"$x = 1", "invalid"},
        {"a $truest", "invalid"},
        {"a \"$name\"", "invalid"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = {0};
        const char *rest;
        assert_string_equal(shape_of(&arena, rows[i][0], &rest), rows[i][1]);
        arena_free(&arena);
    }
}

static void test_statements_follow_each_other(void **state)
{
    struct arena arena = {0};
    const char *rest;
    assert_string_equal(shape_of(&arena, "a 1; b\n\nc", &rest), "<a><1>");
    assert_string_equal(shape_of(&arena, rest, &rest), "<b>");
    assert_string_equal(shape_of(&arena, rest, &rest), "<c>");
    assert_string_equal(shape_of(&arena, rest, &rest), "empty");
    arena_free(&arena);
}

static void test_limits(void **state)
{
    struct arena arena = {0};
    char text[8 * PIPELINE_WORDS_MAX];
    const char *rest;
    size_t size = 0;
    for (unsigned i = 0; i < PIPELINE_WORDS_MAX; i++)
        size += (size_t)sprintf(text + size, "a ");
    assert_string_equal(shape_of(&arena, text, &rest), "invalid");
    size = 0;
    for (unsigned i = 0; i < PIPELINE_STAGES_MAX; i++)
        size += (size_t)sprintf(text + size, "a|");
    sprintf(text + size, "a");
    assert_string_equal(shape_of(&arena, text, &rest), "invalid");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_statements_follow_each_other),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
