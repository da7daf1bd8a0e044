/* The remembered switches of mailboxes: what they say, and that a change of the directory is seen at the next look. */
#include "server/mailbox_switch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/network_range.h"

/* A directory of one user whose switches the test sets. */
struct fake_directory {
    struct directory directory;
    uint64_t version;
    enum directory_status status;
    bool mapi_http_enabled;
    struct directory_switches switches;
    bool user_off;
    unsigned lookups;
};

static enum directory_status organization(struct directory *directory, struct arena *arena, struct directory_organization *ret)
{
    struct fake_directory *fake = (struct fake_directory *)directory;
    *ret = (struct directory_organization){.mapi_http_enabled = fake->mapi_http_enabled};
    return DIRECTORY_OK;
}

static enum directory_status find(struct directory *directory, struct arena *arena, enum directory_key key, const char *value,
                                  struct directory_user *ret_user)
{
    struct fake_directory *fake = (struct fake_directory *)directory;
    assert_int_equal(key, DIRECTORY_KEY_ID);
    fake->lookups++;
    *ret_user = (struct directory_user){.account = "ada", .enabled = !fake->user_off, .switches = fake->switches};
    return fake->status;
}

static uint64_t version(struct directory *directory)
{
    return ((struct fake_directory *)directory)->version;
}

static const struct directory_type fake_type = {.organization = organization, .find = find, .version = version};

static struct fake_directory fake_new(void)
{
    return (struct fake_directory){.directory = {&fake_type}, .version = 1, .mapi_http_enabled = true,
                                   .switches = {.mapi_enabled = true}};
}

static const struct mailbox_circumstances anybody;

static enum mailbox_switch look_state(struct mailbox_switches *switches, struct guid id)
{
    return mailbox_switches_look(switches, id, &anybody).state;
}

static enum mailbox_switch read_state(struct mailbox_switches *switches, struct guid id)
{
    return mailbox_switches_read(switches, id, &anybody).state;
}

static void test_states(void **state)
{
    struct fake_directory fake = fake_new();
    struct mailbox_switches *switches = mailbox_switches_new(&fake.directory);
    struct guid id = guid_random();
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_ON);
    fake.mapi_http_enabled = false;
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_ORGANIZATION_OFF);
    fake.switches.mapi_http = DIRECTORY_ON;
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_ON);
    fake.switches.mapi_http = DIRECTORY_OFF;
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_MAILBOX_OFF);
    fake.switches.mapi_enabled = false;
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_MAPI_OFF);
    fake.user_off = true;
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_USER_OFF);
    fake.status = DIRECTORY_NOT_FOUND;
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_GONE);
    fake.status = DIRECTORY_UNAVAILABLE;
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_UNKNOWN);
    mailbox_switches_free(switches);
}

static void test_remembered(void **state)
{
    struct fake_directory fake = fake_new();
    struct mailbox_switches *switches = mailbox_switches_new(&fake.directory);
    struct guid id = guid_random();
    assert_int_equal(look_state(switches, id), MAILBOX_SWITCH_UNKNOWN);
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_ON);
    for (int i = 0; i < 100; i++)
        assert_int_equal(look_state(switches, id), MAILBOX_SWITCH_ON);
    assert_int_equal(fake.lookups, 1);
    fake.version++; /* whatever has changed: look again */
    assert_int_equal(look_state(switches, id), MAILBOX_SWITCH_UNKNOWN);
    fake.switches.mapi_http = DIRECTORY_OFF;
    assert_int_equal(read_state(switches, id), MAILBOX_SWITCH_MAILBOX_OFF);
    assert_int_equal(look_state(switches, id), MAILBOX_SWITCH_MAILBOX_OFF);
    mailbox_switches_free(switches);
}

/* Both ways of asking say the same. */
static enum mailbox_switch ask(struct mailbox_switches *switches, struct guid id, const struct mailbox_circumstances *circumstances)
{
    enum mailbox_switch state = mailbox_switches_read(switches, id, circumstances).state;
    assert_int_equal(mailbox_switches_look(switches, id, circumstances).state, state);
    return state;
}

