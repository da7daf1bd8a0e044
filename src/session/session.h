/* Session contexts (MS-OXCMAPIHTTP 3.1.1, 3.2): who is connected, in which order requests may come, when a context ends, and
 * which answer can be given again. Plain data in memory, independent of any connection. Times are monotonic milliseconds
 * given by the caller, so that tests own the clock.
 *
 * Thread: a table and its contexts may be used from any thread; one lock inside, held for some hundred nanoseconds and never
 * across a callback. Ownership: see each function; a ticket keeps its context alive until it is returned. docs/session.md. */
#pragma once
#include "directory/directory.h"
#include "session/cookie.h"
#include "session/response_code.h"

struct session_table;
struct session_context;

enum session_endpoint { SESSION_ENDPOINT_MAILBOX, SESSION_ENDPOINT_ADDRESS_BOOK };

enum session_end_reason {
    SESSION_END_DISCONNECT,  /* Disconnect, Unbind */
    SESSION_END_RECONNECT,   /* Connect or Bind came with its cookies (3.2.5.6) */
    SESSION_END_EXPIRED,     /* idle-time timer (3.2.6) */
    SESSION_END_CAP,         /* the user's longest-idle context made room for a new one */
    SESSION_END_REFUSED,     /* made by a Connect that then failed */
    SESSION_END_SHUTDOWN,
    SESSION_END_ADMINISTRATOR,
    SESSION_END_REASON_COUNT,
};
const char *session_end_reason_text(enum session_end_reason reason);

struct session_settings {
    uint32_t idle_timeout_ms;
    uint32_t contexts_per_user_max;
    bool resend;                   /* docs/resend.md */
    size_t kept_answers_size_max;  /* bytes, all contexts; the oldest go first */
};

/* Called without the lock, on the thread that caused it. */
struct session_hooks {
    void *user;
    /* The context is out of the table: no request will find it any more; those under way still hold it. Wake its wait. */
    void (*ended)(void *user, struct session_context *context, enum session_end_reason reason);
    /* The last ticket is back: the owner destroys what hangs on session_context_attachment() and calls
     * session_context_free(), then or later. */
    void (*released)(void *user, struct session_context *context);
    /* What 'delivery' of a kept answer says now: true if all of it was acknowledged. Called under the lock, and only for a
     * request that has come again. */
    bool (*delivered)(void *user, void *delivery);
    void (*delivery_release)(void *user, void *delivery); /* may run under the lock */
};

struct session_table *session_table_new(const struct session_settings *settings, const struct session_hooks *hooks);
void session_table_configure(struct session_table *table, const struct session_settings *settings);
/* Ends all contexts, then frees the table once the last of them is freed. */
void session_table_free(struct session_table *table);

/* How a request stands to the others of its context. */
enum session_request_kind {
    SESSION_REQUEST_SEQUENCED, /* one at a time, checks and advances MapiSequence */
    SESSION_REQUEST_PING,      /* may overlap, neither checks nor advances */
    SESSION_REQUEST_WAIT,      /* the same; one at a time among waits */
    SESSION_REQUEST_LAST,      /* sequenced, and ends the context: Disconnect, Unbind */
};

#define SESSION_FINGERPRINT_SIZE 32u
struct session_request {
    enum session_endpoint endpoint;
    enum session_request_kind kind;
    const struct session_cookies *cookies;
    struct guid user_id;                           /* authenticated */
    uint8_t fingerprint[SESSION_FINGERPRINT_SIZE]; /* session_fingerprint(); only sequenced kinds need it */
    bool resend_marked;                            /* our client's header says so */
    bool body_invalid;                             /* refuse with 12 if nothing else is wrong; nothing advances */
};

/* SHA-256 over what makes a request the same request. */
void session_fingerprint(struct session_table *table, struct bytes request_id, struct bytes request_type,
                         struct bytes body, uint8_t ret_fingerprint[SESSION_FINGERPRINT_SIZE]);

