/* Autodiscover version 2: a GET without log-on that names where a protocol is served:
 *
 *     /autodiscover/autodiscover.json?Email=ada@example.org&Protocol=AutodiscoverV1
 *     /autodiscover/autodiscover.json/v1.0/ada@example.org?Protocol=AutodiscoverV1
 *
 * The answer is the same whether the address exists or not, unless [autodiscover] json_reveals_users is set. There is no
 * published specification; what Exchange and other servers are seen to answer is in docs/autodiscover.md. */
#pragma once
#include "server/services.h"

#define AUTODISCOVER_JSON_PATH "/autodiscover/autodiscover.json"
#define AUTODISCOVER_ADDRESS_SIZE_MAX 320u
#define AUTODISCOVER_PROTOCOL_SIZE_MAX 64u

enum autodiscover_json_result {
    AUTODISCOVER_JSON_ANSWER,        /* 200: the address of the POX service */
    AUTODISCOVER_JSON_NO_PROTOCOL,   /* 400 MandatoryParameterMissing */
    AUTODISCOVER_JSON_NO_ADDRESS,    /* 400 MandatoryParameterMissing */
    AUTODISCOVER_JSON_BAD_ADDRESS,   /* 400 InvalidUserId */
    AUTODISCOVER_JSON_BAD_PROTOCOL,  /* 400 InvalidProtocol: nobody's */
    AUTODISCOVER_JSON_NOT_SUPPORTED, /* 404 ProtocolNotSupported: Exchange's, but not here */
    AUTODISCOVER_JSON_NO_USER,       /* 404 UserNotFound: with json_reveals_users only */
    AUTODISCOVER_JSON_NO_PATH,       /* 404: not one of the two forms */
    AUTODISCOVER_JSON_UNAVAILABLE,   /* 503 */
};

/* What a decoded path and an undecoded query ask; 'ret_address' is filled with ANSWER only. */
enum autodiscover_json_result autodiscover_json_read(const char *path, const char *query,
                                                     char ret_address[AUTODISCOVER_ADDRESS_SIZE_MAX]);
/* The HTTP status, and the body in *body. 'url' is for ANSWER only. */
unsigned autodiscover_json_write(struct buffer *body, enum autodiscover_json_result result, const char *url);

/* argument: struct services. */
http_handler autodiscover_json_handle;
