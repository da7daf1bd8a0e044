/* The engine: names, checks, what is recorded. With operations of the test's own, and the table as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <cmocka.h>

#include "operation/operation.h"
#include "operation/operation_live.h"
#include "record/change_record.h"

struct fixture {
    struct settings *settings;
    struct operation_host host;
    struct operation_actor actor;
    struct arena arena;
    struct operation_call call;
    json_t *objects, *warnings;
    unsigned told; /* of changes */
};

static void emit(struct operation_call *call, json_t *object)
{
    struct fixture *fixture = call->output;
    json_array_append_new(fixture->objects, object);
    if (json_array_size(fixture->objects) == 3)
        call->stopped = true;
}

static void warn(struct operation_call *call, const char *text)
{
    struct fixture *fixture = call->output;
    json_array_append_new(fixture->warnings, json_string(text));
}

static void changed(void *state)
{
    ((struct fixture *)state)->told++;
}

static const struct operation_live live = {.changed = changed};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_int_equal(settings_open(":memory:", &fixture->settings), SETTINGS_OK);
    fixture->host = (struct operation_host){.settings = fixture->settings, .live = &live, .live_state = fixture};
    fixture->actor = (struct operation_actor){"alice@example.org", "https", "192.0.2.7"};
    fixture->objects = json_array();
    fixture->warnings = json_array();
    fixture->call = (struct operation_call){.host = &fixture->host, .actor = &fixture->actor, .arena = &fixture->arena, .emit = emit, .warn = warn,
                                            .output = fixture};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    json_decref(fixture->objects);
    json_decref(fixture->warnings);
    settings_close(fixture->settings);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* --- an operation that changes something --- */

static void set_thing(struct operation_call *call)
{
    json_t *current = json_pack("[s, s]", "one", "two"), *list = operation_list(call, "Colours", current);
    json_decref(current);
    if (operation_flag(call, "Fails")) {
        operation_fail(call, OPERATION_CONFLICT, "Fails", "it was to fail");
        operation_fail(call, OPERATION_NOT_FOUND, NULL, "a second reason");
    }
    if (call->what_if)
        operation_warn(call, "What if");
    else if (call->error == OPERATION_DONE)
        operation_changed(call, "thing", json_pack("{s:i, s:s}", "Size", 1, "Same", "x"),
                          json_pack("{s:I, s:s, s:o*}", "Size", (json_int_t)operation_number(call, "Size", 2), "Same", "x", "Colours", list ? json_incref(list) : NULL));
    json_decref(list);
}

static const struct operation_parameter set_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0},
    {.name = "Size", .kind = OPERATION_NUMBER, .maximum = 100},
    {.name = "SizeLimit", .kind = OPERATION_NUMBER},
    {.name = "Fails", .kind = OPERATION_SWITCH},
    {.name = "Colours", .kind = OPERATION_TEXTS, .flags = OPERATION_CHANGEABLE | OPERATION_NULLABLE},
    {.name = "Password", .kind = OPERATION_TEXT, .flags = OPERATION_SECRET},
    {.name = "MAPIBlockHTTPUrls", .kind = OPERATION_TEXT},
    {.name = NULL},
};
static const struct operation set_operation = {.name = "Set-Thing", .command = "thing set", .flags = OPERATION_CHANGES, .parameters = set_parameters,
                                               .run = set_thing};

static void get_things(struct operation_call *call)
{
    for (int i = 0; i < 5 && !call->stopped; i++)
        operation_emit(call, json_pack("{s:i}", "Number", i));
}
static const struct operation get_operation = {.name = "Get-Thing", .alias = "Search-Thing", .run = get_things};
static const struct operation live_operation = {.name = "Get-Live", .flags = OPERATION_LIVE, .run = get_things};

static bool run(struct fixture *fixture, const char *given)
{
    json_t *object = json_loads(given, JSON_DECODE_ANY, NULL);
    bool done = operation_run(&set_operation, object, &fixture->call);
    json_decref(object);
    return done;
}

static json_t *newest(struct fixture *fixture)
{
    json_t *rows = NULL, *row;
    assert_int_equal(change_record_list(fixture->settings, 0, 1, &rows), SETTINGS_OK);
    row = json_incref(json_array_get(rows, 0));
    json_decref(rows);
    return row;
}

static void refused(struct fixture *fixture, const char *given, const char *parameter, const char *why)
{
    assert_false(run(fixture, given));
    assert_int_equal(fixture->call.error, OPERATION_INVALID_ARGUMENT);
    if (!strstr(fixture->call.error_text, why) || (parameter ? !fixture->call.error_parameter || strcmp(fixture->call.error_parameter, parameter) != 0
                                                             : fixture->call.error_parameter != NULL))
        fail_msg("%s: '%s' (%s)", given, fixture->call.error_text, fixture->call.error_parameter);
    assert_null(newest(fixture)); /* nothing was tried */
}

