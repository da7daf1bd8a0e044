/* Inside of session_status.c and session_status_list.c. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"
#include "record/client_version.h"
#include "server/session_status.h"

#define SESSION_LINKS_MAX 4u  /* Outlook has two connections at a time */
#define SESSION_EVENTS_KEPT_MAX 8u
#define SESSION_ADDRESS_SIZE 46u

struct session_link {
    struct http_link *link;
    uint64_t used_ms;
};

/* Going on after a break, or from another address. */
struct session_event {
    uint64_t at_ms, break_ms;
    char from[SESSION_ADDRESS_SIZE], to[SESSION_ADDRESS_SIZE];
};
struct session_history {
    uint32_t count; /* the last ones are kept */
    struct session_event events[SESSION_EVENTS_KEPT_MAX];
};

struct session_failure {
    uint64_t at_ms;
    unsigned response_code;
    uint32_t error_code;
    char request_type[28], request_id[64], text[96];
};

/* One of the last requests: what a person who looks into a slow session wants to see. */
#define SESSION_LATEST_KEPT_MAX 8u
struct session_latest {
    uint64_t at_ms;
    uint32_t response_us, processing_us;
    uint32_t response_code;
    char request_type[20];
};

struct session_status {
    struct session_registry *registry;
    struct session_status *previous, *next; /* among the live ones; under the registry's lock */
    atomic_uint references;
    uint64_t cid;
    struct session_context_id id;           /* the client's cookie: never shown */
    enum session_endpoint endpoint;
    char *strings;
    const char *account, *address, *display_name;
    uint64_t began_ms;

    pthread_mutex_t lock; /* for all that follows */
    char software[CLIENT_SOFTWARE_SIZE], version[CLIENT_VERSION_TEXT_SIZE]; /* set once, before other requests come */
    char *client_strings;
    const char *application, *user_agent, *host;
    char *mailbox;            /* NULL: the user's own */
    char *program_strings;
    const char *machine, *process;
    const char *authentication, *mode;
    bool tls, waiting;
    char peer[SESSION_ADDRESS_SIZE];
    struct session_link links[SESSION_LINKS_MAX];
    uint32_t connection_count, address_change_count, resume_count;
    uint64_t break_ms, break_longest_ms;
    uint32_t request_count, failure_count, resent_count, timed_count;
    uint64_t rop_count, rop_failure_count;
    uint64_t request_size, response_size;
    uint64_t response_us, processing_us;
    uint32_t response_longest_us;
    uint64_t last_ms, ended_ms;
    struct session_latest latest[SESSION_LATEST_KEPT_MAX]; /* a ring: request_count says where the next one goes */
    enum session_end_reason end_reason;
    struct session_history *history; /* NULL before there was any */
    struct session_failure *failure; /* the last one; NULL */
};

struct session_registry {
    pthread_mutex_t lock;
    struct session_status *live; /* newest first */
    struct session_status *ended[SESSION_ENDED_KEPT_MAX];
    unsigned ended_next;
    uint64_t cid;
    struct session_totals totals;
};

