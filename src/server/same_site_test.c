#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "server/same_site.h"

static void test_origins(void **state)
{
    static const struct {
        const char *origin, *host;
        bool ours;
    } rows[] = {
        {"https://mail.example.org", "mail.example.org", true},
        {"https://MAIL.example.org", "mail.EXAMPLE.org", true},
        {"https://mail.example.org", "mail.example.org:443", true},
        {"http://mail.example.org", "mail.example.org:80", true},
        {"https://mail.example.org:8443", "mail.example.org:8443", true},
        {"https://[::1]:8443", "[::1]:8443", true},
        {"http://mail.example.org", "mail.example.org:443", false},
        {"https://mail.example.org:8443", "mail.example.org", false},
        {"https://mail.example.org", "mail.example.org:8443", false},
        {"https://mail.example.org.evil.test", "mail.example.org", false},
        {"https://evil.test", "mail.example.org", false},
        {"https://evil.test/https://mail.example.org", "mail.example.org", false},
        {"https://mail.example.org@evil.test", "mail.example.org", false},
        {"ftp://mail.example.org", "mail.example.org", false},
        {"mail.example.org", "mail.example.org", false},
        {"null", "null", false},
        {"", "mail.example.org", false},
        {"https://", "", false},
        {"https://:443", ":443", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (same_site_is_host(rows[i].origin, rows[i].host) != rows[i].ours)
            fail_msg("%s at %s", rows[i].origin, rows[i].host);
}

static void test_tokens(void **state)
{
    struct form_token_key key, other;
    struct guid ada = {{1}}, bob = {{2}};
    char token[FORM_TOKEN_TEXT_SIZE], second[FORM_TOKEN_TEXT_SIZE];
    assert_true(form_token_key_new(&key) && form_token_key_new(&other));
    form_token(&key, ada, token);
    assert_int_equal(strlen(token), sizeof token - 1);
    assert_true(form_token_fits(&key, ada, token));
    assert_false(form_token_fits(&key, bob, token));
    assert_false(form_token_fits(&other, ada, token));
    assert_false(form_token_fits(&key, ada, NULL));
    assert_false(form_token_fits(&key, ada, ""));
    form_token(&key, bob, second);
    assert_string_not_equal(token, second);
    token[63] = token[63] == '0' ? '1' : '0';
    assert_false(form_token_fits(&key, ada, token));
    token[63] = 0;
    assert_false(form_token_fits(&key, ada, token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_origins), cmocka_unit_test(test_tokens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
