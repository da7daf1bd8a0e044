/* Making a snapshot: everything is read, sorted, indexed, and then names become ids. */
#include <stdlib.h>
#include <string.h>

#include "directory/ldap_directory.h"

#define RECORDS_MAX LDAP_QUERY_MEMBERS_MAX
#define ARENA_OF_A_SNAPSHOT_MAX ((size_t)4 << 30)
#define LOCAL_PAGE 500u

static const enum directory_kind kinds_in_order[] = {
    DIRECTORY_ROOM, DIRECTORY_EQUIPMENT, DIRECTORY_SHARED_MAILBOX, DIRECTORY_USER, DIRECTORY_GROUP, DIRECTORY_CONTACT,
};

/* Snapshot being made: 'records' grow, those of one search can be taken back. */
struct making {
    struct ldap_snapshot *snapshot;
    uint32_t capacity, search_start;
};

/* --- reading --- */

static bool take(void *user, const struct ldap_record *record)
{
    struct making *making = user;
    struct ldap_snapshot *snapshot = making->snapshot;
    if (snapshot->count == RECORDS_MAX)
        return false;
    if (snapshot->count == making->capacity) {
        uint32_t capacity = making->capacity ? making->capacity * 2 : 256;
        struct ldap_record *records = reallocarray(snapshot->records, capacity, sizeof *records);
        if (!records)
            return false;
        snapshot->records = records;
        making->capacity = capacity;
    }
    snapshot->records[snapshot->count++] = *record;
    return true;
}

static void restart(void *user)
{
    struct making *making = user;
    making->snapshot->count = making->search_start;
}

static bool read_kinds(struct ldap_directory *directory, struct making *making)
{
    for (size_t i = 0; i < sizeof kinds_in_order / sizeof *kinds_in_order; i++) {
        struct ldap_search search = {.base = directory->settings.base_dn, .scope = LDAP_SCOPE_SUBTREE,
                                     .filter = directory->map.filters[kinds_in_order[i]], .kind = kinds_in_order[i],
                                     .selection = LDAP_SELECTION_SMALL};
        if (!*search.filter)
            continue;
        making->search_start = making->snapshot->count;
        int code = ldap_search_run(directory, &making->snapshot->arena, &search, take, restart, making);
        if (code == LDAP_SUCCESS)
            continue;
        if (code == LDAP_SIZELIMIT_EXCEEDED)
            ldap_directory_notice(directory, "the address book was not read: the server gives '%s' no more than %u entries of %s;"
                                  " allow it paged results or a larger size limit", directory->settings.bind_dn,
                                  making->snapshot->count - making->search_start, search.filter);
        else
            ldap_directory_notice(directory, "the address book was not read: %s", ldap_err2string(code));
        return false;
    }
    return true;
}

/* --- the embedded directory's part --- */

/* An entry that stands beside one of the server, under the id that the embedded directory knows it by. */
struct beside {
    struct guid local, id;
};
struct beside_list {
    struct beside *items;
    uint32_t count, capacity;
};

static int compare_guids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct guid));
}

static bool add_beside(struct beside_list *list, struct guid local, struct guid id)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct beside *items = reallocarray(list->items, capacity, sizeof *items);
        if (!items)
            return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct beside){local, id};
    return true;
}

static struct guid id_for(const struct beside_list *list, struct guid local)
{
    const struct beside *found = list->count ? bsearch(&local, list->items, list->count, sizeof *list->items, compare_guids) : NULL;
    return found ? found->id : local;
}

/* Those that do not stand beside somebody are records; of the others the ids are kept. */
static bool read_local_page(struct making *making, struct beside_list *list, const struct directory_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct ldap_record record = {.dn = "", .principal = "", .enabled = entries[i].kind == DIRECTORY_USER, .entry = entries[i]};
        struct guid id;
        if (ldap_account_beside(entries[i].account, &id) ? !add_beside(list, entries[i].id, id) : !take(making, &record))
            return false;
    }
    return true;
}

/* A group's members and owner may be named by what stands beside them. */
static bool name_as_server(const struct beside_list *list, struct arena *arena, struct directory_entry *entry)
{
    struct guid *members = entry->member_count ? arena_copy(arena, entry->members, entry->member_count * sizeof *members) : NULL;
    if (entry->member_count && !members)
        return false;
    for (uint32_t i = 0; i < entry->member_count; i++)
        members[i] = id_for(list, members[i]);
    if (entry->member_count)
        qsort(members, entry->member_count, sizeof *members, compare_guids);
    entry->members = members;
    for (uint32_t i = 0; i < entry->value_count; i++) {
        struct guid id;
        const struct directory_value *value = &entry->values[i];
        if (directory_attributes[value->attribute].kind != DIRECTORY_VALUE_REFERENCE || value->items[0].size != sizeof id.data)
            continue;
        memcpy(id.data, value->items[0].data, sizeof id.data);
        id = id_for(list, id);
        memcpy((uint8_t *)value->items[0].data, id.data, sizeof id.data); /* of our arena */
    }
    return true;
}

