#include "server/admin_api.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/observation.h"

#define WRITE_SIZE 16384u     /* objects are gathered up to this before they are sent */
#define KEPT_SIZE_MAX (4u << 20) /* and up to this for a client that reads slowly; only then its thread waits for it */

/* One call: made on the loop, run in the pool. Freed when the exchange has ended, after which nothing of it runs. */
struct api_call {
    struct services *services;
    struct http_exchange *exchange;
    struct identity *identity; /* NULL: by the socket */
    uint32_t local_user;
    struct worker_job job;
    const struct operation *operation;
    const char *address;
    struct buffer output;
    uint64_t sent_size;
    bool sending;          /* the head is out: the status cannot be changed */
    pthread_mutex_t lock;  /* of the two below, told by the loop */
    pthread_cond_t changed;
    bool gone, drained;
};

static unsigned status_of(enum operation_error error)
{
    static const unsigned statuses[] = {
        [OPERATION_DONE] = 200, [OPERATION_INVALID_ARGUMENT] = 400, [OPERATION_NOT_FOUND] = 404, [OPERATION_CONFLICT] = 409,
        [OPERATION_DENIED] = 403, [OPERATION_UNAVAILABLE] = 503, [OPERATION_FAILED] = 500};
    return statuses[error];
}

/* --- sending --- */

static void add_line(struct api_call *api, json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text)
        buffer_append_format(&api->output, "%s\n", text);
    free(text);
    json_decref(line);
}

static void send_head(struct api_call *api, unsigned status)
{
    http_answer_status(api->exchange, status);
    http_answer_header(api->exchange, "Content-Type", "application/x-ndjson");
    http_answer_header(api->exchange, "Cache-Control", "no-store");
    http_answer_header(api->exchange, "X-Content-Type-Options", "nosniff");
}

/* Until the client has taken what was sent; false when it is gone. */
static bool wait_for_client(struct api_call *api)
{
    pthread_mutex_lock(&api->lock);
    while (!api->gone && !api->drained && http_answer_must_wait(api->exchange))
        pthread_cond_wait(&api->changed, &api->lock);
    api->drained = false;
    bool there = !api->gone;
    pthread_mutex_unlock(&api->lock);
    return there;
}

static bool send_part(struct api_call *api)
{
    if (!api->sending)
        send_head(api, 200);
    api->sending = true;
    bool was_full = api->output.size >= KEPT_SIZE_MAX;
    api->sent_size += api->output.size;
    bool there = http_answer_write(api->exchange, buffer_bytes(&api->output));
    buffer_clear(&api->output);
    return there && (!was_full || wait_for_client(api));
}

static void emit(struct operation_call *call, json_t *object)
{
    struct api_call *api = call->output;
    add_line(api, json_pack("{s:o}", "object", object));
    bool full = api->output.size >= KEPT_SIZE_MAX || (api->output.size >= WRITE_SIZE && !http_answer_must_wait(api->exchange));
    if (full && !send_part(api))
        call->stopped = true;
    if (atomic_load(&api->services->draining)) /* the process is about to stop */
        call->stopped = true;
}

static void warn(struct operation_call *call, const char *text)
{
    add_line(call->output, json_pack("{s:s}", "warning", text));
}

static void finish(struct api_call *api, enum operation_error error, const char *parameter, const char *text)
{
    unsigned status = status_of(error);
    struct identity *identity = api->identity;
    if (error != OPERATION_DONE)
        add_line(api, json_pack("{s:{s:s, s:s?, s:s}}", "error", "category", operation_error_names[error], "parameter", parameter, "message", text));
    observe_answer(api->services, api->exchange, OBSERVATION_ADMIN, identity, status, api->sent_size + api->output.size,
                   error == OPERATION_DONE ? "" : text);
    api->identity = NULL;
    if (api->output.failed) {
        http_answer_abort(api->exchange);
    } else if (api->sending) {
        http_answer_write(api->exchange, buffer_bytes(&api->output));
        http_answer_finish(api->exchange);
    } else {
        send_head(api, status);
        http_answer_take(api->exchange, &api->output);
    }
    identity_release(identity);
}

/* --- running --- */

