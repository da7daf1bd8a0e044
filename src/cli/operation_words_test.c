#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/operation_words.h"

static void run_nothing(struct operation_call *call)
{
}

static const struct operation_parameter parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0 | OPERATION_PIPED},
    {.name = "MapiHttpEnabled", .option = "mapi-http", .kind = OPERATION_BOOLEAN, .flags = OPERATION_NULLABLE},
    {.name = "MAPIEnabled", .option = "mapi", .kind = OPERATION_BOOLEAN},
    {.name = "ShowDetails", .kind = OPERATION_SWITCH},
    {.name = "LogonTypes", .kind = OPERATION_CHOICES, .choices = "Owner|Delegate|Admin"},
    {.name = "ResultSize", .kind = OPERATION_NUMBER},
    {.name = NULL},
};
static const struct operation set_thing = {.name = "Set-Thing", .command = "thing set", .flags = OPERATION_CHANGES, .parameters = parameters, .run = run_nothing};
static const struct operation get_all = {.name = "Get-All", .run = run_nothing};

static int take_config(void *state, int argc, char **argv, int *index, const char **ret_error)
{
    if (strcmp(argv[*index], "--config") != 0)
        return 0;
    if (*index + 1 == argc) {
        *ret_error = "--config needs a file";
        return -1;
    }
    *(const char **)state = argv[++*index];
    return 1;
}

/* Words parted by blanks; '_' in them stands for a blank. The given parameters as JSON, or the error behind '!'. */
static char *reading_of(const struct operation *operation, const char *line, struct operation_words *ret_words)
{
    struct arena arena = {0};
    char *copy = strdup(line), *argv[32], *result = NULL;
    const char *error = NULL, *config = NULL;
    const struct operation_other_options other = {take_config, &config};
    int argc = 0;
    for (char *rest = copy, *word; (word = strsep(&rest, " "));)
        if (*word)
            argv[argc++] = word;
    for (int i = 0; i < argc; i++)
        for (char *at = argv[i]; *at; at++)
            *at = *at == '_' ? ' ' : *at;
    argv[argc] = NULL;
    *ret_words = (struct operation_words){0};
    if (operation_words_read(&arena, operation, &other, argc, argv, ret_words, &error)) {
        if (config)
            json_object_set_new(ret_words->given, "(config)", json_string(config));
        result = json_dumps(ret_words->given, JSON_COMPACT);
        operation_words_free(ret_words);
    } else {
        assert_non_null(error);
        assert_int_not_equal(asprintf(&result, "!%s", error), -1);
    }
    free(copy);
    arena_free(&arena);
    return result;
}

static void check(const char *line, const char *expected)
{
    struct operation_words words;
    char *result = reading_of(&set_thing, line, &words);
    if (expected[0] == '!' ? strncmp(result, expected, strlen(expected)) != 0 : strcmp(result, expected) != 0)
        fail_msg("'%s': %s instead of %s", line, result, expected);
    free(result);
}

static void test_exchange_face(void **state)
{
    check("-Identity ada -MapiHttpEnabled $true", "{\"Identity\":\"ada\",\"MapiHttpEnabled\":\"$true\"}");
    check("-id ada -mapihttpenabled $null", "{\"Identity\":\"ada\",\"MapiHttpEnabled\":\"$null\"}");
    check("ada -MapiH:$false", "{\"Identity\":\"ada\",\"MapiHttpEnabled\":\"$false\"}");
    check("-MapiHttpEnabled: $true ada", "{\"MapiHttpEnabled\":\"$true\",\"Identity\":\"ada\"}");
    check("ada -ShowDetails", "{\"Identity\":\"ada\",\"ShowDetails\":true}");
    check("ada -ShowDetails:$false", "{\"Identity\":\"ada\",\"ShowDetails\":\"$false\"}");
    check("-ResultSize -5 ada", "{\"ResultSize\":\"-5\",\"Identity\":\"ada\"}");
    check("a_b", "{\"Identity\":\"a b\"}");
    check("-- -dash", "{\"Identity\":\"-dash\"}");
    check("", "{}");
}

static void test_dashes_of_web_pages(void **state)
{
    check("\xE2\x80\x93Identity ada", "{\"Identity\":\"ada\"}");  /* en dash */
    check("\xE2\x80\x94Identity ada", "{\"Identity\":\"ada\"}");  /* em dash */
    check("\xE2\x88\x92Identity ada", "{\"Identity\":\"ada\"}");  /* minus */
    check("\xE2\x80\x99Identity", "{\"Identity\":\"\xE2\x80\x99Identity\"}"); /* a quote is none */
    check("-Identity \xE2\x80\x93MapiHttpEnabled $true", "!-Identity needs a value");
}

static void test_lists(void **state)
{
    check("ada -LogonTypes Owner,Admin", "{\"Identity\":\"ada\",\"LogonTypes\":\"Owner,Admin\"}");
    check("ada -LogonTypes Owner, Admin", "{\"Identity\":\"ada\",\"LogonTypes\":\"Owner,Admin\"}");
    check("ada -LogonTypes Owner ,Admin , Delegate", "{\"Identity\":\"ada\",\"LogonTypes\":\"Owner,Admin,Delegate\"}");
    check("ada -LogonTypes @(Owner,Admin)", "{\"Identity\":\"ada\",\"LogonTypes\":\"Owner,Admin\"}");
    check("a,b", "{\"Identity\":\"a,b\"}"); /* a text keeps its comma */
}

