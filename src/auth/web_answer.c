#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/web_fetch.h"

/* The answer to one GET, read again from its start whenever more has come: it is small. */
struct answer {
    struct bytes rest;   /* behind the head */
    bool chunked, sized;
    size_t size;         /* with 'sized' */
};

static enum web_reading bad(char error[WEB_ERROR_SIZE], const char *what)
{
    snprintf(error, WEB_ERROR_SIZE, "%s", what);
    return WEB_READING_BAD;
}

/* A line without its end; false while the end has not come. Takes CRLF, and LF alone. */
static bool next_line(struct bytes *rest, struct bytes *ret_line)
{
    const uint8_t *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
    if (!end)
        return false;
    size_t size = (size_t)(end - rest->data);
    *ret_line = bytes_of(rest->data, size && rest->data[size - 1] == '\r' ? size - 1 : size);
    *rest = bytes_of(end + 1, rest->size - size - 1);
    return true;
}

/* A number and nothing else; at most 16 digits. */
static bool read_number(struct bytes text, int base, size_t *ret_number)
{
    char copy[17], *end;
    if (text.size == 0 || text.size >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (strspn(copy, base == 16 ? "0123456789abcdefABCDEF" : "0123456789") != text.size)
        return false;
    *ret_number = strtoull(copy, &end, base);
    return true;
}

static struct bytes trim(struct bytes text)
{
    while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_of(text.data + 1, text.size - 1);
    while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static bool named(struct bytes text, const char *name)
{
    return text.size == strlen(name) && strncasecmp((const char *)text.data, name, text.size) == 0;
}

static const char *take_header(struct answer *answer, struct bytes line)
{
    const uint8_t *colon = memchr(line.data, ':', line.size);
    if (!colon)
        return "malformed answer: a header without a colon";
    struct bytes name = bytes_of(line.data, (size_t)(colon - line.data));
    struct bytes value = trim(bytes_of(colon + 1, line.size - name.size - 1));
    if (named(name, "Content-Encoding") && !named(value, "identity"))
        return "the answer is compressed, which was not asked for";
    if (named(name, "Transfer-Encoding")) {
        answer->chunked = true;
        return named(value, "chunked") ? NULL : "malformed answer: an unknown transfer encoding";
    }
    if (named(name, "Content-Length")) {
        size_t before = answer->size;
        if (!read_number(value, 10, &answer->size) || (answer->sized && answer->size != before))
            return "malformed answer: its length";
        answer->sized = true;
    }
    return NULL;
}

/* 'HTTP/1.1 200 OK': the code, 0 where it is no such line. */
static unsigned status_of(struct bytes line)
{
    size_t code;
    if (line.size < 12 || memcmp(line.data, "HTTP/1.", 7) != 0 || line.data[8] != ' ' || (line.size > 12 && line.data[12] != ' ') ||
        !read_number(bytes_of(line.data + 9, 3), 10, &code))
        return 0;
    return (unsigned)code;
}

static enum web_reading read_head(struct bytes received, struct answer *ret_answer, char error[WEB_ERROR_SIZE])
{
    struct answer answer = {.rest = received};
    struct bytes line;
    enum web_reading more = received.size > WEB_HEAD_SIZE_MAX ? bad(error, "the answer's head is too long") : WEB_READING_MORE;
    if (!next_line(&answer.rest, &line))
        return more;
    unsigned status = status_of(line);
    if (status != 200) {
        snprintf(error, WEB_ERROR_SIZE, status >= 300 && status < 400 ? "answer %u: redirects are not followed, name the final address"
                                        : status ? "answer %u" : "malformed answer: no HTTP/1 status line", status);
        return WEB_READING_BAD;
    }
    while (next_line(&answer.rest, &line)) {
        if (line.size == 0) {
            *ret_answer = answer;
            return WEB_READING_DONE;
        }
        const char *wrong = take_header(&answer, line);
        if (wrong)
            return bad(error, wrong);
    }
    return more;
}

static enum web_reading read_chunks(struct bytes rest, size_t size_max, struct buffer *body, char error[WEB_ERROR_SIZE])
{
    struct bytes line;
    size_t size = 0, total = 0;
    struct bytes scan = rest;
    for (unsigned pass = 0; pass < 2; pass++) { /* first whether it is all there, then the copy */
        scan = rest;
        do {
            if (!next_line(&scan, &line))
                return scan.size > 64 ? bad(error, "malformed answer: a chunk's size") : WEB_READING_MORE;
            const uint8_t *extension = line.size ? memchr(line.data, ';', line.size) : NULL;
            if (!read_number(trim(bytes_of(line.data, extension ? (size_t)(extension - line.data) : line.size)), 16, &size))
                return bad(error, "malformed answer: a chunk's size");
            if (size > size_max || (pass == 0 && (total += size) > size_max))
                return bad(error, "the document is too large");
            if (size == 0)
                break;
            if (scan.size < size + 2)
                return WEB_READING_MORE;
            if (pass == 1)
                buffer_append(body, scan.data, size);
            scan = bytes_of(scan.data + size, scan.size - size);
            if (!next_line(&scan, &line) || line.size != 0)
                return bad(error, "malformed answer: no end of a chunk");
        } while (size);
    }
    return body->failed ? bad(error, "out of memory") : WEB_READING_DONE; /* trailers are of no interest */
}

enum web_reading web_answer_read(struct bytes received, bool ended, size_t size_max, struct buffer *ret_body,
                                 char ret_error[WEB_ERROR_SIZE])
{
    struct answer answer;
    enum web_reading reading = read_head(received, &answer, ret_error);
    if (reading != WEB_READING_DONE)
        return reading;
    if (answer.chunked)
        return answer.sized ? bad(ret_error, "malformed answer: two lengths")
                            : read_chunks(answer.rest, size_max, ret_body, ret_error);
    size_t size = answer.sized ? answer.size : answer.rest.size;
    if (size > size_max)
        return bad(ret_error, "the document is too large");
    if (answer.sized ? answer.rest.size < size : !ended)
        return WEB_READING_MORE;
    return buffer_append(ret_body, answer.rest.data, size) ? WEB_READING_DONE : bad(ret_error, "out of memory");
}
