/* Get-MapiHttpReadiness: each check finds what it is for and passes where nothing is wrong. */
#include <unistd.h>

#include "base/filetime.h"
#include "directory/embedded_fixture.h"
#include "operation/operation_live.h"
#include "operation/outcome_fixture.h"
#include "record/settings.h"
#include "record/usage_store.h"

struct world {
    struct embedded_fixture *directory;
    struct settings *settings;
    char folder[64];
    struct operation_host host;
    json_t *configuration, *health, *certificate; /* what the server would tell; NULL: nothing */
    int32_t today;
};

static json_t *configuration(void *state)
{
    return json_deep_copy(((struct world *)state)->configuration);
}

static json_t *health(void *state)
{
    return json_deep_copy(((struct world *)state)->health);
}

static json_t *certificate(void *state)
{
    return json_incref(((struct world *)state)->certificate);
}

static const struct operation_live live = {.configuration = configuration, .health = health, .certificate = certificate};

/* A server where nothing is wrong but what a test says. */
static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    void *directory;
    assert_int_equal(open_embedded_fixture(&directory), 0);
    world->directory = directory;
    assert_int_equal(settings_open(":memory:", &world->settings), SETTINGS_OK);
    strcpy(world->folder, "/tmp/readiness_XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    world->today = usage_day_of(filetime_now());
    world->configuration = json_pack("{s:b, s:b, s:b, s:[s], s:s, s:s, s:s, s:s, s:s, s:b}", "mapi.emsmdb", 1, "mapi.nspi", 1, "mapi.fault_injection", 0,
        "http.listen", "[::]:443 tls", "organisation.public_url", "https://mail.engine.test", "organisation.internal_url", "",
        "organisation.external_url", "", "authentication.methods", "basic negotiate", "authentication.mapi_methods", "basic ntlm negotiate bearer",
        "authentication.basic_over_plain", 0);
    world->health = json_pack("{s:s, s:s}", "store", "ok", "disk space", "ok: 5 MB left");
    world->host = (struct operation_host){.directory = world->directory->directory, .settings = world->settings, .data_path = world->folder,
                                          .live = &live, .live_state = world};
    *state = world;
    return 0;
}

static int remove_world(void **state)
{
    struct world *world = *state;
    void *directory = world->directory;
    char command[100];
    snprintf(command, sizeof command, "rm -r '%s'", world->folder);
    assert_int_equal(system(command), 0);
    settings_close(world->settings);
    close_embedded_fixture(&directory);
    json_decref(world->configuration);
    json_decref(world->health);
    json_decref(world->certificate);
    free(world);
    return 0;
}

static struct guid add_user(struct world *world, const char *account)
{
    struct directory_user added;
    struct embedded_user user = {.account = account, .password = "a long password"};
    assert_int_equal(embedded_directory_add_user(world->directory->directory, &world->directory->arena, &user, &added), DIRECTORY_OK);
    return added.id;
}

static json_t *ask(struct world *world)
{
    return rows_of_operation(&world->host, "readiness", "{}");
}

/* The severity that a check tells; "(none)" where it says nothing. */
static void assert_severity(struct world *world, const char *check, const char *severity)
{
    json_t *rows = ask(world);
    size_t row = row_with(rows, "Check", check);
    const char *told = row == SIZE_MAX ? "(none)" : text_of(rows, row, "Severity");
    if (strcmp(told, severity) != 0)
        fail_msg("%s: %s, not %s", check, told, severity);
    json_decref(rows);
}

static void set_switch(struct world *world, const char *user, const char *parameters)
{
    char text[200];
    snprintf(text, sizeof text, "{\"Identity\": \"%s\", %s}", user, parameters);
    json_decref(rows_of_operation(&world->host, "Set-CasMailbox", text));
}

static void record(struct world *world, struct guid user, enum usage_protocol protocol, const char *version, enum client_class class,
                   uint64_t requests, uint64_t failures)
{
    char path[96];
    struct usage_store *store;
    struct usage_entry entry = {
        .day = world->today, .user = user, .user_address = "who@engine.test", .protocol = protocol, .software = "Outlook", .version = version,
        .class = class, .authentication = "Basic", .address = "192.0.2.1", .requests = requests, .failures = failures,
        .first_seen = filetime_now(), .last_seen = filetime_now()};
    snprintf(path, sizeof path, "%s/usage.sqlite", world->folder);
    assert_int_equal(usage_store_open(path, true, &store), USAGE_OK);
    assert_int_equal(usage_store_add(store, &entry, 1), USAGE_OK);
    usage_store_close(store);
}

