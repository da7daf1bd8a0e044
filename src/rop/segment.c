#include <stdlib.h>

#include "rop/audit.h"
#include "rop/execution.h"

enum segment_state segment_enter(struct execution *execution, struct open_mailbox *open, bool create, uint32_t *ret_error)
{
    if (execution->open == open)
        return SEGMENT_READY;
    segment_leave(execution);
    if (execution->failed) {
        *ret_error = execution->frame->error_code;
        return SEGMENT_FAILED;
    }
    struct guid guid = open_mailbox_guid(open);
    if (!guid_equal(guid, execution->frame->mailbox_guid)) {
        execution->frame->mailbox_guid = guid;
        return SEGMENT_ELSEWHERE;
    }
    uint32_t error = open_mailbox_acquire(open, create, &execution->mailbox);
    if (error) {
        *ret_error = error;
        return SEGMENT_FAILED;
    }
    /* One transaction for reading too: all ROPs of the request see one state, and the file is locked once, not by each. */
    error = mailbox_begin(execution->mailbox);
    if (error) {
        open_mailbox_release(open);
        execution->mailbox = NULL;
        *ret_error = error;
        return SEGMENT_FAILED;
    }
    execution->in_transaction = true;
    execution->open = open_mailbox_hold_again(open);
    return SEGMENT_READY;
}

uint32_t segment_begin_rop(struct execution *execution)
{
    if (!execution->in_transaction) {
        uint32_t error = mailbox_begin(execution->mailbox);
        if (error)
            return error;
        execution->in_transaction = true;
    }
    return mailbox_savepoint(execution->mailbox);
}

void segment_end_rop(struct execution *execution, bool keep)
{
    if (!keep || mailbox_savepoint_keep(execution->mailbox))
        mailbox_savepoint_rollback(execution->mailbox);
}

/* The store has forgotten what this Execute wrote; so must the session: what it opened, and messages that think they are
 * saved. Their handles answer ecInvalidObject from now on. */
static void take_back(struct execution *execution)
{
    struct rop_session *session = execution->session;
    for (uint32_t i = session->objects.count; i > 0; i--) {
        if (i > session->objects.count)
            continue; /* a logon took its objects along */
        struct rop_object *object = session->objects.objects[i - 1];
        bool gone = object->handle >= execution->first_handle;
        for (uint32_t k = 0; k < execution->saved_count; k++)
            gone |= execution->saved_handles[k] == object->handle;
        if (gone && object->logon->mailbox == execution->open)
            rop_session_release(session, object);
    }
}

void segment_leave(struct execution *execution)
{
    if (!execution->open)
        return;
    if (execution->in_transaction) {
        uint32_t error = mailbox_commit(execution->mailbox);
        execution->in_transaction = false;
        if (error) {
            take_back(execution);
            execution->failed = true;
            execution->frame->error_code = error;
        }
        rop_audit_tell(execution, error);
        execution->saved_count = 0;
    }
    open_mailbox_release(execution->open);
    open_mailbox_let_go(execution->open);
    execution->open = NULL;
    execution->mailbox = NULL;
}
