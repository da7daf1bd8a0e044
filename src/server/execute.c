#include "server/execute.h"

#include "base/limits.h"
#include "protocol/error_code.h"
#include "protocol/extended_buffer.h"
#include "protocol/mailbox_body.h"
#include "server/mailbox_audit.h"

#define EXECUTE_FLAG_NO_COMPRESSION 0x00000001u
#define EXECUTE_FLAG_NO_XOR_MAGIC 0x00000002u
#define EXECUTE_FLAG_CHAIN 0x00000004u
#define STATUS_BAD_STUB_DATA 0x000006F7u /* RPC_X_BAD_STUB_DATA */

/* The work of one Execute; in the arena of its mapi_exchange. */
struct execution {
    struct rop_execution rop;
    const struct execute_request *body;
};

static void answer_error(struct mapi_exchange *mapi, uint32_t error)
{
    struct execute_success answer = {.error_code = error};
    mapi_exchange_encode(mapi, &execute_success_structure, &answer);
}

/* MS-OXCRPC R634, R638: compressed and hidden unless the client does not want it. */
static void answer_payloads(struct mapi_exchange *mapi, const struct execution *execution)
{
    struct buffer units = {.size_max = execution->body->max_rop_out};
    uint16_t flags = 0;
    if (!(execution->body->flags & EXECUTE_FLAG_NO_COMPRESSION))
        flags |= EXTENDED_FLAGS_COMPRESSED;
    if (!(execution->body->flags & EXECUTE_FLAG_NO_XOR_MAGIC))
        flags |= EXTENDED_FLAGS_XOR_MAGIC;
    bool done = execution->rop.ret_payload_count > 0;
    for (uint32_t i = 0; done && i < execution->rop.ret_payload_count; i++) {
        bool last = i + 1 == execution->rop.ret_payload_count;
        done = extended_buffer_append(&units, execution->rop.ret_payloads[i], flags | (last ? EXTENDED_FLAGS_LAST : 0));
    }
    if (done) {
        struct execute_success answer = {.rop_buffer = buffer_bytes(&units)};
        mapi_exchange_encode(mapi, &execute_success_structure, &answer);
    } else if (units.failed) { /* larger than the client has room for, in spite of the executor's care */
        mapi_exchange_encode_failure(mapi, EC_BUFFER_TOO_SMALL);
    } else {
        mapi->code = MAPI_RESPONSE_INVALID_RESPONSE;
    }
    buffer_free(&units);
}

static void conclude(struct mapi_exchange *mapi, struct execution *execution)
{
    mapi->code = mapi_exchange_fault(mapi);
    if (mapi->code != MAPI_RESPONSE_SUCCESS)
        return;
    if (execution->rop.status_code != 0)
        mapi_exchange_encode_failure(mapi, execution->rop.status_code);
    else if (execution->rop.error_code != EC_SUCCESS)
        answer_error(mapi, execution->rop.error_code);
    else
        answer_payloads(mapi, execution);
}

static enum strand_result run_execute(struct strand_task *task);

/* Gives back the strand of another mailbox than the context's own, from within its last task of this work. */
static void leave_other_strand(struct mapi_exchange *mapi)
{
    struct mailbox_strand *other = mapi->other_strand;
    mapi->other_strand = NULL;
    if (other)
        mailbox_strand_release(other);
}

/* The work goes on at another mailbox. Where that takes no task the client is told that the server is busy; what was done so
 * far stays done, so the executor is told nothing. */
static enum strand_result move(struct mapi_exchange *mapi, struct guid mailbox_guid)
{
    mapi_exchange_step_ends(mapi);
    struct mailbox_strand *from = mapi->other_strand;
    struct mailbox_strand *to = mailbox_strand_acquire(mapi->services->strands, mailbox_guid);
    mapi->other_strand = to;
    if (to && strand_post(mailbox_strand_strand(to), &mapi->work)) {
        if (from) /* 'mapi' may be at work elsewhere already */
            mailbox_strand_release(from);
        return STRAND_DONE;
    }
    if (to)
        mailbox_strand_release(to);
    mapi->other_strand = from;
    return STRAND_YIELD; /* try again after the others */
}

