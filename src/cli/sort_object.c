/* Sort-Object, Group-Object, Measure-Object: what needs all objects of a pipe. */
#include <string.h>

#include "cli/client_operation.h"
#include "cli/object_list.h"
#include "operation/object_property.h"

static json_t *key_of(const json_t *object, const json_t *properties)
{
    struct buffer text = {0};
    size_t count = json_array_size(properties);
    if (!count)
        object_append_text(&text, object, " ");
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(&text, i ? ", " : "");
        object_append_text(&text, object_property(object, json_string_value(json_array_get(properties, i)), NULL), " ");
    }
    const char *plain = buffer_string(&text);
    json_t *key = json_string(plain ? plain : "");
    buffer_free(&text);
    return key;
}

/* Without regard to case, as everything is compared here. */
static bool same_key(const json_t *a, const json_t *b)
{
    return object_compare_texts(json_string_value(a), json_string_value(b)) == 0;
}

static void sort(struct operation_call *call)
{
    const json_t *properties = operation_parameter(call, "Property");
    struct object_list list = {0};
    json_t *before = NULL;
    if (!client_operation_needs_input(call))
        return;
    object_list_read(&list, call);
    if (call->error == OPERATION_DONE && !object_list_sort(&list, properties, operation_flag(call, "Descending")))
        operation_fail(call, OPERATION_FAILED, NULL, "out of memory");
    for (size_t i = 0; i < list.count && call->error == OPERATION_DONE; i++) {
        json_t *key = operation_flag(call, "Unique") ? key_of(list.objects[i], properties) : NULL;
        if (!key || !before || !same_key(key, before))
            operation_emit(call, json_incref(list.objects[i]));
        json_decref(before);
        before = key;
    }
    json_decref(before);
    object_list_free(&list);
}

static void emit_group(struct operation_call *call, json_t *key, json_t *members)
{
    json_t *group = json_pack("{s:I, s:O}", "Count", (json_int_t)json_array_size(members), "Name", key);
    if (group && !operation_flag(call, "NoElement"))
        json_object_set(group, "Group", members);
    operation_emit(call, group);
}

static void group(struct operation_call *call)
{
    const json_t *properties = operation_parameter(call, "Property");
    struct object_list list = {0};
    json_t *key = NULL, *members = NULL;
    if (!client_operation_needs_input(call))
        return;
    object_list_read(&list, call);
    if (call->error == OPERATION_DONE && !object_list_sort(&list, properties, false))
        operation_fail(call, OPERATION_FAILED, NULL, "out of memory");
    for (size_t i = 0; i < list.count && call->error == OPERATION_DONE; i++) {
        json_t *next = key_of(list.objects[i], properties);
        if (key && !same_key(key, next)) {
            emit_group(call, key, members);
            json_decref(key);
            json_decref(members);
            key = members = NULL;
        }
        if (key)
            json_decref(next);
        key = key ? key : next;
        members = members ? members : json_array();
        json_array_append(members, list.objects[i]);
    }
    if (key && call->error == OPERATION_DONE)
        emit_group(call, key, members);
    json_decref(key);
    json_decref(members);
    object_list_free(&list);
}

/* --- measuring --- */

struct measure {
    const char *property; /* NULL: only counted */
    uint64_t count;
    double sum;
    json_t *minimum, *maximum;
};

static bool measure_value(struct operation_call *call, struct measure *measure, const json_t *value)
{
    double number = 0;
    bool numbers = operation_flag(call, "Sum") || operation_flag(call, "Average");
    if (numbers && !object_number(value, &number)) {
        operation_fail(call, OPERATION_FAILED, "Property", "a value of %s is no number", measure->property);
        return false;
    }
    measure->count++;
    measure->sum += number;
    if (!measure->minimum || object_compare(value, measure->minimum) < 0) {
        json_decref(measure->minimum);
        measure->minimum = json_incref((json_t *)value);
    }
    if (!measure->maximum || object_compare(value, measure->maximum) > 0) {
        json_decref(measure->maximum);
        measure->maximum = json_incref((json_t *)value);
    }
    return true;
}

static json_t *whole_or_real(double number)
{
    return number == (double)(json_int_t)number ? json_integer((json_int_t)number) : json_real(number);
}

