/* How the session layer hands the payloads of an Execute to whatever runs ROPs, without knowing it: src/rop fills a struct
 * rop_executor, src/server calls it.
 *
 * Ownership: a session context owns exactly one ROP session, made at Connect and destroyed after the context has ended and
 * its last request is finished. Thread: execute, and session_destroy of a session that was ever executed, run on a worker
 * thread, on the strand of a mailbox (see below). session_create may be called anywhere, also on a loop: it neither opens a
 * mailbox nor waits; so may session_destroy of a session that was never executed. Never two of them at once for one ROP
 * session. event_pending and the wake callback may be called on any thread at any time between create and destroy. */
#pragma once
#include "base/arena.h"
#include "base/guid.h"
#include "directory/directory.h"
#include "session/audit.h"

#define ROP_PAYLOADS_MAX 96u /* MS-OXCRPC R968, R969: units in one chained answer */

/* What Connect settled (MS-OXCMAPIHTTP 2.2.4.1.1). */
struct rop_session_parameters {
    const struct directory_user *user; /* the authenticated one; lives as long as the ROP session */
    uint32_t codepage;                 /* DefaultCodePage: of PtypString8 where no message says otherwise */
    uint32_t locale_sort;
    uint32_t locale_string;
    bool administrator;                /* Flags 0x1 was sent and the user is one */
    uint16_t session_index;            /* for RopPending */
    /* To be called after a notification was queued for this ROP session, from whatever thread the change was made on; it
     * never calls back and never blocks for long. 'wake_context' stays valid until session_destroy returns. */
    void (*wake)(void *wake_context);
    void *wake_context;
    const struct audit_hook *audit;    /* the mailbox audit; lives as long as the executor. NULL: none */
};

#define ROP_EXECUTION_NOTED_MAX 32u

/* One Execute. Payloads are what stood in the extended buffer's units after XOR and decompression: RopSize, ROPs, handle
 * table. The first request payload is always there; further ones only if the client packed several. */
struct rop_execution {
    /* in */
    struct arena *arena;              /* the request's; answers are allocated here and live until the answer is sent */
    uint32_t payload_count;
    const struct bytes *payloads;
    uint32_t max_rop_out;             /* room for all answer units with their 8-byte headers, already capped */
    bool chain;                       /* Flags 0x4: further answer units are welcome (MS-OXCRPC 3.1.4.2.1.2.1) */
    /* The strand that execute was called on; set it to another before returning CONTINUE to go on there. */
    struct guid mailbox_guid;
    /* For the audit: with what the user does it; lives as long as this. Asked for where something is written down, on the strand.
     * May be NULL, and answer NULL. */
    const struct audit_client *(*audit_client)(void *audit_context);
    void *audit_context;
    void *progress;                   /* the executor's own between two calls; NULL at the first */
    /* out */
    uint32_t error_code;              /* ErrorCode of the Execute body: 0, or e.g. ecRpcFormat */
    uint32_t status_code;             /* StatusCode: 0, or a failure body (0x6BB busy, 0x47D) */
    uint32_t rop_count;               /* done; the first of them with their ids: */
    uint8_t rops[ROP_EXECUTION_NOTED_MAX];
    uint32_t rop_error;               /* the first ReturnValue that is an error */
    uint8_t rop_failed;               /* whose it is */
    uint32_t ret_payload_count;
    struct bytes ret_payloads[ROP_PAYLOADS_MAX]; /* each at most ROP_PAYLOAD_SIZE_MAX bytes */
};

enum rop_execution_state {
    ROP_EXECUTION_DONE,
    /* Call again with the same struct on the strand of execution->mailbox_guid: for a ROP of a logon to another mailbox, or
     * on the same strand to let others go first after about 20 ms of work. */
    ROP_EXECUTION_CONTINUE,
};

struct rop_executor {
    void *user;
    /* 0 or an EC_ error code, which becomes the ErrorCode of Connect. */
    uint32_t (*session_create)(void *user, const struct rop_session_parameters *parameters, void **ret_session);
    /* Called on the strand of the user's own mailbox; state that belongs to another mailbox's strand (its subscriptions)
     * has to be handed over by the executor. */
    void (*session_destroy)(void *user, void *session);
    enum rop_execution_state (*execute)(void *user, void *session, struct rop_execution *execution);
    /* Whether notifications are queued for the session: an atomic read. */
    bool (*event_pending)(void *user, void *session);
};