/* An answer kept for a resend, shared and immutable. */
struct session_answer;
struct bytes session_answer_content(const struct session_answer *answer); /* the response body, without meta-tags */
void session_answer_release(struct session_answer *answer);

/* A request's hold on its context. */
struct session_ticket {
    struct session_context *context; /* NULL where none was found */
    enum session_request_kind kind;
    bool accepted;                   /* counts as pending in its context until it is returned */
    uint64_t number;                 /* of the sequenced request in its context */
    /* The cookies to send with the answer, also when it is refused (15); meaningful if context is not NULL. */
    struct session_context_id cookie_context;
    struct session_sequence cookie_sequence;
    struct session_answer *answer;   /* not NULL: do not execute, send this (release it afterwards) */
};

/* Connect or Bind: ends the old context that the cookies name if it is the same user's, makes a new one and takes a ticket
 * on it. At the user's cap the longest-idle context goes. False only without memory. The user is copied. */
bool session_create(struct session_table *table, enum session_endpoint endpoint, const struct session_cookies *cookies,
                    const struct directory_user *user, uint64_t now_ms, struct session_ticket *ret_ticket);
/* Any other request: SUCCESS with a ticket, or the code to refuse it with: 13, 6, 10, 15, 12. Refused with 15 or 12 the ticket
 * still has context and cookies; every ticket with a context must be returned. A second WAIT is refused with 15 here; the
 * caller answers it as the specification says (ErrorCode Rejected). A PING without cookies is SUCCESS without a context. */
enum mapi_response_code session_begin(struct session_table *table, const struct session_request *request, uint64_t now_ms,
                                      struct session_ticket *ret_ticket);
/* Keeps the answer of a sequenced request for a resend; 'content' is copied, 'delivery' (may be NULL: lost) is taken. To be
 * called before the answer is sent. */
void session_keep_answer(struct session_table *table, const struct session_ticket *ticket, struct bytes content,
                         void *delivery);
/* Whether session_keep_answer has a use: the extension is on and the request a sequenced one that was accepted. */
bool session_keeps_answers(struct session_table *table, const struct session_ticket *ticket);
/* The request is finished: the idle-time timer starts when it was the last one pending. The ticket is void afterwards. */
void session_return(struct session_table *table, struct session_ticket *ticket, uint64_t now_ms);

/* Ends a context: out of the table at once, released when the last ticket is back. Twice is harmless. */
void session_end(struct session_table *table, struct session_context *context, enum session_end_reason reason);
/* The same by the context's id; false where there is none (any more). */
bool session_end_by_id(struct session_table *table, const struct session_context_id *id, enum session_end_reason reason);
/* Ends what has expired by now; returns when to call again (at the latest). */
uint64_t session_expire(struct session_table *table, uint64_t now_ms);
/* Calls 'visit' for every live context with the lock held: it must not call back into the table. */
void session_for_each(struct session_table *table, void (*visit)(struct session_context *context, void *argument),
                      void *argument);
void session_end_all(struct session_table *table, enum session_end_reason reason);

/* What the owner hangs on a context (the ROP session and its parked wait). Set once, before the first answer is sent. */
void session_context_set_attachment(struct session_context *context, void *attachment);
void *session_context_attachment(const struct session_context *context);
const struct directory_user *session_context_user(const struct session_context *context);
enum session_endpoint session_context_endpoint(const struct session_context *context);
const struct session_context_id *session_context_id(const struct session_context *context);
uint16_t session_context_index(const struct session_context *context); /* MS-OXCRPC R534: unlike any other live one's */
bool session_context_ended(struct session_table *table, const struct session_context *context);
void session_context_free(struct session_context *context);

/* For pages and logs. */
struct session_counts {
    uint32_t contexts;
    uint32_t users;
    uint32_t waits;
    size_t kept_answers_size;
};
struct session_counts session_table_counts(struct session_table *table);
