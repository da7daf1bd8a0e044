#include "auth/remembered.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_COUNT 4096u

struct remembered {
    struct remembered *bucket_next;
    struct remembered *older, *newer;
    uint8_t key[REMEMBERED_KEY_SIZE];
    uint64_t directory_version;
    uint64_t until_ms;
    struct identity *identity;
};

struct remembered_table {
    struct remembered *buckets[BUCKET_COUNT];
    struct remembered *oldest, *newest;
    uint32_t count;
};

struct remembered_table *remembered_new(void)
{
    return calloc(1, sizeof(struct remembered_table));
}

static struct remembered **bucket_of(struct remembered_table *table, const uint8_t key[REMEMBERED_KEY_SIZE])
{
    return &table->buckets[load_u32(key) % BUCKET_COUNT]; /* a keyed hash: nobody chooses buckets */
}

static void forget(struct remembered_table *table, struct remembered *entry)
{
    struct remembered **place = bucket_of(table, entry->key);
    while (*place != entry)
        place = &(*place)->bucket_next;
    *place = entry->bucket_next;
    *(entry->older ? &entry->older->newer : &table->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &table->newest) = entry->older;
    table->count--;
    identity_release(entry->identity);
    free(entry);
}

void remembered_free(struct remembered_table *table)
{
    if (!table)
        return;
    while (table->oldest)
        forget(table, table->oldest);
    free(table);
}

struct identity *remembered_find(struct remembered_table *table, const uint8_t key[REMEMBERED_KEY_SIZE], uint64_t version,
                                 uint64_t now_ms)
{
    struct remembered *entry = *bucket_of(table, key);
    while (entry && memcmp(entry->key, key, REMEMBERED_KEY_SIZE) != 0) /* keyed hashes: timing tells nothing */
        entry = entry->bucket_next;
    if (!entry)
        return NULL;
    if (now_ms >= entry->until_ms || entry->directory_version != version) {
        forget(table, entry);
        return NULL;
    }
    return identity_reference(entry->identity);
}

void remembered_add(struct remembered_table *table, const uint8_t key[REMEMBERED_KEY_SIZE], uint64_t version,
                    struct identity *identity, uint64_t until_ms, uint64_t now_ms, uint32_t count_max)
{
    struct identity *twice = remembered_find(table, key, version, now_ms); /* two connections verified the same at once */
    if (twice) {
        identity_release(twice);
        return;
    }
    struct remembered *entry = until_ms > now_ms && count_max ? calloc(1, sizeof *entry) : NULL;
    if (!entry)
        return;
    while (table->oldest && (table->count >= count_max || now_ms >= table->oldest->until_ms))
        forget(table, table->oldest);
    memcpy(entry->key, key, REMEMBERED_KEY_SIZE);
    entry->directory_version = version;
    entry->until_ms = until_ms;
    entry->identity = identity_reference(identity);
    struct remembered **place = bucket_of(table, key);
    entry->bucket_next = *place;
    *place = entry;
    entry->older = table->newest;
    *(table->newest ? &table->newest->newer : &table->oldest) = entry;
    table->newest = entry;
    table->count++;
}

void remembered_forget_account(struct remembered_table *table, const char *account)
{
    for (struct remembered *entry = table->oldest, *next; entry; entry = next) {
        next = entry->newer;
        if (strcmp(identity_user(entry->identity)->account, account) == 0)
            forget(table, entry);
    }
}
