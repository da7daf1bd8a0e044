/* mapihttp organization */
#include <stdio.h>
#include <string.h>

#include "cli/entry_command.h"
#include "cli/local_directory.h"
#include "cli/recorded_change.h"
#include "directory/names.h"

struct options {
    const char *config, *name, *domain, *netbios_name, *mapi_http, *public_folder_mailbox;
};

static int initialize(const struct command *command, const struct options *options, int argc, char **argv)
{
    if (!options->name || !options->domain)
        return command_usage_error(command, "init needs --name and --domain");
    if (!organization_name_allowed(options->name))
        return command_failed(command, "'%s': " ORGANIZATION_NAME_RULE, options->name);
    if (!domain_allowed(options->domain))
        return command_failed(command, "'%s': " DOMAIN_RULE, options->domain);
    if (options->netbios_name && !account_allowed(options->netbios_name))
        return command_failed(command, "NetBIOS name '%s': " ACCOUNT_RULE, options->netbios_name);
    struct directory *directory = local_directory_open(command, options->config, true);
    if (!directory)
        return COMMAND_FAILED;
    struct recorded_change change;
    recorded_change_begin(&change, command, options->config, directory, "");
    enum directory_status status = embedded_directory_set_organization(directory, options->name, options->domain,
                                                                       options->netbios_name);
    int result = status == DIRECTORY_OK       ? COMMAND_DONE
                 : status == DIRECTORY_EXISTS ? command_failed(command, "there is another organization already; 'mapihttp organization show' says which")
                                              : command_failed(command, "%s: %s", options->name, directory_status_text(status));
    result = recorded_change_end(&change, argc, argv, result);
    directory_close(directory);
    if (result == COMMAND_DONE)
        printf("organization %s, domain %s\n", options->name, options->domain);
    return result;
}

static int show(const struct command *command, const struct options *options)
{
    struct directory *directory = local_directory_open(command, options->config, false);
    struct arena arena = {0};
    struct directory_organization organization;
    if (!directory)
        return COMMAND_FAILED;
    enum directory_status status = directory_organization(directory, &arena, &organization);
    if (status == DIRECTORY_OK) {
        printf("name       %s\ndomain     %s\nNetBIOS    %s\nMAPI/HTTP  %s\n", organization.name, organization.domain,
               organization.netbios_name, organization.mapi_http_enabled ? "on" : "off");
        for (uint32_t i = 1; i < organization.domain_count; i++)
            printf("domain     %s\n", organization.domains[i]);
    }
    arena_free(&arena);
    directory_close(directory);
    return status == DIRECTORY_OK ? COMMAND_DONE : command_failed(command, "%s", directory_status_text(status));
}

/* The switches; what is not said stays. */
static int change(const struct command *command, const struct options *options, int argc, char **argv)
{
    struct embedded_organization_change change = {.netbios_name = options->netbios_name};
    struct guid none = {{0}};
    if (options->mapi_http) {
        change.mapi_http_enabled = !strcmp(options->mapi_http, "on") ? DIRECTORY_ON : DIRECTORY_OFF;
        if (change.mapi_http_enabled == DIRECTORY_OFF && strcmp(options->mapi_http, "off") != 0)
            return command_usage_error(command, "--mapi-http takes 'on' or 'off', not '%s'", options->mapi_http);
    } else if (!options->netbios_name && !options->public_folder_mailbox) {
        return command_usage_error(command, "set needs --mapi-http, --netbios or --public-folder-mailbox");
    }
    struct directory *directory = local_directory_open(command, options->config, false);
    struct arena arena = {0};
    struct directory_entry mailbox;
    struct embedded_error error = {0};
    int result = directory ? COMMAND_DONE : COMMAND_FAILED;
    if (result == COMMAND_DONE && options->public_folder_mailbox) {
        change.public_folder_mailbox = &none;
        if (strcmp(options->public_folder_mailbox, "none") != 0) {
            result = entry_find(command, directory, &arena, 1u << DIRECTORY_PUBLIC_FOLDER_MAILBOX,
                                options->public_folder_mailbox, &mailbox);
            change.public_folder_mailbox = &mailbox.id;
        }
    }
    if (result == COMMAND_DONE) {
        struct recorded_change recorded;
        recorded_change_begin(&recorded, command, options->config, directory, "");
        result = entry_report(command, "organization", embedded_directory_change_organization(directory, &change, &error), &error);
        result = recorded_change_end(&recorded, argc, argv, result);
    }
    directory_close(directory);
    arena_free(&arena);
    return result;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct options options = {0};
    const char *action = argc > 1 ? argv[1] : "";
    for (int i = 2; i < argc; i++) {
        int taken = local_directory_option(command, argc, argv, &i, &options.config);
        const char **place = !strcmp(argv[i], "--name")      ? &options.name
                             : !strcmp(argv[i], "--domain")  ? &options.domain
                             : !strcmp(argv[i], "--netbios") ? &options.netbios_name
                             : !strcmp(argv[i], "--mapi-http") ? &options.mapi_http
                             : !strcmp(argv[i], "--public-folder-mailbox") ? &options.public_folder_mailbox : NULL;
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!place || i + 1 == argc)
            return command_usage_error(command, place ? "%s needs a value" : "no option '%s'", argv[i]);
        *place = argv[++i];
    }
    if (!strcmp(action, "init"))
        return initialize(command, &options, argc, argv);
    if (!strcmp(action, "show"))
        return show(command, &options);
    if (!strcmp(action, "set") && !options.name && !options.domain)
        return change(command, &options, argc, argv);
    return command_usage_error(command, "say 'init', 'set' (with neither --name nor --domain) or 'show'");
}

const struct command command_organization = {
    .name = "organization",
    .summary = "name the organization of this server, once, before its users, and set its switches",
    .usage = "mapihttp organization init --name NAME --domain DOMAIN [--netbios NAME]\n"
             "mapihttp organization set [--mapi-http on|off] [--netbios NAME] [--public-folder-mailbox ALIAS|none]\n"
             "mapihttp organization show\n"
             "\n"
             "Administers the directory of the server on this machine. The organization's name stands in the\n"
             "distinguished names of all users, so it is not changed later. Users have their addresses in the domain\n"
             "and may log on as DOMAIN\\user with the NetBIOS name, by default the domain's first part.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --name NAME             such as 'Example'\n"
             "  --domain DOMAIN         such as example.org\n"
             "  --netbios NAME          such as EXAMPLE\n"
             "  --mapi-http on|off      whether mailboxes may use MAPI over HTTP that do not say so themselves\n"
             "  --public-folder-mailbox ALIAS|none   where public folders are, made by 'mapihttp shared add --public-folder'\n",
    .run = run,
};