static bool read_local(struct ldap_directory *directory, struct making *making)
{
    struct arena *arena = &making->snapshot->arena;
    struct beside_list list = {.count = 0};
    struct guid after;
    struct directory_entry *entries;
    uint32_t count = LOCAL_PAGE, first = making->snapshot->count;
    bool done = true;
    for (bool begun = false; done && directory->local && count == LOCAL_PAGE; begun = true) {
        done = directory_entries(directory->local, arena, begun ? &after : NULL, LOCAL_PAGE, &count, &entries) == DIRECTORY_OK &&
               read_local_page(making, &list, entries, count);
        if (done && count)
            after = entries[count - 1].id;
    }
    if (done && list.count)
        qsort(list.items, list.count, sizeof *list.items, compare_guids);
    for (uint32_t i = first; done && i < making->snapshot->count; i++)
        done = name_as_server(&list, arena, &making->snapshot->records[i].entry);
    free(list.items);
    return done;
}

/* --- order --- */

static int compare_ids(const void *a, const void *b)
{
    const struct ldap_record *left = a, *right = b;
    return memcmp(left->entry.id.data, right->entry.id.data, sizeof left->entry.id.data);
}

/* An entry that several filters find counts once, as the kind that was searched for first; the marks say which that was. */
static void sort_and_thin(struct ldap_snapshot *snapshot)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < snapshot->count; i++)
        snapshot->records[i].entry.number = i;
    qsort(snapshot->records, snapshot->count, sizeof *snapshot->records, compare_ids);
    for (uint32_t i = 0; i < snapshot->count; i++) {
        struct ldap_record *record = &snapshot->records[i];
        if (kept && guid_equal(snapshot->records[kept - 1].entry.id, record->entry.id)) {
            if (record->entry.number < snapshot->records[kept - 1].entry.number)
                snapshot->records[kept - 1] = *record;
        } else
            snapshot->records[kept++] = *record;
    }
    snapshot->count = kept;
}

uint32_t ldap_snapshot_find(const struct ldap_snapshot *snapshot, struct guid id)
{
    uint32_t low = 0, high = snapshot->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(snapshot->records[middle].entry.id.data, id.data, sizeof id.data);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return LDAP_SNAPSHOT_NONE;
}

/* --- indexes --- */

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001B3ull;
    return hash;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_bytes(hash, text, strlen(text) + 1);
}

#define HASH_START 0xCBF29CE484222325ull

static const char *key_of(const struct ldap_snapshot *snapshot, const uint32_t *table, uint32_t index)
{
    return table == snapshot->by_dn ? snapshot->normal_dns[index] : snapshot->records[index].entry.account;
}

static uint32_t look(const struct ldap_snapshot *snapshot, const uint32_t *table, const char *key, uint32_t *ret_place)
{
    uint32_t place = (uint32_t)(hash_text(HASH_START, key) * 0x9E3779B97F4A7C15ull >> 32) & (snapshot->index_size - 1);
    while (table[place] != LDAP_SNAPSHOT_NONE && strcmp(key_of(snapshot, table, table[place]), key) != 0)
        place = (place + 1) & (snapshot->index_size - 1);
    if (ret_place)
        *ret_place = place;
    return table[place];
}

uint32_t ldap_snapshot_find_dn(const struct ldap_snapshot *snapshot, const char *normal_dn)
{
    return look(snapshot, snapshot->by_dn, normal_dn, NULL);
}

uint32_t ldap_snapshot_find_account(const struct ldap_snapshot *snapshot, const char *account)
{
    return look(snapshot, snapshot->by_account, account, NULL);
}

static int compare_accounts(const void *a, const void *b, void *snapshot)
{
    const struct ldap_record *records = ((const struct ldap_snapshot *)snapshot)->records;
    return strcmp(records[*(const uint32_t *)a].entry.account, records[*(const uint32_t *)b].entry.account);
}

