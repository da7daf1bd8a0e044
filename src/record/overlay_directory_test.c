#include "record/overlay_directory.h"

#include "directory/embedded_fixture.h"

/* A directory that takes switches, or one that does not, as LDAP; below an overlay with settings in memory. */
struct fixture {
    struct embedded_fixture *embedded;
    struct directory_type read_only_type;
    struct settings *settings;
    struct directory *overlay;
    struct arena arena;
    struct guid ada;
};

static struct fixture *new_fixture(bool read_only)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct directory_user ada;
    void *state;
    assert_non_null(fixture);
    open_embedded_fixture(&state);
    fixture->embedded = state;
    struct directory *directory = fixture->embedded->directory;
    assert_int_equal(embedded_directory_add_user(directory, &fixture->arena, &(struct embedded_user){.account = "ada", .password = "secret-1"},
                                                 &ada), DIRECTORY_OK);
    fixture->ada = ada.id;
    if (read_only) {
        fixture->read_only_type = *directory->type;
        fixture->read_only_type.change_switches = NULL;
        fixture->read_only_type.change_organization_switch = NULL;
        directory->type = &fixture->read_only_type;
    }
    assert_int_equal(settings_open(":memory:", &fixture->settings), SETTINGS_OK);
    fixture->overlay = overlay_directory_new(directory, fixture->settings);
    assert_non_null(fixture->overlay);
    return fixture;
}

static int make_read_only(void **state)
{
    *state = new_fixture(true);
    return 0;
}

static int make_writable(void **state)
{
    *state = new_fixture(false);
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    void *embedded = fixture->embedded;
    arena_free(&fixture->arena);
    free(fixture->overlay); /* the fixture closes what is beneath */
    settings_close(fixture->settings);
    close_embedded_fixture(&embedded);
    free(fixture);
    return 0;
}

static struct directory_user find(struct fixture *fixture)
{
    struct directory_user user;
    assert_int_equal(directory_find(fixture->overlay, &fixture->arena, DIRECTORY_KEY_LOGON, "ada", &user), DIRECTORY_OK);
    return user;
}

static void put_policy(struct fixture *fixture, const char *name, const char *json)
{
    json_t *policy = json_loads(json, 0, NULL);
    assert_non_null(policy);
    assert_int_equal(settings_set(fixture->settings, SETTINGS_AUTHENTICATION_POLICY, name, policy), SETTINGS_OK);
    json_decref(policy);
}

/* --- switches --- */

static void test_switches_beside_a_directory_that_takes_none(void **state)
{
    struct fixture *fixture = *state;
    const enum directory_switch off = DIRECTORY_OFF, inherit = DIRECTORY_INHERIT;
    const uint32_t methods = DIRECTORY_METHOD_BEARER;
    uint64_t version = directory_version(fixture->overlay);
    struct directory_user user = find(fixture);
    assert_true(user.switches.mapi_enabled);
    assert_int_equal(directory_change_switches(fixture->overlay, fixture->ada, &(struct directory_switches_change){
        .mapi_enabled = DIRECTORY_OFF, .mapi_http = &off, .block_rpc_http = DIRECTORY_ON, .block_non_cached_mode = DIRECTORY_ON,
        .block_external_connectivity = DIRECTORY_ON, .block_versions = "15.0.4569", .methods = &methods}), DIRECTORY_OK);
    assert_true(directory_version(fixture->overlay) != version);
    user = find(fixture);
    assert_false(user.switches.mapi_enabled);
    assert_false(user.mapi_enabled);
    assert_int_equal(user.switches.mapi_http, DIRECTORY_OFF);
    assert_true(user.switches.block_rpc_http && user.switches.block_non_cached_mode && user.switches.block_external_connectivity);
    assert_string_equal(user.switches.block_versions, "15.0.4569");
    assert_int_equal(user.switches.methods, DIRECTORY_METHOD_BEARER);
    /* One by one, the others stay; $null is a value of its own. */
    assert_int_equal(directory_change_switches(fixture->overlay, fixture->ada, &(struct directory_switches_change){
        .mapi_enabled = DIRECTORY_ON, .mapi_http = &inherit, .block_versions = ""}), DIRECTORY_OK);
    user = find(fixture);
    assert_true(user.switches.mapi_enabled && user.switches.block_rpc_http);
    assert_int_equal(user.switches.mapi_http, DIRECTORY_INHERIT);
    assert_string_equal(user.switches.block_versions, "");
}

