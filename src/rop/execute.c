#include "rop/execute.h"

#include <stdlib.h>

#include "mailbox/table.h"
#include "rop/audit.h"
#include "rop/execution.h"
#include "rop/handlers.h"
#include "rop/logon_target.h"

enum step {
    STEP_NEXT,      /* the ROP is done, or refused */
    STEP_ELSEWHERE, /* on another strand */
    STEP_STOP,      /* the list ends here */
};

/* ---- Handles ---- */

static uint32_t find_object(const struct execution *execution, uint8_t index, struct rop_object **ret_object)
{
    if (index >= execution->requests.handle_count)
        return EC_NULL_OBJECT; /* R4712 */
    const struct rop_object_map *objects = &execution->session->objects;
    uint32_t handle = execution->requests.handles[index];
    struct rop_object *object = rop_object_map_find(objects, handle);
    if (!object)
        return handle != ROP_HANDLE_UNUSED && rop_object_map_was_assigned(objects, handle) ? EC_INVALID_OBJECT
                                                                                          : EC_NULL_OBJECT;
    *ret_object = object;
    return 0;
}

static uint32_t find_input(const struct execution *execution, const struct rop_request *request,
    struct rop_object **ret_object)
{
    struct rop_object *object;
    uint32_t error = find_object(execution, request->handle_index, &object);
    if (error)
        return error;
    if (object->logon->logon_id != request->logon_id)
        return EC_ACCESS_DENIED; /* 3.2.5.4: of another logon */
    *ret_object = object;
    return 0;
}

/* The second input may be of another logon to the same mailbox. */
static uint32_t find_destination(const struct execution *execution, const struct rop_request *request,
    const struct rop_object *source, uint16_t kinds, struct rop_object **ret_object)
{
    struct rop_object *object;
    if (find_object(execution, request->output_handle_index, &object))
        return EC_NULL_DESTINATION_OBJECT;
    if (!(object->kind & kinds) || object->logon->mailbox != source->logon->mailbox)
        return EC_NOT_SUPPORTED;
    *ret_object = object;
    return 0;
}

static bool has_output(const struct rop_request *request)
{
    enum rop_handles handles = rop_definitions[request->rop_id]->handles;
    return handles == ROP_HANDLES_OUT || handles == ROP_HANDLES_IN_OUT;
}

static void set_output(struct execution *execution, const struct rop_request *request, const struct rop_object *object)
{
    if (has_output(request) && request->output_handle_index < execution->requests.handle_count)
        execution->requests.handles[request->output_handle_index] = object ? object->handle : ROP_HANDLE_UNUSED;
}

/* ---- Room ---- */

/* Every property may be a PropertyProblem of ten bytes; with large values that is far less than the bytes would allow. */
static size_t largest_problem_list(const struct rop_set_properties_request *request)
{
    return sizeof(uint16_t) + 10 * (size_t)request->property_value_count;
}

static size_t largest_answer(const struct rop_request *request)
{
    const struct rop_declaration *declaration = rop_declaration_of(request->rop_id);
    if (request->rop_id == ROP_ID_RELEASE)
        return 0;
    if (request->rop_id == ROP_ID_SET_PROPERTIES && request->body)
        return RESPONSE_HEADER_SIZE + largest_problem_list(request->body);
    if (declaration->answer_size == ROP_ANSWER_OPEN)
        return SIZE_MAX;
    return RESPONSE_HEADER_SIZE + declaration->answer_size +
        (declaration->answer_size_of ? declaration->answer_size_of(request->body) : 0);
}

/* What has to be left for the ROPs behind each: their answers, or RopBufferTooSmall with the requests themselves. */
static bool compute_reserves(struct execution *execution)
{
    uint32_t count = execution->requests.count;
    execution->reserves = arena_array(execution->frame->arena, size_t, count + 1u);
    if (!execution->reserves)
        return false;
    size_t answers = 0, requests = TOO_SMALL_SIZE;
    for (uint32_t i = count; i > 0; i--) {
        execution->reserves[i - 1] = answers < requests ? answers : requests;
        size_t answer = largest_answer(&execution->requests.requests[i - 1]);
        answers = answer > SIZE_MAX - answers ? SIZE_MAX : answers + answer;
        requests += execution->requests.requests[i - 1].bytes.size;
    }
    return true;
}

