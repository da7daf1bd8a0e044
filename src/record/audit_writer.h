/* Inside of the audit: the one connection that writes, with the end of the chain. One thread at a time. */
#pragma once
#include "record/audit_file.h"

#define AUDIT_ORIGINS_REMEMBERED 256u /* a power of two */

struct audit_writer {
    const char *path;        /* borrowed */
    sqlite3 *database;       /* NULL while closed */
    struct audit_hasher *hasher;
    sqlite3_stmt *begin, *commit, *rollback, *insert, *set_state, *find_mailbox, *add_mailbox, *find_origin, *add_origin;
    uint64_t last_number;    /* of the chain, as committed */
    uint8_t last_hash[AUDIT_HASH_SIZE];
    uint64_t next_number;    /* the same within the transaction under way */
    uint8_t next_hash[AUDIT_HASH_SIZE];
    struct {
        uint8_t digest[AUDIT_HASH_SIZE];
        int64_t id, mailbox; /* 0: none */
    } origins[AUDIT_ORIGINS_REMEMBERED]; /* by the digest's first byte */
    char error[160];         /* of the last failure */
};

/* Opens the file where it is closed; 'create': makes it. A file that was not closed the last time gets a note of that. */
enum audit_status audit_writer_open(struct audit_writer *writer, bool create);
/* Says in the file that all is written. Nothing where it is closed. */
void audit_writer_close(struct audit_writer *writer);

/* One transaction: begin, any number of append, end. After a failure of one, end (with 'keep' false) puts all back. */
enum audit_status audit_writer_begin(struct audit_writer *writer);
enum audit_status audit_writer_append(struct audit_writer *writer, const struct audit_entry *entry);
enum audit_status audit_writer_end(struct audit_writer *writer, bool keep);

/* All entries of a list in one transaction. */
enum audit_status audit_writer_write(struct audit_writer *writer, const struct audit_entry *first);

/* audit_retention.c: takes out records older than their mailbox's limit. A few thousand in a transaction; *ret_removed counts what
 * was taken out also where it then fails. NO_FILE without a file. */
enum audit_status audit_writer_retain(struct audit_writer *writer, uint64_t now,
                                      uint32_t (*age_limit)(void *user, struct guid mailbox_user_id), void *user,
                                      uint64_t *ret_removed);
/* Notes the failure of the last call and returns its status. */
enum audit_status audit_writer_failed(struct audit_writer *writer, int result);
