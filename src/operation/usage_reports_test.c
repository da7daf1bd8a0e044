/* Reports of usage, as operations: their periods, mailboxes and protocols, what each counts, and what they refuse. */
#include "base/filetime.h"
#include "directory/embedded_fixture.h"
#include "operation/outcome_fixture.h"
#include "record/usage_store.h"

struct world {
    struct embedded_fixture *directory;
    char folder[64];
    struct guid ada, bob;
    int32_t today;
};

static struct operation_host host_of(const struct world *world)
{
    return (struct operation_host){.directory = world->directory->directory, .data_path = world->folder};
}

static struct outcome run(const struct world *world, const char *name, const char *parameters)
{
    struct operation_host host = host_of(world);
    return run_operation(&host, name, parameters);
}

static json_t *rows_of(const struct world *world, const char *name, const char *parameters)
{
    struct operation_host host = host_of(world);
    return rows_of_operation(&host, name, parameters);
}

static void assert_refusal(const struct world *world, const char *name, const char *parameters, enum operation_error error, const char *parameter)
{
    struct operation_host host = host_of(world);
    assert_operation_refuses(&host, name, parameters, error, parameter);
}

/* --- the world --- */

static struct guid add_user(struct world *world, const char *account, const char *name)
{
    struct directory_user added;
    struct embedded_user user = {.account = account, .display_name = name, .password = "a long password"};
    assert_int_equal(embedded_directory_add_user(world->directory->directory, &world->directory->arena, &user, &added), DIRECTORY_OK);
    return added.id;
}

static struct usage_entry entry_of(const struct world *world, struct guid user, const char *address, int32_t days_ago)
{
    uint64_t noon = filetime_of_unix((time_t)(world->today - days_ago) * 86400 + 43200);
    return (struct usage_entry){
        .day = world->today - days_ago, .user = user, .user_address = address, .protocol = USAGE_MAPI_HTTP, .software = "Outlook",
        .version = "16.0.17928.20114", .class = CLIENT_OUTLOOK_M365, .authentication = "Negotiate", .address = "192.0.2.1", .requests = 10,
        .sessions = 1, .first_seen = noon, .last_seen = noon + FILETIME_PER_SECOND};
}

static void record(const struct world *world, struct usage_entry entry)
{
    char path[96];
    struct usage_store *store;
    snprintf(path, sizeof path, "%s/usage.sqlite", world->folder);
    assert_int_equal(usage_store_open(path, true, &store), USAGE_OK);
    assert_int_equal(usage_store_add(store, &entry, 1), USAGE_OK);
    usage_store_close(store);
}

static struct usage_entry with_client(struct usage_entry entry, enum usage_protocol protocol, const char *version, enum client_class class)
{
    entry.protocol = protocol;
    entry.version = version;
    entry.class = class;
    return entry;
}

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    void *directory;
    assert_int_equal(open_embedded_fixture(&directory), 0);
    world->directory = directory;
    world->today = usage_day_of(filetime_now());
    strcpy(world->folder, "/tmp/usage_reports_XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    world->ada = add_user(world, "ada", "Ada Lovelace");
    world->bob = add_user(world, "bob", "Bob");
    (void)add_user(world, "idle", "Idle");
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
    close_embedded_fixture(&directory);
    free(world);
    return 0;
}

/* Ada uses a new Outlook; Bob an old one that finds no way in, and a new one with MapiHttpDisabled; one who is gone used RPC over HTTP. */
static void fill(const struct world *world)
{
    struct guid gone = {{9, 9}};
    record(world, entry_of(world, world->ada, "ada@engine.test", 0));
    record(world, entry_of(world, world->ada, "ada@engine.test", 6));
    record(world, with_client(entry_of(world, world->bob, "bob@engine.test", 7), USAGE_AUTODISCOVER_LEGACY, "14.0.7015", CLIENT_OUTLOOK_2010));
    record(world, with_client(entry_of(world, world->bob, "bob@engine.test", 1), USAGE_AUTODISCOVER_LEGACY, "16.0.4266.1001", CLIENT_OUTLOOK_2016));
    record(world, entry_of(world, world->bob, "bob@engine.test", 3));
    record(world, with_client(entry_of(world, gone, "gone@engine.test", 29), USAGE_RPC_HTTP, "12.0.6739", CLIENT_OUTLOOK_2007));
    record(world, with_client(entry_of(world, gone, "gone@engine.test", 30), USAGE_RPC_HTTP, "12.0.6739", CLIENT_OUTLOOK_2007));
}

