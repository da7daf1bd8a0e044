#include "base/filetime.h"
#include "client/error.h"
#include "client/session.h"
#include "protocol/error_code.h"
#include <mapihttp/watch.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY_WAKES_MAX 3u /* answers 'there is something' with nothing in it, before a pause is made */

struct watch {
    struct mapihttp_session *session;
    uint64_t folder_id;
    uint32_t kinds;
    uint32_t handle;      /* of the subscription */
    uint64_t generation;  /* of the context that has it; 0: none yet */
    bool gap;             /* a context was lost in between */
    uint64_t deadline_ms;
    mapihttp_event_function function;
    void *data;
};

/* An operation: subscribes where this context has no subscription, then fetches what is pending with an empty ROP list
 * (MS-OXCMAPIHTTP R317). */
static enum mapihttp_status subscribe_and_fetch(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct watch *watch = data;
    struct rop_batch batch = {0};
    enum mapihttp_status status;
    if (watch->generation == session->context.generation) {
        status = session_execute(session, &batch, error);
        rop_batch_clear(&batch);
        return status;
    }
    struct rop_register_notification_request subscribe = {.notification_types = (uint16_t)(watch->kinds & MAPIHTTP_EVENT_ALL),
                                                          .want_whole_store = !watch->folder_id, .folder_id = watch->folder_id};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), output = rop_batch_output(&batch);
    uint32_t asked = rop_batch_add(&batch, ROP_ID_REGISTER_NOTIFICATION, logon, output, &subscribe);
    status = session_execute_expect(session, &batch, asked, "subscribe", error);
    if (!status) {
        watch->gap = watch->generation != 0;
        watch->generation = session->context.generation;
        watch->handle = rop_batch_handle(&batch, output);
    }
    rop_batch_clear(&batch);
    return status;
}

static struct mapihttp_event event_of(const struct session_event *from)
{
    const struct notification_data *data = &from->data;
    return (struct mapihttp_event){
        .kind = data->notification_flags & 0x0FFF,
        .folder_id = data->folder_id,
        .message_id = data->message_id,
        .parent_folder_id = data->parent_folder_id,
        .old_folder_id = data->old_folder_id ? data->old_folder_id : data->old_parent_folder_id,
        .old_message_id = data->old_message_id,
        .message_count = data->notification_flags & NOTIFICATION_FLAGS_TOTAL_COUNT ? (int64_t)data->total_message_count : -1,
        .unread_count = data->notification_flags & NOTIFICATION_FLAGS_UNREAD_COUNT ? (int64_t)data->unread_message_count : -1,
        .message_class = from->message_class ? from->message_class : "",
        .message_flags = data->message_flags,
    };
}

/* Takes the events of this subscription out of the session. */
static uint32_t take_events(struct watch *watch, struct session_event **ret_events)
{
    struct mapihttp_session *session = watch->session;
    session_enter(session);
    uint32_t count = 0, left = 0;
    struct session_event *events = calloc(session->event_count + 1, sizeof *events);
    for (uint32_t i = 0; events && i < session->event_count; i++) {
        if (session->events[i].handle == watch->handle)
            events[count++] = session->events[i];
        else
            session->events[left++] = session->events[i];
    }
    if (events)
        session->event_count = left;
    session_leave(session);
    *ret_events = events;
    return count;
}

/* False when the callback wants no more. */
static bool deliver(struct watch *watch, uint32_t *ret_count)
{
    struct session_event *events;
    uint32_t count = take_events(watch, &events);
    bool wanted = true;
    if (watch->gap) {
        struct mapihttp_event gap = {.kind = MAPIHTTP_EVENT_GAP, .folder_id = watch->folder_id, .message_count = -1,
                                     .unread_count = -1, .message_class = ""};
        watch->gap = false;
        wanted = watch->function(watch->data, &gap);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct mapihttp_event event = event_of(&events[i]);
        if (wanted && event.kind & watch->kinds)
            wanted = watch->function(watch->data, &event);
        free(events[i].message_class);
    }
    free(events);
    *ret_count = count;
    return wanted;
}

