#include "server/process.h"

#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "http/http_server.h"
#include "server/admin_socket.h"
#include "server/log_on_methods.h"
#include "server/privileges.h"
#include "server/program_pages.h"
#include "server/server.h"
#include "server/supervisor.h"

#define CLOSE_TIMEOUT_MS 3000u /* for connections to go once everything has been said */
#define POLL_MS 20u
#define ADMINISTRATION_THREADS 4u
#define ADMINISTRATION_QUEUE_MAX 64u
#define FILES_PER_MAILBOX 3u   /* database, write-ahead log, shared memory */
#define FILES_SPARE 128u

/* A configuration that is or was in force; kept until the end, see server.h. */
struct kept_config {
    struct kept_config *next;
    struct config *config;
};

struct process {
    struct server server;
    const char *config_path;
    struct kept_config *configs;
    struct http_ticket_keys *ticket_keys;
    struct http_tls *tls;
    unsigned modules_started;
    sigset_t signals;
};

/* --- start --- */

static bool keep_config(struct process *process, struct config *config)
{
    struct kept_config *kept = malloc(sizeof *kept);
    if (!kept)
        return false;
    *kept = (struct kept_config){process->configs, config};
    process->configs = kept;
    process->server.config = config;
    return true;
}

static void apply_log_level(const struct config *config)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(names[i], config->log_level) == 0)
            log_set_level((enum log_level)i);
}

static bool load_tls(struct process *process, const struct config *config, struct http_tls **ret_tls)
{
    struct http_tls_error error;
    if (!http_tls_load(config->certificate_path, config->key_path, process->ticket_keys, ret_tls, &error)) {
        log_error("[tls] %s", error.text);
        return false;
    }
    char text[256];
    http_tls_describe(*ret_tls, text, sizeof text);
    log_info("certificate of %s", text);
    return true;
}

static struct http_server_limits limits_of(const struct config *config)
{
    return (struct http_server_limits){
        .connections_max = config->connections_max,
        .header_timeout_ms = config->header_timeout_ms,
        .body_timeout_ms = config->body_timeout_ms,
        .idle_timeout_ms = config->idle_timeout_ms,
        .send_timeout_ms = config->send_timeout_ms,
        .body_size_max = config->body_size_max,
    };
}

static bool listen_at(struct process *process, const struct config_listener *listener)
{
    char port_text[8];
    snprintf(port_text, sizeof port_text, "%u", listener->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *address = NULL;
    int result = getaddrinfo(listener->host, port_text, &hints, &address);
    if (result != 0) {
        log_error("[http] listen: '%s': %s (write an address, not a name)", listener->host, gai_strerror(result));
        return false;
    }
    uint16_t port = 0;
    bool done = http_server_listen(process->server.http, address->ai_addr, address->ai_addrlen,
        listener->tls ? process->tls : NULL, &port);
    int error = errno;
    freeaddrinfo(address);
    const char *left = strchr(listener->host, ':') ? "[" : "", *right = *left ? "]" : "";
    if (done)
        log_info("listening at %s%s%s:%u (%s)", left, listener->host, right, port, listener->tls ? "tls" : "plain");
    else
        log_error("[http] listen: %s%s%s:%u: %s", left, listener->host, right, listener->port, strerror(error));
    return done;
}

static unsigned core_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 && count <= 64 ? (unsigned)count : 1;
}

