/* Lookups: from a key to a filter, and from what was found back to the key, since servers compare more loosely than we do. */
#include <string.h>

#include "base/text.h"
#include "directory/ldap_directory.h"
#include "directory/ldap_text.h"
#include "directory/names.h"

#define LOOKUP_RECORDS_MAX 4u
#define KEY_SIZE_MAX 1024u

/* A more specific filter comes before a more general one. */
static const enum directory_kind kinds_in_order[] = {
    DIRECTORY_ROOM, DIRECTORY_EQUIPMENT, DIRECTORY_SHARED_MAILBOX, DIRECTORY_USER, DIRECTORY_GROUP, DIRECTORY_CONTACT,
};

/* How a key is compared; LOGON and PRINCIPAL become one of these, or one after the other. */
enum comparison { BY_ACCOUNT, BY_ADDRESS, BY_LEGACY_DN, BY_ID, BY_MAILBOX, BY_PRINCIPAL };

struct lookup {
    struct ldap_directory *directory;
    struct arena *arena;
    enum comparison comparison;
    const char *value;  /* account and address in lower case */
    struct guid guid;   /* of BY_ID and BY_MAILBOX */
    bool mailbox;
    enum ldap_selection selection;
    struct ldap_record found;
    uint32_t found_count;
};

/* --- filters --- */

static void add_names(struct buffer *filter, const struct ldap_map *map, unsigned meaning, struct bytes value)
{
    const struct ldap_map_row *rows;
    unsigned count = ldap_map_names(map, meaning, &rows);
    for (unsigned i = 0; i < count; i++)
        ldap_text_filter_equal(filter, rows[i].name, value);
}

static void add_prefixed(struct buffer *filter, const struct ldap_map *map, unsigned meaning, const char *prefix, const char *value)
{
    struct buffer text = {0};
    buffer_append_string(&text, prefix);
    buffer_append_string(&text, value);
    if (text.failed)
        filter->failed = true;
    else
        add_names(filter, map, meaning, buffer_bytes(&text));
    buffer_free(&text);
}

static void add_id(struct buffer *filter, const struct ldap_map *map, struct guid guid)
{
    const struct ldap_map_row *rows;
    unsigned count = ldap_map_names(map, LDAP_FIELD_ID, &rows);
    char text[GUID_TEXT_SIZE];
    guid_format(guid, text);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(rows[i].name, "objectGUID") == 0) {
            ldap_text_filter_equal(filter, rows[i].name, bytes_of(guid.data, sizeof guid.data));
        } else if (strcmp(rows[i].name, "nsUniqueId") == 0) {
            char groups[36];
            memcpy(groups, text, 13);
            memcpy(groups + 13, text + 14, 4);
            groups[17] = '-';
            memcpy(groups + 18, text + 19, 4);
            memcpy(groups + 22, text + 24, 4);
            groups[26] = '-';
            memcpy(groups + 27, text + 28, 8);
            ldap_text_filter_equal(filter, rows[i].name, bytes_of(groups, 35));
        } else
            ldap_text_filter_equal(filter, rows[i].name, bytes_of(text, GUID_TEXT_SIZE - 1));
    }
}

static void add_condition(struct buffer *filter, const struct lookup *lookup, enum directory_kind kind)
{
    const struct ldap_map *map = &lookup->directory->map;
    struct bytes value = lookup->value ? bytes_of_string(lookup->value) : BYTES_NONE;
    buffer_append_string(filter, "(|");
    switch (lookup->comparison) {
    case BY_ACCOUNT:
        add_names(filter, map, directory_kind_has_mailbox(kind) ? LDAP_FIELD_ACCOUNT : LDAP_FIELD_ALIAS, value);
        break;
    case BY_ADDRESS:
        add_names(filter, map, LDAP_FIELD_MAIL, value);
        add_names(filter, map, LDAP_FIELD_OTHER_ADDRESS, value);
        add_prefixed(filter, map, LDAP_FIELD_PROXY_ADDRESSES, "smtp:", lookup->value);
        if (!lookup->mailbox)
            add_prefixed(filter, map, LDAP_FIELD_TARGET_ADDRESS, "smtp:", lookup->value);
        break;
    case BY_LEGACY_DN:
        add_names(filter, map, LDAP_FIELD_LEGACY_DN, value);
        add_prefixed(filter, map, LDAP_FIELD_PROXY_ADDRESSES, "x500:", lookup->value);
        break;
    case BY_MAILBOX:
        add_names(filter, map, LDAP_FIELD_MAILBOX_GUID, bytes_of(lookup->guid.data, sizeof lookup->guid.data));
        add_id(filter, map, lookup->guid);
        break;
    case BY_ID:
        add_id(filter, map, lookup->guid);
        break;
    case BY_PRINCIPAL:
        add_names(filter, map, LDAP_FIELD_PRINCIPAL, value);
        break;
    }
    buffer_append_string(filter, ")");
}

