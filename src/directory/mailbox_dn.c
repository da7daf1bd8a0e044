#include "directory/mailbox_dn.h"

#include <string.h>
#include <strings.h>

#define ARCHIVE_MARK "/guid="

const char *directory_archive_dn(struct arena *arena, const struct directory_user *owner)
{
    char guid[GUID_TEXT_SIZE];
    guid_format(owner->archive_guid, guid);
    return arena_format(arena, "%s" ARCHIVE_MARK "%s", owner->legacy_dn, guid);
}

const char *directory_archive_name(struct arena *arena, const struct directory_user *owner)
{
    return arena_format(arena, "Online Archive - %s", owner->display_name);
}

static enum directory_status find_owner(struct directory *directory, struct arena *arena, const char *dn,
                                        struct directory_user *ret_user)
{
    struct directory_entry entry;
    char id[GUID_TEXT_SIZE];
    enum directory_status status = directory_find(directory, arena, DIRECTORY_KEY_LEGACY_DN, dn, ret_user);
    if (status != DIRECTORY_NOT_FOUND || !directory->type->find_entry)
        return status;
    status = directory_find_entry(directory, arena, DIRECTORY_KEY_LEGACY_DN, dn, &entry);
    if (status != DIRECTORY_OK)
        return status;
    if (!directory_kind_has_mailbox(entry.kind))
        return DIRECTORY_NOT_FOUND;
    guid_format(entry.id, id);
    return directory_find(directory, arena, DIRECTORY_KEY_ID, id, ret_user);
}

enum directory_status directory_find_mailbox_dn(struct directory *directory, struct arena *arena, const char *dn,
                                                struct directory_user *ret_user)
{
    struct directory_user user;
    struct guid archive;
    const char *mark = NULL;
    for (const char *at = dn; (at = strcasestr(at, ARCHIVE_MARK)); at++)
        mark = at;
    if (!mark || !guid_parse(mark + strlen(ARCHIVE_MARK), &archive))
        return find_owner(directory, arena, dn, ret_user);
    const char *owner_dn = arena_string_of(arena, bytes_of(dn, (size_t)(mark - dn)));
    enum directory_status status = owner_dn ? find_owner(directory, arena, owner_dn, &user) : DIRECTORY_UNAVAILABLE;
    if (status != DIRECTORY_OK)
        return status;
    if (guid_is_zero(archive) || !guid_equal(archive, user.archive_guid))
        return DIRECTORY_NOT_FOUND;
    user.legacy_dn = directory_archive_dn(arena, &user);
    user.display_name = directory_archive_name(arena, &user);
    user.mailbox_guid = archive;
    user.archive_guid = (struct guid){0};
    user.redirect_address = user.redirect_url = "";
    if (!user.legacy_dn || !user.display_name)
        return DIRECTORY_UNAVAILABLE;
    *ret_user = user;
    return DIRECTORY_OK;
}
