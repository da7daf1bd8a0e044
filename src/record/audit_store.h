/* The mailbox audit as it is kept: one SQLite file, <data>/audit.sqlite. Records are appended, each chained to the one before by
 * SHA-256, so that one that was changed or taken out shows (audit_verify); retention takes old ones out and says so in the chain.
 *
 * A thread of its own writes, in batches; whoever appends waits only where more than the queue holds is unwritten. A record that
 * cannot be written even so is counted and the loss written into the chain: never lost silently.
 *
 * Searching and verifying open the file for themselves: they need no store, no running server, and do not stop the writer.
 * Thread: everything may be called on any thread, what blocks on no loop. docs/audit.md. */
#pragma once
#include <stddef.h>

#include "session/audit.h"

struct audit_store;

enum audit_status {
    AUDIT_OK,
    AUDIT_NO_FILE,      /* nothing was ever written down */
    AUDIT_CORRUPT,      /* no audit file, or a damaged one */
    AUDIT_NEWER_FORMAT, /* written by a later version of this program */
    AUDIT_UNAVAILABLE,  /* disk, memory, rights */
};
const char *audit_status_text(enum audit_status status);

struct audit_settings {
    const char *path;          /* made (mode 0600) when the first record comes */
    uint32_t queue_size_max;   /* bytes unwritten; 0: AUDIT_QUEUE_DEFAULT_SIZE */
    uint32_t batch_delay_ms;   /* the writer waits so long for company; 0: AUDIT_BATCH_DEFAULT_MS */
    uint32_t append_wait_ms;   /* how long one who appends waits for room; 0: AUDIT_APPEND_WAIT_DEFAULT_MS */
    /* What the writer has to say, on its thread: 'failing' once when writing has begun to fail and once when it works again;
     * 'text' says what. May be NULL. */
    void (*tell)(void *user, bool failing, const char *text);
    /* The chain's end, to be noted elsewhere, so that a chain made anew shows (audit_verify): after the first record, then at most once
     * an hour, and when the store ends. On the writer's thread. May be NULL. */
    void (*end)(void *user, uint64_t number, const uint8_t *hash);
    /* How many seconds records of a mailbox are kept; NULL: AUDIT_AGE_DEFAULT_S for all. On the writer's thread, once a day. */
    uint32_t (*age_limit)(void *user, struct guid mailbox_user_id);
    void *user;
};
#define AUDIT_QUEUE_DEFAULT_SIZE (16u << 20)
#define AUDIT_BATCH_DEFAULT_MS 20u
#define AUDIT_APPEND_WAIT_DEFAULT_MS 5000u
#define AUDIT_FILE_NAME "audit.sqlite"
#define AUDIT_HASH_SIZE 32u

/* Starts the writer. The file is not touched before there is something to write or to take out. NULL without memory. */
struct audit_store *audit_store_new(const struct audit_settings *settings);
/* Writes what is queued, ends the writer, closes. */
void audit_store_free(struct audit_store *store);

/* Queues a record; everything is copied. False: there was no room for so long that it is lost (and counted). */
bool audit_store_append(struct audit_store *store, const struct audit_deed *deed, const struct audit_client *client);
/* Waits until all that was queued before is written; false where it could not be within 'wait_ms'. */
bool audit_store_flush(struct audit_store *store, uint32_t wait_ms);
/* Takes out what is older than its mailbox's limit at 'now' (FILETIME), at once; the writer does the same by itself each day. */
enum audit_status audit_store_retain(struct audit_store *store, uint64_t now, uint64_t *ret_removed);

struct audit_state {
    uint64_t queued;    /* records not written yet */
    uint64_t written;   /* since the start */
    uint64_t lost;      /* since the start */
    bool failing;
    char error[160];    /* why, "" */
};
struct audit_state audit_store_state(struct audit_store *store);

/* --- searching --- */

/* A record as it was written. Texts are borrowed for the call. */
struct audit_record {
    uint64_t number;    /* 1, 2, 3 ... in the order of the chain */
    struct audit_deed deed;
    struct audit_client client;
};

struct audit_query {
    uint32_t mailbox_count;             /* 0: all mailboxes */
    const struct guid *mailbox_guids;
    uint64_t time_from, time_until;     /* FILETIME, both included; 0: no bound */
    uint32_t operations;                /* AUDIT_BIT; 0: all */
    uint32_t logon_types;               /* 1 << enum audit_logon_type; 0: all */
    bool has_attachments;               /* only records about a message with attachments */
    uint32_t result_max;                /* 0: none */
};

/* Calls 'found' for each record that fits, the newest first, until it says false. */
enum audit_status audit_search(const char *path, const struct audit_query *query,
                               bool (*found)(void *context, const struct audit_record *record), void *context);

/* What Search-MailboxAuditLog shows without -ShowDetails: mailboxes with records that fit, and the time of the newest. */
struct audit_mailbox_access {
    struct audit_mailbox mailbox;
    uint64_t last_accessed;
    uint64_t record_count;
};
enum audit_status audit_search_mailboxes(const char *path, const struct audit_query *query,
                                         bool (*found)(void *context, const struct audit_mailbox_access *access), void *context);

/* --- verifying --- */

struct audit_verification {
    bool sound;
    uint64_t record_count;   /* records there and fitting (up to the bad one) */
    uint64_t removed_count;  /* taken out by retention */
    uint64_t lost_count;     /* that the chain itself says were lost, for want of room or by a stop that was not clean */
    uint64_t interruptions;  /* times the server ended without closing the file */
    uint64_t last_number;    /* of the chain's end, and its hash: keep them elsewhere and compare later */
    uint8_t last_hash[AUDIT_HASH_SIZE];
    uint64_t bad_number;     /* the first record that does not fit; 0 */
    char problem[160];       /* what is wrong with it, "" */
};
/* Reads the whole chain. 'known_number' and 'known_hash' (0 and NULL: nothing) are an end noted earlier, which must stand in the
 * chain as it was. Not sound is AUDIT_OK too: the verification says what. */
enum audit_status audit_verify(const char *path, uint64_t known_number, const uint8_t *known_hash,
                               struct audit_verification *ret_verification);
