#include "http/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/connection.h"
#include "http/server_state.h"

#define ACCEPTS_PER_ROUND 32u
#define ACCEPT_PAUSE_MS 100u
#define LISTEN_BACKLOG 1024

struct http_listener {
    struct http_server *server;
    struct http_listener *next;
    int fd;
    struct http_tls *tls;     /* server->lock */
    struct event acceptable;  /* first loop, as all below */
    struct loop_timer pause;  /* while descriptors are short */
    struct loop_task start_task;
    bool accepting;
};

/* A socket on its way to its loop. */
struct handover {
    struct loop_task task;
    struct http_home *home;
    struct http_tls *tls;
    int fd;
    char peer[46];
};

/* --- connections in --- */

static void handover_arrived(struct loop_task *task)
{
    struct handover *handover = container_of(task, struct handover, task);
    if (handover->home->draining) {
        close(handover->fd);
        http_tls_release(handover->tls);
        atomic_fetch_sub(&handover->home->connection_count, 1);
    } else {
        connection_open(handover->home, handover->fd, handover->peer, handover->tls);
    }
    free(handover);
}

static bool hand_over(struct http_home *home, int fd, const char *peer, struct http_tls *tls)
{
    struct handover *handover = malloc(sizeof *handover);
    if (!handover)
        return false;
    *handover = (struct handover){.task.run = handover_arrived, .home = home, .tls = tls, .fd = fd};
    memcpy(handover->peer, peer, sizeof handover->peer);
    atomic_fetch_add(&home->connection_count, 1);
    if (loop_is_current(home->loop))
        handover_arrived(&handover->task);
    else
        loop_post(home->loop, &handover->task);
    return true;
}

static void peer_text(const struct sockaddr_storage *address, char text[46])
{
    text[0] = 0;
    if (address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, 46);
    } else if (address->ss_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(in6))
            inet_ntop(AF_INET, in6->s6_addr + 12, text, 46);
        else
            inet_ntop(AF_INET6, in6, text, 46);
    }
}

/* The home with the fewest connections; among equals, turn by turn. */
static struct http_home *choose_home(struct http_server *server)
{
    struct http_home *best = NULL;
    unsigned fewest = 0;
    for (unsigned i = 0; i < server->home_count; i++) {
        struct http_home *home = &server->homes[(server->next_home + i) % server->home_count];
        unsigned count = atomic_load_explicit(&home->connection_count, memory_order_relaxed);
        if (!best || count < fewest) {
            best = home;
            fewest = count;
        }
    }
    server->next_home++;
    return best;
}

static void listener_accepts(evutil_socket_t fd, short events, void *argument);

static void listener_resume(struct http_listener *listener)
{
    event_add(&listener->acceptable, NULL);
}

static void listener_pause_over(struct loop_timer *timer)
{
    listener_resume(container_of(timer, struct http_listener, pause));
}

static void listener_accepts(evutil_socket_t listening_fd, short events, void *argument)
{
    struct http_listener *listener = argument;
    struct http_server *server = listener->server;
    for (unsigned i = 0; i < ACCEPTS_PER_ROUND; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof address;
        int fd = accept4(listening_fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                /* The connection stays in the queue: look again when some may have closed. */
                event_del(&listener->acceptable);
                loop_timer_start(server->homes[0].loop, &listener->pause, ACCEPT_PAUSE_MS, listener_pause_over);
            }
            return;
        }
        atomic_fetch_add_explicit(&server->connections, 1, memory_order_relaxed);
        pthread_mutex_lock(&server->lock);
        struct http_tls *tls = http_tls_keep(listener->tls);
        pthread_mutex_unlock(&server->lock);
        char peer[46];
        peer_text(&address, peer);
        bool full = http_server_connection_count(server) >= atomic_load_explicit(&server->connections_max, memory_order_relaxed);
        if (full || !hand_over(choose_home(server), fd, peer, tls)) {
            atomic_fetch_add_explicit(&server->connections_refused, 1, memory_order_relaxed);
            http_tls_release(tls);
            close(fd);
        }
    }
}

