/* mapihttp user */
#include "cli/entry_command.h"
#include "cli/local_directory.h"

static int run(const struct command *command, int argc, char **argv)
{
    return entry_command_run(command, DIRECTORY_USER, 1u << DIRECTORY_USER, argc, argv);
}

const struct command command_user = {
    .name = "user",
    .summary = "add, list and change the users of this server",
    .usage = "mapihttp user add USER [--display-name NAME] [--email ADDRESS]... [--password-file FILE] [options]\n"
             "mapihttp user list [--json]\n"
             "mapihttp user show USER [--json]\n"
             "mapihttp user set USER [options]\n"
             "mapihttp user set-password USER [--password-file FILE | --password-hash HASH | --no-password]\n"
             "mapihttp user add-address USER --email ADDRESS\n"
             "mapihttp user remove USER\n"
             "mapihttp user import FILE [--format csv|ldif] [--update] [--dry-run]\n"
             "\n"
             "Administers the directory of the server on this machine; a running server sees changes at once, and\n"
             "asks for a changed password with the next request. USER is an alias or an address. A password is the\n"
             "first line of the file or of standard input, or is asked for at a terminal. Removing a user leaves the\n"
             "mailbox file where it is. An import is done whole or not at all; its columns have the names of the\n"
             "attributes, and account, displayName, mail, proxyAddresses, password, kind and others that\n"
             "docs/directory.md lists.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --display-name NAME     as others see it, such as 'Ada Lovelace'; --alias NAME: another account name\n"
             ENTRY_ADDRESS_USAGE
             ENTRY_VALUES_USAGE
             "  --administrator yes|no  may administer the server, and open every mailbox where he asks for it\n"
             "  --enabled yes|no        whether the user may log on\n"
             "  --ntlm yes|no           keep an NT hash, which NTLM needs, from the next password on\n"
             "  --methods LIST          the ways to log on: basic,ntlm,kerberos,bearer, or all\n"
             "  --principal NAME        user principal name (Kerberos, claims), instead of USER@DOMAIN\n"
             "  --mailbox GUID          of a mailbox that is there already\n"
             "  --password-hash HASH    as crypt(3) has it, from another system\n"
             ENTRY_SWITCH_USAGE
             ENTRY_IMPORT_USAGE
             "  --json                  for programs\n",
    .run = run,
};
