#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/filetime.h"
#include "directory/ldap_map.h"
#include "directory/ldap_text.h"

static struct bytes text(const char *string)
{
    return bytes_of_string(string);
}

/* RFC 4515 section 3: *, (, ), \ and NUL must be escaped; we escape all that is not plain ASCII. */
static void nothing_in_a_value_is_syntax(void **state)
{
    struct buffer filter = {0};
    ldap_text_filter_equal(&filter, "uid", bytes_of("*)(uid=*\\\0\xC3\xBC", 12));
    assert_string_equal(buffer_string(&filter), "(uid=\\2a\\29\\28uid=\\2a\\5c\\00\\c3\\bc)");
    buffer_free(&filter);
}

static void proxy_addresses_are_of_a_kind(void **state)
{
    static const struct {
        const char *value;
        enum ldap_proxy_kind kind;
        const char *address;
    } cases[] = {
        {"SMTP:Ada@example.org", LDAP_PROXY_PRIMARY, "Ada@example.org"}, {"smtp:a@b", LDAP_PROXY_SMTP, "a@b"},
        {"Smtp:a@b", LDAP_PROXY_SMTP, "a@b"}, {"X500:/o=A/cn=b", LDAP_PROXY_X500, "/o=A/cn=b"},
        {"x500:/o=A", LDAP_PROXY_X500, "/o=A"}, {"X400:c=us;", LDAP_PROXY_OTHER, NULL}, {"sip:a@b", LDAP_PROXY_OTHER, NULL},
        {"SMTP:", LDAP_PROXY_OTHER, NULL}, {"SMTP", LDAP_PROXY_OTHER, NULL}, {"", LDAP_PROXY_OTHER, NULL}, {"a@b.c", LDAP_PROXY_OTHER, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes address = BYTES_NONE;
        assert_int_equal(ldap_text_proxy_address(text(cases[i].value), &address), cases[i].kind);
        if (cases[i].address)
            assert_true(bytes_equal(address, text(cases[i].address)));
        else
            assert_null(address.data);
    }
}

static void windows_errors_are_found(void **state)
{
    static const char disabled[] = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 533, v2580";
    assert_int_equal(ldap_text_windows_error(disabled), 0x533);
    assert_int_equal(ldap_text_windows_error("x, data 52e, v1db1"), 0x52E);
    assert_int_equal(ldap_text_windows_error("x, data 775"), 0x775);
    assert_int_equal(ldap_text_windows_error("x, data 5333333333333, v"), 0);
    assert_int_equal(ldap_text_windows_error("x, data 533x"), 0);
    assert_int_equal(ldap_text_windows_error("x, data "), 0);
    assert_int_equal(ldap_text_windows_error("data 533"), 0);
    assert_int_equal(ldap_text_windows_error(""), 0);
}

/* RFC 4517 3.3.13 */
static void times_are_read(void **state)
{
    uint64_t expected = filetime_of_unix(1577934245); /* 2020-01-02 03:04:05 */
    assert_true(ldap_text_time(text("20200102030405Z")) == expected);
    assert_true(ldap_text_time(text("20200102030405.0Z")) == expected);
    assert_true(ldap_text_time(text("20200102030405,123Z")) == expected);
    assert_true(ldap_text_time(text("20200102050405+0200")) == expected);
    assert_true(ldap_text_time(text("20200101230405-04")) == expected);
    assert_true(ldap_text_time(text("2020010203Z")) == expected - (4 * 60 + 5) * FILETIME_PER_SECOND);
    static const char *const wrong[] = {"", "2020", "20200102030405", "20201302030405Z", "20200132030405Z", "20200102250405Z",
                                        "20200102036005Z", "20200102030405Zx", "20200102030405+2", "20200102030405+2500", "x", "20200102030405.0",
                                        "-0200102030405Z"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ldap_text_time(text(wrong[i])), 0);
}

static void guids_are_read_in_three_forms(void **state)
{
    struct guid binary, dashed, groups, untouched = {{7}};
    assert_true(ldap_text_guid(text("01234567-89ab-cdef-0123-456789abcdef"), &dashed));
    assert_true(ldap_text_guid(text("01234567-89abcdef-01234567-89abcdef"), &groups));
    assert_true(ldap_text_guid(bytes_of("\x67\x45\x23\x01\xAB\x89\xEF\xCD\x01\x23\x45\x67\x89\xAB\xCD\xEF", 16), &binary));
    assert_true(guid_equal(dashed, binary));
    assert_true(guid_equal(groups, binary));
    assert_false(ldap_text_guid(text("autogenerate"), &untouched));
    assert_false(ldap_text_guid(text("01234567-89ab-cdef-0123-456789abcdeg"), &untouched));
    assert_false(ldap_text_guid(text("01234567-89abcdef-01234567-89abcdeg"), &untouched));
    assert_false(ldap_text_guid(BYTES_NONE, &untouched));
    assert_int_equal(untouched.data[0], 7);
}

static void numbers_and_hashes(void **state)
{
    int64_t number = 5;
    uint8_t hash[16];
    assert_true(ldap_text_number(text("9223372036854775807"), &number) && number == INT64_MAX);
    assert_true(ldap_text_number(text("-9223372036854775808"), &number) && number == INT64_MIN);
    assert_true(ldap_text_number(text("-1"), &number) && number == -1);
    assert_false(ldap_text_number(text("9223372036854775808"), &number));
    assert_false(ldap_text_number(text("-"), &number));
    assert_false(ldap_text_number(text(""), &number));
    assert_false(ldap_text_number(text("1 "), &number));
    assert_int_equal(number, -1);
    assert_true(ldap_text_hash(text("00112233445566778899AABBccddeeff"), hash));
    assert_int_equal(hash[15], 0xFF);
    assert_false(ldap_text_hash(text("00112233445566778899AABBccddeefg"), hash));
    assert_false(ldap_text_hash(text("0011"), hash));
    assert_true(ldap_text_boolean(text("true")) && ldap_text_boolean(text("TRUE")) && !ldap_text_boolean(text("FALSE")));
}

/* MS-ADTS 3.1.1.3.1.3.3: range retrieval of attribute values */
static void ranges_are_read(void **state)
{
    size_t name;
    uint32_t next = 9;
    assert_true(ldap_text_range(text("member;range=0-1499"), &name, &next));
    assert_int_equal(name, 6);
    assert_int_equal(next, 1500);
    assert_true(ldap_text_range(text("member;Range=1500-*"), &name, &next));
    assert_int_equal(next, 0);
    next = 9;
    static const char *const none[] = {"member", "member;binary", "member;range=", "member;range=0-", "member;range=0-x", "member;range=0-99999999999",
                                       "member;range=0-*x", "", ";range=", "member;range=0--1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(ldap_text_range(text(none[i]), &name, &next));
    assert_int_equal(next, 9);
}

/* The tables are as large as the map, and every name is found by itself. */
static void maps_hold_every_name(void **state)
{
    static const struct ldap_filters none = {0};
    for (unsigned schema = 0; schema < LDAP_SCHEMA_COUNT; schema++) {
        struct ldap_map map;
        ldap_map_fill(&map, schema, &none);
        assert_true(map.row_count > 40 && map.row_count < LDAP_MAP_ROWS_MAX);
        assert_true(map.names_size < sizeof map.names - 100);
        for (unsigned row = 0; row < map.row_count; row++) {
            unsigned first, count = ldap_map_rows_named(&map, bytes_of(map.rows[row].name, map.rows[row].name_size), &first);
            bool found = false;
            for (unsigned i = 0; i < count; i++)
                found |= map.by_name[first + i] == row;
            assert_true(found);
        }
        const struct ldap_map_row *rows;
        assert_int_equal(ldap_map_names(&map, LDAP_FIELD_MAIL, &rows), 1);
        assert_string_equal(rows[0].name, "mail");
        unsigned first;
        assert_int_equal(ldap_map_rows_named(&map, text("no such name"), &first), 0);
        for (char **name = map.selections[LDAP_SELECTION_SMALL]; *name; name++)
            assert_true(strcmp(*name, "sambaNTPassword") && strcmp(*name, "ipaNTHash") && strcmp(*name, "jpegPhoto"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_in_a_value_is_syntax), cmocka_unit_test(proxy_addresses_are_of_a_kind),
        cmocka_unit_test(windows_errors_are_found), cmocka_unit_test(times_are_read), cmocka_unit_test(guids_are_read_in_three_forms),
        cmocka_unit_test(numbers_and_hashes), cmocka_unit_test(ranges_are_read), cmocka_unit_test(maps_hold_every_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