/* --- tests --- */

static void test_ready(void **state)
{
    struct world *world = *state;
    struct guid ada = add_user(world, "ada");
    record(world, ada, USAGE_MAPI_HTTP, "16.0.17928.20114", CLIENT_OUTLOOK_M365, 10, 1);
    json_t *rows = ask(world);
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (strcmp(text_of(rows, i, "Severity"), "Passed") != 0)
            fail_msg("%s: %s: %s", text_of(rows, i, "Check"), text_of(rows, i, "Severity"), text_of(rows, i, "Message"));
    assert_true(json_array_size(rows) >= 12);
    json_decref(rows);
    rows = rows_of_operation(&world->host, "Get-MapiHttpReadiness", "{\"ProblemsOnly\": true, \"FailOn\": \"warning\"}");
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
}

static void test_organization_off(void **state)
{
    struct world *world = *state;
    (void)add_user(world, "ada");
    (void)add_user(world, "bob");
    assert_severity(world, "WarnMapiHttpNotEnabled", "Passed");
    json_decref(rows_of_operation(&world->host, "Set-OrganizationConfig", "{\"MapiHttpEnabled\": false}"));
    assert_severity(world, "WarnMapiHttpNotEnabled", "Error");
    set_switch(world, "ada", "\"MapiHttpEnabled\": true");
    assert_severity(world, "WarnMapiHttpNotEnabled", "Warning");
    assert_severity(world, "ArchivesWithOrganizationOff", "(none)");
}

static void test_mailboxes(void **state)
{
    struct world *world = *state;
    assert_severity(world, "Mailboxes", "Error");
    (void)add_user(world, "ada");
    (void)add_user(world, "bob");
    set_switch(world, "bob", "\"MapiHttpEnabled\": false");
    json_t *rows = ask(world);
    size_t row = row_with(rows, "Check", "MailboxesSwitchedOff");
    assert_string_equal(text_of(rows, row, "Severity"), "Warning");
    assert_int_equal(number_of(rows, row, "Count"), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(json_array_get(rows, row), "Names"), 0)), "bob@engine.test");
    json_decref(rows);
    set_switch(world, "bob", "\"MAPIEnabled\": false");
    assert_severity(world, "MailboxesWithoutMapi", "Information");
    assert_severity(world, "MailboxesSwitchedOff", "Passed");
}

static void test_examples_are_few(void **state)
{
    struct world *world = *state;
    char account[16];
    for (unsigned i = 0; i < 25; i++) {
        snprintf(account, sizeof account, "user%u", i);
        (void)add_user(world, account);
        set_switch(world, account, "\"MapiHttpEnabled\": false");
    }
    json_t *rows = ask(world);
    size_t row = row_with(rows, "Check", "MailboxesSwitchedOff");
    assert_int_equal(number_of(rows, row, "Count"), 25);
    assert_int_equal(json_array_size(json_object_get(json_array_get(rows, row), "Names")), 20);
    json_decref(rows);
}

static void test_server(void **state)
{
    struct world *world = *state;
    (void)add_user(world, "ada");
    json_object_set_new(world->configuration, "mapi.nspi", json_false());
    json_object_set_new(world->configuration, "mapi.fault_injection", json_true());
    json_object_set_new(world->configuration, "http.listen", json_pack("[s]", "127.0.0.1:80 plain"));
    json_object_set_new(world->health, "disk", json_string("less than 100 MB are free"));
    json_t *rows = ask(world);
    assert_string_equal(text_of(rows, row_with(rows, "Subject", "mapi.nspi"), "Severity"), "Error");
    assert_string_equal(text_of(rows, row_with(rows, "Subject", "mapi.emsmdb"), "Severity"), "Passed");
    assert_string_equal(text_of(rows, row_with(rows, "Check", "FaultInjection"), "Severity"), "Error");
    assert_string_equal(text_of(rows, row_with(rows, "Check", "Tls"), "Severity"), "Warning");
    assert_string_equal(text_of(rows, row_with(rows, "Check", "Health"), "Subject"), "disk");
    assert_string_equal(text_of(rows, row_with(rows, "Check", "Health"), "Message"), "less than 100 MB are free");
    json_decref(rows);
    world->host.live = NULL;
    assert_severity(world, "ServerRunning", "Error");
    assert_severity(world, "AuthenticationMethods", "(none)");
    assert_severity(world, "WarnMapiHttpNotEnabled", "Passed"); /* what needs no server is still looked at */
}

