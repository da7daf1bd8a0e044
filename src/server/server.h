/* The process as its modules see it. A module is a part of the server that answers requests or does work of its own
 * (emsmdb, nspi, autodiscover, ...): one file src/server/<module>.c that exports one 'struct server_module', listed in
 * routes.c. The server owns everything here; modules keep their own state behind the pointer they return from start. */
#pragma once
#include "http/http.h"
#include "server/config.h"
#include "server/strand.h"
#include "server/worker.h"

struct http_server;

struct server {
    /* Read it on the main thread only (start, reload, drain, stop) and keep what is needed elsewhere; the values and
     * strings of a configuration stay valid until the process ends. */
    const struct config *config;
    struct loop **loops;
    unsigned loop_count;
    struct worker_pool *workers;  /* mailbox work, through strands */
    struct worker_pool *blocking; /* password hashing and other waiting */
    struct worker_pool *administration; /* operations of administrators, which may take long */
    struct http_router *router;
    struct http_server *http;
    void **module_states; /* one per row of server_modules */
};

/* All functions are called on the main thread; NULL ones are skipped. */
struct server_module {
    const char *name;
    /* Opens what the module needs and adds its routes (http_router_add(server->router, ...)), before the listeners open.
     * Runs after privileges were dropped. False ends the start; the module has logged why. */
    bool (*start)(struct server *server, void **ret_state);
    /* SIGHUP: server->config is the new configuration. */
    void (*reload)(struct server *server, void *state);
    /* The process is going to stop: new MAPI requests get 18 from now on, parked waits end at once, running ones finish.
     * Loops and workers run on; must not wait. */
    void (*drain)(struct server *server, void *state);
    /* All connections are closed and all workers have ended (loops no longer run): close and free everything. */
    void (*stop)(struct server *server, void *state);
};

/* The table in routes.c, in order of start (stopped in reverse), ended by NULL. */
extern const struct server_module *const server_modules[];
