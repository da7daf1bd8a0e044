#include "cli/operation_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client_operation.h"
#include "cli/connection.h"
#include "cli/local_directory.h"
#include "cli/object_input.h"
#include "cli/object_output.h"
#include "cli/operation_call.h"
#include "cli/operation_help.h"
#include "cli/operation_question.h"
#include "cli/operation_words.h"

#define NAME_SIZE_MAX 128u
#define NAME_WORDS_MAX 3

struct running {
    const struct operation *operation;
    struct arena arena;
    struct operation_words words;
    struct command command;       /* the operation's name, for messages of the connection's options */
    struct connection connection; /* how to log on to a server elsewhere */
    bool log_on;                  /* one of its options was given */
    const char *config, *server;
    struct operation_place *place;
    struct object_input *input;
    struct object_output *output;
    struct client_operation_console console;
    struct operation_question question;
    bool output_failed, stopped;
    int status;
};

/* --- messages --- */

static void tell(struct running *running, const char *about, const char *text)
{
    running->status = running->status == COMMAND_DONE ? COMMAND_FAILED : running->status;
    if (running->words.error_action == OPERATION_ERROR_SILENT)
        return;
    fflush(stdout);
    fprintf(stderr, "mapihttp %s: %s%s%s\n", running->operation->name, about, *about ? ": " : "", text);
}

static void take_warning(void *state, const char *text)
{
    struct running *running = state;
    if (running->words.warnings_hidden)
        return;
    fflush(stdout);
    fprintf(stderr, strncmp(text, "What if: ", 9) == 0 ? "%s\n" : "WARNING: %s\n", text);
}

/* --- what comes out --- */

static bool take_object(void *state, json_t *object)
{
    struct running *running = state;
    if (!object_output_put(running->output, object))
        running->output_failed = true;
    return !running->output_failed;
}

static void emit(struct operation_call *call, json_t *object)
{
    struct client_operation_console *console = call->output;
    call->stopped = !take_object(console->sink, object);
}

static void warn(struct operation_call *call, const char *text)
{
    take_warning(((struct client_operation_console *)call->output)->sink, text);
}

static bool is_pipe(int descriptor)
{
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
}

static bool open_output(struct running *running)
{
    struct object_output_settings settings = {.form = running->words.form, .columns = running->operation->columns};
    if (settings.form == OBJECT_FORM_STANDARD && is_pipe(STDOUT_FILENO))
        settings.form = OBJECT_FORM_LINES;
    else if (settings.form == OBJECT_FORM_STANDARD && !settings.columns && !(running->operation->flags & OPERATION_CLIENT))
        settings.form = OBJECT_FORM_LIST;
    settings.mark_empty = !(running->operation->flags & OPERATION_CHANGES);
    running->output = object_output_new(stdout, &settings);
    return running->output != NULL;
}

/* --- options about the place --- */

static int take_other_option(void *state, int argc, char **argv, int *index, const char **ret_error)
{
    struct running *running = state;
    bool config = !strcmp(argv[*index], "--config"), server = !strcmp(argv[*index], "--server");
    if (running->operation->flags & OPERATION_CLIENT && !(running->operation->flags & OPERATION_LOG_ON))
        return 0;
    config = config && !(running->operation->flags & OPERATION_CLIENT);
    server = server && !(running->operation->flags & OPERATION_CLIENT); /* the one of the connection's options */
    if (config || server) {
        if (*index + 1 == argc) {
            *ret_error = config ? "--config needs a file" : "--server needs 'https://HOST[:PORT]'";
            return -1;
        }
        *(config ? &running->config : &running->server) = argv[++*index];
        return 1;
    }
    int taken = connection_option(&running->connection, argc, argv, index);
    if (taken < 0)
        *ret_error = NULL; /* said already */
    running->log_on |= taken > 0;
    return taken;
}

static bool open_place(struct running *running)
{
    char error[OPERATION_PLACE_ERROR_SIZE];
    struct operation_place_options options = {.config_path = running->config, .server = running->server};
    if (running->log_on && !running->server) {
        running->status = command_usage_error(&running->command, "options of the log-on are for a server elsewhere: --server is missing");
        return false;
    }
    if (running->server && connection_prepare(&running->connection) != COMMAND_DONE) {
        running->status = COMMAND_FAILED;
        return false;
    }
    options.log_on = running->server ? &running->connection.options : NULL;
    if (operation_place_open(&options, &running->place, error))
        return true;
    tell(running, "", error);
    return false;
}

/* --- calls --- */

/* Who or what is meant, for questions and messages; "" where it is nobody. */
static const char *subject_of(struct running *running, const json_t *given)
{
    for (const struct operation_parameter *p = running->operation->parameters; p && p->name; p++) {
        const char *text = p->flags & (OPERATION_PIPED | OPERATION_POSITION_0) ? json_string_value(json_object_get(given, p->name)) : NULL;
        if (text)
            return text;
    }
    return "";
}

/* Exchange asks before what removes something. */
static bool agreed(struct running *running, const json_t *given)
{
    bool removes = !strncasecmp(running->operation->name, "Remove-", 7);
    if (!(running->operation->flags & OPERATION_CHANGES) || json_object_get(given, "WhatIf"))
        return true;
    enum operation_answer answer = operation_question_ask(&running->question, running->words.confirm, removes, running->operation->name,
                                                          subject_of(running, given));
    if (answer == OPERATION_ANSWER_NOBODY)
        tell(running, "", "-Confirm asks, and there is no terminal to ask on");
    running->stopped |= answer == OPERATION_ANSWER_NOBODY;
    return answer == OPERATION_ANSWER_YES;
}

