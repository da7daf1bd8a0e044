/* Parameters as they come from outside: a JSON object of any names and values, against an operation that has a parameter of every kind. What is
 * accepted has one form: read again it stays what it is. */
#include <stdlib.h>
#include <string.h>

#include "operation/operation.h"
#include "operation/operation_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct operation_parameter parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_NULLABLE},
    {.name = "Enabled", .kind = OPERATION_BOOLEAN, .flags = OPERATION_NULLABLE},
    {.name = "Force", .kind = OPERATION_SWITCH},
    {.name = "ResultSize", .kind = OPERATION_NUMBER, .minimum = 1},
    {.name = "Count", .kind = OPERATION_NUMBER, .maximum = 250000, .flags = OPERATION_NULLABLE},
    {.name = "StartDate", .kind = OPERATION_TIME},
    {.name = "AgeLimit", .kind = OPERATION_DURATION, .minimum = 1, .maximum = 86400u * 365u},
    {.name = "Type", .kind = OPERATION_CHOICE, .choices = "None|Basic|OAuth", .flags = OPERATION_NULLABLE},
    {.name = "Methods", .kind = OPERATION_CHOICES, .choices = "None|Basic|OAuth", .flags = OPERATION_NULLABLE | OPERATION_CHANGEABLE},
    {.name = "Names", .kind = OPERATION_TEXTS, .flags = OPERATION_CHANGEABLE},
    {.name = "Url", .kind = OPERATION_URL, .flags = OPERATION_NULLABLE},
    {.name = NULL},
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_again(struct operation_call *call, const struct operation_parameter *parameter)
{
    const json_t *value = operation_parameter(call, parameter->name);
    const char *error;
    if (!value)
        return;
    json_t *again = operation_value_read(call->arena, parameter, value, &error);
    /* A list of the one text "@{..." would be typed otherwise; it came as JSON. */
    must(again && json_equal(again, value));
    json_decref(again);
    json_t *list = json_is_array(value) || json_is_object(value) ? operation_list(call, parameter->name, NULL) : NULL;
    must(!list || json_is_array(list));
    json_decref(list);
    (void)operation_number(call, parameter->name, 0);
    (void)operation_time(call, parameter->name, 0);
    (void)operation_flag(call, parameter->name);
}

static void run(struct operation_call *call)
{
    for (const struct operation_parameter *p = parameters; p->name; p++)
        check_again(call, p);
}

static void emit(struct operation_call *call, json_t *object)
{
    (void)call;
    json_decref(object);
}

static void warn(struct operation_call *call, const char *text)
{
    (void)call;
    (void)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct operation operation = {.name = "Set-Everything", .flags = OPERATION_CHANGES, .parameters = parameters, .run = run};
    const struct operation_host host = {.data_path = ""};
    const struct operation_actor actor = {.name = "fuzz", .way = "local", .address = ""};
    struct arena arena = {0};
    struct operation_call call = {.host = &host, .actor = &actor, .arena = &arena, .emit = emit, .warn = warn};
    json_t *given = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (given)
        must(operation_run(&operation, given, &call) == (call.error == OPERATION_DONE) && (call.error == OPERATION_DONE || *call.error_text));
    json_decref(given);
    arena_free(&arena);
    return 0;
}
