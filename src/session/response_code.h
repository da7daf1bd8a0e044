/* The values of X-ResponseCode (MS-OXCMAPIHTTP 2.2.3.3.3); docs/response-codes.md says when each is sent. */
#pragma once
#include <stdint.h>

enum mapi_response_code {
    MAPI_RESPONSE_SUCCESS = 0,
    MAPI_RESPONSE_UNKNOWN_FAILURE = 1,
    MAPI_RESPONSE_INVALID_VERB = 2,
    MAPI_RESPONSE_INVALID_PATH = 3,
    MAPI_RESPONSE_INVALID_HEADER = 4,
    MAPI_RESPONSE_INVALID_REQUEST_TYPE = 5,
    MAPI_RESPONSE_INVALID_CONTEXT_COOKIE = 6,
    MAPI_RESPONSE_MISSING_HEADER = 7,
    MAPI_RESPONSE_ANONYMOUS_NOT_ALLOWED = 8, /* never sent: a request without authentication gets HTTP 401 */
    MAPI_RESPONSE_TOO_LARGE = 9,
    MAPI_RESPONSE_CONTEXT_NOT_FOUND = 10,
    MAPI_RESPONSE_NO_PRIVILEGE = 11,
    MAPI_RESPONSE_INVALID_REQUEST_BODY = 12,
    MAPI_RESPONSE_MISSING_COOKIE = 13,
    MAPI_RESPONSE_RESERVED = 14, /* never sent */
    MAPI_RESPONSE_INVALID_SEQUENCE = 15,
    MAPI_RESPONSE_ENDPOINT_DISABLED = 16,
    MAPI_RESPONSE_INVALID_RESPONSE = 17,
    MAPI_RESPONSE_ENDPOINT_SHUTTING_DOWN = 18,
};
#define MAPI_RESPONSE_CODE_MAX 18u

/* 'Context Not Found'; 'Unknown' above the last. */
const char *mapi_response_code_name(uint32_t code);
/* A sentence for the person who reads the diagnostics page. */
const char *mapi_response_code_meaning(uint32_t code);
