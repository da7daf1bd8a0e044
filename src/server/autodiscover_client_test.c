/* What the headers of an Autodiscover request say about the client. */
#include "server/autodiscover_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_headers(void **state)
{
    struct autodiscover_client client = autodiscover_client_read("1", "Negotiate, ExHttpInfo",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.4266; Pro)", "Outlook/15.0.4569.1506");
    assert_int_equal(client.mapi_version, 1);
    assert_true(client.takes_negotiate && client.takes_exhttp && client.has_version);
    assert_int_equal(client.version.parts[0], 16);
    client = autodiscover_client_read(NULL, NULL, "Microsoft Office/16.0", "Outlook/15.0.4569.1506");
    assert_int_equal(client.version.parts[2], 4569);
    client = autodiscover_client_read(NULL, "", "OutlookX 16.0.1 outlook", NULL);
    assert_false(client.has_version || client.takes_negotiate || client.takes_exhttp);
    assert_int_equal(client.version.count, 0);
    client = autodiscover_client_read(NULL, ",,exhttpinfo,", "Outlook Outlook 15.0.1", NULL);
    assert_true(client.takes_exhttp && client.has_version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
