/* What the answering parts of the server share: directory, log-on, session contexts, the executor of ROPs, the strands of
 * mailboxes. Made once at the start; everything here may be used on any thread. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "auth/authenticator.h"
#include "directory/address_book.h"
#include "http/mapi_answer.h"
#include "operation/operation.h"
#include "record/settings.h"
#include "server/log_on_methods.h"
#include "server/mailbox_strands.h"
#include "server/mailbox_switch.h"
#include "server/rate_limit.h"
#include "server/server.h"
#include "server/virtual_directories.h"
#include "session/executor.h"
#include "session/session.h"

struct admin;
struct health;
struct mapi_context;
struct services;

/* What the handler of requests under /mapi is told by its route. */
struct mapi_endpoint {
    struct services *services;
    enum session_endpoint endpoint;
    bool exists; /* otherwise everything is an invalid path */
};

#define OBSERVERS_MAX 8u

/* The endpoints that have methods and an Extended Protection of their own in the configuration. */
enum endpoint {
    ENDPOINT_MAPI = DIRECTORY_PROTOCOL_MAPI,
    ENDPOINT_AUTODISCOVER = DIRECTORY_PROTOCOL_AUTODISCOVER,
    ENDPOINT_OAB = DIRECTORY_PROTOCOL_OFFLINE_ADDRESS_BOOK,
    ENDPOINT_ADMIN = DIRECTORY_PROTOCOL_ADMINISTRATION,
};

struct services {
    struct server *server;        /* not its config: that is read on the main thread only */
    _Atomic(const struct config *) config;
    struct directory *directory;
    struct settings *settings;    /* what administrators set while the server runs, and the record of it */
    struct admin *admin;          /* admin.h; NULL in tests without */
    struct health *health;
    struct operation_host operations; /* for operation_run, on a thread that may block */
    struct address_book_cache *address_books;
    struct authenticator *authenticator;
    struct log_on_methods log_on_methods;
    struct mechanisms *mechanisms; /* of the authenticator */
    struct session_table *sessions;
    struct session_registry *session_registry;
    struct mailbox_audit *audit;   /* mailbox_audit.h */
    struct mailbox_strands *strands;
    struct mailbox_switches *switches;
    struct rate_limit *autodiscover_rates; /* keys: client addresses, user ids */
    struct rop_executor executor;
    char host_name[256];
    struct guid server_guid;      /* of the address book server: stable for an organisation */
    uint64_t started_ms;
    atomic_bool draining;         /* new requests get 18 */
    atomic_bool stopping;         /* loops and workers are gone: do the rest here and now */
    atomic_uint parked_waits;
    atomic_uint verifications;    /* passwords waiting to be hashed, or being */
    atomic_ullong connections;    /* Connects so far, for their numbers */
    void *observer_states[OBSERVERS_MAX]; /* observation.c */
    struct loop_timer sweep;      /* of the first loop: expiry, contexts still to be destroyed */
    struct loop_task sweep_start;
    _Atomic(struct virtual_directories *) virtual_directories; /* as administrators set them */
    pthread_mutex_t virtual_directories_lock; /* of who reads them again */
    struct worker_job virtual_directories_job;
    atomic_bool virtual_directories_posted;
    uint64_t settings_version_seen; /* by the sweep */
    struct worker_job certificate_job; /* certificate_watch.h */
    atomic_uint certificate_wanted;    /* how often since the last look began */
    uint64_t certificate_next_ms;
    pthread_mutex_t orphans_lock;
    struct mapi_context *orphans; /* released contexts whose strand took no task yet */
    struct mapi_endpoint mailbox_endpoint, address_book_endpoint, no_endpoint;
};

/* 'executor' is copied; what it points to, 'directory' and 'settings' stay the caller's. Adds no routes. NULL (logged) where that fails. */
struct services *services_new(struct server *server, struct directory *directory, struct settings *settings,
                              const struct rop_executor *executor);
/* Requests are refused with 18 from now on, parked waits end. Any thread, must not wait. */
void services_drain(struct services *services);
void services_reload(struct services *services);
/* Loops and workers have ended. */
void services_free(struct services *services);

/* Adds /mapi/emsmdb, /mapi/nspi, /mapi, /mapi/healthcheck.htm and Autodiscover. False (logged) without memory. */
bool services_add_routes(struct services *services);

/* How one may log on at an endpoint. */
struct authentication_policy services_policy(const struct services *services, enum endpoint endpoint);
struct mapi_answer_settings services_answer_settings(const struct services *services);
/* 'https://mail.example.org' without a slash at its end: the configured one, else from the request's Host; in the arena. */
const char *services_public_url(const struct services *services, struct arena *arena, const struct http_request *request);
/* Where clients inside and outside of the organisation's network find a part of the server that has a virtual directory: as that says,
 * else as the configuration does, else the public URL. "" where it is to be told to nobody; NULL without memory. */
const char *services_internal_url(const struct services *services, struct arena *arena, const struct http_request *request,
                                  enum endpoint endpoint);
const char *services_external_url(const struct services *services, struct arena *arena, const struct http_request *request,
                                  enum endpoint endpoint);
/* The address of /mapi by which this client has come, where it is one of the two; NULL without memory. */
const char *services_reached_url(const struct services *services, struct arena *arena, const struct http_request *request);
/* '<public url>/mapi/emsmdb/?MailboxId=<guid>@<domain>'; NULL without memory. */
const char *services_endpoint_url(const struct services *services, struct arena *arena, const char *public_url,
                                  enum session_endpoint endpoint, const struct directory_user *user);
