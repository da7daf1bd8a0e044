/* The meaning of a complete request head: target, version, framing, connection. */
#include <string.h>
#include <strings.h>

#include "http/character.h"
#include "http/parser.h"

static char *head_at(const struct http_parser *parser, uint32_t offset)
{
    return (char *)parser->head.data + offset;
}

/* NULs behind the strings; white space around values goes (RFC 9112 5.1). */
static void terminate_strings(struct http_parser *parser)
{
    *head_at(parser, parser->method_name + parser->method_name_size) = 0;
    *head_at(parser, parser->target + parser->target_size) = 0;
    for (uint32_t i = 0; i < parser->field_count; i++) {
        struct http_field *field = &parser->fields[i];
        const char *value = head_at(parser, field->value);
        while (field->value_size && (*value == ' ' || *value == '\t'))
            value++, field->value++, field->value_size--;
        while (field->value_size && (value[field->value_size - 1] == ' ' || value[field->value_size - 1] == '\t'))
            field->value_size--;
        *head_at(parser, field->name + field->name_size) = 0;
        *head_at(parser, field->value + field->value_size) = 0;
    }
}

static enum http_method method_of(const char *name, uint32_t size)
{
    static const struct {
        char name[8];
        enum http_method method;
    } methods[] = {
        {"POST", HTTP_METHOD_POST}, {"GET", HTTP_METHOD_GET}, {"HEAD", HTTP_METHOD_HEAD}, {"OPTIONS", HTTP_METHOD_OPTIONS},
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strlen(methods[i].name) == size && memcmp(methods[i].name, name, size) == 0)
            return methods[i].method;
    return HTTP_METHOD_OTHER;
}

/* host [":" port] (RFC 9110 7.2), not empty. */
static bool host_is_valid(const char *host)
{
    const char *port;
    if (*host == '[') {
        port = strchr(host, ']');
        if (!port || port == host + 1)
            return false;
        for (const char *p = host + 1; p < port; p++)
            if (http_hex_digit((uint8_t)*p) < 0 && *p != ':' && *p != '.')
                return false;
        port++;
    } else {
        port = host;
        for (; *port && *port != ':'; port++) {
            if (!http_character_is((uint8_t)*port, HTTP_CHARACTER_HOST) || *port == '[' || *port == ']')
                return false;
            if (*port == '%' && (http_hex_digit((uint8_t)port[1]) < 0 || http_hex_digit((uint8_t)port[2]) < 0))
                return false;
        }
        if (port == host)
            return false;
    }
    if (*port && *port++ != ':')
        return false;
    size_t digits = strspn(port, "0123456789");
    return port[digits] == 0 && digits <= 5;
}