/* Few arenas, memory given back early: idle mailboxes and parked waits should cost what they hold. */
static void set_up_memory(void)
{
    unsigned cores = core_count();
    mallopt(M_ARENA_MAX, cores < 2 ? 2 : (int)cores);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

static void set_up_open_files(const struct config *config)
{
    uint64_t wanted = (uint64_t)config->connections_max + (uint64_t)config->open_mailboxes_max * FILES_PER_MAILBOX + FILES_SPARE;
    uint64_t now = privileges_raise_open_files(wanted);
    if (now < wanted)
        log_warning("only %llu files may be open at a time, %llu are needed for connections_max and open_mailboxes_max",
            (unsigned long long)now, (unsigned long long)wanted);
}

static bool make_threads(struct process *process)
{
    struct server *server = &process->server;
    const struct config *config = server->config;
    unsigned loop_count = config->loop_threads ? config->loop_threads : core_count();
    unsigned worker_count = config->worker_threads ? config->worker_threads : 2 * core_count();
    if (!config->worker_threads && worker_count < 4)
        worker_count = 4;
    server->loops = calloc(loop_count, sizeof *server->loops);
    if (!server->loops)
        return false;
    for (; server->loop_count < loop_count; server->loop_count++)
        if (!(server->loops[server->loop_count] = loop_new()))
            return false;
    server->workers = worker_pool_new("worker", worker_count, config->worker_queue_max);
    server->blocking = worker_pool_new("blocking", config->blocking_threads, config->worker_queue_max);
    server->administration = worker_pool_new("admin", ADMINISTRATION_THREADS, ADMINISTRATION_QUEUE_MAX);
    return server->workers && server->blocking && server->administration;
}

static bool make_http(struct process *process)
{
    struct server *server = &process->server;
    struct http_server_limits limits = limits_of(server->config);
    server->router = http_router_new();
    process->ticket_keys = http_ticket_keys_new();
    if (server->router && process->ticket_keys)
        server->http = http_server_new(server->loops, server->loop_count, server->router, &limits);
    return server->http != NULL;
}

static bool start_modules(struct process *process)
{
    struct server *server = &process->server;
    unsigned count = 0;
    while (server_modules[count])
        count++;
    server->module_states = calloc(count + 1, sizeof *server->module_states);
    if (!server->module_states)
        return false;
    for (; process->modules_started < count; process->modules_started++) {
        const struct server_module *module = server_modules[process->modules_started];
        if (module->start && !module->start(server, &server->module_states[process->modules_started])) {
            log_error("%s could not be started", module->name);
            return false;
        }
    }
    return true;
}

/* In the order of what needs which rights: sockets and key as root, threads and modules as the user. */
static bool process_start(struct process *process)
{
    const struct config *config = process->server.config;
    umask((mode_t)config->umask);
    set_up_memory();
    set_up_open_files(config);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&process->signals);
    sigaddset(&process->signals, SIGHUP);
    sigaddset(&process->signals, SIGTERM);
    sigaddset(&process->signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &process->signals, NULL); /* before there are threads: only ours takes them */

    struct server *server = &process->server;
    if (!make_threads(process) || !make_http(process)) {
        log_error("not enough memory or threads");
        return false;
    }
    if (config_needs_tls(config) && !load_tls(process, config, &process->tls))
        return false;
    for (uint32_t i = 0; i < config->listener_count; i++)
        if (!listen_at(process, &config->listeners[i]))
            return false;
    if (!privileges_become(config->user) || !start_modules(process))
        return false;
    for (unsigned i = 0; i < server->loop_count; i++)
        if (!loop_start(server->loops[i], i)) {
            log_error("not enough threads");
            return false;
        }
    http_server_accept(server->http);
    return true;
}

/* --- reload --- */

static void warn_of_restart(const struct config *old, const struct config *new)
{
    bool same = old->listener_count == new->listener_count && old->loop_threads == new->loop_threads
        && old->worker_threads == new->worker_threads && old->blocking_threads == new->blocking_threads
        && strcmp(old->data_path, new->data_path) == 0 && strcmp(old->user, new->user) == 0
        && strcmp(old->admin_socket_path, new->admin_socket_path) == 0 && strcmp(old->admin_group, new->admin_group) == 0;
    for (uint32_t i = 0; same && i < old->listener_count; i++)
        same = old->listeners[i].port == new->listeners[i].port && old->listeners[i].tls == new->listeners[i].tls
            && strcmp(old->listeners[i].host, new->listeners[i].host) == 0;
    if (!same)
        log_warning("changes of listen, user, data, numbers of threads, and the socket and group of [administration] need a restart");
}

static void reload(struct process *process)
{
    struct server *server = &process->server;
    struct config *config;
    struct config_error error;
    supervisor_notify_reloading();
    if (!config_read(process->config_path, &config, &error)) {
        log_error("%s; the configuration stays as it was", error.text);
        config = NULL;
    } else if (!keep_config(process, config)) {
        config_free(config);
        config = NULL;
    }
    if (config) {
        struct http_server_limits limits = limits_of(config);
        warn_of_restart(process->configs->next->config, config);
        apply_log_level(config);
        http_server_set_limits(server->http, &limits);
    }
    struct http_tls *tls;
    if (process->tls && load_tls(process, server->config, &tls)) {
        http_server_set_tls(server->http, tls);
        http_tls_release(process->tls);
        process->tls = tls;
    } else if (process->tls) {
        log_error("the certificate stays as it was");
    }
    for (unsigned i = 0; config && i < process->modules_started; i++)
        if (server_modules[i]->reload)
            server_modules[i]->reload(server, server->module_states[i]);
    log_info("reloaded");
    supervisor_notify("READY=1");
}

