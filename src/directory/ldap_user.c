/* From records to users: the organisation, what stands beside in the embedded directory, and who is an administrator. */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "directory/ldap_directory.h"
#include "directory/names.h"

#define ADMINISTRATORS_MAX 5000u
#define ADMINISTRATORS_HOLD_MIN_MS 1000u

enum directory_status ldap_organization(struct directory *directory, struct arena *arena,
                                        struct directory_organization *ret_organization)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    enum directory_status status = ldap->local ? directory_organization(ldap->local, arena, ret_organization)
                                               : DIRECTORY_NOT_FOUND;
    if (status != DIRECTORY_NOT_FOUND)
        return status;
    struct directory_organization organization = ldap->organization;
    const char **domains = arena_array(arena, const char *, 1);
    organization.name = arena_string(arena, organization.name);
    organization.domain = arena_string(arena, organization.domain);
    organization.netbios_name = arena_string(arena, organization.netbios_name);
    if (!domains || !organization.name || !organization.domain || !organization.netbios_name)
        return DIRECTORY_UNAVAILABLE;
    domains[0] = organization.domain;
    organization.domains = domains;
    organization.domain_count = 1;
    *ret_organization = organization;
    return DIRECTORY_OK;
}

/* A DN is made of parts with '/' and '=': an account that has them, or that is not ASCII, stands there with '_' for them. */
const char *ldap_legacy_dn(struct arena *arena, const struct directory_organization *organization,
                           const struct directory_entry *entry)
{
    if (*entry->legacy_dn)
        return entry->legacy_dn;
    char *account = arena_string(arena, entry->account);
    for (char *c = account; c && *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F || *c == '/' || *c == '=')
            *c = '_';
    return account ? legacy_dn_make(arena, organization, entry->id, account) : NULL;
}

/* --- beside --- */

enum directory_status ldap_user_beside(struct ldap_directory *directory, struct arena *arena, struct guid id,
                                       struct directory_user *ret_user)
{
    char account[GUID_TEXT_SIZE];
    ldap_directory_beside(id, account);
    return directory->local ? directory_find(directory->local, arena, DIRECTORY_KEY_LOGON, account, ret_user)
                            : DIRECTORY_NOT_FOUND;
}

/* --- administrators --- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_among(const char *const *dns, uint32_t count, const char *dn)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(dns[i], dn) == 0)
            return true;
    return false;
}

/* From a group to its members, theirs, and so on, each once. */
static enum directory_status read_administrators(struct ldap_directory *directory, struct arena *arena, uint32_t *ret_count,
                                                 const char ***ret_dns)
{
    struct arena work = {0};
    enum directory_status status = DIRECTORY_OK;
    const char **dns = arena_array(arena, const char *, ADMINISTRATORS_MAX);
    uint32_t count = 0;
    if (dns && (dns[0] = ldap_dn_normal(arena, directory->settings.administrators_dn)))
        count = 1;
    for (uint32_t next = 0; next < count && status == DIRECTORY_OK; next++) {
        struct ldap_record record;
        status = ldap_search_dn(directory, &work, dns[next], DIRECTORY_GROUP, LDAP_SELECTION_SMALL, &record);
        for (uint32_t i = 0; status == DIRECTORY_OK && i < record.member_dns.count && count < ADMINISTRATORS_MAX; i++) {
            const char *dn = ldap_dn_normal(arena, record.member_dns.items[i]);
            if (dn && !is_among(dns, count, dn))
                dns[count++] = dn;
        }
        status = status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status; /* a member that was deleted, or elsewhere */
        arena_reset(&work);
    }
    arena_free(&work);
    if (!count || status != DIRECTORY_OK)
        return DIRECTORY_UNAVAILABLE;
    qsort(dns, count, sizeof *dns, compare_texts);
    *ret_count = count;
    *ret_dns = dns;
    return DIRECTORY_OK;
}

/* Under the lock. Where the group cannot be read now, nobody becomes one who was not. */
static void refresh_administrators(struct ldap_directory *directory)
{
    struct ldap_administrators *administrators = &directory->administrators;
    uint32_t hold_ms = directory->settings.cache_ms;
    struct arena arena = {0};
    uint32_t count;
    const char **dns;
    if (read_administrators(directory, &arena, &count, &dns) == DIRECTORY_OK) {
        arena_free(&administrators->arena);
        administrators->arena = arena;
        administrators->count = count;
        administrators->dns = dns;
    } else {
        arena_free(&arena);
        ldap_directory_notice(directory, "the administrators' group '%s' cannot be read", directory->settings.administrators_dn);
    }
    administrators->until_ms = monotonic_ms() + (hold_ms > ADMINISTRATORS_HOLD_MIN_MS ? hold_ms : ADMINISTRATORS_HOLD_MIN_MS);
}

bool ldap_is_administrator(struct ldap_directory *directory, const char *dn)
{
    struct ldap_administrators *administrators = &directory->administrators;
    struct arena arena = {0};
    bool found = false;
    if (!*directory->settings.administrators_dn)
        return false;
    const char *normal = ldap_dn_normal(&arena, dn);
    pthread_mutex_lock(&administrators->lock);
    if (administrators->until_ms <= monotonic_ms())
        refresh_administrators(directory);
    if (normal && administrators->count)
        found = bsearch(&normal, administrators->dns, administrators->count, sizeof normal, compare_texts) != NULL;
    pthread_mutex_unlock(&administrators->lock);
    arena_free(&arena);
    return found;
}

/* --- users --- */

/* One that cannot be read is an error: it may switch the user off. */
static enum directory_status add_beside(struct ldap_directory *directory, struct arena *arena, struct directory_user *user)
{
    struct directory_user beside;
    enum directory_status status = ldap_user_beside(directory, arena, user->id, &beside);
    if (status != DIRECTORY_OK)
        return status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
    user->switches = beside.switches;
    user->redirect_address = beside.redirect_address;
    user->redirect_url = beside.redirect_url;
    user->administrator = beside.administrator;
    user->enabled = user->enabled && beside.enabled;
    if (!guid_is_zero(beside.archive_guid))
        user->archive_guid = beside.archive_guid;
    return DIRECTORY_OK;
}

enum directory_status ldap_user_of(struct ldap_directory *directory, struct arena *arena, const struct ldap_record *record,
                                   struct directory_user *ret_user)
{
    const struct directory_entry *entry = &record->entry;
    struct directory_organization organization;
    enum directory_status status = ldap_organization(&directory->directory, arena, &organization);
    if (status != DIRECTORY_OK)
        return status;
    struct directory_user user = {
        .id = entry->id, .mailbox_guid = entry->mailbox_guid, .kind = entry->kind, .account = entry->account,
        .display_name = entry->display_name, .address = entry->address, .address_count = entry->address_count,
        .addresses = entry->addresses, .principal = record->principal, .enabled = record->enabled,
        .archive_guid = record->archive_guid, .redirect_address = "", .redirect_url = "",
        .switches = {.mapi_enabled = true, .block_versions = "", .methods = DIRECTORY_METHOD_ALL},
        .legacy_dn = ldap_legacy_dn(arena, &organization, entry)};
    if (!user.legacy_dn)
        return DIRECTORY_UNAVAILABLE;
    status = add_beside(directory, arena, &user);
    if (status != DIRECTORY_OK)
        return status;
    user.mapi_enabled = user.switches.mapi_enabled;
    user.administrator = user.kind == DIRECTORY_USER && (user.administrator || ldap_is_administrator(directory, record->dn));
    *ret_user = user;
    return DIRECTORY_OK;
}
