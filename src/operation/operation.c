/* Finding parameters, checking them, running, recording. */
#include "operation/operation.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/filetime.h"
#include "operation/operation_live.h"
#include "operation/operation_value.h"
#include "record/change_record.h"

const char *const operation_error_names[] = {
    [OPERATION_DONE] = "Done",
    [OPERATION_INVALID_ARGUMENT] = "InvalidArgument",
    [OPERATION_NOT_FOUND] = "NotFound",
    [OPERATION_CONFLICT] = "Conflict",
    [OPERATION_DENIED] = "Denied",
    [OPERATION_UNAVAILABLE] = "Unavailable",
    [OPERATION_FAILED] = "Failed",
};

const struct operation_parameter operation_common_parameters[] = {
    {.name = "WhatIf", .alias = "wi", .kind = OPERATION_SWITCH, .explanation = "says what would be changed, and changes nothing"},
    {.name = "Confirm", .alias = "cf", .kind = OPERATION_SWITCH, .explanation = "asks before the change; -Confirm:$false does not"},
    {.name = NULL},
};

/* --- parameters by name --- */

static bool named_so(const struct operation_parameter *parameter, const char *name)
{
    return strcasecmp(parameter->name, name) == 0 || (parameter->alias && strcasecmp(parameter->alias, name) == 0);
}

static bool begins_so(const struct operation_parameter *parameter, const char *name)
{
    size_t size = strlen(name);
    return size && (strncasecmp(parameter->name, name, size) == 0 || (parameter->alias && strncasecmp(parameter->alias, name, size) == 0));
}

/* The n-th of the operation's own and then the common ones; NULL behind the last. */
static const struct operation_parameter *parameter_at(const struct operation *operation, size_t index)
{
    for (const struct operation_parameter *own = operation->parameters; own && own->name; own++)
        if (index-- == 0)
            return own;
    return operation->flags & OPERATION_CHANGES && index < 2 ? &operation_common_parameters[index] : NULL;
}

static const char *names_of(const struct operation *operation, struct arena *arena, const char *beginning)
{
    struct buffer names = {0};
    const struct operation_parameter *parameter;
    for (size_t i = 0; (parameter = parameter_at(operation, i)); i++)
        if (!beginning || begins_so(parameter, beginning))
            buffer_append_format(&names, "%s%s", names.size ? ", " : "", parameter->name);
    const char *text = arena_string_of(arena, buffer_bytes(&names));
    buffer_free(&names);
    return text;
}

const struct operation_parameter *operation_parameter_find(const struct operation *operation, const char *name, struct arena *arena,
                                                           const char **ret_error)
{
    const struct operation_parameter *parameter, *found = NULL;
    unsigned count = 0;
    for (size_t i = 0; (parameter = parameter_at(operation, i)); i++) {
        if (named_so(parameter, name))
            return parameter;
        if (begins_so(parameter, name)) {
            found = parameter;
            count++;
        }
    }
    if (count == 1)
        return found;
    if (count > 1)
        *ret_error = arena_format(arena, "'%.64s' may mean %s", name, names_of(operation, arena, name));
    else if (operation->parameters && operation->parameters->name)
        *ret_error = arena_format(arena, "%s has no parameter '%.64s'; it has %s", operation->name, name, names_of(operation, arena, NULL));
    else
        *ret_error = arena_format(arena, "%s has no parameter '%.64s', nor any other", operation->name, name);
    return NULL;
}

const char *operation_parameter_option(const struct operation_parameter *parameter, struct arena *arena)
{
    if (parameter->option)
        return parameter->option;
    size_t size = strlen(parameter->name), count = 0;
    char *option = arena_allocate(arena, 2 * size + 1);
    for (size_t i = 0; option && i < size; i++) {
        char c = parameter->name[i];
        bool upper = c >= 'A' && c <= 'Z', after_lower = i && !(parameter->name[i - 1] >= 'A' && parameter->name[i - 1] <= 'Z');
        bool before_lower = i && i + 1 < size && !(parameter->name[i + 1] >= 'A' && parameter->name[i + 1] <= 'Z');
        if (upper && (after_lower || before_lower))
            option[count++] = '-';
        option[count++] = upper ? (char)(c + 32) : c;
    }
    return option;
}

/* --- outcome --- */

void operation_fail(struct operation_call *call, enum operation_error error, const char *parameter, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    if (call->error != OPERATION_DONE) /* the first reason counts */
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    call->error = error;
    call->error_parameter = parameter ? arena_string(call->arena, parameter) : NULL;
    call->error_text = arena_string(call->arena, text);
    if (!call->error_text)
        call->error_text = "out of memory";
}

void operation_warn(struct operation_call *call, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    call->warn(call, text);
}

void operation_emit(struct operation_call *call, json_t *object)
{
    if (!object)
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "out of memory");
    else if (call->stopped)
        json_decref(object);
    else
        call->emit(call, object);
}

/* --- what was given --- */

const json_t *operation_parameter(const struct operation_call *call, const char *name)
{
    return json_object_get(call->parameters, name);
}

bool operation_given(const struct operation_call *call, const char *name)
{
    return json_object_get(call->parameters, name) != NULL;
}

const char *operation_text(const struct operation_call *call, const char *name)
{
    return json_string_value(json_object_get(call->parameters, name));
}

bool operation_flag(const struct operation_call *call, const char *name)
{
    return json_is_true(json_object_get(call->parameters, name));
}

int64_t operation_number(const struct operation_call *call, const char *name, int64_t standard)
{
    const json_t *value = json_object_get(call->parameters, name);
    return json_is_integer(value) ? json_integer_value(value) : json_is_string(value) ? INT64_MAX : standard;
}

