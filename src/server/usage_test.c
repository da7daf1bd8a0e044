/* What answered requests become in the record of usage: which count, which are one row, what happens where there is no room or the
 * file cannot be written. */
#include "server/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/filetime.h"
#include "http/exchange.h"
#include "server/usage_pending.h"

#define MOMENT (filetime_of_unix(1795348800)) /* 2026-11-22 12:00 */

static struct directory_user ada = {.id = {{1}}, .address = "ada@example.org"};

static struct observation execute(void)
{
    return (struct observation){
        .endpoint = OBSERVATION_MAILBOX, .time = MOMENT, .http_status = 200, .error_text = "", .method = "POST", .request_type = "Execute",
        .request_id = "", .client_info = "", .client_application = "Outlook/16.0.17928.20114", .user_agent = "Microsoft Office/16.0",
        .peer = "192.0.2.1", .path = "/mapi/emsmdb/", .log_on = OBSERVATION_LOG_ON_ACCEPTED, .authentication = "NTLM", .user = &ada,
        .account = "", .remark = ""};
}

static void told(struct usage_pending *pending, struct observation observation)
{
    assert_true(usage_pending_observe(pending, &observation));
}

static void free_rows(struct usage_pending_row *row)
{
    while (row) {
        struct usage_pending_row *next = row->next;
        free(row);
        row = next;
    }
}

static void test_one_row(void **state)
{
    struct usage_pending *pending = usage_pending_new();
    struct client_identity identity;
    char version[CLIENT_VERSION_TEXT_SIZE];
    struct observation observation = execute();
    observation.request_type = "Connect";
    told(pending, observation);
    observation.response_code = 5; /* refused: a failure, and no session */
    observation.time = MOMENT - 50;
    told(pending, observation);
    told(pending, execute());
    observation = execute();
    observation.endpoint = OBSERVATION_ADDRESS_BOOK; /* the same protocol */
    observation.user_agent = "something else";       /* the client has named itself */
    observation.time = MOMENT + 70;
    told(pending, observation);
    assert_int_equal(usage_pending_count(pending), 1);
    struct usage_pending_row *row = usage_pending_take(pending);
    assert_int_equal(usage_pending_count(pending), 0);
    assert_null(row->next);
    struct usage_entry entry = usage_pending_entry(row, &identity, version);
    assert_int_equal(entry.requests, 4);
    assert_int_equal(entry.failures, 1);
    assert_int_equal(entry.sessions, 1);
    assert_true(entry.first_seen == MOMENT - 50 && entry.last_seen == MOMENT + 70);
    assert_int_equal(entry.day, 20779);
    assert_int_equal(entry.protocol, USAGE_MAPI_HTTP);
    assert_int_equal(entry.class, CLIENT_OUTLOOK_M365);
    assert_true(guid_equal(entry.user, ada.id));
    assert_string_equal(entry.user_address, "ada@example.org");
    assert_string_equal(entry.software, "Outlook");
    assert_string_equal(entry.version, "16.0.17928.20114");
    assert_string_equal(entry.authentication, "NTLM");
    assert_string_equal(entry.address, "192.0.2.1");
    free_rows(row);
    usage_pending_free(pending);
}

static void test_what_differs_is_another_row(void **state)
{
    static const struct directory_user bob = {.id = {{2}}, .address = "ada@example.org"};
    struct usage_pending *pending = usage_pending_new();
    struct observation rows[6];
    for (unsigned i = 0; i < 6; i++)
        rows[i] = execute();
    rows[1].user = &bob;
    rows[2].peer = "192.0.2.10"; /* one the beginning of the other */
    rows[3].client_application = "Outlook/16.0.17928.20115";
    rows[4].authentication = "Bearer";
    rows[5].time = MOMENT + 86400 * FILETIME_PER_SECOND;
    for (unsigned i = 0; i < 12; i++)
        told(pending, rows[i % 6]);
    assert_int_equal(usage_pending_count(pending), 6);
    usage_pending_free(pending);
}

static void test_what_does_not_count(void **state)
{
    struct http_incoming incoming = {0}; /* without headers */
    struct usage_pending *pending = usage_pending_new();
    struct observation rows[6];
    for (unsigned i = 0; i < 6; i++) {
        rows[i] = execute();
        rows[i].request = &incoming.request;
    }
    rows[0].user = NULL, rows[0].http_status = 401, rows[0].log_on = OBSERVATION_LOG_ON_FAILED, rows[0].account = "ada";
    rows[1].endpoint = OBSERVATION_OAB;
    rows[2].endpoint = OBSERVATION_ADMIN;
    rows[3].method = "GET"; /* a browser */
    rows[4].endpoint = OBSERVATION_AUTODISCOVER, rows[4].http_status = 401, rows[4].user = NULL;
    rows[5].endpoint = OBSERVATION_AUTODISCOVER, rows[5].method = "GET";
    for (unsigned i = 0; i < 6; i++)
        told(pending, rows[i]);
    assert_int_equal(usage_pending_count(pending), 0);
    usage_pending_free(pending);
}

