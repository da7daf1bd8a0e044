/* Whether the server can do its work: mailboxes can be written, the directory answers, the certificate is valid, there is room on the disk.
 * Each part is looked at when somebody asks, at most once in HEALTH_FRESH_MS; so that a part that hangs is seen too, whoever asks waits
 * no longer than HEALTH_WAIT_MS for it. docs/health.md. */
#pragma once
#include <jansson.h>

#include "server/services.h"

#define HEALTH_FRESH_MS 5000u
#define HEALTH_WAIT_MS 3000u

enum health_part { HEALTH_MAILBOX_STORE, HEALTH_DIRECTORY, HEALTH_CERTIFICATE, HEALTH_DISK_SPACE, HEALTH_PART_COUNT };
extern const char *const health_part_names[HEALTH_PART_COUNT]; /* 'mailbox store', ... */

struct health_state {
    bool well;
    struct {
        bool well;
        char text[120]; /* what was found, for a person */
    } parts[HEALTH_PART_COUNT];
};

/* Kept by the services; NULL without memory. */
struct health *health_new(struct services *services);
/* Loops and workers have ended. */
void health_free(struct health *health);

/* What was last found, if that is fresh; else begins to look (in the pool of administration) and returns false. Any thread; never waits. */
bool health_look(struct health *health, struct health_state *ret_state);
/* Looks now, or waits for somebody who does. Not on a loop. */
void health_now(struct health *health, struct health_state *ret_state);
/* What is said where nobody has answered in time. */
void health_overdue(struct health_state *ret_state);
/* {"mailbox store": "ok", "disk space": "..."}: operation_live.health. */
json_t *health_json(void *services);