uint64_t operation_time(const struct operation_call *call, const char *name, uint64_t standard)
{
    const char *text = operation_text(call, name);
    uint64_t time = standard;
    if (text && !operation_time_read(text, &time))
        return standard;
    return time;
}

static size_t list_index(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
        if (strcasecmp(json_string_value(item), text) == 0)
            return i;
    return SIZE_MAX;
}

static void list_add(json_t *list, const json_t *items)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)items, i, item)
        if (json_is_string(item) && list_index(list, json_string_value(item)) == SIZE_MAX)
            json_array_append(list, item);
}

json_t *operation_list(const struct operation_call *call, const char *name, const json_t *current)
{
    const json_t *given = json_object_get(call->parameters, name), *removed;
    if (!given)
        return NULL;
    json_t *list = json_array(), *item;
    size_t i, place;
    if (!json_is_object(given)) { /* null: none */
        list_add(list, given);
        return list;
    }
    list_add(list, current);
    list_add(list, json_object_get(given, "Add"));
    removed = json_object_get(given, "Remove");
    json_array_foreach((json_t *)removed, i, item)
        if ((place = list_index(list, json_string_value(item))) != SIZE_MAX)
            json_array_remove(list, place);
    return list;
}

/* --- checking --- */

static bool check_one(struct operation_call *call, const char *name, const json_t *given)
{
    const char *error = "";
    const struct operation_parameter *parameter = operation_parameter_find(call->operation, name, call->arena, &error);
    if (!parameter) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, name, "%s", error);
        return false;
    }
    if (json_object_get(call->parameters, parameter->name)) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, parameter->name, "%s is given twice", parameter->name);
        return false;
    }
    json_t *value = operation_value_read(call->arena, parameter, given, &error);
    if (!value)
        operation_fail(call, OPERATION_INVALID_ARGUMENT, parameter->name, "%s: %s", parameter->name, error);
    return value && json_object_set_new(call->parameters, parameter->name, value) == 0;
}

static bool check(struct operation_call *call, const json_t *given)
{
    const char *name;
    json_t *value;
    if (given && !json_is_object(given)) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, NULL, "an object of parameters is wanted");
        return false;
    }
    json_object_foreach((json_t *)given, name, value)
        if (!check_one(call, name, value))
            return false;
    for (const struct operation_parameter *p = call->operation->parameters; p && p->name; p++)
        if (p->flags & OPERATION_REQUIRED && !operation_given(call, p->name)) {
            operation_fail(call, OPERATION_INVALID_ARGUMENT, p->name, "%s is missing: %s", p->name, p->explanation ? p->explanation : "");
            return false;
        }
    if (call->operation->flags & OPERATION_CHANGES) {
        call->what_if = operation_flag(call, "WhatIf");
        json_object_del(call->parameters, "WhatIf");
        json_object_del(call->parameters, "Confirm");
    }
    return true;
}

/* --- recording --- */

void operation_changed(struct operation_call *call, const char *target, json_t *before, json_t *after)
{
    json_t *change = json_pack("{s:s, s:o*, s:o*}", "target", target, "before", before, "after", after);
    if (!call->changes)
        call->changes = json_array();
    if (!change || json_array_append_new(call->changes, change) != 0)
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "out of memory: what was changed is not recorded");
}

/* As given, without what nobody may see. */
static json_t *recorded_parameters(const struct operation_call *call)
{
    json_t *parameters = json_copy(call->parameters);
    for (const struct operation_parameter *p = call->operation->parameters; p && p->name; p++)
        if (p->flags & OPERATION_SECRET && json_object_get(parameters, p->name))
            json_object_set_new(parameters, p->name, json_string("********"));
    return parameters;
}

static void record(struct operation_call *call)
{
    json_t *parameters = recorded_parameters(call);
    size_t count = json_array_size(call->changes);
    const char *identity = operation_text(call, "Identity");
    enum settings_status status = SETTINGS_OK;
    for (size_t i = 0; i < (count ? count : 1) && status == SETTINGS_OK; i++) {
        const json_t *known = json_array_get(call->changes, i);
        const char *target = known ? json_string_value(json_object_get(known, "target")) : identity;
        struct change change = {.actor = call->actor->name, .way = call->actor->way, .address = call->actor->address,
                                .operation = call->operation->name, .target = target ? target : "", .parameters = parameters,
                                .before = json_object_get(known, "before"), .after = json_object_get(known, "after"),
                                .succeeded = call->error == OPERATION_DONE, .error = call->error_text ? call->error_text : ""};
        status = change_record_append(call->host->settings, &change);
    }
    json_decref(parameters);
    if (status != SETTINGS_OK)
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "it was done, but could not be recorded: %s", settings_status_text(status));
}

/* --- running --- */

static void execute(struct operation_call *call)
{
    const struct operation *operation = call->operation;
    if (operation->flags & OPERATION_LIVE && !call->host->live) {
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "the server does not run, and only a running server can answer %s", operation->name);
        return;
    }
    operation->run(call);
    if (!(operation->flags & OPERATION_CHANGES) || call->what_if)
        return;
    if (call->host->settings)
        record(call);
    if (json_array_size(call->changes) && call->host->live && call->host->live->changed)
        call->host->live->changed(call->host->live_state);
}

bool operation_run(const struct operation *operation, const json_t *given, struct operation_call *call)
{
    call->operation = operation;
    call->parameters = json_object();
    call->changes = NULL;
    call->what_if = false;
    call->error = OPERATION_DONE;
    call->error_parameter = call->error_text = NULL;
    if (check(call, given))
        execute(call);
    else
        operation_fail(call, OPERATION_UNAVAILABLE, NULL, "out of memory");
    json_decref(call->changes);
    json_decref(call->parameters);
    call->changes = call->parameters = NULL;
    return call->error == OPERATION_DONE;
}
