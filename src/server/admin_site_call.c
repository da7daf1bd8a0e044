/* The pages of /admin/ and operations: running them in this process, and what forms ask for. */
#include <string.h>

#include "server/admin.h"
#include "server/admin_site_view.h"
#include "server/form.h"

/* Where an operation's results go. */
struct receiving {
    struct site_result *result;
    size_t objects_max;
};

static void take_object(struct operation_call *call, json_t *object)
{
    struct receiving *receiving = call->output;
    if (json_array_size(receiving->result->objects) >= receiving->objects_max) {
        receiving->result->truncated = true;
        call->stopped = true;
        json_decref(object);
    } else if (json_array_append_new(receiving->result->objects, object) != 0) {
        call->stopped = true;
    }
}

static void take_warning(struct operation_call *call, const char *text)
{
    struct receiving *receiving = call->output;
    json_array_append_new(receiving->result->warnings, json_string(text));
}

static bool fail(struct site_result *result, enum operation_error error, const char *text)
{
    result->error = error;
    result->error_text = text;
    return false;
}

static bool keep(struct site_view *view, json_t *value)
{
    if (!value || view->result_count == sizeof view->results / sizeof *view->results) {
        json_decref(value);
        return false;
    }
    view->results[view->result_count++] = value;
    return true;
}

static bool run(struct site_view *view, const struct operation *operation, const json_t *given, struct site_result *result)
{
    struct receiving receiving = {result, view->csv_table ? SITE_CSV_ROWS_MAX : SITE_ROWS_MAX};
    struct operation_call call = {.host = view->host, .actor = &view->actor, .arena = view->arena, .emit = take_object,
                                  .warn = take_warning, .output = &receiving};
    bool done = operation_run(operation, given, &call);
    admin_log_change(&call);
    result->error = call.error;
    result->error_parameter = call.error_parameter;
    result->error_text = call.error_text;
    return done;
}

bool site_call(struct site_view *view, const char *name, json_t *given, struct site_result *ret_result)
{
    const struct operation *operation = operation_find(name);
    bool done = false;
    *ret_result = (struct site_result){.objects = json_array(), .warnings = json_array()};
    bool kept = keep(view, ret_result->objects);
    if (!keep(view, ret_result->warnings) || !kept)
        done = fail(ret_result, OPERATION_UNAVAILABLE, "out of memory");
    else if (!operation || operation->flags & OPERATION_CLIENT)
        done = fail(ret_result, OPERATION_UNAVAILABLE, "this server does not have the operation");
    else
        done = run(view, operation, given, ret_result);
    json_decref(given);
    return done;
}

bool site_get(struct site_view *view, const char *operation, json_t *given, struct site_result *ret_result)
{
    bool done = site_call(view, operation, given, ret_result);
    site_problem(view, operation, ret_result);
    return done;
}

json_t *site_first(const struct site_result *result)
{
    return json_array_get(result->objects, 0);
}

/* The page that was shown, with a word that it is done. */
static const char *done_address(struct site_view *view)
{
    struct buffer address = {0};
    const char *name;
    json_t *values;
    html(&address, "/admin/%s?done=1", view->page->path);
    json_object_foreach(view->query, name, values) {
        const char *value = json_string_value(json_array_get(values, 0));
        if (strcmp(name, "done") == 0)
            continue;
        buffer_append_u8(&address, '&');
        html_url(&address, name);
        buffer_append_u8(&address, '=');
        html_url(&address, value);
    }
    const char *text = arena_string_of(view->arena, buffer_bytes(&address));
    buffer_free(&address);
    return text;
}

void site_submit(struct site_view *view)
{
    const char *name = form_value(view->form, "operation");
    const struct operation *operation = name ? operation_find(name) : NULL;
    struct site_result *result = &view->submitted_result;
    if (!operation || !(operation->flags & OPERATION_CHANGES)) {
        view->status = 400;
        site_notice(view, "bad", "Nothing was done:", "the form names no operation that changes something.");
        return;
    }
    json_t *given = site_form_parameters(operation, view->form);
    bool tried = json_is_true(json_object_get(given, "WhatIf"));
    view->submitted = operation;
    bool done = site_call(view, name, given, result);
    bool quiet = !json_array_size(result->warnings) && !json_array_size(result->objects);
    if (done && !tried && quiet && (view->redirect = done_address(view)))
        return;
    if (!done)
        view->status = result->error == OPERATION_NOT_FOUND ? 404 : result->error == OPERATION_CONFLICT ? 409
            : result->error == OPERATION_DENIED ? 403 : result->error == OPERATION_UNAVAILABLE ? 503 : 400;
    site_problem(view, operation->name, result);
    if (done) {
        view->submitted = NULL; /* the forms show what is now */
        site_notice(view, tried ? "information" : "good", tried ? "Tried:" : "Done:",
                    tried ? "nothing was changed." : operation->summary);
    } else {
        site_notice(view, "information", "Nothing was changed.", "Mend the form below and send it again.");
    }
}
