/* Inside of the embedded backend: the connection to the file, its statements and transactions, and what its parts share. Not
 * for others; they include embedded.h. Every function expects the caller to stand between a begin and an end below. */
#pragma once
#include <pthread.h>
#include <sqlite3.h>

#include "base/change_counter.h"
#include "directory/embedded.h"

#define EMBEDDED_STATEMENTS_MAX 128u
#define EMBEDDED_SCHEMA_VERSION 2
#define EMBEDDED_CACHE_SIZE "PRAGMA cache_size=-1024" /* KiB, taken as pages are touched: a small directory takes little */

struct embedded_statement {
    const char *sql; /* by address: each place that asks has its own text */
    sqlite3_stmt *prepared;
};
struct embedded_dynamic_groups; /* embedded_rights.c */

struct embedded_directory {
    struct directory directory;
    pthread_mutex_t lock; /* recursive; guards everything below */
    sqlite3 *database;
    struct change_counter changes; /* its file is closed last, since closing it drops this process's locks */
    bool batch;
    unsigned depth; /* of reads and writes that stand in one another */
    uint32_t statement_count;
    struct embedded_statement statements[EMBEDDED_STATEMENTS_MAX];
    struct embedded_dynamic_groups *dynamic_groups; /* of the version they were read at; NULL before the first use */
};

static inline struct embedded_directory *embedded_of(struct directory *directory)
{
    return (struct embedded_directory *)directory;
}

/* --- transactions --- */

/* What stands between these two sees the file at one moment. */
enum directory_status embedded_read_begin(struct embedded_directory *embedded);
void embedded_read_end(struct embedded_directory *embedded);
/* One write: a transaction of its own or a step of the batch. After an OK from begin, end is called with what came out; it
 * makes the change stay or undoes it, completes the error's text and says the final status. */
enum directory_status embedded_write_begin(struct embedded_directory *embedded, struct embedded_error *ret_error);
enum directory_status embedded_write_end(struct embedded_directory *embedded, enum directory_status status,
                                         struct embedded_error *ret_error);
/* One write: 'sql' with the id ?1 deletes; where it found nothing to delete, NOT_FOUND with the text 'absent'. */
enum directory_status embedded_remove_row(struct directory *directory, const char *sql, struct guid id, const char *absent,
                                          struct embedded_error *ret_error);

/* Fills the error (may be NULL) and returns 'status'. */
enum directory_status embedded_fail(struct embedded_error *ret_error, enum directory_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- statements --- */

/* The statement of this text, kept for the next time, without bindings; NULL where it cannot be prepared. 'sql' must live as
 * long as the program. A statement is reset by embedded_done, at the latest when its transaction ends. */
sqlite3_stmt *embedded_query(struct embedded_directory *embedded, const char *sql);
void embedded_bind_guid(sqlite3_stmt *statement, int index, struct guid guid); /* all zero: NULL */
void embedded_bind_text(sqlite3_stmt *statement, int index, const char *text); /* borrowed until embedded_done */
/* OK: stands on a row; NOT_FOUND: no further one. */
enum directory_status embedded_step(sqlite3_stmt *statement);
void embedded_done(sqlite3_stmt *statement);
/* Runs a statement that gives no rows, and ends it. EXISTS where a constraint forbids it. */
enum directory_status embedded_run(sqlite3_stmt *statement);
/* The number in the first column of the first row, NOT_FOUND without one; ends the statement. */
enum directory_status embedded_number(sqlite3_stmt *statement, int64_t *ret_number);

struct guid embedded_column_guid(sqlite3_stmt *statement, int column); /* all zero for NULL */
const char *embedded_column_text(struct arena *arena, sqlite3_stmt *statement, int column); /* "" for NULL */

/* --- schema (embedded_schema.c) --- */

/* Makes the tables in an empty file ('create'), brings older ones to this version. */
enum directory_status embedded_schema_prepare(struct embedded_directory *embedded, bool create);
/* 'All Users' and the others, where the organisation has no address list yet. */
enum directory_status embedded_schema_default_lists(struct embedded_directory *embedded);

/* --- lookups (embedded_lookup.c) --- */

/* The row (entry.number) that a key means. */
enum directory_status embedded_locate(struct embedded_directory *embedded, struct arena *arena, enum directory_key key,
                                      const char *value, int64_t *ret_row);
enum directory_status embedded_locate_id(struct embedded_directory *embedded, struct guid id, int64_t *ret_row);
/* Whether DOMAIN of DOMAIN\user, or what follows the @, is the organisation's. */
bool embedded_domain_is_own(struct embedded_directory *embedded, const char *domain);
/* Whose address, DN or principal it is, for error texts; "" for nobody's. In the arena. */
const char *embedded_owner_of(struct embedded_directory *embedded, struct arena *arena, enum directory_key key, const char *value);
/* The owner of the mailbox in that row; NOT_FOUND where it has none. */
enum directory_status embedded_read_user(struct embedded_directory *embedded, struct arena *arena, int64_t row,
                                         struct directory_user *ret_user);
enum directory_status embedded_find(struct directory *directory, struct arena *arena, enum directory_key key,
                                    const char *value, struct directory_user *ret_user);
enum directory_status embedded_list(struct directory *directory, struct arena *arena, const char *after, uint32_t count_max,
                                    uint32_t *ret_count, struct directory_user **ret_users);

/* --- entries (embedded_entries.c) --- */

/* How much of an entry is read: what rules and changes of addresses look at (no members), that and members, large values too. */
enum embedded_extent { EMBEDDED_CARD, EMBEDDED_PAGE, EMBEDDED_WHOLE };
enum directory_status embedded_read_entry(struct embedded_directory *embedded, struct arena *arena, int64_t row,
                                          enum embedded_extent extent, struct directory_entry *ret_entry);
enum directory_status embedded_find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                          const char *value, struct directory_entry *ret_entry);
enum directory_status embedded_entries(struct directory *directory, struct arena *arena, const struct guid *after,
                                       uint32_t count_max, uint32_t *ret_count, struct directory_entry **ret_entries);

