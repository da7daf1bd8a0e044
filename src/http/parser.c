#include "http/parser.h"

#include <stdlib.h>
#include <string.h>

#include "http/character.h"

#define METHOD_SIZE_MAX 32u
#define CHUNK_DIGITS_MAX 16u
#define CHUNK_EXTENSIONS_SIZE_MAX 4096u
#define HEAD_SIZE_KEPT_MAX 4096u

enum state {
    AT_START,      /* before the request line; one empty line is passed over (RFC 9112 2.2) */
    AT_START_LF,
    AT_START_AGAIN,
    IN_METHOD,
    IN_TARGET,
    IN_VERSION,
    AT_REQUEST_LINE_LF,
    AT_FIELD,      /* at the beginning of a field line, or of the empty line */
    IN_FIELD_NAME,
    IN_FIELD_VALUE,
    AT_FIELD_LF,
    AT_HEAD_LF,
    AT_BODY,       /* the head is complete, the body has not begun */
    IN_BODY,
    AT_CHUNK_SIZE,
    IN_CHUNK_SIZE,
    IN_CHUNK_SPACE,
    IN_CHUNK_EXTENSION,
    AT_CHUNK_SIZE_LF,
    IN_CHUNK,
    AT_CHUNK_CR,
    AT_CHUNK_LF,
    AT_TRAILER,
    IN_TRAILER_NAME,
    IN_TRAILER_VALUE,
    AT_TRAILER_LF,
    AT_END_LF,
    AT_END,
    FAILED,
};

void http_parser_start(struct http_parser *parser, const struct http_parser_limits *limits)
{
    memset(parser, 0, sizeof *parser);
    parser->limits = *limits;
    parser->fields = parser->inline_fields;
    parser->field_capacity = HTTP_FIELDS_INLINE;
    parser->body_size_max = HTTP_BODY_SIZE_MAX;
}

void http_parser_restart(struct http_parser *parser)
{
    struct http_parser_limits limits = parser->limits;
    struct buffer head = parser->head;
    if (parser->fields != parser->inline_fields)
        free(parser->fields);
    if (head.capacity > HEAD_SIZE_KEPT_MAX)
        buffer_free(&head);
    buffer_clear(&head);
    http_parser_start(parser, &limits);
    parser->head = head;
}

void http_parser_free(struct http_parser *parser)
{
    http_parser_forget_head(parser);
    parser->state = FAILED;
}

void http_parser_forget_head(struct http_parser *parser)
{
    if (parser->fields != parser->inline_fields)
        free(parser->fields);
    parser->fields = parser->inline_fields;
    parser->field_count = 0;
    parser->field_capacity = HTTP_FIELDS_INLINE;
    buffer_free(&parser->head);
}

bool http_parser_begun(const struct http_parser *parser)
{
    return parser->state != AT_START;
}

bool http_parser_has_head(const struct http_parser *parser)
{
    return parser->state >= AT_BODY && parser->state != FAILED;
}

bool http_parser_refuse(struct http_parser *parser, uint16_t status, const char *text)
{
    parser->state = FAILED;
    parser->error_status = status;
    parser->error_text = text;
    return false;
}

/* --- the head --- */

/* A cursor over the bytes fed: 'base' is the offset in the head that the first of them gets. */
struct cursor {
    const uint8_t *data;
    size_t size;
    size_t position;
    size_t base;
};

static struct http_field *field_new(struct http_parser *parser)
{
    if (parser->field_count >= parser->limits.header_count_max) {
        http_parser_refuse(parser, 431, "too many header fields");
        return NULL;
    }
    if (parser->field_count == parser->field_capacity) {
        uint32_t capacity = parser->field_capacity * 2;
        bool allocated = parser->fields != parser->inline_fields;
        struct http_field *fields = realloc(allocated ? parser->fields : NULL, capacity * sizeof *fields);
        if (!fields) {
            http_parser_refuse(parser, 503, "out of memory");
            return NULL;
        }
        if (!allocated)
            memcpy(fields, parser->inline_fields, sizeof parser->inline_fields);
        parser->fields = fields;
        parser->field_capacity = capacity;
    }
    struct http_field *field = &parser->fields[parser->field_count++];
    *field = (struct http_field){0};
    return field;
}

/* Passes over octets of a class, but not beyond 'limit' octets after head offset 'from': false when there is an octet
 * more than that. */
