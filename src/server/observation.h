/* One answered request, told once to everybody who counts or writes down: session statistics, the CSV logs, metrics, usage. Filled by
 * whoever answers (mapi_exchange.c, authentication.c, autodiscover.c, page.c), on the loop of the exchange, when the answer is
 * known; the consumers copy what they keep and neither block nor log. Strings are borrowed for the call, never NULL. */
#pragma once
#include "server/services.h"

enum observation_endpoint {
    OBSERVATION_MAILBOX,      /* /mapi/emsmdb */
    OBSERVATION_ADDRESS_BOOK, /* /mapi/nspi */
    OBSERVATION_AUTODISCOVER,
    OBSERVATION_OAB,
    OBSERVATION_ADMIN,
};

#define OBSERVATION_ROPS_MAX 32u

struct observation {
    enum observation_endpoint endpoint;
    uint64_t time;               /* FILETIME of the arrival */
    uint32_t duration_us;        /* from the whole request to the answer given to the connection */
    uint32_t processing_us;      /* of that: on the strand */
    unsigned http_status;
    unsigned response_code;      /* X-ResponseCode; 0 also where there is none */
    uint32_t error_code;         /* ErrorCode or StatusCode of the body; 0 */
    const char *error_text;      /* detail of a refusal */
    const char *method;          /* GET, POST */
    const char *request_type;    /* X-RequestType, "" */
    const char *request_id;      /* X-RequestId: the one id that goes through all logs */
    const char *client_info;     /* X-ClientInfo */
    const char *client_application; /* X-ClientApplication */
    const char *user_agent;
    const char *peer;            /* the client's address */
    const char *path;
    bool tls;
    const char *authentication;  /* Basic, NTLM, Negotiate, Kerberos, Bearer; "" for none */
    const struct directory_user *user; /* who asks; NULL where nobody has logged on */
    const char *account;         /* what was typed where the log-on failed */
    struct session_context *context;   /* NULL without one; counted by a ticket for the call */
    bool resent;                 /* answered from the record */
    uint64_t request_size, response_size;
    unsigned rop_count;
    uint8_t rops[OBSERVATION_ROPS_MAX]; /* ids in order, of Execute */
    uint32_t rop_error;          /* first ReturnValue that is an error */
    uint8_t rop_failed;          /* its ROP */
};

void observe(struct services *services, const struct observation *observation);
