/* The parts of 'mapihttp oab', one function a sub-command. argv[0] is the sub-command's name. */
#pragma once
#include "cli/command.h"

int oab_make_run(const struct command *command, int argc, char **argv);
int oab_list_run(const struct command *command, int argc, char **argv);
int oab_get_run(const struct command *command, int argc, char **argv);
int oab_verify_run(const struct command *command, int argc, char **argv);
int oab_print_run(const struct command *command, int argc, char **argv);
