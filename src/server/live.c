#include "server/live.h"

#include "server/certificate_watch.h"
#include "server/config_json.h"
#include "server/metrics.h"
#include "server/health.h"
#include "server/services.h"
#include "server/session_status.h"

static json_t *configuration(void *state)
{
    const struct services *services = state;
    return config_json(atomic_load(&services->config));
}

static json_t *connection_status(void *state)
{
    const struct services *services = state;
    return session_registry_list(services->session_registry, services->host_name);
}

static bool end_session(void *state, uint64_t cid)
{
    struct services *services = state;
    struct session_context_id id;
    return session_registry_find(services->session_registry, cid, &id) &&
           session_end_by_id(services->sessions, &id, SESSION_END_ADMINISTRATOR);
}

static json_t *metrics(void *state)
{
    return metrics_json(state);
}

static void changed(void *state)
{
    virtual_directories_refresh(state);
}

static json_t *certificate(void *state)
{
    return certificate_watch_report(state);
}

const struct operation_live server_live = {
    .certificate = certificate,
    .metrics = metrics,
    .changed = changed,
    .connection_status = connection_status,
    .end_session = end_session,
    .configuration = configuration,
    .health = health_json,
};