static struct rop_room room_for(const struct execution *execution, uint32_t index)
{
    size_t used = execution->rops.size + RESPONSE_HEADER_SIZE + PENDING_SIZE + execution->reserves[index];
    return (struct rop_room){
        .size = used < execution->rops_max ? execution->rops_max - used : 0,
        .none = used > execution->rops_max,
        .is_largest = index == 0 &&
            execution->frame->max_rop_out >= ROP_PAYLOAD_SIZE_MAX + EXTENDED_UNIT_HEADER_SIZE,
    };
}

/* ---- One ROP ---- */

/* For whoever watches (struct rop_execution). */
static void note(struct execution *execution, const struct rop_request *request, uint32_t error)
{
    struct rop_execution *frame = execution->frame;
    if (frame->rop_count < ROP_EXECUTION_NOTED_MAX)
        frame->rops[frame->rop_count] = request->rop_id;
    frame->rop_count++;
    if (is_failure(error) && !frame->rop_error) {
        frame->rop_error = error;
        frame->rop_failed = request->rop_id;
    }
}

/* The answer does not fit. Where more room can be had the client asks again with what was not done; otherwise the Execute
 * fails (3.2.4.3; MS-OXCPRPT R467). */
static enum step too_small(struct execution *execution, uint32_t index, bool room_is_largest)
{
    if (room_is_largest) {
        bool all = execution->requests.requests[index].rop_id == ROP_ID_GET_PROPERTIES_ALL;
        execution->frame->status_code = all ? EC_SERVER_MEMORY : EC_BUFFER_TOO_SMALL;
        execution->failed = true;
    } else {
        answer_too_small(execution, index);
    }
    return STEP_STOP;
}

static void remember_save(struct execution *execution, const struct rop_request *request, const struct rop_object *object)
{
    if (request->rop_id == ROP_ID_SAVE_CHANGES_MESSAGE)
        execution->saved_handles[execution->saved_count++] = object->handle;
}

static bool ends_list(const struct rop_declaration *declaration, uint32_t error)
{
    return declaration->ends_list_on_error && (error == EC_NOT_SUPPORTED || error == EC_INVALID_BOOKMARK);
}

/* Runs the handler of a call that is ready, and answers. */
static enum step run(struct execution *execution, uint32_t index, const struct rop_declaration *declaration,
    struct rop_call *call)
{
    const struct rop_request *request = &execution->requests.requests[index];
    struct rop_room room = room_for(execution, index);
    size_t worst = largest_answer(request) - RESPONSE_HEADER_SIZE;
    if (room.none || (declaration->writes && worst > room.size && !room.is_largest))
        return too_small(execution, index, room.none && room.is_largest);
    call->room = room.size;
    call->room_is_largest = room.is_largest;
    call->out = &execution->rops;
    size_t start = execution->rops.size;
    uint32_t error = buffer_extend(&execution->rops, RESPONSE_HEADER_SIZE) ? 0 : EC_OUT_OF_MEMORY;
    bool savepoint = false;
    if (!error && declaration->writes) {
        error = segment_begin_rop(execution);
        savepoint = !error;
    }
    struct rop_deed *deed = !error && request->rop_id != ROP_ID_LOGON ? rop_audit_begin(execution, request, call) : NULL;
    if (!error)
        error = declaration->handler(call);
    bool refused = call->too_small && !room.is_largest;
    bool fits = !refused && answer_append(execution, request, call, error, start, room.size);
    if (fits)
        rop_audit_end(execution, deed, call, error);
    if (savepoint)
        segment_end_rop(execution, fits && !is_failure(error));
    if (!fits || is_failure(error)) {
        if (call->output)
            rop_session_release(execution->session, call->output);
        call->output = NULL;
    }
    if (!fits) {
        execution->rops.size = start;
        return too_small(execution, index, room.is_largest && !refused);
    }
    note(execution, request, error);
    set_output(execution, request, call->output);
    if (!is_failure(error))
        remember_save(execution, request, call->input);
    if (declaration->packs && call->more && !error) {
        execution->packed_request = request;
        execution->packed_body = call->request;
    }
    return ends_list(declaration, error) ? STEP_STOP : STEP_NEXT;
}

