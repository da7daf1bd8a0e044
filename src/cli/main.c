/* The 'mapihttp' command: finds the sub-command. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/operation_command.h"
#include "cli/operation_help.h"

/* One row a sub-command, in the order in which 'mapihttp help' shows them. */
static const struct command *const commands[] = {
    &command_address_list,
    &command_compare,
    &command_complete,
    &command_contact,
    &command_decode,
    &command_directory,
    &command_discover,
    &command_dns,
    &command_domain,
    &command_export,
    &command_folders,
    &command_gal,
    &command_get,
    &command_group,
    &command_help,
    &command_import,
    &command_ldap,
    &command_list,
    &command_log,
    &command_oab,
    &command_organization,
    &command_probe,
    &command_put,
    &command_resolve,
    &command_right,
    &command_room,
    &command_shared,
    &command_shell,
    &command_show,
    &command_status,
    &command_test,
    &command_user,
    &command_watch,
    &command_whoami,
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void complain(const struct command *command, const char *format, va_list arguments)
{
    fflush(stdout);
    fprintf(stderr, "mapihttp %s: ", command->name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int command_usage_error(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(command, format, arguments);
    va_end(arguments);
    fprintf(stderr, "See 'mapihttp help %s'.\n", command->name);
    return COMMAND_USAGE;
}

int command_failed(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(command, format, arguments);
    va_end(arguments);
    return COMMAND_FAILED;
}

const struct command *command_at(size_t index)
{
    return index < COMMAND_COUNT ? commands[index] : NULL;
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown(const char *name)
{
    fprintf(stderr, "mapihttp: no command '%s'; 'mapihttp help' lists them.\n", name);
    return COMMAND_USAGE;
}

/* 'mapihttp cas' alone, or 'mapihttp cas sett'. */
static int unknown_words(int argc, char **argv)
{
    FILE *file = argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr;
    if (argc > 1 && argv[1][0] == '{') {
        fprintf(stderr, "mapihttp: no command '%s'. Where '?' was meant: a shell puts a file's name for it, where there is one of a single "
                        "character; type 'where'.\n", argv[0]);
        return COMMAND_USAGE;
    }
    if (strchr(argv[0], '-') || !operation_help_list(file, argv[0]))
        return unknown(argv[0]);
    if (file == stdout)
        return COMMAND_DONE;
    if (argc > 1)
        fprintf(stderr, "mapihttp: no command '%s %s'; those above are there.\n", argv[0], argv[1]);
    return COMMAND_USAGE;
}

/* 'mapihttp help cas set', 'mapihttp help Set-CasMailbox', 'mapihttp help cas'. False: there is nothing of that name. */
static bool help_operation(int argc, char **argv)
{
    int word_count = 0;
    const struct operation *operation = operation_command_find(argc, argv, &word_count);
    if (operation && word_count == argc)
        operation_help_print(stdout, operation);
    return (operation && word_count == argc) || (argc == 1 && operation_help_list(stdout, argv[0]));
}

static int run_help(const struct command *command, int argc, char **argv)
{
    const struct command *asked = argc == 2 ? find(argv[1]) : NULL;
    if (asked)
        fputs(asked->usage, stdout);
    bool found = argc > 1 && help_operation(argc - 1, argv + 1);
    if (asked || found)
        return COMMAND_DONE;
    if (argc > 2)
        return command_usage_error(command, "one command at a time");
    if (argc == 2)
        return unknown(argv[1]);
    puts("mapihttp: a client of any MAPI/HTTP server, and the administration of ours\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i]->summary)
            printf("  %-14s %s\n", commands[i]->name, commands[i]->summary);
    puts("\nOperating a server, by ordinary commands and by the names that Exchange has for them:\n");
    operation_help_list(stdout, NULL);
    puts("\n'mapihttp help COMMAND' or 'mapihttp COMMAND --help' says more. 'mapihttp --version' says which this is.");
    return COMMAND_DONE;
}

const struct command command_help = {
    .name = "help",
    .summary = "say what the commands are and how one is used",
    .usage = "mapihttp help [COMMAND]\n"
             "mapihttp help NAME\n"
             "\n"
             "NAME is an operation by either of its names (Set-CasMailbox, cas set), or the beginning of several (cas).\n",
    .run = run_help,
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        run_help(&command_help, 1, argv);
        return COMMAND_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("mapihttp " MAPIHTTP_VERSION);
        return COMMAND_DONE;
    }
    if (strcmp(argv[1], "--help") == 0)
        return run_help(&command_help, 1, argv);
    int word_count = 0;
    const struct operation *operation = operation_command_find(argc - 1, argv + 1, &word_count);
    if (operation)
        return operation_command_run(operation, argc - 1 - word_count, argv + 1 + word_count);
    const struct command *command = find(argv[1]);
    if (!command)
        return unknown_words(argc - 1, argv + 1);
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(command->usage, stdout);
            return COMMAND_DONE;
        }
    return command->run(command, argc - 1, argv + 1);
}
