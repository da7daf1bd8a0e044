/* What the files of the LDAP directory share. Not for anybody else: ldap.h. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "directory/ldap_cache.h"
#include "directory/ldap_connection.h"
#include "directory/ldap_record.h"
#include "directory/ldap_snapshot.h"

struct ldap_administrators {
    pthread_mutex_t lock; /* guards what follows; held while the group is read */
    uint64_t until_ms;
    struct arena arena;
    uint32_t count;
    const char **dns; /* in one spelling, sorted */
};

struct ldap_directory {
    struct directory directory;
    struct arena texts; /* of the settings */
    struct ldap_directory_settings settings;
    struct directory_organization organization; /* where the embedded directory has none */
    struct ldap_map map;
    struct ldap_pool *pool;
    struct directory *local; /* NULL: none */
    struct ldap_cache *cache;
    struct ldap_snapshots *snapshots;
    struct ldap_administrators administrators;
    atomic_uint_least64_t writes; /* of ours; part of the version */
};

static inline struct ldap_directory *ldap_directory_of(struct directory *directory)
{
    return (struct ldap_directory *)directory;
}

/* --- ldap_search.c --- */

/* One search; the result's records lie in the arena. */
struct ldap_search {
    const char *base;
    int scope; /* LDAP_SCOPE_... */
    const char *filter;
    enum directory_kind kind; /* of what it finds */
    enum ldap_selection selection;
    uint32_t count_max;       /* 0: all, page by page */
};
/* Told of each record; false ends the search (without memory). The record and what it points at lie in the search's arena. */
typedef bool (*ldap_taker)(void *user, const struct ldap_record *record);
/* LDAP's result code. 'restart' is called before the search begins anew on another connection. With a count_max,
 * LDAP_SIZELIMIT_EXCEEDED says that there are more. */
int ldap_search_run(struct ldap_directory *directory, struct arena *arena, const struct ldap_search *search, ldap_taker take,
                    void (*restart)(void *user), void *user);
/* DNs only: what a query finds, page by page. */
int ldap_search_dns(struct ldap_directory *directory, struct arena *arena, const struct ldap_query *query, uint32_t count_max,
                    struct ldap_names *ret_dns);
/* The entry of a DN, whatever it is; NOT_FOUND where there is none. */
enum directory_status ldap_search_dn(struct ldap_directory *directory, struct arena *arena, const char *dn,
                                     enum directory_kind kind, enum ldap_selection selection, struct ldap_record *ret_record);
void ldap_directory_notice(struct ldap_directory *directory, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- ldap_find.c --- */

/* The entry that a key means, of a kind with a mailbox only where 'mailbox' is set. An answer that fits several is none. */
enum directory_status ldap_find_record(struct ldap_directory *directory, struct arena *arena, enum directory_key key,
                                       const char *value, bool mailbox, enum ldap_selection selection,
                                       struct ldap_record *ret_record);
enum directory_status ldap_find(struct directory *directory, struct arena *arena, enum directory_key key, const char *value,
                                struct directory_user *ret_user);
enum directory_status ldap_find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                      const char *value, struct directory_entry *ret_entry);
/* --- ldap_user.c: records as users, with what stands beside --- */

enum directory_status ldap_organization(struct directory *directory, struct arena *arena,
                                        struct directory_organization *ret_organization);
/* The legacy DN of an entry: the server's, else made of the id. NULL without memory. */
const char *ldap_legacy_dn(struct arena *arena, const struct directory_organization *organization,
                           const struct directory_entry *entry);
enum directory_status ldap_user_of(struct ldap_directory *directory, struct arena *arena, const struct ldap_record *record,
                                   struct directory_user *ret_user);
/* The embedded directory's entry beside; NOT_FOUND where there is none. */
enum directory_status ldap_user_beside(struct ldap_directory *directory, struct arena *arena, struct guid id,
                                       struct directory_user *ret_user);
bool ldap_is_administrator(struct ldap_directory *directory, const char *dn);

/* --- ldap_beside.c --- */

/* Whether an account of the embedded directory stands beside an LDAP entry: 'ret_id' is that one's. */
bool ldap_account_beside(const char *account, struct guid *ret_id);

/* --- ldap_bind.c, ldap_rights.c, ldap_write.c --- */

enum directory_status ldap_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                           const char *password, struct directory_user *ret_user);
enum directory_status ldap_nt_hash(struct directory *directory, struct arena *arena, const char *domain, const char *account,
                                   uint8_t *ret_hash, struct directory_user *ret_user);
/* By which id the embedded directory knows an entry: of what stands beside it, else its own. There must be one. */
struct guid ldap_local_id(struct ldap_directory *directory, struct arena *arena, struct guid id);
bool ldap_has_right(struct directory *directory, struct guid actor_id, enum directory_right right, struct guid owner_id);
enum directory_status ldap_additional_mailboxes(struct directory *directory, struct arena *arena, struct guid actor_id,
                                                uint32_t *ret_count, struct directory_user **ret_users);
enum directory_status ldap_set_values(struct directory *directory, struct guid id, uint32_t count,
                                      const struct directory_value *values);
enum directory_status ldap_change_members(struct directory *directory, struct guid group_id, bool add, uint32_t count,
                                          const struct guid *members);
