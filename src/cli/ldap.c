/* mapihttp ldap */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/local_directory.h"
#include "cli/output.h"
#include "cli/recorded_change.h"
#include "directory/embedded.h"
#include "directory/ldap.h"
#include "server/directory_backend.h"

#define CONFIG_PATH_DEFAULT "/etc/mapihttp/mapihttp.conf"
#define ENTRIES_OF_A_PAGE 1000u

struct options {
    const char *config, *action, *name;
    bool as_json;
    int argument_count; /* as typed, for the record of changes */
    char **arguments;
};

/* The directory as the server would open it. */
static struct directory *open_backend(const struct command *command, const struct options *options)
{
    struct config *config;
    struct config_error error;
    struct directory *directory = NULL;
    signal(SIGPIPE, SIG_IGN);
    if (!config_read(options->config ? options->config : CONFIG_PATH_DEFAULT, &config, &error)) {
        command_failed(command, "%s", error.text);
        return NULL;
    }
    if (strcmp(config->directory_backend, "ldap") != 0)
        command_failed(command, "the configuration has its users in its own file: [directory] backend = %s", config->directory_backend);
    else if (!(directory = directory_backend_open(config)))
        command_failed(command, "the directory cannot be opened");
    config_free(config);
    return directory;
}

/* --- actions --- */

static int check(const struct command *command, struct directory *directory, const struct options *options)
{
    struct arena arena = {0};
    struct guid after;
    struct directory_entry *entries;
    uint32_t counts[DIRECTORY_KIND_COUNT] = {0}, count, total = 0;
    enum directory_status status;
    do {
        status = directory_entries(directory, &arena, total ? &after : NULL, ENTRIES_OF_A_PAGE, &count, &entries);
        for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
            counts[entries[i].kind]++;
            after = entries[i].id;
            total++;
        }
        arena_reset(&arena);
    } while (status == DIRECTORY_OK && count == ENTRIES_OF_A_PAGE);
    arena_free(&arena);
    if (status != DIRECTORY_OK)
        return command_failed(command, "%s", directory_status_text(status));
    for (unsigned kind = 0; kind < DIRECTORY_KIND_COUNT; kind++)
        printf("%-14s %u\n", directory_kind_names[kind], counts[kind]);
    return total ? COMMAND_DONE : command_failed(command, "there is nobody: look at base_dn and the filters");
}

static int find(const struct command *command, struct directory *directory, struct arena *arena, const char *name,
                struct directory_entry *ret_entry)
{
    enum directory_status status = directory_find_entry(directory, arena, DIRECTORY_KEY_LOGON, name, ret_entry);
    return status == DIRECTORY_OK ? COMMAND_DONE : command_failed(command, "%s: %s", name, directory_status_text(status));
}

static void add_user(json_t *row, const struct directory_user *user)
{
    char text[GUID_TEXT_SIZE];
    guid_format(user->mailbox_guid, text);
    json_object_set_new(row, "mailbox", json_string(text));
    json_object_set_new(row, "principal", output_string(user->principal));
    json_object_set_new(row, "enabled", json_boolean(user->enabled));
    json_object_set_new(row, "administrator", json_boolean(user->administrator));
    json_object_set_new(row, "mapi", json_boolean(user->mapi_enabled));
}

static int show(const struct command *command, struct directory *directory, const struct options *options)
{
    static const struct output_column columns[] = {
        {"account", "Account", false}, {"display_name", "Name", false}, {"kind", "Kind", false}, {"addresses", "Addresses", false},
        {"id", "Id", false}, {"legacy_dn", "Distinguished name", false}, {"hidden", "Hidden", false}, {"members", "Members", true},
        {"mailbox", "Mailbox", false}, {"principal", "Principal", false}, {"enabled", "May log on", false},
        {"administrator", "Administrator", false}, {"mapi", "May use MAPI", false}};
    struct arena arena = {0};
    struct directory_entry entry;
    struct directory_user user;
    char id[GUID_TEXT_SIZE];
    int result = find(command, directory, &arena, options->name, &entry);
    if (result == COMMAND_DONE) {
        struct buffer addresses = {0};
        json_t *row = json_object();
        for (uint32_t i = 0; i < entry.address_count; i++)
            buffer_append_format(&addresses, "%s%s", i ? " " : "", entry.addresses[i]);
        guid_format(entry.id, id);
        json_object_set_new(row, "account", output_string(entry.account));
        json_object_set_new(row, "display_name", output_string(entry.display_name));
        json_object_set_new(row, "kind", json_string(directory_kind_names[entry.kind]));
        json_object_set_new(row, "addresses", output_string(buffer_string(&addresses)));
        json_object_set_new(row, "id", json_string(id));
        json_object_set_new(row, "legacy_dn", output_string(entry.legacy_dn));
        json_object_set_new(row, "hidden", json_boolean(entry.hidden));
        json_object_set_new(row, "members", json_integer(entry.member_count));
        if (directory_kind_has_mailbox(entry.kind) && directory_find(directory, &arena, DIRECTORY_KEY_ID, id, &user) == DIRECTORY_OK)
            add_user(row, &user);
        result = output_object(row, columns, sizeof columns / sizeof *columns, options->as_json) ? COMMAND_DONE : COMMAND_FAILED;
        json_decref(row);
        buffer_free(&addresses);
    }
    arena_free(&arena);
    return result;
}