/* --- tests --- */

static void test_nothing_recorded(void **state)
{
    struct outcome outcome = run(*state, "Get-MailProtocolUsage", "{}");
    assert_int_equal(outcome.error, OPERATION_DONE);
    assert_non_null(strstr(outcome.warning, "no usage was recorded"));
    assert_int_equal(json_array_size(outcome.rows), USAGE_PROTOCOL_COUNT);
    assert_int_equal(number_of(outcome.rows, 0, "Users"), 0);
    assert_true(json_is_null(json_object_get(json_array_get(outcome.rows, 0), "LastSeen")));
    json_decref(outcome.rows);
}

static void test_protocols(void **state)
{
    const struct world *world = *state;
    fill(world);
    json_t *rows = rows_of(world, "report protocols", "{}");
    assert_int_equal(json_array_size(rows), 4);
    assert_string_equal(text_of(rows, 0, "Protocol"), "MAPI/HTTP");
    assert_int_equal(number_of(rows, 0, "Users"), 2);
    assert_int_equal(number_of(rows, 0, "Requests"), 30);
    assert_int_equal(number_of(rows, 0, "Sessions"), 3);
    assert_string_equal(text_of(rows, 1, "Protocol"), "RPC/HTTP");
    assert_int_equal(number_of(rows, 1, "Requests"), 10); /* the one of 30 days ago is outside D30 */
    assert_int_equal(number_of(rows, 2, "Users"), 0);
    assert_int_equal(number_of(rows, 3, "Users"), 1);
    assert_string_equal(text_of(rows, 0, "ReportPeriod"), "D30");
    json_decref(rows);

    rows = rows_of(world, "Get-MailProtocolUsage", "{\"Period\": \"d7\", \"Protocol\": \"MapiHttp,rpchttp\"}");
    assert_int_equal(json_array_size(rows), 2);
    assert_int_equal(number_of(rows, 0, "Requests"), 30);
    assert_int_equal(number_of(rows, 1, "Requests"), 0);
    json_decref(rows);

    rows = rows_of(world, "Get-MailProtocolUsage", "{\"Period\": \"D90\", \"Daily\": true, \"Protocol\": \"RpcHttp\"}");
    assert_int_equal(json_array_size(rows), 2);
    assert_true(strcmp(text_of(rows, 0, "Date"), text_of(rows, 1, "Date")) < 0);
    json_decref(rows);
}

static void test_identities(void **state)
{
    const struct world *world = *state;
    char parameters[100], id[GUID_TEXT_SIZE];
    fill(world);
    static const char *const names[] = {"bob", "BOB@engine.test", "ENGINE\\\\bob"};
    for (unsigned i = 0; i < 3; i++) {
        snprintf(parameters, sizeof parameters, "{\"Identity\": \"%s\"}", names[i]);
        json_t *rows = rows_of(world, "Get-MailProtocolUsage", parameters);
        assert_int_equal(number_of(rows, 0, "Requests"), 10);
        json_decref(rows);
    }
    guid_format(world->bob, id);
    snprintf(parameters, sizeof parameters, "{\"id\": \"%s\"}", id);
    json_t *rows = rows_of(world, "Get-MailProtocolUsage", parameters);
    assert_int_equal(number_of(rows, 0, "Requests"), 10);
    json_decref(rows);
    rows = rows_of(world, "Get-MailProtocolUsage", "{\"Identity\": \"Gone@engine.test\"}"); /* not in the directory any more */
    assert_int_equal(number_of(rows, 1, "Requests"), 10);
    json_decref(rows);
    assert_refusal(world, "Get-MailProtocolUsage", "{\"Identity\": \"stranger\"}", OPERATION_NOT_FOUND, "Identity");
}