static void names_may_be_typed_in_many_ways(void **state)
{
    static const char *const ways[] = {"{\"Identity\":\"x\"}", "{\"IDENTITY\":\"x\"}", "{\"id\":\"x\"}", "{\"iden\":\"x\"}"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        assert_true(run(*state, ways[i]));
    assert_true(run(*state, "{\"id\":\"x\",\"size\":5}")); /* exact, though SizeLimit begins so too */
}

static void wrong_parameters_are_named(void **state)
{
    refused(*state, "{\"id\":\"x\",\"colour\":\"red\",\"weight\":1}", "weight", "no parameter 'weight'; it has Identity, Size,");
    refused(*state, "{\"id\":\"x\",\"siz\":1}", "siz", "may mean Size, SizeLimit");
    refused(*state, "{\"id\":\"x\",\"\":1}", "", "no parameter ''");
    refused(*state, "{\"id\":\"x\",\"Identity\":\"y\"}", "Identity", "given twice");
    refused(*state, "{\"id\":\"x\",\"Size\":101}", "Size", "Size: 101 is not between 0 and 100");
    refused(*state, "{}", "Identity", "Identity is missing");
    refused(*state, "[]", NULL, "an object of parameters");
    refused(*state, "{\"id\":\"x\",\"WhatIf\":\"perhaps\"}", "WhatIf", "neither");
}

static void a_change_is_recorded_with_what_differs(void **state)
{
    struct fixture *fixture = *state;
    assert_true(run(fixture, "{\"id\":\"x\",\"size\":\"7\",\"colours\":{\"Add\":[\"THREE\",\"Two\"],\"Remove\":[\"ONE\"]},\"password\":\"sesame\"}"));
    json_t *row = newest(fixture), *wanted = json_loads("{\"Size\":7,\"Colours\":[\"two\",\"THREE\"]}", 0, NULL);
    assert_string_equal(json_string_value(json_object_get(row, "Caller")), "alice@example.org");
    assert_string_equal(json_string_value(json_object_get(row, "ObjectModified")), "thing");
    assert_true(json_equal(json_object_get(row, "After"), wanted));
    assert_int_equal(json_object_size(json_object_get(row, "Before")), 1);
    char *text = json_dumps(row, 0);
    assert_null(strstr(text, "sesame"));
    assert_non_null(strstr(text, "********"));
    assert_int_equal(fixture->told, 1);
    free(text);
    json_decref(wanted);
    json_decref(row);
}

static void a_failure_is_recorded_with_its_first_reason(void **state)
{
    struct fixture *fixture = *state;
    assert_false(run(fixture, "{\"id\":\"x\",\"fails\":true}"));
    assert_int_equal(fixture->call.error, OPERATION_CONFLICT);
    assert_string_equal(fixture->call.error_text, "it was to fail");
    json_t *row = newest(fixture);
    assert_true(json_is_false(json_object_get(row, "Succeeded")));
    assert_string_equal(json_string_value(json_object_get(row, "Error")), "it was to fail");
    assert_string_equal(json_string_value(json_object_get(row, "ObjectModified")), "x");
    assert_int_equal(fixture->told, 0);
    json_decref(row);
}

static void what_if_changes_and_records_nothing(void **state)
{
    struct fixture *fixture = *state;
    assert_true(run(fixture, "{\"id\":\"x\",\"what\":\"\\u0024true\"}"));
    assert_true(fixture->call.what_if);
    assert_int_equal(json_array_size(fixture->warnings), 1);
    assert_null(newest(fixture));
    assert_true(run(fixture, "{\"id\":\"x\",\"whatif\":false,\"confirm\":false}"));
    assert_false(fixture->call.what_if);
    json_t *row = newest(fixture);
    assert_null(json_object_get(json_object_get(row, "CmdletParameters"), "Confirm"));
    json_decref(row);
}

static void operations_that_change_nothing_have_no_what_if(void **state)
{
    struct fixture *fixture = *state;
    json_t *given = json_pack("{s:b}", "WhatIf", 1);
    assert_false(operation_run(&get_operation, given, &fixture->call));
    assert_non_null(strstr(fixture->call.error_text, "nor any other"));
    json_decref(given);
}

static void a_record_that_cannot_be_written_is_told(void **state)
{
    struct fixture *fixture = *state;
    settings_close(fixture->settings);
    char path[] = "/tmp/mapihttp-operation-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(settings_open(path, &fixture->settings), SETTINGS_OK);
    fixture->host.settings = fixture->settings;
    /* Under the handle's feet the file becomes something else. */
    FILE *file = fopen(path, "r+");
    for (int i = 0; i < 4096; i++)
        fputs("no database ", file);
    fclose(file);
    assert_false(run(fixture, "{\"id\":\"x\"}"));
    assert_int_equal(fixture->call.error, OPERATION_UNAVAILABLE);
    assert_non_null(strstr(fixture->call.error_text, "could not be recorded"));
    unlink(path);
}

static void a_receiver_that_has_enough_ends_the_operation(void **state)
{
    struct fixture *fixture = *state;
    assert_true(operation_run(&get_operation, NULL, &fixture->call));
    assert_int_equal(json_array_size(fixture->objects), 3);
}

static void a_server_that_does_not_run_is_told(void **state)
{
    struct fixture *fixture = *state;
    fixture->host.live = NULL;
    assert_false(operation_run(&live_operation, NULL, &fixture->call));
    assert_int_equal(fixture->call.error, OPERATION_UNAVAILABLE);
    assert_int_equal(json_array_size(fixture->objects), 0);
}

static void lists_are_replaced_or_changed(void **state)
{
    struct fixture *fixture = *state;
    static const struct { const char *given, *list; } rows[] = {
        {"{\"id\":\"x\",\"colours\":\"a,A,b\"}", "[\"a\",\"b\"]"}, {"{\"id\":\"x\",\"colours\":null}", "[]"},
        {"{\"id\":\"x\",\"colours\":\"@{Remove='two','absent'}\"}", "[\"one\"]"}, {"{\"id\":\"x\",\"colours\":\"@{Add='two','three'}\"}", "[\"one\",\"two\",\"three\"]"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(run(fixture, rows[i].given));
        json_t *row = newest(fixture), *wanted = json_loads(rows[i].list, 0, NULL);
        assert_true(json_equal(json_object_get(json_object_get(row, "After"), "Colours"), wanted));
        json_decref(row);
        json_decref(wanted);
    }
}

static void options_are_made_of_names(void **state)
{
    struct fixture *fixture = *state;
    const struct operation_parameter named = {.name = "X", .option = "mapi-http"};
    assert_string_equal(operation_parameter_option(&set_parameters[2], &fixture->arena), "size-limit");
    assert_string_equal(operation_parameter_option(&set_parameters[6], &fixture->arena), "mapi-block-http-urls");
    assert_string_equal(operation_parameter_option(&named, &fixture->arena), "mapi-http");
}

static void operations_are_found_by_each_of_their_names(void **state)
{
    static const struct operation *const table[] = {&set_operation, &get_operation, NULL};
    assert_ptr_equal(operation_find_in(table, "set-thing"), &set_operation);
    assert_ptr_equal(operation_find_in(table, "Thing Set"), &set_operation);
    assert_ptr_equal(operation_find_in(table, "SEARCH-THING"), &get_operation);
    assert_null(operation_find_in(table, "Set-Th"));
    assert_null(operation_find_in(table, ""));
    (void)state;
}

/* --- the table --- */

/* Every declaration can be used: names that no other has, words for people, choices where they are wanted. */
static void the_table_is_well_formed(void **state)
{
    struct fixture *fixture = *state;
    for (const struct operation *const *at = operations; *at; at++) {
        const struct operation *operation = *at;
        assert_ptr_equal(operation_find(operation->name), operation);
        assert_true(!operation->alias || operation_find(operation->alias) == operation);
        assert_true(!operation->command || operation_find(operation->command) == operation);
        assert_non_null(operation->summary);
        assert_true(operation->run || operation->flags & OPERATION_CLIENT);
        assert_non_null(strchr(operation->name, '-'));
        for (const struct operation_parameter *p = operation->parameters; p && p->name; p++) {
            const char *error, *option = operation_parameter_option(p, &fixture->arena);
            bool chosen = p->kind == OPERATION_CHOICE || p->kind == OPERATION_CHOICES;
            if (operation_parameter_find(operation, p->name, &fixture->arena, &error) != p || !p->explanation || chosen != (p->choices != NULL))
                fail_msg("%s -%s", operation->name, p->name);
            for (const struct operation_parameter *other = operation->parameters; other != p; other++)
                if (strcasecmp(other->name, p->name) == 0 || strcmp(operation_parameter_option(other, &fixture->arena), option) == 0)
                    fail_msg("%s -%s and -%s", operation->name, p->name, other->name);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_may_be_typed_in_many_ways), TEST(wrong_parameters_are_named), TEST(a_change_is_recorded_with_what_differs),
        TEST(a_failure_is_recorded_with_its_first_reason), TEST(what_if_changes_and_records_nothing),
        TEST(operations_that_change_nothing_have_no_what_if), TEST(a_record_that_cannot_be_written_is_told),
        TEST(a_receiver_that_has_enough_ends_the_operation), TEST(a_server_that_does_not_run_is_told), TEST(lists_are_replaced_or_changed),
        TEST(options_are_made_of_names), TEST(operations_are_found_by_each_of_their_names), TEST(the_table_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
