/* Who was given what, by name or through groups. A group counts its direct members, what its rule matches, and the members of
 * those in turn; the walk goes up from the actor and visits each group once, so circles end. */
#include <stdlib.h>
#include <string.h>

#include "directory/embedded_file.h"
#include "directory/rule.h"

#define GROUPS_WALKED_MAX 100000u

/* --- the rules of dynamic groups, read once for each version of the directory --- */

struct dynamic_group {
    struct guid id;
    const struct directory_rule *rule;
};
struct embedded_dynamic_groups {
    uint64_t version;
    struct arena arena;
    uint32_t count;
    struct dynamic_group *groups;
};

static void free_groups(struct embedded_dynamic_groups *groups)
{
    if (groups)
        arena_free(&groups->arena);
    free(groups);
}

void embedded_dynamic_groups_free(struct embedded_directory *embedded)
{
    free_groups(embedded->dynamic_groups);
    embedded->dynamic_groups = NULL;
}

static enum directory_status fill_groups(struct embedded_directory *embedded, struct embedded_dynamic_groups *groups)
{
    int64_t rows = 0;
    enum directory_status status = embedded_number(embedded_query(embedded, "SELECT count(*) FROM entry WHERE kind=7"), &rows);
    groups->groups = arena_array(&groups->arena, struct dynamic_group, (size_t)rows + 1);
    if (status != DIRECTORY_OK || !groups->groups)
        return DIRECTORY_UNAVAILABLE;
    sqlite3_stmt *row = embedded_query(embedded, "SELECT id, rule FROM entry WHERE kind=7");
    while (groups->count < rows && (status = embedded_step(row)) == DIRECTORY_OK) {
        struct dynamic_group group = {.id = embedded_column_guid(row, 0)};
        const char *text = (const char *)sqlite3_column_text(row, 1);
        /* A rule that cannot be read any more (of a later version) matches nobody. */
        if (directory_rule_read(&groups->arena, text ? text : "", &group.rule, NULL))
            groups->groups[groups->count++] = group;
        else
            rows--;
    }
    embedded_done(row);
    return status == DIRECTORY_OK || status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
}

static struct embedded_dynamic_groups *dynamic_groups(struct embedded_directory *embedded)
{
    uint64_t version = directory_version(&embedded->directory);
    if (embedded->dynamic_groups && embedded->dynamic_groups->version == version && !embedded->batch)
        return embedded->dynamic_groups;
    struct embedded_dynamic_groups *groups = calloc(1, sizeof *groups);
    if (!groups)
        return NULL;
    groups->version = embedded->batch ? UINT64_MAX : version; /* what a batch sees may be undone */
    if (fill_groups(embedded, groups) != DIRECTORY_OK) {
        free_groups(groups);
        return NULL;
    }
    embedded_dynamic_groups_free(embedded);
    embedded->dynamic_groups = groups;
    return groups;
}

/* --- the actor and all groups it belongs to --- */

struct circle {
    uint32_t count, capacity;
    struct guid *ids; /* the actor first */
    uint32_t *slots;  /* open addressing: index + 1, 0 for free; twice the capacity */
};

static uint32_t slot_of(const struct circle *circle, struct guid id)
{
    uint32_t mask = circle->capacity * 2 - 1;
    uint32_t slot = (load_u32(id.data) * 2654435761u ^ load_u32(id.data + 12)) & mask;
    while (circle->slots[slot] && !guid_equal(circle->ids[circle->slots[slot] - 1], id))
        slot = (slot + 1) & mask;
    return slot;
}

static bool circle_has(const struct circle *circle, struct guid id)
{
    return circle->slots[slot_of(circle, id)] != 0;
}

static bool circle_grow(struct circle *circle)
{
    uint32_t capacity = circle->capacity ? circle->capacity * 2 : 32;
    struct guid *ids = realloc(circle->ids, capacity * sizeof *ids);
    if (ids)
        circle->ids = ids;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (!ids || !slots) {
        free(slots);
        return false;
    }
    free(circle->slots);
    circle->slots = slots;
    circle->capacity = capacity;
    for (uint32_t i = 0; i < circle->count; i++)
        slots[slot_of(circle, ids[i])] = i + 1;
    return true;
}

static bool circle_add(struct circle *circle, struct guid id)
{
    if (circle->count == circle->capacity && (circle->count >= GROUPS_WALKED_MAX || !circle_grow(circle)))
        return false;
    uint32_t slot = slot_of(circle, id);
    if (!circle->slots[slot]) {
        circle->ids[circle->count++] = id;
        circle->slots[slot] = circle->count;
    }
    return true;
}

static void circle_free(struct circle *circle)
{
    free(circle->ids);
    free(circle->slots);
}

