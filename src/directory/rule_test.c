#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "directory/rule.h"

#define ITEM(text) 1, &(const struct bytes){(const uint8_t *)(text), sizeof(text) - 1}

static const char *const ada_addresses[] = {"ada@engine.test", "Countess@Analytical.test"};
static const struct bytes telephones[] = {{(const uint8_t *)"+44 1", 5}, {(const uint8_t *)"+44 22", 6}};
static const uint8_t manager[16] = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
static const struct directory_value ada_values[] = {
    {DIRECTORY_ATTRIBUTE_SURNAME, ITEM("Lovelace")},
    {DIRECTORY_ATTRIBUTE_TITLE, ITEM("Chef \xC3\xA9toil\xC3\xA9")},
    {DIRECTORY_ATTRIBUTE_DEPARTMENT, ITEM("Research (Engines)")},
    {DIRECTORY_ATTRIBUTE_MANAGER, 1, &(const struct bytes){manager, 16}},
    {DIRECTORY_ATTRIBUTE_OTHER_TELEPHONE, 2, telephones},
    {DIRECTORY_ATTRIBUTE_COMMENT, ITEM("a*b\\c")},
    {DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, ITEM("12")},
};
static const struct directory_entry ada = {
    .kind = DIRECTORY_USER, .account = "ada", .display_name = "Ada Lovelace", .address = "ada@engine.test",
    .address_count = 2, .addresses = ada_addresses, .legacy_dn = "/o=E", .rule = "",
    .value_count = sizeof ada_values / sizeof *ada_values, .values = ada_values};
static const char *const ada_groups[] = {"research", "everyone"};

static bool matches(const char *text)
{
    struct arena arena = {0};
    const struct directory_rule *rule;
    const char *error = "";
    if (!directory_rule_read(&arena, text, &rule, &error))
        fail_msg("%s: %s", text, error);
    bool result = directory_rule_matches(rule, &ada, 2, ada_groups);
    arena_free(&arena);
    return result;
}

static void rules_that_match(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "(kind=user)", "(KIND=User)", "(alias=ada)", "(displayname=ADA LOVELACE)", "(mail=ada@engine.test)",
        "(mail=countess@*)", "(memberOf=Everyone)", "(memberOf=*)", "(sn=lovelace)", "(SN=LOVELACE)", "(sn=*)", "(sn=Love*)",
        "(sn=*lace)", "(sn=*vel*)", "(sn=L*v*l*e)", "(sn=lovelace*)", "(sn=*lovelace)", "(sn=l**e)",
        /* RFC 4515: what would be syntax is written as \hh. */
        "(department=research \\28engines\\29)", "(department=*\\28*\\29)", "(info=a\\2ab\\5cc)", "(info=*\\2A*)",
        /* Case of other scripts than ASCII. */
        "(title=CHEF \xC3\x89TOIL\xC3\x89)", "(title=*\xC3\x89*)", "(title=*\\c3\\89toil\\C3\\89)",
        "(otherTelephone=+44 22)", "(otherTelephone=*22)", "(manager=00112233-4455-6677-8899-aabbccddeeff)", "(manager=*)",
        /* Numbers by value, text in order. */
        "(msExchResourceCapacity>=9)", "(msExchResourceCapacity<=100)", "(msExchResourceCapacity=12)",
        "(msExchResourceCapacity=012)", "(sn>=lovelace)", "(sn<=LOVELACE)", "(sn>=a)", "(sn<=z)",
        "(&(kind=user)(sn=love*))", "(|(kind=room)(kind=user))", "(!(kind=room))", "(!(company=*))", "(!(company=x))",
        " ( & (kind=user) ( | (sn=x) ( sn =lovelace) ) ) ", "(&(kind=user)(!(|(alias=bob)(alias=eve))))",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!matches(rules[i]))
            fail_msg("does not match: %s", rules[i]);
    }
}

static void rules_that_do_not(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "", "(kind=room)", "(alias=ad)", "(mail=ada)", "(mail=*@other.test)", "(memberOf=sales)", "(sn=love)", "(sn=*love)",
        "(sn=lace*)", "(sn=*x*)", "(sn=l*x*e)", "(sn=lovel*elace)", "(sn=lovelace*e)", "(company=*)", "(company=)", "(sn=)",
        "(company>=a)", "(company<=z)", "(info=a*b\\\\5cc)", "(info=a\\2ab)", "(otherTelephone=+44 1 +44 22)",
        "(msExchResourceCapacity>=13)", "(msExchResourceCapacity<=9)", "(sn>=m)", "(sn<=l)", "(!(kind=user))",
        "(&(kind=user)(sn=babbage))", "(|(kind=room)(sn=babbage))", "(!(sn=*))", "(title=CHEF ETOILE)",
        "(manager=00112233-4455-6677-8899-aabbccddeefe)", "(department=research)",
    };
    struct arena arena = {0};
    const struct directory_rule *rule;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (directory_rule_read(&arena, rules[i], &rule, NULL) && directory_rule_matches(rule, &ada, 2, ada_groups))
            fail_msg("matches: %s", rules[i]);
    }
    /* Where groups are not known, nobody is a member of one. */
    assert_true(directory_rule_read(&arena, "(memberOf=*)", &rule, NULL));
    assert_false(directory_rule_matches(rule, &ada, 0, NULL));
    arena_free(&arena);
}

