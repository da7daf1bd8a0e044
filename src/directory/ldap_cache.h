/* Answers of lookups, found or not, for a while: bounded in number and bytes, the least recently used goes first. Any thread. */
#pragma once
#include "directory/ldap_record.h"

#define LDAP_CACHE_COUNT_MAX 8192u
#define LDAP_CACHE_SIZE_MAX (16u << 20)

struct ldap_cache;
/* 'hold_ms' 0: keeps nothing. NULL without memory. */
struct ldap_cache *ldap_cache_new(uint32_t hold_ms);
void ldap_cache_free(struct ldap_cache *cache);
enum ldap_cache_result { LDAP_CACHE_UNKNOWN, LDAP_CACHE_FOUND, LDAP_CACHE_ABSENT };
/* The record is copied into the arena. */
enum ldap_cache_result ldap_cache_get(struct ldap_cache *cache, const char *key, struct arena *arena,
                                      struct ldap_record *ret_record);
/* 'record' NULL: there is none. 'generation' as it was before the server was asked: what was asked before a clear is not kept. */
void ldap_cache_put(struct ldap_cache *cache, const char *key, const struct ldap_record *record, uint64_t generation);
uint64_t ldap_cache_generation(struct ldap_cache *cache);
void ldap_cache_clear(struct ldap_cache *cache);
/* For tests: how many answers and bytes it holds. */
void ldap_cache_extent(struct ldap_cache *cache, uint32_t *ret_count, size_t *ret_size);
