/* The names that tie entries of the embedded directory to those of the LDAP server; nothing of libldap. */
#include <string.h>

#include "directory/ldap_directory.h"

const char *const ldap_schema_names[LDAP_SCHEMA_COUNT] = {"active-directory", "inetorgperson", "freeipa"};

void ldap_directory_beside(struct guid id, char ret_account[GUID_TEXT_SIZE])
{
    guid_format(id, ret_account);
}

bool ldap_account_beside(const char *account, struct guid *ret_id)
{
    return strlen(account) == GUID_TEXT_SIZE - 1 && guid_parse(account, ret_id);
}
