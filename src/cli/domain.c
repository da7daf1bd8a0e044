/* mapihttp domain */
#include <stdio.h>
#include <string.h>

#include "cli/entry_command.h"
#include "cli/local_directory.h"
#include "cli/recorded_change.h"

static int list(const struct command *command, struct directory *directory)
{
    struct arena arena = {0};
    struct directory_organization organization;
    int result = entry_report(command, "domain", directory_organization(directory, &arena, &organization), NULL);
    for (uint32_t i = 0; result == COMMAND_DONE && i < organization.domain_count; i++)
        printf("%s%s\n", organization.domains[i], i == 0 ? " (default)" : "");
    arena_free(&arena);
    return result;
}

static int run(const struct command *command, int argc, char **argv)
{
    static const struct {
        const char *name;
        enum directory_status (*change)(struct directory *, const char *, struct embedded_error *);
    } changes[] = {
        {"add", embedded_directory_add_domain}, {"remove", embedded_directory_remove_domain},
        {"set-default", embedded_directory_set_default_domain},
    };
    const char *action = argc > 1 ? argv[1] : "", *config = NULL, *domain = NULL;
    for (int i = 2; i < argc; i++) {
        int taken = local_directory_option(command, argc, argv, &i, &config);
        if (taken < 0)
            return COMMAND_USAGE;
        if (!taken && (argv[i][0] == '-' || domain))
            return command_usage_error(command, "'%s' is not an option, nor the one domain", argv[i]);
        if (!taken)
            domain = argv[i];
    }
    size_t found = 0;
    while (found < 3 && strcmp(changes[found].name, action) != 0)
        found++;
    bool listing = !strcmp(action, "list");
    if (found == 3 && !listing)
        return command_usage_error(command, "say add, list, remove or set-default");
    if (listing == (domain != NULL))
        return command_usage_error(command, listing ? "'%s' takes no domain" : "'%s' needs a domain", action);
    struct directory *directory = local_directory_open(command, config, false);
    struct embedded_error error = {0};
    if (!directory)
        return COMMAND_FAILED;
    int result;
    if (listing) {
        result = list(command, directory);
    } else {
        struct recorded_change change;
        recorded_change_begin(&change, command, config, directory, "");
        result = entry_report(command, domain, changes[found].change(directory, domain, &error), &error);
        result = recorded_change_end(&change, argc, argv, result);
    }
    directory_close(directory);
    return result;
}

const struct command command_domain = {
    .name = "domain",
    .summary = "the mail domains that are this organization's own",
    .usage = "mapihttp domain add DOMAIN\n"
             "mapihttp domain list\n"
             "mapihttp domain remove DOMAIN\n"
             "mapihttp domain set-default DOMAIN\n"
             "\n"
             "Administers the directory of the server on this machine. New users get their address in the default\n"
             "domain; a domain in which somebody has an address is not removed.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE,
    .run = run,
};