/* Answers a ROP that no handler sees. */
static enum step refuse(struct execution *execution, uint32_t index, uint32_t error)
{
    const struct rop_request *request = &execution->requests.requests[index];
    struct rop_room room = room_for(execution, index);
    struct rop_call call = {.arena = execution->frame->arena};
    size_t start = execution->rops.size;
    if (room.none || !buffer_extend(&execution->rops, RESPONSE_HEADER_SIZE) ||
        !answer_append(execution, request, &call, error, start, room.size)) {
        execution->rops.size = start;
        return too_small(execution, index, room.is_largest);
    }
    note(execution, request, error);
    set_output(execution, request, NULL);
    return ends_list(rop_declaration_of(request->rop_id), error) ? STEP_STOP : STEP_NEXT;
}

static enum step release(struct execution *execution, const struct rop_request *request)
{
    struct rop_object *object;
    if (find_input(execution, request, &object))
        return STEP_NEXT; /* R4573: errors are not told */
    uint32_t error;
    switch (segment_enter(execution, object->logon->mailbox, false, &error)) {
    case SEGMENT_ELSEWHERE:
        return STEP_ELSEWHERE;
    case SEGMENT_FAILED:
        object->logon->logon.mailbox = NULL;
        break;
    case SEGMENT_READY:
        object->logon->logon.mailbox = execution->mailbox;
        break;
    }
    rop_session_release(execution->session, object);
    note(execution, request, 0);
    return execution->failed ? STEP_STOP : STEP_NEXT;
}

/* A logon under the same LogonId gives way to the new one (R4536: one object for each id). */
static enum step release_old_logon(struct execution *execution, uint8_t logon_id)
{
    struct rop_logon *old = execution->session->logons[logon_id];
    if (!old)
        return STEP_NEXT;
    uint32_t error;
    enum segment_state state = segment_enter(execution, old->mailbox, false, &error);
    if (state == SEGMENT_ELSEWHERE)
        return STEP_ELSEWHERE;
    old->logon.mailbox = state == SEGMENT_READY ? execution->mailbox : NULL;
    rop_session_release(execution->session, old->object);
    return STEP_NEXT;
}

static struct rop_logon *logon_new(struct execution *execution, const struct rop_request *request)
{
    const struct rop_session_parameters *parameters = &execution->session->parameters;
    struct rop_logon *logon = calloc(1, sizeof *logon);
    if (!logon)
        return NULL;
    logon->logon = (struct logon){
        .mailbox = execution->mailbox,
        .display_name = parameters->user->display_name,
        .address_book_dn = parameters->user->legacy_dn,
        .smtp_address = parameters->user->address,
        .codepage = parameters->codepage,
        .locale_id = parameters->locale_string,
        .sort_locale_id = parameters->locale_sort,
    };
    logon->mailbox = open_mailbox_hold_again(execution->open);
    logon->logon_id = request->logon_id;
    logon->rights = execution->logon_rights;
    if (parameters->audit) {
        logon->audit = rop_logon_audit_new(execution->session, &execution->logon_owner, &logon->rights, request->body);
        if (!logon->audit) { /* what cannot be written down is not done */
            open_mailbox_let_go(logon->mailbox);
            free(logon);
            return NULL;
        }
    }
    return logon;
}