static void errors_say_what_and_where(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *error;
    } cases[] = {
        {"(departmnt=x)", "unknown attribute 'departmnt' at 1"},
        {"(&(kind=user)(departmnt=x))", "unknown attribute 'departmnt' at 14"},
        {"(=x)", "unknown attribute '' at 1"},
        {"kind=user", "expected '(' at 0"},
        {"(kind=user", "expected ')' at 10"},
        {"(kind=user))", "something follows the rule at 11"},
        {"(kind=user)(kind=room)", "something follows the rule at 11"},
        {"(kind=usr)", "there is no such kind, at 6"},
        {"(sn~=x)", "expected =, >= or <= at 3"},
        {"(sn:dn:=x)", "expected =, >= or <= at 3"},
        {"(sn>x)", "expected =, >= or <= at 4"},
        {"(sn)", "expected =, >= or <= at 3"},
        {"(sn>=x*)", "'*' beside an order at 5"},
        {"(sn=a(b)", "'(' in a value is written \\28; at 5"},
        {"(sn=a\\zz)", "two hexadecimal digits must follow a backslash, at 5"},
        {"(sn=a\\2)", "two hexadecimal digits must follow a backslash, at 5"},
        {"(&)", "expected '(' at 2"},
        {"(!)", "expected '(' at 2"},
        {"(!(sn=a)(sn=b))", "'!' takes one rule, at 2"},
        {"()", "unknown attribute '' at 1"},
        {" ", "expected '(' at 1"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct directory_rule *rule = NULL;
        const char *error = NULL;
        assert_false(directory_rule_read(&arena, cases[i].rule, &rule, &error));
        assert_null(rule);
        assert_string_equal(error, cases[i].error);
    }
    arena_free(&arena);
}

static char *nested(unsigned depth)
{
    char *text = calloc(depth * 3 + 20, 1), *place = text;
    for (unsigned i = 1; i < depth; i++)
        place = stpcpy(place, "(!");
    place = stpcpy(place, "(sn=*)");
    for (unsigned i = 1; i < depth; i++)
        place = stpcpy(place, ")");
    return text;
}

static void depth_and_length_have_limits(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct directory_rule *rule;
    const char *error;
    char *deepest = nested(DIRECTORY_RULE_DEPTH_MAX), *deeper = nested(DIRECTORY_RULE_DEPTH_MAX + 1);
    assert_true(directory_rule_read(&arena, deepest, &rule, &error));
    assert_false(directory_rule_matches(rule, &ada, 0, NULL)); /* 15 times not */
    assert_false(directory_rule_read(&arena, deeper, &rule, &error));
    assert_non_null(strstr(error, "nested too deep"));
    char *longest = calloc(DIRECTORY_RULE_SIZE_MAX + 2, 1);
    memset(longest, 'x', DIRECTORY_RULE_SIZE_MAX);
    memcpy(longest, "(sn=", 4);
    longest[DIRECTORY_RULE_SIZE_MAX - 1] = ')';
    assert_true(directory_rule_read(&arena, longest, &rule, &error));
    memcpy(longest + DIRECTORY_RULE_SIZE_MAX - 1, "x)", 2);
    assert_false(directory_rule_read(&arena, longest, &rule, &error));
    assert_non_null(strstr(error, "too long"));
    free(longest);
    free(deepest);
    free(deeper);
    arena_free(&arena);
}

/* Substrings with many stars end in good time: no backtracking. */
static void many_stars_are_no_trap(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct directory_rule *rule;
    char text[4000] = "(info=", *place = text + 6;
    for (unsigned i = 0; i < 1900; i++)
        place = stpcpy(place, "*a");
    stpcpy(place, "*b)");
    char *value = malloc(4096);
    memset(value, 'a', 4096);
    struct bytes item = {(const uint8_t *)value, 4096};
    struct directory_value comment = {DIRECTORY_ATTRIBUTE_COMMENT, 1, &item};
    struct directory_entry entry = ada;
    entry.values = &comment;
    entry.value_count = 1;
    assert_true(directory_rule_read(&arena, text, &rule, NULL));
    assert_false(directory_rule_matches(rule, &entry, 0, NULL));
    value[4095] = 'B';
    assert_true(directory_rule_matches(rule, &entry, 0, NULL));
    free(value);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_match),
        cmocka_unit_test(rules_that_do_not),
        cmocka_unit_test(errors_say_what_and_where),
        cmocka_unit_test(depth_and_length_have_limits),
        cmocka_unit_test(many_stars_are_no_trap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
