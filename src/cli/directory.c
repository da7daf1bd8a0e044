/* mapihttp directory */
#include <stdio.h>
#include <string.h>

#include "cli/entry_command.h"
#include "cli/local_directory.h"

static int print_attributes(void)
{
    static const char *const kinds[] = {
        [DIRECTORY_VALUE_TEXT] = "text", [DIRECTORY_VALUE_BINARY] = "bytes", [DIRECTORY_VALUE_NUMBER] = "number",
        [DIRECTORY_VALUE_BOOLEAN] = "yes or no", [DIRECTORY_VALUE_REFERENCE] = "an entry"};
    for (unsigned i = 0; i < DIRECTORY_ATTRIBUTE_COUNT; i++) {
        const struct directory_attribute_definition *attribute = &directory_attributes[i];
        printf("%-30s %-10s %s%s\n", attribute->name, kinds[attribute->kind], attribute->title,
               attribute->multiple ? " (several)" : "");
    }
    return COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    const char *action = argc > 1 ? argv[1] : "";
    if (!strcmp(action, "attributes") && argc == 2)
        return print_attributes();
    if (strcmp(action, "list") != 0 && strcmp(action, "show") != 0 && strcmp(action, "import") != 0 &&
        strcmp(action, "remove") != 0)
        return command_usage_error(command, "say attributes, import, list, remove or show");
    return entry_command_run(command, DIRECTORY_USER, ENTRY_KINDS_ALL, argc, argv);
}

const struct command command_directory = {
    .name = "directory",
    .summary = "entries of every kind in the directory of this server",
    .usage = "mapihttp directory import FILE [--format csv|ldif] [--update] [--dry-run]\n"
             "mapihttp directory list [--json]\n"
             "mapihttp directory show NAME [--json]\n"
             "mapihttp directory remove NAME\n"
             "mapihttp directory attributes\n"
             "\n"
             "What 'mapihttp user', 'group', 'contact', 'room' and 'shared' do, for all kinds at once: an import takes\n"
             "the kind from the column 'kind', or in LDIF from objectClass, and is done whole or not at all.\n"
             "'attributes' lists what an entry can have.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             ENTRY_IMPORT_USAGE
             "  --json                  for programs\n",
    .run = run,
};
