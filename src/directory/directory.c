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

bool directory_may_open(struct directory *directory, const struct directory_user *actor, const struct directory_user *owner)
{
    return actor->enabled && (guid_equal(actor->id, owner->id) || actor->administrator);
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

static char *place_text(char **place, const char *text)
{
    char *copy = *place;
    *place = stpcpy(copy, text) + 1;
    return copy;
}

struct directory_user *directory_user_copy(const struct directory_user *user)
{
    size_t size = sizeof *user + user->address_count * sizeof(char *);
    size += strlen(user->account) + strlen(user->display_name) + strlen(user->address) + strlen(user->legacy_dn) + 4;
    for (uint32_t i = 0; i < user->address_count; i++)
        size += strlen(user->addresses[i]) + 1;
    struct directory_user *copy = malloc(size);
    if (!copy)
        return NULL;
    *copy = *user;
    const char **addresses = (const char **)(copy + 1);
    char *place = (char *)(addresses + user->address_count);
    copy->account = place_text(&place, user->account);
    copy->display_name = place_text(&place, user->display_name);
    copy->address = place_text(&place, user->address);
    copy->legacy_dn = place_text(&place, user->legacy_dn);
    copy->addresses = addresses;
    for (uint32_t i = 0; i < user->address_count; i++)
        addresses[i] = place_text(&place, user->addresses[i]);
    return copy;
}