/* Waits without the session's lock. *ret_pending is false where the wait simply ended. */
static enum mapihttp_status wait_for_event(struct watch *watch, bool *ret_pending, struct mapihttp_error *error)
{
    static const struct notification_wait_request nothing;
    struct context *context = &watch->session->context;
    struct buffer request = {0}, answer = {0};
    struct arena arena = {0};
    struct mapihttp_error failure = {0};
    enum mapihttp_status status = MAPIHTTP_OK;
    struct notification_wait_success success = {.event_pending = 0};
    *ret_pending = false;
    if (!wire_encode(&notification_wait_request_structure, &nothing, NULL, &request, NULL))
        return session_no_memory(error);
    switch (context_wait(context, buffer_bytes(&request), watch->deadline_ms, &answer, &failure)) {
    case CONTEXT_LOST:
        context_forget(context, watch->generation);
        *ret_pending = true; /* subscribe again at once */
        break;
    case CONTEXT_FAILED:
        *error = failure;
        status = failure.status ? failure.status : MAPIHTTP_NETWORK;
        break;
    case CONTEXT_DONE:
        if (answer.size >= 4 && load_u32(answer.data) == SESSION_STATUS_BUSY)
            context_pause(context, 2);
        else if (answer.size >= 4 && load_u32(answer.data))
            status = session_fail(watch->session, load_u32(answer.data), "NotificationWait (status code)", error);
        else if (!wire_decode(&arena, &notification_wait_success_structure, buffer_bytes(&answer), NULL, &success, NULL))
            status = error_set(error, MAPIHTTP_PROTOCOL, 0, "NotificationWait: a malformed answer");
        else if (success.error_code == EC_REJECTED || success.error_code == EC_EXITING)
            context_pause(context, 1); /* an earlier wait of ours still hangs, or the server goes: again in a moment */
        else if (success.error_code)
            status = session_fail(watch->session, success.error_code, "NotificationWait", error);
        *ret_pending = success.event_pending != 0;
        break;
    }
    buffer_free(&request);
    buffer_free(&answer);
    arena_free(&arena);
    return status;
}

static bool is_over(const struct watch *watch)
{
    return watch->deadline_ms && monotonic_ms() >= watch->deadline_ms;
}

enum mapihttp_status mapihttp_watch(struct mapihttp_session *session, uint64_t folder_id, uint32_t kinds, uint32_t timeout_ms,
                                    mapihttp_event_function function, void *data, struct mapihttp_error *ret_error)
{
    struct watch watch = {.session = session, .folder_id = folder_id, .kinds = kinds | MAPIHTTP_EVENT_GAP, .handle = ROP_HANDLE_NONE,
                          .deadline_ms = timeout_ms ? monotonic_ms() + timeout_ms : 0, .function = function, .data = data};
    struct mapihttp_error error = {0};
    enum mapihttp_status status;
    bool pending = true;
    uint32_t count, empty = 0;
    if (!(kinds & MAPIHTTP_EVENT_ALL))
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "no events to watch for");
    for (;;) {
        status = pending ? session_run(session, subscribe_and_fetch, &watch, &error) : MAPIHTTP_OK;
        if (status || !deliver(&watch, &count))
            break;
        empty = pending && !count ? empty + 1 : 0;
        if (empty > EMPTY_WAKES_MAX && !context_pause(&session->context, 1))
            break;
        if (is_over(&watch))
            break;
        status = wait_for_event(&watch, &pending, &error);
        if (status)
            break;
        /* A context made anew by another thread has no subscription of ours. */
        pending = pending || watch.generation != session->context.generation;
    }
    if (status == MAPIHTTP_CANCELLED && !session->cancelled)
        status = MAPIHTTP_OK; /* the time is over */
    if (session->context.connected && watch.generation == session->context.generation && watch.handle != ROP_HANDLE_NONE) {
        session_enter(session);
        session_release(session, &watch.handle, 1);
        session_leave(session);
    }
    if (status && ret_error)
        *ret_error = error;
    return status;
}