/* --- stop --- */

/* Waits until nothing is left of what is counted; false when the time is up or a further signal came. */
static bool wait_for_none(struct process *process, unsigned (*count)(const struct http_server *http), uint64_t end_ms)
{
    while (count(process->server.http) > 0) {
        struct timespec period = {0, POLL_MS * 1000000L};
        int signal_number = sigtimedwait(&process->signals, NULL, &period);
        if (signal_number == SIGTERM || signal_number == SIGINT) {
            log_warning("stopping at once");
            return false;
        }
        if (loop_clock_ms() >= end_ms)
            return false;
    }
    return true;
}

static void drain(struct process *process)
{
    struct server *server = &process->server;
    for (unsigned i = process->modules_started; i-- > 0;)
        if (server_modules[i]->drain)
            server_modules[i]->drain(server, server->module_states[i]);
    /* While requests still run, further ones are answered too: with the word that we are shutting down. */
    uint64_t end_ms = loop_clock_ms() + server->config->shutdown_timeout_ms;
    http_server_take_last_requests(server->http);
    bool patient = wait_for_none(process, http_server_running_count, end_ms);
    http_server_drain(server->http);
    if (!patient || !wait_for_none(process, http_server_connection_count, end_ms)) {
        log_warning("%u connections are cut", http_server_connection_count(server->http));
        http_server_close_all(server->http);
        wait_for_none(process, http_server_connection_count, loop_clock_ms() + CLOSE_TIMEOUT_MS);
    }
    /* Whoever still waits for us may now end us by force. */
    pthread_sigmask(SIG_UNBLOCK, &process->signals, NULL);
}

/* Also after a start that failed half-way. Loops outlive the pools, since jobs post to them; modules outlive both. */
static void process_stop(struct process *process)
{
    struct server *server = &process->server;
    if (server->workers)
        worker_pool_close(server->workers);
    if (server->blocking)
        worker_pool_close(server->blocking);
    if (server->administration)
        worker_pool_close(server->administration);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_stop(server->loops[i]);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_wait(server->loops[i]);
    while (process->modules_started-- > 0)
        if (server_modules[process->modules_started]->stop)
            server_modules[process->modules_started]->stop(server, server->module_states[process->modules_started]);
    http_server_free(server->http);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_free(server->loops[i]);
    free(server->loops);
    worker_pool_free(server->workers);
    worker_pool_free(server->blocking);
    worker_pool_free(server->administration);
    http_router_free(server->router);
    http_tls_release(process->tls);
    http_ticket_keys_free(process->ticket_keys);
    free(server->module_states);
    for (struct kept_config *kept = process->configs, *next; kept; kept = next) {
        next = kept->next;
        config_free(kept->config);
        free(kept);
    }
}

static void serve(struct process *process)
{
    for (;;) {
        int signal_number;
        if (sigwait(&process->signals, &signal_number) != 0)
            continue;
        if (signal_number == SIGHUP) {
            reload(process);
            continue;
        }
        log_info("stopping (%s)", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
        supervisor_notify("STOPPING=1");
        drain(process);
        return;
    }
}

int process_run(const char *config_path, struct config *config)
{
    struct process process = {.config_path = config_path};
    uint64_t started_ms = loop_clock_ms();
    if (!keep_config(&process, config)) {
        config_free(config);
        return EXIT_FAILURE;
    }
    apply_log_level(config);
    bool started = process_start(&process);
    if (started) {
        log_info("ready after %llu ms: %u loop threads", (unsigned long long)(loop_clock_ms() - started_ms),
            process.server.loop_count);
        supervisor_notify("READY=1\nSTATUS=serving");
        program_pages_release();
        serve(&process);
    }
    process_stop(&process);
    if (started)
        log_info("stopped");
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool process_check(const struct config *config)
{
    struct process process = {0};
    struct stat status;
    bool good = true;
    if (config_needs_tls(config)) {
        process.ticket_keys = http_ticket_keys_new();
        good = process.ticket_keys && load_tls(&process, config, &process.tls);
        http_tls_release(process.tls);
        http_ticket_keys_free(process.ticket_keys);
    }
    good = admin_socket_check(config) && good;
    if (stat(config->data_path, &status) < 0 || !S_ISDIR(status.st_mode)) {
        log_error("[server] data: '%s' is not a folder", config->data_path);
        good = false;
    }
    return log_on_methods_check(config) && good;
}
