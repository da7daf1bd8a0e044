/* The module's side: linked into mapihttp_ldap.so alone. */
#include "directory/ldap_module.h"

extern const struct ldap_module mapihttp_ldap_module;
const struct ldap_module mapihttp_ldap_module = {
    .settings_size = sizeof(struct ldap_directory_settings), .open = ldap_directory_open, .check = ldap_directory_check,
};
