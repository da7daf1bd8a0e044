/* Get-Help and Get-Command. */
#include <string.h>
#include <strings.h>

#include "cli/client_operation.h"
#include "cli/operation_help.h"
#include "operation/wildcard.h"

static void get_help(struct operation_call *call)
{
    const char *name = operation_text(call, "Name");
    const struct operation *operation = name ? client_operation_find(name) : NULL;
    FILE *file = client_operation_output(call);
    if (operation) {
        operation_help_print(file, operation);
        return;
    }
    if (!name)
        fputs("'mapihttp Get-Help NAME' says what one takes. The ordinary command, Exchange's name, and what it does:\n\n", file);
    if (!operation_help_list(file, name))
        operation_fail(call, OPERATION_NOT_FOUND, "Name", "no operation is called '%s'; 'mapihttp Get-Command' lists them", name);
}

static json_t *object_of(const struct operation *operation)
{
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:b, s:b}", "CommandType", "Operation", "Name", operation->name, "Command", operation->command, "Alias",
                     operation->alias, "Summary", operation->summary, "Changes", (operation->flags & OPERATION_CHANGES) != 0, "Client",
                     (operation->flags & OPERATION_CLIENT) != 0);
}

/* 'Get' of 'Get-Mailbox', or its 'Mailbox'. */
static bool part_fits(const char *pattern, const char *name, bool noun)
{
    char part[128];
    const char *dash = strchr(name, '-');
    snprintf(part, sizeof part, "%.*s", noun || !dash ? 100 : (int)(dash - name), noun && dash ? dash + 1 : name);
    return !pattern || wildcard_fits(pattern, part);
}

static void get_command(struct operation_call *call)
{
    const struct operation *const *tables[] = {operations, client_operations};
    const char *name = operation_text(call, "Name"), *noun = operation_text(call, "Noun"), *verb = operation_text(call, "Verb");
    unsigned count = 0;
    for (unsigned t = 0; t < 2; t++)
        for (const struct operation *const *row = tables[t]; *row; row++) {
            bool named = !name || wildcard_fits(name, (*row)->name) || ((*row)->command && wildcard_fits(name, (*row)->command)) ||
                         ((*row)->alias && wildcard_fits(name, (*row)->alias));
            if (!named || !part_fits(noun, (*row)->name, true) || !part_fits(verb, (*row)->name, false))
                continue;
            count++;
            operation_emit(call, object_of(*row));
        }
    if (!count && name && !wildcard_is_pattern(name))
        operation_fail(call, OPERATION_NOT_FOUND, "Name", "no operation is called '%s'", name);
}

static const struct operation_parameter help_parameters[] = {
    {.name = "Name", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0, .explanation = "an operation, by either of its names, or the beginning of several"},
    {.name = "Full", .kind = OPERATION_SWITCH, .explanation = "accepted: help is always whole"},
    {.name = "Detailed", .kind = OPERATION_SWITCH, .explanation = "accepted, as -Full is"},
    {.name = "Examples", .kind = OPERATION_SWITCH, .explanation = "accepted, as -Full is"},
    {.name = NULL},
};

const struct operation operation_get_help = {
    .name = "Get-Help",
    .flags = OPERATION_CLIENT,
    .summary = "say what an operation does and takes",
    .parameters = help_parameters,
    .run = get_help,
};

static const struct operation_parameter command_parameters[] = {
    {.name = "Name", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0, .explanation = "a name or pattern"},
    {.name = "Noun", .kind = OPERATION_TEXT, .explanation = "what stands behind the dash"},
    {.name = "Verb", .kind = OPERATION_TEXT, .explanation = "what stands before the dash"},
    {.name = NULL},
};
static const struct operation_column command_columns[] = {{"Name", false}, {"Command", false}, {"Summary", false}, {NULL, false}};

const struct operation operation_get_command = {
    .name = "Get-Command",
    .alias = "gcm",
    .flags = OPERATION_CLIENT,
    .summary = "list the operations",
    .parameters = command_parameters,
    .columns = command_columns,
    .run = get_command,
};
