/* Who used which transport with which client, a row for each day (UTC), user, protocol, client, authentication and address:
 * <data>/usage.sqlite. The server writes it in batches (src/server/usage.c); reports read it, also while it is written and also
 * where no server runs. docs/reports.md.
 *
 * Thread: a store is used by one thread at a time; several may have the file open, one of them for writing.
 * Ownership: entries are copied; what a visitor is shown lives until it returns. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/guid.h"
#include "record/client_version.h"

struct usage_store;

enum usage_status { USAGE_OK, USAGE_NOT_FOUND, USAGE_CORRUPT, USAGE_UNAVAILABLE, USAGE_TOO_LARGE };
const char *usage_status_text(enum usage_status status);

enum usage_protocol {
    USAGE_MAPI_HTTP,           /* requests at /mapi/emsmdb and /mapi/nspi */
    USAGE_RPC_HTTP,            /* Outlook Anywhere */
    USAGE_AUTODISCOVER,        /* asked where its mailbox is, and can speak MAPI over HTTP */
    USAGE_AUTODISCOVER_LEGACY, /* asked without X-MapiHttpCapability: it will use RPC over HTTP or nothing */
};
#define USAGE_PROTOCOL_COUNT 4u
/* 'MAPI/HTTP', 'RPC/HTTP', 'Autodiscover', 'Autodiscover (legacy)'. */
extern const char *const usage_protocol_names[USAGE_PROTOCOL_COUNT];

#define USAGE_USER_SIZE_MAX 320u     /* bytes of an address; longer ones are cut */
#define USAGE_TEXT_SIZE_MAX 64u      /* of the other texts */
#define USAGE_ROWS_PER_USER_DAY 200u /* beyond it only protocol, product and authentication are told apart */

/* What a batch adds to one row. Strings "" where not known. */
struct usage_entry {
    int32_t day;                /* since 1970-01-01, UTC */
    struct guid user;           /* id of the directory; all zero where nobody had logged on */
    const char *user_address;   /* primary SMTP address at that time */
    enum usage_protocol protocol;
    const char *software;       /* of struct client_identity */
    const char *version;        /* '16.0.17928.20114' */
    enum client_class class;
    const char *authentication; /* 'NTLM' */
    const char *address;        /* the client's */
    uint64_t requests, failures, sessions; /* sessions: contexts begun (Connect) */
    uint64_t first_seen, last_seen; /* FILETIME */
};

int32_t usage_day_of(uint64_t filetime);
/* '2026-11-22'. */
#define USAGE_DAY_TEXT_SIZE 16u
void usage_day_format(int32_t day, char text[USAGE_DAY_TEXT_SIZE]);

/* Writing makes the file where it is absent (mode 0600). Reading: NOT_FOUND where there is none. */
enum usage_status usage_store_open(const char *path, bool write, struct usage_store **ret_store);
void usage_store_close(struct usage_store *store);
/* All of them or none. */
enum usage_status usage_store_add(struct usage_store *store, const struct usage_entry *entries, uint32_t count);
/* Removes the days before, and what only they named. */
enum usage_status usage_store_prune(struct usage_store *store, int32_t day);

/* The user who last had this address when something was recorded, in the directory or not any more; NOT_FOUND. */
enum usage_status usage_store_find_user(struct usage_store *store, const char *address, struct guid *ret_user);

/* What a report adds up over. */
#define USAGE_BY_DAY 1u
#define USAGE_BY_USER 2u
#define USAGE_BY_PROTOCOL 4u
#define USAGE_BY_CLASS 8u
#define USAGE_BY_CLIENT 16u /* software and version; class too */
#define USAGE_BY_SOFTWARE 32u /* without version and class */
#define USAGE_BY_AUTHENTICATION 64u
#define USAGE_BY_ADDRESS 128u

#define USAGE_GROUPS_MAX 500000u /* rows of an answer, and users in them, for one day where it is by day */

struct usage_question {
    int32_t first_day, last_day; /* both belong to it */
    unsigned by;                 /* USAGE_BY_... */
    const struct guid *user;     /* of this user only; NULL */
    unsigned protocols;          /* mask of 1 << enum usage_protocol; 0: all */
    bool newest_first;           /* by day: the last day first */
};

/* One row of the answer: what it is not added up over stays as it is told in the question or empty. */
struct usage_row {
    struct usage_entry entry; /* day: the last one seen, unless BY_DAY */
    uint32_t users;           /* different ones */
};

/* Adds up and shows the rows: in order of the days by day, else the busiest first. False of 'visit' ends it. TOO_LARGE: more than
 * USAGE_GROUPS_MAX; ask for less. */
enum usage_status usage_store_report(struct usage_store *store, const struct usage_question *question,
                                     bool (*visit)(void *state, const struct usage_row *row), void *state);
