#include "cli/client_operation.h"

#include <string.h>

#include "cli/object_input.h"
#include "cli/operation_words.h"

#define ADDRESS(row) &operation_##row,
const struct operation *const client_operations[] = {CLIENT_OPERATIONS(ADDRESS) NULL};
#undef ADDRESS

const struct operation *client_operation_find(const char *name)
{
    const struct operation *found = operation_find(name);
    return found ? found : operation_find_in(client_operations, name);
}

json_t *client_operation_next(struct operation_call *call)
{
    const struct client_operation_console *console = call->output;
    json_t *object = NULL;
    const char *error = NULL;
    if (!console->input || call->error != OPERATION_DONE || call->stopped)
        return NULL;
    enum object_input_status status = object_input_next(console->input, &object, &error);
    if (status == OBJECT_INPUT_FAILED)
        operation_fail(call, OPERATION_FAILED, NULL, "%s", error);
    return status == OBJECT_INPUT_OK ? object : NULL;
}

bool client_operation_has_input(const struct operation_call *call)
{
    return ((const struct client_operation_console *)call->output)->input != NULL;
}

bool client_operation_needs_input(struct operation_call *call)
{
    if (!client_operation_has_input(call))
        operation_fail(call, OPERATION_INVALID_ARGUMENT, NULL, "it works on what comes by a pipe: mapihttp Get-Mailbox | mapihttp %s ...",
                       call->operation->name);
    return client_operation_has_input(call);
}

FILE *client_operation_output(struct operation_call *call)
{
    client_operation_writes_nothing(call);
    return ((const struct client_operation_console *)call->output)->output;
}

void client_operation_writes_nothing(struct operation_call *call)
{
    ((struct client_operation_console *)call->output)->quiet = true;
}

void client_operation_exit(struct operation_call *call, int status)
{
    ((struct client_operation_console *)call->output)->exit_status = status;
}

/* --- logging on --- */

struct mapihttp_options *client_operation_log_on(struct operation_call *call)
{
    return ((struct client_operation_console *)call->output)->log_on;
}

bool client_operation_has_secret(struct operation_call *call)
{
    const struct client_operation_console *console = call->output;
    return console->has_secret(console->sink);
}

bool client_operation_find_secret(struct operation_call *call)
{
    struct client_operation_console *console = call->output;
    if (console->find_secret(console->sink))
        return true;
    console->quiet = true;
    console->exit_status = 1;
    return false;
}

/* --- an expression's words --- */

bool client_operation_takes_words(const struct operation *operation)
{
    return operation == &operation_where_object;
}

static bool take_form(const char *word, struct operation_words *words)
{
    static const char *const names[] = {[OBJECT_FORM_TABLE] = "--table", [OBJECT_FORM_LIST] = "--list", [OBJECT_FORM_LINES] = "--json-lines",
                                        [OBJECT_FORM_JSON] = "--json", [OBJECT_FORM_CSV] = "--csv"};
    for (unsigned form = OBJECT_FORM_TABLE; form <= OBJECT_FORM_CSV; form++)
        if (!strcmp(word, names[form])) {
            words->form = (enum object_form)form;
            return true;
        }
    words->help |= !strcmp(word, "--help") || !strcmp(word, "-?");
    return words->help;
}

bool client_operation_read_words(struct arena *arena, const struct operation *operation, int argc, char **argv,
                                 struct operation_words *ret_words, const char **ret_error)
{
    struct operation_words words = {.given = json_object()};
    json_t *list = json_array();
    bool good = list && words.given;
    for (int i = 0; good && i < argc; i++)
        if (!take_form(argv[i], &words) && json_array_append_new(list, json_string(argv[i])) != 0) {
            *ret_error = arena_format(arena, "word %d is not UTF-8", i + 1);
            good = false;
        }
    if (good && json_array_size(list))
        good = json_object_set(words.given, "FilterScript", list) == 0;
    json_decref(list);
    if (good)
        *ret_words = words;
    else
        operation_words_free(&words);
    return good;
}
