/* The request parser: each rule of RFC 9112 that it enforces, and that the split of the input never matters. */
#include "http/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What came of one request: everything a caller may see, as text. */
struct outcome {
    struct buffer text;
    unsigned status; /* 0 complete, 1 unfinished, else the error */
    size_t used;
    struct buffer body;
};

static void outcome_free(struct outcome *outcome)
{
    buffer_free(&outcome->text);
    buffer_free(&outcome->body);
}

static void describe_head(const struct http_parser *parser, struct buffer *text)
{
    const char *head = (const char *)parser->head.data;
    buffer_append_format(text, "%s|%s|%s|%s|%s|1.%u|%d%d%d|%llu", head + parser->method_name, head + parser->target,
        head + parser->path, head + parser->query, head + parser->host, parser->minor_version, parser->chunked,
        parser->expect_continue, parser->keep_alive, (unsigned long long)parser->content_length);
    for (uint32_t i = 0; i < parser->field_count; i++)
        buffer_append_format(text, "|%s=%s", head + parser->fields[i].name, head + parser->fields[i].value);
}

/* Feeds the input in pieces that end at the given offsets (0: none). */
static void parse_split(struct bytes input, size_t first, size_t second, struct outcome *outcome)
{
    struct http_parser parser;
    *outcome = (struct outcome){.status = 1};
    http_parser_start(&parser, &HTTP_PARSER_LIMITS_DEFAULT);
    size_t ends[3] = {first, second, input.size}, position = 0;
    enum http_parse_event event = HTTP_PARSE_MORE;
    for (unsigned i = 0; i < 3; i++) {
        while (position <= ends[i] && event != HTTP_PARSE_END && event != HTTP_PARSE_ERROR) {
            size_t size = ends[i] - position, used;
            uint8_t *exact = malloc(size ? size : 1); /* exact, for the address sanitizer */
            if (size)
                memcpy(exact, input.data + position, size);
            event = http_parser_feed(&parser, bytes_of(exact, size), &used);
            assert_true(used <= size);
            position += used;
            if (event == HTTP_PARSE_HEAD)
                describe_head(&parser, &outcome->text);
            else if (event == HTTP_PARSE_BODY)
                buffer_append(&outcome->body, parser.piece.data, parser.piece.size);
            free(exact);
            if (event == HTTP_PARSE_MORE) {
                assert_int_equal(used, size);
                break;
            }
        }
    }
    outcome->used = position;
    if (event == HTTP_PARSE_END)
        outcome->status = 0;
    else if (event == HTTP_PARSE_ERROR) {
        outcome->status = parser.error_status;
        buffer_clear(&outcome->text);
        buffer_append_string(&outcome->text, parser.error_text);
        outcome->used = 0; /* where exactly it was noticed is nobody's business */
    }
    buffer_append_u8(&outcome->text, 0);
    http_parser_free(&parser);
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->used, b->used);
    assert_string_equal((char *)a->text.data, (char *)b->text.data);
    assert_true(bytes_equal(buffer_bytes(&a->body), buffer_bytes(&b->body)));
}

/* Parses whole, split at every byte, and byte by byte at once; all must agree. Returns the outcome of the whole. */
static void parse(struct bytes input, struct outcome *outcome)
{
    parse_split(input, 0, 0, outcome);
    size_t step = input.size > 400 ? input.size / 97 : 1;
    for (size_t i = 0; i <= input.size; i += step) {
        struct outcome other;
        parse_split(input, i, i, &other);
        assert_same(outcome, &other);
        outcome_free(&other);
        parse_split(input, i, i + 1 < input.size ? i + 1 : i, &other);
        assert_same(outcome, &other);
        outcome_free(&other);
    }
}

#define HOST "Host: a.example\r\n"

struct row {
    const char *name;
    const char *input;
    unsigned status;
    const char *expected; /* the description and '#' body, or the beginning of the error text; NULL: any */
};

