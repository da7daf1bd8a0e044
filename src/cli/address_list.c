/* mapihttp address-list */
#include <stdio.h>
#include <string.h>

#include "cli/entry_command.h"
#include "cli/local_directory.h"
#include "cli/recorded_change.h"

static int list(const struct command *command, struct directory *directory)
{
    struct arena arena = {0};
    struct directory_address_list *lists;
    uint32_t count = 0;
    int result = entry_report(command, "address-list", directory_address_lists(directory, &arena, &count, &lists), NULL);
    for (uint32_t i = 0; result == COMMAND_DONE && i < count; i++)
        printf("%-28s %s\n", lists[i].name, lists[i].rule);
    arena_free(&arena);
    return result;
}

static int remove_list(const struct command *command, struct directory *directory, const char *name)
{
    struct arena arena = {0};
    struct directory_address_list *lists;
    struct embedded_error error = {0};
    uint32_t count = 0, found = 0;
    int result = entry_report(command, "address-list", directory_address_lists(directory, &arena, &count, &lists), NULL);
    while (result == COMMAND_DONE && found < count && strcmp(lists[found].name, name) != 0)
        found++;
    if (result == COMMAND_DONE && found == count)
        result = command_failed(command, "%s: there is no such address list", name);
    if (result == COMMAND_DONE)
        result = entry_report(command, name, embedded_directory_remove_address_list(directory, lists[found].id, &error), &error);
    arena_free(&arena);
    return result;
}

static int run(const struct command *command, int argc, char **argv)
{
    const char *action = argc > 1 ? argv[1] : "", *config = NULL, *name = NULL, *rule = NULL;
    for (int i = 2; i < argc; i++) {
        int taken = local_directory_option(command, argc, argv, &i, &config);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!strcmp(argv[i], "--rule") && i + 1 < argc)
            rule = argv[++i];
        else if (argv[i][0] == '-' || name)
            return command_usage_error(command, "'%s' is not an option with a value, nor the one name", argv[i]);
        else
            name = argv[i];
    }
    bool adding = !strcmp(action, "add"), removing = !strcmp(action, "remove");
    if (!adding && !removing && strcmp(action, "list") != 0)
        return command_usage_error(command, "say add, list or remove");
    if ((adding || removing) != (name != NULL) || adding != (rule != NULL))
        return command_usage_error(command, "'add' needs a name and --rule, 'remove' a name, 'list' neither");
    struct directory *directory = local_directory_open(command, config, false);
    struct embedded_error error = {0};
    if (!directory)
        return COMMAND_FAILED;
    int result;
    if (adding || removing) {
        struct recorded_change change;
        recorded_change_begin(&change, command, config, directory, "");
        result = adding ? entry_report(command, name, embedded_directory_add_address_list(directory, name, rule, NULL, &error), &error)
                        : remove_list(command, directory, name);
        result = recorded_change_end(&change, argc, argv, result);
    } else {
        result = list(command, directory);
    }
    directory_close(directory);
    return result;
}

const struct command command_address_list = {
    .name = "address-list",
    .summary = "the lists beside the global address list that Outlook shows",
    .usage = "mapihttp address-list add NAME --rule RULE\n"
             "mapihttp address-list list\n"
             "mapihttp address-list remove NAME\n"
             "\n"
             "Administers the directory of the server on this machine. A list shows the entries that its rule matches, such\n"
             "as '(&(kind=user)(department=Sales))'; the notation is that of LDAP filters, docs/directory.md has its names.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --rule RULE             which entries\n",
    .run = run,
};