static bool cursor_run(struct cursor *cursor, enum http_character_class class, size_t from, size_t limit)
{
    size_t end = cursor->size;
    bool limited = false;
    if (from + limit < cursor->base + end) {
        size_t last = from + limit;
        end = last > cursor->base ? last - cursor->base : 0;
        limited = true;
    }
    while (cursor->position < end && http_character_is(cursor->data[cursor->position], class))
        cursor->position++;
    return !(limited && cursor->position >= end);
}

static size_t cursor_offset(const struct cursor *cursor)
{
    return cursor->base + cursor->position;
}

static void request_line_step(struct http_parser *parser, struct cursor *cursor)
{
    switch (parser->state) {
    case IN_METHOD:
        if (!cursor_run(cursor, HTTP_CHARACTER_TOKEN, parser->method_name, METHOD_SIZE_MAX)) {
            http_parser_refuse(parser, 501, "method too long");
        } else if (cursor->position < cursor->size) {
            parser->method_name_size = (uint32_t)cursor_offset(cursor) - parser->method_name;
            if (cursor->data[cursor->position] != ' ' || parser->method_name_size == 0) {
                http_parser_refuse(parser, 400, "malformed method");
                return;
            }
            cursor->position++;
            parser->target = (uint32_t)cursor_offset(cursor);
            parser->state = IN_TARGET;
        }
        return;
    case IN_TARGET:
        if (!cursor_run(cursor, HTTP_CHARACTER_TARGET, parser->line_start, parser->limits.request_line_size_max)) {
            http_parser_refuse(parser, 414, "request target too long");
        } else if (cursor->position < cursor->size) {
            parser->target_size = (uint32_t)cursor_offset(cursor) - parser->target;
            if (cursor->data[cursor->position] != ' ' || parser->target_size == 0) {
                http_parser_refuse(parser, 400, "malformed request target");
                return;
            }
            cursor->position++;
            parser->fields_start = (uint32_t)cursor_offset(cursor); /* of the version, for the moment */
            parser->state = IN_VERSION;
        }
        return;
    default: { /* IN_VERSION: "HTTP/1.x" and CR, octet by octet */
        static const char form[] = "HTTP/d.d\r";
        size_t index = cursor_offset(cursor) - parser->fields_start;
        uint8_t octet = cursor->data[cursor->position];
        bool digit = octet >= '0' && octet <= '9';
        if (form[index] == 'd' ? !digit : octet != (uint8_t)form[index]) {
            http_parser_refuse(parser, 400, "malformed version");
        } else if (index == 5 && octet != '1') {
            http_parser_refuse(parser, 505, "HTTP version not supported");
        } else {
            cursor->position++;
            if (index == 7)
                parser->minor_version = octet == '0' ? 0 : 1;
            if (index == 8)
                parser->state = AT_REQUEST_LINE_LF;
        }
        return;
    }
    }
}

static void field_step(struct http_parser *parser, struct cursor *cursor)
{
    struct http_field *field = parser->field_count ? &parser->fields[parser->field_count - 1] : NULL;
    uint32_t limit = parser->limits.headers_size_max;
    switch (parser->state) {
    case AT_FIELD:
        if (cursor->data[cursor->position] == '\r') {
            cursor->position++;
            parser->state = AT_HEAD_LF;
        } else if (!http_character_is(cursor->data[cursor->position], HTTP_CHARACTER_TOKEN)) {
            /* also obs-fold: a line that begins with white space (RFC 9112 5.2) */
            http_parser_refuse(parser, 400, "malformed header field");
        } else if ((field = field_new(parser))) {
            field->name = (uint32_t)cursor_offset(cursor);
            parser->state = IN_FIELD_NAME;
        }
        return;
    case IN_FIELD_NAME:
        if (!cursor_run(cursor, HTTP_CHARACTER_TOKEN, parser->fields_start, limit)) {
            http_parser_refuse(parser, 431, "header fields too large");
        } else if (cursor->position < cursor->size) {
            if (cursor->data[cursor->position] != ':') {
                http_parser_refuse(parser, 400, "malformed header field name");
                return;
            }
            field->name_size = (uint32_t)cursor_offset(cursor) - field->name;
            cursor->position++;
            field->value = (uint32_t)cursor_offset(cursor);
            parser->state = IN_FIELD_VALUE;
        }
        return;
    default: /* IN_FIELD_VALUE */
        if (!cursor_run(cursor, HTTP_CHARACTER_VALUE, parser->fields_start, limit)) {
            http_parser_refuse(parser, 431, "header fields too large");
        } else if (cursor->position < cursor->size) {
            if (cursor->data[cursor->position] != '\r') {
                http_parser_refuse(parser, 400, "malformed header field value");
                return;
            }
            field->value_size = (uint32_t)cursor_offset(cursor) - field->value;
            cursor->position++;
            parser->state = AT_FIELD_LF;
        }
        return;
    }
}