static void set_directory(struct world *world, const char *property, json_t *value)
{
    json_t *object = json_pack("{s:o}", property, value);
    assert_int_equal(settings_set(world->settings, SETTINGS_VIRTUAL_DIRECTORY, "mapi", object), SETTINGS_OK);
    json_decref(object);
}

static void test_addresses(void **state)
{
    struct world *world = *state;
    (void)add_user(world, "ada");
    assert_severity(world, "InternalUrl", "Passed");
    json_object_set_new(world->configuration, "organisation.public_url", json_string(""));
    assert_severity(world, "InternalUrl", "Warning");
    assert_severity(world, "ExternalUrl", "Warning");
    json_object_set_new(world->configuration, "organisation.external_url", json_string("http://mail.engine.test"));
    assert_severity(world, "ExternalUrl", "Error");
    static const char *const poor[] = {"https://mail", "https://192.0.2.1", "https://[2001:db8::1]:444", "https://localhost"};
    for (unsigned i = 0; i < 4; i++) {
        json_object_set_new(world->configuration, "organisation.internal_url", json_string(poor[i]));
        assert_severity(world, "InternalUrl", "Warning");
    }
    set_directory(world, "InternalUrl", json_string("https://inside.engine.test/mapi")); /* counts before the file */
    assert_severity(world, "InternalUrl", "Passed");
    set_directory(world, "ExternalUrl", json_null());
    assert_severity(world, "ExternalUrl", "Information");
}

static void test_log_on(void **state)
{
    struct world *world = *state;
    (void)add_user(world, "ada");
    assert_severity(world, "AuthenticationMethods", "Passed");
    json_object_set_new(world->configuration, "authentication.methods", json_string("basic"));
    assert_severity(world, "AuthenticationMethods", "Information");
    set_directory(world, "IISAuthenticationMethods", json_pack("[s]", "OAuth"));
    assert_severity(world, "AuthenticationMethods", "Error"); /* allowed there, not offered */
    assert_severity(world, "UsersWithoutLogOn", "Error");
    json_object_set_new(world->configuration, "authentication.methods", json_string("basic bearer"));
    assert_severity(world, "AuthenticationMethods", "Passed");
    assert_severity(world, "UsersWithoutLogOn", "(none)");
    set_switch(world, "ada", "\"AuthenticationMethods\": \"Basic,Ntlm\"");
    assert_severity(world, "UsersWithoutLogOn", "Error");
    json_object_set_new(world->configuration, "authentication.basic_over_plain", json_true());
    assert_severity(world, "BasicWithoutTls", "Warning");
}

static void tell_certificate(struct world *world, json_t *report)
{
    json_decref(world->certificate);
    world->certificate = report;
}

static void test_certificate(void **state)
{
    struct world *world = *state;
    (void)add_user(world, "ada");
    tell_certificate(world, json_pack("{s:s, s:s, s:b, s:i, s:[]}", "Status", "Valid", "Subject", "CN=mail", "InUse", 1, "DaysLeft", 60, "Findings"));
    assert_severity(world, "Certificate", "Passed");
    tell_certificate(world, json_pack("{s:s, s:s, s:b, s:[]}", "Status", "Valid", "Subject", "CN=mail", "InUse", 0, "Findings"));
    assert_severity(world, "CertificateNotLoaded", "Warning");
    assert_severity(world, "Certificate", "(none)");
    static const char *const severities[][2] = {{"Notice", "Information"}, {"Warning", "Warning"}, {"Error", "Error"}};
    for (unsigned i = 0; i < 3; i++) {
        tell_certificate(world, json_pack("{s:s, s:s, s:b, s:[{s:s, s:s, s:n, s:s, s:s}]}", "Status", "Invalid", "Subject", "CN=mail", "InUse", 1, "Findings",
                                          "Problem", "Expired", "Severity", severities[i][0], "Name", "Text", "it is over", "Advice", "renew it"));
        assert_severity(world, "CertificateExpired", severities[i][1]);
    }
    json_t *rows = ask(world);
    size_t row = row_with(rows, "Check", "CertificateExpired");
    assert_string_equal(text_of(rows, row, "Subject"), "CN=mail");
    assert_string_equal(text_of(rows, row, "Action"), "renew it");
    json_decref(rows);
    tell_certificate(world, json_pack("{s:s, s:b, s:[]}", "Status", "NotUsed", "InUse", 0, "Findings"));
    assert_severity(world, "CertificateNotLoaded", "(none)");
}

