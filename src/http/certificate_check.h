/* What is wrong with a certificate, before clients find out: whether it covers the names they come by, its chain leads to an
 * authority that is trusted here, it is valid now and for a while, it belongs to its key, and key and signatures are strong
 * enough. Used at the start, on reload, by the readiness report, the health page and 'mapihttp cert check'. docs/certificates.md.
 *
 * Thread: any; reads files, so on no loop. Ownership: everything in a report lives in the arena. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/arena.h"

#define CERTIFICATE_WARNING_DAYS 30u /* before the end */

enum certificate_severity {
    CERTIFICATE_NOTICE,  /* worth knowing: nobody is kept out by it */
    CERTIFICATE_WARNING, /* some clients will complain, or will soon */
    CERTIFICATE_ERROR,   /* clients will not connect, or the server cannot use it */
};
/* 'Notice', 'Warning', 'Error'. */
extern const char *const certificate_severity_names[];

enum certificate_problem {
    CERTIFICATE_UNREADABLE,      /* the certificate's file; the report has nothing else */
    CERTIFICATE_KEY_UNREADABLE,
    CERTIFICATE_KEY_MISMATCH,    /* the key is another certificate's */
    CERTIFICATE_KEY_EXPOSED,     /* others than owner and group may read the key's file */
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_EXPIRES_SOON,
    CERTIFICATE_NAME_MISSING,    /* it does not cover a name that clients use */
    CERTIFICATE_WEAK_KEY,
    CERTIFICATE_WEAK_SIGNATURE,
    CERTIFICATE_WRONG_PURPOSE,   /* not for servers */
    CERTIFICATE_SELF_SIGNED,
    CERTIFICATE_CHAIN_INCOMPLETE, /* an intermediate certificate is not in the file */
    CERTIFICATE_CHAIN_UNTRUSTED,  /* or broken: 'text' says how */
    CERTIFICATE_PROBLEM_COUNT,
};
/* 'NameMissing', ... */
extern const char *const certificate_problem_names[CERTIFICATE_PROBLEM_COUNT];

struct certificate_finding {
    enum certificate_problem problem;
    enum certificate_severity severity;
    const char *name;   /* the host name it is about; NULL */
    const char *text;   /* what is wrong, a sentence without its full stop */
    const char *advice; /* what to do, the same */
};

/* A name that clients come by. */
struct certificate_use {
    const char *host;   /* 'mail.example.org' or an address, without port and brackets */
    const char *origin; /* where it is set: 'InternalUrl of mapi' */
    bool optional;      /* its lack is a warning only: autodiscover.<domain> may be a service record instead */
};

struct certificate_check {
    const char *certificate_path; /* PEM, with its chain */
    const char *key_path;         /* PEM, may be the same file; NULL: the key is not looked at */
    const char *authorities_path; /* PEM: who is trusted besides the system's authorities; NULL */
    size_t use_count;
    const struct certificate_use *uses;
    time_t now;                   /* 0: the time of day */
    unsigned warning_days;        /* 0: CERTIFICATE_WARNING_DAYS */
};

struct certificate_report {
    const char *subject, *issuer; /* RFC 2253; "" where there is no certificate */
    const char *serial;           /* hexadecimal */
    const char *thumbprint;       /* SHA-1 in hexadecimal, as Exchange shows it */
    const char *fingerprint;      /* SHA-256 */
    time_t not_before, not_after;
    long days_left;               /* whole days until not_after; negative: since */
    const char *key_kind;         /* 'RSA 2048', 'EC prime256v1' */
    const char *signature;        /* 'sha256WithRSAEncryption' */
    size_t chain_length;          /* certificates in the file */
    bool self_signed, trusted;    /* trusted: by this machine's authorities and authorities_path, at 'now' */
    size_t name_count;            /* of the subject's alternative names: hosts and addresses */
    const char *const *names;
    size_t finding_count;         /* worst first */
    const struct certificate_finding *findings;
};

/* False only without memory. */
bool certificate_check_run(const struct certificate_check *check, struct arena *arena, struct certificate_report *ret_report);
/* The worst severity; false where nothing was found. */
bool certificate_report_worst(const struct certificate_report *report, enum certificate_severity *ret_severity);
/* Whether a name of a certificate ('*.example.org', 'mail.example.org', an address) covers a host (RFC 6125 6.4: a wildcard stands
 * for the whole leftmost label, once, and never for an address). */
bool certificate_name_covers(const char *name, const char *host);
