/* Select-Object: some of the properties, some of the objects. */
#include <stdlib.h>
#include <string.h>

#include "cli/client_operation.h"
#include "cli/object_list.h"
#include "operation/object_property.h"
#include "operation/wildcard.h"

struct selection {
    struct operation_call *call;
    const json_t *properties, *excluded;
    const char *expanded;
    int64_t first, skip, last, skip_last;
    bool unique;
    json_t *seen; /* texts of what was emitted, for -Unique */
};

static bool is_excluded(const struct selection *selection, const char *name)
{
    for (size_t i = 0; i < json_array_size(selection->excluded); i++)
        if (wildcard_fits(json_string_value(json_array_get(selection->excluded, i)), name))
            return true;
    return false;
}

static void add_fitting(const struct selection *selection, const char *pattern, const json_t *object, json_t *chosen)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
        if (wildcard_fits(pattern, key) && !is_excluded(selection, key))
            json_object_set(chosen, key, value);
}

/* A new object; a property that the object does not have is there with null, so that all rows have the same columns. */
static json_t *choose(const struct selection *selection, const json_t *object)
{
    json_t *chosen = json_object();
    if (!json_array_size(selection->properties))
        add_fitting(selection, "*", object, chosen);
    for (size_t i = 0; i < json_array_size(selection->properties); i++) {
        const char *name = json_string_value(json_array_get(selection->properties, i)), *spelling = name;
        if (wildcard_is_pattern(name)) {
            add_fitting(selection, name, object, chosen);
            continue;
        }
        const json_t *value = object_property(object, name, &spelling);
        if (!is_excluded(selection, name))
            json_object_set(chosen, strchr(name, '.') || !value ? name : spelling, value ? (json_t *)value : json_null());
    }
    return chosen;
}

/* Takes the value over. */
static void emit(struct selection *selection, json_t *value)
{
    char *text = selection->unique && value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
    bool seen = text && json_object_get(selection->seen, text);
    if (text && !seen)
        json_object_set_new(selection->seen, text, json_true());
    free(text);
    if (seen)
        json_decref(value);
    else
        operation_emit(selection->call, value);
}

static void emit_expanded(struct selection *selection, const json_t *object)
{
    const json_t *value = object_property(object, selection->expanded, NULL);
    if (!value)
        operation_fail(selection->call, OPERATION_NOT_FOUND, "ExpandProperty", "an object has no property '%s'", selection->expanded);
    else if (json_is_array(value))
        for (size_t i = 0; i < json_array_size(value); i++)
            emit(selection, json_incref(json_array_get(value, i)));
    else if (!json_is_null(value))
        emit(selection, json_incref((json_t *)value));
}

static void pass(struct selection *selection, json_t *object)
{
    if (selection->expanded)
        emit_expanded(selection, object);
    else if (json_is_object(object))
        emit(selection, choose(selection, object));
    else
        emit(selection, json_incref(object));
}

/* What is counted from the end needs all that came. */
static void pass_last(struct selection *selection)
{
    struct object_list list = {0};
    object_list_read(&list, selection->call);
    uint64_t end = list.count - (selection->skip_last < (int64_t)list.count ? (uint64_t)selection->skip_last : list.count);
    uint64_t start = selection->last >= 0 && (uint64_t)selection->last < end ? end - (uint64_t)selection->last : 0;
    start = start < (uint64_t)selection->skip ? (uint64_t)selection->skip : start;
    for (uint64_t i = start, passed = 0; i < end && selection->call->error == OPERATION_DONE && (selection->first < 0 || passed < (uint64_t)selection->first);
         i++, passed++)
        pass(selection, list.objects[i]);
    object_list_free(&list);
}

static void pass_first(struct selection *selection)
{
    int64_t index = 0;
    json_t *object;
    while ((selection->first < 0 || index < selection->skip + selection->first) && (object = client_operation_next(selection->call))) {
        if (index++ >= selection->skip)
            pass(selection, object);
        json_decref(object);
    }
}

static void select_objects(struct operation_call *call)
{
    struct selection selection = {
        .call = call, .properties = operation_parameter(call, "Property"), .excluded = operation_parameter(call, "ExcludeProperty"),
        .expanded = operation_text(call, "ExpandProperty"), .first = operation_number(call, "First", -1), .skip = operation_number(call, "Skip", 0),
        .last = operation_number(call, "Last", -1), .skip_last = operation_number(call, "SkipLast", 0), .unique = operation_flag(call, "Unique"),
        .seen = json_object()};
    for (size_t i = 0; i < json_array_size(selection.properties); i++)
        if (strncmp(json_string_value(json_array_get(selection.properties, i)), "@{", 2) == 0)
            operation_fail(call, OPERATION_INVALID_ARGUMENT, "Property", "properties computed by @{...} are not there");
    if (call->error == OPERATION_DONE && client_operation_needs_input(call)) {
        if (selection.last >= 0 || selection.skip_last)
            pass_last(&selection);
        else
            pass_first(&selection);
    }
    json_decref(selection.seen);
}

static const struct operation_parameter select_parameters[] = {
    {.name = "Property", .kind = OPERATION_TEXTS, .flags = OPERATION_POSITION_0, .explanation = "the properties that stay, by name or pattern"},
    {.name = "ExcludeProperty", .kind = OPERATION_TEXTS, .explanation = "properties that go"},
    {.name = "ExpandProperty", .kind = OPERATION_TEXT, .explanation = "the property of which only the value goes on, each item of a list by itself"},
    {.name = "First", .kind = OPERATION_NUMBER, .maximum = OBJECT_LIST_MAX, .explanation = "so many objects from the beginning; the stages before end then"},
    {.name = "Last", .kind = OPERATION_NUMBER, .maximum = OBJECT_LIST_MAX, .explanation = "so many from the end"},
    {.name = "Skip", .kind = OPERATION_NUMBER, .maximum = OBJECT_LIST_MAX, .explanation = "leaves so many out at the beginning"},
    {.name = "SkipLast", .kind = OPERATION_NUMBER, .maximum = OBJECT_LIST_MAX, .explanation = "leaves so many out at the end"},
    {.name = "Unique", .kind = OPERATION_SWITCH, .explanation = "what was there already does not go on again"},
    {.name = NULL},
};

const struct operation operation_select_object = {
    .name = "Select-Object",
    .alias = "select",
    .flags = OPERATION_CLIENT,
    .summary = "choose properties and objects of a pipe",
    .description = "Properties come in the order in which they are named. One that an object does not have is empty.",
    .parameters = select_parameters,
    .run = select_objects,
};
