/* For the command too, which links nothing of the HTTP server. */
#include <string.h>

#include "server/admin_socket.h"

const char *admin_socket_path(struct arena *arena, const struct config *config)
{
    const char *path = config->admin_socket_path;
    if (strcmp(path, "none") == 0)
        return NULL;
    return *path ? arena_string(arena, path) : arena_format(arena, "%s/admin.sock", config->data_path);
}
