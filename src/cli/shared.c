/* mapihttp shared */
#include "cli/entry_command.h"
#include "cli/local_directory.h"

static int run(const struct command *command, int argc, char **argv)
{
    return entry_command_run(command, DIRECTORY_SHARED_MAILBOX, 1u << DIRECTORY_SHARED_MAILBOX | 1u << DIRECTORY_PUBLIC_FOLDER_MAILBOX, argc, argv);
}

const struct command command_shared = {
    .name = "shared",
    .summary = "add, list and change mailboxes that several people use",
    .usage = "mapihttp shared add ALIAS [--public-folder] [--display-name NAME] [--email ADDRESS]... [options]\n"
             "mapihttp shared list [--json]\n"
             "mapihttp shared show ALIAS [--json]\n"
             "mapihttp shared set ALIAS [options]\n"
             "mapihttp shared remove ALIAS\n"
             "mapihttp shared import FILE [--format csv|ldif] [--update] [--dry-run]\n"
             "\n"
             "Administers the directory of the server on this machine. Nobody logs on to a shared mailbox: those open it to whom\n"
             "'mapihttp right grant ALIAS USER --right full-access' gives it.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --display-name NAME     as others see it; --alias NAME: another alias\n"
             "  --public-folder         a mailbox of public folders\n"
             ENTRY_ADDRESS_USAGE
             ENTRY_VALUES_USAGE
             ENTRY_SWITCH_USAGE
             ENTRY_IMPORT_USAGE
             "  --json                  for programs\n",
    .run = run,
};
