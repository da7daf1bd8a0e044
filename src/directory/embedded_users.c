/* The short forms for users by account or address. */
#include "directory/embedded_file.h"

enum directory_status embedded_directory_add_user(struct directory *directory, struct arena *arena,
                                                  const struct embedded_user *user, struct directory_user *ret_user)
{
    struct directory_entry added;
    struct embedded_entry entry = {.kind = DIRECTORY_USER, .account = user->account, .display_name = user->display_name,
                                   .address_count = user->address ? 1 : 0, .addresses = &user->address,
                                   .password = user->password ? user->password : "", .administrator = user->administrator};
    enum directory_status status = embedded_directory_add_entry(directory, arena, &entry, &added, NULL);
    char id[GUID_TEXT_SIZE];
    if (status != DIRECTORY_OK)
        return status;
    guid_format(added.id, id);
    return directory_find(directory, arena, DIRECTORY_KEY_ID, id, ret_user);
}

static enum directory_status id_of(struct directory *directory, const char *logon, struct guid *ret_id)
{
    struct arena arena = {0};
    struct directory_user user;
    enum directory_status status = directory_find(directory, &arena, DIRECTORY_KEY_LOGON, logon, &user);
    if (status == DIRECTORY_OK)
        *ret_id = user.id;
    arena_free(&arena);
    return status;
}

enum directory_status embedded_directory_add_address(struct directory *directory, const char *logon, const char *address)
{
    struct guid id;
    enum directory_status status = id_of(directory, logon, &id);
    return status == DIRECTORY_OK ? embedded_directory_put_address(directory, id, address, false, NULL) : status;
}

enum directory_status embedded_directory_set_password(struct directory *directory, const char *logon, const char *password)
{
    struct guid id;
    enum directory_status status = id_of(directory, logon, &id);
    return status == DIRECTORY_OK ? embedded_directory_put_password(directory, id, password, NULL) : status;
}

enum directory_status embedded_directory_set_enabled(struct directory *directory, const char *logon, bool enabled)
{
    struct guid id;
    struct embedded_change change = {.enabled = enabled ? DIRECTORY_ON : DIRECTORY_OFF};
    enum directory_status status = id_of(directory, logon, &id);
    return status == DIRECTORY_OK ? embedded_directory_change(directory, id, &change, NULL) : status;
}

enum directory_status embedded_directory_set_mapi_enabled(struct directory *directory, const char *logon, bool enabled)
{
    struct guid id;
    struct embedded_change change = {.switches.mapi_enabled = enabled ? DIRECTORY_ON : DIRECTORY_OFF};
    enum directory_status status = id_of(directory, logon, &id);
    return status == DIRECTORY_OK ? embedded_directory_change(directory, id, &change, NULL) : status;
}

enum directory_status embedded_directory_remove_user(struct directory *directory, const char *logon)
{
    struct guid id;
    enum directory_status status = id_of(directory, logon, &id);
    return status == DIRECTORY_OK ? embedded_directory_remove_entry(directory, id, NULL) : status;
}
