#include "cutting_proxy.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_pair(struct cutting_pair *pair, bool reset)
{
    struct linger hard = {.l_onoff = 1};
    if (reset)
        setsockopt(pair->client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(pair->client);
    close(pair->server);
    pair->client = pair->server = -1;
}

static void accept_pair(struct cutting_proxy *proxy)
{
    int one = 1, client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC), slot = 0;
    if (client < 0)
        return;
    while (slot < CUTTING_PAIRS_MAX && proxy->pairs[slot].client >= 0)
        slot++;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(proxy->server_port)};
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (slot == CUTTING_PAIRS_MAX || server < 0 || connect(server, (struct sockaddr *)&address, sizeof address)) {
        close(client);
        if (server >= 0)
            close(server);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    proxy->pairs[slot] = (struct cutting_pair){.client = client, .server = server};
}

static bool send_all(int to, const char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t sent = send(to, data + at, size - at, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += (size_t)sent;
    }
    return true;
}

static void pass(struct cutting_proxy *proxy, struct cutting_pair *pair, enum cutting_direction direction)
{
    char data[16384];
    int from = direction == CUTTING_REQUESTS ? pair->client : pair->server;
    int to = direction == CUTTING_REQUESTS ? pair->server : pair->client;
    ssize_t got = recv(from, data, sizeof data, 0);
    if (got <= 0) {
        close_pair(pair, false);
        return;
    }
    pthread_mutex_lock(&proxy->lock);
    bool cutting = proxy->armed && !proxy->cut && proxy->direction == direction &&
                   proxy->passed[direction] + (uint64_t)got > proxy->cut_at;
    size_t size = cutting ? (size_t)(proxy->cut_at - proxy->passed[direction]) : (size_t)got;
    proxy->passed[direction] += size;
    proxy->cut = proxy->cut || cutting;
    bool reset = proxy->reset;
    pthread_mutex_unlock(&proxy->lock);
    if (!send_all(to, data, size) || cutting)
        close_pair(pair, cutting && reset);
}

static void *serve(void *data)
{
    struct cutting_proxy *proxy = data;
    for (;;) {
        struct pollfd polls[2 + 2 * CUTTING_PAIRS_MAX] = {{.fd = proxy->listener, .events = POLLIN}, {.fd = proxy->wake[0], .events = POLLIN}};
        for (int i = 0; i < CUTTING_PAIRS_MAX; i++) {
            polls[2 + 2 * i] = (struct pollfd){.fd = proxy->pairs[i].client, .events = POLLIN};
            polls[3 + 2 * i] = (struct pollfd){.fd = proxy->pairs[i].server, .events = POLLIN};
        }
        if (poll(polls, 2 + 2 * CUTTING_PAIRS_MAX, -1) < 0 && errno != EINTR)
            return NULL;
        if (polls[1].revents)
            return NULL;
        for (int i = 0; i < CUTTING_PAIRS_MAX; i++) {
            if (polls[2 + 2 * i].revents && proxy->pairs[i].client >= 0)
                pass(proxy, &proxy->pairs[i], CUTTING_REQUESTS);
            if (polls[3 + 2 * i].revents && proxy->pairs[i].client >= 0)
                pass(proxy, &proxy->pairs[i], CUTTING_ANSWERS);
        }
        if (polls[0].revents)
            accept_pair(proxy);
    }
}

bool cutting_proxy_start(struct cutting_proxy *proxy, uint16_t server_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *proxy = (struct cutting_proxy){.server_port = server_port};
    pthread_mutex_init(&proxy->lock, NULL);
    for (int i = 0; i < CUTTING_PAIRS_MAX; i++)
        proxy->pairs[i].client = proxy->pairs[i].server = -1;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (proxy->listener < 0 || bind(proxy->listener, (struct sockaddr *)&address, size) || listen(proxy->listener, 64) ||
        getsockname(proxy->listener, (struct sockaddr *)&address, &size) || pipe2(proxy->wake, O_CLOEXEC))
        return false;
    proxy->port = ntohs(address.sin_port);
    return !pthread_create(&proxy->thread, NULL, serve, proxy);
}

void cutting_proxy_stop(struct cutting_proxy *proxy)
{
    if (write(proxy->wake[1], "x", 1) == 1)
        pthread_join(proxy->thread, NULL);
    for (int i = 0; i < CUTTING_PAIRS_MAX; i++)
        if (proxy->pairs[i].client >= 0)
            close_pair(&proxy->pairs[i], false);
    close(proxy->listener);
    close(proxy->wake[0]);
    close(proxy->wake[1]);
    pthread_mutex_destroy(&proxy->lock);
}

void cutting_proxy_arm(struct cutting_proxy *proxy, enum cutting_direction direction, uint64_t cut_at, bool reset)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->direction = direction;
    proxy->cut_at = cut_at;
    proxy->armed = cut_at != UINT64_MAX;
    proxy->reset = reset;
    proxy->cut = false;
    proxy->passed[0] = proxy->passed[1] = 0;
    pthread_mutex_unlock(&proxy->lock);
}

bool cutting_proxy_result(struct cutting_proxy *proxy, uint64_t ret_passed[2])
{
    pthread_mutex_lock(&proxy->lock);
    memcpy(ret_passed, proxy->passed, sizeof proxy->passed);
    bool cut = proxy->cut;
    pthread_mutex_unlock(&proxy->lock);
    return cut;
}
