/* Where-Object: what fulfils a condition goes on. */
#include "cli/client_operation.h"
#include "operation/filter_expression.h"

static void where(struct operation_call *call)
{
    const json_t *given = operation_parameter(call, "FilterScript");
    size_t count = json_array_size(given);
    const char **words = arena_array(call->arena, const char *, count + 1), *error = NULL;
    for (size_t i = 0; words && i < count; i++)
        words[i] = json_string_value(json_array_get(given, i));
    struct filter *filter = words ? filter_parse(call->arena, count, words, &error) : NULL;
    if (!filter) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "FilterScript", "%s", error ? error : "out of memory");
        return;
    }
    json_t *object;
    if (client_operation_needs_input(call)) {
        while (!error && (object = client_operation_next(call))) {
            if (filter_accepts(filter, object, &error))
                operation_emit(call, json_incref(object));
            json_decref(object);
        }
    }
    if (error)
        operation_fail(call, OPERATION_FAILED, "FilterScript", "%s", error);
    filter_free(filter);
}

static const struct operation_parameter where_parameters[] = {
    {.name = "FilterScript", .kind = OPERATION_TEXTS, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0,
     .explanation = "the condition: { $_.Name -like \"*text*\" -and $_.Count -gt 3 }, or Name -like *text*"},
    {.name = NULL},
};

const struct operation operation_where_object = {
    .name = "Where-Object",
    .alias = "?",
    .command = "where",
    .flags = OPERATION_CLIENT,
    .summary = "let those objects of a pipe through that fulfil a condition",
    .description =
        "The condition compares properties by -eq -ne -gt -ge -lt -le -like -notlike -match -notmatch -contains -notcontains -in -notin, joined by "
        "-and -or -xor -not and parentheses. Texts compare without regard to case; a c before the operator (-ceq, -cmatch) looks at it. Numbers "
        "compare by value, times by time ('7d' is seven days ago).\n"
        "In a shell, put the block into single quotes: '{ $_.ClientInfoString -like \"*Outlook*\" }'. Without them a shell puts something of its own "
        "for $_; the condition is understood all the same as long as it has no parentheses.",
    .parameters = where_parameters,
    .run = where,
};