static bool make_indexes(struct ldap_snapshot *snapshot)
{
    snapshot->index_size = 16;
    while (snapshot->index_size < snapshot->count * 2)
        snapshot->index_size *= 2;
    snapshot->by_dn = malloc(snapshot->index_size * sizeof *snapshot->by_dn);
    snapshot->by_account = malloc(snapshot->index_size * sizeof *snapshot->by_account);
    snapshot->normal_dns = calloc(snapshot->count + 1, sizeof *snapshot->normal_dns);
    snapshot->by_account_order = calloc(snapshot->count + 1, sizeof *snapshot->by_account_order);
    snapshot->groups = calloc(snapshot->count + 1, sizeof *snapshot->groups);
    if (!snapshot->by_dn || !snapshot->by_account || !snapshot->normal_dns || !snapshot->by_account_order || !snapshot->groups)
        return false;
    memset(snapshot->by_dn, 0xFF, snapshot->index_size * sizeof *snapshot->by_dn);
    memset(snapshot->by_account, 0xFF, snapshot->index_size * sizeof *snapshot->by_account);
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct ldap_record *record = &snapshot->records[i];
        uint32_t place;
        if (*record->dn && !(snapshot->normal_dns[i] = ldap_dn_normal(&snapshot->arena, record->dn)))
            return false;
        if (*record->dn && look(snapshot, snapshot->by_dn, snapshot->normal_dns[i], &place) == LDAP_SNAPSHOT_NONE)
            snapshot->by_dn[place] = i;
        if (record->entry.kind == DIRECTORY_GROUP || record->entry.kind == DIRECTORY_DYNAMIC_GROUP)
            snapshot->groups[snapshot->group_count++] = i;
        if (!directory_kind_has_mailbox(record->entry.kind))
            continue;
        if (look(snapshot, snapshot->by_account, record->entry.account, &place) == LDAP_SNAPSHOT_NONE)
            snapshot->by_account[place] = i;
        snapshot->by_account_order[snapshot->mailbox_count++] = i;
    }
    qsort_r(snapshot->by_account_order, snapshot->mailbox_count, sizeof(uint32_t), compare_accounts, snapshot);
    return true;
}

/* --- names become ids --- */

static void add_member(const struct ldap_snapshot *snapshot, uint32_t index, struct guid *members, uint32_t *count)
{
    if (index != LDAP_SNAPSHOT_NONE)
        members[(*count)++] = snapshot->records[index].entry.id;
}

static bool add_dns(const struct ldap_snapshot *snapshot, const struct ldap_names *names, struct guid *members, uint32_t *count)
{
    struct arena work = {0};
    for (uint32_t i = 0; i < names->count; i++) {
        const char *normal = ldap_dn_normal(&work, names->items[i]);
        if (normal)
            add_member(snapshot, ldap_snapshot_find_dn(snapshot, normal), members, count);
        if (work.size > (1u << 20))
            arena_reset(&work);
    }
    arena_free(&work);
    return true;
}

static bool resolve_members(const struct ldap_snapshot *snapshot, struct arena *arena, struct ldap_record *record,
                            const struct ldap_names *queried_dns)
{
    size_t capacity = (size_t)record->member_dns.count + record->member_accounts.count + queried_dns->count;
    uint32_t count = 0, kept = 0;
    if (!capacity)
        return true;
    struct guid *members = arena_array(arena, struct guid, capacity);
    if (!members)
        return false;
    add_dns(snapshot, &record->member_dns, members, &count);
    add_dns(snapshot, queried_dns, members, &count);
    for (uint32_t i = 0; i < record->member_accounts.count; i++) {
        const char *account = ldap_lower(arena, bytes_of_string(record->member_accounts.items[i]));
        if (account)
            add_member(snapshot, ldap_snapshot_find_account(snapshot, account), members, &count);
    }
    qsort(members, count, sizeof *members, compare_guids);
    for (uint32_t i = 0; i < count; i++)
        if (!kept || !guid_equal(members[kept - 1], members[i]))
            members[kept++] = members[i];
    record->entry.members = members;
    record->entry.member_count = kept;
    return true;
}

/* Values stand in order of attribute. */
static bool insert_reference(struct arena *arena, struct directory_entry *entry, enum directory_attribute attribute, struct guid id)
{
    struct directory_value *values = arena_array(arena, struct directory_value, entry->value_count + 1);
    struct bytes *item = arena_new(arena, struct bytes);
    if (!values || !item)
        return false;
    *item = bytes_of(arena_copy(arena, id.data, sizeof id.data), sizeof id.data);
    uint32_t place = 0;
    while (place < entry->value_count && entry->values[place].attribute < attribute)
        place++;
    if (entry->value_count) {
        memcpy(values, entry->values, place * sizeof *values);
        memcpy(values + place + 1, entry->values + place, (entry->value_count - place) * sizeof *values);
    }
    values[place] = (struct directory_value){attribute, 1, item};
    entry->values = values;
    entry->value_count++;
    return item->data != NULL;
}