/* Appends the percent-decoded path behind the head; the target may move with it. */
static bool decode_path(struct http_parser *parser, uint32_t begin, uint32_t end)
{
    uint8_t *out = buffer_extend(&parser->head, end - begin + 1u);
    if (!out)
        return http_parser_refuse(parser, 503, "out of memory");
    const uint8_t *head = parser->head.data;
    parser->path = (uint32_t)(out - head);
    for (uint32_t i = begin; i < end; i++) {
        if (head[i] != '%') {
            *out++ = head[i];
            continue;
        }
        int high = i + 2 < end ? http_hex_digit(head[i + 1]) : -1;
        int low = i + 2 < end ? http_hex_digit(head[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return http_parser_refuse(parser, 400, "malformed percent-encoding");
        *out++ = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *out = 0;
    return true;
}

/* The four forms of RFC 9112 3.2. */
static bool interpret_target(struct http_parser *parser)
{
    const char *target = head_at(parser, parser->target);
    uint32_t begin = parser->target, end = parser->target + parser->target_size;
    if (*target == '*') {
        if (parser->target_size != 1 || parser->method != HTTP_METHOD_OPTIONS)
            return http_parser_refuse(parser, 400, "malformed request target");
    } else if (*target != '/') {
        uint32_t scheme_size = !strncasecmp(target, "https://", 8) ? 8 : !strncasecmp(target, "http://", 7) ? 7 : 0;
        if (scheme_size == 0)
            return http_parser_refuse(parser, 400, "malformed request target");
        uint32_t host_size = (uint32_t)strcspn(target + scheme_size, "/?");
        uint32_t host = (uint32_t)parser->head.size;
        uint8_t *copy = buffer_extend(&parser->head, host_size + 3u);
        if (!copy)
            return http_parser_refuse(parser, 503, "out of memory");
        memcpy(copy, head_at(parser, begin + scheme_size), host_size);
        memcpy(copy + host_size, "\0/", 3); /* "/" stands in for an empty path */
        parser->host = host;
        if (!host_is_valid(head_at(parser, host)))
            return http_parser_refuse(parser, 400, "malformed host in request target");
        begin += scheme_size + host_size;
    }
    const char *question = memchr(head_at(parser, begin), '?', end - begin);
    uint32_t path_end = question ? (uint32_t)(question - head_at(parser, 0)) : end;
    parser->query = question ? path_end + 1 : end; /* else at the NUL behind the target */
    if (begin == path_end) {
        parser->path = (uint32_t)parser->head.size - 2;
        return true;
    }
    return decode_path(parser, begin, path_end);
}

static const char *field_value(const struct http_parser *parser, const struct http_field *field)
{
    return head_at(parser, field->value);
}

static bool interpret_host(struct http_parser *parser, const struct http_field *host, unsigned count)
{
    if (count > 1)
        return http_parser_refuse(parser, 400, "Host more than once");
    if (count == 0 && parser->minor_version > 0)
        return http_parser_refuse(parser, 400, "no Host");
    if (count == 1 && !host_is_valid(field_value(parser, host)))
        return http_parser_refuse(parser, 400, "malformed Host");
    if (parser->host == 0) /* an absolute target goes before it (RFC 9112 3.2.2) */
        parser->host = count ? host->value : parser->target + parser->target_size;
    return true;
}

static bool interpret_length(struct http_parser *parser, const struct http_field *field)
{
    const char *value = field_value(parser, field);
    uint64_t length = 0;
    if (field->value_size == 0)
        return http_parser_refuse(parser, 400, "malformed Content-Length");
    for (; *value; value++) {
        if (*value < '0' || *value > '9')
            return http_parser_refuse(parser, 400, "malformed Content-Length");
        if (length > (UINT64_MAX - 9) / 10)
            return http_parser_refuse(parser, 413, "request body too large");
        length = length * 10 + (unsigned)(*value - '0');
    }
    parser->content_length = length;
    return true;
}

/* Whether a comma-separated list has the token; any case. */
static bool list_has(const char *list, const char *token)
{
    size_t token_size = strlen(token);
    while (*list) {
        list += strspn(list, " \t,");
        size_t size = strcspn(list, ",");
        size_t trimmed = size;
        while (trimmed && (list[trimmed - 1] == ' ' || list[trimmed - 1] == '\t'))
            trimmed--;
        if (trimmed == token_size && strncasecmp(list, token, token_size) == 0)
            return true;
        list += size;
    }
    return false;
}

/* The fields that frame the message, found in one pass. */
struct framing {
    const struct http_field *host, *length, *coding, *expect;
    unsigned host_count, length_count, coding_count, expect_count;
    bool close, keep_alive;
};

static void framing_note(const struct http_parser *parser, struct framing *framing, const struct http_field *field)
{
    const char *name = head_at(parser, field->name);
    switch (field->name_size) {
    case 4:
        if (strcasecmp(name, "Host") == 0)
            framing->host = field, framing->host_count++;
        break;
    case 6:
        if (strcasecmp(name, "Expect") == 0)
            framing->expect = field, framing->expect_count++;
        break;
    case 10:
        if (strcasecmp(name, "Connection") == 0) {
            framing->close |= list_has(field_value(parser, field), "close");
            framing->keep_alive |= list_has(field_value(parser, field), "keep-alive");
        }
        break;
    case 14:
        if (strcasecmp(name, "Content-Length") == 0)
            framing->length = field, framing->length_count++;
        break;
    case 17:
        if (strcasecmp(name, "Transfer-Encoding") == 0)
            framing->coding = field, framing->coding_count++;
        break;
    default:
        break;
    }
}

static bool interpret_framing(struct http_parser *parser, const struct framing *framing)
{
    if (framing->coding_count && framing->length_count)
        return http_parser_refuse(parser, 400, "Content-Length with Transfer-Encoding");
    if (framing->length_count > 1)
        return http_parser_refuse(parser, 400, "Content-Length more than once");
    if (framing->coding_count) {
        const char *coding = field_value(parser, framing->coding);
        if (parser->minor_version == 0)
            return http_parser_refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
        if (framing->coding_count > 1)
            return http_parser_refuse(parser, 400, "Transfer-Encoding more than once");
        if (strcasecmp(coding, "chunked") != 0)
            return http_parser_refuse(parser, 501, "transfer coding not supported");
        parser->chunked = true;
    }
    if (framing->length_count && !interpret_length(parser, framing->length))
        return false;
    if (framing->expect_count && parser->minor_version > 0) {
        if (framing->expect_count > 1 || strcasecmp(field_value(parser, framing->expect), "100-continue") != 0)
            return http_parser_refuse(parser, 417, "expectation not supported");
        parser->expect_continue = parser->chunked || parser->content_length > 0;
    }
    parser->keep_alive = !framing->close && (parser->minor_version > 0 || framing->keep_alive);
    return true;
}

bool http_head_interpret(struct http_parser *parser)
{
    terminate_strings(parser);
    parser->method = method_of(head_at(parser, parser->method_name), parser->method_name_size);
    struct framing framing = {0};
    for (uint32_t i = 0; i < parser->field_count; i++)
        framing_note(parser, &framing, &parser->fields[i]);
    return interpret_target(parser) && interpret_host(parser, framing.host, framing.host_count)
        && interpret_framing(parser, &framing);
}