/* One octet that must be LF. */
static void line_feed_step(struct http_parser *parser, struct cursor *cursor)
{
    if (cursor->data[cursor->position] != '\n') {
        http_parser_refuse(parser, 400, "CR without LF");
        return;
    }
    cursor->position++;
    switch (parser->state) {
    case AT_START_LF:
        parser->state = AT_START_AGAIN;
        return;
    case AT_REQUEST_LINE_LF:
        parser->fields_start = (uint32_t)cursor_offset(cursor);
        parser->state = AT_FIELD;
        return;
    case AT_FIELD_LF:
        parser->state = AT_FIELD;
        return;
    default: /* AT_HEAD_LF */
        parser->state = AT_BODY;
        return;
    }
}

static void head_step(struct http_parser *parser, struct cursor *cursor)
{
    switch (parser->state) {
    case AT_START:
        if (cursor->data[cursor->position] == '\r') {
            cursor->position++;
            parser->state = AT_START_LF;
            return;
        }
        /* fall through */
    case AT_START_AGAIN:
        parser->line_start = parser->method_name = (uint32_t)cursor_offset(cursor);
        parser->state = IN_METHOD;
        return;
    case AT_START_LF:
    case AT_REQUEST_LINE_LF:
    case AT_FIELD_LF:
    case AT_HEAD_LF:
        line_feed_step(parser, cursor);
        return;
    case IN_METHOD:
    case IN_TARGET:
    case IN_VERSION:
        request_line_step(parser, cursor);
        return;
    default:
        field_step(parser, cursor);
        return;
    }
}

static enum http_parse_event feed_head(struct http_parser *parser, struct bytes data, size_t *ret_used)
{
    struct cursor cursor = {data.data, data.size, 0, parser->head.size};
    while (cursor.position < cursor.size && parser->state < AT_BODY)
        head_step(parser, &cursor);
    *ret_used = cursor.position;
    if (parser->state == FAILED)
        return HTTP_PARSE_ERROR;
    if (!buffer_append(&parser->head, data.data, cursor.position)) {
        http_parser_refuse(parser, 503, "out of memory");
        return HTTP_PARSE_ERROR;
    }
    if (parser->state != AT_BODY)
        return HTTP_PARSE_MORE;
    return http_head_interpret(parser) ? HTTP_PARSE_HEAD : HTTP_PARSE_ERROR;
}

/* --- the body --- */

static void chunk_size_step(struct http_parser *parser, uint8_t octet)
{
    int digit = http_hex_digit(octet);
    if (digit >= 0) {
        if (++parser->chunk_digits > CHUNK_DIGITS_MAX) {
            http_parser_refuse(parser, 400, "chunk size too long");
            return;
        }
        parser->remaining = parser->remaining << 4 | (unsigned)digit; /* 16 digits fit */
        parser->state = IN_CHUNK_SIZE;
    } else if (parser->state == AT_CHUNK_SIZE) {
        http_parser_refuse(parser, 400, "malformed chunk size");
    } else if (octet == '\r') {
        parser->state = AT_CHUNK_SIZE_LF;
    } else if (octet == ';') {
        parser->state = IN_CHUNK_EXTENSION;
    } else if (octet == ' ' || octet == '\t') {
        parser->state = IN_CHUNK_SPACE; /* BWS, which only a ';' may follow (RFC 9112 7.1.1) */
    } else {
        http_parser_refuse(parser, 400, "malformed chunk size");
    }
}

static void chunk_extension_step(struct http_parser *parser, uint8_t octet)
{
    if (++parser->extension_size > CHUNK_EXTENSIONS_SIZE_MAX)
        http_parser_refuse(parser, 400, "chunk extensions too large");
    else if (parser->state == IN_CHUNK_SPACE) {
        if (octet == ';')
            parser->state = IN_CHUNK_EXTENSION;
        else if (octet != ' ' && octet != '\t')
            http_parser_refuse(parser, 400, "malformed chunk size");
    } else if (octet == '\r')
        parser->state = AT_CHUNK_SIZE_LF;
    else if (!http_character_is(octet, HTTP_CHARACTER_VALUE))
        http_parser_refuse(parser, 400, "malformed chunk extension");
}