/* Prints the account; makes the entry where there is none. */
static int beside(const struct command *command, struct directory *directory, const struct options *options)
{
    struct arena arena = {0};
    struct directory_entry entry, there;
    struct embedded_error error = {0};
    char account[GUID_TEXT_SIZE];
    int result = find(command, directory, &arena, options->name, &entry);
    struct directory *local = result == COMMAND_DONE ? local_directory_open(command, options->config, false) : NULL;
    if (result == COMMAND_DONE && !local)
        result = COMMAND_FAILED;
    if (local) {
        const char *display_name = arena_format(&arena, "%s (beside)", entry.display_name);
        enum directory_kind kind = entry.kind == DIRECTORY_CONTACT ? DIRECTORY_USER : entry.kind;
        struct recorded_change change; /* of the file of our own: that is what changes */
        ldap_directory_beside(entry.id, account);
        recorded_change_begin(&change, command, options->config, local, account);
        enum directory_status status = directory_find_entry(local, &arena, DIRECTORY_KEY_LOGON, account, &there);
        if (status == DIRECTORY_NOT_FOUND)
            status = embedded_directory_add_entry(local, &arena, &(struct embedded_entry){
                .kind = kind, .account = account, .display_name = display_name, .hidden = true}, NULL, &error);
        if (status == DIRECTORY_OK)
            printf("%s\n", account);
        else
            result = command_failed(command, "%s", *error.text ? error.text : directory_status_text(status));
        result = recorded_change_end(&change, options->argument_count, options->arguments, result);
        directory_close(local);
    }
    arena_free(&arena);
    return result;
}

/* --- words --- */

static int run(const struct command *command, int argc, char **argv)
{
    struct options options = {.action = "", .argument_count = argc, .arguments = argv};
    for (int i = 1; i < argc; i++) {
        int taken = local_directory_option(command, argc, argv, &i, &options.config);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken > 0)
            continue;
        if (!strcmp(argv[i], "--json"))
            options.as_json = true;
        else if (!*options.action)
            options.action = argv[i];
        else if (!options.name && argv[i][0] != '-')
            options.name = argv[i];
        else
            return command_usage_error(command, "'%s' is too much", argv[i]);
    }
    int (*action)(const struct command *, struct directory *, const struct options *) =
        !strcmp(options.action, "check") ? check : !strcmp(options.action, "show") ? show : !strcmp(options.action, "beside") ? beside : NULL;
    if (!action)
        return command_usage_error(command, "say beside, check or show");
    if ((action == check) != !options.name)
        return command_usage_error(command, action == check ? "'check' takes no name" : "whom?");
    struct directory *directory = open_backend(command, &options);
    if (!directory)
        return COMMAND_FAILED;
    int result = action(command, directory, &options);
    directory_close(directory);
    return result;
}

const struct command command_ldap = {
    .name = "ldap",
    .summary = "what this server sees on the LDAP server of its users",
    .usage = "mapihttp ldap check\n"
             "mapihttp ldap show NAME [--json]\n"
             "mapihttp ldap beside NAME\n"
             "\n"
             "For a server with [directory] backend = ldap. 'check' reads the whole address book and says how many of\n"
             "each kind there are, and on standard error what is wrong. 'show' says what is known of an account or\n"
             "address. 'beside' makes the entry of the server's own file that holds what LDAP does not (switches,\n"
             "rights, an NT hash), and prints its name for 'mapihttp user set', 'mapihttp right' and others.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --json                  for programs\n",
    .run = run,
};
