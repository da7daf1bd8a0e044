/* Which mechanisms stand behind the schemes of the Authorization header: made from the configuration, given to the
 * authenticator. */
#pragma once
#include "auth/authenticator.h"
#include "auth/bearer.h"
#include "server/server.h"
#include "server/worker.h"

/* Of the services; zeroed at first. Main thread only, but for the job. */
struct log_on_methods {
    struct mechanism *kerberos, *bearer; /* references; NULL: not set up */
    struct worker_job fetch;             /* of the provider's keys, before somebody needs them */
    struct mechanism *fetching;          /* the job's reference; NULL: it is not under way */
    atomic_bool fetch_done;
};

/* At the start and at every reload. False (logged): a keytab that cannot be read at the start; at a reload the old one
 * stays (logged), and it is true. */
bool log_on_methods_configure(struct log_on_methods *methods, struct server *server, struct authenticator *authenticator);
/* For 'mapihttpd --check': whether keytab and keys can be read now. What cannot is logged. May wait for the provider. */
bool log_on_methods_check(const struct config *config);
/* After the workers have ended. */
void log_on_methods_free(struct log_on_methods *methods);
