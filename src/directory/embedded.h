/* The directory in one SQLite file, <data>/directory.sqlite, for a server that stands alone: what `mapihttp user` and
 * `mapihttp organization` change. Several processes may have it open. Passwords are kept as yescrypt hashes. */
#pragma once
#include "directory/directory.h"

/* Opens, and with 'create' makes, the file. directory_close() ends it. */
enum directory_status embedded_directory_open(const char *path, bool create, struct directory **ret_directory);

/* Sets the organisation's name, default domain and NetBIOS name (NULL: from the domain's first label); EXISTS if there is
 * one already under another name. */
enum directory_status embedded_directory_set_organization(struct directory *directory, const char *name, const char *domain,
                                                          const char *netbios_name);

struct embedded_user {
    const char *account;
    const char *display_name;   /* NULL: the account */
    const char *address;        /* NULL: account@domain */
    const char *password;
    bool administrator;
};
enum directory_status embedded_directory_add_user(struct directory *directory, struct arena *arena,
                                                  const struct embedded_user *user, struct directory_user *ret_user);
enum directory_status embedded_directory_add_address(struct directory *directory, const char *logon, const char *address);
enum directory_status embedded_directory_set_password(struct directory *directory, const char *logon, const char *password);
enum directory_status embedded_directory_set_enabled(struct directory *directory, const char *logon, bool enabled);
enum directory_status embedded_directory_set_mapi_enabled(struct directory *directory, const char *logon, bool enabled);
/* The mailbox file stays; only the user goes. */
enum directory_status embedded_directory_remove_user(struct directory *directory, const char *logon);
