#include "auth/ntlm_auth.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/base64.h"
#include "auth/ntlm.h"

#define ARGUMENTS_MAX 32u
#define REPLY_SIZE_MAX 131072u

struct helper_state;

/* One process; all under the pool's lock, but for the socket of a busy one. */
struct helper {
    pid_t pid;                  /* 0: not started */
    int socket;                 /* its standard input and output */
    bool busy;                  /* a step is talking to it */
    struct helper_state *owner; /* whose challenge it keeps */
    uint64_t since;             /* order of taking */
};

struct helper_pool {
    struct mechanism mechanism; /* first: it is what the outside sees */
    struct arena arena;         /* the command */
    char *arguments[ARGUMENTS_MAX + 1];
    enum ntlm_auth_protocol protocol;
    uint32_t timeout_ms;
    pthread_mutex_t lock;
    uint64_t takings;
    uint32_t count;
    struct helper *helpers;
};

struct helper_state {
    struct helper *helper; /* pool's lock */
};

/* --- processes --- */

static bool start(struct helper_pool *pool, struct helper *helper)
{
    static char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *environment[] = {path_variable, NULL};
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return false;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    bool ready = posix_spawn_file_actions_adddup2(&actions, sockets[1], 0) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, sockets[1], 1) == 0 &&
        posix_spawn_file_actions_addclosefrom_np(&actions, 3) == 0 &&
        posix_spawnattr_setsigmask(&attributes, &none) == 0 && posix_spawnattr_setsigdefault(&attributes, &all) == 0 &&
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0;
    bool started = ready &&
        posix_spawn(&helper->pid, pool->arguments[0], &actions, &attributes, pool->arguments, environment) == 0;
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(sockets[1]);
    if (!started) {
        close(sockets[0]);
        helper->pid = 0;
        return false;
    }
    helper->socket = sockets[0];
    return true;
}

static void stop(struct helper *helper)
{
    if (helper->pid == 0)
        return;
    kill(helper->pid, SIGKILL);
    while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(helper->socket);
    helper->pid = 0;
}

/* The helper to begin a log-on with, now busy for this state; NULL when all are busy or none can be started. */
static struct helper *take(struct helper_pool *pool, struct helper_state *state)
{
    struct helper *idle = NULL, *empty = NULL, *waiting = NULL, *chosen;
    pthread_mutex_lock(&pool->lock);
    for (uint32_t i = 0; i < pool->count; i++) {
        struct helper *helper = &pool->helpers[i];
        if (helper->owner == state)
            idle = helper; /* starting over */
        else if (helper->busy)
            continue;
        else if (helper->pid == 0)
            empty = helper;
        else if (!helper->owner)
            idle = idle ? idle : helper;
        else if (!waiting || helper->since < waiting->since)
            waiting = helper;
    }
    chosen = idle ? idle : empty ? empty : waiting;
    if (chosen) {
        if (chosen->owner)
            chosen->owner->helper = NULL;
        chosen->owner = state;
        chosen->busy = true;
        chosen->since = ++pool->takings;
        state->helper = chosen;
    }
    pthread_mutex_unlock(&pool->lock);
    return chosen;
}

/* The helper that keeps this state's challenge, now busy; NULL when it was needed elsewhere. */
static struct helper *take_own(struct helper_pool *pool, struct helper_state *state)
{
    pthread_mutex_lock(&pool->lock);
    struct helper *helper = state->helper;
    if (helper)
        helper->busy = true;
    pthread_mutex_unlock(&pool->lock);
    return helper;
}

static void give_back(struct helper_pool *pool, struct helper_state *state, bool keeps_challenge)
{
    pthread_mutex_lock(&pool->lock);
    struct helper *helper = state->helper;
    if (helper) {
        helper->busy = false;
        if (!keeps_challenge) {
            helper->owner = NULL;
            state->helper = NULL;
        }
    }
    pthread_mutex_unlock(&pool->lock);
}

/* --- lines --- */

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool wait_for(int socket, short events, uint64_t deadline_ms)
{
    uint64_t now_ms;
    while ((now_ms = clock_ms()) < deadline_ms) {
        struct pollfd poll_fd = {.fd = socket, .events = events};
        int count = poll(&poll_fd, 1, (int)(deadline_ms - now_ms));
        if (count > 0)
            return true;
        if (count < 0 && errno != EINTR)
            return false;
    }
    return false;
}

static bool send_line(int socket, const char *line, uint64_t deadline_ms)
{
    for (size_t size = strlen(line); size;) {
        if (!wait_for(socket, POLLOUT, deadline_ms))
            return false;
        ssize_t sent = send(socket, line, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent > 0) {
            line += sent;
            size -= (size_t)sent;
        }
    }
    return true;
}

