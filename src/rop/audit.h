/* What a session does to mailboxes, for the mailbox audit: who is told of (session/audit.h), what each ROP comes to in its words,
 * and that nothing is told before it is committed. Private to execute.c, segment.c and session.c. On the mailbox's strand. */
#pragma once
#include "rop/execution.h"

/* Kept with a logon: whose mailbox it is, and what of it is written down. */
struct rop_logon_audit {
    enum audit_logon_type type;
    struct audit_mailbox mailbox; /* texts behind this structure */
    uint64_t version;             /* of the hook, when 'wanted' was asked for */
    uint32_t wanted;
};
/* As whom the session's user is there. In one block, freed with free(); NULL without memory. */
struct rop_logon_audit *rop_logon_audit_new(const struct rop_session *session, const struct directory_user *owner,
    const struct logon_rights *rights, const struct rop_logon_request *request);

/* One thing that is being done. */
struct rop_deed {
    struct audit_deed deed;
    uint8_t rop_id;
    struct rop_deed *next;
};

/* Before the handler of a ROP: what it is about to do, with what it will do it to (a deleted message has no subject any more).
 * NULL where nothing of it is written down. In the Execute's arena. */
struct rop_deed *rop_audit_begin(struct execution *execution, const struct rop_request *request, const struct rop_call *call);
/* After the handler: how it went. It is told of at the commit. 'deed' may be NULL. */
void rop_audit_end(struct execution *execution, struct rop_deed *deed, const struct rop_call *call, uint32_t error);
/* A logon that has succeeded. */
void rop_audit_logged_on(struct execution *execution, const struct rop_logon *logon);
/* A logon that was refused: told at once, since nothing was opened. */
void rop_audit_refused(struct execution *execution, const struct rop_logon_request *request, uint32_t error);
/* The transaction has ended: tells of everything since the last one, as failed with 'error' where that is not 0. */
void rop_audit_tell(struct execution *execution, uint32_t error);
