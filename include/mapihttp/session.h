/* A session: one mailbox at one server, over as many TCP connections as the network allows. Broken connections, sleep and a
 * change of network are the session's matter: the next call goes on with the same session context, or with a new one where
 * the server has none any more, and an operation whose answer was lost is carried out exactly once (docs/client.md). */
#pragma once
#include <mapihttp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mapihttp_session;
struct mapihttp_property_name;
struct mapihttp_autodiscover_step;
struct mapihttp_exchange;

enum mapihttp_authentication {
    MAPIHTTP_AUTHENTICATION_AUTOMATIC, /* the strongest that the server offers; a bearer token where one is given */
    MAPIHTTP_AUTHENTICATION_BASIC,     /* refused without TLS, except to this machine */
    MAPIHTTP_AUTHENTICATION_NTLM,
    MAPIHTTP_AUTHENTICATION_NEGOTIATE, /* Kerberos by the user's ticket, or NTLM */
    MAPIHTTP_AUTHENTICATION_BEARER,
};

/* Prepare with mapihttp_options_initialize(), then set what is needed. The strings are copied by mapihttp_session_open(). */
struct mapihttp_options {
    const char *address;  /* the mailbox: user@domain; required */
    const char *user;     /* who logs on, where that is not the address */
    const char *password;
    const char *bearer_token;
    enum mapihttp_authentication authentication;
    const char *server;   /* host or host:port that Autodiscover asks first and alone; NULL: found by the address */
    const char *url;      /* the mailbox endpoint (https://host/mapi/emsmdb/...): no Autodiscover */
    const char *user_dn;  /* with url: the mailbox's distinguished name; NULL: asked of Autodiscover at the url's host */
    const char *ca_file;  /* PEM certificates to trust instead of the system's */
    const char *connect_to; /* host:port at which every connection is really made (a test server, a tunnel) */
    /* 'name=host:port' each, NULL at the end: where connections to a name are really made, and by '_autodiscover._tcp.domain='
     * what DNS would answer; '*=' says that no other name exists. For tests; NULL for none. */
    const char *const *resolve;
    /* Hosts to which Autodiscover may lead although the address does not; NULL at the end, or for none. */
    const char *const *allowed_redirects;
    /* Asked about another such host, with the URL that was found and where: whether credentials may go there. NULL: they may
     * not (docs/autodiscover.md, the client's side). */
    bool (*consent)(void *consent_data, const char *host, const char *url, const char *found_at);
    void *consent_data;
    /* Called after each step of Autodiscover; NULL for none. */
    void (*discovery_step)(void *discovery_data, const struct mapihttp_autodiscover_step *step);
    void *discovery_data;
    bool discover_all;                 /* go on after the first settings, to see what the other ways give */
    bool discover_without_credentials; /* log on nowhere */
    const char *client_application; /* X-ClientApplication; NULL: a recent Outlook's form */
    bool insecure;        /* accept any certificate: for tests only */
    bool resend;          /* use the server's resend extension where it is advertised (docs/resend.md); default true */
    bool keep_alive;      /* a thread PINGs before the context expires; default true */
    uint32_t connect_timeout_ms;  /* default 20,000 */
    uint32_t response_timeout_ms; /* silence after which a connection counts as lost; default 60,000, and never less than
                                     three of the server's X-PendingPeriod */
    uint32_t attempts_max;        /* of one request, with growing pauses between them; default 6 */
    uint32_t retry_pause_ms;      /* the first pause; doubles up to 10 s; default 250 */
    uint32_t time_limit_ms;       /* for all that is done with these options, from the opening on; then calls end with
                                     MAPIHTTP_NETWORK; default 0: none */
    /* Outlook's registry value of that name: this client does without MAPI over HTTP. As nothing else is spoken here, opening
     * ends with MAPIHTTP_DISABLED, and Autodiscover is asked without X-MapiHttpCapability. The default is what the
     * environment variable MapiHttpDisabled says (unset, empty or 0: false). */
    bool mapi_http_disabled;
    /* Called after each exchange with an endpoint (exchange.h); NULL: none. */
    void (*exchange)(void *exchange_data, const struct mapihttp_exchange *exchange);
    void *exchange_data;
    void (*trace)(void *trace_data, const char *line); /* one line a request and a retry; NULL: none */
    void *trace_data;
};

