#include "directory/directory.h"

#include <stdlib.h>
#include <string.h>

const char *directory_status_text(enum directory_status status)
{
    static const char *const texts[] = {
        [DIRECTORY_OK] = "done",
        [DIRECTORY_NOT_FOUND] = "there is no such entry",
        [DIRECTORY_EXISTS] = "that name is taken",
        [DIRECTORY_INVALID] = "that value is not allowed here",
        [DIRECTORY_WRONG_PASSWORD] = "wrong password",
        [DIRECTORY_DISABLED] = "the user is switched off",
        [DIRECTORY_UNAVAILABLE] = "the directory cannot be read or written",
        [DIRECTORY_READ_ONLY] = "this directory is changed elsewhere",
        [DIRECTORY_NEWER_FORMAT] = "the directory was written by a later version of this program",
    };
    return texts[status];
}

enum directory_status directory_organization(struct directory *directory, struct arena *arena,
                                             struct directory_organization *ret_organization)
{
    return directory->type->organization(directory, arena, ret_organization);
}

enum directory_status directory_find(struct directory *directory, struct arena *arena, enum directory_key key,
                                     const char *value, struct directory_user *ret_user)
{
    return directory->type->find(directory, arena, key, value, ret_user);
}

enum directory_status directory_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                                const char *password, struct directory_user *ret_user)
{
    return directory->type->verify_password(directory, arena, logon, password, ret_user);
}

enum directory_status directory_list(struct directory *directory, struct arena *arena, const char *after,
                                     uint32_t count_max, uint32_t *ret_count, struct directory_user **ret_users)
{
    return directory->type->list(directory, arena, after, count_max, ret_count, ret_users);
}

enum directory_status directory_find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                           const char *value, struct directory_entry *ret_entry)
{
    if (!directory->type->find_entry)
        return DIRECTORY_UNAVAILABLE;
    return directory->type->find_entry(directory, arena, key, value, ret_entry);
}

enum directory_status directory_entries(struct directory *directory, struct arena *arena, const struct guid *after,
                                        uint32_t count_max, uint32_t *ret_count, struct directory_entry **ret_entries)
{
    if (!directory->type->entries)
        return DIRECTORY_UNAVAILABLE;
    return directory->type->entries(directory, arena, after, count_max, ret_count, ret_entries);
}

enum directory_status directory_change_switches(struct directory *directory, struct guid id, const struct directory_switches_change *change)
{
    return directory->type->change_switches ? directory->type->change_switches(directory, id, change) : DIRECTORY_READ_ONLY;
}

enum directory_status directory_change_organization_switch(struct directory *directory, enum directory_switch mapi_http_enabled)
{
    return directory->type->change_organization_switch ? directory->type->change_organization_switch(directory, mapi_http_enabled)
                                                       : DIRECTORY_READ_ONLY;
}

enum directory_status directory_set_values(struct directory *directory, struct guid id, uint32_t count,
                                           const struct directory_value *values)
{
    return directory->type->set_values ? directory->type->set_values(directory, id, count, values) : DIRECTORY_READ_ONLY;
}

enum directory_status directory_change_members(struct directory *directory, struct guid group_id, bool add, uint32_t count,
                                               const struct guid *members)
{
    return directory->type->change_members ? directory->type->change_members(directory, group_id, add, count, members)
                                           : DIRECTORY_READ_ONLY;
}

bool directory_has_right(struct directory *directory, struct guid actor_id, enum directory_right right, struct guid owner_id)
{
    return directory->type->has_right && directory->type->has_right(directory, actor_id, right, owner_id);
}

enum directory_status directory_change_right(struct directory *directory, struct guid owner_id, enum directory_right right,
                                             bool give, uint32_t count, const struct guid *actors)
{
    return directory->type->change_right ? directory->type->change_right(directory, owner_id, right, give, count, actors)
                                         : DIRECTORY_READ_ONLY;
}

enum directory_status directory_actors(struct directory *directory, struct arena *arena, struct guid owner_id,
                                       enum directory_right right, uint32_t *ret_count, struct guid **ret_actors)
{
    if (directory->type->actors)
        return directory->type->actors(directory, arena, owner_id, right, ret_count, ret_actors);
    *ret_count = 0;
    *ret_actors = NULL;
    return DIRECTORY_OK;
}

enum directory_status directory_additional_mailboxes(struct directory *directory, struct arena *arena, struct guid actor_id,
                                                     uint32_t *ret_count, struct directory_user **ret_users)
{
    if (directory->type->additional_mailboxes)
        return directory->type->additional_mailboxes(directory, arena, actor_id, ret_count, ret_users);
    *ret_count = 0;
    *ret_users = NULL;
    return DIRECTORY_OK;
}

