#include "directory/ldap_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"

#define BUCKET_COUNT 4096u

struct answer {
    struct answer *bucket_next;
    struct answer *older, *newer;
    struct arena arena; /* of the key and the record */
    const char *key;
    uint32_t hash;
    bool found;
    uint64_t until_ms;
    struct ldap_record record;
};

struct ldap_cache {
    pthread_mutex_t lock;
    uint32_t hold_ms;
    uint64_t generation;
    struct answer *buckets[BUCKET_COUNT];
    struct answer *oldest, *newest;
    uint32_t count;
    size_t size;
};

struct ldap_cache *ldap_cache_new(uint32_t hold_ms)
{
    struct ldap_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    pthread_mutex_init(&cache->lock, NULL);
    cache->hold_ms = hold_ms;
    return cache;
}

static uint32_t hash_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key; key++)
        hash = (hash ^ (uint8_t)*key) * 16777619u;
    return hash;
}

static size_t extent(const struct answer *answer)
{
    return sizeof *answer + answer->arena.size;
}

static void unlink_use(struct ldap_cache *cache, struct answer *answer)
{
    *(answer->older ? &answer->older->newer : &cache->oldest) = answer->newer;
    *(answer->newer ? &answer->newer->older : &cache->newest) = answer->older;
}

static void link_newest(struct ldap_cache *cache, struct answer *answer)
{
    answer->older = cache->newest;
    answer->newer = NULL;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = answer;
    cache->newest = answer;
}

static void forget(struct ldap_cache *cache, struct answer *answer)
{
    struct answer **place = &cache->buckets[answer->hash % BUCKET_COUNT];
    while (*place != answer)
        place = &(*place)->bucket_next;
    *place = answer->bucket_next;
    unlink_use(cache, answer);
    cache->count--;
    cache->size -= extent(answer);
    arena_free(&answer->arena);
    free(answer);
}

static void forget_all(struct ldap_cache *cache)
{
    while (cache->oldest)
        forget(cache, cache->oldest);
}

void ldap_cache_free(struct ldap_cache *cache)
{
    if (!cache)
        return;
    forget_all(cache);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static struct answer *look(struct ldap_cache *cache, const char *key, uint32_t hash)
{
    struct answer *answer = cache->buckets[hash % BUCKET_COUNT];
    while (answer && (answer->hash != hash || strcmp(answer->key, key) != 0))
        answer = answer->bucket_next;
    return answer;
}

enum ldap_cache_result ldap_cache_get(struct ldap_cache *cache, const char *key, struct arena *arena,
                                      struct ldap_record *ret_record)
{
    enum ldap_cache_result result = LDAP_CACHE_UNKNOWN;
    uint32_t hash = hash_of(key);
    pthread_mutex_lock(&cache->lock);
    struct answer *answer = look(cache, key, hash);
    if (answer && answer->until_ms <= monotonic_ms()) {
        forget(cache, answer);
        answer = NULL;
    }
    if (answer) {
        unlink_use(cache, answer);
        link_newest(cache, answer);
        if (!answer->found)
            result = LDAP_CACHE_ABSENT;
        else if (ldap_record_copy(arena, &answer->record, ret_record))
            result = LDAP_CACHE_FOUND;
    }
    pthread_mutex_unlock(&cache->lock);
    return result;
}

static struct answer *answer_new(const char *key, const struct ldap_record *record)
{
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        return NULL;
    answer->arena.first_size = 1024;
    answer->key = arena_string(&answer->arena, key);
    answer->hash = hash_of(key);
    answer->found = record != NULL;
    if (!answer->key || (record && !ldap_record_copy(&answer->arena, record, &answer->record))) {
        arena_free(&answer->arena);
        free(answer);
        return NULL;
    }
    return answer;
}

void ldap_cache_put(struct ldap_cache *cache, const char *key, const struct ldap_record *record, uint64_t generation)
{
    struct answer *answer = cache->hold_ms ? answer_new(key, record) : NULL;
    if (!answer)
        return; /* the server is asked again then */
    pthread_mutex_lock(&cache->lock);
    struct answer *old = look(cache, key, answer->hash);
    if (old)
        forget(cache, old);
    answer->until_ms = monotonic_ms() + (generation == cache->generation ? cache->hold_ms : 0);
    answer->bucket_next = cache->buckets[answer->hash % BUCKET_COUNT];
    cache->buckets[answer->hash % BUCKET_COUNT] = answer;
    link_newest(cache, answer);
    cache->count++;
    cache->size += extent(answer);
    while (cache->oldest && (cache->count > LDAP_CACHE_COUNT_MAX || cache->size > LDAP_CACHE_SIZE_MAX))
        forget(cache, cache->oldest);
    pthread_mutex_unlock(&cache->lock);
}

uint64_t ldap_cache_generation(struct ldap_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    uint64_t generation = cache->generation;
    pthread_mutex_unlock(&cache->lock);
    return generation;
}

void ldap_cache_clear(struct ldap_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    forget_all(cache);
    cache->generation++;
    pthread_mutex_unlock(&cache->lock);
}

void ldap_cache_extent(struct ldap_cache *cache, uint32_t *ret_count, size_t *ret_size)
{
    pthread_mutex_lock(&cache->lock);
    *ret_count = cache->count;
    *ret_size = cache->size;
    pthread_mutex_unlock(&cache->lock);
}
