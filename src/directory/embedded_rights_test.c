/* Who may do what: by name, through groups of groups, through rules, in circles. */
#include "directory/embedded_fixture.h"

static struct guid add(struct embedded_fixture *fixture, enum directory_kind kind, const char *account)
{
    struct embedded_entry entry = {.kind = kind, .account = account,
                                   .rule = kind == DIRECTORY_DYNAMIC_GROUP ? "(department=Research)" : NULL};
    return add_entry(fixture, &entry).id;
}

static void join(struct embedded_fixture *fixture, struct guid group, struct guid member)
{
    assert_done(fixture, embedded_directory_change_group(fixture->directory, group, true, 1, &member, &fixture->error));
}

static void grant(struct embedded_fixture *fixture, struct guid owner, enum directory_right right, struct guid actor, bool automap)
{
    struct embedded_grant given = {.owner = owner, .right = right, .actor = actor, .automap = automap};
    assert_done(fixture, embedded_directory_grant(fixture->directory, &given, &fixture->error));
}

static void set_text(struct embedded_fixture *fixture, struct guid id, enum directory_attribute attribute, const char *text)
{
    struct bytes item = bytes_of_string(text);
    struct directory_value value = {attribute, *text ? 1 : 0, &item};
    assert_done(fixture, embedded_directory_put_values(fixture->directory, id, 1, &value, &fixture->error));
}

static bool has(struct embedded_fixture *fixture, struct guid actor, enum directory_right right, struct guid owner)
{
    return directory_has_right(fixture->directory, actor, right, owner);
}

static void a_right_is_its_own_and_can_be_taken_back(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid ada = add(fixture, DIRECTORY_USER, "ada"), bob = add(fixture, DIRECTORY_USER, "bob");
    struct guid sales = add(fixture, DIRECTORY_SHARED_MAILBOX, "sales");
    for (unsigned right = 0; right < DIRECTORY_MANAGE_MEMBERS; right++) {
        grant(fixture, sales, right, ada, false);
        for (unsigned other = 0; other < DIRECTORY_RIGHT_COUNT; other++)
            assert_int_equal(has(fixture, ada, other, sales), other == right);
        assert_false(has(fixture, bob, right, sales));
        assert_false(has(fixture, sales, right, ada));
        assert_done(fixture, embedded_directory_revoke(fixture->directory, sales, right, ada, &fixture->error));
        assert_done(fixture, embedded_directory_revoke(fixture->directory, sales, right, ada, &fixture->error)); /* no error */
        assert_false(has(fixture, ada, right, sales));
    }
    static const struct guid nobody = {{0}};
    assert_false(has(fixture, nobody, DIRECTORY_FULL_ACCESS, sales));
    assert_false(has(fixture, ada, DIRECTORY_FULL_ACCESS, nobody));
    assert_false(has(fixture, guid_random(), DIRECTORY_FULL_ACCESS, sales));
}

