/* From a request's Authorization header to an identity. Basic today; NTLM, Negotiate and Bearer find their place as further
 * schemes behind the same two calls.
 *
 * A request is first checked on its loop (authenticator_check: remembered passwords, a microsecond); only when that says
 * VERIFY does the caller go to the blocking pool and call authenticator_verify there (about 30 ms of hashing).
 *
 * Thread: everything may be called on any thread, authenticator_verify on no loop. Ownership: identities are counted; release
 * what you were given. docs/authentication.md. */
#pragma once
#include "base/bytes.h"
#include "directory/directory.h"

struct authenticator;

struct authenticator_settings {
    bool basic;                      /* offer Basic at all */
    bool basic_over_plain;           /* also without TLS: tests, or a proxy that ends TLS on the same machine */
    const char *realm;               /* without quotes and controls; lives as long as the authenticator */
    uint32_t remember_ms;            /* at most AUTHENTICATION_REMEMBER_MAX_MS; 0: verify every request */
    uint32_t remembered_max;         /* passwords */
    uint32_t failure_delay_ms;       /* after its arrival a failed log-on is answered not earlier */
    uint32_t failures_per_account;   /* within the window before the account is locked; 0: never */
    uint32_t failures_per_address;
    uint32_t failure_window_ms;
    uint32_t lock_ms;
};
#define AUTHENTICATION_REMEMBER_MAX_MS 60000u

/* Who is asking. Immutable, shared. */
struct identity;
const struct directory_user *identity_user(const struct identity *identity);
const char *identity_method(const struct identity *identity); /* 'Basic' */
struct identity *identity_reference(struct identity *identity);
void identity_release(struct identity *identity);

struct authentication_request {
    struct bytes authorization; /* the header's value; data NULL without the header */
    const char *peer;           /* address without port */
    bool tls;
    struct bytes channel_binding; /* for Extended Protection; empty without TLS */
};

enum authentication_result {
    AUTHENTICATION_ACCEPTED,  /* an identity */
    AUTHENTICATION_MISSING,   /* 401 at once: nothing was offered yet */
    AUTHENTICATION_VERIFY,    /* go to the blocking pool */
    AUTHENTICATION_FAILED,    /* 401, not before authenticator_settings.failure_delay_ms have passed; 'cause' for the log */
    AUTHENTICATION_NEEDS_TLS, /* 403: no scheme is offered on a plain connection */
    AUTHENTICATION_UNAVAILABLE, /* 503: the directory cannot be asked */
};

struct authentication_outcome {
    enum authentication_result result;
    struct identity *identity; /* ACCEPTED only; the caller's */
    const char *cause;         /* FAILED: a literal for one log line, never for the client */
    bool locked_now;           /* FAILED: this failure has locked the account or address */
};

struct authenticator *authenticator_new(const struct authenticator_settings *settings, struct directory *directory);
void authenticator_configure(struct authenticator *authenticator, const struct authenticator_settings *settings);
void authenticator_free(struct authenticator *authenticator);

/* MISSING, ACCEPTED, VERIFY, NEEDS_TLS or FAILED (a header that is no credential). */
struct authentication_outcome authenticator_check(struct authenticator *authenticator,
                                                  const struct authentication_request *request, uint64_t now_ms);
/* ACCEPTED, FAILED or UNAVAILABLE. Blocks. */
struct authentication_outcome authenticator_verify(struct authenticator *authenticator,
                                                   const struct authentication_request *request, uint64_t now_ms);
/* When a request that arrived at 'arrived_ms' may be told that it failed. */
uint64_t authenticator_answer_at(struct authenticator *authenticator, uint64_t arrived_ms);
/* Copies the WWW-Authenticate value number 'index' of a 401; false beyond the last. 'tls' as of the connection. */
#define AUTHENTICATION_CHALLENGE_SIZE 160u
bool authenticator_challenge(struct authenticator *authenticator, bool tls, unsigned index,
                             char text[AUTHENTICATION_CHALLENGE_SIZE]);
/* The account as it was typed, for the log line: at most 'size' bytes, controls replaced. */
void authenticator_typed_account(const struct authentication_request *request, char *text, size_t size);
