/* Single exchanges over HTTP, for those who measure a way to a server or look into it: what each took, step by step. */
#pragma once
#include <mapihttp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mapihttp_options;
struct mapihttp_inquiry;

/* Milliseconds. What belongs to a new connection is 0 where a kept one was used. */
struct mapihttp_timing {
    bool connected_anew;
    double name_ms;      /* finding the address */
    double tcp_ms;
    double tls_ms;
    double challenge_ms; /* a first round without credentials, only to learn which log-on the server offers; its connection not included */
    double exchange_ms;  /* from sending to the whole answer, with all legs of the log-on; nothing of the above included */
    double total_ms;     /* all of it */
};

/* Valid during the callback of mapihttp_options. */
struct mapihttp_exchange {
    const char *request_type;   /* Connect, Execute, PING, ... */
    const char *url;
    const char *request_id;     /* X-RequestId: found in the server's logs */
    const char *remote_address; /* "" without a connection */
    uint16_t remote_port;
    const char *authentication; /* Basic, NTLM, Nego, Bearer, Anonymous */
    uint32_t http_status;       /* 0: no answer; then 'failure' says why */
    bool has_response_code;
    uint32_t response_code;     /* X-ResponseCode */
    int64_t server_ms;          /* X-ElapsedTime: what the server says it took; -1 where it does not */
    const char *failure;
    struct mapihttp_timing timing;
};

/* Plain questions (GET) over one connection that is kept between them. One thread at a time. */
struct mapihttp_answer {
    struct mapihttp_timing timing;
    char remote_address[64];
    uint16_t remote_port;
    uint32_t http_status;        /* 0: no answer */
    char authentication[16];     /* by which credentials were sent; 'Anonymous' for none */
    char offered[64];            /* log-ons that a 401 named: 'Negotiate NTLM Basic' */
    char server_application[128];
    char location[512];
    char content[512];           /* the beginning, as text; bytes that are no printable ASCII are '?' */
};

/* Uses of the options: credentials, ca_file, insecure, connect_to, resolve, client_application, time-outs, time_limit_ms (from
 * here on). The options need not outlive the call. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_inquiry_open(const struct mapihttp_options *options,
    struct mapihttp_inquiry **ret_inquiry, struct mapihttp_error *ret_error);
/* MAPIHTTP_OK for any answer, also a 401; *ret_answer says which. It is filled as far as things went on failure too (the
 * one exception to outputs that are untouched then): which time is not 0 says where it ended. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_inquiry_get(struct mapihttp_inquiry *inquiry, const char *url,
    bool with_credentials, struct mapihttp_answer *ret_answer, struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC void mapihttp_inquiry_close(struct mapihttp_inquiry *inquiry);

#ifdef __cplusplus
}
#endif
