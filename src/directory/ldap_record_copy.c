/* Copies of records and entries, and DNs in one spelling. */
#include <string.h>

#include "directory/ldap_record.h"

static bool copy_text(struct arena *arena, const char **text)
{
    if (*text)
        *text = arena_string(arena, *text);
    else
        return true;
    return *text != NULL;
}

static bool copy_texts(struct arena *arena, uint32_t count, const char *const *items, const char *const **ret_items)
{
    const char **copies = count ? arena_array(arena, const char *, count) : NULL;
    for (uint32_t i = 0; copies && i < count; i++)
        if (!(copies[i] = arena_string(arena, items[i])))
            return false;
    *ret_items = copies;
    return !count || copies;
}

static bool copy_names(struct arena *arena, struct ldap_names *names)
{
    const char *const *copies;
    if (!copy_texts(arena, names->count, names->items, &copies))
        return false;
    names->items = (const char **)copies;
    return true;
}

static bool copy_values(struct arena *arena, struct directory_entry *entry)
{
    if (!entry->value_count)
        return true;
    struct directory_value *values = arena_copy(arena, entry->values, entry->value_count * sizeof *values);
    for (uint32_t i = 0; values && i < entry->value_count; i++) {
        struct bytes *items = arena_array(arena, struct bytes, values[i].count);
        for (uint32_t j = 0; items && j < values[i].count; j++)
            if (!(items[j] = arena_bytes(arena, values[i].items[j])).data)
                return false;
        if (!items)
            return false;
        values[i].items = items;
    }
    entry->values = values;
    return values != NULL;
}

bool ldap_entry_copy(struct arena *arena, const struct directory_entry *entry, struct directory_entry *ret_entry)
{
    struct directory_entry copy = *entry;
    bool done = copy_text(arena, &copy.account) && copy_text(arena, &copy.display_name) && copy_text(arena, &copy.legacy_dn) &&
                copy_text(arena, &copy.rule) && copy_texts(arena, entry->address_count, entry->addresses, &copy.addresses) &&
                copy_texts(arena, entry->old_legacy_dn_count, entry->old_legacy_dns, &copy.old_legacy_dns) &&
                copy_values(arena, &copy);
    if (done && entry->member_count)
        done = (copy.members = arena_copy(arena, entry->members, entry->member_count * sizeof *entry->members)) != NULL;
    copy.address = done && copy.address_count ? copy.addresses[0] : "";
    if (done)
        *ret_entry = copy;
    return done;
}

bool ldap_record_copy(struct arena *arena, const struct ldap_record *record, struct ldap_record *ret_record)
{
    struct ldap_record copy = *record;
    bool done = ldap_entry_copy(arena, &record->entry, &copy.entry) && copy_text(arena, &copy.dn) && copy_text(arena, &copy.range_name) &&
                copy_text(arena, &copy.principal) && copy_names(arena, &copy.member_dns) &&
                copy_names(arena, &copy.member_accounts) && copy_names(arena, &copy.full_access_dns) &&
                copy_names(arena, &copy.send_on_behalf_dns) && copy_text(arena, &copy.reference_dns[0]) &&
                copy_text(arena, &copy.reference_dns[1]) && copy_text(arena, &copy.query.base) &&
                copy_text(arena, &copy.query.filter);
    if (done)
        *ret_record = copy;
    return done;
}

const char *ldap_dn_normal(struct arena *arena, const char *dn)
{
    LDAPDN parts = NULL;
    char *text = NULL;
    if (ldap_str2dn(dn, &parts, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
        return NULL;
    const char *normal = NULL;
    if (ldap_dn2str(parts, &text, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS && text)
        normal = ldap_lower(arena, bytes_of_string(text));
    ldap_memfree(text);
    ldap_dnfree(parts);
    return normal;
}