static void run(struct worker_job *job)
{
    struct api_call *api = container_of(job, struct api_call, job);
    const struct http_request *request = http_exchange_request(api->exchange);
    struct arena arena = {0};
    json_error_t error;
    json_t *given = request->body.size
        ? json_loadb((const char *)request->body.data, request->body.size, JSON_REJECT_DUPLICATES, &error) : json_object();
    struct operation_actor actor = admin_actor(&arena, api->identity, api->local_user, "https", api->address);
    struct operation_call call = {.host = &api->services->operations, .actor = &actor, .arena = &arena, .emit = emit, .warn = warn, .output = api};
    if (!given) {
        finish(api, OPERATION_INVALID_ARGUMENT, NULL, arena_format(&arena, "the body is no JSON object: %s (line %d)", error.text, error.line));
    } else if (!actor.name) {
        finish(api, OPERATION_UNAVAILABLE, NULL, "out of memory");
    } else {
        (void)operation_run(api->operation, given, &call);
        admin_log_change(&call);
        finish(api, call.error, call.error_parameter, call.error_text);
    }
    json_decref(given);
    arena_free(&arena);
}

/* --- arriving --- */

/* Takes the media type alone: one that a form of another site cannot send. */
static bool is_json(const struct http_request *request)
{
    const char *type = http_request_header(request, "Content-Type");
    size_t size = type ? strcspn(type, "; \t") : 0;
    return size == strlen("application/json") && strncasecmp(type, "application/json", size) == 0;
}

static void accepted(struct http_exchange *exchange, struct identity *identity, uint32_t local_user, void *argument)
{
    struct api_call *api = argument;
    const struct http_request *request = http_exchange_request(exchange);
    const char *name = request->path + strlen(ADMIN_API_PATH);
    api->identity = identity;
    api->local_user = local_user;
    api->address = arena_string(http_exchange_arena(exchange), http_exchange_peer(exchange));
    api->operation = *name == '/' ? operation_find(name + 1) : NULL;
    if (request->oversized) {
        finish(api, OPERATION_INVALID_ARGUMENT, NULL, "the request is too long");
    } else if (!is_json(request)) {
        finish(api, OPERATION_INVALID_ARGUMENT, NULL, "Content-Type: application/json is wanted");
    } else if (!api->operation || api->operation->flags & OPERATION_CLIENT) {
        finish(api, OPERATION_NOT_FOUND, NULL, "there is no such operation");
    } else if (!api->address || !worker_post(api->services->server->administration, &api->job)) {
        finish(api, OPERATION_UNAVAILABLE, NULL, "too many operations at once");
    }
}

static void tell(struct api_call *api, bool *fact)
{
    pthread_mutex_lock(&api->lock);
    *fact = true;
    pthread_cond_signal(&api->changed);
    pthread_mutex_unlock(&api->lock);
}

static void broken(struct http_exchange *exchange, void *argument)
{
    struct api_call *api = argument;
    tell(api, &api->gone);
}

static void drained(struct http_exchange *exchange, void *argument)
{
    struct api_call *api = argument;
    tell(api, &api->drained);
}

static void ended(struct http_exchange *exchange, enum http_ending ending, void *argument)
{
    struct api_call *api = argument;
    buffer_free(&api->output);
    pthread_cond_destroy(&api->changed);
    pthread_mutex_destroy(&api->lock);
    free(api);
}

void admin_api_handle(struct http_exchange *exchange, void *argument)
{
    struct services *services = argument;
    if (http_exchange_request(exchange)->method != HTTP_METHOD_POST) {
        http_answer_status(exchange, 405);
        http_answer_header(exchange, "Allow", "POST");
        http_answer_whole(exchange, BYTES_LITERAL("POST an operation's parameters as JSON.\n"));
        return;
    }
    struct api_call *api = calloc(1, sizeof *api);
    if (!api) {
        http_answer_error(exchange, 503, "out of memory");
        return;
    }
    api->services = services;
    api->exchange = exchange;
    api->job.run = run;
    pthread_mutex_init(&api->lock, NULL);
    pthread_cond_init(&api->changed, NULL);
    http_exchange_set_callbacks(exchange, &(struct http_exchange_callbacks){broken, ended, drained, api});
    admin_authenticate(services, exchange, true, accepted, api);
}
