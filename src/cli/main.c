/* The 'mapihttp' command: finds the sub-command. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

/* One row a sub-command, in the order in which 'mapihttp help' shows them. */
static const struct command *const commands[] = {
    &command_address_list,
    &command_compare,
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

static int run_help(const struct command *command, int argc, char **argv)
{
    if (argc > 2)
        return command_usage_error(command, "one command at a time");
    const struct command *asked = argc == 2 ? find(argv[1]) : NULL;
    if (argc == 2 && !asked)
        return unknown(argv[1]);
    if (asked) {
        fputs(asked->usage, stdout);
        return COMMAND_DONE;
    }
    puts("mapihttp: a client of any MAPI/HTTP server, and the administration of ours\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-14s %s\n", commands[i]->name, commands[i]->summary);
    puts("\n'mapihttp help COMMAND' or 'mapihttp COMMAND --help' says more. 'mapihttp --version' says which this is.");
    return COMMAND_DONE;
}

const struct command command_help = {
    .name = "help",
    .summary = "say what the commands are and how one is used",
    .usage = "mapihttp help [COMMAND]\n",
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
    const struct command *command = find(argv[1]);
    if (!command)
        return unknown(argv[1]);
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(command->usage, stdout);
            return COMMAND_DONE;
        }
    return command->run(command, argc - 1, argv + 1);
}
