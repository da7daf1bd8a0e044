#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "operation/filter_expression.h"

static const char sample[] =
    "{\"Alias\": \"ada\", \"DisplayName\": \"Ada Lovelace\", \"ClientInfoString\": \"Client=MSExchangeRPC; Microsoft Outlook 16.0.1\","
    " \"Size\": 12582912, \"Small\": 5, \"NumberText\": \"10\", \"Enabled\": true, \"Disabled\": false, \"DisabledText\": \"False\", \"Nothing\": null,"
    " \"Empty\": \"\", \"Types\": [\"Owner\", \"Admin\"], \"None\": [], \"LastAccessed\": \"2026-08-01T20:29:56Z\", \"Inner\": {\"Name\": \"x\"},"
    " \"Umlaut\": \"M\\u00fcller\"}";

/* Whether the sample fulfils it; the error fails the test. */
static bool accepted(size_t count, const char *const *words)
{
    struct arena arena = {0};
    const char *error = NULL;
    json_t *object = json_loads(sample, 0, NULL);
    assert_non_null(object);
    struct filter *filter = filter_parse(&arena, count, words, &error);
    if (!filter)
        fail_msg("'%s': %s", words[0], error);
    bool result = filter_accepts(filter, object, &error);
    if (error)
        fail_msg("'%s': %s", words[0], error);
    filter_free(filter);
    json_decref(object);
    arena_free(&arena);
    return result;
}

static void check(const char *block, bool expected)
{
    if (accepted(1, &block) != expected)
        fail_msg("%s is not %s", block, expected ? "true" : "false");
}

static void test_comparisons(void **state)
{
    static const char *const yes[] = {
        "{ $_.ClientInfoString -like \"*Outlook*\" }", "{$_.ClientInfoString -like '*outlook*'}", "{ $_.clientinfostring -notlike \"*Mac*\" }",
        "{ $_.Alias -eq 'ADA' }", "{ $_.Alias -ceq 'ada' }", "{ $_.Alias -ne 'eve' }", "{ $_.Alias -cne 'ADA' }", "{ $_.Umlaut -eq 'M\xC3\x9CLLER' }",
        "{ $_.Small -gt 4 }", "{ $_.Small -ge 5 }", "{ $_.Small -lt 6 }", "{ $_.Small -le 5 }", "{ $_.Small -eq 5.0 }", "{ $_.Size -gt 10MB }",
        "{ $_.NumberText -gt 9 }", "{ $_.NumberText -eq 10 }", "{ 4 -lt $_.Small }", "{ -1 -lt $_.Small }",
        "{ $_.Enabled }", "{ $_.Enabled -eq $true }", "{ $_.Disabled -eq $false }", "{ $_.DisabledText -eq $false }", "{ -not $_.Disabled }", "{ !$_.Disabled }",
        "{ $_.Nothing -eq $null }", "{ $_.Missing -eq $null }", "{ $_.Alias -ne $null }", "{ -not $_.Empty }", "{ -not $_.None }", "{ $_.Types }",
        "{ $_.DisplayName -match '^ada\\s\\w+$' }", "{ $_.DisplayName -notmatch '^Lov' }", "{ $_.DisplayName -cmatch 'Love' }", "{ $_.ClientInfoString -match '\\d+\\.\\d' }",
        "{ $_.Types -contains 'owner' }", "{ $_.Types -notcontains 'Delegate' }", "{ $_.Types -eq 'Owner' }", "{ $_.Types -like 'Own*' }",
        "{ $_.Alias -in 'eve','ada' }", "{ $_.Alias -in @('eve', \"ada\") }", "{ $_.Alias -notin 'eve','bob' }", "{ 'Admin' -in $_.Types }",
        "{ $_.LastAccessed -gt '2026-07-31' }", "{ $_.LastAccessed -lt '8/2/2026' }", "{ $_.LastAccessed -eq '2026-08-01T20:29:56Z' }",
        "{ $_.Inner.Name -eq 'x' }", "{ $PSItem.Alias -eq 'ada' }", "{ $_.Nothing -lt 1 }", "{ $_.Alias -like 'a``da' -or $_.Alias -like \"``a*\" }",
    };
    static const char *const no[] = {
        "{ $_.ClientInfoString -like \"Outlook\" }", "{ $_.Alias -ceq 'ADA' }", "{ $_.Small -gt 5 }", "{ $_.Missing }", "{ $_.Alias -eq $null }",
        "{ $_.DisplayName -cmatch 'love' }", "{ $_.Types -contains 'Own*' }", "{ $_.Alias -in 'eve','bob' }", "{ $_.Alias -notin 'ada' }",
        "{ $_.LastAccessed -gt '2026-08-02' }", "{ $_.Enabled -eq $false }", "{ $_.NumberText -gt 11 }", "{ $_.Size -lt 12MB }", "{ $_.Alias -eq 'a*' }",
        "{ $_.Types -eq 'Delegate' }",
    };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        check(yes[i], true);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        check(no[i], false);
}

static void test_junctions(void **state)
{
    check("{ $_.Alias -eq 'ada' -and $_.Small -eq 5 }", true);
    check("{ $_.Alias -eq 'ada' -AND $_.Small -eq 6 }", false);
    check("{ $_.Alias -eq 'eve' -or $_.Small -eq 5 }", true);
    check("{ $_.Enabled -xor $_.Enabled }", false);
    check("{ $_.Enabled -xor $_.Disabled }", true);
    /* -and and -or bind alike, from the left: (true -or x) -and false. */
    check("{ $_.Enabled -or $_.Enabled -and $_.Disabled }", false);
    check("{ $_.Enabled -or ($_.Enabled -and $_.Disabled) }", true);
    check("{ -not ($_.Alias -eq 'eve' -or $_.Disabled) }", true);
    check("{ ((($_.Alias -eq 'ada'))) }", true);
    check("{ -not -not $_.Enabled }", true);
}