static void who_and_what_must_fit(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid ada = add(fixture, DIRECTORY_USER, "ada"), group = add(fixture, DIRECTORY_GROUP, "all");
    struct guid room = add(fixture, DIRECTORY_ROOM, "mill"), dynamic = add(fixture, DIRECTORY_DYNAMIC_GROUP, "dyn");
    const struct {
        struct embedded_grant grant;
        enum directory_status status;
        const char *words;
    } cases[] = {
        {{.owner = group, .actor = ada, .right = DIRECTORY_FULL_ACCESS}, DIRECTORY_INVALID, "full-access on 'all': not on an entry of kind 'group'"},
        {{.owner = room, .actor = ada, .right = DIRECTORY_MANAGE_MEMBERS}, DIRECTORY_INVALID, "manage-members on 'mill'"},
        {{.owner = dynamic, .actor = ada, .right = DIRECTORY_MANAGE_MEMBERS}, DIRECTORY_INVALID, "manage-members on 'dyn'"},
        {{.owner = ada, .actor = room, .right = DIRECTORY_SEND_AS}, DIRECTORY_INVALID, "send-as to 'mill': only users and groups"},
        {{.owner = ada, .actor = ada, .right = 4}, DIRECTORY_INVALID, "that right on 'ada'"},
        {{.owner = {{1}}, .actor = ada, .right = DIRECTORY_SEND_AS}, DIRECTORY_NOT_FOUND, "no entry"},
        {{.owner = ada, .actor = {{1}}, .right = DIRECTORY_SEND_AS}, DIRECTORY_NOT_FOUND, "no entry"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum directory_status status = embedded_directory_grant(fixture->directory, &cases[i].grant, &fixture->error);
        if (status != cases[i].status || !strstr(fixture->error.text, cases[i].words))
            fail_msg("case %zu: %s: %s", i, directory_status_text(status), fixture->error.text);
    }
    grant(fixture, group, DIRECTORY_SEND_AS, ada, false); /* as a group one can send */
    grant(fixture, room, DIRECTORY_SEND_ON_BEHALF, dynamic, false);
}

static void groups_of_groups_and_circles(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid ada = add(fixture, DIRECTORY_USER, "ada"), bob = add(fixture, DIRECTORY_USER, "bob");
    struct guid sales = add(fixture, DIRECTORY_SHARED_MAILBOX, "sales"), chain[40];
    for (unsigned i = 0; i < 40; i++) {
        chain[i] = add(fixture, DIRECTORY_GROUP, arena_format(&fixture->arena, "chain%u", i));
        if (i > 0)
            join(fixture, chain[i], chain[i - 1]);
    }
    join(fixture, chain[0], ada);
    grant(fixture, sales, DIRECTORY_FULL_ACCESS, chain[39], false);
    assert_true(has(fixture, ada, DIRECTORY_FULL_ACCESS, sales));
    assert_true(has(fixture, chain[3], DIRECTORY_FULL_ACCESS, sales));
    assert_false(has(fixture, bob, DIRECTORY_FULL_ACCESS, sales));
    join(fixture, chain[0], chain[39]); /* now it is a circle of forty */
    assert_true(has(fixture, ada, DIRECTORY_FULL_ACCESS, sales));
    assert_false(has(fixture, bob, DIRECTORY_FULL_ACCESS, sales));
    assert_done(fixture, embedded_directory_change_group(fixture->directory, chain[0], false, 1, &ada, &fixture->error));
    assert_false(has(fixture, ada, DIRECTORY_FULL_ACCESS, sales));
}

static void dynamic_groups_follow_their_rules(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid ada = add(fixture, DIRECTORY_USER, "ada"), sales = add(fixture, DIRECTORY_SHARED_MAILBOX, "sales");
    struct guid research = add(fixture, DIRECTORY_DYNAMIC_GROUP, "research"), all = add(fixture, DIRECTORY_GROUP, "all");
    struct guid nested = add(fixture, DIRECTORY_DYNAMIC_GROUP, "nested"), club = add(fixture, DIRECTORY_GROUP, "club");
    join(fixture, all, research);
    grant(fixture, sales, DIRECTORY_SEND_AS, all, false);
    assert_false(has(fixture, ada, DIRECTORY_SEND_AS, sales));
    set_text(fixture, ada, DIRECTORY_ATTRIBUTE_DEPARTMENT, "RESEARCH");
    assert_true(has(fixture, ada, DIRECTORY_SEND_AS, sales)); /* a static group's member is a dynamic one */
    set_text(fixture, ada, DIRECTORY_ATTRIBUTE_DEPARTMENT, "");
    assert_false(has(fixture, ada, DIRECTORY_SEND_AS, sales));
    /* A rule about a group reaches the group's members; a rule by membership, its direct members. */
    set_text(fixture, club, DIRECTORY_ATTRIBUTE_DEPARTMENT, "Research");
    join(fixture, club, ada);
    assert_true(has(fixture, ada, DIRECTORY_SEND_AS, sales));
    set_text(fixture, club, DIRECTORY_ATTRIBUTE_DEPARTMENT, "");
    assert_false(has(fixture, ada, DIRECTORY_SEND_AS, sales));
    struct embedded_change rule = {.rule = "(memberOf=club)"};
    assert_done(fixture, embedded_directory_change(fixture->directory, research, &rule, &fixture->error));
    assert_true(has(fixture, ada, DIRECTORY_SEND_AS, sales)); /* the rule is read anew */
    /* Another process changes the rule: this one notices. */
    struct directory *other;
    assert_int_equal(embedded_directory_open(fixture->path, false, &other), DIRECTORY_OK);
    assert_done(fixture, embedded_directory_change(other, research, &(struct embedded_change){.rule = "(memberOf=nobody)"}, &fixture->error));
    embedded_fixture_wait();
    assert_false(has(fixture, ada, DIRECTORY_SEND_AS, sales));
    directory_close(other);
    /* Rules in a circle: each matches the other group and itself. */
    assert_done(fixture, embedded_directory_change(fixture->directory, research, &(struct embedded_change){.rule = "(kind=dynamic-group)"},
                                                   &fixture->error));
    assert_done(fixture, embedded_directory_change(fixture->directory, nested, &(struct embedded_change){.rule = "(|(alias=ada)(kind=*group))"},
                                                   &fixture->error));
    assert_true(has(fixture, ada, DIRECTORY_SEND_AS, sales)); /* nested, then research, then all */
}

/* What a batch sees and then undoes must not stay in memory. */
static void rules_of_an_undone_batch_are_forgotten(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid ada = add(fixture, DIRECTORY_USER, "ada"), sales = add(fixture, DIRECTORY_SHARED_MAILBOX, "sales");
    struct guid research = add(fixture, DIRECTORY_DYNAMIC_GROUP, "research");
    grant(fixture, sales, DIRECTORY_SEND_AS, research, false);
    assert_false(has(fixture, ada, DIRECTORY_SEND_AS, sales));
    assert_done(fixture, embedded_directory_begin(fixture->directory, &fixture->error));
    assert_done(fixture, embedded_directory_change(fixture->directory, research, &(struct embedded_change){.rule = "(kind=user)"},
                                                   &fixture->error));
    assert_true(has(fixture, ada, DIRECTORY_SEND_AS, sales));
    embedded_directory_rollback(fixture->directory);
    assert_false(has(fixture, ada, DIRECTORY_SEND_AS, sales));
}

static void owners_manage_members(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid ada = add(fixture, DIRECTORY_USER, "ada"), bob = add(fixture, DIRECTORY_USER, "bob");
    struct guid carol = add(fixture, DIRECTORY_USER, "carol"), dan = add(fixture, DIRECTORY_USER, "dan");
    struct guid group = add(fixture, DIRECTORY_GROUP, "all"), board = add(fixture, DIRECTORY_GROUP, "board");
    struct bytes owner = {ada.data, 16}, more[] = {{bob.data, 16}, {board.data, 16}};
    const struct directory_value values[] = {{DIRECTORY_ATTRIBUTE_MANAGED_BY, 1, &owner}, {DIRECTORY_ATTRIBUTE_CO_MANAGED_BY, 2, more}};
    join(fixture, board, carol);
    join(fixture, group, dan);
    assert_false(has(fixture, ada, DIRECTORY_MANAGE_MEMBERS, group));
    assert_done(fixture, embedded_directory_put_values(fixture->directory, group, 2, values, &fixture->error));
    assert_true(has(fixture, ada, DIRECTORY_MANAGE_MEMBERS, group));
    assert_true(has(fixture, bob, DIRECTORY_MANAGE_MEMBERS, group));
    assert_true(has(fixture, carol, DIRECTORY_MANAGE_MEMBERS, group)); /* by way of the board */
    assert_false(has(fixture, dan, DIRECTORY_MANAGE_MEMBERS, group));  /* a member is no owner */
    assert_false(has(fixture, ada, DIRECTORY_SEND_AS, group));
    grant(fixture, group, DIRECTORY_MANAGE_MEMBERS, dan, false);
    assert_true(has(fixture, dan, DIRECTORY_MANAGE_MEMBERS, group));
}

static void mailboxes_that_open_by_themselves(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct guid ada = add(fixture, DIRECTORY_USER, "ada"), zoe = add(fixture, DIRECTORY_USER, "zoe");
    struct guid sales = add(fixture, DIRECTORY_SHARED_MAILBOX, "sales"), info = add(fixture, DIRECTORY_SHARED_MAILBOX, "info");
    struct guid mill = add(fixture, DIRECTORY_ROOM, "mill"), group = add(fixture, DIRECTORY_GROUP, "all");
    uint32_t count = 77;
    struct directory_user *users;
    assert_int_equal(directory_additional_mailboxes(fixture->directory, &fixture->arena, ada, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 0);
    join(fixture, group, ada);
    grant(fixture, sales, DIRECTORY_FULL_ACCESS, ada, true);
    grant(fixture, sales, DIRECTORY_FULL_ACCESS, group, true); /* twice, told once */
    grant(fixture, info, DIRECTORY_FULL_ACCESS, group, true);
    grant(fixture, mill, DIRECTORY_FULL_ACCESS, ada, false);   /* may open it, has to do so herself */
    grant(fixture, zoe, DIRECTORY_SEND_AS, ada, true);         /* automap is about full access */
    grant(fixture, ada, DIRECTORY_FULL_ACCESS, group, true);   /* her own */
    assert_int_equal(directory_additional_mailboxes(fixture->directory, &fixture->arena, ada, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 2);
    assert_string_equal(users[0].account, "info");
    assert_string_equal(users[1].account, "sales");
    assert_string_equal(users[1].address, "sales@engine.test");
    assert_int_equal(users[1].kind, DIRECTORY_SHARED_MAILBOX);
    grant(fixture, info, DIRECTORY_FULL_ACCESS, group, false); /* given again: the switch changes */
    assert_int_equal(directory_additional_mailboxes(fixture->directory, &fixture->arena, ada, &count, &users), DIRECTORY_OK);
    assert_int_equal(count, 1);
    assert_int_equal(directory_additional_mailboxes(fixture->directory, &fixture->arena, guid_random(), &count, &users),
                     DIRECTORY_NOT_FOUND);
    struct embedded_grant *grants;
    assert_int_equal(embedded_directory_grants(fixture->directory, &fixture->arena, NULL, &ada, &count, &grants), DIRECTORY_OK);
    assert_int_equal(count, 3);
    assert_int_equal(embedded_directory_grants(fixture->directory, &fixture->arena, &sales, NULL, &count, &grants), DIRECTORY_OK);
    assert_int_equal(count, 2);
    assert_true(grants[0].automap && guid_equal(grants[0].owner, sales));
    assert_int_equal(embedded_directory_grants(fixture->directory, &fixture->arena, &sales, &ada, &count, &grants), DIRECTORY_OK);
    assert_int_equal(count, 1);
    assert_int_equal(embedded_directory_grants(fixture->directory, &fixture->arena, NULL, NULL, &count, &grants), DIRECTORY_OK);
    assert_int_equal(count, 6);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_embedded_fixture, close_embedded_fixture)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_right_is_its_own_and_can_be_taken_back), TEST(who_and_what_must_fit), TEST(groups_of_groups_and_circles),
        TEST(dynamic_groups_follow_their_rules), TEST(rules_of_an_undone_batch_are_forgotten), TEST(owners_manage_members),
        TEST(mailboxes_that_open_by_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
