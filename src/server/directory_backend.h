/* Which directory the configuration names: the embedded one, or an LDAP server with the embedded one beside. */
#pragma once
#include "directory/directory.h"
#include "server/config.h"

/* Opens it (making the embedded file where there is none); what is wrong is logged. NULL where it cannot be opened; an LDAP
 * server that does not answer yet is no such case. directory_close() ends it. */
struct directory *directory_backend_open(const struct config *config);
