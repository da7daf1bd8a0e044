/* Opening, and what the contract asks that is neither lookup, right nor change. */
#include "directory/ldap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory/ldap_directory.h"
#include "directory/names.h"

static enum directory_status ldap_entries(struct directory *directory, struct arena *arena, const struct guid *after,
                                          uint32_t count_max, uint32_t *ret_count, struct directory_entry **ret_entries)
{
    struct ldap_snapshot *snapshot = ldap_snapshots_acquire(ldap_directory_of(directory));
    if (!snapshot)
        return DIRECTORY_UNAVAILABLE;
    uint32_t start = 0, high = snapshot->count;
    while (after && start < high) {
        uint32_t middle = start + (high - start) / 2;
        if (memcmp(snapshot->records[middle].entry.id.data, after->data, sizeof after->data) <= 0)
            start = middle + 1;
        else
            high = middle;
    }
    uint32_t count = snapshot->count - start < count_max ? snapshot->count - start : count_max;
    struct directory_entry *entries = arena_array(arena, struct directory_entry, count ? count : 1);
    bool done = entries != NULL;
    for (uint32_t i = 0; done && i < count; i++)
        done = ldap_entry_copy(arena, &snapshot->records[start + i].entry, &entries[i]);
    ldap_snapshot_release(snapshot);
    if (!done)
        return DIRECTORY_UNAVAILABLE;
    *ret_count = count;
    *ret_entries = entries;
    return DIRECTORY_OK;
}

static enum directory_status user_at(struct ldap_directory *directory, struct arena *arena, const struct ldap_record *record,
                                     struct directory_user *ret_user)
{
    struct ldap_record copy;
    char text[GUID_TEXT_SIZE];
    guid_format(record->entry.id, text);
    if (!*record->dn)
        return directory_find(directory->local, arena, DIRECTORY_KEY_ID, text, ret_user);
    return ldap_record_copy(arena, record, &copy) ? ldap_user_of(directory, arena, &copy, ret_user) : DIRECTORY_UNAVAILABLE;
}

static enum directory_status ldap_list(struct directory *directory, struct arena *arena, const char *after, uint32_t count_max,
                                       uint32_t *ret_count, struct directory_user **ret_users)
{
    struct ldap_snapshot *snapshot = ldap_snapshots_acquire(ldap_directory_of(directory));
    if (!snapshot)
        return DIRECTORY_UNAVAILABLE;
    uint32_t start = 0, count = 0;
    while (after && start < snapshot->mailbox_count &&
           strcmp(snapshot->records[snapshot->by_account_order[start]].entry.account, after) <= 0)
        start++;
    uint32_t left = snapshot->mailbox_count - start;
    struct directory_user *users = arena_array(arena, struct directory_user, left < count_max ? left + 1 : count_max + 1);
    enum directory_status status = users ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
    for (uint32_t i = start; status == DIRECTORY_OK && i < snapshot->mailbox_count && count < count_max; i++) {
        status = user_at(ldap_directory_of(directory), arena, &snapshot->records[snapshot->by_account_order[i]], &users[count]);
        if (status == DIRECTORY_NOT_FOUND) /* of the embedded directory, removed since */
            status = DIRECTORY_OK;
        else if (status == DIRECTORY_OK)
            count++;
    }
    ldap_snapshot_release(snapshot);
    if (status == DIRECTORY_OK) {
        *ret_count = count;
        *ret_users = users;
    }
    return status;
}

static enum directory_status ldap_address_lists(struct directory *directory, struct arena *arena, uint32_t *ret_count,
                                                struct directory_address_list **ret_lists)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    if (ldap->local)
        return directory_address_lists(ldap->local, arena, ret_count, ret_lists);
    *ret_count = 0;
    *ret_lists = NULL;
    return DIRECTORY_OK;
}

/* What moves it: a reading that found something else, our own writes, the embedded directory. Each part moves alone, and a
 * sum of parts that only grow is never what it was. */
static uint64_t ldap_version(struct directory *directory)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    uint64_t beside = ldap->local ? directory_version(ldap->local) : 0;
    return ((ldap_snapshots_changes(ldap->snapshots) + atomic_load(&ldap->writes)) << 32) + beside;
}

