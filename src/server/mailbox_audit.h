/* The mailbox audit in the server: the hook that ROP sessions tell what they do, over the store of the records and the administrators'
 * settings. Thread: any; the hook's record waits where the store's queue is full, so it is called on workers only. docs/audit.md. */
#pragma once
#include "directory/directory.h"
#include "session/audit.h"

struct audit_store;
struct mailbox_audit;
struct mapi_exchange;
struct settings;

/* Records go to <data_path>/audit.sqlite; 'settings' is borrowed. NULL (logged) where that fails. */
struct mailbox_audit *mailbox_audit_new(struct settings *settings, const char *data_path);
/* Writes what is queued. After the last session. */
void mailbox_audit_free(struct mailbox_audit *audit);

const struct audit_hook *mailbox_audit_hook(const struct mailbox_audit *audit);
struct audit_store *mailbox_audit_store(struct mailbox_audit *audit);

/* With what the user of a request (a struct mapi_exchange) does what it does: from its headers, its connection and its context. In the
 * request's arena; NULL without memory. */
const struct audit_client *mailbox_audit_client(void *exchange);

/* A Connect to somebody's mailbox that was refused for want of a right: a log-on that failed. On a worker. */
void mailbox_audit_refused(struct mapi_exchange *mapi, const struct directory_user *owner, uint32_t error);

/* Whether a delegate's opening of this folder was written down within the last 24 hours; if not, it is now. */
struct folder_bind {
    struct guid mailbox, user;
    uint64_t folder_id;
};
bool mailbox_audit_bound_lately(struct mailbox_audit *audit, const struct folder_bind *bind, uint64_t now);
