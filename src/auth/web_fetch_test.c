/* Addresses, and answers of web servers as they come; tests/e2e/bearer_test.py fetches over real connections. */
#include "auth/web_fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_address(const char *url, bool tls, const char *host, const char *port, const char *path, bool local)
{
    struct web_address address;
    if (!web_address_read(url, &address))
        fail_msg("%s was refused", url);
    assert_int_equal(address.tls, tls);
    assert_string_equal(address.host, host);
    assert_string_equal(address.port, port);
    assert_string_equal(address.path, path);
    assert_int_equal(web_address_is_local(&address), local);
}

static void reads_addresses(void **state)
{
    static const char *const wrong[] = {
        "", "login.example.org/keys", "ftp://login.example.org/", "https://", "https:///keys", "https://user@login.example.org/",
        "https://user:secret@localhost/", "https://login.example.org:/", "https://login.example.org:0/", "https://a:65536/",
        "https://a:80x/", "https://a b/", "https://a/\r\nHost: b", "https://a/#fragment", "https://a?x", "https://[::1/",
        "https://[::1]x/", "https://l\xC3\xB6gin.example.org/"};
    struct web_address address;
    expect_address("https://login.example.org/a/keys?p=1", true, "login.example.org", "443", "/a/keys?p=1", false);
    expect_address("HTTP://localhost:8080", false, "localhost", "8080", "", true);
    expect_address("http://[::1]:81/x", false, "::1", "81", "/x", true);
    expect_address("https://[2001:db8::1]", true, "2001:db8::1", "443", "", false);
    expect_address("http://127.0.0.1/", false, "127.0.0.1", "80", "/", true);
    expect_address("http://localhost.example.org/", false, "localhost.example.org", "80", "/", false);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (web_address_read(wrong[i], &address))
            fail_msg("'%s' was taken", wrong[i]);
}

static void expect_answer(const char *text, bool ended, enum web_reading expected, const char *body_or_error)
{
    char error[WEB_ERROR_SIZE] = "";
    struct buffer body = {0};
    enum web_reading reading = web_answer_read(bytes_of_string(text), ended, 64, &body, error);
    if (reading != expected)
        fail_msg("%s: %d (%s)", text, reading, error);
    if (reading == WEB_READING_DONE)
        assert_true(bytes_equal(buffer_bytes(&body), bytes_of_string(body_or_error)));
    if (reading == WEB_READING_BAD && !strstr(error, body_or_error))
        fail_msg("%s: %s", text, error);
    buffer_free(&body);
}

#define OK "HTTP/1.1 200 OK\r\n"

static void reads_answers(void **state)
{
    expect_answer(OK "Content-Length: 2\r\n\r\n{}", false, WEB_READING_DONE, "{}");
    expect_answer("HTTP/1.0 200\r\n\r\n{}", true, WEB_READING_DONE, "{}");
    expect_answer("HTTP/1.0 200\r\n\r\n{}", false, WEB_READING_MORE, "");
    expect_answer(OK "Transfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\n\r\n", false, WEB_READING_DONE, "{}");
    expect_answer(OK "content-encoding: identity\r\ncontent-length:2\r\n\r\n{}", false, WEB_READING_DONE, "{}");
}

static void tells_cut_from_bad_answers(void **state)
{
    static const char chunked[] = OK "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n";
    static const char sized[] = OK "Content-Length: 2\r\n\r\n{}";
    for (size_t size = 0; size < sizeof sized - 1; size++) {
        char part[sizeof sized] = "";
        memcpy(part, sized, size);
        expect_answer(part, true, WEB_READING_MORE, "");
    }
    for (size_t size = 0; size + 2 < sizeof chunked - 1; size++) {
        char part[sizeof chunked] = "";
        memcpy(part, chunked, size);
        expect_answer(part, true, WEB_READING_MORE, "");
    }
    expect_answer("HTTP/1.1 404 Not Found\r\n\r\n", true, WEB_READING_BAD, "answer 404");
    expect_answer("HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", true, WEB_READING_BAD, "redirects are not followed");
    expect_answer("SSH-2.0-OpenSSH_9.2\r\n", true, WEB_READING_BAD, "no HTTP/1 status line");
    expect_answer("HTTP/2 200 OK\r\n\r\n", true, WEB_READING_BAD, "no HTTP/1 status line");
    expect_answer(OK "Content-Length: 65\r\n\r\n", false, WEB_READING_BAD, "too large");
    expect_answer(OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\n", false, WEB_READING_BAD, "its length");
    expect_answer(OK "Content-Length: -1\r\n\r\n", false, WEB_READING_BAD, "its length");
    expect_answer(OK "Content-Length: 99999999999999999999\r\n\r\n", false, WEB_READING_BAD, "its length");
    expect_answer(OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, WEB_READING_BAD, "two lengths");
    expect_answer(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", false, WEB_READING_BAD, "transfer encoding");
    expect_answer(OK "Content-Encoding: gzip\r\n\r\n", false, WEB_READING_BAD, "compressed");
    expect_answer(OK "no colon\r\n\r\n", false, WEB_READING_BAD, "without a colon");
    expect_answer(OK "Transfer-Encoding: chunked\r\n\r\n-1\r\n", false, WEB_READING_BAD, "a chunk's size");
    expect_answer(OK "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", false, WEB_READING_BAD, "too large");
    expect_answer(OK "Transfer-Encoding: chunked\r\n\r\n20\r\n01234567890123456789012345678901\r\n21\r\n", false, WEB_READING_BAD,
                  "too large");
    expect_answer(OK "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", false, WEB_READING_BAD, "no end of a chunk");
}

static void heads_have_a_limit(void **state)
{
    char error[WEB_ERROR_SIZE];
    struct buffer head = {0}, body = {0};
    buffer_append_string(&head, OK);
    while (head.size <= WEB_HEAD_SIZE_MAX)
        buffer_append_string(&head, "X-Padding: more and more of it\r\n");
    assert_int_equal(web_answer_read(buffer_bytes(&head), false, 64, &body, error), WEB_READING_BAD);
    assert_non_null(strstr(error, "head is too long"));
    buffer_free(&head);
}

static void an_unreachable_host_is_told(void **state)
{
    char error[WEB_ERROR_SIZE];
    struct buffer body = {0};
    struct web_request request = {.url = "http://127.0.0.1:1/", .ca_path = "", .timeout_ms = 2000, .size_max = 64};
    assert_false(web_fetch(&request, &body, error));
    assert_non_null(strstr(error, "no connection"));
    request.url = "https://localhost:1/";
    request.ca_path = "/absent";
    assert_false(web_fetch(&request, &body, error));
    buffer_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses), cmocka_unit_test(reads_answers), cmocka_unit_test(tells_cut_from_bad_answers),
        cmocka_unit_test(heads_have_a_limit), cmocka_unit_test(an_unreachable_host_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
