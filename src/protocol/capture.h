/* What people have in their hands when they ask for an explanation: a bare body, a response stream with its meta-tags
 * (MS-OXCMAPIHTTP 2.2.7), or a whole HTTP message; raw, or as a hex dump. Any thread. */
#pragma once
#include "base/arena.h"

enum capture_direction { CAPTURE_UNKNOWN, CAPTURE_REQUEST, CAPTURE_RESPONSE };

struct capture {
    enum capture_direction direction;
    char request_type[64];   /* X-RequestType of an HTTP message, or "" */
    struct bytes head;       /* HTTP header lines, or NONE */
    struct bytes meta;       /* meta-tags and additional headers, or NONE */
    struct bytes body;       /* borrowed from the input, or in the arena where chunks were joined */
    size_t body_offset;      /* in the input; 0 where chunks were joined */
    bool joined;             /* the body came in chunks */
};

/* The bytes of a hex dump: pairs of digits with white space between them; lines may begin with an offset ('00000010:' or
 * '00000010  ') and end with a column of characters. NONE (data NULL) where the text is not one. */
struct bytes capture_of_hex(struct arena *arena, struct bytes text);

/* False for an HTTP message whose chunks are malformed. */
bool capture_read(struct arena *arena, struct bytes input, struct capture *ret_capture) __attribute__((warn_unused_result));
