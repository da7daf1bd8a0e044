#include "cli/local_directory.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"


int local_directory_option(const struct command *command, int argc, char **argv, int *index, const char **ret_path)
{
    if (strcmp(argv[*index], "--config") != 0)
        return 0;
    if (*index + 1 == argc) {
        command_usage_error(command, "--config needs a file");
        return -1;
    }
    *ret_path = argv[++*index];
    return 1;
}

void local_directory_give_to_owner(const char *folder, const char *path)
{
    struct stat status;
    if (geteuid() == 0 && stat(folder, &status) == 0 && chown(path, status.st_uid, status.st_gid) != 0)
        return; /* the server will say that it cannot open the file */
}

struct directory *local_directory_open(const struct command *command, const char *config_path, bool create)
{
    struct config *config;
    struct config_error error;
    if (!config_read(local_configuration_path(config_path), &config, &error)) {
        command_failed(command, "%s", error.text);
        return NULL;
    }
    struct arena arena = {0};
    struct directory *directory = NULL;
    const char *path = arena_format(&arena, "%s/directory.sqlite", config->data_path);
    if (create && mkdir(config->data_path, 0700) != 0 && errno != EEXIST) {
        command_failed(command, "%s: %s", config->data_path, strerror(errno));
    } else {
        enum directory_status status = path ? embedded_directory_open(path, create, &directory) : DIRECTORY_UNAVAILABLE;
        if (status == DIRECTORY_NOT_FOUND)
            command_failed(command, "%s is not there: begin with 'mapihttp organization init'", path);
        else if (status != DIRECTORY_OK)
            command_failed(command, "%s: %s", path, directory_status_text(status));
        else if (create)
            local_directory_give_to_owner(config->data_path, path);
    }
    arena_free(&arena);
    config_free(config);
    return directory;
}

enum settings_status local_settings_open(const char *config_path, struct settings **ret_settings)
{
    struct config *config;
    struct config_error error;
    if (!config_read(local_configuration_path(config_path), &config, &error))
        return SETTINGS_UNAVAILABLE;
    struct arena arena = {0};
    const char *path = arena_format(&arena, "%s/administration.sqlite", config->data_path);
    enum settings_status status = path ? settings_open(path, ret_settings) : SETTINGS_UNAVAILABLE;
    if (status == SETTINGS_OK)
        local_directory_give_to_owner(config->data_path, path);
    arena_free(&arena);
    config_free(config);
    return status;
}

void local_actor(char ret_name[LOCAL_ACTOR_SIZE])
{
    const struct passwd *user = getpwuid(geteuid());
    const char *really = getenv("SUDO_USER");
    if (user && user->pw_uid == 0 && really && *really && strlen(really) < 64)
        snprintf(ret_name, LOCAL_ACTOR_SIZE, "%s (sudo by %s)", user->pw_name, really);
    else if (user)
        snprintf(ret_name, LOCAL_ACTOR_SIZE, "%.100s", user->pw_name);
    else
        snprintf(ret_name, LOCAL_ACTOR_SIZE, "uid %u", geteuid());
}