static void chunk_begin(struct http_parser *parser)
{
    parser->chunk_digits = 0;
    if (parser->remaining == 0)
        parser->state = AT_TRAILER;
    else if (parser->remaining > parser->body_size_max - parser->body_size)
        http_parser_refuse(parser, 413, "request body too large");
    else
        parser->state = IN_CHUNK;
}

/* Trailer fields are checked like header fields and dropped. */
static void trailer_step(struct http_parser *parser, uint8_t octet)
{
    if (++parser->trailer_size > parser->limits.headers_size_max) {
        http_parser_refuse(parser, 431, "trailer fields too large");
        return;
    }
    switch (parser->state) {
    case AT_TRAILER:
        if (octet == '\r')
            parser->state = AT_END_LF;
        else if (!http_character_is(octet, HTTP_CHARACTER_TOKEN))
            http_parser_refuse(parser, 400, "malformed trailer field");
        else if (++parser->trailer_count > parser->limits.header_count_max)
            http_parser_refuse(parser, 431, "too many trailer fields");
        else
            parser->state = IN_TRAILER_NAME;
        return;
    case IN_TRAILER_NAME:
        if (octet == ':')
            parser->state = IN_TRAILER_VALUE;
        else if (!http_character_is(octet, HTTP_CHARACTER_TOKEN))
            http_parser_refuse(parser, 400, "malformed trailer field name");
        return;
    default: /* IN_TRAILER_VALUE */
        if (octet == '\r')
            parser->state = AT_TRAILER_LF;
        else if (!http_character_is(octet, HTTP_CHARACTER_VALUE))
            http_parser_refuse(parser, 400, "malformed trailer field value");
        return;
    }
}

static void chunked_step(struct http_parser *parser, uint8_t octet)
{
    switch (parser->state) {
    case AT_CHUNK_SIZE:
    case IN_CHUNK_SIZE:
        chunk_size_step(parser, octet);
        return;
    case IN_CHUNK_SPACE:
    case IN_CHUNK_EXTENSION:
        chunk_extension_step(parser, octet);
        return;
    case AT_CHUNK_CR:
        parser->state = AT_CHUNK_LF;
        if (octet != '\r')
            http_parser_refuse(parser, 400, "chunk longer than its size");
        return;
    case AT_TRAILER:
    case IN_TRAILER_NAME:
    case IN_TRAILER_VALUE:
        trailer_step(parser, octet);
        return;
    default:
        if (octet != '\n')
            http_parser_refuse(parser, 400, "CR without LF");
        else if (parser->state == AT_CHUNK_SIZE_LF)
            chunk_begin(parser);
        else if (parser->state == AT_CHUNK_LF)
            parser->state = AT_CHUNK_SIZE;
        else if (parser->state == AT_TRAILER_LF)
            parser->state = AT_TRAILER;
        else /* AT_END_LF */
            parser->state = AT_END;
        return;
    }
}

static enum http_parse_event body_piece(struct http_parser *parser, struct bytes data, size_t position, size_t *ret_used)
{
    size_t size = data.size - position;
    if (size > parser->remaining)
        size = (size_t)parser->remaining;
    parser->piece = bytes_of(data.data + position, size);
    parser->remaining -= size;
    parser->body_size += size;
    if (parser->remaining == 0)
        parser->state = parser->chunked ? AT_CHUNK_CR : AT_END;
    *ret_used = position + size;
    return HTTP_PARSE_BODY;
}

static enum http_parse_event feed_body(struct http_parser *parser, struct bytes data, size_t *ret_used)
{
    size_t position = 0;
    if (parser->state == AT_BODY) {
        parser->remaining = parser->chunked ? 0 : parser->content_length;
        parser->state = parser->chunked ? AT_CHUNK_SIZE : parser->remaining ? IN_BODY : AT_END;
    }
    while (position < data.size && parser->state < AT_END) {
        if (parser->state == IN_BODY || parser->state == IN_CHUNK)
            return body_piece(parser, data, position, ret_used);
        chunked_step(parser, data.data[position++]);
    }
    *ret_used = position;
    return parser->state == AT_END ? HTTP_PARSE_END : parser->state == FAILED ? HTTP_PARSE_ERROR : HTTP_PARSE_MORE;
}

enum http_parse_event http_parser_feed(struct http_parser *parser, struct bytes data, size_t *ret_used)
{
    *ret_used = 0;
    if (parser->state == FAILED)
        return HTTP_PARSE_ERROR;
    if (parser->state == AT_END)
        return HTTP_PARSE_END;
    return parser->state < AT_BODY ? feed_head(parser, data, ret_used) : feed_body(parser, data, ret_used);
}
