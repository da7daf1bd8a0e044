/* The configuration: what is read, and what an administrator is told about what is not. Also setting.c. */
#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/network_range.h"
#include "directory/directory.h"

static struct config *read_good(const char *text)
{
    struct config *config = NULL;
    struct config_error error = {""};
    if (!config_parse("test.conf", text, &config, &error))
        fail_msg("%s", error.text);
    return config;
}

static void expect_error(const char *text, const char *expected)
{
    struct config *config = NULL;
    struct config_error error = {""};
    if (config_parse("test.conf", text, &config, &error))
        fail_msg("'%s' was taken", text);
    assert_null(config);
    assert_string_equal(error.text, expected);
}

static void has_defaults(void **state)
{
    struct config *config = read_good("");
    assert_string_equal(config->data_path, "/var/lib/mapihttp");
    assert_int_equal(config->umask, 077);
    assert_int_equal(config->listener_count, 1);
    assert_string_equal(config->listeners[0].host, "::");
    assert_int_equal(config->listeners[0].port, 443);
    assert_true(config->listeners[0].tls);
    assert_int_equal(config->pending_period_ms, 15000);
    assert_int_equal(config->context_idle_ms, 900000);
    assert_int_equal(config->notification_wait_ms, 300000);
    assert_int_equal(config->contexts_per_user_max, 100);
    assert_true(config->resend);
    config_free(config);
}

static void reads_values_with_units(void **state)
{
    struct config *config = read_good("# comment\n; another\n[http]\nheader_timeout = 1500ms\nbody_timeout=2 min\n  idle_timeout = 1h\n"
                                      "body_size_max = 64K\nlisten = 127.0.0.1:0 plain\nlisten = [::1]:8443 tls ; inline\nlisten = 80 plain\n"
                                      "[server]\ndata = a folder\nlog_level = debug\numask = 027\n[mapi]\nresend = No\n");
    assert_int_equal(config->header_timeout_ms, 1500);
    assert_int_equal(config->body_timeout_ms, 120000);
    assert_int_equal(config->idle_timeout_ms, 3600000);
    assert_int_equal(config->body_size_max, 65536);
    assert_int_equal(config->listener_count, 3);
    assert_string_equal(config->listeners[1].host, "::1");
    assert_int_equal(config->listeners[1].port, 8443);
    assert_true(config->listeners[1].tls && !config->listeners[0].tls);
    assert_string_equal(config->listeners[2].host, "::");
    assert_string_equal(config->data_path, "a folder");
    assert_int_equal(config->umask, 027);
    assert_false(config->resend);
    config_free(config);
}

static void explains_what_is_wrong(void **state)
{
    expect_error("[http]\nheader_timout = 3s\n", "test.conf:2: [http] header_timout: unknown setting; did you mean header_timeout in [http]?");
    expect_error("\n[server]\n\nlisten = 1 tls\n", "test.conf:4: [server] listen: unknown setting; did you mean listen in [http]?");
    expect_error("[htp]\nlisten = 1 tls\n", "test.conf:2: [htp] listen: unknown section; did you mean listen in [http]?");
    expect_error("[http]\nquux = 1\n", "test.conf:2: [http] quux: unknown setting");
    expect_error("data = x\n", "test.conf:1: [] data: unknown section; did you mean data in [server]?");
    expect_error("[http]\nheader_timeout = 3\n", "test.conf:2: [http] header_timeout: '3' needs a unit: ms, s, min or h");
    expect_error("[http]\nheader_timeout = fast\n", "test.conf:2: [http] header_timeout: 'fast' is not a number");
    expect_error("[http]\nheader_timeout = -1s\n", "test.conf:2: [http] header_timeout: '-1s' is not a number");
    expect_error("[http]\nheader_timeout = 2h\n", "test.conf:2: [http] header_timeout: '2h' is out of range: from 100ms to 1h");
    expect_error("[http]\nheader_timeout = 99999999999999999999h\n",
        "test.conf:2: [http] header_timeout: '99999999999999999999h' is out of range: from 100ms to 1h");
    expect_error("[http]\nbody_size_max = 3X\n", "test.conf:2: [http] body_size_max: '3X' has an unknown unit; there are K, M and G");
    expect_error("[http]\nbody_size_max = 1G\n", "test.conf:2: [http] body_size_max: '1G' is out of range: from 64K to 256M");
    expect_error("[http]\nconnections_max = 1e3\n", "test.conf:2: [http] connections_max: '1e3' is not a whole number");
    expect_error("[mapi]\nresend = maybe\n", "test.conf:2: [mapi] resend: 'maybe' is neither yes nor no");
    expect_error("[server]\nlog_level = loud\n", "test.conf:2: [server] log_level: 'loud' is not one of error|warning|info|debug");
    expect_error("[server]\ndata =\n", "test.conf:2: [server] data: must not be empty");
    expect_error("[server]\numask = 8\n", "test.conf:2: [server] umask: '8' is not a whole number");
    expect_error("[server]\ndata = a\ndata = b\n", "test.conf:3: [server] data: already set in line 2");
    expect_error("[server\ndata = a\n", "test.conf:1: neither a [section] nor 'name = value'");
    expect_error("[server]\nnonsense\n", "test.conf:2: neither a [section] nor 'name = value'");
    expect_error("[mapi]\ncontext_idle = 2s\n", "test.conf: [mapi] context_idle is shorter than pending_period");
    expect_error("[organisation]\npublic_url = mail.example.org\n",
        "test.conf: [organisation] public_url does not begin with https://");
}