/* --- what was found --- */

static bool has_dn(const struct directory_entry *entry, const char *dn)
{
    bool equal = text_equal_ignoring_case(entry->legacy_dn, dn);
    for (uint32_t i = 0; !equal && i < entry->old_legacy_dn_count; i++)
        equal = text_equal_ignoring_case(entry->old_legacy_dns[i], dn);
    return equal;
}

static bool has_address(const struct directory_entry *entry, const char *address)
{
    for (uint32_t i = 0; i < entry->address_count; i++)
        if (strcmp(entry->addresses[i], address) == 0)
            return true;
    return false;
}

static bool fits(const struct lookup *lookup, const struct ldap_record *record)
{
    const struct directory_entry *entry = &record->entry;
    if (lookup->mailbox && !directory_kind_has_mailbox(entry->kind))
        return false;
    switch (lookup->comparison) {
    case BY_ACCOUNT: return strcmp(entry->account, lookup->value) == 0;
    case BY_ADDRESS: return has_address(entry, lookup->value);
    case BY_LEGACY_DN: return has_dn(entry, lookup->value);
    case BY_ID: return guid_equal(entry->id, lookup->guid);
    case BY_MAILBOX: return guid_equal(entry->mailbox_guid, lookup->guid);
    case BY_PRINCIPAL: return text_equal_ignoring_case(record->principal, lookup->value);
    }
    return false;
}

static bool take(void *user, const struct ldap_record *record)
{
    struct lookup *lookup = user;
    if (fits(lookup, record) && lookup->found_count++ == 0)
        lookup->found = *record;
    return true;
}

static void restart(void *user)
{
    ((struct lookup *)user)->found_count = 0;
}

/* --- the search --- */

static enum directory_status search_kind(struct lookup *lookup, enum directory_kind kind)
{
    struct ldap_directory *directory = lookup->directory;
    struct buffer filter = {0};
    buffer_append_format(&filter, "(&%s", directory->map.filters[kind]);
    add_condition(&filter, lookup, kind);
    buffer_append_string(&filter, ")");
    const char *text = buffer_string(&filter);
    struct ldap_search search = {.base = directory->settings.base_dn, .scope = LDAP_SCOPE_SUBTREE, .filter = text, .kind = kind,
                                 .selection = lookup->selection, .count_max = LOOKUP_RECORDS_MAX};
    int code = text ? ldap_search_run(directory, lookup->arena, &search, take, restart, lookup) : LDAP_NO_MEMORY;
    buffer_free(&filter);
    if (code != LDAP_SUCCESS && code != LDAP_SIZELIMIT_EXCEEDED) {
        if (!ldap_connection_is_lost(code))
            ldap_directory_notice(directory, "a lookup failed: %s", ldap_err2string(code));
        return DIRECTORY_UNAVAILABLE;
    }
    if (code == LDAP_SIZELIMIT_EXCEEDED && lookup->found_count < 2)
        lookup->found_count = lookup->found_count ? 2 : 0; /* more than we looked at: not unique */
    return lookup->found_count ? DIRECTORY_OK : DIRECTORY_NOT_FOUND;
}

static enum directory_status search(struct lookup *lookup)
{
    enum directory_status status = DIRECTORY_NOT_FOUND;
    for (size_t i = 0; i < sizeof kinds_in_order / sizeof *kinds_in_order && status == DIRECTORY_NOT_FOUND; i++) {
        enum directory_kind kind = kinds_in_order[i];
        if (*lookup->directory->map.filters[kind] && (!lookup->mailbox || directory_kind_has_mailbox(kind)))
            status = search_kind(lookup, kind);
    }
    if (status == DIRECTORY_OK && lookup->found_count > 1) {
        ldap_directory_notice(lookup->directory, "'%s' means more than one entry, '%s' is one of them: nobody is taken for it",
                              lookup->value ? lookup->value : "a GUID", lookup->found.dn);
        return DIRECTORY_NOT_FOUND;
    }
    return status;
}