/* One line without its end; anything behind it is a helper that has lost count. */
static bool receive_line(int socket, struct buffer *reply, uint64_t deadline_ms)
{
    char part[4096];
    reply->size_max = REPLY_SIZE_MAX;
    while (wait_for(socket, POLLIN, deadline_ms)) {
        ssize_t size = recv(socket, part, sizeof part, MSG_DONTWAIT);
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        if (size > 0 && !buffer_append(reply, part, (size_t)size))
            return false;
        uint8_t *end = reply->size ? memchr(reply->data, '\n', reply->size) : NULL;
        if (end) {
            bool last = end + 1 == reply->data + reply->size;
            reply->size = (size_t)(end - reply->data);
            return last && buffer_string(reply) && strlen((char *)reply->data) == reply->size;
        }
    }
    return false;
}

/* The reply in the arena; NULL where the helper failed, which ends it. */
static char *ask(struct helper_pool *pool, struct helper *helper, struct arena *arena, const char *line)
{
    struct buffer reply = {0};
    char *copy = NULL;
    uint64_t deadline_ms = clock_ms() + pool->timeout_ms;
    if ((helper->pid || start(pool, helper)) && send_line(helper->socket, line, deadline_ms) &&
        receive_line(helper->socket, &reply, deadline_ms))
        copy = arena_string(arena, (char *)reply.data);
    buffer_free(&reply);
    if (!copy)
        stop(helper);
    return copy;
}

/* --- answers --- */

static enum mechanism_result fail(struct mechanism_output *output, enum mechanism_blame blame, const char *cause)
{
    output->cause = cause;
    output->blame = blame;
    return MECHANISM_FAILED;
}

static enum mechanism_result unavailable(struct mechanism_output *output, const char *cause)
{
    output->cause = cause;
    return MECHANISM_UNAVAILABLE;
}

/* Takes the first word off the text; "" at its end. */
static char *take_word(char **text)
{
    char *word = strsep(text, " ");
    return word ? word : (char *)"";
}

static const char *printable(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7F)
            *c = '?';
    return text;
}

/* No answer of the domain's, so no guess either. */
static bool is_outage(const char *reason)
{
    static const char *const outages[] = {"NT_STATUS_NO_LOGON_SERVERS", "NT_STATUS_DOMAIN_CONTROLLER_NOT_FOUND",
                                          "NT_STATUS_CANT_ACCESS_DOMAIN_INFO", "NT_STATUS_IO_TIMEOUT",
                                          "NT_STATUS_CONNECTION_DISCONNECTED", "NT_STATUS_ACCESS_DENIED"};
    for (size_t i = 0; i < sizeof outages / sizeof *outages; i++)
        if (strstr(reason, outages[i]))
            return true;
    return false;
}

static enum mechanism_result read_reply(const struct helper_pool *pool, const struct mechanism_input *input, char *reply,
                                        struct mechanism_output *output)
{
    bool spnego = pool->protocol == NTLM_AUTH_SPNEGO;
    const char *verb = take_word(&reply);
    if (strcmp(verb, "TT") == 0) {
        const char *token = reply ? reply : "";
        return base64_decode(input->arena, bytes_of_string(token), &output->token)
            ? MECHANISM_CONTINUE : unavailable(output, "the helper gave an unreadable challenge");
    }
    if (spnego && (strcmp(verb, "AF") == 0 || strcmp(verb, "NA") == 0)) {
        const char *token = take_word(&reply); /* "*" for none */
        if (strcmp(token, "*") != 0 && *token && !base64_decode(input->arena, bytes_of_string(token), &output->token))
            return unavailable(output, "the helper gave an unreadable token");
    }
    const char *rest = reply ? printable(reply) : "";
    if (strcmp(verb, "AF") == 0 && *rest) {
        output->key = DIRECTORY_KEY_LOGON;
        output->name = rest;
        return MECHANISM_ACCEPTED;
    }
    if (strcmp(verb, "NA") == 0 && !is_outage(rest)) {
        output->token = BYTES_NONE;
        const char *cause = arena_format(input->arena, "refused by the helper: %.100s", rest);
        return fail(output, BLAME_GUESS, cause ? cause : "refused by the helper");
    }
    if (strcmp(verb, "BH") == 0) {
        const char *cause = arena_format(input->arena, "the helper could not work on it: %.100s", rest);
        return is_outage(rest) ? unavailable(output, "the helper cannot reach the domain")
                               : fail(output, BLAME_NOBODY, cause ? cause : "the helper could not work on it");
    }
    return unavailable(output, is_outage(rest) ? "the helper cannot reach the domain" : "the helper answered out of order");
}

/* What the helper does not tell us of an NTLM response, and what it would let through. */
static enum mechanism_result inspect(const struct helper_pool *pool, const struct mechanism_input *input,
                                     struct ntlm_response *ret_response, struct mechanism_output *output)
{
    struct ntlm_authenticate message;
    *ret_response = (struct ntlm_response){0};
    if (pool->protocol == NTLM_AUTH_SPNEGO || ntlm_message_type(input->token) != NTLM_AUTHENTICATE)
        return MECHANISM_CONTINUE;
    if (!ntlm_authenticate_read(input->token, &message) || !ntlm_read_names(input->arena, &message, output))
        return fail(output, BLAME_NOBODY, "malformed authenticate message");
    if (message.user.size == 0 || message.flags & NTLM_FLAG_ANONYMOUS)
        return fail(output, BLAME_NOBODY, "anonymous log-on");
    if (message.nt_response.size <= 24 || !ntlm_response_read(message.nt_response, ret_response))
        return fail(output, BLAME_ADDRESS, "LM or NTLMv1 response, or a malformed one");
    return MECHANISM_CONTINUE;
}

