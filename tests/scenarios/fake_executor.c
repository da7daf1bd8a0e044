#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server_fixture.h"

struct fake_session {
    struct fake_session *next;
    struct rop_session_parameters parameters;
    atomic_uint events;
    atomic_bool running; /* a session is never executed twice at once */
};

struct fake_executor {
    pthread_mutex_t lock;
    struct fake_session *sessions;
    struct directory *directory;
    atomic_uint effects;
    struct busy_mailbox {    /* a mailbox is never worked on twice at once */
        struct guid guid;
        bool busy;
    } mailboxes[16];
};

static void set_busy(struct fake_executor *fake, struct guid guid, bool busy)
{
    struct busy_mailbox *mailbox = fake->mailboxes;
    pthread_mutex_lock(&fake->lock);
    while (!guid_equal(mailbox->guid, guid) && !guid_is_zero(mailbox->guid))
        mailbox++;
    assert(mailbox < fake->mailboxes + 16 && mailbox->busy != busy);
    *mailbox = (struct busy_mailbox){guid, busy};
    pthread_mutex_unlock(&fake->lock);
}

struct fake_progress {
    uint32_t steps;
    struct guid home;
};

struct fake_executor *fake_executor_new(void)
{
    struct fake_executor *fake = calloc(1, sizeof *fake);
    pthread_mutex_init(&fake->lock, NULL);
    return fake;
}

void fake_executor_free(struct fake_executor *fake)
{
    assert(!fake->sessions); /* every session was destroyed */
    pthread_mutex_destroy(&fake->lock);
    free(fake);
}

uint32_t fake_executor_effects(struct fake_executor *fake)
{
    return atomic_load(&fake->effects);
}

uint32_t fake_executor_sessions(struct fake_executor *fake)
{
    uint32_t count = 0;
    pthread_mutex_lock(&fake->lock);
    for (struct fake_session *session = fake->sessions; session; session = session->next)
        count++;
    pthread_mutex_unlock(&fake->lock);
    return count;
}

void fake_executor_raise(struct fake_executor *fake, const char *account)
{
    pthread_mutex_lock(&fake->lock);
    for (struct fake_session *session = fake->sessions; session; session = session->next) {
        if (strcmp(session->parameters.user->account, account) != 0)
            continue;
        atomic_fetch_add(&session->events, 1);
        session->parameters.wake(session->parameters.wake_context);
    }
    pthread_mutex_unlock(&fake->lock);
}

static uint32_t create(void *user, const struct rop_session_parameters *parameters, void **ret_session)
{
    struct fake_executor *fake = user;
    if (parameters->locale_sort == 0xDEAD)
        return 0x80040111; /* a mailbox that cannot be opened */
    if (parameters->locale_sort == 0x510)
        usleep(200000);
    struct fake_session *session = calloc(1, sizeof *session);
    session->parameters = *parameters;
    pthread_mutex_lock(&fake->lock);
    session->next = fake->sessions;
    fake->sessions = session;
    pthread_mutex_unlock(&fake->lock);
    *ret_session = session;
    return 0;
}

static void destroy(void *user, void *destroyed)
{
    struct fake_executor *fake = user;
    struct fake_session *session = destroyed;
    assert(!atomic_load(&session->running));
    pthread_mutex_lock(&fake->lock);
    struct fake_session **place = &fake->sessions;
    while (*place != session)
        place = &(*place)->next;
    *place = session->next;
    pthread_mutex_unlock(&fake->lock);
    free(session);
}

static bool event_pending(void *user, void *session)
{
    return atomic_load(&((struct fake_session *)session)->events) > 0;
}

static void answer_text(struct rop_execution *execution, const char *text)
{
    execution->ret_payloads[0] = bytes_of(arena_copy(execution->arena, text, strlen(text)), strlen(text));
    execution->ret_payload_count = 1;
}

static void answer_number(struct rop_execution *execution, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    answer_text(execution, text);
}

