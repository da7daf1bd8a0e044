/* How often somebody may ask: a bounded table of token buckets by key (a client's address, a user's id). A bucket holds one
 * minute's worth of requests. When the table is full the one longest unused is forgotten, so whoever comes from more than
 * 'entries_max' places at a time is not held back: the table protects against few who ask much. Any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RATE_LIMIT_KEY_SIZE_MAX 48u /* with its NUL; longer keys are cut */

struct rate_limit;

struct rate_limit *rate_limit_new(uint32_t entries_max); /* NULL without memory; entries are made when used */
void rate_limit_free(struct rate_limit *limit);
/* Takes one request from the key's bucket. False: there was none; *ret_wait_s says in how many seconds there is one.
 * 'per_minute' 0 is no limit. Without memory everybody may ask. */
bool rate_limit_take(struct rate_limit *limit, const char *key, uint32_t per_minute, uint64_t now_ms, uint32_t *ret_wait_s);
uint32_t rate_limit_entry_count(struct rate_limit *limit);
/* The key of a client's address: IPv4 whole, IPv6 its /64, since one machine has as many of those as it likes. */
void rate_limit_address_key(const char *peer, char ret_key[RATE_LIMIT_KEY_SIZE_MAX]);
