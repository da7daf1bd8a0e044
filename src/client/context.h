/* A session context at one endpoint as the client sees it (MS-OXCMAPIHTTP 3.1): the cookies, the request ids, the two
 * connections (requests and NotificationWait), and the rules for what is to be done when a connection breaks. Bodies are
 * opaque here; the ROP level is in rop_batch.h.
 *
 * Thread: context_call() and context_connect() by one thread at a time (the session's lock sees to it); context_wait() may
 * run beside them on another thread. Owns its transports; the settings and the cancel flag are borrowed. */
#pragma once
#include "client/cookie_jar.h"
#include "client/transport.h"
#include <pthread.h>
#include <stdatomic.h>

struct context_limits {
    uint32_t attempts_max;
    uint32_t retry_pause_ms;
    bool resend;
};

struct context_figures {
    uint64_t context_count;
    uint64_t resend_count;
    uint64_t repeat_count;
    uint64_t reconnect_count;
};

struct context {
    const struct transport_settings *settings;
    struct context_limits limits;
    const atomic_bool *cancelled;
    char *url;
    struct transport *requests;      /* 'Exchange Mail' in Outlook's dialog */
    struct transport *notifications; /* 'Exchange Notification' */
    char client_guid[40];            /* of X-ClientInfo: this client instance */
    uint32_t client_counter;         /* a new one for each session context */
    pthread_mutex_t lock;            /* guards all that follows */
    char request_guid[40];           /* of X-RequestId: this session context */
    uint64_t request_counter;
    struct cookie_jar jar;
    atomic_bool connected;           /* may be read without the lock, like the next */
    _Atomic uint64_t generation;     /* counts the contexts, so that a late answer knows that it is late */
    bool resend_supported;
    uint32_t expiration_ms;
    uint32_t pending_period_ms;
    uint64_t active_ms;              /* end of the last exchange, monotonic */
    char server_application[TRANSPORT_HEADER_TEXT_SIZE];
    struct context_figures figures;
};

bool context_initialize(struct context *context, const struct transport_settings *settings,
                        const struct context_limits *limits, const atomic_bool *cancelled, const char *url);
void context_clear(struct context *context);

/* How a call ended. */
enum context_verdict {
    CONTEXT_DONE,   /* *ret_body is the answer's body */
    CONTEXT_FAILED, /* *ret_error says why; trying again will not help, or has been done */
    CONTEXT_LOST,   /* the server has no such context any more, or the answer is lost: Connect, then see what became of the
                       operation. *ret_error says why, in case that fails too. */
};

/* Connect or Bind with the cookies of the old context, if any; repeated while the network is to blame. On success the
 * cookies are those of the new context, even if the body says that Connect failed: see context_accept(). */
enum context_verdict context_connect(struct context *context, const char *request_type, struct bytes body,
                                     struct buffer *ret_body, struct mapihttp_error *ret_error);
/* Whether Connect's body was a success: the context is established, or there is none. */
void context_accept(struct context *context, bool accepted);
/* Any other request of the context; NotificationWait goes by context_wait(). */
enum context_verdict context_call(struct context *context, const char *request_type, struct bytes body,
                                  struct buffer *ret_body, struct mapihttp_error *ret_error);
/* NotificationWait on the connection of its own; cut connections are tried again. At 'deadline_ms' (monotonic; 0: never) it
 * fails with MAPIHTTP_CANCELLED. */
enum context_verdict context_wait(struct context *context, struct bytes body, uint64_t deadline_ms, struct buffer *ret_body,
                                  struct mapihttp_error *ret_error);
/* The context of that generation turned out to be lost: the next operation makes a new one. */
void context_forget(struct context *context, uint64_t generation);
/* 'Context Not Found' and the like. */
const char *context_response_code_name(uint32_t response_code);
/* Sleeps before try number 'attempt' (1 is the first repetition); false when cancelled meanwhile. */
bool context_pause(struct context *context, uint32_t attempt);
