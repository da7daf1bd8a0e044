/* Metrics: what is counted where, also of requests that are nothing known; the text for Prometheus; the history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/filetime.h"
#include "server/metrics.h"
#include "server/session_status.h"

struct world {
    struct server server;
    struct services services;
    struct config *config;
    unsigned slot; /* of the metrics among the observers */
};

static void released(void *user, struct session_context *context)
{
    session_context_free(context);
}

/* The metrics alone, in a place where observer_state finds them. */
static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct config_error error;
    struct session_settings settings = {.idle_timeout_ms = 1000, .contexts_per_user_max = 10};
    assert_true(config_parse("test", "", &world->config, &error));
    atomic_store(&world->services.config, world->config);
    world->services.server = &world->server;
    world->services.started_ms = monotonic_ms();
    world->services.session_registry = session_registry_new();
    world->services.sessions = session_table_new(&settings, &(struct session_hooks){.released = released});
    void *metrics;
    assert_true(metrics_observer.start(&world->services, &metrics));
    void *nobody[OBSERVERS_MAX] = {0};
    for (world->slot = 0; world->slot < OBSERVERS_MAX; world->slot++) {
        memcpy(world->services.observer_states, nobody, sizeof nobody);
        world->services.observer_states[world->slot] = metrics;
        if (observer_state(&world->services, &metrics_observer) == metrics)
            break;
    }
    assert_true(world->slot < OBSERVERS_MAX);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    metrics_observer.stop(world->services.observer_states[world->slot]);
    session_table_free(world->services.sessions);
    session_registry_free(world->services.session_registry);
    config_free(world->config);
    free(world);
    return 0;
}

static void tell(struct world *world, struct observation observation)
{
    metrics_observer.observe(world->services.observer_states[world->slot], &observation);
}

static struct observation request(const char *type)
{
    return (struct observation){.endpoint = OBSERVATION_MAILBOX, .duration_us = 700, .processing_us = 300, .http_status = 200, .error_text = "",
                                .request_type = type, .log_on = OBSERVATION_LOG_ON_ACCEPTED, .authentication = "NTLM", .request_size = 10,
                                .response_size = 20};
}

static char *text_of(struct world *world)
{
    struct buffer text = {0};
    buffer_append_u8(&text, '\n');
    metrics_append_text(&world->services, &text);
    buffer_append_u8(&text, 0);
    assert_false(text.failed);
    return (char *)text.data;
}

static void assert_sample(struct world *world, const char *sample, double value)
{
    char *text = text_of(world), wanted[256];
    snprintf(wanted, sizeof wanted, "\n%s ", sample);
    const char *found = strstr(text, wanted);
    if (!found)
        fail_msg("no %s in %s", sample, text);
    assert_true(strtod(found + strlen(wanted), NULL) == value);
    free(text);
}

static void assert_absent(struct world *world, const char *part)
{
    char *text = text_of(world);
    if (strstr(text, part))
        fail_msg("%s in %s", part, text);
    free(text);
}

static void counts(void **state)
{
    struct world *world = *state;
    struct observation execute = request("Execute");
    execute.rop_count = 3;
    memcpy(execute.rops, "\xFE\x02\x02", 3);
    execute.rop_error = 0x8004010F;
    execute.rop_failed = 2;
    execute.resent = true;
    tell(world, execute);
    tell(world, request("Execute"));
    execute.duration_us = 250000000;
    tell(world, execute);
    assert_sample(world, "mapihttp_requests_total{endpoint=\"mailbox\",type=\"Execute\"}", 3);
    assert_absent(world, "type=\"PING\"");
    assert_absent(world, "mapihttp_request_failures_total");
    assert_sample(world, "mapihttp_request_duration_seconds_bucket{endpoint=\"mailbox\",type=\"Execute\",le=\"0.0005\"}", 0);
    assert_sample(world, "mapihttp_request_duration_seconds_bucket{endpoint=\"mailbox\",type=\"Execute\",le=\"0.001\"}", 2);
    assert_sample(world, "mapihttp_request_duration_seconds_bucket{endpoint=\"mailbox\",type=\"Execute\",le=\"300\"}", 3);
    assert_sample(world, "mapihttp_request_duration_seconds_bucket{endpoint=\"mailbox\",type=\"Execute\",le=\"+Inf\"}", 3);
    assert_sample(world, "mapihttp_request_duration_seconds_count{endpoint=\"mailbox\",type=\"Execute\"}", 3);
    assert_sample(world, "mapihttp_request_duration_seconds_sum{endpoint=\"mailbox\",type=\"Execute\"}", 250.0014);
    assert_sample(world, "mapihttp_request_bytes_total{endpoint=\"mailbox\",type=\"Execute\"}", 30);
    assert_sample(world, "mapihttp_rops_total{rop=\"OpenFolder\"}", 4);
    assert_sample(world, "mapihttp_rops_total{rop=\"Logon\"}", 2);
    assert_sample(world, "mapihttp_rop_failures_total{rop=\"OpenFolder\"}", 2);
    assert_sample(world, "mapihttp_resent_answers_total", 2);
    assert_sample(world, "mapihttp_log_ons_total{method=\"NTLM\",result=\"accepted\"}", 3);
    assert_sample(world, "mapihttp_responses_total{endpoint=\"mailbox\",response_code=\"0\",name=\"Success\"}", 3);
}

