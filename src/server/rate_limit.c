#include "server/rate_limit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_COUNT 512u
#define MINUTE_MS 60000u

struct entry {
    struct entry *bucket_next;
    struct entry *older, *newer; /* by last use */
    char key[RATE_LIMIT_KEY_SIZE_MAX];
    uint64_t used;       /* of per_minute times MINUTE_MS; a request costs MINUTE_MS */
    uint64_t updated_ms;
};

struct rate_limit {
    pthread_mutex_t lock;
    uint32_t entries_max, entry_count;
    struct entry *buckets[BUCKET_COUNT];
    struct entry *oldest, *newest;
};

struct rate_limit *rate_limit_new(uint32_t entries_max)
{
    struct rate_limit *limit = calloc(1, sizeof *limit);
    if (!limit)
        return NULL;
    pthread_mutex_init(&limit->lock, NULL);
    limit->entries_max = entries_max ? entries_max : 1;
    return limit;
}

void rate_limit_free(struct rate_limit *limit)
{
    if (!limit)
        return;
    for (struct entry *entry = limit->oldest, *next; entry; entry = next) {
        next = entry->newer;
        free(entry);
    }
    pthread_mutex_destroy(&limit->lock);
    free(limit);
}

/* FNV-1a; keys that collide on purpose make a chain of at most entries_max. */
static struct entry **bucket_of(struct rate_limit *limit, const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key; key++)
        hash = (hash ^ (uint8_t)*key) * 16777619u;
    return &limit->buckets[hash % BUCKET_COUNT];
}

static void unlink_age(struct rate_limit *limit, struct entry *entry)
{
    *(entry->older ? &entry->older->newer : &limit->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &limit->newest) = entry->older;
}

static void link_newest(struct rate_limit *limit, struct entry *entry)
{
    entry->older = limit->newest;
    entry->newer = NULL;
    *(limit->newest ? &limit->newest->newer : &limit->oldest) = entry;
    limit->newest = entry;
}

static void forget_oldest(struct rate_limit *limit)
{
    struct entry *entry = limit->oldest;
    struct entry **place = bucket_of(limit, entry->key);
    while (*place != entry)
        place = &(*place)->bucket_next;
    *place = entry->bucket_next;
    unlink_age(limit, entry);
    limit->entry_count--;
    free(entry);
}

static struct entry *entry_of(struct rate_limit *limit, const char *key, uint64_t now_ms)
{
    struct entry **bucket = bucket_of(limit, key);
    for (struct entry *entry = *bucket; entry; entry = entry->bucket_next)
        if (strcmp(entry->key, key) == 0) {
            unlink_age(limit, entry);
            link_newest(limit, entry);
            return entry;
        }
    if (limit->entry_count == limit->entries_max)
        forget_oldest(limit);
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    strcpy(entry->key, key);
    entry->updated_ms = now_ms;
    entry->bucket_next = *bucket;
    *bucket = entry;
    link_newest(limit, entry);
    limit->entry_count++;
    return entry;
}

bool rate_limit_take(struct rate_limit *limit, const char *key, uint32_t per_minute, uint64_t now_ms, uint32_t *ret_wait_s)
{
    char cut_key[RATE_LIMIT_KEY_SIZE_MAX];
    if (per_minute == 0)
        return true;
    snprintf(cut_key, sizeof cut_key, "%s", key);
    uint64_t minute = (uint64_t)MINUTE_MS * per_minute; /* in units of which a request costs MINUTE_MS */
    bool given = true;
    pthread_mutex_lock(&limit->lock);
    struct entry *entry = entry_of(limit, cut_key, now_ms);
    if (entry) {
        uint64_t passed = now_ms > entry->updated_ms ? now_ms - entry->updated_ms : 0;
        uint64_t regained = passed >= MINUTE_MS ? minute : passed * per_minute;
        entry->used = entry->used > regained ? entry->used - regained : 0;
        entry->updated_ms = now_ms;
        given = entry->used + MINUTE_MS <= minute;
        if (given)
            entry->used += MINUTE_MS;
        else
            *ret_wait_s = (uint32_t)((entry->used + MINUTE_MS - minute) / per_minute / 1000 + 1);
    }
    pthread_mutex_unlock(&limit->lock);
    return given;
}

uint32_t rate_limit_entry_count(struct rate_limit *limit)
{
    pthread_mutex_lock(&limit->lock);
    uint32_t count = limit->entry_count;
    pthread_mutex_unlock(&limit->lock);
    return count;
}

void rate_limit_address_key(const char *peer, char ret_key[RATE_LIMIT_KEY_SIZE_MAX])
{
    struct in6_addr address;
    char network[INET6_ADDRSTRLEN];
    snprintf(ret_key, RATE_LIMIT_KEY_SIZE_MAX, "%s", peer);
    if (!strchr(peer, ':') || inet_pton(AF_INET6, peer, &address) != 1)
        return;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
        inet_ntop(AF_INET, address.s6_addr + 12, network, sizeof network);
        snprintf(ret_key, RATE_LIMIT_KEY_SIZE_MAX, "%s", network);
        return;
    }
    memset(address.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &address, network, sizeof network);
    snprintf(ret_key, RATE_LIMIT_KEY_SIZE_MAX, "%.43s/64", network);
}
