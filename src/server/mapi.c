/* The module that answers Outlook: opens directory and store, makes the executor of ROPs, and serves the MAPI/HTTP endpoints
 * and Autodiscover over them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "record/overlay_directory.h"
#include "rop/executor.h"
#include "server/admin.h"
#include "server/directory_backend.h"
#include "server/oab.h"
#include "server/services.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"

struct mapi_module {
    struct directory *directory;
    struct settings *settings;
    struct store *store;
    struct rop_server *rops;
    struct services *services;
    struct admin *admin;
    struct oab_server *oab; /* NULL where it is not enabled */
};

static void stop(struct server *server, void *state)
{
    struct mapi_module *module = state;
    if (!module)
        return;
    oab_server_free(module->oab);
    admin_free(module->admin);
    services_free(module->services);
    if (module->rops)
        rop_server_free(module->rops);
    if (module->store)
        store_close(module->store);
    directory_close(module->directory);
    settings_close(module->settings);
    free(module);
}

static bool make_folder(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    log_error("%s: %s", path, strerror(errno));
    return false;
}

static bool open_settings(struct mapi_module *module, const struct config *config)
{
    struct arena arena = {0};
    const char *path = arena_format(&arena, "%s/administration.sqlite", config->data_path);
    enum settings_status status = path ? settings_open(path, &module->settings) : SETTINGS_UNAVAILABLE;
    if (status != SETTINGS_OK)
        log_error("%s: %s", config->data_path, settings_status_text(status));
    arena_free(&arena);
    return status == SETTINGS_OK;
}

static bool open_directory(struct mapi_module *module, const struct config *config)
{
    struct directory *backend = directory_backend_open(config);
    if (!backend)
        return false;
    module->directory = overlay_directory_new(backend, module->settings);
    if (!module->directory) {
        log_error("out of memory");
        directory_close(backend);
    }
    return module->directory != NULL;
}

static bool open_data(struct mapi_module *module, const struct config *config)
{
    struct arena arena = {0};
    const char *mailboxes_path = arena_format(&arena, "%s/mailboxes", config->data_path);
    bool done = mailboxes_path && make_folder(config->data_path) && make_folder(mailboxes_path);
    /* The store first: it configures SQLite, which must come before the directory's first use of it. */
    if (done) {
        struct store_sqlite_configuration configuration = {.directory = mailboxes_path};
        enum store_status status = store_sqlite_open(&configuration, &module->store);
        done = status == STORE_OK;
        if (!done)
            log_error("%s: %s", mailboxes_path, store_status_name(status));
    }
    if (done)
        done = open_settings(module, config) && open_directory(module, config);
    arena_free(&arena);
    return done;
}

static bool start(struct server *server, void **ret_state)
{
    struct mapi_module *module = calloc(1, sizeof *module);
    if (!module || !open_data(module, server->config)) {
        stop(server, module);
        return false;
    }
    module->rops = rop_server_new(&(struct rop_server_settings){
        .store = module->store, .directory = module->directory, .open_mailboxes_max = server->config->open_mailboxes_max});
    if (module->rops) {
        struct rop_executor executor = rop_server_executor(module->rops);
        module->services = services_new(server, module->directory, module->settings, &executor);
    }
    if (!module->services || !services_add_routes(module->services) || !oab_server_start(module->services, &module->oab)
        || !admin_start(module->services, &module->admin)) {
        stop(server, module);
        return false;
    }
    *ret_state = module;
    return true;
}

static void reload(struct server *server, void *state)
{
    services_reload(((struct mapi_module *)state)->services);
}

static void drain(struct server *server, void *state)
{
    struct mapi_module *module = state;
    services_drain(module->services);
    oab_server_drain(module->oab);
}

const struct server_module mapi_server_module = {
    .name = "mapi", .start = start, .reload = reload, .drain = drain, .stop = stop,
};
