/* A TCP proxy on a loopback port that cuts the connection once, after so many bytes in one direction; what comes later passes.
 * It runs on a thread of its own. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CUTTING_PAIRS_MAX 16

enum cutting_direction { CUTTING_REQUESTS, CUTTING_ANSWERS };

struct cutting_pair {
    int client, server; /* -1: free */
};

struct cutting_proxy {
    uint16_t port;
    uint16_t server_port;
    int listener;
    int wake[2];
    pthread_t thread;
    struct cutting_pair pairs[CUTTING_PAIRS_MAX];
    /* Set by cutting_proxy_arm; the proxy's thread reads and writes them under the lock. */
    pthread_mutex_t lock;
    enum cutting_direction direction;
    uint64_t cut_at;       /* bytes that still pass; 0: no byte of that direction */
    bool armed;
    bool reset;            /* RST instead of FIN */
    bool cut;
    uint64_t passed[2];
    bool stopping;
};

bool cutting_proxy_start(struct cutting_proxy *proxy, uint16_t server_port);
void cutting_proxy_stop(struct cutting_proxy *proxy);
/* Counts from now on, and cuts after 'cut_at' bytes (UINT64_MAX: never). */
void cutting_proxy_arm(struct cutting_proxy *proxy, enum cutting_direction direction, uint64_t cut_at, bool reset);
/* Whether it has cut since, and what has passed in the two directions. */
bool cutting_proxy_result(struct cutting_proxy *proxy, uint64_t ret_passed[2]);