static void answer_size(struct rop_execution *execution, size_t size)
{
    char *content = arena_allocate(execution->arena, size + 1);
    for (size_t i = 0; i < size; i++)
        content[i] = (char)('a' + i * i % 23);
    execution->ret_payloads[0] = bytes_of(content, size);
    execution->ret_payload_count = 1;
}

/* True while the execution has to go on later. */
static bool go_on(struct fake_executor *fake, struct rop_execution *execution, const char *command)
{
    unsigned turns = 0;
    char account[32];
    struct fake_progress *progress = execution->progress;
    if (!progress) {
        progress = execution->progress = arena_new(execution->arena, struct fake_progress);
        progress->home = execution->mailbox_guid;
    }
    progress->steps++;
    if (sscanf(command, "yield %u", &turns) == 1)
        return progress->steps <= turns;
    if (sscanf(command, "move %31s", account) == 1 && progress->steps <= 2) {
        struct directory_user other;
        if (progress->steps == 2)
            execution->mailbox_guid = progress->home;
        else if (directory_find(fake->directory, execution->arena, DIRECTORY_KEY_LOGON, account, &other) == DIRECTORY_OK)
            execution->mailbox_guid = other.mailbox_guid;
        return true;
    }
    return false;
}

static void obey(struct fake_executor *fake, struct fake_session *session, struct rop_execution *execution,
                 const char *command)
{
    unsigned number;
    char text[64];
    const struct rop_session_parameters *parameters = &session->parameters;
    if (strcmp(command, "count") == 0) {
        answer_number(execution, atomic_fetch_add(&fake->effects, 1) + 1);
    } else if (sscanf(command, "sleep %u", &number) == 1) {
        usleep(number * 1000);
        atomic_fetch_add(&fake->effects, 1);
        answer_text(execution, "slept");
    } else if (sscanf(command, "size %u", &number) == 1) {
        answer_size(execution, number);
    } else if (sscanf(command, "chain %u", &number) == 1) {
        for (unsigned i = 0; i < number; i++)
            execution->ret_payloads[i] = BYTES_LITERAL("link");
        execution->ret_payload_count = execution->chain ? number : 1;
    } else if (sscanf(command, "fail %x", &number) == 1) {
        execution->error_code = number;
    } else if (sscanf(command, "status %x", &number) == 1) {
        execution->status_code = number;
    } else if (strcmp(command, "packed") == 0) {
        answer_number(execution, execution->payload_count);
    } else if (strcmp(command, "events") == 0) {
        answer_number(execution, atomic_exchange(&session->events, 0));
    } else if (sscanf(command, "raise %63s", text) == 1) {
        fake_executor_raise(fake, text);
        answer_text(execution, "raised");
    } else if (strcmp(command, "codepage") == 0) {
        snprintf(text, sizeof text, "%u %u %u %s %s", parameters->codepage, parameters->locale_sort, parameters->locale_string,
                 parameters->user->account, parameters->administrator ? "administrator" : "user");
        answer_text(execution, text);
    } else {
        answer_text(execution, command);
    }
}

static enum rop_execution_state execute(void *user, void *executed, struct rop_execution *execution)
{
    struct fake_executor *fake = user;
    struct fake_session *session = executed;
    struct guid here = execution->mailbox_guid;
    char *command = arena_string_of(execution->arena, execution->payloads[0]);
    bool twice = atomic_exchange(&session->running, true);
    assert(!twice);
    set_busy(fake, here, true);
    bool later = go_on(fake, execution, command);
    if (!later)
        obey(fake, session, execution, command);
    set_busy(fake, here, false);
    atomic_store(&session->running, false);
    return later ? ROP_EXECUTION_CONTINUE : ROP_EXECUTION_DONE;
}

struct rop_executor fake_executor_contract(struct fake_executor *fake, struct directory *directory)
{
    fake->directory = directory;
    return (struct rop_executor){.user = fake, .session_create = create, .session_destroy = destroy, .execute = execute,
                                 .event_pending = event_pending};
}
