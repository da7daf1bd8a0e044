/* Words of an operation, one a line, through the check of its declaration. */
#include <stdlib.h>
#include <string.h>

#include "cli/operation_words.h"

#define WORDS_MAX 64

static void run_nothing(struct operation_call *call)
{
    for (const struct operation_parameter *p = call->operation->parameters; p->name; p++)
        if (p->flags & OPERATION_REQUIRED && !operation_given(call, p->name))
            abort();
}

static void emit(struct operation_call *call, json_t *object)
{
    json_decref(object);
}

static void warn(struct operation_call *call, const char *text)
{
}

static const struct operation_parameter parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0 | OPERATION_PIPED},
    {.name = "MapiHttpEnabled", .option = "mapi-http", .kind = OPERATION_BOOLEAN, .flags = OPERATION_NULLABLE},
    {.name = "ShowDetails", .kind = OPERATION_SWITCH},
    {.name = "LogonTypes", .kind = OPERATION_CHOICES, .choices = "Owner|Delegate|Admin", .flags = OPERATION_CHANGEABLE},
    {.name = "Folders", .kind = OPERATION_TEXTS},
    {.name = "ResultSize", .kind = OPERATION_NUMBER},
    {.name = "StartDate", .kind = OPERATION_TIME},
    {.name = "Age", .kind = OPERATION_DURATION},
    {.name = "Url", .kind = OPERATION_URL},
    {.name = NULL},
};
static const struct operation set_thing = {.name = "Set-Thing", .flags = OPERATION_CHANGES, .parameters = parameters, .run = run_nothing};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct operation_host host;
    static const struct operation_actor actor = {"fuzz", "local", ""};
    struct arena arena = {0};
    struct operation_words words;
    char *argv[WORDS_MAX + 1], *text = arena_string_of(&arena, bytes_of(data, size));
    const char *error = NULL;
    int argc = 0;
    for (char *rest = text, *word; rest && argc < WORDS_MAX && (word = strsep(&rest, "\n"));)
        argv[argc++] = word;
    argv[argc] = NULL;
    if (operation_words_read(&arena, &set_thing, NULL, argc, argv, &words, &error)) {
        struct operation_call call = {.host = &host, .actor = &actor, .arena = &arena, .emit = emit, .warn = warn};
        if (!operation_run(&set_thing, words.given, &call) && !call.error_text)
            abort();
        operation_words_free(&words);
    } else if (!error) {
        abort();
    }
    arena_free(&arena);
    return 0;
}