/* Adds the static groups of which 'id' is a direct member; their aliases go to 'ret_names' for memberOf. */
static bool add_static_groups(struct embedded_directory *embedded, struct arena *arena, struct circle *circle, struct guid id,
                              bool with_names, uint32_t *ret_count, const char ***ret_names)
{
    const char **names = NULL;
    uint32_t count = 0, capacity = 0;
    sqlite3_stmt *row = embedded_query(embedded, "SELECT entry.id, entry.account FROM member JOIN entry ON entry.id=member.entry"
                                                 " WHERE member.member=?1");
    embedded_bind_guid(row, 1, id);
    enum directory_status status;
    bool good = true;
    while (good && (status = embedded_step(row)) == DIRECTORY_OK) {
        good = circle_add(circle, embedded_column_guid(row, 0));
        if (!good || !with_names)
            continue;
        if (count == capacity) {
            const char **larger = arena_reserve(arena, (capacity = capacity * 2 + 8) * sizeof *larger);
            if (larger && count > 0)
                memcpy(larger, names, count * sizeof *larger);
            names = larger;
        }
        good = names && (names[count++] = embedded_column_text(arena, row, 1));
    }
    embedded_done(row);
    *ret_count = count;
    *ret_names = names;
    return good && status == DIRECTORY_NOT_FOUND;
}

static bool add_groups_of(struct embedded_directory *embedded, struct arena *arena, struct circle *circle,
                          const struct embedded_dynamic_groups *dynamic, struct guid id)
{
    uint32_t name_count;
    const char **names;
    struct directory_entry entry;
    int64_t number;
    if (!add_static_groups(embedded, arena, circle, id, dynamic->count > 0, &name_count, &names))
        return false;
    if (dynamic->count == 0)
        return true;
    if (embedded_locate_id(embedded, id, &number) != DIRECTORY_OK ||
        embedded_read_entry(embedded, arena, number, EMBEDDED_CARD, &entry) != DIRECTORY_OK)
        return false;
    for (uint32_t i = 0; i < dynamic->count; i++) {
        if (directory_rule_matches(dynamic->groups[i].rule, &entry, name_count, names) &&
            !circle_add(circle, dynamic->groups[i].id))
            return false;
    }
    return true;
}

/* The caller frees the circle. False where the directory cannot be read or the walk is too long. */
static bool walk_up(struct embedded_directory *embedded, struct guid actor, struct circle *circle)
{
    const struct embedded_dynamic_groups *dynamic = dynamic_groups(embedded);
    struct arena arena = {0};
    bool good = dynamic && circle_add(circle, actor);
    for (uint32_t i = 0; good && i < circle->count; i++) {
        good = add_groups_of(embedded, &arena, circle, dynamic, circle->ids[i]);
        arena_reset(&arena);
    }
    arena_free(&arena);
    return good;
}

/* --- rights --- */

/* Those who were given it by name; owners of a group (managedBy) may manage its members. */
static sqlite3_stmt *actors_of(struct embedded_directory *embedded, enum directory_right right, struct guid owner)
{
    sqlite3_stmt *row = right != DIRECTORY_MANAGE_MEMBERS
        ? embedded_query(embedded, "SELECT actor, kind FROM permission JOIN entry ON id=actor WHERE entry=?1 AND right_number=?2")
        : embedded_query(embedded, "SELECT actor, kind FROM permission JOIN entry ON id=actor WHERE entry=?1 AND right_number=?2"
                                   " UNION ALL SELECT target, kind FROM reference JOIN entry ON id=target WHERE entry=?1 AND"
                                   " attribute IN ('managedBy', 'msExchCoManagedByLink')");
    embedded_bind_guid(row, 1, owner);
    if (row)
        sqlite3_bind_int(row, 2, right);
    return row;
}

static bool any_in_circle(struct embedded_directory *embedded, const struct circle *circle, enum directory_right right,
                          struct guid owner)
{
    bool found = false;
    sqlite3_stmt *row = actors_of(embedded, right, owner);
    while (!found && embedded_step(row) == DIRECTORY_OK)
        found = circle_has(circle, embedded_column_guid(row, 0));
    embedded_done(row);
    return found;
}

static bool has_right(struct embedded_directory *embedded, struct guid actor, enum directory_right right, struct guid owner)
{
    bool by_name = false, groups = false;
    sqlite3_stmt *row = actors_of(embedded, right, owner);
    while (!by_name && embedded_step(row) == DIRECTORY_OK) {
        by_name = guid_equal(embedded_column_guid(row, 0), actor);
        groups = groups || sqlite3_column_int(row, 1) >= DIRECTORY_GROUP;
    }
    embedded_done(row);
    if (by_name || !groups)
        return by_name;
    struct circle circle = {0};
    bool found = walk_up(embedded, actor, &circle) && any_in_circle(embedded, &circle, right, owner);
    circle_free(&circle);
    return found;
}

