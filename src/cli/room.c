/* mapihttp room */
#include "cli/entry_command.h"
#include "cli/local_directory.h"

static int run(const struct command *command, int argc, char **argv)
{
    return entry_command_run(command, DIRECTORY_ROOM, 1u << DIRECTORY_ROOM | 1u << DIRECTORY_EQUIPMENT, argc, argv);
}

const struct command command_room = {
    .name = "room",
    .summary = "add, list and change rooms and equipment",
    .usage = "mapihttp room add ALIAS [--equipment] [--display-name NAME] [--msExchResourceCapacity NUMBER] [options]\n"
             "mapihttp room list [--json]\n"
             "mapihttp room show ALIAS [--json]\n"
             "mapihttp room set ALIAS [options]\n"
             "mapihttp room remove ALIAS\n"
             "mapihttp room import FILE [--format csv|ldif] [--update] [--dry-run]\n"
             "\n"
             "Administers the directory of the server on this machine. A room has a mailbox that nobody logs on to; who may\n"
             "open it says 'mapihttp right'.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --display-name NAME     as others see it; --alias NAME: another alias\n"
             "  --equipment             a beamer or a car instead of a room\n"
             ENTRY_ADDRESS_USAGE
             ENTRY_VALUES_USAGE
             ENTRY_SWITCH_USAGE
             ENTRY_IMPORT_USAGE
             "  --json                  for programs\n",
    .run = run,
};