static void test_every_way_to_a_user(void **state)
{
    struct fixture *fixture = *state;
    struct directory_user user = {0}, *users;
    uint32_t count;
    assert_int_equal(directory_change_switches(fixture->overlay, fixture->ada, &(struct directory_switches_change){
        .mapi_enabled = DIRECTORY_OFF}), DIRECTORY_OK);
    assert_int_equal(directory_verify_password(fixture->overlay, &fixture->arena, "ada", "secret-1", &user), DIRECTORY_OK);
    assert_false(user.switches.mapi_enabled);
    user = (struct directory_user){.switches.mapi_enabled = true};
    assert_int_equal(directory_verify_password(fixture->overlay, &fixture->arena, "ada", "wrong-1", &user), DIRECTORY_WRONG_PASSWORD);
    assert_false(user.switches.mapi_enabled);
    assert_int_equal(directory_list(fixture->overlay, &fixture->arena, NULL, 10, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 1);
    assert_false(users[0].switches.mapi_enabled);
}

static void test_refused(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t none = 0;
    struct guid nobody = {.data = {1}};
    assert_int_equal(directory_change_switches(fixture->overlay, fixture->ada, &(struct directory_switches_change){.methods = &none}),
                     DIRECTORY_INVALID);
    assert_int_equal(directory_change_switches(fixture->overlay, fixture->ada, &(struct directory_switches_change){.block_versions = "new"}),
                     DIRECTORY_INVALID);
    assert_int_equal(directory_change_switches(fixture->overlay, nobody, &(struct directory_switches_change){.mapi_enabled = DIRECTORY_OFF}),
                     DIRECTORY_NOT_FOUND);
    assert_int_equal(find(fixture).switches.methods, DIRECTORY_METHOD_ALL);
}

static void test_organization(void **state)
{
    struct fixture *fixture = *state;
    struct directory_organization organization;
    assert_int_equal(directory_change_organization_switch(fixture->overlay, DIRECTORY_OFF), DIRECTORY_OK);
    assert_int_equal(directory_organization(fixture->overlay, &fixture->arena, &organization), DIRECTORY_OK);
    assert_false(organization.mapi_http_enabled);
    assert_int_equal(directory_organization(overlay_directory_beneath(fixture->overlay), &fixture->arena, &organization), DIRECTORY_OK);
    assert_true(organization.mapi_http_enabled);
    assert_int_equal(directory_change_organization_switch(fixture->overlay, DIRECTORY_ON), DIRECTORY_OK);
    assert_int_equal(directory_organization(fixture->overlay, &fixture->arena, &organization), DIRECTORY_OK);
    assert_true(organization.mapi_http_enabled);
}

/* A directory that takes switches keeps them itself; what was kept for it before does not hide them. */
static void test_directory_that_takes_switches(void **state)
{
    struct fixture *fixture = *state;
    char id[GUID_TEXT_SIZE];
    json_t *old = json_loads("{\"MAPIEnabled\": false, \"MAPIBlockOutlookRpcHttp\": true, \"AuthenticationPolicy\": \"none\"}", 0, NULL), *kept;
    struct directory_user user;
    guid_format(fixture->ada, id);
    assert_int_equal(settings_set(fixture->settings, SETTINGS_MAILBOX_SWITCHES, id, old), SETTINGS_OK);
    json_decref(old);
    assert_false(find(fixture).switches.mapi_enabled);
    assert_int_equal(directory_change_switches(fixture->overlay, fixture->ada, &(struct directory_switches_change){
        .mapi_enabled = DIRECTORY_ON, .block_non_cached_mode = DIRECTORY_ON}), DIRECTORY_OK);
    assert_true(find(fixture).switches.mapi_enabled);
    assert_int_equal(directory_find(overlay_directory_beneath(fixture->overlay), &fixture->arena, DIRECTORY_KEY_LOGON, "ada", &user), DIRECTORY_OK);
    assert_true(user.switches.block_non_cached_mode);
    assert_int_equal(settings_get(fixture->settings, SETTINGS_MAILBOX_SWITCHES, id, &kept), SETTINGS_OK);
    assert_null(json_object_get(kept, "MAPIEnabled"));
    assert_non_null(json_object_get(kept, "MAPIBlockOutlookRpcHttp")); /* was not named */
    json_decref(kept);
}

/* --- policies --- */

static void test_policy_of_the_user_and_of_the_organization(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t legacy = DIRECTORY_METHOD_BASIC | DIRECTORY_METHOD_NTLM | DIRECTORY_METHOD_KERBEROS;
    const char *name;
    put_policy(fixture, "Modern", "{\"BlockLegacyAuthMapi\": true, \"BlockLegacyAuthAutodiscover\": false}");
    put_policy(fixture, "Old", "{\"BlockModernAuthMapi\": true, \"BlockModernAuthOfflineAddressBook\": true}");
    struct directory_switches switches = find(fixture).switches;
    assert_int_equal(directory_methods(&switches, DIRECTORY_PROTOCOL_MAPI), DIRECTORY_METHOD_ALL);
    assert_int_equal(overlay_directory_set_default_policy(fixture->overlay, "unknown"), DIRECTORY_INVALID);
    assert_int_equal(overlay_directory_set_default_policy(fixture->overlay, "modern"), DIRECTORY_OK); /* in any case */
    assert_int_equal(overlay_directory_default_policy(fixture->overlay, &fixture->arena, &name), DIRECTORY_OK);
    assert_string_equal(name, "modern");
    switches = find(fixture).switches;
    assert_int_equal(switches.blocked_methods[DIRECTORY_PROTOCOL_MAPI], legacy);
    assert_int_equal(switches.blocked_methods[DIRECTORY_PROTOCOL_AUTODISCOVER], 0);
    assert_int_equal(overlay_directory_set_policy(fixture->overlay, fixture->ada, "Old"), DIRECTORY_OK);
    switches = find(fixture).switches;
    assert_int_equal(directory_methods(&switches, DIRECTORY_PROTOCOL_MAPI), legacy);
    assert_int_equal(directory_methods(&switches, DIRECTORY_PROTOCOL_OFFLINE_ADDRESS_BOOK), legacy);
    assert_int_equal(directory_methods(&switches, DIRECTORY_PROTOCOL_AUTODISCOVER), DIRECTORY_METHOD_ALL);
    assert_int_equal(overlay_directory_policy(fixture->overlay, &fixture->arena, fixture->ada, &name), DIRECTORY_OK);
    assert_string_equal(name, "Old");
    assert_int_equal(overlay_directory_set_policy(fixture->overlay, fixture->ada, "unknown"), DIRECTORY_INVALID);
    assert_int_equal(overlay_directory_set_policy(fixture->overlay, fixture->ada, NULL), DIRECTORY_OK);
    assert_int_equal(find(fixture).switches.blocked_methods[DIRECTORY_PROTOCOL_MAPI], legacy); /* the organisation's again */
    assert_int_equal(overlay_directory_policy(fixture->overlay, &fixture->arena, fixture->ada, &name), DIRECTORY_OK);
    assert_string_equal(name, "");
}

/* Who cannot be looked up in the settings might be switched off there. */
static void test_damaged_settings(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/mapihttp-settings-XXXXXX", command[160];
    struct settings *settings;
    struct directory_user user;
    close(mkstemp(path));
    assert_int_equal(settings_open(path, &settings), SETTINGS_OK);
    struct directory *overlay = overlay_directory_new(overlay_directory_beneath(fixture->overlay), settings);
    snprintf(command, sizeof command, "head -c 65536 /dev/zero > %s", path);
    assert_int_equal(system(command), 0);
    assert_int_equal(directory_find(overlay, &fixture->arena, DIRECTORY_KEY_LOGON, "ada", &user), DIRECTORY_UNAVAILABLE);
    free(overlay);
    settings_close(settings);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_switches_beside_a_directory_that_takes_none, make_read_only, end),
        cmocka_unit_test_setup_teardown(test_every_way_to_a_user, make_read_only, end),
        cmocka_unit_test_setup_teardown(test_refused, make_read_only, end),
        cmocka_unit_test_setup_teardown(test_organization, make_read_only, end),
        cmocka_unit_test_setup_teardown(test_directory_that_takes_switches, make_writable, end),
        cmocka_unit_test_setup_teardown(test_policy_of_the_user_and_of_the_organization, make_writable, end),
        cmocka_unit_test_setup_teardown(test_damaged_settings, make_writable, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
