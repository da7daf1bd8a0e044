#include "record/virtual_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "directory/directory.h"

static void test_urls(void **state)
{
    static const struct {
        enum virtual_directory which;
        const char *url, *base; /* NULL: refused */
    } rows[] = {
        {VIRTUAL_DIRECTORY_MAPI, "https://mail.example.org/mapi", "https://mail.example.org"},
        {VIRTUAL_DIRECTORY_MAPI, "https://Mail.Example.org:8443/MAPI/", "https://mail.example.org:8443"},
        {VIRTUAL_DIRECTORY_MAPI, "http://127.0.0.1:8080/mapi", "http://127.0.0.1:8080"},
        {VIRTUAL_DIRECTORY_MAPI, "https://[2001:db8::1]:443/mapi", "https://[2001:db8::1]:443"},
        {VIRTUAL_DIRECTORY_AUTODISCOVER, "https://a.example/autodiscover/autodiscover.xml", "https://a.example"},
        {VIRTUAL_DIRECTORY_AUTODISCOVER, "https://a.example/Autodiscover", "https://a.example"},
        {VIRTUAL_DIRECTORY_OAB, "https://a.example/OAB", "https://a.example"},
        {VIRTUAL_DIRECTORY_OAB, "https://a.example/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://a.example", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://a.example/mapi/emsmdb", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://a.example/mapi?x=1", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://a.example/mapi#x", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://user@a.example/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://a.example:0/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://a.example:65536/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://a.example:/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://a example/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https:///mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://[]/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "https://.example/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "ftp://a.example/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "mail.example.org/mapi", NULL},
        {VIRTUAL_DIRECTORY_MAPI, "", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char base[VIRTUAL_DIRECTORY_BASE_SIZE] = "";
        const char *wrong = NULL;
        bool good = virtual_directory_base_of(rows[i].which, rows[i].url, base, &wrong);
        if (good != (rows[i].base != NULL) || (good && strcmp(base, rows[i].base) != 0) || (!good && !wrong))
            fail_msg("'%s': %s", rows[i].url, good ? base : wrong);
    }
    char url[600], base[VIRTUAL_DIRECTORY_BASE_SIZE];
    const char *wrong;
    memset(url, 'a', sizeof url);
    memcpy(url, "https://", 8);
    strcpy(url + 500, "/mapi");
    assert_false(virtual_directory_base_of(VIRTUAL_DIRECTORY_MAPI, url, base, &wrong));
    assert_string_equal(wrong, "it is too long");
}

static void test_hosts(void **state)
{
    char host[VIRTUAL_DIRECTORY_HOST_SIZE];
    assert_true(virtual_directory_host_of("https://mail.example.org:8443", host));
    assert_string_equal(host, "mail.example.org");
    assert_true(virtual_directory_host_of("https://[2001:db8::1]:443/mapi", host));
    assert_string_equal(host, "2001:db8::1");
    assert_false(virtual_directory_host_of("https://", host));
    assert_false(virtual_directory_host_of("mail.example.org", host));
}

static void test_reading(void **state)
{
    struct settings *settings;
    struct virtual_directory_settings read = {.has_methods = true};
    assert_int_equal(settings_open(":memory:", &settings), SETTINGS_OK);
    assert_int_equal(virtual_directory_read(settings, VIRTUAL_DIRECTORY_MAPI, &read), SETTINGS_OK);
    assert_int_equal(read.internal.state, VIRTUAL_DIRECTORY_URL_UNSET);
    assert_false(read.has_methods || read.has_protection);
    json_t *kept = json_loads("{\"InternalUrl\": \"https://mail.example.org/mapi\", \"ExternalUrl\": null, \"IISAuthenticationMethods\":"
                              "[\"Ntlm\", \"OAuth\"], \"ExtendedProtectionTokenChecking\": \"Require\"}", 0, NULL);
    assert_int_equal(settings_set(settings, SETTINGS_VIRTUAL_DIRECTORY, "mapi", kept), SETTINGS_OK);
    json_decref(kept);
    assert_int_equal(virtual_directory_read(settings, VIRTUAL_DIRECTORY_MAPI, &read), SETTINGS_OK);
    assert_int_equal(read.internal.state, VIRTUAL_DIRECTORY_URL_SET);
    assert_string_equal(read.internal.base, "https://mail.example.org");
    assert_int_equal(read.external.state, VIRTUAL_DIRECTORY_URL_NONE);
    assert_int_equal(read.methods, DIRECTORY_METHOD_NTLM | DIRECTORY_METHOD_BEARER);
    assert_true(read.has_methods && read.has_protection);
    assert_int_equal(read.protection, EXTENDED_PROTECTION_REQUIRE);
    json_t *list = virtual_directory_method_list(read.methods);
    assert_int_equal(virtual_directory_methods_of(list), read.methods);
    json_decref(list);
    settings_close(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls), cmocka_unit_test(test_hosts), cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