bool http_server_adopt(struct http_server *server, unsigned loop_index, int fd, struct http_tls *tls)
{
    char peer[46] = "";
    atomic_fetch_add_explicit(&server->connections, 1, memory_order_relaxed);
    if (hand_over(&server->homes[loop_index], fd, peer, http_tls_keep(tls)))
        return true;
    http_tls_release(tls);
    return false;
}

/* --- listeners --- */

bool http_server_listen(struct http_server *server, const struct sockaddr *address, socklen_t address_size,
    struct http_tls *tls, uint16_t *ret_port)
{
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct http_listener *listener = calloc(1, sizeof *listener);
    if (fd < 0 || !listener)
        goto failed;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* "[::]" takes IPv4 too where the system has it so, which administrators expect from 'listen = [::]:443'. */
    int v6_only = 0;
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
    if (bind(fd, address, address_size) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
        goto failed;
    if (ret_port) {
        struct sockaddr_storage bound;
        socklen_t size = sizeof bound;
        if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
            goto failed;
        *ret_port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                      : ((struct sockaddr_in *)&bound)->sin_port);
    }
    *listener = (struct http_listener){.server = server, .fd = fd, .tls = http_tls_keep(tls)};
    event_assign(&listener->acceptable, loop_base(server->homes[0].loop), fd, EV_READ | EV_PERSIST, listener_accepts, listener);
    pthread_mutex_lock(&server->lock); /* others may ask for the certificate already */
    listener->next = server->listeners;
    server->listeners = listener;
    pthread_mutex_unlock(&server->lock);
    return true;
failed:
    free(listener);
    if (fd >= 0) {
        int error = errno;
        close(fd);
        errno = error;
    }
    return false;
}

static void listener_start(struct loop_task *task)
{
    struct http_listener *listener = container_of(task, struct http_listener, start_task);
    if (listener->fd >= 0 && !listener->accepting)
        listener_resume(listener);
    listener->accepting = true;
}

void http_server_accept(struct http_server *server)
{
    for (struct http_listener *listener = server->listeners; listener; listener = listener->next) {
        listener->start_task.run = listener_start;
        loop_post(server->homes[0].loop, &listener->start_task);
    }
}

static void listener_close(struct http_listener *listener)
{
    if (listener->fd < 0)
        return;
    loop_timer_stop(&listener->pause);
    event_del(&listener->acceptable);
    close(listener->fd);
    listener->fd = -1;
}

void http_server_set_tls(struct http_server *server, struct http_tls *tls)
{
    for (struct http_listener *listener = server->listeners; listener; listener = listener->next) {
        pthread_mutex_lock(&server->lock);
        struct http_tls *old = listener->tls;
        if (old)
            listener->tls = http_tls_keep(tls);
        pthread_mutex_unlock(&server->lock);
        http_tls_release(old);
    }
}

struct http_tls *http_server_tls(struct http_server *server)
{
    struct http_tls *tls = NULL;
    pthread_mutex_lock(&server->lock);
    for (struct http_listener *listener = server->listeners; listener && !tls; listener = listener->next)
        tls = http_tls_keep(listener->tls);
    pthread_mutex_unlock(&server->lock);
    return tls;
}

/* --- the server --- */

static bool home_prepare(struct http_home *home, struct http_server *server, struct loop *loop,
    const struct http_server_limits *limits)
{
    home->server = server;
    home->loop = loop;
    home->limits = *limits;
    pthread_mutex_init(&home->lock, NULL);
    home->scratch = malloc(HTTP_SCRATCH_SIZE);
    return home->scratch != NULL;
}

struct http_server *http_server_new(struct loop *const *loops, unsigned loop_count, const struct http_router *router,
    const struct http_server_limits *limits)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    pthread_mutex_init(&server->lock, NULL);
    server->router = router;
    atomic_init(&server->connections_max, limits->connections_max);
    server->homes = calloc(loop_count, sizeof *server->homes);
    bool done = server->homes != NULL;
    for (unsigned i = 0; done && i < loop_count; i++) {
        done = home_prepare(&server->homes[i], server, loops[i], limits);
        server->home_count++;
    }
    if (done)
        return server;
    http_server_free(server);
    return NULL;
}

