#include "cli/operation_call.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/local_directory.h"
#include "record/overlay_directory.h"
#include "server/admin_socket.h"
#include "server/directory_backend.h"

#define LINE_SIZE_MAX (16u << 20) /* of one object in an answer */
#define BUSY_TRIES_MAX 30u        /* a server that says 429 is asked again after as many seconds as it says */

enum place_kind {
    PLACE_UNKNOWN, /* this machine, not asked yet */
    PLACE_SOCKET,
    PLACE_HERE,
    PLACE_ELSEWHERE,
};

struct operation_place {
    enum place_kind kind;
    struct arena arena; /* for as long as the place */
    struct config *config;
    const char *socket_path; /* NULL: there is none */
    const char *url;         /* 'https://host:port' or 'http://localhost' */
    const struct mapihttp_options *log_on;
    CURL *curl;
    struct operation_host host; /* HERE */
    char actor_name[LOCAL_ACTOR_SIZE];
};

/* One call and its answer. */
struct answer {
    const struct operation_sink *sink;
    struct operation_outcome *outcome;
    struct buffer line;
    bool stopped;   /* by the sink */
    bool malformed;
    char retry_after[16];
};

/* --- outcome --- */

static void fail(struct operation_outcome *outcome, enum operation_error error, const char *text, const char *detail)
{
    outcome->error = error;
    outcome->parameter[0] = 0;
    snprintf(outcome->text, sizeof outcome->text, "%s%s", text, detail);
}

static enum operation_error error_named(const char *name)
{
    for (int i = OPERATION_INVALID_ARGUMENT; name && i <= OPERATION_FAILED; i++)
        if (strcmp(operation_error_names[i], name) == 0)
            return (enum operation_error)i;
    return OPERATION_FAILED;
}

/* --- in this process --- */

static void emit_here(struct operation_call *call, json_t *object)
{
    struct answer *answer = call->output;
    if (!answer->sink->object(answer->sink->user, object))
        call->stopped = answer->stopped = true;
}

static void warn_here(struct operation_call *call, const char *text)
{
    const struct answer *answer = call->output;
    answer->sink->warning(answer->sink->user, text);
}

static bool run_here(struct operation_place *place, const struct operation *operation, const json_t *parameters, struct answer *answer)
{
    struct arena arena = {0};
    const struct operation_actor actor = {.name = place->actor_name, .way = "local", .address = ""};
    struct operation_call call = {.host = &place->host, .actor = &actor, .arena = &arena, .emit = emit_here, .warn = warn_here, .output = answer};
    bool done = operation_run(operation, parameters, &call);
    if (!done) {
        fail(answer->outcome, call.error, call.error_text, "");
        snprintf(answer->outcome->parameter, sizeof answer->outcome->parameter, "%s", call.error_parameter ? call.error_parameter : "");
    }
    arena_free(&arena);
    return done;
}

static bool open_here(struct operation_place *place, struct operation_outcome *outcome)
{
    const char *data = place->config->data_path;
    const char *directory_path = arena_format(&place->arena, "%s/directory.sqlite", data);
    const char *path = arena_format(&place->arena, "%s/administration.sqlite", data);
    if (place->host.directory)
        return true;
    if (!directory_path || !path || access(directory_path, F_OK) != 0) {
        fail(outcome, OPERATION_UNAVAILABLE, directory_path ? directory_path : "",
             errno == EACCES ? ": permission denied; be root, or the server's own user" : " is not there: begin with 'mapihttp organization init'");
        return false;
    }
    if (access(directory_path, W_OK) != 0) {
        fail(outcome, OPERATION_DENIED, directory_path, ": permission denied; be root, or the server's own user");
        return false;
    }
    enum settings_status status = settings_open(path, &place->host.settings);
    if (status != SETTINGS_OK) {
        fail(outcome, OPERATION_UNAVAILABLE, "", settings_status_text(status));
        return false;
    }
    local_directory_give_to_owner(data, path);
    place->host.data_path = data;
    log_set_level(LOG_LEVEL_WARNING); /* where the directory is, is no news here */
    struct directory *backend = directory_backend_open(place->config);
    place->host.directory = backend ? overlay_directory_new(backend, place->host.settings) : NULL;
    if (backend && !place->host.directory)
        directory_close(backend);
    if (!place->host.directory)
        fail(outcome, OPERATION_UNAVAILABLE, "the directory cannot be opened", "");
    return place->host.directory != NULL;
}

