/* Counts failed log-ons by a key (an account or an address) and says when it is locked. Not thread-safe: the authenticator
 * holds its lock. Memory is bounded: at the cap the entry with the oldest failure makes room. */
#pragma once
#include "base/bytes.h"

#define FAILURE_ENTRIES_MAX 4096u
#define FAILURE_KEY_SIZE_MAX 96u

struct failure_table;

struct failure_limits {
    uint32_t count_max; /* 0: nothing is ever locked */
    uint32_t window_ms;
    uint32_t lock_ms;
};

struct failure_table *failure_table_new(void);
void failure_table_free(struct failure_table *table);
bool failure_table_locked(const struct failure_table *table, const char *key, uint64_t now_ms);
/* Whether this very secret failed for the key within the last 'period_ms': it needs no second look. */
bool failure_table_failed_lately(const struct failure_table *table, const char *key, const uint8_t secret[16],
                                 uint32_t period_ms, uint64_t now_ms);
/* One more failure; true if that has locked the key. The same secret again (a device with an old password) counts once:
 * 'secret' is a keyed hash of it. */
bool failure_table_count(struct failure_table *table, const char *key, const uint8_t secret[16],
                         const struct failure_limits *limits, uint64_t now_ms);
/* No secret has failed lately any more: passwords may have changed. Counts and locks stay. */
void failure_table_forget_secrets(struct failure_table *table);
/* A success forgets what went before, but for a lock. */
void failure_table_forget(struct failure_table *table, const char *key, uint64_t now_ms);