static void test_dates(void **state)
{
    const struct world *world = *state;
    char parameters[120], first[USAGE_DAY_TEXT_SIZE], last[USAGE_DAY_TEXT_SIZE];
    fill(world);
    usage_day_format(world->today - 7, first);
    usage_day_format(world->today - 3, last);
    snprintf(parameters, sizeof parameters, "{\"StartDate\": \"%s\", \"EndDate\": \"%s\"}", first, last);
    json_t *rows = rows_of(world, "Get-MailProtocolUsage", parameters);
    assert_int_equal(number_of(rows, 0, "Requests"), 20);
    assert_int_equal(number_of(rows, 3, "Requests"), 10);
    json_decref(rows);
    snprintf(parameters, sizeof parameters, "{\"EndDate\": \"%s\"}", first);
    rows = rows_of(world, "Get-MailProtocolUsage", parameters);
    assert_int_equal(number_of(rows, 1, "Requests"), 20);
    assert_int_equal(number_of(rows, 0, "Requests"), 0);
    json_decref(rows);
    snprintf(parameters, sizeof parameters, "{\"StartDate\": \"%s\", \"EndDate\": \"%s\"}", last, first);
    assert_refusal(world, "Get-MailProtocolUsage", parameters, OPERATION_INVALID_ARGUMENT, "StartDate");
    snprintf(parameters, sizeof parameters, "{\"StartDate\": \"%s\", \"Period\": \"D7\"}", last);
    assert_refusal(world, "Get-MailProtocolUsage", parameters, OPERATION_INVALID_ARGUMENT, "Period");
    assert_refusal(world, "Get-MailProtocolUsage", "{\"Period\": \"D8\"}", OPERATION_INVALID_ARGUMENT, "Period");
    assert_refusal(world, "Get-MailProtocolUsage", "{\"StartDate\": \"yesteryear\"}", OPERATION_INVALID_ARGUMENT, "StartDate");
}

static void test_clients(void **state)
{
    const struct world *world = *state;
    fill(world);
    json_t *rows = rows_of(world, "report clients", "{}");
    assert_int_equal(json_array_size(rows), 4);
    size_t at = row_with(rows, "Version", "14.0.7015");
    assert_string_equal(text_of(rows, at, "Client"), "Outlook 2010");
    assert_string_equal(text_of(rows, at, "Software"), "Outlook");
    assert_true(json_is_false(json_object_get(json_array_get(rows, at), "SpeaksMapiHttp")));
    assert_true(flag_of(rows, row_with(rows, "Version", "16.0.4266.1001"), "SpeaksMapiHttp"));
    json_decref(rows);
    rows = rows_of(world, "report clients", "{\"By\": \"product\"}");
    static const char *const order[] = {"Outlook 2007", "Outlook 2010", "Outlook 2013", "Outlook 2016", "Outlook 2019", "Outlook M365", "Other", "Undetermined"};
    static const json_int_t users[] = {1, 1, 0, 1, 0, 2, 0, 0};
    assert_int_equal(json_array_size(rows), 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_string_equal(text_of(rows, i, "Client"), order[i]);
        assert_int_equal(number_of(rows, i, "Users"), users[i]);
    }
    json_decref(rows);
}

static void test_detail(void **state)
{
    const struct world *world = *state;
    fill(world);
    json_t *rows = rows_of(world, "report detail", "{\"Period\": \"D90\"}");
    assert_int_equal(json_array_size(rows), 7);
    assert_string_equal(text_of(rows, 0, "User"), "ada@engine.test"); /* today's first */
    assert_string_equal(text_of(rows, 6, "User"), "gone@engine.test");
    assert_string_equal(text_of(rows, 0, "ClientIPAddress"), "192.0.2.1");
    assert_string_equal(text_of(rows, 0, "Authentication"), "Negotiate");
    assert_string_equal(text_of(rows, 0, "Version"), "16.0.17928.20114");
    json_decref(rows);
    struct outcome outcome = run(world, "report detail", "{\"ResultSize\": 2}");
    assert_int_equal(json_array_size(outcome.rows), 2);
    assert_non_null(strstr(outcome.warning, "ResultSize"));
    json_decref(outcome.rows);
    outcome = run(world, "report detail", "{\"ResultSize\": 6}"); /* as many as there are */
    assert_int_equal(json_array_size(outcome.rows), 6);
    assert_string_equal(outcome.warning, "");
    json_decref(outcome.rows);
    assert_refusal(world, "report detail", "{\"ResultSize\": 0}", OPERATION_INVALID_ARGUMENT, "ResultSize");
}

