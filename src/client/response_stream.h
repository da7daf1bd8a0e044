/* The inner response stream of MAPI/HTTP (MS-OXCMAPIHTTP 2.2.2.2, 2.2.7, 3.1.5.6): PROCESSING, PENDING ..., DONE, additional
 * headers, an empty line, the body. Reads what arrives piece by piece; where the pieces are cut means nothing (the chunked
 * coding is already undone). Owns its buffers. Used by one thread. */
#pragma once
#include "base/bytes.h"

#define RESPONSE_STREAM_LINE_SIZE_MAX 8192u
#define RESPONSE_STREAM_HEADER_COUNT_MAX 64u
#define RESPONSE_STREAM_PENDING_COUNT_MAX 1000000u
#define RESPONSE_STREAM_BODY_SIZE_MAX (16u << 20)
#define RESPONSE_STREAM_START_TIME_SIZE 64u

enum response_stream_phase {
    RESPONSE_STREAM_META_TAGS, /* before DONE */
    RESPONSE_STREAM_HEADERS,   /* after DONE */
    RESPONSE_STREAM_BODY,      /* after the empty line: an end of the bytes is the end of the answer */
    RESPONSE_STREAM_FAILED,    /* 'failure' says why; nothing more is read */
};

/* A zeroed one is ready. */
struct response_stream {
    enum response_stream_phase phase;
    bool processing;          /* the server acknowledged the request */
    uint32_t pending_count;
    bool has_response_code;   /* an additional X-ResponseCode, which overrides the first (2.2.3.3.3) */
    uint32_t response_code;
    bool has_elapsed_ms;
    uint64_t elapsed_ms;      /* X-ElapsedTime */
    char start_time[RESPONSE_STREAM_START_TIME_SIZE]; /* X-StartTime, "" when absent */
    uint32_t header_count;
    const char *failure;      /* static text */
    struct buffer line;       /* the line being read */
    struct buffer body;
};

/* False once the stream has failed. */
bool response_stream_feed(struct response_stream *stream, const void *data, size_t size);
/* Whether the bytes may end here: the body has begun, or nothing at all has come (a PING may be answered without any). */
bool response_stream_complete(const struct response_stream *stream);
/* Back to the zeroed state; frees the buffers. */
void response_stream_clear(struct response_stream *stream);
/* A decimal number of at most 'max', without sign or anything around it but blanks; false otherwise. Shared with the
 * outer headers. */
bool response_stream_parse_number(const char *text, uint64_t max, uint64_t *ret_number);
