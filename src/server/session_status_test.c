/* Sessions as an administrator sees them: connections, breaks, changes of address, averages, failures, ended ones. Links are
 * made by hand in place of connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/filetime.h"
#include "http/connection.h"
#include "server/observation.h"
#include "server/session_status.h"

struct world {
    struct session_registry *registry;
    struct session_table *table;
    struct http_connection connections[6];
};

static void ended(void *user, struct session_context *context, enum session_end_reason reason)
{
    struct session_status *status = session_context_attachment(context);
    if (status)
        session_status_ended(status, reason);
}

static void released(void *user, struct session_context *context)
{
    session_status_release(session_context_attachment(context));
    session_context_free(context);
}

static bool delivered(void *user, void *delivery)
{
    return true;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct session_settings settings = {.idle_timeout_ms = 900000, .contexts_per_user_max = 1000};
    world->registry = session_registry_new();
    world->table = session_table_new(&settings, &(struct session_hooks){.user = world, .ended = ended, .released = released,
                                                                       .delivered = delivered});
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof world->connections / sizeof *world->connections; i++)
        connection_link_end(&world->connections[i]);
    session_table_free(world->table);
    session_registry_free(world->registry);
    free(world);
    return 0;
}

static struct session_status *begin(struct world *world, const char *account)
{
    char address[64];
    snprintf(address, sizeof address, "%s@example.org", account);
    struct directory_user user = {.account = account, .display_name = "Ada Lovelace", .address = address, .principal = "", .legacy_dn = "/o=x",
                                  .redirect_address = "", .redirect_url = ""};
    struct session_cookies cookies = {0};
    struct session_ticket ticket;
    memcpy(&user.id, account, strlen(account) < sizeof user.id ? strlen(account) : sizeof user.id);
    assert_true(session_create(world->table, SESSION_ENDPOINT_MAILBOX, &cookies, &user, monotonic_ms(), &ticket));
    struct session_status *status = session_status_new(world->registry, ticket.context);
    assert_non_null(status);
    session_context_set_attachment(ticket.context, status);
    session_status_set_client(status, &(struct session_client){.application = "Outlook/16.0.14326.20454", .user_agent = "agent",
                                                               .authentication = "Basic", .host = "mail.example.org", .tls = true});
    session_return(world->table, &ticket, monotonic_ms());
    return status;
}

static struct http_link *link_of(struct world *world, unsigned connection)
{
    struct http_link *link = connection_link(&world->connections[connection]);
    assert_non_null(link);
    return link;
}

/* A request on a connection, 'later_ms' from now. */
static void arrive(struct world *world, struct session_status *status, unsigned connection, const char *address, uint64_t later_ms)
{
    session_status_arrived(status, link_of(world, connection), address, monotonic_ms() + later_ms);
}

static json_t *list(struct world *world)
{
    json_t *all = session_registry_list(world->registry, "server.example.org");
    assert_non_null(all);
    return all;
}

static json_int_t number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value))
        fail_msg("%s is no number", name);
    return json_integer_value(value);
}

static const char *text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        fail_msg("%s is no text", name);
    return json_string_value(value);
}

static void second_connection_is_no_break(void **state)
{
    struct world *world = *state;
    struct session_status *status = begin(world, "ada");
    arrive(world, status, 0, "192.0.2.1", 0);
    arrive(world, status, 1, "192.0.2.1", 5000); /* long after, but the first one is open */
    arrive(world, status, 0, "192.0.2.1", 9000);
    json_t *all = list(world), *one = json_array_get(all, 0);
    assert_int_equal(number(one, "Connections"), 2);
    assert_int_equal(number(one, "Conn"), 2);
    assert_int_equal(number(one, "Resumes"), 0);
    assert_string_equal(text(one, "Status"), "Established");
    json_decref(all);
    connection_link_end(&world->connections[0]); /* the wait on 1 goes on */
    arrive(world, status, 2, "192.0.2.1", 60000);
    all = list(world);
    assert_int_equal(number(json_array_get(all, 0), "Resumes"), 0);
    json_decref(all);
}