struct limits_change {
    struct loop_task task;
    struct http_home *home;
    struct http_server_limits limits;
};

static void limits_arrived(struct loop_task *task)
{
    struct limits_change *change = container_of(task, struct limits_change, task);
    change->home->limits = change->limits;
    free(change);
}

void http_server_set_limits(struct http_server *server, const struct http_server_limits *limits)
{
    atomic_store(&server->connections_max, limits->connections_max);
    for (unsigned i = 0; i < server->home_count; i++) {
        struct limits_change *change = malloc(sizeof *change);
        if (!change)
            return; /* the old ones stay */
        *change = (struct limits_change){{.run = limits_arrived}, &server->homes[i], *limits};
        loop_post(server->homes[i].loop, &change->task);
    }
}

static void home_drain(struct loop_task *task)
{
    struct http_home *home = container_of(task, struct http_home, drain_task);
    home->draining = true;
    if (home == home->server->homes)
        for (struct http_listener *listener = home->server->listeners; listener; listener = listener->next)
            listener_close(listener);
    for (struct http_connection *connection = home->connections, *next; connection; connection = next) {
        next = connection->next; /* draining one touches no other */
        connection_drain(connection);
    }
}

void http_server_take_last_requests(struct http_server *server)
{
    atomic_store(&server->last_requests, true);
}

unsigned http_server_running_count(const struct http_server *server)
{
    unsigned count = 0;
    for (unsigned i = 0; i < server->home_count; i++)
        count += atomic_load_explicit(&server->homes[i].running_count, memory_order_relaxed);
    return count;
}

void http_server_drain(struct http_server *server)
{
    http_server_take_last_requests(server);
    if (atomic_exchange(&server->draining, true))
        return;
    for (unsigned i = 0; i < server->home_count; i++) {
        server->homes[i].drain_task.run = home_drain;
        loop_post(server->homes[i].loop, &server->homes[i].drain_task);
    }
}

unsigned http_server_connection_count(const struct http_server *server)
{
    unsigned count = 0;
    for (unsigned i = 0; i < server->home_count; i++)
        count += atomic_load_explicit(&server->homes[i].connection_count, memory_order_relaxed);
    return count;
}

static void home_close_all(struct loop_task *task)
{
    struct http_home *home = container_of(task, struct http_home, close_task);
    while (home->connections)
        connection_close(home->connections, CAUSE_ORDERLY);
}

void http_server_close_all(struct http_server *server)
{
    http_server_drain(server); /* connections that are still handed over close at once */
    if (atomic_exchange(&server->closing, true))
        return;
    for (unsigned i = 0; i < server->home_count; i++) {
        server->homes[i].close_task.run = home_close_all;
        loop_post(server->homes[i].loop, &server->homes[i].close_task);
    }
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    for (struct http_listener *listener = server->listeners, *next; listener; listener = next) {
        next = listener->next;
        listener_close(listener);
        http_tls_release(listener->tls);
        free(listener);
    }
    for (unsigned i = 0; i < server->home_count; i++) {
        struct http_home *home = &server->homes[i];
        while (home->connections)
            connection_close(home->connections, CAUSE_ORDERLY);
        exchange_free_spare(home);
        free(home->scratch);
        pthread_mutex_destroy(&home->lock);
    }
    free(server->homes);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

struct http_server_counts http_server_counts(const struct http_server *server)
{
    return (struct http_server_counts){
        .connections = atomic_load(&server->connections),
        .connections_refused = atomic_load(&server->connections_refused),
        .requests = atomic_load(&server->requests),
        .requests_malformed = atomic_load(&server->requests_malformed),
        .timeouts = atomic_load(&server->timeouts),
    };
}
