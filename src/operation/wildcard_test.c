#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "operation/wildcard.h"

static void patterns_fit_whole_texts(void **state)
{
    static const struct { const char *pattern, *text; bool fits; } rows[] = {
        {"*Outlook*", "Client=MapiHttp;Outlook/16.0", true}, {"*outlook*", "OUTLOOK", true}, {"Outlook", "Outlook/16", false},
        {"", "", true}, {"", "a", false}, {"*", "", true}, {"**", "abc", true}, {"?", "", false}, {"?", "a", true}, {"?", "ab", false},
        {"?", "\xC3\xA4", true}, {"b?r", "b\xC3\xA4r", true}, {"a*c*e", "abcde", true}, {"a*c*e", "abcd", false}, {"*ab", "aab", true},
        {"[a-c]x", "Bx", true}, {"[a-c]x", "dx", false}, {"[abc", "[abc", true}, {"[]]", "]", true}, {"a[", "a[", true},
        {"[!a]", "!", true}, {"`*", "*", true}, {"`*", "a", false}, {"a`", "a`", true}, {"ada@example.org", "ADA@EXAMPLE.ORG", true},
        {"@", "`", false}, {"{", "[", false}, {"*\xC3\xA4", "\xC3\xA4", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (wildcard_fits(rows[i].pattern, rows[i].text) != rows[i].fits)
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].text);
    (void)state;
}

/* Many stars must not make it slow: the time is the product of the sizes, not exponential. */
static void many_stars_cost_little(void **state)
{
    char pattern[201], text[10001];
    for (int i = 0; i < 200; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[199] = 'b';
    pattern[200] = 0;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    clock_t begin = clock();
    assert_false(wildcard_fits(pattern, text));
    assert_true(clock() - begin < CLOCKS_PER_SEC);
    (void)state;
}

static void patterns_are_told_from_texts(void **state)
{
    assert_false(wildcard_is_pattern("ada@example.org"));
    assert_true(wildcard_is_pattern("a*"));
    assert_true(wildcard_is_pattern("a?"));
    assert_true(wildcard_is_pattern("[a]"));
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(patterns_fit_whole_texts), cmocka_unit_test(many_stars_cost_little),
                                       cmocka_unit_test(patterns_are_told_from_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
