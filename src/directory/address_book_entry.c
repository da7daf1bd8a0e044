#include <stdlib.h>
#include <string.h>

#include "directory/address_book_state.h"

/* Where the parts of an entry go, one after another; with 'base' NULL the sizes are only added up. */
struct packing {
    uint8_t *base;
    size_t size;
};

static void *pack(struct packing *packing, const void *data, size_t size, size_t alignment)
{
    packing->size = (packing->size + alignment - 1) & ~(alignment - 1);
    void *place = packing->base ? packing->base + packing->size : NULL;
    if (place && size)
        memcpy(place, data, size);
    packing->size += size;
    return place;
}

static const char *pack_text(struct packing *packing, const char *text)
{
    return text ? pack(packing, text, strlen(text) + 1, 1) : "";
}

static const char *const *pack_texts(struct packing *packing, uint32_t count, const char *const *texts)
{
    const char **copies = pack(packing, texts, count * sizeof *texts, _Alignof(char *));
    for (uint32_t i = 0; i < count; i++) {
        const char *copy = pack_text(packing, texts[i]);
        if (copies)
            copies[i] = copy;
    }
    return copies;
}

static const struct directory_value *pack_values(struct packing *packing, uint32_t count, const struct directory_value *values)
{
    struct directory_value *copies = pack(packing, values, count * sizeof *values, _Alignof(struct directory_value));
    for (uint32_t i = 0; i < count; i++) {
        struct bytes *items = pack(packing, values[i].items, values[i].count * sizeof(struct bytes), _Alignof(struct bytes));
        for (uint32_t j = 0; j < values[i].count; j++) {
            const uint8_t *data = pack(packing, values[i].items[j].data, values[i].items[j].size, 1);
            if (items)
                items[j].data = data;
        }
        if (copies)
            copies[i].items = items;
    }
    return copies;
}

static void pack_entry(struct packing *packing, const struct directory_entry *entry)
{
    struct kept_entry *kept = pack(packing, NULL, 0, _Alignof(struct kept_entry));
    packing->size += sizeof *kept;
    struct directory_entry copy = *entry;
    copy.values = pack_values(packing, entry->value_count, entry->values);
    copy.members = pack(packing, entry->members, entry->member_count * sizeof *entry->members, 1);
    copy.addresses = pack_texts(packing, entry->address_count, entry->addresses);
    copy.old_legacy_dns = pack_texts(packing, entry->old_legacy_dn_count, entry->old_legacy_dns);
    bool first = entry->address_count && strcmp(entry->address, entry->addresses[0]) == 0;
    if (!first)
        copy.address = pack_text(packing, entry->address);
    else if (copy.addresses)
        copy.address = copy.addresses[0];
    copy.account = pack_text(packing, entry->account);
    copy.display_name = pack_text(packing, entry->display_name);
    copy.legacy_dn = pack_text(packing, entry->legacy_dn);
    copy.rule = pack_text(packing, entry->rule);
    if (kept)
        kept->entry = copy;
}

struct kept_entry *kept_entry_new(const struct directory_entry *entry)
{
    struct packing packing = {0};
    pack_entry(&packing, entry);
    packing.base = malloc(packing.size);
    if (!packing.base)
        return NULL;
    packing.size = 0;
    pack_entry(&packing, entry);
    struct kept_entry *kept = (struct kept_entry *)packing.base;
    atomic_init(&kept->references, 1);
    return kept;
}

void kept_entry_release(struct kept_entry *kept)
{
    if (kept && atomic_fetch_sub(&kept->references, 1) == 1)
        free(kept);
}

static bool texts_equal(uint32_t count_a, const char *const *a, uint32_t count_b, const char *const *b)
{
    if (count_a != count_b)
        return false;
    for (uint32_t i = 0; i < count_a; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool values_equal(const struct directory_entry *a, const struct directory_entry *b)
{
    if (a->value_count != b->value_count)
        return false;
    for (uint32_t i = 0; i < a->value_count; i++) {
        const struct directory_value *one = &a->values[i], *other = &b->values[i];
        if (one->attribute != other->attribute || one->count != other->count)
            return false;
        for (uint32_t j = 0; j < one->count; j++)
            if (!bytes_equal(one->items[j], other->items[j]))
                return false;
    }
    return true;
}

bool kept_entry_equal(const struct directory_entry *a, const struct directory_entry *b)
{
    return guid_equal(a->id, b->id) && a->number == b->number && a->kind == b->kind && a->hidden == b->hidden &&
           a->created == b->created && a->changed == b->changed && guid_equal(a->mailbox_guid, b->mailbox_guid) &&
           strcmp(a->account, b->account) == 0 && strcmp(a->display_name, b->display_name) == 0 &&
           strcmp(a->address, b->address) == 0 && strcmp(a->legacy_dn, b->legacy_dn) == 0 &&
           strcmp(a->rule ? a->rule : "", b->rule ? b->rule : "") == 0 && a->member_count == b->member_count &&
           (!a->member_count || memcmp(a->members, b->members, a->member_count * sizeof *a->members) == 0) &&
           texts_equal(a->address_count, a->addresses, b->address_count, b->addresses) &&
           texts_equal(a->old_legacy_dn_count, a->old_legacy_dns, b->old_legacy_dn_count, b->old_legacy_dns) &&
           values_equal(a, b);
}
