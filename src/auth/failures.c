#include "auth/failures.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_COUNT 1024u

struct failure_entry {
    struct failure_entry *bucket_next;
    struct failure_entry *older, *newer; /* by last failure */
    char key[FAILURE_KEY_SIZE_MAX];
    uint8_t secret[16];
    uint32_t count;
    uint64_t first_ms; /* of the window */
    uint64_t locked_until_ms;
    bool has_secret;
    uint64_t secret_ms; /* when it failed last with a look at the password */
};

struct failure_table {
    struct failure_entry *buckets[BUCKET_COUNT];
    struct failure_entry *oldest, *newest;
    uint32_t entry_count;
};

struct failure_table *failure_table_new(void)
{
    return calloc(1, sizeof(struct failure_table));
}

void failure_table_free(struct failure_table *table)
{
    if (!table)
        return;
    for (struct failure_entry *entry = table->oldest, *next; entry; entry = next) {
        next = entry->newer;
        free(entry);
    }
    free(table);
}

/* FNV-1a; a flood of colliding keys costs the flooder as much as us, within FAILURE_ENTRIES_MAX. */
static uint32_t bucket_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; key[i] && i + 1 < FAILURE_KEY_SIZE_MAX; i++)
        hash = (hash ^ (uint8_t)key[i]) * 16777619u;
    return hash % BUCKET_COUNT;
}

/* Keys are compared up to their cap. */
static struct failure_entry *find(const struct failure_table *table, const char *key)
{
    struct failure_entry *entry = table->buckets[bucket_of(key)];
    while (entry && strncmp(entry->key, key, FAILURE_KEY_SIZE_MAX - 1) != 0)
        entry = entry->bucket_next;
    return entry;
}

static void unlink_age(struct failure_table *table, struct failure_entry *entry)
{
    *(entry->older ? &entry->older->newer : &table->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &table->newest) = entry->older;
}

static void link_newest(struct failure_table *table, struct failure_entry *entry)
{
    entry->older = table->newest;
    entry->newer = NULL;
    *(table->newest ? &table->newest->newer : &table->oldest) = entry;
    table->newest = entry;
}

static void remove_entry(struct failure_table *table, struct failure_entry *entry)
{
    struct failure_entry **place = &table->buckets[bucket_of(entry->key)];
    while (*place != entry)
        place = &(*place)->bucket_next;
    *place = entry->bucket_next;
    unlink_age(table, entry);
    table->entry_count--;
    free(entry);
}

static struct failure_entry *add(struct failure_table *table, const char *key)
{
    struct failure_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    if (table->entry_count == FAILURE_ENTRIES_MAX)
        remove_entry(table, table->oldest);
    strncpy(entry->key, key, FAILURE_KEY_SIZE_MAX - 1);
    struct failure_entry **place = &table->buckets[bucket_of(entry->key)];
    entry->bucket_next = *place;
    *place = entry;
    link_newest(table, entry);
    table->entry_count++;
    return entry;
}

bool failure_table_locked(const struct failure_table *table, const char *key, uint64_t now_ms)
{
    const struct failure_entry *entry = find(table, key);
    return entry && now_ms < entry->locked_until_ms;
}

bool failure_table_failed_lately(const struct failure_table *table, const char *key, const uint8_t secret[16],
                                 uint32_t period_ms, uint64_t now_ms)
{
    const struct failure_entry *entry = find(table, key);
    return entry && entry->has_secret && now_ms - entry->secret_ms < period_ms &&
           memcmp(entry->secret, secret, sizeof entry->secret) == 0;
}

void failure_table_forget_secrets(struct failure_table *table)
{
    for (struct failure_entry *entry = table->oldest; entry; entry = entry->newer)
        entry->has_secret = false;
}

bool failure_table_count(struct failure_table *table, const char *key, const uint8_t secret[16],
                         const struct failure_limits *limits, uint64_t now_ms)
{
    struct failure_entry *entry = find(table, key);
    if (entry) {
        unlink_age(table, entry);
        link_newest(table, entry);
    } else {
        entry = add(table, key);
    }
    if (!entry || now_ms < entry->locked_until_ms)
        return false;
    bool repeated = entry->has_secret && memcmp(entry->secret, secret, sizeof entry->secret) == 0;
    memcpy(entry->secret, secret, sizeof entry->secret);
    entry->has_secret = true;
    entry->secret_ms = now_ms;
    if (entry->count == 0 || now_ms - entry->first_ms >= limits->window_ms) {
        entry->count = 0;
        entry->first_ms = now_ms;
    } else if (repeated) {
        return false;
    }
    entry->count++;
    if (limits->count_max == 0 || entry->count < limits->count_max)
        return false;
    entry->count = 0;
    entry->locked_until_ms = now_ms + limits->lock_ms;
    return true;
}

void failure_table_forget(struct failure_table *table, const char *key, uint64_t now_ms)
{
    struct failure_entry *entry = find(table, key);
    if (entry && now_ms >= entry->locked_until_ms)
        remove_entry(table, entry);
}
