/* The HTTP/1.1 request parser (RFC 9112), strict and incremental: a pure function of the bytes fed and the limits. However
 * the bytes are split over calls, events, results and the first error are the same. It does no input or output.
 *
 * It refuses what makes two parties see different messages: bare LF or CR, obs-fold, white space before the colon, NUL and
 * control characters, Content-Length with Transfer-Encoding, repeated Content-Length, codings other than one final chunked,
 * missing or repeated Host, bad chunk sizes. Used by one thread at a time; the parser owns the memory of the head. */
#pragma once
#include "base/bytes.h"
#include "base/limits.h"
#include "http/http.h"

struct http_parser_limits {
    uint32_t request_line_size_max;
    uint32_t headers_size_max; /* all field lines, and again all trailer lines */
    uint32_t header_count_max;
};
#define HTTP_PARSER_LIMITS_DEFAULT \
    ((struct http_parser_limits){HTTP_REQUEST_LINE_SIZE_MAX, HTTP_HEADERS_SIZE_MAX, HTTP_HEADER_COUNT_MAX})

enum http_parse_event {
    HTTP_PARSE_MORE,  /* everything was used, the request goes on */
    HTTP_PARSE_HEAD,  /* the head is complete: the results below are valid */
    HTTP_PARSE_BODY,  /* 'piece' is the next part of the body (within the bytes fed) */
    HTTP_PARSE_END,   /* the request is complete; what follows belongs to the next one */
    HTTP_PARSE_ERROR, /* refused with error_status; the connection cannot be used further */
};

/* A field line: offsets into 'head'. Name and value have a NUL behind. */
struct http_field {
    uint32_t name, name_size, value, value_size;
};

#define HTTP_FIELDS_INLINE 24u

struct http_parser {
    struct http_parser_limits limits;
    uint8_t state;
    uint8_t chunk_digits;
    uint32_t line_start;      /* where the current line of the head begins */
    uint32_t fields_start;
    uint32_t trailer_size;    /* bytes of trailers, respectively of chunk extensions, so far */
    uint32_t extension_size;
    uint32_t trailer_count;
    uint64_t remaining;       /* bytes of the body, or of the chunk */
    struct buffer head;       /* the lines as received, with NULs behind strings; decoded path and host at the end */
    struct http_field *fields; /* inline_fields or allocated */
    uint32_t field_count, field_capacity;
    struct http_field inline_fields[HTTP_FIELDS_INLINE];
    /* Results, from HTTP_PARSE_HEAD on: offsets into 'head' as above. */
    uint32_t method_name, method_name_size, target, target_size, path, query, host;
    enum http_method method;
    uint8_t minor_version;
    bool chunked, expect_continue, keep_alive;
    uint64_t content_length;
    /* The cap on a chunked body; the caller may change it after HTTP_PARSE_HEAD. Exceeding it is error 413. A
     * content_length over it is for the caller to refuse. */
    uint64_t body_size_max;
    uint64_t body_size; /* so far */
    struct bytes piece;
    uint16_t error_status;
    const char *error_text;
};

void http_parser_start(struct http_parser *parser, const struct http_parser_limits *limits);
/* Ready for another request, keeping memory for the head up to a modest size. */
void http_parser_restart(struct http_parser *parser);
void http_parser_free(struct http_parser *parser);
/* Takes bytes up to the next event; *ret_used tells how many. Call again with the rest. After END and ERROR nothing more is
 * taken. END may come with no bytes used. */
enum http_parse_event http_parser_feed(struct http_parser *parser, struct bytes data, size_t *ret_used);
/* Whether any byte of a request has been taken. */
bool http_parser_begun(const struct http_parser *parser);
/* Whether the head is complete. */
bool http_parser_has_head(const struct http_parser *parser);
/* Drops the memory of the head; results other than numbers are gone. */
void http_parser_forget_head(struct http_parser *parser);

/* head.c: reads the meaning out of the complete field lines (RFC 9112 3, 6, 7; RFC 9110 7.2, 10.1.1); part of the parser.
 * False with parser->error_status set. */
bool http_head_interpret(struct http_parser *parser);
bool http_parser_refuse(struct http_parser *parser, uint16_t status, const char *text); /* sets the error; false */
