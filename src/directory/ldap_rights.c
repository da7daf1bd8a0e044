/* Rights: those that attributes of the server give (msExchDelegateListLink, publicDelegates, managedBy), and those given in the
 * embedded directory to whoever stands beside. */
#include <stdlib.h>
#include <string.h>

#include "directory/ldap_directory.h"
#include "directory/rule.h"

#define ADDITIONAL_MAILBOXES_MAX 1000u

static int compare_guids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct guid));
}

static bool is_member(const struct directory_entry *group, struct guid id)
{
    return group->member_count && bsearch(&id, group->members, group->member_count, sizeof id, compare_guids);
}

/* Dynamic groups with a rule are of the embedded directory alone; those of a server are read with their members. */
static bool rule_matches(const struct ldap_snapshot *snapshot, const char *text, const struct directory_entry *entry)
{
    struct arena work = {.first_size = 16384};
    const struct directory_rule *rule;
    const char **aliases = arena_array(&work, const char *, snapshot->group_count);
    uint32_t alias_count = 0;
    for (uint32_t i = 0; aliases && i < snapshot->group_count; i++)
        if (is_member(&snapshot->records[snapshot->groups[i]].entry, entry->id))
            aliases[alias_count++] = snapshot->records[snapshot->groups[i]].entry.account;
    bool matches = aliases && directory_rule_read(&work, text, &rule, NULL) && directory_rule_matches(rule, entry, alias_count, aliases);
    arena_free(&work);
    return matches;
}

static bool has_member(const struct ldap_snapshot *snapshot, const struct directory_entry *group, struct guid id)
{
    if (group->kind != DIRECTORY_DYNAMIC_GROUP)
        return is_member(group, id);
    uint32_t member = ldap_snapshot_find(snapshot, id);
    return member != LDAP_SNAPSHOT_NONE && rule_matches(snapshot, group->rule, &snapshot->records[member].entry);
}

/* The groups that somebody is in, by way of other groups too. */
struct groups {
    uint32_t count;
    uint32_t *indexes;
    bool *known; /* by index of the snapshot */
};

static void groups_free(struct groups *groups)
{
    free(groups->indexes);
    free(groups->known);
}

static bool groups_of(const struct ldap_snapshot *snapshot, struct guid id, struct groups *ret_groups)
{
    struct groups groups = {.indexes = calloc(snapshot->group_count + 1, sizeof(uint32_t)),
                            .known = calloc(snapshot->count + 1, sizeof(bool))};
    if (!groups.indexes || !groups.known) {
        groups_free(&groups);
        return false;
    }
    uint32_t done = 0;
    do {
        struct guid member = done ? snapshot->records[groups.indexes[done - 1]].entry.id : id;
        for (uint32_t i = 0; i < snapshot->group_count; i++) {
            uint32_t group = snapshot->groups[i];
            if (!groups.known[group] && has_member(snapshot, &snapshot->records[group].entry, member)) {
                groups.known[group] = true;
                groups.indexes[groups.count++] = group;
            }
        }
    } while (done++ < groups.count);
    *ret_groups = groups;
    return true;
}

/* --- attributes of the server --- */

static bool is_meant(const struct ldap_snapshot *snapshot, const struct groups *groups, struct guid id, uint32_t index)
{
    return index != LDAP_SNAPSHOT_NONE && (groups->known[index] || guid_equal(snapshot->records[index].entry.id, id));
}

static bool is_among(const struct ldap_snapshot *snapshot, const struct groups *groups, struct guid id, const struct ldap_names *dns)
{
    struct arena work = {0};
    bool found = false;
    for (uint32_t i = 0; !found && i < dns->count; i++) {
        const char *normal = ldap_dn_normal(&work, dns->items[i]);
        found = normal && is_meant(snapshot, groups, id, ldap_snapshot_find_dn(snapshot, normal));
    }
    arena_free(&work);
    return found;
}

static bool manages(const struct ldap_snapshot *snapshot, const struct groups *groups, struct guid id, const struct directory_entry *group)
{
    const struct directory_value *owner = directory_entry_value(group, DIRECTORY_ATTRIBUTE_MANAGED_BY);
    struct guid owner_id;
    if (!owner || owner->items[0].size != sizeof owner_id.data)
        return false;
    memcpy(owner_id.data, owner->items[0].data, sizeof owner_id.data);
    return is_meant(snapshot, groups, id, ldap_snapshot_find(snapshot, owner_id));
}

static bool given_by_server(const struct ldap_snapshot *snapshot, const struct groups *groups, struct guid actor_id,
                            enum directory_right right, uint32_t owner)
{
    const struct ldap_record *record = &snapshot->records[owner];
    switch (right) {
    case DIRECTORY_FULL_ACCESS:
        return is_among(snapshot, groups, actor_id, &record->full_access_dns);
    case DIRECTORY_SEND_ON_BEHALF:
        return is_among(snapshot, groups, actor_id, &record->send_on_behalf_dns);
    case DIRECTORY_MANAGE_MEMBERS:
        return record->entry.kind == DIRECTORY_GROUP && manages(snapshot, groups, actor_id, &record->entry);
    case DIRECTORY_SEND_AS:
        break; /* stands in security descriptors only */
    }
    return false;
}

/* --- beside --- */

struct guid ldap_local_id(struct ldap_directory *directory, struct arena *arena, struct guid id)
{
    char account[GUID_TEXT_SIZE];
    struct directory_entry entry;
    ldap_directory_beside(id, account);
    return directory_find_entry(directory->local, arena, DIRECTORY_KEY_LOGON, account, &entry) == DIRECTORY_OK ? entry.id : id;
}

