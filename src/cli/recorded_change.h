/* The record of changes for the commands that change the directory themselves (user, group, contact, room, shared, right, domain,
 * address-list, organization, ldap beside): what was before and what is afterwards, in the file that operations record in too. */
#pragma once
#include <jansson.h>

#include "base/guid.h"
#include "cli/command.h"
#include "directory/directory.h"

struct recorded_change {
    const struct command *command;
    struct directory *directory;
    const char *config_path, *target;
    bool known;     /* the target was there before */
    struct guid id; /* by which it is found again under another name */
    json_t *before;
};

/* 'target': the alias or address of an entry; "" for the organization. The words that do not tell are passed over. */
void recorded_change_begin(struct recorded_change *change, const struct command *command, const char *config_path,
                           struct directory *directory, const char *target);
/* Writes the row where 'result' is COMMAND_DONE; argv is the command's. Returns the result, or COMMAND_FAILED (told) where the change was made
 * but could not be recorded. */
int recorded_change_end(struct recorded_change *change, int argc, char **argv, int result);