static void test_clients(void **state)
{
    struct world *world = *state;
    struct guid ada = add_user(world, "ada"), bob = add_user(world, "bob");
    assert_severity(world, "ClientsSeen", "Information");
    record(world, ada, USAGE_MAPI_HTTP, "16.0.4266.1001", CLIENT_OUTLOOK_2016, 50, 50);
    assert_severity(world, "UsersOnlyFailing", "Warning");
    record(world, ada, USAGE_MAPI_HTTP, "16.0.17928.20114", CLIENT_OUTLOOK_M365, 5, 4);
    assert_severity(world, "UsersOnlyFailing", "Passed"); /* one client of hers gets through */
    assert_severity(world, "ClientsTooOld", "Passed");
    record(world, bob, USAGE_AUTODISCOVER_LEGACY, "14.0.6000", CLIENT_OUTLOOK_2010, 1, 0);
    assert_severity(world, "ClientsTooOld", "Warning");
    assert_severity(world, "ClientsNotAsking", "Passed");
    record(world, bob, USAGE_AUTODISCOVER_LEGACY, "15.0.4569.1506", CLIENT_OUTLOOK_2013, 1, 0);
    assert_severity(world, "ClientsNotAsking", "Warning");
    assert_severity(world, "UsersOnRpcHttp", "Passed");
    record(world, bob, USAGE_RPC_HTTP, "14.0.6000", CLIENT_OUTLOOK_2010, 1, 0);
    record(world, bob, USAGE_RPC_HTTP, "14.0.6001", CLIENT_OUTLOOK_2010, 1, 0);
    json_t *rows = ask(world);
    size_t row = row_with(rows, "Check", "UsersOnRpcHttp");
    assert_string_equal(text_of(rows, row, "Severity"), "Warning");
    assert_int_equal(number_of(rows, row, "Count"), 1); /* one user, two clients */
    json_decref(rows);
    assert_severity(world, "UsersBlockedByVersion", "Passed");
    set_switch(world, "ada", "\"MAPIBlockOutlookVersions\": \"-16.0.6000\"");
    assert_severity(world, "UsersBlockedByVersion", "Warning");
}

static void test_exit_for_monitoring(void **state)
{
    struct world *world = *state;
    (void)add_user(world, "ada");
    set_switch(world, "ada", "\"MapiHttpEnabled\": false"); /* a warning */
    struct outcome outcome = run_operation(&world->host, "readiness", "{\"FailOn\": \"Error\"}");
    assert_int_equal(outcome.error, OPERATION_DONE);
    json_decref(outcome.rows);
    outcome = run_operation(&world->host, "readiness", "{\"FailOn\": \"Warning\", \"ProblemsOnly\": true}");
    assert_int_equal(outcome.error, OPERATION_CONFLICT);
    assert_string_equal(outcome.text, "not ready: 0 errors, 1 warnings");
    assert_int_equal(json_array_size(outcome.rows), 2); /* it, and that no client was seen */
    json_decref(outcome.rows);
    json_object_set_new(world->configuration, "mapi.emsmdb", json_false());
    outcome = run_operation(&world->host, "readiness", "{\"FailOn\": \"Error\"}");
    assert_int_equal(outcome.error, OPERATION_CONFLICT);
    json_decref(outcome.rows);
    assert_operation_refuses(&world->host, "readiness", "{\"FailOn\": \"Maybe\"}", OPERATION_INVALID_ARGUMENT, "FailOn");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ready), TEST(test_organization_off), TEST(test_mailboxes), TEST(test_examples_are_few), TEST(test_server), TEST(test_addresses),
        TEST(test_log_on), TEST(test_certificate), TEST(test_clients), TEST(test_exit_for_monitoring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