/* The protocol that a POST of Autodiscover with these headers counts as. */
static enum usage_protocol protocol_of(const char *headers, const struct directory_user *user)
{
    char head[512];
    size_t used;
    struct http_incoming incoming = {0};
    struct usage_pending *pending = usage_pending_new();
    struct observation observation = execute();
    snprintf(head, sizeof head, "POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: x\r\n%sContent-Length: 0\r\n\r\n", headers);
    http_parser_start(&incoming.parser, &HTTP_PARSER_LIMITS_DEFAULT);
    (void)http_parser_feed(&incoming.parser, bytes_of_string(head), &used);
    incoming.request.header_count = incoming.parser.field_count;
    assert_true(incoming.request.header_count >= 2);
    observation.endpoint = OBSERVATION_AUTODISCOVER;
    observation.client_application = "";
    observation.user = user;
    observation.request = &incoming.request;
    told(pending, observation);
    struct usage_pending_row *row = usage_pending_take(pending);
    enum usage_protocol protocol = row->protocol;
    assert_int_equal(guid_is_zero(row->user), user == NULL);
    free_rows(row);
    usage_pending_free(pending);
    http_parser_free(&incoming.parser);
    return protocol;
}

/* MS-OXDSCLI 2.2.2.1: what is no whole number above 0 counts as absent. */
static void test_autodiscover(void **state)
{
    assert_int_equal(protocol_of("X-MapiHttpCapability: 1\r\n", &ada), USAGE_AUTODISCOVER);
    assert_int_equal(protocol_of("X-MapiHttpCapability: 7\r\n", NULL), USAGE_AUTODISCOVER);
    assert_int_equal(protocol_of("X-MapiHttpCapability: 0\r\n", &ada), USAGE_AUTODISCOVER_LEGACY);
    assert_int_equal(protocol_of("X-MapiHttpCapability: yes\r\n", &ada), USAGE_AUTODISCOVER_LEGACY);
    assert_int_equal(protocol_of("", NULL), USAGE_AUTODISCOVER_LEGACY);
}

static void test_long_texts(void **state)
{
    struct usage_pending *pending = usage_pending_new();
    struct client_identity identity;
    char version[CLIENT_VERSION_TEXT_SIZE], text[3000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    struct observation observation = execute();
    observation.client_application = text;
    told(pending, observation);
    text[2000] = 'y'; /* beyond what is looked at */
    told(pending, observation);
    struct usage_pending_row *row = usage_pending_take(pending);
    assert_int_equal(row->requests, 2);
    assert_int_equal(strlen(usage_pending_entry(row, &identity, version).software), CLIENT_SOFTWARE_SIZE - 1);
    free_rows(row);
    usage_pending_free(pending);
}

static void test_full(void **state)
{
    struct usage_pending *pending = usage_pending_new();
    char name[32];
    struct observation observation = execute();
    observation.client_application = name;
    for (unsigned i = 0; i < USAGE_PENDING_MAX; i++) {
        snprintf(name, sizeof name, "Client/%u", i);
        told(pending, observation);
    }
    strcpy(name, "One/1");
    assert_false(usage_pending_observe(pending, &observation));
    strcpy(name, "Client/17"); /* what has its row goes on */
    told(pending, observation);
    assert_int_equal(usage_pending_count(pending), USAGE_PENDING_MAX);

    struct usage_pending_row *rows = usage_pending_take(pending);
    told(pending, observation);
    strcpy(name, "New/1");
    told(pending, observation);
    /* They cannot be written: one row is there again, one finds no room. */
    assert_int_equal(usage_pending_return(pending, rows), 1);
    assert_int_equal(usage_pending_count(pending), USAGE_PENDING_MAX);
    uint64_t requests = 0, of_seventeen = 0;
    rows = usage_pending_take(pending);
    for (const struct usage_pending_row *row = rows; row; row = row->next) {
        requests += row->requests;
        if (strcmp(row->texts + strlen("ada@example.org") + 1, "Client/17") == 0)
            of_seventeen = row->requests;
    }
    assert_int_equal(requests, USAGE_PENDING_MAX + 3 - 1);
    assert_int_equal(of_seventeen, 3);
    free_rows(rows);
    usage_pending_free(pending);
}

/* --- the consumer --- */

struct fixture {
    char folder[64], path[96];
    struct config config;
    struct services services;
    void *state;
};

static void start(struct fixture *fixture)
{
    strcpy(fixture->folder, "/tmp/usage_test_XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/usage.sqlite", fixture->folder);
    fixture->config = (struct config){.data_path = fixture->folder, .usage_enabled = true, .usage_retain_days = 30};
    atomic_store(&fixture->services.config, &fixture->config);
    assert_true(usage_observer.start(&fixture->services, &fixture->state));
}

static void clean(struct fixture *fixture)
{
    char command[100];
    snprintf(command, sizeof command, "rm -r '%s'", fixture->folder);
    assert_int_equal(system(command), 0);
}

static bool add_requests(void *state, const struct usage_row *row)
{
    *(uint64_t *)state += row->entry.requests;
    return true;
}

static uint64_t written(const struct fixture *fixture)
{
    struct usage_store *store;
    struct usage_question question = {.last_day = INT32_MAX};
    uint64_t requests = 0;
    if (usage_store_open(fixture->path, false, &store) != USAGE_OK)
        return 0;
    assert_int_equal(usage_store_report(store, &question, add_requests, &requests), USAGE_OK);
    usage_store_close(store);
    return requests;
}

static void observe_at(struct fixture *fixture, uint64_t time)
{
    struct observation observation = execute();
    observation.time = time;
    usage_observer.observe(fixture->state, &observation);
}

static void *hammer(void *argument)
{
    for (unsigned i = 0; i < 2000; i++)
        observe_at(argument, MOMENT);
    return NULL;
}

static void test_a_stop_writes_all(void **state)
{
    struct fixture fixture;
    pthread_t threads[4];
    start(&fixture);
    assert_int_not_equal(access(fixture.path, F_OK), 0); /* opened when there is something */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &fixture), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    usage_observer.stop(fixture.state);
    assert_int_equal(written(&fixture), 8000);
    clean(&fixture);
}

