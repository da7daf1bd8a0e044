/* What the commands user, group, contact, room and shared have in common: their actions on entries of the directory of the
 * server on this machine. Each command is a row of words in a file of its own. */
#pragma once
#include <jansson.h>

#include "cli/entry_words.h"
#include "directory/embedded.h"

/* The entry that 'name' means, an alias or an address, of one of 'kinds'; else COMMAND_FAILED, told. */
int entry_find(const struct command *command, struct directory *directory, struct arena *arena, unsigned kinds,
               const char *name, struct directory_entry *ret_entry);
/* COMMAND_DONE, or the failure told with its name and the directory's words. */
int entry_report(const struct command *command, const char *name, enum directory_status status,
                 const struct embedded_error *error);

/* Reads the words and runs the action. 'kind' is what 'add' makes, 'kinds' what the others are about. */
int entry_command_run(const struct command *command, enum directory_kind kind, unsigned kinds, int argc, char **argv);

/* All that is known of an entry, as 'show --json' has it; nothing secret. */
json_t *entry_state(struct directory *directory, struct arena *arena, const struct directory_entry *entry);

/* --- actions in files of their own --- */

int entry_list(const struct command *command, struct directory *directory, unsigned kinds, const struct entry_words *words);
int entry_show(const struct command *command, struct directory *directory, unsigned kinds, const struct entry_words *words);
int entry_members(const struct command *command, struct directory *directory, unsigned kinds, const struct entry_words *words);
int entry_import(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                 const struct entry_words *words);
/* The password as the words say: from a file, a terminal or standard input; "" with --no-password. */
#define ENTRY_PASSWORD_SIZE 520u
int entry_password(const struct command *command, const struct entry_words *words, char ret_password[ENTRY_PASSWORD_SIZE]);

#define ENTRY_VALUES_USAGE \
    "  --NAME VALUE            an attribute, such as --givenName, --sn, --title, --department, --company,\n" \
    "                          --physicalDeliveryOfficeName, --telephoneNumber, --mobile, --manager (an alias);\n" \
    "                          '' removes it. 'mapihttp directory attributes' lists all\n" \
    "  --set NAME=VALUE        the same; several times for those with several values\n" \
    "  --photo FILE            JPEG; --certificate FILE: S/MIME, PEM or DER\n"
#define ENTRY_ADDRESS_USAGE \
    "  --email ADDRESS         instead of ALIAS@DOMAIN; several times, the first is the primary one\n" \
    "  --add-email ADDRESS     one more; --remove-email ADDRESS; --primary-email ADDRESS\n" \
    "  --hidden yes|no         from the address lists\n" \
    "  --legacy-dn DN          taken over from another server, as --old-legacy-dn DN for further ones\n"
#define ENTRY_SWITCH_USAGE \
    "  --mapi yes|no           whether the mailbox may be used by MAPI at all\n" \
    "  --mapi-http yes|no|inherit   by MAPI over HTTP; inherit: as the organization says\n" \
    "  --block-rpc-http, --block-non-cached-mode, --block-external yes|no, --block-versions RANGES\n" \
    "  --redirect-address ADDRESS, --redirect-url URL   where Autodiscover sends the client\n" \
    "  --archive yes|no|GUID   an archive mailbox\n"
#define ENTRY_IMPORT_USAGE \
    "  --format csv|ldif       of the file to import; by default what its name says\n" \
    "  --update                entries that exist are changed instead of being an error\n" \
    "  --dry-run               everything but the change\n"
