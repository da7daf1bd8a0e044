/* One way to prove who one is, as the authenticator sees it: NTLM (ntlm.h), Kerberos, bearer tokens, and Negotiate
 * (negotiate.h), which wraps the first two. A mechanism is made once and shared; what one client is in the midst of proving is a
 * state of its own, for one connection.
 *
 * Ownership: mechanisms are counted. Thread: 'step' and 'verify' of one state by one thread at a time, of different states at
 * the same time; they may block (blocking pool), unless 'blocks' says that this token needs no waiting. docs/authentication.md. */
#pragma once
#include <stdatomic.h>

#include "base/arena.h"
#include "directory/directory.h"

/* --- channel bindings (Extended Protection) --- */

/* What is asked of channel bindings: nothing; they must be right where the client sends some; they must be there. */
enum extended_protection { EXTENDED_PROTECTION_NONE, EXTENDED_PROTECTION_ALLOW, EXTENDED_PROTECTION_REQUIRE };

#define CHANNEL_BINDINGS_MAX 8u
#define CHANNEL_BINDING_HASH_SIZE_MAX 64u
/* The certificates that the client may have seen: our own, and those of a balancer that ends TLS in front of us. */
struct channel_bindings {
    enum extended_protection protection;
    uint32_t count;                             /* 0: none is known; with ALLOW nothing is checked then */
    struct bytes hashes[CHANNEL_BINDINGS_MAX];  /* of the certificate, RFC 5929 4.1 */
};
/* The application data of gss_channel_bindings: 'tls-server-end-point:' and the hash. Empty without memory. */
struct bytes channel_binding_application_data(struct arena *arena, struct bytes hash);

/* What is known of the client's bindings once it is accepted. UNCHECKED (nothing was asked, or they were wrong and nobody
 * minded) is good for endpoints that ask for nothing only. */
enum channel_binding_state { BINDING_UNCHECKED, BINDING_ABSENT, BINDING_RIGHT };

/* --- one leg --- */

struct mechanism_input {
    struct arena *arena;   /* for the output; lives until the answer is made */
    struct bytes token;    /* from the client; NTLM, Negotiate: decoded from base64; Bearer: the text */
    const struct channel_bindings *bindings;
    uint32_t methods;      /* DIRECTORY_METHOD_...: what may be used here; for Negotiate, which has the choice */
    uint64_t now_ms;       /* monotonic */
};

enum mechanism_result {
    MECHANISM_CONTINUE,    /* 'token' goes to the client, who answers on the same connection */
    MECHANISM_ACCEPTED,    /* 'user', or 'key' and 'name'; a 'token' goes with the answer */
    MECHANISM_FAILED,      /* 'cause', 'blame'; the state is of no further use */
    MECHANISM_UNAVAILABLE, /* it cannot be told now: directory, key table, key server; 'cause' */
};

/* What a failure says about its sender, for lock-outs. */
enum mechanism_blame {
    BLAME_NOBODY,  /* nobody was named: malformed, out of order */
    BLAME_ADDRESS, /* 'account' was tried, but no password: unbound, expired, not opted in; counted for the address, once for
                    * each account */
    BLAME_GUESS,   /* a password was tried for 'account', or it does not exist: counted for the account too */
};

#define MECHANISM_STAMP_SIZE 16u

struct mechanism_output {
    struct bytes token;        /* for the client; in the arena; empty for none */
    /* Who it claims to be, as sent: for the log and the lock-outs. Set it as soon as it is known, on failures too. */
    const char *account;
    const char *domain;        /* NULL or "": none */
    /* ACCEPTED: who it is; the authenticator looks up key and name where user is NULL, and asks whether the user may log on. */
    const struct directory_user *user;
    enum directory_key key;
    const char *name;
    enum channel_binding_state binding;
    uint64_t valid_ms;         /* the proof ends after so long (a ticket's, a token's end); 0: it does not */
    const char *method_name;   /* of the identity; NULL: the mechanism's */
    uint32_t method;           /* DIRECTORY_METHOD_... that was used; 0: the mechanism's */
    /* ACCEPTED: what must still be so once the directory has changed; see 'stands'. */
    uint8_t stamp[MECHANISM_STAMP_SIZE];
    struct mechanism *prover;  /* whose stamp it is; NULL: the mechanism's own */
    const char *cause;         /* for one log line, never for the client: a literal, or in input->arena */
    enum mechanism_blame blame;
};

struct mechanism {
    const struct mechanism_type *type;
    atomic_uint references;
};

struct mechanism_type {
    const char *name;          /* of the identity: 'NTLM', 'Kerberos', 'Bearer' */
    uint32_t method;           /* DIRECTORY_METHOD_... */
    /* For Negotiate: the mechanism types of SPNEGO it serves, the first one preferred: contents of a DER object identifier. */
    const struct bytes *object_ids;
    uint32_t object_id_count;
    /* A state for one log-on; NULL without memory. Left out by mechanisms of one leg without state (Bearer): 'step' then gets
     * NULL, and what it accepted is remembered by the header until it ends. */
    void *(*begin)(struct mechanism *mechanism);
    /* False: 'step' with this token, which begins a log-on, waits for nothing and may run on a loop. Left out: it may wait. */
    bool (*blocks)(struct mechanism *mechanism, struct bytes token);
    /* One leg. Outputs are in input->arena; *output is zeroed by the caller. A token that begins a log-on (again) makes the
     * state new: clients may start over at any time. */
    enum mechanism_result (*step)(struct mechanism *mechanism, void *state, const struct mechanism_input *input,
                                  struct mechanism_output *output);
    /* For SPNEGO's mechListMIC, after ACCEPTED: a message integrity code of ours, and the check of theirs. May be left out. */
    bool (*sign)(struct mechanism *mechanism, void *state, struct arena *arena, struct bytes message, struct bytes *ret_code);
    bool (*verify)(struct mechanism *mechanism, void *state, struct bytes message, struct bytes code);
    void (*end)(struct mechanism *mechanism, void *state); /* with begin; NULL state is none */
    /* The directory has changed: whether what gave this stamp would be accepted again (the password is the same). Blocks. May be
     * left out. */
    bool (*stands)(struct mechanism *mechanism, struct arena *arena, const struct directory_user *user,
                   const uint8_t stamp[MECHANISM_STAMP_SIZE]);
    /* The WWW-Authenticate value of a 401; left out: just the scheme's name. 'refused': the client came by this very scheme, and
     * was refused. False: nothing is offered now. */
    bool (*challenge)(struct mechanism *mechanism, bool refused, char *text, size_t size);
    /* Another number when what was accepted is to be checked again (a provider's keys have changed); cheap, any thread. For
     * those without 'begin'; may be left out. */
    uint64_t (*version)(struct mechanism *mechanism);
    void (*free)(struct mechanism *mechanism);
};

struct mechanism *mechanism_keep(struct mechanism *mechanism); /* NULL is allowed in both */
void mechanism_release(struct mechanism *mechanism);