static enum step make_logon(struct execution *execution, uint32_t index)
{
    const struct rop_request *request = &execution->requests.requests[index];
    struct rop_session *session = execution->session;
    struct rop_logon *logon = logon_new(execution, request);
    if (!logon)
        return refuse(execution, index, EC_OUT_OF_MEMORY);
    struct rop_call call = {
        .session = session,
        .rop_logon = logon,
        .logon = &logon->logon,
        .arena = execution->frame->arena,
        .logon_id = request->logon_id,
        .request = request->body,
    };
    session->logons[request->logon_id] = logon;
    enum step step = run(execution, index, rop_declaration_of(ROP_ID_LOGON), &call);
    if (call.output) {
        if (!session->has_logged_on)
            session->first_mailbox_guid = open_mailbox_guid(execution->open);
        session->has_logged_on = true;
        rop_audit_logged_on(execution, logon);
    } else if (session->logons[request->logon_id] == logon) {
        session->logons[request->logon_id] = NULL; /* it failed before it had an object */
        open_mailbox_let_go(logon->mailbox);
        free(logon->audit);
        free(logon);
    }
    return step;
}

/* RopLogon: whose mailbox, then on its strand. */
static enum step log_on(struct execution *execution, uint32_t index)
{
    const struct rop_request *request = &execution->requests.requests[index];
    struct rop_session *session = execution->session;
    if (request->output_handle_index >= execution->requests.handle_count)
        return refuse(execution, index, EC_NULL_OBJECT);
    if (!execution->logon_target) {
        struct directory_user *owner = &execution->logon_owner;
        uint32_t error = rop_logon_target(session, execution->frame->arena, request->body, owner, &execution->logon_rights);
        if (error) {
            rop_audit_refused(execution, request->body, error);
            return refuse(execution, index, error);
        }
        execution->logon_target = open_mailbox_hold(session->server->mailboxes, owner);
        if (!execution->logon_target)
            return refuse(execution, index, EC_OUT_OF_MEMORY);
    }
    enum step step = release_old_logon(execution, request->logon_id);
    if (step != STEP_NEXT)
        return step;
    uint32_t error = 0;
    switch (segment_enter(execution, execution->logon_target, execution->logon_rights.owner, &error)) {
    case SEGMENT_ELSEWHERE:
        return STEP_ELSEWHERE;
    case SEGMENT_FAILED:
        /* A delegate does not make the owner's mailbox (R818). */
        step = execution->failed ? STEP_STOP
                                 : refuse(execution, index, error == EC_NOT_FOUND ? EC_ACCESS_DENIED : error);
        break;
    case SEGMENT_READY:
        step = make_logon(execution, index);
        break;
    }
    open_mailbox_let_go(execution->logon_target);
    execution->logon_target = NULL;
    return step;
}

static enum step do_rop(struct execution *execution, uint32_t index)
{
    const struct rop_request *request = &execution->requests.requests[index];
    if (request->rop_id == ROP_ID_RELEASE)
        return release(execution, request);
    if (request->rop_id == ROP_ID_LOGON)
        return log_on(execution, index);
    const struct rop_declaration *declaration = rop_declaration_of(request->rop_id);
    struct rop_call call = {
        .session = execution->session,
        .arena = execution->frame->arena,
        .logon_id = request->logon_id,
        .input_handle_index = request->handle_index,
        .response_handle_index = request->output_handle_index,
        .request = request->body,
    };
    uint32_t error = find_input(execution, request, &call.input);
    if (!error && (!declaration->handler || !(call.input->kind & declaration->inputs)))
        error = declaration->error;
    if (!error && has_output(request) && request->output_handle_index >= execution->requests.handle_count)
        error = EC_NULL_OBJECT;
    if (!error && declaration->destinations)
        error = find_destination(execution, request, call.input, declaration->destinations, &call.destination);
    if (error)
        return refuse(execution, index, error);
    switch (segment_enter(execution, call.input->logon->mailbox, false, &error)) {
    case SEGMENT_ELSEWHERE:
        return STEP_ELSEWHERE;
    case SEGMENT_FAILED:
        return execution->failed ? STEP_STOP : refuse(execution, index, error);
    case SEGMENT_READY:
        break;
    }
    call.rop_logon = call.input->logon;
    call.logon = &call.rop_logon->logon;
    call.logon->mailbox = execution->mailbox;
    return run(execution, index, declaration, &call);
}

