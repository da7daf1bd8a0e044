/* One HTTP conversation with one endpoint, by libcurl: a request goes out, its answer comes back or what became of it is
 * told in the terms in which MS-OXCMAPIHTTP 3.1.7 asks: was the request sent whole, was the answer read whole. Nothing is
 * sent twice here, except where HTTP authentication asks for it; libcurl's own silent repetition of a request on a fresh
 * connection is prevented.
 *
 * A transport keeps its connection for the next request. Used by one thread at a time, except transport_wake(). */
#pragma once
#include "base/bytes.h"
#include "client/response_stream.h"
#include <mapihttp/exchange.h>
#include <mapihttp/session.h>
#include <stdatomic.h>

/* How to reach and prove oneself to servers. Owned by the session, shared by its transports, read only. */
struct transport_settings {
    char *user;
    char *password;
    char *bearer_token;
    enum mapihttp_authentication authentication;
    char *ca_file;
    char *connect_to;
    char **resolve;             /* NULL at the end; NULL for none */
    char *client_application;
    bool insecure;
    uint32_t connect_timeout_ms;
    uint32_t response_timeout_ms;
    uint64_t deadline_ms;       /* monotonic time at which everything ends (time_limit_ms); 0: none */
    void (*trace)(void *trace_data, const char *line);
    void *trace_data;
    void (*exchange)(void *exchange_data, const struct mapihttp_exchange *exchange);
    void *exchange_data;
};

bool transport_settings_copy(const struct mapihttp_options *options, struct transport_settings *ret_settings);
void transport_settings_clear(struct transport_settings *settings);
void transport_trace(const struct transport_settings *settings, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct transport;

#define TRANSPORT_SET_COOKIE_COUNT_MAX 32u
#define TRANSPORT_DIAGNOSTICS_SIZE_MAX 4096u
#define TRANSPORT_HEADER_TEXT_SIZE 128u
#define TRANSPORT_OUT_OF_TIME 28u /* the code of MAPIHTTP_NETWORK for a time-out, as libcurl numbers it */

enum transport_outcome {
    TRANSPORT_ANSWERED,    /* an HTTP answer was read whole; http_status and the rest say what it is */
    TRANSPORT_NOT_SENT,    /* no connection, or it broke before the request was handed over whole (3.1.7.1) */
    TRANSPORT_ANSWER_LOST, /* sent whole, but no whole answer came (3.1.7.2) */
    TRANSPORT_REFUSED,     /* trying again will not help: certificate, credentials, malformed URL, no memory */
    TRANSPORT_CANCELLED,
};

/* Prepared by the caller; borrowed during the call. */
struct transport_request {
    const char *method;       /* POST or GET */
    const char *url;
    const char *const *headers; /* whole lines, NULL at the end */
    struct bytes body;
    bool response_stream;     /* read a 200 of type application/mapi-http as MAPI/HTTP's inner stream */
    bool without_credentials; /* never authenticate (an Autodiscover redirect asked over http) */
    uint32_t silence_max_ms;  /* 0: by the settings */
    uint64_t deadline_ms;     /* monotonic time at which to give up as TRANSPORT_CANCELLED; 0: none */
    /* With to_file, the content of a 200 or 206 goes to its place in this file, which must not become larger than that. */
    bool to_file;
    int content_fd;
    uint64_t content_size_max;
};

/* Zeroed, then filled by client_transport_send; cleared by the caller. */
struct transport_response {
    long http_status;
    bool has_response_code;
    uint32_t response_code;        /* X-ResponseCode, the additional one where there was one */
    uint32_t pending_period_ms;    /* 0: not told, like the next */
    uint32_t expiration_ms;
    bool mapi_content;             /* Content-Type: application/mapi-http */
    bool header_complete;
    bool resend_supported;         /* docs/resend.md */
    char server_application[TRANSPORT_HEADER_TEXT_SIZE];
    char request_id[TRANSPORT_HEADER_TEXT_SIZE]; /* as echoed */
    char location[2048];
    char offered[64];              /* schemes that a 401 named: 'Negotiate NTLM Basic' */
    struct response_stream stream; /* with response_stream and mapi_content */
    struct buffer content;         /* any other body; capped */
    uint64_t content_position;     /* with to_file: behind the last byte written */
    uint64_t range_start;          /* of a 206: of its Content-Range */
    char entity_tag[TRANSPORT_HEADER_TEXT_SIZE]; /* "" for none, or one too long */
    char *set_cookies[TRANSPORT_SET_COOKIE_COUNT_MAX];
    uint32_t set_cookie_count;
    double elapsed_ms;
    struct mapihttp_timing timing;
    char remote_address[64];
    uint16_t remote_port;
    /* On any outcome but ANSWERED: */
    int failure_code;              /* libcurl's */
    enum mapihttp_status failure_status;
    char failure[600];
};

void transport_response_clear(struct transport_response *response);

struct transport_figures {
    uint32_t connection_count;
    bool connected;              /* after the last request the connection was left open */
    bool encrypted;
    uint16_t port;
    char host[256];
    char local_address[64];
    const char *authentication;  /* Basic, NTLM, Nego, Bearer, Anonymous */
    uint64_t request_count;
    uint64_t failure_count;
    uint64_t answer_count;
    double response_ms_sum;
    double processing_ms_sum;
    uint64_t processing_count;
};

/* 'cancelled' (may be NULL) is looked at while waiting: at once after transport_wake(), else within a second. */
struct transport *transport_new(const struct transport_settings *settings, const atomic_bool *cancelled);
void transport_free(struct transport *transport);
enum transport_outcome client_transport_send(struct transport *transport, const struct transport_request *request,
                                      struct transport_response *ret_response);
/* The next request makes a new connection. */
void transport_drop_connection(struct transport *transport);
/* From any thread: look at 'cancelled' now. */
void transport_wake(struct transport *transport);
void transport_count_processing(struct transport *transport, uint64_t elapsed_ms);
const struct transport_figures *transport_figures(const struct transport *transport);
/* Whether the environment says MapiHttpDisabled, and the error for it. */
bool transport_disabled_by_environment(void);
enum mapihttp_status transport_disabled(struct mapihttp_error *ret_error);
/* Whether the deadline of the settings has passed. */
bool transport_out_of_time(const struct transport_settings *settings);
/* Where 'resolve' sends connections to a name: NULL where it says nothing, "" where the name does not exist. */
const char *transport_resolve(const struct transport_settings *settings, const char *name);
/* host of a URL ("" for a malformed one), and whether connections to it stay on this machine. */
void transport_url_host(const char *url, char ret_host[256]);
bool transport_host_is_local(const char *host);
