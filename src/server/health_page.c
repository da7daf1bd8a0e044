/* The health check that balancers and monitors read: '200 OK' and the server's name while all is well, 503 otherwise; the parts are for
 * those who log on. docs/health.md. */
#include <stdio.h>

#include "base/filetime.h"
#include "server/authentication.h"
#include "server/health.h"
#include "server/html.h"
#include "server/page.h"

#define POLL_MS 20u

/* One that waits for the parts to be looked at. */
struct health_check {
    struct services *services;
    struct http_exchange *exchange;
    struct identity *identity; /* NULL: a stranger, who is told no parts */
    uint64_t until_ms;
    struct loop_timer timer;
};

static void answer(struct health_check *check, const struct health_state *state)
{
    struct buffer page = {0};
    bool draining = atomic_load(&check->services->draining), well = state->well && !draining;
    html(&page, well ? "200 OK<br/>%s" : "503 Service Unavailable<br/>%s", check->services->host_name);
    if (check->identity && draining)
        buffer_append_string(&page, "<br/>shutting down");
    for (unsigned i = 0; check->identity && i < HEALTH_PART_COUNT; i++)
        html(&page, "<br/>%s: %s", health_part_names[i], state->parts[i].text);
    identity_release(check->identity);
    http_answer_status(check->exchange, well ? 200 : 503);
    http_answer_header(check->exchange, "Content-Type", "text/html; charset=utf-8");
    http_answer_header(check->exchange, "Cache-Control", "no-store");
    http_answer_header(check->exchange, "X-Content-Type-Options", "nosniff");
    if (page.failed) { /* out of memory is not well */
        buffer_free(&page);
        http_answer_abort(check->exchange);
        return;
    }
    http_answer_take(check->exchange, &page);
    buffer_free(&page);
}

static void look(struct loop_timer *timer)
{
    struct health_check *check = container_of(timer, struct health_check, timer);
    struct health_state state;
    if (health_look(check->services->health, &state)) {
        answer(check, &state);
    } else if (loop_clock_ms() >= check->until_ms) {
        health_overdue(&state);
        answer(check, &state);
    } else {
        loop_timer_start(http_exchange_loop(check->exchange), timer, POLL_MS, look);
    }
}

static void begin(struct http_exchange *exchange, struct identity *identity, void *argument)
{
    struct health_check *check = arena_new(http_exchange_arena(exchange), struct health_check);
    if (!check) {
        identity_release(identity);
        http_answer_error(exchange, 503, "out of memory");
        return;
    }
    *check = (struct health_check){.services = argument, .exchange = exchange, .identity = identity,
                                   .until_ms = loop_clock_ms() + HEALTH_WAIT_MS};
    look(&check->timer);
}

void page_health_check(struct http_exchange *exchange, void *argument)
{
    struct services *services = argument;
    const struct http_request *request = http_exchange_request(exchange);
    if (request->method != HTTP_METHOD_GET && request->method != HTTP_METHOD_HEAD) {
        http_answer_header(exchange, "Allow", "GET, HEAD");
        http_answer_error(exchange, 405, "the health check is read with GET");
    } else if (http_request_header(request, "Authorization")) {
        authenticate(services, exchange, ENDPOINT_MAPI, begin, services);
    } else {
        begin(exchange, NULL, services);
    }
}
