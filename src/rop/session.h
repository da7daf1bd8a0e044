/* A ROP session: what one session context has open. Plain data but for its hold on the mailboxes' places; the handlers
 * never see a connection or a cookie. Used by one Execute at a time; only 'notifications' is touched by other threads. */
#pragma once
#include "mailbox/mailbox.h"
#include "rop/notification_queue.h"
#include "rop/object.h"
#include "rop/open_mailboxes.h"
#include "session/executor.h"

struct rop_server {
    struct directory *directory;
    struct open_mailboxes *mailboxes;
    uint32_t handles_per_context_max;
};

/* What the user may in a mailbox (MS-OXCSTOR 2.2.1.1.3, ResponseFlags). */
struct logon_rights {
    bool owner;   /* it is his, or he has full access to it */
    bool send_as;
};

struct rop_logon_audit;

/* One logon (MS-OXCSTOR 2.2.1.1); the texts of 'logon' are those of the session's user. */
struct rop_logon {
    struct logon logon; /* for the mailbox layer; logon.mailbox is set while the mailbox is acquired */
    struct open_mailbox *mailbox;
    struct rop_object *object;
    uint8_t logon_id;
    uint8_t logon_flags;
    uint32_t open_flags;
    struct logon_rights rights;
    struct rop_logon_audit *audit; /* owned; NULL where nothing is audited (audit.h) */
};

#define ROP_LOGON_IDS 256u

/* A row of the per-user table that RopWritePerUserInformation is bringing in pieces. */
struct rop_per_user_upload {
    bool active;
    struct long_term_id folder;
    struct guid database;
    struct buffer data;
};

struct rop_session {
    struct notification_queue notifications;
    struct rop_server *server;
    struct rop_session_parameters parameters;
    struct rop_object_map objects;
    struct rop_logon *logons[ROP_LOGON_IDS]; /* by LogonId */
    struct guid first_mailbox_guid;          /* of the first logon (USE_PER_MDB_REPLID_MAPPING, R802) */
    bool has_logged_on;
    struct rop_per_user_upload per_user_upload;
};

/* NULL without memory. */
struct rop_session *rop_session_new(struct rop_server *server, const struct rop_session_parameters *parameters);
/* Ends everything. Takes each mailbox that the session had logged on to in turn. */
void rop_session_free(struct rop_session *session);

/* Releases one object (RopRelease); a logon with all that belongs to it. Its mailbox must be acquired. */
void rop_session_release(struct rop_session *session, struct rop_object *object);
