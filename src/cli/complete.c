/* mapihttp complete: what may stand where the cursor is, for the completion of shells (packaging/completion/). Hidden: it is typed by
 * nobody. Everything comes from the tables: commands, their usage texts, operations and their parameters.
 *
 *     mapihttp complete INDEX WORD...
 *
 * The words of the line, of which number INDEX (from 1; 0 is 'mapihttp') is being typed. A candidate a line; behind a tab, what it
 * means. No line: a file name may be meant. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/client_operation.h"
#include "cli/command.h"
#include "cli/operation_command.h"

#define CANDIDATE_SIZE_MAX 256u

struct completing {
    struct arena arena;
    int count;            /* of the words before the one being typed */
    char **words;
    const char *typed;
};

static void offer(const struct completing *completing, const char *candidate, const char *meaning)
{
    if (strncasecmp(candidate, completing->typed, strlen(completing->typed)) == 0)
        printf("%s\t%s\n", candidate, meaning ? meaning : "");
}

/* --- the first words --- */

/* The word behind 'beginning' in an operation's ordinary name: 'set' of 'cas set' behind 'cas'; the first one behind "". */
static bool word_behind(const char *name, const char *beginning, char ret_word[CANDIDATE_SIZE_MAX])
{
    size_t size = strlen(beginning);
    if (strncmp(name, beginning, size) != 0 || (size && name[size] != ' '))
        return false;
    name += size + (size != 0);
    snprintf(ret_word, CANDIDATE_SIZE_MAX, "%.*s", (int)strcspn(name, " "), name);
    return true;
}

static void offer_ordinary(const struct completing *completing, const char *beginning)
{
    const struct operation *const *tables[] = {operations, client_operations};
    char word[CANDIDATE_SIZE_MAX], before[CANDIDATE_SIZE_MAX] = "";
    for (unsigned t = 0; t < 2; t++)
        for (const struct operation *const *row = tables[t]; *row; row++)
            if ((*row)->command && word_behind((*row)->command, beginning, word) && strcmp(word, before) != 0) {
                bool whole = strlen((*row)->command) == strlen(beginning) + (*beginning != 0) + strlen(word);
                offer(completing, word, whole ? (*row)->summary : "operations");
                strcpy(before, word); /* rows of one noun stand together */
            }
}

/* Exchange's names are offered once something of one is typed: there are many. */
static void offer_names(const struct completing *completing)
{
    const struct operation *const *tables[] = {operations, client_operations};
    if (!*completing->typed)
        return;
    for (unsigned t = 0; t < 2; t++)
        for (const struct operation *const *row = tables[t]; *row; row++) {
            offer(completing, (*row)->name, (*row)->summary);
            if ((*row)->alias && strlen((*row)->alias) > 1)
                offer(completing, (*row)->alias, (*row)->summary);
        }
}

static void offer_commands(const struct completing *completing)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)); i++)
        if (command->summary)
            offer(completing, command->name, command->summary);
}

/* --- built-in commands, by their usage texts --- */

/* 'user add' in "mapihttp user add ACCOUNT ...": words of the forms that begin in small letters. */
static void offer_forms(const struct completing *completing, const struct command *command)
{
    char beginning[CANDIDATE_SIZE_MAX], word[CANDIDATE_SIZE_MAX];
    snprintf(beginning, sizeof beginning, "mapihttp %s ", command->name);
    for (const char *line = command->usage; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *at = strncmp(line, beginning, strlen(beginning)) == 0 ? line + strlen(beginning) : "";
        while (islower((unsigned char)*at)) { /* 'list|show' are two */
            size_t size = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
            snprintf(word, sizeof word, "%.*s", (int)size, at);
            offer(completing, word, NULL);
            at += size + (at[size] == '|');
            if (at[-1] != '|')
                break;
        }
    }
}

static void offer_options_of_usage(const struct completing *completing, const struct command *command)
{
    char option[CANDIDATE_SIZE_MAX];
    json_t *seen = json_object();
    for (const char *at = strstr(command->usage, "--"); at; at = strstr(at, "--")) {
        size_t size = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
        snprintf(option, sizeof option, "%.*s", (int)size, at);
        if (size > 2 && !json_object_get(seen, option)) {
            json_object_set_new(seen, option, json_true());
            offer(completing, option, NULL);
        }
        at += size;
    }
    json_decref(seen);
}

/* --- operations --- */

static bool is_named(struct completing *completing, const struct operation *operation, const struct operation_parameter *parameter, const char *word)
{
    const char *error = NULL;
    if (word[0] == '-' && word[1] == '-')
        return strcmp(word + 2, operation_parameter_option(parameter, &completing->arena)) == 0;
    return word[0] == '-' && operation_parameter_find(operation, word + 1, &completing->arena, &error) == parameter;
}