static void test_users(void **state)
{
    const struct world *world = *state;
    fill(world);
    json_t *rows = rows_of(world, "report users", "{}");
    assert_int_equal(json_array_size(rows), 3);
    assert_string_equal(text_of(rows, 0, "UserPrincipalName"), "ada@engine.test");
    assert_string_equal(text_of(rows, 0, "DisplayName"), "Ada Lovelace");
    assert_int_equal(number_of(rows, 0, "Requests"), 20);
    assert_true(flag_of(rows, 0, "MapiHttp") && !flag_of(rows, 0, "AutodiscoverLegacy") && !flag_of(rows, 0, "IsDeleted"));
    assert_string_equal(text_of(rows, 1, "UserPrincipalName"), "bob@engine.test");
    assert_true(flag_of(rows, 1, "MapiHttp") && flag_of(rows, 1, "AutodiscoverLegacy") && !flag_of(rows, 1, "RpcHttp"));
    assert_int_equal(json_array_size(json_object_get(json_array_get(rows, 1), "Clients")), 3);
    assert_string_equal(text_of(rows, 2, "UserPrincipalName"), "gone@engine.test");
    assert_true(flag_of(rows, 2, "RpcHttp") && flag_of(rows, 2, "IsDeleted") && !flag_of(rows, 2, "MapiHttp"));
    json_decref(rows);
    rows = rows_of(world, "report users", "{\"IncludeInactive\": true}");
    size_t idle = row_with(rows, "UserPrincipalName", "idle@engine.test");
    assert_int_equal(json_array_size(rows), 4);
    assert_int_not_equal(idle, SIZE_MAX);
    assert_int_equal(number_of(rows, idle, "Requests"), 0);
    assert_true(json_is_null(json_object_get(json_array_get(rows, idle), "LastActivityDate")));
    json_decref(rows);
    rows = rows_of(world, "report users", "{\"Protocol\": \"RpcHttp\"}"); /* who uses RPC over HTTP? */
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(text_of(rows, 0, "UserPrincipalName"), "gone@engine.test");
    json_decref(rows);
}

static void test_old_clients(void **state)
{
    const struct world *world = *state;
    struct guid phone = {{7}};
    fill(world);
    struct usage_entry other = with_client(entry_of(world, phone, "phone@engine.test", 0), USAGE_AUTODISCOVER_LEGACY, "", CLIENT_OTHER);
    other.software = "Android";
    record(world, other); /* asks for other services: not in the report */
    struct usage_entry unknown = with_client(entry_of(world, phone, "phone@engine.test", 0), USAGE_AUTODISCOVER_LEGACY, "", CLIENT_UNDETERMINED);
    record(world, unknown);
    json_t *rows = rows_of(world, "report old-clients", "{}");
    assert_int_equal(json_array_size(rows), 4);
    size_t at = row_with(rows, "Version", "14.0.7015");
    assert_string_equal(text_of(rows, at, "Reason"), "TooOld");
    assert_string_equal(text_of(rows, at, "User"), "bob@engine.test");
    assert_true(strcmp(text_of(rows, at, "LastMapiHttp"), text_of(rows, at, "LastSeen")) > 0); /* he has moved on since */
    assert_non_null(strstr(text_of(rows, at, "Action"), "15.0.4569"));
    at = row_with(rows, "Version", "16.0.4266.1001");
    assert_string_equal(text_of(rows, at, "Reason"), "NotAsked");
    assert_non_null(strstr(text_of(rows, at, "Action"), "MapiHttpDisabled"));
    at = row_with(rows, "Protocol", "RPC/HTTP");
    assert_string_equal(text_of(rows, at, "User"), "gone@engine.test");
    assert_string_equal(text_of(rows, at, "Reason"), "TooOld");
    assert_true(flag_of(rows, at, "IsDeleted"));
    assert_string_equal(text_of(rows, row_with(rows, "User", "phone@engine.test"), "Reason"), "Undetermined");
    json_decref(rows);
    rows = rows_of(world, "report old-clients", "{\"Identity\": \"ada\"}");
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
}

