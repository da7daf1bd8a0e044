/* The directory of the server on this machine, for commands that administer it: opened by way of the server's configuration. */
#pragma once
#include "cli/command.h"
#include "directory/embedded.h"

#define LOCAL_DIRECTORY_USAGE \
    "  --config FILE           the server's configuration, instead of /etc/mapihttp/mapihttp.conf\n"

/* Takes '--config FILE' at argv[*index]: 1 taken, 0 something else, -1 already complained. */
int local_directory_option(const struct command *command, int argc, char **argv, int *index, const char **ret_path);
/* NULL: already complained. With 'create' the file and the data folder are made. Close with directory_close. */
struct directory *local_directory_open(const struct command *command, const char *config_path, bool create);