static void ldap_close(struct directory *directory)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    if (ldap->snapshots)
        ldap_snapshots_free(ldap->snapshots);
    ldap_cache_free(ldap->cache);
    ldap_pool_free(ldap->pool);
    directory_close(ldap->local);
    arena_free(&ldap->administrators.arena);
    pthread_mutex_destroy(&ldap->administrators.lock);
    if (ldap->settings.bind_password)
        explicit_bzero((char *)ldap->settings.bind_password, strlen(ldap->settings.bind_password));
    arena_free(&ldap->texts);
    free(ldap);
}

static const struct directory_type ldap_type = {
    .organization = ldap_organization, .find = ldap_find, .verify_password = ldap_verify_password, .list = ldap_list,
    .find_entry = ldap_find_entry, .entries = ldap_entries, .set_values = ldap_set_values,
    .change_members = ldap_change_members, .has_right = ldap_has_right, .additional_mailboxes = ldap_additional_mailboxes,
    .nt_hash = ldap_nt_hash, .address_lists = ldap_address_lists, .version = ldap_version, .close = ldap_close,
};

/* --- opening --- */

static bool wrong(struct ldap_directory_error *error, const char *what, const char *value)
{
    snprintf(error->text, sizeof error->text, "%s: '%.100s'", what, value);
    return false;
}

/* libldap reads a filter when it makes a request of it, before it connects: to a socket that cannot be there. */
static bool filter_is_good(const char *filter)
{
    LDAP *handle;
    int message_id, code = ldap_initialize(&handle, "ldapi://%2Fdev%2Fnull%2Fnone");
    if (code != LDAP_SUCCESS)
        return false;
    code = ldap_search_ext(handle, "", LDAP_SCOPE_BASE, filter, NULL, 0, NULL, NULL, NULL, 0, &message_id);
    ldap_unbind_ext(handle, NULL, NULL);
    return code != LDAP_FILTER_ERROR && code != LDAP_PARAM_ERROR;
}

/* What cannot be right, whatever the server holds. */
static bool settings_are_good(const struct ldap_directory_settings *settings, struct ldap_directory_error *error)
{
    const char *const filters[] = {settings->filters.user, settings->filters.shared, settings->filters.room,
                                   settings->filters.equipment, settings->filters.group, settings->filters.contact};
    struct arena work = {0};
    bool good = true;
    if (!*settings->base_dn || !ldap_dn_normal(&work, settings->base_dn))
        good = wrong(error, "the base DN is not a DN", settings->base_dn);
    else if (*settings->bind_dn && !strchr(settings->bind_dn, '@') && !strchr(settings->bind_dn, '\\') &&
             !ldap_dn_normal(&work, settings->bind_dn))
        good = wrong(error, "the bind DN is not a DN", settings->bind_dn);
    else if (*settings->bind_dn && !*settings->bind_password)
        good = wrong(error, "there is no password for the bind DN", settings->bind_dn);
    else if (*settings->administrators_dn && !ldap_dn_normal(&work, settings->administrators_dn))
        good = wrong(error, "the administrators' group is not a DN", settings->administrators_dn);
    for (size_t i = 0; good && i < sizeof filters / sizeof *filters; i++)
        if (filters[i] && *filters[i] && (filters[i][0] != '(' || !filter_is_good(filters[i])))
            good = wrong(error, "not a filter", filters[i]);
    arena_free(&work);
    return good;
}

static bool keep(struct arena *arena, const char **text)
{
    *text = arena_string(arena, *text ? *text : "");
    return *text != NULL;
}

static bool keep_settings(struct ldap_directory *directory, const struct ldap_directory_settings *settings)
{
    struct ldap_directory_settings *kept = &directory->settings;
    const char **const texts[] = {&kept->urls, &kept->ca_file, &kept->bind_dn, &kept->bind_password, &kept->base_dn,
                                  &kept->filters.user, &kept->filters.shared, &kept->filters.room, &kept->filters.equipment,
                                  &kept->filters.group, &kept->filters.contact, &kept->administrators_dn,
                                  &kept->organization_name, &kept->domain};
    *kept = *settings;
    bool done = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        done = keep(&directory->texts, texts[i]) && done;
    return done;
}