/* --- by HTTP --- */

static void take_error(struct answer *answer, const json_t *error)
{
    const char *parameter = json_string_value(json_object_get(error, "parameter"));
    const char *message = json_string_value(json_object_get(error, "message"));
    fail(answer->outcome, error_named(json_string_value(json_object_get(error, "category"))), message ? message : "no reason was given", "");
    snprintf(answer->outcome->parameter, sizeof answer->outcome->parameter, "%s", parameter ? parameter : "");
}

static void take_line(struct answer *answer)
{
    json_t *line = json_loadb((const char *)answer->line.data, answer->line.size, 0, NULL);
    json_t *object = json_object_get(line, "object"), *error = json_object_get(line, "error");
    const char *warning = json_string_value(json_object_get(line, "warning"));
    if (object)
        answer->stopped = !answer->sink->object(answer->sink->user, json_incref(object));
    else if (warning)
        answer->sink->warning(answer->sink->user, warning);
    else if (json_is_object(error))
        take_error(answer, error);
    else
        answer->malformed = true;
    json_decref(line);
}

static size_t take_content(char *data, size_t size, size_t count, void *user)
{
    struct answer *answer = user;
    size_t total = size * count, start = 0;
    while (start < total && !answer->stopped && !answer->malformed) {
        const char *end = memchr(data + start, '\n', total - start);
        size_t part = end ? (size_t)(end - data) - start : total - start;
        buffer_append(&answer->line, data + start, part);
        answer->malformed = answer->line.failed;
        if (end && !answer->malformed) {
            take_line(answer);
            buffer_clear(&answer->line);
        }
        start += part + (end != NULL);
    }
    return answer->stopped || answer->malformed ? 0 : total;
}

static size_t take_header(char *data, size_t size, size_t count, void *user)
{
    struct answer *answer = user;
    int seconds;
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)(size * count), data);
    if (sscanf(text, "Retry-After: %d", &seconds) == 1)
        snprintf(answer->retry_after, sizeof answer->retry_after, "%d", seconds < 1 ? 1 : seconds > 60 ? 60 : seconds);
    return size * count;
}

static void prove_identity(CURL *curl, const struct mapihttp_options *log_on)
{
    static const unsigned long methods[] = {
        [MAPIHTTP_AUTHENTICATION_AUTOMATIC] = CURLAUTH_BASIC | CURLAUTH_NTLM | CURLAUTH_NEGOTIATE, [MAPIHTTP_AUTHENTICATION_BASIC] = CURLAUTH_BASIC,
        [MAPIHTTP_AUTHENTICATION_NTLM] = CURLAUTH_NTLM, [MAPIHTTP_AUTHENTICATION_NEGOTIATE] = CURLAUTH_NEGOTIATE,
        [MAPIHTTP_AUTHENTICATION_BEARER] = CURLAUTH_BEARER};
    const char *user = log_on->user && *log_on->user ? log_on->user : log_on->address;
    bool bearer = log_on->bearer_token && (log_on->authentication == MAPIHTTP_AUTHENTICATION_BEARER || !log_on->password);
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)(bearer ? CURLAUTH_BEARER : methods[log_on->authentication]));
    if (bearer)
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, log_on->bearer_token);
    curl_easy_setopt(curl, CURLOPT_USERNAME, log_on->password && user ? user : "");
    curl_easy_setopt(curl, CURLOPT_PASSWORD, log_on->password ? log_on->password : "");
    if (log_on->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, log_on->ca_file);
    if (log_on->insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)log_on->connect_timeout_ms);
}

