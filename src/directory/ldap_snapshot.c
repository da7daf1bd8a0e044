/* Which snapshot is the current one, when the next is read, and the numbers of entries. */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "directory/ldap_directory.h"

#define RETRY_MS 5000u

struct number {
    struct guid id;
    uint32_t number; /* 0: an empty place */
};

struct ldap_snapshots {
    pthread_mutex_t lock; /* guards current, numbers, thread's state; never held while a server is asked */
    pthread_cond_t wake;
    pthread_mutex_t reading; /* held by the one that reads; before 'lock' */
    struct ldap_snapshot *current;
    uint64_t outdated, read_of; /* the current one shows the state after 'read_of' outdatings */
    uint64_t local_version;     /* and this of the embedded directory */
    uint64_t retry_at_ms;       /* an outdated one is not read again before: the last reading failed */
    atomic_uint_least64_t changes;
    struct number *numbers;
    uint32_t number_count, number_capacity;
    pthread_t thread;
    bool thread_runs, stopping;
};

struct ldap_snapshots *ldap_snapshots_new(void)
{
    struct ldap_snapshots *snapshots = calloc(1, sizeof *snapshots);
    pthread_condattr_t attributes;
    if (!snapshots)
        return NULL;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&snapshots->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&snapshots->lock, NULL);
    pthread_mutex_init(&snapshots->reading, NULL);
    return snapshots;
}

void ldap_snapshots_free(struct ldap_snapshots *snapshots)
{
    if (!snapshots)
        return;
    pthread_mutex_lock(&snapshots->lock);
    snapshots->stopping = true;
    bool runs = snapshots->thread_runs;
    pthread_cond_signal(&snapshots->wake);
    pthread_mutex_unlock(&snapshots->lock);
    if (runs)
        pthread_join(snapshots->thread, NULL);
    ldap_snapshot_release(snapshots->current);
    pthread_cond_destroy(&snapshots->wake);
    pthread_mutex_destroy(&snapshots->lock);
    pthread_mutex_destroy(&snapshots->reading);
    free(snapshots->numbers);
    free(snapshots);
}

void ldap_snapshot_release(struct ldap_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->references, 1) != 1)
        return;
    arena_free(&snapshot->arena);
    free(snapshot->records);
    free(snapshot->by_dn);
    free(snapshot->by_account);
    free(snapshot->normal_dns);
    free(snapshot->by_account_order);
    free(snapshot->groups);
    free(snapshot);
}

/* --- reading --- */

static struct ldap_snapshot *hold_current(struct ldap_directory *directory, bool *ret_outdated)
{
    struct ldap_snapshots *snapshots = directory->snapshots;
    uint64_t local_version = directory->local ? directory_version(directory->local) : 0;
    pthread_mutex_lock(&snapshots->lock);
    struct ldap_snapshot *current = snapshots->current;
    if (current)
        atomic_fetch_add(&current->references, 1);
    *ret_outdated = (snapshots->read_of != snapshots->outdated || snapshots->local_version != local_version) &&
                    monotonic_ms() >= snapshots->retry_at_ms;
    pthread_mutex_unlock(&snapshots->lock);
    return current;
}

static void read_next(struct ldap_directory *directory)
{
    struct ldap_snapshots *snapshots = directory->snapshots;
    pthread_mutex_lock(&snapshots->lock);
    uint64_t outdated = snapshots->outdated;
    pthread_mutex_unlock(&snapshots->lock);
    struct ldap_snapshot *next = ldap_snapshot_read(directory);
    pthread_mutex_lock(&snapshots->lock);
    snapshots->retry_at_ms = next ? 0 : monotonic_ms() + RETRY_MS;
    if (!next) {
        pthread_mutex_unlock(&snapshots->lock);
        return;
    }
    snapshots->local_version = next->local_version;
    struct ldap_snapshot *old = snapshots->current;
    bool changed = !old || old->hash != next->hash;
    if (changed) {
        snapshots->current = next;
        next = old;
    }
    snapshots->read_of = outdated;
    if (changed && old)
        atomic_fetch_add(&snapshots->changes, 1);
    pthread_mutex_unlock(&snapshots->lock);
    ldap_snapshot_release(next);
}

