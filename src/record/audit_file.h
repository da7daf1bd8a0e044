/* Inside of the audit: the SQLite file, its tables, how a record becomes a row and a link of the chain. Not for others; they
 * include audit_store.h. A connection is used by one thread at a time. */
#pragma once
#include <jansson.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "record/audit_store.h"

/* record.kind: what searches filter by, in one number that stands in the indexes. */
#define AUDIT_KIND_OPERATION 0x7Fu
#define AUDIT_KIND_NOTE 0x80u /* the store's own entry: an operation below is an enum audit_note; searches pass it over */
#define AUDIT_KIND_TYPE_SHIFT 8
#define AUDIT_KIND_RESULT_SHIFT 12
#define AUDIT_KIND_ATTACHMENTS 0x10000u

/* What the store itself writes into the chain. */
enum audit_note {
    AUDIT_NOTE_REMOVED,     /* {"Records": n}: taken out by retention */
    AUDIT_NOTE_LOST,        /* {"Records": n}: no room for so long that they could not be written */
    AUDIT_NOTE_INTERRUPTED, /* the file was not closed: what had been queued for less than the batch's delay may be missing */
};

/* A record on its way into the file: everything as it will stand there. */
struct audit_entry {
    struct audit_entry *next;
    uint64_t time;
    uint32_t kind;
    struct guid mailbox_guid, mailbox_user_id;
    size_t size;            /* of the whole block */
    const char *origin;     /* JSON: whose mailbox, who, with what; shared by many records. NULL for a note */
    const char *detail;     /* JSON: what was done */
};

/* In one block, freed with free(); NULL without memory. Texts are cut to AUDIT_TEXT_SIZE_MAX bytes, items to AUDIT_ITEMS_MAX. */
struct audit_entry *audit_entry_new(const struct audit_deed *deed, const struct audit_client *client);
struct audit_entry *audit_entry_note(enum audit_note note, uint64_t time, uint64_t record_count);
#define AUDIT_TEXT_SIZE_MAX 1024u

/* The record that a row stands for, in the arena. 'origin' is the parsed text, kept by the caller. False: it is none. */
bool audit_entry_read(struct arena *arena, uint64_t number, uint64_t time, uint32_t kind, json_t *origin, const char *detail,
                      struct audit_record *ret_record);
/* Whose mailbox it is; texts are the origin's. */
struct audit_mailbox audit_entry_read_mailbox(const json_t *origin);
/* {"Records": n} of a note; 0 where there is none. */
uint64_t audit_entry_note_count(const char *detail);

#define AUDIT_SCHEMA_VERSION 1

/* Opens the file for writing ('create': makes it) or for reading. *ret_database is NULL after a failure. */
enum audit_status audit_file_open(const char *path, bool write, bool create, sqlite3 **ret_database);
enum audit_status audit_file_status(int sqlite_result);
/* Prepared anew; NULL where that fails. */
sqlite3_stmt *audit_file_query(sqlite3 *database, const char *sql);
bool audit_file_run(sqlite3 *database, const char *sql);

/* SHA-256 with a context that is used again and again. */
struct audit_hasher;
struct audit_hasher *audit_hasher_new(void);
void audit_hasher_free(struct audit_hasher *hasher);
void audit_hash_origin(struct audit_hasher *hasher, const char *origin, uint8_t ret_digest[AUDIT_HASH_SIZE]);
/* The link of one record: over the one before it, its number, time, kind, the digest of its origin (all zero for none), detail. */
void audit_hash_record(struct audit_hasher *hasher, const uint8_t previous[AUDIT_HASH_SIZE], uint64_t number, uint64_t time,
                       uint32_t kind, const uint8_t origin[AUDIT_HASH_SIZE], struct bytes detail,
                       uint8_t ret_hash[AUDIT_HASH_SIZE]);
/* The beginning of every chain. */
extern const uint8_t audit_hash_first[AUDIT_HASH_SIZE];
