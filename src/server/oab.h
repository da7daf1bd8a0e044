/* The offline address book: a job that makes its files when the directory has changed, in a thread of its own so that nobody
 * waits for it, and the route /oab/<address book id>/ that serves them. docs/oab.md. */
#pragma once
#include "server/services.h"

struct oab_server;

/* Adds the route and starts the job, where the configuration has it enabled. *ret_oab NULL where it has not. False (logged)
 * without memory. */
bool oab_server_start(struct services *services, struct oab_server **ret_oab);
/* No new generation is begun; one under way is given up. Must not wait. Any thread. */
void oab_server_drain(struct oab_server *oab);
/* Loops and workers have ended. */
void oab_server_free(struct oab_server *oab);

/* --- oab_download.c --- */
struct oab_download_settings {
    struct services *services;
    char folder[4096];        /* '<data>/oab' */
    atomic_bool being_made;   /* there is no generation yet, but there will be one soon */
};
/* The handler of the route; 'argument' is the settings, which must stay. */
void oab_download_handle(struct http_exchange *exchange, void *argument);
