#include "record/audit_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"

enum audit_status audit_writer_failed(struct audit_writer *writer, int result)
{
    snprintf(writer->error, sizeof writer->error, "%s",
             writer->database ? sqlite3_errmsg(writer->database) : audit_status_text(audit_file_status(result)));
    enum audit_status status = audit_file_status(result);
    return status == AUDIT_OK ? AUDIT_UNAVAILABLE : status;
}

static bool run(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE || result == SQLITE_ROW;
}

/* --- opening and closing --- */

static void finalize_all(struct audit_writer *writer)
{
    sqlite3_stmt **statements[] = {&writer->begin, &writer->commit, &writer->rollback, &writer->insert, &writer->set_state,
                                   &writer->find_mailbox, &writer->add_mailbox, &writer->find_origin, &writer->add_origin};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        sqlite3_finalize(*statements[i]);
        *statements[i] = NULL;
    }
}

static bool prepare_all(struct audit_writer *writer)
{
    struct {
        sqlite3_stmt **statement;
        const char *sql;
    } rows[] = {
        {&writer->begin, "BEGIN IMMEDIATE"},
        {&writer->commit, "COMMIT"},
        {&writer->rollback, "ROLLBACK"},
        {&writer->insert, "INSERT INTO record(number, time, kind, mailbox, origin, detail, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
        {&writer->set_state, "INSERT OR REPLACE INTO state(name, number, hash) VALUES(?1, ?2, ?3)"},
        {&writer->find_mailbox, "SELECT id FROM mailbox WHERE guid = ?1"},
        {&writer->add_mailbox, "INSERT INTO mailbox(guid, user_id) VALUES(?1, ?2)"},
        {&writer->find_origin, "SELECT id, mailbox FROM origin WHERE digest = ?1"},
        {&writer->add_origin, "INSERT INTO origin(digest, mailbox, content) VALUES(?1, ?2, ?3)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (sqlite3_prepare_v3(writer->database, rows[i].sql, -1, SQLITE_PREPARE_PERSISTENT, rows[i].statement, NULL) != SQLITE_OK)
            return false;
    }
    return true;
}

/* Where the chain ends: after the newest record, or after the newest run that was taken out. */
static bool read_end(struct audit_writer *writer)
{
    static const char sql[] = "SELECT number, hash FROM (SELECT number, hash FROM record UNION ALL SELECT last, hash FROM gap)"
                              " ORDER BY number DESC LIMIT 1";
    sqlite3_stmt *statement = audit_file_query(writer->database, sql);
    int result = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    writer->last_number = 0;
    memcpy(writer->last_hash, audit_hash_first, AUDIT_HASH_SIZE);
    bool good = result == SQLITE_DONE;
    if (result == SQLITE_ROW && sqlite3_column_bytes(statement, 1) == AUDIT_HASH_SIZE) {
        writer->last_number = (uint64_t)sqlite3_column_int64(statement, 0);
        memcpy(writer->last_hash, sqlite3_column_blob(statement, 1), AUDIT_HASH_SIZE);
        good = true;
    }
    sqlite3_finalize(statement);
    return good;
}

static bool was_left_open(struct audit_writer *writer)
{
    sqlite3_stmt *statement = audit_file_query(writer->database, "SELECT number FROM state WHERE name = 'open'");
    bool open = statement && sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 0) != 0;
    sqlite3_finalize(statement);
    return open;
}

static enum audit_status note_interruption(struct audit_writer *writer)
{
    struct audit_entry *note = audit_entry_note(AUDIT_NOTE_INTERRUPTED, filetime_now(), 0);
    enum audit_status status = note ? audit_writer_write(writer, note) : AUDIT_UNAVAILABLE;
    free(note);
    return status;
}

static void drop(struct audit_writer *writer)
{
    finalize_all(writer);
    sqlite3_close(writer->database);
    writer->database = NULL;
    memset(writer->origins, 0, sizeof writer->origins);
}

enum audit_status audit_writer_open(struct audit_writer *writer, bool create)
{
    if (writer->database)
        return AUDIT_OK;
    if (!writer->hasher && !(writer->hasher = audit_hasher_new()))
        return AUDIT_UNAVAILABLE;
    enum audit_status status = audit_file_open(writer->path, true, create, &writer->database);
    if (status != AUDIT_OK) {
        snprintf(writer->error, sizeof writer->error, "%s", audit_status_text(status));
        return status;
    }
    if (!prepare_all(writer) || !read_end(writer))
        status = audit_writer_failed(writer, sqlite3_errcode(writer->database));
    if (status == AUDIT_OK && was_left_open(writer))
        status = note_interruption(writer);
    if (status == AUDIT_OK && !audit_file_run(writer->database, "INSERT OR REPLACE INTO state(name, number) VALUES('open', 1)"))
        status = audit_writer_failed(writer, sqlite3_errcode(writer->database));
    if (status != AUDIT_OK)
        drop(writer);
    return status;
}

void audit_writer_close(struct audit_writer *writer)
{
    if (!writer->database)
        return;
    /* Where that cannot be written the next start says that it was not, which is true. */
    (void)audit_file_run(writer->database, "DELETE FROM state WHERE name = 'open'");
    drop(writer);
}

/* --- writing --- */

enum audit_status audit_writer_begin(struct audit_writer *writer)
{
    if (!run(writer->begin))
        return audit_writer_failed(writer, sqlite3_errcode(writer->database));
    writer->next_number = writer->last_number;
    memcpy(writer->next_hash, writer->last_hash, AUDIT_HASH_SIZE);
    return AUDIT_OK;
}

enum audit_status audit_writer_end(struct audit_writer *writer, bool keep)
{
    enum audit_status status = AUDIT_OK;
    if (keep) {
        sqlite3_bind_text(writer->set_state, 1, "end", -1, SQLITE_STATIC);
        sqlite3_bind_int64(writer->set_state, 2, (sqlite3_int64)writer->next_number);
        sqlite3_bind_blob(writer->set_state, 3, writer->next_hash, AUDIT_HASH_SIZE, SQLITE_STATIC);
        if (!run(writer->set_state) || !run(writer->commit))
            status = audit_writer_failed(writer, sqlite3_errcode(writer->database));
    }
    if (keep && status == AUDIT_OK) {
        writer->last_number = writer->next_number;
        memcpy(writer->last_hash, writer->next_hash, AUDIT_HASH_SIZE);
        return AUDIT_OK;
    }
    if (!sqlite3_get_autocommit(writer->database))
        (void)run(writer->rollback);
    memset(writer->origins, 0, sizeof writer->origins); /* some may never have been written */
    return status;
}

/* The mailbox's row; 0 after a failure. */
static int64_t mailbox_of(struct audit_writer *writer, const struct audit_entry *entry)
{
    int64_t id = 0;
    sqlite3_bind_blob(writer->find_mailbox, 1, entry->mailbox_guid.data, sizeof entry->mailbox_guid.data, SQLITE_STATIC);
    if (sqlite3_step(writer->find_mailbox) == SQLITE_ROW)
        id = sqlite3_column_int64(writer->find_mailbox, 0);
    sqlite3_reset(writer->find_mailbox);
    if (id)
        return id;
    sqlite3_bind_blob(writer->add_mailbox, 1, entry->mailbox_guid.data, sizeof entry->mailbox_guid.data, SQLITE_STATIC);
    sqlite3_bind_blob(writer->add_mailbox, 2, entry->mailbox_user_id.data, sizeof entry->mailbox_user_id.data, SQLITE_STATIC);
    return run(writer->add_mailbox) ? sqlite3_last_insert_rowid(writer->database) : 0;
}

/* The row of what many records share; made where it is new. */
static bool origin_of(struct audit_writer *writer, const struct audit_entry *entry, const uint8_t digest[AUDIT_HASH_SIZE],
                      int64_t *ret_origin, int64_t *ret_mailbox)
{
    unsigned place = digest[0] % AUDIT_ORIGINS_REMEMBERED;
    if (writer->origins[place].id == 0 || memcmp(writer->origins[place].digest, digest, AUDIT_HASH_SIZE) != 0) {
        int64_t id = 0, mailbox = 0;
        sqlite3_bind_blob(writer->find_origin, 1, digest, AUDIT_HASH_SIZE, SQLITE_STATIC);
        if (sqlite3_step(writer->find_origin) == SQLITE_ROW) {
            id = sqlite3_column_int64(writer->find_origin, 0);
            mailbox = sqlite3_column_int64(writer->find_origin, 1);
        }
        sqlite3_reset(writer->find_origin);
        if (!id) {
            mailbox = mailbox_of(writer, entry);
            sqlite3_bind_blob(writer->add_origin, 1, digest, AUDIT_HASH_SIZE, SQLITE_STATIC);
            sqlite3_bind_int64(writer->add_origin, 2, mailbox);
            sqlite3_bind_text(writer->add_origin, 3, entry->origin, -1, SQLITE_STATIC);
            if (!mailbox || !run(writer->add_origin))
                return false;
            id = sqlite3_last_insert_rowid(writer->database);
        }
        memcpy(writer->origins[place].digest, digest, AUDIT_HASH_SIZE);
        writer->origins[place].id = id;
        writer->origins[place].mailbox = mailbox;
    }
    *ret_origin = writer->origins[place].id;
    *ret_mailbox = writer->origins[place].mailbox;
    return true;
}

enum audit_status audit_writer_append(struct audit_writer *writer, const struct audit_entry *entry)
{
    uint8_t digest[AUDIT_HASH_SIZE] = {0}, hash[AUDIT_HASH_SIZE];
    int64_t origin = 0, mailbox = 0;
    struct bytes detail = bytes_of_string(entry->detail);
    if (entry->origin) {
        audit_hash_origin(writer->hasher, entry->origin, digest);
        if (!origin_of(writer, entry, digest, &origin, &mailbox))
            return audit_writer_failed(writer, sqlite3_errcode(writer->database));
    }
    uint64_t number = writer->next_number + 1;
    audit_hash_record(writer->hasher, writer->next_hash, number, entry->time, entry->kind, digest, detail, hash);
    sqlite3_stmt *insert = writer->insert;
    sqlite3_bind_int64(insert, 1, (sqlite3_int64)number);
    sqlite3_bind_int64(insert, 2, (sqlite3_int64)entry->time);
    sqlite3_bind_int64(insert, 3, entry->kind);
    sqlite3_bind_int64(insert, 4, mailbox);
    sqlite3_bind_int64(insert, 5, origin);
    sqlite3_bind_text(insert, 6, entry->detail, (int)detail.size, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 7, hash, AUDIT_HASH_SIZE, SQLITE_STATIC);
    if (!run(insert))
        return audit_writer_failed(writer, sqlite3_errcode(writer->database));
    writer->next_number = number;
    memcpy(writer->next_hash, hash, AUDIT_HASH_SIZE);
    return AUDIT_OK;
}

enum audit_status audit_writer_write(struct audit_writer *writer, const struct audit_entry *first)
{
    enum audit_status status = audit_writer_begin(writer);
    if (status != AUDIT_OK)
        return status;
    for (const struct audit_entry *entry = first; status == AUDIT_OK && entry; entry = entry->next)
        status = audit_writer_append(writer, entry);
    enum audit_status ended = audit_writer_end(writer, status == AUDIT_OK);
    return status == AUDIT_OK ? ended : status;
}
