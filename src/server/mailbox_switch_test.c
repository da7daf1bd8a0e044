/* The remembered switches of mailboxes: what they say, and that a change of the directory is seen at the next look. */
#include "server/mailbox_switch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

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

static void test_states(void **state)
{
    struct fake_directory fake = fake_new();
    struct mailbox_switches *switches = mailbox_switches_new(&fake.directory);
    struct guid id = guid_random();
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_ON);
    fake.mapi_http_enabled = false;
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_ORGANIZATION_OFF);
    fake.switches.mapi_http = DIRECTORY_ON;
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_ON);
    fake.switches.mapi_http = DIRECTORY_OFF;
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_MAILBOX_OFF);
    fake.switches.mapi_enabled = false;
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_MAPI_OFF);
    fake.user_off = true;
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_USER_OFF);
    fake.status = DIRECTORY_NOT_FOUND;
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_GONE);
    fake.status = DIRECTORY_UNAVAILABLE;
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_UNKNOWN);
    mailbox_switches_free(switches);
}

static void test_remembered(void **state)
{
    struct fake_directory fake = fake_new();
    struct mailbox_switches *switches = mailbox_switches_new(&fake.directory);
    struct guid id = guid_random();
    assert_int_equal(mailbox_switches_look(switches, id), MAILBOX_SWITCH_UNKNOWN);
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_ON);
    for (int i = 0; i < 100; i++)
        assert_int_equal(mailbox_switches_look(switches, id), MAILBOX_SWITCH_ON);
    assert_int_equal(fake.lookups, 1);
    fake.version++; /* whatever has changed: look again */
    assert_int_equal(mailbox_switches_look(switches, id), MAILBOX_SWITCH_UNKNOWN);
    fake.switches.mapi_http = DIRECTORY_OFF;
    assert_int_equal(mailbox_switches_read(switches, id), MAILBOX_SWITCH_MAILBOX_OFF);
    assert_int_equal(mailbox_switches_look(switches, id), MAILBOX_SWITCH_MAILBOX_OFF);
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
        assert_int_equal(mailbox_switches_read(switches, ids[i]), MAILBOX_SWITCH_ON);
        assert_int_equal(mailbox_switches_look(switches, ids[i]), MAILBOX_SWITCH_ON);
    }
    for (unsigned i = 0; i < 20000; i++)
        remembered += mailbox_switches_look(switches, ids[i]) == MAILBOX_SWITCH_ON;
    assert_in_range(remembered, 10000, 16384);
    mailbox_switches_free(switches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states), cmocka_unit_test(test_remembered), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