/* One after the other: each is a transaction of its own, and given twice means given once. */
enum directory_status embedded_change_right(struct directory *directory, struct guid owner_id, enum directory_right right,
                                            bool give, uint32_t count, const struct guid *actors)
{
    enum directory_status status = DIRECTORY_OK;
    for (uint32_t i = 0; i < count && status == DIRECTORY_OK; i++) {
        struct embedded_grant grant = {.owner = owner_id, .actor = actors[i], .right = right,
                                       .automap = right == DIRECTORY_FULL_ACCESS};
        status = give ? embedded_directory_grant(directory, &grant, NULL)
                      : embedded_directory_revoke(directory, owner_id, right, actors[i], NULL);
    }
    return status;
}

enum directory_status embedded_actors(struct directory *directory, struct arena *arena, struct guid owner_id,
                                      enum directory_right right, uint32_t *ret_count, struct guid **ret_actors)
{
    struct embedded_grant *grants;
    uint32_t given, count = 0;
    enum directory_status status = embedded_directory_grants(directory, arena, &owner_id, NULL, &given, &grants);
    struct guid *actors = status == DIRECTORY_OK ? arena_array(arena, struct guid, given + 1) : NULL;
    if (status != DIRECTORY_OK || !actors)
        return status != DIRECTORY_OK ? status : DIRECTORY_UNAVAILABLE;
    for (uint32_t i = 0; i < given; i++) {
        if (grants[i].right == right)
            actors[count++] = grants[i].actor;
    }
    *ret_count = count;
    *ret_actors = actors;
    return DIRECTORY_OK;
}

bool embedded_has_right(struct directory *directory, struct guid actor_id, enum directory_right right, struct guid owner_id)
{
    struct embedded_directory *embedded = embedded_of(directory);
    if (guid_is_zero(actor_id) || guid_is_zero(owner_id) || embedded_read_begin(embedded) != DIRECTORY_OK)
        return false;
    bool found = has_right(embedded, actor_id, right, owner_id);
    embedded_read_end(embedded);
    return found;
}

/* --- additional mailboxes --- */

static enum directory_status collect_mailboxes(struct embedded_directory *embedded, struct arena *arena, struct guid actor,
                                               const struct circle *circle, uint32_t *ret_count, struct directory_user **ret_users)
{
    struct circle owners = {0}; /* each once, though given twice */
    bool good = circle_add(&owners, actor);
    for (uint32_t i = 0; good && i < circle->count; i++) {
        sqlite3_stmt *row = embedded_query(embedded, "SELECT entry FROM permission WHERE actor=?1 AND right_number=0 AND automap");
        embedded_bind_guid(row, 1, circle->ids[i]);
        enum directory_status status = DIRECTORY_NOT_FOUND;
        while (good && (status = embedded_step(row)) == DIRECTORY_OK)
            good = circle_add(&owners, embedded_column_guid(row, 0));
        good = good && status == DIRECTORY_NOT_FOUND;
        embedded_done(row);
    }
    struct directory_user *users = good ? arena_array(arena, struct directory_user, owners.count) : NULL;
    uint32_t count = 0;
    for (uint32_t i = 1; users && i < owners.count; i++) {
        int64_t number;
        enum directory_status status = embedded_locate_id(embedded, owners.ids[i], &number);
        if (status == DIRECTORY_OK)
            status = embedded_read_user(embedded, arena, number, &users[count]);
        if (status == DIRECTORY_OK)
            count++;
        else if (status != DIRECTORY_NOT_FOUND)
            users = NULL;
    }
    circle_free(&owners);
    if (!users)
        return DIRECTORY_UNAVAILABLE;
    *ret_count = count;
    *ret_users = users;
    return DIRECTORY_OK;
}

static int compare_accounts(const void *a, const void *b)
{
    return strcmp(((const struct directory_user *)a)->account, ((const struct directory_user *)b)->account);
}

enum directory_status embedded_additional_mailboxes(struct directory *directory, struct arena *arena, struct guid actor_id,
                                                    uint32_t *ret_count, struct directory_user **ret_users)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct circle circle = {0};
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    status = DIRECTORY_UNAVAILABLE;
    int64_t number;
    if (embedded_locate_id(embedded, actor_id, &number) == DIRECTORY_NOT_FOUND)
        status = DIRECTORY_NOT_FOUND;
    else if (walk_up(embedded, actor_id, &circle))
        status = collect_mailboxes(embedded, arena, actor_id, &circle, ret_count, ret_users);
    embedded_read_end(embedded);
    circle_free(&circle);
    if (status == DIRECTORY_OK)
        qsort(*ret_users, *ret_count, sizeof **ret_users, compare_accounts);
    return status;
}

/* --- giving and taking --- */