/* ---- Packed answers (MS-OXCRPC 3.1.4.2.1.2.2) ---- */

#define RESIDUAL_OF_QUERY_ROWS 0x8000u
#define RESIDUAL_OF_OTHERS 0x2000u

/* Answers the last ROP again, as if the client had sent it for the rest, in a payload of its own. */
static bool pack_once(struct execution *execution, size_t room)
{
    const struct rop_request *request = execution->packed_request;
    struct rop_call call = {
        .session = execution->session,
        .arena = execution->frame->arena,
        .logon_id = request->logon_id,
        .input_handle_index = request->handle_index,
        .request = execution->packed_body,
        .room_is_largest = true,
    };
    size_t handles_size = execution->requests.handle_count * sizeof(uint32_t);
    size_t payload_max = room < ROP_PAYLOAD_SIZE_MAX ? room : ROP_PAYLOAD_SIZE_MAX;
    if (payload_max < sizeof(uint16_t) + RESPONSE_HEADER_SIZE + handles_size ||
        find_input(execution, request, &call.input))
        return false;
    call.room = payload_max - sizeof(uint16_t) - RESPONSE_HEADER_SIZE - handles_size;
    call.rop_logon = call.input->logon;
    call.logon = &call.rop_logon->logon;
    struct buffer first = execution->rops;
    execution->rops = (struct buffer){0};
    call.out = &execution->rops;
    uint32_t error = EC_OUT_OF_MEMORY;
    if (buffer_extend(&execution->rops, RESPONSE_HEADER_SIZE))
        error = rop_declaration_of(request->rop_id)->handler(&call);
    struct buffer payload = {0};
    bool packed = !error && answer_append(execution, request, &call, 0, 0, call.room) &&
        rop_payload_build(buffer_bytes(&execution->rops), execution->requests.handles, execution->requests.handle_count,
            &payload);
    if (packed) {
        struct bytes copy = arena_bytes(execution->frame->arena, buffer_bytes(&payload));
        execution->packed[execution->packed_count++] = copy;
        execution->packed_size += EXTENDED_UNIT_HEADER_SIZE + copy.size;
        packed = copy.data != NULL;
    }
    buffer_free(&payload);
    buffer_free(&execution->rops);
    execution->rops = first;
    execution->packed_body = call.request;
    return packed && call.more;
}

static void pack(struct execution *execution)
{
    const struct rop_request *request = execution->packed_request;
    if (!execution->frame->chain || !request ||
        request != &execution->requests.requests[execution->requests.count - 1] || execution->failed)
        return;
    uint32_t error;
    struct rop_object *object;
    if (find_input(execution, request, &object) ||
        segment_enter(execution, object->logon->mailbox, false, &error) != SEGMENT_READY)
        return;
    size_t least = request->rop_id == ROP_ID_QUERY_ROWS ? RESIDUAL_OF_QUERY_ROWS : RESIDUAL_OF_OTHERS;
    for (bool more = true; more && execution->packed_count < ROP_PAYLOADS_MAX - 1;) {
        size_t used = EXTENDED_UNIT_HEADER_SIZE + sizeof(uint16_t) + execution->rops.size + PENDING_SIZE +
            execution->requests.handle_count * sizeof(uint32_t) + execution->packed_size;
        if (used + least > execution->frame->max_rop_out)
            return;
        more = pack_once(execution, execution->frame->max_rop_out - used - EXTENDED_UNIT_HEADER_SIZE);
    }
}

/* ---- The whole ---- */

