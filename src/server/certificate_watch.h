/* The certificate of the running server, looked at at the start, at each reload and once a day: what is wrong with it is logged, and told
 * to operations (Test-MapiHttpCertificate), the readiness report and the pages. docs/certificates.md. */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "http/certificate_check.h"

struct services;

/* The report (certificate_report.h) on the configured file, with InUse (whether new connections get this very certificate) and Listening.
 * Where nothing listens with TLS: Status 'NotUsed' and ClientNames alone. NULL without memory. Reads files: on no loop. */
json_t *certificate_watch_report(struct services *services);
/* Has it looked at in the pool for blocking work, and what is found logged. Any thread; main thread and loops. */
void certificate_watch_look(struct services *services);
/* Every second on a loop: once a day it is looked at again. */
void certificate_watch_tick(struct services *services);