/* --- organisation (embedded_organization.c) --- */

enum directory_status embedded_organization(struct directory *directory, struct arena *arena,
                                            struct directory_organization *ret_organization);
enum directory_status embedded_change_organization_switch(struct directory *directory, enum directory_switch mapi_http_enabled);
enum directory_status embedded_address_lists(struct directory *directory, struct arena *arena, uint32_t *ret_count,
                                             struct directory_address_list **ret_lists);

/* --- writes (embedded_write.c, embedded_change.c, embedded_values.c) --- */

/* Kind and account of a row for checks and error texts. */
struct embedded_subject {
    int64_t row;
    struct guid id;
    enum directory_kind kind;
    const char *account;
};
enum directory_status embedded_subject(struct embedded_directory *embedded, struct arena *arena, struct guid id,
                                       struct embedded_subject *ret_subject, struct embedded_error *ret_error);

/* A write of one entry. begin: the transaction and the entry; end, always: marks the entry as changed where 'status' is OK, and
 * ends the transaction by it. */
struct embedded_writing {
    struct embedded_directory *embedded;
    struct arena arena;
    struct embedded_subject subject;
    bool open;
};
enum directory_status embedded_writing_begin(struct embedded_writing *writing, struct directory *directory, struct guid id,
                                             struct embedded_error *ret_error);
enum directory_status embedded_writing_end(struct embedded_writing *writing, enum directory_status status,
                                           struct embedded_error *ret_error);
/* Whether an entry ('own', all zero for a new one) may have that account or that principal name. */
enum directory_status embedded_check_account(struct embedded_directory *embedded, const char *account, enum directory_kind kind,
                                             struct guid own, struct embedded_error *ret_error);
enum directory_status embedded_check_principal(struct embedded_directory *embedded, struct arena *arena, const char *principal,
                                               struct guid own, struct embedded_error *ret_error);
/* Notes that the entry has changed now. */
enum directory_status embedded_touch(struct embedded_directory *embedded, struct guid id);
enum directory_status embedded_write_values(struct embedded_directory *embedded, struct arena *arena,
                                            const struct embedded_subject *subject, uint32_t count,
                                            const struct directory_value *values, struct embedded_error *ret_error);
enum directory_status embedded_write_members(struct embedded_directory *embedded, struct arena *arena,
                                             const struct embedded_subject *group, bool add, uint32_t count,
                                             const struct guid *members, struct embedded_error *ret_error);
enum directory_status embedded_write_addresses(struct embedded_directory *embedded, struct arena *arena,
                                               const struct embedded_subject *subject, uint32_t count,
                                               const char *const *addresses, struct embedded_error *ret_error);
enum directory_status embedded_write_legacy_dn(struct embedded_directory *embedded, struct arena *arena,
                                               const struct embedded_subject *subject, const char *legacy_dn,
                                               struct embedded_error *ret_error);
enum directory_status embedded_change_switches(struct directory *directory, struct guid id, const struct directory_switches_change *change);
enum directory_status embedded_set_values(struct directory *directory, struct guid id, uint32_t count,
                                          const struct directory_value *values);
enum directory_status embedded_change_members(struct directory *directory, struct guid group_id, bool add, uint32_t count,
                                              const struct guid *members);

/* --- log-on (embedded_password.c) --- */

enum directory_status embedded_make_absent_user(struct embedded_directory *embedded);
enum directory_status embedded_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                               const char *password, struct directory_user *ret_user);
enum directory_status embedded_nt_hash(struct directory *directory, struct arena *arena, const char *domain,
                                       const char *account, uint8_t *ret_hash, struct directory_user *ret_user);

/* --- rights (embedded_rights.c) --- */

enum directory_status embedded_change_right(struct directory *directory, struct guid owner_id, enum directory_right right,
                                            bool give, uint32_t count, const struct guid *actors);
enum directory_status embedded_actors(struct directory *directory, struct arena *arena, struct guid owner_id,
                                      enum directory_right right, uint32_t *ret_count, struct guid **ret_actors);
bool embedded_has_right(struct directory *directory, struct guid actor_id, enum directory_right right, struct guid owner_id);
enum directory_status embedded_additional_mailboxes(struct directory *directory, struct arena *arena, struct guid actor_id,
                                                    uint32_t *ret_count, struct directory_user **ret_users);
void embedded_dynamic_groups_free(struct embedded_directory *embedded);
