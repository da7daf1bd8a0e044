/* The session's inside: one mailbox, its context, its logon, and the loop that carries an operation through lost contexts.
 * Everything here is called with the session's lock held (session_enter), except where it says otherwise. */
#pragma once
#include "client/context.h"
#include "client/rop_batch.h"
#include <mapihttp/session.h>

#define SESSION_FOLDER_COUNT 13u
#define SESSION_NAMES_MAX 4096u
#define SESSION_EVENTS_MAX 4096u
#define SESSION_CONNECTIONS 2u
#define SESSION_STATUS_BUSY 0x6BBu /* StatusCode of a body: too busy, nothing was done (MS-OXCRPC R526) */

struct session_name {
    struct property_name name; /* UTF-16LE */
    uint16_t id;
    char *text;                /* UTF-8 of name.name, or NULL */
};

/* A RopNotify that came with some answer and waits for mapihttp_watch(). */
struct session_event {
    uint32_t handle;
    struct notification_data data;
    char *message_class; /* UTF-8, or NULL */
};

struct mapihttp_session {
    pthread_mutex_t lock;           /* recursive: a callback may call in again */
    atomic_bool cancelled;
    struct transport_settings settings;
    struct context context;
    char *address;
    char *user_dn;
    char *display_name;
    struct arena arena;             /* what lives as long as the session */
    uint32_t connect_attempts_max;
    /* the logon of the present context */
    uint32_t logon_handle;
    uint64_t folder_ids[SESSION_FOLDER_COUNT];
    struct guid mailbox_guid;
    bool logged_on;
    bool work_uncertain;            /* the last lost context took an answer with it */
    uint64_t logon_count;
    struct rop_columns columns;
    uint32_t releases[ROP_BATCH_LEADING_MAX]; /* handles to be released with the next request */
    uint32_t release_count;
    struct session_name *names;
    uint32_t name_count;
    struct session_event *events;
    uint32_t event_count;
    bool keep_alive_wanted;
    bool keep_alive_running;
    bool closing;
    pthread_t keep_alive;
    pthread_cond_t keep_alive_wake;
    struct mapihttp_session_state state;
    struct mapihttp_connection connections[SESSION_CONNECTIONS];
    char connection_hosts[SESSION_CONNECTIONS][256];
    char connection_addresses[SESSION_CONNECTIONS][64];
    char server_application[TRANSPORT_HEADER_TEXT_SIZE];
};

void session_enter(struct mapihttp_session *session);
void session_leave(struct mapihttp_session *session);

/* An operation that may be carried out from its beginning again: it opens its own handles below session->logon_handle and
 * keeps in 'data' what it must not do twice. 'again' says that an earlier try lost its context, so that the last thing it
 * asked for may have happened. */
typedef enum mapihttp_status (*session_operation)(struct mapihttp_session *session, void *data, bool again,
                                                  struct mapihttp_error *error);
/* Connects and logs on where needed, runs the operation, and again after each lost context, a bounded number of times. May
 * be called with or without the lock. */
enum mapihttp_status session_run(struct mapihttp_session *session, session_operation operation, void *data,
                                 struct mapihttp_error *ret_error);

/* Executes a batch in the present context. Not MAPIHTTP_OK: the whole Execute failed; then the context may be lost, which
 * session_run() notices. Notifications in the answer go to session->events. */
enum mapihttp_status session_execute(struct mapihttp_session *session, struct rop_batch *batch, struct mapihttp_error *ret_error);
/* session_execute, and on success the check of one request's answer. */
enum mapihttp_status session_execute_expect(struct mapihttp_session *session, struct rop_batch *batch, uint32_t request,
                                            const char *what, struct mapihttp_error *ret_error);
/* MAPIHTTP_OK where that request succeeded, else MAPIHTTP_SERVER (or NOT_FOUND) with the code and its name. */
enum mapihttp_status rop_batch_expect(struct mapihttp_session *session, const struct rop_batch *batch, uint32_t request,
                                      const char *what, struct mapihttp_error *ret_error);
/* Fills in the error for a MAPI error code of an operation. */
enum mapihttp_status session_fail(struct mapihttp_session *session, uint32_t code, const char *what, struct mapihttp_error *error);
enum mapihttp_status session_no_memory(struct mapihttp_error *error);
/* Releases server objects with the next request that is sent anyway; those of a context that is lost are gone with it. */
void session_release(struct mapihttp_session *session, const uint32_t *handles, uint32_t count);

/* session_connect.c: Connect and RopLogon. */
enum mapihttp_status session_establish(struct mapihttp_session *session, struct mapihttp_error *ret_error);
void session_disconnect(struct mapihttp_session *session);
/* session_keep_alive.c */
bool session_keep_alive_start(struct mapihttp_session *session);
void session_keep_alive_stop(struct mapihttp_session *session);
void session_forget_events(struct mapihttp_session *session);
/* named_property.c: ids of names, asking the server for those not known yet. ret_ids[i] is 0 where the mailbox has none and
 * 'create' is false. Runs inside an operation. */
enum mapihttp_status session_property_ids(struct mapihttp_session *session, const struct property_name *names, uint32_t count,
                                          bool create, uint16_t *ret_ids, struct mapihttp_error *ret_error);
/* The other way; ret_names[i].kind is 0xFF where there is none. The names live as long as the session. */
enum mapihttp_status session_property_names(struct mapihttp_session *session, const uint16_t *ids, uint32_t count,
                                            struct property_name *ret_names, struct mapihttp_error *ret_error);