static bool given_locally(struct ldap_directory *directory, struct guid actor_id, enum directory_right right, struct guid owner_id)
{
    struct arena work = {0};
    bool given = directory->local && directory_has_right(directory->local, ldap_local_id(directory, &work, actor_id), right,
                                                         ldap_local_id(directory, &work, owner_id));
    arena_free(&work);
    return given;
}

bool ldap_has_right(struct directory *directory, struct guid actor_id, enum directory_right right, struct guid owner_id)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct groups groups;
    if (given_locally(ldap, actor_id, right, owner_id))
        return true;
    struct ldap_snapshot *snapshot = ldap_snapshots_acquire(ldap);
    if (!snapshot)
        return false;
    bool given = false;
    if (groups_of(snapshot, actor_id, &groups)) {
        uint32_t owner = ldap_snapshot_find(snapshot, owner_id);
        given = owner != LDAP_SNAPSHOT_NONE && given_by_server(snapshot, &groups, actor_id, right, owner);
        for (uint32_t i = 0; ldap->local && !given && i < groups.count; i++)
            given = given_locally(ldap, snapshot->records[groups.indexes[i]].entry.id, right, owner_id);
        groups_free(&groups);
    }
    ldap_snapshot_release(snapshot);
    return given;
}

/* --- additional mailboxes --- */

struct additional {
    struct ldap_directory *directory;
    struct arena *arena;
    struct guid actor_id;
    struct directory_user *users;
    uint32_t count;
};

static void add_user(struct additional *additional, const struct directory_user *user)
{
    bool known = guid_equal(user->id, additional->actor_id) || additional->count == ADDITIONAL_MAILBOXES_MAX;
    for (uint32_t i = 0; !known && i < additional->count; i++)
        known = guid_equal(additional->users[i].id, user->id);
    if (!known)
        additional->users[additional->count++] = *user;
}

static enum directory_status add_local(struct additional *additional, struct guid id)
{
    struct ldap_directory *directory = additional->directory;
    uint32_t count = 0;
    struct directory_user *users;
    enum directory_status status = directory_additional_mailboxes(directory->local, additional->arena,
                                                                  ldap_local_id(directory, additional->arena, id), &count, &users);
    if (status == DIRECTORY_NOT_FOUND) /* nothing stands beside this one */
        return DIRECTORY_OK;
    for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
        struct directory_user user = users[i];
        struct guid beside;
        if (ldap_account_beside(user.account, &beside)) {
            char text[GUID_TEXT_SIZE];
            guid_format(beside, text);
            status = ldap_find(&directory->directory, additional->arena, DIRECTORY_KEY_ID, text, &user);
            if (status == DIRECTORY_NOT_FOUND) { /* gone from the server; what stands beside is left over */
                status = DIRECTORY_OK;
                continue;
            }
        }
        if (status == DIRECTORY_OK)
            add_user(additional, &user);
    }
    return status;
}

static enum directory_status add_of_server(struct additional *additional, const struct ldap_snapshot *snapshot, const struct groups *groups)
{
    enum directory_status status = DIRECTORY_OK;
    for (uint32_t i = 0; status == DIRECTORY_OK && i < snapshot->count; i++) {
        const struct ldap_record *record = &snapshot->records[i];
        struct ldap_record copy;
        struct directory_user user;
        if (!record->full_access_dns.count || !directory_kind_has_mailbox(record->entry.kind) ||
            !is_among(snapshot, groups, additional->actor_id, &record->full_access_dns))
            continue;
        status = ldap_record_copy(additional->arena, record, &copy)
            ? ldap_user_of(additional->directory, additional->arena, &copy, &user) : DIRECTORY_UNAVAILABLE;
        if (status == DIRECTORY_OK)
            add_user(additional, &user);
    }
    for (uint32_t i = 0; additional->directory->local && status == DIRECTORY_OK && i < groups->count; i++)
        status = add_local(additional, snapshot->records[groups->indexes[i]].entry.id);
    return status;
}

static int compare_accounts(const void *a, const void *b)
{
    return strcmp(((const struct directory_user *)a)->account, ((const struct directory_user *)b)->account);
}

enum directory_status ldap_additional_mailboxes(struct directory *directory, struct arena *arena, struct guid actor_id,
                                                uint32_t *ret_count, struct directory_user **ret_users)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct additional additional = {.directory = ldap, .arena = arena, .actor_id = actor_id,
                                    .users = arena_array(arena, struct directory_user, ADDITIONAL_MAILBOXES_MAX)};
    struct ldap_snapshot *snapshot = additional.users ? ldap_snapshots_acquire(ldap) : NULL;
    struct groups groups;
    if (!snapshot)
        return DIRECTORY_UNAVAILABLE;
    enum directory_status status = DIRECTORY_UNAVAILABLE;
    if (groups_of(snapshot, actor_id, &groups)) {
        status = ldap->local ? add_local(&additional, actor_id) : DIRECTORY_OK;
        if (status == DIRECTORY_OK)
            status = add_of_server(&additional, snapshot, &groups);
        groups_free(&groups);
    }
    ldap_snapshot_release(snapshot);
    if (status == DIRECTORY_OK) {
        qsort(additional.users, additional.count, sizeof *additional.users, compare_accounts);
        *ret_count = additional.count;
        *ret_users = additional.users;
    }
    return status;
}
