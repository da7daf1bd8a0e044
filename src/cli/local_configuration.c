#include "cli/local_configuration.h"

#include <stdlib.h>
#include <unistd.h>

#define CONFIG_PATH_DEFAULT "/etc/mapihttp/mapihttp.conf"

const char *local_configuration_path(const char *given)
{
    if (!given)
        given = getenv("MAPIHTTP_CONFIG");
    return given || access(CONFIG_PATH_DEFAULT, F_OK) != 0 ? given : CONFIG_PATH_DEFAULT;
}