static void test_email_apps(void **state)
{
    const struct world *world = *state;
    static const char *const headings[] = {
        "Report Refresh Date", "User Principal Name", "Display Name", "Is Deleted", "Deleted Date", "Last Activity Date", "Mail For Mac", "Outlook For Mac",
        "Outlook For Windows", "Outlook For Mobile", "Other For Mobile", "Outlook For Web", "POP3 App", "IMAP4 App", "SMTP App", "Report Period"};
    unsigned index = 0;
    const char *name;
    json_t *value;
    fill(world);
    struct usage_entry mac = with_client(entry_of(world, world->ada, "ada@engine.test", 2), USAGE_AUTODISCOVER_LEGACY, "", CLIENT_OTHER);
    mac.software = "MacOutlook";
    record(world, mac);
    json_t *rows = rows_of(world, "Get-EmailAppUsage", "{}");
    assert_int_equal(json_array_size(rows), 4); /* ada, bob, idle, and who is gone */
    json_object_foreach(json_array_get(rows, 0), name, value) {
        assert_true(index < 16);
        assert_string_equal(name, headings[index++]);
    }
    assert_int_equal(index, 16);
    size_t ada = row_with(rows, "User Principal Name", "ada@engine.test");
    assert_string_equal(text_of(rows, ada, "Outlook For Windows"), "Yes");
    assert_string_equal(text_of(rows, ada, "Outlook For Mac"), "Yes");
    assert_string_equal(text_of(rows, ada, "Outlook For Web"), "No");
    assert_string_equal(text_of(rows, ada, "Report Period"), "30");
    assert_string_equal(text_of(rows, row_with(rows, "User Principal Name", "gone@engine.test"), "Is Deleted"), "True");
    assert_string_equal(text_of(rows, row_with(rows, "User Principal Name", "idle@engine.test"), "Outlook For Windows"), "No");
    json_decref(rows);

    rows = rows_of(world, "Get-EmailAppUsage", "{\"View\": \"AppsUserCounts\"}");
    assert_int_equal(json_array_size(rows), 1);
    assert_int_equal(number_of(rows, 0, "Outlook For Windows"), 3);
    assert_int_equal(number_of(rows, 0, "Outlook For Mac"), 1);
    json_decref(rows);
    rows = rows_of(world, "Get-EmailAppUsage", "{\"View\": \"UserCounts\", \"Period\": \"D7\"}");
    assert_int_equal(json_array_size(rows), 5); /* days with anything: 6, 3, 2, 1 and 0 ago */
    assert_int_equal(number_of(rows, 0, "Outlook For Windows"), 1);
    assert_int_equal(number_of(rows, 2, "Outlook For Mac"), 1);
    assert_int_equal(number_of(rows, 2, "Outlook For Windows"), 0);
    assert_true(strcmp(text_of(rows, 0, "Report Date"), text_of(rows, 4, "Report Date")) < 0);
    json_decref(rows);
    rows = rows_of(world, "Get-EmailAppUsage", "{\"View\": \"VersionsUserCounts\"}");
    assert_int_equal(number_of(rows, 0, "Outlook 2007"), 1);
    assert_int_equal(number_of(rows, 0, "Outlook 2016"), 1);
    assert_int_equal(number_of(rows, 0, "Outlook M365"), 2);
    assert_int_equal(number_of(rows, 0, "Undetermined"), 0);
    json_decref(rows);
}

static void test_damaged_record(void **state)
{
    const struct world *world = *state;
    char path[96];
    snprintf(path, sizeof path, "%s/usage.sqlite", world->folder);
    FILE *file = fopen(path, "w");
    for (unsigned i = 0; i < 1000; i++)
        fputs("no database", file);
    fclose(file);
    assert_refusal(world, "report users", "{}", OPERATION_UNAVAILABLE, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_recorded), TEST(test_protocols), TEST(test_identities), TEST(test_dates), TEST(test_clients), TEST(test_detail),
        TEST(test_users), TEST(test_old_clients), TEST(test_email_apps), TEST(test_damaged_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
