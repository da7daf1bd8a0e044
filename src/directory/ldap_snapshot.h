/* All entries of an LDAP directory at one moment, read page by page, with the names that entries have for one another turned
 * into ids: what directory_entries gives and groups and rights are looked up in. The first is read by whoever needs it first;
 * from then on a thread reads the next every refresh_ms. Snapshots are counted and never change; any thread, may block. */
#pragma once
#include <stdatomic.h>

#include "directory/ldap_record.h"

struct ldap_directory;
struct ldap_snapshots;

struct ldap_snapshot {
    atomic_uint references;
    struct arena arena;
    uint32_t count;
    struct ldap_record *records;      /* in order of ids, entries complete */
    uint32_t index_size;              /* of both tables; a power of two; empty places UINT32_MAX */
    uint32_t *by_dn, *by_account;     /* open addressing */
    const char **normal_dns;          /* by record; NULL for one of the embedded directory */
    uint32_t *by_account_order;       /* those with a mailbox, in order of accounts */
    uint32_t mailbox_count;
    uint32_t *groups;                 /* indexes of groups of both kinds */
    uint32_t group_count;
    uint64_t local_version;           /* of the embedded directory, from before it was read */
    uint64_t hash;                    /* of all that clients can see */
};
#define LDAP_SNAPSHOT_NONE UINT32_MAX
#define LDAP_QUERY_MEMBERS_MAX 1000000u

struct ldap_snapshots *ldap_snapshots_new(void);
/* Stops the thread. */
void ldap_snapshots_free(struct ldap_snapshots *snapshots);
/* The current one, up to date with what we wrote ourselves and with the embedded directory, where the server lets us; NULL where the server cannot be read and never could. */
struct ldap_snapshot *ldap_snapshots_acquire(struct ldap_directory *directory);
void ldap_snapshot_release(struct ldap_snapshot *snapshot);
/* How many times what was read differed from what was known before. Never blocks for long. */
uint64_t ldap_snapshots_changes(struct ldap_snapshots *snapshots);
/* The next acquire reads anew. */
void ldap_snapshots_outdate(struct ldap_snapshots *snapshots);
/* The number of an entry, given for the life of the process at the first time it is asked for; 0 without memory. */
uint32_t ldap_snapshots_number(struct ldap_directory *directory, struct guid id);
/* Completes the entry of a record that a lookup found: number, legacy DN, members, references. */
enum directory_status ldap_snapshots_complete(struct ldap_directory *directory, struct arena *arena, struct ldap_record *record);
/* The same for an entry of the embedded directory alone, which names others by ids of its own. */
enum directory_status ldap_snapshots_complete_local(struct ldap_directory *directory, struct arena *arena,
                                                    struct directory_entry *entry);

uint32_t ldap_snapshot_find(const struct ldap_snapshot *snapshot, struct guid id);
uint32_t ldap_snapshot_find_dn(const struct ldap_snapshot *snapshot, const char *normal_dn);
uint32_t ldap_snapshot_find_account(const struct ldap_snapshot *snapshot, const char *account);

/* --- ldap_snapshot_read.c --- */

/* Reads everything. NULL where that fails (the administrator was told). */
struct ldap_snapshot *ldap_snapshot_read(struct ldap_directory *directory);
/* Puts members and references of a record into its entry, as ids of those in the snapshot. */
bool ldap_snapshot_resolve(const struct ldap_snapshot *snapshot, struct arena *arena, struct ldap_record *record,
                           const struct ldap_names *queried_dns);
