#include "base/filetime.h"
#include "client/session.h"
#include <errno.h>
#include <time.h>

/* The part of X-ExpirationInfo after which a sign of life is due: early enough for a slow network (MS-OXCMAPIHTTP R1163). */
#define DUE_NUMERATOR 3u
#define DUE_DENOMINATOR 4u
#define UNKNOWN_EXPIRATION_MS 900000u

static uint64_t due_ms(const struct mapihttp_session *session)
{
    uint64_t expiration = session->context.expiration_ms ? session->context.expiration_ms : UNKNOWN_EXPIRATION_MS;
    return session->context.active_ms + expiration * DUE_NUMERATOR / DUE_DENOMINATOR;
}

static void *keep_alive(void *data)
{
    struct mapihttp_session *session = data;
    session_enter(session);
    while (!session->closing) {
        uint64_t now = monotonic_ms(), due = due_ms(session);
        if (now < due || !session->context.connected) {
            uint64_t wait = now < due ? due - now : 1000;
            struct timespec until;
            clock_gettime(CLOCK_MONOTONIC, &until);
            uint64_t nanoseconds = (uint64_t)until.tv_nsec + wait % 1000 * 1000000;
            until.tv_sec += (time_t)(wait / 1000 + nanoseconds / 1000000000);
            until.tv_nsec = (long)(nanoseconds % 1000000000);
            pthread_cond_timedwait(&session->keep_alive_wake, &session->lock, &until);
            continue;
        }
        struct mapihttp_error error;
        struct buffer answer = {0};
        enum context_verdict verdict = context_call(&session->context, "PING", BYTES_NONE, &answer, &error);
        buffer_free(&answer);
        if (verdict != CONTEXT_DONE) {
            transport_trace(&session->settings, "keep-alive: %s", error.text);
            session->context.active_ms = monotonic_ms(); /* not again at once; the next operation will see to the rest */
        }
    }
    session_leave(session);
    return NULL;
}

bool session_keep_alive_start(struct mapihttp_session *session)
{
    session->keep_alive_running = !pthread_create(&session->keep_alive, NULL, keep_alive, session);
    return session->keep_alive_running;
}

void session_keep_alive_stop(struct mapihttp_session *session)
{
    if (!session->keep_alive_running)
        return;
    session_enter(session);
    session->closing = true;
    pthread_cond_signal(&session->keep_alive_wake);
    session_leave(session);
    pthread_join(session->keep_alive, NULL);
    session->keep_alive_running = false;
}
