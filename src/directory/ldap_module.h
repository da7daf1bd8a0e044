/* The LDAP directory as a module that is loaded when it is wanted: a server with its users in its own file does not carry
 * libldap and the TLS library behind it (2.5 MB at rest). Tests link the directory itself. */
#pragma once
#include "directory/ldap.h"

struct ldap_module {
    size_t settings_size; /* of the ldap_directory_settings that it was built with */
    /* ldap_directory_open and ldap_directory_check of ldap.h */
    enum directory_status (*open)(const struct ldap_directory_settings *settings, struct directory *local,
                                  struct directory **ret_directory, struct ldap_directory_error *ret_error);
    enum directory_status (*check)(struct directory *directory, struct ldap_directory_error *ret_error);
};
#define LDAP_MODULE_FILE "mapihttp_ldap.so"        /* found by the program's run path */
#define LDAP_MODULE_SYMBOL "mapihttp_ldap_module"  /* a const struct ldap_module */

/* Loads it, once a process; NULL with the reason. */
const struct ldap_module *ldap_module_load(struct ldap_directory_error *ret_error);
