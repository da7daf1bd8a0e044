/* mapihttp contact */
#include "cli/entry_command.h"
#include "cli/local_directory.h"

static int run(const struct command *command, int argc, char **argv)
{
    return entry_command_run(command, DIRECTORY_CONTACT, 1u << DIRECTORY_CONTACT, argc, argv);
}

const struct command command_contact = {
    .name = "contact",
    .summary = "add, list and change people elsewhere in the address book",
    .usage = "mapihttp contact add ALIAS --email ADDRESS [--display-name NAME] [options]\n"
             "mapihttp contact list [--json]\n"
             "mapihttp contact show ALIAS [--json]\n"
             "mapihttp contact set ALIAS [options]\n"
             "mapihttp contact remove ALIAS\n"
             "mapihttp contact import FILE [--format csv|ldif] [--update] [--dry-run]\n"
             "\n"
             "Administers the directory of the server on this machine. A contact has no mailbox here: mail goes to its address.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --display-name NAME     as others see it; --alias NAME: another alias\n"
             ENTRY_ADDRESS_USAGE
             ENTRY_VALUES_USAGE
             ENTRY_IMPORT_USAGE
             "  --json                  for programs\n",
    .run = run,
};
