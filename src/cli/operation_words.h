/* What is typed after an operation's name, on both faces: '-MapiHttpEnabled $true', '-id:ada', '–WhatIf' with the dashes that web pages
 * put there, '--mapi-http on', '--mapi-http=on', words without a name. From there to the object that operation_run checks; values
 * stay the text that was typed, since the operation's declaration says what it means.
 *
 * No state, any thread. Texts are in the arena; 'given' is the caller's (operation_words_free). docs/command.md. */
#pragma once
#include "cli/object_output.h"
#include "operation/operation.h"

enum operation_confirm {
    OPERATION_CONFIRM_STANDARD, /* asks before what removes something, where there is somebody to ask */
    OPERATION_CONFIRM_ALWAYS,
    OPERATION_CONFIRM_NEVER,
};

enum operation_error_action {
    OPERATION_ERROR_CONTINUE, /* tells and goes on with the next object of the pipe */
    OPERATION_ERROR_STOP,
    OPERATION_ERROR_SILENT,   /* goes on without telling; the exit status still says it */
};

/* Options of the ordinary face that no operation declares, about where it runs: '--config FILE'. Takes argv[*index] and its value: 1; 0:
 * none of these; -1: malformed, *ret_error says how. */
struct operation_other_options {
    int (*take)(void *state, int argc, char **argv, int *index, const char **ret_error);
    void *state;
};

struct operation_words {
    json_t *given;          /* parameters by declared name: text, array of texts, true */
    enum object_form form;  /* --json, --csv, --table, --list */
    enum operation_confirm confirm;
    enum operation_error_action error_action;
    bool what_if, verbose, warnings_hidden;
    bool help;              /* -?, --help */
};

/* False: *ret_error says what is wrong with which word. */
bool operation_words_read(struct arena *arena, const struct operation *operation, const struct operation_other_options *other, int argc,
                          char **argv, struct operation_words *ret_words, const char **ret_error);
void operation_words_free(struct operation_words *words);

/* Which parameters may come by the pipe and are not given. */
bool operation_words_want_objects(const struct operation *operation, const json_t *given);
/* Whether all that is required is given without the pipe. */
bool operation_words_are_complete(const struct operation *operation, const json_t *given);
/* 'given' with what the object (or a text: an identity) has for parameters that come by the pipe; a new reference. NULL: it has nothing
 * for them, *ret_error says so. */
json_t *operation_words_bind(struct arena *arena, const struct operation *operation, const json_t *given, const json_t *object,
                             const char **ret_error);