static void *keep_reading(void *argument)
{
    struct ldap_directory *directory = argument;
    struct ldap_snapshots *snapshots = directory->snapshots;
    pthread_mutex_lock(&snapshots->lock);
    while (!snapshots->stopping) {
        uint64_t end = monotonic_ms() + directory->settings.refresh_ms;
        struct timespec moment = {(time_t)(end / 1000), (long)(end % 1000 * 1000000)};
        int waited = 0;
        while (!snapshots->stopping && waited == 0)
            waited = pthread_cond_timedwait(&snapshots->wake, &snapshots->lock, &moment);
        if (snapshots->stopping)
            break;
        pthread_mutex_unlock(&snapshots->lock);
        pthread_mutex_lock(&snapshots->reading);
        read_next(directory);
        pthread_mutex_unlock(&snapshots->reading);
        pthread_mutex_lock(&snapshots->lock);
    }
    pthread_mutex_unlock(&snapshots->lock);
    return NULL;
}

/* Not before somebody has asked for the first: a server without address book users needs none. */
static void start_thread(struct ldap_directory *directory)
{
    struct ldap_snapshots *snapshots = directory->snapshots;
    pthread_mutex_lock(&snapshots->lock);
    if (!snapshots->thread_runs && !snapshots->stopping)
        snapshots->thread_runs = pthread_create(&snapshots->thread, NULL, keep_reading, directory) == 0;
    pthread_mutex_unlock(&snapshots->lock);
}

struct ldap_snapshot *ldap_snapshots_acquire(struct ldap_directory *directory)
{
    struct ldap_snapshots *snapshots = directory->snapshots;
    bool outdated;
    struct ldap_snapshot *current = hold_current(directory, &outdated);
    if (current && !outdated)
        return current;
    ldap_snapshot_release(current);
    pthread_mutex_lock(&snapshots->reading);
    current = hold_current(directory, &outdated); /* another may have read it meanwhile */
    if (!current || outdated) {
        ldap_snapshot_release(current);
        read_next(directory);
        current = hold_current(directory, &outdated);
    }
    pthread_mutex_unlock(&snapshots->reading);
    if (current)
        start_thread(directory);
    return current;
}

uint64_t ldap_snapshots_changes(struct ldap_snapshots *snapshots)
{
    return atomic_load(&snapshots->changes);
}

void ldap_snapshots_outdate(struct ldap_snapshots *snapshots)
{
    pthread_mutex_lock(&snapshots->lock);
    snapshots->outdated++;
    pthread_mutex_unlock(&snapshots->lock);
}

/* --- numbers --- */

static uint32_t place_of(const struct number *numbers, uint32_t capacity, struct guid id)
{
    uint32_t place = load_u32(id.data) ^ load_u32(id.data + 4) ^ load_u32(id.data + 8) ^ load_u32(id.data + 12);
    place = place * 2654435761u & (capacity - 1);
    while (numbers[place].number && !guid_equal(numbers[place].id, id))
        place = (place + 1) & (capacity - 1);
    return place;
}

static bool grow_numbers(struct ldap_snapshots *snapshots)
{
    uint32_t capacity = snapshots->number_capacity ? snapshots->number_capacity * 2 : 1024;
    struct number *numbers = calloc(capacity, sizeof *numbers);
    if (!numbers)
        return false;
    for (uint32_t i = 0; i < snapshots->number_capacity; i++)
        if (snapshots->numbers[i].number)
            numbers[place_of(numbers, capacity, snapshots->numbers[i].id)] = snapshots->numbers[i];
    free(snapshots->numbers);
    snapshots->numbers = numbers;
    snapshots->number_capacity = capacity;
    return true;
}