static void check_words(bool expected, size_t count, const char *const *words)
{
    if (accepted(count, words) != expected)
        fail_msg("'%s %s ...' is not %s", words[0], count > 1 ? words[1] : "", expected ? "true" : "false");
}
#define WORDS(expected, ...) check_words(expected, sizeof (const char *[]){__VA_ARGS__} / sizeof(char *), (const char *const[]){__VA_ARGS__})

static void test_words_that_a_shell_made(void **state)
{
    WORDS(true, "{", "owner.ClientInfoString", "-like", "*Outlook*", "}");
    WORDS(true, "{", ".ClientInfoString", "-like", "*Outlook*", "}");
    WORDS(true, "{", "/usr/bin/bash.Alias", "-eq", "ada", "}");
    WORDS(true, "{", "$_.Alias", "-eq", "ada", "}");
    WORDS(true, "{$_.Alias", "-eq", "ada}");
    WORDS(true, "{", "x.DisplayName", "-eq", "Ada Lovelace", "}");
    WORDS(true, "{", "x.Alias", "-eq", "eve", "-or", "x.Small", "-gt", "4", "}");
    WORDS(false, "{", "x.Alias", "-eq", "eve", "}");
    WORDS(true, "{", "x.Alias", "-in", "eve,ada", "}");
    WORDS(true, "{", "x.Enabled", "-eq", "$true", "}");
    WORDS(true, "{", "x.Empty", "-eq", "", "}");
    WORDS(true, "-FilterScript", "{ $_.Alias -eq 'ada' }");
    WORDS(true, "{", "(", "x.Enabled", ")", "}");
}

static void test_simple_form(void **state)
{
    WORDS(true, "ClientInfoString", "-like", "*Outlook*");
    WORDS(true, "-Property", "Alias", "-EQ", "-Value", "ada");
    WORDS(true, "Enabled");
    WORDS(false, "Disabled");
    WORDS(true, "-Not", "Disabled");
    WORDS(true, "Small", "-ge", "5");
    WORDS(true, "Alias", "-in", "eve,ada");
    WORDS(true, "Alias -eq 'ada'");
    WORDS(true, "$_.Alias -eq 'ada'");
}

static void refuse(const char *block, const char *saying)
{
    struct arena arena = {0};
    const char *error = NULL;
    assert_null(filter_parse(&arena, 1, &block, &error));
    if (!error || !strstr(error, saying))
        fail_msg("'%s': '%s' does not say '%s'", block, error ? error : "", saying);
    arena_free(&arena);
}

static void test_refusals(void **state)
{
    static const char *const rows[][2] = {
        {"{ $_.Alias -like }", "ends where a value"},
        {"{ -like 'x' }", "nothing stands before -like"},
        {"{ $_.Alias -bogus 'x' }", "'-bogus' has no place"},
        {"{ $_.Alias -eq 'x' 'y' }", "'y' has no place"},
        {"{ $_.Alias -eq 'x }", "does not end"},
        {"{ $_.Alias -eq 'x'", "the } of the condition is missing"},
        {"{", "missing"},
        {"{}", "ends where a value"},
        {"", "a condition is missing"},
        {"{ ($_.Alias -eq 'x' }", "parenthesis"},
        {"{ $_.Alias.StartsWith('a') }", "calls of methods"},
        {"{ $name -eq 'x' }", "only $_"},
        {"{ $_. -eq 'x' }", "without a name"},
        {"{ Alias -eq 'x' }", "neither $_.Name nor a text"},
        {"{ $_.Alias -match '(' }", "no regular expression"},
        {"{ $_.Alias; $_.Size }", "';' has no place"},
        {"{ $_.Alias -clike 'A*' }", "-cmatch looks at case"},
        {"{ $_.Alias -in 'a',$_.Size }", "a list in the condition"},
        {"{ $_.Alias -eq 'a' -and }", "ends where a value"},
        {"{ , }", "a value is wanted"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refuse(rows[i][0], rows[i][1]);
    char deep[300] = "{ ";
    memset(deep + 2, '(', 200);
    strcpy(deep + 202, "$_.A }");
    refuse(deep, "too deep");
    char *many = calloc(1, 20000);
    strcpy(many, "{ $_.A");
    for (size_t i = 6; i + 8 < 19990; i += 4)
        memcpy(many + i, " - -", 4);
    strcat(many, " }");
    refuse(many, "");
    free(many);
}

static void test_a_regular_expression_that_takes_too_long(void **state)
{
    struct arena arena = {0};
    const char *error = NULL, *block = "{ $_.A -match '^(([a-z])+.)+[A-Z]([a-z])+$' }";
    struct filter *filter = filter_parse(&arena, 1, &block, &error);
    assert_non_null(filter);
    json_t *object = json_pack("{s:s}", "A", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    assert_false(filter_accepts(filter, object, &error));
    assert_string_equal(error, "a regular expression takes too long");
    json_decref(object);
    filter_free(filter);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_junctions),
        cmocka_unit_test(test_words_that_a_shell_made),
        cmocka_unit_test(test_simple_form),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_regular_expression_that_takes_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
