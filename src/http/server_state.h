/* Inside of the http layer: the server as its connections see it. */
#pragma once
#include "http/exchange.h"
#include "http/http_server.h"

struct http_listener;

struct http_server {
    const struct http_router *router;
    struct http_home *homes;
    unsigned home_count;
    pthread_mutex_t lock; /* over the list of listeners and their certificates */
    atomic_uint connections_max;
    struct http_listener *listeners;
    atomic_bool last_requests, draining, closing; /* one after the other, towards the end */
    unsigned next_home; /* accepting loop */
    atomic_uint_fast64_t connections, connections_refused, requests, requests_malformed, timeouts;
};
