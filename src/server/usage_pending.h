/* What was used since the usage store was last written to: the rows of the next batch, by what they are about. An answered request adds
 * to its row; only a row's first request takes memory. The caller keeps the lock; the table is one thread's at a time.
 * docs/reports.md. */
#pragma once
#include "record/usage_store.h"
#include "server/observation.h"

#define USAGE_PENDING_MAX 4096u /* rows between two writings; what would be one more is lost, and counted as that */

struct usage_pending;

struct usage_pending_row {
    struct usage_pending_row *next, *next_in_slot;
    uint32_t hash, text_size;
    int32_t day;
    struct guid user;
    enum usage_protocol protocol;
    uint64_t requests, failures, sessions, first_seen, last_seen;
    char texts[]; /* the user's address, X-ClientApplication, User-Agent, authentication, address: each with its NUL */
};

struct usage_pending *usage_pending_new(void);
void usage_pending_free(struct usage_pending *pending);
/* Adds what the observation says, where usage counts such requests. False: there is no room or no memory for it. */
bool usage_pending_observe(struct usage_pending *pending, const struct observation *observation);
uint32_t usage_pending_count(const struct usage_pending *pending);
/* All rows, linked by 'next', which are the caller's from now on (free() each); the table is empty. */
struct usage_pending_row *usage_pending_take(struct usage_pending *pending);
/* Puts back what could not be written; returns how many requests were lost because there was no room. */
uint64_t usage_pending_return(struct usage_pending *pending, struct usage_pending_row *rows);
/* The row as the store takes it; 'ret_identity' and 'ret_version' hold what the entry points to, beside the row. */
struct usage_entry usage_pending_entry(const struct usage_pending_row *row, struct client_identity *ret_identity,
                                       char ret_version[CLIENT_VERSION_TEXT_SIZE]);