/* Behind the last comma of a list. */
static void offer_choices(const struct completing *completing, const struct operation_parameter *parameter)
{
    char candidate[CANDIDATE_SIZE_MAX];
    const char *comma = strrchr(completing->typed, ',');
    int kept = parameter->kind == OPERATION_CHOICES && comma ? (int)(comma + 1 - completing->typed) : 0;
    for (const char *choice = parameter->choices; choice && *choice; choice += strcspn(choice, "|") + (choice[strcspn(choice, "|")] == '|')) {
        snprintf(candidate, sizeof candidate, "%.*s%.*s", kept, completing->typed, (int)strcspn(choice, "|"), choice);
        offer(completing, candidate, NULL);
    }
}

static void offer_values(const struct completing *completing, const struct operation_parameter *parameter, bool ordinary)
{
    static const char *const exchange_values[] = {"'$true'", "'$false'", "'$null'"}, *const ordinary_values[] = {"on", "off", "inherit"};
    unsigned count = parameter->flags & OPERATION_NULLABLE ? 3 : 2;
    if (parameter->kind == OPERATION_BOOLEAN)
        for (unsigned i = 0; i < count; i++)
            offer(completing, ordinary ? ordinary_values[i] : exchange_values[i], NULL);
    else
        offer_choices(completing, parameter);
}

static void offer_option(struct completing *completing, const struct operation_parameter *parameter, bool ordinary)
{
    char candidate[CANDIDATE_SIZE_MAX];
    if (ordinary)
        snprintf(candidate, sizeof candidate, "--%s", operation_parameter_option(parameter, &completing->arena));
    else
        snprintf(candidate, sizeof candidate, "-%s", parameter->name);
    offer(completing, candidate, parameter->explanation);
}

static void offer_parameters(struct completing *completing, const struct operation *operation, bool ordinary)
{
    static const char *const fixed[][2] = {{"--json", "one JSON array"}, {"--csv", "comma-separated values"}, {"--table", "a table"},
                                           {"--list", "a list of properties"}, {"--help", "what it does and takes"}};
    for (const struct operation_parameter *p = operation->parameters; p && p->name; p++)
        offer_option(completing, p, ordinary);
    if (operation->flags & OPERATION_CHANGES && ordinary) {
        offer(completing, "--dry-run", operation_common_parameters[0].explanation);
        offer(completing, "--yes", "asks nothing");
    } else if (operation->flags & OPERATION_CHANGES) {
        offer_option(completing, &operation_common_parameters[0], false);
        offer_option(completing, &operation_common_parameters[1], false);
    }
    for (unsigned i = 0; i < sizeof fixed / sizeof *fixed && ordinary; i++)
        offer(completing, fixed[i][0], fixed[i][1]);
    if (ordinary && !(operation->flags & OPERATION_CLIENT)) {
        offer(completing, "--config", "the configuration of this machine's server");
        offer(completing, "--server", "a server elsewhere, by HTTPS");
    }
}

static void complete_operation(struct completing *completing, const struct operation *operation, bool ordinary)
{
    const char *last = completing->words[completing->count - 1];
    for (const struct operation_parameter *p = operation->parameters; p && p->name; p++)
        if (p->kind != OPERATION_SWITCH && is_named(completing, operation, p, last)) {
            offer_values(completing, p, last[1] == '-');
            return;
        }
    if (completing->typed[0] == '-')
        offer_parameters(completing, operation, completing->typed[1] == '-' || (ordinary && !completing->typed[1]));
}

/* --- all --- */

static void complete(struct completing *completing)
{
    int word_count = 0;
    const char *first = completing->count ? completing->words[0] : "";
    const struct operation *operation = operation_command_find(completing->count, completing->words, &word_count);
    const struct command *command = NULL, *row;
    for (size_t i = 0; (row = command_at(i)); i++)
        if (row->summary && !strcmp(row->name, first))
            command = row;
    if (!completing->count || (completing->count == 1 && !strcmp(first, "help"))) {
        offer_commands(completing);
        offer_ordinary(completing, "");
        offer_names(completing);
    } else if (operation) {
        complete_operation(completing, operation, !strchr(first, '-') && operation->command);
    } else {
        if (completing->count == 1)
            offer_ordinary(completing, first);
        if (command && completing->typed[0] == '-')
            offer_options_of_usage(completing, command);
        else if (command && completing->count == 1)
            offer_forms(completing, command);
    }
}

static int run(const struct command *command, int argc, char **argv)
{
    int index = argc > 1 ? atoi(argv[1]) : 0;
    struct completing completing = {.words = argv + 3, .typed = ""};
    if (index < 1 || index > argc - 2)
        return command_usage_error(command, "say INDEX and the words of the line");
    completing.count = index - 1;
    if (index < argc - 2)
        completing.typed = argv[2 + index];
    complete(&completing);
    arena_free(&completing.arena);
    return COMMAND_DONE;
}

const struct command command_complete = {
    .name = "complete",
    .usage = "mapihttp complete INDEX WORD...\n",
    .run = run,
};
