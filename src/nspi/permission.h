/* Who may change what in the address book over this endpoint. Threads as in request.h. */
#pragma once
#include "nspi/request.h"

/* Whether the caller may set this attribute of an entry: administrators any that holds text or bytes; people what is theirs to
 * say about themselves (telephones, address, photo, certificates); those who manage a group its notes. */
bool nspi_may_set(const struct nspi_call *call, const struct directory_entry *entry, enum directory_attribute attribute);
/* Whether the caller may say who sends on behalf of the entry: administrators, and people of themselves. Of entries with a
 * mailbox. */
bool nspi_may_change_delegates(const struct nspi_call *call, const struct directory_entry *entry);
/* Whether the caller may change the members of a static group: administrators, its owner (managedBy), and those with the
 * right. */
bool nspi_may_change_members(const struct nspi_call *call, const struct directory_entry *group);
