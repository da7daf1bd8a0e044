#include "client/session.h"
#include "base/text.h"
#include "client/error.h"
#include "protocol/error_code.h"
#include "protocol/extended_buffer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROP_OUT_DEFAULT 0x10008u
#define MAX_ROP_OUT_CHAIN 0x40000u
#define STALLED_TRIES_MAX 6u /* of an operation that loses its context every time */

void session_enter(struct mapihttp_session *session)
{
    pthread_mutex_lock(&session->lock);
}

void session_leave(struct mapihttp_session *session)
{
    pthread_mutex_unlock(&session->lock);
}

enum mapihttp_status session_no_memory(struct mapihttp_error *error)
{
    return error_set(error, MAPIHTTP_NO_MEMORY, 0, "no memory");
}

const char *mapihttp_error_code_name(uint32_t code)
{
    return error_code_name(code);
}

enum mapihttp_status session_fail(struct mapihttp_session *session, uint32_t code, const char *what, struct mapihttp_error *error)
{
    char host[256];
    const char *name = error_code_name(code);
    transport_url_host(session->context.url, host);
    bool absent = code == EC_NOT_FOUND || code == EC_OBJECT_DELETED;
    return error_set(error, absent ? MAPIHTTP_NOT_FOUND : MAPIHTTP_SERVER, code, "%s: %s: error 0x%08X %s", host, what, code,
                     name ? name : "unknown");
}

enum mapihttp_status rop_batch_expect(struct mapihttp_session *session, const struct rop_batch *batch, uint32_t request,
                                      const char *what, struct mapihttp_error *ret_error)
{
    const struct rop_response *response = rop_batch_response(batch, request);
    if (rop_batch_success(batch, request))
        return MAPIHTTP_OK;
    if (response && (!response->return_value || response->return_value >> 16 == 0x0004))
        return MAPIHTTP_OK; /* one that has no fields */
    if (response)
        return session_fail(session, response->return_value, what, ret_error);
    /* No answer: the list ended before it, for want of room. */
    return session_fail(session, EC_BUFFER_TOO_SMALL, what, ret_error);
}

static char *copy_class(const struct notification_data *data)
{
    struct arena arena = {0};
    struct bytes class = data->message_class;
    if (!(data->notification_flags & 0x0002))
        return NULL;
    struct bytes utf16 = data->unicode_flag ? class : text_utf16_of_codepage(&arena, 1252, class);
    char *text = text_utf8_of_utf16(&arena, utf16);
    char *copy = text ? strdup(text) : NULL;
    arena_free(&arena);
    return copy;
}

static void keep_events(struct mapihttp_session *session, const struct rop_response_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct rop_notify_success *notify = list->responses[i].body;
        if (list->responses[i].rop_id != ROP_ID_NOTIFY || !notify)
            continue;
        if (session->event_count == SESSION_EVENTS_MAX)
            return; /* nobody watches */
        if (!session->events)
            session->events = calloc(SESSION_EVENTS_MAX, sizeof *session->events);
        if (!session->events)
            return;
        struct session_event *event = &session->events[session->event_count++];
        *event = (struct session_event){.handle = notify->notification_handle, .data = notify->notification_data,
                                        .message_class = copy_class(&notify->notification_data)};
        event->data.tags = NULL; /* what pointed into the answer */
        event->data.message_class = BYTES_NONE;
        event->data.table_row_data = (struct property_row){0};
    }
}

void session_forget_events(struct mapihttp_session *session)
{
    for (uint32_t i = 0; i < session->event_count; i++)
        free(session->events[i].message_class);
    session->event_count = 0;
}

static enum mapihttp_status fail_protocol(struct mapihttp_session *session, const struct wire_error *wire, const char *what,
                                          struct mapihttp_error *error)
{
    char text[WIRE_ERROR_TEXT_SIZE] = "", host[256];
    if (wire)
        wire_error_format(wire, text);
    transport_url_host(session->context.url, host);
    return error_set(error, MAPIHTTP_PROTOCOL, 0, "%s: %s%s%s", host, what, *text ? ": " : "", text);
}

static enum mapihttp_status read_answer(struct mapihttp_session *session, struct rop_batch *batch, struct bytes body,
                                        struct mapihttp_error *error)
{
    struct wire_error wire = {0};
    if (body.size >= 4 && load_u32(body.data))
        return session_fail(session, load_u32(body.data), "Execute (status code)", error);
    struct execute_success success;
    if (!wire_decode(&batch->arena, &execute_success_structure, body, NULL, &success, &wire))
        return fail_protocol(session, &wire, "Execute: a malformed answer", error);
    if (success.error_code)
        return session_fail(session, success.error_code, "Execute", error);
    struct extended_units units;
    if (!extended_buffer_read(&batch->arena, success.rop_buffer, &units, NULL))
        return fail_protocol(session, NULL, "Execute: a malformed extended buffer", error);
    struct bytes payloads[EXTENDED_UNITS_MAX];
    for (uint32_t i = 0; i < units.count; i++)
        payloads[i] = units.units[i].payload;
    if (!rop_batch_decode(batch, units.count, payloads, &session->columns, &wire))
        return fail_protocol(session, &wire, "Execute: malformed ROP answers", error);
    for (uint32_t i = 0; i < batch->answer_count; i++)
        keep_events(session, &batch->answers[i]);
    return MAPIHTTP_OK;
}

