/* A directory in memory for tests of what reads directories: entries are added, changed and removed at will, from any thread,
 * each change a new version. Include it in a test; it answers what the address book asks and nothing else. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory/directory.h"

#define FAKE_VALUES_MAX 16

struct fake_entry {
    struct guid id;
    uint32_t number;
    enum directory_kind kind;
    char account[64], display_name[128], address[128], other_address[128], old_dn[160], rule[256];
    bool hidden;
    struct { enum directory_attribute attribute; char text[96]; uint32_t size; } values[FAKE_VALUES_MAX];
    uint32_t value_count;
    struct guid *members;
    uint32_t member_count;
};

struct fake_directory {
    struct directory directory;
    pthread_mutex_t lock;
    atomic_uint_fast64_t version;
    atomic_uint reads; /* how often entries were read from the start */
    bool broken;       /* answers UNAVAILABLE */
    uint32_t count, capacity, next_number;
    struct fake_entry **entries; /* in order of their ids */
    uint32_t list_count;
    struct directory_address_list lists[8];
};

static enum directory_status fake_organization(struct directory *directory, struct arena *arena,
                                               struct directory_organization *ret_organization)
{
    static const char *const domains[] = {"example.org"};
    if (((struct fake_directory *)directory)->broken)
        return DIRECTORY_UNAVAILABLE;
    *ret_organization = (struct directory_organization){.name = "Example", .domain = "example.org", .netbios_name = "EXAMPLE",
                                                        .domain_count = 1, .domains = domains, .mapi_http_enabled = true};
    return DIRECTORY_OK;
}

/* The attributes in order, as the contract has them. */
static void fake_copy_values(struct arena *arena, const struct fake_entry *from, struct directory_entry *to)
{
    struct directory_value *values = arena_array(arena, struct directory_value, from->value_count);
    uint32_t count = 0;
    for (unsigned attribute = 0; attribute < DIRECTORY_ATTRIBUTE_COUNT; attribute++) {
        for (uint32_t i = 0; i < from->value_count; i++) {
            if (from->values[i].attribute != attribute)
                continue;
            struct bytes *item = arena_new(arena, struct bytes);
            *item = arena_bytes(arena, bytes_of(from->values[i].text, from->values[i].size));
            values[count++] = (struct directory_value){from->values[i].attribute, 1, item};
        }
    }
    to->values = values;
    to->value_count = count;
}

static void fake_copy(struct arena *arena, const struct fake_entry *from, struct directory_entry *to)
{
    const char **addresses = arena_array(arena, const char *, 2), **old_dns = arena_array(arena, const char *, 1);
    *to = (struct directory_entry){.id = from->id, .number = from->number, .kind = from->kind, .hidden = from->hidden};
    to->account = arena_string(arena, from->account);
    to->display_name = arena_string(arena, from->display_name);
    to->address = addresses[0] = arena_string(arena, from->address);
    addresses[1] = arena_string(arena, from->other_address);
    to->address_count = !*from->address ? 0 : *from->other_address ? 2 : 1;
    to->addresses = addresses;
    to->legacy_dn = arena_format(arena, "/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=%08x-%s",
                                 from->number, from->account);
    old_dns[0] = arena_string(arena, from->old_dn);
    to->old_legacy_dns = old_dns;
    to->old_legacy_dn_count = *from->old_dn ? 1 : 0;
    to->rule = arena_string(arena, from->rule);
    fake_copy_values(arena, from, to);
    to->members = arena_copy(arena, from->members, from->member_count * sizeof *from->members);
    to->member_count = from->member_count;
}