static void emit_measure(struct operation_call *call, const struct measure *measure)
{
    json_t *object = json_pack("{s:I}", "Count", (json_int_t)measure->count);
    if (operation_flag(call, "Average"))
        json_object_set_new(object, "Average", measure->count ? whole_or_real(measure->sum / (double)measure->count) : json_null());
    if (operation_flag(call, "Sum"))
        json_object_set_new(object, "Sum", whole_or_real(measure->sum));
    if (operation_flag(call, "Maximum"))
        json_object_set(object, "Maximum", measure->maximum ? measure->maximum : json_null());
    if (operation_flag(call, "Minimum"))
        json_object_set(object, "Minimum", measure->minimum ? measure->minimum : json_null());
    if (measure->property)
        json_object_set_new(object, "Property", json_string(measure->property));
    operation_emit(call, object);
}

static void measure_objects(struct operation_call *call)
{
    struct measure measure = {.property = operation_text(call, "Property")};
    json_t *object;
    bool good = client_operation_needs_input(call);
    if (!measure.property && (operation_flag(call, "Sum") || operation_flag(call, "Average") || operation_flag(call, "Minimum") || operation_flag(call, "Maximum"))) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Property", "Property is missing: of which values?");
        return;
    }
    while (good && (object = client_operation_next(call))) {
        const json_t *value = measure.property ? object_property(object, measure.property, NULL) : NULL;
        if (!measure.property)
            measure.count++;
        else if (value && !json_is_null(value))
            good = measure_value(call, &measure, value);
        json_decref(object);
    }
    if (good && call->error == OPERATION_DONE)
        emit_measure(call, &measure);
    json_decref(measure.minimum);
    json_decref(measure.maximum);
}

/* --- declarations --- */

static const struct operation_parameter sort_parameters[] = {
    {.name = "Property", .kind = OPERATION_TEXTS, .flags = OPERATION_POSITION_0, .explanation = "the properties to sort by, each in turn"},
    {.name = "Descending", .alias = "desc", .kind = OPERATION_SWITCH, .explanation = "the greatest first"},
    {.name = "Unique", .kind = OPERATION_SWITCH, .explanation = "of those that are equal only the first"},
    {.name = NULL},
};

const struct operation operation_sort_object = {
    .name = "Sort-Object",
    .alias = "sort",
    .flags = OPERATION_CLIENT,
    .summary = "sort the objects of a pipe",
    .description = "Numbers sort by value, times by time, texts without regard to case; objects that are equal keep their order.",
    .parameters = sort_parameters,
    .run = sort,
};

static const struct operation_parameter group_parameters[] = {
    {.name = "Property", .kind = OPERATION_TEXTS, .flags = OPERATION_POSITION_0, .explanation = "the properties whose values make a group"},
    {.name = "NoElement", .kind = OPERATION_SWITCH, .explanation = "only the counts, without the objects themselves"},
    {.name = NULL},
};

static const struct operation_column group_columns[] = {{"Count", true}, {"Name", false}, {NULL, false}};

const struct operation operation_group_object = {
    .name = "Group-Object",
    .flags = OPERATION_CLIENT,
    .summary = "count the objects of a pipe by their properties",
    .description = "An object comes for each value: how many had it (Count), the value (Name), and they themselves (Group).",
    .parameters = group_parameters,
    .columns = group_columns,
    .run = group,
};

static const struct operation_parameter measure_parameters[] = {
    {.name = "Property", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0, .explanation = "whose values are measured; objects without it are not counted"},
    {.name = "Sum", .kind = OPERATION_SWITCH, .explanation = "their sum"},
    {.name = "Average", .kind = OPERATION_SWITCH, .explanation = "their average"},
    {.name = "Minimum", .kind = OPERATION_SWITCH, .explanation = "the smallest"},
    {.name = "Maximum", .kind = OPERATION_SWITCH, .explanation = "the greatest"},
    {.name = NULL},
};

const struct operation operation_measure_object = {
    .name = "Measure-Object",
    .alias = "measure",
    .flags = OPERATION_CLIENT,
    .summary = "count the objects of a pipe, add up a property",
    .parameters = measure_parameters,
    .run = measure_objects,
};
