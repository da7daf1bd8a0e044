/* The directory of the server on this machine, for commands that administer it: opened by way of the server's configuration. */
#pragma once
#include "cli/command.h"
#include "cli/local_configuration.h"
#include "directory/embedded.h"
#include "record/settings.h"

#define LOCAL_DIRECTORY_USAGE \
    "  --config FILE           the server's configuration, instead of $MAPIHTTP_CONFIG or /etc/mapihttp/mapihttp.conf\n"

/* Takes '--config FILE' at argv[*index]: 1 taken, 0 something else, -1 already complained. */
int local_directory_option(const struct command *command, int argc, char **argv, int *index, const char **ret_path);
/* NULL: already complained. With 'create' the file and the data folder are made. Close with directory_close. */
struct directory *local_directory_open(const struct command *command, const char *config_path, bool create);
/* What root made in the server's data folder becomes its owner's, who must be able to write it. */
void local_directory_give_to_owner(const char *folder, const char *path);
/* The administrators' settings and the record of their changes, in the server's data folder. */
enum settings_status local_settings_open(const char *config_path, struct settings **ret_settings);
/* Who runs this, for the record: 'root', 'root (sudo by alice)', 'uid 1000'. */
#define LOCAL_ACTOR_SIZE 128u
void local_actor(char ret_name[LOCAL_ACTOR_SIZE]);