static void break_without_a_connection(void **state)
{
    struct world *world = *state;
    struct session_status *status = begin(world, "ada");
    arrive(world, status, 0, "192.0.2.1", 0);
    connection_link_end(&world->connections[0]);
    json_t *all = list(world);
    assert_string_equal(text(json_array_get(all, 0), "Status"), "Paused");
    assert_int_equal(number(json_array_get(all, 0), "Conn"), 0);
    json_decref(all);
    arrive(world, status, 1, "192.0.2.1", 400); /* a client with a connection for each request */
    connection_link_end(&world->connections[1]);
    arrive(world, status, 2, "192.0.2.1", 61000);
    all = list(world);
    json_t *one = json_array_get(all, 0), *breaks = json_object_get(one, "Breaks");
    assert_int_equal(number(one, "Resumes"), 1);
    assert_int_equal(number(one, "AddressChanges"), 0);
    assert_int_equal(json_array_size(breaks), 1);
    double seconds = json_real_value(json_object_get(json_array_get(breaks, 0), "Seconds"));
    assert_true(seconds > 60.9 && seconds < 61.1);
    assert_true(json_real_value(json_object_get(one, "LongestBreak")) == seconds);
    json_decref(all);
    struct session_totals totals = session_registry_totals(world->registry);
    assert_int_equal(totals.resumes, 1);
    assert_int_equal(totals.breaks[4], 1); /* up to 120 s */
}

static void another_address(void **state)
{
    struct world *world = *state;
    struct session_status *status = begin(world, "ada");
    arrive(world, status, 0, "192.0.2.1", 0);
    arrive(world, status, 1, "2001:db8::7", 30000); /* the old connection has not been missed yet */
    json_t *all = list(world), *one = json_array_get(all, 0), *first = json_array_get(json_object_get(one, "Breaks"), 0);
    assert_int_equal(number(one, "Resumes"), 1);
    assert_int_equal(number(one, "AddressChanges"), 1);
    assert_string_equal(text(one, "ClientAddress"), "2001:db8::7");
    assert_string_equal(text(first, "From"), "192.0.2.1");
    assert_string_equal(text(first, "To"), "2001:db8::7");
    double seconds = json_real_value(json_object_get(first, "Seconds"));
    assert_true(seconds > 29.9 && seconds < 30.1);
    json_decref(all);
}

/* More connections and breaks than are remembered. */
static void bounded(void **state)
{
    struct world *world = *state;
    struct session_status *status = begin(world, "ada");
    for (unsigned i = 0; i < 50; i++) {
        arrive(world, status, i % 6, i % 2 ? "192.0.2.1" : "192.0.2.2", 2000 * (i + 1));
        connection_link_end(&world->connections[i % 6]);
    }
    json_t *all = list(world), *one = json_array_get(all, 0);
    assert_int_equal(number(one, "Connections"), 50);
    assert_int_equal(number(one, "Resumes"), 49);
    assert_int_equal(json_array_size(json_object_get(one, "Breaks")), 8);
    json_decref(all);
}

static struct observation answer(const char *type, uint32_t duration_us, unsigned code)
{
    return (struct observation){.endpoint = OBSERVATION_MAILBOX, .now_ms = monotonic_ms(), .duration_us = duration_us,
                                .processing_us = duration_us / 2, .http_status = 200, .response_code = code, .error_text = "why",
                                .request_type = type, .request_id = "{id}:7", .request_size = 10, .response_size = 20};
}

static void averages_and_failures(void **state)
{
    struct world *world = *state;
    struct session_status *status = begin(world, "ada");
    struct observation rows[] = {answer("Execute", 2000, 0), answer("Execute", 4000, 0), answer("NotificationWait", 300000000, 0),
                                 answer("PING", 3000, 15)};
    rows[1].rop_count = 3;
    rows[1].rop_error = 0x8004010F;
    session_status_set_waiting(status);
    json_t *all = list(world);
    assert_string_equal(text(json_array_get(all, 0), "Notif"), "Async");
    json_decref(all);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        session_status_answered(status, &rows[i]);
    all = list(world);
    json_t *one = json_array_get(all, 0), *failure = json_object_get(one, "LastFailure");
    assert_string_equal(text(one, "ReqFail"), "4/1");
    assert_true(json_real_value(json_object_get(one, "AvgResp")) == 3.0); /* the wait does not count */
    assert_true(json_real_value(json_object_get(one, "AvgProc")) == 1.5);
    assert_true(json_real_value(json_object_get(one, "MaxResp")) == 4.0);
    assert_string_equal(text(one, "Notif"), "None");
    assert_int_equal(number(one, "Rops"), 3);
    assert_int_equal(number(one, "RopFailures"), 1);
    assert_int_equal(number(one, "BytesOut"), 80);
    assert_string_equal(text(failure, "RequestId"), "{id}:7");
    assert_int_equal(number(failure, "ResponseCode"), 15);
    assert_string_equal(text(one, "Version"), "16.0.14326.20454");
    assert_string_equal(text(one, "Authn"), "CLEAR");
    assert_string_equal(text(one, "Encrypt"), "SSL");
    assert_string_equal(text(one, "ProxyServer"), "mail.example.org");
    json_decref(all);
}

