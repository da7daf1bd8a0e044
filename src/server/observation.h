/* One answered request, told once to everybody who counts or writes down: session statistics, the CSV logs, metrics, usage. Filled by
 * whoever answers (mapi_exchange.c, authentication.c, autodiscover.c, oab_download.c), when the answer is known and before it is sent, on the
 * loop of the exchange (of offline address book files on a worker); the consumers copy what they keep and neither block nor log. Strings are borrowed for the call, never NULL.
 *
 * A consumer is a struct observer, one row in the table of observation.c. docs/metrics.md. */
#pragma once
#include "server/services.h"

enum observation_endpoint {
    OBSERVATION_MAILBOX,      /* /mapi/emsmdb */
    OBSERVATION_ADDRESS_BOOK, /* /mapi/nspi */
    OBSERVATION_AUTODISCOVER,
    OBSERVATION_OAB,
    OBSERVATION_ADMIN,
    OBSERVATION_ENDPOINT_COUNT,
};
extern const char *const observation_endpoint_names[]; /* 'mailbox', 'address book', ... */

/* What the request's log-on came to. */
enum observation_log_on {
    OBSERVATION_LOG_ON_NONE,        /* none was asked for */
    OBSERVATION_LOG_ON_ACCEPTED,
    OBSERVATION_LOG_ON_CHALLENGED,  /* 401: the methods are offered, or the next leg is awaited */
    OBSERVATION_LOG_ON_FAILED,      /* 401, with 'error_text' and 'account' */
    OBSERVATION_LOG_ON_NEEDS_TLS,   /* 403 */
    OBSERVATION_LOG_ON_UNAVAILABLE, /* 503: the directory cannot be asked, or too many at once */
    OBSERVATION_LOG_ON_COUNT,
};
extern const char *const observation_log_on_names[]; /* 'accepted', ... */

#define OBSERVATION_ROPS_MAX ROP_EXECUTION_NOTED_MAX

struct observation {
    enum observation_endpoint endpoint;
    uint64_t time;               /* FILETIME of the arrival */
    uint64_t now_ms;             /* monotonic_ms of the answer */
    uint32_t duration_us;        /* from the whole request to the answer given to the connection; of a NotificationWait minutes */
    uint32_t processing_us;      /* of that: work, on the strand or, for what needs none, on the loop */
    unsigned http_status;
    unsigned response_code;      /* X-ResponseCode; 0 also where there is none */
    uint32_t error_code;         /* ErrorCode or StatusCode of the body; 0. Autodiscover: its ErrorCode */
    const char *error_text;      /* detail of a refusal */
    const char *method;          /* GET, POST */
    const char *request_type;    /* X-RequestType, "" */
    const char *request_id;      /* X-RequestId: the one id that goes through all logs */
    const char *client_info;     /* X-ClientInfo */
    const char *client_application; /* X-ClientApplication */
    const char *user_agent;
    const char *peer;            /* the client's address */
    const char *path;
    bool tls;
    enum observation_log_on log_on;
    const char *authentication;  /* Basic, NTLM, Negotiate, Kerberos, Bearer; "" for none */
    const struct directory_user *user; /* who asks; NULL where nobody has logged on */
    const char *account;         /* what was typed where the log-on failed */
    const char *remark;          /* for the logs: 'resent', what Autodiscover decided; "" */
    struct session_context *context;   /* NULL without one; counted by a ticket for the call */
    struct http_link *link;      /* the connection, of requests with a context; NULL where it is gone */
    bool resent;                 /* answered from the record */
    uint64_t request_size, response_size; /* bodies */
    unsigned rop_count;          /* done, perhaps more than are noted */
    uint8_t rops[OBSERVATION_ROPS_MAX]; /* ids in order, of Execute */
    uint32_t rop_error;          /* first ReturnValue that is an error */
    uint8_t rop_failed;          /* its ROP */
    /* For consumers that want more of the request: NULL where it was forgotten (a NotificationWait that was parked). */
    const struct http_request *request;
};

void observe(struct services *services, const struct observation *observation);

/* Whether the client was refused or given an error: a response code, an HTTP status from 400 but the 401 that offers methods,
 * or an error (not a warning) in the body. */
bool observation_is_failure(const struct observation *observation);

/* What every exchange tells of itself: times, headers, addresses; the caller adds what it knows. By the holder, on any thread. */
struct observation observation_of(const struct http_exchange *exchange, enum observation_endpoint endpoint,
                                  const struct identity *identity);
/* The one id of a request for all logs: X-RequestId, else client-request-id; "" where neither is fit to be shown. */
const char *observation_request_id(const struct http_request *request);
/* observation_of and observe in one, for a plain answer. Before it is sent. */
void observe_answer(struct services *services, const struct http_exchange *exchange, enum observation_endpoint endpoint,
                    const struct identity *identity, unsigned http_status, uint64_t response_size, const char *error_text);

/* --- consumers --- */

struct observer {
    const char *name;
    /* At the end of services_new, on the main thread. False (logged) ends the start. */
    bool (*start)(struct services *services, void **ret_state);
    void (*reload)(struct services *services, void *state); /* services->config is new; NULL: nothing to do */
    /* On any thread, several at once; a few hundred nanoseconds. Nothing allocated for each request, nobody woken. */
    void (*observe)(void *state, const struct observation *observation);
    void (*stop)(void *state); /* loops and workers have ended; write what is left. Also after a start that failed, NULL then */
};

bool observers_start(struct services *services);
void observers_reload(struct services *services);
void observers_stop(struct services *services);
/* Another part's, for pages and operations; NULL where it is not in the table or did not start. */
void *observer_state(const struct services *services, const struct observer *observer);