MAPIHTTP_PUBLIC void mapihttp_options_initialize(struct mapihttp_options *options);

/* Finds the server, connects and logs on. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_session_open(const struct mapihttp_options *options,
    struct mapihttp_session **ret_session, struct mapihttp_error *ret_error);
/* Disconnects (an unreachable server is let be) and frees; NULL is fine. */
MAPIHTTP_PUBLIC void mapihttp_session_close(struct mapihttp_session *session);
/* From any thread or signal handler: the running and all later calls end with MAPIHTTP_CANCELLED. */
MAPIHTTP_PUBLIC void mapihttp_session_cancel(struct mapihttp_session *session);
/* Asks the server for a sign of life (PING) and by that keeps the context. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_session_ping(struct mapihttp_session *session,
    struct mapihttp_error *ret_error);
/* Drops the TCP connections, as a sleeping machine or a changed network would: the next call makes new ones. */
MAPIHTTP_PUBLIC void mapihttp_session_drop_connections(struct mapihttp_session *session);

/* What Outlook's Connection Status dialog shows, one row for each connection of the session (mailbox, notifications). */
struct mapihttp_connection {
    uint32_t cid;               /* number of the connection within this program */
    const char *smtp_address;
    const char *display_name;   /* from Connect */
    const char *proxy_server;   /* "" without */
    const char *server_name;    /* the host of the endpoint */
    const char *status;         /* Established, Connecting, Disconnected */
    const char *protocol;       /* HTTP */
    const char *authentication; /* Basic, NTLM, Nego, Bearer, Anonymous */
    bool encrypted;
    uint16_t port;
    const char *type;           /* Exchange Mail, Exchange Notification */
    uint64_t request_count;
    uint64_t failure_count;
    double response_ms_average;  /* from sending to the whole answer */
    double processing_ms_average; /* what the server says it took (X-ElapsedTime) */
    const char *session_type;   /* Foreground, Background */
    const char *interface;      /* local address */
    uint32_t connection_count;  /* TCP connections made so far */
    bool notifications;
    const char *version;        /* X-ServerApplication */
};

struct mapihttp_session_state {
    const char *url;
    const char *user_dn;
    uint32_t expiration_ms;     /* X-ExpirationInfo of the last answer */
    uint32_t pending_period_ms; /* X-PendingPeriod of the last answer that had it */
    bool resend_supported;      /* the server advertises the resend extension */
    uint64_t context_count;     /* session contexts made (Connect) */
    uint64_t logon_count;       /* RopLogon answered */
    uint64_t resend_count;      /* requests sent again with the resend mark */
    uint64_t repeat_count;      /* requests sent again because they had not been sent whole */
    uint64_t reconnect_count;   /* Connect with old cookies */
    size_t connection_count;
    const struct mapihttp_connection *connections;
};

/* Valid until the next call of this function on the session, or its end. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE const struct mapihttp_session_state *mapihttp_session_state(struct mapihttp_session *session);

/* The id of a named property in this mailbox (to be put into a tag); asks the server once for each name. 'create' makes one
 * where the mailbox does not know the name; else MAPIHTTP_NOT_FOUND. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_property_id(struct mapihttp_session *session,
    const struct mapihttp_property_name *name, bool create, uint16_t *ret_id, struct mapihttp_error *ret_error);
/* The name of an id 0x8000 or above; valid as long as the session. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_property_name_of(struct mapihttp_session *session,
    uint16_t id, struct mapihttp_property_name *ret_name, struct mapihttp_error *ret_error);

#ifdef __cplusplus
}
#endif
