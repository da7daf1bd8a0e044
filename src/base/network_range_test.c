/* Ranges of addresses: which are in, which are out, and what is said of those that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/network_range.h"

static void contains(void **state)
{
    static const struct {
        const char *ranges, *address;
        bool inside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true},      {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.0/8", "::ffff:10.2.3.4", true}, {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true}, {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},       {"0.0.0.0/0", "203.0.113.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},     {"::/0", "203.0.113.1", true},
        {"::1", "::1", true},                    {"::1", "[::1]", true},
        {"fd00::/8", "fdff::1", true},           {"fd00::/8", "fe80::1", false},
        {"127.0.0.0/8, ::1 ,fd00::/8", "fd12::9", true}, {"", "127.0.0.1", false},
        {"0.0.0.0/0 ::/0", "", false},           {"0.0.0.0/0 ::/0", "localhost", false},
        {"0.0.0.0/0 ::/0", "1.2.3.4:80", false}, {"2001:db8:0:1::/64", "2001:db8:0:2::1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct network_ranges *ranges;
        char error[128] = "";
        assert_true(network_ranges_parse(rows[i].ranges, &ranges, error, sizeof error));
        if (network_ranges_contain(ranges, rows[i].address) != rows[i].inside)
            fail_msg("'%s' and '%s'", rows[i].ranges, rows[i].address);
        network_ranges_free(ranges);
    }
    assert_false(network_ranges_contain(NULL, "127.0.0.1"));
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"10.0.0.0/33", "'10.0.0.0/33' has more than 32 bits"}, {"fd00::/129", "128 bits"}, {"10.0.0/8", "is no address"},
        {"::1 localhost", "'localhost' is no address"},         {"10.0.0.0/", "no number"}, {"10.0.0.0/8x", "32 bits"},
        {"10.1.2.3/8", "names one host"},                       {"10.0.0.0/-8", "no number"},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd/64", "too long"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct network_ranges *ranges = (void *)&rows;
        char error[128] = "";
        assert_false(network_ranges_parse(rows[i].text, &ranges, error, sizeof error));
        assert_ptr_equal(ranges, &rows);
        if (!strstr(error, rows[i].part))
            fail_msg("'%s': %s", rows[i].text, error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(contains), cmocka_unit_test(says_what_is_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