static bool prepare_curl(struct operation_place *place)
{
    if (place->curl)
        return true;
    CURL *curl = place->curl = curl_easy_init();
    if (!curl)
        return false;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_content);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, place->kind == PLACE_ELSEWHERE ? "https" : "http");
    if (place->kind == PLACE_ELSEWHERE) {
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        prove_identity(curl, place->log_on);
    } else {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, place->socket_path);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    }
    return true;
}

/* What curl or a status without an answer of ours means. True: done. */
static bool conclude(struct operation_place *place, struct answer *answer, CURLcode code, const char *detail)
{
    long status = 0;
    struct operation_outcome *outcome = answer->outcome;
    curl_easy_getinfo(place->curl, CURLINFO_RESPONSE_CODE, &status);
    if (answer->stopped || outcome->error != OPERATION_DONE)
        return outcome->error == OPERATION_DONE;
    const char *where = place->kind == PLACE_ELSEWHERE ? place->url : place->socket_path;
    char text[512];
    if (status == 401)
        snprintf(text, sizeof text, "%s: the log-on failed", where);
    else if (answer->malformed || (code == CURLE_OK && status != 200))
        snprintf(text, sizeof text, "%s: status %ld, and no answer of an administrator's endpoint%s", where, status,
                 status == 404 ? " (is [administration] https on?)" : "");
    else if (code != CURLE_OK)
        snprintf(text, sizeof text, "%s: %s", where, *detail ? detail : curl_easy_strerror(code));
    else
        return true;
    fail(outcome, status == 401 || status == 403 ? OPERATION_DENIED : OPERATION_UNAVAILABLE, text, "");
    return false;
}