static void reads_methods_of_log_on(void **state)
{
    struct config *config = read_good("");
    assert_int_equal(config->methods, DIRECTORY_METHOD_BASIC);
    assert_int_equal(config->mapi_methods, DIRECTORY_METHOD_ALL);
    assert_true(config->persist && !config->basic_over_plain && !config->others_over_plain);
    config_free(config);
    config = read_good("[authentication]\nmethods = NTLM, basic  negotiate\noab_methods = basic\n");
    assert_int_equal(config->methods, DIRECTORY_METHOD_BASIC | DIRECTORY_METHOD_NTLM | DIRECTORY_METHOD_KERBEROS);
    assert_int_equal(config->oab_methods, DIRECTORY_METHOD_BASIC);
    config_free(config);
    expect_error("[authentication]\nmethods = basic digest\n",
                 "test.conf:2: [authentication] methods: 'digest' is not one of basic|ntlm|negotiate|bearer");
    expect_error("[authentication]\nmethods = ,\n",
                 "test.conf:2: [authentication] methods: name at least one of basic|ntlm|negotiate|bearer");
    expect_error("[authentication]\nextended_protection = yes\n",
                 "test.conf:2: [authentication] extended_protection: 'yes' is not one of none|allow|require");
    expect_error("[authentication]\nntlm_helper = ntlm_auth\n",
                 "test.conf: [authentication] ntlm_helper and negotiate_helper begin with the program's absolute path");
    expect_error("[authentication]\nmethods = negotiate\n",
                 "test.conf: [authentication] methods names negotiate without ntlm, but [kerberos] keytab is not set");
}

static void reads_networks(void **state)
{
    struct config *config;
    struct config_error error;
    assert_true(config_parse("test.conf", "[network]\ninternal = 10.0.0.0/8 fd00::/8\n", &config, &error));
    assert_true(network_ranges_contain(config->inside, "10.1.2.3"));
    assert_false(network_ranges_contain(config->inside, "192.0.2.1"));
    config_free(config);
    assert_true(config_parse("test.conf", "", &config, &error));
    assert_null(config->inside);
    config_free(config);
    assert_false(config_parse("test.conf", "[network]\ninternal = 10.0.0.0/8 here\n", &config, &error));
    assert_non_null(strstr(error.text, "test.conf: [network] internal: "));
    assert_non_null(strstr(error.text, "here"));
}

static void explains_bad_listeners(void **state)
{
    expect_error("[http]\nlisten = 443\n", "test.conf:2: [http] listen: '443': say 'tls' or 'plain' behind the address");
    expect_error("[http]\nlisten = ::1:443 tls\n", "test.conf:2: [http] listen: '::1:443 tls': write IPv6 addresses as [address]:port");
    expect_error("[http]\nlisten = 127.0.0.1:70000 tls\n", "test.conf:2: [http] listen: '127.0.0.1:70000 tls' has no valid port");
    expect_error("[http]\nlisten = 127.0.0.1: tls\n", "test.conf:2: [http] listen: '127.0.0.1: tls' has no valid port");
    expect_error("[http]\nlisten = 1 tls now\n", "test.conf:2: [http] listen: '1 tls now' is not an address and 'tls' or 'plain'");
    struct buffer text = {0};
    buffer_append_string(&text, "[http]\n");
    for (unsigned i = 0; i <= CONFIG_LISTENERS_MAX; i++)
        buffer_append_string(&text, "listen = 0 plain\n");
    expect_error(buffer_string(&text), "test.conf:18: [http] listen: more than 16 addresses");
    buffer_free(&text);
}

static void refuses_long_lines_and_missing_files(void **state)
{
    struct buffer text = {0};
    struct config *config = NULL;
    struct config_error error;
    buffer_append_string(&text, "[server]\ndata = /");
    memset(buffer_extend(&text, 300), 'x', 300);
    expect_error(buffer_string(&text), "test.conf: a line is longer than 198 characters");
    buffer_free(&text);
    assert_false(config_read("/nowhere/mapihttp.conf", &config, &error));
    assert_string_equal(error.text, "/nowhere/mapihttp.conf: No such file or directory");
    assert_false(config_read("/", &config, &error));
    assert_null(config);
}

/* packaging/mapihttp.conf is what --print-config prints, and setting all of it changes nothing. */
static void matches_the_example(void **state)
{
    struct buffer described = {0}, active = {0};
    assert_true(config_describe(&described));
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    char path[4096];
    assert_non_null(root);
    snprintf(path, sizeof path, "%s/packaging/mapihttp.conf", root);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char content[32768];
    size_t size = fread(content, 1, sizeof content, file);
    fclose(file);
    if (!bytes_equal(buffer_bytes(&described), bytes_of(content, size)))
        fail_msg("packaging/mapihttp.conf is not what 'mapihttpd --print-config' prints");
    for (const char *line = buffer_string(&described); *line; line += strcspn(line, "\n") + 1) {
        bool setting = line[0] == '#' && line[1] != ' ';
        buffer_append(&active, line + setting, strcspn(line, "\n") + 1 - (size_t)setting);
    }
    struct config *standard = read_good(""), *all = read_good(buffer_string(&active));
    assert_int_equal(standard->idle_timeout_ms, all->idle_timeout_ms);
    assert_int_equal(standard->kept_answers_size_max, all->kept_answers_size_max);
    assert_string_equal(standard->certificate_path, all->certificate_path);
    config_free(standard);
    config_free(all);
    buffer_free(&described);
    buffer_free(&active);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(reads_values_with_units),
        cmocka_unit_test(explains_what_is_wrong),
        cmocka_unit_test(reads_methods_of_log_on),
        cmocka_unit_test(reads_networks), cmocka_unit_test(explains_bad_listeners),
        cmocka_unit_test(refuses_long_lines_and_missing_files),
        cmocka_unit_test(matches_the_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