static void test_versions(void **state)
{
    struct fake_directory fake = fake_new();
    struct mailbox_switches *switches = mailbox_switches_new(&fake.directory);
    struct guid id = guid_random();
    static const struct mailbox_circumstances old = {.client_application = "Outlook/15.0.4420.1017"},
        new = {.client_application = "Outlook/16.0.4266.1001"},
        by_agent = {.client_application = "", .user_agent = "Microsoft Office/15.0 (Windows NT 6.1; Microsoft Outlook 15.0.4420; Pro)"},
        other = {.client_application = "mapihttp/0.1", .user_agent = "curl/7.88"};
    fake.switches.block_versions = "15.0.4569";
    assert_int_equal(ask(switches, id, &old), MAILBOX_SWITCH_VERSION_BLOCKED);
    assert_int_equal(ask(switches, id, &by_agent), MAILBOX_SWITCH_VERSION_BLOCKED);
    assert_int_equal(ask(switches, id, &new), MAILBOX_SWITCH_ON);
    assert_int_equal(ask(switches, id, &other), MAILBOX_SWITCH_ON);
    assert_int_equal(ask(switches, id, &anybody), MAILBOX_SWITCH_ON);
    fake.version++;
    fake.switches.block_versions = "16.0-";
    assert_int_equal(ask(switches, id, &old), MAILBOX_SWITCH_ON);
    assert_int_equal(ask(switches, id, &new), MAILBOX_SWITCH_VERSION_BLOCKED);
    fake.version++;
    fake.switches.mapi_enabled = false; /* what is off is off for all */
    assert_int_equal(ask(switches, id, &new), MAILBOX_SWITCH_MAPI_OFF);
    mailbox_switches_free(switches);
}

static void test_outside(void **state)
{
    struct fake_directory fake = fake_new();
    struct mailbox_switches *switches = mailbox_switches_new(&fake.directory);
    struct guid id = guid_random();
    struct network_ranges *inside;
    char error[100];
    assert_true(network_ranges_parse("10.0.0.0/8 fd00::/8", &inside, error, sizeof error));
    const struct mailbox_circumstances within = {.address = "10.1.2.3", .inside = inside}, within6 = {.address = "fd00::1", .inside = inside},
        outside = {.address = "192.0.2.7", .inside = inside}, unsaid = {.address = "192.0.2.7"};
    assert_int_equal(ask(switches, id, &outside), MAILBOX_SWITCH_ON);
    fake.version++;
    fake.switches.block_external_connectivity = true;
    assert_int_equal(ask(switches, id, &outside), MAILBOX_SWITCH_OUTSIDE_BLOCKED);
    assert_int_equal(ask(switches, id, &within), MAILBOX_SWITCH_ON);
    assert_int_equal(ask(switches, id, &within6), MAILBOX_SWITCH_ON);
    assert_int_equal(ask(switches, id, &unsaid), MAILBOX_SWITCH_ON); /* without ranges nobody is outside, as in Exchange */
    network_ranges_free(inside);
    mailbox_switches_free(switches);
}

static void test_cached_mode(void **state)
{
    struct fake_directory fake = fake_new();
    struct mailbox_switches *switches = mailbox_switches_new(&fake.directory);
    struct guid id = guid_random();
    struct mailbox_verdict verdict = mailbox_switches_read(switches, id, &anybody);
    assert_int_equal(mailbox_verdict_in_mode(&verdict, CLIENT_MODE_CLASSIC), MAILBOX_SWITCH_ON);
    fake.version++;
    fake.switches.block_non_cached_mode = true;
    verdict = mailbox_switches_read(switches, id, &anybody);
    assert_int_equal(verdict.state, MAILBOX_SWITCH_ON);
    assert_int_equal(mailbox_verdict_in_mode(&verdict, CLIENT_MODE_CLASSIC), MAILBOX_SWITCH_NOT_CACHED);
    assert_int_equal(mailbox_verdict_in_mode(&verdict, CLIENT_MODE_CACHED), MAILBOX_SWITCH_ON);
    assert_int_equal(mailbox_verdict_in_mode(&verdict, CLIENT_MODE_UNKNOWN), MAILBOX_SWITCH_ON);
    verdict = mailbox_switches_look(switches, id, &anybody);
    assert_int_equal(mailbox_verdict_in_mode(&verdict, CLIENT_MODE_CLASSIC), MAILBOX_SWITCH_NOT_CACHED);
    fake.version++;
    fake.switches.mapi_http = DIRECTORY_OFF;
    verdict = mailbox_switches_read(switches, id, &anybody);
    assert_int_equal(mailbox_verdict_in_mode(&verdict, CLIENT_MODE_CLASSIC), MAILBOX_SWITCH_MAILBOX_OFF);
    mailbox_switches_free(switches);
}

static void test_many(void **state)
{
    struct fake_directory fake = fake_new();
    struct mailbox_switches *switches = mailbox_switches_new(&fake.directory);
    static struct guid ids[20000];
    unsigned remembered = 0;
    for (unsigned i = 0; i < 20000; i++) {
        ids[i] = guid_random();
        assert_int_equal(read_state(switches, ids[i]), MAILBOX_SWITCH_ON);
        assert_int_equal(look_state(switches, ids[i]), MAILBOX_SWITCH_ON);
    }
    for (unsigned i = 0; i < 20000; i++)
        remembered += look_state(switches, ids[i]) == MAILBOX_SWITCH_ON;
    assert_in_range(remembered, 10000, 16384);
    mailbox_switches_free(switches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states), cmocka_unit_test(test_remembered), cmocka_unit_test(test_versions),
        cmocka_unit_test(test_outside), cmocka_unit_test(test_cached_mode), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