static enum directory_status search_by(struct lookup *lookup, enum comparison comparison, const char *value)
{
    lookup->comparison = comparison;
    lookup->value = value;
    lookup->found_count = 0;
    return search(lookup);
}

/* --- keys --- */

static enum directory_status find_logon(struct lookup *lookup, const char *logon)
{
    struct directory_organization organization;
    struct logon_name name;
    char *lower = ldap_lower(lookup->arena, bytes_of_string(logon));
    if (!lower || ldap_organization(&lookup->directory->directory, lookup->arena, &organization) != DIRECTORY_OK)
        return DIRECTORY_UNAVAILABLE;
    if (!logon_name_read(lookup->arena, lower, &name))
        return DIRECTORY_NOT_FOUND;
    if (name.kind == LOGON_NAME_DOWN_LEVEL && !logon_domain_matches(name.domain, &organization))
        return DIRECTORY_NOT_FOUND;
    if (name.kind != LOGON_NAME_ADDRESS)
        return search_by(lookup, BY_ACCOUNT, name.account);
    enum directory_status status = search_by(lookup, BY_ADDRESS, lower);
    return status == DIRECTORY_NOT_FOUND ? search_by(lookup, BY_PRINCIPAL, lower) : status;
}

static bool is_own_domain(const struct directory_organization *organization, const char *domain)
{
    for (uint32_t i = 0; i < organization->domain_count; i++)
        if (text_equal_ignoring_case(organization->domains[i], domain))
            return true;
    return text_equal_ignoring_case(organization->domain, domain);
}

/* A ticket names the account where the realm is ours, whatever the principal name in the directory. */
static enum directory_status find_principal(struct lookup *lookup, const char *principal)
{
    struct directory_organization organization;
    enum directory_status status = search_by(lookup, BY_PRINCIPAL, principal);
    const char *at = strrchr(principal, '@');
    if (status != DIRECTORY_NOT_FOUND || lookup->found_count || !at || at == principal)
        return status;
    if (ldap_organization(&lookup->directory->directory, lookup->arena, &organization) != DIRECTORY_OK)
        return DIRECTORY_UNAVAILABLE;
    char *account = ldap_lower(lookup->arena, bytes_of(principal, (size_t)(at - principal)));
    if (!account)
        return DIRECTORY_UNAVAILABLE;
    return is_own_domain(&organization, at + 1) ? search_by(lookup, BY_ACCOUNT, account) : DIRECTORY_NOT_FOUND;
}

/* The 32 digits that a DN we made begins its last part with. */
static bool id_of_made_dn(const char *legacy_dn, struct guid *ret_id)
{
    const char *last = strrchr(legacy_dn, '/');
    uint8_t id[16];
    if (!last || !text_has_prefix_ignoring_case(last, "/cn=") || strlen(last) < 4 + 33 || last[4 + 32] != '-' ||
        !ldap_text_hash(bytes_of(last + 4, 32), id))
        return false;
    memcpy(ret_id->data, id, sizeof id);
    return true;
}

static enum directory_status find_legacy_dn(struct lookup *lookup, const char *legacy_dn)
{
    enum directory_status status = search_by(lookup, BY_LEGACY_DN, legacy_dn);
    if (status != DIRECTORY_NOT_FOUND || !id_of_made_dn(legacy_dn, &lookup->guid))
        return status;
    status = search_by(lookup, BY_ID, NULL);
    /* One with a DN of its own never had one that we made. */
    return status == DIRECTORY_OK && *lookup->found.entry.legacy_dn ? DIRECTORY_NOT_FOUND : status;
}

static enum directory_status find_uncached(struct lookup *lookup, enum directory_key key, const char *value)
{
    char *lower;
    switch (key) {
    case DIRECTORY_KEY_LOGON:
        return find_logon(lookup, value);
    case DIRECTORY_KEY_ADDRESS:
        lower = ldap_lower(lookup->arena, bytes_of_string(value));
        return lower ? search_by(lookup, BY_ADDRESS, lower) : DIRECTORY_UNAVAILABLE;
    case DIRECTORY_KEY_LEGACY_DN:
        return find_legacy_dn(lookup, value);
    case DIRECTORY_KEY_ID:
        return guid_parse(value, &lookup->guid) ? search_by(lookup, BY_ID, NULL) : DIRECTORY_NOT_FOUND;
    case DIRECTORY_KEY_MAILBOX:
        return guid_parse(value, &lookup->guid) ? search_by(lookup, BY_MAILBOX, NULL) : DIRECTORY_NOT_FOUND;
    case DIRECTORY_KEY_PRINCIPAL:
        return find_principal(lookup, value);
    }
    return DIRECTORY_NOT_FOUND;
}

