/* The state of one Execute between its steps, shared by the parts of the loop: execute.c (order, handles, room), segment.c
 * (which mailbox, transactions), answer.c (payloads, notifications). Private to these. Lives in the Execute's arena. */
#pragma once
#include "rop/call.h"

/* One request payload that was decoded, and the answer to it that grows. */
struct execution {
    struct rop_session *session;
    struct rop_execution *frame;
    struct rop_request_list requests;
    uint32_t next;            /* the request to be done next */
    uint32_t first_handle;    /* objects from here on were opened by this Execute */
    struct buffer rops;       /* the responses so far */
    size_t rops_max;          /* of them in the first payload */
    size_t *reserves;         /* for each request, what has to be left for the ones behind it */
    bool ended;               /* nothing more is done: the list is through, or was broken off */

    /* The mailbox that belongs to this Execute at the moment (segment.c). */
    struct open_mailbox *open;
    struct mailbox *mailbox;
    bool in_transaction;
    bool failed;              /* a commit failed: execution->error_code says how */
    struct open_mailbox *logon_target; /* of the RopLogon under way, held */
    struct logon_rights logon_rights;
    struct directory_user logon_owner; /* whose mailbox it is; in the arena */
    uint32_t *saved_handles;  /* messages saved in the transaction: invalid should it fail */
    uint32_t saved_count;
    struct rop_deed *first_deed, *last_deed; /* done in the transaction, for the audit (audit.h) */
    uint64_t audit_version;   /* of its hook, once it was asked for in this Execute */
    bool audit_version_known;

    /* What a packed answer would go on with. */
    const struct rop_request *packed_request;
    const void *packed_body;
    uint32_t packed_count;
    struct bytes packed[ROP_PAYLOADS_MAX];
    size_t packed_size;       /* with headers */
};

#define EXTENDED_UNIT_HEADER_SIZE 8u
#define RESPONSE_HEADER_SIZE 6u /* RopId, handle index, ReturnValue */
#define PENDING_SIZE 3u         /* RopPending */
#define TOO_SMALL_SIZE 3u       /* RopBufferTooSmall without the requests */

/* Errors are no warnings: 0x0004.... says that all went well but for something. */
static inline bool is_failure(uint32_t return_value)
{
    return return_value && return_value >> 16 != 0x0004;
}

enum segment_state { SEGMENT_READY, SEGMENT_ELSEWHERE, SEGMENT_FAILED };
/* Makes 'open' the mailbox of what follows, ending what was done in another one. ELSEWHERE: go on on the strand that the
 * frame now names. FAILED: *ret_error. */
enum segment_state segment_enter(struct execution *execution, struct open_mailbox *open, bool create, uint32_t *ret_error);
/* The savepoint of one ROP; the first one opens the transaction. */
uint32_t segment_begin_rop(struct execution *execution);
void segment_end_rop(struct execution *execution, bool keep);
/* Commits and gives the mailbox back. A commit that fails sets 'failed' and takes back what the session has of it. */
void segment_leave(struct execution *execution);

/* Where one ROP's answer stands: 'room' for its body. */
struct rop_room {
    size_t size;
    bool none;       /* not even for a header */
    bool is_largest; /* the client cannot get more by asking again */
};
/* Appends the response of a call (or of its refusal) and says whether it had room; the buffer is as before where not. */
bool answer_append(struct execution *execution, const struct rop_request *request, struct rop_call *call, uint32_t error,
    size_t start, size_t room);
/* RopBufferTooSmall with the requests from 'from' on (3.2.4.3). */
void answer_too_small(struct execution *execution, uint32_t from);
/* RopNotify and RopPending (MS-OXCNOTIF 3.1.5.5). */
void answer_notifications(struct execution *execution);
/* Hands all payloads to the frame. */
void answer_finish(struct execution *execution);