static enum mapihttp_status execute_once(struct mapihttp_session *session, struct rop_batch *batch, struct mapihttp_error *ret_error)
{
    struct buffer payload = {0}, rops = {0}, request = {0}, answer = {0};
    enum mapihttp_status status = MAPIHTTP_OK;
    memcpy(batch->leading, session->releases, sizeof batch->leading);
    batch->leading_count = session->release_count;
    if (!rop_batch_encode(batch, &payload)) { /* full with them, perhaps, but not without */
        batch->leading_count = 0;
        buffer_clear(&payload);
    }
    if (!payload.size && !rop_batch_encode(batch, &payload)) {
        status = error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "more than fits into one request");
    } else if (!extended_buffer_append(&rops, buffer_bytes(&payload), EXTENDED_FLAGS_LAST)) {
        status = session_no_memory(ret_error);
    } else {
        struct execute_request execute = {
            .flags = EXECUTE_FLAGS_NO_COMPRESSION | EXECUTE_FLAGS_NO_XOR_MAGIC | (batch->chain ? EXECUTE_FLAGS_CHAIN : 0),
            .rop_buffer = buffer_bytes(&rops),
            .max_rop_out = batch->max_rop_out ? batch->max_rop_out : batch->chain ? MAX_ROP_OUT_CHAIN : MAX_ROP_OUT_DEFAULT};
        if (!wire_encode(&execute_request_structure, &execute, NULL, &request, NULL)) {
            status = session_no_memory(ret_error);
        } else {
            enum context_verdict verdict = context_call(&session->context, "Execute", buffer_bytes(&request), &answer, ret_error);
            if (verdict == CONTEXT_DONE) {
                struct bytes body = arena_bytes(&batch->arena, buffer_bytes(&answer)); /* the answers point into it */
                if (batch->leading_count)
                    session->release_count = 0;
                status = body.data ? read_answer(session, batch, body, ret_error) : session_no_memory(ret_error);
            } else {
                status = ret_error->status ? ret_error->status : MAPIHTTP_NETWORK;
                session->logged_on = session->logged_on && verdict != CONTEXT_LOST;
            }
        }
    }
    buffer_free(&payload);
    buffer_free(&rops);
    buffer_free(&request);
    buffer_free(&answer);
    return status;
}

enum mapihttp_status session_execute(struct mapihttp_session *session, struct rop_batch *batch, struct mapihttp_error *ret_error)
{
    struct mapihttp_error error = {0};
    enum mapihttp_status status;
    uint32_t attempt = 0;
    do /* a server that is too busy says so without having done anything (MS-OXCMAPIHTTP 2.2.4.2.3, practice) */
        status = execute_once(session, batch, &error);
    while (status == MAPIHTTP_SERVER && error.code == SESSION_STATUS_BUSY && ++attempt < session->context.limits.attempts_max &&
           context_pause(&session->context, attempt));
    if (status && ret_error)
        *ret_error = error;
    return status;
}

enum mapihttp_status session_execute_expect(struct mapihttp_session *session, struct rop_batch *batch, uint32_t request,
                                            const char *what, struct mapihttp_error *ret_error)
{
    enum mapihttp_status status = session_execute(session, batch, ret_error);
    return status ? status : rop_batch_expect(session, batch, request, what, ret_error);
}

void session_release(struct mapihttp_session *session, const uint32_t *handles, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (handles[i] == ROP_HANDLE_NONE)
            continue;
        if (session->release_count == ROP_BATCH_LEADING_MAX) {
            struct rop_batch batch = {0}; /* it takes them along; a failure is noticed by the next operation */
            if (session_execute(session, &batch, NULL))
                transport_trace(&session->settings, "releasing objects failed");
            rop_batch_clear(&batch);
            if (!session->context.connected)
                return;
        }
        if (session->release_count < ROP_BATCH_LEADING_MAX)
            session->releases[session->release_count++] = handles[i];
    }
}

enum mapihttp_status session_run(struct mapihttp_session *session, session_operation operation, void *data,
                                 struct mapihttp_error *ret_error)
{
    enum mapihttp_status status = MAPIHTTP_OK;
    bool again = false;
    session_enter(session);
    for (uint32_t attempt = 1;; attempt++) {
        if (session->cancelled) {
            status = error_set(ret_error, MAPIHTTP_CANCELLED, 0, "cancelled");
            break;
        }
        if (!session->context.connected || !session->logged_on) {
            status = session_establish(session, ret_error);
            if (status)
                break;
        }
        struct mapihttp_error error = {0};
        status = operation(session, data, again, &error);
        bool lost = !session->context.connected || !session->logged_on;
        if (status && ret_error)
            *ret_error = error;
        if (!status || !lost || attempt == STALLED_TRIES_MAX)
            break;
        transport_trace(&session->settings, "the session context is lost; once more: %s", error.text);
        again = true;
        if (attempt > 1 && !context_pause(&session->context, attempt - 1)) {
            status = error_set(ret_error, MAPIHTTP_CANCELLED, 0, "cancelled");
            break;
        }
    }
    session_leave(session);
    return status;
}