/* What no table has a row for is counted all the same. */
static void unknown_requests(void **state)
{
    struct world *world = *state;
    struct observation strange = request("\"}\n no type");
    strange.response_code = 4711;
    strange.authentication = "Digest";
    strange.rop_count = 1000;
    memset(strange.rops, 0xFF, sizeof strange.rops);
    tell(world, strange);
    strange.http_status = 599;
    strange.endpoint = OBSERVATION_ADMIN;
    tell(world, strange);
    assert_sample(world, "mapihttp_requests_total{endpoint=\"mailbox\",type=\"other\"}", 1);
    assert_sample(world, "mapihttp_request_failures_total{endpoint=\"mailbox\",type=\"other\"}", 1);
    assert_sample(world, "mapihttp_http_responses_total{endpoint=\"administration\",status=\"other\"}", 1);
    assert_sample(world, "mapihttp_log_ons_total{method=\"\",result=\"accepted\"}", 2);
    assert_absent(world, "no type");
}

static void log_ons(void **state)
{
    struct world *world = *state;
    struct observation challenge = request("Connect"), failure = request("Connect");
    challenge.http_status = failure.http_status = 401;
    challenge.log_on = OBSERVATION_LOG_ON_CHALLENGED;
    challenge.authentication = "";
    failure.log_on = OBSERVATION_LOG_ON_FAILED;
    tell(world, challenge);
    tell(world, failure);
    assert_sample(world, "mapihttp_log_ons_total{method=\"\",result=\"challenged\"}", 1);
    assert_sample(world, "mapihttp_log_ons_total{method=\"NTLM\",result=\"failed\"}", 1);
    assert_sample(world, "mapihttp_request_failures_total{endpoint=\"mailbox\",type=\"Connect\"}", 1);
    assert_absent(world, "mapihttp_responses_total"); /* no X-ResponseCode was sent */
}

static json_t *history_of(struct world *world)
{
    json_t *metrics = metrics_json(&world->services), *history = json_incref(json_object_get(metrics, "History"));
    assert_true(json_array_size(json_object_get(metrics, "Samples")) > 10);
    json_decref(metrics);
    return history;
}

static json_int_t number(const json_t *history, size_t index, const char *name)
{
    return json_integer_value(json_object_get(json_array_get(history, index), name));
}

static void history(void **state)
{
    struct world *world = *state;
    uint64_t now_ms = monotonic_ms();
    struct observation refused = request("PING"), wait = request("NotificationWait");
    refused.response_code = 15;
    refused.duration_us = 1700;
    wait.duration_us = 300000000;
    tell(world, request("PING"));
    tell(world, refused);
    tell(world, wait);
    metrics_tick(&world->services, now_ms + 1000); /* not yet */
    json_t *points = history_of(world);
    assert_int_equal(json_array_size(points), 0);
    json_decref(points);
    metrics_tick(&world->services, now_ms + 300000);
    tell(world, request("PING"));
    metrics_tick(&world->services, now_ms + 600000);
    metrics_tick(&world->services, now_ms + 900000);
    points = history_of(world);
    assert_int_equal(json_array_size(points), 3);
    assert_int_equal(number(points, 0, "Requests"), 3);
    assert_int_equal(number(points, 0, "Failures"), 1);
    assert_true(json_real_value(json_object_get(json_array_get(points, 0), "AvgResp")) == 1.2); /* without the wait */
    assert_int_equal(number(points, 1, "Requests"), 1);
    assert_int_equal(number(points, 2, "Requests"), 0);
    json_decref(points);
    for (unsigned i = 4; i < 400; i++)
        metrics_tick(&world->services, now_ms + i * 300000ull);
    tell(world, request("PING"));
    metrics_tick(&world->services, now_ms + 400 * 300000ull);
    points = history_of(world);
    assert_int_equal(json_array_size(points), 288);
    assert_int_equal(number(points, 287, "Requests"), 1);
    json_decref(points);
}

static void *tell_many(void *argument)
{
    for (unsigned i = 0; i < 20000; i++)
        tell(argument, request("Execute"));
    return NULL;
}

static void many_threads(void **state)
{
    struct world *world = *state;
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, tell_many, world), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_sample(world, "mapihttp_requests_total{endpoint=\"mailbox\",type=\"Execute\"}", 80000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts, set_up, tear_down),      cmocka_unit_test_setup_teardown(unknown_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(log_ons, set_up, tear_down),     cmocka_unit_test_setup_teardown(history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