static enum directory_status check_grant(struct embedded_directory *embedded, struct arena *arena, struct guid owner_id,
                                         enum directory_right right, struct guid actor_id, struct embedded_error *ret_error)
{
    struct embedded_subject owner, actor;
    enum directory_status status = embedded_subject(embedded, arena, owner_id, &owner, ret_error);
    if (status == DIRECTORY_OK)
        status = embedded_subject(embedded, arena, actor_id, &actor, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    bool group = owner.kind == DIRECTORY_GROUP || owner.kind == DIRECTORY_DYNAMIC_GROUP;
    bool mailbox = directory_kind_has_mailbox(owner.kind);
    bool fits = right == DIRECTORY_FULL_ACCESS ? mailbox
                : right == DIRECTORY_MANAGE_MEMBERS ? owner.kind == DIRECTORY_GROUP : mailbox || group;
    if ((unsigned)right >= DIRECTORY_RIGHT_COUNT || !fits)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "%s on '%s': not on an entry of kind '%s'",
                             (unsigned)right < DIRECTORY_RIGHT_COUNT ? directory_right_names[right] : "that right", owner.account,
                             directory_kind_names[owner.kind]);
    if (actor.kind != DIRECTORY_USER && actor.kind != DIRECTORY_GROUP && actor.kind != DIRECTORY_DYNAMIC_GROUP)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "%s to '%s': only users and groups have rights, this is of kind '%s'",
                             directory_right_names[right], actor.account, directory_kind_names[actor.kind]);
    return DIRECTORY_OK;
}

enum directory_status embedded_directory_grant(struct directory *directory, const struct embedded_grant *grant,
                                               struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct arena arena = {0};
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    status = check_grant(embedded, &arena, grant->owner, grant->right, grant->actor, ret_error);
    if (status == DIRECTORY_OK) {
        sqlite3_stmt *insert = embedded_query(embedded, "INSERT INTO permission(entry, right_number, actor, automap)"
                                                        " VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET automap=?4");
        embedded_bind_guid(insert, 1, grant->owner);
        embedded_bind_guid(insert, 3, grant->actor);
        if (insert) {
            sqlite3_bind_int(insert, 2, grant->right);
            sqlite3_bind_int(insert, 4, grant->automap && grant->right == DIRECTORY_FULL_ACCESS);
        }
        status = embedded_run(insert);
    }
    arena_free(&arena);
    return embedded_write_end(embedded, status, ret_error);
}

enum directory_status embedded_directory_revoke(struct directory *directory, struct guid owner, enum directory_right right,
                                                struct guid actor, struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    sqlite3_stmt *delete = embedded_query(embedded, "DELETE FROM permission WHERE entry=?1 AND right_number=?2 AND actor=?3");
    embedded_bind_guid(delete, 1, owner);
    if (delete)
        sqlite3_bind_int(delete, 2, right);
    embedded_bind_guid(delete, 3, actor);
    return embedded_write_end(embedded, embedded_run(delete), ret_error);
}

enum directory_status embedded_directory_grants(struct directory *directory, struct arena *arena, const struct guid *owner,
                                                const struct guid *actor, uint32_t *ret_count,
                                                struct embedded_grant **ret_grants)
{
    struct embedded_directory *embedded = embedded_of(directory);
    uint32_t count = 0, capacity = 0;
    struct embedded_grant *grants = NULL;
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    sqlite3_stmt *row = owner ? embedded_query(embedded, "SELECT entry, right_number, actor, automap FROM permission WHERE entry=?1"
                                                         " AND (?2 IS NULL OR actor=?2) ORDER BY entry, right_number, actor")
                              : embedded_query(embedded, "SELECT entry, right_number, actor, automap FROM permission WHERE"
                                                         " ?2 IS NULL OR actor=?2 ORDER BY entry, right_number, actor");
    if (owner)
        embedded_bind_guid(row, 1, *owner);
    if (actor)
        embedded_bind_guid(row, 2, *actor);
    while ((status = embedded_step(row)) == DIRECTORY_OK) {
        if (count == capacity) {
            struct embedded_grant *larger = arena_reserve(arena, (capacity = capacity * 2 + 16) * sizeof *larger);
            if (!larger)
                break;
            if (count > 0)
                memcpy(larger, grants, count * sizeof *larger);
            grants = larger;
        }
        grants[count++] = (struct embedded_grant){.owner = embedded_column_guid(row, 0),
                                                  .right = (unsigned)sqlite3_column_int(row, 1),
                                                  .actor = embedded_column_guid(row, 2),
                                                  .automap = sqlite3_column_int(row, 3) != 0};
    }
    embedded_done(row);
    embedded_read_end(embedded);
    if (status != DIRECTORY_NOT_FOUND)
        return DIRECTORY_UNAVAILABLE;
    *ret_count = count;
    *ret_grants = grants;
    return DIRECTORY_OK;
}
