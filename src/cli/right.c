/* mapihttp right */
#include <jansson.h>
#include <string.h>

#include "cli/entry_command.h"
#include "cli/local_directory.h"
#include "cli/output.h"
#include "cli/recorded_change.h"

struct options {
    const char *config, *right, *names[2];
    unsigned name_count;
    bool no_automap, as_json;
};

static int read_right(const struct command *command, const char *word, enum directory_right *ret_right)
{
    for (unsigned i = 0; i < DIRECTORY_RIGHT_COUNT; i++) {
        if (!strcmp(directory_right_names[i], word)) {
            *ret_right = i;
            return COMMAND_DONE;
        }
    }
    return command_usage_error(command, "--right takes full-access, send-as, send-on-behalf or manage-members, not '%s'", word);
}

static int change(const struct command *command, struct directory *directory, const struct options *options, bool grant)
{
    struct arena arena = {0};
    struct directory_entry owner, actor;
    struct embedded_error error = {0};
    enum directory_right right = DIRECTORY_FULL_ACCESS;
    int result = read_right(command, options->right, &right);
    if (result == COMMAND_DONE)
        result = entry_find(command, directory, &arena, ENTRY_KINDS_ALL, options->names[0], &owner);
    if (result == COMMAND_DONE)
        result = entry_find(command, directory, &arena, ENTRY_KINDS_ALL, options->names[1], &actor);
    if (result == COMMAND_DONE) {
        struct embedded_grant given = {.owner = owner.id, .actor = actor.id, .right = right,
                                       .automap = right == DIRECTORY_FULL_ACCESS && !options->no_automap};
        enum directory_status status = grant ? embedded_directory_grant(directory, &given, &error)
                                             : embedded_directory_revoke(directory, owner.id, right, actor.id, &error);
        result = entry_report(command, owner.account, status, &error);
    }
    arena_free(&arena);
    return result;
}

static const char *name_of(struct directory *directory, struct arena *arena, struct guid id)
{
    char *text = arena_allocate(arena, GUID_TEXT_SIZE);
    struct directory_entry entry;
    if (!text)
        return "";
    guid_format(id, text);
    return directory_find_entry(directory, arena, DIRECTORY_KEY_ID, text, &entry) == DIRECTORY_OK ? entry.account : text;
}

static int list(const struct command *command, struct directory *directory, const struct options *options)
{
    static const struct output_column columns[] = {
        {"owner", "Mailbox or group", false}, {"right", "Right", false}, {"actor", "Given to", false},
        {"automap", "Opened by Outlook itself", false}};
    struct arena arena = {.size_max = SIZE_MAX};
    struct directory_entry owner;
    struct embedded_grant *grants;
    uint32_t count;
    int result = COMMAND_DONE;
    if (options->name_count)
        result = entry_find(command, directory, &arena, ENTRY_KINDS_ALL, options->names[0], &owner);
    if (result == COMMAND_DONE)
        result = entry_report(command, "right", embedded_directory_grants(directory, &arena, options->name_count ? &owner.id : NULL,
                                                                          NULL, &count, &grants), NULL);
    if (result == COMMAND_DONE) {
        json_t *rows = json_array();
        for (uint32_t i = 0; i < count; i++)
            json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:b}", "owner", name_of(directory, &arena, grants[i].owner),
                                                  "right", directory_right_names[grants[i].right], "actor",
                                                  name_of(directory, &arena, grants[i].actor), "automap", grants[i].automap));
        if (!output_rows(rows, columns, 4, options->as_json))
            result = command_failed(command, "standard output cannot be written");
        json_decref(rows);
    }
    arena_free(&arena);
    return result;
}

static int read_options(const struct command *command, int argc, char **argv, struct options *options)
{
    for (int i = 2; i < argc; i++) {
        int taken = local_directory_option(command, argc, argv, &i, &options->config);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!strcmp(argv[i], "--no-automap"))
            options->no_automap = true;
        else if (!strcmp(argv[i], "--json"))
            options->as_json = true;
        else if (!strcmp(argv[i], "--right") && i + 1 < argc)
            options->right = argv[++i];
        else if (argv[i][0] == '-')
            return command_usage_error(command, strcmp(argv[i], "--right") ? "no option '%s'" : "%s needs a value", argv[i]);
        else if (options->name_count == 2)
            return command_usage_error(command, "'%s': too many names", argv[i]);
        else
            options->names[options->name_count++] = argv[i];
    }
    return COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct options options = {0};
    const char *action = argc > 1 ? argv[1] : "";
    bool listing = !strcmp(action, "list"), granting = !strcmp(action, "grant");
    if (!listing && !granting && strcmp(action, "revoke") != 0)
        return command_usage_error(command, "say grant, list or revoke");
    int result = read_options(command, argc, argv, &options);
    if (result != COMMAND_DONE)
        return result;
    if (!listing && (options.name_count != 2 || !options.right))
        return command_usage_error(command, "'%s' needs a mailbox or group, to whom, and --right", action);
    if (listing && options.name_count > 1)
        return command_usage_error(command, "'list' takes one name at most");
    struct directory *directory = local_directory_open(command, options.config, false);
    if (!directory)
        return COMMAND_FAILED;
    if (listing) {
        result = list(command, directory, &options);
    } else {
        struct recorded_change recorded;
        recorded_change_begin(&recorded, command, options.config, directory, options.names[0]);
        result = recorded_change_end(&recorded, argc, argv, change(command, directory, &options, granting));
    }
    directory_close(directory);
    return result;
}

const struct command command_right = {
    .name = "right",
    .summary = "who may open whose mailbox, send for whom, and change which group",
    .usage = "mapihttp right grant MAILBOX ACTOR --right RIGHT [--no-automap]\n"
             "mapihttp right revoke MAILBOX ACTOR --right RIGHT\n"
             "mapihttp right list [MAILBOX] [--json]\n"
             "\n"
             "Administers the directory of the server on this machine. ACTOR is a user or a group: its members then have\n"
             "the right, those of groups in it too. RIGHT is full-access (opens the mailbox as its owner would), send-as,\n"
             "send-on-behalf, or of a group manage-members.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --right RIGHT           full-access, send-as, send-on-behalf or manage-members\n"
             "  --no-automap            Autodiscover does not tell Outlook to open the mailbox by itself\n"
             "  --json                  for programs\n",
    .run = run,
};
