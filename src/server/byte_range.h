/* Conditions and ranges of requests for files (RFC 9110 13 and 14): one range at most; several, and those of other units, are
 * answered with the whole. No state, any thread. */
#pragma once
#include <time.h>

#include "http/http.h"

struct byte_range_request {
    bool head;
    /* The fields' values; NULL where they are missing. */
    const char *range, *if_range, *if_match, *if_none_match, *if_modified_since, *if_unmodified_since;
};
struct byte_range_answer {
    unsigned status;       /* 200, 206, 304, 412, 416 */
    uint64_t offset, size; /* of the part to send, with 200 and 206 */
};

struct byte_range_request byte_range_request_of(const struct http_request *request);
/* 'tag': a strong entity tag with its quotes; 'size': of the whole. */
struct byte_range_answer byte_range_decide(const struct byte_range_request *request, const char *tag, time_t modified,
                                           uint64_t size);
/* 'Sun, 06 Nov 1994 08:49:37 GMT'; false for anything else. */
bool http_date_read(const char *text, time_t *ret_seconds);
