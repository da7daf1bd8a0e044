/* The record of administrators' changes: Get- and Test-AdminChangeRecord. */
#include "base/filetime.h"
#include "operation/operation_value.h"
#include "operation/operations.h"
#include "operation/subject.h"
#include "operation/wildcard.h"
#include "record/change_record.h"

#define ROWS_A_READ 200u

struct selection {
    const char *caller, *target;
    const json_t *cmdlets, *parameters;
    uint64_t start, end; /* FILETIME */
    int64_t rows_max;
    const json_t *succeeded; /* NULL: both */
};

static bool text_fits(const json_t *row, const char *property, const char *pattern)
{
    const char *text = json_string_value(json_object_get(row, property));
    return !pattern || (text && wildcard_fits(pattern, text));
}

static bool any_fits(const json_t *patterns, const char *text)
{
    size_t i;
    json_t *pattern;
    json_array_foreach((json_t *)patterns, i, pattern)
        if (text && wildcard_fits(json_string_value(pattern), text))
            return true;
    return false;
}

static bool parameters_fit(const json_t *patterns, const json_t *row)
{
    const char *name;
    json_t *value;
    if (!patterns)
        return true;
    json_object_foreach(json_object_get(row, "CmdletParameters"), name, value)
        if (any_fits(patterns, name))
            return true;
    return false;
}

static bool row_fits(const struct selection *selection, const json_t *row, uint64_t time)
{
    return time >= selection->start && time <= selection->end && text_fits(row, "Caller", selection->caller) &&
           text_fits(row, "ObjectModified", selection->target) && parameters_fit(selection->parameters, row) &&
           (!selection->cmdlets || any_fits(selection->cmdlets, json_string_value(json_object_get(row, "CmdletName")))) &&
           (!selection->succeeded || json_equal(selection->succeeded, json_object_get(row, "Succeeded")));
}

/* Emits those of one read that fit; false: no older ones are wanted. */
static bool emit_rows(struct operation_call *call, struct selection *selection, const json_t *rows, uint64_t *before)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        uint64_t time = 0;
        const char *text = json_string_value(json_object_get(row, "RunDate"));
        *before = (uint64_t)json_integer_value(json_object_get(row, "Row"));
        if (text && !operation_time_read(text, &time))
            time = 0;
        if (row_fits(selection, row, time)) {
            operation_emit(call, json_incref(row));
            if (--selection->rows_max == 0)
                return false;
        }
        if (call->stopped)
            return false;
    }
    return json_array_size(rows) == ROWS_A_READ;
}

static void get(struct operation_call *call)
{
    struct selection selection = {
        .caller = operation_text(call, "UserIds"), .target = operation_text(call, "ObjectIds"), .cmdlets = operation_parameter(call, "Cmdlets"),
        .parameters = operation_parameter(call, "Parameters"), .start = operation_time(call, "StartDate", 0),
        .end = operation_time(call, "EndDate", UINT64_MAX), .rows_max = operation_number(call, "ResultSize", 1000),
        .succeeded = operation_parameter(call, "IsSuccess")};
    uint64_t before = 0;
    json_t *rows;
    bool more = true;
    if (selection.start > selection.end) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "StartDate", "StartDate is after EndDate");
        return;
    }
    while (more && subject_settings_done(call, change_record_list(call->host->settings, before, ROWS_A_READ, &rows))) {
        more = emit_rows(call, &selection, rows, &before);
        json_decref(rows);
    }
}

static void test(struct operation_call *call)
{
    uint64_t count = 0, bad = 0;
    enum settings_status status = change_record_verify(call->host->settings, &count, &bad);
    if (status == SETTINGS_OK)
        operation_emit(call, json_pack("{s:s, s:I}", "Result", "Intact", "Rows", (json_int_t)count));
    else if (status == SETTINGS_CORRUPT && bad)
        operation_fail(call, OPERATION_FAILED, NULL, "the record was changed from outside: row %llu is not what was written, or is missing",
                       (unsigned long long)bad);
    else
        (void)subject_settings_done(call, status);
}

static const struct operation_parameter get_parameters[] = {
    {.name = "Cmdlets", .alias = "CmdletName", .option = "operation", .kind = OPERATION_TEXTS, .explanation = "only these operations; * and ? may stand in the names"},
    {.name = "Parameters", .option = "parameter", .kind = OPERATION_TEXTS, .explanation = "only where one of these parameters was given"},
    {.name = "ObjectIds", .option = "target", .kind = OPERATION_TEXT, .explanation = "only what was done to this object; * and ? may stand in it"},
    {.name = "UserIds", .alias = "Caller", .option = "by", .kind = OPERATION_TEXT, .explanation = "only what this administrator did; * and ? may stand in it"},
    {.name = "StartDate", .option = "since", .kind = OPERATION_TIME, .explanation = "not before"},
    {.name = "EndDate", .option = "until", .kind = OPERATION_TIME, .explanation = "not after"},
    {.name = "IsSuccess", .option = "succeeded", .kind = OPERATION_BOOLEAN,
     .explanation = "only what was done, or only what failed"},
    {.name = "ResultSize", .option = "limit", .kind = OPERATION_NUMBER, .minimum = 1, .explanation = "at most so many, the newest; 1000 by default"},
    {.name = NULL},
};

static const struct operation_column get_columns[] = {{"RunDate"}, {"Caller"}, {"Way"}, {"CmdletName"}, {"ObjectModified"}, {"Succeeded"}, {NULL}};

const struct operation operation_get_admin_change_record = {
    .name = "Get-AdminChangeRecord",
    .alias = "Search-AdminAuditLog",
    .command = "change list",
    .summary = "what administrators changed: who, when, from where, before and after",
    .parameters = get_parameters,
    .columns = get_columns,
    .run = get,
};

const struct operation operation_test_admin_change_record = {
    .name = "Test-AdminChangeRecord",
    .command = "change verify",
    .summary = "check that nobody changed or removed a row of the record of changes",
    .run = test,
};
