/* Format-Table, Format-List, ConvertTo-Json: the end of a pipe, for people and for other programs. */
#include <string.h>

#include "cli/client_operation.h"
#include "cli/object_output.h"
#include "operation/object_property.h"
#include "operation/wildcard.h"

static void put_all(struct operation_call *call, const struct object_output_settings *settings, json_t *(*convert)(struct operation_call *, json_t *))
{
    struct object_output *output = object_output_new(client_operation_output(call), settings);
    bool good = output && client_operation_needs_input(call);
    json_t *object;
    while (good && (object = client_operation_next(call)))
        good = object_output_put(output, convert(call, object));
    if (!object_output_end(output) && call->error == OPERATION_DONE)
        operation_fail(call, OPERATION_FAILED, NULL, "standard output cannot be written");
}

static json_t *as_it_is(struct operation_call *call, json_t *object)
{
    return object;
}

static void format_table(struct operation_call *call)
{
    const json_t *properties = operation_parameter(call, "Property");
    size_t count = json_array_size(properties);
    struct operation_column *columns = arena_array(call->arena, struct operation_column, count + 1);
    for (size_t i = 0; columns && i < count; i++)
        columns[i].name = json_string_value(json_array_get(properties, i));
    struct object_output_settings settings = {.form = OBJECT_FORM_TABLE, .columns = count ? columns : NULL, .properties_wild = true,
                                              .no_head = operation_flag(call, "HideTableHeaders"), .wrapped = operation_flag(call, "Wrap")};
    put_all(call, &settings, as_it_is);
}

/* The named properties of an object, in their order; all where none is named. Takes the object over. */
static json_t *named_properties(struct operation_call *call, json_t *object)
{
    const json_t *properties = operation_parameter(call, "Property");
    json_t *chosen = json_array_size(properties) && json_is_object(object) ? json_object() : NULL, *value;
    const char *key;
    for (size_t i = 0; chosen && i < json_array_size(properties); i++) {
        const char *name = json_string_value(json_array_get(properties, i)), *spelling = name;
        const json_t *own = wildcard_is_pattern(name) ? NULL : object_property(object, name, &spelling);
        if (own)
            json_object_set(chosen, strchr(name, '.') ? name : spelling, (json_t *)own);
        json_object_foreach(object, key, value)
            if (!own && wildcard_fits(name, key))
                json_object_set(chosen, key, value);
    }
    if (!chosen)
        return object;
    json_decref(object);
    return chosen;
}

static void format_list(struct operation_call *call)
{
    struct object_output_settings settings = {.form = OBJECT_FORM_LIST};
    put_all(call, &settings, named_properties);
}

/* As PowerShell: one object by itself, several as an array. */
static void convert_to_json(struct operation_call *call)
{
    FILE *file = client_operation_output(call);
    size_t flags = JSON_ENCODE_ANY | (operation_flag(call, "Compress") ? JSON_COMPACT : JSON_INDENT(2));
    json_t *all = json_array(), *object;
    if (!client_operation_needs_input(call)) {
        json_decref(all);
        return;
    }
    while ((object = client_operation_next(call)))
        json_array_append_new(all, object);
    bool single = json_array_size(all) == 1 && !operation_flag(call, "AsArray");
    if (call->error == OPERATION_DONE && (json_dumpf(single ? json_array_get(all, 0) : all, file, flags) != 0 || putc('\n', file) == EOF))
        operation_fail(call, OPERATION_FAILED, NULL, "standard output cannot be written");
    json_decref(all);
}

static const struct operation_parameter table_parameters[] = {
    {.name = "Property", .kind = OPERATION_TEXTS, .flags = OPERATION_POSITION_0, .explanation = "the columns, by name or pattern; otherwise all of the first object"},
    {.name = "AutoSize", .alias = "a", .kind = OPERATION_SWITCH, .explanation = "columns as wide as they need to be, which they are anyway"},
    {.name = "Wrap", .kind = OPERATION_SWITCH, .explanation = "long cells stay whole on a terminal"},
    {.name = "HideTableHeaders", .kind = OPERATION_SWITCH, .explanation = "no head line"},
    {.name = NULL},
};

const struct operation operation_format_table = {
    .name = "Format-Table",
    .alias = "ft",
    .command = "format table",
    .flags = OPERATION_CLIENT,
    .summary = "show the objects of a pipe as a table",
    .description = "What comes out is text for people; use Select-Object for what goes on by a pipe.",
    .parameters = table_parameters,
    .run = format_table,
};

static const struct operation_parameter list_parameters[] = {
    {.name = "Property", .kind = OPERATION_TEXTS, .flags = OPERATION_POSITION_0, .explanation = "the properties, by name or pattern; otherwise all"},
    {.name = NULL},
};

const struct operation operation_format_list = {
    .name = "Format-List",
    .alias = "fl",
    .command = "format list",
    .flags = OPERATION_CLIENT,
    .summary = "show the objects of a pipe as lists of their properties",
    .parameters = list_parameters,
    .run = format_list,
};

static const struct operation_parameter json_parameters[] = {
    {.name = "Compress", .kind = OPERATION_SWITCH, .explanation = "on one line"},
    {.name = "AsArray", .kind = OPERATION_SWITCH, .explanation = "an array even of one object"},
    {.name = "Depth", .kind = OPERATION_NUMBER, .minimum = 1, .maximum = 100, .explanation = "accepted; all depths are written"},
    {.name = NULL},
};

const struct operation operation_convert_to_json = {
    .name = "ConvertTo-Json",
    .flags = OPERATION_CLIENT,
    .summary = "write the objects of a pipe as JSON",
    .description = "One object by itself, several as an array. Between stages of a pipe objects are lines of JSON anyway.",
    .parameters = json_parameters,
    .run = convert_to_json,
};