static enum strand_result yield(struct mapi_exchange *mapi)
{
    mapi_exchange_step_ends(mapi);
    return STRAND_YIELD;
}

static enum strand_result run_execute(struct strand_task *task)
{
    struct mapi_exchange *mapi = mapi_exchange_of_work(task);
    struct mapi_context *context = mapi_context_of(&mapi->ticket);
    struct rop_executor *executor = &mapi->services->executor;
    struct execution *execution = mapi->body;
    struct mailbox_strand *here = mapi->other_strand ? mapi->other_strand : context->mailbox_strand;
    if (!mapi->step_us) /* not the first step */
        mapi_exchange_step_begins(mapi);
    if (!guid_equal(execution->rop.mailbox_guid, mailbox_strand_guid(here))) /* a move that could not be posted */
        return move(mapi, execution->rop.mailbox_guid);
    if (executor->execute(executor->user, context->rop_session, &execution->rop) == ROP_EXECUTION_CONTINUE) {
        if (guid_equal(execution->rop.mailbox_guid, mailbox_strand_guid(here)))
            return yield(mapi);
        return move(mapi, execution->rop.mailbox_guid);
    }
    conclude(mapi, execution);
    leave_other_strand(mapi);
    mapi_exchange_done(mapi);
    return STRAND_DONE;
}

/* Takes the extended buffer apart: EC_RPC_FORMAT where it cannot be. */
static uint32_t prepare(struct mapi_exchange *mapi, const struct execute_request *body, struct execution **ret_execution)
{
    struct extended_units units;
    if (!extended_buffer_read(&mapi->arena, body->rop_buffer, &units, NULL) || units.count == 0 ||
        units.count > ROP_PAYLOADS_MAX)
        return EC_RPC_FORMAT;
    struct execution *execution = arena_new(&mapi->arena, struct execution);
    struct bytes *payloads = arena_array(&mapi->arena, struct bytes, units.count);
    if (!execution || !payloads)
        return EC_SERVER_MEMORY;
    for (uint32_t i = 0; i < units.count; i++)
        payloads[i] = units.units[i].payload;
    struct mapi_context *context = mapi_context_of(&mapi->ticket);
    execution->body = body;
    execution->rop.arena = &mapi->arena;
    execution->rop.payload_count = units.count;
    execution->rop.payloads = payloads;
    execution->rop.max_rop_out = body->max_rop_out;
    execution->rop.chain = body->flags & EXECUTE_FLAG_CHAIN;
    execution->rop.mailbox_guid = mailbox_strand_guid(context->mailbox_strand);
    execution->rop.audit_client = mailbox_audit_client;
    execution->rop.audit_context = mapi;
    *ret_execution = execution;
    return EC_SUCCESS;
}

static enum strand_result begin_execute(struct strand_task *task)
{
    struct mapi_exchange *mapi = mapi_exchange_of_work(task);
    struct execution *execution;
    uint32_t error = prepare(mapi, mapi->body, &execution);
    if (error != EC_SUCCESS) {
        answer_error(mapi, error);
        mapi_exchange_done(mapi);
        return STRAND_DONE;
    }
    mapi->body = execution;
    mapi->rops = &execution->rop;
    task->run = run_execute;
    return run_execute(task);
}

void execute_begin(struct mapi_exchange *mapi)
{
    const struct execute_request *body = mapi->body;
    if (body->rop_buffer.size > ROP_REQUEST_SIZE_MAX || body->max_rop_out > ROP_RESPONSE_SIZE_MAX ||
        body->auxiliary_buffer.size > AUXILIARY_SIZE_MAX) { /* MS-OXCRPC R1373, R666, R678 */
        mapi_exchange_encode_failure(mapi, STATUS_BAD_STUB_DATA);
        mapi_exchange_finish(mapi);
    } else if (body->rop_buffer.size < EXTENDED_HEADER_SIZE || body->max_rop_out < EXTENDED_HEADER_SIZE) { /* R1379, R663 */
        answer_error(mapi, EC_RPC_FAILED);
        mapi_exchange_finish(mapi);
    } else {
        mapi_context_of(&mapi->ticket)->executed = true;
        mapi_exchange_work(mapi, mailbox_strand_strand(mapi_context_of(&mapi->ticket)->mailbox_strand), begin_execute);
    }
}