static void test_writes_by_itself(void **state)
{
    struct fixture fixture;
    start(&fixture);
    observe_at(&fixture, MOMENT);
    for (unsigned tries = 0; tries < (USAGE_WRITE_DELAY_S + 20) * 10 && written(&fixture) == 0; tries++)
        usleep(100000);
    assert_int_equal(written(&fixture), 1);
    usage_observer.stop(fixture.state);
    clean(&fixture);
}

static void test_old_days_go(void **state)
{
    struct fixture fixture;
    start(&fixture);
    struct usage_store *store;
    struct usage_entry entry = {.user = {{1}}, .user_address = "", .software = "", .version = "", .authentication = "", .address = "", .requests = 1};
    assert_int_equal(usage_store_open(fixture.path, true, &store), USAGE_OK);
    for (entry.day = 20779 - 40; entry.day < 20779; entry.day++)
        assert_int_equal(usage_store_add(store, &entry, 1), USAGE_OK);
    usage_store_close(store);
    observe_at(&fixture, MOMENT);
    usage_observer.stop(fixture.state);
    assert_int_equal(written(&fixture), 30);
    clean(&fixture);
}

static void test_off(void **state)
{
    struct fixture fixture;
    start(&fixture);
    fixture.config.usage_enabled = false;
    usage_observer.reload(&fixture.services, fixture.state);
    observe_at(&fixture, MOMENT);
    usage_observer.stop(fixture.state);
    assert_int_not_equal(access(fixture.path, F_OK), 0);
    clean(&fixture);
}

static void test_damaged_file_is_put_aside(void **state)
{
    struct fixture fixture;
    char command[160];
    start(&fixture);
    FILE *file = fopen(fixture.path, "w");
    for (unsigned i = 0; i < 1000; i++)
        fputs("not a database", file);
    fclose(file);
    observe_at(&fixture, MOMENT);
    usage_observer.stop(fixture.state);
    assert_int_equal(written(&fixture), 1);
    snprintf(command, sizeof command, "grep -q 'not a database' %s.damaged-*", fixture.path);
    assert_int_equal(system(command), 0);
    clean(&fixture);
}

static void test_cannot_write(void **state)
{
    struct fixture fixture;
    start(&fixture);
    assert_int_equal(mkdir(fixture.path, 0700), 0); /* stands in the way */
    observe_at(&fixture, MOMENT);
    usleep((USAGE_WRITE_DELAY_S * 1000 + 500) * 1000);
    assert_int_equal(rmdir(fixture.path), 0);
    observe_at(&fixture, MOMENT);
    usage_observer.stop(fixture.state);
    assert_int_equal(written(&fixture), 2); /* kept until it could be */
    clean(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_row), cmocka_unit_test(test_what_differs_is_another_row), cmocka_unit_test(test_what_does_not_count),
        cmocka_unit_test(test_autodiscover), cmocka_unit_test(test_long_texts), cmocka_unit_test(test_full),
        cmocka_unit_test(test_a_stop_writes_all), cmocka_unit_test(test_writes_by_itself), cmocka_unit_test(test_old_days_go),
        cmocka_unit_test(test_off), cmocka_unit_test(test_damaged_file_is_put_aside), cmocka_unit_test(test_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
