/* What went wrong, in a form to act on (status, code) and in words that name the host, the request and the code. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAPIHTTP_PUBLIC __attribute__((visibility("default")))
#define MAPIHTTP_MUST_USE __attribute__((warn_unused_result))

#ifdef __cplusplus
extern "C" {
#endif

/* The value of 'code' beside each. */
enum mapihttp_status {
    MAPIHTTP_OK = 0,
    MAPIHTTP_INVALID_ARGUMENT, /* 0 */
    MAPIHTTP_NO_MEMORY,        /* 0 */
    MAPIHTTP_NOT_FOUND,        /* 0, or the MAPI error code: no such folder, message, property */
    MAPIHTTP_AUTODISCOVER,     /* the Autodiscover error code (500 to 603), or 0 */
    MAPIHTTP_NETWORK,          /* the number that libcurl gives the failure: no address, no connection, cut, timed out */
    MAPIHTTP_TLS,              /* the same: certificate or handshake */
    MAPIHTTP_AUTHENTICATION,   /* 401 or 403: the server does not accept user and password */
    MAPIHTTP_HTTP,             /* another HTTP status than 200 */
    MAPIHTTP_TRANSPORT,        /* X-ResponseCode (MS-OXCMAPIHTTP 2.2.3.3.3) */
    MAPIHTTP_SERVER,           /* the MAPI error code of the operation (MS-OXCDATA 2.4) */
    MAPIHTTP_PROTOCOL,         /* 0: the answer does not follow the protocol */
    MAPIHTTP_CANCELLED,        /* 0: mapihttp_session_cancel(), or a callback asked to stop */
    MAPIHTTP_UNCERTAIN,        /* 0: the answer was lost for good; whether the server did the work could not be found out */
    MAPIHTTP_DISABLED,         /* 0: MAPI over HTTP is switched off in this client (MapiHttpDisabled) */
};

struct mapihttp_error {
    enum mapihttp_status status;
    uint32_t code;
    char text[500]; /* one line without a full stop, in UTF-8 */
};

/* 'NOT_FOUND' and the like, for programs' own lines. */
MAPIHTTP_PUBLIC const char *mapihttp_status_name(enum mapihttp_status status);
/* The specification's name of a MAPI error code ('NotFound' for 0x8004010F), or NULL. */
MAPIHTTP_PUBLIC const char *mapihttp_error_code_name(uint32_t code);

#ifdef __cplusplus
}
#endif