enum directory_status ldap_find_record(struct ldap_directory *directory, struct arena *arena, enum directory_key key,
                                       const char *value, bool mailbox, enum ldap_selection selection,
                                       struct ldap_record *ret_record)
{
    bool small = selection == LDAP_SELECTION_SMALL;
    if (!*value || strlen(value) > KEY_SIZE_MAX)
        return DIRECTORY_NOT_FOUND;
    const char *cache_key = ldap_lower(arena, bytes_of_string(value));
    cache_key = cache_key ? arena_format(arena, "%d%d:%s", (int)key, mailbox, cache_key) : NULL;
    if (!cache_key)
        return DIRECTORY_UNAVAILABLE;
    uint64_t generation = ldap_cache_generation(directory->cache);
    enum ldap_cache_result cached = small ? ldap_cache_get(directory->cache, cache_key, arena, ret_record) : LDAP_CACHE_UNKNOWN;
    if (cached != LDAP_CACHE_UNKNOWN)
        return cached == LDAP_CACHE_FOUND ? DIRECTORY_OK : DIRECTORY_NOT_FOUND;
    struct lookup *lookup = arena_new(arena, struct lookup);
    if (!lookup)
        return DIRECTORY_UNAVAILABLE;
    *lookup = (struct lookup){.directory = directory, .arena = arena, .mailbox = mailbox, .selection = selection};
    enum directory_status status = find_uncached(lookup, key, value);
    if (small && (status == DIRECTORY_OK || status == DIRECTORY_NOT_FOUND))
        ldap_cache_put(directory->cache, cache_key, status == DIRECTORY_OK ? &lookup->found : NULL, generation);
    if (status == DIRECTORY_OK)
        *ret_record = lookup->found;
    return status;
}

/* --- the contract --- */

/* Who is in the embedded directory alone: a public folder mailbox, somebody for emergencies. Those that stand beside an LDAP
 * entry are not people of their own. */
static enum directory_status find_local(struct ldap_directory *directory, struct arena *arena, enum directory_key key,
                                        const char *value, struct directory_user *ret_user)
{
    struct guid id;
    enum directory_status status = directory->local ? directory_find(directory->local, arena, key, value, ret_user)
                                                    : DIRECTORY_NOT_FOUND;
    return status == DIRECTORY_OK && ldap_account_beside(ret_user->account, &id) ? DIRECTORY_NOT_FOUND : status;
}

enum directory_status ldap_find(struct directory *directory, struct arena *arena, enum directory_key key, const char *value,
                                struct directory_user *ret_user)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct ldap_record record;
    enum directory_status status = ldap_find_record(ldap, arena, key, value, true, LDAP_SELECTION_SMALL, &record);
    if (status == DIRECTORY_OK)
        return ldap_user_of(ldap, arena, &record, ret_user);
    return status == DIRECTORY_NOT_FOUND ? find_local(ldap, arena, key, value, ret_user) : status;
}

enum directory_status ldap_find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                      const char *value, struct directory_entry *ret_entry)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct ldap_record record;
    struct guid id;
    enum directory_status status = ldap_find_record(ldap, arena, key, value, false, LDAP_SELECTION_ALL, &record);
    if (status == DIRECTORY_OK) {
        status = ldap_snapshots_complete(ldap, arena, &record);
        if (status == DIRECTORY_OK)
            *ret_entry = record.entry;
        return status;
    }
    if (status != DIRECTORY_NOT_FOUND || !ldap->local)
        return status;
    status = directory_find_entry(ldap->local, arena, key, value, ret_entry);
    if (status == DIRECTORY_OK && ldap_account_beside(ret_entry->account, &id))
        return DIRECTORY_NOT_FOUND;
    return status == DIRECTORY_OK ? ldap_snapshots_complete_local(ldap, arena, ret_entry) : status;
}