static bool ask(struct operation_place *place, const char *name, const char *body, struct answer *answer, bool *ret_busy)
{
    struct arena arena = {0};
    char detail[CURL_ERROR_SIZE] = "";
    long status = 0;
    const char *connect_to = place->kind == PLACE_ELSEWHERE && place->log_on->connect_to ? arena_format(&arena, "::%s", place->log_on->connect_to) : NULL;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    struct curl_slist *targets = connect_to ? curl_slist_append(NULL, connect_to) : NULL;
    const char *url = arena_format(&arena, "%s/admin/api/%s", place->url, name);
    curl_easy_setopt(place->curl, CURLOPT_URL, url);
    curl_easy_setopt(place->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(place->curl, CURLOPT_CONNECT_TO, targets);
    curl_easy_setopt(place->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(place->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    curl_easy_setopt(place->curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(place->curl, CURLOPT_HEADERDATA, answer);
    curl_easy_setopt(place->curl, CURLOPT_ERRORBUFFER, detail);
    CURLcode code = url && headers ? curl_easy_perform(place->curl) : CURLE_OUT_OF_MEMORY;
    curl_easy_getinfo(place->curl, CURLINFO_RESPONSE_CODE, &status);
    *ret_busy = status == 429;
    bool done = conclude(place, answer, code, detail);
    curl_easy_setopt(place->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(place->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(place->curl, CURLOPT_CONNECT_TO, NULL);
    curl_slist_free_all(headers);
    curl_slist_free_all(targets);
    arena_free(&arena);
    return done;
}

static bool run_there(struct operation_place *place, const struct operation *operation, const json_t *parameters, struct answer *answer)
{
    char *body = parameters ? json_dumps(parameters, JSON_COMPACT) : strdup("{}");
    bool done = false, busy = true;
    if (!body || !prepare_curl(place)) {
        fail(answer->outcome, OPERATION_UNAVAILABLE, "out of memory", "");
        busy = false;
    }
    for (unsigned tries = 0; busy && tries < BUSY_TRIES_MAX; tries++) {
        if (tries)
            sleep((unsigned)atoi(answer->retry_after));
        strcpy(answer->retry_after, "1");
        answer->outcome->error = OPERATION_DONE;
        answer->malformed = false;
        buffer_clear(&answer->line);
        done = ask(place, operation->name, body, answer, &busy);
    }
    if (body)
        explicit_bzero(body, strlen(body));
    free(body);
    return done;
}

/* --- where --- */

/* Whether a server listens at the socket. False with *ret_denied: one may, but not for us. */
static bool server_listens(const char *path, bool *ret_denied)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *ret_denied = false;
    if (!path || strlen(path) >= sizeof address.sun_path)
        return false;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool there = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    *ret_denied = !there && errno == EACCES;
    if (fd >= 0)
        close(fd);
    return there;
}

/* Between two calls a server may have been started: it is looked for at each call that would be made here. */
static bool choose_place(struct operation_place *place, struct operation_outcome *outcome)
{
    bool denied = false;
    if (place->kind == PLACE_ELSEWHERE || place->kind == PLACE_SOCKET)
        return true;
    if (server_listens(place->socket_path, &denied)) {
        place->kind = PLACE_SOCKET;
        place->url = "http://localhost";
        return true;
    }
    if (denied) {
        fail(outcome, OPERATION_DENIED, place->socket_path, ": permission denied; be root, the server's own user, or in the group that"
             " [administration] names");
        return false;
    }
    place->kind = PLACE_HERE;
    return open_here(place, outcome);
}

static bool run_client_operation(const struct operation *operation, struct operation_place *place, const json_t *parameters, struct answer *answer)
{
    struct operation_host kept = place->host;
    place->host = (struct operation_host){.data_path = ""};
    bool done = run_here(place, operation, parameters, answer);
    place->host = kept;
    return done;
}

bool operation_place_call(struct operation_place *place, const struct operation *operation, const json_t *parameters,
                          const struct operation_sink *sink, struct operation_outcome *ret_outcome)
{
    struct answer answer = {.sink = sink, .outcome = ret_outcome, .line = {.size_max = LINE_SIZE_MAX}};
    bool done = false;
    *ret_outcome = (struct operation_outcome){0};
    if (operation->flags & OPERATION_CLIENT)
        done = run_client_operation(operation, place, parameters, &answer);
    else if (choose_place(place, ret_outcome))
        done = place->kind == PLACE_HERE ? run_here(place, operation, parameters, &answer) : run_there(place, operation, parameters, &answer);
    buffer_free(&answer.line);
    return done;
}

/* --- life --- */

static bool open_elsewhere(struct operation_place *place, const struct operation_place_options *options, char *error)
{
    const char *server = options->server;
    place->kind = PLACE_ELSEWHERE;
    place->log_on = options->log_on;
    if (strncmp(server, "http://", 7) == 0 || !place->log_on) {
        snprintf(error, OPERATION_PLACE_ERROR_SIZE, "%.400s: a server elsewhere is reached over https", server);
        return false;
    }
    size_t size = strlen(server);
    while (size && server[size - 1] == '/')
        size--;
    const char *scheme = strncmp(server, "https://", 8) == 0 ? "" : "https://";
    place->url = arena_format(&place->arena, "%s%.*s", scheme, (int)size, server);
    return place->url != NULL;
}

bool operation_place_open(const struct operation_place_options *options, struct operation_place **ret_place,
                          char ret_error[OPERATION_PLACE_ERROR_SIZE])
{
    struct operation_place *place = calloc(1, sizeof *place);
    struct config_error error;
    snprintf(ret_error, OPERATION_PLACE_ERROR_SIZE, "out of memory");
    if (!place)
        return false;
    local_actor(place->actor_name);
    bool done = true;
    if (options->server)
        done = open_elsewhere(place, options, ret_error);
    else if ((done = config_read(local_configuration_path(options->config_path), &place->config, &error)))
        place->socket_path = admin_socket_path(&place->arena, place->config);
    else
        snprintf(ret_error, OPERATION_PLACE_ERROR_SIZE, "%s", error.text);
    if (done)
        *ret_place = place;
    else
        operation_place_close(place);
    return done;
}

void operation_place_close(struct operation_place *place)
{
    if (!place)
        return;
    if (place->curl)
        curl_easy_cleanup(place->curl);
    if (place->host.directory)
        directory_close(place->host.directory);
    settings_close(place->host.settings);
    config_free(place->config);
    arena_free(&place->arena);
    free(place);
}
