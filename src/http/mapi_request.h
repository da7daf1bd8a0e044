/* What a MAPI/HTTP request says in its headers (MS-OXCMAPIHTTP 2.2.2.1, 2.2.3), read and checked before anything looks at
 * its body. No state, any thread. */
#pragma once
#include "http/http.h"
#include "protocol/body_definition.h"
#include "session/session.h"

#define MAPI_CONTENT_TYPE "application/mapi-http"
#define MAPI_HEADER_VALUE_SIZE_MAX 256u /* of X-RequestId, X-ClientInfo and the like */

enum mapi_request_type {
    MAPI_REQUEST_UNKNOWN,
    MAPI_REQUEST_PING,
    MAPI_REQUEST_CONNECT,
    MAPI_REQUEST_EXECUTE,
    MAPI_REQUEST_DISCONNECT,
    MAPI_REQUEST_NOTIFICATION_WAIT,
    MAPI_REQUEST_BIND,
    MAPI_REQUEST_UNBIND,
    MAPI_REQUEST_ADDRESS_BOOK, /* every other of its endpoint; see definition */
};

/* Strings are the http_request's, or "". */
struct mapi_request {
    enum session_endpoint endpoint;
    enum mapi_request_type type;
    const struct body_definition *definition; /* NULL for PING */
    const char *type_name;                    /* X-RequestType */
    const char *request_id;
    const char *client_info;
    const char *client_application;
    const char *user_agent;
    bool resend_marked;                       /* docs/resend.md */
    unsigned fault;                           /* X-MapiHttp-Fault: tests of a server that allows it */
    struct session_cookies cookies;
};

/* Reads the headers into *ret_request, which is filled as far as it goes in any case, so that answers can repeat what was
 * there. SUCCESS, MISSING_HEADER, INVALID_HEADER or INVALID_REQUEST_TYPE; then *ret_header names the header. */
enum mapi_response_code mapi_request_read(const struct http_request *request, enum session_endpoint endpoint,
                                          struct mapi_request *ret_request, const char **ret_header);

/* The same in steps, for headers from elsewhere: start with a zeroed one, take each, conclude. */
struct mapi_request_fields {
    const char *value[10]; /* of the headers of this protocol, by their rows in mapi_request.c */
    const char *twice;    /* one that stood twice with different values, or NULL */
    struct session_cookies cookies;
};
void mapi_request_take(struct mapi_request_fields *fields, struct http_header header);
enum mapi_response_code mapi_request_conclude(const struct mapi_request_fields *fields, enum session_endpoint endpoint,
                                              struct mapi_request *ret_request, const char **ret_header);

/* '{GUID}:n' or 'GUID:n' (2.2.3.3.2). */
bool mapi_request_id_allowed(const char *request_id);
/* Whether a header's value may be sent back: printable ASCII of at most MAPI_HEADER_VALUE_SIZE_MAX bytes. */
bool mapi_header_value_allowed(const char *value);
/* 'application/mapi-http', any case, perhaps with parameters. */
bool mapi_content_type_allowed(const char *content_type);