/* 'example.org' of 'ou=people,dc=example,dc=org'. */
static const char *domain_of_base(struct arena *arena, const char *base_dn)
{
    LDAPDN parts = NULL;
    struct buffer domain = {0};
    if (ldap_str2dn(base_dn, &parts, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
        return NULL;
    for (int i = 0; parts && parts[i]; i++) {
        const LDAPAVA *part = parts[i][0];
        if (part->la_attr.bv_len != 2 || strncasecmp(part->la_attr.bv_val, "dc", 2) != 0)
            continue;
        buffer_append_string(&domain, domain.size ? "." : "");
        buffer_append(&domain, part->la_value.bv_val, part->la_value.bv_len);
    }
    ldap_dnfree(parts);
    const char *lower = ldap_lower(arena, buffer_bytes(&domain));
    buffer_free(&domain);
    return lower;
}

/* Where nobody ran 'mapihttp organization init': the same at each start, since it is made of the settings alone. */
static bool make_organization(struct ldap_directory *directory)
{
    struct directory_organization *organization = &directory->organization;
    const char *domain = directory->settings.domain, *name = directory->settings.organization_name;
    const char *base = ldap_dn_normal(&directory->texts, directory->settings.base_dn);
    if (!*domain)
        domain = domain_of_base(&directory->texts, directory->settings.base_dn);
    char *netbios_name = domain ? arena_string_of(&directory->texts, bytes_of(domain, strcspn(domain, "."))) : NULL;
    if (!netbios_name || !base)
        return false;
    for (char *c = netbios_name; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c &= ~0x20;
    *organization = (struct directory_organization){
        .name = organization_name_allowed(name) ? name : "First Organization", .domain = domain, .netbios_name = netbios_name,
        .mapi_http_enabled = true};
    uint64_t halves[4] = {0xCBF29CE484222325ull, 0x84222325CBF29CE4ull, 0x9E3779B97F4A7C15ull, 0xC2B2AE3D27D4EB4Full};
    for (const char *c = base; *c; c++)
        for (size_t i = 0; i < 4; i++)
            halves[i] = (halves[i] ^ (uint8_t)*c) * 0x100000001B3ull;
    memcpy(organization->id.data, halves, 16);
    memcpy(organization->address_book_id.data, halves + 2, 16);
    return true;
}

enum directory_status ldap_directory_open(const struct ldap_directory_settings *settings, struct directory *local,
                                          struct directory **ret_directory, struct ldap_directory_error *ret_error)
{
    struct ldap_directory *directory = calloc(1, sizeof *directory);
    snprintf(ret_error->text, sizeof ret_error->text, "out of memory");
    if (!directory)
        return DIRECTORY_UNAVAILABLE;
    directory->directory.type = &ldap_type;
    pthread_mutex_init(&directory->administrators.lock, NULL);
    enum directory_status status = keep_settings(directory, settings) ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
    if (status == DIRECTORY_OK && !settings_are_good(&directory->settings, ret_error))
        status = DIRECTORY_INVALID;
    if (status == DIRECTORY_OK) {
        const struct ldap_directory_settings *kept = &directory->settings;
        ldap_map_fill(&directory->map, kept->schema, &kept->filters);
        directory->snapshots = ldap_snapshots_new();
        directory->cache = ldap_cache_new(kept->cache_ms);
        directory->pool = ldap_pool_new(&(struct ldap_pool_settings){
            .urls = kept->urls, .start_tls = kept->start_tls, .verify_certificate = kept->verify_certificate,
            .ca_file = kept->ca_file, .bind_dn = kept->bind_dn, .bind_password = kept->bind_password,
            .connections_max = kept->connections_max, .connect_timeout_ms = kept->connect_timeout_ms,
            .timeout_ms = kept->timeout_ms, .notice = kept->notice, .notice_user = kept->notice_user},
            ret_error->text, sizeof ret_error->text);
        if (!directory->pool)
            status = DIRECTORY_INVALID;
        if (!directory->snapshots || !directory->cache || !make_organization(directory))
            status = DIRECTORY_UNAVAILABLE;
    }
    if (status != DIRECTORY_OK) {
        ldap_close(&directory->directory);
        return status;
    }
    directory->local = local;
    *ret_directory = &directory->directory;
    return DIRECTORY_OK;
}

enum directory_status ldap_directory_check(struct directory *directory, struct ldap_directory_error *ret_error)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct arena arena = {0};
    struct ldap_names dns;
    struct ldap_query query = {.base = ldap->settings.base_dn, .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)"};
    int code = ldap_search_dns(ldap, &arena, &query, 1, &dns);
    arena_free(&arena);
    if (code == LDAP_SUCCESS && dns.count)
        return DIRECTORY_OK;
    snprintf(ret_error->text, sizeof ret_error->text, "'%.120s' cannot be read: %s", ldap->settings.base_dn,
             ldap_err2string(code == LDAP_SUCCESS ? LDAP_NO_SUCH_OBJECT : code));
    return DIRECTORY_UNAVAILABLE;
}