enum directory_status directory_nt_hash(struct directory *directory, struct arena *arena, const char *domain,
                                        const char *account, uint8_t ret_hash[16], struct directory_user *ret_user)
{
    return directory->type->nt_hash ? directory->type->nt_hash(directory, arena, domain, account, ret_hash, ret_user)
                                    : DIRECTORY_NOT_FOUND;
}

enum directory_status directory_address_lists(struct directory *directory, struct arena *arena, uint32_t *ret_count,
                                              struct directory_address_list **ret_lists)
{
    if (directory->type->address_lists)
        return directory->type->address_lists(directory, arena, ret_count, ret_lists);
    *ret_count = 0;
    *ret_lists = NULL;
    return DIRECTORY_OK;
}

const char *directory_user_principal(const struct directory_user *user)
{
    return user->principal && *user->principal ? user->principal : user->address;
}

bool directory_mapi_http_allowed(const struct directory_organization *organization, const struct directory_user *user)
{
    if (!user->switches.mapi_enabled)
        return false;
    return user->switches.mapi_http == DIRECTORY_INHERIT ? organization->mapi_http_enabled
                                                         : user->switches.mapi_http == DIRECTORY_ON;
}

uint32_t directory_methods(const struct directory_switches *switches, enum directory_protocol protocol)
{
    return switches->methods & ~switches->blocked_methods[protocol];
}

const char *const directory_kind_names[DIRECTORY_KIND_COUNT] = {
    "user", "shared", "room", "equipment", "public-folder", "contact", "group", "dynamic-group",
};
const char *const directory_right_names[DIRECTORY_RIGHT_COUNT] = {"full-access", "send-as", "send-on-behalf", "manage-members"};

bool directory_kind_has_mailbox(enum directory_kind kind)
{
    return kind <= DIRECTORY_PUBLIC_FOLDER_MAILBOX;
}

const struct directory_value *directory_entry_value(const struct directory_entry *entry, enum directory_attribute attribute)
{
    for (uint32_t i = 0; i < entry->value_count; i++) {
        if (entry->values[i].attribute == attribute)
            return &entry->values[i];
    }
    return NULL;
}

const char *directory_entry_text(struct arena *arena, const struct directory_entry *entry, enum directory_attribute attribute)
{
    const struct directory_value *value = directory_entry_value(entry, attribute);
    return value ? arena_format(arena, "%.*s", (int)value->items[0].size, (const char *)value->items[0].data) : "";
}

bool directory_may_open(struct directory *directory, const struct directory_user *actor, const struct directory_user *owner)
{
    return actor->enabled && (guid_equal(actor->id, owner->id) ||
                              directory_has_right(directory, actor->id, DIRECTORY_FULL_ACCESS, owner->id));
}

bool directory_user_is_off(const struct directory_user *user)
{
    return user->kind == DIRECTORY_USER && !user->enabled;
}

uint64_t directory_version(struct directory *directory)
{
    return directory->type->version(directory);
}

void directory_close(struct directory *directory)
{
    if (directory)
        directory->type->close(directory);
}

/* The texts of a user beside its addresses, for copying. */
static const size_t user_texts[] = {
    offsetof(struct directory_user, account), offsetof(struct directory_user, display_name),
    offsetof(struct directory_user, address), offsetof(struct directory_user, principal),
    offsetof(struct directory_user, legacy_dn), offsetof(struct directory_user, redirect_address),
    offsetof(struct directory_user, redirect_url), offsetof(struct directory_user, switches.block_versions),
};
#define USER_TEXT_COUNT (sizeof user_texts / sizeof *user_texts)

static const char **text_field(struct directory_user *user, size_t index)
{
    return (const char **)((char *)user + user_texts[index]);
}

static const char *place_text(char **place, const char *text)
{
    char *copy = *place;
    *place = stpcpy(copy, text ? text : "") + 1;
    return copy;
}

struct directory_user *directory_user_copy(const struct directory_user *user)
{
    struct directory_user source = *user;
    size_t size = sizeof *user + user->address_count * sizeof(char *);
    for (size_t i = 0; i < USER_TEXT_COUNT; i++)
        size += *text_field(&source, i) ? strlen(*text_field(&source, i)) + 1 : 1;
    for (uint32_t i = 0; i < user->address_count; i++)
        size += strlen(user->addresses[i]) + 1;
    struct directory_user *copy = malloc(size);
    if (!copy)
        return NULL;
    *copy = source;
    const char **addresses = (const char **)(copy + 1);
    char *place = (char *)(addresses + user->address_count);
    for (size_t i = 0; i < USER_TEXT_COUNT; i++)
        *text_field(copy, i) = place_text(&place, *text_field(&source, i));
    copy->addresses = addresses;
    for (uint32_t i = 0; i < user->address_count; i++)
        addresses[i] = place_text(&place, user->addresses[i]);
    return copy;
}
