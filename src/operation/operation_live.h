/* What only a running server can tell or do for an operation; the server fills it in (src/server/live.c). Members that are NULL answer
 * 'the server does not run'. Any thread but a loop. JSON values returned are new references; NULL: not to be had. */
#pragma once
#include "operation/operation.h"

struct operation_live {
    /* Live and recent sessions: objects with the columns of docs/connection-status.md. */
    json_t *(*connection_status)(void *state);
    /* Ends a session context by its CID; false: there is none. */
    bool (*end_session)(void *state, uint64_t cid);
    /* The certificate in use: Subject, Issuer, NotBefore, NotAfter, Names, Thumbprint, Path; and what is wrong with it. */
    json_t *(*certificate)(void *state);
    /* Settings of the configuration file that stand behind the virtual directories and reports: flat object 'section.name': value. */
    json_t *(*configuration)(void *state);
    /* Health by part: {"part": "ok", "ok: more of it", or what fails}. */
    json_t *(*health)(void *state);
    /* Counters and times since the start, as /metrics has them. */
    json_t *(*metrics)(void *state);
    /* Something in settings or directory was changed: take it up now. */
    void (*changed)(void *state);
};
