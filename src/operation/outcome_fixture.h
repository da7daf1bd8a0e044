/* For tests of operations: runs one by its name as a client would, and keeps what it said. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "operation/operation.h"

struct outcome {
    json_t *rows;
    enum operation_error error;
    char parameter[64], text[512], warning[512];
};

static inline void emit_outcome(struct operation_call *call, json_t *object)
{
    json_array_append_new(((struct outcome *)call->output)->rows, object);
}

static inline void warn_outcome(struct operation_call *call, const char *text)
{
    struct outcome *outcome = call->output;
    snprintf(outcome->warning, sizeof outcome->warning, "%s", text);
}

/* Parameters as JSON text; the caller frees the rows. */
static inline struct outcome run_operation(const struct operation_host *host, const char *name, const char *parameters)
{
    struct outcome outcome = {.rows = json_array()};
    struct arena arena = {0};
    struct operation_actor actor = {"root", "local", ""};
    json_t *given = json_loads(parameters, 0, NULL);
    const struct operation *operation = operation_find(name);
    struct operation_call call = {.host = host, .actor = &actor, .arena = &arena, .emit = emit_outcome, .warn = warn_outcome, .output = &outcome};
    assert_non_null(given);
    assert_non_null(operation);
    (void)operation_run(operation, given, &call);
    outcome.error = call.error;
    snprintf(outcome.parameter, sizeof outcome.parameter, "%s", call.error_parameter ? call.error_parameter : "");
    snprintf(outcome.text, sizeof outcome.text, "%s", call.error_text ? call.error_text : "");
    json_decref(given);
    arena_free(&arena);
    return outcome;
}

static inline json_t *rows_of_operation(const struct operation_host *host, const char *name, const char *parameters)
{
    struct outcome outcome = run_operation(host, name, parameters);
    if (outcome.error != OPERATION_DONE)
        fail_msg("%s: %s", name, outcome.text);
    return outcome.rows;
}

static inline void assert_operation_refuses(const struct operation_host *host, const char *name, const char *parameters,
                                            enum operation_error error, const char *parameter)
{
    struct outcome outcome = run_operation(host, name, parameters);
    assert_int_equal(outcome.error, error);
    assert_string_equal(outcome.parameter, parameter);
    assert_int_equal(json_array_size(outcome.rows), 0);
    json_decref(outcome.rows);
}

static inline const char *text_of(json_t *rows, size_t row, const char *property)
{
    const char *text = json_string_value(json_object_get(json_array_get(rows, row), property));
    return text ? text : "(none)";
}

static inline json_int_t number_of(json_t *rows, size_t row, const char *property)
{
    json_t *value = json_object_get(json_array_get(rows, row), property);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static inline bool flag_of(json_t *rows, size_t row, const char *property)
{
    return json_is_true(json_object_get(json_array_get(rows, row), property));
}

/* The row whose property has this text; SIZE_MAX. */
static inline size_t row_with(json_t *rows, const char *property, const char *text)
{
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (strcmp(text_of(rows, i, property), text) == 0)
            return i;
    return SIZE_MAX;
}