/* Several request payloads carry one RopWriteStreamExtended each; they are done as one (MS-OXCRPC 3.1.4.2.1.2.1). */
static bool join_payloads(struct execution *execution)
{
    const struct rop_execution *frame = execution->frame;
    if (frame->payload_count < 2)
        return true;
    if (execution->requests.count != 1 || execution->requests.requests[0].rop_id != ROP_ID_WRITE_STREAM_EXTENDED)
        return false;
    const struct rop_write_stream_extended_request *first = execution->requests.requests[0].body;
    struct buffer data = {.size_max = ROP_REQUEST_SIZE_MAX};
    buffer_append(&data, first->data.data, first->data.size);
    bool good = true;
    for (uint32_t i = 1; good && i < frame->payload_count; i++) {
        struct rop_request_list list;
        good = rop_requests_decode(frame->arena, frame->payloads[i], NULL, &list, NULL) && list.count == 1 &&
            list.requests[0].rop_id == ROP_ID_WRITE_STREAM_EXTENDED;
        if (good) {
            const struct rop_write_stream_extended_request *next = list.requests[0].body;
            buffer_append(&data, next->data.data, next->data.size);
        }
    }
    struct rop_write_stream_extended_request *joined =
        arena_new(frame->arena, struct rop_write_stream_extended_request);
    if (good && joined && !data.failed) {
        joined->data = arena_bytes(frame->arena, buffer_bytes(&data));
        execution->requests.requests[0].body = joined;
    }
    good = good && joined && !data.failed;
    buffer_free(&data);
    return good;
}

static bool all_known(const struct rop_request_list *requests)
{
    for (uint32_t i = 0; i < requests->count; i++) {
        if (requests->requests[i].rop_id != ROP_ID_RELEASE && !rop_declaration_of(requests->requests[i].rop_id))
            return false; /* reserved (R180005) */
    }
    return true;
}

/* NULL where the list cannot be done at all: the frame says why. */
static struct execution *begin(struct rop_session *session, struct rop_execution *frame)
{
    struct execution *execution = arena_new(frame->arena, struct execution);
    if (!execution) {
        frame->error_code = EC_OUT_OF_MEMORY;
        return NULL;
    }
    execution->session = session;
    execution->frame = frame;
    execution->first_handle = session->objects.next_handle;
    if (!rop_requests_decode(frame->arena, frame->payloads[0], NULL, &execution->requests, NULL) ||
        !all_known(&execution->requests) || !join_payloads(execution)) {
        frame->error_code = EC_RPC_FORMAT; /* R4551 */
        return NULL;
    }
    size_t handles_size = execution->requests.handle_count * sizeof(uint32_t);
    size_t payload_max = frame->max_rop_out > EXTENDED_UNIT_HEADER_SIZE
        ? frame->max_rop_out - EXTENDED_UNIT_HEADER_SIZE : 0;
    if (payload_max > ROP_PAYLOAD_SIZE_MAX)
        payload_max = ROP_PAYLOAD_SIZE_MAX;
    if (payload_max < sizeof(uint16_t) + handles_size) {
        frame->status_code = EC_BUFFER_TOO_SMALL;
        return NULL;
    }
    execution->rops_max = payload_max - sizeof(uint16_t) - handles_size;
    execution->saved_handles = arena_array(frame->arena, uint32_t, execution->requests.count + 1u);
    if (!execution->saved_handles || !compute_reserves(execution)) {
        frame->error_code = EC_OUT_OF_MEMORY;
        return NULL;
    }
    return execution;
}

enum rop_execution_state rop_execute(struct rop_session *session, struct rop_execution *frame)
{
    struct execution *execution = frame->progress;
    if (!execution) {
        execution = begin(session, frame);
        if (!execution)
            return ROP_EXECUTION_DONE;
        frame->progress = execution;
    }
    while (!execution->ended) {
        if (execution->next == execution->requests.count) {
            execution->ended = true;
            break;
        }
        enum step step = do_rop(execution, execution->next);
        if (step == STEP_ELSEWHERE)
            return ROP_EXECUTION_CONTINUE;
        execution->next++;
        execution->ended = step == STEP_STOP;
    }
    if (execution->next == execution->requests.count)
        pack(execution);
    segment_leave(execution);
    if (!execution->failed) {
        answer_notifications(execution);
        answer_finish(execution);
    }
    buffer_free(&execution->rops);
    return ROP_EXECUTION_DONE;
}
