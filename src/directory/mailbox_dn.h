/* Which mailbox a distinguished name means, for Connect, Logon and Autodiscover: a user's own DN, a further one that the entry
 * had on another server (X500 addresses, after a migration), or the DN of an archive: the owner's with '/guid=<archive GUID>'
 * behind it, as Autodiscover tells it (MS-OXDSCLI, AlternativeMailbox). Any thread; may block. */
#pragma once
#include "directory/directory.h"

/* An archive is given as its owner with the archive's mailbox GUID, DN and name, and without archive or redirects of its own. */
enum directory_status directory_find_mailbox_dn(struct directory *directory, struct arena *arena, const char *dn,
                                                struct directory_user *ret_user);
/* '<dn>/guid=<archive GUID>', and the name under which Outlook shows it; NULL without memory. */
const char *directory_archive_dn(struct arena *arena, const struct directory_user *owner);
const char *directory_archive_name(struct arena *arena, const struct directory_user *owner);
