/* Autodiscover version 2: what paths and queries ask, and what is answered. */
#include "server/autodiscover_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PATH AUTODISCOVER_JSON_PATH

static void test_requests(void **state)
{
    static const struct {
        const char *path, *query;
        enum autodiscover_json_result result;
        const char *address;
    } rows[] = {
        {PATH, "Email=ada@example.org&Protocol=AutodiscoverV1", AUTODISCOVER_JSON_ANSWER, "ada@example.org"},
        {"/Autodiscover/Autodiscover.json/", "protocol=autodiscoverv1&email=ada%40example.org", AUTODISCOVER_JSON_ANSWER, "ada@example.org"},
        {PATH "/v1.0/ada@example.org", "Protocol=Autodiscoverv1&RedirectCount=3", AUTODISCOVER_JSON_ANSWER, "ada@example.org"},
        {PATH "/V1.0/ada@example.org", "Protocol=AutodiscoverV1&Email=other@example.org", AUTODISCOVER_JSON_ANSWER, "ada@example.org"},
        {PATH, "", AUTODISCOVER_JSON_NO_PROTOCOL, NULL},
        {PATH, "Email=ada@example.org", AUTODISCOVER_JSON_NO_PROTOCOL, NULL},
        {PATH, "Email=ada@example.org&Protocol=", AUTODISCOVER_JSON_NO_PROTOCOL, NULL},
        {PATH, "Protocol=AutodiscoverV1", AUTODISCOVER_JSON_NO_ADDRESS, NULL},
        {PATH, "Protocol=AutodiscoverV1&Email=", AUTODISCOVER_JSON_NO_ADDRESS, NULL},
        {PATH, "Protocol=AutodiscoverV1&Email=ada", AUTODISCOVER_JSON_BAD_ADDRESS, NULL},
        {PATH, "Protocol=AutodiscoverV1&Email=@example.org", AUTODISCOVER_JSON_BAD_ADDRESS, NULL},
        {PATH, "Protocol=AutodiscoverV1&Email=ada@", AUTODISCOVER_JSON_BAD_ADDRESS, NULL},
        {PATH, "Protocol=AutodiscoverV1&Email=a%20b@example.org", AUTODISCOVER_JSON_BAD_ADDRESS, NULL},
        {PATH "/v1.0/a/b@example.org", "Protocol=AutodiscoverV1", AUTODISCOVER_JSON_BAD_ADDRESS, NULL},
        {PATH, "Email=ada@example.org&Protocol=ActiveSync", AUTODISCOVER_JSON_NOT_SUPPORTED, NULL},
        {PATH, "Email=ada@example.org&Protocol=EWS", AUTODISCOVER_JSON_NOT_SUPPORTED, NULL},
        {PATH, "Email=ada@example.org&Protocol=Telnet", AUTODISCOVER_JSON_BAD_PROTOCOL, NULL},
        {PATH "/v2.0/ada@example.org", "Protocol=AutodiscoverV1", AUTODISCOVER_JSON_NO_PATH, NULL},
        {PATH "/v1.0", "Protocol=AutodiscoverV1", AUTODISCOVER_JSON_NO_PATH, NULL},
        {PATH "/v1.0/", "Protocol=AutodiscoverV1", AUTODISCOVER_JSON_NO_PATH, NULL},
        {"/elsewhere", "Protocol=AutodiscoverV1", AUTODISCOVER_JSON_NO_PATH, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char address[AUTODISCOVER_ADDRESS_SIZE_MAX] = "untouched";
        enum autodiscover_json_result result = autodiscover_json_read(rows[i].path, rows[i].query, address);
        if (result != rows[i].result || strcmp(address, rows[i].address ? rows[i].address : "untouched") != 0)
            fail_msg("%s?%s: %d, %s", rows[i].path, rows[i].query, (int)result, address);
    }
}

static void test_long_addresses(void **state)
{
    char path[1000], address[AUTODISCOVER_ADDRESS_SIZE_MAX];
    memset(path, 'x', sizeof path - 1);
    memcpy(path, PATH "/v1.0/", strlen(PATH "/v1.0/"));
    strcpy(path + sizeof path - 10, "@e.org");
    assert_int_equal(autodiscover_json_read(path, "Protocol=AutodiscoverV1", address), AUTODISCOVER_JSON_BAD_ADDRESS);
}

static void expect_answer(enum autodiscover_json_result result, const char *url, unsigned status, const char *text)
{
    struct buffer body = {0};
    assert_int_equal(autodiscover_json_write(&body, result, url), status);
    assert_non_null(strstr(buffer_string(&body), text));
    buffer_free(&body);
}

static void test_answers(void **state)
{
    expect_answer(AUTODISCOVER_JSON_ANSWER, "https://mail.example.org/autodiscover/autodiscover.xml", 200,
                  "{\"Protocol\":\"AutodiscoverV1\",\"Url\":\"https://mail.example.org/autodiscover/autodiscover.xml\"}");
    expect_answer(AUTODISCOVER_JSON_ANSWER, "https://a\"b\\c\x01/", 200, "https://a\\\"b\\\\c\\u0001/\"}");
    expect_answer(AUTODISCOVER_JSON_NO_PROTOCOL, NULL, 400, "{\"ErrorCode\":\"MandatoryParameterMissing\",\"ErrorMessage\":");
    expect_answer(AUTODISCOVER_JSON_NO_ADDRESS, NULL, 400, "\"MandatoryParameterMissing\"");
    expect_answer(AUTODISCOVER_JSON_BAD_ADDRESS, NULL, 400, "\"InvalidUserId\"");
    expect_answer(AUTODISCOVER_JSON_BAD_PROTOCOL, NULL, 400, "\"InvalidProtocol\"");
    expect_answer(AUTODISCOVER_JSON_NOT_SUPPORTED, NULL, 404, "\"ProtocolNotSupported\"");
    expect_answer(AUTODISCOVER_JSON_NO_USER, NULL, 404, "\"UserNotFound\"");
    expect_answer(AUTODISCOVER_JSON_UNAVAILABLE, NULL, 503, "\"ServiceUnavailable\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests), cmocka_unit_test(test_long_addresses), cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
