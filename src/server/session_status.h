/* What is known of each session beside its contents: who, with which client, from where, how many requests and how long they took,
 * and every break after which it went on: the server's side of Outlook's Connection Status dialog. Live sessions, and a bounded
 * number of those that ended last. docs/connection-status.md.
 *
 * Thread: any; each status has a lock of its own that is held for some ten nanoseconds. Ownership: counted; a status lives as
 * long as its context, and then as long as it is among the ended ones. */
#pragma once
#include <jansson.h>

#include "session/session.h"

struct http_link;
struct observation;
struct session_status;
struct session_registry;

#define SESSION_ENDED_KEPT_MAX 256u
#define SESSION_BREAK_MIN_MS 1000u /* without a connection for less than this is no break: clients that open one for each request */

struct session_registry *session_registry_new(void); /* NULL without memory */
void session_registry_free(struct session_registry *registry);

/* Of a new context, among the live ones; NULL without memory. Its number is unlike any other's since the start. */
struct session_status *session_status_new(struct session_registry *registry, struct session_context *context);
/* What Connect or Bind brought; once, before other requests come. Texts are copied. */
struct session_client {
    const char *application, *user_agent, *authentication; /* X-ClientApplication, User-Agent; identity_method */
    const char *host;                                      /* the name it came by */
    bool tls;
};
void session_status_set_client(struct session_status *status, const struct session_client *client);
/* The mailbox that Connect opened, where it is somebody else's. */
void session_status_set_mailbox(struct session_status *status, const char *address);
/* What Connect says of the program: 'Cached' or 'Classic' (online), a literal, "" where it is not said; the machine's and the program's
 * name, copied, "" where they are not said. Once, before other requests come. */
void session_status_set_program(struct session_status *status, const char *mode, const char *machine, const char *process);
/* Its NotificationWait is parked; until that is answered. */
void session_status_set_waiting(struct session_status *status);

/* A request has come on a connection (NULL: it is gone again) from an address: notices connections, addresses and breaks. */
void session_status_arrived(struct session_status *status, struct http_link *link, const char *address, uint64_t now_ms);
/* It is answered; counted. */
void session_status_answered(struct session_status *status, const struct observation *observation);
/* The context has ended: from the live ones to the ended ones. */
void session_status_ended(struct session_status *status, enum session_end_reason reason);
/* The context is gone; its hold on the status ends. NULL is nothing. */
void session_status_release(struct session_status *status);

uint64_t session_status_cid(const struct session_status *status);
/* What logs say of a session. Strings live as long as the status. */
struct session_names {
    uint64_t cid;
    uint32_t request_count;
    const char *software, *version; /* as client_identify() found them */
    const char *process, *mode;     /* what Connect said; "" */
};
struct session_names session_status_names(struct session_status *status);

/* --- for operations and pages --- */

/* An array of objects (docs/connection-status.md has the properties), live ones first, newest first; NULL without memory. */
json_t *session_registry_list(struct session_registry *registry, const char *server_name);
/* The context's id, to end it by; false where no live session has this number. */
bool session_registry_find(struct session_registry *registry, uint64_t cid, struct session_context_id *ret_id);

/* For metrics: since the start. */
#define SESSION_BREAK_BUCKETS 8u
extern const uint32_t session_break_bounds_s[SESSION_BREAK_BUCKETS]; /* the last is no bound: the rest */
struct session_totals {
    uint64_t created[2];                    /* by enum session_endpoint */
    uint64_t ended[SESSION_END_REASON_COUNT];
    uint64_t resumes, address_changes;
    uint64_t breaks[SESSION_BREAK_BUCKETS]; /* resumes by the length of the break */
    uint64_t break_ms;
};
struct session_totals session_registry_totals(struct session_registry *registry);