static void test_ordinary_face(void **state)
{
    check("ada --mapi-http on", "{\"Identity\":\"ada\",\"MapiHttpEnabled\":\"on\"}");
    check("ada --mapi-http=inherit --show-details", "{\"Identity\":\"ada\",\"MapiHttpEnabled\":\"inherit\",\"ShowDetails\":true}");
    check("--identity ada --dry-run", "{\"Identity\":\"ada\",\"WhatIf\":true}");
    check("ada --what-if", "{\"Identity\":\"ada\",\"WhatIf\":true}");
    check("ada --config x.conf", "{\"Identity\":\"ada\",\"(config)\":\"x.conf\"}");
    check("ada --identity=-x", "!Identity is given twice");
    check("--identity=-x", "{\"Identity\":\"-x\"}");
}

static void test_errors(void **state)
{
    check("ada eve", "!'eve': of which parameter?");
    check("ada -Bogus x", "!Set-Thing has no parameter 'Bogus'");
    check("ada -MAPI $true", "!'MAPI' may mean MapiHttpEnabled, MAPIEnabled");
    check("ada -MapiHttpEnabled", "!-MapiHttpEnabled needs a value: '$true' or '$false', in quotes");
    check("ada -MapiHttpEnabled -ShowDetails", "!-MapiHttpEnabled needs a value");
    check("ada -ShowDetails:", "!-ShowDetails: needs a value");
    check("-Identity", "!-Identity needs a value");
    check("ada --mapi-http", "!--mapi-http needs a value");
    check("ada --bogus", "!no option '--bogus'; there are --identity, --mapi-http,");
    check("ada --config", "!--config needs a file");
    check("ada -Identity eve", "!Identity is given twice");
    check("ada -ErrorAction Sometimes", "!-ErrorAction takes");
    check("ada -WarningAction Stop", "!-WarningAction takes");
    check("ada -Confirm:perhaps", "!Confirm: 'perhaps' is neither");
    check("\xFF", "!the value of -Identity is not UTF-8");
    struct operation_words words;
    char *result = reading_of(&get_all, "x", &words);
    assert_string_equal(result, "!'x': Get-All takes no word without its parameter's name");
    free(result);
    result = reading_of(&get_all, "-WhatIf", &words);
    assert_int_equal(result[0], '!');
    free(result);
}

static void test_what_every_operation_has(void **state)
{
    struct operation_words words;
    free(reading_of(&set_thing, "ada -ErrorAction SilentlyContinue -WA Ignore -Verb --csv", &words));
    assert_int_equal(words.error_action, OPERATION_ERROR_SILENT);
    assert_true(words.warnings_hidden && words.verbose && words.form == OBJECT_FORM_CSV);
    free(reading_of(&set_thing, "ada -ea stop -Verbose:$false --json", &words));
    assert_int_equal(words.error_action, OPERATION_ERROR_STOP);
    assert_true(!words.verbose && words.form == OBJECT_FORM_JSON);
    free(reading_of(&set_thing, "ada -Confirm", &words));
    assert_int_equal(words.confirm, OPERATION_CONFIRM_ALWAYS);
    free(reading_of(&set_thing, "ada -Confirm:$false", &words));
    assert_int_equal(words.confirm, OPERATION_CONFIRM_NEVER);
    free(reading_of(&set_thing, "ada -cf:$false -wi", &words));
    assert_int_equal(words.confirm, OPERATION_CONFIRM_NEVER);
    free(reading_of(&set_thing, "ada --yes", &words));
    assert_int_equal(words.confirm, OPERATION_CONFIRM_NEVER);
    free(reading_of(&set_thing, "-?", &words));
    assert_true(words.help);
}

static void test_objects_of_the_pipe(void **state)
{
    static const char *const rows[][3] = {
        /* given, object, what is called with */
        {"{}", "{\"identity\":\"ada\",\"x\":1}", "{\"Identity\":\"ada\"}"},
        {"{\"ShowDetails\":true}", "{\"Identity\":\"ada\"}", "{\"ShowDetails\":true,\"Identity\":\"ada\"}"},
        {"{}", "{\"id\":\"ada\"}", "{\"Identity\":\"ada\"}"},
        {"{}", "\"ada\"", "{\"Identity\":\"ada\"}"},
        {"{}", "{\"Name\":\"ada\"}", NULL},
        {"{}", "{\"Identity\":null}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = {0};
        const char *error = NULL;
        json_t *given = json_loads(rows[i][0], 0, NULL), *object = json_loads(rows[i][1], JSON_DECODE_ANY, NULL);
        json_t *bound = operation_words_bind(&arena, &set_thing, given, object, &error);
        char *text = bound ? json_dumps(bound, JSON_COMPACT) : NULL;
        if (rows[i][2])
            assert_string_equal(text, rows[i][2]);
        else
            assert_true(!bound && strstr(error, "without the property Identity"));
        free(text);
        json_decref(bound);
        json_decref(given);
        json_decref(object);
        arena_free(&arena);
    }
    json_t *none = json_object(), *one = json_pack("{s:s}", "Identity", "ada");
    assert_true(operation_words_want_objects(&set_thing, none) && !operation_words_want_objects(&set_thing, one));
    assert_true(!operation_words_are_complete(&set_thing, none) && operation_words_are_complete(&set_thing, one));
    assert_false(operation_words_want_objects(&get_all, none));
    json_decref(none);
    json_decref(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange_face),
        cmocka_unit_test(test_dashes_of_web_pages),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_ordinary_face),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_what_every_operation_has),
        cmocka_unit_test(test_objects_of_the_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