static void what_is_a_failure(void **state)
{
    struct observation row = answer("Execute", 1, 0);
    assert_false(observation_is_failure(&row));
    row.error_code = 0x00040380; /* a warning */
    assert_false(observation_is_failure(&row));
    row.error_code = 0x80040102;
    assert_true(observation_is_failure(&row));
    row.error_code = 1; /* of Unbind: it succeeded */
    assert_true(observation_is_failure(&row));
    row.endpoint = OBSERVATION_ADDRESS_BOOK;
    assert_false(observation_is_failure(&row));
    row.response_code = 10;
    assert_true(observation_is_failure(&row));
    row = answer("", 1, 0);
    row.http_status = 401;
    row.log_on = OBSERVATION_LOG_ON_CHALLENGED;
    assert_false(observation_is_failure(&row));
    row.log_on = OBSERVATION_LOG_ON_FAILED;
    assert_true(observation_is_failure(&row));
}

static void ended_ones(void **state)
{
    struct world *world = *state;
    struct session_status *last = NULL;
    for (unsigned i = 0; i < SESSION_ENDED_KEPT_MAX + 20; i++) {
        char account[16];
        struct session_context_id id;
        snprintf(account, sizeof account, "u%u", i);
        last = begin(world, account);
        assert_true(session_registry_find(world->registry, session_status_cid(last), &id));
        if (i < SESSION_ENDED_KEPT_MAX + 10)
            assert_true(session_end_by_id(world->table, &id, SESSION_END_ADMINISTRATOR));
        else
            continue;
        assert_false(session_end_by_id(world->table, &id, SESSION_END_ADMINISTRATOR));
        assert_false(session_registry_find(world->registry, i + 1, &id));
    }
    json_t *all = list(world);
    assert_int_equal(json_array_size(all), 10 + SESSION_ENDED_KEPT_MAX);
    assert_int_equal(number(json_array_get(all, 0), "CID"), SESSION_ENDED_KEPT_MAX + 20); /* live ones first, newest first */
    assert_int_equal(number(json_array_get(all, 10), "CID"), SESSION_ENDED_KEPT_MAX + 10);
    assert_string_equal(text(json_array_get(all, 10), "Status"), "Ended");
    assert_string_equal(text(json_array_get(all, 10), "EndReason"), "ended by an administrator");
    assert_int_equal(number(json_array_get(all, json_array_size(all) - 1), "CID"), 11); /* the first ten are forgotten */
    json_decref(all);
    struct session_totals totals = session_registry_totals(world->registry);
    assert_int_equal(totals.created[SESSION_ENDPOINT_MAILBOX], SESSION_ENDED_KEPT_MAX + 20);
    assert_int_equal(totals.ended[SESSION_END_ADMINISTRATOR], SESSION_ENDED_KEPT_MAX + 10);
}

/* What clients say of themselves may be anything. */
static void hostile_texts(void **state)
{
    struct world *world = *state;
    struct session_status *status = begin(world, "ada");
    char agent[1000];
    memset(agent, 'x', sizeof agent - 1);
    agent[sizeof agent - 1] = '\0';
    session_status_set_program(status, "Cached", "\xff\xfe", agent);
    json_t *all = list(world), *one = json_array_get(all, 0);
    assert_string_equal(text(one, "ClientMachine"), "?");
    assert_int_equal(strlen(text(one, "ClientProcess")), 255);
    assert_string_equal(text(one, "SessType"), "Cached");
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(second_connection_is_no_break, set_up, tear_down),
        cmocka_unit_test_setup_teardown(break_without_a_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(averages_and_failures, set_up, tear_down),
        cmocka_unit_test(what_is_a_failure),
        cmocka_unit_test_setup_teardown(ended_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_texts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