uint32_t ldap_snapshots_number(struct ldap_directory *directory, struct guid id)
{
    struct ldap_snapshots *snapshots = directory->snapshots;
    uint32_t number = 0;
    pthread_mutex_lock(&snapshots->lock);
    bool room = snapshots->number_count < snapshots->number_capacity / 2 || grow_numbers(snapshots);
    if (room) {
        struct number *place = &snapshots->numbers[place_of(snapshots->numbers, snapshots->number_capacity, id)];
        if (!place->number)
            *place = (struct number){id, DIRECTORY_NUMBER_MIN + snapshots->number_count++};
        number = place->number;
    }
    pthread_mutex_unlock(&snapshots->lock);
    return number;
}

/* --- single entries --- */

enum directory_status ldap_snapshots_complete(struct ldap_directory *directory, struct arena *arena, struct ldap_record *record)
{
    struct directory_organization organization;
    struct ldap_names queried = {0};
    enum directory_status status = ldap_organization(&directory->directory, arena, &organization);
    if (status != DIRECTORY_OK)
        return status;
    record->entry.number = ldap_snapshots_number(directory, record->entry.id);
    record->entry.legacy_dn = ldap_legacy_dn(arena, &organization, &record->entry);
    if (!record->entry.number || !record->entry.legacy_dn)
        return DIRECTORY_UNAVAILABLE;
    bool names_others = record->member_dns.count || record->member_accounts.count || record->reference_dns[0] ||
                        record->reference_dns[1] || record->query.filter;
    if (!names_others)
        return DIRECTORY_OK;
    struct ldap_snapshot *snapshot = ldap_snapshots_acquire(directory);
    if (!snapshot)
        return DIRECTORY_UNAVAILABLE;
    if (record->query.filter &&
        ldap_search_dns(directory, arena, &record->query, LDAP_QUERY_MEMBERS_MAX, &queried) != LDAP_SUCCESS)
        queried.count = 0;
    bool done = ldap_snapshot_resolve(snapshot, arena, record, &queried);
    ldap_snapshot_release(snapshot);
    return done ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

static bool take_references(struct arena *arena, struct directory_entry *entry, const struct directory_entry *from)
{
    struct directory_value *values = entry->value_count ? arena_copy(arena, entry->values, entry->value_count * sizeof *values) : NULL;
    for (uint32_t i = 0; values && i < entry->value_count; i++) {
        const struct directory_value *value = directory_entry_value(from, values[i].attribute);
        if (!value || directory_attributes[values[i].attribute].kind != DIRECTORY_VALUE_REFERENCE)
            continue;
        struct bytes *item = arena_new(arena, struct bytes);
        if (!item || !(*item = arena_bytes(arena, value->items[0])).data)
            return false;
        values[i].items = item;
    }
    entry->values = values;
    return !entry->value_count || values;
}

enum directory_status ldap_snapshots_complete_local(struct ldap_directory *directory, struct arena *arena,
                                                    struct directory_entry *entry)
{
    bool names_others = entry->member_count;
    for (uint32_t i = 0; i < entry->value_count; i++)
        names_others |= directory_attributes[entry->values[i].attribute].kind == DIRECTORY_VALUE_REFERENCE;
    entry->number = ldap_snapshots_number(directory, entry->id);
    if (!entry->number)
        return DIRECTORY_UNAVAILABLE;
    struct ldap_snapshot *snapshot = names_others ? ldap_snapshots_acquire(directory) : NULL;
    if (!snapshot)
        return names_others ? DIRECTORY_UNAVAILABLE : DIRECTORY_OK;
    uint32_t index = ldap_snapshot_find(snapshot, entry->id);
    bool done = true;
    if (index != LDAP_SNAPSHOT_NONE) {
        const struct directory_entry *from = &snapshot->records[index].entry;
        entry->member_count = from->member_count;
        entry->members = from->member_count ? arena_copy(arena, from->members, from->member_count * sizeof *from->members) : NULL;
        done = take_references(arena, entry, from) && (!entry->member_count || entry->members);
    }
    ldap_snapshot_release(snapshot);
    return done ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}