bool ldap_snapshot_resolve(const struct ldap_snapshot *snapshot, struct arena *arena, struct ldap_record *record,
                           const struct ldap_names *queried_dns)
{
    for (size_t i = 0; i < 2; i++) {
        const char *normal = record->reference_dns[i] ? ldap_dn_normal(arena, record->reference_dns[i]) : NULL;
        uint32_t index = normal ? ldap_snapshot_find_dn(snapshot, normal) : LDAP_SNAPSHOT_NONE;
        if (index != LDAP_SNAPSHOT_NONE &&
            !insert_reference(arena, &record->entry, ldap_reference_attributes[i], snapshot->records[index].entry.id))
            return false;
    }
    return resolve_members(snapshot, arena, record, queried_dns);
}

/* --- the whole --- */

static uint64_t hash_entry(uint64_t hash, const struct ldap_record *record)
{
    const struct directory_entry *entry = &record->entry;
    hash = hash_bytes(hash, entry->id.data, sizeof entry->id.data);
    hash = hash_bytes(hash, entry->mailbox_guid.data, sizeof entry->mailbox_guid.data);
    hash = hash_bytes(hash, (uint8_t[]){(uint8_t)entry->kind, entry->hidden, record->enabled}, 3);
    hash = hash_text(hash_text(hash_text(hash, entry->account), entry->display_name), entry->legacy_dn);
    hash = hash_text(hash_text(hash, record->principal), entry->rule);
    for (uint32_t i = 0; i < entry->address_count; i++)
        hash = hash_text(hash, entry->addresses[i]);
    for (uint32_t i = 0; i < entry->old_legacy_dn_count; i++)
        hash = hash_text(hash, entry->old_legacy_dns[i]);
    for (uint32_t i = 0; i < entry->value_count; i++) {
        hash = hash_bytes(hash, &entry->values[i].attribute, sizeof entry->values[i].attribute);
        for (uint32_t j = 0; j < entry->values[i].count; j++)
            hash = hash_bytes(hash_bytes(hash, &entry->values[i].items[j].size, sizeof(size_t)), entry->values[i].items[j].data,
                              entry->values[i].items[j].size);
    }
    hash = hash_bytes(hash, entry->members, entry->member_count * sizeof *entry->members);
    for (uint32_t i = 0; i < record->full_access_dns.count; i++)
        hash = hash_text(hash, record->full_access_dns.items[i]);
    for (uint32_t i = 0; i < record->send_on_behalf_dns.count; i++)
        hash = hash_text(hash, record->send_on_behalf_dns.items[i]);
    return hash;
}

static bool finish(struct ldap_directory *directory, struct ldap_snapshot *snapshot)
{
    struct arena work = {0};
    struct directory_organization organization;
    bool done = ldap_organization(&directory->directory, &work, &organization) == DIRECTORY_OK;
    snapshot->hash = HASH_START;
    for (uint32_t i = 0; done && i < snapshot->count; i++) {
        struct ldap_record *record = &snapshot->records[i];
        struct ldap_names queried = {0};
        record->entry.number = ldap_snapshots_number(directory, record->entry.id);
        record->entry.legacy_dn = ldap_legacy_dn(&snapshot->arena, &organization, &record->entry);
        if (record->query.filter &&
            ldap_search_dns(directory, &snapshot->arena, &record->query, RECORDS_MAX, &queried) != LDAP_SUCCESS)
            ldap_directory_notice(directory, "the members of '%s' were not found: %s", record->dn, record->query.filter);
        done = record->entry.number && record->entry.legacy_dn &&
               (!*record->dn || ldap_snapshot_resolve(snapshot, &snapshot->arena, record, &queried));
        if (done)
            snapshot->hash = hash_entry(snapshot->hash, record);
    }
    arena_free(&work);
    return done;
}

struct ldap_snapshot *ldap_snapshot_read(struct ldap_directory *directory)
{
    struct ldap_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return NULL;
    atomic_init(&snapshot->references, 1);
    snapshot->arena.size_max = ARENA_OF_A_SNAPSHOT_MAX;
    snapshot->arena.first_size = 1u << 16;
    struct making making = {.snapshot = snapshot};
    snapshot->local_version = directory->local ? directory_version(directory->local) : 0;
    bool done = read_kinds(directory, &making) && read_local(directory, &making);
    if (done) {
        sort_and_thin(snapshot);
        done = make_indexes(snapshot) && finish(directory, snapshot);
    }
    if (!done) {
        ldap_snapshot_release(snapshot);
        return NULL;
    }
    return snapshot;
}