/* The helper has checked the proof, which covers the bindings; it has not looked at these itself. Within SPNEGO they cannot be
 * seen: good enough where they are not required. */
static enum mechanism_result check_bindings(const struct helper_pool *pool, const struct mechanism_input *input,
                                            const struct ntlm_response *response, struct mechanism_output *output)
{
    if (pool->protocol == NTLM_AUTH_SQUID) {
        if (!ntlm_check_bindings(input->arena, response, input->bindings, output))
            return fail(output, BLAME_ADDRESS, output->cause);
    } else if (input->bindings->protection == EXTENDED_PROTECTION_REQUIRE) {
        return fail(output, BLAME_ADDRESS, "negotiate_helper cannot check channel bindings, which are required");
    } else {
        output->binding = input->bindings->protection == EXTENDED_PROTECTION_ALLOW ? BINDING_ABSENT : BINDING_UNCHECKED;
    }
    output->cause = NULL;
    return MECHANISM_ACCEPTED;
}

static bool begins(const struct helper_pool *pool, struct bytes token)
{
    return ntlm_message_type(token) == NTLM_NEGOTIATE ||
           (pool->protocol == NTLM_AUTH_SPNEGO && token.size && token.data[0] == 0x60);
}

static enum mechanism_result step(struct mechanism *mechanism, void *of, const struct mechanism_input *input,
                                  struct mechanism_output *output)
{
    struct helper_pool *pool = (struct helper_pool *)mechanism;
    struct helper_state *state = of;
    struct ntlm_response response;
    bool first = begins(pool, input->token);
    enum mechanism_result result = inspect(pool, input, &response, output);
    if (result != MECHANISM_CONTINUE)
        return result;
    const char *encoded = base64_encode(input->arena, first ? "YR " : "KK ", input->token);
    const char *line = encoded ? arena_format(input->arena, "%s\n", encoded) : NULL;
    if (!line)
        return unavailable(output, "out of memory");
    struct helper *helper = first ? take(pool, state) : take_own(pool, state);
    if (!helper)
        return first ? unavailable(output, "all helpers are busy")
                     : fail(output, BLAME_NOBODY, "a response without a challenge, or its helper was needed elsewhere");
    char *reply = ask(pool, helper, input->arena, line);
    result = reply ? read_reply(pool, input, reply, output) : unavailable(output, "the helper did not answer");
    give_back(pool, state, result == MECHANISM_CONTINUE);
    return result == MECHANISM_ACCEPTED ? check_bindings(pool, input, &response, output) : result;
}

/* --- the mechanism --- */

static void *begin(struct mechanism *mechanism)
{
    return calloc(1, sizeof(struct helper_state));
}

static void end(struct mechanism *mechanism, void *state)
{
    if (!state)
        return;
    give_back((struct helper_pool *)mechanism, state, false);
    free(state);
}

static void free_pool(struct mechanism *mechanism)
{
    struct helper_pool *pool = (struct helper_pool *)mechanism;
    for (uint32_t i = 0; i < pool->count; i++)
        stop(&pool->helpers[i]);
    free(pool->helpers);
    pthread_mutex_destroy(&pool->lock);
    arena_free(&pool->arena);
    free(pool);
}

static const struct mechanism_type squid_type = {
    .name = "NTLM", .method = DIRECTORY_METHOD_NTLM, .object_ids = &ntlm_object_id, .object_id_count = 1, .begin = begin,
    .step = step, .end = end, .free = free_pool,
};
static const struct mechanism_type spnego_type = {
    .name = "Negotiate", .method = DIRECTORY_METHOD_KERBEROS, .begin = begin, .step = step, .end = end, .free = free_pool,
};

struct mechanism *ntlm_auth_mechanism_new(const struct ntlm_auth_settings *settings)
{
    struct helper_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pool->mechanism.type = settings->protocol == NTLM_AUTH_SPNEGO ? &spnego_type : &squid_type;
    atomic_init(&pool->mechanism.references, 1);
    pool->protocol = settings->protocol;
    pool->timeout_ms = settings->timeout_ms;
    pool->helpers = calloc(settings->processes_max, sizeof *pool->helpers);
    char *command = arena_string(&pool->arena, settings->command), *word;
    if (!pool->helpers || !command) {
        free_pool(&pool->mechanism);
        return NULL;
    }
    pool->count = settings->processes_max;
    for (unsigned count = 0; count < ARGUMENTS_MAX && (word = strsep(&command, " "));)
        if (*word)
            pool->arguments[count++] = word;
    return &pool->mechanism;
}
