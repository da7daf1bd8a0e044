/* What an operation is and takes, in words, from its declaration: 'mapihttp help NAME', Get-Help, the manual pages. No state. */
#pragma once
#include <stdio.h>

#include "operation/operation.h"

void operation_help_print(FILE *file, const struct operation *operation);
/* All operations that the command has, a line each: ordinary command, Exchange's name, what it does. Those whose ordinary command or name
 * begins with 'beginning' (NULL: all). Returns how many. */
size_t operation_help_list(FILE *file, const char *beginning);