static void check_row(const struct row *row)
{
    struct outcome outcome;
    parse(bytes_of_string(row->input), &outcome);
    if (outcome.status != row->status)
        fail_msg("%s: status %u, not %u (%s)", row->name, outcome.status, row->status, outcome.text.data);
    if (row->expected && row->status > 1) {
        assert_string_equal((char *)outcome.text.data, row->expected);
    } else if (row->expected) {
        char *text = (char *)outcome.text.data;
        struct buffer whole = {0};
        buffer_append_string(&whole, text);
        buffer_append(&whole, "#", 1);
        buffer_append(&whole, outcome.body.data, outcome.body.size);
        buffer_append_u8(&whole, 0);
        if (strcmp((char *)whole.data, row->expected) != 0)
            fail_msg("%s: %s, not %s", row->name, whole.data, row->expected);
        buffer_free(&whole);
    }
    outcome_free(&outcome);
}

static void accepts_what_is_right(void **state)
{
    static const struct row rows[] = {
        {"plain", "GET / HTTP/1.1\r\n" HOST "\r\n", 0, "GET|/|/||a.example|1.1|001|0|Host=a.example#"},
        {"query", "GET /a/b?x=%20y&z HTTP/1.1\r\n" HOST "\r\n", 0, "GET|/a/b?x=%20y&z|/a/b|x=%20y&z|a.example|1.1|001|0|Host=a.example#"},
        {"percent once", "GET /%2541%41 HTTP/1.1\r\n" HOST "\r\n", 0, "GET|/%2541%41|/%41A||a.example|1.1|001|0|Host=a.example#"},
        {"percent at the end", "GET /x%2f HTTP/1.1\r\n" HOST "\r\n", 0, "GET|/x%2f|/x/||a.example|1.1|001|0|Host=a.example#"},
        {"white space around values", "GET / HTTP/1.1\r\nHost: \t a.example \t\r\nA:\r\nB:  \r\n\r\n", 0,
            "GET|/|/||a.example|1.1|001|0|Host=a.example|A=|B=#"},
        {"octets over 127 in values", "GET / HTTP/1.1\r\n" HOST "A: \xc3\xa9\r\n\r\n", 0,
            "GET|/|/||a.example|1.1|001|0|Host=a.example|A=\xc3\xa9#"},
        {"one empty line before", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0, "GET|/|/||a.example|1.1|001|0|Host=a.example#"},
        {"absolute target", "GET http://b.example:8080/p?q HTTP/1.1\r\n" HOST "\r\n", 0,
            "GET|http://b.example:8080/p?q|/p|q|b.example:8080|1.1|001|0|Host=a.example#"},
        {"absolute without path", "GET HTTPS://b.example HTTP/1.1\r\n" HOST "\r\n", 0,
            "GET|HTTPS://b.example|/||b.example|1.1|001|0|Host=a.example#"},
        {"absolute, query without path", "GET http://b?q HTTP/1.1\r\n" HOST "\r\n", 0,
            "GET|http://b?q|/|q|b|1.1|001|0|Host=a.example#"},
        {"absolute IPv6", "GET http://[::1]:80/ HTTP/1.1\r\n" HOST "\r\n", 0,
            "GET|http://[::1]:80/|/||[::1]:80|1.1|001|0|Host=a.example#"},
        {"asterisk", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0, "OPTIONS|*|*||a.example|1.1|001|0|Host=a.example#"},
        {"other methods", "RPC_IN_DATA /rpc/rpcproxy.dll?h:6001 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", 0,
            "RPC_IN_DATA|/rpc/rpcproxy.dll?h:6001|/rpc/rpcproxy.dll|h:6001|a.example|1.1|001|2|Host=a.example|Content-Length=2#ab"},
        {"IPv6 host", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n", 0,
            "GET|/|/||[2001:db8::1]:443|1.1|001|0|Host=[2001:db8::1]:443#"},
        {"1.0 without host", "GET / HTTP/1.0\r\n\r\n", 0, "GET|/|/|||1.0|000|0#"},
        {"1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n", 0, "GET|/|/|||1.0|001|0|Connection=x, Keep-Alive#"},
        {"1.7 is taken as 1.1", "GET / HTTP/1.7\r\n" HOST "\r\n", 0, "GET|/|/||a.example|1.1|001|0|Host=a.example#"},
        {"close", "GET / HTTP/1.1\r\n" HOST "Connection: foo ,CLOSE\r\n\r\n", 0, NULL},
        {"length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 0,
            "POST|/|/||a.example|1.1|001|5|Host=a.example|Content-Length=5#hello"},
        {"length 0", "POST / HTTP/1.1\r\n" HOST "Content-Length: 000\r\n\r\n", 0, NULL},
        {"chunks", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n", 0,
            "POST|/|/||a.example|1.1|101|0|Host=a.example|Transfer-Encoding=chunked#abc0123456789"},
        {"chunk extensions", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n3 ;a=b;c=\"d e\"\r\nabc\r\n0;x\r\n\r\n", 0,
            "POST|/|/||a.example|1.1|101|0|Host=a.example|Transfer-Encoding=Chunked#abc"},
        {"trailers", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n", 0,
            "POST|/|/||a.example|1.1|101|0|Host=a.example|Transfer-Encoding=chunked#z"},
        {"expectation", "POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", 0,
            "POST|/|/||a.example|1.1|011|1|Host=a.example|Expect=100-Continue|Content-Length=1#x"},
        {"expectation in 1.0 is ignored", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", 0,
            "POST|/|/|||1.0|000|1|Expect=100-continue|Content-Length=1#x"},
        {"expectation without body", "GET / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n", 0,
            "GET|/|/||a.example|1.1|001|0|Host=a.example|Expect=100-continue#"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

static void refuses_what_is_wrong(void **state)
{
#define POST_CHUNKED "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
    static const struct row rows[] = {
        /* lines, RFC 9112 2.2 */
        {"bare LF", "GET / HTTP/1.1\n" HOST "\r\n", 400, "malformed version"},
        {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "malformed header field value"},
        {"bare LF at the end", "GET / HTTP/1.1\r\n" HOST "\n", 400, "malformed header field"},
        {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400, "CR without LF"},
        {"CR without LF at the end", "GET / HTTP/1.1\r\n" HOST "\rX", 400, "CR without LF"},
        {"LF before", "\nGET / HTTP/1.1\r\n" HOST "\r\n", 400, "malformed method"},
        {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400, "malformed method"},
        {"leading space", " GET / HTTP/1.1\r\n" HOST "\r\n", 400, "malformed method"},
        {"TLS to a plain port", "\x16\x03\x01\x02", 400, "malformed method"},
        /* request line, RFC 9112 3 */
        {"empty method", "/ HTTP/1.1\r\n" HOST "\r\n", 400, "malformed method"},
        {"method is no token", "GE(T / HTTP/1.1\r\n" HOST "\r\n", 400, "malformed method"},
        {"method too long", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ / HTTP/1.1\r\n" HOST "\r\n", 501, "method too long"},
        {"two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request target"},
        {"two spaces behind", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400, "malformed version"},
        {"tab", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400, "malformed method"},
        {"space at the end", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400, "malformed version"},
        {"no version", "GET /\r\n" HOST "\r\n", 400, "malformed request target"},
        {"lower case version", "GET / http/1.1\r\n" HOST "\r\n", 400, "malformed version"},
        {"version too long", "GET / HTTP/1.10\r\n" HOST "\r\n", 400, "malformed version"},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP version not supported"},
        {"HTTP/0.9 version", "GET / HTTP/0.9\r\n" HOST "\r\n", 505, "HTTP version not supported"},
        {"relative target", "GET x HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request target"},
        {"authority target", "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request target"},
        {"asterisk with GET", "GET * HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request target"},
        {"fragment", "GET /#f HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request target"},
        {"octet over 127 in the target", "GET /\xc3 HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request target"},
        {"other scheme", "GET ftp://b/ HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request target"},
        {"user in the target", "GET http://u@b/ HTTP/1.1\r\n" HOST "\r\n", 400, "malformed host in request target"},
        {"no host in the target", "GET http:///p HTTP/1.1\r\n" HOST "\r\n", 400, "malformed host in request target"},
        {"encoded NUL", "GET /a%00b HTTP/1.1\r\n" HOST "\r\n", 400, "malformed percent-encoding"},
        {"bad percent", "GET /a%4 HTTP/1.1\r\n" HOST "\r\n", 400, "malformed percent-encoding"},
        {"bad percent digits", "GET /a%gg HTTP/1.1\r\n" HOST "\r\n", 400, "malformed percent-encoding"},
        {"bad percent before the query", "GET /a%4?1 HTTP/1.1\r\n" HOST "\r\n", 400, "malformed percent-encoding"},
        /* fields, RFC 9112 5 */
        {"obs-fold", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400, "malformed header field"},
        {"obs-fold first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "malformed header field"},
        {"obs-fold by tab", "GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n", 400, "malformed header field"},
        {"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "malformed header field name"},
        {"empty name", "GET / HTTP/1.1\r\n: a\r\n" HOST "\r\n", 400, "malformed header field"},
        {"no colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", 400, "malformed header field name"},
        {"name is no token", "GET / HTTP/1.1\r\nH(st: a\r\n\r\n", 400, "malformed header field name"},
        {"control in a value", "GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n", 400, "malformed header field value"},
        {"DEL in a value", "GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n", 400, "malformed header field value"},
        /* Host, RFC 9112 3.2 */
        {"no host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400, "no Host"},
        {"two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, "Host more than once"},
        {"two hosts in 1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400, "Host more than once"},
        {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "malformed Host"},
        {"host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed Host"},
        {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "malformed Host"},
        {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "malformed Host"},
        {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "malformed Host"},
        {"bad port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400, "malformed Host"},
        {"port too long", "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 400, "malformed Host"},
        {"open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "malformed Host"},
        {"empty brackets", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400, "malformed Host"},
        {"bad host percent", "GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n", 400, "malformed Host"},
        /* framing, RFC 9112 6 */
        {"both", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
            "Content-Length with Transfer-Encoding"},
        {"both, other order", "POST / HTTP/1.1\r\n" HOST "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n", 400,
            "Content-Length with Transfer-Encoding"},
        {"two equal lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400,
            "Content-Length more than once"},
        {"length list", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc", 400, "malformed Content-Length"},
        {"signed length", "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc", 400, "malformed Content-Length"},
        {"negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400, "malformed Content-Length"},
        {"hexadecimal length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\n", 400, "malformed Content-Length"},
        {"empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400, "malformed Content-Length"},
        {"length with a space", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1 2\r\n\r\n", 400, "malformed Content-Length"},
        {"length that overflows", "POST / HTTP/1.1\r\n" HOST "Content-Length: 184467440737095516160\r\n\r\n", 413, NULL},
        {"other coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501, "transfer coding not supported"},
        {"two codings", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, NULL},
        {"chunked twice", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501, NULL},
        {"two coding lines", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400,
            "Transfer-Encoding more than once"},
        {"disguised coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b" "chunked\r\n\r\n", 400, NULL},
        {"quoted coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501, NULL},
        {"empty coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n", 501, NULL},
        {"coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Transfer-Encoding in HTTP/1.0"},
        {"other expectation", "POST / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n", 417, "expectation not supported"},
        /* chunks, RFC 9112 7.1 */
        {"chunk size is no number", POST_CHUNKED "x\r\n", 400, "malformed chunk size"},
        {"no chunk size", POST_CHUNKED "\r\n", 400, "malformed chunk size"},
        {"chunk size with 0x", POST_CHUNKED "0x3\r\nabc\r\n0\r\n\r\n", 400, "malformed chunk size"},
        {"signed chunk size", POST_CHUNKED "-1\r\n", 400, "malformed chunk size"},
        {"chunk size and space", POST_CHUNKED "3 \r\nabc\r\n0\r\n\r\n", 400, "malformed chunk size"},
        {"space and chunk size", POST_CHUNKED " 3\r\nabc\r\n0\r\n\r\n", 400, "malformed chunk size"},
        {"chunk size too long", POST_CHUNKED "00000000000000003\r\nabc\r\n0\r\n\r\n", 400, "chunk size too long"},
        {"chunk size with bare LF", POST_CHUNKED "3\nabc\r\n0\r\n\r\n", 400, "malformed chunk size"},
        {"chunk size with CR", POST_CHUNKED "3\rabc\r\n0\r\n\r\n", 400, "CR without LF"},
        {"chunk longer than said", POST_CHUNKED "3\r\nabcd\r\n0\r\n\r\n", 400, "chunk longer than its size"},
        {"chunk shorter than said", POST_CHUNKED "5\r\nabc\r\n0\r\n\r\n", 400, "chunk longer than its size"},
        {"bare LF after a chunk", POST_CHUNKED "3\r\nabc\n0\r\n\r\n", 400, "chunk longer than its size"},
        {"control in an extension", POST_CHUNKED "3;a\x01\r\n", 400, "malformed chunk extension"},
        {"bare LF in an extension", POST_CHUNKED "3;a\nabc", 400, "malformed chunk extension"},
        {"huge chunk", POST_CHUNKED "FFFFFFFFFFFFFFFF\r\n", 413, "request body too large"},
        {"trailer obs-fold", POST_CHUNKED "0\r\nA: b\r\n c\r\n\r\n", 400, "malformed trailer field"},
        {"trailer name", POST_CHUNKED "0\r\nA b\r\n\r\n", 400, "malformed trailer field name"},
        {"trailer value", POST_CHUNKED "0\r\nA: \x02\r\n\r\n", 400, "malformed trailer field value"},
        {"trailer bare LF", POST_CHUNKED "0\r\nA: b\n\r\n", 400, "malformed trailer field value"},
        {"end bare LF", POST_CHUNKED "0\r\n\n", 400, "malformed trailer field"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

static void refuses_nul_anywhere(void **state)
{
    static const char request[] = "POST /a?b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nz\r\n0\r\nT: u\r\n\r\n";
    for (size_t i = 0; i < sizeof request - 1; i++) {
        char copy[sizeof request];
        memcpy(copy, request, sizeof request);
        copy[i] = 0;
        struct outcome outcome;
        parse_split(bytes_of(copy, sizeof request - 1), 0, 0, &outcome);
        bool data = request[i] == 'z'; /* the one octet of the body */
        if (outcome.status != (data ? 0 : 400))
            fail_msg("NUL at %zu: %u", i, outcome.status);
        outcome_free(&outcome);
    }
}

/* Every prefix of a good request is unfinished, never an error and never complete. */
static void waits_for_the_rest(void **state)
{
    static const char request[] = "POST http://b/a?b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nz\r\n0\r\nT: u\r\n\r\n";
    for (size_t i = 0; i < sizeof request - 1; i++) {
        struct outcome outcome;
        parse_split(bytes_of(request, i), 0, 0, &outcome);
        assert_int_equal(outcome.status, 1);
        outcome_free(&outcome);
    }
}

static void leaves_the_next_request(void **state)
{
    static const char two[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\n" HOST "\r\n";
    struct outcome outcome;
    parse(BYTES_LITERAL(two), &outcome);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.used, strstr(two, "GET") - two);
    outcome_free(&outcome);
}

static struct outcome parse_generated(const char *before, char fill, size_t count, const char *behind)
{
    struct buffer input = {0};
    buffer_append_string(&input, before);
    memset(buffer_extend(&input, count), fill, count);
    buffer_append_string(&input, behind);
    struct outcome outcome;
    parse(buffer_bytes(&input), &outcome);
    buffer_free(&input);
    return outcome;
}

static void expect_generated(unsigned status, const char *before, char fill, size_t count, const char *behind)
{
    struct outcome outcome = parse_generated(before, fill, count, behind);
    if (outcome.status != status)
        fail_msg("%zu times '%c' after '%.20s': %u, not %u", count, fill, before, outcome.status, status);
    outcome_free(&outcome);
}

static void keeps_limits(void **state)
{
    expect_generated(0, "GET /", 'x', HTTP_REQUEST_LINE_SIZE_MAX - 100, " HTTP/1.1\r\n" HOST "\r\n");
    expect_generated(414, "GET /", 'x', HTTP_REQUEST_LINE_SIZE_MAX, " HTTP/1.1\r\n" HOST "\r\n");
    expect_generated(414, "GET /", 'x', 1 << 20, "");
    expect_generated(0, "GET / HTTP/1.1\r\n" HOST "A: ", 'x', HTTP_HEADERS_SIZE_MAX - 100, "\r\n\r\n");
    expect_generated(431, "GET / HTTP/1.1\r\n" HOST "A: ", 'x', HTTP_HEADERS_SIZE_MAX, "\r\n\r\n");
    expect_generated(431, "GET / HTTP/1.1\r\n" HOST, 'x', HTTP_HEADERS_SIZE_MAX, ": a\r\n\r\n");
    expect_generated(431, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nA: ", 'x', HTTP_HEADERS_SIZE_MAX, "");
    expect_generated(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;", 'x', 1 << 16, "");
    expect_generated(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1", ' ', 1 << 16, "");
}

static void keeps_the_count_of_fields(void **state)
{
    for (unsigned count = 98; count <= 102; count++) {
        for (int trailer = 0; trailer < 2; trailer++) {
            struct buffer input = {0};
            buffer_append_string(&input, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n");
            if (trailer)
                buffer_append_string(&input, "\r\n0\r\n");
            for (unsigned i = trailer ? 0 : 2; i < count; i++)
                buffer_append_string(&input, "A: b\r\n");
            buffer_append_string(&input, trailer ? "\r\n" : "\r\n0\r\n\r\n");
            struct outcome outcome;
            parse(buffer_bytes(&input), &outcome);
            assert_int_equal(outcome.status, count > HTTP_HEADER_COUNT_MAX ? 431 : 0);
            outcome_free(&outcome);
            buffer_free(&input);
        }
    }
}

/* A chunked body over the cap ends at the chunk that would exceed it, before its bytes are taken. */
static void keeps_the_body_cap(void **state)
{
    struct http_parser parser;
    static const char head[] = "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n";
    http_parser_start(&parser, &HTTP_PARSER_LIMITS_DEFAULT);
    size_t used;
    assert_int_equal(http_parser_feed(&parser, BYTES_LITERAL(head), &used), HTTP_PARSE_HEAD);
    parser.body_size_max = 10;
    assert_int_equal(http_parser_feed(&parser, BYTES_LITERAL("8\r\n12345678"), &used), HTTP_PARSE_BODY);
    assert_int_equal(http_parser_feed(&parser, BYTES_LITERAL("\r\n2\r\n12"), &used), HTTP_PARSE_BODY);
    assert_int_equal(parser.body_size, 10);
    assert_int_equal(http_parser_feed(&parser, BYTES_LITERAL("\r\n1\r\n"), &used), HTTP_PARSE_ERROR);
    assert_int_equal(parser.error_status, 413);
    /* nothing more is taken after an error */
    assert_int_equal(http_parser_feed(&parser, BYTES_LITERAL("1\r\n"), &used), HTTP_PARSE_ERROR);
    assert_int_equal(used, 0);
    http_parser_free(&parser);
}

static void starts_again(void **state)
{
    struct http_parser parser;
    http_parser_start(&parser, &HTTP_PARSER_LIMITS_DEFAULT);
    for (int i = 0; i < 3; i++) {
        size_t used;
        struct bytes input = BYTES_LITERAL("GET /x HTTP/1.1\r\n" HOST "\r\n");
        assert_false(http_parser_begun(&parser));
        assert_int_equal(http_parser_feed(&parser, input, &used), HTTP_PARSE_HEAD);
        assert_true(http_parser_begun(&parser) && http_parser_has_head(&parser));
        assert_int_equal(used, input.size);
        assert_int_equal(http_parser_feed(&parser, BYTES_NONE, &used), HTTP_PARSE_END);
        assert_int_equal(parser.field_count, 1);
        http_parser_restart(&parser);
    }
    http_parser_free(&parser);
}

/* One octet of a good request changed to every other value: accepted or refused, but the same however it is split, and
 * what is accepted still names a host and one framing. */
static void survives_every_single_change(void **state)
{
    static const char request[] = "POST /a?b HTTP/1.1\r\nHost: a:1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nab";
    char copy[sizeof request];
    for (size_t i = 0; i < sizeof request - 1; i++)
        for (unsigned value = 0; value < 256; value += i < 40 ? 1 : 5) {
            struct outcome whole, split;
            memcpy(copy, request, sizeof request);
            copy[i] = (char)value;
            parse_split(bytes_of(copy, sizeof request - 1), 0, 0, &whole);
            parse_split(bytes_of(copy, sizeof request - 1), i, i + 1, &split);
            assert_same(&whole, &split);
            outcome_free(&whole);
            outcome_free(&split);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_is_right),
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(refuses_nul_anywhere),
        cmocka_unit_test(waits_for_the_rest),
        cmocka_unit_test(leaves_the_next_request),
        cmocka_unit_test(keeps_limits),
        cmocka_unit_test(keeps_the_count_of_fields),
        cmocka_unit_test(keeps_the_body_cap),
        cmocka_unit_test(starts_again),
        cmocka_unit_test(survives_every_single_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
