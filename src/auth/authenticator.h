/* From a request's Authorization header, and what its connection has proved before, to an identity: Basic, NTLM, Negotiate
 * (Kerberos, or NTLM inside) and Bearer behind the same two calls.
 *
 * A request is first checked on its loop (authenticator_check: remembered passwords, connections that have logged on, first
 * legs: microseconds); only when that says VERIFY does the caller go to the blocking pool and call authenticator_verify there.
 *
 * Thread: everything may be called on any thread, authenticator_verify on no loop. Ownership: identities and connections are
 * counted; release what you were given. docs/authentication.md. */
#pragma once
#include "auth/mechanism.h"

struct authenticator;

struct authenticator_settings {
    uint32_t methods;                /* DIRECTORY_METHOD_...: offered at all; KERBEROS stands for the scheme Negotiate */
    bool basic_over_plain;           /* Basic also without TLS: tests, or a proxy that ends TLS on the same machine */
    bool others_over_plain;          /* the same for NTLM, Negotiate and Bearer */
    bool persist;                    /* NTLM and Negotiate: who has logged on on a connection need not do so again on it */
    const char *realm;               /* without quotes and controls; lives as long as the authenticator */
    uint32_t remember_ms;            /* at most AUTHENTICATION_REMEMBER_MAX_MS; 0: verify every request */
    uint32_t remembered_max;         /* passwords */
    uint32_t handshake_ms;           /* from the challenge to the response, at most; 0: AUTHENTICATION_HANDSHAKE_DEFAULT_MS */
    uint32_t handshakes_max;         /* half-finished at a time, the oldest makes room; 0: AUTHENTICATION_HANDSHAKES_DEFAULT */
    uint32_t failure_delay_ms;       /* after its arrival a failed log-on is answered not earlier */
    uint32_t failures_per_account;   /* within the window before the account is locked; 0: never */
    uint32_t failures_per_address;
    uint32_t failure_window_ms;
    uint32_t lock_ms;
    /* Certificates of a balancer that ends TLS in front of us; live as long as they are set. */
    uint32_t balancer_count;
    struct bytes balancer_hashes[CHANNEL_BINDINGS_MAX - 1];
};
#define AUTHENTICATION_REMEMBER_MAX_MS 60000u
#define AUTHENTICATION_HANDSHAKE_DEFAULT_MS 60000u
#define AUTHENTICATION_HANDSHAKES_DEFAULT 4096u

/* The schemes of the Authorization header, in the order in which a 401 offers them. */
enum authentication_scheme { SCHEME_NEGOTIATE, SCHEME_NTLM, SCHEME_BASIC, SCHEME_BEARER, SCHEME_COUNT };

/* Who is asking. Immutable, shared. */
struct identity;
const struct directory_user *identity_user(const struct identity *identity);
const char *identity_method(const struct identity *identity); /* 'Basic', 'NTLM', 'Negotiate', 'Kerberos' or 'Bearer' */
struct identity *identity_reference(struct identity *identity);
void identity_release(struct identity *identity);

/* What is known of one connection: a log-on under way, who has logged on. One request of a connection at a time. Counted: the
 * connection holds one, a request that is being verified another. */
struct authentication_connection;
struct authentication_connection *authentication_connection_new(struct authenticator *authenticator);
struct authentication_connection *authentication_connection_reference(struct authentication_connection *connection);
void authentication_connection_release(struct authentication_connection *connection);

/* What an endpoint asks for. */
struct authentication_policy {
    enum directory_protocol protocol; /* a user's authentication policy may block methods for it */
    uint32_t methods; /* DIRECTORY_METHOD_...: allowed here, of those offered at all */
    bool ntlm_inside; /* as in IIS: where Negotiate is allowed, so is NTLM inside of it, if NTLM is offered at all */
    enum extended_protection protection;
};

struct authentication_request {
    struct bytes authorization; /* the header's value; data NULL without the header */
    const char *peer;           /* address without port */
    bool tls;
    struct bytes channel_binding; /* for Extended Protection: hash of our certificate; empty without TLS */
    struct authentication_policy policy;
    struct authentication_connection *connection; /* NULL where none is kept: no NTLM, no Negotiate */
    struct arena *arena;          /* for the outcome's texts */
};

enum authentication_result {
    AUTHENTICATION_ACCEPTED,  /* an identity */
    AUTHENTICATION_MISSING,   /* 401 at once: nothing was offered yet */
    AUTHENTICATION_CONTINUE,  /* 401 at once with 'answer' as its only WWW-Authenticate: the client's next leg is awaited */
    AUTHENTICATION_VERIFY,    /* go to the blocking pool */
    AUTHENTICATION_FAILED,    /* 401, not before authenticator_answer_at; 'cause' for the log */
    AUTHENTICATION_NEEDS_TLS, /* 403: no scheme is offered on a plain connection */
    AUTHENTICATION_UNAVAILABLE, /* 503: the directory (key table, ...) cannot be asked */
};

#define AUTHENTICATION_ACCOUNT_SIZE 96u
struct authentication_outcome {
    enum authentication_result result;
    struct identity *identity; /* ACCEPTED only; the caller's */
    const char *answer;        /* a WWW-Authenticate value to send: CONTINUE always, ACCEPTED perhaps; in the request's arena */
    const char *cause;         /* FAILED, UNAVAILABLE: a literal for one log line, never for the client */
    const char *method;        /* what was tried, for the log line */
    bool locked_now;           /* FAILED: this failure has locked the account or address */
    char account[AUTHENTICATION_ACCOUNT_SIZE]; /* FAILED: as it was typed, controls replaced; '?' where it is not known */
};

struct authenticator *authenticator_new(const struct authenticator_settings *settings, struct directory *directory);
void authenticator_configure(struct authenticator *authenticator, const struct authenticator_settings *settings);
/* Whose tokens the scheme brings: SCHEME_NTLM, SCHEME_NEGOTIATE or SCHEME_BEARER; NULL: nobody's any more. Takes the reference.
 * Any time: log-ons under way end with the mechanism they began with. */
void authenticator_set_mechanism(struct authenticator *authenticator, enum authentication_scheme scheme,
                                 struct mechanism *mechanism);
/* After the last connection. */
void authenticator_free(struct authenticator *authenticator);

/* Whether this Authorization value needs the state of its connection, which is to be made first. */
bool authenticator_needs_connection(struct bytes authorization);
/* Any but UNAVAILABLE. */
struct authentication_outcome authenticator_check(struct authenticator *authenticator,
                                                  const struct authentication_request *request, uint64_t now_ms);
/* ACCEPTED, MISSING, CONTINUE, FAILED or UNAVAILABLE. Blocks. */
struct authentication_outcome authenticator_verify(struct authenticator *authenticator,
                                                   const struct authentication_request *request, uint64_t now_ms);
/* When a request that arrived at 'arrived_ms' may be told that it failed. */
uint64_t authenticator_answer_at(struct authenticator *authenticator, uint64_t arrived_ms);
/* Copies the WWW-Authenticate value number 'index' of a 401 (Negotiate, NTLM, Basic, Bearer); false beyond the last. 'refused':
 * what the request brought was refused (FAILED), which Bearer says. */
#define AUTHENTICATION_CHALLENGE_SIZE 1024u
bool authenticator_challenge(struct authenticator *authenticator, const struct authentication_request *request, bool refused,
                             unsigned index, char text[AUTHENTICATION_CHALLENGE_SIZE]);