static void call_once(struct running *running, const json_t *given, bool piped)
{
    struct operation_sink sink = {take_object, take_warning, running};
    struct operation_outcome outcome = {0};
    if (!agreed(running, given))
        return;
    if (running->words.verbose)
        fprintf(stderr, "VERBOSE: %s %s\n", running->operation->name, subject_of(running, given));
    if (operation_place_call(running->place, running->operation, given, &sink, &outcome))
        return;
    tell(running, piped ? subject_of(running, given) : "", outcome.text);
    if (outcome.error == OPERATION_INVALID_ARGUMENT && !piped) {
        running->status = COMMAND_USAGE;
        if (running->words.error_action != OPERATION_ERROR_SILENT)
            fprintf(stderr, "See 'mapihttp help %s'.\n", running->operation->name);
    }
    running->stopped |= running->words.error_action == OPERATION_ERROR_STOP;
}

static void call_for_object(struct running *running, const json_t *object)
{
    const char *error = "";
    json_t *bound = operation_words_bind(&running->arena, running->operation, running->words.given, object, &error);
    if (bound) {
        call_once(running, bound, true);
    } else {
        tell(running, "", error);
        running->stopped |= running->words.error_action == OPERATION_ERROR_STOP;
    }
    json_decref(bound);
}

static void call_for_input(struct running *running)
{
    json_t *object;
    const char *error = NULL;
    enum object_input_status status;
    while (!running->stopped && !running->output_failed &&
           (status = object_input_next(running->input, &object, &error)) != OBJECT_INPUT_END) {
        if (status == OBJECT_INPUT_FAILED) {
            tell(running, "", error);
            return;
        }
        call_for_object(running, object);
        json_decref(object);
        arena_reset(&running->arena);
    }
}

/* By a pipe or a file only where they can be meant: what a job of cron or ssh has there is nobody's answer. */
static bool may_have_objects(const struct running *running)
{
    struct stat status;
    if (!operation_words_want_objects(running->operation, running->words.given) || fstat(STDIN_FILENO, &status) != 0)
        return false;
    bool complete = operation_words_are_complete(running->operation, running->words.given);
    return complete ? S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode) : !isatty(STDIN_FILENO);
}

static void run_in_place(struct running *running)
{
    bool objects = may_have_objects(running);
    if (!open_place(running))
        return;
    if (objects && (running->input = object_input_new(stdin))) {
        call_for_input(running);
        if (!object_input_was_empty(running->input))
            return;
    }
    /* Nothing at all came: no stage stands before this one. What changes something then needs to be told for whom. */
    if (objects && running->operation->flags & OPERATION_CHANGES && operation_words_are_complete(running->operation, running->words.given))
        tell(running, "", "nothing came by the pipe, and nobody is named");
    else
        call_once(running, running->words.given, false);
}

static bool has_secret(void *state)
{
    return connection_has_secret(&((struct running *)state)->connection);
}

static bool find_secret(void *state)
{
    return connection_find_secret(&((struct running *)state)->connection) == COMMAND_DONE;
}

static void run_here(struct running *running)
{
    static const struct operation_host no_host;
    static const struct operation_actor actor = {"", "local", ""};
    struct operation_call call = {.host = &no_host, .actor = &actor, .arena = &running->arena, .emit = emit, .warn = warn,
                                  .output = &running->console};
    running->input = isatty(STDIN_FILENO) ? NULL : object_input_new(stdin);
    running->console = (struct client_operation_console){.input = running->input, .output = stdout, .exit_status = -1, .sink = running,
                                                               .log_on = &running->connection.options, .has_secret = has_secret, .find_secret = find_secret};
    if (!operation_run(running->operation, running->words.given, &call)) {
        tell(running, "", call.error_text);
        if (call.error == OPERATION_INVALID_ARGUMENT)
            running->status = COMMAND_USAGE;
    }
    if (running->console.exit_status >= 0)
        running->status = running->console.exit_status;
}

/* --- all --- */

static void run_words(struct running *running)
{
    if (!open_output(running)) {
        tell(running, "", "out of memory");
        return;
    }
    if (running->operation->flags & OPERATION_CLIENT)
        run_here(running);
    else
        run_in_place(running);
    object_output_quiet(running->output, running->console.quiet);
    if (!object_output_end(running->output))
        tell(running, "", "standard output cannot be written");
}

int operation_command_run(const struct operation *operation, int argc, char **argv)
{
    struct running running = {.operation = operation, .command = {.name = operation->name}};
    const struct operation_other_options other = {take_other_option, &running};
    const char *error = NULL;
    connection_initialize(&running.connection, &running.command);
    bool read = client_operation_takes_words(operation)
                    ? client_operation_read_words(&running.arena, operation, argc, argv, &running.words, &error)
                    : operation_words_read(&running.arena, operation, &other, argc, argv, &running.words, &error);
    if (!read && error)
        running.status = command_usage_error(&running.command, "%s", error);
    else if (!read)
        running.status = COMMAND_USAGE;
    else if (running.words.help)
        operation_help_print(stdout, operation);
    else
        run_words(&running);
    operation_question_end(&running.question);
    object_input_free(running.input);
    operation_place_close(running.place);
    connection_close(&running.connection);
    operation_words_free(&running.words);
    arena_free(&running.arena);
    return running.status;
}

const struct operation *operation_command_find(int argc, char **argv, int *ret_word_count)
{
    char name[NAME_SIZE_MAX] = "";
    const struct operation *found = NULL;
    size_t size = 0;
    for (int i = 0; i < argc && i < NAME_WORDS_MAX && size < sizeof name; i++) {
        size += (size_t)snprintf(name + size, sizeof name - size, "%s%s", i ? " " : "", argv[i]);
        const struct operation *longer = size < sizeof name ? client_operation_find(name) : NULL;
        if (longer) {
            found = longer;
            *ret_word_count = i + 1;
        }
    }
    return found;
}
