/* mapihttp group */
#include "cli/entry_command.h"
#include "cli/local_directory.h"

static int run(const struct command *command, int argc, char **argv)
{
    return entry_command_run(command, DIRECTORY_GROUP, 1u << DIRECTORY_GROUP | 1u << DIRECTORY_DYNAMIC_GROUP, argc, argv);
}

const struct command command_group = {
    .name = "group",
    .summary = "add, list and change distribution groups",
    .usage = "mapihttp group add GROUP [--display-name NAME] [--email ADDRESS]... [--rule RULE] [options]\n"
             "mapihttp group list [--json]\n"
             "mapihttp group show GROUP [--json]\n"
             "mapihttp group set GROUP [options]\n"
             "mapihttp group members GROUP [--json]\n"
             "mapihttp group add-member GROUP MEMBER...\n"
             "mapihttp group remove-member GROUP MEMBER...\n"
             "mapihttp group remove GROUP\n"
             "mapihttp group import FILE [--format csv|ldif] [--update] [--dry-run]\n"
             "\n"
             "Administers the directory of the server on this machine. Members are aliases or addresses of entries of any\n"
             "kind, groups as well. With --rule a group is dynamic: its members are all entries that match, such as\n"
             "'(&(kind=user)(department=Sales))'; the notation is that of LDAP filters. The group's owner (--managedBy) may\n"
             "change its members with Outlook.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --display-name NAME     as others see it; --alias NAME: another alias\n"
             ENTRY_ADDRESS_USAGE
             ENTRY_VALUES_USAGE
             "  --rule RULE             of a dynamic group\n"
             ENTRY_IMPORT_USAGE
             "  --json                  for programs\n",
    .run = run,
};
