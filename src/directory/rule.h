/* Rules: which entries belong to a dynamic group or an address list. The notation is LDAP's filter (RFC 4515) over the names
 * of attributes (attribute.h) and these: kind (directory_kind_names), alias, displayName, mail (any address), memberOf (the
 * alias of a group, direct members only). Operators & | !, =, presence (name=*), substrings with *, >= and <= (text in code
 * point order, numbers by value); comparison without regard to case. "" matches nothing. No state, any thread. */
#pragma once
#include "directory/directory.h"

struct directory_rule;
#define DIRECTORY_RULE_SIZE_MAX 4096u
#define DIRECTORY_RULE_DEPTH_MAX 16u

/* Reads a rule into the arena. False for one that is not well formed, names no known attribute, or is too long or deep;
 * *ret_error, when not NULL, then says what and where ("unknown attribute 'departmnt' at 3"), in the arena. */
bool directory_rule_read(struct arena *arena, const char *text, const struct directory_rule **ret_rule, const char **ret_error);
/* 'group_of' gives the alias of groups of which the entry is a direct member, for memberOf; NULL where that is not known. */
bool directory_rule_matches(const struct directory_rule *rule, const struct directory_entry *entry, uint32_t group_count,
                            const char *const *groups);