static enum directory_status fake_entries(struct directory *directory, struct arena *arena, const struct guid *after,
                                          uint32_t count_max, uint32_t *ret_count, struct directory_entry **ret_entries)
{
    struct fake_directory *fake = (struct fake_directory *)directory;
    if (fake->broken)
        return DIRECTORY_UNAVAILABLE;
    if (!after)
        atomic_fetch_add(&fake->reads, 1);
    pthread_mutex_lock(&fake->lock);
    uint32_t low = 0, high = fake->count, count = 0;
    while (after && low < high) {
        uint32_t middle = (low + high) / 2;
        if (memcmp(fake->entries[middle]->id.data, after->data, 16) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct directory_entry *entries = arena_array(arena, struct directory_entry, count_max);
    for (uint32_t i = low; i < fake->count && count < count_max; i++)
        fake_copy(arena, fake->entries[i], &entries[count++]);
    pthread_mutex_unlock(&fake->lock);
    *ret_entries = entries;
    *ret_count = count;
    return DIRECTORY_OK;
}

static enum directory_status fake_address_lists(struct directory *directory, struct arena *arena, uint32_t *ret_count,
                                                struct directory_address_list **ret_lists)
{
    struct fake_directory *fake = (struct fake_directory *)directory;
    *ret_lists = fake->lists;
    *ret_count = fake->list_count;
    return DIRECTORY_OK;
}

static uint64_t fake_version(struct directory *directory)
{
    return atomic_load(&((struct fake_directory *)directory)->version);
}

static void fake_close(struct directory *directory)
{
    struct fake_directory *fake = (struct fake_directory *)directory;
    for (uint32_t i = 0; i < fake->count; i++) {
        free(fake->entries[i]->members);
        free(fake->entries[i]);
    }
    pthread_mutex_destroy(&fake->lock);
    free(fake->entries);
    free(fake);
}

static const struct directory_type fake_directory_type = {.organization = fake_organization, .entries = fake_entries,
                                                          .address_lists = fake_address_lists, .version = fake_version,
                                                          .close = fake_close};

static inline struct fake_directory *fake_directory_new(void)
{
    struct fake_directory *fake = calloc(1, sizeof *fake);
    fake->directory.type = &fake_directory_type;
    fake->next_number = DIRECTORY_NUMBER_MIN;
    pthread_mutex_init(&fake->lock, NULL);
    return fake;
}

static inline struct directory_address_list *fake_add_list(struct fake_directory *fake, const char *name, const char *rule)
{
    struct directory_address_list *list = &fake->lists[fake->list_count++];
    *list = (struct directory_address_list){.name = name, .rule = rule};
    memset(list->id.data, (int)(0xA0 + fake->list_count), sizeof list->id.data);
    return list;
}

static inline struct fake_entry *fake_find(struct fake_directory *fake, const char *account)
{
    for (uint32_t i = 0; i < fake->count; i++)
        if (strcmp(fake->entries[i]->account, account) == 0)
            return fake->entries[i];
    return NULL;
}

/* The id is made of the number, so that the order of ids is neither that of numbers nor of names. */
static inline struct fake_entry *fake_add(struct fake_directory *fake, enum directory_kind kind, const char *account,
                                          const char *display_name)
{
    struct fake_entry *entry = calloc(1, sizeof *entry);
    pthread_mutex_lock(&fake->lock);
    entry->number = fake->next_number++;
    entry->kind = kind;
    uint64_t mixed = (entry->number + 1) * 0x9E3779B97F4A7C15u;
    memcpy(entry->id.data, &mixed, 8);
    memcpy(entry->id.data + 8, &entry->number, 4);
    snprintf(entry->account, sizeof entry->account, "%s", account);
    snprintf(entry->display_name, sizeof entry->display_name, "%s", display_name);
    snprintf(entry->address, sizeof entry->address, "%s@example.org", account);
    if (fake->count == fake->capacity) {
        fake->capacity = fake->capacity ? fake->capacity * 2 : 64;
        fake->entries = realloc(fake->entries, fake->capacity * sizeof(struct fake_entry *));
    }
    uint32_t low = 0, high = fake->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (memcmp(fake->entries[middle]->id.data, entry->id.data, 16) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(fake->entries + low + 1, fake->entries + low, (fake->count - low) * sizeof(struct fake_entry *));
    fake->entries[low] = entry;
    fake->count++;
    atomic_fetch_add(&fake->version, 1);
    pthread_mutex_unlock(&fake->lock);
    return entry;
}

static inline void fake_set(struct fake_directory *fake, struct fake_entry *entry, enum directory_attribute attribute,
                            const void *data, uint32_t size)
{
    pthread_mutex_lock(&fake->lock);
    uint32_t i = 0;
    while (i < entry->value_count && entry->values[i].attribute != attribute)
        i++;
    if (i < FAKE_VALUES_MAX && size <= sizeof entry->values[i].text) {
        entry->values[i].attribute = attribute;
        memcpy(entry->values[i].text, data, size);
        entry->values[i].size = size;
        entry->value_count += i == entry->value_count;
    }
    atomic_fetch_add(&fake->version, 1);
    pthread_mutex_unlock(&fake->lock);
}

static inline void fake_set_text(struct fake_directory *fake, struct fake_entry *entry, enum directory_attribute attribute,
                                 const char *text)
{
    fake_set(fake, entry, attribute, text, (uint32_t)strlen(text));
}

static inline void fake_rename(struct fake_directory *fake, struct fake_entry *entry, const char *display_name)
{
    pthread_mutex_lock(&fake->lock);
    snprintf(entry->display_name, sizeof entry->display_name, "%s", display_name);
    atomic_fetch_add(&fake->version, 1);
    pthread_mutex_unlock(&fake->lock);
}

static inline void fake_add_member(struct fake_directory *fake, struct fake_entry *group, const struct fake_entry *member)
{
    pthread_mutex_lock(&fake->lock);
    group->members = realloc(group->members, (group->member_count + 1) * sizeof *group->members);
    group->members[group->member_count++] = member->id;
    atomic_fetch_add(&fake->version, 1);
    pthread_mutex_unlock(&fake->lock);
}

static inline void fake_remove(struct fake_directory *fake, struct fake_entry *entry)
{
    pthread_mutex_lock(&fake->lock);
    for (uint32_t i = 0; i < fake->count; i++) {
        if (fake->entries[i] != entry)
            continue;
        memmove(fake->entries + i, fake->entries + i + 1, (--fake->count - i) * sizeof(struct fake_entry *));
        free(entry->members);
        free(entry);
        break;
    }
    atomic_fetch_add(&fake->version, 1);
    pthread_mutex_unlock(&fake->lock);
}
