/* What one LDAP entry says, in the directory's terms; names of other entries (DNs) are still names. Everything in the arena
 * it was read into. */
#pragma once
#include <ldap.h>

#include "directory/ldap_map.h"

#define LDAP_ADDRESSES_MAX 400u
#define LDAP_VALUE_SIZE_MAX 65536u          /* of a small value; larger ones are left out */
#define LDAP_LARGE_VALUE_SIZE_MAX (1u << 20) /* of a photo or certificate */

struct ldap_names {
    uint32_t count;
    const char **items;
};

/* Members that a search finds. */
struct ldap_query {
    const char *base;
    int scope; /* LDAP_SCOPE_... */
    const char *filter;
};

struct ldap_record {
    const char *dn;
    /* number, members and REFERENCE values are not filled; account and addresses are lower case. legacy_dn "" where the
     * server has none. */
    struct directory_entry entry;
    const char *principal;
    bool enabled;
    struct guid archive_guid;
    bool has_nt_hash;
    uint8_t nt_hash[16];
    struct ldap_names member_dns, member_accounts;
    bool members_are_dns;         /* else accounts, as in a posixGroup */
    const char *member_attribute; /* the name to change them by; the map's, or a literal */
    struct ldap_names full_access_dns, send_on_behalf_dns;
    const char *reference_dns[2]; /* of ldap_reference_attributes */
    struct ldap_query query;      /* filter NULL: none */
    /* Set by ldap_record_read: the attribute whose values are only the first part (MS-ADTS 3.1.1.3.1.3.3); next 0: all. */
    uint32_t range_next;
    const char *range_name;
};
/* Attributes whose values are DNs: manager, managedBy. */
extern const enum directory_attribute ldap_reference_attributes[2];

enum ldap_record_result {
    LDAP_RECORD_READ,
    LDAP_RECORD_LEFT_OUT, /* no id, no name, or a system mailbox: nobody's */
    LDAP_RECORD_NO_MEMORY,
};
/* 'kind' is that of the filter that found it; recipient types may make it a room, a contact and so on. */
enum ldap_record_result ldap_record_read(const struct ldap_map *map, LDAP *handle, LDAPMessage *message,
                                         enum directory_kind kind, struct arena *arena, struct ldap_record *ret_record);
/* A deep copy in another arena; false without memory, *ret_record then undefined. */
bool ldap_record_copy(struct arena *arena, const struct ldap_record *record, struct ldap_record *ret_record);
bool ldap_entry_copy(struct arena *arena, const struct directory_entry *entry, struct directory_entry *ret_entry);
/* A DN in one spelling, for comparing: NULL where it is none (or without memory). */
const char *ldap_dn_normal(struct arena *arena, const char *dn);
/* Lower case, ASCII only. */
char *ldap_lower(struct arena *arena, struct bytes text);
