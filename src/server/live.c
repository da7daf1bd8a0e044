#include "server/live.h"

#include "server/config_json.h"
#include "server/services.h"

static json_t *configuration(void *state)
{
    const struct services *services = state;
    return config_json(atomic_load(&services->config));
}

const struct operation_live server_live = {
    .configuration = configuration,
};
