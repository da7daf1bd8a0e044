/* One operation as a command of the shell: its words, the objects that come by the pipe, a call for each, what comes out, the exit
 * status. docs/command.md. One thread. */
#pragma once
#include "operation/operation.h"

/* The operation that the first words name: 'Set-CasMailbox', '?', or on the ordinary face 'cas set'. *ret_word_count is how many
 * words that took. NULL: none. */
const struct operation *operation_command_find(int argc, char **argv, int *ret_word_count);
/* What follows its name. Returns the exit status of the command. */
int operation_command_run(const struct operation *operation, int argc, char **argv);
